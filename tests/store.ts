/** The store tests run on. The one place that knows which it is in this run: the project decides, see `vitest.config.ts`. */
import pg from 'pg'
import { inject } from 'vitest'
import type { Inspection, Store } from '../src/engine/index.ts'
import { rememberNodes } from '../src/store/node-cache.ts'
import { openPostgresInspection } from '../src/store/postgres/inspect.ts'
import { createPostgresStore } from '../src/store/postgres/store.ts'
import { Database } from '../src/store/sqlite/driver.ts'
import { openSqliteInspection } from '../src/store/sqlite/inspect.ts'
import { createSqliteStore } from '../src/store/sqlite/store.ts'
import type {} from './postgres/setup.ts'

/** An empty place for metadata. */
export interface TestDatabase {
  /** PostgreSQL's address; '' for SQLite, which keeps everything in the folder. */
  readonly url: string
  /** Opens a store on it, as one more process would. */
  open(): Promise<Store>
  /**
   * Reads past the store, with SQL as SQLite speaks it: `?` for parameters, `(select value from json_each(?))` for sets of
   * numbers, `->>` for members of JSON columns.
   */
  rows<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]>
  /** Writes past the store: statements that both understand. */
  run(sql: string): Promise<void>
  /** As `fsck` sees it. */
  inspect(): Promise<Inspection>
  /** Begins to count rows that are inserted, changed or deleted in the tables. */
  countChanges(tables: readonly string[]): Promise<ChangeCounter>
  /** To be called when all its stores are closed. */
  drop(): Promise<void>
}

export interface ChangeCounter {
  /** How many since this was asked last. */
  changes(): Promise<number>
  stop(): Promise<void>
}

/** Whether this run's stores are PostgreSQL databases. */
export function isPostgres(): boolean {
  return inject('postgres') !== undefined
}

/** How much slower random histories are where each statement goes to another process. */
const SLOWER = 20

/** How many random cases a test tries in this run, of those it tries on SQLite. */
export function cases(count: number): number {
  return isPostgres() ? Math.ceil(count / SLOWER) : count
}

/** As servers use it: with what they remember between transactions. */
export function remembering(store: Store): Store {
  return rememberNodes(store, { oneByOne: !isPostgres() })
}

/** @param file where SQLite keeps the database; whoever made its folder removes it */
export async function createTestDatabase(file: string): Promise<TestDatabase> {
  if (!isPostgres()) return sqliteDatabase(file)
  const database = free.pop() ?? (await makeDatabase())
  return {
    url: database.url,
    open: () => createPostgresStore({ url: database.url, connectionsMax: 6 }),
    rows: async (sql, ...parameters) => (await database.client.query(asPostgres(sql), parameters)).rows,
    run: async (sql) => void (await database.client.query(sql)),
    inspect: () => openPostgresInspection(database.url),
    countChanges: (tables) => countInPostgres(database.client, tables),
    async drop() {
      await database.client.query(database.empty)
      free.push(database)
    },
  }
}

function sqliteDatabase(file: string): TestDatabase {
  return {
    url: '',
    open: async () => createSqliteStore({ file }),
    async rows<Row>(sql: string, ...parameters: unknown[]) {
      const db = new Database(file, { readonly: true })
      try {
        return db.prepare<unknown[], Row>(sql).all(...parameters)
      } finally {
        db.close()
      }
    },
    async run(sql) {
      const db = new Database(file)
      try {
        db.exec(sql)
      } finally {
        db.close()
      }
    },
    inspect: async () => openSqliteInspection(file),
    countChanges: async (tables) => countInSqlite(file, tables),
    async drop() {},
  }
}

function countInSqlite(file: string, tables: readonly string[]): ChangeCounter {
  const db = new Database(file)
  db.exec('create table touched (place text)')
  for (const table of tables) {
    for (const verb of ['insert', 'update', 'delete']) {
      const insert = `insert into touched values ('${table}')`
      db.exec(`create trigger count_${table}_${verb} after ${verb} on ${table} begin ${insert}; end`)
    }
  }
  return {
    changes: async () => db.prepare('delete from touched').run().changes,
    stop: async () => void db.close(),
  }
}

async function countInPostgres(client: pg.Client, tables: readonly string[]): Promise<ChangeCounter> {
  const triggers = tables.map(
    (table) =>
      `create trigger touched after insert or update or delete on ${table} for each row execute function touch()`,
  )
  await client.query(`
    create table touched (place text);
    create function touch() returns trigger language plpgsql as $$
      begin insert into touched values (tg_table_name); return null; end $$;
    ${triggers.join(';')}`)
  return {
    changes: async () => (await client.query('delete from touched')).rowCount ?? 0,
    stop: async () => void (await client.query('drop function touch cascade; drop table touched')),
  }
}

function asPostgres(sql: string): string {
  let parameters = 0
  return sql
    .replaceAll('select value from json_each(?)', 'select value::bigint from json_array_elements_text(?::json)')
    .replaceAll(' ->>', '::json ->>')
    .replace(/\?/g, () => `$${++parameters}`)
}

interface PostgresDatabase {
  readonly url: string
  readonly client: pg.Client
  /** Puts the database back to what it was when it was made. */
  readonly empty: string
}

/** Databases that tests have finished with: emptying one is faster than making one. */
const free: PostgresDatabase[] = []
let made = 0

/** What comes after this has databases of its own. */
export async function forgetDatabases(): Promise<void> {
  await Promise.all(free.splice(0).map(({ client }) => client.end()))
}

async function makeDatabase(): Promise<PostgresDatabase> {
  const { url, prefix } = inject('postgres')
  const name = `${prefix}_${process.pid}_${++made}`
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`create database ${name} template ${prefix}_template`)
  await admin.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  const client = new pg.Client({ connectionString: own.href, types: { getTypeParser } })
  await client.connect()
  return { url: own.href, client, empty: await emptying(client) }
}

const NUMBERS = new Set([20, 21, 23])
const getTypeParser = (oid: number) => (NUMBERS.has(oid) ? Number : (text: string) => text)

async function emptying(client: pg.Client): Promise<string> {
  const tables = await client.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'migration'`,
  )
  const { rows } = await client.query<{ name: string; next: string }>('select name, next from sequence')
  const sequences = rows.map(({ name, next }) => `('${name}', ${next})`).join(', ')
  const deletions = tables.rows.map(({ name }) => `delete from ${name}`).join('; ')
  return `${deletions}; insert into sequence (name, next) values ${sequences}`
}
