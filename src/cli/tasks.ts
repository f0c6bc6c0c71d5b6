/** `batchdrive tasks`: what is under way and what was, for all tenants and the deployment itself. */
import { Command, InvalidArgumentError } from 'commander'
import { parseDecimalId, type TaskId } from '../engine/index.ts'
import { cancelAnyTasks, type KnownTask, latestTasks, SWEEP_TASK } from '../engine/task-overview.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, withData } from './data.ts'
import { CommandError } from './failure.ts'
import { isoTime, printJson, printRows } from './print.ts'

/** How many ended tasks are shown unless more are asked for. */
const ENDED_SHOWN = 20
const ENDED_SHOWN_MAX = 1000

interface ListOptions extends DataOptions {
  readonly json?: boolean
  readonly limit: number
}

export function tasksCommand(): Command {
  const tasks = new Command('tasks')
    .description('show tasks that wait or are under way, and the latest that ended; the sweep is number 0')
    .option('--json', 'as JSON, with all that is known')
    .option('--limit <count>', `how many that ended, 0 … ${ENDED_SHOWN_MAX}`, count, ENDED_SHOWN)
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(list)
  tasks
    .command('cancel')
    .description('ask a task to stop: what it did stays, the rest is reported as cancelled')
    .argument('<id>', 'the task’s number', taskNumber)
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action((id: TaskId, options: DataOptions, command: Command) =>
      cancel(id, { ...command.parent!.opts<DataOptions>(), ...options }),
    )
  return tasks
}

function count(text: string): number {
  const value = Number(text)
  if (!/^\d{1,4}$/.test(text) || value > ENDED_SHOWN_MAX) throw new InvalidArgumentError('It is no such number.')
  return value
}

function taskNumber(text: string): TaskId {
  const id = parseDecimalId<TaskId>(text)
  if (id === undefined) throw new InvalidArgumentError('It is no number of a task.')
  return id
}

async function list({ json = false, limit, ...options }: ListOptions): Promise<void> {
  const tasks = await withData(options, ({ store }) => latestTasks(store, limit))
  if (json) printJson(tasks)
  else
    printRows(tasks.map(row), ['id', 'tenant', 'kind', 'by', 'state', 'progress', 'failed', 'since', 'ended', 'error'])
}

function row(task: KnownTask) {
  const isSweep = task.id === SWEEP_TASK
  return {
    ...task,
    tenant: task.tenant || '-',
    by: task.creator,
    state: task.cancelled && task.state !== 'done' ? 'stopping' : task.state,
    // The sweep has no end to come to: what it removed is counted.
    progress: isSweep ? String(task.done) : `${task.done}/${task.total}`,
    since: isoTime(task.startedAt || task.createdAt),
    ended: task.finishedAt ? isoTime(task.finishedAt) : '-',
  }
}

async function cancel(id: TaskId, options: DataOptions): Promise<void> {
  const [outcome] = await withData(options, ({ store }) => cancelAnyTasks(store, [id]))
  if (outcome === 'unknown') throw new CommandError(`there is no task ${id}`)
  if (outcome === 'too late') throw new CommandError(`task ${id} has ended, or only removes what is destroyed already`)
  process.stdout.write(`task ${id} will stop\n`)
}
