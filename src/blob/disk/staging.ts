/** Which parts are staged for which upload: the names in its folder, remembered for the uploads touched last. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Content } from '../../engine/index.ts'
import type { Disk } from './disk.ts'
import { syncFolder } from './durable.ts'
import { parseStagedName, type Staged, stagedName } from './layout.ts'

/** How many uploads' parts are remembered; those of others are read from the disk again. */
const UPLOADS_REMEMBERED_MAX = 1000

/** All calls for one folder must be made in turn. */
export class Staging {
  private readonly disk: Disk
  private readonly remembered = new Map<string, Map<number, Staged>>()

  constructor(disk: Disk) {
    this.disk = disk
  }

  /** The path of a part's bytes, and what they are; undefined when it is not there. */
  async find(folder: string, part: number): Promise<{ path: string; content: Content } | undefined> {
    const staged = (await this.parts(folder)).get(part)
    return staged && { path: join(folder, stagedName(staged)), content: staged.content }
  }

  /** Makes a finished temporary file of the folder the latest attempt at a part, durably. */
  async add(folder: string, temporary: string, part: number, content: Content): Promise<void> {
    const parts = await this.parts(folder)
    const earlier = parts.get(part)
    const staged = { part, attempt: (earlier?.attempt ?? 0) + 1, content }
    this.forget(folder) // Until it is certain what the disk holds.
    // The folder is not made again: an upload discarded meanwhile stays discarded.
    await this.disk.rename(temporary, join(folder, stagedName(staged)))
    await syncFolder(this.disk, folder)
    if (earlier !== undefined) await this.disk.unlink(join(folder, stagedName(earlier)))
    this.remember(folder, parts.set(part, staged))
  }

  forget(folder: string): void {
    this.remembered.delete(folder)
  }

  private async parts(folder: string): Promise<Map<number, Staged>> {
    const known = this.remembered.get(folder)
    if (known !== undefined) return known
    const parts = new Map<number, Staged>()
    for (const staged of (await readdir(folder)).map(parseStagedName)) {
      if (staged !== undefined && staged.attempt > (parts.get(staged.part)?.attempt ?? 0))
        parts.set(staged.part, staged)
    }
    this.remember(folder, parts)
    return parts
  }

  private remember(folder: string, parts: Map<number, Staged>): void {
    this.remembered.set(folder, parts)
    if (this.remembered.size > UPLOADS_REMEMBERED_MAX) this.forget(this.remembered.keys().next().value!)
  }
}
