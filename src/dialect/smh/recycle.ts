/** The recycle bin: list, details, restore, destroy. Pages 1283/75463–75469. */
import type { App, NodeView, Op, RestoreOp, TrashCursor, TrashId, TrashView } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { itemList, run } from './batch-run.ts'
import type { Answer, Call, Operation } from './call.ts'
import { typeOf } from './entry-kind.ts'
import { fault, faultOf, Refusal, refuse } from './error.ts'
import type { Verb } from './grant.ts'
import type { Item } from './item.ts'
import { isMedia } from './library.ts'
import { isPaged, PAGED_MAX, pageIn } from './page.ts'
import { perform } from './perform.ts'
import { pictureIn } from './picture.ts'
import { content, downloadUrl, entry, entryHeaders, URL_LIFE_MS } from './present.ts'
import { namingIn } from './rules.ts'
import { changeSpace } from './space.ts'
import { conflictOf, isoTime, REPLACE, type Strategy, spaceIdOf, strategyOf } from './terms.ts'
import { count, members, wholeNumber, word } from './words.ts'

const BIN = 'recycled/{lib}/{space}'
const ITEM = 'recycled/{lib}/{space}/{id}'
/** Entries one step of a clearing destroys. */
const CLEAR_STEP = 500
/** The vendor's own bound. */
const RETENTION_DAYS_MAX = 10_000
const LIMIT = { min: 1, max: 1000, otherwise: 20 }
/** By page number, pages may be empty: then only how many there are is told. */
const PAGE_SIZE = { ...LIMIT, min: 0 }

export const recycleOperations: readonly Operation[] = [
  { operation: 'List recycle bin', coverage: 'done', method: 'GET', path: BIN, handle: list },
  { operation: 'Batch restore', coverage: 'done', method: 'POST', path: BIN, flag: 'restore', handle: restoreMany },
  {
    operation: 'Batch purge',
    coverage: 'done; all or nothing, which is 500',
    method: 'POST',
    path: BIN,
    flag: 'delete',
    handle: purgeMany,
  },
  {
    operation: 'Set recycle bin lifecycle',
    coverage: 'done',
    method: 'POST',
    path: BIN,
    flag: 'lifecycle',
    handle: keep,
  },
  { operation: 'Clear recycle bin', coverage: 'done', method: 'DELETE', path: BIN, handle: clear },
  { operation: 'Recycled item details', coverage: 'done', method: 'GET', path: ITEM, flag: 'info', handle: info },
  {
    operation: 'Preview recycled item',
    coverage: 'done',
    method: 'GET',
    path: ITEM,
    flag: 'preview',
    handle: preview,
  },
  { operation: 'Restore', coverage: 'done', method: 'POST', path: ITEM, flag: 'restore', handle: restoreOne },
  { operation: 'Purge', coverage: 'done', method: 'DELETE', path: ITEM, handle: purgeOne },
]

/** The space, whose bin must be on. */
async function binOf(call: Call, verb: Verb): Promise<Visit> {
  const here = await visit(call, verb)
  if (!here.drive.settings.trash) throw refuse('RecycleBinNotEnabled')
  return here
}

/** An item's id, as a number or in digits. */
function trashId(value: unknown): TrashId | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const isId = typeof text === 'string' && /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text))
  return isId ? (Number(text) as TrashId) : undefined
}

function idOf(call: Call): TrashId {
  const id = trashId(call.params.id)
  if (id === undefined) throw refuse('RecycledItemNotFound')
  return id
}

/** The ids in the body, of a call whose answer has no place for single items. */
function idsOf(call: Call): TrashId[] {
  return itemList(call).map((value) => {
    const id = trashId(value)
    if (id === undefined) throw refuse('ParamInvalid', 'The body must be an array of recycledItemId.')
    return id
  })
}

const GONE = { originalPath: 'fail', fallbackToRoot: 'root' } as const

function parentGone(query: URLSearchParams): RestoreOp['parentGone'] {
  const strategy = word(query, 'restore_path_strategy') ?? 'originalPath'
  if (!Object.hasOwn(GONE, strategy)) {
    throw refuse('ParamInvalid', 'restore_path_strategy must be originalPath or fallbackToRoot.')
  }
  return GONE[strategy as keyof typeof GONE]
}

function restoreOp(call: Call, here: Visit, id: TrashId, strategy: Strategy): RestoreOp {
  return {
    kind: 'restore',
    node: { drive: here.drive.id, trash: id },
    conflict: conflictOf(strategy, REPLACE.move),
    naming: namingIn(here),
    parentGone: parentGone(call.query),
  }
}

async function restoreOne(call: Call): Promise<Answer> {
  const here = await binOf(call, 'restore')
  const op = restoreOp(call, here, idOf(call), strategyOf(call.query) ?? 'rename')
  const { view } = await perform(call, here.actor, op, { kind: 'any', source: false })
  return { status: 200, body: { path: view!.path } }
}

async function restoreMany(call: Call): Promise<Answer> {
  const here = await binOf(call, 'restore')
  // Judged before any item: it is about all of them.
  parentGone(call.query)
  return run(
    call,
    here,
    'restore',
    itemList(call).map((element) => restoreItem(call, here, element)),
  )
}

function restoreItem(call: Call, here: Visit, element: unknown): Item {
  const id = trashId(element)
  if (id !== undefined) {
    return { words: { verb: 'restore', id }, op: restoreOp(call, here, id, 'rename'), fault: null }
  }
  const sent = typeof element === 'number' || typeof element === 'string' ? element : null
  return { words: { verb: 'restore', id: sent }, op: null, fault: fault('RecycledItemNotFound') }
}

function purgeOp({ drive }: Visit, id: TrashId): Op {
  return { kind: 'purge', node: { drive: drive.id, trash: id }, trashed: 'only' }
}

async function purgeOne(call: Call): Promise<Answer> {
  const here = await binOf(call, 'purgeRecycled')
  await perform(call, here.actor, purgeOp(here, idOf(call)), { kind: 'any', source: false })
  return { status: 204 }
}

/**
 * The answer has no place for single items, so either all of them go or none; and for "none" the vendor's page knows one
 * status, whatever the code says was the matter. Only a lack of permission has its own.
 */
async function purgeMany(call: Call): Promise<Answer> {
  const here = await binOf(call, 'purgeRecycled')
  const ids = [...new Set(idsOf(call))]
  const results = await call.context.engine.batch(
    here.actor,
    ids.map((id) => purgeOp(here, id)),
    'all',
  )
  const failed = results.flatMap((result) => (result.status === 'failed' ? [result.error] : []))
  const reason = failed.find(({ code }) => code !== 'batch_refused') ?? failed[0]
  if (reason) {
    const found = faultOf(reason, { kind: 'any', source: false })
    throw new Refusal(found.code === 'NoPermission' ? found : { ...found, status: 500 })
  }
  return { status: 204 }
}

/** Destroys what lies in the bin now, step by step; what comes in meanwhile stays. */
async function clear(call: Call): Promise<Answer> {
  const here = await binOf(call, 'purgeRecycled')
  const { engine } = call.context
  const drives = [here.drive.id]
  const newest = (await engine.trashPage(here.actor, { drives, after: null, limit: 1 })).items[0]?.entry
  // Cursors name a place, not an entry: the next page starts there also when the entries before it are gone.
  let after: TrashCursor | null = newest ? { trashedAt: newest.trashedAt, id: (newest.id + 1) as TrashId } : null
  while (after !== null) {
    const page: Awaited<ReturnType<typeof engine.trashPage>> = await engine.trashPage(here.actor, {
      drives,
      after,
      limit: CLEAR_STEP,
    })
    const results = await engine.batch(
      here.actor,
      page.items.map(({ entry: { id } }) => purgeOp(here, id)),
    )
    // Somebody else may have destroyed or restored an entry meanwhile; it is out of the bin either way.
    const failed = results.find((result) => result.status === 'failed' && result.error.code !== 'trash_not_found')
    if (failed?.status === 'failed') throw new Refusal(faultOf(failed.error, { kind: 'any', source: false }))
    after = page.next
  }
  return { status: 204 }
}

/** How long the bin of this space keeps what comes; what lies there already is never kept for a shorter time. */
async function keep(call: Call): Promise<Answer> {
  const { drive, caller } = await binOf(call, 'manage')
  const trashDays = wholeNumber(members(call), 'retentionDays', { min: 1, max: RETENTION_DAYS_MAX })
  if (trashDays === undefined) throw refuse('ParamInvalid', 'retentionDays is required.')
  await changeSpace(call, caller.library, drive, { settings: { trashDays } })
  return { status: 204 }
}

async function recycled(call: Call): Promise<{ view: NodeView; library: App }> {
  const here = await binOf(call, 'read')
  const node = { drive: here.drive.id, trash: idOf(call) }
  const op = { kind: 'get', node, need: 0, trashed: 'only' } as const
  const { view } = await perform(call, here.actor, op, { kind: 'any', source: false })
  return { view: view!, library: here.caller.library }
}

async function info(call: Call): Promise<Answer> {
  const { view, library } = await recycled(call)
  const until = isoTime(call.context.engine.now() + URL_LIFE_MS)
  const url = downloadUrl(call, view)
  const urls = { cosUrl: url, cosUrlExpiration: until, availableCosUrls: [url] }
  return {
    status: 200,
    body: { ...(view.node.kind === 'file' ? urls : {}), ...entry(call, view, { media: isMedia(library) }) },
  }
}

async function preview(call: Call): Promise<Answer> {
  const { view, library } = await recycled(call)
  if (view.node.kind === 'folder') throw refuse('FileNotFound')
  const location = downloadUrl(call, view, URL_LIFE_MS, view.node.version, pictureIn(call.query, view))
  return { status: 302, headers: { location, ...entryHeaders(view, isMedia(library)) } }
}

async function list(call: Call): Promise<Answer> {
  const here = await binOf(call, 'read')
  const order = orderOf(call.query)
  if (order === undefined && !isPaged(call.query)) return listFrom(call, here)
  const all = await everything(call, here)
  if (order) all.sort(order)
  const { shown: items, more } = pageIn(call.query, all, isPaged(call.query) ? PAGE_SIZE : LIMIT)
  return { status: 200, body: { ...shown(call, here, items), totalNum: all.length, ...more } }
}

/** In the engine's own order, latest first, a marker names the last entry shown: `<time>-<id>`. */
async function listFrom(call: Call, here: Visit): Promise<Answer> {
  const limit = count(call.query, 'limit', LIMIT)
  const after = cursorOf(call.query)
  const page = await call.context.engine.trashPage(here.actor, { drives: [here.drive.id], after, limit })
  const { next } = page
  const more = next ? { nextMarker: `${next.trashedAt}-${next.id}` } : {}
  return { status: 200, body: { ...shown(call, here, page.items), ...more } }
}

function cursorOf(query: URLSearchParams): TrashCursor | null {
  const marker = word(query, 'marker')
  if (marker === undefined) return null
  const [, time, id] = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(marker) ?? []
  if (id === undefined) throw refuse('MarkerNotFound')
  return { trashedAt: Number(time), id: Number(id) as TrashId }
}

async function everything(call: Call, { actor, drive }: Visit): Promise<TrashView[]> {
  const all: TrashView[] = []
  let after: TrashCursor | null = null
  do {
    const page: { items: readonly TrashView[]; next: TrashCursor | null } = await call.context.engine.trashPage(actor, {
      drives: [drive.id],
      after,
      limit: LIMIT.max,
    })
    all.push(...page.items)
    after = page.next
  } while (after !== null && all.length < PAGED_MAX)
  // Other orders and page numbers need all of it in hand.
  if (after !== null) {
    throw refuse('ParamInvalid', `A bin of more than ${PAGED_MAX} items is listed by marker, without order_by.`)
  }
  return all
}

type Order = (a: TrashView, b: TrashView) => number

const removed: Order = (a, b) => a.entry.trashedAt - b.entry.trashedAt || a.entry.id - b.entry.id
const ORDERS: Readonly<Record<string, Order>> = {
  name: (a, b) => Buffer.compare(Buffer.from(a.entry.name), Buffer.from(b.entry.name)),
  modificationTime: (a, b) => a.node.updatedAt - b.node.updatedAt,
  size: (a, b) => (a.node.content?.size ?? 0) - (b.node.content?.size ?? 0),
  removalTime: removed,
  // What is kept for ever has the longest time left.
  remainingTime: (a, b) =>
    (a.entry.expiresAt || Number.MAX_SAFE_INTEGER) - (b.entry.expiresAt || Number.MAX_SAFE_INTEGER),
}

/** Undefined when the client asks for none: then the latest come first. */
function orderOf(query: URLSearchParams): Order | undefined {
  const by = word(query, 'order_by', 'orderBy')
  if (by === undefined) return undefined
  const order = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  const direction = word(query, 'order_by_type', 'orderByType') ?? 'asc'
  if (!order) throw refuse('ParamInvalid', 'order_by is unknown.')
  if (direction !== 'asc' && direction !== 'desc') throw refuse('ParamInvalid', 'order_by_type must be asc or desc.')
  const sign = direction === 'desc' ? -1 : 1
  return (a, b) => sign * (order(a, b) || removed(a, b))
}

/** Whole days, begun ones too. 0 is how the vendor's library settings write "never". */
function daysLeft(expiresAt: number, now: number): number {
  return expiresAt === 0 ? 0 : Math.max(1, Math.ceil((expiresAt - now) / (24 * 3600_000)))
}

function shown(call: Call, { caller, drive }: Visit, items: readonly TrashView[]) {
  const now = call.context.engine.now()
  return {
    // Changes whenever something comes into the bin or leaves it.
    eTag: `"${drive.id}-${drive.trashSeq}"`,
    contents: items.map(({ entry: put, node }) => ({
      recycledItemId: put.id,
      originalPath: put.path,
      spaceId: spaceIdOf(drive, caller.library.id),
      name: put.name,
      type: typeOf(node, isMedia(caller.library)),
      ...(node.kind === 'file' ? content(node) : { size: '0' }),
      creationTime: isoTime(node.createdAt),
      modificationTime: isoTime(node.updatedAt),
      removalTime: isoTime(put.trashedAt),
      remainingTime: daysLeft(put.expiresAt, now),
    })),
  }
}
