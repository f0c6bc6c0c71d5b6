/** Tasks as the planner makes them: for work that was done at once but is shown as a task, and for work too large for one batch. */
import { type Haul, haulCursor } from './haul.ts'
import { mergeCursor } from './merge.ts'
import type { DriveId, Json, Node, NodeId, TaskId, TaskOutcome, TrashEntry, TrashId } from './model.ts'
import type { NodeView, Op, Result } from './op.ts'
import type { NodeKey } from './port.ts'
import { NO_REMOVAL, type RemovalCursor } from './removal.ts'
import type { TaskCursor } from './task-cursor.ts'
import type { NewTask } from './task-port.ts'
import type { View } from './view.ts'

/** The result of an op that succeeded; as a task's when the dialect wants one for this op. */
export function finished(
  view: View,
  kind: string,
  seen: NodeView | null,
  asTask: boolean,
  trash?: TrashEntry,
  about: Node | null = seen?.node ?? null,
): Result {
  const extra = trash ? { trash } : {}
  if (!asTask) return { status: 'done', view: seen, existed: false, ...extra }
  const id = view.fresh('task') as TaskId
  const { now } = view
  const outcome = succeeded(seen, about, trash)
  const done = { state: 'done', done: 1, startedAt: now, finishedAt: now } as const
  view.addTask({ ...taskRow(view, id, kind, outcome.drive), ...done, report: [outcome] })
  return { status: 'later', task: id, view: seen, ...extra }
}

/** How a task's report tells of an op that succeeded. */
export function succeeded(seen: NodeView | null, about: Node | null, trash?: TrashEntry): TaskOutcome {
  return {
    ok: true,
    code: '',
    at: 'node',
    detail: '',
    kind: about?.kind ?? null,
    drive: (seen?.drive.id ?? about?.drive)!,
    node: about?.id ?? (0 as NodeId),
    path: seen?.path ?? [],
    trash: trash?.id ?? (0 as TrashId),
    note: null,
  }
}

/** The task that removes what a batch has buried, all of it; a task that ran the ops does that itself. */
export function addRemovalTask(view: View): void {
  const [first, ...others] = view.coffins.values()
  if (!first || view.task !== 0) return
  const coffins = [first, ...others].map(({ drive, id }) => ({ drive, id }))
  const removal: RemovalCursor = { ...NO_REMOVAL, coffins, tops: view.buried.length }
  view.addTask({
    ...taskRow(view, view.removalTask(), 'purge', first.drive),
    total: view.buried.length,
    input: { actor: view.actor, ops: [], notes: [] } as unknown as Json,
    cursor: { next: 0, failures: 0, haul: null, removal } as unknown as Json,
    report: [...view.buried],
    holds: coffins,
  })
}

/**
 * The results of ops that a task of their own will do: the first is too large for a batch, and the others are what follows it in a
 * chain. An op of which a merge is only a part cannot be a task's: it stays `refused`, and the others are not begun.
 */
export function postponed(view: View, ops: readonly Op[], haul: Haul, refused: Result): Result[] {
  const [first, ...others] = ops as [Op, ...Op[]]
  const work = haul.verb === 'merge' ? workOfMerge(haul, first) : workOfHaul(haul, first)
  if (!work) return [refused]
  const id = view.fresh('task') as TaskId
  const all = [work.op, ...others]
  view.addTask({
    ...taskRow(view, id, first.kind, work.drive),
    total: all.length,
    input: { actor: view.actor, ops: all, notes: all.map(() => null), mode: 'chain' } as unknown as Json,
    cursor: { next: 0, failures: 0, haul: null, removal: null, ...work.cursor } as unknown as Json,
    holds: work.holds,
  })
  return all.map((_, at) => ({ status: 'later', task: id, view: at === 0 ? haul.seen : null }))
}

/** Where a task begins that an op was too large for. */
interface Work {
  readonly op: Op
  readonly drive: DriveId
  readonly cursor: Pick<TaskCursor, 'merge'> | Pick<TaskCursor, 'haul'>
  readonly holds: readonly NodeKey[]
}

function workOfHaul(given: Haul, op: Op): Work | null {
  if (op.kind !== 'move' && op.kind !== 'copy') return null
  const haul = haulCursor(given, op)
  return { op: haul.op, drive: haul.to, cursor: { haul }, holds: given.verb === 'carry' ? [haul.source] : [] }
}

function workOfMerge(given: Haul, op: Op): Work | null {
  const merge = mergeCursor(given, op)
  return (
    merge && { op, drive: merge.target.drive, cursor: { merge }, holds: merge.verb === 'move' ? [merge.source] : [] }
  )
}

function taskRow({ actor, now }: View, id: TaskId, kind: string, drive: Node['drive']): NewTask {
  return {
    id,
    tenant: actor.tenant,
    drive,
    kind,
    state: 'queued',
    total: 1,
    done: 0,
    failed: 0,
    error: '',
    cancelled: false,
    creator: actor.self,
    dialect: actor.dialect,
    input: null,
    cursor: null,
    report: [],
    createdAt: now,
    startedAt: 0,
    finishedAt: 0,
    holds: [],
  }
}
