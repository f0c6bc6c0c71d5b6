/**
 * Group commit. SQLite has one writer and every durable commit costs an fsync, so transactions that wait together share
 * one: each runs in a savepoint of its own, one after the other, then one commit makes all of them durable, and only
 * then is anybody answered.
 */
import { StorageError } from '../../engine/index.ts'
import type { Connection } from './connection.ts'
import type { Transaction } from './transaction.ts'

/**
 * A group is closed after this time and the rest waits for the next: its members run without a pause, and sockets must be
 * served in between.
 */
const GROUP_MS_MAX = 25

interface Member<Tx> {
  readonly fn: (tx: Tx) => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export interface GroupOptions<Tx> {
  /** Asked before each group: a connection that is in no transaction. */
  readonly connection: () => Connection
  readonly begin: 'begin' | 'begin immediate'
  /** A transaction object for one member. */
  readonly open: (connection: Connection) => Transaction & Tx
  /** Called after a member was rolled back, while the group's transaction is still open. */
  readonly onRollback?: (connection: Connection) => void
  /** Called after each commit, before anybody is answered. */
  readonly onCommit?: () => void
}

/** Runs functions in groups that share a transaction, one group after the other. */
export class GroupCommit<Tx> {
  readonly #options: GroupOptions<Tx>
  #waiting: Member<Tx>[] = []
  #busy = false
  #closed = false
  #onIdle: (() => void) | undefined

  constructor(options: GroupOptions<Tx>) {
    this.#options = options
  }

  /** Resolves after the commit of the group in which `fn` ran. If `fn` throws, its writes are undone and its error is thrown. */
  run<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StorageError('the store is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ fn, resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  /** Refuses further calls and resolves when the accepted ones are done. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#busy) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  #schedule() {
    if (this.#busy) return
    this.#busy = true
    setImmediate(() => this.#drain())
  }

  async #drain() {
    await this.#runGroup()
    this.#busy = false
    if (this.#waiting.length > 0) this.#schedule()
    else this.#onIdle?.()
  }

  async #runGroup() {
    const { begin, onCommit } = this.#options
    const connection = this.#options.connection()
    const taken: Member<Tx>[] = []
    const answers: (() => void)[] = []
    try {
      connection.control(begin)
      const closesAt = performance.now() + GROUP_MS_MAX
      do {
        const member = this.#waiting.shift()!
        taken.push(member)
        // One after the other is the point here: each must see what the earlier ones wrote.
        answers.push(await this.#runMember(connection, member))
      } while (this.#waiting.length > 0 && performance.now() < closesAt)
      connection.control('commit')
    } catch (error) {
      // The whole group is lost: nobody may be told that anything was done.
      if (connection.inTransaction) rollBack(connection)
      const lost = taken.length > 0 ? taken : this.#waiting.splice(0)
      for (const member of lost) member.reject(error)
      return
    }
    onCommit?.()
    for (const answer of answers) answer()
  }

  /** The answer to give once the group is committed. Throws when the group as a whole cannot go on. */
  async #runMember(connection: Connection, member: Member<Tx>): Promise<() => void> {
    const { open, onRollback } = this.#options
    connection.control('savepoint member')
    const tx = open(connection)
    try {
      const value = await member.fn(tx)
      tx.end()
      connection.control('release member')
      return () => member.resolve(value)
    } catch (error) {
      tx.abandon()
      // After a full disk or a failed write SQLite rolls back everything by itself.
      if (!connection.inTransaction) throw error
      connection.control('rollback to member')
      connection.control('release member')
      onRollback?.(connection)
      return () => member.reject(error)
    }
  }
}

function rollBack(connection: Connection) {
  try {
    connection.control('rollback')
  } catch {
    // A rollback fails only when SQLite has rolled back already; the callers get the first error, which says why.
  }
}
