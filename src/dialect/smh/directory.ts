/** Directories: create, list, details, copy, move, delete, labels. Pages 1339/71143 ff. */
import {
  ACTIONS,
  type Actor,
  type Drive,
  type ListOp,
  type NodeId,
  type OrderBy,
  type Position,
  positionOf,
} from '../../engine/index.ts'
import { spacesOf, visit } from './auth.ts'
import { deleteOp } from './batch.ts'
import { type Answer, bodyPath, type Call, entryPath, namedPath, type Operation } from './call.ts'
import { refuse } from './error.ts'
import { rules } from './grant.ts'
import { perform } from './perform.ts'
import { attributesOf, entry, META_DATA, metaOf, written } from './present.ts'
import { conflictOf, inodeOf, isoTime, markerOf, NAMING, placeOf, REPLACE, strategyOf } from './terms.ts'
import { transfer } from './transfer.ts'
import { count, type Members, member, members, requiredText, text, word, yes } from './words.ts'

const PATH = 'directory/{lib}/{space}/{path*}'
/** How far page numbers may lead into a listing. */
const PAGED_MAX = 10_000

export const directoryOperations: readonly Operation[] = [
  unavailable('Recalculate directory statistics', 'PUT', 'calibrate'),
  unavailable('Directory statistics', 'GET', 'stats'),
  { operation: 'Create, copy or move directory', coverage: 'done', method: 'PUT', path: PATH, handle: put },
  {
    operation: 'Entry details',
    coverage: 'done; no authorities, no content_cas',
    method: 'GET',
    path: PATH,
    flag: 'info',
    handle: info,
  },
  {
    operation: 'List directory',
    coverage: 'without prefix and start_name; local times order as server times; always 200 for If-None-Match',
    method: 'GET',
    path: PATH,
    handle: list,
  },
  { operation: 'Check directory', coverage: 'done', method: 'HEAD', path: PATH, handle: head },
  { operation: 'Delete directory', coverage: 'without directory_only', method: 'DELETE', path: PATH, handle: remove },
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

function unavailable(operation: string, method: 'PUT' | 'GET', flag: string): Operation {
  const handle = async () => {
    throw refuse('FunctionNotEnabled')
  }
  return { operation, coverage: 'answers FunctionNotEnabled', method, path: PATH, flag, handle }
}

async function put(call: Call): Promise<Answer> {
  const body = members(call)
  if (member(body, 'copyFrom') !== undefined) return copy(call, body)
  if (member(body, 'from') !== undefined) return move(call, body)
  return create(call, body)
}

async function create(call: Call, body: Members): Promise<Answer> {
  const { actor, drive } = await visit(call, 'createDirectory')
  const path = namedPath(call)
  const conflict = conflictOf(strategyOf(call.query) ?? 'ask', REPLACE.move)
  const attributes = attributesOf(call, body)
  const { parent, name } = placeOf(drive.id, path)
  const result = await perform(
    call,
    actor,
    { kind: 'createFolder', parent, makeParents: true, name, conflict, naming: NAMING, attributes },
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
  if (!rules(here.caller.grants)) throw refuse('NoPermission')
  const body = members(call)
  const path = bodyPath(requiredText(body, 'copyFrom'))
  const [drive] = await spacesOf(call, here.caller, [requiredText(body, 'copyFromSpaceId')])
  return transfer(call, here, { verb: 'copy', drive: drive!.id, path }, 'folder')
}

async function info(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'read')
  const op = { kind: 'get', node: { drive: drive.id, path: entryPath(call) }, need: 0, trashed: 'no' } as const
  const { view } = await perform(call, actor, op, { kind: 'any', source: false })
  return { status: 200, body: { path: view!.path, ...entry(call, view!) } }
}

async function head(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'read')
  const node = { drive: drive.id, path: entryPath(call) }
  const about = { kind: 'folder', source: false } as const
  await perform(call, actor, { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' }, about)
  return { status: 200 }
}

const ORDERS: Readonly<Record<string, OrderBy>> = {
  name: 'name',
  modificationTime: 'updated',
  localModificationTime: 'updated',
  creationTime: 'created',
  localCreationTime: 'created',
  size: 'size',
}
const FILTERS = { onlyDir: 'folder', onlyFile: 'file' } as const

async function list(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'read')
  const { query } = call
  const [by, only] = [orderOf(query), filterOf(query)]
  const page = await pageOf(call, actor, drive, by.by)
  const op: ListOp = {
    kind: 'list',
    folder: { drive: drive.id, path: entryPath(call) },
    ...by,
    ...page,
    count: true,
    ...(only ? { only } : {}),
  }
  const result = await perform(call, actor, op, { kind: 'folder', source: false })
  if (result.status !== 'done' || !result.page) throw new Error('a listing has a page')
  const { folder, items, next, files, folders } = result.page
  const isMarked = !('cursor' in page && page.cursor && 'offset' in page.cursor)
  return {
    status: 200,
    body: {
      path: folder.path,
      fileCount: files,
      subDirCount: folders,
      totalNum: (only === 'folder' ? 0 : files) + (only === 'file' ? 0 : folders),
      // A directory's own row does not change when something in it does; the drive's change number does.
      eTag: `"${folder.node.id}-${folder.drive.seq}"`,
      ...(isMarked && next !== null ? { nextMarker: String(next.id) } : {}),
      contents: items.map((item) => entry(call, item)),
    },
  }
}

function orderOf(query: URLSearchParams): Pick<ListOp, 'by' | 'descending' | 'foldersFirst'> {
  const order = word(query, 'order_by', 'orderBy') ?? 'name'
  const direction = word(query, 'order_by_type', 'orderByType') ?? 'asc'
  const by = Object.hasOwn(ORDERS, order) ? ORDERS[order] : undefined
  if (by === undefined) throw refuse('ParamInvalid', 'order_by is unknown.')
  if (direction !== 'asc' && direction !== 'desc') throw refuse('ParamInvalid', 'order_by_type must be asc or desc.')
  if (word(query, 'prefix') !== undefined || word(query, 'start_name') !== undefined) {
    throw refuse('FunctionNotEnabled', 'prefix and start_name are not enabled.')
  }
  return { by, descending: direction === 'desc', foldersFirst: word(query, 'sort_type') !== 'union' }
}

function filterOf(query: URLSearchParams): ListOp['only'] {
  const filter = word(query, 'filter')
  if (filter === undefined) return undefined
  if (!Object.hasOwn(FILTERS, filter)) throw refuse('ParamInvalid', 'filter must be onlyDir or onlyFile.')
  return FILTERS[filter as keyof typeof FILTERS]
}

const LIMIT = { min: 1, max: 1000, otherwise: 20 }

/** The three ways to page: by marker, by page number, by offset. */
async function pageOf(call: Call, actor: Actor, drive: Drive, by: OrderBy): Promise<Pick<ListOp, 'limit' | 'cursor'>> {
  const { query } = call
  const marker = markerOf(query)
  const byPage = word(query, 'by-page') !== undefined || word(query, 'page') !== undefined || query.has('page_size')
  if (byPage) {
    if (marker !== undefined) throw refuse('ParamInvalid', 'page and marker cannot be combined.')
    const limit = count(query, 'page_size', LIMIT)
    const page = count(query, 'page', { min: 1, max: PAGED_MAX, otherwise: 1 })
    if (page * limit > PAGED_MAX) throw refuse('ParamInvalid', `page * page_size must be at most ${PAGED_MAX}.`)
    return { limit, cursor: { offset: (page - 1) * limit } }
  }
  const limit = count(query, 'limit', LIMIT)
  if (marker !== undefined) return { limit, cursor: { after: await positionAt(call, actor, drive, marker, by) } }
  const offset = word(query, 'offset')
  if (offset === undefined) return { limit }
  return { limit, cursor: { offset: count(query, 'offset', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 }) } }
}

/**
 * One of the vendor's clients keeps markers as numbers, so a marker is no more than the id of the last entry shown. It is good
 * while the entry exists, also when it has gone elsewhere.
 */
async function positionAt(call: Call, actor: Actor, drive: Drive, id: NodeId, by: OrderBy): Promise<Position> {
  const node = { drive: drive.id, id }
  const op = { kind: 'get', node, need: ACTIONS.list, trashed: 'any' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  if (result?.status !== 'done' || !result.view) throw refuse('MarkerNotFound')
  return positionOf(result.view.node, by)
}

async function remove(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'delete')
  if (call.path.length === 0) throw refuse('RootDirectoryNotAllowed')
  if (yes(call.query, 'directory_only')) throw refuse('FunctionNotEnabled', 'directory_only is not enabled.')
  const op = { ...deleteOp(drive, namedPath(call), yes(call.query, 'permanent')), expect: 'folder' } as const
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
  if (!merges(body) || !extra?.[META_DATA]) {
    await perform(call, actor, { kind: 'update', node, set }, about)
    return { status: 204 }
  }
  // Merging needs what is there; `ifRev` refuses the write when that changed meanwhile.
  const { view } = await perform(call, actor, { kind: 'get', node, need: 0, trashed: 'no' }, about)
  const before = view!.node.attributes.extra?.[META_DATA] as Record<string, string> | undefined
  const merged = { ...extra, [META_DATA]: { ...before, ...metaOf(body) } }
  await perform(call, actor, { kind: 'update', node, set: { ...set, extra: merged }, ifRev: view!.node.rev }, about)
  return { status: 204 }
}

/** `metaDataDirective`: whether given metadata joins what is there or stands instead of it. */
function merges(body: Members): boolean {
  const directive = text(body, 'metaDataDirective') ?? 'replace'
  if (directive === 'merge' || directive === 'replace') return directive === 'merge'
  throw refuse('ParamInvalid', 'metaDataDirective must be merge or replace.')
}
