/** Lets clients loose on an engine and writes down what each asked, when, and what it was told. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Actor, Change, Drive, Mode, Op, Result, Subject } from '../../src/engine/index.ts'
import type { ModelResult } from '../engine/model-work.ts'
import { actorOf, type World } from '../engine/world.ts'
import { type Contest, type Field, opOf } from './contest.ts'

/** One request and its answer. Times are counted in events: no two are the same. */
export interface Recorded {
  /** A self of its own: what a change log says about who did something then tells which request it was. */
  readonly actor: Actor
  readonly mode: Mode
  readonly ops: readonly Op[]
  readonly asked: number
  readonly answered: number
  readonly results: readonly Result[]
  /** How the answers differ from the model's, '' when they do not; absent: the results say it. */
  differs?(expected: readonly ModelResult[]): string
}

export interface Recording {
  readonly calls: readonly Recorded[]
  /** What was added to each drive's log, in order; by the drives of the field. */
  readonly logs: readonly (readonly Change[])[]
}

/** More entries than one contest makes. */
const CHANGES_MAX = 100_000

/** The asker of the nth request. */
function asker(number: number, asOwner: boolean, { tenant }: Drive): Actor {
  const self: Subject = `user:request${number}`
  return actorOf(self, { tenant, subjects: [self, asOwner ? 'user:alice' : 'user:bob', 'everyone'] })
}

export async function record(world: World, field: Field, { steps: clients }: Contest): Promise<Recording> {
  const calls: Recorded[] = []
  let events = 0
  let requests = 0
  await Promise.all(
    clients.map(async ({ ops: wanted }) => {
      for (const { mode, asOwner, pause, ops: symbols } of wanted) {
        for (let left = pause; left > 0; left--) await turn()
        const actor = asker(requests++, asOwner, field.drives[0]!)
        const ops = symbols.map((symbol) => opOf(field, symbol))
        const asked = events++
        const results = await world.engine.batch(actor, ops, mode)
        calls.push({ actor, mode, ops, asked, answered: events++, results })
      }
    }),
  )
  return { calls, logs: await logsOf(world, field.drives) }
}

/** What was added to the logs of drives since they were as given. */
export function logsOf({ store }: Pick<World, 'store'>, drives: readonly Drive[]): Promise<Change[][]> {
  return store.read((tx) =>
    Promise.all(drives.map(({ id: drive, seq }) => tx.changes({ drive, after: seq, limit: CHANGES_MAX }))),
  )
}
