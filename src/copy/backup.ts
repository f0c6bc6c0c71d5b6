/**
 * Backups. A backup is a data folder itself, and a manifest that says what it is: whatever can look at the one can look at the
 * other.
 *
 * The rows are those of one moment; the bytes they refer to are copied after it. Blobs never change, so a blob is either
 * what it was or gone: its last reference went meanwhile and the sweep took it. Then the rows are taken again, and only what they refer
 * to beyond the bytes copied so far is left to copy; each round is shorter, until one finds everything. So nobody has to
 * wait for a backup, and nobody has to know of it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type BlobRow, type Inspection, StorageError } from '../engine/index.ts'
import { paged } from '../fsck/merge.ts'
import type { OnRows } from './rows.ts'

/** The manifest's name; it is what makes a folder a backup. */
export const MANIFEST = 'backup.json'
/** The form of the folder and of the manifest. */
const FORMAT = 1
/** How often the rows are taken anew because bytes had gone meanwhile. */
const ROUNDS_MAX = 10
/** Blobs looked for at a time. */
const PAGE_BLOBS = 1_000

export interface Manifest {
  readonly format: number
  readonly made_at: string
  readonly version: string
  /** The SHA-256 of the file with the rows. */
  readonly database: string
  readonly rows: Readonly<Record<string, number>>
  readonly blobs: { readonly count: number; readonly size: number }
}

/** What became of some blobs; as `copyDiskBlobs` says it. */
export interface Copied {
  readonly copied: number
  readonly size: number
  readonly missing: readonly string[]
  readonly spoilt: readonly string[]
}

export interface BackupParts {
  /** Where it goes. */
  readonly folder: string
  /** The name of the file with the rows in it. */
  readonly database: string
  readonly version: string
  readonly now: number
  /** Writes the rows of this moment into a new file, without what is under way. */
  readonly snapshot: (to: string) => Promise<void>
  readonly inspect: (file: string) => Promise<Inspection>
  /** Copies blobs into the folder. */
  readonly copyBlobs: (blobs: readonly BlobRow[]) => Promise<Copied>
  readonly onProgress?: OnRows
}

export interface BackupReport {
  readonly manifest: Manifest
  /** Blobs that were not in the folder from an earlier backup. */
  readonly copied: { readonly count: number; readonly size: number }
  readonly rounds: number
}

/**
 * Makes a backup, or brings one up to date: bytes that are there already are not copied again.
 * @throws StorageError when bytes that rows refer to are not there or not what they should be: nothing of the earlier
 *   backup is touched then
 */
export async function makeBackup(parts: BackupParts): Promise<BackupReport> {
  const fresh = join(parts.folder, `${parts.database}.new`)
  const copied = { count: 0, size: 0 }
  let gone: readonly string[] = []
  try {
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      await rm(fresh, { force: true })
      parts.onProgress?.('copying rows', 0, null)
      await parts.snapshot(fresh)
      const found = await copyReferred(parts, fresh, copied)
      if (found.missing.length === 0) return { manifest: await publish(parts, fresh, found), copied, rounds: round }
      // What the rows still refer to after it was not there was not swept: it is lost.
      const before = new Set(gone)
      demandNone(
        found.missing.filter((digest) => before.has(digest)),
        'are not there',
      )
      gone = found.missing
    }
  } finally {
    await rm(fresh, { force: true })
  }
  throw new StorageError('bytes go faster than they can be copied: try again at a quieter time')
}

function demandNone(digests: readonly string[], says: string): void {
  if (digests.length === 0) return
  throw new StorageError(`${digests.length} blobs ${says}, such as ${digests[0]}: see "batchdrive fsck --deep"`)
}

async function copyReferred(parts: BackupParts, file: string, copied: { count: number; size: number }) {
  const rows = await parts.inspect(file)
  const found = {
    missing: [] as string[],
    count: 0,
    size: 0,
    rows: new Map<string, number>() as ReadonlyMap<string, number>,
  }
  try {
    found.rows = await rows.counts()
    const total = await rows.blobCount()
    const page: BlobRow[] = []
    const flush = async () => {
      parts.onProgress?.('copying bytes', found.count, total)
      const outcome = await parts.copyBlobs(page.splice(0))
      demandNone(outcome.spoilt, 'are not what they should be')
      found.missing.push(...outcome.missing)
      copied.count += outcome.copied
      copied.size += outcome.size
    }
    for await (const blob of paged<BlobRow>((last) => rows.blobs(last?.digest ?? '', PAGE_BLOBS))) {
      found.count++
      found.size += blob.size
      if (page.push(blob) >= PAGE_BLOBS) await flush()
    }
    await flush()
    return found
  } finally {
    await rows.close()
  }
}

async function publish(
  { folder, database, version, now }: BackupParts,
  fresh: string,
  { rows, count, size }: { rows: ReadonlyMap<string, number>; count: number; size: number },
): Promise<Manifest> {
  const manifest: Manifest = {
    format: FORMAT,
    made_at: new Date(now).toISOString(),
    version,
    database: await digestOfFile(fresh),
    rows: Object.fromEntries(rows),
    blobs: { count, size },
  }
  const text = join(folder, `${MANIFEST}.new`)
  await writeDurably(text, `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(fresh, join(folder, database))
  await rename(text, join(folder, MANIFEST))
  await syncPath(folder)
  return manifest
}

/** Reads a backup's manifest and makes sure that the rows beside it are those it tells of. Throws StorageError. */
export async function readManifest(folder: string, database: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => {
    throw new StorageError(`${folder} is no backup: it has no ${MANIFEST}`)
  })
  const manifest = JSON.parse(text) as Manifest
  if (manifest.format !== FORMAT)
    throw new StorageError(`the backup has form ${manifest.format}, this program knows form ${FORMAT}`)
  if ((await digestOfFile(join(folder, database))) !== manifest.database)
    throw new StorageError(
      `${join(folder, database)} is not the file the manifest tells of: it is damaged, or the backup was interrupted as it ended; make it again`,
    )
  return manifest
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
