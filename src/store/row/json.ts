/** JSON columns: text in both stores. */
import type { Json } from '../../engine/index.ts'

const EMPTY = Object.freeze({})

/** Reads a JSON column. Most objects are empty; those share one frozen object. */
export function fromJson<T = Json>(text: string): T {
  return (text === '{}' ? EMPTY : JSON.parse(text)) as T
}
