/** What a task's row keeps of its instructions and of how far they are carried out, and what a step adds to that. */
import type { Actor } from './actor.ts'
import type { HaulCursor } from './haul.ts'
import type { MergeCursor } from './merge.ts'
import type { DriveId, Json, Node, NodeId, TaskOutcome, TrashId } from './model.ts'
import type { Mode, Op, Result } from './op.ts'
import { refsOf } from './plan.ts'
import type { Changes } from './port.ts'
import type { RemovalCursor } from './removal.ts'
import type { TaskRow } from './task-port.ts'

/** What a task is to do. */
export interface TaskInput {
  readonly actor: Actor
  readonly ops: readonly Op[]
  readonly notes: readonly Json[]
  /** Absent = `each`. */
  readonly mode?: Exclude<Mode, 'all'>
}

/** How far it is. */
export interface TaskCursor {
  /** The first op that is not done. */
  readonly next: number
  /** How often the present step has failed as a whole. */
  readonly failures: number
  /** How far the op `next` is, when it is done slice by slice. */
  readonly haul: HaulCursor | null
  /** The same, when it merges a folder; absent = it does not. */
  readonly merge?: MergeCursor | null
  /** What the ops so far destroyed and is still to be removed, after all of them. */
  readonly removal: RemovalCursor | null
  /** The last file that the op `next` has looked through, when it goes through a whole drive. */
  readonly after?: NodeId
}

export const FIRST_CURSOR: TaskCursor = { next: 0, failures: 0, haul: null, removal: null }

/** What a step did: changes to write with it, how far it came, and what became of ops. */
export interface Step {
  readonly changes: Changes
  readonly haul: HaulCursor | null
  /** Absent = as it was. */
  readonly removal?: RemovalCursor | null
  readonly after?: NodeId
  readonly merge?: MergeCursor | null
  /** What became of parts of the op at work that failed, while it goes on. */
  readonly parts?: readonly TaskOutcome[]
  /** Of the ops from the present one on. */
  readonly outcomes: readonly TaskOutcome[]
  /** Added to the task's counts. */
  readonly total: number
  readonly done: number
  readonly failed: number
}

/** How a step ended. */
export interface StepEnd {
  readonly hasMore: boolean
  /** Whether it did anything: the sweep may find that what is due must stay for now. */
  readonly moved: boolean
}

export const NOTHING_LEFT: StepEnd = { hasMore: false, moved: true }

export function inputOf(task: TaskRow): TaskInput {
  return task.input as unknown as TaskInput
}

export function cursorOf(task: TaskRow): TaskCursor {
  return task.cursor as unknown as TaskCursor
}

/** How a report tells what became of an op. */
export function outcomeOf(result: Result, op: Op, note: Json): TaskOutcome {
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
