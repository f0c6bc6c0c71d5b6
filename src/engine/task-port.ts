/** The port for tasks: what of them a store keeps. */
import type { Json, NodeId, Task, TaskId, TaskOutcome, TenantId } from './model.ts'
import type { NodeKey, Place } from './port.ts'

/** What a task is known by. Its number alone tells it from all others, but rows of tasks lie with their tenant. */
export interface TaskKey {
  readonly tenant: TenantId
  readonly id: TaskId
}

/** A task as a row: its outcomes and its queue are rows of their own. */
export interface TaskRow extends Omit<Task, 'report'> {
  /** What it is to do; null once it is done. */
  readonly input: Json
  /** How far it is; the store does not look into it. */
  readonly cursor: Json
}

export type NewTask = TaskRow & { readonly holds: readonly NodeKey[]; readonly report: readonly TaskOutcome[] }

/** What a step changes of a task. One that is done lets go of what it holds, its queue and its input. */
export type TaskProgress = Pick<
  TaskRow,
  'tenant' | 'id' | 'state' | 'total' | 'done' | 'failed' | 'error' | 'cursor' | 'startedAt' | 'finishedAt'
>

export interface NumberedOutcome {
  readonly tenant: TenantId
  readonly task: TaskId
  /** The op's place among the task's ops, from 0. */
  readonly number: number
  readonly outcome: TaskOutcome
}

/** A folder that a task has still to work through. */
export interface QueuedFolder extends Place {
  readonly task: TaskId
  /** Folders are worked through in this order. */
  readonly position: number
  /** What was made of it; 0 while nothing is. */
  readonly made: NodeId
  /** How far it lies below the top of its tree; 0 for the top. */
  readonly level: number
}

/** A worker's right to go on with a task. The number grows with every claim, so that of two workers one is refused. */
export interface Lease extends TaskKey {
  readonly lease: number
}
