/**
 * How the tables are spread when the database is Citus, PostgreSQL over several machines. A drive is the unit: all its rows
 * lie on one machine, so that a batch on one drive is one machine's affair. Tasks may work in several drives, and users' own lists
 * span them and are read as a whole: both lie by tenant. Small tables are on every machine.
 */
import type { PoolClient } from 'pg'
import { storageError } from './failure.ts'
import { openPool } from './pool.ts'

/**
 * The column by which a table is spread: a drive's id or a tenant's; a link's own, for it is looked up before it is known whose it
 * is, and every use of it is counted.
 */
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
  upload: 'drive_id',
  upload_part: 'drive_id',
  mark: 'tenant_id',
  task: 'tenant_id',
  task_outcome: 'tenant_id',
  link: 'id',
} as const

/** Tables that are on every machine, so that each can be joined with any, and why they can be. */
export const ON_EVERY_MACHINE = {
  migration: 'a row for each change of the schema',
  deployment: 'one row',
  sequence: 'a row for each kind of number; numbers are drawn in ranges',
  tenant: 'a row for each tenant',
  app: 'a few for each tenant',
  user: 'a row for each user, read by most calls and seldom written',
  user_group: 'as users',
  member: 'as users',
  identity: 'as users',
  departed: 'only who is gone and not yet cleared away after',
  standing: 'a row for each tenant',
  token: 'looked up before it is known whose it is, with every call; written once, and gone when its time is over',
  pool: 'a row for each drive and each level above it, read together with the drives',
  haul: 'only the trees that are being carried',
  task_queue: 'only the folders that open tasks have found and not yet worked through',
} as const

export type Table = keyof typeof DISTRIBUTION | keyof typeof ON_EVERY_MACHINE

/** By the column of a table, the one that it lies together with: drives' numbers and tenants' names are spread apart. */
const LEADERS = { drive_id: 'drive', tenant_id: 'mark' } as const

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
  const missing = [...new Set(tablesInOrder())].filter((table) => !spread.has(table))
  // One after the other: a table can join only those that are spread already.
  await missing.reduce((before, table) => before.then(() => distributeTable(client, table)), Promise.resolve())
  return missing
}

/** Those that others join come first. */
function tablesInOrder(): Table[] {
  return [...Object.values(LEADERS), ...Object.keys(DISTRIBUTION), ...Object.keys(ON_EVERY_MACHINE)] as Table[]
}

async function distributeTable(client: Pick<PoolClient, 'query'>, table: Table): Promise<void> {
  const name = `"${table}"`
  if (table in ON_EVERY_MACHINE) return void (await client.query(MAKE_REFERENCE, [name]))
  const column = DISTRIBUTION[table as keyof typeof DISTRIBUTION]
  const leader = column === 'id' ? table : LEADERS[column]
  await client.query(MAKE_DISTRIBUTED, [name, column, leader === table ? 'none' : leader])
}
