/** `/file/*`: looking at files and folders. */
import {
  ACTIONS,
  DEPTH_MAX,
  type NodeView,
  type Op,
  type OrderBy,
  positionOf,
  positionText,
  type Result,
} from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, notFound, notSupported } from './error.ts'
import { categoryOf, extensionOf } from './media.ts'
import { listFailure, viewOf } from './outcome.ts'
import { files, type Wish } from './present.ts'
import { type Body, choice, flag, integer, pageSize, requiredText, text } from './request.ts'
import { hasOwnTop, mayPreview, sharedTop } from './share-files.ts'
import { driveOf, kindOf, parseMarker, ROOT, refOf, URL_LIFE_S } from './terms.ts'

/** The largest page of `/file/list`: the older reference's bound, twice the current one. */
const PAGE_MAX = 200
const PAGE_USUAL = 50

/** What `fields` and `url_expire_sec` ask for. */
export function wishOf(env: Env, body: Body): Wish {
  const asked = fieldsOf(body)
  return {
    urlLifeS: integer(body, 'url_expire_sec', 10, 14_400) ?? URL_LIFE_S,
    paths: asked('id_path') || asked('name_path'),
    urls: !env.share,
  }
}

/** Tells whether `fields` asks for a member, by name or as one of all. */
function fieldsOf(body: Body): (member: string) => boolean {
  const fields = (text(body, 'fields') ?? '').split(',').map((field) => field.trim())
  return (member) => fields.includes(member) || fields.includes('*')
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
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const node = refOf(env, body, 'file_id', driveOf(env, body))
    const { results } = yield { ops: [{ kind: 'get', node, need: ACTIONS.list, trashed: 'any' }] }
    // Through a share the file's own url is a preview, and counted as one.
    const urls = wish.urls || (fieldsOf(body)('url') && (yield* mayPreview(env, viewOf(results[0]!))))
    return yield* shown(env, results[0]!, { ...wish, urls })
  },
}

export const fileGetByPath: SteppedEndpoint = {
  url: '/file/get_by_path',
  operation: 'GetFileByPath',
  coverage: 'as /file/get',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const drive = driveOf(env, body)
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
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const folder = refOf(env, body, 'parent_file_id', driveOf(env, body))
    const order = orderOf(body)
    const after = parseMarker(body, order.by)
    const only = kindOf(body)
    const filter = filterOf(body)
    const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
    if ((choice(body, 'status', ['available', 'uploading']) ?? 'available') !== 'available')
      return notSupported('status')
    if (env.share && hasOwnTop(env.share) && text(body, 'parent_file_id') === ROOT) {
      const all = yield* sharedTop(env.share, order, after)
      return yield* topPage(
        env,
        all.filter(({ node }) => !only || node.kind === only),
        { limit, filter, by: order.by },
        wish,
      )
    }
    const op: Op = {
      kind: 'list',
      folder,
      ...order,
      foldersFirst: false,
      limit: filter ? PAGE_MAX : limit,
      ...(only && { only }),
      ...(after && { cursor: { after } }),
    }
    const { results } = yield { ops: [op] }
    return yield* page(env, results[0]!, { limit, filter, by: order.by }, wish)
  },
}

interface Cut {
  readonly limit: number
  readonly filter: ((view: NodeView) => boolean) | null
  readonly by: OrderBy
}

/** A page of the items a share opens. */
function* topPage(env: Env, all: readonly NodeView[], { limit, filter, by }: Cut, wish: Wish): Steps<Answer> {
  const matching = filter ? all.filter(filter) : all
  const views = matching.slice(0, limit)
  const last = matching.length > limit ? positionText(positionOf(views.at(-1)!.node, by)) : ''
  return { status: 200, body: { items: yield* files(env, views, wish), next_marker: last } }
}

function* page(env: Env, result: Result, { limit, filter, by }: Cut, wish: Wish): Steps<Answer> {
  if (result.status === 'failed') return listFailure(result)
  if (result.status !== 'done' || !result.page) throw new Error('the listing has no page')
  const { folder, items, next } = result.page
  const matching = filter ? items.filter(filter) : items
  const views = matching.slice(0, limit)
  const last = matching.length > limit ? positionOf(views.at(-1)!.node, by) : next
  const objects = yield* files(env, views, wish, [folder.node])
  return { status: 200, body: { items: objects, next_marker: last ? positionText(last) : '' } }
}
