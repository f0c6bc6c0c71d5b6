/** Ways through a drive's nodes in the order of a search, step by step, so that whoever has found enough may stop. */
import { compareValues, ORDER_VALUES } from './cursor.ts'
import type { Probe } from './gram.ts'
import type { Drive, Node, NodeId, Outline } from './model.ts'
import type { OrderBy } from './op.ts'
import type { Store } from './port.ts'
import type { Leg } from './search-legs.ts'
import type { OrderedQuery, OrderPlace } from './search-port.ts'
import { holds, lyingIn, type Stretch, stretchesOf } from './search-stretches.ts'
import { parentsIn, testOf, type Where } from './where.ts'

export interface Step {
  /** Nodes looked at, none of them given before; with a probe, those that have its terms and perhaps others. */
  readonly nodes: readonly Outline[]
  /** How many were looked at. */
  readonly looked: number
  /** What is still to come has this value in the order, or a later one; null: there is nothing more. */
  readonly reached: string | number | null
}

export interface Walk {
  /** Whether nodes come in the very order of the search, ties too; otherwise only as `reached` tells. */
  readonly isExact: boolean
  /** What a node costs, as compared to one that comes from an index. */
  readonly cost: number
  /** What it costs to pass over a node that lacks terms; null where terms are not asked for. */
  readonly passingCost: number | null
  /** Looks at so many nodes more; with a probe at no more than it takes to find `enough` that have its terms. */
  step(limit: number, probe: Probe | null, enough?: number): Promise<Step>
}

/** The way in the order of a leg. */
export function walkOf(store: Store, drive: Drive, leg: Leg, descending: boolean): Walk {
  const [first, ...rest] = leg.order
  const { inFull } = testOf(leg.where)
  if (!first)
    return indexWalk(store, drive, { by: 'id', descending, after: startOf('id', leg, descending, true), inFull })
  const isExact = rest.length === 0 && first.descending === descending
  const folder = onlyParent(leg.where)
  const { by } = first
  if (by === 'kind') throw new Error('legs are not ordered by kind')
  const after = startOf(by, leg, first.descending, isExact)
  const way = { by, descending: first.descending, after, isExact, inFull }
  if (folder !== null) return folderWalk(store, drive, folder, way)
  return indexWalk(store, drive, { ...way, by }, stretchesOf(leg.where, by))
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
  /** Whether nodes are read whole. */
  readonly inFull: boolean
}

/** How many nodes are read at the beginning of a stretch, which may be empty. */
const ENTERED_MAX = 16

/** Along an index of the whole drive, from stretch to stretch of those in which anything can lie; null = all of it is one. */
export function indexWalk(
  store: Store,
  drive: Drive,
  { by, descending, after, isExact = true, inFull }: Way<Indexed>,
  stretches: readonly Stretch[] | null = null,
): Walk {
  const ways = stretches ?? [{ from: null, below: null }]
  const isMeant = stretches && by !== 'id' ? lyingIn(stretches, by) : () => true
  let at = after
  return {
    isExact,
    cost: 1,
    passingCost: store.searchCosts.passed,
    async step(limit, probe, enough = limit) {
      const found: Outline[] = []
      let looked = 0
      for (let left = limit; left > 0 && found.length < enough; ) {
        const from = entered(ways, at, descending)
        if (from === undefined) return { nodes: found, looked, reached: null }
        const reach = from === at ? left : Math.min(left, ENTERED_MAX)
        const query = {
          drive: drive.id,
          by,
          descending,
          after: from,
          probe,
          inFull,
          limit: reach,
          enough: enough - found.length,
        }
        const { nodes, looked: passed, next } = await store.read((tx) => tx.ordered(query))
        at = next
        looked += passed
        const inside = nodes.filter(isMeant)
        for (const node of inside) found.push(node)
        if (next === null) return { nodes: found, looked, reached: null }
        // What lies between two stretches does not count.
        if (inside.length > 0 || probe) left -= passed
      }
      return { nodes: found, looked, reached: at!.value }
    },
  }
}

/** A place, or where the next stretch begins when it lies in none; undefined when all lie behind it. */
function entered(
  stretches: readonly Stretch[],
  at: OrderPlace | null,
  descending: boolean,
): OrderPlace | null | undefined {
  if (at && stretches.some((stretch) => holds(stretch, at.value))) return at
  const edges = descending ? stretches.toReversed().map(({ below }) => below) : stretches.map(({ from }) => from)
  const edge = edges.find((edge) => {
    if (at === null) return true
    if (edge === null) return false
    return descending ? compareValues(edge, at.value) <= 0 : compareValues(edge, at.value) > 0
  })
  if (edge === undefined) return undefined
  return edge === null ? null : { value: edge, id: -1 as NodeId }
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
      at = last ? { value: ORDER_VALUES[by](last), id: last.id } : null
      return { nodes, looked: nodes.length, reached: at === null ? null : at.value }
    },
  }
}
