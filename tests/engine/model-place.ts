/** The naive model's ways into a folder: making, renaming, moving, copying, and what happens when the name is taken. */
import { createHash } from 'node:crypto'
import {
  ACTIONS,
  type Conflict,
  type CopyOp,
  type Kind,
  type MoveOp,
  type Naming,
  type Ref,
} from '../../src/engine/index.ts'
import {
  childrenOf,
  keyOf,
  type ModelChange,
  type ModelDrive,
  type ModelNode,
  type ModelVersion,
  sizeOf,
  upwards,
  walkTree,
  weightOf,
} from './model-state.ts'
import { destroy, putAway } from './model-trash.ts'
import { childNamed, type Handlers, type Work } from './model-work.ts'

interface Terms {
  readonly conflict: Conflict
  readonly naming: Naming
  /** For a move or a copy, whether what is written on the node about rights goes along. */
  readonly keepGrants?: boolean
}

export const PLACE_OPS: Pick<Handlers, 'createFolder' | 'rename' | 'move' | 'copy'> = {
  createFolder(work, op) {
    const into = target(work, op.parent, 'folder', op.makeParents ?? false)
    judgeName(work, op.name)
    work.stop()
    const place = arrive(work, into!, op.name, 'folder', null, op)
    if (place.how !== 'free') return work.done(place.existing, true)
    const made = makeFolder(work, into!, place)
    made.attributes = { ...op.attributes }
    return work.done(made)
  },

  rename(work, op) {
    const node = work.subject(op.node, ACTIONS.rename, { ...op, trashed: 'no' })
    work.stop()
    const landed = arriveHere(work, node!, node!.parent!, op.name, op)
    return work.done(landed.node, landed.existed)
  },

  move(work, op) {
    const node = work.subject(op.node, 0, { ...op, trashed: 'no' })
    const into = target(work, op.to, node?.kind ?? 'file', makes(op, node))
    const name = op.name ?? node?.name ?? 'x'
    judgeName(work, name)
    if (node && into) {
      const renames = name === node.name ? 0 : ACTIONS.rename
      work.needs(node, node.parent === into && renames ? renames : ACTIONS.move | renames)
      work.fault('cycle', upwards(into).includes(node))
    } else if (node) work.needs(node, ACTIONS.move)
    work.stop()
    const big = op.taskIfChildren === true && node!.children.length > 0
    const landed = arriveHere(work, node!, into!, name, op)
    return work.done(landed.node, landed.existed, big)
  },

  copy(work, op) {
    const node = work.subject(op.node, ACTIONS.copy, { ...op, trashed: 'no' })
    const into = target(work, op.to, node?.kind ?? 'file', makes(op, node))
    const name = op.name ?? node?.name ?? 'x'
    judgeName(work, name)
    if (node && into) work.fault('cycle', upwards(into).includes(node))
    work.stop()
    const big = (op.taskIfChildren && node!.children.length > 0) || (op.taskIfFolder && node!.kind === 'folder')
    const made = copyTo(work, node!, into!, name, op)
    return work.done(made.node, made.existed, big ?? false)
  },
}

/** Whether missing folders on the way are made for this node. */
function makes({ makeParents }: MoveOp | CopyOp, node: ModelNode | undefined): boolean {
  return makeParents === true || (makeParents !== undefined && makeParents === node?.kind)
}

/** The folder something goes into, with the right to put something of that kind there. */
export function target(work: Work, ref: Ref, kind: Kind, make: boolean): ModelNode | undefined {
  if (make && 'path' in ref) makeFolders(work, ref)
  const folder = work.find(ref, 'no')
  if (!folder) return undefined
  if (folder.kind === 'file') work.fault('wrong_kind')
  else work.needs(folder, kind === 'folder' ? ACTIONS.newEmpty : ACTIONS.upload)
  return folder
}

function makeFolders(work: Work, ref: Extract<Ref, { path: readonly string[] }>): void {
  let at = work.reach(ref.drive)?.root
  if (!at) return
  for (const name of ref.path) {
    if (at.kind === 'file') work.fail('wrong_kind')
    const next: ModelNode | undefined = childNamed(at, name)
    if (!next) {
      judgeName(work, name)
      work.needs(at, ACTIONS.newEmpty)
      work.stop()
    }
    at = next ?? makeFolder(work, at, { name, twin: false })
  }
}

export function makeFolder(work: Work, into: ModelNode, { name, twin }: { name: string; twin: boolean }): ModelNode {
  const node = work.newNode(into, name, 'folder')
  node.twin = twin
  work.note('create', node)
  return node
}

export function judgeName(work: Work, name: string): void {
  work.fault('name_invalid', name === '' || name === '.' || name === '..' || name.includes('/'))
}

export type Place =
  | { readonly how: 'free'; readonly name: string; readonly twin: boolean; readonly replaces?: boolean }
  | { readonly how: 'reuse'; readonly existing: ModelNode }
  | { readonly how: 'merge'; readonly existing: ModelNode }
  | { readonly how: 'version'; readonly existing: ModelNode }

/** Settles a name in a folder; what must make way for `trash` and `purge` has made way afterwards. */
export function arrive(
  work: Work,
  into: ModelNode,
  name: string,
  kind: Kind,
  newcomer: ModelNode | null,
  { conflict, naming }: Terms,
): Place {
  judgeName(work, name)
  work.stop()
  const existing = childNamed(into, name)
  if (!existing || existing === newcomer) return { how: 'free', name, twin: false }
  const strategy = conflict[kind]
  if (strategy === 'duplicate') return { how: 'free', name, twin: true }
  if (strategy === 'rename') return { how: 'free', name: freeName(work, into, name, kind, naming), twin: false }
  if (strategy === 'fail' || existing.kind !== kind) return work.fail('name_taken')
  if (strategy === 'reuse') return { how: 'reuse', existing }
  if (kind === 'folder') {
    return conflict.replace === 'version' ? { how: 'merge', existing } : work.fail('name_taken')
  }
  work.needs(existing, ACTIONS.replace)
  work.fault('history_kept', conflict.guardHistory === true && existing.versions.length > 1)
  work.stop()
  if (conflict.replace === 'version') return { how: 'version', existing }
  putAway(work, existing, conflict.replace)
  return { how: 'free', name, twin: false, replaces: true }
}

function freeName(work: Work, into: ModelNode, name: string, kind: Kind, { pattern }: Naming): string {
  const dot = kind === 'folder' ? -1 : name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let count = 1; ; count++) {
    const free = `${stem}${numbering(work, pattern, count)}${extension}`
    if (!childNamed(into, free)) return free
  }
}

/** What is put behind a name to make it another: a number, or the time and then a number. */
function numbering(work: Work, pattern: Naming['pattern'], count: number): string {
  if (pattern !== 'time') return pattern === 'spaced' ? ` (${count})` : `(${count})`
  const [date, time] = new Date(work.now).toISOString().replace(/[-:]/g, '').slice(0, 15).split('T')
  return `_${date}_${time}${count === 1 ? '' : `_${count - 1}`}`
}

interface Landed {
  readonly node: ModelNode
  readonly existed: boolean
}

/** Brings a node under a name in a folder. */
export function arriveHere(work: Work, node: ModelNode, into: ModelNode, name: string, terms: Terms): Landed {
  if (node.parent === into && node.name === name) return { node, existed: true }
  const place = arrive(work, into, name, node.kind, node, terms)
  if (place.how === 'reuse') return { node: place.existing, existed: true }
  if (place.how === 'merge') return { node: merge(work, node, place.existing, terms), existed: false }
  if (place.how === 'version') return { node: becomeVersion(work, node, place.existing), existed: false }
  const from = node.parent
  const before = { parent: from!, name: node.name }
  const home = work.driveOf(node)
  const staysTwin = from === into && keyOf(place.name) === keyOf(node.name) && node.twin
  if (into.drive !== node.drive) {
    work.charge(work.driveOf(into), weightOf(node), home)
    work.stop()
    work.note('leave', node)
    for (const one of walkTree(node)) one.drive = into.drive
  }
  from!.children.splice(from!.children.indexOf(node), 1)
  into.children.push(node)
  node.parent = into
  node.name = place.name
  node.twin = place.twin || staysTwin
  work.touch(node)
  const isHere = home.id === node.drive
  const { replaces = false } = place
  const origin = isHere ? { from: before } : { source: { drive: home.id, node: before.parent } }
  work.note(from === into ? 'rename' : 'move', node, { ...origin, replaces })
  if (from !== into && terms.keepGrants === false) node.grants = []
  return { node, existed: false }
}

function becomeVersion(work: Work, source: ModelNode, existing: ModelNode): ModelNode {
  const text = source.versions.at(-1)!.text
  const freed = source.drive === existing.drive ? weightOf(source) : 0
  chargeVersion(work, existing, text, freed, work.driveOf(source))
  addVersion(work, existing, text, sourceIn(source))
  work.note('leave', source)
  destroy(work, source)
  return existing
}

/** Asks for the room a file's next version takes, minus what older versions give back. */
export function chargeVersion(work: Work, file: ModelNode, text: string, freed = 0, from?: ModelDrive): void {
  const drive = work.driveOf(file)
  const pruned = surplus(work, file).reduce((sum, version) => sum + sizeOf(version.text), 0)
  work.charge(drive, sizeOf(text) - pruned - freed, from)
  work.stop()
}

/** The versions that go when one more comes: the oldest of those that need not be kept. */
function surplus(work: Work, file: ModelNode): ModelVersion[] {
  const passing = file.versions.filter(({ keep }) => !keep)
  return passing.slice(0, Math.max(0, passing.length + 1 - work.driveOf(file).versionsMax))
}

export function addVersion(work: Work, file: ModelNode, text: string, source: ModelChange['source'] = null): ModelNode {
  const number = file.versions.at(-1)!.number + 1
  const gone = surplus(work, file)
  file.versions = [...file.versions.filter((version) => !gone.includes(version)), work.version(number, text)]
  work.touch(file)
  work.note('version', file, { source, replaces: true })
  return file
}

/** A node, as what something else was made of. */
function sourceIn(node: ModelNode): ModelChange['source'] {
  return { drive: node.drive, node }
}

function merge(work: Work, source: ModelNode, existing: ModelNode, terms: Terms): ModelNode {
  if (upwards(source).includes(existing)) return work.fail('cycle')
  for (const child of childrenOf(source)) {
    const landed = arriveHere(work, child, existing, child.name, terms)
    if (landed.existed) return work.fail('name_taken')
  }
  work.note('leave', source)
  destroy(work, source)
  existing.updatedAt = work.now
  existing.modifier = work.actor.self
  work.note('update', existing)
  return existing
}

function copyTo(work: Work, source: ModelNode, into: ModelNode, name: string, terms: Terms): Landed {
  work.needs(source, ACTIONS.copy)
  const place = arriveCopy(work, source, into, name, terms)
  if (place.how === 'reuse') return { node: place.existing, existed: true }
  if (place.how === 'merge') {
    if (place.existing === source) return { node: source, existed: true }
    for (const child of childrenOf(source)) copyTo(work, child, place.existing, child.name, terms)
    return { node: place.existing, existed: false }
  }
  if (place.how === 'version') {
    const { text } = source.versions.at(-1)!
    chargeVersion(work, place.existing, text)
    return { node: addVersion(work, place.existing, text, sourceIn(source)), existed: false }
  }
  const tree = walkTree(source)
  for (const one of tree) work.needs(one, ACTIONS.copy)
  const bytes = tree.reduce((sum, { versions }) => sum + sizeOf(versions.at(-1)?.text ?? ''), 0)
  work.charge(work.driveOf(into), bytes)
  work.stop()
  const made = new Map<ModelNode, ModelNode>()
  for (const one of tree) {
    made.set(one, copyNode(work, one, made.get(one.parent!) ?? into, one === source ? place : one))
  }
  const top = made.get(source)!
  if (terms.keepGrants) top.grants = structuredClone(source.grants)
  return { node: top, existed: false }
}

/** As `arrive`, but a file never makes way for its own copy. */
function arriveCopy(work: Work, source: ModelNode, into: ModelNode, name: string, terms: Terms): Place {
  const existing = childNamed(into, name)
  const isItself = existing === source && source.kind === 'file' && terms.conflict.file === 'replace'
  if (!isItself) return arrive(work, into, name, source.kind, null, terms)
  arrive(work, into, name, 'file', null, { ...terms, conflict: { ...terms.conflict, replace: 'version' } })
  return { how: 'reuse', existing: source }
}

function copyNode(
  work: Work,
  source: ModelNode,
  into: ModelNode,
  place: { readonly name: string; readonly twin: boolean; readonly replaces?: boolean },
): ModelNode {
  const node = work.newNode(into, place.name, source.kind)
  const { starred: _, ...attributes } = source.attributes
  node.attributes = attributes
  node.twin = place.twin
  if (source.kind === 'file') node.versions = [work.version(1, source.versions.at(-1)!.text)]
  work.note('copy', node, { source: sourceIn(source), replaces: place.replaces ?? false })
  return node
}

const digests = new Map<string, string>()
/** SHA-256 of a text; there are few. */
export function digestOf(text: string): string {
  const known = digests.get(text) ?? createHash('sha256').update(text).digest('hex')
  digests.set(text, known)
  return known
}
