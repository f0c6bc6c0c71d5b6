/** Destroying for good. What has nothing below it goes at once; a tree is buried in one step and swept later. */
import { ACTIONS } from '../action.ts'
import { destroy } from '../bytes.ts'
import { isFailed, subject } from '../locate.ts'
import type { Drive, Node } from '../model.ts'
import type { PurgeOp, Result } from '../op.ts'
import { placed } from '../place.ts'
import { finished } from '../task-row.ts'
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
  const big = op.taskIfChildren && view.hasChildren(found.node)
  bury(view, found.drive, found.node)
  return finished(view, 'purge', null, big ?? false, undefined, found.node)
}

/** Makes a node and all below it unreachable at once. */
export function bury(view: View, drive: Drive, node: Node): void {
  const isTree = view.hasChildren(node)
  if (node.kind === 'file') view.wantVersions([node])
  const entry = node.parent === drive.trash ? view.entry(node) : null
  view.note('purge', node)
  if (entry) view.setEntry(drive.id, node.id, null)
  else if (view.chain(node).at(-1)?.id === drive.trash) view.touchTrash(drive.id)
  if (isTree) view.put(placed(view, node, drive.grave, node.name, true))
  else destroy(view, drive, [node])
}
