/** Transaction objects: the port's methods over one connection, usable until the transaction ends. */
import { StorageError } from '../../engine/index.ts'
import type { Connection } from './connection.ts'

/** The port's methods as plain functions over a connection; SQLite answers at once. */
export type Queries<Tx> = {
  readonly [Name in keyof Tx]: Tx[Name] extends (...parameters: infer Parameters) => Promise<infer Answer>
    ? (db: Connection, ...parameters: Parameters) => Answer
    : never
}

/** One transaction. Every call after its end is refused, and an error in it cannot be swallowed. */
export class Transaction {
  #connection: Connection | undefined
  #failure: StorageError | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Closes the object. Throws the first storage error of the transaction, also if its function caught it. */
  end(): void {
    this.#connection = undefined
    if (this.#failure) throw this.#failure
  }

  /** Closes the object of a transaction that is being rolled back. */
  abandon(): void {
    this.#connection = undefined
  }

  protected call<Parameters extends unknown[], Answer>(
    query: (db: Connection, ...parameters: Parameters) => Answer,
    parameters: Parameters,
  ): Answer {
    if (!this.#connection) throw new Error('this transaction has ended')
    if (this.#failure) throw this.#failure
    try {
      return query(this.#connection, ...parameters)
    } catch (error) {
      if (error instanceof StorageError) this.#failure = error
      throw error
    }
  }
}

/** A class of transaction objects with one method a query. */
export function transactionClass<Tx>(queries: Queries<Tx>): new (connection: Connection) => Transaction & Tx {
  class Bound extends Transaction {}
  for (const [name, query] of Object.entries<(db: Connection, ...parameters: unknown[]) => unknown>(queries)) {
    Object.defineProperty(Bound.prototype, name, {
      async value(this: { call: Transaction['call'] }, ...parameters: unknown[]) {
        return this.call(query, parameters)
      },
    })
  }
  return Bound as unknown as new (
    connection: Connection,
  ) => Transaction & Tx
}
