/** A client that keeps a copy of a drive, or of a folder in one, by nothing but the change log and listings. */
import type { Actor, DriveId, Engine, Node, NodeId } from '../../src/engine/index.ts'
import { list } from './ops.ts'
import { done } from './world.ts'

/** Changes asked for at once: few, so that there are pages. */
const CHANGES_PER_PAGE = 7
const CHILDREN_MAX = 1_000

type Known = Pick<Node, 'parent' | 'name' | 'kind'>

export class Follower {
  /** The folder whose inside is followed. */
  readonly top: NodeId
  readonly drive: DriveId
  private readonly engine: Engine
  private readonly actor: Actor
  /** Whether only the folder's inside is asked for, not all of the drive. */
  private readonly isPart: boolean
  private cursor: number
  private known = new Map<NodeId, Known>()

  constructor(engine: Engine, actor: Actor, place: { drive: DriveId; top: NodeId; isPart: boolean; cursor: number }) {
    this.engine = engine
    this.actor = actor
    this.drive = place.drive
    this.top = place.top
    this.isPart = place.isPart
    this.cursor = place.cursor
  }

  /** Learns what is there already; nothing changes meanwhile. */
  begin(): Promise<void> {
    return this.learn(this.top)
  }

  /** Catches up; false when the folder is not there any more. */
  async follow(): Promise<boolean> {
    for (let more = true; more; ) {
      const below = this.isPart ? { below: { drive: this.drive, id: this.top } } : {}
      const query = { drive: this.drive, after: this.cursor, limit: CHANGES_PER_PAGE, ...below }
      const page = await this.engine.changes(this.actor, query)
      if ('status' in page) return false
      for (const { change, view } of page.items) {
        if (!view || view.trash) this.known.delete(change.node)
        else await this.take(view.node, change.kind === 'move' && change.from === null)
      }
      this.cursor = page.next
      more = page.more
    }
    return true
  }

  /** What lies below the folder as far as is known: the path of each node, by its id. */
  paths(): Map<NodeId, string> {
    const found = [...this.known.keys()].flatMap((id): [NodeId, string][] => {
      const path = this.pathOf(id)
      return path === undefined ? [] : [[id, path]]
    })
    return new Map(found)
  }

  /**
   * Undefined for what hangs under nothing that is known any more, or for now in a circle: entries show nodes as they are, so
   * of two folders that changed places above each other one is seen in its new place before the other has left its old one.
   */
  private pathOf(id: NodeId): string | undefined {
    const names: string[] = []
    const seen = new Set<NodeId>()
    let at = id
    do {
      const node = this.known.get(at)
      if (!node || seen.has(at)) return undefined
      seen.add(at)
      names.unshift(node.name)
      at = node.parent
    } while (at !== this.top)
    return names.join('/')
  }

  /** A folder not known so far, or come from another drive, may bring along what is told of nowhere else. */
  private async take({ id, parent, name, kind, drive }: Node, hasCome: boolean): Promise<void> {
    if (id === this.top || drive !== this.drive) return
    const isNew = hasCome || !this.known.has(id) || this.pathOf(id) === undefined
    this.known.set(id, { parent, name, kind })
    if (isNew && kind === 'folder') await this.learn(id)
  }

  private async learn(folder: NodeId): Promise<void> {
    const ops = [list({ drive: this.drive, id: folder }, { limit: CHILDREN_MAX })]
    const [result] = await done({ engine: this.engine }, this.actor, ops)
    const items = result!.status === 'done' ? (result!.page?.items ?? []) : []
    for (const { node } of items) this.known.set(node.id, node)
    for (const { node } of items) if (node.kind === 'folder') await this.learn(node.id)
  }
}
