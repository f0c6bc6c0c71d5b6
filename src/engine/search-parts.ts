/**
 * What a search finds in one drive, in parts of which each comes after the one before. There are two ways to it: along the order of
 * the search, looking at every node, until a page is full; or to everything that can be meant, by its terms or by where it
 * lies, to be put in order then. The first is short when much is found and the second when little is; which it is tells what
 * has been looked at so far, and when it was told wrong the other way is gone on with.
 */

import { compareValues } from './cursor.ts'
import type { Probe } from './gram.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import type { Store } from './port.ts'
import { type Leg, legsOf } from './search-legs.ts'
import type { Place } from './search-place.ts'
import type { SearchCursor, SearchOrder, SearchQuery } from './search-query.ts'
import type { Region } from './search-region.ts'
import { type Source, sourceBelow, sourcesOf } from './search-sources.ts'
import { type Walk, walkOf } from './search-walk.ts'
import { matcher, type Where } from './where.ts'

/** How much is read at once; between two reads others are served. */
export interface SearchLimits {
  /** Nodes looked at in the first go, and in any. */
  readonly nodesPerReadMin: number
  readonly nodesPerReadMax: number
  /** Nodes looked at in one go when those that lack terms are passed over. */
  readonly nodesPassedPerReadMax: number
  /** A place with no more nodes than this below it is looked through node by node, whatever is sought. */
  readonly scopeNodesMax: number
}

/** A node that meets the conditions, wherever it lies, as far as the order needs it. */
export interface Match {
  readonly drive: DriveId
  readonly id: NodeId
  readonly parent: NodeId
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
    for (const match of judge(nodes)) found.push(match)
  }
}

type Judge = (nodes: readonly Node[]) => Match[]

/** Those of the nodes that meet conditions. */
function judgeOf({ place: { drive }, query: { order } }: Seeking, where: Where | null): Judge {
  const meets = where ? matcher(where) : () => true
  const hidden = new Set([drive.root, drive.trash, drive.grave])
  const valuesOf = (node: Node) => order.map(({ by }) => VALUES[by](node))
  return (nodes) =>
    nodes
      .filter((node) => !hidden.has(node.id) && meets(node))
      .map((node) => ({ drive: node.drive, id: node.id, parent: node.parent, values: valuesOf(node) }))
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
  #sources: readonly Source[]
  /** Of each source, to how many nodes it leads, as the first nodes looked at tell. */
  readonly #expected = new Map<Source, number>()
  /** The source that is gathered from, and how far. */
  #chosen: Source | undefined
  #gathered: Match[] = []
  #read = 0
  /** How many nodes the walk has looked at, and which have been given; how many of them lie where is looked, as a share. */
  #looked = 0
  #insideShare = 1
  readonly #given = new Set<NodeId>()
  /** What the walk has come upon too early. */
  #pending: Match[] = []
  #isAstray = false

  constructor(seek: Seeking, leg: Leg) {
    const { store, place, query } = seek
    this.#seek = seek
    this.#leg = leg
    this.#judge = judgeOf(seek, leg.where)
    this.#walk = walkOf(store, place.drive, leg, query.order[0]?.descending ?? false)
    this.#sources = sourcesOf({ ...seek, where: leg.where })
  }

  async *parts(): AsyncGenerator<Match[], void> {
    for (;;) {
      const source = this.#looked > 0 ? this.#best() : undefined
      if (source && (this.#isAstray || this.#gatheringLeft(source) < this.#walkingLeft())) {
        const rest = await this.#gather(source)
        if (rest) return yield rest
        continue
      }
      const { part, isLast } = await this.#step()
      for (const { id } of part) this.#given.add(id)
      yield part
      if (isLast) return
    }
  }

  async #step(): Promise<{ part: Match[]; isLast: boolean }> {
    const { limit, probe } = this.#stride()
    const { nodes, reached } = await this.#walk.step(limit, probe)
    if (this.#looked === 0) await this.#learn(nodes)
    this.#looked += limit
    const matches = this.#judge(nodes)
    if (reached === null || (this.#walk.isExact && reached !== undefined)) {
      return { part: [...this.#pending, ...matches], isLast: reached === null }
    }
    this.#pending.push(...matches)
    this.#isAstray = reached === undefined
    if (reached === undefined) return { part: [], isLast: false }
    const part = this.#pending.filter((match) => this.#isBefore(match, reached))
    this.#pending = this.#pending.filter((match) => !this.#isBefore(match, reached))
    return { part, isLast: false }
  }

  /** How far to go, and whether to pass over what lacks the terms sought. */
  #stride(): { limit: number; probe: Probe | null } {
    const { nodesPerReadMin, nodesPerReadMax, nodesPassedPerReadMax } = this.#seek.limits
    const left = this.#looked === 0 ? this.#wanted() : Math.ceil(AMPLE * this.#missing())
    const probe = this.#looked === 0 ? null : this.#passingProbe()
    return { limit: Math.min(Math.max(left, nodesPerReadMin), probe ? nodesPassedPerReadMax : nodesPerReadMax), probe }
  }

  #isBefore({ values }: Match, reached: string | number): boolean {
    const { order, depth } = this.#leg
    const difference = compareValues(values[depth]!, reached)
    return order[0]!.descending ? difference > 0 : difference < 0
  }

  /** Takes the nodes looked at first for a sample of the drive. */
  async #learn(nodes: readonly Node[]): Promise<void> {
    const { region } = this.#seek
    const inside = region.isPart ? await region.inside(nodes) : nodes
    this.#insideShare = Math.max(inside.length, FEWEST) / Math.max(nodes.length, 1)
    const share = this.#nodes() / Math.max(nodes.length, 1)
    for (const source of this.#sources) {
      const hits = source.isBelow ? inside.length : nodes.filter(source.admits).length
      this.#expected.set(source, share * Math.max(hits, FEWEST))
    }
  }

  /** The drive has about as many nodes as changes. */
  #nodes(): number {
    return Math.max(this.#seek.place.drive.seq, this.#looked)
  }

  /** How many are wanting for a page; when those given were not enough, as they were not seen, as many again. */
  #wanted(): number {
    const page = Math.ceil((this.#seek.query.limit + 1) / this.#insideShare)
    return this.#given.size < page ? page - this.#given.size : page
  }

  /** How many nodes the walk has still to look at. */
  #missing(): number {
    const left = (this.#wanted() * this.#looked) / Math.max(this.#given.size, FEWEST)
    return Math.min(left, this.#nodes() - this.#looked + 1)
  }

  #walkingLeft(): number {
    return Math.min(this.#missing() * this.#walk.cost, this.#passingLeft())
  }

  /** What is left of the walk when it passes over what lacks the terms; those that have them are made out first. */
  #passingLeft(): number {
    const source = this.#sources.find(({ probe }) => probe)
    const { passingCost } = this.#walk
    if (!source || passingCost === null) return Number.POSITIVE_INFINITY
    const termed = this.#expected.get(source) ?? 0
    const missing = this.#missing()
    return TERM_COST * termed + passingCost * missing + (missing * termed) / this.#nodes()
  }

  #passingProbe(): Probe | null {
    const isShorter = this.#passingLeft() < this.#missing() * this.#walk.cost
    return isShorter ? this.#sources.find(({ probe }) => probe)!.probe! : null
  }

  /** The source that promises to be the shortest; once begun, it is kept to. */
  #best(): Source {
    return this.#chosen ?? this.#sources.reduce((a, b) => (this.#gatheringLeft(b) < this.#gatheringLeft(a) ? b : a))
  }

  /** Beyond what was expected, as much again as there was. */
  #gatheringLeft(source: Source): number {
    const read = source === this.#chosen ? this.#read : 0
    return Math.max(this.#expected.get(source)! - read, read) * source.cost
  }

  /** Goes on with a source; gives all that was not given when it ends. */
  async #gather(source: Source): Promise<Match[] | null> {
    const { nodesPerReadMin, nodesPerReadMax } = this.#seek.limits
    const limit = Math.max(Math.ceil(AMPLE * this.#expected.get(source)!), nodesPerReadMin)
    const nodes = await source.next(Math.min(limit, nodesPerReadMax))
    if (nodes === null) return this.#gathered.filter(({ id }) => !this.#given.has(id))
    if (nodes === undefined) {
      // There may be more, but not here.
      this.#sources = this.#sources.filter((other) => other !== source)
      this.#chosen = undefined
      this.#read = 0
      this.#gathered = []
      return null
    }
    this.#chosen = source
    this.#read += nodes.length
    for (const match of this.#judge(nodes)) this.#gathered.push(match)
    return null
  }
}

/** What is not among the first nodes at all is taken for so many. */
const FEWEST = 0.5
/** Going a little farther than expected is cheaper than going twice. */
const AMPLE = 1.5
/** What making out a node's terms costs, as compared to a node that comes from an index. */
const TERM_COST = 0.03
