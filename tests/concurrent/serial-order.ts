/**
 * Whether what clients saw at the same time can be told as one thing after the other.
 *
 * A recording is explained by a serial order of its requests in which (1) a request that was answered before another was
 * asked comes before it, and (2) every answer is what a naive drive, taking the requests one by one, would have given. That
 * such an order exists is linearizability. Searching all orders would be hopeless, but the engine says most of it itself:
 *
 * - Requests that wrote left entries in the change logs of the drives they touched. Each log is a total order, and a
 *   request's entries must stand side by side in it: it takes effect at one moment. So the next writing request can only be
 *   one that stands at the heads of all logs it is in, and there is at most one such request a drive. Played on the naive
 *   drive it must give its answers and exactly its entries. Where more than one could be next, each is tried.
 * - Requests that wrote nothing (readings, and whatever failed) change nobody else's answer. Each is put at the first moment
 *   at which it may be and its answers are right; a later moment would only leave less room to those that follow it.
 *
 * What is accepted has a serial order, namely the one that was found. What is refused has none: the tree of choices is
 * walked whole. A request that wrote without leaving an entry would be refused, and rightly: whoever follows the log would
 * miss it.
 */
import type { Change, Drive } from '../../src/engine/index.ts'
import { matchLogs } from '../engine/compare-logs.ts'
import { resultDifference } from '../engine/compare-results.ts'
import { Model } from '../engine/model.ts'
import type { ModelState } from '../engine/model-state.ts'
import type { Recorded, Recording } from './record.ts'

/** Writing requests tried, at most, before the search is given up: far more than a recording with two drives ever needed. */
const TRIES_MAX = 20_000

/**
 * Throws unless some serial order explains the recording.
 * @param start the naive drives as they were before; left alone
 * @param drives as they were before, in the order of the recording's logs
 * @returns the naive drives as they are afterwards
 */
export function explain(start: ModelState, drives: readonly Drive[], recording: Recording): ModelState {
  const search = new Search(drives, recording)
  const end = search.from({ state: start, read: drives.map(() => 0), placed: new Set() })
  if (!end) throw new Error(`no serial order explains this; the best one ends at:\n${search.stuck}`)
  return end
}

/** How far an order has come. */
interface Moment {
  readonly state: ModelState
  /** How many entries of each drive's log are behind. */
  readonly read: readonly number[]
  readonly placed: ReadonlySet<Recorded>
}

class Search {
  /** What stopped the order that came furthest. */
  stuck = ''
  private furthest = -1
  private tries = 0
  private readonly drives: readonly Drive[]
  private readonly logs: readonly (readonly Change[])[]
  private readonly calls: readonly Recorded[]
  /** When each writing request took effect, by the engine's clock. */
  private readonly times: ReadonlyMap<string, number>
  private readonly bySelf: ReadonlyMap<string, Recorded>
  private readonly writers: ReadonlySet<Recorded>

  constructor(drives: readonly Drive[], { calls, logs }: Recording) {
    this.drives = drives
    this.logs = logs
    this.calls = calls.toSorted((a, b) => a.asked - b.asked)
    this.bySelf = new Map<string, Recorded>(calls.map((call) => [call.actor.self, call]))
    this.times = new Map(logs.flat().map(({ by, at }) => [by, at]))
    this.writers = new Set(logs.flat().map(({ by }) => this.bySelf.get(by)!))
  }

  /** The end of an order that begins at this moment; undefined when there is none. */
  from(moment: Moment): ModelState | undefined {
    const here = this.withReaders(moment)
    if (here.placed.size === this.calls.length) return here.state
    const complaints: string[] = []
    for (const call of this.heads(here)) {
      if (++this.tries > TRIES_MAX) throw new Error(`no serial order was found in ${TRIES_MAX} tries`)
      const after = this.played(here, call, complaints)
      const end = after && this.from(after)
      if (end) return end
    }
    if (here.placed.size > this.furthest) {
      this.furthest = here.placed.size
      this.stuck = [...complaints, ...this.waiting(here)].join('\n')
    }
    return undefined
  }

  /** Puts every request that wrote nothing, and may be here and is right here, here. */
  private withReaders(moment: Moment): Moment {
    const placed = new Set(moment.placed)
    for (let before = -1; before < placed.size; ) {
      before = placed.size
      for (const call of this.allowed(placed)) {
        if (!this.writers.has(call) && this.readerDifference(moment.state, call) === '') placed.add(call)
      }
    }
    return { ...moment, placed }
  }

  /** Requests still to be placed of which none before them, in time, is still to be placed. */
  private allowed(placed: ReadonlySet<Recorded>): Recorded[] {
    const left = this.calls.filter((call) => !placed.has(call))
    const earliest = Math.min(...left.map(({ answered }) => answered))
    return left.filter(({ asked }) => asked < earliest)
  }

  /** The writing requests that may be next, the likeliest first: the engine looked at its clock when it began each. */
  private heads({ read, placed }: Moment): Recorded[] {
    const next = this.logs.map((log, index) => this.bySelf.get(log[read[index]!]?.by ?? ''))
    const isHead = (call: Recorded) =>
      this.logs.every(
        (log, index) => next[index] === call || !log.slice(read[index]).some(({ by }) => by === call.actor.self),
      )
    const allowed = new Set(this.allowed(placed))
    const heads = [...new Set(next)]
      .filter((call) => call !== undefined)
      .filter((call) => allowed.has(call) && isHead(call))
    return heads.sort((a, b) => this.times.get(a.actor.self)! - this.times.get(b.actor.self)!)
  }

  /** The moment after a request; undefined, with a complaint, when it is not what would have happened. */
  private played({ state, read, placed }: Moment, call: Recorded, complaints: string[]): Moment | undefined {
    const model = new Model(state)
    const difference = this.difference(model, call)
    if (difference) {
      complaints.push(`${told(call)}\n${difference}`)
      return undefined
    }
    try {
      const behind = this.drives.map((drive, index) => this.entriesBehind(model, call, drive, index, read[index]!))
      return { state: { ...model.state, log: [] }, read: behind, placed: new Set([...placed, call]) }
    } catch (error) {
      complaints.push((error as Error).message)
      return undefined
    }
  }

  /** Reads on in a log: what a request wrote there must be what it should have written. */
  private entriesBehind({ state }: Model, call: Recorded, drive: Drive, index: number, from: number): number {
    const rest = this.logs[index]!.slice(from)
    const until = rest.findIndex(({ by }) => by !== call.actor.self)
    const mine = until < 0 ? rest : rest.slice(0, until)
    const wanted = state.log.filter((entry) => entry.drive === drive.id)
    matchLogs(mine, wanted, { ...drive, seq: drive.seq + from }, `${told(call)}\n`)
    return from + mine.length
  }

  /** As \`difference\`, for a request that left no entry in any log and so must have written nothing. */
  private readerDifference(state: ModelState, call: Recorded): string {
    const model = new Model(state)
    const difference = this.difference(model, call)
    return difference || (model.state.log.length > 0 ? 'what it wrote is in no log' : '')
  }

  /** How a request's answers differ from the model's; '' when they do not. */
  private difference(model: Model, call: Recorded): string {
    const { actor, ops, mode, results } = call
    const expected = model.batch(actor, ops, mode, this.times.get(actor.self) ?? 0)
    if (call.differs) return call.differs(expected)
    for (const [index, result] of results.entries()) {
      const difference = resultDifference(ops[index]!, result, expected[index]!)
      if (difference) return `op ${index} ${difference}`
    }
    return ''
  }

  /** Requests that could be next but are not explained here. */
  private waiting({ state, placed }: Moment): string[] {
    return this.allowed(placed)
      .filter((call) => !this.writers.has(call))
      .map((call) => `${told(call)}\n${this.readerDifference(state, call)}`)
  }
}

function told({ actor, mode, ops, asked, answered }: Recorded): string {
  const shown = ops.map((op) => `\n  ${JSON.stringify(op)}`).join('')
  return `${actor.self}, from ${asked} to ${answered}, ${mode}:${shown}`
}
