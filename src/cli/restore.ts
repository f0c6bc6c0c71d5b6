/** `batchdrive restore`: a data folder from a backup. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../config.ts'
import { restore } from '../upkeep.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions } from './data.ts'
import { counted, showProgress } from './progress.ts'

interface RestoreOptions extends DataOptions {
  readonly from: string
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('make a deployment from a backup, and prove it')
    .requiredOption('--from <folder>', 'the backup')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .addHelpText('after', EXPLANATION)
    .action(make)
}

const EXPLANATION = `
The data folder must be empty or not there, and so must the rows of the database where one is named; without one the rows
are put into the folder, wherever they were before. Every byte is read and compared with its digest on the way, and fsck
has the last word.`

async function make({ from, ...options }: RestoreOptions): Promise<void> {
  const { dataDir, database } = readConfig(options)
  const progress = showProgress()
  const { manifest, report } = await restore(resolve(from), { dataDir, database }, progress.report).finally(() =>
    progress.end(),
  )
  const seen = ['drive', 'node', 'version'].map((table) => counted(report.rows.get(table) ?? 0, table))
  const blobs = `${counted(report.blobs.count, 'blob')} of ${counted(report.blobs.size, 'byte')}`
  process.stdout.write(
    `${dataDir} is as it was at ${manifest.made_at}: ${seen.join(', ')}, ${blobs}; nothing is wrong\n`,
  )
}
