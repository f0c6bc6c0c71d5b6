/** Destroying what has lain in a trash for as long as its drive keeps it. */
import { ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, writeBatch } from './batch.ts'
import type { TenantId } from './model.ts'

/** Entries destroyed in one transaction. */
export const EXPIRED_PER_SLICE = 200

/** The deployment itself, at work in a tenant. */
export function keeper(tenant: TenantId): Actor {
  return {
    tenant,
    self: 'app:batchdrive',
    subjects: [],
    admin: true,
    app: '',
    drives: null,
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'native',
  }
}

/** Destroys a slice of the expired entries of one tenant, as any purge does; true while more may wait. */
export function expireTrash(context: BatchContext): Promise<boolean> {
  return context.store.write(async (tx) => {
    const entries = await tx.expiredTrash(context.clock(), EXPIRED_PER_SLICE)
    if (entries.length === 0) return false
    const drives = await tx.drives([...new Set(entries.map(({ drive }) => drive))])
    const { tenant } = drives.find(({ id }) => id === entries[0]!.drive)!
    const own = new Set(drives.flatMap((drive) => (drive.tenant === tenant ? [drive.id] : [])))
    const due = entries.filter(({ drive }) => own.has(drive))
    const ops = due.map(({ drive, id }) => ({ kind: 'purge', node: { drive, trash: id }, trashed: 'only' }) as const)
    const results = await writeBatch(context, tx, keeper(tenant), ops, 'each')
    // What a task holds just now is left for a later round; only then is there nothing to go on with.
    const isMoving = results.some(({ status }) => status === 'done')
    return isMoving && (due.length < entries.length || entries.length === EXPIRED_PER_SLICE)
  })
}
