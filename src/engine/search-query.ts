/** What is asked of a search, and what it answers. */
import type { DriveId, NodeId } from './model.ts'
import type { NodeView, Ref } from './op.ts'
import type { Where } from './where.ts'

/** The most drives one search looks through. */
export const SEARCH_DRIVES_MAX = 100
/** The most orders one search may be sorted by. */
export const SEARCH_ORDERS_MAX = 5

export type SearchOrderBy = 'name' | 'created' | 'updated' | 'size' | 'kind'

export interface SearchOrder {
  /** name: by the bytes of the UTF-8 name key. size: folders, which have none, before all files. kind: files before folders. */
  readonly by: SearchOrderBy
  readonly descending: boolean
}

export interface SearchQuery {
  /** 1 … SEARCH_DRIVES_MAX; those the actor cannot reach are left out. */
  readonly drives: readonly DriveId[]
  /** null = everything. */
  readonly where: Where | null
  /** Only what lies somewhere below this folder, which must be in one of the drives and seen by the actor. */
  readonly below?: Ref
  /** no: what lives. only: what is in the trash, at its top or within. */
  readonly trashed: 'no' | 'only'
  /** At most SEARCH_ORDERS_MAX; ties are broken by id, in the direction of the first. */
  readonly order: readonly SearchOrder[]
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
  readonly cursor: SearchCursor | null
  /** Also count all that is found; dearer, because everybody's rights to everything must then be looked at. */
  readonly count?: boolean
}

/** The values the last node shown was ordered by, and its id. JSON-able; stays good when the node changes or goes. */
export interface SearchCursor {
  readonly values: readonly (string | number)[]
  readonly id: NodeId
}

export interface SearchPage {
  readonly items: readonly NodeView[]
  /** null on the last page. */
  readonly next: SearchCursor | null
  /** How many there are on all pages; null when not asked for. */
  readonly total: number | null
}
