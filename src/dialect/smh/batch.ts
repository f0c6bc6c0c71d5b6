/**
 * Batch move, copy and delete (pages 1339/71260, 71258, 71259): a bare array in, one element for each item out, in order.
 * Small ones are answered at once, 200 or 207; large ones become a task, 202.
 */
import type { Drive, DriveId, Kind, Op } from '../../engine/index.ts'
import { kindsHere, opens, rulesHere, type Visit, visit } from './auth.ts'
import { itemList, pathIn, readItem, run } from './batch-run.ts'
import { type Answer, type Call, isIllegalSegment, type Operation, splitPath } from './call.ts'
import { type Fault, fault } from './error.ts'
import type { Item, TransferWords, Words } from './item.ts'
import { changesType, kindAt, misplaced } from './rules.ts'
import { visitedWith } from './share-access.ts'
import { saveItems } from './share-save.ts'
import { isStrategy } from './terms.ts'
import { transferOp } from './transfer.ts'
import { flag, type Members, requiredText, text, word } from './words.ts'

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
    coverage: 'done',
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
  const shared = word(call.query, 'share_access_token')
  if (shared !== undefined) return saveItems(call, here, await visitedWith(call, shared))
  return run(call, here, 'copy', await transferItems(call, here, 'copy'))
}

async function remove(call: Call): Promise<Answer> {
  const here = await visit(call, 'delete')
  return run(
    call,
    here,
    'delete',
    itemList(call).map((element) => deleteItem(element, here.drive)),
  )
}

async function transferItems(call: Call, here: Visit, verb: 'move' | 'copy'): Promise<Item[]> {
  const kinds = kindsHere(here, verb)
  const only = kinds.length === 1 ? kinds[0]! : null
  const asked = itemList(call).map((element) => transferAsked(element, verb, only, here))
  const sources = await sourceSpaces(
    call,
    here,
    asked.map(({ words }) => words),
  )
  return asked.map(({ words, wrong }): Item => {
    if (wrong) return { words, op: null, fault: wrong }
    const from = words.fromSpace === null ? here.drive.id : sources.get(words.fromSpace)!
    if (typeof from !== 'number') return { words, op: null, fault: from }
    return { words, op: transferOp(words, from, here), fault: null }
  })
}

interface Asked {
  readonly words: TransferWords
  /** What is wrong with them, wherever they come from. */
  readonly wrong: Fault | undefined
}

function transferAsked(element: unknown, verb: 'move' | 'copy', granted: Kind | null, here: Visit): Asked {
  const source = verb === 'move' ? 'from' : 'copyFrom'
  const read = (item: Members): Asked => {
    const words = transferWords(item, verb, source, granted, here)
    const wrong = strategyFault(strategyGiven(item)) ?? libraryFault(words, here) ?? pathFault(words)
    return { words, wrong: wrong ?? placeFault(words, here) }
  }
  return readItem(element, read, (wrong) => {
    const [from, to] = [pathIn(element, source), pathIn(element, 'to')]
    const about = { strategy: null, authority: false, fromSpace: null, fromLibrary: null, only: granted }
    return { words: { verb, from, to, ...about }, wrong }
  })
}

function transferWords(
  item: Members,
  verb: 'move' | 'copy',
  source: 'from' | 'copyFrom',
  granted: Kind | null,
  here: Visit,
): TransferWords {
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

function deleteItem(element: unknown, drive: Drive): Item {
  const words = { verb: 'delete', path: pathIn(element, 'path') } as const
  const read = (item: Members): Item => {
    const path = splitPath(requiredText(item, 'path'))
    const permanent = flag(item, 'permanent') ?? false
    if (path.length === 0) return { words, op: null, fault: fault('RootDirectoryNotAllowed') }
    if (path.some(isIllegalSegment)) return { words, op: null, fault: fault('IllegalFileName') }
    return { words, op: deleteOp(drive, path, permanent), fault: null }
  }
  return readItem(element, read, (fault) => ({ words, op: null, fault }))
}

/** Without a bin, and when asked, deleting destroys. */
export function deleteOp(drive: Drive, path: readonly string[], permanent: boolean): Op {
  const node = { drive: drive.id, path }
  return permanent || !drive.settings.trash ? { kind: 'purge', node, trashed: 'no' } : { kind: 'trash', node }
}
