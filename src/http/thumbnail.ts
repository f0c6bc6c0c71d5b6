/** Small pictures of pictures: decoded, fitted into a box and written anew, so that nothing of the original's metadata stays. */
import type { ResizeOptions, Sharp } from 'sharp'
import type { OpenVersion, PictureSize } from '../engine/index.ts'

/** A picture's bytes and their media type. */
export interface Thumbnail {
  readonly bytes: Buffer
  readonly type: 'image/jpeg' | 'image/png'
}

/** Makes a small picture of a file; null when the file is none, is broken, or is larger than this is willing to decode. */
export type Thumbnails = (version: OpenVersion, size: PictureSize) => Promise<Thumbnail | null>

/** The largest file that is decoded, bytes. */
export const SOURCE_BYTES_MAX = 64 * 2 ** 20
/** The largest picture that is decoded, pixels: a small file may promise billions of them. */
export const SOURCE_PIXELS_MAX = 50_000_000
/** How many bytes of made pictures are remembered. */
const REMEMBERED_BYTES_MAX = 32 * 2 ** 20
/** How many pictures are decoded at once; the others wait, so that uploads and downloads keep their threads. */
const AT_ONCE_MAX = 2
/** How long one may take, s. */
const SECONDS_MAX = 20
const JPEG_QUALITY = 80

/**
 * The decoders that may see what users upload. Others are for formats that can name further files, or are seldom fed with
 * hostile bytes.
 */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].flatMap((format) => [
  `VipsForeignLoad${format}Buffer`,
  `VipsForeignLoad${format}Source`,
])

/** The extensions of what they decode. */
const EXTENSIONS = new Set(['jpg', 'jpeg', 'jpe', 'png', 'webp', 'gif', 'avif'])

/** Whether a small picture of a file can be expected, as far as its name and its size (bytes) tell. */
export function mayHaveThumbnail(name: string, size: number): boolean {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return size > 0 && size <= SOURCE_BYTES_MAX && name.includes('.') && EXTENSIONS.has(extension)
}

const FITS = { cover: 'cover', inside: 'inside', outside: 'outside', pad: 'contain', stretch: 'fill' } as const

/** Made pictures are remembered by content and size, and made once for all who wait for the same one. */
export function createThumbnails(): Thumbnails {
  const remembered = new Map<string, Thumbnail>()
  const making = new Map<string, Promise<Thumbnail | null>>()
  const turn = takingTurns(AT_ONCE_MAX)
  let bytes = 0

  function remember(key: string, made: Thumbnail): void {
    remembered.set(key, made)
    bytes += made.bytes.length
    for (const [oldest, { bytes: old }] of remembered) {
      if (bytes <= REMEMBERED_BYTES_MAX) break
      remembered.delete(oldest)
      bytes -= old.length
    }
  }

  async function made(key: string, version: OpenVersion, size: PictureSize): Promise<Thumbnail | null> {
    try {
      const picture = await turn(() => make(version, size))
      if (picture) remember(key, picture)
      return picture
    } finally {
      making.delete(key)
    }
  }

  return async (version, size) => {
    const { content } = version
    if (content.size === 0 || content.size > SOURCE_BYTES_MAX) return null
    const key = [content.digest, ...Object.values(size)].join()
    const found = remembered.get(key)
    if (found) {
      // What was used last is forgotten last.
      remembered.delete(key)
      remembered.set(key, found)
      return found
    }
    const underWay = making.get(key) ?? made(key, version, size)
    making.set(key, underWay)
    return underWay
  }
}

/** Runs at most `atOnce` of the works it is given at a time, in the order in which they came. */
function takingTurns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // A turn is handed on rather than given back, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

async function make(version: OpenVersion, size: PictureSize): Promise<Thumbnail | null> {
  const source = await read(version)
  const sharp = await decoder()
  // Whatever is wrong with the bytes is thrown by the library; nothing else happens in there.
  try {
    const picture = sharp(source, { limitInputPixels: SOURCE_PIXELS_MAX, failOn: 'error' })
    const { width, height, hasAlpha } = await picture.metadata()
    const fitted = picture
      .autoOrient()
      .resize(boxOf(size, width, height))
      .timeout({ seconds: SECONDS_MAX })
    return await written(fitted, hasAlpha)
  } catch {
    return null
  }
}

async function written(picture: Sharp, hasAlpha: boolean): Promise<Thumbnail> {
  if (hasAlpha) return { bytes: await picture.png().toBuffer(), type: 'image/png' }
  return { bytes: await picture.jpeg({ quality: JPEG_QUALITY }).toBuffer(), type: 'image/jpeg' }
}

function boxOf(
  { fit, width, height, percent, enlarge }: PictureSize,
  ownWidth: number,
  ownHeight: number,
): ResizeOptions {
  if (percent !== undefined) {
    const share = (side: number) => Math.max(1, Math.round((side * percent) / 100))
    // Turned upright, what was wide may be high: both fit into a square on the longer side.
    const side = share(Math.max(ownWidth, ownHeight))
    return { width: side, height: side, fit: 'inside', withoutEnlargement: true }
  }
  return {
    ...(width > 0 ? { width } : {}),
    ...(height > 0 ? { height } : {}),
    fit: FITS[fit],
    background: 'white',
    withoutEnlargement: !enlarge,
  }
}

async function read({ content, stream }: OpenVersion): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream({ start: 0, end: content.size })) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

type Decoder = typeof import('sharp').default

let loaded: Promise<Decoder> | undefined

/** The library, loaded when the first picture is wanted: most servers start without ever needing it. */
export function decoder(): Promise<Decoder> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // One thread a picture: how many are made at once is ours to say. Nothing is remembered twice.
    sharp.concurrency(1)
    sharp.cache(false)
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({ operation: DECODERS })
    return sharp
  })
  return loaded
}
