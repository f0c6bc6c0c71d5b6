/** Tries every kill point and reports how many, for `npm run soak`. */
import { appendFileSync } from 'node:fs'
import { soakCrashes } from '../crash/soak.ts'

/** The latest count of each way of failing, from lines such as `killed: 50 of 312`. */
const counts = new Map<string, number>()
let failed: string | null = null
try {
  await soakCrashes((line) => {
    console.log(line)
    const found = /^(?<what>.+): (?<count>\d+) of \d+$/.exec(line)
    if (found) counts.set(found.groups!.what!, Number(found.groups!.count))
  })
} catch (error) {
  failed = error instanceof Error ? error.message : String(error)
  console.error(failed)
  process.exitCode = 1
}
const report = process.env.MODEL_REPORT
if (report) {
  const lines = [...counts].map(([what, count]) => {
    const line = { name: `durable steps: ${what}`, store: 'sqlite', sequences: count, operations: count, failed }
    return `${JSON.stringify(line)}\n`
  })
  appendFileSync(report, lines.join(''))
}
