/**
 * Calls as steps. A call says, step by step, what it needs of the engine; the needs of all children of a batch at the same
 * step are fetched together, so that a batch costs as many trips to the engine as its longest call, whatever its size. A
 * single request is a batch of one: there is no second path.
 */
import type { Auth } from '../../auth/auth.ts'
import type {
  Actor,
  Drive,
  DriveId,
  Engine,
  Failed,
  Group,
  Link,
  LinkId,
  LinkPatch,
  LinkSpec,
  LinkUse,
  NodeId,
  NodeView,
  Op,
  OpenVersion,
  Ref,
  Result,
  StoredPart,
  Task,
  TaskId,
  Totals,
  Upload,
  UploadId,
  UploadPart,
  User,
} from '../../engine/index.ts'
import type { Caller } from './auth.ts'
import { type Answer, INTERNAL_ERROR, Refusal, tokenInvalid } from './error.ts'
import { type ContentKey, twinsOf } from './rapid.ts'
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
}

/** A share whose token the caller holds. */
export interface Share {
  readonly link: Link
  /** Has the rights the link lends and no others. */
  readonly holder: Actor
  /** The caller itself, with what the link lends on top; null for a visitor without an account here. */
  readonly member: Actor | null
}

/** What a call can ask for, and what answers it. */
interface Kinds {
  ops: [Op, Result]
  /** As they are now, whatever was remembered of them. */
  actors: [Actor, Actor]
  drives: [DriveId, Drive | null]
  /** Whether the actor may know of them. */
  concerns: [Drive, boolean]
  users: [string, User | null]
  groups: [string, Group | null]
  tasks: [TaskId, Task | null]
  uploads: [UploadId, { upload: Upload; parts: UploadPart[] } | null]
  /** Uploads whose only part is stored now, without a byte. */
  emptyParts: [UploadId, StoredPart | Failed]
  versions: [VersionKey, OpenVersion | Failed]
  links: [LinkId, Link | null]
  newLinks: [LinkSpec, Link | Failed]
  linkPatches: [{ id: LinkId; set: LinkPatch }, Link | Failed]
  /** Whether each was counted. */
  uses: [LinkUse, boolean]
  /** Uses that came to nothing. */
  returns: [LinkUse, null]
  /** Anything that has no set form. */
  waits: [() => Promise<Answer>, Answer]
  /** How much lies below folders. */
  totals: [Ref, Totals | Failed]
  /** Files with this content that the caller sees, in the drive named and in its own. */
  twins: [ContentKey, readonly NodeView[]]
  fills: [{ upload: UploadId; node: Ref }, Upload | Failed]
}
type Kind = keyof Kinds

/** What a call asks for in one step; each list is answered by one of the same length and order. */
export type Need = { readonly [K in Kind]?: readonly Kinds[K][0][] } & {
  /** As whom it asks; absent = the caller. */
  readonly actor?: Actor
}

/** The answers, each kind under its own name, those of ops as `results`. */
export type Supply = { readonly [K in Kind as K extends 'ops' ? 'results' : K]: readonly Kinds[K][1][] }

export interface VersionKey {
  readonly drive: DriveId
  readonly node: NodeId
  readonly version: number
}

const FETCH: {
  readonly [K in Kind]: (engine: Engine, actor: Actor, asked: Kinds[K][0][]) => Promise<readonly Kinds[K][1][]>
} = {
  ops: (engine, actor, ops) => engine.batch(actor, ops),
  actors: async (engine, _, actors) => {
    const current = async (actor: Actor) => [actor, await engine.current(actor)] as const
    const found = new Map(await Promise.all([...new Set(actors)].map(current)))
    return actors.map((actor) => found.get(actor)!)
  },
  drives: (engine, actor, ids) => engine.drives(actor, ids),
  concerns: (engine, actor, drives) => engine.concernsOf(actor, drives),
  users: (engine, { tenant }, ids) => engine.users(tenant, ids),
  groups: (engine, { tenant }, ids) => engine.groups(tenant, ids),
  tasks: (engine, actor, ids) => engine.tasks(actor, ids),
  uploads: (engine, actor, ids) => engine.uploads(actor, ids),
  emptyParts: (engine, _, ids) => Promise.all(ids.map((id) => engine.writePart(id, 1, noBytes()))),
  versions: (engine, _, keys) => Promise.all(keys.map((key) => engine.openVersion(key))),
  links: (engine, _, ids) => engine.links(ids),
  newLinks: (engine, actor, specs) => engine.createLinks(actor, specs),
  linkPatches: (engine, actor, patches) => engine.updateLinks(actor, patches),
  uses: (engine, _, uses) => engine.useLinks(uses),
  returns: (engine, _, uses) => engine.returnLinkUses(uses).then(() => uses.map(() => null)),
  totals: (engine, actor, refs) => engine.totals(actor, refs),
  twins: (engine, actor, keys) => Promise.all(keys.map((key) => twinsOf(engine, actor, key))),
  fills: (engine, actor, fills) => engine.fillUploads(actor, fills),
  waits: (_, __, waits) => Promise.all(waits.map((wait) => wait())),
}
const KINDS = Object.keys(FETCH) as Kind[]

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

/** What a need gets that asks for nothing. */
const NOTHING = Object.fromEntries(KINDS.map((kind) => [kind === 'ops' ? 'results' : kind, []])) as unknown as Supply

/** Fetches what several calls need, each kind of need as one set for each actor, in the order of the calls. */
async function supply({ engine, actor: caller }: Env, needs: readonly Need[]): Promise<Supply[]> {
  const actors = [...new Set(needs.map(({ actor = caller }) => actor))]
  const supplies = needs.map(() => ({ ...NOTHING }))
  const fetched = actors.map(async (actor) => {
    const own = needs.flatMap((need, at) => ((need.actor ?? caller) === actor ? [{ need, at }] : []))
    const asked = own.map(({ need }) => need)
    // Of the many kinds a step asks for one or two, and a batch has a hundred steps.
    const named = new Set(asked.flatMap((need) => Object.keys(need)))
    const kinds = KINDS.filter((kind) => named.has(kind))
    const ops = await together(engine, actor, 'ops', asked)
    // What is read by other ways comes after what the ops of the same step have written.
    const lists = await Promise.all(kinds.map((kind) => (kind === 'ops' ? ops : together(engine, actor, kind, asked))))
    for (const [k, kind] of kinds.entries()) {
      const name = kind === 'ops' ? 'results' : kind
      for (const [i, { at }] of own.entries()) (supplies[at] as Record<string, unknown>)[name] = lists[k]![i]
    }
  })
  await Promise.all(fetched)
  return supplies
}

/** One fetch for the lists of all needs; each need gets its stretch of the outcome. */
async function together<K extends Kind>(engine: Engine, actor: Actor, kind: K, needs: readonly Need[]) {
  const lists = needs.map((need) => (need[kind] ?? []) as readonly Kinds[K][0][])
  const asked = lists.flat()
  const items = asked.length > 0 ? await FETCH[kind](engine, actor, asked) : []
  let from = 0
  return lists.map(({ length }) => {
    from += length
    return items.slice(from - length, from)
  })
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
