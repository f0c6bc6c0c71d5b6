/** ZIP archives made while they are sent: nothing is kept, and their length is known before the first byte. */
import type { Readable } from 'node:stream'
import { ZipFile } from 'yazl'

export interface ZipEntry {
  /** Names from the top of the archive down. */
  readonly path: readonly string[]
  readonly size: number
  /** ms since 1970 */
  readonly modifiedAt: number
  /** Opens the bytes, once the archive has come so far; null for a folder. */
  readonly open: (() => Promise<Readable>) | null
}

export interface Zip {
  /** Bytes. */
  readonly size: number
  readonly stream: Readable
}

/** Files are stored as they are: most are packed already, and so the length can be said. */
export function zipOf(entries: readonly ZipEntry[]): Promise<Zip> {
  const zip = new ZipFile()
  const stream = zip.outputStream as Readable
  let current: Readable | undefined
  const fail = (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error)))
  zip.on('error', fail)
  // Whoever stops reading leaves the file open that was being read.
  stream.once('close', () => current?.destroy())
  for (const { path, size, modifiedAt, open } of entries) {
    const name = path.map(entryName).join('/')
    const mtime = new Date(modifiedAt)
    if (!open) {
      zip.addEmptyDirectory(name, { mtime })
      continue
    }
    zip.addReadStreamLazy(name, { size, mtime, compress: false }, (take) => {
      open().then((bytes) => {
        current = bytes.once('error', fail)
        take(null, bytes)
      }, fail)
    })
  }
  // The published types forget that the size is told.
  const end = zip.end.bind(zip) as (options: undefined, then: (...told: number[]) => void) => void
  return new Promise((resolve) => end(undefined, (size = -1) => resolve({ size, stream })))
}

/** What programs on any system can unpack: a backslash is a slash to some, a colon after one letter a disk. */
function entryName(name: string): string {
  return name.replaceAll('\\', '_').replace(/^([A-Za-z]):/, '$1_')
}
