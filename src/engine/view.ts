/**
 * The state a batch works on: the facts, with the batch's own changes on top. Reading something that is not known yet
 * notes it as a need and throws MISSING; the planner then has it loaded and starts the plan again on a fresh view. Nothing
 * here does I/O, reads a clock or draws a random number.
 */
import {
  allowedActions,
  grantedActions,
  grantees,
  lentActions,
  ownsDrive,
  reachesDrive,
  seesDrive,
  withOwn,
} from './access.ts'
import { type ActionBits, ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { Draft } from './draft.ts'
import { emptyNeeds, type Facts, type Needs, type Sequence, seekFrom, stemKey } from './facts.ts'
import type { Haul, Ready } from './haul.ts'
import type {
  ChangeKind,
  ChangeOrigin,
  ChangeSource,
  Drive,
  DriveId,
  Grant,
  Kind,
  Node,
  NodeId,
  TaskId,
  TrashEntry,
  Upload,
  UploadId,
  Version,
} from './model.ts'
import { PairMap } from './pair-map.ts'
import type { Seek } from './port.ts'
import { uploadIdIn } from './upload-id.ts'

/** Thrown when a fact is missing; never leaves the planner. */
export const MISSING = Object.freeze({ missing: true })

export class View extends Draft {
  readonly facts: Facts
  readonly actor: Actor
  readonly needs: Needs = emptyNeeds()

  // Where the batch put nodes, by name and by folder, which folders it took nodes from, and in which of them and where it
  // gave up names. A node may have moved on since: these only say where to look, so that a failed op need not take them back.
  private readonly placed = new PairMap<NodeId, string, Set<NodeId>>()
  private readonly movedUnder = new Map<NodeId, Set<NodeId>>()
  private readonly left = new Set<NodeId>()
  private readonly gaveUp = new Set<NodeId>()
  private readonly leftPlaces = new PairMap<NodeId, string, true>()
  private readonly drawn: Record<Sequence, number> = { node: 0, task: 0, trash: 0 }
  private drawnUploads = 0
  /** What the op at work is about, once that is found. */
  subjectKind: Kind | null = null
  /** The tree that the op at work wants copied or carried and that is too large for that. */
  haul: Haul | null = null
  /** What a task has made ready of such a tree. */
  readonly ready: Ready | null
  private remover: TaskId | undefined
  /** The task whose step this is; 0 = none's. */
  readonly task: TaskId | 0
  private readonly inlineNodesMax: number
  private isMerging = false
  private readonly rights = new Map<NodeId, ActionBits>()

  /** How many nodes the ops of this batch may take out of a listing, at most. */
  readonly touched: number

  constructor(
    facts: Facts,
    actor: Actor,
    now: number,
    touched: number,
    ready: Ready | null = null,
    inlineNodesMax = Number.POSITIVE_INFINITY,
    task: TaskId | 0 = 0,
  ) {
    super(now)
    this.inlineNodesMax = inlineNodesMax
    this.task = task
    this.touched = touched
    this.ready = ready
    this.facts = facts
    this.actor = actor
  }

  override mark(): void {
    super.mark()
    this.subjectKind = null
    this.haul = null
    this.isMerging = false
  }

  override rollback(): void {
    super.rollback()
    this.rights.clear()
  }

  /** From here on the op at work brings the parts of a folder into another: they must be done with it or not at all. */
  merge(): void {
    this.isMerging = true
  }

  /** Whether so many nodes below a folder are for a task to copy or carry. */
  isHaul(below: readonly Node[]): boolean {
    return !this.isMerging && below.length > this.inlineNodesMax
  }

  // --- reading ---

  /** Notes a need. Throws MISSING unless told that more needs of the same op follow. */
  private miss(note: (needs: Needs) => void): never {
    note(this.needs)
    this.needs.any = true
    throw MISSING
  }

  /** Ends the reading of an op that has noted its needs itself. */
  missing(): never {
    return this.miss(() => {})
  }

  /** The drive, if the actor can reach it. */
  drive(id: DriveId): Drive | null {
    const drive = this.facts.drives.get(id)
    if (drive === undefined) return this.miss((needs) => needs.drives.add(id))
    return drive && seesDrive(this.actor, drive) ? drive : null
  }

  /** The drive of a node that was already found reachable. */
  driveOf(node: Node): Drive {
    const drive = this.facts.drives.get(node.drive)
    if (!drive) throw new Error(`node ${node.id} was read without its drive`)
    return drive
  }

  seek(seek: Seek): Node | null {
    const id = this.facts.seeks.get(seekFrom(seek), seek.id)
    if (id === undefined) return this.miss((needs) => needs.seeks.set(seekFrom(seek), seek.id, seek))
    // A node made by this batch is in no fact, but its id can only be known from this batch.
    const node = this.node((id || seek.id) as NodeId)
    return node && (seek.follow || node.drive === seek.drive) ? node : null
  }

  /** A node already known, as it is now. */
  node(id: NodeId): Node | null {
    const changed = this.nodes.get(id)
    return changed === undefined ? (this.facts.nodes.get(id) ?? null) : changed
  }

  walk(drive: Drive, keys: readonly string[], key: string): void {
    if (!this.facts.walked.has(key)) this.miss((needs) => needs.walks.set(key, { drive: drive.id, keys }))
  }

  child(drive: Drive, parent: NodeId, key: string): Node | null {
    const own = this.smallestTwin(this.placed.get(parent, key), parent, key)
    if (this.isNew(parent)) return own
    const known = this.facts.children.get(parent, key)
    const stored = known ? this.smallestTwin(known.ids, parent, key) : null
    // Of stored twins the smallest is enough, as long as it is still there.
    if (!known || (!known.whole && !stored)) {
      return this.miss((needs) => needs.children.set(parent, key, { drive: drive.id, parent, key }))
    }
    return stored && (!own || stored.twin <= own.twin) ? stored : own
  }

  /** The one with the smallest twin, of the given nodes that are in this place now. */
  private smallestTwin(ids: Iterable<NodeId> | undefined, parent: NodeId, key: string): Node | null {
    let least: Node | null = null
    if (ids) {
      for (const id of ids) {
        const node = this.node(id)
        if (node?.parent === parent && node.key === key && (!least || node.twin < least.twin)) least = node
      }
    }
    return least
  }

  /** Whether a name is in use, given the stored names that are like it. */
  isTaken(drive: Drive, parent: NodeId, key: string, stored: ReadonlySet<string>): boolean {
    if (this.smallestTwin(this.placed.get(parent, key), parent, key)) return true
    // A stored name that the batch gave up is free, unless a twin still has it.
    return stored.has(key) && !(this.leftPlaces.has(parent, key) && this.child(drive, parent, key) === null)
  }

  /** Whether a name in a folder may have become free in this batch. */
  hasFreedNames(folder: NodeId): boolean {
    return this.gaveUp.has(folder)
  }

  /** Whether the node was made by this batch, so that the store knows nothing of it. */
  isNew(id: NodeId): boolean {
    return this.nodes.has(id) && !this.facts.nodes.has(id)
  }

  /** The stored keys of children that start with a prefix; null when they are too many to look through. */
  stems(drive: Drive, parent: NodeId, prefix: string): Set<string> | null {
    if (this.isNew(parent)) return new Set()
    const key = stemKey(parent, prefix)
    const stems = this.facts.stems.get(key)
    if (stems === undefined) return this.miss((needs) => needs.stems.set(key, { drive: drive.id, parent, prefix }))
    return stems
  }

  /** Notes, without stopping for it, that what lies below a node counts for `destroysMuch`. */
  expectDoomed(node: Node): void {
    if (node.kind === 'file' || this.isNew(node.id) || this.facts.doomed.has(node.id)) return
    this.needs.doomed.set(node.id, { drive: this.storedDrive(node), id: node.id })
    this.needs.any = true
  }

  hasChildren(node: Node): boolean {
    if (node.kind === 'file') return false
    for (const id of this.movedUnder.get(node.id) ?? []) if (this.node(id)?.parent === node.id) return true
    if (this.isNew(node.id)) return false
    const stored = this.facts.parents.get(node.id)
    if (stored === undefined) {
      return this.miss((needs) => needs.parents.set(node.id, { drive: node.drive, id: node.id }))
    }
    // When the batch took a child away, "has children" must be counted again.
    return stored && this.left.has(node.id) ? this.descendants(node)?.length !== 0 : stored
  }

  /** Everything below a folder as it is now, parents before children; null when it is too much. */
  descendants(folder: Node): Node[] | null {
    const found: Node[] = []
    const waiting: Node[] = [folder]
    const stored = new Map<NodeId, Set<NodeId>>()
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      for (const child of this.childrenOf(next, stored) ?? []) {
        found.push(child)
        if (child.kind === 'folder') waiting.push(child)
      }
      if (this.facts.subtrees.get(next.id) === null) return null
    }
    return found
  }

  private childrenOf(folder: Node, stored: Map<NodeId, Set<NodeId>>): Node[] | null {
    if (!this.isNew(folder.id) && !stored.has(folder.id)) {
      const below = this.facts.subtrees.get(folder.id)
      if (below === undefined) {
        return this.miss((needs) => needs.subtrees.set(folder.id, { drive: this.storedDrive(folder), id: folder.id }))
      }
      if (below === null) return null
      stored.set(folder.id, new Set())
      for (const node of below) {
        if (!stored.has(node.parent)) stored.set(node.parent, new Set())
        stored.get(node.parent)!.add(node.id)
        if (node.kind === 'folder' && !stored.has(node.id)) stored.set(node.id, new Set())
      }
    }
    const ids = new Set([...(stored.get(folder.id) ?? []), ...(this.movedUnder.get(folder.id) ?? [])])
    return [...ids].flatMap((id) => {
      const node = this.node(id)
      return node?.parent === folder.id ? [node] : []
    })
  }

  /** How many levels lie below a folder; null when it holds too much to tell. */
  height(folder: Node): number | null {
    const levels = new Map<NodeId, number>([[folder.id, 0]])
    let height = 0
    for (const node of this.descendants(folder) ?? []) {
      const level = (levels.get(node.parent) ?? 0) + 1
      levels.set(node.id, level)
      height = Math.max(height, level)
    }
    return this.facts.subtrees.get(folder.id) === null ? null : height
  }

  /** The drive in which the store still has the node, should this batch have carried it to another. */
  storedDrive(node: Node): DriveId {
    return this.facts.nodes.get(node.id)?.drive ?? node.drive
  }

  /** Direct children counted as stored; nothing for a folder that this batch made. */
  storedCounts(folder: Node): { files: number; folders: number } {
    if (this.isNew(folder.id)) return { files: 0, folders: 0 }
    const counts = this.facts.counts.get(folder.id)
    if (counts) return counts
    return this.miss((needs) => needs.counts.set(folder.id, { drive: folder.drive, id: folder.id }))
  }

  /** Nodes the batch put under a folder, or changed there, that are there now. */
  changedUnder(folder: NodeId): Node[] {
    return [...(this.movedUnder.get(folder) ?? [])].flatMap((id) => {
      const node = this.node(id)
      return node?.parent === folder ? [node] : []
    })
  }

  /** The node and its ancestors up to the parentless top. */
  chain(node: Node): Node[] {
    const chain = [node]
    for (let at = node; at.parent !== 0; ) {
      // What this batch put away hangs under a folder that no stored chain led to.
      const parent = this.node(at.parent) ?? this.seek({ drive: at.drive, id: at.parent, follow: false })
      if (!parent) throw new Error(`node ${at.id} was read without its parent`)
      chain.push(parent)
      at = parent
    }
    return chain
  }

  entry(node: Node): TrashEntry | null {
    const changed = this.trash.get(node.id)
    if (changed !== undefined) return changed
    const entry = this.facts.trash.get(node.id)
    if (entry === undefined) return this.miss((needs) => needs.trash.set(node.id, { drive: node.drive, id: node.id }))
    return entry
  }

  upload(id: UploadId): Upload | null {
    const changed = this.uploads.get(id)
    if (changed) return changed
    const upload = this.facts.uploads.get(id)
    if (upload === undefined) return this.miss((needs) => needs.uploads.add(id))
    return upload && upload.tenant === this.actor.tenant ? upload : null
  }

  versionsOf(node: Node): readonly Version[] {
    const changed = this.versions.get(node.id)
    if (changed) return changed
    if (node.kind === 'folder' || this.isNew(node.id)) return []
    const versions = this.facts.versions.get(node.id)
    if (versions) return versions
    return this.miss((needs) => needs.versions.set(node.id, { drive: this.storedDrive(node), id: node.id }))
  }

  /** Versions of many nodes: all that are missing are noted before MISSING is thrown. */
  wantVersions(nodes: readonly Node[]): void {
    const unknown = nodes.filter(
      ({ id, kind }) => kind === 'file' && !this.versions.has(id) && !this.isNew(id) && !this.facts.versions.has(id),
    )
    for (const node of unknown) this.needs.versions.set(node.id, { drive: this.storedDrive(node), id: node.id })
    if (unknown.length > 0) this.missing()
  }

  /** Notes that everybody's grants on a node will be needed, without stopping for them: they come with the next facts. */
  expectGrants(node: Node): void {
    if (this.grants.has(node.id) || this.isNew(node.id) || this.facts.allGrants.has(node.id)) return
    this.needs.allGrants.set(node.id, { drive: this.storedDrive(node), id: node.id })
    this.needs.any = true
  }

  grantsOf(node: Node): readonly Grant[] {
    const changed = this.grants.get(node.id)
    if (changed) return changed
    if (this.isNew(node.id)) return []
    const grants = this.facts.allGrants.get(node.id)
    if (grants) return grants
    return this.miss((needs) => needs.allGrants.set(node.id, { drive: this.storedDrive(node), id: node.id }))
  }

  /** What the actor may do with a node that it can reach. */
  actionsOn(node: Node): ActionBits {
    const drive = this.driveOf(node)
    if (ownsDrive(this.actor, drive)) return allowedActions(this.actor, node.kind, ALL_ACTIONS)
    const known = this.rights.get(node.id)
    if (known !== undefined) return known
    const lineage = this.lineage(node).map((at) => this.ownGrants(at))
    const { actor, now } = this
    const reached = actor.lent && !reachesDrive(actor, drive) ? [] : lineage
    const granted = withOwn(actor, node, grantedActions(reached, now, actor.lent && actor.subjects))
    const own = allowedActions(actor, node.kind, granted)
    const bits = actor.lent ? own | lentActions(actor, drive, this.chain(node), lineage, now) : own
    this.rights.set(node.id, bits)
    return bits
  }

  /** From the node upwards; a trashed node keeps the standing it had where it was. */
  private lineage(node: Node): Node[] {
    const drive = this.driveOf(node)
    const chain = this.chain(node)
    const top = chain.findIndex((at) => at.parent === drive.trash)
    if (top === -1) return chain
    const entry = this.entry(chain[top]!)
    const origin = entry && this.seek({ drive: drive.id, id: entry.parent, follow: false })
    // A buried origin is as good as destroyed: that the sweep has not come yet gives nobody rights.
    const stands = origin && this.chain(origin).at(-1)!.id !== drive.grave
    return stands ? [...chain.slice(0, top + 1), ...this.lineage(origin)] : chain.slice(0, top + 1)
  }

  private ownGrants(node: Node): readonly Grant[] {
    const changed = this.grants.get(node.id)
    if (changed) return changed.filter((grant) => grantees(this.actor).includes(grant.subject))
    if (this.isNew(node.id)) return []
    const grants = this.facts.grants.get(node.id)
    if (grants) return grants
    // Read while it lay in a drive of the actor's own, where grants do not matter, and carried to one where they do.
    return this.miss((needs) => needs.grants.set(node.id, { drive: this.storedDrive(node), id: node.id }))
  }

  /** Whether an unfinished task holds the node or one above it. */
  held(node: Node): boolean {
    return this.facts.held.size > 0 && this.chain(node).some((at) => this.facts.held.has(at.id))
  }

  // --- fresh numbers ---

  /** A fresh number. While there are too few, a stand-in: the plan will run again with enough of them. */
  fresh(sequence: Sequence): number {
    const at = this.drawn[sequence]++
    const number = this.facts.ids[sequence][at]
    if (number !== undefined) return number
    this.needs.ids[sequence]++
    this.needs.any = true
    return -(at + 1)
  }

  freshUpload(drive: DriveId): UploadId {
    const secret = this.facts.uploadSecrets[this.drawnUploads++]
    if (secret) return uploadIdIn(drive, secret)
    this.needs.uploadSecrets++
    this.needs.any = true
    return `pending ${this.drawnUploads}` as UploadId
  }

  // --- writing ---

  put(given: Node): Node {
    // Whatever the clock says, nothing is changed before it is made: searches rely on it.
    const node = given.updatedAt < given.createdAt ? { ...given, updatedAt: given.createdAt } : given
    this.leave(node.id, node)
    this.set(this.nodes, node.id, node)
    const there = this.placed.get(node.parent, node.key)
    if (there) there.add(node.id)
    else this.placed.set(node.parent, node.key, new Set([node.id]))
    addTo(this.movedUnder, node.parent, node.id)
    this.rights.clear()
    return node
  }

  /** Notes where a node is no longer, before it is changed. */
  private leave(id: NodeId, now: Node | null) {
    // A name that the batch itself gave is given up too.
    const given = this.nodes.get(id)
    if (given && !(now?.parent === given.parent && now.key === given.key)) this.gaveUp.add(given.parent)
    const before = this.facts.nodes.get(id)
    if (!before || (now?.parent === before.parent && now.key === before.key)) return
    this.gaveUp.add(before.parent)
    this.leftPlaces.set(before.parent, before.key, true)
    if (now?.parent !== before.parent) this.left.add(before.parent)
  }

  /** Forgets a node, its versions, grants and trash entry; the bytes are the caller's to account for. */
  destroy(node: Node): void {
    this.leave(node.id, null)
    this.set(this.nodes, node.id, null)
    this.set(this.versions, node.id, [])
    this.set(this.grants, node.id, [])
    if (this.facts.trash.get(node.id) || this.trash.get(node.id)) this.set(this.trash, node.id, null)
  }

  setGrants(node: NodeId, grants: Grant[]): void {
    this.set(this.grants, node, grants)
    this.rights.clear()
  }

  /** The number of the task that will remove what the batch buries. */
  removalTask(): TaskId {
    this.remover ??= this.fresh('task') as TaskId
    return this.remover
  }

  /** @param before the node in its former place, for what is moved or renamed */
  note(kind: ChangeKind, node: Node, { before, source = null, replaces = false }: Noted = {}): void {
    const { drive, id, kind: nodeKind, born, parent, name } = node
    const from = before ? this.origin(before) : null
    const { now: at, actor } = this
    this.push(this.changes, {
      drive,
      kind,
      node: id,
      nodeKind,
      born,
      parent,
      name,
      from,
      source,
      replaces,
      at,
      by: actor.self,
    })
  }

  private origin({ parent, name }: Node): ChangeOrigin {
    return { parent, parentBorn: this.node(parent)!.born, name }
  }
}

interface Noted {
  readonly before?: Node
  readonly source?: ChangeSource | null
  readonly replaces?: boolean
}

/** A node, as what something else was made of. */
export function sourceIn({ drive, id, born }: Node): ChangeSource {
  return { drive, node: id, born }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V) {
  const set = sets.get(key)
  if (set) set.add(value)
  else sets.set(key, new Set([value]))
}
