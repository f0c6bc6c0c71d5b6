/** How far a long command has come: a line on the error stream, rewritten where that is a terminal. */
import type { OnProgress } from '../fsck/fsck.ts'

/** How often a line is renewed on a terminal, and written elsewhere, ms. */
const TERMINAL_MS = 200
const LOG_MS = 10_000

export interface Progress {
  readonly report: OnProgress
  /** Ends the last line. */
  end(): void
}

/** One line for each thing that is done, with how long it took. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const everyMs = stream.isTTY ? TERMINAL_MS : LOG_MS
  let what = ''
  let line = ''
  let startedAt = 0
  let shownAt = 0
  const end = () => {
    if (what === '') return
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    stream.write(`${stream.isTTY ? '\r' : ''}${line} (${seconds} s)\n`)
    what = ''
  }
  const report: OnProgress = (title, done, total) => {
    const now = performance.now()
    if (title !== what) {
      end()
      what = title
      startedAt = now
      shownAt = stream.isTTY ? 0 : now
    }
    line = done === 0 ? title : `${title}: ${amount(done)}${total === null ? '' : ` of ${amount(total)}`}`
    if (now - shownAt < everyMs) return
    shownAt = now
    stream.write(stream.isTTY ? `\r${line}` : `${line}\n`)
  }
  return { report, end }
}

/** `1,234,567` */
export function amount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1,234,567 nodes`, `1 node` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${amount(count)} ${count === 1 ? one : many}`
}
