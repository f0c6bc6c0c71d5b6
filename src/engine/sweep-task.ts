/**
 * The sweep as a task of the deployment itself: it sleeps while nothing is due, is woken by whoever notices that something is,
 * and is then claimed and run like any other task, so that of several workers one does it. Its row tells an operator what it has
 * removed, when it ran last, and what went wrong.
 */
import { emptyChanges } from './effects.ts'
import type { DriveId, Json, TaskId, TenantId } from './model.ts'
import type { NewTask, Overdue, Store, TaskProgress, TaskRow, WriteTx } from './port.ts'
import { dueTimes, SLICES, type SweepContext } from './sweep.ts'

/** Its number. No other task has it, and it belongs to no tenant. */
export const SWEEP_TASK = 0 as TaskId

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
    const [known] = await tx.tasks([SWEEP_TASK])
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
    id: SWEEP_TASK,
    tenant: '' as TenantId,
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

/** One slice of the first kind that is left. */
export async function sweepStep(
  context: SweepContext,
  tx: WriteTx,
  task: TaskRow,
): Promise<{ progress: TaskProgress; removed: number; after: () => Promise<void> }> {
  const cursor = sweepCursor(task)
  const [kind, ...others] = cursor.left
  const swept = kind ? await SLICES[kind](context, tx) : { removed: 0, hasMore: false }
  const { removed, hasMore, after = async () => {} } = swept
  const left = hasMore ? cursor.left : others
  const next: SweepCursor = {
    ...cursor,
    left,
    removed: kind ? { ...cursor.removed, [kind]: (cursor.removed[kind] ?? 0) + removed } : cursor.removed,
  }
  const isDone = left.length === 0
  const progress: TaskProgress = {
    ...task,
    state: isDone ? 'done' : 'running',
    total: task.total + removed,
    done: task.done + removed,
    cursor: next as unknown as Json,
    finishedAt: isDone ? context.clock() : 0,
  }
  return { progress, removed, after }
}

/** What the row says after a step failed as a whole. */
export function sweepFailed(task: TaskRow, error: unknown, now: number): TaskProgress {
  const says = error instanceof Error ? error.message : String(error)
  const next: SweepCursor = { ...sweepCursor(task), error: says, failedAt: now }
  return { ...task, cursor: next as unknown as Json }
}
