/** Tasks: what became of a batch that was answered 202. Pages 1339/71002 and 124487. */
import { CLEAR_VERSIONS, type Json, parseDecimalId, type Task, type TaskId } from '../../engine/index.ts'
import { callerOf, demand, visit } from './auth.ts'
import type { Note } from './batch-run.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, refuse } from './error.ts'
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
  return { status: state !== 'done' ? 202 : error === '' ? 200 : 500, code: error || null, deleteCount: done }
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
  const items = itemsOf(task)
  if (items === undefined) return single(task)
  return { status: items.some(isFault) ? 207 : 200, result: items }
}

/**
 * Work on one entry that the engine itself made a task of: its result is one object, of a failure too. One of the vendor's
 * clients waits on at any other status than 200, 204 and 207, another one as long as there is no result.
 */
function single(task: Task): { status: number; result?: unknown } {
  const shown = singleItem(task)
  if (!shown) return { status: 204 }
  return { status: isFault(shown) ? 207 : 200, result: shown }
}

function singleItem({ report }: Task): ShownItem | undefined {
  const last = report.at(-1)
  if (!last) return undefined
  return last.ok ? { status: 200, path: last.path } : { ...faultOf(last, { kind: last.kind ?? 'any', source: true }) }
}

/** The items of a batch in the order asked; undefined when the task was no batch of this dialect. */
function itemsOf({ report }: Task): ShownItem[] | undefined {
  if (!report.every(({ note }) => isNote(note))) return undefined
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

/** The newer form: one task, whose id is a string and whose total failure is 400. */
async function result(call: Call): Promise<Answer> {
  const [task] = await tasksNamed(call)
  if (!task) throw refuse('TaskNotFound')
  const [taskType, member] = RESULT_TYPES[task.kind] ?? [task.kind, `${task.kind}Results`]
  if (task.state !== 'done') return { status: 200, body: { taskId: String(task.id), taskType, status: 202 } }
  const alone = singleItem(task)
  const items = itemsOf(task) ?? (alone ? [alone] : [])
  const failed = items.filter(isFault).length
  const status = failed === 0 ? 200 : failed === items.length ? 400 : 207
  return {
    status: 200,
    body: { taskId: String(task.id), taskType, status, [member]: member.endsWith('Results') ? items : items[0] },
  }
}
