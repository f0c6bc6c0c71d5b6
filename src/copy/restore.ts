/** Restoring: a data folder made from a backup, and proved before anybody may use it. */
import { copyFile, mkdir, open, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type BlobRow, type Inspection, StorageError } from '../engine/index.ts'
import { paged } from '../fsck/merge.ts'
import { type Copied, type Manifest, readManifest } from './backup.ts'
import type { OnRows } from './rows.ts'

/** Blobs copied between two looks at the rows. */
const PAGE_BLOBS = 1_000

export interface RestoreParts {
  /** The backup. */
  readonly from: string
  /** The data folder to make; it must be empty, or not there. */
  readonly to: string
  /** The name of the file with the rows. */
  readonly database: string
  /** Puts the rows in that file where they belong. */
  readonly placeRows: (file: string) => Promise<void>
  readonly inspect: (file: string) => Promise<Inspection>
  /** Copies blobs from one to the other, checking their bytes. */
  readonly copyBlobs: (blobs: readonly BlobRow[]) => Promise<Copied>
  readonly onProgress?: OnRows
}

/**
 * Copies bytes first and the rows last: a folder whose restoring was interrupted has no rows, and no server takes it for a
 * whole one.
 * @throws StorageError when the backup is damaged or the folder is in use
 */
export async function restoreBackup(parts: RestoreParts): Promise<Manifest> {
  const { from, to, database, placeRows, onProgress } = parts
  await demandEmpty(to)
  onProgress?.('checking the rows', 0, null)
  const manifest = await readManifest(from, database)
  await mkdir(to, { recursive: true, mode: 0o700 })
  await copyAllBlobs(parts, manifest.blobs.count)
  await placeRows(join(from, database))
  return manifest
}

/** Copies a file under another name in one step: it is there as a whole or not at all. */
export async function copyWhole(from: string, to: string): Promise<void> {
  const fresh = `${to}.new`
  await copyFile(from, fresh)
  await sync(fresh)
  await rename(fresh, to)
  await sync(dirname(to))
}

async function copyAllBlobs({ from, database, inspect, copyBlobs, onProgress }: RestoreParts, total: number) {
  const rows = await inspect(join(from, database))
  try {
    let done = 0
    const copy = async (page: BlobRow[]) => {
      onProgress?.('copying bytes', done, total)
      const { missing, spoilt } = await copyBlobs(page)
      const bad = [...missing, ...spoilt]
      if (bad.length > 0)
        throw new StorageError(`the backup is damaged: ${bad.length} blobs are not whole, such as ${bad[0]}`)
      done += page.length
    }
    let page: BlobRow[] = []
    for await (const blob of paged<BlobRow>((last) => rows.blobs(last?.digest ?? '', PAGE_BLOBS))) {
      if (page.push(blob) < PAGE_BLOBS) continue
      await copy(page)
      page = []
    }
    await copy(page)
  } finally {
    await rows.close()
  }
}

async function demandEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  if (names.length > 0) throw new StorageError(`${folder} is not empty: restore into a new folder`)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
