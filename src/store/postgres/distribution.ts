/**
 * How the tables are spread when the database is Citus, PostgreSQL over several machines. A drive is the unit: all its rows
 * lie on one machine, so that a batch on one drive is one machine's affair. Users' own lists span drives and are read as a
 * whole: they lie by tenant. Small tables are on every machine.
 */
import type { PoolClient } from 'pg'
import { storageError } from './failure.ts'
import { openPool } from './pool.ts'

/** The column by which a table is spread, a drive's id or a tenant's; or `everywhere` for those on every machine. */
export const DISTRIBUTION = {
  drive: 'id',
  node: 'drive_id',
  node_term: 'drive_id',
  node_grant: 'drive_id',
  version: 'drive_id',
  trash: 'drive_id',
  forward: 'drive_id',
  change: 'drive_id',
  burial: 'drive_id',
  task_hold: 'drive_id',
  evicted: 'drive_id',
  blob: 'drive_id',
  mark: 'tenant_id',
  migration: 'everywhere',
  deployment: 'everywhere',
  sequence: 'everywhere',
  tenant: 'everywhere',
  app: 'everywhere',
  user: 'everywhere',
  user_group: 'everywhere',
  member: 'everywhere',
  identity: 'everywhere',
  departed: 'everywhere',
  standing: 'everywhere',
  token: 'everywhere',
  link: 'everywhere',
  pool: 'everywhere',
  haul: 'everywhere',
  upload: 'everywhere',
  upload_part: 'everywhere',
  task: 'everywhere',
  task_outcome: 'everywhere',
  task_queue: 'everywhere',
} as const

export type Table = keyof typeof DISTRIBUTION

/** The table that the others of drives lie together with. */
const LEADER: Table = 'drive'

export const EXTENSION = 'create extension if not exists citus'
export const SPREAD = 'select logicalrelid::regclass::text as name from pg_dist_partition'
export const MAKE_REFERENCE = 'select create_reference_table($1::regclass)'
export const MAKE_DISTRIBUTED = 'select create_distributed_table($1::regclass, $2, colocate_with => $3)'

/** As `distribute`, on a connection of its own. Throws StorageError, also when the server has no Citus. */
export async function distributeDatabase(url: string): Promise<Table[]> {
  const pool = openPool(url, 1)
  try {
    const client = await pool.connect()
    try {
      return await distribute(client)
    } finally {
      client.release()
    }
  } catch (cause) {
    throw storageError(cause)
  } finally {
    await pool.end()
  }
}

/** Spreads the tables that are not spread yet. Empty tables take seconds, full ones as long as moving their rows takes. */
export async function distribute(client: Pick<PoolClient, 'query'>): Promise<Table[]> {
  await client.query(EXTENSION)
  const { rows } = await client.query<{ name: string }>(SPREAD)
  const spread = new Set(rows.map(({ name }) => name.replaceAll('"', '')))
  const missing = tablesInOrder().filter((table) => !spread.has(table))
  // One after the other: a table can join only those that are spread already.
  await missing.reduce((before, table) => before.then(() => distributeTable(client, table)), Promise.resolve())
  return missing
}

/** The one that others join comes first. */
function tablesInOrder(): Table[] {
  const tables = Object.keys(DISTRIBUTION) as Table[]
  return [LEADER, ...tables.filter((table) => table !== LEADER)]
}

async function distributeTable(client: Pick<PoolClient, 'query'>, table: Table): Promise<void> {
  const column = DISTRIBUTION[table]
  const name = `"${table}"`
  if (column === 'everywhere') await client.query(MAKE_REFERENCE, [name])
  // What is not spread by a drive's number cannot lie together with drives.
  else await client.query(MAKE_DISTRIBUTED, [name, column, column === 'drive_id' ? LEADER : 'none'])
}
