/** Tasks: what became of a batch that was answered 202. Pages 1339/71002 and 124487. */
import { CLEAR_VERSIONS, type Json, parseDecimalId, type Task, type TaskId } from '../../engine/index.ts'
import { callerOf, demand, visit } from './auth.ts'
import type { Note } from './batch-run.ts'
import type { Answer, Call, Operation } from './call.ts'
import { type Fault, faultOf, refuse } from './error.ts'
import { isFault, present, type ShownItem } from './item.ts'
import { libraryActor } from './space-index.ts'
import { ITEMS_MAX } from './terms.ts'

export const taskOperations: readonly Operation[] = [
  { operation: 'Query tasks', coverage: 'done', method: 'GET', path: 'task/{lib}/{space}/{ids}', handle: inSpace },
  {
    operation: 'Query tasks of a library',
    coverage: 'done',
    method: 'GET',
    path: 'task/{lib}/{ids}',
    handle: inLibrary,
  },
  {
    operation: 'Query task result',
    coverage: 'done',
    method: 'GET',
    path: 'task-result/{lib}/{space}/{ids}',
    handle: result,
  },
  {
    operation: 'Query task result of a library',
    coverage: 'done',
    method: 'GET',
    path: 'task-result/{lib}/{ids}',
    handle: resultInLibrary,
  },
]

/** The clearings of the library's history by the ids in the path; unknown ones are left out. */
async function clearingsNamed(call: Call): Promise<Task[]> {
  const caller = await callerOf(call)
  demand(caller)
  const actor = libraryActor(caller.library)
  const tasks = await call.context.engine.tasks(actor, idsIn(call))
  return tasks
    .filter((task) => task !== null)
    .filter(({ kind, creator }) => {
      return kind === CLEAR_VERSIONS && creator === actor.self
    })
}

/** Only what could not be done at all is an error: a clearing that was stopped, or failed again and again. */
function cleared({ state, done, error }: Task): { status: number; code: string | null; deleteCount: number } {
  const code = error === '' ? null : ownFault(error).code
  return { status: state !== 'done' ? 202 : code === null ? 200 : 500, code, deleteCount: done }
}

async function inLibrary(call: Call): Promise<Answer> {
  const tasks = await clearingsNamed(call)
  const body = tasks.map((task) => {
    const { status, code, deleteCount } = cleared(task)
    return { taskId: task.id, status, ...(status === 202 ? {} : { result: [{ err: code, status, deleteCount }] }) }
  })
  return { status: 200, body }
}

async function resultInLibrary(call: Call): Promise<Answer> {
  const [task] = await clearingsNamed(call)
  if (!task) throw refuse('TaskNotFound')
  const { status, code, deleteCount } = cleared(task)
  const result = status === 202 ? {} : { clearLibraryHistoryResult: { status, code, deleteCount } }
  return { status: 200, body: { taskId: String(task.id), taskType: 'clearLibraryHistory', status, ...result } }
}

function idsIn(call: Call): TaskId[] {
  const ids = call.params.ids!.split(',').flatMap((text) => parseDecimalId<TaskId>(text) ?? [])
  if (ids.length > ITEMS_MAX) throw refuse('TooManyItems')
  return ids
}

async function inSpace(call: Call): Promise<Answer> {
  const tasks = await tasksNamed(call)
  return { status: 200, body: tasks.map((task) => ({ taskId: task.id, ...state(task) })) }
}

/** Tasks of the space by the ids in the path; unknown ones, and those of other spaces, are left out. */
async function tasksNamed(call: Call): Promise<Task[]> {
  const { actor, drive } = await visit(call, 'read')
  const tasks = await call.context.engine.tasks(actor, idsIn(call))
  return tasks
    .filter((task) => task !== null)
    .filter((task) => {
      return task.dialect === 'smh' && task.drive === drive.id && task.kind !== CLEAR_VERSIONS
    })
}

function state(task: Task): { status: number; result?: unknown } {
  if (task.state !== 'done') return { status: 202 }
  const { items, isBatch } = ending(task)
  const status = wasGivenUp(task) ? 500 : items.some(isFault) ? 207 : 200
  return { status, result: isBatch ? items : items[0] }
}

/** Whether all of it failed because its steps did, again and again. What was refused, or stopped, did not crash. */
function wasGivenUp({ report, error }: Task): boolean {
  return error === 'chain_broken' && report.every(({ code }) => code === 'chain_broken')
}

/**
 * What became of a finished task: an item for each of a batch, in the order asked, or the one of work on one entry that the
 * engine itself made a task of. Never none, whatever the task: one of the vendor's clients waits until there are items.
 */
function ending(task: Task): { items: readonly ShownItem[]; isBatch: boolean } {
  const { report } = task
  const last = report.at(-1)
  if (!last) return { items: [untold(task)], isBatch: true }
  if (report.every(({ note }) => isNote(note))) return { items: batchItems(report), isBatch: true }
  const shown = last.ok ? { status: 200, path: last.path } : faultOf(last, { kind: last.kind ?? 'any', source: true })
  return { items: [{ ...shown }], isBatch: false }
}

/** Stands for the items of a task whose report tells of none. */
function untold({ error }: Task): ShownItem {
  return error === '' ? { status: 204 } : { ...ownFault(error) }
}

function ownFault(code: string): Fault {
  return faultOf({ code, at: 'node', detail: '' }, { kind: 'any', source: false })
}

function batchItems(report: Task['report']): ShownItem[] {
  const items = report.flatMap((outcome) => {
    const { item, words, refused = [] } = outcome.note as unknown as Note
    const others = refused.map((one) => [one.item, present(one.words, one.fault)] as const)
    return [...others, [item, present(words, { ...outcome, task: 0 })] as const]
  })
  return items.sort(([a], [b]) => a - b).map(([, shown]) => shown)
}

function isNote(note: Json): boolean {
  return note !== null && typeof note === 'object' && !Array.isArray(note) && 'words' in note
}

const RESULT_TYPES: Readonly<Record<string, readonly [taskType: string, member: string]>> = {
  move: ['batchMove', 'batchMoveResults'],
  copy: ['batchCopy', 'batchCopyResults'],
  delete: ['batchDelete', 'batchDeleteResults'],
  restore: ['batchRestoreRecycle', 'batchRestoreRecycleResults'],
  calibrate: ['calibrateDirectoryStats', 'calibrateDirectoryStatsResult'],
}

/** The newer form: one task, whose id is a string and whose total failure is 400, or 500 when it was given up. */
async function result(call: Call): Promise<Answer> {
  const [task] = await tasksNamed(call)
  if (!task) throw refuse('TaskNotFound')
  const [taskType, member] = RESULT_TYPES[task.kind] ?? [task.kind, `${task.kind}Results`]
  if (task.state !== 'done') return { status: 200, body: { taskId: String(task.id), taskType, status: 202 } }
  const { items } = ending(task)
  const failed = items.filter(isFault).length
  const status = wasGivenUp(task) ? 500 : failed === 0 ? 200 : failed === items.length ? 400 : 207
  return {
    status: 200,
    body: { taskId: String(task.id), taskType, status, [member]: member.endsWith('Results') ? items : items[0] },
  }
}
