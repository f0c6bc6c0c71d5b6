/** The port of searches: what a store finds over all folders of a drive. */
import type { Probe } from './gram.ts'
import type { DriveId, NodeId, Outline } from './model.ts'

/** A drive's nodes in an order of which the store has an index. Ties are broken by id, in the same direction. */
export interface OrderedQuery {
  readonly drive: DriveId
  /** name: by the bytes of the UTF-8 key. size: folders, which have none, before all files. */
  readonly by: 'name' | 'created' | 'updated' | 'size' | 'id'
  readonly descending: boolean
  /** Where to go on: a value and the node that had it, whether they are still there or not. */
  readonly after: OrderPlace | null
  /** Nodes that lack its terms may be left out. */
  readonly probe: Probe | null
  /** Whether nodes are read whole and not only outlined, which takes nearly twice as long. */
  readonly inFull: boolean
  /** How many nodes are looked at, those left out among them. */
  readonly limit: number
  /** With a probe: after how many nodes that have its terms no more are looked at; not told = all are. */
  readonly enough?: number
}

/** A place in an order; of the order by id the value is the id. */
export interface OrderPlace {
  readonly value: string | number
  readonly id: NodeId
}

export interface OrderedNodes {
  readonly nodes: readonly Outline[]
  /** How many were looked at. */
  readonly looked: number
  /** The place of the last node looked at, whether it was left out or not; null when there are no more. */
  readonly next: OrderPlace | null
}

/** Readings of a search. */
export interface SearchTx {
  /** The other drives in which nodes of these drives were born, each once. */
  births(drives: readonly DriveId[]): Promise<DriveId[]>
  /**
   * Nodes of a drive that have the terms of a probe, by their ids from behind `after` (0 = from the start). Trashed and buried nodes and
   * the drive's hidden folders are among them. They are whole with `inFull`, as in OrderedQuery.
   */
  candidates(query: {
    drive: DriveId
    probe: Probe
    after: NodeId | 0
    inFull: boolean
    limit: number
  }): Promise<Outline[]>
  /**
   * As `candidates`, but only of what lies directly in one of some folders (a null probe asks for all of it), and in no order. To be asked
   * with more than are expected, as there is no going on.
   */
  lying(query: {
    drive: DriveId
    folders: readonly NodeId[]
    probe: Probe | null
    inFull: boolean
    limit: number
  }): Promise<Outline[]>
  /**
   * How many nodes of a drive have the terms of a probe; some that left it may be counted. They are counted no farther than to
   * `limit`: what is not less than that is a guess, or no more than that there are so many.
   */
  termed(query: { drive: DriveId; probe: Probe; limit: number }): Promise<number>
  /** A drive's nodes one after the other, whatever folders they are in; the others are as for `candidates`. */
  ordered(query: OrderedQuery): Promise<OrderedNodes>
  /** Folders of a drive that are one of the tops, or lie anywhere below one; `limit` at most. */
  foldersBelow(query: { drive: DriveId; tops: readonly NodeId[]; limit: number }): Promise<NodeId[]>
}

/** What steps of a search cost, as compared to a node that comes from an index. */
export interface SearchCosts {
  /** Making out which nodes have some terms before others are passed over, for each that has them. */
  readonly termed: number
  /** Passing over a node that lacks them. */
  readonly passed: number
  /** Finding those that have terms and lie in some folders: for each that has them, and for each that lies there. */
  readonly lying: { readonly termed: number; readonly lying: number }
  /** To how many nodes that have some terms are counted; for more the guess will do. */
  readonly countedMax: number
}
