/** Everything that looks for files: `search`, `scan`, `walk`, lists by a custom key, and the recycle bin's search. */
import {
  type DriveId,
  type Failed,
  type NodeId,
  PAGE_SIZE_MAX,
  type Ref,
  type SearchCursor,
  type SearchOrder,
  type SearchOrderBy,
  type SearchPage,
  type SearchQuery,
  type Where,
} from '../../engine/index.ts'
import { type DirectEndpoint, type Env, runSteps } from './call.ts'
import { type Answer, failedAnswer, missing, notValid, outOfRange, Refusal } from './error.ts'
import { category, placeOf, whereOf } from './file-query.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { viewOf } from './outcome.ts'
import { files, type Wish } from './present.ts'
import { parseQuery, QUERY_CHARACTERS_MAX } from './query.ts'
import { type Body, choice, flag, integer, moment, pageSize, requiredText, text, texts } from './request.ts'
import { hasOwnTop } from './share-files.ts'
import { driveOf, kindOf, parseDrive, ROOT, refOf } from './terms.ts'
import { uploadingPage, wantsUploading } from './uploading.ts'
import { wishOf } from './wish.ts'

const PAGE_MAX = 100
const PAGE_USUAL = 50
const DRIVES_MAX = 10
const ORDER_CHARACTERS_MAX = 128
const ORDERS_MAX = 5
const SCAN_PAGE_MAX = 5000
const KEY_CHARACTERS_MAX = 256
const STARRED = 'starred_yes'

/** What a marker brings back besides the place: clients may leave the rest out on later pages. */
interface Asked {
  readonly query: string
  readonly order: string
  readonly recursive: boolean
}

export const fileSearch: DirectEndpoint = {
  url: '/file/search',
  operation: 'SearchFile',
  coverage: 'partial: last_access_at, address and face_group_id find nothing; no semantic_text',
  scope: 'FILE.LIST',
  guests: 'share',
  run: (body, env) => search(body, env, drivesOf(body, env), 'no'),
}

/** What the vendor's JavaScript client calls; the vendor does not document it. */
export const recyclebinSearchAll: DirectEndpoint = {
  url: '/recyclebin/search_all',
  operation: 'SearchAllRecyclebin',
  coverage: 'partial: as /file/search',
  scope: 'FILE.LIST',
  async run(body, env) {
    const own = { owners: [env.actor.self], after: 0 as const, limit: DRIVES_MAX }
    const { items } = text(body, 'drive_id') ? { items: [] } : await env.engine.listDrives(env.actor, own)
    return search(body, env, items.length > 0 ? items.map(({ id }) => id) : drivesOf(body, env), 'only')
  },
}

function drivesOf(body: Body, env: Env): SearchQuery['drives'] {
  const list = texts(body, 'drive_id_list', DRIVES_MAX, 64) ?? []
  if (env.share || text(body, 'drive_id') || list.length === 0) return [driveOf(env, body)]
  return [...new Set(list.map((id) => parseDrive(id, 'drive_id_list')))]
}

async function search(
  body: Body,
  env: Env,
  drives: SearchQuery['drives'],
  trashed: SearchQuery['trashed'],
): Promise<Answer> {
  const wish = wishOf(env, body)
  const limit = pageSize(body, PAGE_MAX, PAGE_USUAL)
  const { asked, cursor } = markedOr(body, {
    query: text(body, 'query', QUERY_CHARACTERS_MAX) ?? '',
    order: text(body, 'order_by', ORDER_CHARACTERS_MAX) ?? '',
    recursive: flag(body, 'recursive') ?? false,
  })
  const count = flag(body, 'return_total_count') ?? false
  const place = await conditionsOf(env, asked, drives)
  const order = ordersOf(asked.order)
  const found = await env.engine.search(env.actor, { drives, ...place, trashed, order, limit, cursor, count })
  const { next, total } = done(found)
  const items = await shown(env, done(found), wish)
  const marker = next ? markerText([asked.query, asked.order, asked.recursive, next.values, next.id]) : ''
  return { status: 200, body: { items, next_marker: marker, ...(total !== null && { total_count: total }) } }
}

/** The conditions of a query. A folder it names is looked up first; with `recursive` it means everything below. */
async function conditionsOf(
  env: Env,
  { query, recursive }: Asked,
  drives: SearchQuery['drives'],
): Promise<{ where: Where | null; below?: Ref }> {
  const parsed = parseQuery(query)
  const nodes = await nodesOf(env, [...new Set(fileIdsIn(parsed))], drives[0]!)
  const nodeOf = (id: string) => nodes.get(id) ?? NOBODY
  const place = recursive ? placeOf(parsed) : null
  if (!place) return { where: parsed && whereOf(parsed, nodeOf) }
  const where = place.rest && whereOf(place.rest, nodeOf)
  // The root of a share is everything it opens.
  if (env.share && hasOwnTop(env.share) && place.parent === ROOT) return { where }
  const id = nodeOf(place.parent)
  return id === NOBODY ? { where: NOTHING } : { where, below: { drive: drives[0]!, id } }
}

/** What is in no folder, or in one that nobody sees. */
const NOBODY = 0 as NodeId
const NOTHING: Where = { any: [] }

/** The folders that file ids name, as far as the caller sees them. */
async function nodesOf(env: Env, ids: readonly string[], drive: DriveId): Promise<Map<string, NodeId>> {
  const refs = ids.flatMap((id): { id: string; ref: Ref }[] => {
    const file = env.engine.ids.parseFileId(id)
    if (id === ROOT) return [{ id, ref: { drive, path: [] } }]
    return file ? [{ id, ref: { ...file, drive } }] : []
  })
  const ops = refs.map(({ ref }) => ({ kind: 'get', node: ref, need: 0, trashed: 'any' }) as const)
  const results = await env.engine.batch(env.actor, ops)
  const found = refs.flatMap(({ id }, i): [string, NodeId][] => {
    const result = results[i]!
    return result.status === 'done' ? [[id, result.view!.node.id]] : []
  })
  return new Map(found)
}

function fileIdsIn(query: ReturnType<typeof parseQuery>): string[] {
  if (!query) return []
  if ('all' in query) return query.all.flatMap(fileIdsIn)
  if ('any' in query) return query.any.flatMap(fileIdsIn)
  if ('not' in query) return fileIdsIn(query.not)
  const { field, values } = query.term
  return field === 'parent_file_id' ? values.filter((value) => typeof value === 'string') : []
}

const ORDERS: Readonly<Record<string, SearchOrderBy>> = {
  name: 'name',
  created_at: 'created',
  updated_at: 'updated',
  size: 'size',
  type: 'kind',
}

/** `name ASC,updated_at DESC`; latest first when nothing is asked. */
function ordersOf(order: string): SearchOrder[] {
  const terms = order
    .split(',')
    .map((term) => term.trim())
    .filter(Boolean)
  if (terms.length > ORDERS_MAX) throw new Refusal(outOfRange('order_by'))
  if (terms.length === 0) return [{ by: 'created', descending: true }]
  return terms.map((term) => {
    const [, field = '', direction = 'asc'] = /^(\w+)(?:\s+(asc|desc))?$/i.exec(term) ?? []
    const name = field.toLowerCase()
    if (!Object.hasOwn(ORDERS, name)) throw new Refusal(notValid('order_by'))
    return { by: ORDERS[name]!, descending: direction.toLowerCase() === 'desc' }
  })
}

/** What a marker says was asked, or, on the first page, what the request asks. */
function markedOr(body: Body, asked: Asked): { asked: Asked; cursor: SearchCursor | null } {
  const marked = readMarker(body)
  if (!marked) return { asked, cursor: null }
  const [query, order, recursive, values, id] = marked
  if (typeof query !== 'string' || typeof order !== 'string' || typeof recursive !== 'boolean') throw badMarker()
  return { asked: { query, order, recursive }, cursor: cursorOf(values, id) }
}

function cursorOf(values: unknown, id: unknown): SearchCursor {
  const isValue = (value: unknown) => typeof value === 'string' || Number.isSafeInteger(value)
  if (!Array.isArray(values) || !values.every(isValue) || !Number.isSafeInteger(id)) throw badMarker()
  return { values, id: id as NodeId }
}

function done(found: SearchPage | Failed): SearchPage {
  if (!('status' in found)) return found
  const { code, detail } = found.error
  throw new Refusal(
    code === 'attribute_invalid' && detail === 'where' ? outOfRange('query') : failedAnswer(found.error),
  )
}

function shown(env: Env, { items }: SearchPage, wish: Wish): Promise<object[]> {
  return runSteps(env, files(env, items, wish))
}

/** A page by conditions alone; the marker is only a place, so requests repeat what they ask. */
async function page(
  body: Body,
  env: Env,
  asked: Pick<SearchQuery, 'where' | 'order' | 'limit'> & { below?: Ref },
  wish: Wish,
): Promise<Answer> {
  const marked = readMarker(body)
  let cursor = marked && cursorOf(marked[0], marked[1])
  const drives = [driveOf(env, body)]
  const items: object[] = []
  // A page may be larger than the engine's.
  do {
    const limit = Math.min(asked.limit - items.length, PAGE_SIZE_MAX)
    const found = done(await env.engine.search(env.actor, { drives, ...asked, limit, trashed: 'no', cursor }))
    items.push(...(await shown(env, found, wish)))
    cursor = found.next
  } while (cursor && items.length < asked.limit)
  return { status: 200, body: { items, next_marker: cursor ? markerText([cursor.values, cursor.id]) : '' } }
}

export const fileScan: DirectEndpoint = {
  url: '/file/scan',
  operation: 'ScanFile',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const limit = integer(body, 'limit', 1, SCAN_PAGE_MAX) ?? PAGE_MAX
    await seenRoot(env, body)
    return page(body, env, { where: null, order: [], limit }, { ...wishOf(env, body), urls: false })
  },
}

/** Refuses a drive that cannot be seen, where an empty page would say that it holds nothing. */
async function seenRoot(env: Env, body: Body): Promise<void> {
  const node = { drive: driveOf(env, body), path: [] }
  const [root] = await env.engine.batch(env.actor, [{ kind: 'get', node, need: 0, trashed: 'no' }])
  viewOf(root!)
}

export const fileWalk: DirectEndpoint = {
  url: '/file/walk',
  operation: 'WalkFile',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const below = refOf(env, body, 'parent_file_id', driveOf(env, body))
    const limit = pageSize(body, 2 * PAGE_MAX, PAGE_USUAL)
    if (wantsUploading(body)) return uploadingPage(body, env, { folder: below, deep: true, limit })
    const kind = kindOf(body)
    const before = moment(body, 'before_updated_at')
    const where: Where = {
      all: [
        ...(kind ? [{ field: 'kind', in: [kind] } as const] : []),
        ...(before === undefined ? [] : [{ field: 'updated', is: '<', value: before } as const]),
        ...filters(body),
      ],
    }
    return page(body, env, { where, below, order: walkOrder(body), limit }, wishOf(env, body))
  },
}

function walkOrder(body: Body): SearchOrder[] {
  const by = choice(body, 'order_by', Object.keys(ORDERS))
  const direction = choice(body, 'order_direction', ['ASC', 'DESC', 'asc', 'desc']) ?? ''
  return ordersOf(by ? `${by} ${direction}` : '')
}

/** The conditions a listing may have beside its folder. */
export function filters(body: Body): Where[] {
  const wanted = text(body, 'category') || undefined
  const starred = flag(body, 'starred')
  return [
    ...(wanted === undefined ? [] : [category(wanted)]),
    ...(starred === undefined ? [] : [{ field: 'starred', is: starred } as const]),
  ]
}

/** A page of those of a folder's children that meet conditions. */
export function filteredList(
  body: Body,
  env: Env,
  folder: NodeId,
  { where, by, descending, limit }: { where: readonly Where[]; by: SearchOrderBy; descending: boolean; limit: number },
  wish: Wish,
): Promise<Answer> {
  const all: Where[] = [{ field: 'parent', in: [folder] }, ...where]
  return page(body, env, { where: { all }, order: [{ by, descending }], limit }, wish)
}

export const fileListByCustomIndexKey: DirectEndpoint = {
  url: '/file/list_by_custom_index_key',
  operation: 'ListFileByCustomIndexKey',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const key = requiredText(body, 'custom_index_key', KEY_CHARACTERS_MAX)
    const direction = choice(body, 'order_direction', ['ASC', 'DESC', 'asc', 'desc'])
    if (!text(body, 'drive_id')) return missing('drive_id')
    await seenRoot(env, body)
    const marked: Where = { field: 'extra', key: 'pds.custom_index_key', in: [key] }
    // The key by which the vendor's clients list stars; a copy keeps the key of its original, but not the star.
    const where: Where = key === STARRED ? { all: [marked, { field: 'starred', is: true }] } : marked
    const order: SearchOrder[] = [{ by: 'created', descending: direction?.toUpperCase() !== 'ASC' }]
    return page(body, env, { where, order, limit: pageSize(body, PAGE_MAX, PAGE_USUAL) }, wishOf(env, body))
  },
}
