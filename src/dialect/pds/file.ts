/** `/file/*`: looking at files and folders. */
import { ACTIONS, DEPTH_MAX, type NodeView, type Op, type OrderBy, type Result } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, failedAnswer, notFound, notSupported, notValid, Refusal } from './error.ts'
import { categoryOf, extensionOf } from './media.ts'
import { files, type Wish } from './present.ts'
import { type Body, choice, flag, integer, pageSize, requiredText, text } from './request.ts'
import { driveOf, kindOf, markerOf, parseMarker, refOf, URL_LIFE_S } from './terms.ts'

/** The largest page of `/file/list`: the older reference's bound, twice the current one. */
const PAGE_MAX = 200
const PAGE_USUAL = 50

/** What `fields` and `url_expire_sec` ask for. */
function wishOf(body: Body): Wish {
  const fields = (text(body, 'fields') ?? '').split(',').map((field) => field.trim())
  return {
    urlLifeS: integer(body, 'url_expire_sec', 10, 14_400) ?? URL_LIFE_S,
    paths: fields.some((field) => field === '*' || field === 'id_path' || field === 'name_path'),
  }
}

/** The view an op ended in, or the refusal its failure is. */
export function viewOf(result: Result): NodeView {
  if (result.status === 'failed') throw new Refusal(failedAnswer(result.error))
  if (!result.view) throw new Error('the op has no node to show')
  return result.view
}

/** 200 with one node's File object. */
export function* shown(env: Env, result: Result, wish?: Wish): Steps<Answer> {
  const [body] = yield* files(env, [viewOf(result)], wish)
  return { status: 200, body: body! }
}

export const fileGet: SteppedEndpoint = {
  url: '/file/get',
  operation: 'GetFile',
  coverage: 'no thumbnails, media metadata, dir_size or older revision_id',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const wish = wishOf(body)
    const node = refOf(env, body, 'file_id', driveOf(body))
    const { results } = yield { ops: [{ kind: 'get', node, need: ACTIONS.list, trashed: 'any' }] }
    return yield* shown(env, results[0]!, wish)
  },
}

export const fileGetByPath: SteppedEndpoint = {
  url: '/file/get_by_path',
  operation: 'GetFileByPath',
  coverage: 'as /file/get',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const wish = wishOf(body)
    const drive = driveOf(body)
    const path = requiredText(body, 'file_path').split('/').filter(Boolean)
    if (path.length > DEPTH_MAX) return notFound('file')
    const { results } = yield { ops: [{ kind: 'get', node: { drive, path }, need: ACTIONS.list, trashed: 'no' }] }
    return yield* shown(env, results[0]!, wish)
  },
}

const ORDERS: Readonly<Record<string, OrderBy>> = {
  name: 'name',
  updated_at: 'updated',
  created_at: 'created',
  size: 'size',
}

/** Oldest first once an order is named; without one, latest first, as the vendor's own client expects. */
function orderOf(body: Body): { by: OrderBy; descending: boolean } {
  const by = choice(body, 'order_by', Object.keys(ORDERS))
  const direction = choice(body, 'order_direction', ['ASC', 'DESC', 'asc', 'desc'])?.toUpperCase()
  return { by: ORDERS[by ?? 'created_at']!, descending: direction ? direction === 'DESC' : by === undefined }
}

/** Conditions the engine does not know: applied to a page once it is there. */
function filterOf(body: Body): ((view: NodeView) => boolean) | null {
  const category = text(body, 'category') || undefined
  const starred = flag(body, 'starred')
  if (category === undefined && starred === undefined) return null
  return ({ node }) =>
    (starred === undefined || (node.attributes.starred ?? false) === starred) &&
    (category === undefined || (node.kind === 'file' && categoryOf(extensionOf(node.name)) === category))
}

export const fileList: SteppedEndpoint = {
  url: '/file/list',
  operation: 'ListFile',
  coverage: 'no thumbnails, no status=uploading; a filtered page may be short',
  scope: 'FILE.LIST',
  *steps(body, env): Call {
    const wish = wishOf(body)
    const folder = refOf(env, body, 'parent_file_id', driveOf(body))
    const after = parseMarker(env, body)
    const only = kindOf(body)
    const filter = filterOf(body)
    const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
    if ((choice(body, 'status', ['available', 'uploading']) ?? 'available') !== 'available')
      return notSupported('status')
    const op: Op = {
      kind: 'list',
      folder,
      ...orderOf(body),
      foldersFirst: false,
      limit: filter ? PAGE_MAX : limit,
      ...(only && { only }),
      ...(after && { cursor: { after } }),
    }
    const { results } = yield { ops: [op] }
    return yield* page(env, results[0]!, limit, filter, wish)
  },
}

function* page(
  env: Env,
  result: Result,
  limit: number,
  filter: ((view: NodeView) => boolean) | null,
  wish: Wish,
): Steps<Answer> {
  if (result.status === 'failed') return listFailure(result)
  if (result.status !== 'done' || !result.page) throw new Error('the listing has no page')
  const { folder, items, next } = result.page
  const matching = filter ? items.filter(filter) : items
  const views = matching.slice(0, limit)
  const last = matching.length > limit ? views.at(-1)!.node.id : next
  const objects = yield* files(env, views, wish, [folder.node])
  return { status: 200, body: { items: objects, next_marker: last ? markerOf(env, folder.drive, last) : '' } }
}

/** What a folder that cannot be listed is told. */
export function listFailure({ error }: Extract<Result, { status: 'failed' }>): Answer {
  if (error.detail === 'cursor') return notValid('marker')
  if (error.code === 'wrong_kind') return notValid('parent_file_id', 'It is a file.')
  return failedAnswer(error)
}
