/**
 * Searching: candidates from an index, judged by the conditions, put in order, and shown as far as the actor may see them.
 * The store only finds candidates; every rule is here or in the planner.
 */
import { grantees, ownsDrive, seesDrive } from './access.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { compareValues } from './cursor.ts'
import { fail } from './error.ts'
import { type Probe, probeOf } from './gram.ts'
import { isFailed } from './locate.ts'
import type { Drive, DriveId, Node, NodeId } from './model.ts'
import type { Failed, NodeView } from './op.ts'
import type { Clock, NodeKey, ReadTx, Store } from './port.ts'
import type { Readings } from './readings.ts'
import {
  SEARCH_DRIVES_MAX,
  SEARCH_ORDERS_MAX,
  type SearchCursor,
  type SearchOrder,
  type SearchPage,
  type SearchQuery,
} from './search-query.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'
import { matcher, type Where, whereProblem } from './where.ts'

/** Candidates read in one go; between two goes others are served. */
const CANDIDATES_PER_READ = 2000
/** A place with no more nodes than this below it is looked through node by node, without the index. */
const SCOPE_NODES_MAX = 2000
/** Grants from which such places are made out. */
const SCOPE_GRANTS_MAX = 200
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
      const found = await collect(context, place, query)
      return pageOf(context, actor, query, found)
    },
  }
}

function queryProblem({ drives, where, order }: SearchQuery): string {
  if (drives.length > SEARCH_DRIVES_MAX) return 'drives'
  if (order.length > SEARCH_ORDERS_MAX) return 'order'
  return where && whereProblem(where) ? 'where' : ''
}

/** Where to look. */
interface Place {
  readonly drives: readonly Drive[]
  /** Only nodes below this folder. */
  readonly below: NodeKey | null
  /** Nodes at or below which everything lies that can be found; null when that is not known or no help. */
  readonly scope: readonly NodeKey[] | null
}

async function placeOf(
  { store, batch }: SearchContext,
  actor: Actor,
  { drives: ids, below: ref, trashed }: SearchQuery,
): Promise<Place | Failed | null> {
  const rows = await store.read((tx) => tx.drives([...new Set(ids)]))
  const drives = rows.filter((drive) => seesDrive(actor, drive))
  if (ref) {
    const [view] = await look(batch, actor, [ref], trashed === 'only' ? 'any' : 'no')
    const drive = drives.find(({ id }) => id === view?.node.drive)
    if (!view || !drive) return fail('node_not_found')
    if (view.node.kind !== 'folder') return fail('wrong_kind', { node: view.node.id })
    const below = { drive: drive.id, id: view.node.id }
    return { drives: [drive], below, scope: [below] }
  }
  if (drives.length === 0) return null
  if (trashed === 'only')
    return { drives, below: null, scope: drives.map(({ id, trash }) => ({ drive: id, id: trash })) }
  if (drives.some((drive) => ownsDrive(actor, drive))) return { drives, below: null, scope: null }
  const scope = await grantedPlaces(store, actor, drives)
  return scope?.length === 0 ? null : { drives, below: null, scope }
}

/** Where an actor that owns none of the drives may see anything; null when that is too much to say. */
async function grantedPlaces(store: Store, actor: Actor, drives: readonly Drive[]): Promise<NodeKey[] | null> {
  const { tenant } = actor
  const subjects = grantees(actor)
  const page = { tenant, side: 'to', subjects, after: null, limit: SCOPE_GRANTS_MAX } as const
  const grants = await store.read((tx) => tx.grantPage(page))
  if (grants.length === SCOPE_GRANTS_MAX) return null
  const ids = new Set(drives.map(({ id }) => id))
  const lent = (actor.lent?.nodes ?? []).map(({ drive, node }) => ({ drive, id: node }))
  const given = grants.map(({ drive, node }) => ({ drive, id: node }))
  return [...lent, ...given].filter(({ drive }) => ids.has(drive))
}

/** A node that meets the conditions, as far as the order needs it. */
interface Match {
  readonly drive: DriveId
  readonly id: NodeId
  readonly values: readonly (string | number)[]
}

/** Everything that meets the conditions, in whatever order, seen or not. */
async function collect(context: SearchContext, place: Place, query: SearchQuery): Promise<Match[]> {
  const meets = query.where ? matcher(query.where) : () => true
  const hidden = new Set(place.drives.flatMap(({ root, trash, grave }) => [root, trash, grave]))
  const take = (nodes: readonly Node[]) => nodes.filter((node) => !hidden.has(node.id) && meets(node))
  const match = (node: Node): Match => ({ drive: node.drive, id: node.id, values: valuesOf(node, query.order) })
  const few = await nodesInScope(context.store, place, query.where)
  if (few) return take(few).map(match)
  const probe = query.where && (await probeIn(context, place, query.where))
  const found: Match[] = []
  await eachCandidates(context.store, place, probe, async (nodes) => {
    const taken = take(nodes)
    const inside = place.below ? await withinOf(context.store, taken, place.below) : taken
    for (const node of inside) found.push(match(node))
  })
  return found
}

/** All nodes that can be meant, when they are few enough to be looked at one by one; null otherwise. */
async function nodesInScope(
  store: Store,
  { drives, below, scope }: Place,
  where: Where | null,
): Promise<Node[] | null> {
  const parents = parentsIn(where)
  const ids = new Set(drives.map(({ id }) => id))
  const folders = parents && drives.flatMap((drive) => parents.map((id): NodeKey => ({ drive: drive.id, id })))
  if (folders && folders.length <= SCOPE_GRANTS_MAX) {
    const children = await store.read((tx) => childrenOf(tx, folders))
    if (children) return children
  }
  if (!scope) return null
  return store.read(async (tx) => {
    const under = await tx.subtrees(scope, SCOPE_NODES_MAX + 1)
    if (under.length > SCOPE_NODES_MAX) return null
    const tops = await tx.chains(scope.map((key) => ({ ...key, follow: false })))
    // What lies below a folder is not the folder itself; what is granted is.
    const wanted = new Set(below ? [] : scope.map(({ id }) => id))
    const all = [...tops.filter(({ id }) => wanted.has(id)), ...under].filter(({ drive }) => ids.has(drive))
    return [...new Map(all.map((node) => [node.id, node])).values()]
  })
}

/** The folders directly in which everything must lie; null when the conditions do not say. */
function parentsIn(where: Where | null): readonly NodeId[] | null {
  if (!where) return null
  if ('all' in where) return where.all.map(parentsIn).find((parents) => parents !== null) ?? null
  return 'field' in where && where.field === 'parent' ? where.in : null
}

/** The children of folders; null when they are too many to be read in one go. */
async function childrenOf(tx: ReadTx, folders: readonly NodeKey[]): Promise<Node[] | null> {
  const order = { by: 'name', descending: false, foldersFirst: false, only: null } as const
  const limit = SCOPE_NODES_MAX + 1
  const pages = await tx.pages(folders.map(({ drive, id }) => ({ ...order, drive, parent: id, limit, cursor: null })))
  const children = pages.flat()
  return children.length > SCOPE_NODES_MAX ? null : children
}

/** What the index is asked for. Terms begin with the drive of birth, so those of all who were born elsewhere are sought too. */
async function probeIn({ store, clock }: SearchContext, { drives }: Place, where: Where): Promise<Probe | null> {
  const ids = drives.map(({ id }) => id)
  const births = await store.read((tx) => tx.births(ids))
  return probeOf(where, [...new Set([...ids, ...births])], clock())
}

async function eachCandidates(
  store: Store,
  place: Place,
  probe: Probe | null,
  visit: (nodes: readonly Node[]) => Promise<void>,
  after: NodeKey | null = null,
): Promise<void> {
  const drives = place.drives.map(({ id }) => id)
  const nodes = await store.read((tx) => tx.candidates({ drives, probe, after, limit: CANDIDATES_PER_READ }))
  await visit(nodes)
  const last = nodes.at(-1)
  if (!last || nodes.length < CANDIDATES_PER_READ) return
  return eachCandidates(store, place, probe, visit, { drive: last.drive, id: last.id })
}

/** Those of the nodes that lie below a folder. */
async function withinOf(store: Store, nodes: readonly Node[], folder: NodeKey): Promise<Node[]> {
  if (nodes.length === 0) return []
  const seeks = nodes.map(({ drive, id }) => ({ drive, id, follow: false }))
  const parents = new Map((await store.read((tx) => tx.chains(seeks))).map(({ id, parent }) => [id, parent]))
  const isWithin = (id: NodeId): boolean => {
    for (let at = parents.get(id); at; at = parents.get(at)) if (at === folder.id) return true
    return false
  }
  return nodes.filter(({ id }) => isWithin(id))
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

async function pageOf(
  context: SearchContext,
  actor: Actor,
  { order, cursor, limit, trashed, count }: SearchQuery,
  found: readonly Match[],
): Promise<SearchPage> {
  const compare = comparator(order)
  const see = (matches: readonly Match[]) => visible(context.batch, actor, matches, trashed)
  const seen = count ? await inSlices(found, SIGHT_NODES_MAX, see) : null
  const known = seen ? seen.map(({ match }) => match) : found
  const ahead = known.filter((match) => cursor === null || compare(match, cursor) > 0).sort(compare)
  const shown = await inSlices(ahead, Math.max(limit + 1, LOOKED_AT_MIN), see, limit + 1)
  const items = shown.slice(0, limit)
  const last = items.at(-1)?.match
  const next = last && shown.length > limit ? { values: last.values, id: last.id } : null
  return { items: items.map(({ view }) => view), next, total: seen ? seen.length : null }
}

interface Seen {
  readonly match: Match
  readonly view: NodeView
}

async function visible(
  batch: RunBatch,
  actor: Actor,
  matches: readonly Match[],
  trashed: 'no' | 'only',
): Promise<Seen[]> {
  const views = await look(batch, actor, matches, trashed)
  return matches.flatMap((match, index) => {
    const view = views[index]
    return view ? [{ match, view }] : []
  })
}

/** What comes of the items, a slice at a time and one after the other, until there is enough. */
async function inSlices<Item, Made>(
  items: readonly Item[],
  size: number,
  make: (slice: readonly Item[]) => Promise<readonly Made[]>,
  enough = Number.POSITIVE_INFINITY,
  made: readonly Made[] = [],
): Promise<readonly Made[]> {
  if (items.length === 0 || made.length >= enough) return made
  const more = await make(items.slice(0, size))
  return inSlices(items.slice(size), size, make, enough, [...made, ...more])
}
