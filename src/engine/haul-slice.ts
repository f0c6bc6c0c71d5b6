/** What one slice of a haul counts, copies, repeats or tells. */
import { ACTIONS } from './action.ts'
import { planWork } from './batch.ts'
import { effects } from './effects.ts'
import { fail } from './error.ts'
import { emptyFacts, type Facts } from './facts.ts'
import { goOn, type HaulWork, sourceOf, wantNodes } from './haul-work.ts'
import { isFailed } from './locate.ts'
import type { Drive, Node, NodeId, Version } from './model.ts'
import type { Failed } from './op.ts'
import { copyNode } from './ops/copy.ts'
import { isWithin } from './place.ts'
import type { Changes, QueuedFolder } from './port.ts'
import type { Step } from './task-step.ts'
import type { View } from './view.ts'

/** Nodes looked at in a slice that makes none. */
const LOOKED_AT = 1_000
/** Versions repeated in one slice, unless a single file has more. */
const VERSIONS_PER_SLICE = 2_000

/** The next children of the folders in a task's queue, and what is then left of it. */
interface Slice {
  readonly nodes: readonly Node[]
  /** The queued folder a node lies in. */
  readonly folderOf: (node: Node) => QueuedFolder
  readonly folders: readonly QueuedFolder[]
  readonly queue: Pick<Changes, 'putQueue' | 'deleteQueue'>
}

/** Null when the queue is empty. */
async function nextSlice({ tx, task }: HaulWork, limit: number, cost = (_: Node) => 0): Promise<Slice | null> {
  const folders = once(await tx.queue(task.id, limit))
  if (folders.length === 0) return null
  const found = await tx.nextChildren(folders, limit)
  const nodes = found.slice(0, affordable(found, cost))
  const byId = new Map(folders.map((folder) => [folder.id, folder]))
  const folderOf = (node: Node) => byId.get(node.parent)!
  return {
    nodes,
    folderOf,
    folders,
    queue: queueAfter(task.id, folders, nodes, found.length === limit || nodes.length < found.length, folderOf),
  }
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

/** The folders among the nodes, as the queue takes them. */
function queued({ task, haul }: HaulWork, { nodes, folderOf }: Slice, made: (node: Node) => NodeId): QueuedFolder[] {
  return nodes
    .filter(({ kind }) => kind === 'folder')
    .map((node, at) => ({
      task: task.id,
      position: haul.queued + at,
      drive: node.drive,
      id: node.id,
      made: made(node),
      level: folderOf(node).level + 1,
      after: null,
    }))
}

/** Counts the next nodes; null when all are counted. */
export async function countSlice(work: HaulWork): Promise<Step | Failed | null> {
  const { context, tx, task, actor, haul } = work
  const slice = await nextSlice(work, LOOKED_AT)
  if (!slice) return null
  const facts = await factsOf(work, slice)
  const { outcome } = await planWork(context, tx, actor, task.id, facts, (view) => wanted(view, work, slice))
  if (isFailed(outcome)) return outcome
  const { nodes } = outcome
  const versions = haul.verb === 'carry' ? await tx.versions(nodes.filter(isFile)) : []
  const bytes =
    haul.verb === 'carry' ? sizeOf(versions) : nodes.reduce((sum, { content }) => sum + (content?.size ?? 0), 0)
  const folders = queued(work, { ...slice, nodes }, () => 0 as NodeId)
  const height = nodes.reduce((max, node) => Math.max(max, slice.folderOf(node).level + 1), haul.height)
  return goOn(
    work,
    { nodes: haul.nodes + nodes.length, bytes: haul.bytes + bytes, height, queued: haul.queued + folders.length },
    { ...slice.queue, putQueue: [...slice.queue.putQueue, ...folders] },
  )
}

const isFile = ({ kind }: Node) => kind === 'file'
const sizeOf = (versions: readonly Version[]) => versions.reduce((sum, { content }) => sum + content.size, 0)

/** Facts that hold the slice's nodes; what is above them is loaded with the first need. */
async function factsOf({ tx, actor }: HaulWork, { nodes }: Slice): Promise<Facts> {
  const facts = emptyFacts()
  for (const node of nodes) {
    facts.nodes.set(node.id, node)
    facts.grants.set(node.id, [])
  }
  for (const grant of await tx.grants(nodes, actor.subjects)) {
    facts.grants.set(grant.node, [...facts.grants.get(grant.node)!, grant])
  }
  return facts
}

/** The slice's nodes that still lie in the tree, and where they go; or why the op fails. */
function wanted(view: View, { haul }: HaulWork, { nodes, folders }: Slice): { nodes: Node[]; to: Drive } | Failed {
  wantNodes(view, [haul.source, ...folders])
  const found = sourceOf(view, haul)
  if (isFailed(found)) return found
  const inside = new Set(
    folders.flatMap(({ drive, id }) => {
      const folder = view.seek({ drive, id, follow: false })
      return folder && isWithin(view.chain(folder), found.node) ? [id] : []
    }),
  )
  const present = nodes.filter(({ parent }) => inside.has(parent))
  if (haul.verb === 'copy') {
    // What the actor may not copy stays what it is: not in anybody's copy either.
    const denied = present.find((node) => !(view.actionsOn(node) & ACTIONS.copy))
    if (denied) return fail('forbidden', { node: denied.id })
  }
  return { nodes: present, to: found.to }
}

/** Copies the next nodes, out of sight; null when all are copied. */
export async function fillWithCopies(work: HaulWork): Promise<Step | Failed | null> {
  const { context, tx, task, actor, haul } = work
  const slice = await nextSlice(work, context.options.sliceNodesMax)
  if (!slice) return null
  const facts = await factsOf(work, slice)
  facts.ids.node.push(...((await tx.ids('node', slice.nodes.length)) as number[]))
  const copies = new Map<NodeId, NodeId>()
  const { outcome, view } = await planWork(context, tx, actor, task.id, facts, (view) => {
    const found = wanted(view, work, slice)
    if (isFailed(found)) return found
    const over = view.overQuota(
      found.to,
      found.nodes.reduce((sum, { content }) => sum + (content?.size ?? 0), 0),
    )
    if (over) return fail(over)
    for (const node of found.nodes) {
      const into = { drive: found.to.id, id: slice.folderOf(node).made }
      copies.set(node.id, copyNode(view, found.to, node, into, node.name, node.twin !== 0).id)
    }
    return found
  })
  if (isFailed(outcome)) return outcome
  const { nodes } = outcome
  const folders = queued(work, { ...slice, nodes }, ({ id }) => copies.get(id)!)
  const changes = { ...effects(view), ...slice.queue, putQueue: [...slice.queue.putQueue, ...folders] }
  const made = haul.made + nodes.length
  // What came to the tree since it was counted counts too.
  const more = Math.max(0, made - haul.nodes)
  const next = { made, nodes: haul.nodes + more, queued: haul.queued + folders.length }
  return goOn(work, next, changes, { done: nodes.length, total: more })
}

/** Repeats the next nodes' rows in the other drive, out of sight; null when all are there. */
export async function fillWithRows(work: HaulWork): Promise<Step | Failed | null> {
  const { context, tx, task, actor, haul } = work
  const [from] = await tx.drives([haul.source.drive])
  const versionsMax = from?.settings.versionsMax ?? 1
  const slice = await nextSlice(work, context.options.sliceNodesMax, ({ version }) => Math.min(version, versionsMax))
  if (!slice) return null
  const { nodes } = slice
  const versions = await tx.versions(nodes.filter(isFile))
  const { outcome, view } = await planWork(context, tx, actor, task.id, emptyFacts(), (view) => {
    const found = sourceOf(view, haul)
    if (isFailed(found)) return found
    // Pools that both drives share hold the bytes already; that they fit was judged at the start.
    const own = found.to.pools.filter(
      (pool) => !view.driveOf(found.node).pools.some(({ kind, key }) => kind === pool.kind && key === pool.key),
    )
    const over = view.overQuota({ ...found.to, pools: own }, sizeOf(versions))
    if (over) return fail(over)
    view.charge(found.to, sizeOf(versions))
    for (const { content } of versions) view.addBlobRef(content.digest, 1)
    return found
  })
  if (isFailed(outcome)) return outcome
  const folders = queued(work, slice, ({ id }) => id)
  const ids = nodes.map(({ id }) => id)
  const stage = ids.length > 0 ? [{ haul: haul.number, from: haul.source.drive, to: haul.to, ids }] : []
  const changes = { ...effects(view), ...slice.queue, putQueue: [...slice.queue.putQueue, ...folders], stage }
  const next = { made: haul.made + nodes.length, queued: haul.queued + folders.length }
  return goOn(work, next, changes, { done: nodes.length })
}

/** Tells the change log of the next copies, now that they can be seen; null when it knows all. */
export async function tellSlice(work: HaulWork): Promise<Step | null> {
  const { context, tx, task, actor, haul } = work
  const slice = await nextSlice(work, LOOKED_AT)
  if (!slice) return null
  const { outcome, view } = await planWork(context, tx, actor, task.id, emptyFacts(), (view) => {
    const drive = view.drive(haul.to)
    if (drive) for (const node of slice.nodes) view.note('copy', node)
    return drive
  })
  // A drive that was deleted meanwhile has no readers any more.
  const folders = outcome ? queued(work, slice, ({ id }) => id) : []
  const changes = { ...effects(view), ...slice.queue, putQueue: [...slice.queue.putQueue, ...folders] }
  return goOn(work, { queued: haul.queued + folders.length }, changes)
}
