/**
 * Work that outlives its request. A task keeps its actor and ops; a step runs a slice of them with the same planner and
 * commits their effects together with the task's own progress, so that after a crash it goes on where it stopped.
 */
import type { Actor } from './actor.ts'
import { type BatchContext, planBatch } from './batch.ts'
import { emptyChanges } from './effects.ts'
import { type Engine, OPS_PER_BATCH_MAX } from './engine.ts'
import { fail } from './error.ts'
import type { DriveId, Json, NodeId, Task, TaskId, TaskOutcome } from './model.ts'
import type { Op } from './op.ts'
import { refsOf } from './plan.ts'
import type { NodeKey, ReadTx } from './port.ts'
import type { SweepContext } from './sweep.ts'
import { wakeSweep } from './sweep-task.ts'
import { FIRST_CURSOR } from './task-cursor.ts'
import type { Lease, TaskRow } from './task-port.ts'
import { giveUp, isDecided, runStep } from './task-step.ts'

/** Tasks a worker takes up at once, and the steps it does for each before others have their turn. */
const TASKS_PER_TURN = 4
const STEPS_PER_TURN = 8

export type Tasks = Pick<Engine, 'submit' | 'tasks' | 'taskReport' | 'cancelTasks'> & {
  /** Runs some steps of the tasks whose turn it is, the sweep's too; true while any of them is not done, or more may wait. */
  turn(): Promise<boolean>
}

export function createTasks(context: SweepContext): Tasks {
  const { store } = context
  return {
    submit: (...given) => submit(context, ...given),

    tasks: (actor, ids) => store.read((tx) => visibleTasks(tx, actor, ids)),

    async taskReport(actor, id, { after, limit, failedOnly }) {
      return store.read(async (tx) => {
        const [row] = await visibleRows(tx, actor, [id])
        if (!row) return fail('task_not_found')
        const items = await tx.outcomes({ tenant: actor.tenant, tasks: [id], after: after ?? -1, failedOnly, limit })
        return { items, next: items.length === limit ? items.at(-1)!.number : null }
      })
    },

    async cancelTasks(actor, ids) {
      return store.write(async (tx) => {
        const visible = await visibleRows(tx, actor, ids)
        // What is destroyed stays destroyed: removing it is not for anybody to stop.
        await tx.cancelTasks(visible.filter((task) => !isDecided(task)))
        const tasks = await visibleTasks(tx, actor, ids)
        return tasks.map((task) => task ?? fail('task_not_found'))
      })
    },

    turn: () => turn(context),
  }
}

async function visibleRows(tx: ReadTx, { tenant, admin, self }: Actor, ids: readonly TaskId[]): Promise<TaskRow[]> {
  const rows = await tx.tasks(ids.map((id) => ({ tenant, id })))
  return rows.filter(({ creator }) => admin || creator === self)
}

async function visibleTasks(tx: ReadTx, actor: Actor, ids: readonly TaskId[]): Promise<(Task | null)[]> {
  const rows = await visibleRows(tx, actor, ids)
  const done = rows.flatMap(({ id, state }) => (state === 'done' ? [id] : []))
  const outcomes = await tx.outcomes({
    tenant: actor.tenant,
    tasks: done,
    after: -1,
    // Of one's many failed parts nothing is told here: they would leave no room for what became of another's ops.
    before: OPS_PER_BATCH_MAX,
    failedOnly: false,
    limit: done.length * OPS_PER_BATCH_MAX,
  })
  const reports = new Map(rows.map(({ id }) => [id, [] as TaskOutcome[]]))
  for (const { task, outcome } of outcomes) reports.get(task)!.push(outcome)
  const byId = new Map(
    rows.map(({ input: _, cursor: __, ...task }) => [task.id, { ...task, report: reports.get(task.id)! }]),
  )
  return ids.map((id) => byId.get(id) ?? null)
}

function submit(
  context: BatchContext,
  ...[actor, drive, kind, ops, notes, mode = 'each']: Parameters<Engine['submit']>
): Promise<TaskId> {
  return context.store.write(async (tx) => {
    const [id] = (await tx.ids('task', 1)) as [TaskId]
    // A node is held only for what the actor could do with it now: else anybody could lock anything.
    const { results } = await planBatch(context, tx, actor, ops, { mode })
    const task = {
      id,
      tenant: actor.tenant,
      drive,
      kind,
      state: 'queued' as const,
      total: ops.length,
      done: 0,
      failed: 0,
      error: '',
      cancelled: false,
      creator: actor.self,
      dialect: actor.dialect,
      input: { actor, ops, notes, mode } as unknown as Json,
      cursor: FIRST_CURSOR as unknown as Json,
      report: [],
      createdAt: context.clock(),
      startedAt: 0,
      finishedAt: 0,
      holds: heldBy(
        drive,
        ops.filter((_, at) => results[at]?.status !== 'failed'),
      ),
    }
    await tx.apply({ ...emptyChanges(), putTasks: [task] })
    return id
  })
}

/** What changes the node it names; a copy does not, and a folder takes in many things at once. */
const HOLDING: ReadonlySet<Op['kind']> = new Set(['rename', 'move', 'update', 'trash', 'restore', 'purge', 'grant'])

/** The nodes a task will change, as far as its ops name them by id: nobody else changes them meanwhile. */
function heldBy(drive: DriveId, ops: readonly Op[]): NodeKey[] {
  const ids = new Set<NodeId>()
  for (const op of ops) {
    const [ref] = HOLDING.has(op.kind) ? refsOf(op) : []
    if (ref && 'id' in ref) ids.add(ref.id)
  }
  return [...ids].map((id) => ({ drive, id }))
}

async function turn(context: SweepContext): Promise<boolean> {
  const { store, clock, options } = context
  await wakeSweep(context)
  const now = clock()
  const claimed = await store.write((tx) =>
    tx.claimTasks({
      now,
      until: now + options.taskLeaseMs,
      limit: TASKS_PER_TURN,
      perTenantMax: options.tasksPerTenantMax,
    }),
  )
  const ends = await Promise.allSettled(claimed.map((lease) => runSteps(context, lease)))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) throw failure.reason
  // Behind those that are done by now others may wait.
  return ends.some((end) => end.status === 'fulfilled' && end.value)
}

/** Runs some steps of a task, each one transaction, and gives the lease back with the last; true when any of them did something. */
async function runSteps(context: SweepContext, lease: Lease, left = STEPS_PER_TURN): Promise<boolean> {
  const { hasMore, moved } = await runStep(context, lease, left === 1).catch(async (error: unknown) => {
    await giveUp(context, lease, error)
    throw error
  })
  const movedOn = hasMore && left > 1 && (await runSteps(context, lease, left - 1))
  return moved || movedOn
}
