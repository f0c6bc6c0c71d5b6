/** Ways to all nodes that can be meant, in no order: each ends sooner or later, and then everything is known. */
import { type Probe, probeOf } from './gram.ts'
import type { DriveId, Node, NodeId, Outline } from './model.ts'
import type { ReadTx, Store } from './port.ts'
import type { Place } from './search-place.ts'
import { lyingIn, stretchesOf } from './search-stretches.ts'
import { indexWalk, type Walk } from './search-walk.ts'
import { testOf, type Where } from './where.ts'

export interface Source {
  /** The terms by which it finds. */
  readonly probe?: Probe
  /** Whether it leads to what lies where is looked, which the node alone does not tell: to all of it, or to what has the terms. */
  readonly leadsBelow?: 'to all' | 'by terms'
  /** Whether a node is one of those this leads to. */
  readonly admits: (node: Outline) => boolean
  /** What a node costs, as compared to one that comes from an index. */
  readonly cost: number
  /** About so many nodes more, none of them given before; null: there are no more. undefined: it is too much to give any of it. */
  next(limit: number): Promise<readonly Outline[] | null | undefined>
}

export interface SourceContext {
  readonly store: Store
  readonly place: Place
  readonly where: Where | null
  readonly births: readonly DriveId[]
  /** See Region. */
  readonly folders: readonly NodeId[] | null
  /** See SearchLimits. */
  readonly lyingMax: number
}

/** Nodes lie in the order of their ids, so that one follows the other where it is read. */
const BY_ID_COST = 0.5

/** Everything that leads to all that meets the conditions: what leads exactly there first, the whole drive last. */
export function sourcesOf(context: SourceContext): Source[] {
  const { store, place, where } = context
  const { drive, scope } = place
  const probe = where && probeOf(where, context.births)
  const { inFull } = testOf(where)
  const bounded = (['name', 'created', 'updated', 'size'] as const).flatMap((by): Source[] => {
    const stretches = stretchesOf(where, by)
    if (!stretches) return []
    const walk = indexWalk(store, drive, { by, descending: false, after: null, inFull }, stretches)
    return [walked(walk, lyingIn(stretches, by))]
  })
  return [
    ...bounded,
    ...(probe ? [found(context, probe)] : []),
    ...(probe && context.folders ? [lying(context, probe)] : []),
    ...(scope ? [sourceBelow(store, place)] : []),
    {
      ...walked(indexWalk(store, drive, { by: 'id', descending: false, after: null, inFull }), () => true),
      cost: BY_ID_COST,
    },
  ]
}

/** All there is along a way. */
function walked(walk: Walk, admits: (node: Outline) => boolean): Source {
  let isAtEnd = false
  return {
    admits,
    cost: walk.cost,
    async next(limit) {
      if (isAtEnd) return null
      const { nodes, reached } = await walk.step(limit, null)
      isAtEnd = reached === null
      return nodes
    },
  }
}

/** By terms. */
function found({ store, place: { drive }, where }: SourceContext, probe: Probe): Source {
  const { inFull, meets } = testOf(where)
  let after: NodeId | 0 = 0
  let isAtEnd = false
  return {
    probe,
    admits: meets,
    cost: 1,
    async next(limit) {
      if (isAtEnd) return null
      const query = { drive: drive.id, probe, after, inFull, limit }
      const nodes: Outline[] = await store.read((tx) => tx.candidates(query))
      isAtEnd = nodes.length < limit
      after = nodes.at(-1)?.id ?? after
      return nodes
    },
  }
}

/** By terms, of what lies where is looked: all at once, or not at all. */
function lying(context: SourceContext, probe: Probe): Source {
  let isAtEnd = false
  return {
    leadsBelow: 'by terms',
    admits: testOf(context.where).meets,
    cost: 1,
    async next() {
      if (isAtEnd) return null
      const nodes = await allLying(context, probe, context.lyingMax)
      isAtEnd = nodes !== null
      return nodes ?? undefined
    },
  }
}

/**
 * All that lies where is looked and has the terms (null = all); null when it is more than so many nodes, or the folders there are not
 * known.
 */
export async function allLying(
  { store, place, where, folders }: SourceContext,
  probe: Probe | null,
  nodesMax: number,
): Promise<Outline[] | null> {
  if (!folders) return null
  const { inFull } = testOf(where)
  const query = { drive: place.drive.id, folders, probe, inFull, limit: nodesMax + 1 }
  const nodes = await store.read(async (tx) => [...(await tops(tx, place)), ...(await tx.lying(query))])
  return nodes.length > nodesMax ? null : once(nodes)
}

/** What was granted, and is found itself; what lies below a folder is not the folder. */
async function tops(tx: ReadTx, { drive: { id: drive }, scope, below }: Place): Promise<Node[]> {
  if (below !== null || scope === null) return []
  const ids = new Set(scope)
  const chains = await tx.chains(scope.map((id) => ({ drive, id, follow: false })))
  return chains.filter(({ id }) => ids.has(id))
}

/** Of the same node the last. */
function once<Found extends Outline>(nodes: readonly Found[]): Found[] {
  return [...new Map(nodes.map((node) => [node.id, node])).values()]
}

/** Below a folder nodes are found level by level, and more of them than are wanted. */
const BELOW_COST = 4

/** What lies below the folders looked through. They are read from the top each time, twice as far as the time before. */
function sourceBelow(store: Store, place: Place): Source {
  const keys = (place.scope ?? []).map((id) => ({ drive: place.drive.id, id }))
  const given = new Set<NodeId>()
  let isAtEnd = false
  return {
    leadsBelow: 'to all',
    admits: () => true,
    cost: BELOW_COST,
    async next(limit) {
      if (isAtEnd) return null
      const wanted = Math.max(limit, 2 * given.size)
      const nodes = await store.read(async (tx) => {
        const under = await tx.subtrees(keys, wanted)
        isAtEnd = under.length < wanted
        return given.size > 0 ? under : [...(await tops(tx, place)), ...under]
      })
      const fresh = once(nodes.filter(({ id }) => !given.has(id)))
      for (const { id } of fresh) given.add(id)
      return fresh
    },
  }
}
