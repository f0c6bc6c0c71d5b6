/** Reads the shape of requests: types, counts and enums. `null` counts as absent, and fields nobody asked for are ignored. */
import { missing, paramError } from './error.ts'

export type Fields = Readonly<Record<string, unknown>>

/** A JSON body as fields; an absent one has none. */
export function bodyOf(bytes: unknown): Fields | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined
  const value = parseJson(bytes.toString('utf8'))
  if (!isFields(value)) throw paramError('', 'The request body must be a JSON object.')
  return value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw paramError('', 'The request body is not valid JSON.')
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses unless every field is there. */
export function demand(fields: Fields, names: readonly string[]): void {
  const absent = names.find((name) => isAbsent(fields[name]))
  if (absent !== undefined) throw missing(absent)
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** An object within the fields; {} when absent. */
export function fieldsIn(fields: Fields, name: string): Fields {
  const value = fields[name]
  if (isAbsent(value)) return {}
  if (!isFields(value)) throw paramError(name, 'must be an object.')
  return value
}

/** A string; undefined when absent. */
export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (isAbsent(value)) return undefined
  if (typeof value !== 'string') throw paramError(name, 'must be a string.')
  return value
}

/** A string that `demand` has seen. */
export function demandedText(fields: Fields, name: string): string {
  return textIn(fields, name) ?? ''
}

/** A boolean, false when absent. */
export function booleanIn(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (isAbsent(value)) return false
  if (typeof value !== 'boolean') throw paramError(name, 'must be true or false.')
  return value
}

/** A boolean of a query: the word true or false. */
export function queryBooleanIn(query: Fields, name: string): boolean {
  return wordIn(query, name, ['true', 'false']) === 'true'
}

interface Bounds {
  readonly min: number
  readonly max: number
}

/** A whole number of a query, in digits; undefined when absent. */
export function queryIntegerIn(query: Fields, name: string, bounds: Bounds): number | undefined {
  const value = query[name]
  const digits = typeof value === 'string' && /^[0-9]{1,16}$/.test(value)
  return integerIn(digits ? { [name]: Number(value) } : query, name, bounds)
}

/** A whole number between the bounds; undefined when absent. */
export function integerIn(fields: Fields, name: string, bounds: Bounds): number | undefined {
  const value = fields[name]
  if (isAbsent(value)) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < bounds.min || value > bounds.max)
    throw paramError(name, `must be a whole number from ${bounds.min} to ${bounds.max}.`)
  return value
}

/** A list of 1 … `max` elements, each read by `read`, which answers undefined for what does not fit. */
export function listIn<T>(
  fields: Fields,
  name: string,
  max: number,
  read: (element: unknown) => T | undefined,
): readonly T[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw paramError(name, 'must be an array.')
  if (value.length < 1 || value.length > max) throw paramError(name, `must have 1 to ${max} elements.`)
  return value.map((element: unknown, i) => {
    const read1 = read(element)
    if (read1 === undefined) throw paramError(name, `has an element that is not valid, at position ${i}.`)
    return read1
  })
}

/** One of the words; undefined when absent. */
export function wordIn<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word | undefined {
  const value = fields[name]
  if (isAbsent(value)) return undefined
  const word = words.find((one) => one === value)
  if (word === undefined) throw paramError(name, `must be one of ${words.join(', ')}.`)
  return word
}
