/**
 * Saving what is shared into a space of one's own. A visitor shows the token of its library when it gets in; the token it is
 * handed then says whose spaces it may save into, and with what rights.
 */
import { ACTIONS, type CopyOp, type NodeView } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { itemList, pathIn, readItem, runAs } from './batch-run.ts'
import { type Answer, bodyPath, type Call, type Operation, splitPath } from './call.ts'
import { type Fault, fault, refuse } from './error.ts'
import type { Item, TransferWords } from './item.ts'
import { namingIn } from './rules.ts'
import { lentThrough, may, type Visited, visited } from './share-access.ts'
import { conflictOf, ITEMS_MAX, isStrategy, placeOf, REPLACE, SINGLE, type Strategy } from './terms.ts'
import { type Members, members, requiredText, text, texts } from './words.ts'

export const saveOperations: readonly Operation[] = [
  {
    operation: 'Save shared files',
    coverage: 'done',
    method: 'POST',
    path: 'share/file/{code}',
    flag: 'save',
    handle: save,
  },
]

async function save(call: Call): Promise<Answer> {
  const from = await visited(call)
  demandSaving(from)
  if (from.own === '') throw refuse('LoginRequired')
  const body = members(call)
  const inodes = texts(body, 'inodes') ?? []
  if (inodes.length === 0) throw refuse('NoItemsProvided')
  if (inodes.length > ITEMS_MAX) throw refuse('TooManyItems')
  const folder = bodyPath(text(body, 'targetPath') ?? '')
  const strategy = strategyIn(body)
  const here = await target(call, from, requiredText(body, 'targetSpaceId'))
  const items = (await entries(call, from, inodes)).map((view): Item => {
    if (!view) return { words: wordsOf([], folder, strategy), op: null, fault: fault('FileNotInShare') }
    const to = [...folder, view.node.name]
    return { words: wordsOf(view.path, to, strategy), op: saveOp(here, from, view, to, strategy), fault: null }
  })
  return runAs(call, saver(here, from), here.drive, 'copy', items)
}

/** The call that the visitor would make itself into a space of its own. */
async function target(call: Call, { own, link }: Visited, space: string): Promise<Visit> {
  const token = await call.context.auth.check('smh', 'access', own)
  if (!token || token.tenant !== link.tenant) throw refuse('InvalidAccessToken')
  const query = new URLSearchParams([['access_token', own]])
  return visit({ ...call, query, params: { lib: token.app, space: space || SINGLE } }, 'copy')
}

function demandSaving({ link }: Visited): void {
  if (!may(link, ACTIONS.copy)) throw refuse('CannotSaveToNetDisk')
}

/** Has the visitor's rights in the target space alone, and what the share lends. */
function saver({ actor, drive }: Visit, { link, library }: Visited): Visit['actor'] {
  return { ...actor, drives: [drive.id], lent: lentThrough(link, library) }
}

/** What the inodes name, as far as the share leads there. */
async function entries(call: Call, { link, actor }: Visited, inodes: readonly string[]): Promise<(NodeView | null)[]> {
  const { engine } = call.context
  const ids = inodes.map((inode) => engine.ids.parseFileId(inode))
  const known = ids.flatMap((id) => (id ? [id] : []))
  const results = await engine.batch(
    actor,
    known.map((id) => ({ kind: 'get', node: { ...id, drive: link.drive }, need: 0, trashed: 'no' }) as const),
  )
  const found = new Map(
    results.flatMap((result, at) => (result.status === 'done' ? [[known[at]!.id, result.view!] as const] : [])),
  )
  return ids.map((id) => (id && found.get(id.id)) ?? null)
}

function strategyIn(body: Members): Strategy | undefined {
  const given = text(body, 'conflictResolutionStrategy') ?? ''
  if (given === '') return undefined
  if (!isStrategy(given)) throw refuse('InvalidConflictResolutionStrategy')
  return given
}

function wordsOf(from: readonly string[], to: readonly string[], strategy: Strategy | undefined): TransferWords {
  const about = { fromSpace: null, fromLibrary: null, only: null, authority: false }
  return { verb: 'copy', from, to, strategy: strategy ?? null, ...about }
}

/** The directory it goes into must be there. */
function saveOp(
  here: Visit,
  { link }: Visited,
  { node }: NodeView,
  to: readonly string[],
  strategy: Strategy | undefined,
): CopyOp {
  const { parent, name } = placeOf(here.drive.id, to)
  return {
    kind: 'copy',
    node: { drive: link.drive, id: node.id },
    ...{ to: parent, name, naming: namingIn(here), conflict: conflictOf(strategy, REPLACE.copy), keepGrants: false },
  }
}

/** A batch copy with the token of a share: sources are paths of the space from which it was shared. */
export async function saveItems(call: Call, here: Visit, from: Visited): Promise<Answer> {
  demandSaving(from)
  const items = itemList(call).map((element) => {
    const words = wordsOf(pathIn(element, 'copyFrom'), pathIn(element, 'to'), undefined)
    const read = (item: Members): Item => sharedItem(here, from, item)
    return readItem(element, read, (fault) => ({ words, op: null, fault }))
  })
  return runAs(call, saver(here, from), here.drive, 'copy', items)
}

function sharedItem(here: Visit, from: Visited, item: Members): Item {
  const strategy = strategyIn(item)
  const source = splitPath(requiredText(item, 'copyFrom'))
  const to = splitPath(requiredText(item, 'to'))
  const fromSpace = text(item, 'copyFromSpaceId') || null
  const fromLibrary = text(item, 'copyFromLibraryId') || null
  const words: TransferWords = { ...wordsOf(source, to, strategy), fromSpace, fromLibrary }
  const wrong = foreign(from, fromLibrary) ?? (to.length === 0 ? fault('RootDirectoryNotAllowed') : undefined)
  if (wrong) return { words, op: null, fault: wrong }
  const { parent, name } = placeOf(here.drive.id, to)
  const op: CopyOp = {
    kind: 'copy',
    node: { drive: from.link.drive, path: source },
    ...{ to: parent, name, naming: namingIn(here), makeParents: 'folder' },
    ...{ conflict: conflictOf(strategy, REPLACE.copy), keepGrants: false },
  }
  return { words, op, fault: null }
}

/** A share opens what was shared from one space of one library. */
function foreign({ library }: Visited, fromLibrary: string | null): Fault | undefined {
  return fromLibrary !== null && fromLibrary !== library.id ? fault('AccessTokenNotMatchLibrary') : undefined
}
