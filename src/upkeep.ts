/** Backups, restoring, and moving rows to another store: the work on a deployment that no server does. */
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectData, openData, takePlace } from './app.ts'
import { copyDiskBlobs } from './blob/disk/copy.ts'
import { createDiskBlobs } from './blob/disk/create.ts'
import { type BackupReport, MANIFEST, type Manifest, makeBackup } from './copy/backup.ts'
import { restoreBackup } from './copy/restore.ts'
import { copyRows, demandSameRows, type OnRows } from './copy/rows.ts'
import { lockData } from './data-lock.ts'
import { type Inspection, type RowReader, type RowWriter, StorageError } from './engine/index.ts'
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
        await snapshot(place, file, onProgress)
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

/** Rows in PostgreSQL are written into a file as SQLite keeps them: a backup is the same, wherever the rows were. */
async function snapshot({ dataDir, database }: Place, file: string, onProgress: OnRows): Promise<void> {
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

/** Makes a data folder from a backup and proves it. */
export async function restore(from: string, to: string, onProgress: OnRows = () => {}): Promise<Restored> {
  const manifest = await restoreBackup({
    from,
    to,
    database: nameOf(databaseFile(to)),
    inspect: inspectFile,
    copyBlobs: (blobs) => copyDiskBlobs(blobs, { from, to }),
    onProgress,
  })
  await copySecrets(from, to)
  await chmod(databaseFile(to), OWNER_ONLY_FILE)
  const report = await fsck({ ...inspectData({ dataDir: to, database: '' }), now: Date.now(), onProgress })
  demandSound(report, 'what was restored')
  return { manifest, report }
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
  demandSound(await fsck({ ...inspectData(from), now: Date.now(), onProgress }), 'the deployment')
  const writer = await writerOf(to)
  try {
    const rows = await copyAll(from, writer, onProgress)
    demandSound(await fsck({ ...inspectData(to), now: Date.now(), onProgress }), 'the copy')
    await releasePlace(from)
    // Whoever opens the new place first writes down whose it is.
    await (await openData(to)).store.close()
    await writer.finish()
    return rows
  } finally {
    await writer.close()
  }
}

async function copyAll(from: Place, writer: RowWriter, onProgress: OnRows): Promise<number> {
  const reader = await readerOf(from)
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

function demandSound({ faults }: FsckReport, what: string): void {
  const [first] = faults
  if (!first) return
  throw new StorageError(`${what} is not sound: ${first.about} ${first.says}; "batchdrive fsck" tells all`)
}
