/** Asking after a task that an asynchronous item started. */
import type { Task, TaskId } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { codeOfTask, errors, paramError, Refusal } from './error.ts'
import type { Call, Route } from './route.ts'
import { parseId, timeText } from './terms.ts'

export function taskRoutes(route: Route): void {
  route('GetTask', 'GET /storage/tasks/:taskId', { scope: 'Storage.Task.Read' }, getTask)
}

async function getTask(context: DialectContext, call: Call): Promise<object> {
  const id = parseId<TaskId>(call.params.taskId)
  if (id === undefined) throw paramError('taskId', 'is not the id of a task.')
  const [task] = await context.engine.tasks(call.actor, [id])
  if (!task) throw new Refusal(...errors.task_not_found)
  return { task: taskOf(task) }
}

/** There is no status for a partial success: whatever failed makes the whole FAIL. */
export function taskOf(task: Task) {
  const finished = task.state === 'done'
  const outcome = task.failed > 0 ? 'FAIL' : 'SUCCESS'
  return {
    id: String(task.id),
    status: { queued: 'INIT', running: 'IN_PROGRESS', done: outcome }[task.state],
    totalCount: task.total,
    successCount: task.done,
    failCount: task.failed,
    ...(task.failed > 0 ? { failMessage: codeOfTask(task.error) } : {}),
    beginTime: timeText(task.startedAt || task.createdAt),
    ...(finished ? { endTime: timeText(task.finishedAt) } : {}),
  }
}
