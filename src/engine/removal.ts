/** Removing trees that nobody sees any more, a bounded slice at a time: the sweep's work, or a task's that shows how far it is. */
import { emptyChanges } from './effects.ts'
import type { Drive, Node, NodeId, Pool } from './model.ts'
import type { Changes, NodeKey, WriteTx } from './port.ts'
import type { Step } from './task-cursor.ts'
import type { TaskRow } from './task-port.ts'
import { LOOKED_AT, nextSlice, queued } from './task-queue.ts'

/** Tops looked at, and nodes below them removed, in one slice. */
export const REMOVAL_ROOTS = 200
export const REMOVAL_NODES = 1_000

/** How far a task is with removing what its ops destroyed; kept in its cursor. */
export interface RemovalCursor {
  /** The hidden folders that hold it, held by the task so that the sweep leaves them alone; a drive may have several. */
  readonly coffins: readonly NodeKey[]
  /** How many trees its ops have put there that are not counted as done yet. */
  readonly tops: number
  /** queue: naming what is to be counted. count: how many nodes there are. remove: taking them away. */
  readonly phase: 'queue' | 'count' | 'remove'
  /** The position of the next folder in the task's queue. */
  readonly queued: number
}

export const NO_REMOVAL: RemovalCursor = { coffins: [], tops: 0, phase: 'queue', queued: 0 }

/** One slice of it: a step of a task whose ops have all been run. */
export function removalStep(tx: WriteTx, task: TaskRow, removal: RemovalCursor, now: number): Promise<Step> {
  switch (removal.phase) {
    case 'queue':
      return Promise.resolve(begin(task, removal))
    case 'count':
      return count(tx, task, removal)
    case 'remove':
      return remove(tx, removal, now)
  }
}

const IDLE = { haul: null, outcomes: [], total: 0, done: 0, failed: 0 } as const

function begin(task: TaskRow, removal: RemovalCursor): Step {
  const { coffins } = removal
  const putQueue = coffins.map((coffin, position) => {
    return { ...coffin, task: task.id, position, made: 0 as NodeId, level: 0, after: null }
  })
  const next: RemovalCursor = { ...removal, phase: 'count', queued: coffins.length }
  return { ...IDLE, changes: { ...emptyChanges(), putQueue }, removal: next }
}

async function count(tx: WriteTx, task: TaskRow, removal: RemovalCursor): Promise<Step> {
  const slice = await nextSlice({ tx, task }, LOOKED_AT)
  if (!slice) return { ...IDLE, changes: emptyChanges(), removal: { ...removal, phase: 'remove' } }
  const folders = queued(task, slice, removal.queued, () => 0 as NodeId)
  const { putQueue, deleteQueue } = slice.queue
  // What an op named is in the total from the start.
  const total = slice.nodes.filter((node) => slice.folderOf(node).level > 0).length
  const changes = { ...emptyChanges(), deleteQueue, putQueue: [...putQueue, ...folders] }
  return { ...IDLE, changes, total, removal: { ...removal, queued: removal.queued + folders.length } }
}

async function remove(tx: WriteTx, removal: RemovalCursor, now: number): Promise<Step> {
  const { coffins } = removal
  const tops = await tx.nextChildren(
    coffins.map((coffin) => ({ ...coffin, after: null })),
    REMOVAL_ROOTS,
  )
  if (tops.length === 0) return { ...IDLE, changes: { ...emptyChanges(), deleteNodes: [...coffins] }, removal: null }
  const home = new Map(coffins.map(({ drive, id }) => [drive, id]))
  const changes = await removed(tx, tops, now, ({ id }) => home.get(id)!)
  return { ...IDLE, changes, done: changes.deleteNodes.length, removal }
}

/**
 * What removes the tops and all below them; of trees too large for one slice, as much as fits: the folders that are left become
 * tops themselves.
 * @param now in ms
 * @param home the folder the tops of a drive hang under
 * @param kept pools in which the bytes count still: the same nodes have rows in another drive that fills them too
 */
export async function removed(
  tx: WriteTx,
  tops: readonly Node[],
  now: number,
  home: (drive: Drive) => NodeId,
  kept: readonly Pool[] = [],
): Promise<Changes> {
  const below = await tx.subtrees(tops.filter(isFolder), REMOVAL_NODES)
  const isWhole = below.length < REMOVAL_NODES
  // Breadth-first: when the slice ends inside a tree, its files so far go and its folders so far become tops.
  const raised = isWhole ? [] : below.filter(isFolder)
  const doomed = isWhole ? [...tops, ...below] : [...tops, ...below].filter((node) => !isFolder(node))
  const drives = new Map(
    (await tx.drives([...new Set(tops.map(({ drive }) => drive))])).map((drive) => [drive.id, drive]),
  )
  const placeNodes = raised.map((node): Node => ({ ...node, parent: home(drives.get(node.drive)!), twin: node.id }))
  const keys = doomed.map(keyOf)
  // Only the trash of a deleted drive still has entries here.
  const gone = { deleteNodes: keys, deleteTrash: keys, placeNodes }
  return { ...emptyChanges(), ...gone, ...(await release(tx, doomed, drives, now, kept)) }
}

function isFolder({ kind }: Node): boolean {
  return kind === 'folder'
}

function keyOf({ drive, id }: Node): NodeKey {
  return { drive, id }
}

/** What the doomed nodes held: references to blobs, and room in the pools of their drives. */
async function release(
  tx: WriteTx,
  doomed: readonly Node[],
  drives: ReadonlyMap<Node['drive'], Drive>,
  at: number,
  kept: readonly Pool[],
) {
  const sizes = new Map<Node['drive'], number>()
  const versions = await tx.versions(doomed.filter(({ kind }) => kind === 'file').map(keyOf))
  for (const { drive, content } of versions) sizes.set(drive, (sizes.get(drive) ?? 0) + content.size)
  const poolDeltas = [...sizes].flatMap(([id, size]) => {
    const drive = drives.get(id)!
    const pools = ownPools(drive, kept)
    return pools.map(({ kind, key }) => ({ tenant: drive.tenant, kind, key, delta: -size }))
  })
  return { blobRefs: versions.map(({ drive, content }) => ({ drive, content, delta: -1, at })), poolDeltas }
}

/** The pools of a drive that are not among others: drives of one tenant share some. */
export function ownPools(drive: Drive, others: readonly Pool[]): Pool[] {
  return drive.pools.filter((pool) => !others.some(({ kind, key }) => kind === pool.kind && key === pool.key))
}
