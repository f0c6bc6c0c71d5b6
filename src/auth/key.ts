/** The deployment's master key: everything secret or authenticated is derived from it. Losing it closes every id and token. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export const KEY_BYTES = 32
const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700
const OTHERS = 0o077

/** The key file cannot be used; the message says what to do. */
export class KeyError extends Error {
  override name = 'KeyError'
}

/** Where a data folder keeps its master key. */
export function masterKeyFile(dataDir: string): string {
  return join(dataDir, 'keys', 'master.key')
}

/**
 * Reads the master key of a data folder; makes it, durably, when there is none and nothing depends on one yet. Throws
 * KeyError when the file is not exactly KEY_BYTES long, may be read by others than its owner, or is gone.
 * @param inUse whether the folder holds data made under a key
 */
export async function masterKey(dataDir: string, inUse = false): Promise<Buffer> {
  const file = masterKeyFile(dataDir)
  const present = await readKey(file)
  if (present !== undefined) return present
  if (inUse)
    throw new KeyError(`${file} is missing, and the data beside it was made under it: restore it from a backup`)
  await writeOwnerOnly(file, randomBytes(KEY_BYTES))
  return (await readKey(file))!
}

/**
 * Writes a file that only its owner may read, durable before the promise resolves. A file that is there already stays as
 * it is: of two processes that start at once, both use what the first wrote.
 */
export async function writeOwnerOnly(file: string, bytes: string | Buffer): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = await open(temporary, 'wx', OWNER_ONLY_FILE)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await publish(temporary, file)
  await syncFolder(folder)
  await syncFolder(dirname(folder))
}

/** Gives the finished file its name unless the name is taken. */
async function publish(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file)
    await unlink(temporary)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST') return unlink(temporary)
    // A file system without hard links; a second process at the same instant is the only danger, and it reads the file again.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') return rename(temporary, file)
    throw error
  }
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    const { mode } = await stat(file)
    if ((mode & OTHERS) !== 0 && process.platform !== 'win32') {
      throw new KeyError(`${file} may be read by others than its owner: run "chmod 600 ${file}" and start again`)
    }
    const key = await readFile(file)
    if (key.length !== KEY_BYTES)
      throw new KeyError(`${file} is ${key.length} bytes long, not ${KEY_BYTES}: restore it from a backup`)
    return key
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; there the rename itself is as durable as it gets.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
