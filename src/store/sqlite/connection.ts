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

/** As much of the file as SQLite reads through the memory of the machine, not by copying pages into its own. Bytes. */
const MAPPED_BYTES_MAX = 2 ** 31 - 2 ** 16

/** Opens the file with the settings every connection shares. */
export function openDatabase(file: string): Database {
  const db = new Database(file, { timeout: BUSY_TIMEOUT_MS })
  db.pragma('journal_mode = wal')
  // A commit returns after its fsync: what was answered is on disk.
  db.pragma('synchronous = full')
  db.pragma('temp_store = memory')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`mmap_size = ${MAPPED_BYTES_MAX}`)
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.pragma(`journal_size_limit = ${LOG_BYTES_MAX}`)
  return db
}

/** Runs statements; whatever SQLite refuses becomes a StorageError with its cause. */
export class Connection {
  readonly #db: Database
  readonly #prepared = new Map<string, Statement<Parameter[], unknown>>()
  #statements = 0
  #undone = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** How many statements have been executed, but for those of `control`. */
  get statements(): number {
    return this.#statements
  }

  /** How often something was rolled back. */
  get undone(): number {
    return this.#undone
  }

  /** False outside `begin` … `commit`, also when SQLite has given the transaction up by itself. */
  get inTransaction(): boolean {
    return this.#db.inTransaction
  }

  /** The rows as arrays in the order of the selected columns. */
  all<Row>(sql: string, ...parameters: Parameter[]): Row[] {
    this.#statements++
    try {
      return this.#prepare(sql, 'rows').all(...parameters) as Row[]
    } catch (cause) {
      throw storageError(cause)
    }
  }

  /** As `all`, of the first column alone: a list of many thousands costs a third of its rows. */
  column<Value>(sql: string, ...parameters: Parameter[]): Value[] {
    this.#statements++
    try {
      return this.#prepare(sql, 'column').all(...parameters) as Value[]
    } catch (cause) {
      throw storageError(cause)
    }
  }

  /** How many rows were inserted, updated or deleted. */
  run(sql: string, ...parameters: Parameter[]): number {
    this.#statements++
    try {
      return this.#prepare(sql, 'nothing').run(...parameters).changes
    } catch (cause) {
      throw storageError(cause)
    }
  }

  /** Transaction control: begin, commit, savepoints. Not counted, for it depends on which transactions met in a group. */
  control(sql: string): void {
    if (sql.startsWith('rollback')) this.#undone++
    try {
      this.#prepare(sql, 'nothing').run()
    } catch (cause) {
      throw storageError(cause)
    }
  }

  close(): void {
    this.#db.close()
  }

  /** A statement always gives the same. */
  #prepare(sql: string, gives: 'rows' | 'column' | 'nothing'): Statement<Parameter[], unknown> {
    let statement = this.#prepared.get(sql)
    if (!statement) {
      statement = this.#db.prepare<Parameter[], unknown>(sql)
      if (gives === 'rows') statement.raw()
      if (gives === 'column') statement.pluck()
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}

function storageError(cause: unknown): StorageError {
  return new StorageError(`the database failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
