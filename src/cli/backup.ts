/** `batchdrive backup`: a consistent copy of a deployment, made while it is served. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import { backUp } from '../upkeep.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandData } from './data.ts'
import { counted, showProgress } from './progress.ts'
import { programVersion } from './version.ts'

interface BackupOptions extends DataOptions {
  readonly to: string
  readonly link?: boolean
  readonly keys: boolean
  readonly prune?: boolean
}

export function backupCommand(): Command {
  return new Command('backup')
    .description('copy rows, bytes and keys into a folder; servers may run meanwhile')
    .requiredOption('--to <folder>', 'where to: a new folder, or an earlier backup to bring up to date')
    .option('--link', 'give bytes a second name instead of copying them; on the same file system only')
    .option('--no-keys', 'leave the keys out: without them no id, token or secret of the backup can be read')
    .option('--prune', 'remove bytes of earlier backups in the folder that are referred to no more')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .addHelpText('after', EXPLANATION)
    .action(make)
}

const EXPLANATION = `
The folder can do whatever the deployment can: keep it as secret. "batchdrive fsck --data FOLDER" looks at it,
"batchdrive restore" makes a deployment of it. Bytes are copied once, however many backups go to the folder; those
that are referred to no more stay unless it is told to --prune them. Uploads under way are left out.`

async function make({ to, link = false, keys, prune = false, ...place }: BackupOptions): Promise<void> {
  const progress = showProgress()
  const folder = resolve(to)
  const options = { to: folder, version: programVersion(), link, keys, prune, onProgress: progress.report }
  const report = await backUp(demandData(place), options).finally(() => progress.end())
  const { manifest, copied } = report
  const rows = counted(
    Object.values(manifest.rows).reduce((sum, count) => sum + count, 0),
    'row',
  )
  const blobs = `${counted(manifest.blobs.count, 'blob')} of ${counted(manifest.blobs.size, 'byte')}`
  process.stdout.write(
    `${folder} holds ${rows} and ${blobs}, ${counted(copied.count, 'blob')} of ${counted(copied.size, 'byte')} copied now\n`,
  )
  if (keys) process.stdout.write('it holds the deployment’s keys too: whoever can read it can do everything\n')
}
