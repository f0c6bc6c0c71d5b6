/**
 * Searching: nodes from an index, judged by the conditions, put in order, and shown as far as the actor may see them. The store
 * only finds nodes; every rule is here or in the planner.
 */
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { compareValues } from './cursor.ts'
import { fail } from './error.ts'
import { Heap } from './heap.ts'
import { isFailed } from './locate.ts'
import type { DriveId, NodeId } from './model.ts'
import type { NodeView } from './op.ts'
import type { Store } from './port.ts'
import type { Readings } from './readings.ts'
import { countIn } from './search-count.ts'
import { partsOf } from './search-parts.ts'
import { type Place, placesOf } from './search-place.ts'
import {
  SEARCH_DRIVES_MAX,
  SEARCH_ORDERS_MAX,
  type SearchCursor,
  type SearchOrder,
  type SearchPage,
  type SearchQuery,
} from './search-query.ts'
import { Region } from './search-region.ts'
import type { Match, SearchLimits, Seeking } from './search-seek.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'
import { whereProblem } from './where.ts'

const LIMITS: SearchLimits = {
  nodesPerReadMin: 256,
  nodesPerReadMax: 4000,
  nodesPassedPerReadMax: 40_000,
  scopeNodesMax: 500,
  foldersMax: 2_000,
  lyingNodesMax: 6_000,
  termedNodesMax: 3000,
}

/** The fewest nodes whose visibility is asked for at once. */
const LOOKED_AT_MIN = 100

interface SearchContext {
  readonly store: Store
  readonly batch: RunBatch
}

/** @param limits smaller ones for tests */
export function createSearch(store: Store, batch: RunBatch, limits = LIMITS): Pick<Readings, 'search'> {
  const context = { store, batch }
  return {
    async search(actor, query) {
      const problem = queryProblem(query)
      if (problem) return fail('attribute_invalid', { detail: problem })
      const places = await placesOf(context, actor, query)
      if (isFailed(places)) return places
      const finds = await Promise.all(places.map((place) => findIn(context, actor, query, place, limits)))
      return merged(query, finds)
    },
  }
}

function queryProblem({ drives, where, order }: SearchQuery): string {
  if (drives.length > SEARCH_DRIVES_MAX) return 'drives'
  if (order.length > SEARCH_ORDERS_MAX) return 'order'
  return where && whereProblem(where) ? 'where' : ''
}

/** What one drive has for a page: its own first ones, one more than the page holds, in order. */
interface Find {
  readonly shown: readonly Seen[]
  /** How many there are on all pages; 0 when that was not asked for. */
  readonly total: number
}

interface Seen {
  readonly match: Match
  readonly view: NodeView
}

async function findIn(
  { store, batch }: SearchContext,
  actor: Actor,
  query: SearchQuery,
  place: Place,
  limits: SearchLimits,
): Promise<Find> {
  const drive = place.drive.id
  const births = [...new Set([drive, ...(await store.read((tx) => tx.births([drive])))])]
  const region = new Region(store, place)
  await region.explore(limits.foldersMax)
  const seek: Seeking = {
    store,
    place,
    region,
    query,
    limits,
    births,
    counts: new Map(),
    compare: comparator(query.order),
  }
  const shown = await firstOnes(seek, (matches) => visible(batch, actor, query, matches))
  return { shown, total: query.count ? await countIn(seek, batch, actor) : 0 }
}

/** The pages of several drives as one: what comes first in any of them comes first. */
function merged({ limit, order, count }: SearchQuery, finds: readonly Find[]): SearchPage {
  const compare = comparator(order)
  const shown = finds.flatMap((find) => find.shown)
  if (finds.length > 1) shown.sort((a, b) => compare(a.match, b.match))
  const items = shown.slice(0, limit)
  const last = items.at(-1)?.match
  const next = last && shown.length > limit ? { values: last.values, id: last.id } : null
  const total = count ? finds.reduce((sum, find) => sum + find.total, 0) : null
  return { items: items.map(({ view }) => view), next, total }
}

type See = (matches: readonly Match[]) => Promise<Seen[]>

/** Goes from part to part, and along each in its order, until the page is full. */
async function firstOnes(seek: Seeking, see: See): Promise<Seen[]> {
  const wanted = seek.query.limit + 1
  let slice = Math.max(wanted, LOOKED_AT_MIN)
  const shown: Seen[] = []
  for await (const found of partsOf(seek)) {
    const ahead = new Heap(
      found.filter((match) => isAhead(seek, match)),
      seek.compare,
    )
    for (let next = ahead.take(slice); next.length > 0; next = ahead.take(slice)) {
      const inside = await seek.region.inside(next)
      shown.push(...(await see(inside)))
      // Where most lies elsewhere, more is asked for at once.
      if (2 * inside.length < next.length) slice = Math.min(2 * slice, SIGHT_NODES_MAX)
      if (shown.length >= wanted) return shown.slice(0, wanted)
    }
  }
  return shown
}

function isAhead({ query: { cursor }, compare }: Seeking, match: Match): boolean {
  return cursor === null || compare(match, cursor) > 0
}

function comparator(order: readonly SearchOrder[]): (a: SearchCursor, b: SearchCursor) => number {
  const signs = order.map(({ descending }) => (descending ? -1 : 1))
  const last = signs[0] ?? 1
  return (a, b) => {
    for (const [index, sign] of signs.entries()) {
      const difference = compareValues(a.values[index]!, b.values[index]!)
      if (difference !== 0) return sign * difference
    }
    return last * (a.id - b.id)
  }
}

async function visible(
  batch: RunBatch,
  actor: Actor,
  { trashed }: SearchQuery,
  matches: readonly Match[],
): Promise<Seen[]> {
  const refs = matches.map(({ drive, id }: { drive: DriveId; id: NodeId }) => ({ drive, id }))
  const views = await look(batch, actor, refs, trashed)
  return matches.flatMap((match, index) => {
    const view = views[index]
    return view ? [{ match, view }] : []
  })
}
