/** `batchdrive fsck`: whether everything in a data folder hangs together. */
import { Command } from 'commander'
import { inspectData } from '../app.ts'
import type { Fault } from '../engine/index.ts'
import { type FsckReport, fsck, LISTED_MAX } from '../fsck/fsck.ts'
import { DATA_OPTION, DATABASE_OPTION, type DataOptions, demandData } from './data.ts'
import { CannotRunError, CommandError, failureText } from './failure.ts'
import { printJson } from './print.ts'
import { amount, counted, showProgress } from './progress.ts'

interface FsckOptions extends DataOptions {
  readonly deep?: boolean
  readonly json?: boolean
}

export function fsckCommand(): Command {
  return new Command('fsck')
    .description('prove that everything stored hangs together; reads only, also while a server runs')
    .option('--deep', 'read all bytes and compare them with their digests, not only their sizes')
    .option('--json', 'the findings as JSON')
    .option(...DATA_OPTION)
    .option(...DATABASE_OPTION)
    .addHelpText('after', EXPLANATION)
    .action(check)
}

const EXPLANATION = `
Ends with 0 when nothing is wrong, with 1 and a list of what is, with 2 when it could not look. Bytes that are
left over are not wrong: "batchdrive gc" removes them.`

async function check({ deep = false, json = false, ...options }: FsckOptions): Promise<void> {
  const progress = showProgress()
  const report = await examine(options, deep, progress.report).finally(() => progress.end())
  if (json) printJson({ ...report, rows: Object.fromEntries(report.rows) })
  else print(report)
  const { length } = report.faults
  if (length > 0) throw new CommandError(length === 1 ? 'one thing is wrong' : `${amount(length)} things are wrong`)
}

async function examine(
  options: DataOptions,
  deep: boolean,
  onProgress: ReturnType<typeof showProgress>['report'],
): Promise<FsckReport> {
  try {
    const parts = inspectData(demandData(options))
    return await fsck({ ...parts, now: Date.now(), deep, onProgress })
  } catch (cause) {
    throw new CannotRunError(failureText(cause), { cause })
  }
}

function print({ faults, leftovers, strangers, rows, blobs }: FsckReport): void {
  const lines = faults.map(faultText)
  if (faults.length >= LISTED_MAX) lines.push(`no more than ${amount(LISTED_MAX)} of a kind are listed`)
  if (strangers.length > 0) lines.push(`unknown files, left alone: ${strangers.join(', ')}`)
  if (leftovers.count > 0) {
    const what = `${counted(leftovers.count, 'thing')} of ${counted(leftovers.size, 'byte')}`
    lines.push(`left over: ${what} that belong to nobody; "batchdrive gc" removes them`)
  }
  const seen = ['node', 'version', 'drive'].map((table) => counted(rows.get(table) ?? 0, table))
  lines.push(`seen: ${seen.join(', ')}, ${counted(blobs.count, 'blob')} of ${counted(blobs.size, 'byte')}`)
  if (faults.length === 0) lines.push('nothing is wrong')
  process.stdout.write(`${lines.join('\n')}\n`)
}

function faultText({ check, drive, about, says }: Fault): string {
  return `${check}: ${drive === 0 ? '' : `drive ${drive}: `}${about} ${says}`
}
