/**
 * Searching: candidates from an index, judged by the conditions, put in order, and shown as far as the actor may see them.
 * The store only finds candidates; every rule is here or in the planner.
 */
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { type Stretch, sizeWalk, timeWalk } from './bucket.ts'
import { compareValues } from './cursor.ts'
import { fail } from './error.ts'
import { both, type Probe, probeOf, stretchProbe } from './gram.ts'
import { Heap } from './heap.ts'
import { isFailed } from './locate.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import type { NodeView } from './op.ts'
import type { Clock, NodeKey, Store } from './port.ts'
import type { Readings } from './readings.ts'
import { nodesInScope, type Place, placeOf, withinOf } from './search-place.ts'
import {
  SEARCH_DRIVES_MAX,
  SEARCH_ORDERS_MAX,
  type SearchCursor,
  type SearchOrder,
  type SearchPage,
  type SearchQuery,
} from './search-query.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'
import { matcher, whereProblem } from './where.ts'

/** Candidates read in the first go and in any; between two goes others are served. */
const CANDIDATES_PER_READ = 2000
const CANDIDATES_PER_READ_MAX = 8000
/** The fewest nodes whose visibility is asked for at once. */
const LOOKED_AT_MIN = 100

interface SearchContext {
  readonly store: Store
  readonly batch: RunBatch
  readonly clock: Clock
}

export function createSearch(store: Store, batch: RunBatch, clock: Clock): Pick<Readings, 'search'> {
  const context = { store, batch, clock }
  return {
    async search(actor, query) {
      const problem = queryProblem(query)
      if (problem) return fail('attribute_invalid', { detail: problem })
      const place = await placeOf(context, actor, query)
      if (place === null) return { items: [], next: null, total: query.count ? 0 : null }
      if (isFailed(place)) return place
      const seek: Seeking = { context, actor, place, query, compare: comparator(query.order) }
      const first = await firstPart(seek)
      return query.count ? countedPage(seek, first) : page(seek, first)
    },
  }
}

function queryProblem({ drives, where, order }: SearchQuery): string {
  if (drives.length > SEARCH_DRIVES_MAX) return 'drives'
  if (order.length > SEARCH_ORDERS_MAX) return 'order'
  return where && whereProblem(where) ? 'where' : ''
}

/** A node that meets the conditions, as far as the order needs it. */
interface Match {
  readonly drive: DriveId
  readonly id: NodeId
  readonly values: readonly (string | number)[]
}

/** One search at work. */
interface Seeking {
  readonly context: SearchContext
  readonly actor: Actor
  readonly place: Place
  readonly query: SearchQuery
  readonly compare: (a: SearchCursor, b: SearchCursor) => number
}

/**
 * A part of all there is to be found: everything in a later part comes after everything in it. So a page that the first
 * parts fill needs no look at the others.
 */
interface Part {
  readonly probe: Probe | null
  /** Candidates read already, when that is so. */
  readonly read: readonly Node[] | null
  /** Whether those are all. */
  readonly isWhole: boolean
  /** What comes after it. */
  readonly rest: readonly Stretch[]
  readonly births: readonly DriveId[]
}

/** All of it when it is little; else, where the order permits, so much as a page may need. */
async function firstPart({ context, place, query }: Seeking): Promise<Part> {
  const { where, order, count, cursor } = query
  const few = await nodesInScope(context.store, place, where)
  if (few) return { probe: null, read: few, isWhole: true, rest: [], births: [] }
  const births = await birthsIn(context.store, place)
  const probe = where && probeOf(where, births)
  const read = await candidates(context.store, place, probe, null)
  const isWhole = read.length < CANDIDATES_PER_READ
  const walk = isWhole || count ? [] : walkOf(order, context.clock(), cursor)
  const [next, ...rest] = walk
  if (!next) return { probe, read, isWhole, rest: [], births }
  return { probe: narrowed(probe, order, next, births), read: null, isWhole: false, rest, births }
}

/** The stretches of the first order that lie ahead; none for orders whose values no index knows. */
function walkOf(order: readonly SearchOrder[], now: number, cursor: SearchCursor | null): Stretch[] {
  const [first] = order
  if (first?.by !== 'created' && first?.by !== 'size') return []
  const falling = first.by === 'created' ? timeWalk(now) : sizeWalk()
  const from = cursor?.values[0]
  const isAhead = ({ from: low, until: high }: Stretch) =>
    typeof from !== 'number' || (first.descending ? low <= from : high >= from)
  return (first.descending ? falling : falling.toReversed()).filter(isAhead)
}

function narrowed(probe: Probe | null, [first]: readonly SearchOrder[], stretch: Stretch, births: readonly DriveId[]) {
  return both(probe, stretchProbe(first!.by as 'created' | 'size', stretch, births))
}

/** The part that follows; null after the last. */
function partAfter({ query: { where, order } }: Seeking, { rest, births }: Part): Part | null {
  const [next, ...more] = rest
  if (!next) return null
  const probe = where && probeOf(where, births)
  return { probe: narrowed(probe, order, next, births), read: null, isWhole: false, rest: more, births }
}

/** What of a part meets the conditions, in whatever order, seen or not. */
async function matchesIn({ context: { store }, place, query }: Seeking, part: Part): Promise<Match[]> {
  const meets = query.where ? matcher(query.where) : () => true
  const hidden = new Set(place.drives.flatMap(({ root, trash, grave }) => [root, trash, grave]))
  const found: Match[] = []
  const take = async (nodes: readonly Node[]) => {
    const taken = nodes.filter((node) => !hidden.has(node.id) && meets(node))
    const inside = place.below ? await withinOf(store, taken, place.below) : taken
    for (const node of inside) {
      found.push({ drive: node.drive, id: node.id, values: valuesOf(node, query.order) })
    }
  }
  await take(part.read ?? [])
  const last = part.read?.at(-1) ?? null
  if (!part.isWhole) await eachCandidates(store, place, part.probe, take, last)
  return found
}

/** The drives whose terms are to be sought: a node keeps those of its drive of birth. */
async function birthsIn(store: Store, { drives }: Place): Promise<DriveId[]> {
  const ids = drives.map(({ id }) => id)
  return [...new Set([...ids, ...(await store.read((tx) => tx.births(ids)))])]
}

function candidates(
  store: Store,
  place: Place,
  probe: Probe | null,
  after: NodeKey | null,
  limit = CANDIDATES_PER_READ,
) {
  const drives = place.drives.map(({ id }) => id)
  return store.read((tx) => tx.candidates({ drives, probe, after, limit }))
}

/** Reads the more in one go the more there is, for every go looks the probe up again. */
async function eachCandidates(
  store: Store,
  place: Place,
  probe: Probe | null,
  visit: (nodes: readonly Node[]) => Promise<void>,
  after: NodeKey | null,
  limit = CANDIDATES_PER_READ,
): Promise<void> {
  const nodes = await candidates(store, place, probe, after, limit)
  await visit(nodes)
  const last = nodes.at(-1)
  if (!last || nodes.length < limit) return
  const more = Math.min(2 * limit, CANDIDATES_PER_READ_MAX)
  return eachCandidates(store, place, probe, visit, { drive: last.drive, id: last.id }, more)
}

function valuesOf(node: Node, order: readonly SearchOrder[]): (string | number)[] {
  return order.map(({ by }) => VALUES[by](node))
}

const VALUES: Readonly<Record<SearchOrder['by'], (node: Node) => string | number>> = {
  name: ({ key }) => key,
  created: ({ createdAt }) => createdAt,
  updated: ({ updatedAt }) => updatedAt,
  size: ({ content }) => content?.size ?? 0,
  kind: ({ kind }) => kind,
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

/** A page and the number of all there is. */
async function countedPage(seek: Seeking, part: Part): Promise<SearchPage> {
  const found = await matchesIn(seek, part)
  const seen: Seen[] = []
  for (let from = 0; from < found.length; from += SIGHT_NODES_MAX) {
    seen.push(...(await visible(seek, found.slice(from, from + SIGHT_NODES_MAX))))
  }
  const shown = seen.filter(({ match }) => isAhead(seek, match)).sort((a, b) => seek.compare(a.match, b.match))
  return cut(seek, shown, seen.length)
}

/** Goes from part to part, and along each in its order, until the page is full. */
async function page(seek: Seeking, first: Part): Promise<SearchPage> {
  const { limit } = seek.query
  const shown: Seen[] = []
  for (let part: Part | null = first; part && shown.length <= limit; part = partAfter(seek, part)) {
    const found = await matchesIn(seek, part)
    const ahead = new Heap(
      found.filter((match) => isAhead(seek, match)),
      seek.compare,
    )
    for (let next = ahead.take(sliceOf(limit)); next.length > 0; next = ahead.take(sliceOf(limit))) {
      shown.push(...(await visible(seek, next)))
      if (shown.length > limit) break
    }
  }
  return cut(seek, shown, null)
}

/** One more than the page, to know whether another follows. */
const sliceOf = (limit: number) => Math.max(limit + 1, LOOKED_AT_MIN)

function isAhead({ query: { cursor }, compare }: Seeking, match: Match): boolean {
  return cursor === null || compare(match, cursor) > 0
}

function cut({ query: { limit } }: Seeking, shown: readonly Seen[], total: number | null): SearchPage {
  const items = shown.slice(0, limit)
  const last = items.at(-1)?.match
  const next = last && shown.length > limit ? { values: last.values, id: last.id } : null
  return { items: items.map(({ view }) => view), next, total }
}

interface Seen {
  readonly match: Match
  readonly view: NodeView
}

async function visible({ context: { batch }, actor, query }: Seeking, matches: readonly Match[]): Promise<Seen[]> {
  const views = await look(batch, actor, matches, query.trashed)
  return matches.flatMap((match, index) => {
    const view = views[index]
    return view ? [{ match, view }] : []
  })
}
