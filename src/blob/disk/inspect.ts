/** A blob folder seen from outside, for `fsck`: read only, one folder's names in memory at a time. */
import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { BlobFile, BlobInspection, StagedUpload, UploadId } from '../../engine/index.ts'
import { storing } from './durable.ts'
import { isAbandoned, isTemporary, type Layout, layoutOf, parseStagedName, type Staged } from './layout.ts'

/** Looks into a folder that may be in use; one that is not there holds nothing. */
export function inspectDiskBlobs(folder: string): BlobInspection {
  const layout = layoutOf(folder)
  return {
    async *blobs() {
      for await (const { path, prefix } of innerFolders(layout.blobs)) {
        const names = (await namesIn(path)).filter((name) => isDigest(name) && name.startsWith(prefix))
        yield* await described(names.map((name) => ({ path: join(path, name), name })))
      }
    },

    async blobsOf(digests) {
      return await described(digests.map((digest) => ({ path: layout.blob(digest).path, name: digest })))
    },

    digest: (digest) => digestOf(layout.blob(digest).path),

    async *staged() {
      for (const name of (await namesIn(layout.staging)).filter(isUpload))
        yield await stagedUpload(join(layout.staging, name), name as UploadId)
    },

    async stagedOf(uploads) {
      return await Promise.all(uploads.map((upload) => stagedUpload(layout.upload(upload), upload)))
    },

    abandoned: () => sized(folder, temporaries(layout)),
    strangers: () => sized(folder, strangers(layout)),
  }
}

async function* sized(folder: string, paths: AsyncIterable<string>): AsyncGenerator<{ path: string; size: number }> {
  for await (const path of paths) {
    const stats = await statOf(path)
    if (stats) yield { path: relative(folder, path), size: stats.size }
  }
}

const isDigest = (name: string) => /^[0-9a-f]{64}$/.test(name)
const isByte = (name: string) => /^[0-9a-f]{2}$/.test(name)

/** The folders `ab/cd` in order, with the digits their blobs begin with. */
async function* innerFolders(blobs: string): AsyncGenerator<{ path: string; prefix: string }> {
  // One after the other: the order is the point, and only one folder's names are held.
  for (const outer of (await namesIn(blobs)).filter(isByte))
    for (const inner of (await namesIn(join(blobs, outer))).filter(isByte))
      yield { path: join(blobs, outer, inner), prefix: outer + inner }
}

async function described(files: readonly { path: string; name: string }[]): Promise<BlobFile[]> {
  const stats = await Promise.all(files.map(({ path }) => statOf(path)))
  return files.flatMap(({ name }, i) => {
    const found = stats[i]
    return found?.isFile() ? [{ digest: name, size: found.size, writtenAt: found.mtimeMs }] : []
  })
}

async function stagedUpload(folder: string, upload: UploadId): Promise<StagedUpload> {
  const names = await namesIn(folder)
  const stats = await Promise.all([folder, ...names.map((name) => join(folder, name))].map(statOf))
  const staged = names.map(parseStagedName).filter((one): one is Staged => one !== undefined)
  return {
    upload,
    writtenAt: Math.max(0, ...stats.map((one) => one?.mtimeMs ?? 0)),
    bytes: stats.slice(1).reduce((sum, one) => sum + (one?.size ?? 0), 0),
    parts: staged.map(({ part, content: { size, md5 } }) => ({ number: part, size, md5 })),
  }
}

const isUpload = (name: string) => /^[0-9a-f]{32}$/.test(name)

async function* temporaries(layout: Layout): AsyncGenerator<string> {
  yield* inFolder(layout.temporary, isAbandoned)
  for (const name of (await namesIn(layout.staging)).filter(isUpload))
    yield* inFolder(join(layout.staging, name), isAbandoned)
}

async function* strangers(layout: Layout): AsyncGenerator<string> {
  yield* inFolder(layout.temporary, (name) => !isTemporary(name))
  yield* inFolder(layout.staging, (name) => !isUpload(name))
  for (const name of (await namesIn(layout.staging)).filter(isUpload))
    yield* inFolder(join(layout.staging, name), (file) => !isTemporary(file) && parseStagedName(file) === undefined)
  yield* inFolder(layout.blobs, (name) => !isByte(name))
  for (const outer of (await namesIn(layout.blobs)).filter(isByte))
    yield* inFolder(join(layout.blobs, outer), (name) => !isByte(name))
  for await (const { path, prefix } of innerFolders(layout.blobs))
    yield* inFolder(path, (name) => !(isDigest(name) && name.startsWith(prefix)))
}

async function* inFolder(folder: string, wanted: (name: string) => boolean): AsyncGenerator<string> {
  for (const name of await namesIn(folder)) if (wanted(name)) yield join(folder, name)
}

async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
  return hash.digest('hex')
}

/** The names in a folder, in order; none when it is not there. */
function namesIn(folder: string): Promise<string[]> {
  return storing('a folder could not be read', () =>
    readdir(folder).then(
      (names) => names.sort(),
      (error) => {
        if (isGone(error)) return []
        throw error
      },
    ),
  )
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error) => {
    if (isGone(error)) return undefined
    throw error
  })
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
