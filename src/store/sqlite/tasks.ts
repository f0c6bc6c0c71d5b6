/** Tasks: their progress, outcomes and queues, the nodes they hold, and what time takes away. */
import type {
  Changes,
  DriveId,
  NodeId,
  Overdue,
  ReadTx,
  TaskId,
  TaskKey,
  TenantId,
  WriteTx,
} from '../../engine/index.ts'
import {
  fromOutcome,
  fromProgress,
  fromQueued,
  fromTask,
  OUTCOME_COLUMN_COUNT,
  OUTCOME_COLUMNS,
  type OutcomeRow,
  QUEUE_COLUMN_COUNT,
  QUEUE_COLUMNS,
  type QueueRow,
  TASK_COLUMN_COUNT,
  TASK_COLUMNS,
  type TaskRow,
  toOutcome,
  toQueued,
  toTask,
} from '../row/task.ts'
import type { Connection } from './connection.ts'
import { STRAINED } from './drives.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

export const TASKS = `
select ${TASK_COLUMNS} from task where (tenant_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`
/** Of all tenants, by the index task_number. */
export const TASK_KEYS = 'select tenant_id, id from task where id in (select value from json_each(?))'

const INSERT_TASKS = `
insert or ignore into task (${TASK_COLUMNS}, leased_until, lease)
select ${members(TASK_COLUMN_COUNT)}, 0, 0 from json_each(?)`
/** Leases stay as they are. What is done needs its instructions no more. */
export const UPDATE_TASKS = `
update task set state = value ->> 2, total = value ->> 3, done = value ->> 4, failed = value ->> 5, error = value ->> 6,
  cursor = value ->> 7, started_at = value ->> 8, finished_at = value ->> 9,
  input = iif(value ->> 2 = 'done', 'null', input)
from json_each(?) where task.tenant_id = value ->> 0 and task.id = value ->> 1`
export const CANCEL_TASKS = `
update task set cancelled = 1, rests_until = 0
where (tenant_id, id) in (select value ->> 0, value ->> 1 from json_each(?)) and state <> 'done'`

const INSERT_OUTCOMES = `insert into task_outcome (${OUTCOME_COLUMNS}) select ${members(OUTCOME_COLUMN_COUNT)} from json_each(?)`
export const OUTCOMES = `
select ${OUTCOME_COLUMNS} from task_outcome
where tenant_id = ? and task_id in (select value from json_each(?)) and number > ? and number < ?
order by task_id, number limit ?`
/** Relies on the index task_failure. */
export const FAILURES = `
select ${OUTCOME_COLUMNS} from task_outcome indexed by task_failure
where tenant_id = ? and task_id in (select value from json_each(?)) and number > ? and number < ? and ok = 0
order by task_id, number limit ?`

const PUT_QUEUE = `
insert or replace into task_queue (${QUEUE_COLUMNS}) select ${members(QUEUE_COLUMN_COUNT)} from json_each(?)`
export const DELETE_QUEUE = `
delete from task_queue where (task_id, position) in (
  select q.task_id, q.position from json_each(?) cross join task_queue q
    on q.task_id = value ->> 0 and q.position <= value ->> 1
)`
export const DROP_QUEUES = 'delete from task_queue where task_id in (select value from json_each(?))'
export const QUEUE = `select ${QUEUE_COLUMNS} from task_queue where task_id = ? order by position limit ?`

/** Relies on the index task_hold_of_task. */
export const DROP_HOLDS = 'delete from task_hold where task_id in (select value from json_each(?))'
const ADD_HOLDS = `
insert or ignore into task_hold (drive_id, node_id, task_id) select ${members(3)} from json_each(?)`
export const DELETE_HOLDS = `
delete from task_hold where (drive_id, node_id, task_id) in (select ${members(3)} from json_each(?))`
export const HOLDS = `
select drive_id, task_id, node_id from task_hold where drive_id in (select value from json_each(?))`

/**
 * Answered by the index task_open, which holds open tasks only. `place` is a task's place in its tenant's line, in which those that
 * rest do not stand; who was served longest ago comes first. A lease that was given back ended when it was given back.
 */
export const CLAIM_TASKS = `
update task set leased_until = ?, lease = lease + 1
where (tenant_id, id) in (
  select tenant_id, id from (
    select tenant_id, id, leased_until,
      row_number() over (partition by tenant_id order by cancelled desc, state = 'queued', id) as place,
      max(leased_until) over (partition by tenant_id) as served_at
    from task where state <> 'done' and rests_until <= ?
  )
  where place <= ? and leased_until <= ?
  order by place, served_at, leased_until, id limit ?
)
returning ${TASK_COLUMNS}, lease`
export const RENEW_TASKS = `
update task set leased_until = ?
where (tenant_id, id, lease) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(?)) returning id`

export const REST_TASKS = `
update task set rests_until = ? where (tenant_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`

/** By the index task_open, and by task_finished. */
export const OPEN_TASKS = `select ${TASK_COLUMNS} from task indexed by task_open where state <> 'done' order by id desc limit ?`
export const DONE_TASKS = `
select ${TASK_COLUMNS} from task indexed by task_finished where state = 'done' order by finished_at desc limit ?`

/** Each kind is looked for until one row of it is found, by the index that those who take it away use. */
export const OVERDUE = `
select 'trash' where exists (
  select 1 from trash t indexed by trash_expiry cross join drive d on d.id = t.drive_id and d.status = 'active'
  where t.expires_at > 0 and t.expires_at <= ?)
union all select 'versions' where exists (
  select 1 from version v indexed by version_expiry cross join drive d on d.id = v.drive_id and d.status = 'active'
  where v.expires_at > 0 and v.keep = 0 and v.expires_at <= ?)
union all select 'graves' where exists (
  select 1 from burial b cross join drive d on d.id = b.drive_id
  where not exists (
    select 1 from node n indexed by node_name where n.drive_id = d.id and n.parent_id = d.grave)
  or exists (
    select 1 from node n indexed by node_name where n.drive_id = d.id and n.parent_id = d.grave
      and not exists (select 1 from task_hold h where h.drive_id = n.drive_id and h.node_id = n.id)))
union all select 'excess' where exists (${STRAINED})
union all select 'departed' where exists (select 1 from departed)
union all select 'uploads' where exists (select 1 from upload where expires_at <= ?)
union all select 'records' where exists (select 1 from token where expires_at <= ?)
  or exists (select 1 from task where state = 'done' and finished_at < ?)
  or exists (select 1 from evicted where at < ?)
union all select 'blobs' where exists (select 1 from blob where refs = 0 and touched_at < ?)`

/** Relies on the indexes token_expiry, task_finished and evicted_age. */
export const DELETE_EXPIRED_TOKENS = 'delete from token where expires_at <= ?'
export const DELETE_FINISHED_OUTCOMES = `
delete from task_outcome where (tenant_id, task_id) in (
  select tenant_id, id from task where state = 'done' and finished_at < ?
)`
export const DELETE_FINISHED_TASKS = `delete from task where state = 'done' and finished_at < ?`
export const FORGET_EVICTED = 'delete from evicted where at < ?'

export const taskQueries: Queries<
  Pick<ReadTx, 'tasks' | 'taskKeys' | 'outcomes' | 'queue' | 'holds' | 'latestTasks' | 'overdue'> &
    Pick<WriteTx, 'claimTasks' | 'renewTasks' | 'restTasks' | 'cancelTasks' | 'deleteExpired'>
> = {
  tasks(db, keys) {
    if (keys.length === 0) return []
    return db.all<TaskRow>(TASKS, JSON.stringify(keys.map(fromKey))).map(toTask)
  },

  taskKeys(db, ids) {
    if (ids.length === 0) return []
    const rows = db.all<[TenantId, TaskId]>(TASK_KEYS, JSON.stringify(ids))
    return rows.map(([tenant, id]) => ({ tenant, id }))
  },

  outcomes(db, { tenant, tasks, after, before = Number.MAX_SAFE_INTEGER, failedOnly, limit }) {
    if (tasks.length === 0) return []
    const sql = failedOnly ? FAILURES : OUTCOMES
    return db.all<OutcomeRow>(sql, tenant, JSON.stringify(tasks), after, before, limit).map(toOutcome)
  },

  queue(db, task, limit) {
    return db.all<QueueRow>(QUEUE, task, limit).map(toQueued)
  },

  holds(db, drives) {
    if (drives.length === 0) return []
    const rows = db.all<[DriveId, TaskId, NodeId]>(HOLDS, JSON.stringify(drives))
    return rows.map(([drive, task, node]) => ({ drive, task, node }))
  },

  claimTasks(db, { now, until, limit, perTenantMax }) {
    const rows = db.all<[...TaskRow, number]>(CLAIM_TASKS, until, now, perTenantMax, now, limit)
    return rows.map((row) => ({ ...toTask(row as unknown as TaskRow), lease: row.at(-1) as number }))
  },

  renewTasks(db, leases, until) {
    if (leases.length === 0) return []
    const set = JSON.stringify(leases.map(({ tenant, id, lease }) => [tenant, id, lease]))
    return db.all<[TaskId]>(RENEW_TASKS, until, set).map(([id]) => id)
  },

  restTasks(db, keys, until) {
    if (keys.length > 0) db.run(REST_TASKS, until, JSON.stringify(keys.map(fromKey)))
  },

  cancelTasks(db, keys) {
    if (keys.length > 0) db.run(CANCEL_TASKS, JSON.stringify(keys.map(fromKey)))
  },

  latestTasks(db, { open, limit }) {
    return db.all<TaskRow>(open ? OPEN_TASKS : DONE_TASKS, limit).map(toTask)
  },

  overdue(db, { now, tasksBefore, evictedBefore, blobsBefore }) {
    const times = [now, now, now, now, now, now, tasksBefore, evictedBefore, blobsBefore]
    return db.all<[Overdue]>(OVERDUE, ...times).map(([kind]) => kind)
  },

  deleteExpired(db, { now, tasksBefore, evictedBefore }) {
    const tokens = db.run(DELETE_EXPIRED_TOKENS, now)
    db.run(DELETE_FINISHED_OUTCOMES, tasksBefore)
    return tokens + db.run(DELETE_FINISHED_TASKS, tasksBefore) + db.run(FORGET_EVICTED, evictedBefore)
  },
}

const fromKey = ({ tenant, id }: TaskKey) => [tenant, id]

/** What changes about tasks: new ones, progress, outcomes, queues, holds. */
export function applyTasks(db: Connection, changes: Changes): void {
  const { putTasks, updateTasks } = changes
  const write = <Row>(sql: string, rows: readonly Row[], values: (row: Row) => unknown) => {
    if (rows.length > 0) db.run(sql, JSON.stringify(rows.map(values)))
  }
  write(INSERT_TASKS, putTasks, fromTask)
  write(UPDATE_TASKS, updateTasks, fromProgress)
  const made = putTasks.flatMap(({ tenant, id: task, report }) =>
    report.map((outcome, number) => ({ tenant, task, number, outcome })),
  )
  write(INSERT_OUTCOMES, [...made, ...changes.insertOutcomes], fromOutcome)
  write(DELETE_QUEUE, changes.deleteQueue, ({ task, upTo }) => [task, upTo])
  write(PUT_QUEUE, changes.putQueue, fromQueued)
  write(DELETE_HOLDS, changes.deleteHolds, ({ drive, id, task }) => [drive, id, task])
  const holds = putTasks.flatMap(({ id: task, state, holds }) =>
    state === 'done' ? [] : holds.map((key) => ({ ...key, task })),
  )
  write(ADD_HOLDS, [...holds, ...changes.putHolds], ({ drive, id, task }) => [drive, id, task])
  const done = updateTasks.flatMap(({ id, state }) => (state === 'done' ? [id] : []))
  write(DROP_HOLDS, done, (id) => id)
  write(DROP_QUEUES, done, (id) => id)
}
