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
import { ownPools } from './removal.ts'
import type { Step } from './task-cursor.ts'
import { LOOKED_AT, nextSlice, queued, type Slice } from './task-queue.ts'
import type { View } from './view.ts'

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
  const folders = queued(task, { ...slice, nodes }, haul.queued, () => 0 as NodeId)
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
export async function factsOf(
  { tx, actor }: Pick<HaulWork, 'tx' | 'actor'>,
  { nodes }: Pick<Slice, 'nodes'>,
): Promise<Facts> {
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
  const folders = queued(task, { ...slice, nodes }, haul.queued, ({ id }) => copies.get(id)!)
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
    // Pools that both drives share hold the bytes already, and count them once.
    const own = { ...found.to, pools: ownPools(found.to, view.driveOf(found.node).pools) }
    const over = view.overQuota(own, sizeOf(versions))
    if (over) return fail(over)
    view.charge(own, sizeOf(versions))
    for (const { content } of versions) view.addBlobRef(found.to.id, content, 1)
    return found
  })
  if (isFailed(outcome)) return outcome
  const folders = queued(task, slice, haul.queued, ({ id }) => id)
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
  const folders = outcome ? queued(task, slice, haul.queued, ({ id }) => id) : []
  const changes = { ...effects(view), ...slice.queue, putQueue: [...slice.queue.putQueue, ...folders] }
  return goOn(work, { queued: haul.queued + folders.length }, changes)
}
