/** Transaction objects: the port's methods over one session, usable until the transaction ends. */
import type { Session } from './session.ts'

/** The port's methods as plain functions over a session. */
export type Queries<Tx> = {
  readonly [Name in keyof Tx]: Tx[Name] extends (...parameters: infer Parameters) => Promise<infer Answer>
    ? (db: Session, ...parameters: Parameters) => Promise<Answer>
    : never
}

/** One transaction. Every call after its end is refused. */
export class Transaction {
  #session: Session | undefined

  constructor(session: Session) {
    this.#session = session
  }

  end(): void {
    this.#session = undefined
  }

  protected call<Parameters extends unknown[], Answer>(
    query: (db: Session, ...parameters: Parameters) => Promise<Answer>,
    parameters: Parameters,
  ): Promise<Answer> {
    if (!this.#session) throw new Error('this transaction has ended')
    return query(this.#session, ...parameters)
  }
}

/** A class of transaction objects with one method a query. */
export function transactionClass<Tx>(queries: Queries<Tx>): new (session: Session) => Transaction & Tx {
  class Bound extends Transaction {}
  for (const [name, query] of Object.entries<(db: Session, ...parameters: unknown[]) => Promise<unknown>>(queries)) {
    Object.defineProperty(Bound.prototype, name, {
      async value(this: { call: Transaction['call'] }, ...parameters: unknown[]) {
        return this.call(query, parameters)
      },
    })
  }
  return Bound as unknown as new (
    session: Session,
  ) => Transaction & Tx
}
