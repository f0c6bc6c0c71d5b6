/** All rows of a database, read and written without asking what they mean. */
import pg, { type ClientConfig } from 'pg'
import {
  type Reached,
  type RowReader,
  type RowWriter,
  StorageError,
  type Table,
  type Value,
} from '../../engine/index.ts'
import { PUT_TERMS } from './apply.ts'
import { storageError } from './failure.ts'
import { demandSchema } from './migrate.ts'
import { columns as columnsOf, encoded, fromText, type Parameter } from './sets.ts'
import { COPYING, createPostgresStore } from './store.ts'

/** What belongs to one database and not to its contents, and the search index. */
const OWN = ['migration', 'copy_progress', 'deployment', 'node_term']

const TABLES = `
select c.relname, a.attname, format_type(a.atttypid, null), coalesce(array_position(i.indkey::int2[], a.attnum), -1)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname <> all($1)
order by c.relname, a.attnum`
const MAKE_PROGRESS = `
create table copy_progress (name text collate "C" not null primary key, after text not null, rows bigint not null)`
const PROGRESS = 'select name, after, rows from copy_progress'
const PUT_PROGRESS = `
insert into copy_progress (name, after, rows) values ($1, $2, $3)
on conflict (name) do update set after = excluded.after, rows = excluded.rows`
const ANY = 'select 1 from tenant union all select 1 from drive union all select 1 from node limit 1'

const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23])
const types = { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : fromText) }

/** Reads a database; what is written meanwhile is not seen. */
export async function openPostgresRows(url: string): Promise<RowReader> {
  const session = await connect(url)
  await session.all('begin isolation level repeatable read read only')
  return readerOf(session)
}

/** Opens a database to be filled, and brings it to our schema. */
export async function openPostgresRowWriter(url: string): Promise<RowWriter> {
  const store = await createPostgresStore({ url, connectionsMax: 1, unfinished: true })
  await store.close()
  const session = await connect(url)
  const { all } = session
  return {
    ...readerOf(session),
    isEmpty: async () => (await all(ANY)).length === 0,
    async progress() {
      if ((await all<[string]>(COPYING))[0]![0] !== 't') return null
      const rows = await all<[string, string, number]>(PROGRESS)
      return new Map(
        rows.map(([name, after, count]): [string, Reached] => [name, { after: JSON.parse(after), rows: count }]),
      )
    },
    begin: () =>
      session.transact((send) => {
        send(MAKE_PROGRESS)
        send('delete from sequence')
      }),
    write: (table, rows, words, reached) =>
      session.transact((send) => {
        send(insertSql(table, session.typesOf(table)), ...columnsOf(rows, table.columns.length))
        const terms = words.map(({ drive, node, terms }) => [drive, node, terms.join(' ')])
        if (terms.length > 0) send(PUT_TERMS, ...columnsOf(terms, 3))
        send(PUT_PROGRESS, table.name, JSON.stringify(reached.after), reached.rows)
      }),
    finish: async () => void (await all('drop table copy_progress')),
  }
}

/** One connection, and what it has learnt of the tables. */
interface Session {
  all<Row extends Value[]>(sql: string, ...parameters: Parameter[]): Promise<Row[]>
  /** One transaction of all that `work` sends. The database works at it while the caller is at something else. */
  transact(work: (send: (sql: string, ...parameters: Parameter[]) => void) => void): Promise<void>
  tables(): Promise<Table[]>
  typesOf(table: Table): readonly string[]
  close(): Promise<void>
}

async function connect(url: string): Promise<Session> {
  const config: ClientConfig & { pipeline: boolean } = {
    connectionString: url,
    application_name: 'batchdrive copy',
    // Statements are sent without waiting for the answers of earlier ones.
    pipeline: true,
  }
  const client = new pg.Client(config)
  client.on('error', () => undefined)
  const kinds = new Map<string, readonly string[]>()
  const all: Session['all'] = async (text, ...parameters) => {
    try {
      const { rows } = await client.query({ text, values: parameters.map(encoded), rowMode: 'array', types })
      return rows as never[]
    } catch (cause) {
      throw storageError(cause)
    }
  }
  try {
    await client.connect()
    await demandSchema(client)
  } catch (cause) {
    await client.end().catch(() => undefined)
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`the database cannot be used: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  return {
    all,
    async transact(work) {
      const answers = [all('begin')]
      work((sql, ...parameters) => answers.push(all(sql, ...parameters)))
      // After a failure it takes everything back.
      answers.push(all('commit'))
      await Promise.all(answers)
    },
    async tables() {
      const rows = await all<[name: string, column: string, type: string, key: number]>(TABLES, OWN)
      const tables = groupByName(rows).map(([name, own]): Table => {
        kinds.set(
          name,
          own.map(([, , type]) => type),
        )
        const key = own.flatMap(([, , , place], at) => (place >= 0 ? [{ place, at }] : []))
        return {
          name,
          columns: own.map(([, column]) => column),
          key: key.sort((a, b) => a.place - b.place).map(({ at }) => at),
        }
      })
      return tables
    },
    typesOf: ({ name }) => kinds.get(name)!,
    close: () => client.end(),
  }
}

function groupByName<Row extends readonly [string, ...unknown[]]>(rows: readonly Row[]): [string, Row[]][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row[0])
    if (group) group.push(row)
    else groups.set(row[0], [row])
  }
  return [...groups]
}

function readerOf(session: Session): RowReader {
  return {
    tables: () => session.tables(),
    page: (table, after, limit) => session.all(pageSql(table, after !== null), ...(after ?? []), limit),
    close: () => session.close(),
  }
}

// The names come from the schema itself.

function pageSql({ name, columns, key }: Table, isLater: boolean): string {
  const keys = key.map((at) => `"${columns[at]}"`).join(', ')
  const where = isLater ? `where (${keys}) > (${key.map((_, at) => `$${at + 1}`).join(', ')})` : ''
  const limit = isLater ? key.length + 1 : 1
  return `select ${columns.map((column) => `"${column}"`).join(', ')} from "${name}" ${where} order by ${keys} limit $${limit}`
}

function insertSql({ name, columns }: Table, kinds: readonly string[]): string {
  const sets = kinds.map((kind, at) => `$${at + 1}::${kind}[]`).join(', ')
  return `insert into "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) select * from unnest(${sets})`
}
