/** Writing so that it stays: what these functions have done is on the disk, not only in its cache. */
import { dirname } from 'node:path'
import { type Content, StorageError, TooLongError } from '../../engine/index.ts'
import { ContentDigest } from '../digest.ts'
import type { Disk, OpenFile } from './disk.ts'

/** Runs file-system calls; what goes wrong in them is the deployment's fault. */
export async function storing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Makes a file's content durable. */
export async function syncFile(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a folder's list of names durable: a folder is a file of names. */
export const syncFolder = syncFile

/** Makes a folder and those above it that are missing, durably. */
export async function makeFolder(disk: Disk, path: string): Promise<void> {
  const first = await disk.mkdir(path, { recursive: true })
  if (first === undefined) return
  const parents: string[] = []
  for (let at = path; at.length >= first.length; at = dirname(at)) parents.push(dirname(at))
  await Promise.all(parents.map((parent) => syncFolder(disk, parent)))
}

/**
 * Streams bytes into a fresh file and makes its content durable; its name is not yet. When anything goes wrong, also in
 * the source, nothing stays and the same error is thrown.
 * @param limit bytes; a longer stream ends with TooLongError
 */
export async function writeFresh(
  disk: Disk,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Content> {
  const file = await storing('a file could not be made', () => disk.open(path, 'wx'))
  try {
    const digest = new ContentDigest()
    let size = 0
    for await (const chunk of bytes) {
      size += chunk.length
      if (size > limit) throw new TooLongError(`more than ${limit} bytes`)
      // The digests are computed while the disk works.
      const written = storing('a file could not be written', () => writeAll(file, chunk))
      digest.update(chunk)
      await written
    }
    await storing('a file could not be synced', () => file.sync())
    await storing('a file could not be closed', () => file.close())
    return digest.content()
  } catch (error) {
    await file.close().catch(() => {})
    await disk.rm(path, { force: true }).catch(() => {})
    throw error
  }
}

async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten
}
