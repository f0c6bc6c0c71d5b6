/** Chains in which trees too large for one batch are copied or carried: one task does them and what follows, in order. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { DriveId, Op, Store, TaskId } from '../../src/engine/index.ts'
import { breaking, DISK_FULL, dyingAfter } from './breaking.ts'
import { NODES, PATHS, pathsBelow, plantTree } from './haul-tree.ts'
import { at, copy, createFolder, get, move, purge, putFolders, rename, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codeOf, codes, createDrive, done, run, settleDown } from './world.ts'

/** What has more than three nodes below it is a haul, and a haul makes two nodes a slice. */
const engine = { subtreeNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine })
let drive: DriveId
let other: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = (await createDrive(use.world)).id
  await plantTree(use.world, drive)
})

/** Each op needs what the one before it made: a folder, a copy in it, a folder in that, the tree carried into this, and its name. */
const ops = (): Op[] => [
  createFolder(at(other), 'first'),
  copy(at(drive, 'big'), at(other, 'first')),
  createFolder(at(other, 'first/big/b'), 'second'),
  move(at(drive, 'big'), at(other, 'first/big/b/second')),
  rename(at(other, 'first/big/b/second/big'), 'third'),
]
const BELOW = [...PATHS, 'b/second', 'b/second/third', ...PATHS.map((path) => `b/second/third/${path}`)].sort()
const pathsIn = (id: DriveId, path: string) => pathsBelow(use.world, id, path)
const taskNow = async (id: TaskId) => (await use.world.engine.tasks(alice, [id]))[0]!

/** Runs ops as a chain; the one task of those that are later. */
async function chain(given: readonly Op[]): Promise<TaskId> {
  const results = await use.world.engine.batch(alice, given, 'chain')
  const ids = new Set(results.flatMap((result) => (result.status === 'later' ? [result.task] : [])))
  expect(ids.size).toBe(1)
  return [...ids][0]!
}

async function expectDone(id: TaskId) {
  const task = await taskNow(id)
  expect(task).toMatchObject({ state: 'done', total: 2 + 2 * NODES, done: 2 + 2 * NODES, failed: 0, error: '' })
  expect(task.report.map(({ path }) => path.at(-1))).toEqual(['big', 'second', 'big', 'third'])
  expect([await pathsIn(drive, ''), await pathsIn(other, 'first/big')]).toEqual([[], BELOW])
  expect(await use.world.store.read((tx) => tx.holds([drive, other]))).toEqual([])
}

describe('a chain with large trees', () => {
  test('is done at once up to the first of them, and from there on is one task’s, in order', async () => {
    const results = await use.world.engine.batch(alice, ops(), 'chain')
    expect(codes(results)).toEqual(['done', 'later', 'later', 'later', 'later'])
    expect(results.map((result) => (result.status === 'failed' ? null : result.view?.path.at(-1)))).toEqual([
      ...['first', 'big'],
      ...[undefined, undefined, undefined],
    ])
    expect(await pathsIn(other, '')).toEqual(['first'])
    await settleDown(use.world)
    const [, large] = results
    await expectDone(large?.status === 'later' ? large.task : (0 as TaskId))
  })

  test('goes on after any crash, and is the same in the end', { timeout: 240_000 }, async () => {
    const id = await chain(ops())
    for (let write = 3; ; write += 5) {
      await use.world.restart({ engine, wrapStore: (store) => dyingAfter(store, write) })
      const hasDied = await settleDown(use.world).then(
        () => false,
        () => true,
      )
      use.world.now += 60_000
      if (!hasDied) break
    }
    await use.world.restart({ engine })
    await settleDown(use.world)
    await expectDone(id)
  })

  test('is broken by one that cannot land, and what follows it is not run', async () => {
    const id = await chain(ops().slice(0, 3))
    await done(use.world, alice, [trash(at(other, 'first'))])
    await settleDown(use.world)
    const task = await taskNow(id)
    expect(task).toMatchObject({ state: 'done', done: 0, failed: task.total, error: 'node_not_found' })
    expect(task.report.map(({ code }) => code)).toEqual(['node_not_found', 'chain_broken'])
    expect(await pathsIn(drive, 'big')).toEqual(PATHS)
  })

  test('is broken by one that keeps failing as a whole', async () => {
    const id = await chain(ops())
    const wrapStore = (store: Store) => breaking(store, ({ stage }) => stage.length > 0)
    await use.world.restart({ engine, wrapStore })
    for (const _ of Array(6)) {
      await settleDown(use.world).catch((error: Error) => expect(error.message).toBe(DISK_FULL))
      use.world.now += 60_000
    }
    const task = await taskNow(id)
    expect(task).toMatchObject({ state: 'done', done: 1 + NODES, error: 'chain_broken' })
    expect(task.report.map(({ code }) => code)).toEqual(['', '', 'chain_broken', 'chain_broken'])
    expect(task.done + task.failed).toBe(task.total)
    expect(await pathsIn(drive, 'big')).toEqual(PATHS)
    expect(await pathsIn(other, 'first/big')).toEqual([...PATHS, 'b/second'].sort())
  })

  test('that is cancelled ends after what it is at, even when only that is left to be told', async () => {
    const id = await chain(ops())
    for (const _ of Array(40)) {
      const landed = await run(use.world, alice, get(at(other, 'first/big')))
      if (landed.status === 'done') break
      // One step a turn.
      await use.world.restart({ engine, wrapStore: (store) => dyingAfter(store, 2) })
      await settleDown(use.world).catch(() => undefined)
      use.world.now += 60_000
    }
    await use.world.restart({ engine })
    await use.world.engine.cancelTasks(alice, [id])
    await settleDown(use.world)
    const task = await taskNow(id)
    expect(task).toMatchObject({ state: 'done', cancelled: true, done: NODES, failed: 3, error: 'cancelled' })
    expect(task.report.map(({ code }) => code)).toEqual(['', 'cancelled', 'cancelled', 'cancelled'])
    expect([await pathsIn(drive, 'big'), await pathsIn(other, 'first/big')]).toEqual([PATHS, PATHS])
  })

  test('goes nowhere when something fails before them', async () => {
    const results = await use.world.engine.batch(alice, [get(at(other, 'none')), ...ops()], 'chain')
    expect(codes(results)).toEqual(['node_not_found', ...Array(5).fill('chain_broken')])
    expect(codeOf(await run(use.world, alice, purge(at(drive, 'big'))))).toBe('done')
  })
})

test('a submitted chain is broken over all of its slices by one that fails', async () => {
  await putFolders(use.world, alice, drive, ['n150'])
  const folders = Array.from({ length: 350 }, (_, i) => createFolder(at(drive), `n${i}`))
  const notes = folders.map((_, i) => i)
  const id = await use.world.engine.submit(alice, drive, 'batch', folders, notes, 'chain')
  await settleDown(use.world)
  const task = await taskNow(id)
  expect(task).toMatchObject({ state: 'done', total: 350, done: 150, failed: 200, error: 'name_taken' })
  expect(task.report.map(({ note }) => note)).toEqual(notes)
  const failed = task.report.map(({ code }) => code).slice(150)
  expect([failed[0], new Set(failed.slice(1))]).toEqual(['name_taken', new Set(['chain_broken'])])
})
