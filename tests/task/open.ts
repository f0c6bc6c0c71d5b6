/** An engine on a data folder as a server's process opens it, and who asks it. */
import { join } from 'node:path'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import { type Actor, ALL_ACTIONS, type Clock, createEngine, type Store, type TenantId } from '../../src/engine/index.ts'
import { rememberNodes } from '../../src/store/node-cache.ts'
import { createSqliteStore } from '../../src/store/sqlite/store.ts'

interface Ways {
  readonly clock?: Clock
  readonly wrapStore?: (store: Store) => Store
}

export async function openEngine(folder: string, { clock = Date.now, wrapStore = (store) => store }: Ways = {}) {
  const store = wrapStore(rememberNodes(createSqliteStore({ file: databaseIn(folder) })))
  const blobs = await createDiskBlobs({ folder: join(folder, 'blobs'), clock })
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
