/** What a task carries between two drives is there twice meanwhile, and counts once where they share a quota. */
import { beforeEach, expect, test } from 'vitest'
import type { Drive, PoolId, Store, TaskId } from '../../src/engine/index.ts'
import { plantTree } from './haul-tree.ts'
import { at, move } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, createDrive, run, settleDown, usedOf } from './world.ts'

/** Called after every transaction that wrote, unless it is at work already. */
let afterWrite: (() => Promise<void>) | null = null
const watched = (store: Store): Store => ({
  ...store,
  async write(fn, ...more) {
    const value = await store.write(fn, ...more)
    const watch = afterWrite
    afterWrite = null
    await watch?.()
    afterWrite = watch
    return value
  },
})

const use = useWorld({ engine: { subtreeNodesMax: 3, sliceNodesMax: 2 }, wrapStore: watched })
let [one, two] = [] as unknown as [Drive, Drive]
let pool: PoolId
beforeEach(async () => {
  afterWrite = null
  one = await createDrive(use.world)
  two = await createDrive(use.world)
  await plantTree(use.world, one.id)
  // No more than what is there already.
  const [made] = await use.world.engine.createPools(admin, [{ quota: 9, drives: [one.id, two.id] }])
  if ('status' in made!) throw new Error(made.error.code)
  pool = made!.id
})

async function begin(): Promise<TaskId> {
  const result = await run(use.world, alice, move(at(one.id, 'big'), at(two.id)))
  if (result.status !== 'later') throw new Error(JSON.stringify(result))
  return result.task
}

async function usageFaults(): Promise<string[]> {
  const inspection = await use.world.database.inspect()
  const found = await inspection.faults('usage', 9)
  await inspection.close()
  return found.map(({ about, says }) => `${about} ${says}`)
}

/** Works to the end; after every transaction the shared quotas count nine bytes, and fsck agrees. */
async function workWatched(onSeen: () => Promise<void> = async () => {}): Promise<number[]> {
  const drives: number[] = []
  afterWrite = async () => {
    const used = [await usedOf(use.world, one.id), await usedOf(use.world, two.id)]
    expect(used.map(({ shared, tenant }) => [shared, tenant])).toEqual([
      [9, 9],
      [9, 9],
    ])
    expect(await usageFaults()).toEqual([])
    drives.push(used[0]!.drive! + used[1]!.drive!)
    await onSeen()
  }
  await settleDown(use.world)
  afterWrite = null
  return drives
}

test('all the way', async () => {
  const id = await begin()
  const drives = await workWatched()
  expect(Math.max(...drives)).toBe(18)
  expect((await use.world.engine.tasks(admin, [id]))[0]).toMatchObject({ state: 'done', failed: 0 })
  expect(await usedOf(use.world, one.id)).toMatchObject({ drive: 0, shared: 9, tenant: 9 })
  expect(await usedOf(use.world, two.id)).toMatchObject({ drive: 9, shared: 9, tenant: 9 })
})

test('also when it is stopped, and what it made is cleared away', async () => {
  const id = await begin()
  let writes = 0
  const drives = await workWatched(async () => {
    if (++writes === 9) await use.world.engine.cancelTasks(admin, [id])
  })
  expect(Math.max(...drives)).toBeGreaterThan(9)
  expect((await use.world.engine.tasks(admin, [id]))[0]).toMatchObject({ state: 'done', error: 'cancelled' })
  expect(await usedOf(use.world, one.id)).toMatchObject({ drive: 9, shared: 9, tenant: 9 })
  expect(await usedOf(use.world, two.id)).toMatchObject({ drive: 0, shared: 9, tenant: 9 })
})

test('so neither drive leaves or joins a quota meanwhile', async () => {
  await begin()
  const [result] = await use.world.engine.updatePools(admin, [{ id: pool, set: { drives: [two.id] } }])
  expect(result).toMatchObject({ error: { code: 'busy' } })
  const [other] = await use.world.engine.updatePools(admin, [
    { id: pool, set: { quota: 99, drives: [two.id, one.id] } },
  ])
  expect(other).toMatchObject({ quota: 99 })
  await settleDown(use.world)
  const [after] = await use.world.engine.updatePools(admin, [{ id: pool, set: { drives: [two.id] } }])
  expect(after).toMatchObject({ used: 9 })
})
