/** One request taken apart the vendor's way: the raw path, the flags and words of the query, the JSON body. */
import type { FastifyRequest } from 'fastify'
import type { DialectContext } from '../../http/dialect.ts'
import { refuse } from './error.ts'
import type { SpaceIndex } from './space-index.ts'

export const PREFIX = '/api/v1'

export interface Call {
  readonly context: DialectContext
  readonly spaces: SpaceIndex
  readonly request: FastifyRequest
  /** What the named places of the operation's pattern hold. */
  readonly params: Readonly<Record<string, string>>
  /** The segments that `{path*}` took. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** The raw body; empty when there is none. */
  readonly body: Buffer
}

export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'

/** One call of the vendor's API. Several share a path and are told apart by a flag in the query. */
export interface Operation {
  /** The vendor's name. */
  readonly operation: string
  /** `done`, or what is missing. */
  readonly coverage: string
  readonly method: Method
  /** Below the prefix: literal words, `{name}` for one segment, `{path*}` for all that follow. */
  readonly path: string
  /** The query parameter whose presence chooses this operation. */
  readonly flag?: string
  readonly handle: (call: Call) => Promise<Answer>
}

/** The raw target without its query, as literal segments below the prefix, each decoded once. `+` stays `+`. */
export function segmentsOf(target: string): string[] {
  const path = target.split(/[?#]/, 1)[0]!.slice(PREFIX.length)
  return path.split('/').filter(Boolean).map(decode)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw refuse('BadRequest', 'The path is not percent-encoded UTF-8.')
  }
}

/** The query; words that a client writes as `orderBy` or `order-by` are there as `order_by` too. */
export function queryOf(target: string): URLSearchParams {
  const at = target.indexOf('?')
  const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
  for (const [name, value] of [...query]) {
    const plain = name.replace(/-/g, '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    if (!query.has(plain)) query.append(plain, value)
  }
  return query
}

export interface Match {
  readonly operation: Operation
  readonly params: Record<string, string>
  readonly path: string[]
}

/** The first operation whose pattern and flag fit. */
export function match(operations: readonly Operation[], segments: readonly string[], query: URLSearchParams) {
  for (const operation of operations) {
    if (operation.flag !== undefined && !query.has(operation.flag)) continue
    const places = placesIn(operation.path.split('/'), segments)
    if (places) return { operation, ...places } satisfies Match
  }
  return undefined
}

function placesIn(pattern: readonly string[], segments: readonly string[]) {
  const params: Record<string, string> = {}
  const rest = pattern.at(-1) === '{path*}'
  const fixed = rest ? pattern.slice(0, -1) : pattern
  if (rest ? segments.length < fixed.length : segments.length !== fixed.length) return undefined
  for (const [at, word] of fixed.entries()) {
    const segment = segments[at]!
    if (word.startsWith('{')) params[word.slice(1, -1)] = segment
    else if (word !== segment) return undefined
  }
  // Some clients send the whole entry path as one segment with `%2F` inside.
  return { params, path: segments.slice(fixed.length).flatMap(splitPath) }
}

/** Segments of a path that is not percent-encoded; leading, trailing and doubled slashes do not count. */
export function splitPath(path: string): string[] {
  return path.split('/').filter(Boolean)
}

/** Whether a segment can be no name at all, so that looking it up would answer another question than was asked. */
export function isIllegalSegment(segment: string): boolean {
  return segment === '.' || segment === '..' || segment.includes('\0') || !segment.isWellFormed()
}

/** The entry path of the call. */
export function entryPath(call: Call): readonly string[] {
  return legal(call.path)
}

/** The entry path of the call, which must not be the root. */
export function namedPath(call: Call): readonly string[] {
  if (call.path.length === 0) throw refuse('EmptyPath')
  return legal(call.path)
}

function legal(path: readonly string[]): readonly string[] {
  if (path.some(isIllegalSegment)) throw refuse('IllegalFileName')
  return path
}

/** A path written in a JSON body. */
export function bodyPath(text: string): readonly string[] {
  return legal(splitPath(text))
}
