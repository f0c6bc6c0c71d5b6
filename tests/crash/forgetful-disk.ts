/** A disk that forgets, when the power goes, whatever was never synced: the worst that a file system may do. */
import { link, mkdir, rename, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Disk, OpenFile } from '../../src/blob/disk/disk.ts'

interface Change {
  /** The folder whose sync makes it stay. */
  readonly folder: string
  undo(): Promise<void>
}

export class ForgetfulDisk implements Disk {
  readonly #disk: Disk
  /** Where what is removed goes, for it may come back. */
  readonly #limbo: string
  #changes: Change[] = []
  /** Files whose bytes are in memory only. */
  readonly #unsynced = new Set<string>()
  #removed = 0
  /** Files whose writer is gone with the power; the process that plays it is not. */
  readonly #open = new Set<OpenFile>()

  constructor(disk: Disk, limbo: string) {
    this.#disk = disk
    this.#limbo = limbo
  }

  /** Takes back, latest first, what no sync has made stay. */
  async losePower(): Promise<void> {
    await Promise.all([...this.#open].map((file) => file.close()))
    const changes = this.#changes.reverse()
    this.#changes = []
    for (const { undo } of changes) await undo().catch(unlessMissing)
    for (const path of this.#unsynced) await truncate(path, 0).catch(unlessMissing)
  }

  async open(path: string, flags: 'wx' | 'r') {
    const file = await this.#disk.open(path, flags)
    if (flags === 'wx') this.#made(path)
    this.#open.add(file)
    return {
      read: file.read.bind(file),
      write: file.write.bind(file),
      close: () => {
        this.#open.delete(file)
        return file.close()
      },
      sync: async () => {
        await file.sync()
        this.#unsynced.delete(path)
        this.#changes = this.#changes.filter(({ folder }) => folder !== path)
      },
    }
  }

  async copyFile(from: string, to: string) {
    await this.#disk.copyFile(from, to)
    this.#made(to)
  }

  async link(from: string, to: string) {
    await this.#disk.link(from, to)
    this.#note(to, () => rm(to))
  }

  async mkdir(path: string, options: { recursive: true }) {
    const first = await this.#disk.mkdir(path, options)
    const made: string[] = []
    if (first !== undefined) for (let at = path; at.length >= first.length; at = dirname(at)) made.unshift(at)
    for (const folder of made) this.#note(folder, () => rm(folder, { recursive: true }))
    return first
  }

  async rename(from: string, to: string) {
    await this.#disk.rename(from, to)
    if (this.#unsynced.delete(from)) this.#unsynced.add(to)
    this.#note(to, () => rename(to, from))
  }

  async unlink(path: string) {
    // What is not there fails as it would on the real disk.
    await link(path, await this.#shelf())
    const kept = join(this.#limbo, String(this.#removed))
    await this.#disk.unlink(path)
    this.#note(path, () => rename(kept, path))
  }

  async rm(path: string, _options: { recursive?: boolean; force: true }) {
    const kept = await this.#shelf()
    const there = await rename(path, kept).then(() => true, unlessMissing)
    if (there) this.#note(path, () => rename(kept, path))
  }

  utimes(path: string, accessed: number, modified: number) {
    return this.#disk.utimes(path, accessed, modified)
  }

  #made(path: string) {
    this.#unsynced.add(path)
    this.#note(path, () => rm(path))
  }

  #note(path: string, undo: () => Promise<void>) {
    this.#changes.push({ folder: dirname(path), undo })
  }

  async #shelf(): Promise<string> {
    await mkdir(this.#limbo, { recursive: true })
    return join(this.#limbo, String(++this.#removed))
  }
}

function unlessMissing(error: unknown): false {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
  return false
}
