/** `batchdrive gc`: removing what is provably nobody's. */
import { Command } from 'commander'
import { inspectData, openUpkeep } from '../app.ts'
import { type GcReport, gc } from '../fsck/gc.ts'
import { isBackup } from '../upkeep.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandData } from './data.ts'
import { CommandError } from './failure.ts'
import { counted, showProgress } from './progress.ts'

interface GcOptions extends DataOptions {
  readonly dryRun?: boolean
}

export function gcCommand(): Command {
  return new Command('gc')
    .description('remove what is provably nobody’s; the server must be stopped')
    .option('--dry-run', 'only say what would go; a server may run meanwhile')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .addHelpText('after', EXPLANATION)
    .action(collect)
}

const EXPLANATION = `
The server sweeps while it runs; this does all of it at once and also removes the bytes that no row knows, which a
process that was killed may leave. Bytes written within the last hour are kept, and files it does not know.`

async function collect({ dryRun = false, ...options }: GcOptions): Promise<void> {
  const place = demandData(options)
  if (isBackup(place.dataDir))
    throw new CommandError(
      `${place.dataDir} is a backup, whose rows must stay as they are: see "batchdrive backup --prune"`,
    )
  const progress = showProgress()
  const parts = { ...inspectData(place), now: Date.now(), onProgress: progress.report }
  const tools = dryRun ? null : await openUpkeep(place)
  try {
    const report = await gc(parts, tools).finally(() => progress.end())
    process.stdout.write(`${lines(report, dryRun).join('\n')}\n`)
  } finally {
    await tools?.close()
  }
}

function lines({ swept, leftovers }: GcReport, dryRun: boolean): string[] {
  const nobodys = { blob: 'blob', upload: 'staged upload', temporary: 'half-written file' } as const
  const found = [
    [`${counted(swept.nodes, 'destroyed node')}`, swept.nodes],
    [`${counted(swept.uploads, 'upload')} past their time`, swept.uploads],
    [`${counted(swept.blobs, 'blob')} without a reference`, swept.blobs],
    ...(['blob', 'upload', 'temporary'] as const).map((kind) => {
      const { count, size } = leftovers[kind]
      return [`${counted(count, nobodys[kind])} of nobody, ${counted(size, 'byte')}`, count] as const
    }),
  ] as const
  const some = found.filter(([, count]) => count > 0).map(([text]) => `${dryRun ? 'would remove' : 'removed'} ${text}`)
  return some.length === 0 ? ['there is nothing to remove'] : some
}
