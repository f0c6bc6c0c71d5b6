/** One server a data folder: a second one would take the first's unfinished files for leftovers of a crash. */
import { readFileSync, realpathSync } from 'node:fs'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** The data folder is in use by another server. */
export class DataInUseError extends Error {
  override name = 'DataInUseError'
}

interface Holder {
  readonly pid: number
  readonly host: string
  /** Tells the process from a later one of the same number; '' where the system does not say. */
  readonly born: string
}

const heldHere = new Set<string>()

/**
 * Takes the folder for this process, making it when it is not there; returns how to give it back. A process that was
 * killed leaves its lock behind, which the next one recognises as stale. Throws DataInUseError.
 */
export async function lockData(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const folder = realpathSync(dataDir)
  const file = join(folder, 'server.lock')
  if (heldHere.has(folder)) throw inUse(dataDir, process.pid)
  heldHere.add(folder)
  try {
    await take(file, dataDir)
  } catch (error) {
    heldHere.delete(folder)
    throw error
  }
  return async () => {
    await unlink(file).catch(() => undefined)
    heldHere.delete(folder)
  }
}

async function take(file: string, dataDir: string): Promise<void> {
  const temporary = `${file}.${process.pid}`
  const own: Holder = { pid: process.pid, host: hostname(), born: bornOf(process.pid) }
  await writeFile(temporary, JSON.stringify(own), { mode: 0o600 })
  try {
    await claim(temporary, file, dataDir)
  } finally {
    await unlink(temporary)
  }
}

async function claim(temporary: string, file: string, dataDir: string): Promise<void> {
  try {
    await link(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const holder = await holderOf(file)
    if (holder && isAlive(holder)) throw inUse(dataDir, holder.pid)
    await unlink(file).catch(() => undefined)
    // Whoever links first after a stale lock went has it; the other finds it alive.
    await link(temporary, file).catch(() => {
      throw inUse(dataDir, undefined)
    })
  }
}

async function holderOf(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

/** A lock of another host cannot be judged from here; a container that was made anew is the likelier reason. */
function isAlive({ pid, host, born }: Holder): boolean {
  if (host !== hostname() || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return born === bornOf(pid)
}

/** The start time of a process in ticks since boot, the 22nd field of its stat line, where /proc exists. */
function bornOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the program's name in brackets, may itself hold spaces and brackets.
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function inUse(dataDir: string, pid: number | undefined): DataInUseError {
  const who = pid === undefined ? 'another server' : `a server that runs already (process ${pid})`
  return new DataInUseError(`${dataDir} is in use by ${who}: stop it, or choose another folder with --data`)
}
