/** What the scripts share: installing, building, and running tools of this checkout. Only node built-ins. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...path) => join(root, ...path)

/** Kept inside what it describes, so that it goes when that goes. */
const INSTALL_MARKER = at('node_modules', '.batchdrive-install')
const BUILD_MARKER = at('dist', '.batchdrive-build')

/** Runs a program with this terminal; resolves to its exit code, 1 when a signal ended it. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options })
    const forward = (signal) => child.kill(signal)
    process.on('SIGINT', forward).on('SIGTERM', forward)
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('SIGINT', forward).off('SIGTERM', forward)
      resolve(code ?? 1)
    })
  })
}

/** Runs the program a dependency ships, by this very Node. */
export function runTool(name, args, options) {
  const [owner, bin] = TOOLS[name]
  const manifest = JSON.parse(readFileSync(at('node_modules', owner, 'package.json'), 'utf8'))
  const path = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[bin]
  return run(process.execPath, [at('node_modules', owner, path), ...args], options)
}
const TOOLS = { biome: ['@biomejs/biome', 'biome'], tsc: ['typescript', 'tsc'], vitest: ['vitest', 'vitest'] }

/** Installs the dependencies unless those of the lock file are already there, for this Node. */
export async function install() {
  const wanted = digest([
    readFileSync(at('package-lock.json')),
    process.versions.modules,
    process.platform,
    process.arch,
  ])
  if (read(INSTALL_MARKER) === wanted) return
  if (!installedByHand()) {
    // Its output goes to stderr: stdout belongs to what the script is for.
    const npm = /npm-cli\.c?js$/.test(process.env.npm_execpath ?? '')
      ? [process.execPath, process.env.npm_execpath]
      : ['npm']
    const code = await run(npm[0], [...npm.slice(1), 'ci', '--include=dev'], { stdio: ['ignore', 2, 2] })
    if (code !== 0) throw new Failure('npm ci failed')
  }
  writeFileSync(INSTALL_MARKER, wanted)
}

/** See `src/store/sqlite/driver.ts`. */
const DRIVER = Number.parseInt(process.versions.node, 10) >= 22 ? 'better-sqlite3-13' : 'better-sqlite3'

/** Whether someone's own `npm install` has put the locked versions there, with a database driver this Node can load. */
function installedByHand() {
  const have = read(at('node_modules', '.package-lock.json'))
  if (have === undefined) return false
  const want = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages
  const versions = JSON.parse(have).packages
  const stale = Object.entries(want).filter(
    ([path, entry]) => path !== '' && !entry.optional && versions[path]?.version !== entry.version,
  )
  if (stale.length > 0) return false
  try {
    const Database = createRequire(import.meta.url)(DRIVER)
    new Database(':memory:').close()
    return true
  } catch {
    return false
  }
}

/** Compiles `src` to `dist` when sources or settings changed since the last time. A failed build leaves `dist` alone. */
export async function build() {
  const sources = readdirSync(at('src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !/\.test\.ts$|[\\/]conformance(?:\.ts$|[\\/])/.test(path))
    .sort()
  const inputs = [...sources, at('tsconfig.json'), at('tsconfig.build.json'), at('package.json')]
  const wanted = digest(inputs.flatMap((path) => [path.slice(root.length).split(sep).join('/'), readFileSync(path)]))
  if (read(BUILD_MARKER) === wanted) return
  const fresh = at('.tmp', `build-${process.pid}`)
  const code = await runTool('tsc', ['-p', 'tsconfig.build.json', '--outDir', fresh], { stdio: ['ignore', 2, 2] })
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    throw new Failure('the build failed')
  }
  cpSync(at('src'), fresh, { recursive: true, filter: (path) => !/\.ts$/.test(path) })
  // So that `npx batchdrive` runs it.
  chmodSync(join(fresh, 'cli', 'main.js'), 0o755)
  writeFileSync(join(fresh, '.batchdrive-build'), wanted)
  replaceFolder(fresh, at('dist'))
}

/** Puts a finished folder in another's place: whoever looks finds either the old files or the new, never a mixture. */
function replaceFolder(fresh, place) {
  const old = `${fresh}-old`
  if (existsSync(place)) renameSync(place, old)
  renameSync(fresh, place)
  rmSync(old, { recursive: true, force: true })
}

/** A fresh path under the checkout's own folder for passing files. */
export function temporaryPath(name) {
  mkdirSync(at('.tmp'), { recursive: true })
  return at('.tmp', `${process.pid}-${name}`)
}

/** The main part of a script: expected failures end it with a line, not with a stack. */
export async function main(fn) {
  try {
    await fn()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/** A failure that has already shown its details. */
export class Failure extends Error {}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function digest(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}
