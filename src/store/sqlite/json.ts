/** How sets go into statements: as one JSON parameter. */
import type { DriveId, NodeId } from '../../engine/index.ts'

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
