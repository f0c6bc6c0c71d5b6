/**
 * Batch move, copy and delete (pages 1339/71260, 71258, 71259): a bare array in, one element for each item out, in order.
 * Small ones are answered at once, 200 or 207; large ones become a task, 202.
 */
import {
  type Actor,
  type Drive,
  type DriveId,
  INLINE_NODES_MAX,
  type Json,
  type Kind,
  type Op,
} from '../../engine/index.ts'
import { kindsHere, opens, reaching, rulesHere, type Visit, visit } from './auth.ts'
import { type Answer, type Call, isIllegalSegment, type Operation, splitPath } from './call.ts'
import { type Fault, fault, refuse } from './error.ts'
import { type Item, isFault, outcomeOf, present, type ShownItem, type TransferWords, type Words } from './item.ts'
import { changesType, kindAt, misplaced } from './rules.ts'
import { ITEMS_MAX, isStrategy } from './terms.ts'
import { transferOp } from './transfer.ts'
import { flag, json, type Members, membersOf, requiredText, text } from './words.ts'

/**
 * How many entries one call copies, or carries to another space, while its caller waits. Not more than the engine does at
 * once: beyond that it makes a task of the op, for which a batch's answer has no place.
 */
export const INLINE_ENTRIES_MAX = INLINE_NODES_MAX

export const batchOperations: readonly Operation[] = [
  {
    operation: 'Batch move',
    coverage: 'done',
    method: 'POST',
    path: 'batch/{lib}/{space}',
    flag: 'move',
    handle: move,
  },
  {
    operation: 'Batch copy',
    coverage: 'partial: no saving from a share',
    method: 'POST',
    path: 'batch/{lib}/{space}',
    flag: 'copy',
    handle: copy,
  },
  {
    operation: 'Batch delete',
    coverage: 'done',
    method: 'POST',
    path: 'batch/{lib}/{space}',
    flag: 'delete',
    handle: remove,
  },
]

async function move(call: Call): Promise<Answer> {
  const here = await visit(call, 'move')
  return run(call, here, 'move', await transferItems(call, here, 'move'))
}

async function copy(call: Call): Promise<Answer> {
  const here = await visit(call, 'copy')
  if (call.query.has('share_access_token')) throw refuse('FunctionNotEnabled', 'Saving from a share is not enabled.')
  return run(call, here, 'copy', await transferItems(call, here, 'copy'))
}

async function remove(call: Call): Promise<Answer> {
  const here = await visit(call, 'delete')
  return run(
    call,
    here,
    'delete',
    itemObjects(call).map((item) => deleteItem(item, here.drive)),
  )
}

/** The array in the body, 1 … 1000 elements. */
export function itemList(call: Call): readonly unknown[] {
  const body = json(call) ?? []
  if (!Array.isArray(body)) throw refuse('ParamInvalid', 'The body must be an array.')
  if (body.length === 0) throw refuse('NoItemsProvided')
  if (body.length > ITEMS_MAX) throw refuse('TooManyItems')
  return body
}

function itemObjects(call: Call): Members[] {
  return itemList(call).map((item) => membersOf(item, 'An item'))
}

/** Runs the items at once, or, when they are many, as a task. */
export async function run(call: Call, here: Visit, kind: string, items: readonly Item[]): Promise<Answer> {
  const { engine, settings } = call.context
  const ops = items.flatMap(({ op }) => (op ? [op] : []))
  const { actor, drive } = reaching(here, ops.flatMap(sourceDrives))
  const isMuch = items.length > settings.smhInlineItemsMax || (await carriesMuch(call, actor, ops))
  if (isMuch && ops.length > 0) {
    const taskId = await engine.submit(actor, drive.id, kind, ops, notesOf(items))
    return { status: 202, body: { taskId } }
  }
  const outcomes = (await engine.batch(actor, ops)).map(outcomeOf).values()
  const result: ShownItem[] = items.map(({ words, op, fault }) => present(words, op ? outcomes.next().value! : fault))
  return { status: result.some(isFault) ? 207 : 200, body: { result } }
}

/** The drive an entry is carried from; whether the caller opens it is judged where its word is read. */
function sourceDrives(op: Op): DriveId[] {
  return (op.kind === 'move' || op.kind === 'copy') && op.node.drive !== undefined ? [op.node.drive] : []
}

/**
 * Whether what must be carried entry by entry, copies and moves between spaces, is more than a caller should wait for. A
 * move within a space touches one row however much lies below.
 */
async function carriesMuch(call: Call, actor: Actor, ops: readonly Op[]): Promise<boolean> {
  const heavy = ops.flatMap((op) => {
    const isHeavy = op.kind === 'copy' || (op.kind === 'move' && op.node.drive !== op.to.drive)
    return isHeavy && op.expect !== 'file' ? [op.node] : []
  })
  if (heavy.length === 0) return false
  const totals = await call.context.engine.totals(actor, heavy)
  const entries = totals.reduce((sum, one) => sum + ('status' in one ? 0 : 1 + one.files + one.folders), 0)
  return entries > INLINE_ENTRIES_MAX
}

/** What a task's report carries for each op: the item's number and words. */
export interface Note {
  readonly item: number
  readonly words: Words
  /** With the first op: the items that have none. */
  readonly refused?: readonly { readonly item: number; readonly words: Words; readonly fault: Fault }[]
}

function notesOf(items: readonly Item[]): Json[] {
  const refused = items.flatMap(({ words, fault }, item) => (fault ? [{ item, words, fault }] : []))
  const notes = items.flatMap(({ words, op }, item): Note[] => (op ? [{ item, words }] : []))
  return notes.map((note, at) => (at === 0 ? { ...note, refused } : note)) as unknown as Json[]
}

async function transferItems(call: Call, here: Visit, verb: 'move' | 'copy'): Promise<Item[]> {
  const kinds = kindsHere(here, verb)
  const only = kinds.length === 1 ? kinds[0]! : null
  const asked = itemObjects(call).map((item) => ({
    words: transferWords(item, verb, only, here),
    given: strategyGiven(item),
  }))
  const sources = await sourceSpaces(
    call,
    here,
    asked.map(({ words }) => words),
  )
  return asked.map(({ words, given }): Item => {
    const from = words.fromSpace === null ? here.drive.id : sources.get(words.fromSpace)!
    const fault = strategyFault(given) ?? libraryFault(words, here) ?? pathFault(words) ?? placeFault(words, here)
    if (fault) return { words, op: null, fault }
    if (typeof from !== 'number') return { words, op: null, fault: from }
    return { words, op: transferOp(words, from, here), fault: null }
  })
}

function transferWords(item: Members, verb: 'move' | 'copy', granted: Kind | null, here: Visit): TransferWords {
  const source = verb === 'move' ? 'from' : 'copyFrom'
  const strategy = strategyGiven(item)
  const to = splitPath(requiredText(item, 'to'))
  const placed = kindAt(here, to)
  return {
    verb,
    from: splitPath(requiredText(item, source)),
    to,
    strategy: isStrategy(strategy) ? strategy : null,
    authority: flag(item, 'moveAuthority') ?? false,
    fromSpace: text(item, `${source}SpaceId`) || null,
    fromLibrary: text(item, `${source}LibraryId`) || null,
    only: granted ?? placed,
    ...(granted === null && placed
      ? { placed: misplaced(here, to, placed === 'file' ? 'folder' : 'file') ?? null }
      : {}),
  }
}

function strategyGiven(item: Members): string {
  return text(item, 'conflictResolutionStrategy') ?? ''
}

function strategyFault(given: string): Fault | undefined {
  return given === '' || isStrategy(given) ? undefined : fault('InvalidConflictResolutionStrategy')
}

function libraryFault({ fromLibrary }: TransferWords, here: Visit): Fault | undefined {
  const other = fromLibrary !== null && fromLibrary !== here.caller.library.id
  return other ? fault('AccessTokenNotMatchLibrary') : undefined
}

function pathFault(words: Extract<Words, { to: readonly string[] }>): Fault | undefined {
  if (words.from.length === 0 || words.to.length === 0) return fault('RootDirectoryNotAllowed')
  return [...words.from, ...words.to].some(isIllegalSegment) ? fault('IllegalFileName') : undefined
}

/** In albums a path tells what may be there; what else comes, the engine refuses as being of the wrong kind. */
function placeFault({ from, to }: TransferWords, here: Visit): Fault | undefined {
  const kind = kindAt(here, to)
  const code = kind === null ? undefined : misplaced(here, to, kind)
  if (code) return fault(code)
  return kind === 'file' && changesType(here, from, to) ? fault('FileTypeNotMatched') : undefined
}

/** The spaces that items name as their source, or why they may not. */
async function sourceSpaces(call: Call, here: Visit, items: readonly TransferWords[]) {
  const words = [...new Set(items.flatMap(({ fromSpace }) => (fromSpace === null ? [] : [fromSpace])))]
  const drives = await call.spaces.find(here.caller.library, words)
  return new Map(words.map((word, at): [string, DriveId | Fault] => [word, sourceSpace(here, drives[at] ?? null)]))
}

function sourceSpace(here: Visit, drive: Drive | null): DriveId | Fault {
  const { caller, drive: target } = here
  if (drive?.id === target.id) return drive.id
  // Between spaces only those who rule both carry anything.
  if (!rulesHere(here)) return fault('NoPermission')
  if (!drive) return fault('SpaceNotFound')
  return opens(caller, drive) ? drive.id : fault('AccessTokenNotMatchSpace')
}

function deleteItem(item: Members, drive: Drive): Item {
  const path = splitPath(requiredText(item, 'path'))
  const permanent = flag(item, 'permanent') ?? false
  const words = { verb: 'delete', path } as const
  if (path.length === 0) return { words, op: null, fault: fault('RootDirectoryNotAllowed') }
  if (path.some(isIllegalSegment)) return { words, op: null, fault: fault('IllegalFileName') }
  return { words, op: deleteOp(drive, path, permanent), fault: null }
}

/** Without a bin, and when asked, deleting destroys. */
export function deleteOp(drive: Drive, path: readonly string[], permanent: boolean): Op {
  const node = { drive: drive.id, path }
  return permanent || !drive.settings.trash ? { kind: 'purge', node, trashed: 'no' } : { kind: 'trash', node }
}
