/** The store in a PostgreSQL database, which any number of processes may use at once. */
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import {
  type DriveId,
  type ReadTx,
  StorageError,
  type Store,
  type TableName,
  type WriteTx,
} from '../../engine/index.ts'
import { apply } from './apply.ts'
import { driveQueries } from './drives.ts'
import { isPassing, LateLockError, storageError } from './failure.ts'
import { historyQueries } from './history.ts'
import { linkQueries } from './links.ts'
import { markQueries } from './marks.ts'
import { migrate } from './migrate.ts'
import { nodeQueries } from './nodes.ts'
import { pageQueries } from './pages.ts'
import { peopleQueries } from './people.ts'
import { openPool } from './pool.ts'
import { rosterQueries } from './roster.ts'
import { searchQueries } from './search.ts'
import { Sequences } from './sequences.ts'
import { Session, type Spent } from './session.ts'
import { standingQueries } from './standings.ts'
import { taskQueries } from './tasks.ts'
import { tokenQueries } from './tokens.ts'
import { totalQueries } from './totals.ts'
import { type Queries, type Transaction, transactionClass } from './transaction.ts'
import { trashQueries } from './trash.ts'
import { Turns } from './turns.ts'
import { uploadQueries } from './uploads.ts'

/** How often a transaction is begun, the first time among them, when it keeps meeting others. */
export const ATTEMPTS_MAX = 8
/** Before each further attempt, times its number, and up to twice as long, ms: those who met must not meet again. */
const PAUSE_MS = 3

const BEGIN_WRITE = 'begin isolation level read committed'
const BEGIN_READ = 'begin isolation level repeatable read read only'

const COUNT: Readonly<Record<TableName, string>> = {
  node: 'select count(*) from node',
  version: 'select count(*) from version',
  blob: 'select count(*) from blob',
  trash: 'select count(*) from trash',
  upload: 'select count(*) from upload',
  task: 'select count(*) from task',
  change: 'select count(*) from change',
  grant: 'select count(*) from node_grant',
  forward: 'select count(*) from forward',
  mark: 'select count(*) from mark',
  term: 'select count(*) from node_term',
}

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with whatever else the driver understands (`sslmode`, …). */
  readonly url: string
  /** Connections for reads, and as many for writes. */
  readonly connectionsMax?: number
  /** Also a database into which rows are being copied. Nobody else may use it before all are there. */
  readonly unfinished?: boolean
}

export interface PostgresStore extends Store {
  /** How often somebody waited for the database since the start. */
  roundTrips(): number
  /**
   * What tells the deployment's key from others, so that no server joins with another one; null while there is none.
   * @param offered becomes it when there is none
   */
  keyDigest(offered?: string): Promise<string | null>
}

/**
 * Opens a database and brings its schema up to date.
 * @throws StorageError when it cannot be reached, has a newer schema, or holds a part of what is being copied into it
 */
export async function createPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { url, connectionsMax = 10, unfinished = false } = options
  const writers = openPool(url, connectionsMax)
  const readers = openPool(url, connectionsMax)
  try {
    await prepare(writers, unfinished)
  } catch (cause) {
    await Promise.all([writers.end(), readers.end()])
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`the database cannot be used: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  const open = new OpenStore(writers, readers)
  return {
    read: (fn) => open.read(fn),
    write: (fn, drives) => open.write(fn, drives),
    statements: () => open.spent.statements,
    // Each node that is passed over is asked for its terms itself, and each that has terms where it lies.
    searchCosts: { termed: 0, passed: 0.25, lying: { termed: 0.7, lying: 0 }, countedMax: 30_000 },
    roundTrips: () => open.spent.roundTrips,
    keyDigest: (offered) => keyDigest(readers, offered),
    close: () => open.close(),
  }
}

export const OFFER_KEY = 'insert into deployment (one, key_digest) values (1, $1) on conflict do nothing'
export const KEY = 'select key_digest from deployment'

async function keyDigest(pool: pg.Pool, offered?: string): Promise<string | null> {
  try {
    if (offered !== undefined) await pool.query(OFFER_KEY, [offered])
    const { rows } = await pool.query<{ key_digest: string }>(KEY)
    return rows[0]?.key_digest ?? null
  } catch (cause) {
    throw storageError(cause)
  }
}

/** A table that is there for as long as rows are copied into the database. */
export const COPYING = "select to_regclass('copy_progress') is not null as found"

async function prepare(pool: pg.Pool, unfinished: boolean): Promise<void> {
  const client = await pool.connect()
  try {
    await migrate(client)
    if (!unfinished && (await client.query<{ found: boolean }>(COPYING)).rows[0]!.found) {
      throw new StorageError('rows are being copied into the database, or that was interrupted: finish it first')
    }
  } finally {
    client.release()
  }
}

class OpenStore {
  readonly spent: Spent = { statements: 0, roundTrips: 0 }
  readonly #writers: pg.Pool
  readonly #readers: pg.Pool
  readonly #turns = new Turns()
  readonly #WriteTransaction: new (
    session: Session,
  ) => Transaction & WriteTx
  readonly #ReadTransaction: new (
    session: Session,
  ) => Transaction & ReadTx
  /** Transactions under way. */
  readonly #open = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(writers: pg.Pool, readers: pg.Pool) {
    this.#writers = writers
    this.#readers = readers
    const queries = writeQueries(new Sequences(readers))
    this.#WriteTransaction = transactionClass<WriteTx>(queries)
    this.#ReadTransaction = transactionClass<ReadTx>(queries)
  }

  read<T>(fn: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#accept(() => this.#read(fn))
  }

  write<T>(fn: (tx: WriteTx) => Promise<T>, drives: readonly DriveId[] = []): Promise<T> {
    return this.#accept(() => this.#write(fn, drives))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.allSettled([...this.#open])
    await Promise.all([this.#writers.end(), this.#readers.end()])
  }

  async #accept<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StorageError('the store is closed')
    const running = run()
    this.#open.add(running)
    try {
      return await running
    } finally {
      this.#open.delete(running)
    }
  }

  async #read<T>(fn: (tx: ReadTx) => Promise<T>): Promise<T> {
    const options = { pool: this.#readers, spent: this.spent, begin: BEGIN_READ, writing: false, drives: [] }
    const session = new Session(options)
    const tx = new this.#ReadTransaction(session)
    try {
      const value = await fn(tx)
      if (session.failure !== undefined) throw session.failure
      return value
    } finally {
      tx.end()
      // Nothing depends on how a transaction that only read has ended.
      void session.rollback()
    }
  }

  async #write<T>(fn: (tx: WriteTx) => Promise<T>, named: readonly number[]): Promise<T> {
    let drives: readonly number[] = [...new Set(named)]
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(fn, drives)
      if ('value' in outcome) return outcome.value
      const { error, cause } = outcome
      if (attempt === ATTEMPTS_MAX || !isPassing(cause)) throw error
      if (cause instanceof LateLockError) drives = cause.drives
      else await wait(PAUSE_MS * attempt * (1 + Math.random()))
    }
  }

  /** The value, or what `fn` threw and what was behind it. */
  async #attempt<T>(fn: (tx: WriteTx) => Promise<T>, drives: readonly number[]) {
    const leave = await this.#turns.take(drives)
    const session = new Session({
      pool: this.#writers,
      spent: this.spent,
      begin: BEGIN_WRITE,
      writing: true,
      drives,
    })
    const tx = new this.#WriteTransaction(session)
    try {
      const value = await fn(tx)
      tx.end()
      await session.commit()
      return { value }
    } catch (error) {
      tx.end()
      await session.rollback()
      return { error, cause: session.failure ?? error }
    } finally {
      leave()
    }
  }
}

function writeQueries(sequences: Sequences): Queries<WriteTx> {
  return {
    ...driveQueries,
    ...historyQueries,
    ...linkQueries,
    ...markQueries,
    ...nodeQueries,
    ...pageQueries,
    ...peopleQueries,
    ...rosterQueries,
    ...searchQueries,
    ...standingQueries,
    ...taskQueries,
    ...tokenQueries,
    ...totalQueries,
    ...trashQueries,
    ...uploadQueries,
    ...sequences.queries,
    apply,
    count: async (db, table) => (await db.all<[number]>(COUNT[table]))[0]![0],
  }
}
