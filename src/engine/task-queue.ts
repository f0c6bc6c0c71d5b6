/** The folders a task has still to work through: a queue of rows, breadth-first, each with the last child done. */
import { MERGE_POSITIONS } from './merge.ts'
import type { Node, NodeId } from './model.ts'
import type { Changes, WriteTx } from './port.ts'
import type { QueuedFolder, TaskRow } from './task-port.ts'

/** Nodes looked at in a slice that makes none. */
export const LOOKED_AT = 1_000
/** Versions repeated in one slice, unless a single file has more. */
const VERSIONS_PER_SLICE = 2_000

interface QueueWork {
  readonly tx: WriteTx
  readonly task: TaskRow
}

/** The next children of the folders in a task's queue, and what is then left of it. */
export interface Slice {
  readonly nodes: readonly Node[]
  /** The queued folder a node lies in. */
  readonly folderOf: (node: Node) => QueuedFolder
  readonly folders: readonly QueuedFolder[]
  readonly queue: Pick<Changes, 'putQueue' | 'deleteQueue'>
  /** As `queue`, when only so many of the nodes are done with; at least one, if there is any. */
  readonly queueUpTo: (count: number) => Slice['queue']
}

/**
 * The next slice of a task's queue; null when that is empty.
 * @param cost of a node in a slice that bears VERSIONS_PER_SLICE
 */
export async function nextSlice({ tx, task }: QueueWork, limit: number, cost = (_: Node) => 0): Promise<Slice | null> {
  const waiting = await tx.queue(task.id, limit)
  const folders = waiting.filter(({ position }) => position < MERGE_POSITIONS)
  return sliceOf(tx, task, folders, limit, cost)
}

/** The same of the folders that a merge has there; the haul of a part, which has its own before them, is not under way. */
export async function nextMergeSlice({ tx, task }: QueueWork, limit: number): Promise<Slice | null> {
  return sliceOf(tx, task, await tx.queue(task.id, limit), limit, () => 0)
}

async function sliceOf(
  tx: WriteTx,
  task: TaskRow,
  waiting: readonly QueuedFolder[],
  limit: number,
  cost: (node: Node) => number,
): Promise<Slice | null> {
  const folders = once(waiting)
  if (folders.length === 0) return null
  const found = await tx.nextChildren(folders, limit)
  const nodes = found.slice(0, affordable(found, cost))
  const byId = new Map(folders.map((folder) => [folder.id, folder]))
  const folderOf = (node: Node) => byId.get(node.parent)!
  const queueUpTo = (count: number) => {
    const isCut = found.length === limit || count < found.length
    return queueAfter(task.id, folders, nodes.slice(0, count), isCut, folderOf)
  }
  return { nodes, folderOf, folders, queue: queueUpTo(nodes.length), queueUpTo }
}

/** A folder that was moved meanwhile may wait twice; the second time is for another slice, so that a child tells its folder. */
function once(folders: readonly QueuedFolder[]): readonly QueuedFolder[] {
  const seen = new Set<NodeId>()
  const again = folders.findIndex(({ id }) => seen.size === seen.add(id).size)
  return again === -1 ? folders : folders.slice(0, again)
}

/** How many of the nodes one slice can bear; at least one. */
function affordable(nodes: readonly Node[], cost: (node: Node) => number): number {
  let sum = 0
  const at = nodes.findIndex((node) => {
    sum += cost(node)
    return sum > VERSIONS_PER_SLICE
  })
  return at === -1 ? nodes.length : Math.max(1, at)
}

function queueAfter(
  task: QueuedFolder['task'],
  folders: readonly QueuedFolder[],
  nodes: readonly Node[],
  isCut: boolean,
  folderOf: (node: Node) => QueuedFolder,
): Slice['queue'] {
  const last = nodes.at(-1)
  if (!isCut || !last) return { putQueue: [], deleteQueue: [{ task, upTo: folders.at(-1)!.position }] }
  const folder = folderOf(last)
  return {
    putQueue: [{ ...folder, after: { key: last.key, twin: last.twin } }],
    deleteQueue: [{ task, upTo: folder.position - 1 }],
  }
}

/**
 * The folders among a slice's nodes, as the queue takes them.
 * @param position of the first
 */
export function queued(
  task: TaskRow,
  { nodes, folderOf }: Pick<Slice, 'nodes' | 'folderOf'>,
  position: number,
  made: (node: Node) => NodeId,
): QueuedFolder[] {
  return nodes
    .filter(({ kind }) => kind === 'folder')
    .map((node, at) => ({
      task: task.id,
      position: position + at,
      drive: node.drive,
      id: node.id,
      made: made(node),
      level: folderOf(node).level + 1,
      after: null,
    }))
}
