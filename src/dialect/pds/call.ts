/**
 * Calls as steps. A call says, step by step, what it needs of the engine; the needs of all children of a batch at the same
 * step are fetched together, so that a batch costs as many trips to the engine as its longest call, whatever its size. A
 * single request is a batch of one: there is no second path.
 */
import type {
  Actor,
  Drive,
  DriveId,
  Engine,
  Failed,
  Group,
  NodeId,
  Op,
  OpenVersion,
  Result,
  StoredPart,
  Task,
  TaskId,
  Upload,
  UploadId,
  UploadPart,
  User,
} from '../../engine/index.ts'
import { type Answer, INTERNAL_ERROR, Refusal } from './error.ts'
import type { Body } from './request.ts'

/** What a call may know of the request it came in. */
export interface Env {
  readonly engine: Engine
  readonly actor: Actor
  /** The caller's user id; '' when the credential stands for no user. */
  readonly user: string
  /** What the credential may do at most, in this API's words; empty means all. */
  readonly scopes: readonly string[]
  /** What signed URLs begin with. */
  readonly origin: string
  /** ms since 1970 */
  readonly now: number
  /** Takes down what nobody expected. */
  readonly report: (error: unknown) => void
}

/** What a call asks for in one step; each list is answered by one of the same length and order. */
export interface Need {
  readonly ops?: readonly Op[]
  readonly drives?: readonly DriveId[]
  readonly users?: readonly string[]
  readonly groups?: readonly string[]
  readonly tasks?: readonly TaskId[]
  readonly uploads?: readonly UploadId[]
  /** Uploads whose only part is stored now, without a byte. */
  readonly emptyParts?: readonly UploadId[]
  readonly versions?: readonly VersionKey[]
}

export interface VersionKey {
  readonly drive: DriveId
  readonly node: NodeId
  readonly version: number
}

export interface Supply {
  readonly results: readonly Result[]
  readonly drives: readonly (Drive | null)[]
  readonly users: readonly (User | null)[]
  readonly groups: readonly (Group | null)[]
  readonly tasks: readonly (Task | null)[]
  readonly uploads: readonly ({ upload: Upload; parts: UploadPart[] } | null)[]
  readonly emptyParts: readonly (StoredPart | Failed)[]
  readonly versions: readonly (OpenVersion | Failed)[]
}

/** A part of a call that ends in a value. */
export type Steps<T> = Generator<Need, T, Supply>
export type Call = Steps<Answer>

interface EndpointFacts {
  /** Below `/v2`; also the `url` of a child of a batch. */
  readonly url: `/${string}`
  /** The vendor's name for the call. */
  readonly operation: string
  readonly coverage: string
  /** The documented scope a limited credential must hold; '' = any. */
  readonly scope: string
}

/** An endpoint that can also be the child of a batch. */
export interface SteppedEndpoint extends EndpointFacts {
  steps(body: Body, env: Env): Call
}

/** An endpoint with a way of its own; never the child of a batch. */
export interface DirectEndpoint extends EndpointFacts {
  run(body: Body, env: Env): Promise<Answer>
}

export type Endpoint = SteppedEndpoint | DirectEndpoint

/** Runs calls to their ends, all of them a step at a time; one answer a call, in the same order. */
export async function runCalls(env: Env, calls: readonly Call[]): Promise<Answer[]> {
  const answers: Answer[] = []
  const advance = (at: number, supply?: Supply): Need | null => {
    try {
      const step = supply ? calls[at]!.next(supply) : calls[at]!.next()
      if (!step.done) return step.value
      answers[at] = step.value
    } catch (error) {
      answers[at] = answerFor(error, env.report)
    }
    return null
  }
  const pending = (steps: (readonly [number, Need | null])[]) =>
    steps.filter((step): step is readonly [number, Need] => step[1] !== null)

  let waiting = pending(calls.map((_, at) => [at, advance(at)] as const))
  while (waiting.length > 0) {
    try {
      const needs = waiting.map(([, need]) => need)
      const supplies = await supply(env, needs)
      waiting = pending(waiting.map(([at], i) => [at, advance(at, supplies[i]!)] as const))
    } catch (error) {
      // Calls that are through keep their answers: what they did is done.
      for (const [at] of waiting) answers[at] = answerFor(error, () => {})
      env.report(error)
      waiting = []
    }
  }
  return answers
}

/** Runs steps that end in a value; what they throw is thrown on. */
export async function runSteps<T>(env: Env, steps: Steps<T>): Promise<T> {
  let step = steps.next()
  while (!step.done) {
    const [supplied] = await supply(env, [step.value])
    step = steps.next(supplied!)
  }
  return step.value
}

/** The answer for what was thrown: a refusal's own, or the one for what nobody expected. */
export function answerFor(error: unknown, report: (error: unknown) => void): Answer {
  if (error instanceof Refusal) return error.answer
  report(error)
  return INTERNAL_ERROR
}

/** Fetches what several calls need, each kind of need as one set, the ops in the order of the calls. */
async function supply({ engine, actor }: Env, needs: readonly Need[]): Promise<Supply[]> {
  const [results, drives, users, groups, tasks, uploads, emptyParts, versions] = await Promise.all([
    together(needs, 'ops', (ops) => engine.batch(actor, ops)),
    together(needs, 'drives', (ids) => engine.drives(actor, ids)),
    together(needs, 'users', (ids) => engine.users(actor.tenant, ids)),
    together(needs, 'groups', (ids) => engine.groups(actor.tenant, ids)),
    together(needs, 'tasks', (ids) => engine.tasks(actor, ids)),
    together(needs, 'uploads', (ids) => engine.uploads(actor, ids)),
    together(needs, 'emptyParts', (ids) => Promise.all(ids.map((id) => engine.writePart(id, 1, noBytes())))),
    together(needs, 'versions', (keys) => Promise.all(keys.map((key) => engine.openVersion(key)))),
  ])
  return needs.map((_, i) => ({
    results: results[i]!,
    drives: drives[i]!,
    users: users[i]!,
    groups: groups[i]!,
    tasks: tasks[i]!,
    uploads: uploads[i]!,
    emptyParts: emptyParts[i]!,
    versions: versions[i]!,
  }))
}

type Asked<Kind extends keyof Need> = NonNullable<Need[Kind]>[number]

/** One fetch for the lists of all needs; each need gets its stretch of the outcome. */
async function together<Kind extends keyof Need, Item>(
  needs: readonly Need[],
  kind: Kind,
  fetch: (asked: Asked<Kind>[]) => Promise<readonly Item[]>,
): Promise<Item[][]> {
  const lists = needs.map((need) => (need[kind] ?? []) as readonly Asked<Kind>[])
  const asked = lists.flat()
  const items = asked.length > 0 ? await fetch(asked) : []
  let from = 0
  return lists.map(({ length }) => {
    from += length
    return items.slice(from - length, from)
  })
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
