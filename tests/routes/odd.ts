/** Requests with something odd in one place, which may be any: a part of the path, a word of the query, any value of the body. */
import type { Sample } from './sample.ts'

type Parts = Pick<Sample, 'at' | 'query' | 'body'>

/** Where in a request something stands: members and indices from the outside in. */
export type Site = readonly (string | number)[]

/** What is put in the place of what was there. */
export const ODD: readonly ((before: unknown) => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => Number.MAX_SAFE_INTEGER + 2,
  () => '',
  () => ' ',
  () => '0',
  () => '-1',
  () => '18446744073709551616',
  () => 'a\0b',
  () => '\ud800',
  () => '../../etc/passwd',
  () => '%00',
  () => 'a/'.repeat(5_000),
  () => '__proto__',
  () => 'constructor',
  () => "' or 1=1 --",
  () => 'é'.repeat(5_000),
  () => 'f'.repeat(40),
  () => 'f'.repeat(32),
  () => Buffer.from('{"by":"name","scope":[[]],"where":{"all":[{"field":1}]}}').toString('base64url'),
  () => [],
  () => [null],
  () => [[[]]],
  () => Array(10_000).fill('x'),
  (before) => Array(10_000).fill(Array.isArray(before) ? before[0] : before),
  () => ({}),
  () => [{}],
  () => JSON.parse('{"__proto__":{"x":1},"toString":1,"length":-1}'),
  () => JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`),
  (before) => [before, before],
  (before) => ({ 0: before }),
  (before) => `${before}x`,
  (before) => Number(before) || 7,
]

/** Every place of a request in which something stands, the body as a whole among them. */
export function sitesOf({ at = [], query = {}, body }: Parts): Site[] {
  return [
    ...at.map((_, index) => ['at', index]),
    ...Object.keys(query).map((name) => ['query', name]),
    ...(body === undefined ? [] : within(body, ['body'])),
  ]
}

function within(value: unknown, site: Site): Site[] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const isList = Array.isArray(value)
  return [site, ...inside.flatMap(([name, one]) => within(one, [...site, isList ? Number(name) : name]))]
}

/** The request with something odd at the site. */
export function oddAt<Whole>(whole: Whole, [first, ...rest]: Site, odd: (before: unknown) => unknown): Whole {
  if (first === undefined) return odd(whole) as Whole
  const copy = (Array.isArray(whole) ? [...whole] : { ...whole }) as Record<string | number, unknown>
  copy[first] = oddAt(copy[first], rest, odd)
  return copy as Whole
}

/** What a path or a query can carry: text that has an encoding. */
export function sendable({ at = [], query = {}, body }: Parts): Parts {
  const text = (value: unknown) =>
    (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed().slice(0, 6_000)
  return {
    at: at.map(text),
    query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, text(value)])),
    ...(body === undefined ? {} : { body }),
  }
}
