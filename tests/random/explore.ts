/**
 * Random histories, tried one after the other until one fails; that one is made short and thrown with what replays it.
 *
 * Without a word from outside the histories are always the same. `MODEL_SEED=… MODEL_PATH=…` replays a failure;
 * `MODEL_SEED=random` explores; `MODEL_RUNS` says how many histories, `MODEL_SECONDS` for how long to go on, and
 * `MODEL_REPORT` names a file to which one line of JSON is added for what was done.
 */
import { appendFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { cases, isPostgres } from '../store.ts'
import { reduced, type Steps } from './reduce.ts'

export interface Exploration<History extends Steps> {
  /** What is explored, for the report. */
  readonly name: string
  readonly histories: fc.Arbitrary<History>
  /** How many on SQLite, unless told otherwise. */
  readonly runs: number
  /** How many on PostgreSQL; absent = a few of them. */
  readonly postgresRuns?: number
  /** How often a failing history may be tried while it is made short. */
  readonly attempts?: number
  /** Throws when the history shows something wrong. `closely`: look harder, to tell exactly where. */
  play(history: History, closely: boolean): Promise<void>
}

export interface Settings {
  readonly MODEL_SEED?: string | undefined
  readonly MODEL_PATH?: string | undefined
  readonly MODEL_RUNS?: string | undefined
  readonly MODEL_SECONDS?: string | undefined
  readonly MODEL_REPORT?: string | undefined
}

const SEED = 20260102
/** Enough to shorten a history of some dozens of steps to a few. */
const ATTEMPTS = 500
/** More histories than anybody waits for. */
const RUNS_MAX = 1_000_000

export async function explore<History extends Steps>(
  { name, histories, runs, postgresRuns = cases(runs), attempts = ATTEMPTS, play }: Exploration<History>,
  settings: Settings = process.env,
): Promise<void> {
  let operations = 0
  const counted = async (history: History) => {
    await play(history, false)
    operations += operationsIn(history)
  }
  // What fails is shortened below: whole steps at a time, which takes seconds where number by number takes minutes.
  const given = { ...numbersOf(settings, isPostgres() ? postgresRuns : runs), endOnFailure: true }
  const outcome = await fc.check(fc.asyncProperty(histories, counted), given)
  // Out of time before anything was played is no failure.
  const failed = outcome.failed && outcome.counterexample !== null
  const replay = `MODEL_SEED=${outcome.seed}${failed ? ` MODEL_PATH=${outcome.counterexamplePath}` : ''}`
  report(settings, {
    name,
    store: isPostgres() ? 'postgres' : 'sqlite',
    sequences: outcome.numRuns,
    operations,
    failed: failed ? replay : null,
  })
  if (!outcome.failed || outcome.counterexample === null) return
  const [failing] = outcome.counterexample
  const attempt = (history: History) => play(history, true).then(nothing, asError)
  const short = await reduced(failing, attempt, attempts)
  const cause = (await attempt(short)) ?? outcome.errorInstance
  const kept = `${short.steps.length} of ${failing.steps.length} steps`
  throw new Error(`${name}: ${replay} fails; ${kept} are enough:\n${messageOf(cause)}`, { cause })
}

function numbersOf({ MODEL_SEED = `${SEED}`, MODEL_PATH, MODEL_RUNS, MODEL_SECONDS }: Settings, runs: number) {
  const numRuns = MODEL_PATH ? 1 : Number(MODEL_RUNS ?? (MODEL_SECONDS ? RUNS_MAX : runs))
  return {
    numRuns,
    ...(MODEL_SEED === 'random' ? {} : { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH ? { path: MODEL_PATH } : {}),
    ...(MODEL_SECONDS ? { interruptAfterTimeLimit: Number(MODEL_SECONDS) * 1000 } : {}),
  }
}

/** How many operations a history holds: each op of a batch is one, and so is every other step. */
export function operationsIn({ steps }: Steps): number {
  return steps.reduce((sum, { ops }) => sum + (ops?.length ?? 1), 0)
}

function report({ MODEL_REPORT }: Settings, line: object): void {
  if (MODEL_REPORT) appendFileSync(MODEL_REPORT, `${JSON.stringify(line)}\n`)
}

const nothing = () => undefined

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
