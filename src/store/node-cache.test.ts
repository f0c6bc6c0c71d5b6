/** Passes the store's own suite; and what is remembered is never older than the store. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, isPostgres, remembering, type TestDatabase } from '../../tests/store.ts'
import type { Store } from '../engine/index.ts'
import { apply, changes, DRIVE, drive, folder, idsOf, keyOf, ROOT, sortedIds } from './conformance/sample.ts'
import { storeConformance } from './conformance.ts'
import { rememberNodes } from './node-cache.ts'

/** A database of this run's store, and whatever was opened on it. */
async function openPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'batchdrive-store-'))
  const database: TestDatabase = await createTestDatabase(join(folder, 'drive.db'))
  const opened: Store[] = []
  return {
    async open(): Promise<Store> {
      const store = await database.open()
      opened.push(store)
      return store
    },
    async close() {
      await Promise.all(opened.map((store) => store.close()))
      await database.drop()
      await rm(folder, { recursive: true })
    },
  }
}

storeConformance('a store with remembered nodes', async () => {
  const place = await openPlace()
  const another = async () => remembering(await place.open())
  return { store: await another(), reopen: another, close: place.close }
})

describe('what is remembered', () => {
  let place: Awaited<ReturnType<typeof openPlace>>
  let plain: Store
  let store: Store
  let elsewhere: Store

  beforeEach(async () => {
    place = await openPlace()
    plain = await place.open()
    store = remembering(plain)
    elsewhere = await place.open()
    await store.write((tx) => tx.putDrives([drive(DRIVE)]))
    await apply(store, {
      insertNodes: [folder(1, 0, ''), folder(3, 0, '', { twin: 3 }), folder(10, 1, 'a'), folder(11, 10, 'b')],
    })
    await find([11])
  })
  afterEach(() => place.close())

  /** Names of the nodes and what is above them, read after the drive. */
  function find(ids: readonly number[], from: Pick<Store, 'read'> = store): Promise<string[]> {
    return from.read(async (tx) => {
      await tx.drives([DRIVE])
      const nodes = await tx.chains(ids.map((id) => ({ ...keyOf(id), follow: true })))
      return nodes.map(({ name }) => name).sort()
    })
  }

  async function statements(act: () => Promise<unknown>): Promise<number> {
    const before = plain.statements()
    await act()
    return plain.statements() - before
  }

  const renamed = (seq: number, name: string) => ({
    placeNodes: [folder(10, 1, name, { rev: 2 })],
    driveSeqs: [{ id: DRIVE, seq, trashSeq: 0 }],
  })

  it('costs no statement but that for the drive', async () => {
    expect(await statements(() => find([10, 11]))).toBe(1)
    expect(await statements(() => find([10, 12]))).toBeGreaterThan(1)
  })

  it('is carried over by a change of its own', async () => {
    await store.write(async (tx) => {
      await tx.drives([DRIVE])
      await tx.apply(changes(renamed(1, 'z')))
    })
    expect(await statements(async () => expect(await find([11])).toEqual(['', 'b', 'z']))).toBe(1)
  })

  it('is not used once another process has changed the drive', async () => {
    await apply(elsewhere, renamed(1, 'z'))
    expect(await find([11])).toEqual(['', 'b', 'z'])
  })

  it('is forgotten when a transaction fails after its changes', async () => {
    const failing = store.write(async (tx) => {
      await tx.drives([DRIVE])
      await tx.apply(changes(renamed(1, 'z')))
      throw new Error('changed its mind')
    })
    await expect(failing).rejects.toThrow('changed its mind')
    await apply(elsewhere, renamed(1, 'y'))
    expect(await find([11])).toEqual(['', 'b', 'y'])
  })

  it('is not used inside a transaction that has changed something', async () => {
    const names = await store.write(async (tx) => {
      await tx.drives([DRIVE])
      await tx.apply(changes(renamed(1, 'z')))
      return tx.chains([{ ...keyOf(11), follow: false }])
    })
    expect(names.map(({ name }) => name).sort()).toEqual(['', 'b', 'z'])
  })

  it('answers a name with its smallest twin, and knows when there is none', async () => {
    await apply(store, {
      insertNodes: [folder(20, 1, 'twin', { twin: 20 }), folder(21, 1, 'twin', { twin: 21 })],
      driveSeqs: [{ id: DRIVE, seq: 1, trashSeq: 0 }],
    })
    const look = () =>
      store.read(async (tx) => {
        await tx.drives([DRIVE])
        const keys = ['twin', 'none'].map((key) => ({ drive: DRIVE, parent: ROOT, key }))
        const children = await tx.children(keys)
        const walked = await tx.walk([{ drive: DRIVE, from: ROOT, keys: ['twin'] }])
        return [sortedIds(children), idsOf(walked)]
      })
    expect(await look()).toEqual([[20, 21], [20]])
    expect(await statements(async () => expect(await look()).toEqual([[20, 21], [20]]))).toBe(1)
  })

  it('never answers for what is buried here but may be alive in another drive', async () => {
    await apply(store, {
      placeNodes: [folder(10, 3, 'a', { twin: 10, rev: 2 })],
      driveSeqs: [{ id: DRIVE, seq: 1, trashSeq: 0 }],
    })
    await find([11])
    expect(await statements(() => find([11]))).toBeGreaterThan(1)
  })

  it('stays within its bound', async () => {
    const small = rememberNodes(plain, { entriesMax: 2, oneByOne: !isPostgres() })
    await find([11], small)
    expect(await statements(() => find([11], small))).toBeGreaterThan(1)
  })
})
