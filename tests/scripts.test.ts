/** The scripts behind `npm start` and `npm test`, in a small checkout of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

let checkout: string
beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'batchdrive-checkout-'))
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts']
  await Promise.all(files.map((name) => cp(join(root, name), join(checkout, name), { recursive: true })))
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
  await mkdir(join(checkout, 'src', 'cli'), { recursive: true })
  await source('cli/main.ts', MAIN)
})
afterAll(() => rm(checkout, { recursive: true, force: true }))

const MAIN = `
import { word } from '../word.ts'
if (process.argv.includes('--stay')) {
  setInterval(() => {}, 1000)
  process.once('SIGTERM', () => process.exit(7))
}
console.log(JSON.stringify([word, ...process.argv.slice(2)]))
`
const source = (path: string, text: string) => writeFile(join(checkout, 'src', path), text)
const script = (name: string, ...args: string[]) =>
  run(process.execPath, [join('scripts', name), ...args], {
    cwd: checkout,
    env: { ...process.env, npm_lifecycle_event: undefined },
  })
const built = async () =>
  (await readdir(join(checkout, 'dist'), { recursive: true })).filter((name) => name.endsWith('.js')).sort()

describe('npm run build', () => {
  it('compiles what changed, and nothing when nothing did', async () => {
    await source('word.ts', "export const word: string = 'one'\n")
    await source('word.test.ts', "import 'nowhere'\n")
    await source('left.ts', 'export const left = 1\n')
    await source('table.sql', 'select 1\n')
    await script('build.mjs')
    expect(await built()).toEqual(['cli/main.js', 'left.js', 'word.js'])
    expect(await readFile(join(checkout, 'dist/table.sql'), 'utf8')).toBe('select 1\n')
    const { ino } = await stat(join(checkout, 'dist'))
    await source('word.test.ts', "import 'elsewhere'\n")
    await script('build.mjs')
    expect((await stat(join(checkout, 'dist'))).ino).toBe(ino)
  })

  it('takes away what has no source any more', async () => {
    await rm(join(checkout, 'src/left.ts'))
    await script('build.mjs')
    expect(await built()).toEqual(['cli/main.js', 'word.js'])
  })

  it('keeps the last good build when a source is wrong, and says so', async () => {
    await source('word.ts', 'export const word: string = 2\n')
    const failed = await script('build.mjs').catch((error) => error)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/error TS2322[\s\S]*the build failed/)
    expect(await readFile(join(checkout, 'dist/word.js'), 'utf8')).toContain("'one'")
    expect((await readdir(join(checkout, '.tmp'))).length).toBe(0)
  })
})

describe('npm start', () => {
  it('builds, then serves with the options given', async () => {
    await source('word.ts', "export const word: string = 'two'\n")
    const { stdout } = await script('start.mjs', '--port', '0')
    expect(JSON.parse(stdout)).toEqual(['two', 'serve', '--port', '0'])
  })

  it('ends the server when npm’s shell is killed', async () => {
    const command = `"${process.execPath}" scripts/start.mjs --stay; exit $?`
    const env = { ...process.env, npm_lifecycle_event: 'start' }
    const shell = spawn('sh', ['-c', command], { cwd: checkout, env, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(shell.stdout, 'data')
    shell.kill('SIGTERM')
    // The server holds the other end of stdout; it has ended when that has.
    await once(shell.stdout.resume(), 'close')
  })

  it('passes on signals and exit codes when it is run by hand', async () => {
    const server = spawn(process.execPath, ['scripts/start.mjs', '--stay'], { cwd: checkout })
    await once(server.stdout, 'data')
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([7, null])
  })
})

describe('npm test', () => {
  it('counts tests, files that could not be loaded, and what was left out', async () => {
    const { countTests, summaryOf } = await import(new URL('../scripts/count.mjs', import.meta.url).href)
    const report = {
      ...{ numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 },
      testResults: [
        { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
        { status: 'failed', assertionResults: [] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    }
    expect(countTests(report)).toEqual({ passed: 5, failed: 2, skipped: 3 })
    expect(summaryOf(countTests(report))).toBe('5 passed, 2 failed, 3 skipped')
    expect(summaryOf({ passed: 5, failed: 0, skipped: 0 })).toBe('5 passed, 0 failed')
  })
})
