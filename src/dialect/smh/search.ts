/**
 * Searching a space: the classic search with an id and pages, the newer one in a single call, and the flat view. Nothing is
 * kept between calls: a search id is the question itself, and a marker the number of the last entry shown. Pages 1283/75482–75483.
 */
import {
  matcher,
  type Node,
  type NodeView,
  type OrderBy,
  positionOf,
  type SearchQuery,
  type Where,
} from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, type Operation } from './call.ts'
import { SOUGHT_LINK } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { extensionsOf } from './file-type.ts'
import { entries, filterOf, isDescending, markedNode } from './listing.ts'
import { CATEGORY } from './present.ts'
import { markerOf } from './terms.ts'
import {
  bytes,
  count,
  type Members,
  member,
  members,
  membersOf,
  text,
  texts,
  time,
  wholeNumber,
  word,
  yes,
} from './words.ts'

const SPACE = '{lib}/{space}'
const PAGE_SIZE = 20
const LIMIT = { min: 1, max: 100, otherwise: 20 }
const FLAT_LIMIT = { min: 1, max: 1000, otherwise: 20 }
const KEYWORDS_MAX = 100
/** How many words of a name count for its place; whoever has more of them is no further ahead. */
const RANKS_MAX = 8
/** The longest search id that is read, in characters. */
const ID_MAX = 16_000

export const searchOperations: readonly Operation[] = [
  {
    operation: 'Create search',
    coverage: 'done; nothing has tags and nobody an organization, so these find nothing',
    method: 'POST',
    path: `search/${SPACE}/space-contents`,
    handle: create,
  },
  {
    operation: 'Search in one call',
    coverage: 'partial: names only, no contents of files',
    method: 'POST',
    path: `search/${SPACE}/search-fs`,
    handle: searchFs,
  },
  { operation: 'Continue search', coverage: 'done', method: 'GET', path: `search/${SPACE}/{id}`, handle: goOn },
  { operation: 'Delete search', coverage: 'done', method: 'DELETE', path: `search/${SPACE}/{id}`, handle: end },
  {
    operation: 'Flat view of a space',
    coverage: 'done',
    method: 'GET',
    path: `space/${SPACE}/contents-view`,
    handle: flatView,
  },
]

/** What is asked, in our words. */
interface Question {
  /** What else must hold of what has one of the words. */
  readonly where: Where
  /** Parts of names, of which one must be there; none = whatever the name. */
  readonly words: readonly Where[]
  /** Names from the root to the directory searched. */
  readonly scope: readonly string[]
  /** relevance: whose names have more of the words come first; those with as many in the order of names. */
  readonly by: OrderBy | 'relevance'
  readonly descending: boolean
}

async function create(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const body = members(call)
  const question = classicQuestion(body)
  const id = Buffer.from(JSON.stringify({ asked: body })).toString('base64url')
  if (id.length > ID_MAX) throw refuse('SearchTooComplex')
  return answer(call, here, question, id)
}

async function goOn(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  return answer(call, here, questionOf(call.params.id!), call.params.id!)
}

/** There is nothing to forget. */
async function end(call: Call): Promise<Answer> {
  await visit(call, 'read')
  questionOf(call.params.id!)
  return { status: 204 }
}

/** The question that an id stands for: it is judged as if it were asked anew. */
function questionOf(id: string): Question {
  try {
    const { asked } = JSON.parse(id.length > ID_MAX ? '{}' : Buffer.from(id, 'base64url').toString()) as Members
    return classicQuestion(membersOf(asked, 'The question'))
  } catch {
    // As unknown as any other text.
    throw refuse('SearchIdInvalid')
  }
}

async function answer(call: Call, here: Visit, question: Question, searchId: string): Promise<Answer> {
  const page = await run(call, here, question, PAGE_SIZE)
  const more = page.next === undefined ? {} : { nextMarker: page.next }
  const found = { searchId, searchFinished: page.next === undefined, hasMore: page.next !== undefined, ...more }
  return { status: 200, body: { ...found, contents: await shown(call, here, page.items, true) } }
}

async function shown(call: Call, here: Visit, items: readonly NodeView[], withPath: boolean) {
  const contents = await entries(call, here, items)
  return contents.map((entry, at) => (withPath ? { path: items[at]!.path, ...entry } : entry))
}

interface Page {
  readonly items: readonly NodeView[]
  /** The marker of the next one. */
  readonly next: number | undefined
}

/** One page of what a question finds, behind the entry that the marker names. */
async function run(call: Call, here: Visit, question: Question, limit: number): Promise<Page> {
  const marker = markerOf(call.query)
  const last = marker === undefined ? null : (await markedNode(call, here, marker)).node
  if (question.by === 'relevance') return ranked(call, here, question, last, limit)
  const { where, words, by, scope, descending } = question
  const wanted = words.length > 0 ? all([{ any: words }, where]) : where
  const page = await search(call, here, { where: wanted, scope, by, descending }, last, limit)
  return { items: page.items, next: page.next === null ? undefined : Number(page.next.id) }
}

/** Rank by rank, the names with the most words first; each rank is a search of its own. */
async function ranked(
  call: Call,
  here: Visit,
  { where, words, scope }: Question,
  last: Node | null,
  limit: number,
): Promise<Page> {
  const top = Math.min(words.length, RANKS_MAX)
  const reached = last ? words.filter((one) => matcher(one)(last)).length : top
  const items: NodeView[] = []
  for (let rank = Math.max(1, Math.min(top, reached)); rank >= 1; rank--) {
    const hasMore: Where = { atLeast: rank + 1, of: words }
    const wanted = all([{ atLeast: rank, of: words }, rank < top ? { not: hasMore } : undefined, where])
    const from = rank === reached ? last : null
    const asked = { where: wanted, scope, by: 'name', descending: false } as const
    const page = await search(call, here, asked, from, limit - items.length)
    items.push(...page.items)
    if (items.length === limit && (page.next || rank > 1)) return { items, next: Number(items.at(-1)!.node.id) }
  }
  return { items, next: undefined }
}

async function search(
  call: Call,
  { actor, drive }: Visit,
  { where, scope, by, descending }: { where: Where; scope: readonly string[]; by: OrderBy; descending: boolean },
  last: Node | null,
  limit: number,
) {
  const position = last && positionOf(last, by)
  const query: SearchQuery = {
    drives: [drive.id],
    where,
    ...(scope.length === 0 ? {} : { below: { drive: drive.id, path: scope } }),
    trashed: 'no',
    order: [{ by, descending }],
    limit,
    cursor: position && { values: [position.value], id: position.id },
  }
  const page = await call.context.engine.search(actor, query)
  if (!('status' in page)) return page
  const isTooMuch = page.error.code === 'attribute_invalid'
  throw isTooMuch ? refuse('SearchTooComplex') : new Refusal(faultOf(page.error, { kind: 'folder', source: false }))
}

const ORDERS: Readonly<Record<string, OrderBy>> = {
  name: 'name',
  size: 'size',
  modificationTime: 'updated',
  creationTime: 'created',
  localModificationTime: 'updated',
  localCreationTime: 'created',
}

/** Where no order is asked for, what has more of several words comes first. */
function orderOf(body: Members, words: readonly Where[]): Pick<Question, 'by' | 'descending'> {
  const by = text(body, 'orderBy')
  const order = orderIn(by || 'name', text(body, 'orderByType') || 'asc')
  return !by && words.length > 1 ? { by: 'relevance', descending: false } : order
}

function orderIn(by: string, type: string): { by: OrderBy; descending: boolean } {
  const order = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  if (!order) throw refuse('ParamInvalid', 'orderBy is unknown.')
  if (type !== 'asc' && type !== 'desc') throw refuse('ParamInvalid', 'orderByType must be asc or desc.')
  return { by: order, descending: type === 'desc' }
}

/** Words of a keyword are alternatives. */
function classicQuestion(body: Members): Question {
  const words = (text(body, 'keyword') ?? '').split(/\s+/).filter(Boolean)
  const mode = text(body, 'searchMode') ?? 'normal'
  if (mode !== 'fast' && mode !== 'normal' && mode !== '') throw refuse('ParamInvalid', 'searchMode is unknown.')
  const creators = creatorsIn(body)
  const parts = partsOf(words)
  return {
    words: parts,
    where: all([
      ...typesIn(listOf(body, 'type')).map(typeWhere),
      extensionIn(texts(body, 'extname')),
      creators && { field: 'creator', in: creators },
      tagsIn(body),
      ...common(body),
    ]),
    scope: bodyPath(text(body, 'scope') ?? ''),
    ...orderOf(body, parts),
  }
}

function partsOf(words: readonly string[]): Where[] {
  if (words.length > KEYWORDS_MAX) throw refuse('SearchTooComplex')
  return words.map((one) => ({ field: 'name', is: 'contains', text: one }))
}

function all(conditions: readonly (Where | undefined)[]): Where {
  return { all: conditions.filter((one) => one !== undefined) }
}

/** One text or several. */
function listOf(body: Members, name: string): string[] {
  const value = member(body, name)
  return typeof value === 'string' ? [value] : (texts(body, name) ?? [])
}

/** The types wanted are alternatives, those with an exclamation mark are left out. */
function typesIn(types: readonly string[]): { wanted: string[]; isNot: boolean }[] {
  const known = types.filter((type) => type !== '' && type !== 'all')
  const wanted = known.filter((type) => !type.startsWith('!'))
  const unwanted = known.filter((type) => type.startsWith('!')).map((type) => type.slice(1))
  return [
    ...(wanted.length > 0 ? [{ wanted, isNot: false }] : []),
    ...(unwanted.length > 0 ? [{ wanted: unwanted, isNot: true }] : []),
  ]
}

function typeWhere({ wanted, isNot }: { wanted: string[]; isNot: boolean }): Where {
  const any: Where = { any: wanted.map(oneType) }
  return isNot ? { not: any } : any
}

/** Short words of the vendor's for its classes of files. */
const CLASSES: Readonly<Record<string, string>> = { doc: 'word', xls: 'excel', ppt: 'powerpoint', txt: 'text' }

function oneType(type: string): Where {
  if (type === 'dir') return { field: 'kind', in: ['folder'] }
  if (type === 'file') return { field: 'kind', in: ['file'] }
  const extensions = extensionsOf(CLASSES[type] ?? type)
  if (extensions.length === 0) throw refuse('ParamInvalid', `type is unknown: ${type}`)
  return { field: 'extension', in: extensions }
}

function extensionIn(extnames: readonly string[] | undefined): Where | undefined {
  if (!extnames || extnames.length === 0) return undefined
  return { field: 'extension', in: extnames.map((name) => name.replace(/^\./, '').toLowerCase()) }
}

/** People by their user id: no call tells of organizations, so one that is given narrows nothing. */
function creatorsIn(body: Members): `user:${string}`[] | undefined {
  const given = member(body, 'creators')
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return undefined
  if (!Array.isArray(given)) throw refuse('ParamInvalid', 'creators must be a list.')
  return given.map((one) => `user:${text((one ?? {}) as Members, 'userId') ?? ''}` as const)
}

/** No call puts tags on entries, so one that is asked for is on none. */
function tagsIn(body: Members): Where | undefined {
  const given = member(body, 'tags')
  if (given !== undefined && !Array.isArray(given)) throw refuse('ParamInvalid', 'tags must be a list.')
  return given === undefined || given.length === 0 ? undefined : { any: [] }
}

/** What both searches know. */
function common(body: Members): (Where | undefined)[] {
  const [labels, categories] = [texts(body, 'labels') ?? [], texts(body, 'categories') ?? []]
  return [
    sizeIs(body, 'minFileSize', '>='),
    sizeIs(body, 'maxFileSize', '<='),
    timeIs(body, 'modificationTimeStart', '>='),
    timeIs(body, 'modificationTimeEnd', '<='),
    labels.length > 0 ? { field: 'label', in: labels } : undefined,
    categories.length > 0 ? { field: 'extra', key: CATEGORY, in: categories } : undefined,
  ]
}

function sizeIs(body: Members, name: string, is: '>=' | '<='): Where | undefined {
  const value = member(body, name)
  return value === undefined || value === '' ? undefined : { field: 'size', is, value: bytes(value, name) }
}

function timeIs(body: Members, name: string, is: '>=' | '<='): Where | undefined {
  const value = time(body, name)
  return value === undefined ? undefined : { field: 'updated', is, value }
}

async function searchFs(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const body = members(call)
  if ((text(body, 'type') ?? 'filename') !== 'filename') {
    throw refuse('SearchNotEnabled', 'Searching the contents of files is not enabled.')
  }
  const limit = wholeNumber(body, 'limit', LIMIT) ?? count(call.query, 'limit', LIMIT)
  const words = partsOf((texts(body, 'keywords') ?? []).filter(Boolean))
  const question: Question = {
    words,
    where: all([
      extensionIn(texts(body, 'inExtnames')),
      without(extensionIn(texts(body, 'excludeExtnames'))),
      kindsIn(texts(body, 'fileTypes') ?? []),
      ...common(body),
    ]),
    scope: bodyPath(text(body, 'scope') ?? ''),
    by: words.length > 1 ? 'relevance' : 'name',
    descending: false,
  }
  const page = await run(withMarker(call, body), here, question, limit)
  const more = page.next === undefined ? {} : { nextMarker: String(page.next) }
  return { status: 200, body: { ...more, contents: await shown(call, here, page.items, true) } }
}

/** The marker may come in the body as well. */
function withMarker(call: Call, body: Members): Call {
  const marker = member(body, 'marker')
  if (marker === undefined || marker === '') return call
  if (typeof marker !== 'string' && typeof marker !== 'number') throw refuse('MarkerNotFound')
  return { ...call, query: new URLSearchParams([...call.query, ['marker', String(marker)]]) }
}

function without(where: Where | undefined): Where | undefined {
  return where && { not: where }
}

function kindsIn(types: readonly string[]): Where | undefined {
  if (types.length === 0 || types.includes('all')) return undefined
  return { any: types.map(kindWhere) }
}

const FILE: Where = { field: 'kind', in: ['file'] }
/** An empty file with a word of its own; with content it is no link any more. */
const SYMLINK: Where = {
  all: [
    { field: 'extra', key: SOUGHT_LINK.key, in: [SOUGHT_LINK.value] },
    { field: 'size', is: '<=', value: 0 },
  ],
}
const KINDS: Readonly<Record<string, Where>> = {
  dir: { field: 'kind', in: ['folder'] },
  file: { all: [FILE, { not: SYMLINK }] },
  symlink: { all: [FILE, SYMLINK] },
}

function kindWhere(type: string): Where {
  if (Object.hasOwn(KINDS, type)) return KINDS[type]!
  throw refuse('ParamInvalid', `fileTypes has an unknown type: ${type}`)
}

async function flatView(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const { query } = call
  const only = filterOf(query)
  if (!only) throw refuse('ParamInvalid', 'filter is required.')
  const category = word(query, 'category')
  const question: Question = {
    words: [],
    where: all([
      { field: 'kind', in: [only] },
      category === undefined ? undefined : { field: 'extra', key: CATEGORY, in: [category] },
    ]),
    scope: [],
    ...orderIn(word(query, 'order_by', 'orderBy') ?? 'name', isDescending(query) ? 'desc' : 'asc'),
  }
  const page = await run(call, here, question, count(query, 'limit', FLAT_LIMIT))
  const more = page.next === undefined ? {} : { nextMarker: String(page.next) }
  return { status: 200, body: { ...more, contents: await shown(call, here, page.items, yes(query, 'with_path')) } }
}
