/** What the DingTalk calls should do, as plainly as it can be said: a map of entries, every rule spelled out, no speed. */

export interface Entry {
  readonly id: string
  space: string
  parent: string
  name: string
  readonly kind: 'FILE' | 'FOLDER'
  /** SHA-256 of a file's bytes; '' for folders. */
  content: string
  version: number
}

export type Strategy = 'AUTO_RENAME' | 'OVERWRITE' | 'RETURN_DENTRY_IF_EXISTS' | 'RETURN_ERROR_IF_EXISTS'

/** What an item of a batch should answer: an error code, or whether it is a task and where the dentry is then. */
export type Outcome = { readonly error: string } | { readonly async: boolean; readonly id: string }

interface Landing {
  readonly id: string
  /** Nothing was written. */
  readonly existed: boolean
}

class Refused extends Error {}

export class Model {
  alive = new Map<string, Entry>()
  /** Trashed trees by the id of their top: the top first. */
  bin = new Map<string, Entry[]>()
  private made = 0

  add(entry: Entry): void {
    this.alive.set(entry.id, entry)
  }

  children(space: string, parent: string): Entry[] {
    return [...this.alive.values()].filter((entry) => entry.space === space && entry.parent === parent)
  }

  child(space: string, parent: string, name: string): Entry | undefined {
    return this.children(space, parent).find((entry) => entry.name === name)
  }

  path(entry: Entry): string {
    const parent = this.alive.get(entry.parent)
    return `${parent ? this.path(parent) : ''}/${entry.name}`
  }

  /** Whether a folder is the entry or lies below it. */
  isWithin(folder: string, id: string): boolean {
    const at = this.alive.get(folder)
    return folder === id || (at !== undefined && this.isWithin(at.parent, id))
  }

  /** The entry and all below it. */
  tree(top: Entry): Entry[] {
    return [top, ...this.children(top.space, top.id).flatMap((child) => this.tree(child))]
  }

  move(space: string, id: string, toSpace: string, to: string, strategy: Strategy): Outcome {
    return this.attempt(() => {
      const entry = this.find(space, id)
      if (this.isWithin(to, id)) throw new Refused('paramError.targetFolderId')
      const full = this.children(space, id).length > 0
      const landed = this.enter(entry, toSpace, to, strategy)
      return { async: full && !landed.existed, id: landed.id }
    })
  }

  copy(space: string, id: string, toSpace: string, to: string, strategy: Strategy): Outcome {
    return this.attempt(() => {
      const entry = this.find(space, id)
      if (this.isWithin(to, id)) throw new Refused('paramError.targetFolderId')
      const full = this.children(space, id).length > 0
      const landed = this.copyInto(entry, toSpace, to, strategy)
      return { async: full && !landed.existed, id: landed.id }
    })
  }

  remove(space: string, id: string, toBin: boolean): Outcome {
    return this.attempt(() => {
      const entry = this.find(space, id)
      const tree = this.tree(entry)
      if (toBin) this.putAway(entry)
      else for (const { id: gone } of tree) this.alive.delete(gone)
      return { async: tree.length > 1, id }
    })
  }

  restore(id: string, strategy: Strategy): Outcome {
    return this.attempt(() => {
      const tree = this.bin.get(id)
      const top = tree?.[0]
      if (!tree || !top) throw new Refused('recycleItemNotExist')
      const home = this.alive.get(top.parent)
      const parent = home && home.space === top.space ? home.id : '0'
      const clash = this.child(top.space, parent, top.name)
      if (clash) {
        if (strategy === 'RETURN_ERROR_IF_EXISTS') throw new Refused('dentryAlreadyExist')
        if (strategy === 'AUTO_RENAME') top.name = this.freeName(top.space, parent, top)
        else if (clash.kind !== top.kind) throw new Refused('dentryAlreadyExist')
        else if (strategy === 'RETURN_DENTRY_IF_EXISTS') return { async: false, id: clash.id }
        else if (top.kind === 'FOLDER') throw new Refused('dentryAlreadyExist')
        else this.putAway(clash)
      }
      top.parent = parent
      this.bin.delete(id)
      for (const entry of tree) this.alive.set(entry.id, entry)
      return { async: tree.length > 1, id }
    })
  }

  rename(space: string, id: string, name: string): Outcome {
    return this.attempt(() => {
      const entry = this.find(space, id)
      const clash = this.child(space, entry.parent, name)
      if (clash && clash !== entry) throw new Refused('dentryAlreadyExist')
      entry.name = name
      return { async: false, id }
    })
  }

  /** What is refused changes nothing. */
  private attempt(run: () => Outcome): Outcome {
    const [alive, bin] = [structuredClone(this.alive), structuredClone(this.bin)]
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.alive = alive
      this.bin = bin
      return { error: error.message }
    }
  }

  private find(space: string, id: string): Entry {
    const entry = this.alive.get(id)
    if (!entry || entry.space !== space) throw new Refused('dentryNotExist')
    return entry
  }

  private putAway(entry: Entry): void {
    const tree = this.tree(entry)
    for (const { id } of tree) this.alive.delete(id)
    this.bin.set(entry.id, tree)
  }

  private enter(entry: Entry, space: string, parent: string, strategy: Strategy): Landing {
    if (entry.space === space && entry.parent === parent) return { id: entry.id, existed: true }
    const clash = this.child(space, parent, entry.name)
    const settled = clash && this.settle(entry, clash, strategy)
    if (settled === 'reuse') return { id: clash!.id, existed: true }
    if (settled === 'version') {
      Object.assign(clash!, { content: entry.content, version: clash!.version + 1 })
      this.alive.delete(entry.id)
      return { id: clash!.id, existed: false }
    }
    if (settled === 'merge') {
      // Its children would follow it into a folder that holds it.
      if (this.isWithin(entry.id, clash!.id)) throw new Refused('paramError.targetFolderId')
      for (const child of this.children(entry.space, entry.id)) this.enter(child, space, clash!.id, strategy)
      this.alive.delete(entry.id)
      return { id: clash!.id, existed: false }
    }
    const name = clash ? this.freeName(space, parent, entry) : entry.name
    for (const one of this.tree(entry)) one.space = space
    Object.assign(entry, { parent, name })
    return { id: entry.id, existed: false }
  }

  private copyInto(source: Entry, space: string, parent: string, strategy: Strategy): Landing {
    const clash = this.child(space, parent, source.name)
    const settled = clash && this.settle(source, clash, strategy)
    if (settled === 'reuse') return { id: clash!.id, existed: true }
    if ((settled === 'version' || settled === 'merge') && clash === source) return { id: source.id, existed: true }
    if (settled === 'version') {
      Object.assign(clash!, { content: source.content, version: clash!.version + 1 })
      return { id: clash!.id, existed: false }
    }
    if (settled === 'merge') {
      for (const child of this.children(source.space, source.id)) this.copyInto(child, space, clash!.id, strategy)
      return { id: clash!.id, existed: false }
    }
    const name = clash ? this.freeName(space, parent, source) : source.name
    return { id: this.copyTree(source, space, parent, name), existed: false }
  }

  private copyTree(source: Entry, space: string, parent: string, name: string): string {
    const below = this.children(source.space, source.id)
    this.made += 1
    const copy = { ...source, id: `new ${this.made}`, space, parent, name, version: source.kind === 'FILE' ? 1 : 0 }
    this.add(copy)
    for (const child of below) this.copyTree(child, space, copy.id, child.name)
    return copy.id
  }

  private settle(newcomer: Entry, clash: Entry, strategy: Strategy): 'reuse' | 'version' | 'merge' | 'rename' {
    if (strategy === 'AUTO_RENAME') return 'rename'
    if (strategy === 'RETURN_ERROR_IF_EXISTS' || clash.kind !== newcomer.kind) throw new Refused('dentryAlreadyExist')
    if (strategy === 'RETURN_DENTRY_IF_EXISTS') return 'reuse'
    return newcomer.kind === 'FILE' ? 'version' : 'merge'
  }

  private freeName(space: string, parent: string, { name, kind }: Entry): string {
    const dot = kind === 'FILE' ? name.lastIndexOf('.') : -1
    const [stem, tail] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
    for (let n = 1; ; n++) {
      const free = `${stem}(${n})${tail}`
      if (!this.child(space, parent, free)) return free
    }
  }
}
