/** Brings a database to the schema this code expects: numbered steps, forward only, each in a transaction of its own. */
import type { ClientBase, PoolClient } from 'pg'
import { StorageError } from '../../engine/index.ts'
import { sql as first } from './migrations/0001.ts'

/** The steps in order; a step's number is its place, from 1, and means the same in every store. A published step never changes. */
const STEPS: readonly string[] = [first]

const TABLE = 'create table if not exists migration (number bigint not null primary key, applied_at bigint not null)'
/** Two processes may start at once: one goes first, and the other finds the work done. */
const LOCK = "select pg_advisory_lock(hashtextextended('batchdrive migration', 0))"
const UNLOCK = "select pg_advisory_unlock(hashtextextended('batchdrive migration', 0))"
const EXISTS = "select to_regclass('migration') is not null as found"
const NEWEST = 'select coalesce(max(number), 0)::int as newest from migration'

/**
 * Applies the steps the database does not have yet. One that is complete is only read, so that a server needs no right to
 * change the schema.
 * @throws StorageError when the database was written by newer code, and whatever PostgreSQL throws
 */
export async function migrate(client: PoolClient, steps: readonly string[] = STEPS): Promise<void> {
  let newest = await newestStep(client)
  if (newest < steps.length) {
    await client.query(LOCK)
    try {
      await client.query(TABLE)
      newest = await newestStep(client)
      const missing = steps.slice(newest).map((sql, at) => ({ sql, number: newest + at + 1 }))
      await missing.reduce((before, step) => before.then(() => applyStep(client, step)), Promise.resolve())
    } finally {
      await client.query(UNLOCK)
    }
  }
  if (newest > steps.length) {
    throw new StorageError(`the database has schema ${newest}; this program knows schemas up to ${steps.length} only`)
  }
}

/** Throws StorageError unless the database has exactly the schema this code expects; nothing is written. */
export async function demandSchema(client: ClientBase): Promise<void> {
  const newest = await newestStep(client)
  if (newest !== STEPS.length) {
    throw new StorageError(`the database has schema ${newest}, this program expects schema ${STEPS.length}`)
  }
}

async function applyStep(client: PoolClient, { sql, number }: { sql: string; number: number }): Promise<void> {
  await client.query('begin')
  try {
    await client.query('insert into migration (number, applied_at) values ($1, $2)', [number, Date.now()])
    await client.query(sql)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function newestStep(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ found: boolean }>(EXISTS)
  if (!rows[0]!.found) return 0
  return (await client.query<{ newest: number }>(NEWEST)).rows[0]!.newest
}
