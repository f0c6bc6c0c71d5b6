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
import type { Drive, DriveId, Node, NodeId } from './model.ts'
import type { NodeView } from './op.ts'
import type { Clock, NodeKey, Store } from './port.ts'
import type { Readings } from './readings.ts'
import { changeBound, changedSince, type LogLimits, latestNodes } from './search-log.ts'
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

/** How much is read at once; between two reads others are served. */
export interface SearchLimits extends LogLimits {
  /** Candidates read in the first go and in any. */
  readonly candidatesPerRead: number
  readonly candidatesPerReadMax: number
  /** A place with no more nodes than this below it is looked through node by node, without the index. */
  readonly scopeNodesMax: number
  /** How many candidates are read in the time in which a node is found by an entry of the log. */
  readonly logEntryCost: number
}

const LIMITS: SearchLimits = {
  candidatesPerRead: 2000,
  candidatesPerReadMax: 8000,
  scopeNodesMax: 2000,
  changesPerRead: 250,
  changesPerReadMax: 4000,
  changesMax: 12_000,
  logEntryCost: 3,
}

/** The fewest nodes whose visibility is asked for at once. */
const LOOKED_AT_MIN = 100

interface SearchContext {
  readonly store: Store
  readonly batch: RunBatch
  readonly clock: Clock
}

/** @param limits smaller ones for tests */
export function createSearch(store: Store, batch: RunBatch, clock: Clock, limits = LIMITS): Pick<Readings, 'search'> {
  const context = { store, batch, clock }
  return {
    async search(actor, query) {
      const problem = queryProblem(query)
      if (problem) return fail('attribute_invalid', { detail: problem })
      const place = await placeOf(context, actor, query)
      if (place === null) return { items: [], next: null, total: query.count ? 0 : null }
      if (isFailed(place)) return place
      const seek: Seeking = { context, actor, place, query, limits, compare: comparator(query.order) }
      return query.count ? countedPage(seek) : page(seek)
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
  readonly limits: SearchLimits
  readonly compare: (a: SearchCursor, b: SearchCursor) => number
}

/**
 * What meets the conditions, seen or not, in parts: everything in a later part comes after everything in an earlier one. So
 * a page that the first parts fill needs no look at the others.
 */
async function* partsOf(seek: Seeking): AsyncGenerator<Match[], void> {
  const { context, place, query, limits } = seek
  const { store, clock } = context
  const { where, order, count, cursor } = query
  const few = await nodesInScope(store, place, where, limits.scopeNodesMax)
  if (few) return yield matches(seek, few)
  const births = await birthsIn(store, place)
  const probe = where && probeOf(where, births)
  const read = await candidates(seek, probe, null, limits.candidatesPerRead)
  if (read.length < limits.candidatesPerRead) return yield matches(seek, read)
  const [drive, ...others] = place.drives
  const since = changeBound(where)
  const [first] = order
  const isLatestFirst = first?.by === 'updated' && first.descending && others.length === 0 && !count
  if (isLatestFirst && (since !== null || (await isDense(seek, read, drive!)))) {
    return yield* latestParts(seek, probe, drive!, since ?? Number.NEGATIVE_INFINITY)
  }
  const changed = since !== null && others.length === 0 ? await changedSince(store, drive!, since, limits) : null
  if (changed) return yield matches(seek, changed)
  if (count || !first) return yield allMatches(seek, probe)
  if (first.by !== 'created' && first.by !== 'size') return yield allMatches(seek, probe)
  for (const stretch of walkOf(first, clock(), cursor)) {
    yield allMatches(seek, both(probe, stretchProbe(first.by, stretch, births)))
  }
}

/**
 * Whether so much is found that going along the log, of which every entry is looked at, fills a page sooner than looking at
 * all that is found. What the first candidates are like, the others are taken to be; a drive has about as many nodes as changes.
 */
async function isDense(seek: Seeking, read: readonly Node[], drive: Drive): Promise<boolean> {
  const share = (await matches(seek, read)).length / (read.at(-1)!.id - read[0]!.id + 1)
  const alongTheLog = ((seek.query.limit + 1) * seek.limits.logEntryCost) / share
  return alongTheLog < share * drive.seq
}

/**
 * By the time of the last change, as the log has it; and where the log leaves off, all that is left at once.
 * @param bound nothing that was changed before is meant
 */
async function* latestParts(
  seek: Seeking,
  probe: Probe | null,
  drive: Drive,
  bound: number,
): AsyncGenerator<Match[], void> {
  let until = Number.POSITIVE_INFINITY
  for await (const { nodes, since } of latestNodes(seek.context.store, drive, seek.limits)) {
    until = since
    yield matches(seek, nodes)
    if (since <= bound) return
  }
  if (until > Number.NEGATIVE_INFINITY) {
    yield (await allMatches(seek, probe)).filter(({ values: [updated] }) => (updated as number) < until)
  }
}

/** All times or sizes from the cursor on, in stretches. */
function walkOf({ by, descending }: SearchOrder, now: number, cursor: SearchCursor | null): Stretch[] {
  const falling = by === 'created' ? timeWalk(now) : sizeWalk()
  const at = cursor?.values[0]
  const isAhead = ({ from, until }: Stretch) => typeof at !== 'number' || (descending ? from <= at : until >= at)
  return (descending ? falling : falling.toReversed()).filter(isAhead)
}

/** Those of the nodes that meet the conditions. */
async function matches({ context: { store }, place, query }: Seeking, nodes: readonly Node[]): Promise<Match[]> {
  const meets = query.where ? matcher(query.where) : () => true
  const hidden = new Set(place.drives.flatMap(({ root, trash, grave }) => [root, trash, grave]))
  const taken = nodes.filter((node) => !hidden.has(node.id) && meets(node))
  const inside = place.below ? await withinOf(store, taken, place.below) : taken
  return inside.map((node) => ({ drive: node.drive, id: node.id, values: valuesOf(node, query.order) }))
}

/** Everything a probe leads to that meets the conditions. Reads the more in one go the more there is. */
async function allMatches(seek: Seeking, probe: Probe | null): Promise<Match[]> {
  const { candidatesPerRead, candidatesPerReadMax } = seek.limits
  const found: Match[] = []
  let after: NodeKey | null = null
  for (let limit = candidatesPerRead; ; limit = Math.min(2 * limit, candidatesPerReadMax)) {
    const nodes: Node[] = await candidates(seek, probe, after, limit)
    for (const match of await matches(seek, nodes)) found.push(match)
    const last = nodes.at(-1)
    if (!last || nodes.length < limit) return found
    after = { drive: last.drive, id: last.id }
  }
}

/** The drives whose terms are to be sought: a node keeps those of its drive of birth. */
async function birthsIn(store: Store, { drives }: Place): Promise<DriveId[]> {
  const ids = drives.map(({ id }) => id)
  return [...new Set([...ids, ...(await store.read((tx) => tx.births(ids)))])]
}

function candidates({ context: { store }, place }: Seeking, probe: Probe | null, after: NodeKey | null, limit: number) {
  const drives = place.drives.map(({ id }) => id)
  return store.read((tx) => tx.candidates({ drives, probe, after, limit }))
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
async function countedPage(seek: Seeking): Promise<SearchPage> {
  const seen: Seen[] = []
  for await (const found of partsOf(seek)) {
    for (let from = 0; from < found.length; from += SIGHT_NODES_MAX) {
      seen.push(...(await visible(seek, found.slice(from, from + SIGHT_NODES_MAX))))
    }
  }
  const shown = seen.filter(({ match }) => isAhead(seek, match)).sort((a, b) => seek.compare(a.match, b.match))
  return cut(seek, shown, seen.length)
}

/** Goes from part to part, and along each in its order, until the page is full. */
async function page(seek: Seeking): Promise<SearchPage> {
  const { limit } = seek.query
  const shown: Seen[] = []
  for await (const found of partsOf(seek)) {
    const ahead = new Heap(
      found.filter((match) => isAhead(seek, match)),
      seek.compare,
    )
    for (let next = ahead.take(sliceOf(limit)); next.length > 0; next = ahead.take(sliceOf(limit))) {
      shown.push(...(await visible(seek, next)))
      if (shown.length > limit) return cut(seek, shown, null)
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
