/**
 * `npm test [-- vitest arguments]`: installs what is missing, checks style and types, builds, runs the tests. All steps run
 * even when an earlier one failed. The last line is `N passed, N failed`, with `, N skipped` when any were.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { countTests, summaryOf } from './count.mjs'
import { build, Failure, install, main, runTool, temporaryPath } from './project.mjs'

await main(async () => {
  await install()
  const checks = [
    ['style', () => runTool('biome', ['check', '.'])],
    ['types', () => runTool('tsc', ['--noEmit'])],
    ['build', () => build().then(() => 0, failed)],
  ]
  const broken = []
  for (const [name, check] of checks) if ((await check()) !== 0) broken.push(name)

  const report = temporaryPath('vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await runTool('vitest', ['run', ...reporters, ...process.argv.slice(2)])
  const written = existsSync(report) ? readFileSync(report, 'utf8') : undefined
  rmSync(report, { force: true })
  const counts = written === undefined ? { passed: 0, failed: 0, skipped: 0 } : countTests(JSON.parse(written))
  // Vitest also fails on what belongs to no test: an error nobody awaited, nothing to run.
  if (code !== 0 && counts.failed === 0) broken.push('test run')

  for (const name of broken) console.log(`${name}: failed`)
  const failures = counts.failed + broken.length
  console.log(summaryOf({ ...counts, failed: failures }))
  process.exitCode = failures > 0 ? 1 : 0
})

function failed(error) {
  if (!(error instanceof Failure)) throw error
  return 1
}
