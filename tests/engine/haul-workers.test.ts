/** Hauls and those who do them: workers that die, and several at once. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type Drive, type DriveId, type Op, type Store, type TaskId } from '../../src/engine/index.ts'
import { NODES, pathsBelow, pictureOf, plantTree } from './haul-tree.ts'
import { at, copy, move, purge } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, createDrive, done, run, settleDown, usedOf } from './world.ts'

/** What has more than three nodes below it is a haul, and a haul makes two nodes a slice. */
const engine = { subtreeNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine })
/** Each of these takes seconds, on a busy machine many. */
const LONG = 240_000
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
  await plantTree(use.world, drive)
})

const pathsIn = (id: DriveId, path: string) => pathsBelow(use.world, id, path)
const picture = (id: DriveId, path: string) => pictureOf(use.world, id, path)
const taskNow = async (id: TaskId) => (await use.world.engine.tasks(admin, [id]))[0]!

async function later(op: Op): Promise<TaskId> {
  const result = await run(use.world, alice, op)
  if (result.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

test('several workers on one database share the work and do nothing twice', { timeout: LONG }, async () => {
  const copies = Array.from({ length: 6 }, (_, i) => `copy ${i}`)
  const ids = await Promise.all(copies.map((name) => later(copy(at(drive, 'big'), at(drive), { name }))))
  await settleDown(use.world)
  const moves = await Promise.all(copies.slice(0, 2).map((name) => later(move(at(drive, name), at(other.id)))))
  await done(
    use.world,
    alice,
    copies.slice(2).map((name) => purge(at(drive, name))),
  )
  const stores = await Promise.all([1, 2, 3].map(() => use.world.database.open()))
  const { blobs } = use.world
  const workers = stores.map((store) =>
    createEngine({ store, blobs, clock: () => use.world.now, secret: Buffer.alloc(32, 7), options: engine }),
  )
  const work = async (worker: (typeof workers)[number]): Promise<void> => {
    if (await worker.work()) await work(worker)
  }
  await Promise.all(workers.map(work))
  await settleDown(use.world)
  await Promise.all(stores.map((store) => store.close()))
  for (const id of [...ids, ...moves]) {
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: NODES, failed: 0, total: NODES })
  }
  expect((await pathsIn(other.id, ''))!.length).toBe(2 * NODES)
  expect(await usedOf(use.world, drive)).toEqual({ drive: 9, tenant: 27 })
})

/** Every second of the writes is where a worker dies: the copy's odd ones and the tree's even ones. */
describe('a worker that dies during a haul, wherever it is', () => {
  /** Works until its so-many-th write, which fails; then on another day with a fresh engine to the end. False when it got to the end. */
  async function dieAt(write: number): Promise<boolean> {
    let writes = 0
    const dying = (store: Store): Store => ({
      ...store,
      write: (fn, ...more) =>
        ++writes === write ? Promise.reject(new Error('the power went')) : store.write(fn, ...more),
    })
    await use.world.restart({ engine, wrapStore: dying })
    const died = await settleDown(use.world).then(
      () => false,
      () => true,
    )
    await use.world.restart({ engine })
    use.world.now += 60_000
    await settleDown(use.world)
    return died
  }

  test('nothing of a copy is lost and nothing there twice', { timeout: LONG }, async () => {
    const before = await picture(drive, 'big')
    let write = 1
    do {
      const id = await later(copy(at(drive, 'big'), at(other.id), { name: `copy ${write}` }))
      const died = await dieAt(write)
      expect(await taskNow(id)).toMatchObject({ state: 'done', done: NODES, failed: 0, total: NODES })
      expect(await picture(other.id, `copy ${write}`)).toEqual(before)
      expect((await usedOf(use.world, other.id)).drive).toBe((9 * (write + 1)) / 2)
      if (!died) break
      write += 2
    } while (write < 100)
    expect(write).toBeGreaterThan(12)
  })

  test('nothing of a tree on its way is lost and nothing there twice', { timeout: LONG }, async () => {
    const before = await picture(drive, 'big')
    let [from, to, write] = [drive, other.id, 2]
    do {
      const id = await later(move(at(from, 'big'), at(to)))
      const died = await dieAt(write)
      expect(await taskNow(id)).toMatchObject({ state: 'done', done: NODES, failed: 0, total: NODES })
      expect(await picture(to, 'big')).toEqual(before)
      expect(await pathsIn(from, '')).toEqual([])
      if (!died) break
      ;[from, to, write] = [to, from, write + 2]
    } while (write < 100)
    expect(write).toBeGreaterThan(12)
  })
})
