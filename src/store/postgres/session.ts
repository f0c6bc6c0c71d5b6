/**
 * One attempt at a transaction over one connection of the pool. It begins with its first statement and sends statements
 * without waiting for the answers of earlier ones, unless its caller does: what is asked together costs one round trip.
 */
import { createHash } from 'node:crypto'
import type { Pool, PoolClient, QueryArrayResult } from 'pg'
import { LateLockError, storageError } from './failure.ts'
import { encoded, fromText, type Parameter } from './sets.ts'

/** What has been spent since the start, by all sessions of a store. */
export interface Spent {
  /** Without begin, commit and rollback. */
  statements: number
  /** Times somebody waited for the database. A statement sent while earlier answers are awaited costs no trip of its own. */
  roundTrips: number
}

export interface SessionOptions {
  readonly pool: Pool
  readonly spent: Spent
  readonly begin: string
  /** Whether what is read must stay as it is to the end: reading then takes locks. */
  readonly writing: boolean
  /** Drives to lock at the very beginning. */
  readonly drives: readonly number[]
}

/** Locks last to the end of the transaction and are taken in the order of the set. */
export const LOCK = 'select pg_advisory_xact_lock(k.key) from unnest($1::bigint[]) k (key)'

const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23])
/** By type: int8, int2 and int4 are numbers, all else is text. Ids and sizes stay below 2^53. */
const types = { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : fromText) }

export class Session {
  readonly writing: boolean
  readonly #options: SessionOptions
  /** Drives locked so far. */
  readonly #drives: Set<number>
  readonly #names = new Set<bigint>()
  /** What pools held, by `tenant kind key`, when they were first read, and what was added here since. */
  readonly #pools = new Map<string, number>()
  #client: Promise<PoolClient> | undefined
  #failure: Error | undefined
  /** The most round trips any answer so far took. */
  #trips = 0

  constructor(options: SessionOptions) {
    this.#options = options
    this.writing = options.writing
    this.#drives = new Set(options.drives)
  }

  /** The first thing that went wrong; what followed is its consequence. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The rows as arrays in the order of the selected columns. */
  async all<Row>(sql: string, ...parameters: readonly Parameter[]): Promise<Row[]> {
    return (await this.#run(sql, parameters)).rows as Row[]
  }

  /** How many rows were inserted, updated or deleted. */
  async run(sql: string, ...parameters: readonly Parameter[]): Promise<number> {
    return (await this.#run(sql, parameters)).rowCount ?? 0
  }

  /**
   * Makes sure that nobody else changes these drives before the end, and that what is read of them from now on is their
   * latest state. Need not be awaited: what is sent later is answered later.
   * @throws LateLockError when a drive with a larger id is locked already: everybody takes them in the same order
   */
  enter(drives: Iterable<number>): void {
    if (!this.writing) return
    const fresh = [...new Set(drives)].filter((id) => !this.#drives.has(id)).sort((a, b) => a - b)
    if (fresh.length === 0) return
    const largest = this.#drives.size > 0 ? Math.max(...this.#drives) : 0
    if (fresh[0]! < largest) throw this.fail(new LateLockError([...this.#drives, ...fresh]))
    for (const id of fresh) this.#drives.add(id)
    this.#lock(fresh)
  }

  /**
   * To be called with the drives of rows that were read without naming their drive.
   * @throws LateLockError when one of them is not locked: it may have changed since
   */
  demand(drives: Iterable<number>): void {
    const fresh = this.writing ? [...new Set(drives)].filter((id) => !this.#drives.has(id)) : []
    if (fresh.length > 0) throw this.fail(new LateLockError([...this.#drives, ...fresh]))
  }

  /** Notes that these drives are locked already, by a statement of the caller's. */
  entered(drives: Iterable<number>): void {
    for (const id of drives) this.#drives.add(id)
  }

  /** Locks what has a name but perhaps no row, so that two who find it missing do not both make it. */
  reserve(names: readonly string[]): void {
    if (!this.writing) return
    const keys = [...new Set(names.map(nameKey))].filter((key) => !this.#names.has(key))
    if (keys.length === 0) return
    for (const key of keys) this.#names.add(key)
    this.#lock(keys.sort((a, b) => (a < b ? -1 : 1)).map(String))
  }

  /** Notes what a pool holds: what is planned rests on what was seen first. */
  see(pool: string, used: number): void {
    if (!this.#pools.has(pool)) this.#pools.set(pool, used)
  }

  /** Whether others have filled the pool since it was read, when it holds `used` after `delta` was added to it here. */
  isOvertaken(pool: string, used: number, delta: number): boolean {
    const seen = this.#pools.get(pool)
    if (seen === undefined) return false
    this.#pools.set(pool, seen + delta)
    return used > seen + delta
  }

  /** Notes what went wrong; gives back what went wrong first. */
  fail(error: Error): Error {
    this.#failure ??= error
    return this.#failure
  }

  /**
   * Ends the transaction; resolves once its effects are durable. A failure noted before is thrown, and nothing was done. When
   * the connection breaks at this very moment nobody knows, and a StorageError says so.
   */
  async commit(): Promise<void> {
    if (this.#failure === undefined && this.#client !== undefined) {
      const { command } = await this.#send('commit', [])
      // The server rolls back a transaction in which a statement failed that nobody waited for.
      if (command !== 'COMMIT') this.fail(storageError(new Error('the transaction was rolled back')))
      await this.#release(false)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Ends the transaction without any effect. */
  async rollback(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    if (client === undefined) return
    const ended = client.query('rollback').then(
      () => false,
      () => true,
    )
    await this.#release(await ended)
  }

  #lock(keys: readonly (number | string)[]) {
    // Should it fail, the failure is the session's and fails what follows.
    this.#run(LOCK, [keys]).catch(() => undefined)
  }

  async #run(sql: string, parameters: readonly Parameter[]): Promise<QueryArrayResult> {
    if (this.#failure !== undefined) throw this.#failure
    this.#options.spent.statements++
    return this.#send(sql, parameters)
  }

  async #send(sql: string, parameters: readonly Parameter[]): Promise<QueryArrayResult> {
    try {
      this.#client ??= this.#begin()
      const client = await this.#client
      const trip = this.#trips + 1
      const prepared = parameters.length > 0 ? { name: nameOf(sql), values: parameters.map(encoded) } : {}
      const result = await client.query({ text: sql, ...prepared, rowMode: 'array', types })
      this.#arrived(trip)
      return result
    } catch (cause) {
      throw this.fail(storageError(cause))
    }
  }

  async #begin(): Promise<PoolClient> {
    const { pool, begin, drives } = this.#options
    const client = await pool.connect()
    const note = (cause: unknown) => this.fail(storageError(cause))
    if (arePlansOld(client)) client.query('discard plans').catch(note)
    client.query(begin).catch(note)
    if (drives.length > 0) {
      this.#options.spent.statements++
      const values = [encoded([...drives].sort((a, b) => a - b))]
      client.query({ text: LOCK, name: nameOf(LOCK), values }).catch(note)
    }
    return client
  }

  #arrived(trip: number) {
    if (trip <= this.#trips) return
    this.#options.spent.roundTrips += trip - this.#trips
    this.#trips = trip
  }

  async #release(isLost: boolean): Promise<void> {
    const client = await this.#client
    this.#client = undefined
    client?.release(isLost)
  }
}

/**
 * How long a connection keeps its plans, ms: one that was made for a small table may read a whole drive when the table has
 * grown, and PostgreSQL by itself thinks again only once it has counted the rows anew.
 */
const PLANS_LIFE_MS = 10_000
const plannedAt = new WeakMap<PoolClient, number>()

function arePlansOld(client: PoolClient): boolean {
  const now = performance.now()
  const before = plannedAt.get(client)
  if (before !== undefined && now - before < PLANS_LIFE_MS) return false
  plannedAt.set(client, now)
  return before !== undefined
}

const names = new Map<string, string>()

/** What a prepared statement is called: the same for the same text, so that each connection prepares it once. */
function nameOf(sql: string): string {
  const known = names.get(sql)
  if (known !== undefined) return known
  const name = createHash('sha1').update(sql).digest('base64url')
  names.set(sql, name)
  return name
}

/** A name's lock: a negative number, for the positive ones are drives. */
function nameKey(name: string): bigint {
  return -(createHash('sha1').update(name).digest().readBigUInt64BE() >> 1n) - 1n
}
