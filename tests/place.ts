/** Whole deployments for tests: a data folder, and the place of its rows, which is what this run is about. */
import { openData } from '../src/app.ts'
import { createDiskBlobs } from '../src/blob/disk/create.ts'
import { type Clock, createEngine, type Engine, type Store } from '../src/engine/index.ts'
import { databaseFile, type Place } from '../src/place.ts'
import { createTestDatabase, type TestDatabase } from './store.ts'

export interface TestPlace extends Place {
  readonly rows: TestDatabase
  /** The options by which a command is told of it. */
  readonly args: readonly string[]
}

/** @param dataDir need not be there yet; whoever removes it also drops `rows` */
export async function createTestPlace(dataDir: string): Promise<TestPlace> {
  const rows = await createTestDatabase(databaseFile(dataDir))
  const place = { dataDir, database: rows.url }
  return { ...place, rows, args: placeArgs(place) }
}

export function placeArgs({ dataDir, database }: Place): string[] {
  return ['--data', dataDir, ...(database === '' ? [] : ['--database', database])]
}

/** An engine as a server has it; it closes its store with it. */
export async function openEngine(place: Place, clock: Clock = Date.now): Promise<{ engine: Engine; store: Store }> {
  const { store, secret } = await openData(place)
  const blobs = await createDiskBlobs({ folder: place.dataDir, clock, shared: place.database !== '' })
  return { store, engine: createEngine({ store, secret, blobs, clock }) }
}

/** As `openEngine`, closed when `fn` is done. */
export async function withEngine<T>(place: Place, fn: (engine: Engine, store: Store) => Promise<T>): Promise<T> {
  const { engine, store } = await openEngine(place)
  try {
    return await fn(engine, store)
  } finally {
    await engine.close()
  }
}
