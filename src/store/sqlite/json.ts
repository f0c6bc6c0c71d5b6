/** How sets go into statements, as one JSON parameter, and how JSON columns come back. */
import type { DriveId, Json, NodeId } from '../../engine/index.ts'

/**
 * The first members of a JSON array as columns: `value ->> 0, value ->> 1, …`. A set of rows is an array of arrays that
 * `json_each(?)` turns back into rows.
 */
export function members(count: number): string {
  return Array.from({ length: count }, (_, index) => `value ->> ${index}`).join(', ')
}

/** The keys as the JSON text of `[[drive, id], …]`. */
export function keysJson(keys: readonly { readonly drive: DriveId; readonly id: NodeId }[]): string {
  return JSON.stringify(keys.map((key) => [key.drive, key.id]))
}

const EMPTY = Object.freeze({})

/** Reads a JSON column. Most objects are empty; those share one frozen object. */
export function fromJson<T = Json>(text: string): T {
  return (text === '{}' ? EMPTY : JSON.parse(text)) as T
}
