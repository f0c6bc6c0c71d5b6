/** Tasks as the planner makes them: for work that was done at once but is shown as a task, and for work too large for one batch. */
import { type Haul, haulCursor } from './haul.ts'
import { mergeCursor } from './merge.ts'
import type { Json, Node, NodeId, TaskId, TaskOutcome, TrashEntry, TrashId } from './model.ts'
import type { NodeView, Op, Result } from './op.ts'
import { NO_REMOVAL, type RemovalCursor } from './removal.ts'
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

/** The result of an op that a task of its own will do. An op of which a merge is only a part cannot be one: it stays `refused`. */
export function postponed(view: View, op: Op, haul: Haul, refused: Result): Result {
  if (haul.verb === 'merge') return postponedMerge(view, op, haul, refused)
  if (op.kind !== 'move' && op.kind !== 'copy') return refused
  const id = view.fresh('task') as TaskId
  const cursor = haulCursor(haul, op)
  view.addTask({
    ...taskRow(view, id, op.kind, cursor.to),
    input: { actor: view.actor, ops: [cursor.op], notes: [null] } as unknown as Json,
    cursor: { next: 0, failures: 0, haul: cursor, removal: null } as unknown as Json,
    holds: haul.verb === 'carry' ? [cursor.source] : [],
  })
  return { status: 'later', task: id, view: haul.seen }
}

function postponedMerge(view: View, op: Op, haul: Haul, refused: Result): Result {
  const merge = mergeCursor(haul, op)
  if (!merge) return refused
  const id = view.fresh('task') as TaskId
  view.addTask({
    ...taskRow(view, id, op.kind, merge.target.drive),
    input: { actor: view.actor, ops: [op], notes: [null] } as unknown as Json,
    cursor: { next: 0, failures: 0, haul: null, merge, removal: null } as unknown as Json,
    holds: merge.verb === 'move' ? [merge.source] : [],
  })
  return { status: 'later', task: id, view: haul.seen }
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
