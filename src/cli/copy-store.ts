/** `batchdrive copy-store`: the rows of a deployment, moved to another store. */
import { Command, InvalidArgumentError } from 'commander'
import { readConfig } from '../config.ts'
import { isUsed } from '../place.ts'
import { moveRows } from '../upkeep.ts'
import { DATA_OPTION, type DataOptions } from './data.ts'
import { CommandError } from './failure.ts'
import { counted, showProgress } from './progress.ts'

interface CopyOptions extends DataOptions {
  readonly from: string
  readonly to: string
}

export function copyStoreCommand(): Command {
  return new Command('copy-store')
    .description(
      'move a deployment’s rows to PostgreSQL, or back into its data folder; it must not be served meanwhile',
    )
    .requiredOption('--from <store>', 'where the rows are: sqlite, or postgres://…', parseStore)
    .requiredOption('--to <store>', 'where they go: postgres://… (an empty database), or sqlite', parseStore)
    .option(...DATA_OPTION)
    .addHelpText('after', EXPLANATION)
    .action(copy)
}

const EXPLANATION = `
Bytes and keys stay in the data folder. When it is interrupted, the same command goes on where it stopped. Before it
begins and after it ends fsck looks at all of it, and every table is compared row by row; only then the old rows are put
aside (batchdrive.db.moved) and the deployment is the new store's. Start it with the new --database from then on.`

function parseStore(text: string): string {
  if (text === 'sqlite') return ''
  if (/^postgres(ql)?:\/\//.test(text)) return text
  throw new InvalidArgumentError('sqlite, or postgres://user:password@host:port/database')
}

async function copy({ from, to, data }: CopyOptions): Promise<void> {
  if ((from === '') === (to === '')) throw new CommandError('one of the two stores is SQLite, the other PostgreSQL')
  const { dataDir } = readConfig({ data })
  const source = { dataDir, database: from }
  if (!isUsed(source)) throw new CommandError(`the rows of ${dataDir} are not where --from says`)
  const progress = showProgress()
  const rows = await moveRows(source, { dataDir, database: to }, progress.report).finally(() => progress.end())
  process.stdout.write(`${counted(rows, 'row')} moved and compared; nothing is wrong\n`)
}
