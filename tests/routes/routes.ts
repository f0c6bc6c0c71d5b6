/** What the tests of all routes ask of a dialect. */
import type { Dialect } from '../../src/http/dialect.ts'
import type { TestServer } from '../server.ts'
import type { Reply, Sent } from '../smh/session.ts'
import type { Estate, Party } from './estate.ts'
import type { Ids, Sample } from './sample.ts'

/** Somebody with a credential; what every call of theirs carries. */
export interface Caller {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
}

/** Sends as it stands, with the caller's credential. */
export type Ask = (caller: Caller, method: string, target: string, sent?: Sent) => Promise<Reply>

export interface Routes {
  readonly dialect: Dialect
  /** Every route of the dialect's own tables. */
  routes(): Promise<readonly string[]>
  /** At least one for every route. */
  readonly samples: Readonly<Record<string, Sample | readonly Sample[]>>
  /** How the things of an estate are called here. */
  ids(server: TestServer, estate: Estate): Ids
  /** The tenant's administrator. */
  owner(server: TestServer, party: Party): Promise<Caller>
  /** Somebody of the tenant who has no right to anything of the administrator's. */
  stranger(server: TestServer, party: Party): Promise<Caller>
  /** What only this dialect's own calls make of an estate, and how it is called. */
  prepare(ask: Ask, owner: Caller, ids: Ids): Promise<Ids>
  /** Where what became of it is asked about when the answer is only that somebody works on it. */
  taskOf?(reply: Reply): string | undefined
  /** Whether an answer says no, to all that was asked or to a part of it. */
  isRefused(reply: Reply): boolean
}

/** A sample for each call that there is, in the order of the tables, with its route. */
export function samplesOf({ samples }: Routes): { route: string; sample: Sample }[] {
  return Object.entries(samples).flatMap(([route, given]) =>
    (Array.isArray(given) ? given : [given]).map((sample: Sample) => ({ route, sample })),
  )
}
