/** How figures are told. */
import { cpus, totalmem } from 'node:os'
import { Database } from '../src/store/sqlite/driver.ts'
import type { Figure } from './measure.ts'

/** What the figures were taken on. */
export function machine(): string {
  const db = new Database(':memory:')
  const { v } = db.prepare('select sqlite_version() as v').get() as { v: string }
  db.close()
  const [{ model = 'unknown' } = {}] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `Machine: ${cpus().length} cores (${model.trim()}), ${memory} GiB, Node ${process.version}, SQLite ${v}; client and server share the cores.`
}

/** Figures as a table. The ratio of each is to the nearest yardstick (a name with "bare" or "empty") above it. */
export function table(figures: readonly Figure[], yardstick: string): string {
  let unit = figures[0]!.itemsPerSecond
  const lines = figures.map(({ name, ms, itemsPerSecond }) => {
    const isYardstick = /^(bare|empty)/.test(name)
    if (isYardstick) unit = itemsPerSecond
    const ratio = isYardstick ? '1' : (itemsPerSecond / unit).toFixed(2)
    return `| ${name} | ${ms.toFixed(2)} | ${Math.round(itemsPerSecond).toLocaleString('en')} | ${ratio} |`
  })
  return [`| | ms | items/s | ratio to: ${yardstick} |`, '|---|---:|---:|---:|', ...lines].join('\n')
}
