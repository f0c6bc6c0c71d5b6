/** Destroying for good. What has nothing below it goes at once; a tree is buried in one step and removed later. */
import { ACTIONS } from '../action.ts'
import { destroy } from '../bytes.ts'
import { fail } from '../error.ts'
import { isFailed, subject } from '../locate.ts'
import type { Drive, Node, NodeId } from '../model.ts'
import type { PurgeOp, Result } from '../op.ts'
import { blank, placed } from '../place.ts'
import { finished, succeeded } from '../task-row.ts'
import type { View } from '../view.ts'

export function purge(view: View, op: PurgeOp): Result {
  const found = subject(view, op.node, {
    need: ACTIONS.purge,
    trashed: op.trashed,
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const { drive, node } = found
  view.expectDoomed(node)
  const isTree = view.hasChildren(node)
  if (op.ifEmpty && isTree) return fail('precondition_failed', { node: node.id })
  const asTask = (op.taskIfChildren && isTree) ?? false
  if (!isTree || !view.facts.destroysMuch) {
    bury(view, drive, node)
    return finished(view, 'purge', null, asTask, undefined, node)
  }
  bury(view, drive, node, coffin(view, drive).id)
  view.addBuried(succeeded(null, node))
  const isShown = asTask || op.taskIfLarge === true
  return isShown && view.task === 0
    ? { status: 'later', task: view.removalTask(), view: null }
    : { status: 'done', view: null, existed: false }
}

/** The hidden folder in which a task finds what it is to remove of a drive. */
function coffin(view: View, drive: Drive): Node {
  const known = view.coffins.get(drive.id)
  if (known) return known
  const id = view.fresh('node') as NodeId
  const made = view.put({ ...blank(view, { drive: drive.id, id: drive.grave }, 'coffin'), id, twin: id })
  view.setCoffin(made)
  return made
}

/** Makes a node and all below it unreachable at once. */
export function bury(view: View, drive: Drive, node: Node, grave = drive.grave): void {
  const isTree = view.hasChildren(node)
  if (node.kind === 'file') view.wantVersions([node])
  const entry = node.parent === drive.trash ? view.entry(node) : null
  view.note('purge', node)
  if (entry) view.setEntry(drive.id, node.id, null)
  else if (view.chain(node).at(-1)?.id === drive.trash) view.touchTrash(drive.id)
  if (isTree) view.put(placed(view, node, grave, node.name, true))
  else destroy(view, drive, [node])
}
