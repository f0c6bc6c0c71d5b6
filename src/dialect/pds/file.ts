/** `/file/*`: looking at files and folders. */
import {
  ACTIONS,
  DEPTH_MAX,
  type Done,
  type NodeView,
  type Op,
  type OrderBy,
  positionOf,
  positionText,
  type Ref,
  type Result,
  type Where,
} from '../../engine/index.ts'
import type { PictureExtent } from '../../http/picture-extent.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, notFound, Refusal } from './error.ts'
import { listFailure, one, viewOf } from './outcome.ts'
import { files, type Wish } from './present.ts'
import { type Body, choice, pageSize, requiredText, text } from './request.ts'
import { filteredList, filters } from './search.ts'
import { hasOwnTop, mayPreview, sharedTop } from './share-files.ts'
import { driveOf, fileIdOf, fileRef, kindOf, parseMarker, parseRevision, ROOT, refOf } from './terms.ts'
import { uploadingPage, wantsUploading } from './uploading.ts'
import { fieldsOf, wishOf } from './wish.ts'

/** The largest page of `/file/list`: the older reference's bound, twice the current one. */
const PAGE_MAX = 200
const PAGE_USUAL = 50

/** 200 with one node's File object. */
export function* shown(env: Env, result: Result, wish?: Wish): Steps<Answer> {
  return yield* shownView(env, viewOf(result), wish)
}

function* shownView(env: Env, view: NodeView, wish?: Wish): Steps<Answer> {
  const [body] = yield* files(env, [view], wish)
  return { status: 200, body: { ...body, ...(wish?.media ? yield* mediaOf(env, view) : {}) } }
}

/** How large a picture is, for whoever may look at it. It takes a look at the bytes, so listings do not tell. */
function* mediaOf({ extents }: Env, { node, drive, actions }: NodeView): Steps<object> {
  if (node.kind === 'folder' || !(actions & ACTIONS.preview)) return {}
  const { versions } = yield { versions: [{ drive: drive.id, node: node.id, version: node.version }] }
  const [version] = versions
  if (!version || 'status' in version) return {}
  let extent: PictureExtent | null = null
  const measure = async (): Promise<Answer> => {
    extent = await extents(version, node.name)
    return { status: 200 }
  }
  yield { waits: [measure] }
  return extent ? { image_media_metadata: extent } : {}
}

export const fileGet: SteppedEndpoint = {
  url: '/file/get',
  operation: 'GetFile',
  coverage: 'partial: of what media say of themselves image_media_metadata with width and height, for exif or *',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const node = fileRef(env, body)
    const revision = text(body, 'revision_id')
    if (revision) return yield* olderRevision(env, node, revision, wish)
    const result = yield* one({ kind: 'get', node, need: ACTIONS.list, trashed: 'any' })
    // Through a share the file's own url is a preview, and counted as one.
    const urls = wish.urls || (fieldsOf(body)('url') && (yield* mayPreview(env, viewOf(result))))
    return yield* shown(env, result, { ...wish, urls })
  },
}

/** The file as it was under a revision. */
function* olderRevision(env: Env, ref: Ref, revision: string, wish: Wish): Steps<Answer> {
  const { results } = yield { ops: [{ kind: 'versions', node: ref }] }
  const view = viewOf(results[0]!)
  const { versions = [] } = results[0] as Done
  const number = parseRevision(fileIdOf(env.engine, view.node), revision)
  const found = versions.find(({ version }) => version === number)
  if (!found) return notFound('revision')
  const { content, version, createdAt: updatedAt } = found
  return yield* shownView(env, { ...view, node: { ...view.node, content, version, updatedAt } }, wish)
}

export const fileGetByPath: SteppedEndpoint = {
  url: '/file/get_by_path',
  operation: 'GetFileByPath',
  coverage: 'partial: as /file/get',
  scope: 'FILE.GET',
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const drive = driveOf(env, body)
    const path = requiredText(body, 'file_path').split('/').filter(Boolean)
    if (path.length > DEPTH_MAX) return notFound('file')
    return yield* shown(
      env,
      yield* one({ kind: 'get', node: { drive, path }, need: ACTIONS.list, trashed: 'no' }),
      wish,
    )
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

export const fileList: SteppedEndpoint = {
  url: '/file/list',
  operation: 'ListFile',
  coverage: 'done',
  scope: 'FILE.LIST',
  guests: 'share',
  *steps(body, env): Call {
    const wish = wishOf(env, body)
    const folder = refOf(env, body, 'parent_file_id', driveOf(env, body))
    const order = orderOf(body)
    const only = kindOf(body)
    const where = filters(body)
    const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
    if (wantsUploading(body)) {
      const { waits } = yield { waits: [() => uploadingPage(body, env, { folder, deep: false, limit })] }
      return waits[0]!
    }
    if (env.share && hasOwnTop(env.share) && text(body, 'parent_file_id') === ROOT) {
      const after = parseMarker(body, order.by)
      const all = yield* sharedTop(env.share, order, after, only)
      return yield* topPage(env, all, { limit, by: order.by }, wish)
    }
    if (where.length > 0) {
      const { node } = yield* folderOf(folder)
      const kind: Where[] = only ? [{ field: 'kind', in: [only] }] : []
      const { waits } = yield {
        waits: [() => filteredList(body, env, node.id, { where: [...kind, ...where], ...order, limit }, wish)],
      }
      return waits[0]!
    }
    const after = parseMarker(body, order.by)
    const op: Op = {
      kind: 'list',
      folder,
      ...order,
      foldersFirst: false,
      limit,
      ...(only && { only }),
      ...(after && { cursor: { after } }),
    }
    const result = yield* one(op)
    return yield* page(env, result, wish)
  },
}

/** The folder that is to be listed. */
function* folderOf(folder: Ref): Steps<NodeView> {
  const get: Op = { kind: 'get', node: folder, need: ACTIONS.list, trashed: 'no', expect: 'folder' }
  const result = yield* one(get)
  if (result.status === 'failed') throw new Refusal(listFailure(result))
  return viewOf(result)
}

/** A page of the items a share opens. */
function* topPage(
  env: Env,
  all: readonly NodeView[],
  { limit, by }: { limit: number; by: OrderBy },
  wish: Wish,
): Steps<Answer> {
  const views = all.slice(0, limit)
  const last = all.length > limit ? positionText(positionOf(views.at(-1)!.node, by)) : ''
  return { status: 200, body: { items: yield* files(env, views, wish), next_marker: last } }
}

function* page(env: Env, result: Result, wish: Wish): Steps<Answer> {
  if (result.status === 'failed') return listFailure(result)
  if (result.status !== 'done' || !result.page) throw new Error('the listing has no page')
  const { folder, items, next } = result.page
  const objects = yield* files(env, items, wish, [folder.node])
  return { status: 200, body: { items: objects, next_marker: next ? positionText(next) : '' } }
}
