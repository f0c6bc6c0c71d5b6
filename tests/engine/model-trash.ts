/** The naive model's ways out of a folder, and back. */
import { ACTIONS, type RestoreOp } from '../../src/engine/index.ts'
import { arrive, makeFolder } from './model-place.ts'
import { type ModelNode, pathOf, trashTop, walkTree, weightOf } from './model-state.ts'
import { childNamed, type Handlers, type Work } from './model-work.ts'

export const TRASH_OPS: Pick<Handlers, 'trash' | 'restore' | 'purge'> = {
  trash(work, op) {
    const node = work.subject(op.node, ACTIONS.delete, { ...op, trashed: 'no' })
    work.fault('trash_off', node !== undefined && !work.driveOf(node).hasTrash)
    work.stop()
    const big = op.taskIfChildren === true && node!.children.length > 0
    toTrash(work, node!)
    return work.done(node!, false, big)
  },

  restore(work, op) {
    const node = work.subject(op.node, ACTIONS.restore, { trashed: 'only' })
    work.fault('node_not_found', node !== undefined && node.trash === null)
    work.stop()
    const entry = node!.trash!
    const parent = home(work, node!, op)
    // Back where it was it needs no right there; anywhere else it is a newcomer.
    if (parent !== entry.parent) work.needs(parent, node!.kind === 'folder' ? ACTIONS.newEmpty : ACTIONS.upload)
    work.stop()
    const big = op.taskIfChildren === true && node!.children.length > 0
    const conflict = op.conflict.replace === 'version' ? { ...op.conflict, replace: 'trash' as const } : op.conflict
    const place = arrive(work, parent, entry.name, node!.kind, node!, { ...op, conflict })
    if (place.how === 'reuse') return work.done(place.existing, true)
    if (place.how !== 'free') throw new Error('nothing is merged into what came back')
    const { trash } = work.driveOf(node!)
    trash.splice(trash.indexOf(node!), 1)
    node!.trash = null
    node!.parent = parent
    node!.name = place.name
    node!.twin = place.twin
    parent.children.push(node!)
    work.touch(node!)
    work.note('restore', node!, { replaces: place.replaces ?? false })
    return work.done(node!, false, big)
  },

  purge(work, op) {
    const node = work.subject(op.node, ACTIONS.purge, op)
    work.stop()
    const big = op.taskIfChildren === true && node!.children.length > 0
    bury(work, node!)
    return work.done(null, false, big)
  },
}

function home(work: Work, node: ModelNode, op: RestoreOp): ModelNode {
  const { root } = work.driveOf(node)
  const { parent } = node.trash!
  const isThere = !parent.gone && parent.drive === node.drive
  if (isThere && !trashTop(parent)) return parent
  if (op.parentGone === 'fail') return work.fail('parent_gone')
  if (op.parentGone === 'root' || !isThere) return root
  const standing = childNamed(root, parent.name)
  if (standing?.kind === 'folder') return standing
  work.needs(root, ACTIONS.newEmpty)
  const place = arrive(work, root, parent.name, 'folder', null, op)
  if (place.how !== 'free') return place.existing
  return makeFolder(work, root, place)
}

function toTrash(work: Work, node: ModelNode): void {
  const { parent, name } = node
  work.note('trash', node)
  node.trash = { id: 0, parent: parent!, name, path: pathOf(node), at: work.now, by: work.actor.self }
  parent!.children.splice(parent!.children.indexOf(node), 1)
  node.parent = null
  node.twin = true
  work.driveOf(node).trash.push(node)
  work.touch(node)
}

/** Makes room for what takes the node's name. Where there is no trash, putting away is destroying. */
export function putAway(work: Work, node: ModelNode, how: 'trash' | 'purge'): void {
  if (how === 'trash' && work.driveOf(node).hasTrash) toTrash(work, node)
  else bury(work, node)
}

/** Destroys: one node's bytes come back at once, a tree's only with the sweep. */
function bury(work: Work, node: ModelNode): void {
  work.note('purge', node)
  if (node.children.length > 0) work.driveOf(node).buried += weightOf(node)
  destroy(work, node)
}

export function destroy(work: Work, node: ModelNode): void {
  const drive = work.driveOf(node)
  const siblings = node.trash ? drive.trash : node.parent!.children
  siblings.splice(siblings.indexOf(node), 1)
  for (const one of walkTree(node)) one.gone = true
}
