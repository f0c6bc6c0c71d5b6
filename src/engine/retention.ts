/** Destroying what has lain in a trash, or been an earlier version, for as long as its drive keeps it. */
import { ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, writeBatch } from './batch.ts'
import type { DriveId, Subject, TenantId } from './model.ts'
import type { DeleteVersionsOp, Op } from './op.ts'
import type { WriteTx } from './port.ts'
import type { Swept } from './sweep.ts'

/** Entries destroyed in one transaction. */
export const EXPIRED_PER_SLICE = 200

/** As whom the deployment does what nobody asked for. */
export const KEEPER: Subject = 'app:batchdrive'

/** The deployment itself, at work in a tenant. */
export function keeper(tenant: TenantId): Actor {
  return {
    tenant,
    self: KEEPER,
    subjects: [],
    admin: true,
    app: '',
    drives: null,
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'native',
  }
}

/** Destroys a slice of the expired entries of one tenant, as any purge does. */
export async function expireTrash(context: BatchContext, tx: WriteTx): Promise<Swept> {
  const entries = await tx.expiredTrash(context.clock(), EXPIRED_PER_SLICE)
  return destroyDue(context, tx, entries, (due) =>
    due.map(({ drive, id }) => ({ kind: 'purge', node: { drive, trash: id }, trashed: 'only' }) as const),
  )
}

/** Destroys a slice of the expired versions of one tenant's files, in the trash too. */
export async function expireVersions(context: BatchContext, tx: WriteTx): Promise<Swept> {
  const expired = await tx.expiredVersions(context.clock(), EXPIRED_PER_SLICE)
  return destroyDue(context, tx, expired, (due) => {
    const ops = new Map<string, DeleteVersionsOp>()
    for (const { drive, node: id, version } of due) {
      const { versions = [] } = ops.get(`${drive} ${id}`) ?? {}
      const op = {
        kind: 'deleteVersions',
        node: { drive, id },
        trashed: 'any',
        versions: [...versions, version],
      } as const
      ops.set(`${drive} ${id}`, op)
    }
    return [...ops.values()]
  })
}

/** Destroys what is due of the first one's tenant; the others' turn comes next. */
async function destroyDue<Row extends { readonly drive: DriveId }>(
  context: BatchContext,
  tx: WriteTx,
  rows: readonly Row[],
  opsFor: (due: readonly Row[]) => readonly Op[],
): Promise<Swept> {
  if (rows.length === 0) return { removed: 0, hasMore: false }
  const drives = await tx.drives([...new Set(rows.map(({ drive }) => drive))])
  const { tenant } = drives.find(({ id }) => id === rows[0]!.drive)!
  const own = new Set(drives.flatMap((drive) => (drive.tenant === tenant ? [drive.id] : [])))
  const due = rows.filter(({ drive }) => own.has(drive))
  const results = await writeBatch(context, tx, keeper(tenant), opsFor(due), 'each')
  // What a task holds just now is left for a later round; only then is there nothing to go on with.
  const removed = results.filter(({ status }) => status === 'done').length
  return { removed, hasMore: removed > 0 && (due.length < rows.length || rows.length === EXPIRED_PER_SLICE) }
}
