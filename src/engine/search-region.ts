/**
 * Which of a drive's nodes lie where a search looks: told by the folders there when they are few, else by the way up of each node.
 * What is found out about a folder is remembered as long as the search lasts.
 */
import type { NodeId, Outline } from './model.ts'
import type { Store } from './port.ts'
import type { Place } from './search-place.ts'

/** The hidden folder at the top of everything that is somewhere. */
type Home = 'root' | 'trash' | 'grave' | 'none'

interface Whereabouts {
  readonly home: Home
  /** At or below one of the places searched. */
  readonly isInside: boolean
}

const NOWHERE: Whereabouts = { home: 'none', isInside: false }

export class Region {
  readonly #store: Store
  readonly #place: Place
  readonly #tops: ReadonlySet<NodeId> | null
  readonly #known = new Map<NodeId, Whereabouts>()
  #folders: readonly NodeId[] | null = null

  constructor(store: Store, place: Place) {
    this.#store = store
    this.#place = place
    this.#tops = place.scope && new Set(place.scope)
    const { root, trash, grave } = place.drive
    const homes = { root, trash, grave }
    for (const home of ['root', 'trash', 'grave'] as const) {
      this.#known.set(homes[home], { home, isInside: this.#isTop(homes[home]) })
    }
  }

  /** All folders of it whose children lie in it too; null where these are most of the drive, or too many. */
  get folders(): readonly NodeId[] | null {
    return this.#folders
  }

  /** Makes out the folders, if they are no more than so many. To be called once, before anything else. */
  async explore(foldersMax: number): Promise<void> {
    if (!this.#tops) return
    const { id: drive } = this.#place.drive
    const tops = await this.#topsHere()
    const found = await this.#store.read((tx) => tx.foldersBelow({ drive, tops, limit: foldersMax + 1 }))
    if (found.length > foldersMax) return
    for (const id of found) this.#known.set(id, { home: this.#home, isInside: true })
    this.#folders = found
  }

  /** Those of the nodes that lie in it. */
  async inside<Placed extends Pick<Outline, 'id' | 'parent'>>(nodes: readonly Placed[]): Promise<Placed[]> {
    // Where all folders are known, nothing lies in another; only a top itself may.
    await this.#learn(this.#folders ? nodes.filter(({ id }) => this.#isTop(id)) : nodes)
    const { below } = this.#place
    return nodes.filter(({ id, parent }) => {
      const at = this.#known.get(parent) ?? NOWHERE
      // What is granted is found itself; what lies below a folder is not the folder.
      return at.home === this.#home && (at.isInside || (below === null && this.#isTop(id)))
    })
  }

  /** Whether most of the drive may lie outside. */
  get isPart(): boolean {
    return this.#tops !== null
  }

  get #home(): Home {
    return this.#place.trashed === 'only' ? 'trash' : 'root'
  }

  /** The tops but for those that lie elsewhere, as what was granted and then put into the trash. */
  async #topsHere(): Promise<NodeId[]> {
    const tops = [...this.#tops!]
    await this.#learn(tops.map((parent) => ({ parent })))
    return tops.filter((id) => this.#known.get(id)?.home === this.#home)
  }

  #isTop(id: NodeId): boolean {
    return this.#tops === null || this.#tops.has(id)
  }

  async #learn(nodes: readonly Pick<Outline, 'parent'>[]): Promise<void> {
    const { id: drive } = this.#place.drive
    // Siblings share their way up.
    const unknown = [...new Set(nodes.map(({ parent }) => parent))].filter((id) => id > 0 && !this.#known.has(id))
    if (unknown.length === 0) return
    const read = await this.#store.read(async (tx) => {
      // What is remembered of a drive may be used by whoever has read it.
      await tx.drives([drive])
      return tx.chains(unknown.map((id) => ({ drive, id, follow: false })))
    })
    const parents = new Map(read.map(({ id, parent }) => [id, parent]))
    for (const id of unknown) this.#locate(id, parents)
  }

  /** Goes up to the first folder that is known, and comes down again. */
  #locate(id: NodeId, parents: ReadonlyMap<NodeId, NodeId>): void {
    const way: NodeId[] = []
    let at = id
    while (!this.#known.has(at) && parents.has(at) && way.length <= parents.size) {
      way.push(at)
      at = parents.get(at)!
    }
    let above = this.#known.get(at) ?? NOWHERE
    for (const folder of way.reverse()) {
      above = { home: above.home, isInside: above.isInside || this.#isTop(folder) }
      this.#known.set(folder, above)
    }
  }
}
