/** One search at work in one drive: what it is about, and what its ways need to know. */
import { ORDER_VALUES } from './cursor.ts'
import type { Probe } from './gram.ts'
import type { DriveId, Kind, NodeId, Outline } from './model.ts'
import type { Store } from './port.ts'
import type { Place } from './search-place.ts'
import type { SearchCursor, SearchOrder, SearchQuery } from './search-query.ts'
import type { Region } from './search-region.ts'
import type { Source, SourceContext } from './search-sources.ts'
import { testOf, type Where } from './where.ts'

/** How much is read at once; between two reads others are served. */
export interface SearchLimits {
  /** Nodes looked at in the first go, and in any. */
  readonly nodesPerReadMin: number
  readonly nodesPerReadMax: number
  /** Nodes looked at in one go when those that lack terms are passed over. */
  readonly nodesPassedPerReadMax: number
  /** A place with no more nodes than this below it is looked through node by node, whatever is sought. */
  readonly scopeNodesMax: number
  /** No more folders than this are made out before anything is looked for in them. */
  readonly foldersMax: number
  /** What has terms and lies in some folders is read at once, when it is no more than this. */
  readonly lyingNodesMax: number
  /** When no more nodes than this have the terms sought, all of them are judged, whatever the order. */
  readonly termedNodesMax: number
}

/** A node that meets the conditions, wherever it lies, as far as the order needs it. */
export interface Match {
  readonly drive: DriveId
  readonly id: NodeId
  readonly kind: Kind
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
  /** How many nodes have terms, as far as it was asked. */
  readonly counts: Map<string, number>
  readonly compare: (a: SearchCursor, b: SearchCursor) => number
}

export function sourcing(seek: Seeking, where: Where | null): SourceContext {
  const { store, place, births, region, limits } = seek
  return { store, place, where, births, folders: region.folders, lyingMax: limits.lyingNodesMax }
}

/** How many nodes have terms; of very many about how many, or only that they are. */
export async function termed(seek: Seeking, probe: Probe): Promise<number> {
  const { store, place, counts } = seek
  const name = JSON.stringify(probe)
  const known = counts.get(name)
  if (known !== undefined) return known
  const { drive } = place
  const limit = Math.max(store.searchCosts.countedMax, seek.limits.termedNodesMax + 1)
  const count = await store.read((tx) => tx.termed({ drive: drive.id, probe, limit }))
  counts.set(name, count)
  return count
}

export type Judge = (nodes: readonly Outline[]) => Match[]

/** Those of the nodes that meet conditions. */
export function judgeOf({ place: { drive }, query: { order } }: Seeking, where: Where | null): Judge {
  const { meets } = testOf(where)
  const hidden = new Set([drive.root, drive.trash, drive.grave])
  const valuesOf = (node: Outline) => order.map(({ by }) => VALUES[by](node))
  return (nodes) =>
    nodes
      .filter((node) => !hidden.has(node.id) && meets(node))
      .map((node) => ({ drive: node.drive, id: node.id, kind: node.kind, parent: node.parent, values: valuesOf(node) }))
}

const VALUES: Readonly<Record<SearchOrder['by'], (node: Outline) => string | number>> = {
  ...ORDER_VALUES,
  kind: ({ kind }) => kind,
}

/** To how many of a drive's nodes each source leads, and which share of them lies where is looked, as some of them tell. */
export async function expectations(
  seek: Seeking,
  sources: readonly Source[],
  sample: readonly Outline[],
  nodes: number,
): Promise<{ expected: Map<Source, number>; insideShare: number }> {
  const inside = seek.region.isPart ? await seek.region.inside(sample) : sample
  const probe = sources.find((source) => source.probe)?.probe
  const count = probe ? await termed(seek, probe) : 0
  const insideShare = Math.max(inside.length, FEWEST) / Math.max(sample.length, 1)
  const { lying } = seek.store.searchCosts
  const expected = sources.map((source): [Source, number] => {
    if (source.probe) return [source, count]
    if (source.leadsBelow === 'to all') return [source, insideShare * nodes]
    if (source.leadsBelow) {
      const found = count * insideShare
      // Beside what it finds this one costs what it looks through.
      const cost = found + count * lying.termed + insideShare * nodes * lying.lying
      return [source, found <= seek.limits.lyingNodesMax / 2 ? cost : Number.POSITIVE_INFINITY]
    }
    const share = Math.max(sample.filter(source.admits).length, FEWEST) / Math.max(sample.length, 1)
    return [source, share * nodes]
  })
  return { expected: new Map(expected), insideShare }
}

/** What is not among the first nodes at all is taken for so many. */
export const FEWEST = 0.5
