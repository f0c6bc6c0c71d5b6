/**
 * Searching a space: the classic search with an id and pages, the newer one in a single call, and the flat view. Nothing is
 * kept between calls: a search id is the question itself, and a marker the number of the last entry shown. Pages 1283/75482–75483.
 */
import { type NodeView, type OrderBy, positionOf, type SearchQuery, type Where } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, type Operation } from './call.ts'
import { SOUGHT_LINK } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { extensionsOf } from './file-type.ts'
import { entries, filterOf, isDescending, markedNode } from './listing.ts'
import { CATEGORY } from './present.ts'
import { markerOf } from './terms.ts'
import { bytes, count, type Members, member, members, text, texts, time, wholeNumber, word, yes } from './words.ts'

const SPACE = '{lib}/{space}'
const PAGE_SIZE = 20
const LIMIT = { min: 1, max: 100, otherwise: 20 }
const FLAT_LIMIT = { min: 1, max: 1000, otherwise: 20 }
const KEYWORDS_MAX = 100
/** The longest search id that is read, in characters. */
const ID_MAX = 16_000

export const searchOperations: readonly Operation[] = [
  {
    operation: 'Create search',
    coverage: 'partial: in the order of names, not of relevance; tags and creators by organization find nothing',
    method: 'POST',
    path: `search/${SPACE}/space-contents`,
    handle: create,
  },
  {
    operation: 'Search in one call',
    coverage: 'partial: names only, no contents of files; in the order of names',
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

/** What is asked, in our words; plain JSON, because the search id carries it. */
interface Question {
  readonly where: Where
  /** Names from the root to the directory searched. */
  readonly scope: readonly string[]
  readonly by: OrderBy
  readonly descending: boolean
}

async function create(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const question = classicQuestion(members(call))
  return answer(call, here, question, idOf(question))
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

function idOf(question: Question): string {
  return Buffer.from(JSON.stringify(question)).toString('base64url')
}

function questionOf(id: string): Question {
  try {
    const question =
      id.length > ID_MAX ? null : (JSON.parse(Buffer.from(id, 'base64url').toString()) as Question | null)
    if (question && isOrder(question.by) && Array.isArray(question.scope) && question.where) return question
  } catch {
    // As unknown as any other text.
  }
  throw refuse('SearchIdInvalid')
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

/** One page of what a question finds, behind the entry that the marker names. */
async function run(call: Call, here: Visit, { where, scope, by, descending }: Question, limit: number) {
  const { actor, drive } = here
  const marker = markerOf(call.query)
  const last = marker === undefined ? null : positionOf((await markedNode(call, here, marker)).node, by)
  const cursor = last && { values: [last.value], id: last.id }
  const below = scope.length === 0 ? {} : { below: { drive: drive.id, path: scope } }
  const query: SearchQuery = {
    drives: [drive.id],
    where,
    ...below,
    trashed: 'no',
    order: [{ by, descending }],
    limit,
    cursor,
  }
  const page = await call.context.engine.search(actor, query)
  if ('status' in page) {
    const isTooMuch = page.error.code === 'attribute_invalid'
    throw isTooMuch ? refuse('SearchTooComplex') : new Refusal(faultOf(page.error, { kind: 'folder', source: false }))
  }
  return { items: page.items, next: page.next === null ? undefined : Number(page.next.id) }
}

const ORDERS: Readonly<Record<string, OrderBy>> = {
  name: 'name',
  size: 'size',
  modificationTime: 'updated',
  creationTime: 'created',
  localModificationTime: 'updated',
  localCreationTime: 'created',
}

function isOrder(by: unknown): by is OrderBy {
  return Object.values(ORDERS).some((order) => order === by)
}

function orderIn(by: string, type: string): Pick<Question, 'by' | 'descending'> {
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
  return {
    where: all([
      named(words),
      ...typesIn(listOf(body, 'type')).map(typeWhere),
      extensionIn(texts(body, 'extname')),
      creators && { field: 'creator', in: creators },
      tagsIn(body),
      ...common(body),
    ]),
    scope: bodyPath(text(body, 'scope') ?? ''),
    ...orderIn(text(body, 'orderBy') || 'name', text(body, 'orderByType') || 'asc'),
  }
}

function named(words: readonly string[]): Where | undefined {
  if (words.length > KEYWORDS_MAX) throw refuse('SearchTooComplex')
  if (words.length === 0) return undefined
  return { any: words.map((one) => ({ field: 'name', is: 'contains', text: one })) }
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

/** People by their user id; of organizations nothing is known here. */
function creatorsIn(body: Members): `user:${string}`[] | undefined {
  const given = member(body, 'creators')
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return undefined
  if (!Array.isArray(given)) throw refuse('ParamInvalid', 'creators must be a list.')
  return given.map((one) => `user:${text((one ?? {}) as Members, 'userId') ?? ''}` as const)
}

/** Entries have no tags here, so one that is asked for is on none. */
function tagsIn(body: Members): Where | undefined {
  const given = member(body, 'tags')
  return Array.isArray(given) && given.length > 0 ? { any: [] } : undefined
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
  const question: Question = {
    where: all([
      named((texts(body, 'keywords') ?? []).filter(Boolean)),
      extensionIn(texts(body, 'inExtnames')),
      without(extensionIn(texts(body, 'excludeExtnames'))),
      kindsIn(texts(body, 'fileTypes') ?? []),
      ...common(body),
    ]),
    scope: bodyPath(text(body, 'scope') ?? ''),
    by: 'name',
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
