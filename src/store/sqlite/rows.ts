/** All rows of a database file, read and written without asking what they mean. */
import {
  type Reached,
  type RowReader,
  type RowWriter,
  StorageError,
  type Table,
  type Value,
} from '../../engine/index.ts'
import { PUT_TERMS } from './apply.ts'
import { BUSY_TIMEOUT_MS, openDatabase } from './connection.ts'
import { Database } from './driver.ts'
import { demandSchema, migrate } from './migrate.ts'

/** What belongs to one database and not to its contents. */
const OWN = new Set(['migration', 'copy_progress'])

const TABLES = `
select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\'
order by name`
const COLUMNS = 'select name, pk from pragma_table_info(?) order by cid'
const MAKE_PROGRESS = `
create table copy_progress (name text not null primary key, after text not null, rows integer not null) strict`
const HAS_PROGRESS = "select 1 from sqlite_schema where name = 'copy_progress'"
const PROGRESS = 'select name, after, rows from copy_progress'
const PUT_PROGRESS = 'insert or replace into copy_progress (name, after, rows) values (?, ?, ?)'

/** Reads a file that is there; what is written meanwhile is not seen. */
export function openSqliteRows(file: string): RowReader {
  const db = opening(file, () => new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }))
  demandSchema(db)
  db.exec('begin')
  return readerOf(db)
}

/** Opens, or makes, a file to be filled. */
export function openSqliteRowWriter(file: string): RowWriter {
  const db = opening(file, () => openDatabase(file))
  migrate(db)
  const reader = readerOf(db)
  return {
    ...reader,
    async isEmpty() {
      return (
        db.prepare('select 1 from tenant union all select 1 from drive union all select 1 from node').get() ===
        undefined
      )
    },
    async progress() {
      if (db.prepare(HAS_PROGRESS).get() === undefined) return null
      const rows = db.prepare<[], [string, string, number]>(PROGRESS).raw().all() as [string, string, number][]
      return new Map(rows.map(([name, after, rows]): [string, Reached] => [name, { after: JSON.parse(after), rows }]))
    },
    async begin() {
      db.transaction(() => {
        db.exec(MAKE_PROGRESS)
        db.exec('delete from sequence')
      }).immediate()
    },
    async write(table, rows, words, reached) {
      db.transaction(() => {
        db.prepare(insertSql(table)).run(JSON.stringify(rows))
        if (words.length > 0)
          db.prepare(PUT_TERMS).run(JSON.stringify(words.map(({ node, terms }) => [node, terms.join(' ')])))
        db.prepare(PUT_PROGRESS).run(table.name, JSON.stringify(reached.after), reached.rows)
      }).immediate()
    },
    async finish() {
      db.exec('drop table copy_progress')
    },
  }
}

function readerOf(db: Database): RowReader {
  return {
    async tables() {
      const names = db.prepare<[], string>(TABLES).pluck().all()
      return names.filter((name) => !OWN.has(name)).map((name) => tableOf(db, name))
    },
    async page(table, after, limit) {
      const rows = db.prepare<unknown[], Value[]>(pageSql(table, after !== null)).raw()
      return rows.all(...(after ?? []), limit) as Value[][]
    },
    async close() {
      db.close()
    },
  }
}

function tableOf(db: Database, name: string): Table {
  const columns = db.prepare<[string], { name: string; pk: number }>(COLUMNS).all(name)
  const key = columns.flatMap(({ pk }, at) => (pk > 0 ? [{ pk, at }] : [])).sort((a, b) => a.pk - b.pk)
  return { name, columns: columns.map((column) => column.name), key: key.map(({ at }) => at) }
}

// The names come from the schema itself.

function pageSql({ name, columns, key }: Table, isLater: boolean): string {
  const keys = key.map((at) => `"${columns[at]}"`).join(', ')
  const where = isLater ? `where (${keys}) > (${key.map(() => '?').join(', ')})` : ''
  return `select ${columns.map((column) => `"${column}"`).join(', ')} from "${name}" ${where} order by ${keys} limit ?`
}

function insertSql({ name, columns }: Table): string {
  const values = columns.map((_, at) => `value ->> ${at}`).join(', ')
  return `insert into "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) select ${values} from json_each(?)`
}

function opening(file: string, open: () => Database): Database {
  try {
    return open()
  } catch (cause) {
    throw new StorageError(`${file} cannot be opened: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
