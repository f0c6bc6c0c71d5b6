/** Carries blobs from one blob folder to another, each checked on its way: bytes that are not what their name says stay behind. */

import { createReadStream, type Stats } from 'node:fs'
import { link, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DISK } from './disk.ts'
import { makeFolder, storing, syncFolder, writeFresh } from './durable.ts'
import { layoutOf, temporaryName } from './layout.ts'

/** Blobs carried at once: while some are hashed others wait for the disk. */
const AT_ONCE = 8

export interface CopyBlobsOptions {
  readonly from: string
  readonly to: string
  /** Gives each a second name instead of copying it, unchecked. Both folders must be on one file system. */
  readonly link?: boolean
}

export interface CopiedBlobs {
  readonly copied: number
  /** Bytes of those that were copied. */
  readonly size: number
  /** Those that are not in the folder they should come from. */
  readonly missing: readonly string[]
  /** Those whose bytes are not what they should be. */
  readonly spoilt: readonly string[]
}

/** Copies the blobs that are not there yet in the same size; durable when the promise resolves. */
export async function copyDiskBlobs(
  blobs: readonly { readonly digest: string; readonly size: number }[],
  options: CopyBlobsOptions,
): Promise<CopiedBlobs> {
  const outcome = { copied: 0, size: 0, missing: [] as string[], spoilt: [] as string[] }
  const folders = new Set<string>()
  await storing('a blob could not be copied', async () => {
    await makeFolder(DISK, layoutOf(options.to).temporary)
    const waiting = [...blobs]
    const worker = async () => {
      for (let blob = waiting.shift(); blob; blob = waiting.shift()) {
        const end = await copyBlob(blob, options, folders)
        if (end === 'missing' || end === 'spoilt') outcome[end].push(blob.digest)
        if (end !== 'copied') continue
        outcome.copied++
        outcome.size += blob.size
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    await Promise.all([...folders].map((folder) => syncFolder(DISK, folder)))
  })
  return outcome
}

type End = 'there' | 'copied' | 'missing' | 'spoilt'

/** @param folders takes the folder whose names are still to be synced */
async function copyBlob(
  { digest, size }: { readonly digest: string; readonly size: number },
  { from, to, link: isLinked = false }: CopyBlobsOptions,
  folders: Set<string>,
): Promise<End> {
  const [source, layout] = [layoutOf(from).blob(digest).path, layoutOf(to)]
  const target = layout.blob(digest).path
  if ((await statOf(target))?.size === size) return 'there'
  const found = await statOf(source)
  if (!found) return 'missing'
  if (found.size !== size) return 'spoilt'
  await makeFolder(DISK, dirname(target))
  if (isLinked) await link(source, target)
  else {
    const temporary = join(layout.temporary, temporaryName())
    const content = await writeFresh(DISK, temporary, createReadStream(source), size).catch(unlessGone)
    if (content?.digest !== digest) {
      await DISK.rm(temporary, { force: true })
      return content ? 'spoilt' : 'missing'
    }
    await DISK.rename(temporary, target)
  }
  folders.add(dirname(target))
  return 'copied'
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(unlessGone)
}

function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
