/** Tasks as rows. */
import type { DriveId, Subject, Task, TaskId, TenantId } from '../../engine/index.ts'
import { fromJson } from './json.ts'

export const TASK_COLUMNS = `id, tenant_id, drive_id, kind, state, total, done, failed, error, creator, dialect, input, report,
  created_at, started_at, finished_at`

export type TaskRow = [
  id: TaskId,
  tenant: TenantId,
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
  report: string,
  createdAt: number,
  startedAt: number,
  finishedAt: number,
]

export function toTask(row: TaskRow): Task {
  const [id, tenant, drive, kind, state, total, done, failed, error, creator, dialect] = row
  return {
    id,
    tenant,
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
    report: fromJson<Task['report']>(row[12]),
    createdAt: row[13],
    startedAt: row[14],
    finishedAt: row[15],
  }
}

export function fromTask(task: Task): unknown[] {
  return [
    task.id,
    task.tenant,
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
    JSON.stringify(task.report),
    task.createdAt,
    task.startedAt,
    task.finishedAt,
  ]
}
