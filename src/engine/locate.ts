/** From a reference to a node in its place: where it is, whether it lives, and whether the actor may do what it asks. */
import { lentAlong, reachesDrive } from './access.ts'
import type { ActionBits } from './action.ts'
import { fail } from './error.ts'
import { seekFrom, trashKey, walkKey } from './facts.ts'
import type { Drive, Kind, Node, TrashEntry } from './model.ts'
import { nameKey } from './name.ts'
import type { Failed, NodeView, Ref, Trashed } from './op.ts'
import { MISSING, type View } from './view.ts'

export interface Located {
  readonly node: Node
  readonly drive: Drive
  /** The node and its ancestors, the parentless top last. */
  readonly chain: readonly Node[]
  /** The entry of the trashed node at or above this one; null while it lives. */
  readonly trash: TrashEntry | null
}

export function isFailed(outcome: object): outcome is Failed {
  return 'status' in outcome && outcome.status === 'failed'
}

/** Finds what a ref means. Nothing outside the actor's reach is ever found. */
export function locate(view: View, ref: Ref, trashed: Trashed, at: 'node' | 'target' = 'node'): Located | Failed {
  const named = ref.drive === undefined ? undefined : view.drive(ref.drive)
  if (named === null) return fail('drive_not_found', { at })
  if (named?.settings.disabled) return fail('drive_disabled', { at })
  const node = find(view, ref)
  if (node === 'no such entry') return fail('trash_not_found', { at })
  // The drive is asked for again because a public id does not name the drive in which the node is now.
  const drive = node && view.drive(node.drive)
  if (!node || !drive) return fail('node_not_found', { at })
  if (drive.settings.disabled) return fail('drive_disabled', { at })
  const chain = view.chain(node)
  if (isHidden(view, drive, chain)) return fail('node_not_found', { at })
  const top = chain.at(-1)!
  const isLive = top.id === drive.root
  const inTrash = top.id === drive.trash && chain.length > 1
  if (!(isLive && trashed !== 'only') && !(inTrash && trashed !== 'no')) return fail('node_not_found', { at })
  return { node, drive, chain, trash: inTrash ? view.entry(chain.at(-2)!) : null }
}

/** Whether the actor came by a link alone and the link does not lead here. */
function isHidden({ actor }: View, drive: Drive, chain: readonly Node[]): boolean {
  return actor.lent !== undefined && !reachesDrive(actor, drive) && lentAlong(actor, drive, chain).length === 0
}

function find(view: View, ref: Ref): Node | null | 'no such entry' {
  if ('born' in ref) {
    const node = view.seek({ drive: ref.born, id: ref.id, follow: true })
    return ref.drive === undefined || node?.drive === ref.drive ? node : null
  }
  if ('id' in ref) return view.seek({ drive: ref.drive, id: ref.id, follow: false })
  if ('trash' in ref) {
    const id = view.facts.trashIds.get(trashKey(ref.drive, ref.trash))
    if (id === undefined) throw MISSING // the planner's first round asks for every trash id
    const node = id === 0 ? null : view.node(id)
    return node && view.entry(node)?.id === ref.trash ? node : 'no such entry'
  }
  const keys = ref.path.map(nameKey)
  const drive = view.drive(ref.drive)!
  view.walk(drive, keys, walkKey(ref.drive, keys))
  let at: Node | null = view.node(drive.root)
  for (const key of keys) at = at && view.child(drive, at.id, key)
  return at
}

/** Notes everything a ref needs without reading it, so that all refs of a batch are fetched in one round. */
export function wantRef(view: View, ref: Ref): void {
  const { needs, facts } = view
  if (ref.drive !== undefined && !facts.drives.has(ref.drive)) needs.drives.add(ref.drive)
  if ('id' in ref) {
    const seek = 'born' in ref ? { drive: ref.born, id: ref.id, follow: true } : { ...ref, follow: false }
    needs.seeks.set(seekFrom(seek), seek.id, seek)
    // Most nodes are still where they were born, and a drive asked for now costs no round of its own.
    needs.drives.add(seek.drive)
  } else if ('trash' in ref) {
    needs.trashIds.set(trashKey(ref.drive, ref.trash), { drive: ref.drive, id: ref.trash })
  } else {
    const keys = ref.path.map(nameKey)
    needs.walks.set(walkKey(ref.drive, keys), { drive: ref.drive, keys })
  }
  needs.any = true
}

interface Demands {
  readonly need: ActionBits
  readonly trashed: Trashed
  readonly root: 'may be the root' | 'never the root'
  readonly expect?: Kind | undefined
  readonly ifRev?: number | undefined
}

/** The node an op is about, after every check that does not depend on the kind of op. */
export function subject(view: View, ref: Ref, demands: Demands): Located | Failed {
  const found = locate(view, ref, demands.trashed)
  if (isFailed(found)) return found
  const { node } = found
  view.subjectKind = node.kind
  if ((view.actionsOn(node) & demands.need) !== demands.need) return fail('forbidden', { node: node.id })
  if (demands.root === 'never the root' && node.parent === 0) return fail('root_refused')
  if (demands.expect && node.kind !== demands.expect) return fail('wrong_kind', { node: node.id })
  if (demands.ifRev !== undefined && node.rev !== demands.ifRev) return fail('precondition_failed', { node: node.id })
  if (view.held(node)) return fail('busy', { node: node.id })
  return found
}

/** A node as the actor sees it now. */
export function viewOf(view: View, node: Node): NodeView {
  const drive = view.driveOf(node)
  const chain = view.chain(node)
  const top = chain.at(-1)!.id
  const trash = top === drive.trash && chain.length > 1 ? view.entry(chain.at(-2)!) : null
  const parentBorn = (chain[1] ?? node).born
  return { node, drive, path: shownPath(view, drive, chain), parentBorn, actions: view.actionsOn(node), trash }
}

/** Whoever came by a link alone is not told the names of the folders above what it opens. */
function shownPath({ actor }: View, drive: Drive, chain: readonly Node[]): string[] {
  const path = pathOf(chain)
  if (!actor.lent || reachesDrive(actor, drive)) return path
  const top = lentAlong(actor, drive, chain).at(-1)?.node
  return path.slice(Math.max(0, chain.length - 2 - chain.findIndex(({ id }) => id === top)))
}

/** Names from below the top of a chain down to its node. */
export function pathOf(chain: readonly Node[]): string[] {
  const path: string[] = []
  for (let at = chain.length - 2; at >= 0; at--) path.push(chain[at]!.name)
  return path
}
