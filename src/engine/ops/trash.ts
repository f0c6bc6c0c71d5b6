/** Putting away and bringing back. Either touches the node's own row only, however much lies below it. */
import { ACTIONS } from '../action.ts'
import { fail } from '../error.ts'
import { isFailed, locate, pathOf, subject, viewOf } from '../locate.ts'
import type { Drive, Node, NodeId, TrashEntry, TrashId } from '../model.ts'
import type { Failed, RestoreOp, Result, TrashOp } from '../op.ts'
import { addFolder, canEnter, placed, settle, sinksTooDeep } from '../place.ts'
import { finished } from '../task-row.ts'
import type { View } from '../view.ts'
import { bury } from './purge.ts'

const DAY_MS = 24 * 3600_000

export function trash(view: View, op: TrashOp): Result {
  const found = subject(view, op.node, {
    need: ACTIONS.delete,
    trashed: 'no',
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const { drive, node } = found
  if (!drive.settings.trash) return fail('trash_off', { node: node.id })
  if (op.ifEmpty && view.hasChildren(node)) return fail('precondition_failed', { node: node.id })
  const big = op.taskIfChildren && view.hasChildren(node)
  const entry = toTrash(view, drive, node)
  const gone = viewOf(view, view.node(node.id)!)
  return finished(view, 'trash', gone, big ?? false, entry)
}

function toTrash(view: View, drive: Drive, node: Node): TrashEntry {
  const entry: TrashEntry = {
    drive: drive.id,
    node: node.id,
    id: view.fresh('trash') as TrashId,
    parent: node.parent,
    name: node.name,
    path: pathOf(view.chain(node)),
    trashedAt: view.now,
    trashedBy: view.actor.self,
    expiresAt: drive.settings.trashDays === undefined ? 0 : view.now + drive.settings.trashDays * DAY_MS,
  }
  view.note('trash', node)
  // In the trash names may repeat, so every node there is its own twin.
  view.put(placed(view, node, drive.trash, node.name, true))
  view.setEntry(drive.id, node.id, entry)
  return entry
}

/** Makes room for a newcomer that takes the node's name. */
export function putAway(view: View, node: Node, how: 'trash' | 'purge'): void {
  const drive = view.driveOf(node)
  if (how === 'trash' && drive.settings.trash) toTrash(view, drive, node)
  else bury(view, drive, node)
}

export function restore(view: View, op: RestoreOp): Result {
  const found = subject(view, op.node, { need: ACTIONS.restore, trashed: 'only', root: 'never the root' })
  if (isFailed(found)) return found
  const { drive, node, trash: entry } = found
  // Only what was put away can be brought back, not something inside it.
  if (!entry || entry.node !== node.id) return fail('node_not_found')
  const parent = home(view, drive, entry, op)
  if (isFailed(parent)) return parent
  // Back where it was, the right to restore is enough; anywhere else it is a newcomer like any other.
  const need = node.kind === 'folder' ? ACTIONS.newEmpty : ACTIONS.upload
  if (parent.id !== entry.parent && !canEnter(view, parent, need)) {
    return fail('forbidden', { at: 'target', node: parent.id })
  }
  if (sinksTooDeep(view, node, parent)) return fail('too_deep', { at: 'target' })
  const big = op.taskIfChildren && view.hasChildren(node)
  const arrival = settle(view, parent, entry.name, node, op)
  if (isFailed(arrival)) return arrival
  if (arrival.how === 'reuse') return { status: 'done', view: viewOf(view, arrival.existing), existed: true }
  // A folder is not merged into one that took its place meanwhile: two trees would become one by accident.
  if (arrival.how === 'merge') return fail('name_taken', { node: arrival.existing.id })
  // What came back is a file of its own: it does not become a version of the one that took its place.
  if (arrival.how === 'version') putAway(view, arrival.existing, 'trash')
  if (arrival.how === 'replace') putAway(view, arrival.existing, arrival.by)
  const name = arrival.how === 'free' ? arrival.name : entry.name
  const back = view.put(placed(view, node, parent.id, name, arrival.how === 'free' && arrival.twin))
  view.setEntry(drive.id, node.id, null)
  view.note('restore', back, { replaces: arrival.how !== 'free' })
  return finished(view, 'restore', viewOf(view, back), big ?? false)
}

/** The folder a trashed node goes back to. */
function home(view: View, drive: Drive, entry: TrashEntry, op: RestoreOp): Node | Failed {
  const parentRef = { drive: drive.id, id: entry.parent }
  const alive = locate(view, parentRef, 'no')
  if (!isFailed(alive)) return alive.node
  if (op.parentGone === 'fail') return fail('parent_gone')
  const root = view.seek({ drive: drive.id, id: drive.root, follow: false })!
  const inTrash = op.parentGone === 'recreate' ? locate(view, parentRef, 'only') : alive
  if (isFailed(inTrash)) return root
  // The trashed parent's own name, in the root: where it hung may be gone too.
  const name = inTrash.node.name
  const standing = view.child(drive, root.id, inTrash.node.key)
  if (standing?.kind === 'folder') return standing
  if (!canEnter(view, root, ACTIONS.newEmpty)) return fail('forbidden', { at: 'target', node: root.id })
  const arrival = settle(view, root, name, { id: 0 as NodeId, kind: 'folder' }, op)
  if (isFailed(arrival)) return arrival
  return arrival.how === 'free' ? addFolder(view, root, arrival.name, arrival.twin) : arrival.existing
}
