/** Where a newcomer lands: its name judged, a clash settled by the op's strategy, a free name found. */
import { ACTIONS } from './action.ts'
import { DEPTH_MAX } from './engine.ts'
import { fail } from './error.ts'
import { isFailed, type Located, locate } from './locate.ts'
import type { Attributes, Drive, Kind, Node, NodeId } from './model.ts'
import type { Naming } from './name.ts'
import { cleanName, freeName, isFileName, nameKey, nameProblem, nameStem } from './name.ts'
import type { Conflict, Failed, Ref, Replace } from './op.ts'
import type { View } from './view.ts'

/** How a clash was settled. */
export type Arrival =
  | { readonly how: 'free'; readonly name: string /** Beside a sibling of the same name. */; readonly twin: boolean }
  | { readonly how: 'reuse'; readonly existing: Node }
  /** The existing file gets the newcomer's content. */
  | { readonly how: 'version'; readonly existing: Node }
  /** The existing file makes room. */
  | { readonly how: 'replace'; readonly existing: Node; readonly by: Exclude<Replace, 'version'> }
  | { readonly how: 'merge'; readonly existing: Node }

export interface Newcomer {
  /** 0 for a folder yet to be made. */
  readonly id: NodeId
  readonly kind: Kind
}

/** Settles under which name, or in place of what, a newcomer enters a folder. */
export function settle(
  view: View,
  parent: Node,
  wanted: string,
  newcomer: Newcomer,
  { conflict, naming }: { conflict: Conflict; naming: Naming },
): Arrival | Failed {
  const name = cleanName(wanted, naming)
  const problem = nameProblem(name, naming)
  if (problem) return fail('name_invalid', { detail: problem })
  if (newcomer.kind === 'file' && !isFileName(name, naming)) return fail('name_invalid', { detail: 'extension' })
  const drive = view.driveOf(parent)
  const existing = view.child(drive, parent.id, nameKey(name))
  if (!existing || existing.id === newcomer.id) return { how: 'free', name, twin: false }

  const taken = fail('name_taken', { node: existing.id })
  switch (conflict[newcomer.kind]) {
    case 'fail':
      return taken
    case 'reuse':
      return existing.kind === newcomer.kind ? { how: 'reuse', existing } : taken
    case 'duplicate':
      return { how: 'free', name, twin: true }
    case 'rename': {
      const free = findFreeName(view, drive, parent, name, newcomer.kind, naming)
      return free === null ? fail('rename_exhausted', { node: existing.id }) : { how: 'free', name: free, twin: false }
    }
    case 'replace': {
      if (existing.kind !== newcomer.kind) return taken
      if (existing.kind === 'folder') return conflict.replace === 'version' ? { how: 'merge', existing } : taken
      return mayReplace(view, existing, conflict)
    }
  }
}

function mayReplace(view: View, existing: Node, conflict: Conflict): Arrival | Failed {
  if (!(view.actionsOn(existing) & ACTIONS.replace)) return fail('forbidden', { at: 'target', node: existing.id })
  if (view.held(existing)) return fail('busy', { at: 'target', node: existing.id })
  const hasHistory = () => existing.version > 1 && view.versionsOf(existing).length > 1
  if (conflict.guardHistory && hasHistory()) return fail('history_kept', { node: existing.id })
  return conflict.replace === 'version'
    ? { how: 'version', existing }
    : { how: 'replace', existing, by: conflict.replace }
}

function findFreeName(view: View, drive: Drive, parent: Node, name: string, kind: Kind, naming: Naming): string | null {
  const { prefix, tail } = nameStem(name, kind === 'folder', naming, view.now)
  const stored = view.stems(drive, parent.id, nameKey(prefix))
  if (stored === null) return null
  const taken = (key: string) => view.isTaken(drive, parent.id, key, stored)
  // Many of one name in one batch need not each count from the start, while no name is given up meanwhile.
  const series = `${parent.id}/${prefix}/${tail}`
  const from = view.hasFreedNames(parent.id) ? 1 : (view.counters.get(series) ?? 1)
  const free = freeName(name, kind === 'folder', naming, view.now, taken, from)
  if (free) view.setCounter(series, free.count + 1)
  return free?.name ?? null
}

/** The folder an op puts something into, with the right to do so. */
export function target(view: View, ref: Ref, kind: Kind, making?: { make: boolean; naming: Naming }): Located | Failed {
  const found =
    making?.make && 'path' in ref ? makeFolders(view, ref, making.naming) : locate(view, ref, 'no', 'target')
  if (isFailed(found)) return found
  const { node, chain } = found
  const need = kind === 'folder' ? ACTIONS.newEmpty : ACTIONS.upload
  if (!canEnter(view, node, need)) return fail('forbidden', { at: 'target', node: node.id })
  if (node.kind !== 'folder') return fail('wrong_kind', { at: 'target', node: node.id })
  if (view.held(node)) return fail('busy', { at: 'target', node: node.id })
  if (chain.length > DEPTH_MAX) return fail('too_deep', { at: 'target' })
  return found
}

/** Whether the actor may put something into a folder; of a file this is not asked. */
export function canEnter(view: View, parent: Node, need: number): boolean {
  // Rights are asked of the folder; on a file they mean nothing, and the kind is judged next.
  return parent.kind === 'file' || (view.actionsOn(parent) & need) === need
}

/** Whether an op makes the missing folders on its target's path for this node. */
export function makesParents({ makeParents = false }: { makeParents?: boolean | Kind }, { kind }: Node): boolean {
  return makeParents === true || makeParents === kind
}

/** Walks a path and makes what is missing on it. */
function makeFolders(view: View, ref: Extract<Ref, { path: readonly string[] }>, naming: Naming): Located | Failed {
  const known = locate(view, ref, 'no', 'target')
  if (!isFailed(known) || known.error.code !== 'node_not_found') return known
  const drive = view.drive(ref.drive)!
  let at = view.node(drive.root)!
  for (const name of ref.path) {
    const next = view.child(drive, at.id, nameKey(name)) ?? makeFolder(view, at, name, naming)
    if (isFailed(next)) return next
    if (next.kind === 'file') return fail('wrong_kind', { at: 'target', node: next.id })
    at = next
  }
  return { node: at, drive, chain: view.chain(at), trash: null }
}

function makeFolder(view: View, parent: Node, wanted: string, naming: Naming): Node | Failed {
  const name = cleanName(wanted, naming)
  const problem = nameProblem(name, naming)
  if (problem) return fail('name_invalid', { at: 'target', detail: problem })
  if (!canEnter(view, parent, ACTIONS.newEmpty)) return fail('forbidden', { at: 'target', node: parent.id })
  if (view.chain(parent).length > DEPTH_MAX) return fail('too_deep', { at: 'target' })
  return addFolder(view, parent, name, false)
}

/** Puts a new folder under a name that was settled. */
export function addFolder(view: View, parent: Node, name: string, twin: boolean, attributes: Attributes = {}): Node {
  const id = view.fresh('node') as NodeId
  const node = view.put({ ...blank(view, parent, name), id, twin: twin ? id : 0, attributes })
  view.note('create', node)
  return node
}

/** What every new node starts with. */
export function blank(view: View, parent: Pick<Node, 'drive' | 'id'>, name: string): Omit<Node, 'id'> {
  return {
    drive: parent.drive,
    parent: parent.id,
    name,
    key: nameKey(name),
    twin: 0,
    kind: 'folder',
    content: null,
    version: 0,
    born: parent.drive,
    rev: 1,
    createdAt: view.now,
    updatedAt: view.now,
    creator: view.actor.self,
    modifier: view.actor.self,
    attributes: {},
  }
}

/** A known node under another parent or name. */
export function placed(view: View, node: Node, parent: NodeId, name: string, twin: boolean): Node {
  const { actor, now } = view
  return {
    ...node,
    parent,
    name,
    key: nameKey(name),
    twin: twin ? node.id : 0,
    rev: node.rev + 1,
    updatedAt: now,
    modifier: actor.self,
  }
}

/**
 * How deep a folder may be put without looking at what is below it: looking costs the subtree, which a move must not. Only
 * trees that are themselves made to be deep can pass DEPTH_MAX that way.
 */
export const SHALLOW_DEPTH = 32

/** Whether what is below a folder would lie too deep under a new parent. */
export function sinksTooDeep(view: View, folder: Node, into: Node): boolean {
  const depth = view.chain(into).length
  if (folder.kind === 'file' || depth <= SHALLOW_DEPTH) return false
  const height = view.height(folder)
  return height === null || depth + height > DEPTH_MAX
}

/** Whether `folder` is the node of the chain or one of its ancestors. */
export function isWithin(chain: readonly Node[], folder: Node): boolean {
  return chain.some((at) => at.id === folder.id)
}
