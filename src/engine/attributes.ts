/** What users write on a node: bounds, and how a patch changes it. */
import type { Attributes } from './model.ts'
import type { AttributesPatch } from './op.ts'

/** All attributes of one node, as JSON, in bytes. */
export const ATTRIBUTES_BYTES_MAX = 256 * 1024
export const DESCRIPTION_CHARACTERS_MAX = 1024
export const LABELS_MAX = 100
export const LABEL_CHARACTERS_MAX = 128
export const TAGS_MAX = 1000

/** Names the attribute that is out of bounds; '' when none is. */
export function attributesProblem(attributes: Attributes): string {
  const { description = '', labels = [], tags = {} } = attributes
  if ([...description].length > DESCRIPTION_CHARACTERS_MAX) return 'description'
  if (labels.length > LABELS_MAX || labels.some((label) => [...label].length > LABEL_CHARACTERS_MAX)) return 'labels'
  if (Object.keys(tags).length > TAGS_MAX) return 'tags'
  if (Buffer.byteLength(JSON.stringify(attributes)) > ATTRIBUTES_BYTES_MAX) return 'attributes'
  return ''
}

/** Attributes after a patch: given members replace, null removes, `tags` and `extra` are merged member by member. */
export function patched(before: Attributes, patch: AttributesPatch): Attributes {
  const { tags, extra, ...plain } = patch
  const after: Record<string, unknown> = { ...before, ...plain }
  if (tags !== undefined) after.tags = tags && { ...before.tags, ...tags }
  if (extra !== undefined) after.extra = extra && { ...before.extra, ...extra }
  return withoutNull(after)
}

function withoutNull(record: Record<string, unknown>): Attributes {
  const kept = Object.entries(record).flatMap(([key, value]) => {
    if (value === null || value === undefined) return []
    const nested = key === 'tags' || key === 'extra'
    const inner = nested ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) : value
    return nested && Object.keys(inner as object).length === 0 ? [] : [[key, inner]]
  })
  return Object.fromEntries(kept)
}
