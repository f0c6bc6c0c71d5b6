/** Tasks, their outcomes and their queues as rows. */
import type {
  DriveId,
  NodeId,
  NumberedOutcome,
  QueuedFolder,
  TaskRow as Row,
  Subject,
  Task,
  TaskId,
  TaskProgress,
  TenantId,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'

export const TASK_COLUMNS = `tenant_id, id, drive_id, kind, state, total, done, failed, error, creator, dialect, input, cursor,
  cancelled, created_at, started_at, finished_at`
export const TASK_COLUMN_COUNT = 17

export type TaskRow = [
  tenant: TenantId,
  id: TaskId,
  drive: DriveId,
  kind: string,
  state: Task['state'],
  total: number,
  done: number,
  failed: number,
  error: string,
  creator: Subject,
  dialect: string,
  input: string,
  cursor: string,
  cancelled: number,
  createdAt: number,
  startedAt: number,
  finishedAt: number,
]

export function toTask(row: TaskRow): Row {
  const [tenant, id, drive, kind, state, total, done, failed, error, creator, dialect] = row
  return {
    tenant,
    id,
    drive,
    kind,
    state,
    total,
    done,
    failed,
    error,
    creator,
    dialect,
    input: fromJson(row[11]),
    cursor: fromJson(row[12]),
    cancelled: row[13] === 1,
    createdAt: row[14],
    startedAt: row[15],
    finishedAt: row[16],
  }
}

export function fromTask(task: Row): unknown[] {
  return [
    task.tenant,
    task.id,
    task.drive,
    task.kind,
    task.state,
    task.total,
    task.done,
    task.failed,
    task.error,
    task.creator,
    task.dialect,
    JSON.stringify(task.input),
    JSON.stringify(task.cursor),
    task.cancelled ? 1 : 0,
    task.createdAt,
    task.startedAt,
    task.finishedAt,
  ]
}

/** tenant_id, id, state, total, done, failed, error, cursor, started_at, finished_at. */
export function fromProgress(task: TaskProgress): unknown[] {
  const { tenant, id, state, total, done, failed, error, cursor, startedAt, finishedAt } = task
  return [tenant, id, state, total, done, failed, error, JSON.stringify(cursor), startedAt, finishedAt]
}

export const OUTCOME_COLUMNS = 'tenant_id, task_id, number, ok, outcome'
export const OUTCOME_COLUMN_COUNT = 5

export type OutcomeRow = [tenant: TenantId, task: TaskId, number: number, ok: number, outcome: string]

export function toOutcome([tenant, task, number, , outcome]: OutcomeRow): NumberedOutcome {
  return { tenant, task, number, outcome: fromJson<NumberedOutcome['outcome']>(outcome) }
}

export function fromOutcome({ tenant, task, number, outcome }: NumberedOutcome): OutcomeRow {
  return [tenant, task, number, outcome.ok ? 1 : 0, JSON.stringify(outcome)]
}

export const QUEUE_COLUMNS = 'task_id, position, drive_id, node_id, made_id, level, after_key, after_twin'
export const QUEUE_COLUMN_COUNT = 8

export type QueueRow = [
  task: TaskId,
  position: number,
  drive: DriveId,
  node: NodeId,
  made: NodeId,
  level: number,
  afterKey: string | null,
  afterTwin: number | null,
]

export function toQueued([task, position, drive, id, made, level, key, twin]: QueueRow): QueuedFolder {
  return { task, position, drive, id, made, level, after: key === null ? null : { key, twin: twin! } }
}

export function fromQueued({ task, position, drive, id, made, level, after }: QueuedFolder): QueueRow {
  return [task, position, drive, id, made, level, after?.key ?? null, after?.twin ?? null]
}
