/** What calls need of the engine: asked for step by step, and fetched as sets. */
import { inBatches } from '../../engine/batches.ts'
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
import type { Env } from './call.ts'
import type { Answer } from './error.ts'
import { type ContentKey, twinsOf } from './rapid.ts'

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
  // Every child of a batch may look at a hundred nodes.
  ops: (engine, actor, ops) => inBatches(ops, (some) => engine.batch(actor, some)),
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

/** What a need gets that asks for nothing. */
const NOTHING = Object.fromEntries(KINDS.map((kind) => [kind === 'ops' ? 'results' : kind, []])) as unknown as Supply

/** Fetches what several calls need, each kind of need as one set for each actor, in the order of the calls. */
export async function supply({ engine, actor: caller }: Env, needs: readonly Need[]): Promise<Supply[]> {
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
