/** Where a node stands among all of its drive, and where each order begins. */
import type { Node, NodeId, OrderedQuery, OrderPlace } from '../../engine/index.ts'

/** Greater than every name: names are at most 1,024 bytes, and no character is greater than this. */
export const BEYOND_NAMES = '\u{10ffff}'.repeat(300)
const BEYOND_NUMBERS = Number.MAX_SAFE_INTEGER

/** The place behind which the nodes sought begin. */
export function startOf({ by, descending, after }: OrderedQuery): OrderPlace {
  if (after) return after
  const first = by === 'name' ? '' : -BEYOND_NUMBERS
  const last = by === 'name' ? BEYOND_NAMES : BEYOND_NUMBERS
  return { value: descending ? last : first, id: (descending ? BEYOND_NUMBERS : -1) as NodeId }
}

export function placeOf(node: Node, by: OrderedQuery['by']): OrderPlace {
  const { key, createdAt, updatedAt, content, id } = node
  return { value: { name: key, created: createdAt, updated: updatedAt, size: content?.size ?? 0, id }[by], id }
}
