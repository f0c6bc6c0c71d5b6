/** Backups, restoring, and moving rows to another store: the work on a deployment that no server does. */
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectData, openData, takePlace } from './app.ts'
import { masterKeyFile } from './auth/key.ts'
import { copyDiskBlobs } from './blob/disk/copy.ts'
import { createDiskBlobs } from './blob/disk/create.ts'
import { type BackupReport, MANIFEST, type Manifest, makeBackup } from './copy/backup.ts'
import { copyWhole, type RestoreParts, restoreBackup } from './copy/restore.ts'
import { copyRows, demandFree, demandSameRows, type OnRows } from './copy/rows.ts'
import { lockData } from './data-lock.ts'
import { type BlobRow, type Inspection, type RowReader, type RowWriter, StorageError } from './engine/index.ts'
import { type FsckReport, fsck } from './fsck/fsck.ts'
import { gc } from './fsck/gc.ts'
import { databaseFile, type Place, releasePlace } from './place.ts'
import { openPostgresRows, openPostgresRowWriter } from './store/postgres/rows.ts'
import { openSqliteInspection } from './store/sqlite/inspect.ts'
import { openSqliteRows, openSqliteRowWriter } from './store/sqlite/rows.ts'
import { forgetUnfinished, snapshotSqlite } from './store/sqlite/snapshot.ts'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700
/** Tells a backup that was interrupted before it had a manifest from a folder of somebody else. */
const BEGUN = 'backup-begun'
/** What a data folder keeps beside rows and bytes. */
const SECRET_FOLDERS = ['keys', 'tls', 'demo']

export interface BackupOptions {
  readonly to: string
  readonly version: string
  /** Gives blobs a second name instead of copying them. */
  readonly link: boolean
  /** Whether the backup holds the deployment's keys. */
  readonly keys: boolean
  /** Whether bytes of earlier backups in the folder go that are referred to no more. */
  readonly prune: boolean
  readonly onProgress?: OnRows
}

/** Makes a backup of a deployment, or brings one up to date, while servers run on it. */
export async function backUp(place: Place, options: BackupOptions): Promise<BackupReport> {
  const { to, version, link, keys, prune, onProgress = () => {} } = options
  const { dataDir } = place
  await mkdir(to, { recursive: true, mode: OWNER_ONLY_FOLDER })
  await demandOwn(to)
  const unlock = await lockData(to)
  try {
    if (keys) await copySecrets(dataDir, to)
    const report = await makeBackup({
      folder: to,
      database: nameOf(databaseFile(to)),
      version,
      now: Date.now(),
      async snapshot(file) {
        await snapshotRows(place, file, onProgress)
        await chmod(file, OWNER_ONLY_FILE)
      },
      inspect: inspectFile,
      copyBlobs: (blobs) => copyDiskBlobs(blobs, { from: dataDir, to, link }),
      onProgress,
    })
    await rm(join(to, BEGUN), { force: true })
    if (prune) await removeUnreferred(to, onProgress)
    return report
  } finally {
    await unlock()
  }
}

async function removeUnreferred(folder: string, onProgress: OnRows): Promise<void> {
  const parts = { ...inspectData({ dataDir: folder, database: '' }), now: Date.now(), onProgress }
  await gc(parts, { store: null, blobs: await createDiskBlobs({ folder }) })
}

/** Whether a folder is a backup: its rows are sealed by its manifest and must stay as they are. */
export function isBackup(folder: string): boolean {
  return existsSync(join(folder, MANIFEST))
}

/** A folder that has other things in it is most likely named by mistake. */
async function demandOwn(folder: string): Promise<void> {
  const names = await readdir(folder)
  const isOwn = names.length === 0 || names.includes(MANIFEST) || names.includes(BEGUN)
  if (!isOwn) throw new StorageError(`${folder} is neither empty nor a backup`)
  if (!names.includes(MANIFEST)) await writeFile(join(folder, BEGUN), '')
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/**
 * Writes the rows of this moment into a new file. Those in PostgreSQL are written as SQLite keeps them: a backup is the same,
 * wherever the rows were.
 */
export async function snapshotRows(
  { dataDir, database }: Place,
  file: string,
  onProgress: OnRows = () => {},
): Promise<void> {
  if (database === '') return snapshotSqlite(databaseFile(dataDir), file)
  const from = await openPostgresRows(database)
  try {
    const to = openSqliteRowWriter(file)
    try {
      await copyRows(from, to, onProgress)
      await to.finish()
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
  forgetUnfinished(file)
}

async function inspectFile(file: string): Promise<Inspection> {
  return openSqliteInspection(file)
}

async function copySecrets(from: string, to: string): Promise<void> {
  const folders = SECRET_FOLDERS.filter((name) => existsSync(join(from, name)))
  await Promise.all(folders.map((name) => copySecretFolder(join(from, name), join(to, name))))
}

async function copySecretFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: OWNER_ONLY_FOLDER })
  await Promise.all(
    (await readdir(from)).map(async (name) => {
      const fresh = join(to, `${name}.new`)
      await copyFile(join(from, name), fresh)
      await chmod(fresh, OWNER_ONLY_FILE)
      await sync(fresh)
      await rename(fresh, join(to, name))
    }),
  )
  await sync(to)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}

export interface Restored {
  readonly manifest: Manifest
  readonly report: FsckReport
}

/** Makes a deployment from a backup and proves it: a new data folder, and its rows there or in an empty database. */
export async function restore(from: string, to: Place, onProgress: OnRows = () => {}): Promise<Restored> {
  const { dataDir } = to
  const parts = {
    from,
    to: dataDir,
    database: nameOf(databaseFile(dataDir)),
    inspect: inspectFile,
    copyBlobs: (blobs: readonly BlobRow[]) => copyDiskBlobs(blobs, { from, to: dataDir }),
    onProgress,
  }
  if (to.database !== '') return restoreToDatabase(parts, to, onProgress)
  const manifest = await restoreBackup({ ...parts, placeRows: (file) => copyWhole(file, databaseFile(dataDir)) })
  await copySecrets(from, dataDir)
  await chmod(databaseFile(dataDir), OWNER_ONLY_FILE)
  return { manifest, report: await proved(to, 'what was restored', onProgress) }
}

/** The rows are nobody's to serve before all is there and proved. */
async function restoreToDatabase(
  parts: Omit<RestoreParts, 'placeRows'>,
  to: Place,
  onProgress: OnRows,
): Promise<Restored> {
  const { from } = parts
  if (!existsSync(masterKeyFile(from)))
    throw new StorageError(
      `${from} has no keys: restore it into a folder, put its keys there, and move its rows with "batchdrive copy-store"`,
    )
  const leave = await takePlace(to, true)
  try {
    const writer = await writerOf(to)
    try {
      await demandFree(writer)
      const placeRows = async (file: string) => void (await copyAll(openSqliteRows(file), writer, onProgress))
      const manifest = await restoreBackup({ ...parts, placeRows })
      await copySecrets(from, to.dataDir)
      const report = await proved(to, 'what was restored', onProgress)
      await writer.finish()
      await beginAt(to)
      return { manifest, report }
    } finally {
      await writer.close()
    }
  } finally {
    await leave()
  }
}

/** Whoever opens a place first writes down whose it is. */
async function beginAt(place: Place): Promise<void> {
  await (await openData(place)).store.close()
}

/**
 * Moves the rows of a deployment to another store; its bytes and keys stay where they are. Goes on where it was interrupted.
 * Nobody may serve the deployment meanwhile. Returns how many rows there were.
 */
export async function moveRows(from: Place, to: Place, onProgress: OnRows = () => {}): Promise<number> {
  const leaveSource = await takePlace(from, true)
  try {
    const leaveTarget = await takePlace(to, true)
    try {
      return await moveTaken(from, to, onProgress)
    } finally {
      await leaveTarget()
    }
  } finally {
    await leaveSource()
  }
}

async function moveTaken(from: Place, to: Place, onProgress: OnRows): Promise<number> {
  await proved(from, 'the deployment', onProgress)
  const writer = await writerOf(to)
  try {
    const rows = await copyAll(await readerOf(from), writer, onProgress)
    await proved(to, 'the copy', onProgress)
    await writer.finish()
    await releasePlace(from)
    await beginAt(to)
    return rows
  } finally {
    await writer.close()
  }
}

async function copyAll(reader: RowReader, writer: RowWriter, onProgress: OnRows): Promise<number> {
  try {
    await copyRows(reader, writer, onProgress)
    return await demandSameRows(reader, writer, onProgress)
  } finally {
    await reader.close()
  }
}

async function readerOf({ dataDir, database }: Place): Promise<RowReader> {
  return database === '' ? openSqliteRows(databaseFile(dataDir)) : openPostgresRows(database)
}

async function writerOf({ dataDir, database }: Place): Promise<RowWriter> {
  return database === '' ? openSqliteRowWriter(databaseFile(dataDir)) : openPostgresRowWriter(database)
}

async function proved(place: Place, what: string, onProgress: OnRows): Promise<FsckReport> {
  const report = await fsck({ ...inspectData(place), now: Date.now(), onProgress })
  const [first] = report.faults
  if (!first) return report
  throw new StorageError(`${what} is not sound: ${first.about} ${first.says}; "batchdrive fsck" tells all`)
}
