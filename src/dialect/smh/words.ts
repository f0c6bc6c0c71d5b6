/** Reading the shapes of a request: words of the query, members of a JSON body. Only types and bounds are judged here. */
import type { Json } from '../../engine/index.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'

export type Members = Readonly<Record<string, unknown>>

/** The first of the spellings that is present and not empty. */
export function word(query: URLSearchParams, ...spellings: string[]): string | undefined {
  for (const name of spellings) {
    const value = query.get(name)
    if (value !== null && value !== '') return value
  }
  return undefined
}

/** A comma list; empty entries do not count. */
export function list(query: URLSearchParams, name: string): string[] {
  return (query.get(name) ?? '').split(',').filter(Boolean)
}

/** A whole number within bounds; `otherwise` when absent. */
export function count(query: URLSearchParams, name: string, bounds: { min: number; max: number; otherwise: number }) {
  const text = word(query, name)
  if (text === undefined) return bounds.otherwise
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw refuse('ParamInvalid', `${name} must be a number from ${bounds.min} to ${bounds.max}.`)
  }
  return value
}

/** A boolean of the query: 0, 1, true or false. */
export function yes(query: URLSearchParams, name: string): boolean {
  const text = word(query, name)
  if (text === undefined) return false
  return booleanOf(text, name)
}

/** A boolean as the clients write it: itself, 0 or 1, or any of these in quotes. */
export function booleanOf(value: unknown, name: string): boolean {
  if (value === true || value === 1 || value === '1' || value === 'true') return true
  if (value === false || value === 0 || value === '0' || value === 'false') return false
  throw refuse('ParamInvalid', `${name} must be a boolean.`)
}

/** The JSON body; undefined when there is none. */
export function json(call: Call): unknown {
  if (call.body.length === 0) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(call.body))
  } catch {
    throw refuse('BadRequest', 'The body is not JSON.')
  }
}

/** The JSON body as an object; no body is an empty object. */
export function members(call: Call): Members {
  return membersOf(json(call) ?? {}, 'The body')
}

export function membersOf(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('ParamInvalid', `${what} must be an object.`)
  }
  return value as Members
}

/** A member that is a string; absent and null are undefined. */
export function text(from: Members, name: string): string | undefined {
  const value = member(from, name)
  if (value === undefined || typeof value === 'string') return value
  throw refuse('ParamInvalid', `${name} must be a string.`)
}

/** A member that must be a string. */
export function requiredText(from: Members, name: string): string {
  const value = text(from, name)
  if (value === undefined) throw refuse('ParamInvalid', `${name} is required.`)
  return value
}

export function flag(from: Members, name: string): boolean | undefined {
  const value = member(from, name)
  return value === undefined ? undefined : booleanOf(value, name)
}

export function texts(from: Members, name: string): string[] | undefined {
  const value = member(from, name)
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw refuse('ParamInvalid', `${name} must be a list of strings.`)
}

/** A number of bytes, written as a number or as decimal digits. */
export function bytes(value: unknown, name: string): number {
  const digits = typeof value === 'number' ? String(value) : value
  if (typeof digits === 'string' && /^[0-9]{1,16}$/.test(digits) && Number.isSafeInteger(Number(digits))) {
    return Number(digits)
  }
  throw refuse('ParamInvalid', `${name} must be a number of bytes.`)
}

/** A member that is a whole number within bounds, written as a number or in digits. */
export function wholeNumber(
  from: Members,
  name: string,
  { min, max }: { min: number; max: number },
): number | undefined {
  const value = member(from, name)
  if (value === undefined) return undefined
  const text = typeof value === 'number' ? String(value) : value
  const number = typeof text === 'string' && /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw refuse('ParamInvalid', `${name} must be a whole number from ${min} to ${max}.`)
}

/** A time as ISO 8601 or as milliseconds since 1970, in ms. */
export function time(from: Members, name: string): number | undefined {
  const value = member(from, name)
  if (value === undefined || value === '') return undefined
  const text = typeof value === 'string' ? value : ''
  const ms = typeof value === 'number' ? value : /^[0-9]{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(ms) && Math.abs(ms) <= 8.64e15) return ms
  throw refuse('InvalidTimeFormat')
}

export function member(from: Members, name: string): Json | undefined {
  const value = Object.hasOwn(from, name) ? from[name] : undefined
  return value === null ? undefined : (value as Json | undefined)
}
