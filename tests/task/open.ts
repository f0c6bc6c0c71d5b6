/** An engine on a data folder as a server's process opens it, and who asks it. A process of its own opens it too: no test is at hand. */
import { join } from 'node:path'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import { type Actor, ALL_ACTIONS, type Clock, createEngine, type Store, type TenantId } from '../../src/engine/index.ts'
import { rememberNodes } from '../../src/store/node-cache.ts'
import { createPostgresStore } from '../../src/store/postgres/store.ts'
import { createSqliteStore } from '../../src/store/sqlite/store.ts'

interface Ways {
  /** PostgreSQL's address; '' = SQLite in the folder. */
  readonly database: string
  readonly clock?: Clock
  readonly wrapStore?: (store: Store) => Store
}

export async function openEngine(folder: string, { database, clock = Date.now, wrapStore = (store) => store }: Ways) {
  const plain =
    database === '' ? createSqliteStore({ file: databaseIn(folder) }) : await createPostgresStore({ url: database })
  const store = wrapStore(rememberNodes(plain, { oneByOne: database === '' }))
  const blobs = await createDiskBlobs({ folder: join(folder, 'blobs'), clock, shared: database !== '' })
  return { store, engine: createEngine({ store, blobs, clock, secret: Buffer.alloc(32, 7) }) }
}

export function databaseIn(folder: string): string {
  return join(folder, 'metadata.db')
}

export const admin: Actor = {
  tenant: 'acme' as TenantId,
  self: 'user:admin',
  subjects: ['user:admin', 'everyone'],
  admin: true,
  app: '',
  drives: null,
  allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
  dialect: 'native',
}
