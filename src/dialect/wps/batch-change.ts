/** Moving, copying and deleting many files: always a task, asked about by its id. */
import {
  type DriveId,
  type Node,
  type NodeView,
  type Op,
  parseDecimalId,
  type Ref,
  type Result,
  type Task,
  type TaskId,
} from '../../engine/index.ts'
import { type Answer, type Call, driveOf, getOp, inputProblem, type Route, runOps } from './call.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import { copyOp, destinationRef, moveOp, readDestination, removeOp } from './file-change.ts'
import { SCOPES } from './scope.ts'
import { fileRef, IDS_PER_BATCH_MAX, nowhere } from './terms.ts'

/** Files of one drive; an id that was never handed out stands for nothing and fails with the others' work going on. */
function refsIn(call: Call, drive: DriveId, ids: readonly string[]): Ref[] {
  return ids.map((id) => fileRef(call.engine.ids, id, drive) ?? nowhere(drive))
}

/** Hands the ops to the engine as a task; the answer is its id, however little there is to do. */
export async function submit(call: Call, drive: DriveId, ops: readonly Op[]): Promise<Answer> {
  const { engine, actor } = call
  const kind = ops[0]?.kind ?? 'batch'
  const id = await engine.submit(actor, drive, kind, ops, new Array(ops.length).fill(null))
  return { data: { task_id: String(id) } }
}

async function sourceDrive(call: Call): Promise<DriveId | Refusal> {
  const drive = inputProblem(call) ?? (await driveOf(call, call.params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const [found] = await call.engine.drives(call.actor, [drive])
  return found ? drive : refuse('noDrive')
}

async function batchMove(call: Call): Promise<Answer> {
  const ids = call.body.ids('file_ids', IDS_PER_BATCH_MAX)
  const destination = readDestination(call)
  const drive = await sourceDrive(call)
  if (typeof drive !== 'number') return drive
  const to = await destinationRef(call, destination)
  if (isRefusal(to)) return to
  const refs = refsIn(call, drive, ids)
  const [folder, ...sources] = await runOps(call, [targetOp(to), ...refs.map((ref) => getOp(ref))])
  if (folder!.status === 'failed') return refusalOf({ ...folder!.error, at: 'target' })
  const parents = new Set(sources.flatMap((result) => nodeOf(result)?.parent ?? []))
  if (parents.size > 1) return refuse('severalParents')
  const ops = refs.map((ref) => moveOp(ref, to))
  return submit(call, drive, ops)
}

async function batchCopy(call: Call): Promise<Answer> {
  const ids = call.body.ids('file_ids', IDS_PER_BATCH_MAX)
  const destination = readDestination(call)
  const drive = await sourceDrive(call)
  if (typeof drive !== 'number') return drive
  const to = await destinationRef(call, destination)
  if (isRefusal(to)) return to
  const [folder] = await runOps(call, [targetOp(to)])
  if (folder!.status === 'failed') return refusalOf({ ...folder!.error, at: 'target' })
  const ops = refsIn(call, drive, ids).map((ref) => copyOp(ref, to))
  return submit(call, drive, ops)
}

async function batchDelete(call: Call): Promise<Answer> {
  const ids = call.body.ids('file_ids', IDS_PER_BATCH_MAX)
  const drive = inputProblem(call) ?? (await driveOf(call, call.params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const op = await removeOp(call, drive)
  return isRefusal(op) ? op : submit(call, drive, refsIn(call, drive, ids).map(op))
}

/** The folder everything goes into is judged before there is a task: without it no item could be done. */
function targetOp(to: Ref): Op {
  return { ...getOp(to), expect: 'folder' }
}

function nodeOf(result: Result): Node | undefined {
  return result.status === 'failed' ? undefined : (result.view as NodeView | null)?.node
}

async function taskMeta(call: Call): Promise<Answer> {
  const id = parseDecimalId<TaskId>(call.params.task)
  const [task] = id === undefined ? [] : await call.engine.tasks(call.actor, [id])
  return task?.dialect === 'wps' ? { data: taskOf(task) } : refuse('noTask')
}

/** A task that did some of its work is a success with failures; one that did none has failed. */
function taskOf({ state, total, done, failed }: Task) {
  const outcome = failed > 0 && done === 0 ? 'failed' : 'success'
  const status = { queued: 'pending', running: 'running', done: outcome }[state]
  return { status, total, done, failed }
}

const MANY = '/v7/drives/:drive/files'

export const batchChangeRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: `${MANY}/batch_move`,
    operation: 'Batch move files',
    scopes: SCOPES.fileWrite,
    handle: batchMove,
  },
  {
    method: 'POST',
    path: `${MANY}/batch_copy`,
    operation: 'Batch copy files',
    scopes: SCOPES.fileWrite,
    handle: batchCopy,
  },
  {
    method: 'POST',
    path: `${MANY}/batch_delete`,
    operation: 'Batch delete files',
    scopes: SCOPES.fileWrite,
    handle: batchDelete,
  },
  {
    method: 'GET',
    path: '/v7/drive_tasks/:task/meta',
    operation: 'Get async task',
    scopes: SCOPES.fileRead,
    handle: taskMeta,
  },
]
