/**
 * `npm run soak -- --minutes N`: random histories with fresh seeds on both stores until the time is up; and first, when there
 * is time for it, every kill point. Adds to the running total in docs/soak.md and prints what replays each failure.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { install, main, root, run, runTool, temporaryPath } from './project.mjs'
import { addReports, readMinutes, readTotal, totalPage } from './soak-total.mjs'

const PAGE = join(root, 'docs', 'soak.md')
/** Each is a file of explorations that go on for as long as they are told. */
const SUITES = [
  { file: 'tests/engine/model.test.ts', explorations: 1 },
  { file: 'tests/concurrent/histories.test.ts', explorations: 3 },
  { file: 'tests/concurrent/http.test.ts', explorations: 1 },
  { file: 'tests/wire/wire.test.ts', explorations: 4 },
  { file: 'tests/routes/odd.test.ts', explorations: 4 },
]
const EXPLORATIONS = SUITES.reduce((sum, { explorations }) => sum + explorations, 0)
/** Kill points take minutes: they are tried when at least this much time is given. */
const CRASH_MINUTES = 15
/** An exploration goes on for this long before it is the next one's turn, s. */
const TURN_S_MAX = 120
const MS_PER_MINUTE = 60_000

await main(async () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error('--minutes must be a number of minutes')
  await install()
  const until = Date.now() + minutes * MS_PER_MINUTE
  const failures = []
  if (minutes >= CRASH_MINUTES && !(await crashes())) failures.push('kill points: see above')
  for (let round = 1; Date.now() < until; round++) {
    const share = Math.min(TURN_S_MAX, Math.max(1, (until - Date.now()) / 1000 / EXPLORATIONS))
    for (const suite of SUITES) failures.push(...(await soak(suite, share)))
    console.log(`round ${round}: ${Math.max(0, Math.round((until - Date.now()) / 1000))} s left`)
  }
  for (const failure of failures) console.log(`FAILED ${failure}`)
  console.log(`${failures.length} failures; the running total is in docs/soak.md`)
  process.exitCode = failures.length > 0 ? 1 : 0
})

/** Runs each exploration of a suite for so many seconds, on both stores at once; what failed. */
async function soak({ file }, share) {
  const env = { MODEL_SEED: 'random', MODEL_SECONDS: String(share) }
  const { code, reports } = await reported(env, (options) => runTool('vitest', ['run', file], options))
  const failed = reports.filter((one) => one.failed)
  // A suite that breaks before it can report is a failure too.
  if (code !== 0 && failed.length === 0) return [`${file}: it ended with code ${code}`]
  return failed.map((one) => `${one.name} on ${one.store}: ${one.failed} npx vitest run --project ${one.store} ${file}`)
}

async function crashes() {
  const args = ['--import', 'tsx', 'tests/soak/crashes.ts']
  const { code } = await reported({}, (options) => run(process.execPath, args, options))
  return code === 0
}

/** Runs something that reports what it did, and adds that to the running total. */
async function reported(settings, start) {
  const report = temporaryPath('soak.jsonl')
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const begun = Date.now()
  const code = await start({ env: { ...process.env, ...settings, MODEL_REPORT: report } })
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n') : []
  rmSync(report, { force: true })
  const reports = lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  const minutes = Math.round((readMinutes(page) + (Date.now() - begun) / MS_PER_MINUTE) * 10) / 10
  writeFileSync(PAGE, totalPage(addReports(readTotal(page), reports), minutes))
  return { code, reports }
}
