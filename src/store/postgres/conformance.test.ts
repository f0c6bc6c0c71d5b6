import { createTestDatabase } from '../../../tests/store.ts'
import type { Store } from '../../engine/index.ts'
import { storeConformance } from '../conformance.ts'

storeConformance('PostgreSQL', async () => {
  const database = await createTestDatabase('')
  const opened: Store[] = []
  const another = async () => {
    const store = await database.open()
    opened.push(store)
    return store
  }
  return {
    store: await another(),
    reopen: another,
    async close() {
      await Promise.all(opened.map((store) => store.close()))
      await database.drop()
    },
  }
})
