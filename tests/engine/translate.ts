/** From a random symbol to an op that makes sense in the present state. */
import {
  ACTIONS,
  ALL_ACTIONS,
  type Conflict,
  type DriveId,
  type Kind,
  type NodeId,
  type Op,
  type Ref,
  type Subject,
  type TrashId,
  type UploadId,
} from '../../src/engine/index.ts'
import { placeOf } from './model-read.ts'
import { type ModelNode, type ModelState, pathOf, trashTop } from './model-state.ts'
import { spaced } from './ops.ts'
import type { OpSymbol, RefSymbol } from './random-steps.ts'

/** A node that is no more, or never could be named: a drive's hidden folders. */
export interface Ghost {
  readonly id: NodeId
  readonly born: DriveId
  readonly drive: DriveId
}

export interface Surroundings {
  readonly state: ModelState
  /** Everything that is somewhere, in the order of ids. */
  readonly nodes: readonly ModelNode[]
  readonly ghosts: readonly Ghost[]
  readonly now: number
}

const SUBJECTS: readonly Subject[] = ['user:bob', 'group:readers', 'everyone', 'user:alice', 'user:carol']
/** Sets of actions worth giving; among them none at all. */
const ROLES = [
  ALL_ACTIONS,
  ACTIONS.list,
  ACTIONS.list | ACTIONS.copy | ACTIONS.move | ACTIONS.rename,
  ACTIONS.list | ACTIONS.upload | ACTIONS.newEmpty | ACTIONS.replace,
  0,
]
const ORDERS = ['name', 'updated', 'created', 'size'] as const
const HOUR = 3_600_000

export function translate(wanted: OpSymbol, around: Surroundings): Op {
  const symbol = { ...wanted, kind: fruitful(wanted, around) }
  const node = refOf(symbol.node, suited(symbol, around))
  const [first, second, third] = symbol.flags as [boolean, boolean, boolean]
  const { kind, name, word } = symbol
  const guard = { ...expectation(symbol), ...revision(symbol, node, around) }
  const terms = { conflict: conflictOf(symbol), naming: spaced }
  const maybeName = symbol.named ? { name } : {}
  switch (kind) {
    case 'get':
      return { kind, node, need: first ? ACTIONS.list : word & ALL_ACTIONS, trashed: symbol.trashed, ...guard }
    case 'list':
      return listing(symbol, around)
    case 'createFolder':
      return { kind, parent: refOf(symbol.to, around), name, makeParents: first, ...terms }
    case 'upload':
      return uploading(symbol, around)
    case 'commit':
      return committing(symbol, around)
    case 'rename':
      return { kind, node, name, ...terms, ...guard }
    case 'move':
    case 'copy': {
      const to = refOf(symbol.to, around)
      return {
        kind,
        node,
        to,
        makeParents: first,
        keepGrants: second,
        taskIfChildren: third,
        ...terms,
        ...maybeName,
        ...guard,
      }
    }
    case 'update': {
      const set = [{}, { starred: true }, { description: 'text' }, { starred: null }][word % 4]!
      return { kind, node, set, ...guard, ...(symbol.named ? { name, ...terms } : {}) }
    }
    case 'trash':
      return { kind, node, taskIfChildren: third, ...guard }
    case 'restore': {
      const parentGone = (['fail', 'root', 'recreate'] as const)[word % 3]!
      return { kind, node, parentGone, taskIfChildren: third, ...terms }
    }
    case 'purge':
      return { kind, node, trashed: symbol.trashed, taskIfChildren: third, ...guard }
    case 'versions':
    case 'revert':
    case 'updateVersion':
    case 'deleteVersions':
      return aboutVersions({ ...symbol, kind }, node, around)
    case 'grants':
      return { kind, node, inherited: first }
    case 'grant':
      return granting(symbol, node, around)
  }
}

function granting({ flags, word }: OpSymbol, node: Ref, { now }: Surroundings): Op {
  const [first, second, third] = flags as [boolean, boolean, boolean]
  const actions = first && second ? null : ROLES[word % ROLES.length]!
  const subject = SUBJECTS[(word >> 3) % SUBJECTS.length]!
  return { kind: 'grant', node, subject, actions, role: 'some', expiresAt: third ? now + 4_000 : 0 }
}

type VersionKind = 'versions' | 'revert' | 'updateVersion' | 'deleteVersions'

function aboutVersions(symbol: OpSymbol & { readonly kind: VersionKind }, node: Ref, around: Surroundings): Op {
  const { kind, name, word } = symbol
  const [first, second, third] = symbol.flags as [boolean, boolean, boolean]
  const version = 1 + (word % 4)
  switch (kind) {
    case 'versions':
      return { kind, node }
    case 'revert':
      return { kind, node, version, ...revision(symbol, node, around) }
    case 'updateVersion':
      return { kind, node, version, ...(first ? { keep: second } : {}), ...(third ? { description: name } : {}) }
    case 'deleteVersions': {
      const versions = third ? [] : [version, 1 + ((word >> 2) % 3)]
      return { kind, node, versions, ...revision(symbol, node, around) }
    }
  }
}

/** Of folders there is nothing to say. */
const ABOUT_FILES: ReadonlySet<OpSymbol['kind']> = new Set(['versions', 'revert', 'updateVersion', 'deleteVersions'])

/** What is there to restore, move or write on must first be put away or made; now and then it is tried all the same. */
function fruitful({ kind, node: { pick } }: OpSymbol, { nodes, state: { drives } }: Surroundings): OpSymbol['kind'] {
  if (pick % 13 === 0 || kind === 'grant' || kind === 'list' || kind === 'upload' || kind === 'commit') return kind
  if (nodes.every(({ parent }) => parent === null)) return 'createFolder'
  return kind === 'restore' && drives.every(({ trash }) => trash.length === 0) ? 'trash' : kind
}

/** What an op of this kind is mostly about: trashed things to restore, living things to trash, seldom a root. */
function suited({ kind, node: { pick }, trashed }: OpSymbol, around: Surroundings): Surroundings {
  if (pick % 13 === 0) return around
  const wantsTrash =
    kind === 'restore' || (kind === 'purge' && trashed !== 'no') || (kind === 'get' && trashed === 'only')
  const nodes = around.nodes.filter((node) => {
    if (wantsTrash) return kind === 'restore' ? node.trash !== null : trashTop(node) !== null
    return node.parent !== null && !trashTop(node) && (!ABOUT_FILES.has(kind) || node.kind === 'file')
  })
  return nodes.length > 0 ? { ...around, nodes } : around
}

function refOf({ pick, way, path }: RefSymbol, { state, nodes, ghosts }: Surroundings): Ref {
  const among = way === 'folder' ? nodes.filter((node) => node.kind === 'folder' && !trashTop(node)) : nodes
  const isGhost = pick % 17 === 0 && ghosts.length > 0
  const node = isGhost ? ghosts[pick % ghosts.length]! : among[pick % among.length]!
  const { drive, id, born } = node as { drive: DriveId; id: NodeId; born: DriveId }
  const other = state.drives.find((one) => one.id !== drive)!.id
  switch (way) {
    case 'path':
      return { drive: state.drives[pick % state.drives.length]!.id, path }
    case 'its path':
      return 'children' in node && !trashTop(node) ? { drive, path: pathOf(node) } : { drive, id }
    case 'public':
      return { born, id }
    case 'public here':
      return { born, id, drive }
    case 'trash': {
      const trashed = state.drives.flatMap((one) => one.trash)
      if (trashed.length === 0) return { drive, trash: 1 as TrashId }
      const top = trashed[pick % trashed.length]!
      return { drive: top.drive, trash: top.trash!.id as TrashId }
    }
    case 'elsewhere':
      return { drive: other, id }
    default:
      return { drive, id }
  }
}

function conflictOf({ file, folder, replace, flags }: OpSymbol): Conflict {
  return { file, folder, replace, guardHistory: flags[3]! }
}

function expectation({ expect }: OpSymbol): { expect?: Kind } {
  return expect === 'any' ? {} : { expect }
}

function revision({ rev }: OpSymbol, ref: Ref, { nodes }: Surroundings): { ifRev?: number } {
  const node = 'id' in ref ? nodes.find(({ id }) => id === ref.id) : undefined
  if (rev === 'any') return {}
  return { ifRev: rev === 'right' ? (node?.rev ?? 1) : 1_000 }
}

function listing(symbol: OpSymbol, around: Surroundings): Op {
  const { word, flags } = symbol
  const folder = refOf(symbol.to, around)
  const parent = 'id' in folder ? around.nodes.find(({ id }) => id === folder.id) : undefined
  const by = ORDERS[word % ORDERS.length]!
  // A cursor is where the last node already shown stood, so it is of the kind that is asked for.
  const shown = parent?.children.filter(({ kind }) => symbol.expect === 'any' || kind === symbol.expect) ?? []
  const after = shown[word % Math.max(1, shown.length)]
  const afterNode = flags[2] && after ? { cursor: { after: placeOf(after, { by }) } } : {}
  const cursor = flags[3] && !flags[2] ? { cursor: { offset: word % 3 } } : afterNode
  return {
    kind: 'list',
    folder,
    by,
    descending: flags[0]!,
    foldersFirst: flags[1]!,
    limit: 1 + ((word >> 2) % 4),
    ...cursor,
    ...(symbol.expect === 'any' ? {} : { only: symbol.expect }),
  }
}

function uploading(symbol: OpSymbol, around: Surroundings): Op {
  const { flags, word } = symbol
  const conflict = flags[2] ? { conflict: conflictOf(symbol), naming: spaced } : {}
  const isVersion = flags[0] && flags[1]
  return {
    kind: 'upload',
    drive: around.state.drives[word % around.state.drives.length]!.id,
    ttlMs: word % 9 === 0 ? HOUR : 24 * HOUR,
    ...(flags[0] && !isVersion ? { parent: refOf(symbol.to, around) } : {}),
    ...(isVersion ? { target: refOf(symbol.node, around) } : {}),
    ...(symbol.named ? { name: symbol.name, naming: spaced } : {}),
    ...conflict,
    ...(flags[3] && word % 4 === 0 ? { size: word % 20 } : {}),
  }
}

function committing(symbol: OpSymbol, around: Surroundings): Op {
  const { uploads } = around.state
  const { flags, word } = symbol
  const ready = uploads.filter(({ text, used }) => text !== null && !used)
  const among = ready.length > 0 && symbol.node.pick % 5 > 0 ? ready : uploads
  const session = among[word % Math.max(1, among.length)]
  const isVersion = flags[1] && flags[2]
  // Uploads land in their own drive; now and then another one is tried.
  const nodes = around.nodes.filter(({ drive }) => drive === session?.drive || symbol.to.pick % 7 === 0)
  const inReach = nodes.length > 0 ? { ...around, nodes } : around
  return {
    kind: 'commit',
    upload: (session?.id || 'f'.repeat(32)) as UploadId,
    conflict: conflictOf(symbol),
    naming: spaced,
    ...(flags[0] || !session?.parent ? { parent: refOf(symbol.to, inReach) } : {}),
    ...(symbol.named || !session?.name ? { name: symbol.name } : {}),
    ...(isVersion ? { target: refOf(symbol.node, inReach) } : {}),
    ...(symbol.rev === 'wrong' ? { hashes: { sha256: '0'.repeat(64) } } : {}),
  }
}
