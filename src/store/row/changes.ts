/** What of a batch's changes is written alike, whatever the store. */
import type { BlobRef, Node } from '../../engine/index.ts'
import { fromContent } from './node.ts'

/** The first of nodes that all went into one folder at one moment by one hand; undefined when they did not, or are none. */
export function leaderOf(nodes: readonly Node[]): Node | undefined {
  const [first] = nodes
  return first && nodes.every((node) => isLike(node, first)) ? first : undefined
}

function isLike(node: Node, first: Node): boolean {
  const { drive, parent, updatedAt, modifier } = first
  const isThere = node.drive === drive && node.parent === parent
  return isThere && node.updatedAt === updatedAt && node.modifier === modifier
}

/** Where a node is and what goes with that: drive, id, parent, name, key, twin, rev, updatedAt, modifier. */
export function placement(node: Node): (string | number)[] {
  const { drive, id, parent, name, key, twin, rev, updatedAt, modifier } = node
  return [drive, id, parent, name, key, twin, rev, updatedAt, modifier]
}

/** A set update reaches each row once, so what is added to one row several times must be summed before. */
export function summed<Item extends { readonly delta: number }>(
  rows: readonly Item[],
  key: (row: Item) => string[],
): [...string[], number][] {
  const sums = new Map<string, [...string[], number]>()
  for (const row of rows) {
    const parts = key(row)
    const name = JSON.stringify(parts)
    const before = sums.get(name)?.at(-1) as number | undefined
    sums.set(name, [...parts, (before ?? 0) + row.delta])
  }
  return [...sums.values()]
}

/**
 * What drives refer to more, or less, than before: (drive, digest, size, md5, sha1, crc64, delta, at) and (drive, digest, delta,
 * at). Each row once, and in the order of keys, in which everybody takes them.
 */
export function countedRefs(refs: readonly BlobRef[]): { gained: unknown[][]; lost: unknown[][] } {
  const sums = new Map<string, BlobRef>()
  for (const ref of refs) {
    const key = `${ref.drive}/${ref.content.digest}`
    const before = sums.get(key)
    const sum = before && { ...ref, delta: before.delta + ref.delta, at: Math.max(before.at, ref.at) }
    sums.set(key, sum ?? ref)
  }
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref)
  return {
    gained: sorted
      .filter(({ delta }) => delta > 0)
      .map(({ drive, content, delta, at }) => [drive, ...fromContent(content), delta, at]),
    lost: sorted
      .filter(({ delta }) => delta < 0)
      .map(({ drive, content, delta, at }) => [drive, content.digest, delta, at]),
  }
}
