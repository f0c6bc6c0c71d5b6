/** Pages of lists that are all in hand: by marker, where a marker is how many were shown, or by page number. */
import { refuse } from './error.ts'
import { count, word } from './words.ts'

export const LIMIT = { min: 1, max: 1000, otherwise: 20 }
/** How far page numbers may lead into a list. */
export const PAGED_MAX = 10_000

export function isPaged(query: URLSearchParams): boolean {
  return word(query, 'by_page') !== undefined || word(query, 'page') !== undefined || query.has('page_size')
}

export interface Paged<T> {
  readonly shown: readonly T[]
  readonly hasMore: boolean
  readonly more: { readonly nextMarker?: string }
  /** Told only to those who ask by page number. */
  readonly totalNum: { readonly totalNum?: number }
}

export function pageIn<T>(query: URLSearchParams, all: readonly T[], limits = LIMIT): Paged<T> {
  const { from, limit, paged } = rangeIn(query, limits)
  const hasMore = from + limit < all.length
  const more = !paged && hasMore ? { nextMarker: String(from + limit) } : {}
  return { shown: all.slice(from, from + limit), hasMore, more, totalNum: paged ? { totalNum: all.length } : {} }
}

/** Which part of a list is asked for: so many from a place on, by a page's number or behind what was shown before. */
export function rangeIn(query: URLSearchParams, limits = LIMIT): { from: number; limit: number; paged: boolean } {
  const paged = isPaged(query)
  const limit = count(query, paged ? 'page_size' : 'limit', limits)
  return { from: paged ? (pageNumber(query, limit) - 1) * limit : shownBefore(query), limit, paged }
}

/** The number of the page asked for, from 1. */
export function pageNumber(query: URLSearchParams, size: number): number {
  const page = count(query, 'page', { min: 1, max: PAGED_MAX, otherwise: 1 })
  if (page * size > PAGED_MAX) throw refuse('ParamInvalid', `page * page_size must be at most ${PAGED_MAX}.`)
  return page
}

function shownBefore(query: URLSearchParams): number {
  const marker = word(query, 'marker')
  if (marker !== undefined && !/^[0-9]{1,9}$/.test(marker)) throw refuse('MarkerNotFound')
  return Number(marker ?? 0)
}
