/** Ways through a drive's nodes in the order of a search, step by step, so that whoever has found enough may stop. */
import { compareValues } from './cursor.ts'
import type { Probe } from './gram.ts'
import type { Drive, Node, NodeId } from './model.ts'
import type { OrderBy } from './op.ts'
import type { OrderedQuery, OrderPlace, Store } from './port.ts'
import type { Leg } from './search-legs.ts'
import { holds, type KeyStretch, keyStretches } from './search-names.ts'
import type { Bounds, Where } from './where.ts'
import { boundsOf, parentsIn } from './where.ts'

export interface Step {
  /** Nodes looked at, none of them given before; with a probe, those that have its terms and perhaps others. */
  readonly nodes: readonly Node[]
  /**
   * What is still to come has this value in the order, or a later one; null: there is nothing more. undefined: this way cannot
   * tell what else there is.
   */
  readonly reached: string | number | null | undefined
}

export interface Walk {
  /** Whether nodes come in the very order of the search, ties too; otherwise only as `reached` tells. */
  readonly isExact: boolean
  /** What a node costs, as compared to one that comes from an index. */
  readonly cost: number
  /** What it costs to pass over a node that lacks terms; null where terms are not asked for. */
  readonly passingCost: number | null
  /** Looks at so many nodes more. */
  step(limit: number, probe: Probe | null): Promise<Step>
}

/** The way in the order of a leg. */
export function walkOf(store: Store, drive: Drive, leg: Leg, descending: boolean): Walk {
  const [first, ...rest] = leg.order
  if (!first) return indexWalk(store, drive, { by: 'id', descending, after: startOf('id', leg, descending, true) })
  const isExact = rest.length === 0 && first.descending === descending
  const folder = onlyParent(leg.where)
  const { by } = first
  if (by === 'kind') throw new Error('legs are not ordered by kind')
  const after = startOf(by, leg, first.descending, isExact)
  const way = { by, descending: first.descending, after, isExact }
  if (folder !== null) return folderWalk(store, drive, folder, way)
  if (by === 'name') return nameWalk(store, drive, { ...way, by }, keyStretches(leg.where))
  return indexWalk(store, drive, { ...way, by, bounds: boundsOf(leg.where, by) })
}

/** The one folder directly in which everything must lie. */
function onlyParent(where: Where | null): NodeId | null {
  const parents = parentsIn(where)
  return parents?.length === 1 ? parents[0]! : null
}

/** Where a leg begins: behind its cursor, with all that has the cursor's value where the order says more than this. */
function startOf(by: OrderBy | 'id', { cursor, depth }: Leg, descending: boolean, isExact: boolean): OrderPlace | null {
  const value = by === 'id' ? cursor?.id : cursor?.values[depth]
  // A cursor comes back from the client: one of another order begins at the beginning.
  if (!cursor || typeof value !== (by === 'name' ? 'string' : 'number')) return null
  const id = (isExact ? cursor.id : descending ? Number.MAX_SAFE_INTEGER : 0) as NodeId
  return { value: value!, id }
}

type Indexed = OrderedQuery['by']

interface Way<By> {
  readonly by: By
  readonly descending: boolean
  readonly after: OrderPlace | null
  readonly isExact?: boolean
  readonly bounds?: Bounds
}

/** Along an index of the whole drive, and no farther than what is sought can be. */
export function indexWalk(
  store: Store,
  drive: Drive,
  { by, descending, after, isExact = true, bounds }: Way<Indexed>,
): Walk {
  const { from, until } = bounds ?? EVERYWHERE
  let at = laterOf(after, descending, { from, until })
  const isBeyond = (value: string | number) => typeof value === 'number' && (descending ? value < from : value > until)
  return {
    isExact,
    cost: 1,
    passingCost: PASSING_COST[by],
    async step(limit, probe) {
      const query = { drive: drive.id, by, descending, after: at, probe, limit }
      const { nodes, next } = await store.read((tx) => tx.ordered(query))
      at = next
      return { nodes, reached: next === null || isBeyond(next.value) ? null : next.value }
    },
  }
}

/** By size, which folders have none of, SQLite finds each row again, as it does for any index of an expression. */
const PASSING_COST: Readonly<Record<Indexed, number>> = {
  name: 0.08,
  created: 0.08,
  updated: 0.08,
  id: 0.08,
  size: 0.3,
}

const EVERYWHERE: Bounds = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }

/** How many nodes are read at the beginning of a stretch, which may be empty. */
const ENTERED_MAX = 256

/** Along the names, from stretch to stretch of those that can be meant. */
function nameWalk(store: Store, drive: Drive, way: Way<'name'>, stretches: readonly KeyStretch[] | null): Walk {
  const { descending } = way
  const whole = indexWalk(store, drive, way)
  if (!stretches) return whole
  let at = way.after
  return {
    ...whole,
    async step(limit, probe) {
      for (;;) {
        const after = entered(stretches, at, descending)
        if (after === undefined) return { nodes: [], reached: null }
        const query = { drive: drive.id, by: 'name', descending, after, probe } as const
        const reach = after === at ? limit : Math.min(limit, ENTERED_MAX)
        const { nodes, next } = await store.read((tx) => tx.ordered({ ...query, limit: reach }))
        at = next
        const inside = nodes.filter(({ key }) => stretches.some((stretch) => holds(stretch, key)))
        if (next === null) return { nodes: inside, reached: null }
        // What lies between two stretches is not worth a step of its own.
        if (inside.length > 0) return { nodes: inside, reached: next.value }
      }
    },
  }
}

/** A place, or where the next stretch begins when it lies in none; undefined when all lie behind it. */
function entered(
  stretches: readonly KeyStretch[],
  at: OrderPlace | null,
  descending: boolean,
): OrderPlace | null | undefined {
  if (at && stretches.some((stretch) => holds(stretch, String(at.value)))) return at
  const isAhead = (edge: string | null) =>
    at === null ||
    (descending ? edge !== null && compareValues(edge, at.value) <= 0 : compareValues(edge!, at.value) > 0)
  const ahead = (descending ? stretches.toReversed() : stretches).find(({ from, below }) =>
    isAhead(descending ? below : from),
  )
  if (!ahead) return undefined
  const edge = descending ? ahead.below : ahead.from
  return edge === null ? null : { value: edge, id: -1 as NodeId }
}

/** Whichever comes later: a place, or where the bounds let the order begin. */
function laterOf(after: OrderPlace | null, descending: boolean, { from, until }: Bounds): OrderPlace | null {
  const edge = descending ? until : from
  if (!Number.isFinite(edge)) return after
  const start = { value: edge, id: (descending ? Number.MAX_SAFE_INTEGER : 0) as NodeId }
  if (after === null) return start
  const value = Number(after.value)
  return (descending ? value > edge : value < edge) ? start : after
}

/** One folder's children. */
function folderWalk(
  store: Store,
  drive: Drive,
  parent: NodeId,
  { by, descending, after, isExact }: Way<OrderBy>,
): Walk {
  let at = after
  return {
    isExact: isExact ?? true,
    cost: 1,
    passingCost: null,
    async step(limit) {
      const cursor = at && { after: { kind: 'file' as const, ...at } }
      const query = { drive: drive.id, parent, by, descending, foldersFirst: false, only: null, limit, cursor }
      const [nodes] = (await store.read((tx) => tx.pages([query]))) as [Node[]]
      const last = nodes.length < limit ? undefined : nodes.at(-1)!
      at = last ? { value: VALUES[by](last), id: last.id } : null
      return { nodes, reached: at === null ? null : at.value }
    },
  }
}

const VALUES: Readonly<Record<OrderBy, (node: Node) => string | number>> = {
  name: ({ key }) => key,
  created: ({ createdAt }) => createdAt,
  updated: ({ updatedAt }) => updatedAt,
  size: ({ content }) => content?.size ?? 0,
}
