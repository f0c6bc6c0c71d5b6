/** Blobs in a folder of the file system, content-addressed and durable; `layout.ts` says where what lies. */
import assert from 'node:assert'
import { access, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import {
  type BlobStore,
  type Clock,
  type Content,
  type SealKey,
  type StageKey,
  StorageError,
  type UploadId,
} from '../../engine/index.ts'
import { DISK, type Disk } from './disk.ts'
import { makeFolder, storing, syncFile, syncFolder, writeFresh } from './durable.ts'
import {
  asideName,
  digestAside,
  isLeftover,
  isTemporary,
  type Layout,
  layoutOf,
  sharedTemporaryName,
  temporaryName,
} from './layout.ts'
import { Staging } from './staging.ts'
import { Turns } from './turns.ts'

/** How many bytes are read from the disk at a time. */
const READ_BYTES = 256 * 1024

export interface DiskBlobsOptions {
  /** Made when missing. One process at a time may write to it unless it is `shared`. */
  readonly folder: string
  /**
   * Whether other processes, on other machines too, use the folder at the same time. Their clocks may differ by some minutes
   * only: what `remove` leaves alone is told by its date.
   */
  readonly shared?: boolean
  /** What blobs are dated by, and `remove` compares with. */
  readonly clock?: Clock
  /** Put in place of the real one by tests. */
  readonly disk?: Disk
}

/** Opens a folder as a blob store and clears away what a crash left half-written. */
export async function createDiskBlobs(options: DiskBlobsOptions): Promise<BlobStore> {
  const { folder, clock = Date.now, disk = DISK, shared = false } = options
  const layout = layoutOf(folder)
  await storing('the blob folder could not be opened', async () => {
    await makeFolder(disk, folder)
    await Promise.all([layout.blobs, layout.staging, layout.temporary].map((path) => makeFolder(disk, path)))
    await (shared ? clearOldLeftovers(disk, layout, clock()) : clearLeftovers(disk, layout))
  })
  return new DiskBlobs({ layout, clock, disk, shared })
}

async function clearLeftovers(disk: Disk, { staging, temporary }: Layout): Promise<void> {
  const uploads = await readdir(staging)
  const folders = [temporary, ...uploads.map((upload) => join(staging, upload))]
  await Promise.all(
    folders.map(async (folder) => {
      const leftovers = (await readdir(folder)).filter(isLeftover)
      await Promise.all(leftovers.map((name) => disk.rm(join(folder, name), { force: true })))
    }),
  )
}

/** Whose files these are cannot be told on another machine, but nobody has written to them for long. */
async function clearOldLeftovers(disk: Disk, layout: Layout, now: number): Promise<void> {
  const uploads = await readdir(layout.staging)
  const folders = [layout.temporary, ...uploads.map((upload) => join(layout.staging, upload))]
  const isOld = async (path: string) =>
    await stat(path).then(({ ctimeMs }) => ctimeMs < now - LEFTOVER_AGE_MS, notThere)
  await Promise.all(
    folders.map(async (folder) => {
      const names = (await readdir(folder).catch(() => [])).filter(isTemporary)
      await Promise.all(
        names.map(async (name) => {
          const path = join(folder, name)
          if (!(await isOld(path))) return
          const digest = digestAside(name)
          // Whoever put it aside was killed before it could tell: the next sweep judges it anew.
          if (digest !== undefined) await disk.link(path, layout.blob(digest).path).catch(unlessThere)
          await disk.rm(path, { force: true })
        }),
      )
    }),
  )
}

/** For how long nobody must have written to a temporary file of a shared folder before it is thrown away, ms. */
const LEFTOVER_AGE_MS = 24 * 3600_000
/** How often a blob is put in its place, should another process take it away each time. */
const PUTS_MAX = 5

interface Tools {
  readonly layout: Layout
  readonly clock: Clock
  readonly disk: Disk
  readonly shared: boolean
}

class DiskBlobs implements BlobStore {
  private readonly layout: Layout
  private readonly clock: Clock
  private readonly disk: Disk
  private readonly shared: boolean
  private readonly staging: Staging
  /** Under the path of an upload's folder or of a blob. */
  private readonly turns = new Turns()
  /** Folders whose names this process knows to be durable. */
  private readonly durable = new Set<string>()

  constructor({ layout, clock, disk, shared }: Tools) {
    this.layout = layout
    this.clock = clock
    this.disk = disk
    this.shared = shared
    this.staging = new Staging(disk)
  }

  async stage({ upload, part }: StageKey, bytes: AsyncIterable<Uint8Array>, limit: number): Promise<Content> {
    assert(Number.isSafeInteger(part) && part > 0, 'parts count from 1')
    const folder = this.layout.upload(upload)
    await storing('the staging folder could not be made', () => this.settle(folder, [this.layout.staging]))
    const temporary = join(folder, this.temporaryName())
    const content = await writeFresh(this.disk, temporary, bytes, limit)
    try {
      await storing('a part could not be staged', () =>
        this.turns.take(folder, () => this.staging.add(folder, temporary, part, content)),
      )
    } catch (error) {
      await this.throwAway(temporary)
      throw error
    }
    return content
  }

  seal(keys: readonly SealKey[]): Promise<Content> {
    const sought = keys.map(({ upload, part, md5 }) => ({ folder: this.layout.upload(upload), part, md5 }))
    const folders = sought.map(({ folder }) => folder)
    return storing('an upload could not be sealed', () =>
      this.turns.takeAll(folders, async () => {
        const parts = await Promise.all(
          sought.map(async ({ folder, part, md5 }) => {
            const found = await this.staging.find(folder, part, md5)
            if (found === undefined) throw new StorageError(`part ${part} is not staged in ${folder}`)
            return found
          }),
        )
        const [first] = parts
        if (parts.length !== 1 || first === undefined) return this.join(parts.map(({ path }) => path))
        await this.bring(first.content, (place) => this.linkOrCopy(first.path, place))
        return first.content
      }),
    )
  }

  discard(uploads: readonly UploadId[]): Promise<void> {
    const folders = uploads.map((upload) => this.layout.upload(upload))
    return storing('uploads could not be discarded', async () => {
      await Promise.all(
        folders.map((folder) =>
          this.turns.take(folder, () => {
            this.staging.forget(folder)
            this.durable.delete(folder)
            return this.disk.rm(folder, { recursive: true, force: true })
          }),
        ),
      )
      if (folders.length > 0) await syncFolder(this.disk, this.layout.staging)
    })
  }

  read(digest: string, { start, end }: { start: number; end: number }): NodeJS.ReadableStream {
    return Readable.from(bytesOf(this.disk, this.layout.blob(digest).path, start, end), { objectMode: false })
  }

  has(digests: readonly string[]): Promise<string[]> {
    return storing('blobs could not be looked up', async () => {
      const there = await Promise.all(digests.map((digest) => exists(this.layout.blob(digest).path)))
      return digests.filter((_, i) => there[i])
    })
  }

  keep(digests: readonly string[]): Promise<string[]> {
    return storing('blobs could not be kept', async () => {
      const kept = await Promise.all(
        digests.map((digest) => {
          const { path } = this.layout.blob(digest)
          return this.turns.take(path, () => this.date(path).then(() => true, notThere))
        }),
      )
      return digests.filter((_, i) => kept[i])
    })
  }

  remove(digests: readonly string[], before: number): Promise<void> {
    const paths = digests.map((digest) => this.layout.blob(digest).path)
    return storing('blobs could not be removed', async () => {
      const removed = await Promise.all(
        digests.map((digest, i) =>
          this.turns.take(paths[i]!, () =>
            this.shared ? this.putAside(digest, before) : this.removeOld(paths[i]!, before),
          ),
        ),
      )
      const folders = new Set(paths.filter((_, i) => removed[i]).map(dirname))
      await Promise.all([...folders].map((folder) => syncFolder(this.disk, folder)))
    })
  }

  async close(): Promise<void> {}

  private temporaryName(): string {
    return this.shared ? sharedTemporaryName() : temporaryName()
  }

  private async removeOld(path: string, before: number): Promise<boolean> {
    const old = await isOlder(path, before)
    if (old) await this.disk.unlink(path)
    return old
  }

  /**
   * Another process may be about to date the blob anew because it needs it. Either it does so before the blob is put aside:
   * then its new date is seen there; or it finds the blob gone, and puts it in its place again.
   */
  private async putAside(digest: string, before: number): Promise<boolean> {
    const { path } = this.layout.blob(digest)
    if (!(await isOlder(path, before))) return false
    const aside = join(this.layout.temporary, asideName(digest))
    const isThere = await this.disk.rename(path, aside).then(() => true, notThere)
    if (!isThere) return false
    const old = await isOlder(aside, before)
    if (!old) await this.disk.link(aside, path).catch(unlessThere)
    await this.disk.rm(aside, { force: true })
    return old
  }

  /** Writes the files one after the other into one blob. */
  private async join(paths: readonly string[]): Promise<Content> {
    const temporary = join(this.layout.temporary, this.temporaryName())
    const content = await writeFresh(this.disk, temporary, concatenated(this.disk, paths), Number.POSITIVE_INFINITY)
    try {
      await this.bring(content, (place) => this.disk.rename(temporary, place))
    } finally {
      // An equal blob may have been there: then the file is still under this name.
      await this.throwAway(temporary)
    }
    return content
  }

  /** Puts durable bytes in their place unless they are there, and dates them now. In turn, so that `remove` sees the date. */
  private bring({ digest }: Content, put: (place: string) => Promise<void>): Promise<void> {
    const { folders, path } = this.layout.blob(digest)
    return this.turns.take(path, async () => {
      const [outer, inner] = folders
      await this.settle(inner, [this.layout.blobs, outer])
      await this.putAndDate(path, put)
      await syncFolder(this.disk, inner)
    })
  }

  private async putAndDate(path: string, put: (place: string) => Promise<void>, left = PUTS_MAX): Promise<void> {
    if (!(await exists(path))) await put(path)
    const isDated = await this.date(path).then(
      () => true,
      (error) => (this.shared && left > 1 ? notThere(error) : Promise.reject(error)),
    )
    // Another process has just removed it as unused.
    if (!isDated) await this.putAndDate(path, put, left - 1)
  }

  private date(path: string): Promise<void> {
    const seconds = this.clock() / 1000
    return this.disk.utimes(path, seconds, seconds)
  }

  /** Makes a folder durably. That it exists is not enough: whoever made it may not have come further, or was killed there. */
  private async settle(folder: string, above: readonly string[]): Promise<void> {
    if (this.durable.has(folder)) return
    await this.disk.mkdir(folder, { recursive: true })
    await Promise.all(above.map((path) => syncFolder(this.disk, path)))
    this.durable.add(folder)
  }

  /** Gives durable bytes a second name; where the file system cannot, the bytes are copied. */
  private async linkOrCopy(from: string, place: string): Promise<void> {
    try {
      await this.disk.link(from, place)
    } catch (error) {
      if (this.shared && (error as NodeJS.ErrnoException).code === 'EEXIST') return
      if (!NO_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      const temporary = join(this.layout.temporary, this.temporaryName())
      try {
        await this.disk.copyFile(from, temporary)
        await syncFile(this.disk, temporary)
        await this.disk.rename(temporary, place)
      } catch (reason) {
        await this.throwAway(temporary)
        throw reason
      }
    }
  }

  /** A file nobody wants is no reason to fail: what stays is cleared away at the next start. */
  private async throwAway(temporary: string): Promise<void> {
    await this.disk.rm(temporary, { force: true }).catch(() => {})
  }
}

/** How file systems say that they have no hard links, or no more of them. */
const NO_LINK = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'])

/** The bytes of a file from `start` up to `end`, exclusive; a file that ends earlier is an error. */
async function* bytesOf(disk: Disk, path: string, start: number, end: number): AsyncGenerator<Buffer> {
  const file = await storing('a blob could not be opened', () => disk.open(path, 'r'))
  try {
    for (let at = start; at < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at))
      const { bytesRead } = await storing('a blob could not be read', () => file.read(buffer, 0, buffer.length, at))
      if (bytesRead === 0) throw new StorageError(`${path} ends at ${at}, before ${end}`)
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

async function* concatenated(disk: Disk, paths: readonly string[]): AsyncGenerator<Buffer> {
  // One after the other: the bytes have an order, and only one piece of them is held.
  for (const path of paths) yield* bytesOf(disk, path, 0, (await stat(path)).size)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, notThere)
}

/** False for a file that is not there; other errors are thrown. */
function notThere(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false
  throw error
}

/** Whether a file was last dated before a time. The file system keeps a date as a fraction, which may come back a hair earlier. */
function isOlder(path: string, before: number): Promise<boolean> {
  return stat(path).then(({ mtimeMs }) => Math.round(mtimeMs) < before, notThere)
}

/** Another process may have been first. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
