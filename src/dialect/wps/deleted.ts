/** The trash, of which there is one level: what is deleted from it is gone. */
import {
  type DriveId,
  type NodeView,
  type Op,
  onConflict,
  PAGE_SIZE_MAX,
  type Ref,
  type TrashCursor,
  type TrashId,
} from '../../engine/index.ts'
import { submit } from './batch-change.ts'
import {
  type Answer,
  type Call,
  driveOf,
  fileParam,
  getOp,
  inputProblem,
  type Route,
  readNode,
  runOne,
  runOps,
} from './call.ts'
import { isRefusal, type Refusal, refuse } from './error.ts'
import { type Deleted, presentDeleted, presentFile } from './present.ts'
import { SCOPES } from './scope.ts'
import { fileRef, IDS_PER_BATCH_MAX, NAMING_KEPT, nowhere } from './terms.ts'

const PAGE_MAX = 100
const DELETE_TYPES = ['first', 'second', 'permanent'] as const

/** The drives whose trash is meant: the one named, else the caller's own and its groups' (an app's: all of the company). */
async function trashDrives(call: Call, text: string | undefined): Promise<readonly DriveId[] | Refusal> {
  const { engine, actor } = call
  if (text !== undefined) {
    const id = await driveOf(call, text)
    const [drive] = typeof id === 'number' ? await engine.drives(actor, [id]) : []
    return drive ? [drive.id] : refuse('noDrive')
  }
  const owners = actor.admin ? null : actor.subjects
  const { items, next } = await engine.listDrives(actor, { owners, after: 0, limit: PAGE_SIZE_MAX })
  return next === null ? items.map(({ id }) => id) : refuse('tooMany', `more than ${PAGE_SIZE_MAX} drives: name one`)
}

async function list(call: Call): Promise<Answer> {
  const { query, engine, actor } = call
  const limit = query.pageSize(PAGE_MAX)
  const parts = { extAttrs: query.flag('with_ext_attrs', false), drive: query.flag('with_drive', false) }
  const text = query.optionalText('drive_id') || undefined
  const after = readCursor(call)
  const drives = inputProblem(call) ?? (await trashDrives(call, text))
  if (isRefusal(drives)) return drives
  const page = await engine.trashPage(actor, { drives, after, limit })
  const items = await presentDeleted(call, page.items, parts)
  return { data: { items, next_page_token: page.next ? writeCursor(page.next) : '' } }
}

function writeCursor({ trashedAt, id }: TrashCursor): string {
  return Buffer.from(`${trashedAt}.${id}`).toString('base64url')
}

function readCursor({ query }: Call): TrashCursor | null {
  const text = query.optionalText('page_token') || undefined
  if (text === undefined) return null
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString())
  if (!match) query.refuse('valueInvalid', 'page_token is not one of this listing')
  return match ? { trashedAt: Number(match[1]), id: Number(match[2]) as TrashId } : null
}

async function meta(call: Call): Promise<Answer> {
  const extAttrs = call.query.flag('with_ext_attrs', false)
  const ref = inputProblem(call) ?? fileParam(call, call.params.node ?? '')
  if (isRefusal(ref)) return ref
  const view = await readNode(call, getOp(ref, 'only'))
  if (isRefusal(view)) return view
  const item = deletedOf(view)
  if (!item) return refuse('noFile')
  const [data] = await presentDeleted(call, [item], { extAttrs, drive: false })
  return { data }
}

/** What lies in the trash by itself; something inside a trashed folder does not. */
function deletedOf({ node, drive, trash }: NodeView): Deleted | undefined {
  return trash?.node === node.id ? { node, drive, entry: trash } : undefined
}

function restoreOp(node: Ref): Op {
  return { kind: 'restore', node, conflict: onConflict('rename'), naming: NAMING_KEPT, parentGone: 'root' }
}

function purgeOp(node: Ref): Op {
  return { kind: 'purge', node, trashed: 'only' }
}

async function restore(call: Call): Promise<Answer> {
  const ref = fileParam(call, call.params.node ?? '')
  if (isRefusal(ref)) return ref
  const result = await runOne(call, restoreOp(ref))
  return isRefusal(result) ? result : { data: await presentFile(call, result.view!) }
}

async function purge(call: Call): Promise<Answer> {
  call.body.word('delete_type', DELETE_TYPES, 'permanent')
  const ref = inputProblem(call) ?? fileParam(call, call.params.node ?? '')
  if (isRefusal(ref)) return ref
  const result = await runOne(call, purgeOp(ref))
  return isRefusal(result) ? result : {}
}

/** Hands one op for each id to a task. It is kept with the drive of the first file that is in the trash. */
async function batch(call: Call, make: (node: Ref) => Op): Promise<Answer> {
  const ids = call.body.ids('file_ids', IDS_PER_BATCH_MAX)
  const problem = inputProblem(call)
  if (problem) return problem
  const refs = ids.map((id) => fileRef(call.engine.ids, id))
  const known = refs.flatMap((ref) => (ref ? [getOp(ref, 'only')] : []))
  const found = (await runOps(call, known)).find((result) => result.status === 'done')
  if (!found?.view) return refuse('noFile')
  const { id: drive } = found.view.drive
  const ops = refs.map((ref) => make(ref ?? nowhere(drive)))
  return submit(call, drive, ops)
}

function batchRestore(call: Call): Promise<Answer> {
  return batch(call, restoreOp)
}

function batchPurge(call: Call): Promise<Answer> {
  call.body.word('delete_type', DELETE_TYPES, 'permanent')
  return batch(call, purgeOp)
}

async function clear(call: Call): Promise<Answer> {
  const text = call.body.optionalText('drive_id') || undefined
  const drives = inputProblem(call) ?? (await trashDrives(call, text))
  if (isRefusal(drives)) return drives
  const [home] = drives
  if (home === undefined) return refuse('noDrive')
  const refs = await trashRefs(call, drives, null)
  return submit(call, home, refs.map(purgeOp))
}

/** Everything in the trash now, page by page: a page begins where the one before ended. */
async function trashRefs(call: Call, drives: readonly DriveId[], after: TrashCursor | null): Promise<Ref[]> {
  const page = await call.engine.trashPage(call.actor, { drives, after, limit: PAGE_SIZE_MAX })
  const refs = page.items.map(({ node }): Ref => ({ drive: node.drive, id: node.id }))
  return page.next ? [...refs, ...(await trashRefs(call, drives, page.next))] : refs
}

export const deletedRoutes: readonly Route[] = [
  { method: 'GET', path: '/v7/deleted_files', operation: 'List deleted files', scopes: SCOPES.trashRead, handle: list },
  {
    method: 'GET',
    path: '/v7/deleted_files/:node/meta',
    operation: 'Get deleted file',
    scopes: SCOPES.trashRead,
    handle: meta,
  },
  {
    method: 'POST',
    path: '/v7/deleted_files/:node/restore',
    operation: 'Restore deleted file',
    scopes: SCOPES.trashWrite,
    handle: restore,
  },
  {
    method: 'POST',
    path: '/v7/deleted_files/:node/delete',
    operation: 'Delete from the recycle bin',
    coverage: 'partial: one level: every delete_type is permanent',
    scopes: SCOPES.trashWrite,
    handle: purge,
  },
  {
    method: 'POST',
    path: '/v7/deleted_files/batch_restore',
    operation: 'Batch restore deleted files',
    scopes: SCOPES.trashWrite,
    handle: batchRestore,
  },
  {
    method: 'POST',
    path: '/v7/deleted_files/batch_delete',
    operation: 'Batch delete from the recycle bin',
    coverage: 'partial: one level: every delete_type is permanent',
    scopes: SCOPES.trashWrite,
    handle: batchPurge,
  },
  {
    method: 'POST',
    path: '/v7/deleted_files/clear',
    operation: 'Clear the recycle bin',
    scopes: SCOPES.trashWrite,
    handle: clear,
  },
]
