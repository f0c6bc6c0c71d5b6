/**
 * One leg of a search in one drive. There are two ways: along the order, looking at every node, until a page is full; or to everything
 * that can be meant, by its terms or by where it lies, to be put in order then. The first is short when much is found and the second when
 * little is; which it is tells what has been looked at so far, and when it was told wrong the other way is gone on with.
 */
import { compareValues } from './cursor.ts'
import type { Probe } from './gram.ts'
import type { NodeId, Outline } from './model.ts'
import type { Leg } from './search-legs.ts'
import { expectations, FEWEST, type Judge, judgeOf, type Match, type Seeking, sourcing } from './search-seek.ts'
import { type Source, sourcesOf } from './search-sources.ts'
import { type Walk, walkOf } from './search-walk.ts'
import { testOf } from './where.ts'

/** One leg, along its order or by a source of all there is, whichever promises to be shorter. */
export class Race {
  readonly #seek: Seeking
  readonly #leg: Leg
  readonly #judge: Judge
  readonly #walk: Walk
  #sources: readonly Source[]
  /** Of each source, to how many nodes it leads, as the first nodes looked at tell. */
  #expected: ReadonlyMap<Source, number> = new Map()
  /** The source that is gathered from, whether it was chosen or only tried, and how far. */
  #begun: Source | undefined
  #isChosen = false
  #gathered: Match[] = []
  #read = 0
  /** Of how many of the drive's nodes one meets the conditions, as far as those that have the terms tell; 0 = they do not. */
  #rate = 0
  /** How many nodes the walk has looked at, and which have been given; how many of them lie where is looked, as a share. */
  #looked = 0
  #insideShare = 1
  readonly #given = new Set<NodeId>()
  /** Among how many nodes how many met the conditions, where the longer ago the less they count. */
  #lately = { met: 0, looked: 0 }
  /** What the walk has come upon too early. */
  #pending: Match[] = []

  constructor(seek: Seeking, leg: Leg) {
    const { store, place, query } = seek
    this.#seek = seek
    this.#leg = leg
    this.#judge = judgeOf(seek, leg.where)
    this.#walk = walkOf(store, place.drive, leg, query.order[0]?.descending ?? false)
    this.#sources = sourcesOf(sourcing(seek, leg.where))
  }

  async *parts(): AsyncGenerator<Match[], void> {
    for (;;) {
      const source = this.#looked > 0 ? this.#best() : undefined
      if (source && this.#gatheringLeft(source) < SURE * this.#walkingLeft()) {
        this.#isChosen = true
        const goal = Math.ceil(AMPLE * this.#gatheringLeft(source))
        const rest = await this.#gather(source, Math.max(goal, this.#seek.limits.nodesPerReadMin))
        if (rest) return yield rest
        continue
      }
      const { part, isLast, looked } = await this.#step()
      for (const { id } of part) this.#given.add(id)
      this.#lately = { met: this.#lately.met / 2 + part.length, looked: this.#lately.looked / 2 + looked }
      yield part
      if (isLast) return
    }
  }

  async #step(): Promise<{ part: Match[]; isLast: boolean; looked: number }> {
    const { limit, probe } = this.#stride()
    const { nodes, looked, reached } = await this.#walk.step(limit, probe, this.#seek.limits.nodesPerReadMax)
    if (this.#looked === 0 && reached !== null) await this.#learn(nodes)
    this.#looked += looked
    const matches = this.#judge(nodes)
    if (reached === null || this.#walk.isExact) {
      return { part: [...this.#pending, ...matches], isLast: reached === null, looked }
    }
    this.#pending.push(...matches)
    const part = this.#pending.filter((match) => this.#isBefore(match, reached))
    this.#pending = this.#pending.filter((match) => !this.#isBefore(match, reached))
    return { part, isLast: false, looked }
  }

  /** How far to go, and whether to pass over what lacks the terms sought. */
  #stride(): { limit: number; probe: Probe | null } {
    const { nodesPerReadMin, nodesPerReadMax, nodesPassedPerReadMax } = this.#seek.limits
    if (this.#looked === 0)
      return { limit: Math.min(Math.max(this.#wanted(), nodesPerReadMin), nodesPerReadMax), probe: null }
    const left = Math.max(Math.ceil(AMPLE * this.#missing()), nodesPerReadMin)
    const source = this.#passed()
    if (!source) return { limit: Math.min(left, nodesPerReadMax), probe: null }
    // Not to make out once more what has the terms is worth going farther.
    const worth = (this.#seek.store.searchCosts.termed * this.#expected.get(source)!) / this.#walk.passingCost!
    return { limit: Math.min(Math.max(left, Math.ceil(worth)), nodesPassedPerReadMax), probe: source.probe! }
  }

  #isBefore({ values }: Match, reached: string | number): boolean {
    const { order, depth } = this.#leg
    const difference = compareValues(values[depth]!, reached)
    return order[0]!.descending ? difference > 0 : difference < 0
  }

  /** Takes the nodes looked at first for a sample of the drive. */
  async #learn(nodes: readonly Outline[]): Promise<void> {
    const { expected, insideShare } = await expectations(this.#seek, this.#sources, nodes, this.#nodes())
    this.#expected = expected
    this.#insideShare = insideShare
    const terms = this.#sources.find(({ probe }) => probe)
    if (!terms) return
    const termed = expected.get(terms)!
    if (termed < manyTermed(this.#seek)) {
      await this.#gather(terms, TRIED_NODES)
      const share = Math.max(this.#gathered.length, FEWEST) / Math.max(this.#read, 1)
      this.#rate = (share * termed) / this.#nodes()
    } else {
      this.#rate = await this.#usualRate()
      this.#expected = new Map([...expected, [terms, Math.max(termed, this.#rate * this.#nodes())]])
    }
  }

  /** What is met often is met among any nodes of the drive; those first in an order may be alike. */
  async #usualRate(): Promise<number> {
    const { store, place, limits } = this.#seek
    const { inFull } = testOf(this.#leg.where)
    const query = {
      by: 'id',
      descending: false,
      after: null,
      probe: null,
      inFull,
      limit: limits.nodesPerReadMin,
    } as const
    const { nodes } = await store.read((tx) => tx.ordered({ ...query, drive: place.drive.id }))
    return Math.max(this.#judge(nodes).length, FEWEST) / Math.max(nodes.length, 1)
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
    const { met, looked } = this.#lately
    const foretold = this.#rate * FORETOLD_NODES
    const rate = foretold > 0 ? (met + foretold) / (looked + FORETOLD_NODES) : Math.max(met, FEWEST) / looked
    return Math.min(this.#wanted() / rate, this.#nodes() - this.#looked + 1)
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
    return this.#seek.store.searchCosts.termed * termed + passingCost * missing + (missing * termed) / this.#nodes()
  }

  /** By whose terms to pass over nodes, when that is shorter. */
  #passed(): Source | undefined {
    const isShorter = this.#passingLeft() < this.#missing() * this.#walk.cost
    return isShorter ? this.#sources.find(({ probe }) => probe) : undefined
  }

  /** The source that promises to be the shortest; once begun, it is kept to. */
  #best(): Source {
    if (this.#begun && this.#isChosen) return this.#begun
    return this.#sources.reduce((a, b) => (this.#gatheringLeft(b) < this.#gatheringLeft(a) ? b : a))
  }

  /** Beyond what was expected, as much again as there was. */
  #gatheringLeft(source: Source): number {
    const read = source === this.#begun ? this.#read : 0
    return Math.max(this.#expected.get(source)! - read, read) * source.cost
  }

  /** Goes on with a source by about so many nodes; gives all that was not given when it ends. */
  async #gather(source: Source, goal: number): Promise<Match[] | null> {
    if (source !== this.#begun) this.#begin(source)
    const nodes = await source.next(Math.min(goal, this.#seek.limits.nodesPerReadMax))
    if (nodes === null) return this.#gathered.filter(({ id }) => !this.#given.has(id))
    if (nodes === undefined) {
      // Another must be found.
      this.#begin(undefined)
      return null
    }
    this.#read += nodes.length
    for (const match of this.#judge(nodes)) this.#gathered.push(match)
    return null
  }

  #begin(source: Source | undefined): void {
    // What was only tried cannot be begun again.
    this.#sources = this.#sources.filter((other) => other !== this.#begun)
    this.#begun = source
    this.#isChosen &&= source !== undefined
    this.#gathered = []
    this.#read = 0
  }
}

/** All there is comes to an end for sure; a walk may lead through much where nothing is found. */
const SURE = 2.5
/** Going a little farther than expected is cheaper than going twice. */
const AMPLE = 1.5
/** How many of the nodes that have the terms are looked at to see which share of them meets the conditions. */
const TRIED_NODES = 64
/** As much as a look at so many nodes counts what these tell. */
const FORETOLD_NODES = 2_000

/** So many that they are not counted to the end. */
function manyTermed({ limits }: Seeking): number {
  return 10 * limits.termedNodesMax
}
