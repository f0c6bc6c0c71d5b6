/** Another name, another folder, another drive. Inside a drive one row changes; between drives the whole subtree goes. */
import { ACTIONS } from '../action.ts'
import { addVersion, destroy, growth, refer, weight } from '../bytes.ts'
import { DEPTH_MAX } from '../engine.ts'
import { fail } from '../error.ts'
import { type Ready, tooLarge } from '../haul.ts'
import { isFailed, subject, viewOf } from '../locate.ts'
import type { Node, NodeId } from '../model.ts'
import { cleanName, type Naming, nameKey } from '../name.ts'
import type { Conflict, Failed, MoveOp, RenameOp, Result } from '../op.ts'
import { type Arrival, blank, isWithin, makesParents, placed, settle, sinksTooDeep, target } from '../place.ts'
import { finished } from '../task-row.ts'
import { sourceIn, type View } from '../view.ts'
import { putAway } from './trash.ts'

export function rename(view: View, op: RenameOp): Result {
  const found = subject(view, op.node, {
    need: ACTIONS.rename,
    trashed: 'no',
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const parent = view.node(found.node.parent)!
  const landed = enter(view, found.node, parent, op.name, { ...op, keepGrants: true })
  return isFailed(landed) ? landed : { status: 'done', view: viewOf(view, landed.node), existed: landed.existed }
}

export function move(view: View, op: MoveOp): Result {
  const found = subject(view, op.node, {
    need: 0,
    trashed: 'no',
    root: 'never the root',
    expect: op.expect,
    ifRev: op.ifRev,
  })
  if (isFailed(found)) return found
  const { node } = found
  const name = op.name ?? node.name
  const into = target(view, op.to, node.kind, { make: makesParents(op, node), naming: op.naming })
  if (isFailed(into)) return isForbidden(view, node, ACTIONS.move) ? fail('forbidden', { node: node.id }) : into
  if (isForbidden(view, node, neededActions(node, into.node, name))) return fail('forbidden', { node: node.id })
  if (node.kind === 'folder' && isWithin(into.chain, node)) return fail('cycle', { node: node.id })
  if (!op.keepGrants && into.node.id !== node.parent) view.expectGrants(node)
  const big = op.taskIfChildren && view.hasChildren(node)
  const landed = enter(view, node, into.node, name, op)
  if (isFailed(landed)) return landed
  const seen = viewOf(view, landed.node)
  return landed.existed ? { status: 'done', view: seen, existed: true } : finished(view, 'move', seen, big ?? false)
}

function isForbidden(view: View, node: Node, need: number): boolean {
  return (view.actionsOn(node) & need) !== need
}

/** Under another name in its folder a node is renamed; anything else is a move, with or without a rename. */
function neededActions(node: Node, into: Node, name: string): number {
  const renames = name === node.name ? 0 : ACTIONS.rename
  return into.id === node.parent && renames ? renames : ACTIONS.move | renames
}

export interface Terms {
  readonly conflict: Conflict
  readonly naming: Naming
  readonly keepGrants: boolean
}

export interface Landed {
  readonly node: Node
  /** Nothing was written. */
  readonly existed: boolean
}

/** Brings a node under a name in a folder. Rights on both were checked. */
function enter(view: View, node: Node, into: Node, name: string, terms: Terms): Landed | Failed {
  const isHome = into.id === node.parent
  if (isHome && cleanName(name, terms.naming) === node.name) return { node, existed: true }
  const arrival = settle(view, into, name, node, terms)
  return isFailed(arrival) ? arrival : arrive(view, node, into, name, arrival, terms)
}

/**
 * Brings one child of a folder that a task merges into its place, or tells which folder it is to be merged with in its turn.
 */
export function bring(view: View, child: Node, into: Node, terms: Terms): Node | Landed | Failed {
  const arrival = settle(view, into, child.name, child, terms)
  if (isFailed(arrival)) return arrival
  if (arrival.how === 'merge') return arrival.existing
  const landed = arrive(view, child, into, child.name, arrival, terms)
  // `reuse` leaves the child where it is.
  return !isFailed(landed) && landed.existed ? fail('name_taken', { node: landed.node.id }) : landed
}

/** Ends the merge of a folder of which nothing but emptied folders is left. */
export function mergeEmptied(view: View, source: Node, existing: Node): void {
  const drive = view.driveOf(source)
  const isTree = view.hasChildren(source)
  view.note('leave', source)
  if (isTree) view.put(placed(view, source, drive.grave, source.name, true))
  else destroy(view, drive, [source])
  noteMerged(view, existing)
}

/** Tells that a folder has taken another in. */
export function noteMerged(view: View, existing: Node): Node {
  const node = view.put({ ...view.node(existing.id)!, updatedAt: view.now, modifier: view.actor.self })
  view.note('update', node)
  return node
}

function arrive(view: View, node: Node, into: Node, name: string, arrival: Arrival, terms: Terms): Landed | Failed {
  if (arrival.how === 'reuse') return { node: arrival.existing, existed: true }
  if (arrival.how === 'merge') {
    // Merging into a folder it lies in, the folder would meet itself on the way.
    if (isWithin(view.chain(node), arrival.existing)) return fail('cycle', { node: node.id })
    return merge(view, node, arrival.existing, terms)
  }
  if (arrival.how === 'version') return becomeVersion(view, node, arrival.existing)
  if (arrival.how === 'replace') putAway(view, arrival.existing, arrival.by)
  return settleDown(view, node, into, cleanName(name, terms.naming), arrival, terms)
}

function settleDown(
  view: View,
  node: Node,
  into: Node,
  wanted: string,
  arrival: Arrival,
  terms: Terms,
): Landed | Failed {
  const isHome = into.id === node.parent
  const isAbroad = into.drive !== node.drive
  if (!isHome && !isAbroad && sinksTooDeep(view, node, into)) return fail('too_deep', { at: 'target' })
  const [name, twin] = arrival.how === 'free' ? [arrival.name, arrival.twin] : [wanted, false]
  // A twin that only takes another spelling of its own name stays a twin.
  const stays = isHome && nameKey(name) === node.key && node.twin !== 0
  const landed = placed(view, node, into.id, name, twin || stays)
  if (isAbroad) {
    const failure = carry(view, node, landed, into, arrival.how === 'replace')
    if (failure) return failure
  } else {
    view.put(landed)
    view.note(isHome ? 'rename' : 'move', landed, { before: node, replaces: arrival.how === 'replace' })
  }
  if (!isHome && !terms.keepGrants && view.grantsOf(node).length > 0) view.setGrants(node.id, [])
  return { node: view.node(node.id)!, existed: false }
}

/** Carries a subtree to another drive. Every node keeps its id; the store leaves forwarding rows. */
function carry(view: View, node: Node, landed: Node, into: Node, replaces: boolean): Failed | undefined {
  const [from, to] = [view.driveOf(node), view.driveOf(into)]
  // Some of the nodes may have left old rows there that are still being removed.
  if (view.facts.held.has(to.grave)) return fail('busy', { at: 'target' })
  if (view.ready?.source === node.id) return land(view, view.ready, node, landed, into, replaces)
  const below = node.kind === 'folder' ? view.descendants(node) : []
  if (below === null || view.isHaul(below)) return tooLarge(view, 'carry', node, into, { ...landed, drive: to.id })
  if (sinksTooDeep(view, node, into)) return fail('too_deep', { at: 'target' })
  const all = [node, ...below]
  view.wantVersions(all)
  const size = all.reduce((sum, one) => sum + weight(view, one), 0)
  const over = view.overQuota(to, size, from)
  if (over) return fail(over)
  view.charge(from, -size)
  view.charge(to, size)
  for (const one of all) {
    refer(view, to, one, 1)
    refer(view, from, one, -1)
  }
  const source = sourceIn(view.node(node.parent)!)
  view.note('leave', node)
  for (const one of below) view.put({ ...one, drive: to.id })
  view.put({ ...landed, drive: to.id })
  view.note('move', view.node(node.id)!, { source, replaces })
  return undefined
}

/** Lets a tree that was repeated out of sight take its place in the new drive; its old rows go out of sight instead. */
function land(
  view: View,
  { haul, height, cradle }: Ready,
  node: Node,
  landed: Node,
  into: Node,
  replaces: boolean,
): Failed | undefined {
  if (view.chain(into).length + height > DEPTH_MAX) return fail('too_deep', { at: 'target' })
  const from = view.driveOf(node)
  const coffin = view.fresh('node') as NodeId
  view.put({ ...blank(view, { drive: from.id, id: from.grave }, node.name), id: coffin, twin: coffin })
  view.note('leave', node)
  const top = view.put({ ...landed, drive: into.drive })
  view.land({ haul, top, left: placed(view, node, coffin, node.name, true) })
  view.destroy(cradle)
  view.note('move', top, { source: sourceIn(view.node(node.parent)!), replaces })
  return undefined
}

/** A file that replaces another becomes its next version and is itself no more. */
function becomeVersion(view: View, source: Node, existing: Node): Landed | Failed {
  const [from, to] = [view.driveOf(source), view.driveOf(existing)]
  view.wantVersions([source, existing])
  const freed = from.id === to.id ? weight(view, source) : 0
  const over = view.overQuota(to, growth(view, to, existing, source.content!) - freed, from)
  if (over) return fail(over)
  const node = addVersion(view, to, existing, source.content!, {}, 'new', sourceIn(source))
  view.note('leave', source)
  destroy(view, from, [source])
  return { node, existed: false }
}

/** A folder that meets a folder of its name brings its children into it and is itself no more. */
function merge(view: View, source: Node, existing: Node, terms: Terms): Landed | Failed {
  // It came to be there while the source was made ready to be where it is.
  if (view.ready) return fail('name_taken', { node: existing.id })
  const below = view.descendants(source)
  if (below === null) return tooLarge(view, 'merge', source, existing, existing)
  view.merge()
  for (const child of below.filter((node) => node.parent === source.id)) {
    const landed = enter(view, child, existing, child.name, terms)
    if (isFailed(landed)) return landed
    // `reuse` leaves the child where it is: then the source cannot go either.
    if (landed.existed) return fail('name_taken', { node: landed.node.id })
  }
  view.note('leave', source)
  destroy(view, view.driveOf(source), [view.node(source.id)!])
  return { node: noteMerged(view, existing), existed: false }
}
