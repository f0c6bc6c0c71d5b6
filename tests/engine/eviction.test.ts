/** Making room in pools that hold more than their quota. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Drive, DriveId, Eviction, Node, PoolId, Store } from '../../src/engine/index.ts'
import { EVICTED_KEPT_DAYS } from '../../src/engine/index.ts'
import { SWEEP_KEY, sweepCursor } from '../../src/engine/sweep-task.ts'
import { at, byId, byPublicId, createFolder, MERGE, putFile, putFolders, rename, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, bob, createDrive, done, settleDown } from './world.ts'

const DAY = 24 * 3600_000
const use = useWorld()
let one: Drive
let two: Drive

beforeEach(async () => {
  one = await createDrive(use.world)
  two = await createDrive(use.world)
})

async function pool(quota: number, eviction: Eviction | null): Promise<PoolId> {
  const [made] = await use.world.engine.createPools(admin, [{ quota, eviction, drives: [one.id, two.id] }])
  if (!made || 'status' in made) throw new Error('no pool')
  return made.id
}

async function change(id: PoolId, set: { quota?: number; eviction?: Eviction | null }): Promise<void> {
  const [changed] = await use.world.engine.updatePools(admin, [{ id, set }])
  expect(changed).toMatchObject(set)
}

/** A file of four bytes, a second after the one before. */
function put(drive: DriveId, path: string, text = 'four'): Promise<Node> {
  use.world.now += 1_000
  return putFile(use.world, alice, drive, path, text, { conflict: MERGE })
}

/** The work behind, some time later. */
async function pass(ms: number): Promise<void> {
  use.world.now += ms
  await settleDown(use.world)
}

async function names(drive: Drive): Promise<string[]> {
  const [result] = await use.world.engine.batch(alice, [
    { kind: 'list', folder: at(drive.id), by: 'name', descending: false, foldersFirst: false, limit: 100 },
  ])
  return result?.status === 'done' ? result.page!.items.map(({ node }) => node.name) : []
}

async function sweepRow() {
  const [row] = await use.world.store.read((tx) => tx.tasks([SWEEP_KEY]))
  return row ? { ...row, ...sweepCursor(row) } : null
}

async function usedIn(id: PoolId): Promise<number> {
  const [found] = await use.world.engine.sharedPools(admin, [id])
  return found!.used
}

describe('a pool that holds too much for the days it says', () => {
  test('loses its oldest files, of whichever drive, until what is left fits', async () => {
    await put(one.id, 'a')
    await put(two.id, 'b')
    await put(one.id, 'c')
    await put(two.id, 'd')
    const id = await pool(100, { afterDays: 2, newestFirst: false })
    await pass(5 * DAY)
    await change(id, { quota: 9 })
    await pass(60_000)
    await pass(2 * DAY - 1)
    expect([await names(one), await names(two)]).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ])
    await pass(60_000)
    expect([await names(one), await names(two)]).toEqual([['c'], ['d']])
    expect(await usedIn(id)).toBe(8)
    await pass(100 * DAY)
    expect([await names(one), await names(two)]).toEqual([['c'], ['d']])
  })

  test('loses its newest files when it says so, at once when it waits no day', async () => {
    await put(one.id, 'a')
    await put(two.id, 'b')
    await put(one.id, 'c')
    const id = await pool(5, { afterDays: 0, newestFirst: true })
    await pass(60_000)
    expect([await names(one), await names(two), await usedIn(id)]).toEqual([['a'], [], 4])
  })

  test('keeps what it has when it fits again in time, and waits anew the next time', async () => {
    await put(one.id, 'a')
    const id = await pool(1, { afterDays: 2, newestFirst: false })
    await pass(60_000)
    await pass(DAY)
    await change(id, { quota: 4 })
    await pass(60_000)
    await change(id, { quota: 1 })
    await pass(60_000)
    await pass(2 * DAY - 60_000)
    expect(await names(one)).toEqual(['a'])
    await pass(60_000)
    expect(await names(one)).toEqual([])
  })

  test('loses files from folders, with all their versions, and from the trash; folders stay', async () => {
    await putFolders(use.world, alice, one.id, ['f'])
    await put(one.id, 'f/a', 'first')
    await put(one.id, 'f/a', 'second')
    await put(one.id, 'b')
    await done(use.world, alice, [createFolder(at(one.id), 'g')])
    await put(one.id, 'g/c')
    await done(use.world, alice, [trash(at(one.id, 'b')), trash(at(one.id, 'g'))])
    const id = await pool(4, { afterDays: 0, newestFirst: false })
    await pass(60_000)
    expect(await usedIn(id)).toBe(4)
    await change(id, { quota: 0 })
    await pass(60_000)
    expect([await usedIn(id), await names(one)]).toEqual([0, ['f']])
    const page = await use.world.engine.trashPage(alice, { drives: [one.id], after: null, limit: 10 })
    expect(page.items.map(({ entry }) => entry.name)).toEqual(['g'])
  })

  test('loses nothing when it says nothing of it, nor when it no longer says so', async () => {
    await put(one.id, 'a')
    const id = await pool(1, null)
    await pass(100 * DAY)
    expect(await names(one)).toEqual(['a'])
    await change(id, { eviction: { afterDays: 3, newestFirst: false } })
    await pass(60_000)
    await pass(2 * DAY)
    await change(id, { eviction: null })
    await pass(100 * DAY)
    expect(await names(one)).toEqual(['a'])
  })

  test('loses more than fits one slice by and by, and no more than it must', async () => {
    const text = 'four'
    await Array.from({ length: 5 }, (_, at) => at).reduce(
      (before, at) => before.then(() => put(one.id, `n${at}`, text)).then(() => undefined),
      Promise.resolve() as Promise<undefined>,
    )
    const copies = Array.from({ length: 300 }, (_, i) => ({
      ...({ kind: 'copy', node: at(one.id, 'n0'), to: at(two.id), name: `m${i}` } as const),
      conflict: MERGE,
      naming: { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false } as const,
    }))
    await done(use.world, alice, copies)
    const id = await pool(4 * 10, { afterDays: 0, newestFirst: false })
    // The sweep is woken and claimed, notes that there is too much, and destroys as many as fit a slice: a hundred of each drive.
    let writes = 4
    const dying = (store: Store): Store => ({
      ...store,
      write: (fn, ...more) => (--writes < 0 ? Promise.reject(new Error('the power went')) : store.write(fn, ...more)),
    })
    await use.world.restart({ wrapStore: dying })
    await expect(pass(60_000)).rejects.toThrow('the power went')
    await use.world.restart()
    expect([await usedIn(id), await sweepRow()]).toMatchObject([
      200 * 4,
      { state: 'running', removed: { excess: 105 } },
    ])
    await pass(60_000)
    expect([await usedIn(id), (await names(one)).length]).toEqual([40, 0])
    expect(await sweepRow()).toMatchObject({ state: 'done', removed: { excess: 295 } })
  })

  test('rests when nothing in it can go just now, and keeps no other pool waiting', async () => {
    const [held, other] = [await put(one.id, 'held'), await put(two.id, 'other')]
    const full = { quota: 1, eviction: { afterDays: 0, newestFirst: false } }
    await use.world.engine.createPools(admin, [
      { ...full, drives: [one.id] },
      { ...full, drives: [other.drive] },
    ])
    await use.world.engine.submit(alice, one.id, 'rename', [rename(byId(held), 'renamed')], [null])
    const [now, until] = [use.world.now, use.world.now + DAY]
    await use.world.store.write((tx) => tx.claimTasks({ now, until, limit: 9, perTenantMax: 9 }))
    await pass(60_000)
    expect([await names(one), await names(two)]).toEqual([['held'], []])
    const times = { now: use.world.now, tasksBefore: 0, evictedBefore: 0, blobsBefore: 0 }
    expect(await use.world.store.read((tx) => tx.overdue(times))).toEqual([])
    expect(await use.world.store.read((tx) => tx.overdue({ ...times, now: times.now + 60_000 }))).toEqual(['excess'])
    await pass(DAY)
    await pass(60_000)
    expect([await names(one), await sweepRow()]).toMatchObject([[], { removed: { excess: 2 } }])
  })
})

describe('what was evicted', () => {
  const gone = (actor = alice, ...refs: Parameters<typeof use.world.engine.evicted>[1]) => {
    return use.world.engine.evicted(actor, refs)
  }

  test('is known by its path and its id for a while, to who might have seen it', async () => {
    await putFolders(use.world, alice, one.id, ['f'])
    const file = await put(one.id, 'f/a')
    const other = await put(one.id, 'b')
    await pool(4, { afterDays: 0, newestFirst: false })
    await pass(60_000)
    const row = { drive: one.id, node: file.id, parent: file.parent, key: 'a', at: use.world.now }
    const refs = [at(one.id, 'f/a'), byId(file), byPublicId(file), byId(other), at(one.id, 'f/x'), at(one.id, 'none/a')]
    expect(await gone(alice, ...refs)).toEqual([row, row, row, null, null, null])
    expect(await gone(bob, at(one.id, 'f/a'), byId(file))).toEqual([null, null])
    await pass((EVICTED_KEPT_DAYS - 1) * DAY)
    expect(await gone(alice, byId(file))).toEqual([row])
    await pass(2 * DAY)
    expect(await gone(alice, byId(file))).toEqual([null])
  })

  test('is destroyed by the deployment itself, as the change log tells', async () => {
    const file = await put(one.id, 'a')
    await pool(0, { afterDays: 0, newestFirst: false })
    await pass(60_000)
    const log = await use.world.store.read((tx) => tx.changes({ drive: one.id, after: 0, limit: 100 }))
    expect(log.at(-1)).toMatchObject({ kind: 'purge', node: file.id, by: 'app:batchdrive' })
  })
})
