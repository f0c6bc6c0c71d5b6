/** What a search finds in one drive, in parts of which each comes after the one before. */
import { legsOf } from './search-legs.ts'
import { Race } from './search-race.ts'
import { expectations, judgeOf, type Match, type Seeking, sourcing, termed } from './search-seek.ts'
import { allLying, type Source, sourcesOf } from './search-sources.ts'
import { walkOf } from './search-walk.ts'

/** What meets the conditions, seen or not, in parts. */
export async function* partsOf(seek: Seeking): AsyncGenerator<Match[], void> {
  const few = (await fewBelow(seek)) ?? (await fewTermed(seek))
  if (few) return yield few
  for (const leg of legsOf(seek.query)) yield* new Race(seek, leg).parts()
}

/** All there is when few nodes have the terms sought; otherwise null. */
async function fewTermed(seek: Seeking): Promise<Match[] | null> {
  const { limits, query } = seek
  const source = sourcesOf(sourcing(seek, query.where)).find(({ probe }) => probe)
  const isFew = source && (await termed(seek, source.probe!)) <= limits.termedNodesMax
  return isFew ? allOf(seek, source, limits.termedNodesMax) : null
}

/** All there is when few nodes lie where is looked; otherwise null. */
async function fewBelow(seek: Seeking): Promise<Match[] | null> {
  const { where } = seek.query
  const nodes = await allLying(sourcing(seek, where), null, seek.limits.scopeNodesMax)
  return nodes && judgeOf(seek, where)(nodes)
}

/** All that meets the conditions, seen or not, in parts and in no order. */
export async function* allMatches(seek: Seeking): AsyncGenerator<Match[], void> {
  const { store, place, limits, query } = seek
  const judge = judgeOf(seek, query.where)
  const sources = sourcesOf(sourcing(seek, query.where))
  const walk = walkOf(store, place.drive, { where: query.where, order: [], depth: 0, cursor: null }, false)
  const { nodes: sample } = await walk.step(limits.nodesPerReadMin, null)
  const { expected } = await expectations(seek, sources, sample, Math.max(place.drive.seq, sample.length))
  const cost = (source: Source) => expected.get(source)! * source.cost
  const [cheapest, ...others] = sources.toSorted((a, b) => cost(a) - cost(b))
  let source = cheapest!
  for (;;) {
    const nodes = await source.next(limits.nodesPerReadMax)
    if (nodes === null) return
    if (nodes) yield judge(nodes)
    // It was more than is read at once, and nothing of it has been given.
    else source = others.shift()!
  }
}

/** All of a source that meets the conditions; null when it is more than so many nodes, or the source cannot tell. */
async function allOf(seek: Seeking, source: Source, nodesMax: number): Promise<Match[] | null> {
  const judge = judgeOf(seek, seek.query.where)
  const found: Match[] = []
  const limit = Math.min(nodesMax + 1, seek.limits.nodesPerReadMax)
  for (let read = 0; ; ) {
    const nodes = await source.next(limit)
    if (nodes === null) return found
    read += nodes?.length ?? 0
    if (nodes === undefined || read > nodesMax) return null
    for (const match of judge(nodes)) found.push(match)
  }
}
