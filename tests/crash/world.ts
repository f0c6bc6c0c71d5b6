/** A data folder with an engine on it, as the server has, whose disk and store a test may put itself into. */
import { join } from 'node:path'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import { DISK, type Disk } from '../../src/blob/disk/disk.ts'
import {
  type BlobStore,
  createEngine,
  type DriveId,
  type Engine,
  type Store,
  type UploadId,
} from '../../src/engine/index.ts'
import { rememberNodes } from '../../src/store/node-cache.ts'
import { createPostgresStore } from '../../src/store/postgres/store.ts'
import { createSqliteStore } from '../../src/store/sqlite/store.ts'

export const START = Date.UTC(2026, 0, 2, 3, 4, 5)
export const DAY_MS = 24 * 3600_000

/** So that a tree of nine is one for a task, and takes it several slices. */
const SMALL = { subtreeNodesMax: 6, sliceNodesMax: 3 }

export interface CrashWorld {
  readonly engine: Engine
  readonly store: Store
  readonly blobs: BlobStore
  /** What the clock shows. */
  now: number
  /** What the workload has learnt: ids by the names it uses. */
  readonly drives: Map<string, DriveId>
  readonly uploads: Map<string, UploadId>
}

/** Where a run keeps its data. */
export interface Home {
  readonly folder: string
  /** The address of a PostgreSQL database that has the rows; '' = they are in the folder. */
  readonly database: string
}

export interface OpenOptions {
  readonly now?: number
  readonly disk?: Disk
  readonly wrapStore?: (store: Store) => Store
}

export const databaseOf = (folder: string) => join(folder, 'batchdrive.db')

export async function openWorld({ folder, database }: Home, options: OpenOptions = {}): Promise<CrashWorld> {
  const { now = START, disk = DISK, wrapStore = (store: Store) => store } = options
  const clock = () => world.now
  const plain =
    database === ''
      ? createSqliteStore({ file: databaseOf(folder) })
      : await createPostgresStore({ url: database, connectionsMax: 3 })
  const store = rememberNodes(wrapStore(plain), { oneByOne: database === '' })
  const blobs = await createDiskBlobs({ folder, clock, disk })
  const engine = createEngine({ store, blobs, clock, secret: Buffer.alloc(32, 7), options: SMALL })
  const world: CrashWorld = { engine, store, blobs, now, drives: new Map(), uploads: new Map() }
  return world
}

/** Lets tasks end and the sweep take what it may, two days later: nothing that was begun is still under way then. */
export async function settle(world: CrashWorld): Promise<void> {
  world.now += 2 * DAY_MS
  for (let slices = 0; await world.engine.work(); slices++) {
    if (slices > 1_000) throw new Error('work never ends')
  }
  // What became free in the last slice waits its time.
  world.now += DAY_MS
  while (await world.engine.work());
}
