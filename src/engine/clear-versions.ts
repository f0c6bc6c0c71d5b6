/** Destroying all earlier versions of drives' files: a task's work, a bounded slice of files at a time. */
import { ownsDrive, reachesDrive } from './access.ts'
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, planBatch } from './batch.ts'
import { effects, emptyChanges } from './effects.ts'
import type { Engine } from './engine.ts'
import { fail } from './error.ts'
import type { Drive, DriveId, Json, NodeId, TaskId, TaskOutcome, Version } from './model.ts'
import type { DeleteVersionsOp, Ref } from './op.ts'
import type { WriteTx } from './port.ts'
import { FIRST_CURSOR, type Step } from './task-cursor.ts'

/** The kind of such a task; `done` is how many versions it has destroyed. */
export const CLEAR_VERSIONS = 'clearVersions'
/** How many versions, current ones among them, a slice looks at. */
const LOOKED_AT = 2_000

/** What such a task does for one drive. Not an op of a batch: its cost is the drive. */
export interface ClearVersionsOp {
  readonly kind: typeof CLEAR_VERSIONS
  /** The drive's root. */
  readonly node: Extract<Ref, { path: readonly string[] }>
}

export function createClearVersions({ store, clock }: BatchContext): Pick<Engine, 'clearVersions'> {
  return {
    async clearVersions(actor, ids) {
      return store.write(async (tx) => {
        const drives = new Map((await tx.drives(ids)).map((drive) => [drive.id, drive]))
        const problem = ids.map((id) => problemOf(actor, drives.get(id))).find((one) => one !== null)
        if (problem) return problem
        const [id] = (await tx.ids('task', 1)) as [TaskId]
        const ops = ids.map((drive): ClearVersionsOp => ({ kind: CLEAR_VERSIONS, node: { drive, path: [] } }))
        const about = { id, tenant: actor.tenant, drive: ids[0] ?? (0 as DriveId), kind: CLEAR_VERSIONS }
        const task = {
          ...about,
          state: 'queued' as const,
          ...{ total: 0, done: 0, failed: 0, error: '', cancelled: false },
          ...{ creator: actor.self, dialect: actor.dialect },
          input: { actor, ops, notes: ops.map(() => null) } as unknown as Json,
          cursor: FIRST_CURSOR as unknown as Json,
          ...{ report: [], createdAt: clock(), startedAt: 0, finishedAt: 0, holds: [] },
        }
        await tx.apply({ ...emptyChanges(), putTasks: [task] })
        return id
      })
    },
  }
}

function problemOf(actor: Actor, drive: Drive | undefined) {
  if (!drive || !reachesDrive(actor, drive)) return fail('drive_not_found')
  return ownsDrive(actor, drive) && actor.allow.file & ACTIONS.purge ? null : fail('forbidden')
}

/**
 * One slice of it. What cannot be destroyed just now, because another task holds the file, stays.
 * @param after the last file that was looked through
 * @param conclude how the task tells that the op is done
 */
export async function clearStep(
  context: BatchContext,
  tx: WriteTx,
  work: { actor: Actor; task: TaskId; drive: DriveId; after: NodeId | 0; conclude: () => TaskOutcome },
): Promise<Step> {
  const { actor, task, drive, after } = work
  const page = await tx.versionPage({ drive, after, limit: LOOKED_AT })
  const ops = [...earlierOf(page)].map(([id, versions]): DeleteVersionsOp => {
    return { kind: 'deleteVersions', node: { drive, id }, trashed: 'any', versions }
  })
  const { results, view } = await planBatch(context, tx, actor, ops, { task })
  const gone = ops.reduce((sum, { versions }, at) => sum + (results[at]!.status === 'done' ? versions.length : 0), 0)
  const isLast = page.length < LOOKED_AT
  return {
    changes: effects(view),
    haul: null,
    // The page's last file may have more versions, so the next slice begins with it.
    ...(isLast ? {} : { after: (page.at(-1)!.node - 1) as NodeId }),
    outcomes: isLast ? [work.conclude()] : [],
    ...{ total: gone, done: gone, failed: 0 },
  }
}

/** Of the versions in their order those that another one follows, by file; those to be kept are left out. */
function earlierOf(page: readonly Version[]): Map<NodeId, number[]> {
  const found = new Map<NodeId, number[]>()
  for (const [at, { node, version, keep }] of page.entries()) {
    if (keep || page[at + 1]?.node !== node) continue
    found.set(node, [...(found.get(node) ?? []), version])
  }
  return found
}
