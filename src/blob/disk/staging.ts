/** Which parts are staged for which upload: the names in its folder, remembered for the uploads touched last. */
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Content } from '../../engine/index.ts'
import type { Disk } from './disk.ts'
import { syncFolder } from './durable.ts'
import { parseStagedName, type Staged, stagedName } from './layout.ts'

/** How many uploads' parts are remembered; those of others are read from the disk again. */
const UPLOADS_REMEMBERED_MAX = 1000
/**
 * How many attempts at one part are kept. The row of a part names the attempt that was acknowledged, and is written after
 * the bytes: until then, and should the process die there, the attempt before must not be gone.
 */
const ATTEMPTS_KEPT = 4

/** The attempts at each part, earliest first. */
type Parts = Map<number, Staged[]>

/** All calls for one folder must be made in turn. */
export class Staging {
  private readonly disk: Disk
  private readonly remembered = new Map<string, Parts>()

  constructor(disk: Disk) {
    this.disk = disk
  }

  /**
   * The path of a part's bytes, and what they are; undefined when they are not there.
   * @param md5 of the attempt wanted; without it the latest
   */
  async find(folder: string, part: number, md5?: string): Promise<{ path: string; content: Content } | undefined> {
    const isRemembered = this.remembered.has(folder)
    const found = await this.look(folder, part, md5)
    if (!isRemembered || (found && (await isThere(found.path)))) return found
    // Another process may have staged it, or a later attempt.
    this.forget(folder)
    return this.look(folder, part, md5)
  }

  private async look(folder: string, part: number, md5?: string) {
    const attempts = (await this.parts(folder)).get(part) ?? []
    const staged = attempts.findLast(({ content }) => md5 === undefined || content.md5 === md5)
    return staged && { path: join(folder, stagedName(staged)), content: staged.content }
  }

  /** Makes a finished temporary file of the folder the latest attempt at a part, durably. */
  async add(folder: string, temporary: string, part: number, content: Content): Promise<void> {
    const parts = await this.parts(folder)
    const earlier = parts.get(part) ?? []
    const staged = { part, attempt: (earlier.at(-1)?.attempt ?? 0) + 1, content }
    this.forget(folder) // Until it is certain what the disk holds.
    // The folder is not made again: an upload discarded meanwhile stays discarded.
    await this.disk.rename(temporary, join(folder, stagedName(staged)))
    await syncFolder(this.disk, folder)
    const attempts = [...earlier, staged]
    const surplus = attempts.splice(0, Math.max(0, attempts.length - ATTEMPTS_KEPT))
    await Promise.all(surplus.map((old) => this.disk.unlink(join(folder, stagedName(old))).catch(unlessGone)))
    this.remember(folder, parts.set(part, attempts))
  }

  forget(folder: string): void {
    this.remembered.delete(folder)
  }

  private async parts(folder: string): Promise<Parts> {
    const known = this.remembered.get(folder)
    if (known !== undefined) return known
    const parts: Parts = new Map()
    const found = (await readdir(folder)).map(parseStagedName).filter((staged) => staged !== undefined)
    for (const staged of found.sort((a, b) => a.attempt - b.attempt)) {
      const attempts = parts.get(staged.part)
      if (attempts) attempts.push(staged)
      else parts.set(staged.part, [staged])
    }
    this.remember(folder, parts)
    return parts
  }

  private remember(folder: string, parts: Parts): void {
    this.remembered.set(folder, parts)
    if (this.remembered.size > UPLOADS_REMEMBERED_MAX) this.forget(this.remembered.keys().next().value!)
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Another process may have been first. */
function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
