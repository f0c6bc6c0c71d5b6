/** One step of a task, in one transaction: the lease, what the step does, and how far the task is then. */
import { type BatchContext, planBatch } from './batch.ts'
import { CLEAR_VERSIONS, type ClearVersionsOp, clearStep } from './clear-versions.ts'
import { effects, emptyChanges } from './effects.ts'
import { fail } from './error.ts'
import { type HaulCursor, haulCursor } from './haul.ts'
import { abandon, haulStep } from './haul-step.ts'
import type { HaulWork } from './haul-work.ts'
import { type MergeCursor, mergeCursor, PARTS_FROM } from './merge.ts'
import { giveUpMerge, type MergeWork, mergeStep } from './merge-step.ts'
import type { Json, TaskOutcome } from './model.ts'
import type { Result } from './op.ts'
import type { Changes, NodeKey, WriteTx } from './port.ts'
import { NO_REMOVAL, type RemovalCursor, removalStep } from './removal.ts'
import type { SweepContext } from './sweep.ts'
import { runSweepStep, SWEEP_TASK, sweepFailed } from './sweep-task.ts'
import { cursorOf, inputOf, NOTHING_LEFT, outcomeOf, type Step, type StepEnd, type TaskCursor } from './task-cursor.ts'
import type { Lease, TaskRow } from './task-port.ts'

/** Ops a step runs in one transaction. */
export const OPS_PER_STEP = 100
/** How often one step may fail as a whole before the task is given up. */
const STEP_FAILURES_MAX = 5
/** The longest pause after which a step that failed is tried again, ms; the first is as long as a lease, each the double of the last. */
const REST_MS_MAX = 60_000

/** Has no more, too, when the task is another worker's by now: then nothing is written. */
export async function runStep(context: SweepContext, lease: Lease, isLast: boolean): Promise<StepEnd> {
  const { store, clock, options } = context
  if (lease.id === SWEEP_TASK) return runSweepStep(context, lease, isLast)
  return store.write(async (tx): Promise<StepEnd> => {
    const until = clock() + (isLast ? 0 : options.taskLeaseMs)
    const [mine] = await tx.renewTasks([lease], until)
    const [task] = mine === undefined ? [] : await tx.tasks([lease])
    if (!task || task.state === 'done') return NOTHING_LEFT
    const step = await nextStep(context, tx, task)
    const next = advanced(task, step, clock())
    await tx.apply({ ...step.changes, ...next })
    return { hasMore: next.updateTasks[0]!.state !== 'done', moved: true }
  })
}

/**
 * A step that failed as a whole is tried again after a pause, each longer than the last, in which its tenant's next task has its
 * turn; when it keeps failing, the op it is a slice of has failed, or, where it ran ops, all that are left. What is made already
 * must still be cleared away: that is tried for as long as it takes.
 */
export function giveUp(context: BatchContext, lease: Lease, error: unknown): Promise<void> {
  const { store, clock, options } = context
  return store.write(async (tx) => {
    // Given back: the next turn may try again, or begin to clear away.
    const [mine] = await tx.renewTasks([lease], clock())
    const [task] = mine === undefined ? [] : await tx.tasks([lease])
    if (!task || task.state === 'done') return
    if (task.id === SWEEP_TASK) {
      return tx.apply({ ...emptyChanges(), updateTasks: [sweepFailed(task, error, clock())] })
    }
    const cursor = cursorOf(task)
    const failures = cursor.failures + 1
    const isDoneWith = isDecided(task) || cursor.haul?.outcome || cursor.merge?.part?.outcome
    if (failures < STEP_FAILURES_MAX || isDoneWith) {
      const again = { ...task, cursor: { ...cursor, failures } as unknown as Json }
      await tx.restTasks([task], clock() + Math.min(REST_MS_MAX, options.taskLeaseMs * 2 ** (failures - 1)))
      return tx.apply({ ...emptyChanges(), updateTasks: [again] })
    }
    const step = givenUp(context, tx, task)
    await tx.apply({ ...step.changes, ...advanced(task, step, clock()) })
  })
}

function givenUp(context: BatchContext, tx: WriteTx, task: TaskRow): Step {
  const { haul, merge } = cursorOf(task)
  if (haul) return abandon(haulWork(context, tx, task, haul), fail('chain_broken'))
  return merge ? giveUpMerge(mergeWork(context, tx, task, merge)) : refusal(task, 'chain_broken')
}

/** Whether it is known what became of all ops: what is left to do changes nothing about that. */
export function isDecided(task: TaskRow): boolean {
  if (task.state === 'done' || task.id === SWEEP_TASK) return true
  const { haul, next } = cursorOf(task)
  return next + (haul?.outcome ? 1 : 0) >= inputOf(task).ops.length
}

async function nextStep(context: BatchContext, tx: WriteTx, task: TaskRow): Promise<Step> {
  const { ops } = inputOf(task)
  const { haul, merge, next, removal } = cursorOf(task)
  if (haul) return haulStep(haulWork(context, tx, task, haul))
  if (merge) return mergeStep(mergeWork(context, tx, task, merge))
  if (removal && next >= ops.length) return removalStep(tx, task, removal, context.clock())
  if (task.cancelled) return refusal(task, 'cancelled')
  const isClearing = task.kind === CLEAR_VERSIONS && next < ops.length
  return isClearing ? clearing(context, tx, task) : opsStep(context, tx, task)
}

function clearing(context: BatchContext, tx: WriteTx, task: TaskRow): Promise<Step> {
  const { actor, ops } = inputOf(task)
  const { next, after = 0 } = cursorOf(task)
  const { node } = ops[next] as unknown as ClearVersionsOp
  const done: Result = { status: 'done', view: null, existed: false }
  const conclude = () => outcomeOf(done, ops[next]!, null)
  return clearStep(context, tx, { actor, task: task.id, drive: node.drive, after, conclude })
}

function haulWork(context: BatchContext, tx: WriteTx, task: TaskRow, haul: HaulCursor): HaulWork {
  return { context, tx, task, actor: inputOf(task).actor, haul, conclude: concluding(task) }
}

function mergeWork(context: BatchContext, tx: WriteTx, task: TaskRow, merge: MergeCursor): MergeWork {
  return { context, tx, task, actor: inputOf(task).actor, merge, conclude: concluding(task) }
}

/** How it is written down what became of the op at work. */
function concluding(task: TaskRow): HaulWork['conclude'] {
  const { ops, notes } = inputOf(task)
  const { next } = cursorOf(task)
  return (result) => outcomeOf(result, ops[next]!, notes[next] ?? null)
}

/** Every op that is left fails. */
function refusal(task: TaskRow, code: 'cancelled' | 'chain_broken'): Step {
  const { removal } = cursorOf(task)
  return {
    changes: emptyChanges(),
    haul: null,
    outcomes: refusedFrom(task, cursorOf(task).next, code),
    total: 0,
    done: 0,
    failed: task.total - task.done - task.failed - (removal?.tops ?? 0),
  }
}

function refusedFrom(task: TaskRow, first: number, code: 'cancelled' | 'chain_broken'): TaskOutcome[] {
  const { ops, notes } = inputOf(task)
  return ops.slice(first).map((op, at) => outcomeOf(fail(code), op, notes[first + at] ?? null))
}

/** In a chain, what follows an op that failed fails too. */
function chained(task: TaskRow, step: Step): Step {
  if (inputOf(task).mode !== 'chain' || step.outcomes.every(({ ok }) => ok)) return step
  const left = cursorOf(task).next + step.outcomes.length
  const broken = refusedFrom(task, left, task.cancelled ? 'cancelled' : 'chain_broken')
  return { ...step, outcomes: [...step.outcomes, ...broken], failed: step.failed + broken.length }
}

/** Runs the next ops, up to one whose tree is too large for that. */
async function opsStep(context: BatchContext, tx: WriteTx, task: TaskRow): Promise<Step> {
  const { options } = context
  const { actor, ops, notes, mode = 'each' } = inputOf(task)
  const { next } = cursorOf(task)
  let slice = ops.slice(next, next + OPS_PER_STEP)
  const bite = Math.min(options.sliceNodesMax, options.subtreeNodesMax)
  const plan = () => planBatch(context, tx, actor, slice, { mode, task: task.id, stops: true, subtreeNodesMax: bite })
  let planned = await plan()
  // Trees that are too large together may each be small.
  for (; planned.results.length === 0 && planned.view.haul && slice.length > 1; planned = await plan()) {
    slice = slice.slice(0, Math.ceil(slice.length / 2))
  }
  // A merge is done at once while it is no larger than a batch's.
  if (planned.results.length === 0 && planned.view.haul?.verb === 'merge') {
    planned = await planBatch(context, tx, actor, slice.slice(0, 1), { task: task.id, stops: true })
  }
  const { results, view } = planned
  const outcomes = results.map((result, at) => outcomeOf(result, slice[at]!, notes[next + at] ?? null))
  const op = slice[results.length]
  const isCarrier = op?.kind === 'move' || op?.kind === 'copy'
  const failed = outcomes.filter(({ ok }) => !ok).length
  const changes = effects(view)
  const coffins = [...view.coffins.values()].map(({ drive, id }) => ({ drive, id }))
  changes.putHolds.push(...coffins.map((key) => ({ ...key, task: task.id })))
  return {
    changes,
    removal: withMore(cursorOf(task).removal, coffins, view.buried.length),
    haul: view.haul && view.haul.verb !== 'merge' && isCarrier ? haulCursor(view.haul, op) : null,
    merge: view.haul?.verb === 'merge' ? mergeCursor(view.haul, op!) : null,
    outcomes,
    total: 0,
    // What was buried is done when it is gone.
    done: outcomes.length - failed - view.buried.length,
    failed,
  }
}

function withMore(removal: RemovalCursor | null, coffins: readonly NodeKey[], tops: number): RemovalCursor | null {
  if (coffins.length === 0) return removal
  const before = removal ?? NO_REMOVAL
  return { ...before, coffins: [...before.coffins, ...coffins], tops: before.tops + tops }
}

function advanced(task: TaskRow, given: Step, now: number): Pick<Changes, 'updateTasks' | 'insertOutcomes'> {
  const step = chained(task, given)
  const { next, removal: before } = cursorOf(task)
  const at = next + step.outcomes.length
  const removal = step.removal === undefined ? before : step.removal
  const isDone = at >= inputOf(task).ops.length && removal === null
  const { haul, after, merge = null, parts = [] } = step
  const cursor: TaskCursor = { next: at, failures: 0, haul, merge, removal, ...(after === undefined ? {} : { after }) }
  const progress: TaskRow = {
    ...task,
    state: isDone ? 'done' : 'running',
    total: task.total + step.total,
    done: task.done + step.done,
    failed: task.failed + step.failed,
    error: task.error || ([...parts, ...step.outcomes].find(({ ok }) => !ok)?.code ?? ''),
    cursor: isDone ? null : (cursor as unknown as Json),
    startedAt: task.startedAt || now,
    finishedAt: isDone ? now : 0,
  }
  const { tenant, id } = task
  const numbered = step.outcomes.map((outcome, i) => ({ tenant, task: id, number: next + i, outcome }))
  // Every part that failed counts among the failed, so that no number comes twice.
  const numberedParts = parts.map((outcome, i) => ({ tenant, task: id, number: PARTS_FROM + task.failed + i, outcome }))
  return { updateTasks: [progress], insertOutcomes: [...numbered, ...numberedParts] }
}
