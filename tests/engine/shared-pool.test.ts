import { beforeEach, expect, test } from 'vitest'
import type { Drive, PoolId, SharedPool } from '../../src/engine/index.ts'
import { at, copy, move, purge, putFile, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, codeOf, createDrive, run, settleDown } from './world.ts'

const use = useWorld()
let [a, b, c] = [] as unknown as [Drive, Drive, Drive]
beforeEach(async () => {
  a = await createDrive(use.world)
  b = await createDrive(use.world)
  c = await createDrive(use.world)
})

async function create(drives: readonly Drive[], quota: number | null = null): Promise<SharedPool> {
  const [pool] = await use.world.engine.createPools(admin, [{ quota, drives: drives.map(({ id }) => id) }])
  if ('status' in pool!) throw new Error(pool.error.code)
  return pool!
}

async function usedIn({ id }: SharedPool): Promise<number> {
  const [pool] = await use.world.engine.sharedPools(admin, [id])
  return pool!.used
}

async function membersOf({ id }: SharedPool): Promise<number[]> {
  const [pool] = await use.world.engine.sharedPools(admin, [id])
  return pool!.drives.map((drive) => drive.id)
}

const codesOf = (outcomes: readonly object[]) =>
  outcomes.map((outcome) => ('error' in outcome ? (outcome.error as { code: string }).code : 'done'))

test('what drives held before they shared a pool counts in it from then on', async () => {
  await putFile(use.world, alice, a.id, 'six', '123456')
  await putFile(use.world, alice, b.id, 'two', '12')
  const pool = await create([a, b])
  expect(pool).toMatchObject({ quota: null, used: 8, drives: [{ id: a.id }, { id: b.id }] })
  await putFile(use.world, alice, b.id, 'three', '123')
  expect(await usedIn(pool)).toBe(11)
  await run(use.world, alice, trash(at(a.id, 'six')))
  expect(await usedIn(pool)).toBe(11)
  await run(use.world, alice, purge(at(b.id, 'three')))
  await settleDown(use.world)
  expect(await usedIn(pool)).toBe(8)
})

test('its quota binds all its drives together and no other', async () => {
  await putFile(use.world, alice, a.id, 'six', '123456')
  await create([a, b], 10)
  expect(codeOf(await run(use.world, alice, copy(at(a.id, 'six'), at(b.id))))).toBe('quota_shared')
  expect(codeOf(await run(use.world, alice, copy(at(a.id, 'six'), at(c.id))))).toBe('done')
  // What moves within the pool weighs nothing on it; what comes in from outside does.
  expect(codeOf(await run(use.world, alice, move(at(a.id, 'six'), at(b.id))))).toBe('done')
  expect(codeOf(await run(use.world, alice, move(at(c.id, 'six'), at(a.id))))).toBe('quota_shared')
})

test('a drive that leaves takes along what it holds, one that joins brings it', async () => {
  await putFile(use.world, alice, a.id, 'six', '123456')
  await putFile(use.world, alice, c.id, 'four', '1234')
  const pool = await create([a, b], 100)
  const [changed] = await use.world.engine.updatePools(admin, [{ id: pool.id, set: { drives: [b.id, c.id] } }])
  expect(changed).toMatchObject({ quota: 100, used: 4 })
  expect(await membersOf(pool)).toEqual([b.id, c.id])
  const [smaller] = await use.world.engine.updatePools(admin, [{ id: pool.id, set: { quota: 3 } }])
  expect(smaller).toMatchObject({ quota: 3, used: 4, drives: [{ id: b.id }, { id: c.id }] })
  expect(codeOf(await run(use.world, alice, copy(at(c.id, 'four'), at(b.id))))).toBe('quota_shared')
  const other = await create([a], 1000)
  expect(other.used).toBe(6)
})

test('a drive shares one pool at most', async () => {
  const first = await create([a])
  const taken = { quota: 5, drives: [b.id, a.id] }
  const outcomes = await use.world.engine.createPools(admin, [
    taken,
    { quota: 5, drives: [b.id] },
    { quota: 5, drives: [b.id, c.id] },
  ])
  expect(codesOf(outcomes)).toEqual(['name_taken', 'done', 'name_taken'])
  expect(await membersOf(first)).toEqual([a.id])
  const [again] = await use.world.engine.updatePools(admin, [{ id: first.id, set: { drives: [a.id, b.id] } }])
  expect(codesOf([again!])).toEqual(['name_taken'])
  expect(await membersOf(first)).toEqual([a.id])
})

test('pools are for admins, over drives that are there, with a quota that is one', async () => {
  const [denied] = await use.world.engine.createPools(alice, [{ quota: 1, drives: [a.id] }])
  expect(codesOf([denied!])).toEqual(['forbidden'])
  const outcomes = await use.world.engine.createPools(admin, [
    { quota: -1, drives: [a.id] },
    { quota: 0.5, drives: [a.id] },
    { quota: 1, drives: [a.id, 4242 as Drive['id']] },
  ])
  expect(codesOf(outcomes)).toEqual(['attribute_invalid', 'attribute_invalid', 'drive_not_found'])
  const missing = 4242 as PoolId
  expect(await use.world.engine.sharedPools(admin, [missing])).toEqual([null])
  const [none] = await use.world.engine.updatePools(admin, [{ id: missing, set: { quota: 1 } }])
  expect(codesOf([none!])).toEqual(['attribute_invalid'])
  const [drive] = await use.world.engine.drives(admin, [a.id])
  expect(drive!.sharedPool).toBe(0)
})

test('a deleted drive counts until its bytes are gone', async () => {
  await putFile(use.world, alice, a.id, 'six', '123456')
  const pool = await create([a, b])
  await use.world.engine.deleteDrives(admin, [a.id])
  expect(await membersOf(pool)).toEqual([b.id])
  expect(await usedIn(pool)).toBe(6)
  await settleDown(use.world)
  expect(await usedIn(pool)).toBe(0)
})
