/** `batchdrive work`: tasks and the sweep, beside the servers of a database, until it is told to stop. */
import { Command } from 'commander'
import { startWorker } from '../app.ts'
import { type GivenOptions, readConfig } from '../config.ts'
import { DATA_OPTION, DATABASE_OPTION } from './data.ts'
import { CommandError, failureText } from './failure.ts'
import { stopOnSignals } from './signals.ts'

export function workCommand(): Command {
  return new Command('work')
    .description('run tasks and the sweep, and serve nobody; any number may run beside the servers of a database')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(work)
}

async function work(options: Pick<GivenOptions, 'data' | 'database'>): Promise<void> {
  const config = readConfig(options)
  if (config.database === '') {
    throw new CommandError(
      'a data folder without PostgreSQL has one server, which does this work itself: name the database with --database',
    )
  }
  const worker = await startWorker(config, (error) => process.stderr.write(`batchdrive: ${failureText(error)}\n`))
  stopOnSignals(() => worker.close())
  process.stdout.write('working\n')
}
