/** One connection to the database file: prepared statements, counted and with their errors named. */
import { StorageError } from '../../engine/index.ts'
import { Database, type Statement } from './driver.ts'

export type Parameter = string | number | null

/** How long SQLite waits for another process (the command line, a backup) to let go of the file, ms. */
export const BUSY_TIMEOUT_MS = 10_000
/** Page cache of a connection, in KiB. */
export const CACHE_KIB = 65_536
/**
 * Pages in the log after which a commit also carries over what a thread of its own has left there; only then is the log
 * begun anew. That commit takes the longer the more there is left.
 */
const CHECKPOINT_PAGES = 8_000
/** The log file is cut back to this after a checkpoint, bytes. */
const LOG_BYTES_MAX = 64 * 1024 * 1024

/** Opens the file with the settings every connection shares. */
export function openDatabase(file: string): Database {
  const db = new Database(file, { timeout: BUSY_TIMEOUT_MS })
  db.pragma('journal_mode = wal')
  // A commit returns after its fsync: what was answered is on disk.
  db.pragma('synchronous = full')
  db.pragma('temp_store = memory')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.pragma(`journal_size_limit = ${LOG_BYTES_MAX}`)
  return db
}

/** Opens the file for a connection that must not write. It may still look after the log, as readers of one must. */
export function openReadOnly(file: string): Database {
  const db = openDatabase(file)
  db.pragma('query_only = on')
  return db
}

/** Runs statements; whatever SQLite refuses becomes a StorageError with its cause. */
export class Connection {
  readonly #db: Database
  readonly #prepared = new Map<string, Statement<Parameter[], unknown>>()
  #statements = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** How many statements `all` and `run` have executed. */
  get statements(): number {
    return this.#statements
  }

  /** False outside `begin` … `commit`, also when SQLite has given the transaction up by itself. */
  get inTransaction(): boolean {
    return this.#db.inTransaction
  }

  /** The rows as arrays in the order of the selected columns. */
  all<Row>(sql: string, ...parameters: Parameter[]): Row[] {
    this.#statements++
    try {
      return this.#prepare(sql, true).all(...parameters) as Row[]
    } catch (cause) {
      throw storageError(cause)
    }
  }

  /** How many rows were inserted, updated or deleted. */
  run(sql: string, ...parameters: Parameter[]): number {
    this.#statements++
    try {
      return this.#prepare(sql, false).run(...parameters).changes
    } catch (cause) {
      throw storageError(cause)
    }
  }

  /** Transaction control: begin, commit, savepoints. Not counted, for it depends on which transactions met in a group. */
  control(sql: string): void {
    try {
      this.#prepare(sql, false).run()
    } catch (cause) {
      throw storageError(cause)
    }
  }

  close(): void {
    this.#db.close()
  }

  #prepare(sql: string, raw: boolean): Statement<Parameter[], unknown> {
    let statement = this.#prepared.get(sql)
    if (!statement) {
      statement = this.#db.prepare<Parameter[], unknown>(sql)
      if (raw) statement.raw()
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}

function storageError(cause: unknown): StorageError {
  return new StorageError(`the database failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
