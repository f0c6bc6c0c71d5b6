/** `/share_link/list` and `/share_link/search`. */
import type { Link, LinkId, Subject } from '../../engine/index.ts'
import type { DirectEndpoint, Env } from './call.ts'
import { type Answer, noPermission, Refusal } from './error.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { dateValue, parseQuery, QUERY_CHARACTERS_MAX, type Query, queryProblem, type Term } from './query.ts'
import { type Body, choice, flag, integer, text, texts } from './request.ts'
import { shareObject } from './share-present.ts'

const PAGE_MAX = 100
const CREATORS_MAX = 100
const ID_CHARACTERS_MAX = 64

type Order = 'share_name' | 'updated_at' | 'description' | 'created_at'
const ORDERS: Readonly<Record<Order, (link: Link) => string | number>> = {
  share_name: ({ name }) => name,
  updated_at: ({ updatedAt }) => updatedAt,
  description: ({ description }) => description,
  created_at: ({ createdAt }) => createdAt,
}

export const shareList: DirectEndpoint = {
  url: '/share_link/list',
  operation: 'ListShareLink',
  coverage: 'done',
  scope: 'SHARE.LIST',
  decides: true,
  async run(body, env) {
    const creator = text(body, 'creator')
    const withCancelled = flag(body, 'include_cancelled') ?? false
    const links = await linksOf(env, creator ? [creator] : env.user ? [env.user] : [])
    const shown = links.filter(({ state }) => withCancelled || state === 'open')
    return page(body, env, shown)
  },
}

export const shareSearch: DirectEndpoint = {
  url: '/share_link/search',
  operation: 'SearchShareLink',
  coverage: 'done',
  scope: 'SHARE.LIST',
  decides: true,
  async run(body, env) {
    const query = parseQuery(text(body, 'query', QUERY_CHARACTERS_MAX) ?? '')
    const matches = query ? matcher(query) : () => true
    const creators = texts(body, 'creators', CREATORS_MAX, ID_CHARACTERS_MAX) ?? []
    const links = (await linksOf(env, creators)).filter(matches)
    return page(body, env, links, flag(body, 'return_total_count') ? { total_count: links.length } : {})
  },
}

/** Shares of the given users; of nobody in particular, the caller's own, or, for administrators, all of the domain. */
async function linksOf({ engine, actor }: Env, users: readonly string[]): Promise<Link[]> {
  const makers = users.map((id): Subject => `user:${id}`)
  if (!actor.admin && makers.some((maker) => maker !== actor.self)) throw new Refusal(noPermission('share_link'))
  return engine.listLinks(actor, makers.length > 0 ? makers : null)
}

function page(body: Body, env: Env, links: readonly Link[], more: object = {}): Answer {
  const by = choice(body, 'order_by', Object.keys(ORDERS) as Order[]) ?? 'created_at'
  const direction = choice(body, 'order_direction', ['ASC', 'DESC', 'asc', 'desc'])?.toUpperCase()
  const descending = direction ? direction === 'DESC' : by === 'created_at' || by === 'updated_at'
  // 0 asks for as many as there may be.
  const limit = integer(body, 'limit', 0, PAGE_MAX) || PAGE_MAX
  const rankOf = ORDERS[by]
  const after = parseMarker(body)
  const sorted = links
    .map((link) => ({ link, value: rankOf(link) }))
    .sort((a, b) => compare(a.value, a.link.id, b.value, b.link.id) * (descending ? -1 : 1))
  const isAfter = ({ link, value }: (typeof sorted)[number]) =>
    after === null || compare(value, link.id, after[0], after[1]) * (descending ? -1 : 1) > 0
  const rest = sorted.filter(isAfter)
  const last = rest.length > limit ? rest[limit - 1]! : null
  return {
    status: 200,
    body: {
      items: rest.slice(0, limit).map(({ link }) => shareObject(env, link)),
      next_marker: last ? markerText([last.value, last.link.id]) : '',
      ...more,
    },
  }
}

function compare(a: string | number, aId: string, b: string | number, bId: string): number {
  if (a !== b) return a < b ? -1 : 1
  return aId === bId ? 0 : aId < bId ? -1 : 1
}

function parseMarker(body: Body): [value: string | number, id: LinkId] | null {
  const marked = readMarker(body)
  if (!marked) return null
  const [value, id] = marked
  if ((typeof value === 'string' || typeof value === 'number') && typeof id === 'string') return [value, id as LinkId]
  throw badMarker()
}

function matcher(query: Query): (link: Link) => boolean {
  if ('all' in query) {
    const tests = query.all.map(matcher)
    return (link) => tests.every((test) => test(link))
  }
  if ('any' in query) {
    const tests = query.any.map(matcher)
    return (link) => tests.some((test) => test(link))
  }
  if ('not' in query) {
    const test = matcher(query.not)
    return (link) => !test(link)
  }
  return termMatcher(query.term)
}

function termMatcher({ field, operator, values }: Term): (link: Link) => boolean {
  const [value] = values
  switch (field) {
    case 'created_at':
      return dates(field, operator, dateValue(field, value!), ({ createdAt }) => createdAt)
    case 'updated_at':
      return dates(field, operator, dateValue(field, value!), ({ updatedAt }) => updatedAt)
    // "1970-01-01T00:00:00" stands for never.
    case 'expired_time':
      return dates(field, operator, dateValue(field, value!), ({ expiresAt }) => expiresAt)
    case 'share_name':
    case 'share_name_for_fuzzy': {
      if (typeof value !== 'string' || !['match', '=', 'prefix'].includes(operator)) throw wrongUse(field, operator)
      const sought = value.toLowerCase()
      return ({ name }) =>
        operator === 'match'
          ? name.toLowerCase().includes(sought)
          : operator === '='
            ? name === value
            : name.startsWith(value)
    }
    case 'status':
      if (operator !== '=' && operator !== 'in') throw wrongUse(field, operator)
      return ({ state }) => values.includes(state === 'open' ? 'enabled' : 'disabled')
    default:
      throw queryProblem(`There is no field ${field}.`)
  }
}

function wrongUse(field: string, operator: string): Refusal {
  return queryProblem(`${field} cannot be sought by ${operator}.`)
}

function dates(field: string, operator: string, bound: number, own: (link: Link) => number): (link: Link) => boolean {
  switch (operator) {
    case '=':
      return (link) => own(link) === bound
    case '<':
      return (link) => own(link) < bound
    case '>':
      return (link) => own(link) > bound
    case '<=':
      return (link) => own(link) <= bound
    case '>=':
      return (link) => own(link) >= bound
    default:
      throw wrongUse(field, operator)
  }
}
