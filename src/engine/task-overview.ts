/** Tasks as whoever runs the deployment sees them: of all tenants, and the sweep. */
import type { Task, TaskId } from './model.ts'
import type { Overdue, Store } from './port.ts'
import { SWEEP_TASK, sweepCursor } from './sweep-task.ts'
import type { TaskRow } from './task-port.ts'
import { isDecided } from './task-step.ts'

export { SWEEP_TASK } from './sweep-task.ts'

/** Open tasks shown at most. */
const OPEN_SHOWN_MAX = 1_000

export interface KnownTask extends Omit<Task, 'report'> {
  /** Of the sweep: how much it has removed of each kind, and when its last error was, 0 = there was none. */
  readonly removed?: Readonly<Partial<Record<Overdue, number>>>
  readonly failedAt?: number
}

/** Open tasks and, after them, so many that ended: the latest first. */
export function latestTasks(store: Store, ended: number): Promise<KnownTask[]> {
  return store.read(async (tx) => {
    const open = await tx.latestTasks({ open: true, limit: OPEN_SHOWN_MAX })
    const done = await tx.latestTasks({ open: false, limit: ended })
    return [...open, ...done].map(known)
  })
}

function known(task: TaskRow): KnownTask {
  const { input: _, cursor: __, ...shown } = task
  if (task.id !== SWEEP_TASK) return shown
  const { removed, error, failedAt } = sweepCursor(task)
  return { ...shown, error, removed, failedAt }
}

/** Asks tasks to stop, whoever they belong to. Those that have ended, or can no longer stop, are left as they are. */
export function cancelAnyTasks(
  store: Store,
  ids: readonly TaskId[],
): Promise<('cancelled' | 'too late' | 'unknown')[]> {
  return store.write(async (tx) => {
    const tasks = await tx.tasks(await tx.taskKeys(ids))
    const open = tasks.filter((task) => !isDecided(task))
    await tx.cancelTasks(open)
    const isAmong = (rows: readonly TaskRow[], id: TaskId) => rows.some((task) => task.id === id)
    return ids.map((id) => (!isAmong(tasks, id) ? 'unknown' : isAmong(open, id) ? 'cancelled' : 'too late'))
  })
}
