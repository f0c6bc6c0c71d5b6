/**
 * Work that outlives its request. A task keeps its actor and ops; a step runs a slice of them with the same planner and
 * commits their effects together with the task's own progress, so that after a crash it goes on where it stopped.
 */
import type { Actor } from './actor.ts'
import { type BatchContext, planBatch, writeBatch } from './batch.ts'
import { emptyChanges } from './effects.ts'
import type { Engine } from './engine.ts'
import { fail } from './error.ts'
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

/** How often a step may fail as a whole before the task is given up. */
const STEP_FAILURES_MAX = 5

interface TaskInput {
  readonly actor: Actor
  readonly ops: readonly Op[]
  readonly notes: readonly Json[]
  /** How often the present step has failed as a whole. */
  readonly failures?: number
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
    // A node is held only for what the actor could do with it now: else anybody could lock anything.
    const outcomes = await planBatch(context, tx, actor, input.ops, 'each')
    const allowed = input.ops.filter((_, at) => outcomes[at]?.status !== 'failed')
    await tx.apply({ ...emptyChanges(), putTasks: [{ ...task, holds: heldBy(drive, allowed) }] })
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
  try {
    while (at.state !== 'done') at = await runStep(context, at.id)
  } catch (error) {
    await noteFailure(context, task.id)
    throw error
  }
  return false
}

/** A step that failed as a whole is tried again; one that keeps failing ends the task, its ops reported as failed. */
function noteFailure({ store, clock }: BatchContext, id: TaskId): Promise<void> {
  return store.write(async (tx) => {
    const [task] = (await tx.tasks([id])) as [Task]
    const input = task.input as unknown as TaskInput | null
    if (task.state === 'done' || !input) return
    const failures = (input.failures ?? 0) + 1
    const rest = input.ops.slice(task.report.length)
    const next =
      failures < STEP_FAILURES_MAX
        ? { ...task, input: { ...input, failures } as unknown as Json }
        : advanced(
            task,
            rest.map((op, at) => outcomeOf(fail('chain_broken'), op, input.notes[task.report.length + at] ?? null)),
            input.ops.length,
            clock(),
          )
    await tx.apply({ ...emptyChanges(), putTasks: [{ ...next, holds: [] }] })
  })
}

function runStep(context: BatchContext, id: TaskId): Promise<Task> {
  const { store, clock } = context
  return store.write(async (tx) => {
    // Read again inside the transaction: progress and effects are one.
    const [task] = (await tx.tasks([id])) as [Task]
    if (task.state === 'done') return task
    const { failures: _, ...input } = task.input as unknown as TaskInput
    const { actor, ops, notes } = input
    const from = task.report.length
    const slice = ops.slice(from, from + OPS_PER_STEP)
    const results = await writeBatch(context, tx, actor, slice, 'each', id)
    const outcomes = results.map((result, index) => outcomeOf(result, slice[index]!, notes[from + index] ?? null))
    const next = advanced({ ...task, input: input as unknown as Json }, outcomes, ops.length, clock())
    // What was held at the start stays held; a task that began anew after failing holds nothing any more.
    const held = new Set((await tx.holds([task.drive])).flatMap((hold) => (hold.task === id ? [hold.node] : [])))
    const holds = next.state === 'done' ? [] : heldBy(task.drive, ops).filter((key) => held.has(key.id))
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
