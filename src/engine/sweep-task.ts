/**
 * The sweep as a task of the deployment itself: it sleeps while nothing is due, is woken by whoever notices that something is,
 * and is then claimed and run like any other task, so that of several workers one does it. Its row tells an operator what it has
 * removed, when it ran last, and what went wrong.
 */
import { emptyChanges } from './effects.ts'
import type { DriveId, Json, TaskId, TenantId } from './model.ts'
import type { Overdue, Store } from './port.ts'
import { dueTimes, SLICES, type SweepContext, type Swept } from './sweep.ts'
import { NOTHING_LEFT, type StepEnd } from './task-cursor.ts'
import type { Lease, NewTask, TaskKey, TaskProgress, TaskRow } from './task-port.ts'

/** Its number. No other task has it, and it belongs to no tenant. */
export const SWEEP_TASK = 0 as TaskId
export const SWEEP_KEY: TaskKey = { tenant: '' as TenantId, id: SWEEP_TASK }

/** What the row keeps of it, also while it sleeps. */
export interface SweepCursor {
  /** What is still to be done of this run. */
  readonly left: readonly Overdue[]
  /** How much it has ever removed of each kind. */
  readonly removed: Readonly<Partial<Record<Overdue, number>>>
  /** The last error, '' = none yet, and when that was. */
  readonly error: string
  readonly failedAt: number
}

const FIRST: SweepCursor = { left: [], removed: {}, error: '', failedAt: 0 }

/** Wakes the sweep when something is due. Looking costs one read; nothing is written while nothing is due. */
export async function wakeSweep({ store, clock }: { store: Store; clock: () => number }): Promise<void> {
  const now = clock()
  const due = await store.read((tx) => tx.overdue(dueTimes(now)))
  if (due.length === 0) return
  await store.write(async (tx) => {
    const [known] = await tx.tasks([SWEEP_KEY])
    if (known && known.state !== 'done') return
    const unknown = known ? [] : [asleep(now)]
    const row: TaskRow = known ?? asleep(now)
    const cursor: SweepCursor = { ...sweepCursor(row), left: due }
    const woken = {
      ...row,
      state: 'running',
      cursor: cursor as unknown as Json,
      startedAt: now,
      finishedAt: 0,
    } as const
    await tx.apply({ ...emptyChanges(), putTasks: unknown, updateTasks: [woken] })
  })
}

export function sweepCursor({ cursor }: Pick<TaskRow, 'cursor'>): SweepCursor {
  return cursor as unknown as SweepCursor
}

function asleep(now: number): NewTask {
  return {
    ...SWEEP_KEY,
    drive: 0 as DriveId,
    kind: 'sweep',
    state: 'queued',
    total: 0,
    done: 0,
    failed: 0,
    error: '',
    cancelled: false,
    creator: 'app:batchdrive',
    dialect: '',
    input: null,
    cursor: FIRST as unknown as Json,
    report: [],
    createdAt: now,
    startedAt: 0,
    finishedAt: 0,
    holds: [],
  }
}

/** Runs one slice of the first kind that is left. Has no more, too, when the task is another worker's by now: then nothing is written. */
export async function runSweepStep(context: SweepContext, lease: Lease, isLast: boolean): Promise<StepEnd> {
  const { store, clock, options } = context
  const [before] = await store.read((tx) => tx.tasks([SWEEP_KEY]))
  const [kind] = before ? sweepCursor(before).left : []
  const slice = kind && (await SLICES[kind](context))
  const { after, ...end } = await store.write(async (tx): Promise<StepEnd & Pick<Swept, 'after'>> => {
    const until = clock() + (isLast ? 0 : options.taskLeaseMs)
    const [mine] = await tx.renewTasks([lease], until)
    const [task] = mine === undefined ? [] : await tx.tasks([lease])
    if (!task || task.state === 'done') return NOTHING_LEFT
    // Whoever has the lease is alone in changing what is left.
    const { removed, hasMore, after } = slice ? await slice(tx) : NOTHING_SWEPT
    const progress = sweptOn(task, kind, { removed, hasMore }, clock())
    await tx.apply({ ...emptyChanges(), updateTasks: [progress] })
    // It sleeps, and whoever wakes it next need not wait for this lease to end.
    if (progress.state === 'done') await tx.renewTasks([lease], clock())
    return { hasMore: progress.state !== 'done', moved: removed > 0, ...(after ? { after } : {}) }
  })
  await after?.()
  return end
}

const NOTHING_SWEPT: Swept = { removed: 0, hasMore: false }

/** The row once a slice of a kind is done, the first of those that were left. */
function sweptOn(task: TaskRow, kind: Overdue | undefined, { removed, hasMore }: Swept, now: number): TaskProgress {
  const cursor = sweepCursor(task)
  const left = hasMore ? cursor.left : cursor.left.slice(1)
  const count = kind ? { ...cursor.removed, [kind]: (cursor.removed[kind] ?? 0) + removed } : cursor.removed
  const isDone = left.length === 0
  return {
    ...task,
    state: isDone ? 'done' : 'running',
    total: task.total + removed,
    done: task.done + removed,
    cursor: { ...cursor, left, removed: count } as unknown as Json,
    finishedAt: isDone ? now : 0,
  }
}

/** What the row says after a step failed as a whole: the other kinds go on, and the sweep is woken again for what is due. */
export function sweepFailed(task: TaskRow, error: unknown, now: number): TaskProgress {
  const says = error instanceof Error ? error.message : String(error)
  const failed = { ...task, cursor: { ...sweepCursor(task), error: says, failedAt: now } as unknown as Json }
  return sweptOn(failed, undefined, NOTHING_SWEPT, now)
}
