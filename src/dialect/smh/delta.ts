/** What changed in a space, in order, for clients that keep a copy of it; and why a file is gone. */
import {
  type Change,
  type ChangeView,
  type Drive,
  type DriveId,
  EVICTED_KEPT_DAYS,
  type Node,
  type NodeId,
} from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { aimOf, typeOf } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { isMedia } from './library.ts'
import { content, eTagOf, type Shown, written } from './present.ts'
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
    coverage: 'partial: nothing of what was overwritten, nor where from another space it came',
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
  const removed = await removedByQuota(call, here, page.items)
  const contents = page.items.flatMap((item) => shown(call, here, item, removed.has(item.change.node)))
  return { status: 200, body: { cursor: String(page.next), hasMore: page.more, contents } }
}

/** Which of the files that a page destroys fell to a quota. */
async function removedByQuota(call: Call, { actor, drive }: Visit, items: readonly ChangeView[]): Promise<Set<NodeId>> {
  const gone = items.flatMap(({ change }) => (change.kind === 'purge' ? [change.node] : []))
  if (gone.length === 0) return new Set()
  const rows = await call.context.engine.evicted(
    actor,
    gone.map((id) => ({ drive: drive.id, id })),
  )
  return new Set(rows.flatMap((row) => (row ? [row.node] : [])))
}

/** How a change is called; `replaces` where the newcomer took the place of another. Changes of rights are not told. */
function eventOf({ kind, replaces, parent }: Change, { trash }: Drive, removed: boolean): string | undefined {
  const overwrite = replaces ? '_OVERWRITE' : ''
  switch (kind) {
    case 'create':
      return `FILE.CREATE${overwrite}`
    case 'version':
    case 'update':
      return 'FILE.MODIFY'
    case 'rename':
    case 'move':
      return `FILE.MOVE${overwrite}`
    case 'copy':
      return `FILE.COPY${overwrite}`
    case 'trash':
      return 'FILE.TRASH'
    case 'restore':
      return `FILE.RESTORE${overwrite}`
    case 'purge':
      // Only what lay there itself counts as the bin's.
      if (parent === trash) return 'RECYCLE.DELETE'
      return removed ? 'TASK.FILE.DELETE' : 'FILE.DELETE'
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

function shown(call: Call, { caller, drive }: Visit, item: ChangeView, removed: boolean): Shown[] {
  const { change, view } = item
  const eventType = eventOf(change, drive, removed)
  if (eventType === undefined) return []
  const { ids } = call.context.engine
  const node = view?.node
  return [
    {
      eventType,
      eventTime: isoTime(change.at),
      inode: ids.fileId({ born: change.born, id: change.node }),
      ...(view ? { parentInode: ids.fileId({ born: view.parentBorn, id: view.node.parent }), path: view.path } : {}),
      name: change.name,
      type: node ? typeOf(node, isMedia(caller.library)) : change.nodeKind === 'folder' ? 'dir' : 'file',
      userId: userOf(change.by),
      location: locationOf(item),
      ...(node ? { creationTime: isoTime(node.createdAt), modificationTime: isoTime(node.updatedAt) } : {}),
      ...(node ? { eTag: eTagOf(node) } : {}),
      ...(node?.kind === 'file' ? { ...content(node), ...written(node), ...linkedTo(call, node) } : {}),
      ...(change.nodeKind === 'file' ? { removedByQuota: removed } : {}),
      extraInfo: extraOf(call, item),
    },
  ]
}

/** The inode of what a symbolic link leads to. */
function linkedTo(call: Call, node: Node): { linkTo?: string } {
  const aim = aimOf(node)
  return aim ? { linkTo: call.context.engine.ids.fileId({ born: aim.born as DriveId, id: aim.id as NodeId }) } : {}
}

/** What the vendor tells beside, as far as the log knows it. */
function extraOf(call: Call, { change, view }: ChangeView): Shown {
  const { ids } = call.context.engine
  const { kind, from, parent } = change
  if (kind === 'create' && view) {
    const { linkTo } = linkedTo(call, view.node)
    return linkTo === undefined ? {} : { targetInode: linkTo }
  }
  if ((kind !== 'move' && kind !== 'rename') || !from) return {}
  const fromParentInode = ids.fileId({ born: from.parentBorn, id: from.parent })
  // Where it went is known as long as it is still there, or did not go anywhere else.
  const to = parent === from.parent ? from.parentBorn : view?.node.parent === parent ? view.parentBorn : undefined
  const toParentInode = to === undefined ? {} : { toParentInode: ids.fileId({ born: to, id: parent }) }
  return { fromParentInode, ...toParentInode, fromName: from.name }
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
