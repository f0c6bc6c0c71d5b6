/** Reading files one by one: meta, path, a folder's children, whether a name is taken. */
import {
  type NodeView,
  type OrderBy,
  PAGE_SIZE_MAX,
  type Position,
  positionOf,
  positionText,
  readPosition,
  splitName,
} from '../../engine/index.ts'
import {
  type Answer,
  type Call,
  fileParam,
  getOp,
  inputProblem,
  nodeParams,
  type Route,
  readNode,
  runOne,
} from './call.ts'
import { isRefusal } from './error.ts'
import type { Input } from './input.ts'
import { type Parts, PLAIN, presentFile, presentFiles } from './present.ts'
import { SCOPES } from './scope.ts'
import { ORDER_WORDS, ORDERS, subjectParts } from './terms.ts'

/** The largest page of a listing, as on the public cloud. */
const PAGE_MAX = 500

function readParts({ query }: Call): Parts {
  return {
    ...PLAIN,
    permission: query.flag('with_permission', false),
    extAttrs: query.flag('with_ext_attrs', false),
    drive: query.flag('with_drive', false),
  }
}

async function meta(call: Call): Promise<Answer> {
  const parts = readParts(call)
  const ref = inputProblem(call) ?? fileParam(call, call.params.node ?? '')
  if (isRefusal(ref)) return ref
  const view = await readNode(call, getOp(ref))
  return isRefusal(view) ? view : { data: await presentFile(call, view, parts) }
}

async function metaInDrive(call: Call): Promise<Answer> {
  const parts = readParts(call)
  const found = inputProblem(call) ?? (await nodeParams(call))
  if (isRefusal(found)) return found
  const view = await readNode(call, getOp(found.node))
  return isRefusal(view) ? view : { data: await presentFile(call, view, parts) }
}

async function path(call: Call): Promise<Answer> {
  const found = await nodeParams(call)
  if (isRefusal(found)) return found
  const view = await readNode(call, getOp(found.node))
  if (isRefusal(view)) return view
  const owner = subjectParts(view.drive.owner)
  const nodes = (await lineage(call, view)).map(({ node }) => node)
  const paths = nodes.map((node) => ({ file_id: call.engine.ids.fileId(node), name: node.name }))
  return { data: { location_type: owner.type, location_id: owner.id, paths } }
}

/** From the topmost folder the caller may see down to the node. One step a level: each parent is known only from its child. */
async function lineage(call: Call, view: NodeView): Promise<NodeView[]> {
  const { drive, node } = view
  if (node.parent === 0 || node.parent === drive.root) return [view]
  const parent = await readNode(call, getOp({ drive: drive.id, id: node.parent }))
  return isRefusal(parent) ? [view] : [...(await lineage(call, parent)), view]
}

async function children(call: Call): Promise<Answer> {
  const { query } = call
  const limit = query.pageSize(PAGE_MAX)
  const parts = readParts(call)
  const filter = readFilter(query)
  const orderBy = query.word('order_by', ORDER_WORDS, 'mtime')
  const descending = query.word('order', ['asc', 'desc'], 'desc') === 'desc'
  const cursor = readCursor(call, ORDERS[orderBy])
  const found = inputProblem(call) ?? (await nodeParams(call, 'may be the root'))
  if (isRefusal(found)) return found

  const result = await runOne(call, {
    kind: 'list',
    folder: found.node,
    by: ORDERS[orderBy],
    descending,
    foldersFirst: false,
    // Where extensions choose, a page is filled from as many children as one reading gives.
    limit: filter.extensions.length > 0 ? PAGE_SIZE_MAX : limit,
    ...(cursor === undefined ? {} : { cursor: { after: cursor } }),
    ...(filter.type === 'file' || filter.type === 'folder' ? { only: filter.type } : {}),
  })
  if (isRefusal(result)) return result
  const page = result.status === 'done' ? result.page : undefined
  // There are no shortcuts here, so none are listed.
  if (!page || filter.type === 'shortcut') return { data: { items: [], next_page_token: '' } }
  const matching = page.items.filter((view) => filter.extensions.length === 0 || hasExtension(view, filter.extensions))
  const shown = matching.slice(0, limit)
  const next = matching.length > limit ? positionOf(shown.at(-1)!.node, ORDERS[orderBy]) : page.next
  const items = await presentFiles(call, shown, parts)
  return { data: { items, next_page_token: next === null ? '' : positionText(next) } }
}

function readFilter(query: Input) {
  const type = query.optionalText('filter_type') || undefined
  if (type !== undefined && !['file', 'folder', 'shortcut'].includes(type)) {
    query.refuse('valueInvalid', 'filter_type must be one of file, folder, shortcut')
  }
  return { type, extensions: (query.optionalTexts('filter_exts') ?? []).filter((extension) => extension !== '') }
}

function hasExtension({ node }: NodeView, extensions: readonly string[]): boolean {
  const [, extension] = splitName(node.name, node.kind === 'folder')
  return node.kind === 'file' && extensions.includes(extension.slice(1).toLowerCase())
}

function readCursor({ query }: Call, by: OrderBy): Position | undefined {
  const text = query.optionalText('page_token')
  if (text === undefined || text === '') return undefined
  const cursor = readPosition(text, by)
  if (!cursor) query.refuse('valueInvalid', 'page_token is not one of this listing')
  return cursor
}

async function checkName(call: Call): Promise<Answer> {
  const name = call.body.text('name')
  const found = inputProblem(call) ?? (await nodeParams(call, 'may be the root'))
  if (isRefusal(found)) return found
  const folder = await readNode(call, { ...getOp(found.node), expect: 'folder' })
  if (isRefusal(folder)) return folder
  const [child] = await call.engine.batch(call.actor, [getOp({ drive: found.drive, path: [...folder.path, name] })])
  // A child the caller may not see has its name nevertheless.
  const isFree = child!.status === 'failed' && child!.error.code === 'node_not_found'
  return { data: { is_exist: !isFree } }
}

export const fileReadRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v7/files/:node/meta',
    operation: 'Get file info by id',
    scopes: SCOPES.fileReadById,
    handle: meta,
  },
  {
    method: 'GET',
    path: '/v7/drives/:drive/files/:node/meta',
    operation: 'Get file info',
    scopes: SCOPES.fileReadInDrive,
    handle: metaInDrive,
  },
  {
    method: 'GET',
    path: '/v7/drives/:drive/files/:node/path',
    operation: 'Get file path',
    scopes: SCOPES.fileRead,
    handle: path,
  },
  {
    method: 'GET',
    path: '/v7/drives/:drive/files/:node/children',
    operation: 'List children',
    scopes: SCOPES.fileRead,
    handle: children,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/check_name',
    operation: 'Check file name',
    // The page lists no scope; whether a name is taken is read from the folder.
    scopes: SCOPES.fileRead,
    handle: checkName,
  },
]
