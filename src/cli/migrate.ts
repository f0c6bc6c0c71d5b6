/** `batchdrive migrate`: a database's schema brought up to date before the servers come. */
import { Command } from 'commander'
import { prepareData } from '../app.ts'
import { readConfig } from '../config.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions } from './data.ts'
import { CommandError } from './failure.ts'

interface MigrateOptions extends DataOptions {
  readonly citus?: boolean
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the schema up to date; servers do so themselves when they may change it')
    .option('--citus', 'then spread the tables over the machines of a Citus cluster')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .action(run)
}

async function run({ citus = false, ...options }: MigrateOptions): Promise<void> {
  const place = readConfig(options)
  if (citus && place.database === '')
    throw new CommandError('--citus is for PostgreSQL: name the database with --database')
  const spread = await prepareData(place, citus)
  process.stdout.write('the schema is up to date\n')
  if (citus)
    process.stdout.write(spread.length === 0 ? 'all tables were spread already\n' : `spread: ${spread.join(', ')}\n`)
}
