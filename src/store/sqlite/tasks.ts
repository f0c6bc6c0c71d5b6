/** Tasks, the nodes they hold, and what time takes away. */
import type { DriveId, NodeId, NodeKey, ReadTx, Task, TaskId, WriteTx } from '../../engine/index.ts'
import { fromTask, TASK_COLUMNS, type TaskRow, toTask } from '../row/task.ts'
import type { Connection } from './connection.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

export const TASKS = `select ${TASK_COLUMNS} from task where id in (select value from json_each(?))`

/** A put keeps the lease: whoever works on a task writes its progress many times. */
const PUT_TASKS = `
insert into task (${TASK_COLUMNS}, leased_until) select ${members(16)}, 0 from json_each(?) where true
on conflict (id) do update set
  tenant_id = excluded.tenant_id, drive_id = excluded.drive_id, kind = excluded.kind, state = excluded.state,
  total = excluded.total, done = excluded.done, failed = excluded.failed, error = excluded.error,
  creator = excluded.creator, dialect = excluded.dialect, input = excluded.input, report = excluded.report,
  created_at = excluded.created_at, started_at = excluded.started_at, finished_at = excluded.finished_at`

/** Relies on the index task_hold_of_task. */
export const DROP_HOLDS = 'delete from task_hold where task_id in (select value from json_each(?))'
const ADD_HOLDS = `
insert or ignore into task_hold (drive_id, node_id, task_id) select ${members(3)} from json_each(?)`
export const HOLDS = `
select drive_id, task_id, node_id from task_hold where drive_id in (select value from json_each(?))`

/** Relies on the index task_open. */
export const CLAIM_TASKS = `
update task set leased_until = ?
where id in (select id from task where state <> 'done' and leased_until <= ? order by leased_until, id limit ?)
returning ${TASK_COLUMNS}`

/** Relies on the indexes token_expiry and task_finished. */
export const DELETE_EXPIRED_TOKENS = 'delete from token where expires_at <= ?'
export const DELETE_FINISHED_TASKS = `delete from task where state = 'done' and finished_at < ?`

export const taskQueries: Queries<Pick<ReadTx, 'tasks' | 'holds'> & Pick<WriteTx, 'claimTasks' | 'deleteExpired'>> = {
  tasks(db, ids) {
    if (ids.length === 0) return []
    return db.all<TaskRow>(TASKS, JSON.stringify(ids)).map(toTask)
  },

  holds(db, drives) {
    if (drives.length === 0) return []
    const rows = db.all<[DriveId, TaskId, NodeId]>(HOLDS, JSON.stringify(drives))
    return rows.map(([drive, task, node]) => ({ drive, task, node }))
  },

  claimTasks(db, { now, until, limit }) {
    return db.all<TaskRow>(CLAIM_TASKS, until, now, limit).map(toTask)
  },

  deleteExpired(db, now, taskBefore) {
    db.run(DELETE_EXPIRED_TOKENS, now)
    db.run(DELETE_FINISHED_TASKS, taskBefore)
  },
}

/** Inserts tasks or, by id, replaces them with what they hold. A task that is done holds nothing. */
export function putTasks(db: Connection, tasks: readonly (Task & { readonly holds: readonly NodeKey[] })[]): void {
  if (tasks.length === 0) return
  const open = tasks.filter(({ state }) => state !== 'done')
  const holds = open.flatMap(({ id: task, holds }) => holds.map(({ drive, id }) => [drive, id, task]))
  db.run(PUT_TASKS, JSON.stringify(tasks.map(fromTask)))
  db.run(DROP_HOLDS, JSON.stringify(tasks.map(({ id }) => id)))
  if (holds.length > 0) db.run(ADD_HOLDS, JSON.stringify(holds))
}
