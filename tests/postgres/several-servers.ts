/** Several engines on one database and one blob folder, as several servers would be. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import { createEngine, type Engine } from '../../src/engine/index.ts'
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts'
import { createTestDatabase, remembering, type TestDatabase } from '../store.ts'

export interface Several {
  readonly database: TestDatabase
  readonly stores: readonly PostgresStore[]
  readonly engines: readonly Engine[]
  stop(): Promise<void>
}

export async function startSeveral(count: number): Promise<Several> {
  const folder = await mkdtemp(join(tmpdir(), 'batchdrive-several-'))
  const database = await createTestDatabase('')
  const stores = await Promise.all(
    Array.from({ length: count }, () => createPostgresStore({ url: database.url, connectionsMax: 8 })),
  )
  const secret = Buffer.alloc(32, 7)
  const engines = await Promise.all(
    stores.map(async (store) => {
      const blobs = await createDiskBlobs({ folder })
      return createEngine({ store: remembering(store), blobs, clock: Date.now, secret })
    }),
  )
  return {
    database,
    stores,
    engines,
    async stop() {
      await Promise.all(engines.map((engine) => engine.close()))
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
