/**
 * Calls as steps. A call says, step by step, what it needs of the engine; the needs of all children of a batch at the same
 * step are fetched together, so that a batch costs as many trips to the engine as its longest call, whatever its size. A
 * single request is a batch of one: there is no second path.
 */
import type { Auth } from '../../auth/auth.ts'
import type { Actor, Engine, Link } from '../../engine/index.ts'
import type { PictureExtents } from '../../http/picture-extent.ts'
import type { Caller } from './auth.ts'
import { type Answer, INTERNAL_ERROR, Refusal, tokenInvalid } from './error.ts'
import { type Need, type Supply, supply } from './need.ts'
import type { Body } from './request.ts'

/** What a call may know of the request it came in. */
export interface Env {
  readonly engine: Engine
  readonly actor: Actor
  /** The caller's user id; '' when the credential stands for no user. */
  readonly user: string
  /** What the credential may do at most, in this API's words; empty means all. */
  readonly scopes: readonly string[]
  /** Null for whoever came without an account. */
  readonly caller: Caller | null
  /** The share whose token came along. */
  readonly visit: Share | null
  /** The share the call goes through; null when it goes by the caller's own rights. */
  readonly share: Share | null
  /** What signed URLs begin with. */
  readonly origin: string
  /** ms since 1970 */
  readonly now: number
  /** Takes down what nobody expected. */
  readonly report: (error: unknown) => void
  readonly auth: Auth
  readonly extents: PictureExtents
}

/** A share whose token the caller holds. */
export interface Share {
  readonly link: Link
  /** Has the rights the link lends and no others. */
  readonly holder: Actor
  /** The caller itself, with what the link lends on top; null for a visitor without an account here. */
  readonly member: Actor | null
}

/** A part of a call that ends in a value. */
export type Steps<T> = Generator<Need, T, Supply>
export type Call = Steps<Answer>

export interface EndpointFacts {
  /** Below `/v2`; also the `url` of a child of a batch. */
  readonly url: `/${string}`
  /** The vendor's name for the call. */
  readonly operation: string
  readonly coverage: string
  /** The documented scope a limited credential must hold; '' = any. */
  readonly scope: string
  /** Who may call beside whoever has an account: holders of a share's token, or anybody. */
  readonly guests?: 'share' | 'anybody'
  /** Decides by what its caller is before the engine does, and so is given the actor as it is now. */
  readonly decides?: true
}

/**
 * Which calls of a batch may run side by side: neighbours of one kind. Calls about files see each other's doings in order
 * through the planner, so all of them are one kind; of the others each endpoint is one by itself.
 */
export function companyOf(endpoint: Endpoint): string {
  return 'steps' in endpoint && !endpoint.apart ? FILES : endpoint.url
}

export const FILES = 'files'

/** An endpoint whose needs are fetched together with those of its neighbours in a batch. */
export interface SteppedEndpoint extends EndpointFacts {
  steps(body: Body, env: Env): Call
  /** Writes or reads what the planner does not order. */
  readonly apart?: true
}

/** An endpoint with a way of its own. */
export interface DirectEndpoint extends EndpointFacts {
  run(body: Body, env: Env): Promise<Answer>
}

export type Endpoint = SteppedEndpoint | DirectEndpoint

/** A call under way, and on whose behalf. */
export interface Running {
  readonly env: Env
  readonly call: Call
}

/** Runs calls to their ends, all of them a step at a time; one answer a call, in the same order. */
export async function runCalls(report: Env['report'], calls: readonly Running[]): Promise<Answer[]> {
  const answers: Answer[] = []
  const advance = (at: number, supply?: Supply): Need | null => {
    const { call, env } = calls[at]!
    try {
      const step = supply ? call.next(supply) : call.next()
      if (!step.done) return { actor: env.actor, ...step.value }
      answers[at] = step.value
    } catch (error) {
      answers[at] = answerFor(error, report)
    }
    return null
  }
  const pending = (steps: (readonly [number, Need | null])[]) =>
    steps.filter((step): step is readonly [number, Need] => step[1] !== null)

  let waiting = pending(calls.map((_, at) => [at, advance(at)] as const))
  while (waiting.length > 0) {
    try {
      const needs = waiting.map(([, need]) => need)
      const supplies = await supply(calls[0]!.env, needs)
      waiting = pending(waiting.map(([at], i) => [at, advance(at, supplies[i]!)] as const))
    } catch (error) {
      // Calls that are through keep their answers: what they did is done.
      for (const [at] of waiting) answers[at] = answerFor(error, () => {})
      report(error)
      waiting = []
    }
  }
  return answers
}

/** The call of an endpoint, whatever its form. */
export function* callTo(endpoint: Endpoint, body: Body, given: Env): Call {
  const env = endpoint.decides ? yield* asOfNow(given) : given
  if ('steps' in endpoint) return yield* endpoint.steps(body, env)
  const { waits } = yield { waits: [() => answerOf(endpoint, body, env)] }
  return waits[0]!
}

/** Another process may have made the caller more, less or nobody since it was remembered. */
function* asOfNow(env: Env): Steps<Env> {
  const { actors } = yield { actors: [env.actor] }
  const actor = actors[0]!
  // Nobody is of no tenant.
  if (env.caller && !actor.tenant) throw new Refusal(tokenInvalid('Its user is gone or disabled.'))
  return { ...env, actor }
}

/** What goes wrong in one call is its own answer, not its neighbours'. */
async function answerOf(endpoint: DirectEndpoint, body: Body, env: Env): Promise<Answer> {
  try {
    return await endpoint.run(body, env)
  } catch (error) {
    return answerFor(error, env.report)
  }
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
