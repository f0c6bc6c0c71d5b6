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
  readonly more: { readonly nextMarker?: string }
  /** Told only to those who ask by page number. */
  readonly totalNum: { readonly totalNum?: number }
}

export function pageIn<T>(query: URLSearchParams, all: readonly T[], limits = LIMIT): Paged<T> {
  const paged = isPaged(query)
  const limit = count(query, paged ? 'page_size' : 'limit', limits)
  const from = paged ? (pageNumber(query, limit) - 1) * limit : shownBefore(query)
  const more = !paged && from + limit < all.length ? { nextMarker: String(from + limit) } : {}
  return { shown: all.slice(from, from + limit), more, totalNum: paged ? { totalNum: all.length } : {} }
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
