/** Pages of things that are listed by a key. */
import type { Body } from './request.ts'
import { pageSize, text } from './request.ts'

const PAGE_MAX = 100

/** What a request asks of a page: where it begins and how long it is. */
export function pageOf(body: Body, max = PAGE_MAX, usual = PAGE_MAX): { after: string; limit: number } {
  return { after: text(body, 'marker') ?? '', limit: pageSize(body, max, usual) }
}
