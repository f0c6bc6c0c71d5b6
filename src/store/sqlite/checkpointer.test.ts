import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Store } from '../../engine/index.ts'
import { apply, folder, range } from '../conformance/sample.ts'
import { Database } from './driver.ts'
import { createSqliteStore } from './store.ts'

const ROWS = 6_000
const BATCH = 1_000

let path: string
let store: Store

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'batchdrive-store-'))
  store = createSqliteStore({ file: join(path, 'drive.db') })
})
afterEach(async () => {
  await store.close()
  await rm(path, { recursive: true })
})

/** How many nodes the database file has of its own, without its log. */
async function rowsInFile(): Promise<number> {
  const alone = join(path, 'alone.db')
  await copyFile(join(path, 'drive.db'), alone)
  const db = new Database(alone)
  try {
    return db.prepare('select count(*) from node').pluck().get() as number
  } catch {
    return 0 // copied in the middle of being written
  } finally {
    db.close()
  }
}

it('carries a long log over while nobody commits', async () => {
  const long = 'x'.repeat(900)
  for (const at of range(ROWS / BATCH)) {
    const rows = range(BATCH, 10 + at * BATCH).map((id) => folder(id, 1, `${long}${id}`))
    await apply(store, { insertNodes: rows })
  }
  await vi.waitFor(async () => expect(await rowsInFile()).toBe(ROWS), { timeout: 20_000, interval: 100 })
})

it('leaves a short log alone, and closes either way', async () => {
  await apply(store, { insertNodes: [folder(10, 1, 'a')] })
  await store.close()
  store = createSqliteStore({ file: join(path, 'drive.db') })
  expect(await store.read((tx) => tx.count('node'))).toBe(1)
})
