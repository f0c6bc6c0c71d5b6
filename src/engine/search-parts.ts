/**
 * What a search finds in one drive, in parts of which each comes after the one before. There are two ways to it: along the order of
 * the search, looking at every node, until a page is full; or to everything that can be meant, by its terms or by where it
 * lies, to be put in order then. The first is short when much is found and the second when little is; which it is tells what
 * has been looked at so far, and when it was told wrong the other way is gone on with.
 */

import { compareValues } from './cursor.ts'
import { type Probe, probeOf } from './gram.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import type { Store } from './port.ts'
import { type Leg, legsOf } from './search-legs.ts'
import type { Place } from './search-place.ts'
import type { SearchCursor, SearchOrder, SearchQuery } from './search-query.ts'
import type { Region } from './search-region.ts'
import { type Source, type SourceLimits, sourceBelow, sourcesOf } from './search-sources.ts'
import { type Walk, walkOf } from './search-walk.ts'
import { matcher, type Where } from './where.ts'

/** How much is read at once; between two reads others are served. */
export interface SearchLimits extends SourceLimits {
  /** Nodes looked at in the first go. */
  readonly nodesPerReadMin: number
  /** A place with no more nodes than this below it is looked through node by node, whatever is sought. */
  readonly scopeNodesMax: number
}

/** A node that meets the conditions, as far as the order needs it. */
export interface Match {
  readonly drive: DriveId
  readonly id: NodeId
  readonly values: readonly (string | number)[]
}

/** One search at work in one drive. */
export interface Seeking {
  readonly store: Store
  readonly place: Place
  readonly region: Region
  readonly query: SearchQuery
  readonly limits: SearchLimits
  /** The drives whose terms are to be sought: a node keeps those of its drive of birth. */
  readonly births: readonly DriveId[]
  readonly compare: (a: SearchCursor, b: SearchCursor) => number
}

/** What meets the conditions, seen or not, in parts. */
export async function* partsOf(seek: Seeking): AsyncGenerator<Match[], void> {
  const { store, place, limits, query } = seek
  const few = place.scope && (await allOf(seek, sourceBelow(store, place), limits.scopeNodesMax))
  if (few) return yield few
  for (const leg of legsOf(query)) yield* new Race(seek, leg).parts()
}

/** All that meets the conditions, by whatever leads to it. */
export async function allMatches(seek: Seeking): Promise<Match[]> {
  for (const source of sourcesOf({ ...seek, where: seek.query.where })) {
    const found = await allOf(seek, source, Number.POSITIVE_INFINITY)
    if (found) return found
  }
  throw new Error('a drive could not be read to its end')
}

/** All of a source that meets the conditions; null when it is more than so many nodes, or the source cannot tell. */
async function allOf(seek: Seeking, source: Source, nodesMax: number): Promise<Match[] | null> {
  const judge = judgeOf(seek, seek.query.where)
  const found: Match[] = []
  let limit = Math.min(nodesMax + 1, 2 * seek.limits.nodesPerReadMin)
  for (let read = 0; ; limit = Math.min(2 * limit, seek.limits.nodesPerReadMax)) {
    const nodes = await source.next(limit)
    if (nodes === null) return found
    read += nodes?.length ?? 0
    if (nodes === undefined || read > nodesMax) return null
    for (const match of await judge(nodes)) found.push(match)
  }
}

type Judge = (nodes: readonly Node[]) => Promise<Match[]>

/** Those of the nodes that meet conditions and lie where is looked. */
function judgeOf({ region, place: { drive }, query: { order } }: Seeking, where: Where | null): Judge {
  const meets = where ? matcher(where) : () => true
  const hidden = new Set([drive.root, drive.trash, drive.grave])
  return async (nodes) => {
    const inside = await region.inside(nodes.filter((node) => !hidden.has(node.id) && meets(node)))
    return inside.map((node) => ({ drive: node.drive, id: node.id, values: order.map(({ by }) => VALUES[by](node)) }))
  }
}

const VALUES: Readonly<Record<SearchOrder['by'], (node: Node) => string | number>> = {
  name: ({ key }) => key,
  created: ({ createdAt }) => createdAt,
  updated: ({ updatedAt }) => updatedAt,
  size: ({ content }) => content?.size ?? 0,
  kind: ({ kind }) => kind,
}

/** One leg, along its order or by a source of all there is, whichever promises to be shorter. */
class Race {
  readonly #seek: Seeking
  readonly #leg: Leg
  readonly #judge: Judge
  readonly #walk: Walk
  readonly #probe: Probe | null
  #sources: readonly Source[]
  /** Of each source, how many of the nodes looked at first it leads to. */
  #hits = new Map<Source, number>()
  #chosen: Source | undefined
  #gathered: Match[] = []
  #gatheredFrom = 0
  /** How many nodes the walk has looked at, and how many of the first ones are a sample of the drive. */
  #looked = 0
  #sample = 0
  readonly #given = new Set<NodeId>()
  /** What the walk has come upon too early. */
  #pending: Match[] = []
  #isAstray = false

  constructor(seek: Seeking, leg: Leg) {
    const { store, place, query, limits, births } = seek
    this.#seek = seek
    this.#leg = leg
    this.#judge = judgeOf(seek, leg.where)
    this.#walk = walkOf(store, place.drive, leg, query.order[0]?.descending ?? false, limits)
    this.#sources = sourcesOf({ ...seek, where: leg.where })
    this.#probe = leg.where && probeOf(leg.where, births)
  }

  async *parts(): AsyncGenerator<Match[], void> {
    let limit = Math.min(Math.max(this.#seek.limits.nodesPerReadMin, this.#wanted()), this.#seek.limits.nodesPerReadMax)
    for (;;) {
      if (this.#isGatheringShorter()) {
        const rest = await this.#gather()
        if (rest) return yield rest
        continue
      }
      const { part, isLast } = await this.#step(limit)
      for (const { id } of part) this.#given.add(id)
      yield part
      if (isLast) return
      limit = Math.min(2 * limit, this.#seek.limits.nodesPerReadMax)
    }
  }

  async #step(limit: number): Promise<{ part: Match[]; isLast: boolean }> {
    const isFirst = this.#looked === 0
    const { nodes, reached } = await this.#walk.step(limit, isFirst ? null : this.#probe)
    this.#looked += limit
    if (isFirst) this.#take(nodes)
    const matches = await this.#judge(nodes)
    if (reached === undefined) this.#isAstray = true
    if (reached === null || this.#walk.isExact)
      return { part: [...this.#pending, ...matches], isLast: reached === null }
    this.#pending.push(...matches)
    if (reached === undefined) return { part: [], isLast: false }
    const part = this.#pending.filter((match) => this.#isBefore(match, reached))
    this.#pending = this.#pending.filter((match) => !this.#isBefore(match, reached))
    return { part, isLast: false }
  }

  #isBefore({ values }: Match, reached: string | number): boolean {
    const { order, depth } = this.#leg
    const difference = compareValues(values[depth]!, reached)
    return order[0]!.descending ? difference > 0 : difference < 0
  }

  /** The nodes looked at first, as a sample of the drive. */
  #take(nodes: readonly Node[]): void {
    this.#sample = nodes.length
    for (const source of this.#sources) this.#hits.set(source, nodes.filter(source.admits).length)
  }

  /** How many are missing for a page; when those given were not enough, as they were not seen, as many again. */
  #wanted(): number {
    const page = this.#seek.query.limit + 1
    return this.#given.size < page ? page - this.#given.size : page
  }

  #isGatheringShorter(): boolean {
    if (this.#isAstray) return true
    if (this.#looked === 0) return false
    return this.#gatheringLeft(this.#best()) < this.#walkingLeft()
  }

  /** The drive has about as many nodes as changes. */
  #nodes(): number {
    return Math.max(this.#seek.place.drive.seq, this.#looked)
  }

  #walkingLeft(): number {
    const left = (this.#wanted() * this.#looked) / Math.max(this.#given.size, FEWEST)
    return Math.min(left, this.#nodes() - this.#looked + 1) * this.#walk.cost
  }

  /** Beyond what was expected, as much again as there was. */
  #gatheringLeft(source: Source): number {
    const expected = this.#expected(source) - (source === this.#chosen ? this.#gatheredFrom : 0)
    return Math.max(expected, source === this.#chosen ? this.#gatheredFrom : 0) * source.cost
  }

  #expected(source: Source): number {
    return (this.#nodes() * Math.max(this.#hits.get(source) ?? 0, FEWEST)) / Math.max(this.#sample, 1)
  }

  /** The source that promises to be the shortest; once begun, it is kept to. */
  #best(): Source {
    return this.#chosen ?? this.#sources.reduce((a, b) => (this.#gatheringLeft(b) < this.#gatheringLeft(a) ? b : a))
  }

  /** Goes on with a source; gives all that was not given when it ends. */
  async #gather(): Promise<Match[] | null> {
    const source = this.#best()
    this.#chosen = source
    const { nodesPerReadMin, nodesPerReadMax } = this.#seek.limits
    const nodes = await source.next(
      Math.min(Math.max(Math.ceil(2 * this.#expected(source)), nodesPerReadMin), nodesPerReadMax),
    )
    if (nodes === null) return this.#gathered.filter(({ id }) => !this.#given.has(id))
    if (nodes === undefined) {
      this.#sources = this.#sources.filter((other) => other !== source)
      this.#chosen = undefined
      this.#gatheredFrom = 0
      this.#gathered = []
      return null
    }
    this.#gatheredFrom += nodes.length
    for (const match of await this.#judge(nodes)) this.#gathered.push(match)
    return null
  }
}

/** What is not in a sample at all is taken for so many. */
const FEWEST = 0.5
