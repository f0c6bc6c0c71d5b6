/** Positions in listings as text, the form in which a client carries them from page to page. */
import type { Kind, Node, NodeId, Outline } from './model.ts'
import type { ListOrderBy, OrderBy, Position } from './op.ts'

const KINDS: readonly Kind[] = ['folder', 'file']

/** Where folders, which have no size, stand by size: before all files. */
export const FOLDER_SIZE = -1

/** What the nodes of a drive are ordered by. */
export const ORDER_VALUES: Readonly<Record<OrderBy, (node: Outline) => string | number>> = {
  name: ({ key }) => key,
  updated: ({ updatedAt }) => updatedAt,
  created: ({ createdAt }) => createdAt,
  size: ({ content }) => content?.size ?? FOLDER_SIZE,
}

/** What the children of a folder are ordered by. */
const LIST_VALUES: Readonly<Record<ListOrderBy, (node: Node) => string | number>> = {
  ...ORDER_VALUES,
  localCreated: ({ attributes, createdAt }) => attributes.localCreatedAt ?? createdAt,
  localModified: ({ attributes, updatedAt }) => attributes.localModifiedAt ?? updatedAt,
}

/** Where a node stands in a listing. */
export function positionOf(node: Node, by: ListOrderBy): Position {
  return { kind: node.kind, value: LIST_VALUES[by](node), id: node.id }
}

/** Short, URL-safe text that `readPosition` turns back. It holds nothing that the page it ends did not show. */
export function positionText({ kind, value, id }: Position): string {
  return Buffer.from(JSON.stringify([KINDS.indexOf(kind), value, id])).toString('base64url')
}

/** The position in a listing of this order; undefined for a text that is none. Rights do not depend on it. */
export function readPosition(text: string, by: ListOrderBy): Position | undefined {
  let members: unknown
  try {
    members = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!Array.isArray(members) || members.length !== 3) return undefined
  const [at, value, id] = members as unknown[]
  const kind = typeof at === 'number' ? KINDS[at] : undefined
  const isValue = by === 'name' ? typeof value === 'string' && value.isWellFormed() : Number.isSafeInteger(value)
  if (kind === undefined || !isValue || !Number.isSafeInteger(id) || (id as number) < 0) return undefined
  return { kind, value: value as string | number, id: id as NodeId }
}

/** Texts by the bytes of their UTF-8, as the stores order names; numbers by size. */
export function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return compareTexts(String(a), String(b))
}

/** UTF-8 orders texts by code points; UTF-16 does too, but for surrogates, which stand for what comes after all others. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (one !== other) return isSurrogate(one) === isSurrogate(other) ? one - other : isSurrogate(one) ? 1 : -1
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
