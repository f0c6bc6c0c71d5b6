/** Listing a directory: by marker, by page or by offset, in every order, whole or by names. Page 1339/71143. */
import {
  ACTIONS,
  type Kind,
  type ListOp,
  type ListOrderBy,
  type Node,
  type NodeId,
  type NodeView,
  type Page,
  type Position,
  positionOf,
} from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, type Call, entryPath } from './call.ts'
import { isLink } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { favoritesAmong } from './favorite.ts'
import { isMedia } from './library.ts'
import { isKept, keptAbove, localSyncShown } from './local-sync.ts'
import { isPaged, LIMIT, pageNumber } from './page.ts'
import { perform } from './perform.ts'
import { entry, type Shown } from './present.ts'
import { rightsShown } from './role.ts'
import { kindAt } from './rules.ts'
import { targetsOf } from './symlink.ts'
import { markerOf } from './terms.ts'
import { count, word } from './words.ts'

const ORDERS: Readonly<Record<string, ListOrderBy>> = {
  name: 'name',
  modificationTime: 'updated',
  localModificationTime: 'localModified',
  creationTime: 'created',
  localCreationTime: 'localCreated',
  size: 'size',
}
const FILTERS = { onlyDir: 'folder', onlyFile: 'file' } as const

type Order = Pick<ListOp, 'by' | 'descending' | 'foldersFirst'>

export async function list(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const { query } = call
  const path = entryPath(call)
  const [only, names] = [filterOf(query), namesOf(query)]
  const order = orderOf(query, names ? 'name' : usualOrder(here, path))
  const paging = await pagingOf(call, here, order.by)
  const folder = { drive: here.drive.id, path }
  const op: ListOp = { kind: 'list', folder, ...order, ...paging, count: true, ...(only ? { only } : {}) }
  const [page, above] = await Promise.all([
    names ? pageByNames(call, here, op, names) : pageOf(call, here, op),
    keptAbove(call, here, path),
  ])
  const isMarked = names !== undefined || !(paging.cursor && 'offset' in paging.cursor)
  return shown(call, here, page, above, { only, isMarked })
}

async function pageOf(call: Call, { actor }: Visit, op: ListOp): Promise<Page> {
  const result = await perform(call, actor, op, { kind: 'folder', source: false })
  if (result.status !== 'done' || !result.page) throw new Error('a listing has a page')
  return result.page
}

/** @param above the nearest directory above the listed one that a client keeps in step */
async function shown(
  call: Call,
  here: Visit,
  { folder, items, next, files, folders }: Page,
  above: Node | null,
  { only, isMarked }: { readonly only: Kind | undefined; readonly isMarked: boolean },
): Promise<Answer> {
  const kept = isKept(folder.node) ? folder.node : above
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
      contents: await entries(call, here, items, kept),
      ...localSyncShown(folder.node, above),
      ...(here.byAuthority ? { authorityList: rightsShown(folder.actions) } : {}),
    },
  }
}

/**
 * Entries of a list, each with what it takes to tell of it.
 * @param kept the nearest directory above them that a client keeps in step
 */
export async function entries(
  call: Call,
  here: Visit,
  items: readonly NodeView[],
  kept: Node | null = null,
): Promise<Shown[]> {
  const media = isMedia(here.caller.library)
  const favorites = await favoritesAmong(
    call,
    here,
    items.map(({ node }) => node),
  )
  const links = items.filter(({ node }) => isLink(node))
  const targets = links.length > 0 ? await targetsOf(call, here.actor, links) : []
  const targetOf = new Map(links.map((link, at) => [link, targets[at]!]))
  return items.map((item, at) => {
    return entry(call, item, {
      media,
      byAuthority: here.byAuthority,
      isFavorite: favorites[at]!,
      target: targetOf.get(item) ?? null,
      kept,
    })
  })
}

/** Without an order, files come by name, but those of an album by when they were uploaded. */
function usualOrder(here: Visit, path: readonly string[]): string {
  return isMedia(here.caller.library) && kindAt(here, [...path, '']) === 'file' ? 'creationTime' : 'name'
}

function orderOf(query: URLSearchParams, usual = 'name'): Order {
  const order = word(query, 'order_by') ?? usual
  const by = Object.hasOwn(ORDERS, order) ? ORDERS[order] : undefined
  if (by === undefined) throw refuse('ParamInvalid', 'order_by is unknown.')
  return { by, descending: isDescending(query), foldersFirst: word(query, 'sort_type') !== 'union' }
}

export function isDescending(query: URLSearchParams): boolean {
  const direction = word(query, 'order_by_type') ?? 'asc'
  if (direction !== 'asc' && direction !== 'desc') throw refuse('ParamInvalid', 'order_by_type must be asc or desc.')
  return direction === 'desc'
}

export function filterOf(query: URLSearchParams): Kind | undefined {
  const filter = word(query, 'filter')
  if (filter === undefined) return undefined
  if (!Object.hasOwn(FILTERS, filter)) throw refuse('ParamInvalid', 'filter must be onlyDir or onlyFile.')
  return FILTERS[filter as keyof typeof FILTERS]
}

/** The three ways to page: by marker, by page number, by offset. */
async function pagingOf(call: Call, here: Visit, by: ListOrderBy): Promise<Pick<ListOp, 'limit' | 'cursor'>> {
  const { query } = call
  const marker = markerOf(query)
  if (isPaged(query)) {
    if (marker !== undefined) throw refuse('ParamInvalid', 'page and marker cannot be combined.')
    const limit = count(query, 'page_size', LIMIT)
    return { limit, cursor: { offset: (pageNumber(query, limit) - 1) * limit } }
  }
  const limit = count(query, 'limit', LIMIT)
  if (marker !== undefined)
    return { limit, cursor: { after: positionOf((await markedNode(call, here, marker)).node, by) } }
  if (word(query, 'offset') === undefined) return { limit }
  return { limit, cursor: { offset: count(query, 'offset', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 }) } }
}

/**
 * One of the vendor's clients keeps markers as numbers, so a marker is no more than the id of the last entry shown. It is good
 * while the entry exists, also when it has gone elsewhere.
 */
export async function markedNode(call: Call, { actor, drive }: Visit, id: NodeId): Promise<NodeView> {
  const op = { kind: 'get', node: { drive: drive.id, id }, need: ACTIONS.list, trashed: 'any' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  if (result?.status !== 'done' || !result.view || result.view.node.parent === 0) throw refuse('MarkerNotFound')
  return result.view
}

/** Which names are wanted: those that begin so, those behind one. Only in the order of names. */
interface Names {
  readonly prefix: string
  readonly after: string
}

function namesOf(query: URLSearchParams): Names | undefined {
  const prefix = (word(query, 'prefix') ?? '').normalize('NFC')
  const after = (word(query, 'start_name') ?? '').normalize('NFC')
  if (prefix === '' && after === '') return undefined
  if (orderOf(query).by !== 'name') throw refuse('ParamInvalid', 'prefix and start_name need the order by name.')
  if (isPaged(query) || word(query, 'offset') !== undefined) {
    throw refuse('ParamInvalid', 'prefix and start_name are paged by marker.')
  }
  return { prefix, after }
}

/** Behind every name that begins with the prefix. */
const LAST_CHARACTER = '\u{10ffff}'

/**
 * The names that begin alike stand together in the order of names, and so do those behind one: each run of kinds is read
 * from where they begin to where they end.
 */
async function pageByNames(call: Call, { actor }: Visit, op: ListOp, { prefix, after }: Names): Promise<Page> {
  const { cursor: given, ...rest } = op
  const last = given && 'after' in given ? given.after : undefined
  const ops = runsOf(op, last).map((kind): ListOp => {
    const isPassed = last !== undefined && (kind === undefined || kind === last.kind)
    const start = isPassed ? last : edge(kind ?? 'file', prefix, op.descending ? '' : after, op.descending)
    return { ...rest, ...(kind ? { only: kind } : {}), ...(start ? { cursor: { after: start } } : {}) }
  })
  const pages = (await call.context.engine.batch(actor, ops)).map((result) => {
    if (result.status === 'failed') throw new Refusal(faultOf(result.error, { kind: 'folder', source: false }))
    return result.status === 'done' ? result.page! : never()
  })
  const fits = ({ node }: NodeView) => node.key.startsWith(prefix) && (after === '' || isBehind(node.key, after))
  const all = pages.flatMap((page) => page.items.filter(fits))
  const items = all.slice(0, op.limit)
  // A run goes on where its page was full of what is wanted to the end.
  const isMore = all.length > op.limit || pages.some(({ items, next }) => next !== null && items.slice(-1).some(fits))
  const next = isMore && items.length > 0 ? positionOf(items.at(-1)!.node, 'name') : null
  return { ...pages[0]!, items, next }
}

/** The kinds to read one after the other; undefined = both in one. What a marker has passed is not read again. */
function runsOf({ only, foldersFirst }: ListOp, last: Position | undefined): readonly (Kind | undefined)[] {
  if (only || !foldersFirst) return [only]
  return last?.kind === 'file' ? ['file'] : ['folder', 'file']
}

function never(): never {
  throw new Error('a listing never becomes a task')
}

function isBehind(key: string, name: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(name)) > 0
}

/** Where a run begins: before the first name wanted. Undefined = at its very start. */
function edge(kind: Kind, prefix: string, after: string, descending: boolean): Position | undefined {
  if (descending) return prefix === '' ? undefined : { kind, value: prefix + LAST_CHARACTER, id: 0 as NodeId }
  const isAfter = after !== '' && !(prefix !== '' && isBehind(prefix, after))
  if (isAfter) return { kind, value: after, id: Number.MAX_SAFE_INTEGER as NodeId }
  return prefix === '' ? undefined : { kind, value: prefix, id: 0 as NodeId }
}
