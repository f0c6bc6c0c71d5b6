/**
 * Nodes remembered between transactions, beside any store. What is remembered of a drive holds for one value of the
 * drive's change counter, `seq`, and a transaction may use it only after it has itself read the drive with that very
 * value: so another process, or another server, that changed the drive meanwhile is never overlooked. It relies on the
 * rule that whoever changes a node's row raises its drive's `seq` in the same transaction. The one exception are nodes
 * under a drive's grave, which nobody can reach whatever their rows say; a node that a forwarding row may have taken
 * elsewhere is never answered from there.
 */
import type {
  Changes,
  ChildKey,
  Drive,
  DriveId,
  Node,
  NodeId,
  ReadTx,
  Seek,
  Store,
  Walk,
  WriteTx,
} from '../engine/index.ts'
import { PairMap } from '../engine/pair-map.ts'

/** Nodes and names remembered at most, over all drives; a node takes about 1 KiB. */
const ENTRIES_MAX = 100_000

export interface RememberOptions {
  readonly entriesMax?: number
  /**
   * Whether writes run one after the other, each seeing what the one before it wrote although it is not committed yet. Where
   * they run at once, nobody may learn from a write before its commit: it may be undone, and `seq` be used by another.
   */
  readonly oneByOne?: boolean
}

/** A store that answers from memory what it can of `chains`, `walk` and `children`, and passes on everything else. */
export function rememberNodes(store: Store, options: RememberOptions = {}): Store {
  const { entriesMax = ENTRIES_MAX, oneByOne = true } = options
  const memory = new Memory(entriesMax)
  return {
    read: (fn) => store.read((tx) => fn(reading(tx, new Session(memory)))),
    async write(fn, drives) {
      let last: Session | undefined
      try {
        const value = await store.write(async (tx) => {
          const session = new Session(memory)
          last = session
          const value = await fn(writing(tx, session))
          if (oneByOne) session.publish()
          return value
        }, drives)
        if (!oneByOne) last?.publish()
        return value
      } catch (error) {
        // What was published may never have been committed.
        memory.clear()
        throw error
      }
    },
    statements: () => store.statements(),
    searchCosts: store.searchCosts,
    close: () => store.close(),
  }
}

/**
 * What each kind of change means for what is remembered: rows to carry over, nothing, or that their drives, or all
 * drives, are better forgotten.
 */
const MEANING: Readonly<Record<keyof Changes, 'rows' | 'nothing' | 'forget drives' | 'forget all'>> = {
  // Only a step on the way: who steps aside is placed anew by the same changes.
  vacate: 'nothing',
  deleteNodes: 'rows',
  rehome: 'forget drives',
  insertNodes: 'rows',
  moveNodes: 'rows',
  placeNodes: 'rows',
  updateNodes: 'rows',
  insertVersions: 'nothing',
  updateVersions: 'nothing',
  putTerms: 'nothing',
  deleteVersions: 'nothing',
  blobRefs: 'nothing',
  deleteTrash: 'nothing',
  insertTrash: 'nothing',
  putGrants: 'nothing',
  deleteGrants: 'nothing',
  poolDeltas: 'nothing',
  driveSeqs: 'rows',
  insertChanges: 'nothing',
  putUploads: 'nothing',
  // What is staged hangs under a grave until its top is placed.
  stage: 'nothing',
  endHauls: 'nothing',
  putTasks: 'nothing',
  updateTasks: 'nothing',
  insertOutcomes: 'nothing',
  putQueue: 'nothing',
  deleteQueue: 'nothing',
  putHolds: 'nothing',
  deleteHolds: 'nothing',
}
const FORGETS_ALL = (Object.keys(MEANING) as (keyof Changes)[]).filter((kind) => MEANING[kind] === 'forget all')

/** What is known of one drive as of one `seq`. */
class DriveMemory {
  readonly seq: number
  readonly #nodes: Map<NodeId, Node>
  /** By parent and name key: the child whose `twin` is 0, which is the smallest there can be. */
  readonly #firsts: PairMap<NodeId, string, NodeId>
  /** By parent and name key: all children of that name, also when there are none. */
  readonly #places: PairMap<NodeId, string, readonly NodeId[]>

  constructor(seq: number, from?: DriveMemory) {
    this.seq = seq
    this.#nodes = from ? from.#nodes : new Map()
    this.#firsts = from ? from.#firsts : new PairMap()
    this.#places = from ? from.#places : new PairMap()
  }

  get size(): number {
    return this.#nodes.size + this.#places.size
  }

  /** The node and all above it; undefined unless every one is known. */
  chain(id: NodeId): Node[] | undefined {
    const chain: Node[] = []
    for (let at: NodeId | 0 = id; at !== 0; ) {
      const node = this.#nodes.get(at)
      if (!node) return undefined
      chain.push(node)
      at = node.parent
    }
    return chain
  }

  /** All children of a name; undefined when it is not known whether there are more. */
  childrenOf(parent: NodeId, key: string): Node[] | undefined {
    const ids = this.#places.get(parent, key)
    if (!ids) return undefined
    const nodes = ids.flatMap((id) => this.#nodes.get(id) ?? [])
    return nodes.length === ids.length ? nodes : undefined
  }

  /** The child of a name that has the smallest twin, null when there is none; undefined when that is not known. */
  firstOf(parent: NodeId, key: string): Node | null | undefined {
    const first = this.#firsts.get(parent, key)
    if (first !== undefined) return this.#nodes.get(first)
    return this.childrenOf(parent, key)?.reduce<Node | null>((a, b) => (a && a.twin < b.twin ? a : b), null)
  }

  /** Remembers a row as it was read. */
  learn(node: Node): void {
    if (this.#nodes.has(node.id)) return
    this.#nodes.set(node.id, node)
    if (node.twin === 0) this.#firsts.set(node.parent, node.key, node.id)
  }

  learnPlace(parent: NodeId, key: string, ids: readonly NodeId[]): void {
    this.#places.set(parent, key, ids)
  }

  /** Remembers a row as it was written. */
  put(node: Node): void {
    this.forget(node.id)
    this.learn(node)
    const ids = this.#places.get(node.parent, node.key)
    if (ids) this.#places.set(node.parent, node.key, [...ids, node.id])
  }

  forget(id: NodeId): void {
    const before = this.#nodes.get(id)
    if (!before) return
    this.#nodes.delete(id)
    const { parent, key } = before
    if (this.#firsts.get(parent, key) === id) this.#firsts.delete(parent, key)
    const others = this.#places.get(parent, key)?.filter((other) => other !== id)
    if (others) this.#places.set(parent, key, others)
  }
}

class Memory {
  // Least recently used first.
  readonly #drives = new Map<DriveId, DriveMemory>()
  readonly #entriesMax: number
  #grown = 0

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  /** What is remembered of a drive as of `seq`. */
  of(drive: DriveId, seq: number): DriveMemory | undefined {
    const known = this.#drives.get(drive)
    return known?.seq === seq ? known : undefined
  }

  /** Whether what is remembered of a drive is as of `seq` or later. */
  isAt(drive: DriveId, seq: number): boolean {
    return (this.#drives.get(drive)?.seq ?? -1) >= seq
  }

  /** As `of`, begun anew when what is there is older; undefined when it is newer. */
  fill(drive: DriveId, seq: number): DriveMemory | undefined {
    const known = this.#drives.get(drive)
    if (known && known.seq > seq) return undefined
    const kept = known?.seq === seq ? known : new DriveMemory(seq)
    this.set(drive, kept)
    return kept
  }

  set(drive: DriveId, memory: DriveMemory): void {
    this.#drives.delete(drive)
    this.#drives.set(drive, memory)
  }

  drop(drive: DriveId): void {
    this.#drives.delete(drive)
  }

  clear(): void {
    this.#drives.clear()
  }

  /** Told of every entry that may be new; now and then forgets the drives that were not used for longest. */
  grow(entries: number): void {
    this.#grown += entries
    if (this.#grown * 10 < this.#entriesMax) return
    this.#grown = 0
    let size = 0
    for (const drive of this.#drives.values()) size += drive.size
    for (const [id, drive] of this.#drives) {
      if (size <= this.#entriesMax) return
      this.#drives.delete(id)
      size -= drive.size
    }
  }
}

/** One transaction's dealings with the memory: the drives it has seen, each with the `seq` it saw, and what it changed. */
class Session {
  readonly #memory: Memory
  readonly #seqs = new Map<DriveId, number>()
  readonly #graves = new Map<DriveId, NodeId>()
  readonly #applied: Changes[] = []

  constructor(memory: Memory) {
    this.#memory = memory
  }

  see(drives: readonly Drive[]): void {
    // After a change of its own a transaction relies on the store alone.
    if (this.#applied.length > 0) return
    for (const { id, seq, grave } of drives) {
      this.#seqs.set(id, seq)
      this.#graves.set(id, grave)
    }
  }

  /** The node sought and all above it, as far as they are remembered. */
  chain({ drive, id, follow }: Seek): Node[] | undefined {
    const chain = this.of(drive)?.chain(id)
    // What is buried here may be alive in another drive, under the same id.
    return follow && chain?.at(-1)?.id === this.#graves.get(drive) ? undefined : chain
  }

  /** What may be used for a drive in this transaction. */
  of(drive: DriveId): DriveMemory | undefined {
    const seq = this.#seqs.get(drive)
    return seq === undefined || this.#applied.length > 0 ? undefined : this.#memory.of(drive, seq)
  }

  /** Remembers rows just read. */
  learn(nodes: readonly Node[]): void {
    for (const node of nodes) this.#fill(node.drive)?.learn(node)
    this.#memory.grow(nodes.length)
  }

  /** Remembers all children of the places asked for. */
  learnPlaces(keys: readonly ChildKey[], found: readonly Node[]): void {
    this.learn(found)
    const ids = new PairMap<NodeId, string, NodeId[]>()
    for (const { parent, key, id } of found) ids.set(parent, key, [...(ids.get(parent, key) ?? []), id])
    for (const { drive, parent, key } of keys) {
      this.#fill(drive)?.learnPlace(parent, key, ids.get(parent, key) ?? [])
    }
    this.#memory.grow(keys.length)
  }

  #fill(drive: DriveId): DriveMemory | undefined {
    const seq = this.#seqs.get(drive)
    return seq === undefined || this.#applied.length > 0 ? undefined : this.#memory.fill(drive, seq)
  }

  apply(changes: Changes): void {
    this.#applied.push(changes)
  }

  /** Carries the transaction's changes over into the memory; to be called when nothing more will be changed. */
  publish(): void {
    for (const changes of this.#applied) {
      if (FORGETS_ALL.some((kind) => changes[kind].length > 0)) this.#memory.clear()
      this.#carryOver(changes)
    }
  }

  #carryOver({ driveSeqs, rehome, deleteNodes, insertNodes, moveNodes, placeNodes, updateNodes }: Changes): void {
    const next = new Map(driveSeqs.map(({ id, seq }) => [id, seq]))
    const homeless = new Set(rehome.flatMap(({ from, to }) => [from, to]))
    const memories = new Map<DriveId, DriveMemory | undefined>()
    const memoryOf = (drive: DriveId) => {
      if (!memories.has(drive))
        memories.set(drive, this.#advance(drive, homeless.has(drive) ? undefined : next.get(drive)))
      return memories.get(drive)
    }
    for (const drive of [...next.keys(), ...homeless]) memoryOf(drive)
    for (const { drive, id } of deleteNodes) memoryOf(drive)?.forget(id)
    // Whoever gives up a name comes before whoever takes it: all leave first.
    const written = [...moveNodes, ...placeNodes, ...updateNodes, ...insertNodes]
    for (const { drive, id } of written) memoryOf(drive)?.forget(id)
    for (const node of written) memoryOf(node.drive)?.put(node)
    this.#memory.grow(written.length)
  }

  /** What was known of a drive, now as of `seq`; a drive whose rows changed without a new `seq` is forgotten. */
  #advance(drive: DriveId, seq: number | undefined): DriveMemory | undefined {
    const seen = this.#seqs.get(drive)
    // Filled from the store after this was committed: that is newer, or the same.
    if (seq !== undefined && this.#memory.isAt(drive, seq)) return undefined
    const known = seen === undefined ? undefined : this.#memory.of(drive, seen)
    if (!known || seq === undefined) {
      this.#memory.drop(drive)
      return undefined
    }
    const advanced = new DriveMemory(seq, known)
    this.#memory.set(drive, advanced)
    this.#seqs.set(drive, seq)
    return advanced
  }
}

type Remembered = Pick<ReadTx, 'drives' | 'chains' | 'walk' | 'children'> & Partial<Pick<WriteTx, 'apply'>>

function reading(tx: ReadTx, session: Session): ReadTx {
  return withMethods(tx, remembered(tx, session))
}

function writing(tx: WriteTx, session: Session): WriteTx {
  return withMethods(tx, {
    ...remembered(tx, session),
    apply(changes) {
      session.apply(changes)
      return tx.apply(changes)
    },
  })
}

function remembered(tx: ReadTx, session: Session): Remembered {
  return {
    async drives(ids) {
      const drives = await tx.drives(ids)
      session.see(drives)
      return drives
    },
    chains: (seeks) => chains(tx, session, seeks),
    walk: (walks) => walk(tx, session, walks),
    children: (keys) => children(tx, session, keys),
  }
}

/** A transaction with some methods of its own; the others are the store's. */
function withMethods<Tx extends ReadTx>(tx: Tx, methods: Remembered): Tx {
  return new Proxy(tx, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof Remembered]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function chains(tx: ReadTx, session: Session, seeks: readonly Seek[]): Promise<Node[]> {
  // While a tree is carried to another drive, both have rows of its nodes.
  const known = new PairMap<DriveId, NodeId, Node>()
  const unknown: Seek[] = []
  for (const seek of seeks) {
    const chain = session.chain(seek)
    if (chain) for (const node of chain) known.set(node.drive, node.id, node)
    else unknown.push(seek)
  }
  const read = await tx.chains(unknown)
  session.learn(read)
  for (const node of read) known.set(node.drive, node.id, node)
  return [...known.values()]
}

async function children(tx: ReadTx, session: Session, keys: readonly ChildKey[]): Promise<Node[]> {
  const known = new Map<NodeId, Node>()
  const unknown: ChildKey[] = []
  for (const key of keys) {
    const nodes = session.of(key.drive)?.childrenOf(key.parent, key.key)
    if (nodes) for (const node of nodes) known.set(node.id, node)
    else unknown.push(key)
  }
  const read = await tx.children(unknown)
  session.learnPlaces(unknown, read)
  for (const node of read) known.set(node.id, node)
  return [...known.values()]
}

/** A walk is answered from memory as a whole or not at all. */
async function walk(tx: ReadTx, session: Session, walks: readonly Walk[]): Promise<Node[]> {
  const known = new Map<NodeId, Node>()
  const unknown: Walk[] = []
  for (const one of walks) {
    const found = walked(session.of(one.drive), one)
    if (found) for (const node of found) known.set(node.id, node)
    else unknown.push(one)
  }
  const read = await tx.walk(unknown)
  session.learn(read)
  for (const node of read) known.set(node.id, node)
  return [...known.values()]
}

function walked(memory: DriveMemory | undefined, { from, keys }: Walk): Node[] | undefined {
  const found: Node[] = []
  let parent = from
  for (const key of keys) {
    const next = memory?.firstOf(parent, key)
    if (next === undefined) return undefined
    if (next === null) return found
    found.push(next)
    parent = next.id
  }
  return found
}
