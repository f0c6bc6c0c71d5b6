/**
 * Reading what a client sent, member by member. The first thing that is wrong is kept in `problem` and everything else
 * goes on with harmless stand-ins, so that a handler reads all it needs and then looks once.
 */
import { type Code, type Refusal, refuse } from './error.ts'
import { ID_CHARACTERS_MAX } from './terms.ts'

export class Input {
  /** What is wrong with the members read so far, the first of them. */
  problem: Refusal | undefined
  private readonly members: ReadonlyMap<string, unknown>
  private readonly isQuery: boolean

  constructor(members: ReadonlyMap<string, unknown>, isQuery: boolean) {
    this.members = members
    this.isQuery = isQuery
  }

  /** Notes a problem unless one was noted before. */
  refuse(code: Code, msg?: string): void {
    this.problem ??= refuse(code, msg)
  }

  /** The member as sent; null counts as absent. Query members are lists of strings. */
  raw(name: string): unknown {
    return this.members.get(name) ?? undefined
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined
  }

  private single(name: string): unknown {
    const value = this.raw(name)
    return this.isQuery && Array.isArray(value) ? value.at(-1) : value
  }

  optionalText(name: string): string | undefined {
    const value = this.single(name)
    if (value === undefined || typeof value === 'string') return value
    this.refuse('malformed', `${name} must be a string`)
    return undefined
  }

  /** A required string; it may be empty. */
  text(name: string): string {
    const value = this.optionalText(name)
    if (value === undefined) this.refuse('missing', `${name} is required`)
    return value ?? ''
  }

  /** One of some words; without a fallback it is required. */
  word<Word extends string>(name: string, words: readonly Word[], fallback?: Word): Word {
    const value = fallback === undefined ? this.text(name) : (this.optionalText(name) ?? fallback)
    if ((words as readonly string[]).includes(value)) return value as Word
    this.refuse('valueInvalid', `${name} must be one of ${words.join(', ')}`)
    return words[0]!
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.single(name)
    if (value === undefined) return fallback
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    this.refuse('valueInvalid', `${name} must be true or false`)
    return fallback
  }

  /** A whole number from `min` up. */
  optionalInteger(name: string, min: number): number | undefined {
    const value = this.single(name)
    if (value === undefined) return undefined
    const isNumber = this.isQuery ? typeof value === 'string' && /^-?\d{1,16}$/.test(value) : typeof value === 'number'
    if (!isNumber) {
      this.refuse(this.isQuery ? 'valueInvalid' : 'malformed', `${name} must be a whole number`)
      return undefined
    }
    const number = Number(value)
    if (Number.isSafeInteger(number) && number >= min) return number
    this.refuse('valueInvalid', `${name} must be a whole number from ${min} up`)
    return undefined
  }

  /** A required whole number from `min` up. */
  integer(name: string, min: number): number {
    if (!this.has(name)) this.refuse('missing', `${name} is required`)
    return this.optionalInteger(name, min) ?? min
  }

  /** `page_size`: required, at least 1; more than the largest page is cut down to it. */
  pageSize(max: number): number {
    return Math.min(this.integer('page_size', 1), max)
  }

  /** A list of strings; in a query repeated, with brackets, or separated by commas. Undefined when absent. */
  optionalTexts(name: string): string[] | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
      return this.isQuery ? value.flatMap((item) => item.split(',')) : value
    }
    this.refuse('malformed', `${name} must be a list of strings`)
    return undefined
  }

  /** A required list of ids without repetitions, in the order of first appearance; 1 … `max` entries. */
  ids(name: string, max: number): string[] {
    const texts = this.optionalTexts(name)
    if (!texts) this.refuse('malformed', `${name} must be a list of strings`)
    else if (texts.length === 0) this.refuse('listEmpty', `${name} is empty`)
    else if (texts.length > max) this.refuse('tooMany', `${name} holds more than ${max} ids`)
    else if (texts.some((id) => id.length > ID_CHARACTERS_MAX)) {
      this.refuse('tooLong', `an id is longer than ${ID_CHARACTERS_MAX} characters`)
    }
    return [...new Set(texts)]
  }
}

/** The query of a raw request target. `a[]=x` means the same as `a=x`. */
export function queryInput(target: string): Input {
  const at = target.indexOf('?')
  const members = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(at === -1 ? '' : target.slice(at + 1))) {
    const name = key.replace(/\[\d*\]$/, '')
    const values = members.get(name)
    if (values) values.push(value)
    else members.set(name, [value])
  }
  return new Input(members, true)
}

/** A JSON body. No body, `{}` and `null` mean no members; anything but an object is malformed. */
export function bodyInput(body: Buffer, contentType: string): Input | Refusal {
  if (body.length === 0) return new Input(new Map(), false)
  if (!/^application\/json\s*(;|$)/i.test(contentType)) return refuse('contentType')
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return refuse('malformed', 'the body is not JSON')
  }
  if (value === null) return new Input(new Map(), false)
  if (typeof value !== 'object' || Array.isArray(value)) return refuse('malformed', 'the body is not a JSON object')
  return new Input(new Map(Object.entries(value)), false)
}
