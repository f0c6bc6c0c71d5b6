/** Destroying much: gone at once, removed by a task that shows how far it is. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Drive, DriveId, Op, Store, TaskId } from '../../src/engine/index.ts'
import { breaking, DISK_FULL } from './breaking.ts'
import { NODES, plantTree } from './haul-tree.ts'
import { at, createFolder, get, purge, putFile, putFolders, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, bob, codeOf, codes, createDrive, done, run, settleDown, usedOf } from './world.ts'

/** More than three nodes below what a batch destroys are for a task. */
const engine = { inlineNodesMax: 3 }
const use = useWorld({ engine })
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
  await plantTree(use.world, drive)
})

const taskNow = async (id: TaskId) => (await use.world.engine.tasks(alice, [id]))[0]!
const rows = (table: 'node' | 'task' | 'version') => use.world.store.read((tx) => tx.count(table))
const asTask = (op: Op): Op => ({ ...op, taskIfLarge: true }) as Op

async function later(ops: readonly Op[]): Promise<TaskId[]> {
  const results = await done(use.world, alice, ops.map(asTask))
  return results.flatMap((result) => (result.status === 'later' ? [result.task] : []))
}

describe('destroying a large tree', () => {
  test('is done at once for everybody, and its task ends when the last row is gone and the bytes are given back', async () => {
    const before = await rows('node')
    const [id] = (await later([purge(at(drive, 'big'))])) as [TaskId]
    expect(codeOf(await run(use.world, admin, get(at(drive, 'big/a/1'))))).toBe('node_not_found')
    expect(await taskNow(id)).toMatchObject({
      kind: 'purge',
      state: 'queued',
      total: 1,
      done: 0,
      creator: 'user:alice',
    })
    expect(await usedOf(use.world, drive)).toEqual({ drive: 9, tenant: 9 })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: NODES, done: NODES, failed: 0, error: '' })
    expect((await taskNow(id)).report).toMatchObject([{ ok: true, kind: 'folder', drive }])
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
    expect(await rows('node')).toBe(before - NODES)
    expect(await use.world.store.read((tx) => tx.holds([drive]))).toEqual([])
  })

  test('shows how much there is before anything of it is removed, and then how much is gone', async () => {
    const files = Array.from({ length: 2_500 }, (_, i) => createFolder(at(drive, 'big/b'), `n${i}`))
    await done(use.world, alice, files.slice(0, 2_000))
    await done(use.world, alice, files.slice(2_000))
    const [id] = (await later([purge(at(drive, 'big'))])) as [TaskId]
    const seen: (readonly [number, number])[] = []
    do {
      const { total, done } = await taskNow(id)
      seen.push([total, done])
    } while (await use.world.engine.work())
    const all = NODES + 2_500
    expect(seen.at(-1)).toEqual([all, all])
    expect(seen.filter(([total]) => total < all).every(([, done]) => done === 0)).toBe(true)
    expect(seen.map(([, done]) => done)).toEqual(seen.map(([, done]) => done).sort((a, b) => a - b))
    expect(seen.some(([, done]) => done > 0 && done < all)).toBe(true)
  })

  test('is one task for a batch, however many trees, drives and failures it has', async () => {
    await plantTree(use.world, other.id)
    await putFolders(use.world, alice, drive, ['one', 'one/two', 'empty'])
    await putFile(use.world, alice, drive, 'file', 'x')
    const results = await use.world.engine.batch(
      alice,
      [
        purge(at(drive, 'one')),
        purge(at(drive, 'nothing')),
        purge(at(drive, 'big')),
        purge(at(drive, 'file')),
        purge(at(other.id, 'big')),
        purge(at(drive, 'empty')),
      ].map(asTask),
    )
    expect(codes(results)).toEqual(['later', 'node_not_found', 'later', 'done', 'later', 'done'])
    const ids = new Set(results.flatMap((result) => (result.status === 'later' ? [result.task] : [])))
    expect(ids.size).toBe(1)
    await settleDown(use.world)
    const [id] = [...ids] as [TaskId]
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 2 * NODES + 2, done: 2 * NODES + 2, failed: 0 })
    expect((await taskNow(id)).report).toHaveLength(3)
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
  })

  test('out of the trash is the same', async () => {
    const [trashed] = await done(use.world, alice, [trash(at(drive, 'big'))])
    const [id] = (await later([purge({ drive, trash: trashed!.trash!.id }, { trashed: 'only' })])) as [TaskId]
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: NODES, done: NODES })
    expect(await rows('version')).toBe(0)
  })

  test('is done, without a word of its task, for who does not ask for one', async () => {
    const [result] = await done(use.world, alice, [purge(at(drive, 'big'))])
    expect(result!.status).toBe('done')
    expect(await rows('task')).toBe(1)
    await settleDown(use.world)
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
  })

  test('is not done, nor a task, when the batch is refused', async () => {
    const ops = [purge(at(drive, 'big')), purge(at(drive, 'nothing'))].map(asTask)
    expect(codes(await use.world.engine.batch(alice, ops, 'all'))).toEqual(['batch_refused', 'node_not_found'])
    expect(codes(await use.world.engine.batch(bob, ops.slice(0, 1)))).toEqual(['forbidden'])
    expect(await rows('task')).toBe(0)
    expect(codeOf(await run(use.world, alice, get(at(drive, 'big/a/1'))))).toBe('done')
  })

  test('cannot be cancelled', async () => {
    const [id] = (await later([purge(at(drive, 'big'))])) as [TaskId]
    expect(await use.world.engine.cancelTasks(alice, [id])).toMatchObject([{ id, cancelled: false }])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: NODES, failed: 0 })
  })

  test('goes on after a crash where it stopped, and is never given up', async () => {
    const [id] = (await later([purge(at(drive, 'big'))])) as [TaskId]
    const wrapStore = (store: Store) => breaking(store, ({ deleteNodes }) => deleteNodes.length > 0)
    await use.world.restart({ engine, wrapStore })
    for (let tries = 0; tries < 8; tries++) {
      await settleDown(use.world).catch((error: Error) => expect(error.message).toBe(DISK_FULL))
      use.world.now += 60_000
    }
    expect(await taskNow(id)).toMatchObject({ state: 'running', total: NODES, done: 0, failed: 0 })
    await use.world.restart({ engine })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: NODES, failed: 0 })
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
  })
})

describe('destroying little', () => {
  test('makes no task, also when much lies elsewhere', async () => {
    await putFolders(use.world, alice, drive, ['one', 'one/two', 'one/two/three'])
    expect(await later([purge(at(drive, 'one')), purge(at(drive, 'big/a/1'))])).toEqual([])
    expect(await rows('task')).toBe(0)
  })
})

describe('a submitted task that destroys large trees', () => {
  test('is itself what removes them, and ends after that', async () => {
    await plantTree(use.world, other.id)
    const ops = [purge(at(drive, 'big')), purge(at(drive, 'nothing')), purge(at(other.id, 'big'))]
    const id = await use.world.engine.submit(alice, drive, 'purge', ops, [1, 2, 3])
    await settleDown(use.world)
    const made = await use.world.store.read((tx) => tx.latestTasks({ open: false, limit: 9 }))
    expect(made.filter(({ kind }) => kind === 'purge').map((task) => task.id)).toEqual([id])
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 2 * NODES + 1, done: 2 * NODES, failed: 1 })
    expect((await taskNow(id)).report.map(({ ok, note }) => [ok, note])).toEqual([
      [true, 1],
      [false, 2],
      [true, 3],
    ])
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
  })

  test('removes what it has destroyed when it is cancelled after that', async () => {
    const many = Array.from({ length: 900 }, (_, i) => createFolder(at(drive), `n${i}`))
    const id = await use.world.engine.submit(alice, drive, 'batch', [purge(at(drive, 'big')), ...many], [])
    await use.world.engine.work()
    await use.world.engine.cancelTasks(alice, [id])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({
      state: 'done',
      cancelled: true,
      total: 900 + NODES,
      done: 799 + NODES,
      failed: 101,
    })
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 0 })
  })
})
