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
  OUTCOME_COLUMNS,
  type OutcomeRow,
  QUEUE_COLUMNS,
  type QueueRow,
  TASK_COLUMNS,
  type TaskRow,
  toOutcome,
  toQueued,
  toTask,
} from '../row/task.ts'
import { STRAINED } from './drives.ts'
import type { Session } from './session.ts'
import { byTenant, columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

/** Of one tenant. */
export const TASKS = `select ${TASK_COLUMNS} from task where tenant_id = $1 and id = any($2::bigint[])`
/** For who means to go on with them. */
export const TASKS_LOCKED = `${TASKS} order by id for update`
/** Of all tenants, by the index task_number. */
export const TASK_KEYS = 'select tenant_id, id from task where id = any($1::bigint[])'

export const INSERT_TASKS = `
insert into task (${TASK_COLUMNS}, leased_until, lease)
select k.*, 0, 0 from ${unnest('tnnttnnntttttnnnn')} k on conflict (tenant_id, id) do nothing`
/** Leases stay as they are. What is done needs its instructions no more. */
export const UPDATE_TASKS = `
update task t set state = k.state, total = k.total, done = k.done, failed = k.failed, error = k.error,
  cursor = k.cursor, started_at = k.started_at, finished_at = k.finished_at,
  input = case when k.state = 'done' then 'null' else t.input end
from ${unnest('tntnnnttnn')} k (tenant_id, id, state, total, done, failed, error, cursor, started_at, finished_at)
where t.tenant_id = k.tenant_id and t.id = k.id`
export const CANCEL_TASKS = `
update task set cancelled = 1, rests_until = 0
where (tenant_id, id) in (select * from ${unnest('tn')}) and state <> 'done'`

export const INSERT_OUTCOMES = `insert into task_outcome (${OUTCOME_COLUMNS}) select * from ${unnest('tnnnt')}`
export const OUTCOMES = `
select ${OUTCOME_COLUMNS} from task_outcome
where tenant_id = $1 and task_id = any($2::bigint[]) and number > $3 and number < $4
order by task_id, number limit $5`
/** Relies on the index task_failure. */
export const FAILURES = `
select ${OUTCOME_COLUMNS} from task_outcome
where tenant_id = $1 and task_id = any($2::bigint[]) and number > $3 and number < $4 and ok = 0
order by task_id, number limit $5`

export const PUT_QUEUE = `
insert into task_queue (${QUEUE_COLUMNS}) select * from ${unnest('nnnnnntn')}
on conflict (task_id, position) do update set
  drive_id = excluded.drive_id, node_id = excluded.node_id, made_id = excluded.made_id, level = excluded.level,
  after_key = excluded.after_key, after_twin = excluded.after_twin`
export const DELETE_QUEUE = `
delete from task_queue q using ${unnest('nn')} k (task_id, up_to)
where q.task_id = k.task_id and q.position <= k.up_to`
export const DROP_QUEUES = 'delete from task_queue where task_id = any($1::bigint[])'
export const QUEUE = `select ${QUEUE_COLUMNS} from task_queue where task_id = $1 order by position limit $2`

/** Relies on the index task_hold_of_task. */
export const DROP_HOLDS = 'delete from task_hold where task_id = any($1::bigint[])'
export const ADD_HOLDS = `
insert into task_hold (drive_id, node_id, task_id) select * from ${unnest('nnn')} on conflict do nothing`
export const DELETE_HOLDS = `
delete from task_hold where (drive_id, node_id, task_id) in (select * from ${unnest('nnn')})`
export const HOLDS = 'select drive_id, task_id, node_id from task_hold where drive_id = any($1::bigint[])'

/**
 * Answered by the index task_open, which holds open tasks only. `place` is a task's place in its tenant's line, in which those that
 * rest do not stand; who was served longest ago comes first. A lease that was given back ended when it was given back. Asked
 * twice whether it is free: another may have claimed it while it was waited for.
 */
export const CLAIM_TASKS = `
update task set leased_until = $1, lease = lease + 1
where (tenant_id, id) in (
  select tenant_id, id from (
    select tenant_id, id, leased_until,
      row_number() over (partition by tenant_id order by cancelled desc, state = 'queued', id) as place,
      max(leased_until) over (partition by tenant_id) as served_at
    from task where state <> 'done' and rests_until <= $3
  ) open
  where place <= $2 and leased_until <= $3
  order by place, served_at, leased_until, id limit $4
) and leased_until <= $3 and state <> 'done'
returning ${TASK_COLUMNS}, lease`
export const RENEW_TASKS = `
update task set leased_until = $4
where (tenant_id, id, lease) in (select * from ${unnest('tnn')}) returning id`

export const REST_TASKS = `
update task set rests_until = $3 where (tenant_id, id) in (select * from ${unnest('tn')})`

/** By the index task_open, and by task_finished. */
export const OPEN_TASKS = `select ${TASK_COLUMNS} from task where state <> 'done' order by id desc limit $1`
export const DONE_TASKS = `select ${TASK_COLUMNS} from task where state = 'done' order by finished_at desc limit $1`

/**
 * Each kind is looked for until one row of it is found, by the index that those who take it away use. `offset 0` keeps PostgreSQL
 * from turning a look-up around: where it expects many, it would read all there is once and look there.
 */
export const OVERDUE = `
select 'trash' where exists (
  select 1 from trash t where t.expires_at > 0 and t.expires_at <= $1
    and exists (select 1 from drive d where d.id = t.drive_id and d.status = 'active' offset 0))
union all select 'versions' where exists (
  select 1 from version v where v.expires_at > 0 and v.keep = 0 and v.expires_at <= $1
    and exists (select 1 from drive d where d.id = v.drive_id and d.status = 'active' offset 0))
union all select 'graves' where exists (
  select 1 from burial b
  cross join lateral (select d.id, d.grave from drive d where d.id = b.drive_id offset 0) d
  where not exists (select 1 from node n where n.drive_id = d.id and n.parent_id = d.grave offset 0)
  or exists (
    select 1 from node n where n.drive_id = d.id and n.parent_id = d.grave
      and not exists (select 1 from task_hold h where h.drive_id = n.drive_id and h.node_id = n.id offset 0) offset 0))
union all select 'excess' where exists (${STRAINED})
union all select 'departed' where exists (select 1 from departed)
union all select 'uploads' where exists (select 1 from upload where expires_at <= $1)
union all select 'records' where exists (select 1 from token where expires_at <= $1)
  or exists (select 1 from task where state = 'done' and finished_at < $2)
  or exists (select 1 from evicted where at < $3)
union all select 'blobs' where exists (select 1 from blob where refs = 0 and touched_at < $4)`

/** Relies on the indexes token_expiry, task_finished and evicted_age. */
export const DELETE_EXPIRED_TOKENS = 'delete from token where expires_at <= $1'
export const DELETE_FINISHED_OUTCOMES = `
delete from task_outcome where (tenant_id, task_id) in (
  select tenant_id, id from task where state = 'done' and finished_at < $1
)`
export const DELETE_FINISHED_TASKS = `delete from task where state = 'done' and finished_at < $1`
export const FORGET_EVICTED = 'delete from evicted where at < $1'

export const taskQueries: Queries<
  Pick<ReadTx, 'tasks' | 'taskKeys' | 'outcomes' | 'queue' | 'holds' | 'latestTasks' | 'overdue'> &
    Pick<WriteTx, 'claimTasks' | 'renewTasks' | 'restTasks' | 'cancelTasks' | 'deleteExpired'>
> = {
  async tasks(db, keys) {
    if (keys.length === 0) return []
    const sql = db.writing ? TASKS_LOCKED : TASKS
    const found = await byTenant(keys, (tenant, own) => {
      return db.all<TaskRow>(
        sql,
        tenant,
        own.map(({ id }) => id),
      )
    })
    return found.map(toTask)
  },

  async taskKeys(db, ids) {
    if (ids.length === 0) return []
    return (await db.all<[TenantId, TaskId]>(TASK_KEYS, ids)).map(([tenant, id]) => ({ tenant, id }))
  },

  async outcomes(db, { tenant, tasks, after, before = Number.MAX_SAFE_INTEGER, failedOnly, limit }) {
    if (tasks.length === 0) return []
    const sql = failedOnly ? FAILURES : OUTCOMES
    return (await db.all<OutcomeRow>(sql, tenant, tasks, after, before, limit)).map(toOutcome)
  },

  async queue(db, task, limit) {
    return (await db.all<QueueRow>(QUEUE, task, limit)).map(toQueued)
  },

  async holds(db, drives) {
    if (drives.length === 0) return []
    db.enter(drives)
    const rows = await db.all<[DriveId, TaskId, NodeId]>(HOLDS, drives)
    return rows.map(([drive, task, node]) => ({ drive, task, node }))
  },

  async claimTasks(db, { now, until, limit, perTenantMax }) {
    const rows = await db.all<[...TaskRow, number]>(CLAIM_TASKS, until, perTenantMax, now, limit)
    return rows.map((row) => ({ ...toTask(row as unknown as TaskRow), lease: row.at(-1) as number }))
  },

  async renewTasks(db, leases, until) {
    if (leases.length === 0) return []
    const set = leases.map(({ tenant, id, lease }) => [tenant, id, lease])
    return (await db.all<[TaskId]>(RENEW_TASKS, ...columns(set, 3), until)).map(([id]) => id)
  },

  async restTasks(db, keys, until) {
    if (keys.length > 0) await db.run(REST_TASKS, ...columns(keys.map(fromKey), 2), until)
  },

  async cancelTasks(db, keys) {
    if (keys.length > 0) await db.run(CANCEL_TASKS, ...columns(keys.map(fromKey), 2))
  },

  async latestTasks(db, { open, limit }) {
    return (await db.all<TaskRow>(open ? OPEN_TASKS : DONE_TASKS, limit)).map(toTask)
  },

  async overdue(db, { now, tasksBefore, evictedBefore, blobsBefore }) {
    return (await db.all<[Overdue]>(OVERDUE, now, tasksBefore, evictedBefore, blobsBefore)).map(([kind]) => kind)
  },

  async deleteExpired(db, { now, tasksBefore, evictedBefore }) {
    const [tokens, , tasks, evicted] = await Promise.all([
      db.run(DELETE_EXPIRED_TOKENS, now),
      db.run(DELETE_FINISHED_OUTCOMES, tasksBefore),
      db.run(DELETE_FINISHED_TASKS, tasksBefore),
      db.run(FORGET_EVICTED, evictedBefore),
    ])
    return tokens + tasks + evicted
  },
}

const fromKey = ({ tenant, id }: TaskKey) => [tenant, id]

/** What changes about tasks: new ones, progress, outcomes, queues, holds. */
export async function applyTasks(db: Session, changes: Changes): Promise<void> {
  const { putTasks, updateTasks } = changes
  const answers: Promise<unknown>[] = []
  const write = (sql: string, rows: readonly (readonly unknown[])[]) => {
    if (rows.length > 0) answers.push(db.run(sql, ...columns(rows, rows[0]!.length)))
  }
  write(INSERT_TASKS, putTasks.map(fromTask))
  write(UPDATE_TASKS, updateTasks.map(fromProgress))
  const made = putTasks.flatMap(({ tenant, id: task, report }) =>
    report.map((outcome, number) => ({ tenant, task, number, outcome })),
  )
  write(INSERT_OUTCOMES, [...made, ...changes.insertOutcomes].map(fromOutcome))
  write(
    DELETE_QUEUE,
    changes.deleteQueue.map(({ task, upTo }) => [task, upTo]),
  )
  write(PUT_QUEUE, latest(changes.putQueue, ({ task, position }) => `${task} ${position}`).map(fromQueued))
  write(
    DELETE_HOLDS,
    changes.deleteHolds.map(({ drive, id, task }) => [drive, id, task]),
  )
  const holds = putTasks.flatMap(({ id: task, state, holds }) =>
    state === 'done' ? [] : holds.map((key) => ({ ...key, task })),
  )
  write(
    ADD_HOLDS,
    [...holds, ...changes.putHolds].map(({ drive, id, task }) => [drive, id, task]),
  )
  const done = updateTasks.flatMap(({ id, state }) => (state === 'done' ? [[id]] : []))
  write(DROP_HOLDS, done)
  write(DROP_QUEUES, done)
  await Promise.all(answers)
}
