/** A user's own lists: favourites, and the files lately looked at or changed. */
import type { MarkCursor, MarkKind, MarkPage, MarkView, Node, NodeView, Ref } from '../../engine/index.ts'
import { isGuest, type Visit, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, type Operation } from './call.ts'
import { isLink, typeOf } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { fileTypeOf } from './file-type.ts'
import { isMedia } from './library.ts'
import { isPaged, LIMIT, pageIn } from './page.ts'
import { content, type Shown } from './present.ts'
import { inodeOf, isoTime, spaceIdOf, userOf } from './terms.ts'
import {
  booleanOf,
  count,
  type Members,
  member,
  members,
  requiredText,
  text,
  texts,
  wholeNumber,
  word,
  yes,
} from './words.ts'

const FAVORITE = 'favorite/{lib}/{space}'
/** What one step reads of a list that is shown by page number. */
const STEP = 1000

export const favoriteOperations: readonly Operation[] = [
  { operation: 'Cancel favourite', coverage: 'done', method: 'POST', path: FAVORITE, flag: 'cancel', handle: cancel },
  { operation: 'Add favourite', coverage: 'done', method: 'POST', path: FAVORITE, handle: add },
  { operation: 'List favourites', coverage: 'done', method: 'GET', path: `${FAVORITE}/list`, handle: list },
  {
    operation: 'Recently used files',
    coverage: 'done',
    method: 'POST',
    path: 'recent/{lib}/{space}/recently-used-file',
    handle: recent,
  },
]

/** The entry a body names, by path or by inode; the inode wins. */
function refIn(call: Call, { drive }: Visit): Ref {
  const body = members(call)
  const inode = text(body, 'inode')
  if (!inode) return { drive: drive.id, path: bodyPath(requiredText(body, 'path')) }
  const id = call.context.engine.ids.parseFileId(inode)
  if (!id) throw refuse('PathNotFound')
  return { ...id, drive: drive.id }
}

async function add(call: Call): Promise<Answer> {
  const here = await visit(call, 'mark')
  const [result] = await call.context.engine.mark(here.actor, 'favourite', [refIn(call, here)])
  const { view } = made(result!)
  return { status: 200, body: { inode: inodeOf(call.context.engine.ids, view.node) } }
}

async function cancel(call: Call): Promise<Answer> {
  const here = await visit(call, 'mark')
  const [result] = await call.context.engine.unmark(here.actor, 'favourite', [refIn(call, here)])
  made(result!)
  return { status: 204 }
}

function made(result: Awaited<ReturnType<Call['context']['engine']['mark']>>[number]): MarkView {
  if ('status' in result) throw new Refusal(faultOf(result.error, { kind: 'any', source: false }))
  return result
}

export async function isFavorite(call: Call, here: Visit, node: Node): Promise<boolean> {
  const [found] = await favoritesAmong(call, here, [node])
  return found!
}

/** Which of the entries are favourites; asked only for those who want to know. */
export async function favoritesAmong(call: Call, { actor, caller }: Visit, nodes: readonly Node[]): Promise<boolean[]> {
  const isAsked = yes(call.query, 'with_favorite_status') && !isGuest(caller)
  if (!isAsked || nodes.length === 0) return nodes.map(() => false)
  return call.context.engine.marked(
    actor,
    'favourite',
    nodes.map(({ id }) => id),
  )
}

/** Puts a file on the user's list of those lately used. Guests have none. */
export async function noteUse(
  call: Call,
  { actor, caller }: Visit,
  kind: Exclude<MarkKind, 'favourite'>,
  { node }: NodeView,
) {
  if (isGuest(caller)) return
  await call.context.engine.mark(actor, kind, [{ drive: node.drive, id: node.id }])
}

async function list(call: Call): Promise<Answer> {
  const here = await visit(call, 'mark')
  const { query } = call
  const by = word(query, 'order_by', 'orderBy') ?? 'favoriteTime'
  const direction = word(query, 'order_by_type', 'orderByType') ?? 'desc'
  if (by !== 'favoriteTime') throw refuse('ParamInvalid', 'order_by must be favoriteTime.')
  if (direction !== 'asc' && direction !== 'desc') throw refuse('ParamInvalid', 'order_by_type must be asc or desc.')
  const asked = { kinds: ['favourite'] as const, drives: [here.drive.id], ascending: direction === 'asc' }
  const show = (mark: MarkView) => favorite(call, here, mark)
  if (isPaged(query)) {
    const { shown, totalNum } = pageIn(query, await everyMark(call, here, asked))
    return { status: 200, body: { ...totalNum, contents: shown.map(show) } }
  }
  const limit = count(query, 'limit', LIMIT)
  const page = await call.context.engine.marks(here.actor, { ...asked, after: cursorOf(word(query, 'marker')), limit })
  return { status: 200, body: { ...nextOf(page), contents: page.items.map(show) } }
}

async function everyMark(call: Call, { actor }: Visit, asked: Parameters<typeof marksAfter>[2]): Promise<MarkView[]> {
  const all: MarkView[] = []
  let after: MarkCursor | null = null
  do {
    const page: MarkPage = await marksAfter(call, actor, asked, after)
    all.push(...page.items)
    after = page.next
  } while (after !== null)
  return all
}

function marksAfter(
  call: Call,
  actor: Visit['actor'],
  asked: Omit<Parameters<Call['context']['engine']['marks']>[1], 'after' | 'limit'>,
  after: MarkCursor | null,
): Promise<MarkPage> {
  return call.context.engine.marks(actor, { ...asked, after, limit: STEP })
}

/** `time-node-kind`, all but the kind in digits. */
function cursorOf(marker: string | undefined): MarkCursor | null {
  if (marker === undefined) return null
  const [, at, node, kind] = /^(\d{1,15})-(\d{1,16})-(favourite|viewed|modified)$/.exec(marker) ?? []
  if (kind === undefined) throw refuse('MarkerNotFound')
  return { at: Number(at), node: Number(node) as MarkCursor['node'], kind: kind as MarkKind }
}

function nextOf({ next }: MarkPage): { nextMarker?: string } {
  return next === null ? {} : { nextMarker: `${next.at}-${next.node}-${next.kind}` }
}

/** What both lists tell of an entry. */
function known(call: Call, { caller }: Visit, { node, drive, path }: NodeView, withPath: boolean): Shown {
  return {
    name: node.name,
    spaceId: spaceIdOf(drive, caller.library.id),
    inode: inodeOf(call.context.engine.ids, node),
    type: typeOf(node, isMedia(caller.library)),
    creationTime: isoTime(node.createdAt),
    modificationTime: isoTime(node.updatedAt),
    userId: userOf(node.creator),
    ...(withPath ? { path } : {}),
    ...(node.kind === 'file' && !isLink(node)
      ? content(node)
      : { size: '0', fileType: fileTypeOf(node.name).fileType }),
  }
}

function favorite(call: Call, here: Visit, { mark, view }: MarkView): Shown {
  return { ...known(call, here, view, yes(call.query, 'with_path')), favoriteTime: isoTime(mark.at) }
}

const ACTIONS: Readonly<Record<string, Exclude<MarkKind, 'favourite'>>> = { preview: 'viewed', modify: 'modified' }

async function recent(call: Call): Promise<Answer> {
  const here = await visit(call, 'mark')
  const body = members(call)
  const kinds = kindsIn(body)
  const types = typesIn(body)
  const limit = wholeNumber(body, 'limit', LIMIT) ?? LIMIT.otherwise
  const after = cursorOf(text(body, 'marker') || undefined)
  const page = await call.context.engine.marks(here.actor, { kinds, drives: [here.drive.id], after, limit })
  const withPath = member(body, 'withPath') !== undefined && booleanOf(member(body, 'withPath'), 'withPath')
  const contents = page.items
    .filter(({ view }) => types === undefined || types.includes(fileTypeOf(view.node.name).fileType))
    .map(({ mark, view }) => ({
      ...known(call, here, view, withPath),
      actionType: mark.kind === 'viewed' ? 'preview' : 'modify',
      operationTime: isoTime(mark.at),
    }))
  return { status: 200, body: { ...nextOf(page), contents } }
}

function kindsIn(body: Members): Exclude<MarkKind, 'favourite'>[] {
  const given = text(body, 'filterActionBy')
  if (!given) return ['viewed', 'modified']
  const kind = Object.hasOwn(ACTIONS, given) ? ACTIONS[given] : undefined
  if (!kind) throw refuse('ParamInvalid', 'filterActionBy must be preview or modify.')
  return [kind]
}

/** One class of files or several; `all` is no restriction. */
function typesIn(body: Members): readonly string[] | undefined {
  const given = member(body, 'type')
  const types = typeof given === 'string' ? [given] : texts(body, 'type')
  return types === undefined || types.length === 0 || types.includes('all') || types.includes('') ? undefined : types
}
