/** Directories: create, list, details, copy, move, delete, labels. Pages 1339/71143 ff. */
import type { Json, NodeView } from '../../engine/index.ts'
import { rulesHere, spacesOf, type Visit, visit } from './auth.ts'
import { deleteOp } from './batch.ts'
import { type Answer, bodyPath, type Call, entryPath, namedPath, type Operation } from './call.ts'
import { VIRTUAL, virtualOf } from './entry-kind.ts'
import { refuse } from './error.ts'
import { versionsOf } from './history.ts'
import { entries, list } from './listing.ts'
import { keptAbove } from './local-sync.ts'
import { perform } from './perform.ts'
import { attributesOf, META_DATA, metaOf, type Shown, written } from './present.ts'
import { demandPlace, namingIn } from './rules.ts'
import { statsOperations } from './stats.ts'
import { inodeLinkedTo } from './symlink.ts'
import { conflictOf, inodeOf, isoTime, placeOf, REPLACE, strategyOf } from './terms.ts'
import { transfer } from './transfer.ts'
import { virtualIn } from './virtual.ts'
import { type Members, member, members, requiredText, text, yes } from './words.ts'

const PATH = 'directory/{lib}/{space}/{path*}'

export const directoryOperations: readonly Operation[] = [
  ...statsOperations(PATH),
  { operation: 'Create, copy or move directory', coverage: 'done', method: 'PUT', path: PATH, handle: put },
  {
    operation: 'Entry details',
    coverage: 'done',
    method: 'GET',
    path: PATH,
    flag: 'info',
    handle: info,
  },
  {
    operation: 'List directory',
    coverage: 'done; always 200 for If-None-Match',
    method: 'GET',
    path: PATH,
    handle: list,
  },
  { operation: 'Check directory', coverage: 'done', method: 'HEAD', path: PATH, handle: head },
  {
    operation: 'Delete directory',
    coverage: 'done; directory_only only of what is empty',
    method: 'DELETE',
    path: PATH,
    handle: remove,
  },
  {
    operation: 'Copy directory from another space',
    coverage: 'done; answers at once',
    method: 'PUT',
    path: 'cross-space/directory/{lib}/{space}/copy/{path*}',
    handle: copyAcross,
  },
  {
    operation: 'Update labels and metadata',
    coverage: 'done',
    method: 'POST',
    path: PATH,
    flag: 'update',
    handle: update,
  },
]

async function put(call: Call): Promise<Answer> {
  const body = members(call)
  if (member(body, 'copyFrom') !== undefined) return copy(call, body)
  if (member(body, 'from') !== undefined) return move(call, body)
  return create(call, body)
}

async function create(call: Call, body: Members): Promise<Answer> {
  const here = await visit(call, 'createDirectory')
  const { actor, drive } = here
  const path = namedPath(call)
  demandPlace(here, path, 'folder')
  const conflict = conflictOf(strategyOf(call.query) ?? 'ask', REPLACE.move)
  const attributes = attributesOf(call, body)
  const { parent, name } = placeOf(drive.id, path)
  const result = await perform(
    call,
    actor,
    { kind: 'createFolder', parent, makeParents: true, name, conflict, naming: namingIn(here), attributes },
    { kind: 'folder', source: false },
  )
  const view = result.view!
  const inode = yes(call.query, 'with_inode') ? { inode: inodeOf(call.context.engine.ids, view.node) } : {}
  const { metaData, labels, localCreationTime, localModificationTime } = written(view.node)
  const shown = { metaData, labels, localCreationTime, localModificationTime }
  return { status: 201, body: { path: view.path, ...inode, creationTime: isoTime(view.node.createdAt), ...shown } }
}

async function copy(call: Call, body: Members): Promise<Answer> {
  const here = await visit(call, 'copy')
  const path = bodyPath(requiredText(body, 'copyFrom'))
  return transfer(call, here, { verb: 'copy', drive: here.drive.id, path }, 'folder')
}

async function move(call: Call, body: Members): Promise<Answer> {
  const here = await visit(call, 'move')
  const path = bodyPath(requiredText(body, 'from'))
  return transfer(call, here, { verb: 'move', drive: here.drive.id, path }, 'folder')
}

/** Between spaces only those who rule both carry anything; a space that is named twice is not between. */
async function copyAcross(call: Call): Promise<Answer> {
  const here = await visit(call, 'copy')
  if (!rulesHere(here)) throw refuse('NoPermission')
  const body = members(call)
  const path = bodyPath(requiredText(body, 'copyFrom'))
  const [drive] = await spacesOf(call, here.caller, [requiredText(body, 'copyFromSpaceId')])
  return transfer(call, here, { verb: 'copy', drive: drive!.id, path }, 'folder')
}

async function info(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const path = entryPath(call)
  const op = { kind: 'get', node: { drive: here.drive.id, path }, need: 0, trashed: 'no' } as const
  const [{ view }, kept] = await Promise.all([
    perform(call, here.actor, op, { kind: 'any', source: false }),
    keptAbove(call, here, path),
  ])
  const [[shown], details] = await Promise.all([entries(call, here, [view!], kept), fileDetails(call, here, view!)])
  return { status: 200, body: { path: view!.path, ...shown, ...details } }
}

/** What only details tell: what earlier versions hold, and to which file a link leads, as its inode. */
async function fileDetails(call: Call, here: Visit, { node }: NodeView): Promise<Shown> {
  if (node.kind === 'folder') return {}
  const [, ...earlier] = await versionsOf(call, here, { drive: node.drive, id: node.id })
  const historySize = earlier.reduce((sum, version) => sum + version.content.size, 0)
  return { historySize: String(historySize), ...inodeLinkedTo(call, node) }
}

async function head(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'read')
  const node = { drive: drive.id, path: entryPath(call) }
  const about = { kind: 'folder', source: false } as const
  await perform(call, actor, { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' }, about)
  return { status: 200 }
}

async function remove(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'delete')
  if (call.path.length === 0) throw refuse('RootDirectoryNotAllowed')
  // The directory alone: then nothing may be in it, for nothing is without a directory here.
  const only = yes(call.query, 'directory_only') ? { ifEmpty: true } : {}
  const op = { ...deleteOp(drive, namedPath(call), yes(call.query, 'permanent')), ...only, expect: 'folder' } as const
  const result = await perform(call, actor, op, { kind: 'folder', source: false })
  return result.trash ? { status: 200, body: { recycledItemId: result.trash.id } } : { status: 204 }
}

async function update(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'manage')
  const node = { drive: drive.id, path: namedPath(call) }
  const about = { kind: 'any', source: false } as const
  const body = members(call)
  const { extra, ...plain } = attributesOf(call, body)
  const contentType = text(body, 'contentType')
  const set = { ...plain, ...(contentType ? { contentType } : {}), ...(extra ? { extra } : {}) }
  const isMerge = merges(body) && extra?.[META_DATA] !== undefined
  if (!isMerge && member(body, 'size') === undefined) {
    await perform(call, actor, { kind: 'update', node, set }, about)
    return { status: 204 }
  }
  // What goes on from what is there needs it; `ifRev` refuses the write when that changed meanwhile.
  const { view } = await perform(call, actor, { kind: 'get', node, need: 0, trashed: 'no' }, about)
  const { node: before } = view!
  const virtual = virtualOf(before)
  if (member(body, 'size') !== undefined && !virtual) throw refuse('ParamInvalid', 'size is for virtual files only.')
  const meta = before.attributes.extra?.[META_DATA] as Record<string, string> | undefined
  const joined = {
    ...extra,
    ...(isMerge ? { [META_DATA]: { ...meta, ...metaOf(body) } } : {}),
    ...(virtual ? { [VIRTUAL]: virtualIn(body, virtual) as unknown as Json } : {}),
  }
  await perform(call, actor, { kind: 'update', node, set: { ...set, extra: joined }, ifRev: before.rev }, about)
  return { status: 204 }
}

/** `metaDataDirective`: whether given metadata joins what is there or stands instead of it. */
function merges(body: Members): boolean {
  const directive = text(body, 'metaDataDirective') ?? 'replace'
  if (directive === 'merge' || directive === 'replace') return directive === 'merge'
  throw refuse('ParamInvalid', 'metaDataDirective must be merge or replace.')
}
