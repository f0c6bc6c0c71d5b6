/**
 * Reading the fields of a request. Only shapes are judged here: types, counts, ranges, enums. `null` counts as absent, as
 * the generated clients send it; unknown fields are ignored, as every client sends some.
 */
import { badJson, empty, missing, notValid, outOfRange, Refusal } from './error.ts'

/** A JSON object as it was sent. */
export type Body = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The object in a request's bytes; no bytes at all are `{}`. */
export function parseBody(bytes: Uint8Array | undefined): Body {
  if (bytes === undefined || bytes.length === 0) return {}
  try {
    return parseObject(utf8.decode(bytes))
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(badJson('body'))
  }
}

/** The object in a JSON text. */
export function parseObject(text: string): Body {
  const value = parseJson(text)
  if (!isObject(value)) throw new Refusal(badJson('body'))
  return value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(badJson('body'))
  }
}

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function given(body: Body, field: string): unknown {
  return Object.hasOwn(body, field) && body[field] !== null ? body[field] : undefined
}

/** @param charactersMax in code points */
export function text(body: Body, field: string, charactersMax = Number.POSITIVE_INFINITY): string | undefined {
  const value = given(body, field)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !value.isWellFormed()) throw new Refusal(notValid(field))
  if (value.length > charactersMax && [...value].length > charactersMax) throw new Refusal(outOfRange(field))
  return value
}

export function requiredText(body: Body, field: string, charactersMax?: number): string {
  const value = text(body, field, charactersMax)
  if (value === undefined) throw new Refusal(missing(field))
  if (value === '') throw new Refusal(empty(field))
  return value
}

export function flag(body: Body, field: string): boolean | undefined {
  const value = given(body, field)
  if (value === undefined || typeof value === 'boolean') return value
  throw new Refusal(notValid(field))
}

/** A whole number within the bounds, both included. */
export function integer(body: Body, field: string, min: number, max: number): number | undefined {
  const value = given(body, field)
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new Refusal(notValid(field))
  return value
}

/** The page size; outside of its bounds it is `InvalidParameter.Limit`. */
export function pageSize(body: Body, max: number, usual: number): number {
  return integer(body, 'limit', 1, max) ?? usual
}

/** One of a closed list of words; the empty string counts as absent, as form-like clients send it. */
export function choice<Word extends string>(body: Body, field: string, words: readonly Word[]): Word | undefined {
  const value = text(body, field)
  if (value === undefined || value === '') return undefined
  if (!words.includes(value as Word)) throw new Refusal(notValid(field))
  return value as Word
}

export function texts(body: Body, field: string, countMax: number, charactersMax: number): string[] | undefined {
  const value = given(body, field)
  if (value === undefined) return undefined
  const isText = (item: unknown): item is string => typeof item === 'string' && item.isWellFormed()
  if (!Array.isArray(value) || !value.every(isText)) throw new Refusal(notValid(field))
  if (value.length > countMax || value.some((item) => [...item].length > charactersMax))
    throw new Refusal(outOfRange(field))
  return value
}

export function objects(body: Body, field: string, countMax: number): Body[] | undefined {
  const value = given(body, field)
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every(isObject)) throw new Refusal(notValid(field))
  if (value.length > countMax) throw new Refusal(outOfRange(field))
  return value
}

/** A moment as RFC 3339 text, in ms since 1970; the empty string counts as absent. */
export function moment(body: Body, field: string): number | undefined {
  const value = text(body, field)
  if (value === undefined || value === '') return undefined
  const at = /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw new Refusal(notValid(field))
  return at
}
