/** Copies: a file's current content, or a folder with all below it. Bytes are shared, only rows are made. */
import { ACTIONS } from '../action.ts'
import { addFile, addVersion, growth } from '../bytes.ts'
import { DEPTH_MAX } from '../engine.ts'
import { fail } from '../error.ts'
import { type Ready, tooLarge } from '../haul.ts'
import { isFailed, subject, viewOf } from '../locate.ts'
import type { Drive, Node, NodeId } from '../model.ts'
import { cleanName } from '../name.ts'
import type { CopyOp, Failed, Result } from '../op.ts'
import { type Arrival, blank, isWithin, makesParents, placed, settle, sinksTooDeep, target } from '../place.ts'
import { finished } from '../task-row.ts'
import { sourceIn, type View } from '../view.ts'
import { putAway } from './trash.ts'

export function copy(view: View, op: CopyOp): Result {
  const found = subject(view, op.node, {
    need: ACTIONS.copy,
    trashed: 'no',
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const { node } = found
  const into = target(view, op.to, node.kind, { make: makesParents(op, node), naming: op.naming })
  if (isFailed(into)) return into
  if (node.kind === 'folder' && isWithin(into.chain, node)) return fail('cycle', { node: node.id })
  const big = (op.taskIfFolder && node.kind === 'folder') || (op.taskIfChildren && view.hasChildren(node))
  const made = copyInto(view, node, into.node, op.name ?? node.name, op)
  if (isFailed(made)) return made
  const seen = viewOf(view, made.node)
  return made.existed ? { status: 'done', view: seen, existed: true } : finished(view, 'copy', seen, big ?? false)
}

type Terms = Pick<CopyOp, 'conflict' | 'naming' | 'keepGrants'>

export interface Made {
  readonly node: Node
  readonly existed: boolean
}

function copyInto(view: View, source: Node, into: Node, wanted: string, op: Terms): Made | Failed {
  // Asked here too, because a merge comes here with children of which each may be more restricted than its folder.
  if (!(view.actionsOn(source) & ACTIONS.copy)) return fail('forbidden', { node: source.id })
  const arrival = settle(view, into, wanted, { id: 0 as NodeId, kind: source.kind }, op)
  return isFailed(arrival) ? arrival : arrive(view, source, into, wanted, arrival, op)
}

/** Copies one child of a folder that a task merges to its place, or tells which folder it is to be merged with in its turn. */
export function bringCopy(view: View, child: Node, into: Node, terms: Terms): Node | Made | Failed {
  if (!(view.actionsOn(child) & ACTIONS.copy)) return fail('forbidden', { node: child.id })
  const arrival = settle(view, into, child.name, { id: 0 as NodeId, kind: child.kind }, terms)
  if (isFailed(arrival)) return arrival
  return arrival.how === 'merge' ? arrival.existing : arrive(view, child, into, child.name, arrival, terms)
}

function arrive(view: View, source: Node, into: Node, wanted: string, arrival: Arrival, op: Terms): Made | Failed {
  if (arrival.how === 'reuse') return { node: arrival.existing, existed: true }
  if (arrival.how === 'merge') return mergeCopy(view, source, arrival.existing, op)
  // Replacing a file by its own copy would destroy the only original or add a version that changes nothing.
  if (arrival.how !== 'free' && arrival.existing.id === source.id) return { node: source, existed: true }
  if (arrival.how === 'version') return copyVersion(view, source, arrival.existing)
  if (arrival.how === 'replace') putAway(view, arrival.existing, arrival.by)
  const [name, twin] = arrival.how === 'free' ? [arrival.name, arrival.twin] : [cleanName(wanted, op.naming), false]
  const place = { name, twin, replaces: arrival.how === 'replace' }
  return copyTree(view, source, into, place, op.keepGrants ?? false)
}

function copyVersion(view: View, source: Node, existing: Node): Made | Failed {
  const drive = view.driveOf(existing)
  const over = view.overQuota(drive, growth(view, drive, existing, source.content!))
  if (over) return fail(over)
  const node = addVersion(view, drive, existing, source.content!, {}, 'new', sourceIn(source))
  return { node, existed: false }
}

function mergeCopy(view: View, source: Node, existing: Node, op: Terms): Made | Failed {
  if (source.id === existing.id) return { node: existing, existed: true }
  // It came to be there while the copy was made ready to be where it is.
  if (view.ready) return fail('name_taken', { node: existing.id })
  const below = view.descendants(source)
  if (below === null) return tooLarge(view, 'merge', source, existing, existing)
  view.merge()
  for (const child of below.filter((node) => node.parent === source.id)) {
    const made = copyInto(view, child, existing, child.name, op)
    if (isFailed(made)) return made
  }
  return { node: view.node(existing.id)!, existed: false }
}

function copyTree(view: View, source: Node, into: Node, place: Place, keepGrants: boolean): Made | Failed {
  const { ready } = view
  const top = ready?.source === source.id ? land(view, ready, source, into, place) : copyAll(view, source, into, place)
  if (isFailed(top)) return top
  if (keepGrants) {
    const grants = view.grantsOf(source)
    if (grants.length > 0)
      view.setGrants(
        top.id,
        grants.map((grant) => ({ ...grant, drive: top.drive, node: top.id })),
      )
  }
  return { node: top, existed: false }
}

function copyAll(view: View, source: Node, into: Node, { name, twin, replaces }: Place): Node | Failed {
  const drive = view.driveOf(into)
  const below = source.kind === 'folder' ? view.descendants(source) : []
  if (below === null || view.isHaul(below))
    return tooLarge(view, 'copy', source, into, blankCopy(view, source, into, name, twin))
  if (sinksTooDeep(view, source, into)) return fail('too_deep', { at: 'target' })
  // What the actor may not copy stays what it is: not in anybody's copy either.
  const denied = below.find((node) => !(view.actionsOn(node) & ACTIONS.copy))
  if (denied) return fail('forbidden', { node: denied.id })
  const size = [source, ...below].reduce((sum, node) => sum + (node.content?.size ?? 0), 0)
  const over = view.overQuota(drive, size)
  if (over) return fail(over)

  const top = copyNode(view, drive, source, into, name, twin)
  view.note('copy', top, { source: sourceIn(source), replaces })
  const made = new Map([[source.id, top]])
  for (const node of below) {
    const copied = copyNode(view, drive, node, made.get(node.parent)!, node.name, node.twin !== 0)
    view.note('copy', copied, { source: sourceIn(node) })
    made.set(node.id, copied)
  }
  return top
}

/** Where a copy goes. */
interface Place {
  readonly name: string
  /** Beside a sibling of the same name. */
  readonly twin: boolean
  /** In place of a node that was put away. */
  readonly replaces: boolean
}

/** Puts a copy that was made out of sight where it belongs. What lies below it is told of afterwards. */
function land(view: View, { top, height, cradle }: Ready, source: Node, into: Node, place: Place): Node | Failed {
  if (view.chain(into).length + height > DEPTH_MAX) return fail('too_deep', { at: 'target' })
  const landed = view.put(placed(view, top, into.id, place.name, place.twin))
  view.destroy(cradle)
  view.note('copy', landed, { source: sourceIn(source), replaces: place.replaces })
  return landed
}

/** One node's copy; telling of it is the caller's. */
export function copyNode(
  view: View,
  drive: Drive,
  source: Node,
  into: Pick<Node, 'drive' | 'id'>,
  name: string,
  twin: boolean,
): Node {
  const fresh = blankCopy(view, source, into, name, twin)
  return source.content ? addFile(view, drive, fresh, source.content) : view.put(fresh)
}

/** What a copy starts with, before it has content. A star is on the original, not on its copies. */
export function blankCopy(
  view: View,
  { attributes: { starred: _, ...attributes } }: Node,
  into: Pick<Node, 'drive' | 'id'>,
  name: string,
  twin: boolean,
  id = view.fresh('node') as NodeId,
): Node {
  return { ...blank(view, into, name), id, twin: twin ? id : 0, attributes }
}
