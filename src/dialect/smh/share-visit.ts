/** Visiting a share: what it is and what is inside. No account is needed for any of it. */
import {
  ACTIONS,
  type App,
  hasEnded,
  type Link,
  type LinkCounts,
  type ListOp,
  type NodeView,
  type OrderBy,
} from '../../engine/index.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { isDescending } from './listing.ts'
import { type Paged, pageIn, rangeIn } from './page.ts'
import { perform } from './perform.ts'
import { pictureIn } from './picture.ts'
import { downloadUrl, URL_LIFE_MS } from './present.ts'
import { holderOf, may, sharedOf, shareOf, type Visited, verify, visited } from './share-access.ts'
import { saveOperations } from './share-save.ts'
import { inodeOf, isoTime, spaceIdOf, userOf } from './terms.ts'
import { word } from './words.ts'

/** How deep a chain of inodes may be. */
const DEPTH_MAX = 64

export const visitOperations: readonly Operation[] = [
  {
    operation: 'Share by its link',
    coverage: 'done',
    method: 'GET',
    path: 'share/url-detail/{code}',
    handle: urlDetail,
  },
  {
    operation: 'Verify extraction code',
    coverage: 'done',
    method: 'POST',
    path: 'share/verify/{code}',
    handle: verify,
  },
  {
    operation: 'List shared files',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'list',
    handle: list,
  },
  {
    operation: 'Download shared file',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'download',
    handle: (call) => fetch(call, 'downloads'),
  },
  {
    operation: 'Preview shared file',
    coverage: 'done',
    method: 'GET',
    path: 'share/file/{code}/{path*}',
    flag: 'preview',
    handle: (call) => fetch(call, 'previews'),
  },
  ...saveOperations,
]

async function urlDetail(call: Call): Promise<Answer> {
  const { link, library } = await shareOf(call)
  const config = sharedOf(link)
  const alone = link.nodes.length === 1 ? await topOf(call, link, library) : []
  const [only] = alone
  return {
    status: 200,
    body: {
      name: link.name,
      enabled: link.state === 'open',
      isExpired: hasEnded(link, call.context.engine.now()),
      needExtractionCode: link.password !== '',
      allowAnonymousUser: !config.forbidAnonymousUser,
      canSaveToNetDisc: may(link, ACTIONS.copy),
      canPreview: may(link, ACTIONS.preview),
      canDownload: may(link, ACTIONS.download),
      status: 2,
      userId: userOf(link.creator),
      enableShareWatermark: false,
      ...(only?.node.kind === 'file' ? { fileName: only.node.name } : {}),
    },
  }
}

async function topOf(call: Call, link: Link, library: App): Promise<NodeView[]> {
  const ops = link.nodes.map((id) => {
    return { kind: 'get', node: { drive: link.drive, id }, need: 0, trashed: 'no' } as const
  })
  const results = await call.context.engine.batch(holderOf(link, library), ops)
  return results.flatMap((result) => (result.status === 'done' ? [result.view!] : []))
}

/** The entry at the end of a chain of inodes; undefined for none, which is the share itself. */
async function entryOf(call: Call, { link, actor }: Visited): Promise<NodeView | undefined> {
  if (call.path.length === 0) return undefined
  if (call.path.length > DEPTH_MAX) throw refuse('FileNotInShare')
  const id = call.context.engine.ids.parseFileId(call.path.at(-1)!)
  if (!id) throw refuse('FileNotInShare')
  const op = { kind: 'get', node: { ...id, drive: link.drive }, need: 0, trashed: 'no' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  if (result!.status === 'failed') throw refuse('FileNotInShare')
  return result!.view!
}

const ORDERS: Readonly<Record<string, OrderBy>> = { name: 'name', size: 'size', updatedAt: 'updated' }
const LIMIT = { min: 1, max: 100, otherwise: 10 }
async function list(call: Call): Promise<Answer> {
  const here = await visited(call)
  const by = word(call.query, 'orderBy', 'order_by') ?? 'name'
  const order = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  if (!order) throw refuse('ParamInvalid', 'orderBy must be name, size or updatedAt.')
  const descending = isDescending(call.query)
  const folder = await entryOf(call, here)
  const { link, library } = here
  const { shown, hasMore, more } = folder
    ? await inside(call, here, folder, order, descending)
    : pageIn(call.query, await topOf(call, link, library), LIMIT)
  const contents = shown.map(({ node, drive }) => ({
    name: node.name,
    spaceId: spaceIdOf(drive, library.id),
    type: node.kind === 'folder' ? 'dir' : 'file',
    ...(node.content ? { size: String(node.content.size) } : {}),
    updateTime: isoTime(node.updatedAt),
    canPreview: may(link, ACTIONS.preview),
    canDownload: may(link, ACTIONS.download),
    canSaveToNetdisk: may(link, ACTIONS.copy),
    inode: inodeOf(call.context.engine.ids, node),
  }))
  const { nextMarker } = more
  const marker = nextMarker === undefined ? {} : { marker: nextMarker, nextMarker }
  return { status: 200, body: { contents, hasMore, ...marker } }
}

async function inside(
  call: Call,
  { actor }: Visited,
  { node }: NodeView,
  by: OrderBy,
  descending: boolean,
): Promise<Omit<Paged<NodeView>, 'totalNum'>> {
  const { from, limit, paged } = rangeIn(call.query, LIMIT)
  const folder = { drive: node.drive, id: node.id }
  const op: ListOp = { kind: 'list', folder, by, descending, foldersFirst: true, limit, cursor: { offset: from } }
  const result = await perform(call, actor, op, { kind: 'folder', source: false })
  const { items = [], next = null } = (result.status === 'done' && result.page) || {}
  const hasMore = next !== null
  return { shown: items, hasMore, more: hasMore && !paged ? { nextMarker: String(from + limit) } : {} }
}

/** Each fetch counts once; what the limit leaves no room for is refused. */
async function fetch(call: Call, what: keyof LinkCounts & ('downloads' | 'previews')): Promise<Answer> {
  const here = await visited(call)
  const isDownload = what === 'downloads'
  if (!may(here.link, isDownload ? ACTIONS.download : ACTIONS.preview)) {
    throw refuse(isDownload ? 'CannotDownload' : 'CannotPreview')
  }
  const view = await entryOf(call, here)
  if (!view || view.node.kind === 'folder') throw refuse('FileNotInShare')
  const [isCounted] = await call.context.engine.useLinks([{ link: here.link.id, what }])
  if (!isCounted) throw refuse('ShareAccessDenied', 'The limit of the share is reached.')
  const picture = isDownload ? undefined : pictureIn(call.query, view)
  return { status: 302, headers: { location: downloadUrl(call, view, URL_LIFE_MS, view.node.version, picture) } }
}
