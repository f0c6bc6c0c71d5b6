/** Where a node stands among all of its drive, and where each order begins. */
import {
  FOLDER_SIZE,
  type NodeId,
  ORDER_VALUES,
  type OrderedQuery,
  type OrderPlace,
  type Outline,
} from '../../engine/index.ts'

/** Greater than every name: names are at most 1,024 bytes, and no character is greater than this. */
export const BEYOND_NAMES = '\u{10ffff}'.repeat(300)
export const BEYOND_NUMBERS = Number.MAX_SAFE_INTEGER

/** The place behind which the nodes sought begin. */
export function startOf({ by, descending, after }: OrderedQuery): OrderPlace {
  if (after) return after
  const first = { name: '', created: -BEYOND_NUMBERS, updated: -BEYOND_NUMBERS, size: FOLDER_SIZE, id: 0 }[by]
  const last = by === 'name' ? BEYOND_NAMES : BEYOND_NUMBERS
  return { value: descending ? last : first, id: (descending ? BEYOND_NUMBERS : -1) as NodeId }
}

export function placeOf(node: Outline, by: OrderedQuery['by']): OrderPlace {
  return { value: by === 'id' ? node.id : ORDER_VALUES[by](node), id: node.id }
}
