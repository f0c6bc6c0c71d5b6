import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../engine/index.ts'
import { storeConformance } from '../conformance.ts'
import { createSqliteStore } from './store.ts'

storeConformance('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'batchdrive-store-'))
  const opened: Store[] = []
  const another = () => {
    const store = createSqliteStore({ file: join(folder, 'drive.db') })
    opened.push(store)
    return store
  }
  return {
    store: another(),
    reopen: async () => another(),
    async close() {
      await Promise.all(opened.map((store) => store.close()))
      await rm(folder, { recursive: true })
    },
  }
})
