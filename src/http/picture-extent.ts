/** How large pictures are, told from the beginning of a file. */
import type { OpenVersion } from '../engine/index.ts'
import { decoder, mayHaveThumbnail, SOURCE_PIXELS_MAX } from './thumbnail.ts'

/** Pixels, as the picture is stored: it may have to be turned to be looked at. */
export interface PictureExtent {
  readonly width: number
  readonly height: number
}

/** Null for what is no picture, or does not say within its first bytes how large it is. */
export type PictureExtents = (version: OpenVersion, name: string) => Promise<PictureExtent | null>

/** What stands before a picture's own data, such as a profile and a preview, is seldom longer. */
const HEAD_BYTES = 512 * 1024
/** The largest file of which all is read, for formats that are understood as a whole only. */
const WHOLE_BYTES_MAX = 16 * 1024 * 1024
const REMEMBERED_MAX = 10_000

/** Extents are remembered by content. */
export function createPictureExtents(): PictureExtents {
  const remembered = new Map<string, PictureExtent | null>()
  return async (version, name) => {
    const { content } = version
    if (!mayHaveThumbnail(name, content.size)) return null
    const known = remembered.get(content.digest)
    if (known !== undefined) return known
    const found = await extentOf(version)
    if (remembered.size >= REMEMBERED_MAX) remembered.clear()
    remembered.set(content.digest, found)
    return found
  }
}

async function extentOf(version: OpenVersion): Promise<PictureExtent | null> {
  const { size } = version.content
  const found = await extentIn(version, Math.min(size, HEAD_BYTES))
  return found || size <= HEAD_BYTES || size > WHOLE_BYTES_MAX ? found : extentIn(version, size)
}

async function extentIn({ stream }: OpenVersion, end: number): Promise<PictureExtent | null> {
  const chunks: Buffer[] = []
  for await (const chunk of stream({ start: 0, end })) chunks.push(chunk as Buffer)
  const sharp = await decoder()
  // Whatever is wrong with the bytes is thrown by the library; nothing else happens in there.
  try {
    const { width, height } = await sharp(Buffer.concat(chunks), { limitInputPixels: SOURCE_PIXELS_MAX }).metadata()
    return { width, height }
  } catch {
    return null
  }
}
