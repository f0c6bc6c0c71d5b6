/** Merging a folder that holds too much for one transaction into one of its name: a task does it, part by part. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Drive,
  type DriveId,
  type Mode,
  type Op,
  onConflict,
  type Store,
  type TaskId,
} from '../../src/engine/index.ts'
import { breaking, DISK_FULL, dyingAfter } from './breaking.ts'
import { faultsIn } from './faults.ts'
import { pathsBelow } from './haul-tree.ts'
import { at, copy, createFolder, get, grant, MERGE, move, putFile, putFolders, rename, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, bob, codeOf, createDrive, done, isFailed, nodeOf, run, settleDown, usedOf } from './world.ts'

/** More than three nodes are too many for one op, and two are a slice. */
const engine = { subtreeNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine })
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
  await plant(drive, 'new')
})

/** <top>/big: x, one/(1, deep/2), two/(3, large/(4, 5, 6, 7)): 11 nodes below it, with 8 bytes. */
async function plant(into: DriveId, top: string): Promise<void> {
  const big = `${top}/big`
  await putFolders(use.world, alice, into, [
    top,
    big,
    `${big}/one`,
    `${big}/one/deep`,
    `${big}/two`,
    `${big}/two/large`,
  ])
  const files = ['x', 'one/1', 'one/deep/2', 'two/3', ...[4, 5, 6, 7].map((n) => `two/large/${n}`)]
  for (const file of files) await putFile(use.world, alice, into, `${big}/${file}`, file.at(-1)!)
}
const BELOW = [
  ...['one', 'one/1', 'one/deep', 'one/deep/2'],
  ...['two', 'two/3', 'two/large', 'two/large/4', 'two/large/5', 'two/large/6', 'two/large/7', 'x'],
]
/** What is there where it goes. */
async function plantOld(into: DriveId): Promise<void> {
  await putFolders(use.world, alice, into, ['big', 'big/one', 'big/two', 'big/zero'])
  await putFile(use.world, alice, into, 'big/one/1', 'old')
  await putFile(use.world, alice, into, 'big/old', 'o')
}
const TOGETHER = [...BELOW, 'old', 'zero'].sort()

const pathsIn = (id: DriveId, path: string) => pathsBelow(use.world, id, path)
const taskNow = async (id: TaskId) => (await use.world.engine.tasks(admin, [id]))[0]!
const versionOf = async (id: DriveId, path: string) => nodeOf(await run(use.world, admin, get(at(id, path)))).version

async function later(op: Op, mode: Mode = 'each', actor = alice): Promise<TaskId> {
  const [result] = await use.world.engine.batch(actor, [op], mode)
  if (result?.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

async function failures(id: TaskId): Promise<string[][]> {
  const report = await use.world.engine.taskReport(admin, id, { after: null, limit: 100, failedOnly: true })
  if (isFailed(report)) throw new Error('no report')
  return report.items.map(({ outcome }) => [outcome.code, outcome.path.join('/')])
}

const TO = ['the same drive', 'another drive'] as const

describe.each(TO)('moving into %s', (where) => {
  const target = () => (where === 'the same drive' ? drive : other.id)
  const op = (more = {}) => move(at(drive, 'new/big'), at(target()), { conflict: MERGE, ...more })
  beforeEach(() => plantOld(target()))

  test('brings everything together, and the folder is gone', async () => {
    const inner = nodeOf(await run(use.world, alice, get(at(drive, 'new/big/two/large/6'))))
    const id = await later(op())
    expect(await taskNow(id)).toMatchObject({ state: 'queued', kind: 'move', total: 1 })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 13, done: 13, failed: 0, error: '' })
    expect((await taskNow(id)).report).toMatchObject([{ ok: true, path: ['big'] }])
    expect(await pathsIn(target(), 'big')).toEqual(TOGETHER)
    expect(await pathsIn(drive, 'new')).toEqual([])
    expect(await versionOf(target(), 'big/one/1')).toBe(2)
    expect(nodeOf(await run(use.world, alice, get(at(target(), 'big/two/large/6')))).id).toBe(inner.id)
    const used = where === 'the same drive' ? { drive: 12, tenant: 12 } : { drive: 12, tenant: 12 }
    expect(await usedOf(use.world, target())).toEqual(used)
    expect(await use.world.store.read((tx) => tx.holds([drive, other.id]))).toEqual([])
    expect(await faultsIn(use.world)).toEqual([])
  })

  test('is held while it goes, and what has not gone is where it was', async () => {
    await later(op())
    expect(codeOf(await run(use.world, alice, rename(at(drive, 'new/big/x'), 'y')))).toBe('busy')
    expect(codeOf(await run(use.world, alice, createFolder(at(drive, 'new/big'), 'y')))).toBe('busy')
    expect(await pathsIn(drive, 'new/big')).toEqual(BELOW)
    await settleDown(use.world)
  })

  test('leaves what cannot come, whole, and says what and why', async () => {
    await done(use.world, alice, [createFolder(at(target(), 'big'), 'x'), createFolder(at(target(), 'big/two'), '3')])
    const id = await later(op({ conflict: { ...MERGE, file: 'fail' } }))
    await settleDown(use.world)
    // x and two/3 meet folders of their names, one/1 a file.
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 13, done: 9, failed: 4, error: 'name_taken' })
    expect((await taskNow(id)).report).toMatchObject([{ ok: false, code: 'name_taken' }])
    const stayed = ['new/big/one/1', 'new/big/two/3', 'new/big/x']
    expect((await failures(id)).toSorted()).toEqual(['', ...stayed].map((path) => ['name_taken', path]))
    expect(await pathsIn(drive, 'new/big')).toEqual(['one', 'one/1', 'two', 'two/3', 'x'])
    expect(await pathsIn(target(), 'big')).toContain('two/large/7')
    expect(await versionOf(target(), 'big/one/1')).toBe(1)
    // It is nobody's any more.
    await done(use.world, alice, [trash(at(drive, 'new/big'))])
    expect(await faultsIn(use.world)).toEqual([])
  })

  test('stops when it is cancelled, or its target goes: nothing is lost or there twice', async () => {
    for (const stop of ['cancel', 'trash'] as const) {
      const id = await later(op())
      await use.world.restart({ engine, wrapStore: (store) => dyingAfter(store, 9) })
      await expect(settleDown(use.world)).rejects.toThrow('the power went')
      await use.world.restart({ engine })
      if (stop === 'cancel') await use.world.engine.cancelTasks(alice, [id])
      else await done(use.world, alice, [trash(at(target(), 'big'))])
      use.world.now += 60_000
      await settleDown(use.world)
      expect(await taskNow(id)).toMatchObject({
        state: 'done',
        error: stop === 'cancel' ? 'cancelled' : 'node_not_found',
      })
      const { total, done: arrived, failed } = await taskNow(id)
      expect(arrived + failed).toBe(total)
      expect(await faultsIn(use.world)).toEqual([])
      expect(await use.world.store.read((tx) => tx.holds([drive, other.id]))).toEqual([])
      if (stop === 'cancel') {
        const left = (await pathsIn(drive, 'new/big'))!
        const there = (await pathsIn(target(), 'big'))!
        expect([...new Set([...left, ...there])].sort()).toEqual(TOGETHER)
      }
    }
  })

  test('goes on after any crash, and is the same in the end', { timeout: 240_000 }, async () => {
    const id = await later(op())
    for (let write = 2; ; write += 3) {
      await use.world.restart({ engine, wrapStore: (store) => dyingAfter(store, write) })
      const died = await settleDown(use.world).then(
        () => false,
        () => true,
      )
      use.world.now += 60_000
      if (!died) break
    }
    await use.world.restart({ engine })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 13, done: 13, failed: 0 })
    expect(await pathsIn(target(), 'big')).toEqual(TOGETHER)
    expect(await pathsIn(drive, 'new')).toEqual([])
    expect(await faultsIn(use.world)).toEqual([])
  })

  test('is given up when it keeps failing, and leaves nothing hidden', async () => {
    const id = await later(op())
    const wrapStore = (store: Store) =>
      breaking(store, ({ placeNodes, moveNodes, stage, rehome }) => {
        return [placeNodes, moveNodes, stage, rehome].some((rows) => rows.length > 0)
      })
    await use.world.restart({ engine, wrapStore })
    for (let tries = 0; tries < 20; tries++) {
      await settleDown(use.world).catch((error: Error) => expect(error.message).toBe(DISK_FULL))
      use.world.now += 60_000
    }
    await use.world.restart({ engine })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', error: 'chain_broken' })
    expect(await use.world.store.read((tx) => tx.holds([drive, other.id]))).toEqual([])
    expect(await faultsIn(use.world)).toEqual([])
  })

  test.each(['chain', 'all'] as const)('as the only op of mode %s is the same', async (mode) => {
    await later(op(), mode)
    await settleDown(use.world)
    expect(await pathsIn(target(), 'big')).toEqual(TOGETHER)
  })

  test('is part of a submitted task, like any of its ops', async () => {
    const ops = [createFolder(at(drive), 'first'), op(), createFolder(at(target(), 'big'), 'last')]
    const id = await use.world.engine.submit(alice, drive, 'batch', ops, ['a', 'b', 'c'])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', failed: 0 })
    expect((await taskNow(id)).report.map(({ ok, note }) => [ok, note])).toEqual([
      [true, 'a'],
      [true, 'b'],
      [true, 'c'],
    ])
    expect(await pathsIn(target(), 'big')).toEqual([...TOGETHER, 'last'].sort())
    expect(await pathsIn(drive, 'new')).toEqual([])
  })
})

describe.each(TO)('copying into %s', (where) => {
  const target = () => (where === 'the same drive' ? drive : other.id)
  const op = (more = {}) => copy(at(drive, 'new/big'), at(target()), { conflict: MERGE, ...more })
  beforeEach(() => plantOld(target()))

  test('brings everything together, and leaves what was copied', async () => {
    const id = await later(op())
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', kind: 'copy', total: 13, done: 13, failed: 0 })
    expect(await pathsIn(target(), 'big')).toEqual(TOGETHER)
    expect(await pathsIn(drive, 'new/big')).toEqual(BELOW)
    expect(await faultsIn(use.world)).toEqual([])
  })

  test('says what could not be copied', async () => {
    const id = await later(op({ conflict: { ...MERGE, file: 'fail' } }))
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 13, done: 11, failed: 2, error: 'name_taken' })
    expect(await failures(id)).toHaveLength(2)
    expect(await pathsIn(target(), 'big')).toEqual(TOGETHER)
  })

  test('renames files that are there, one by one', async () => {
    await later(op({ conflict: { ...onConflict('rename'), folder: 'replace' } }))
    await settleDown(use.world)
    expect((await pathsIn(target(), 'big'))!.filter((path) => path.startsWith('one/1'))).toHaveLength(2)
  })

  test('is not done for who may not copy it, or may not put anything there', async () => {
    await done(use.world, alice, [grant(at(drive, 'new/big'), 'user:bob', 1)])
    expect(codeOf(await run(use.world, bob, op()))).toBe('forbidden')
  })
})

test('renaming a folder to the name of another is the same merge', async () => {
  await plantOld(drive)
  await done(use.world, alice, [move(at(drive, 'new/big'), at(drive), { name: 'more' })])
  await later(rename(at(drive, 'more'), 'big', { conflict: MERGE }))
  await settleDown(use.world)
  expect(await pathsIn(drive, 'big')).toEqual(TOGETHER)
  expect(codeOf(await run(use.world, alice, get(at(drive, 'more'))))).toBe('node_not_found')
})
