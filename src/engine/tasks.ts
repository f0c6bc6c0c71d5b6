/**
 * Work that outlives its request. A task keeps its actor and ops; a step runs a slice of them with the same planner and
 * commits their effects together with the task's own progress, so that after a crash it goes on where it stopped.
 */
import type { Actor } from './actor.ts'
import { type BatchContext, writeBatch } from './batch.ts'
import { emptyChanges } from './effects.ts'
import type { Engine } from './engine.ts'
import type { DriveId, Json, Node, NodeId, Task, TaskId, TaskOutcome, TrashId } from './model.ts'
import type { Op, Result } from './op.ts'
import { refsOf } from './plan.ts'
import type { NodeKey } from './port.ts'

/** Ops a step runs in one transaction. */
export const OPS_PER_STEP = 100
/** How long a claimed step may take before another worker may claim the task, ms. */
export const TASK_LEASE_MS = 10_000
/** How long a finished task can be asked about, ms: 30 days. */
export const TASK_KEPT_MS = 30 * 24 * 3600_000

interface TaskInput {
  readonly actor: Actor
  readonly ops: readonly Op[]
  readonly notes: readonly Json[]
}

export type Tasks = Pick<Engine, 'submit' | 'tasks'> & {
  /** Runs one step of every task that waits; true while any is left. */
  step(): Promise<boolean>
}

export function createTasks(context: BatchContext): Tasks {
  const { store, clock } = context
  return {
    submit: (actor, drive, kind, ops, notes) => submit(context, actor, drive, kind, { actor, ops, notes }),

    async tasks(actor, ids) {
      const rows = await store.read((tx) => tx.tasks(ids))
      const visible = rows.filter(
        (task) => task.tenant === actor.tenant && (actor.admin || task.creator === actor.self),
      )
      const byId = new Map(visible.map((task) => [task.id, task]))
      return ids.map((id) => byId.get(id) ?? null)
    },

    async step() {
      const now = clock()
      const claimed = await store.write((tx) => tx.claimTasks({ now, until: now + TASK_LEASE_MS, limit: 10 }))
      const unfinished = await Promise.all(claimed.map((task) => runSteps(context, task)))
      return unfinished.some(Boolean)
    },
  }
}

function submit(context: BatchContext, actor: Actor, drive: DriveId, kind: string, input: TaskInput): Promise<TaskId> {
  const now = context.clock()
  return context.store.write(async (tx) => {
    const [id] = (await tx.ids('task', 1)) as [TaskId]
    const task: Task = {
      id,
      tenant: actor.tenant,
      drive,
      kind,
      state: 'queued',
      total: input.ops.length,
      done: 0,
      failed: 0,
      error: '',
      creator: actor.self,
      dialect: actor.dialect,
      input: input as unknown as Json,
      report: [],
      createdAt: now,
      startedAt: 0,
      finishedAt: 0,
    }
    await tx.apply({ ...emptyChanges(), putTasks: [{ ...task, holds: heldBy(drive, input.ops) }] })
    return id
  })
}

/** The nodes a task will change, as far as its ops name them by id: nobody else changes them meanwhile. */
function heldBy(drive: DriveId, ops: readonly Op[]): NodeKey[] {
  const ids = ops.flatMap((op) =>
    refsOf(op)
      .slice(0, 1)
      .flatMap((ref) => ('id' in ref ? [ref.id] : [])),
  )
  return [...new Set(ids)].map((id) => ({ drive, id }))
}

/** Runs a task's steps until it is done. Each step is one transaction. */
async function runSteps(context: BatchContext, task: Task): Promise<boolean> {
  let at = task
  while (at.state !== 'done') at = await runStep(context, at.id)
  return false
}

function runStep(context: BatchContext, id: TaskId): Promise<Task> {
  const { store, clock } = context
  return store.write(async (tx) => {
    // Read again inside the transaction: progress and effects are one.
    const [task] = (await tx.tasks([id])) as [Task]
    if (task.state === 'done') return task
    const { actor, ops, notes } = task.input as unknown as TaskInput
    const from = task.report.length
    const slice = ops.slice(from, from + OPS_PER_STEP)
    const results = await writeBatch(context, tx, actor, slice, 'each', id)
    const outcomes = results.map((result, index) => outcomeOf(result, slice[index]!, notes[from + index] ?? null))
    const next = advanced(task, outcomes, ops.length, clock())
    const holds = next.state === 'done' ? [] : heldBy(task.drive, ops)
    await tx.apply({ ...emptyChanges(), putTasks: [{ ...next, holds }] })
    return next
  })
}

function advanced(task: Task, outcomes: readonly TaskOutcome[], total: number, now: number): Task {
  const report = [...task.report, ...outcomes]
  const failures = report.filter(({ ok }) => !ok)
  const isDone = report.length >= total
  return {
    ...task,
    report,
    done: report.length - failures.length,
    failed: failures.length,
    error: failures[0]?.code ?? '',
    state: isDone ? 'done' : 'running',
    startedAt: task.startedAt || now,
    finishedAt: isDone ? now : 0,
    // What is done needs its instructions no more.
    input: isDone ? null : task.input,
  }
}

function outcomeOf(result: Result, op: Op, note: Json): TaskOutcome {
  const failed = result.status === 'failed'
  const seen = failed ? null : result.view
  const node: Pick<Node, 'id' | 'drive' | 'kind'> | undefined = seen?.node
  return {
    ok: !failed,
    code: failed ? result.error.code : '',
    at: failed ? result.error.at : 'node',
    detail: failed ? result.error.detail : '',
    kind: failed ? result.error.kind : (node?.kind ?? null),
    drive: node?.drive ?? ((refsOf(op)[0]?.drive ?? 0) as DriveId),
    node: node?.id ?? (0 as NodeId),
    path: seen?.path ?? [],
    trash: failed ? (0 as TrashId) : (result.trash?.id ?? (0 as TrashId)),
    note,
  }
}
