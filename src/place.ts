/** Where a deployment keeps everything: keys and bytes in a data folder, rows there too or in a PostgreSQL database. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Place {
  readonly dataDir: string
  /** The address of a PostgreSQL database; '' when the rows are in the data folder. Holds a password: never shown. */
  readonly database: string
}

/** The data folder's rows are kept elsewhere than was said. */
export class PlaceError extends Error {
  override name = 'PlaceError'
}

/** Where a data folder keeps its rows when they are not in PostgreSQL. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'batchdrive.db')
}

/** Says that the rows of a folder are in PostgreSQL. */
function noteFile(dataDir: string): string {
  return join(dataDir, 'postgres.txt')
}

/** Whether the place was ever used; as far as its folder tells. */
export function isUsed({ dataDir, database }: Place): boolean {
  return existsSync(database === '' ? databaseFile(dataDir) : noteFile(dataDir))
}

/**
 * Makes sure that a folder's bytes belong to the rows it is opened with: whoever sweeps one set of rows removes bytes that
 * only another set refers to. Throws PlaceError.
 */
export async function claimPlace({ dataDir, database }: Place): Promise<void> {
  if (database === '') {
    if (existsSync(noteFile(dataDir))) {
      throw new PlaceError(
        `the rows of ${dataDir} are in PostgreSQL: name the database with BATCHDRIVE_DATABASE_URL or --database`,
      )
    }
    return
  }
  if (existsSync(databaseFile(dataDir))) {
    throw new PlaceError(
      `${dataDir} has rows of its own, in ${databaseFile(dataDir)}: choose another folder with --data`,
    )
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await writeFile(noteFile(dataDir), 'The rows of this folder are kept in PostgreSQL.\n', { mode: 0o600 })
}

/** Gives up a place whose rows have been moved: what is left of them is put aside, so that nobody takes them for the latest. */
export async function releasePlace({ dataDir, database }: Place): Promise<void> {
  if (database !== '') return unlink(noteFile(dataDir))
  const file = databaseFile(dataDir)
  await rm(`${file}-shm`, { force: true })
  // The log goes with the file it belongs to, under the name that SQLite looks for.
  await rename(`${file}-wal`, `${file}.moved-wal`).catch(unlessMissing)
  await rename(file, `${file}.moved`)
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
