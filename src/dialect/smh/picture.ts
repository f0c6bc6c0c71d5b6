/** Previews: small pictures of files that are pictures; of anything else the file itself, as the vendor answers too. */
import { type NodeView, PICTURE_SIDE_MAX, type PictureSize } from '../../engine/index.ts'
import { mayHaveThumbnail } from '../../http/thumbnail.ts'
import { virtualOf } from './entry-kind.ts'
import { count, word } from './words.ts'

/**
 * The size a preview is asked for with: `size` is a square that is filled, `scale` a percentage, `width_size` and
 * `height_size` a box to lie in. Without any of them, undefined: the file as it is.
 */
export function pictureIn(query: URLSearchParams, { node }: NodeView): PictureSize | undefined {
  const side = (name: string) => count(query, name, { min: 1, max: PICTURE_SIDE_MAX, otherwise: 0 })
  const [size, width, height] = [side('size'), side('width_size'), side('height_size')]
  const percent = count(query, 'scale', { min: 1, max: 100, otherwise: 0 })
  if (virtualOf(node) || !mayHaveThumbnail(node.name, node.content?.size ?? 0)) return undefined
  if (size > 0) return { fit: 'cover', width: size, height: size, enlarge: true }
  if (percent > 0) return { fit: 'inside', width: 0, height: 0, percent, enlarge: false }
  if (width > 0 || height > 0) return { fit: 'inside', width, height, enlarge: false }
  return undefined
}

/** Whether the call asks for a preview rather than for the file. */
export function isPreview(query: URLSearchParams): boolean {
  return query.has('preview') && !['0', 'false'].includes(word(query, 'preview') ?? '')
}
