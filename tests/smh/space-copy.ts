/** A client that keeps a copy of a space by its delta, and lists only directories of which it did not know. */
import { expect } from 'vitest'
import { LIBRARY, type Session } from './session.ts'

/** Events asked for at once: few, so that there are pages. */
const EVENTS_PER_PAGE = 3

export interface Event {
  readonly eventType: string
  readonly inode: string
  readonly parentInode?: string
  readonly path?: readonly string[]
  readonly name: string
  readonly type: string
  readonly size?: string
  readonly location: number
  readonly extraInfo: Readonly<Record<string, unknown>>
}

interface Entry {
  readonly parent: string | undefined
  readonly name: string
  /** Undefined for directories. */
  readonly size: string | undefined
}

export class SpaceCopy {
  private readonly smh: Session
  private readonly entries = new Map<string, Entry>()
  private cursor: string
  /** The root's; known from the first thing made in it. */
  private root: string | undefined

  constructor(smh: Session, cursor: string) {
    this.smh = smh
    this.cursor = cursor
  }

  /** Catches up, and says what it was told. */
  async follow(): Promise<Event[]> {
    const told: Event[] = []
    for (let hasMore = true; hasMore; ) {
      const query = `delta?cursor=${this.cursor}&limit=${EVENTS_PER_PAGE}`
      const { status, text, body } = await this.smh.call(
        'GET',
        `/api/v1/fs-delta/${LIBRARY}/${this.smh.space}/${query}`,
      )
      expect(status, text).toBe(200)
      expect(body.contents.length).toBeLessThanOrEqual(EVENTS_PER_PAGE)
      for (const event of body.contents as Event[]) await this.take(event)
      told.push(...body.contents)
      this.cursor = body.cursor
      hasMore = body.hasMore
    }
    return told
  }

  /** As `Session.tree` tells it. */
  tree(): string[] {
    const paths = [...this.entries.keys()].flatMap((inode) => this.pathOf(inode) ?? [])
    return paths.sort()
  }

  private pathOf(inode: string): string | undefined {
    const { size } = this.entries.get(inode)!
    const names: string[] = []
    for (let at: string | undefined = inode; at !== this.root; ) {
      const entry: Entry | undefined = at === undefined ? undefined : this.entries.get(at)
      if (!entry) return undefined
      names.unshift(entry.name)
      at = entry.parent
    }
    return names.join('/') + (size === undefined ? '/' : ` ${size}`)
  }

  private async take({ inode, parentInode, path, name, type, size, location, eventType }: Event): Promise<void> {
    if (eventType.startsWith('HISTORY.CREATE') || eventType.startsWith('HISTORY.DELETE')) return
    if (location !== 0) {
      this.entries.delete(inode)
      return
    }
    if (path!.length === 1) this.root = parentInode
    const isNew = !this.entries.has(inode)
    this.entries.set(inode, { parent: parentInode, name, size: type === 'dir' ? undefined : size })
    if (isNew && type === 'dir') await this.learn(inode, path!)
  }

  private async learn(parent: string, path: readonly string[]): Promise<void> {
    const target = path.map(encodeURIComponent).join('/')
    const listing = `/api/v1/directory/${LIBRARY}/${this.smh.space}/${target}?with_inode=1&limit=100`
    const { status, text, body } = await this.smh.call('GET', listing)
    expect(status, text).toBe(200)
    for (const { inode, name, type, size } of body.contents as Event[]) {
      this.entries.set(inode, { parent, name, size: type === 'dir' ? undefined : size })
      if (type === 'dir') await this.learn(inode, [...path, name])
    }
  }
}
