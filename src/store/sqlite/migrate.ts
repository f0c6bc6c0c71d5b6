/** Brings a database file to the schema this code expects: numbered steps, forward only, each in a transaction of its own. */
import { StorageError } from '../../engine/index.ts'
import type { Database } from './driver.ts'
import { sql as first } from './migrations/0001.ts'

/** The steps in order; a step's number is its place, from 1. A published step never changes. */
const STEPS: readonly string[] = [first]

const TABLE =
  'create table if not exists migration (number integer not null primary key, applied_at integer not null) strict'

/**
 * Applies the steps the file does not have yet. Two processes may start at once: the write lock lets one go first, and
 * the other finds the work done.
 * @throws StorageError when the file was written by newer code, and whatever SQLite throws
 */
export function migrate(db: Database, steps: readonly string[] = STEPS): void {
  db.exec(TABLE)
  for (const [index, sql] of steps.entries()) {
    db.transaction(() => applyStep(db, index + 1, sql)).immediate()
  }
  const newest = newestStep(db)
  if (newest > steps.length) {
    throw new StorageError(`the database has schema ${newest}; this program knows schemas up to ${steps.length} only`)
  }
}

/** Throws StorageError unless the database has exactly the schema this code expects; nothing is written. */
export function demandSchema(db: Database): void {
  const newest = newestStep(db)
  if (newest !== STEPS.length) {
    throw new StorageError(`the database has schema ${newest}, this program expects schema ${STEPS.length}`)
  }
}

function applyStep(db: Database, number: number, sql: string) {
  if (newestStep(db) >= number) return
  // The row goes in first: should two processes ever get here together, the second fails before it touches a table.
  db.prepare('insert into migration (number, applied_at) values (?, ?)').run(number, Date.now())
  db.exec(sql)
}

function newestStep(db: Database): number {
  return db.prepare('select coalesce(max(number), 0) from migration').pluck().get() as number
}
