/** Tasks as the planner makes them: rows for work that was done inline but is shown as a task. */
import type { Node, NodeId, TaskId, TaskOutcome, TrashEntry, TrashId } from './model.ts'
import type { NodeView, Result } from './op.ts'
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
  const { actor, now } = view
  const drive = (seen?.drive.id ?? about?.drive)!
  const outcome: TaskOutcome = {
    ok: true,
    code: '',
    at: 'node',
    detail: '',
    kind: about?.kind ?? null,
    drive,
    node: about?.id ?? (0 as NodeId),
    path: seen?.path ?? [],
    trash: trash?.id ?? (0 as TrashId),
    note: null,
  }
  view.addTask({
    id,
    tenant: actor.tenant,
    drive,
    kind,
    state: 'done',
    total: 1,
    done: 1,
    failed: 0,
    error: '',
    creator: actor.self,
    dialect: actor.dialect,
    input: null,
    report: [outcome],
    createdAt: now,
    startedAt: now,
    finishedAt: now,
    holds: [],
  })
  return { status: 'later', task: id, view: seen, ...extra }
}
