/** What changed in a space, in order, for clients that keep a copy of it; and why a file is gone. */
import { type Change, type ChangeView, type Drive, EVICTED_KEPT_DAYS, KEEPER } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { type Facts, factsOf, overwrittenNode, overwrittenVersion } from './delta-facts.ts'
import { typeOf } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { historyId } from './history.ts'
import { isMedia } from './library.ts'
import { content, eTagOf, type Shown, written } from './present.ts'
import { inodeLinkedTo } from './symlink.ts'
import { isoTime, userOf } from './terms.ts'
import { count, word } from './words.ts'

const LIMIT = { min: 1, max: 1000, otherwise: 100 }

export const deltaOperations: readonly Operation[] = [
  {
    operation: 'Get change cursor',
    coverage: 'done',
    method: 'GET',
    path: 'fs-delta/{lib}/{space}/cursor',
    handle: cursor,
  },
  {
    operation: 'List changes',
    coverage: 'done; below a directory that a task copied, not from what',
    method: 'GET',
    path: 'fs-delta/{lib}/{space}/delta',
    handle: delta,
  },
  {
    operation: 'Check file deletion',
    coverage: 'done',
    method: 'GET',
    path: 'file-deletion-check/{lib}/{space}/{inode}',
    handle: deletion,
  },
]

/** A cursor is the number of the last change known. */
async function cursor(call: Call): Promise<Answer> {
  const { drive } = await visit(call, 'read')
  return { status: 200, body: { cursor: String(drive.seq) } }
}

function cursorIn(call: Call, { drive }: Visit): number {
  const text = word(call.query, 'cursor')
  if (text === undefined) throw refuse('ParamInvalid', 'cursor is required.')
  const after = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(after <= drive.seq)) throw refuse('CursorExpired')
  return after
}

async function delta(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const after = cursorIn(call, here)
  const limit = count(call.query, 'limit', LIMIT)
  const page = await call.context.engine.changes(here.actor, { drive: here.drive.id, after, limit })
  if ('status' in page) throw new Refusal(faultOf(page.error, { kind: 'any', source: false }))
  const facts = await factsOf(call, here, after, page.items)
  const events = page.items.map((item) => ({ seq: item.change.seq, told: eventsOf(call, here, item, facts) }))
  const fitting = upTo(limit, events)
  const isAll = fitting.length === events.length
  const next = isAll ? page.next : fitting.at(-1)!.seq
  const contents = fitting.flatMap(({ told }) => told)
  return { status: 200, body: { cursor: String(next), hasMore: !isAll || page.more, contents } }
}

/** As many changes as tell no more than so many events; the first always, so that every page gets on. */
function upTo<Change extends { readonly told: readonly unknown[] }>(
  limit: number,
  changes: readonly Change[],
): Change[] {
  let room = limit
  const end = changes.findIndex(({ told }, index) => {
    room -= told.length
    return room < 0 && index > 0
  })
  return changes.slice(0, end < 0 ? changes.length : end)
}

/** How a change is called; `replaces` where the newcomer took the place of another. Changes of rights are not told. */
function eventOf({ kind, replaces, parent, by }: Change, { trash }: Drive, isLatest: boolean): string | undefined {
  const overwrite = replaces ? '_OVERWRITE' : ''
  // What nobody asked for: the deployment's own work.
  const task = by === KEEPER ? 'TASK.' : ''
  switch (kind) {
    case 'create':
      return `FILE.CREATE${overwrite}`
    case 'version':
      return isLatest ? 'HISTORY.LATEST' : 'FILE.MODIFY'
    case 'update':
      return 'FILE.MODIFY'
    case 'rename':
    case 'move':
      return `FILE.MOVE${overwrite}`
    case 'copy':
      return `FILE.COPY${overwrite}`
    case 'trash':
      return `${task}FILE.TRASH`
    case 'restore':
      return task ? 'TASK.FILE.RESTORE' : `FILE.RESTORE${overwrite}`
    case 'purge':
      // Only what lay there itself counts as the bin's.
      return parent === trash ? 'RECYCLE.DELETE' : `${task}FILE.DELETE`
    case 'leave':
      return 'FILE.DELETE'
    case 'history':
      return replaces ? 'HISTORY.DELETE' : 'HISTORY.MODIFY'
    default:
      return undefined
  }
}

const NORMAL = 0
const IN_BIN = 1
const IN_HISTORY = 2
const GONE = 3

function locationOf({ change, view }: ChangeView): number {
  if (change.kind === 'history') return IN_HISTORY
  return !view ? GONE : view.trash ? IN_BIN : NORMAL
}

/** What a client is told of a change: of new content also that the old one is an earlier version now. */
function eventsOf(call: Call, here: Visit, item: ChangeView, facts: Facts): Shown[] {
  const succession = facts.successions.get(item.change.seq)
  const eventType = eventOf(item.change, here.drive, succession !== undefined && succession.next.revertOf > 0)
  if (eventType === undefined) return []
  const event = { ...shown(call, here, item, facts), extraInfo: extraOf(call, here, item, facts) }
  if (!succession) return [{ eventType, ...event }]
  const versionId = String(historyId({ id: item.change.node }, succession.before.version))
  const kept = { ...event, location: IN_HISTORY, extraInfo: { versionId } }
  return [
    { eventType, ...event },
    { eventType: 'HISTORY.CREATE', ...kept },
  ]
}

function shown(call: Call, { caller }: Visit, item: ChangeView, { evicted, folders }: Facts): Shown {
  const { change, view } = item
  const { ids } = call.context.engine
  const node = view?.node
  const parent = node?.parent ?? change.parent
  const parentBorn = view?.parentBorn ?? folders.get(parent)
  return {
    eventTime: isoTime(change.at),
    inode: ids.fileId({ born: change.born, id: change.node }),
    ...(parentBorn === undefined ? {} : { parentInode: ids.fileId({ born: parentBorn, id: parent }) }),
    ...(view ? { path: view.path } : {}),
    name: change.name,
    type: node ? typeOf(node, isMedia(caller.library)) : change.nodeKind === 'folder' ? 'dir' : 'file',
    userId: userOf(change.by),
    location: locationOf(item),
    ...(node ? { creationTime: isoTime(node.createdAt), modificationTime: isoTime(node.updatedAt) } : {}),
    ...(node ? { eTag: eTagOf(node) } : {}),
    ...(node?.kind === 'file' ? { ...content(node), ...written(node), ...inodeLinkedTo(call, node) } : {}),
    ...(change.nodeKind === 'file' ? { removedByQuota: evicted.has(change.node) } : {}),
  }
}

/** What the vendor tells beside, as far as it is known. */
function extraOf(call: Call, here: Visit, { change, view }: ChangeView, facts: Facts): Shown {
  const { kind, seq, source } = change
  const { successions, overwritten } = facts
  const succession = successions.get(seq)
  if (succession && view) {
    const { next, before } = succession
    if (next.revertOf > 0) return overwrittenVersion(call, view.node, before)
    const oldEtag = eTagOf({ ...view.node, content: before.content })
    return { oldSize: before.content.size, newSize: next.content.size, oldEtag }
  }
  const loser = overwritten.get(seq)
  const lost = loser ? overwrittenNode(call, loser) : {}
  switch (kind) {
    case 'create':
      return { isRapidUpload: source === 'known', ...targetShown(call, view), ...lost }
    case 'copy':
      return { ...sourceShown(call, change, facts, 'sourceInode'), ...lost }
    case 'move':
    case 'rename':
      return { ...wayOf(call, here, { change, view }, facts), ...lost }
    default:
      return lost
  }
}

/** What a symbolic link leads to, in the words of the event of its making. */
function targetShown(call: Call, view: ChangeView['view']): Shown {
  const linkTo = view ? inodeLinkedTo(call, view.node).linkTo : undefined
  return linkTo === undefined ? {} : { targetInode: linkTo }
}

/** The inode of what something was made of, or came from; nothing of spaces that are not the library's. */
function sourceShown(call: Call, { source }: Change, { spaces }: Facts, name: string): Shown {
  if (!source || source === 'known' || !spaces.has(source.drive)) return {}
  return { [name]: call.context.engine.ids.fileId({ born: source.born, id: source.node }) }
}

/** From where to where something went, within the space or from another one. */
function wayOf(call: Call, { caller }: Visit, { change, view }: ChangeView, facts: Facts): Shown {
  const { from, parent, source } = change
  const { ids } = call.context.engine
  // Where it went is known as long as it is still there, or did not go anywhere else.
  const to = parent === from?.parent ? from.parentBorn : view?.node.parent === parent ? view.parentBorn : undefined
  const toParentInode = to === undefined ? {} : { toParentInode: ids.fileId({ born: to, id: parent }) }
  if (from) {
    const fromParentInode = ids.fileId({ born: from.parentBorn, id: from.parent })
    return { fromParentInode, ...toParentInode, fromName: from.name }
  }
  const fromSpaceId = source && source !== 'known' ? facts.spaces.get(source.drive) : undefined
  const away = fromSpaceId === undefined ? {} : { fromLibraryId: caller.library.id, fromSpaceId }
  return { ...sourceShown(call, change, facts, 'fromParentInode'), ...toParentInode, ...away }
}

async function deletion(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'read')
  const id = call.context.engine.ids.parseFileId(call.params.inode!)
  if (!id) throw refuse('PathNotFound')
  const op = { kind: 'get', node: { ...id, drive: drive.id }, need: 0, trashed: 'no' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  if (result?.status === 'done') throw refuse('ParamInvalid', 'The file exists.')
  const [evicted] = await call.context.engine.evicted(actor, [{ ...id, drive: drive.id }])
  const gone = evicted
    ? { reason: 'RemovedByQuota', deletedAt: isoTime(evicted.at) }
    : { reason: 'Unknown', deletedAt: null }
  return { status: 200, body: { ...gone, quotaCleanupRecordRetentionDays: EVICTED_KEPT_DAYS } }
}
