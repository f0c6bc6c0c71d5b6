/** `/async_task/get`: how far work has come that outlived its request. */
import type { Task } from '../../engine/index.ts'
import { archiveResult } from './archive.ts'
import type { Call, Env, SteppedEndpoint } from './call.ts'
import { errors, notFound } from './error.ts'
import { requiredText } from './request.ts'
import { iso, parseTask } from './terms.ts'

export const asyncTaskGet: SteppedEndpoint = {
  url: '/async_task/get',
  operation: 'GetAsyncTask',
  coverage: 'done',
  scope: '',
  guests: 'share',
  *steps(body, env): Call {
    const id = parseTask(requiredText(body, 'async_task_id'))
    if (id === undefined) return notFound('async_task_id')
    const { tasks } = yield { tasks: [id] }
    const task = tasks[0]
    return task ? { status: 200, body: taskObject(env, task) } : notFound('async_task_id')
  },
}

function taskObject(env: Env, task: Task): object {
  const state = stateOf(task)
  const error = task.error in errors ? errors[task.error as keyof typeof errors] : null
  return {
    async_task_id: String(task.id),
    state,
    status: state,
    task_type: task.kind,
    total_process: task.total,
    consumed_process: task.done + task.failed,
    failed_process: task.failed,
    skipped_process: 0,
    error_code: error ? error[1] : '',
    error_message: error ? error[2] : '',
    message: error ? error[2] : '',
    punished_file_count: 0,
    created_at: iso(task.createdAt),
    started_at: task.startedAt ? iso(task.startedAt) : undefined,
    finished_at: task.finishedAt ? iso(task.finishedAt) : undefined,
    ...archiveResult(env, task),
  }
}

/** `PartialSucceed` is never said: the vendor's client would go on polling for ever. The counters tell. */
function stateOf(task: Task): 'Running' | 'Succeed' | 'Failed' {
  if (task.state !== 'done') return 'Running'
  return task.failed === 0 ? 'Succeed' : 'Failed'
}
