/** The sweep as the deployment's own task: what an operator sees of it, and that it is nobody's but one worker's at a time. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Changes, DriveId, Store } from '../../src/engine/index.ts'
import { SWEEP_KEY, sweepCursor } from '../../src/engine/sweep-task.ts'
import { breaking, DISK_FULL, dyingAfter } from './breaking.ts'
import { plantTree } from './haul-tree.ts'
import { at, get, purge, putFile, restore, upload } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codeOf, createDrive, done, run, settleDown } from './world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How many transactions have written something. */
let written = 0
const counting = (store: Store): Store => breaking(store, (changes: Changes) => ++written < 0 && changes === undefined)
const use = useWorld({ wrapStore: counting })
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function sweepRow() {
  const [row] = await use.world.store.read((tx) => tx.tasks([SWEEP_KEY]))
  return row ? { ...row, ...sweepCursor(row) } : null
}

describe('the sweep', () => {
  test('is not there before anything is due, and writes nothing while nothing is', async () => {
    await settleDown(use.world)
    expect(await sweepRow()).toBeNull()
    written = 0
    for (const _ of Array(5)) {
      use.world.now += 1_000
      expect(await use.world.engine.work()).toBe(false)
    }
    expect(written).toBe(0)
    const times = { now: 1, tasksBefore: 1, evictedBefore: 1, blobsBefore: 1 }
    expect(await use.world.store.read((tx) => tx.overdue(times))).toEqual([])
  })

  test('tells what it has removed of each kind, and when it ran', async () => {
    await plantTree(use.world, drive)
    await done(use.world, alice, [purge(at(drive, 'big'))])
    await use.world.engine.batch(alice, [upload(drive, { ttlMs: 1_000 })])
    use.world.now += HOUR_MS
    await settleDown(use.world)
    // The tree's three contents have their time from when nothing refers to them any more.
    expect(await sweepRow()).toMatchObject({ state: 'done', removed: { graves: 9, uploads: 1 }, done: 10 })
    use.world.now += HOUR_MS
    await settleDown(use.world)
    expect(await sweepRow()).toMatchObject({
      ...{ kind: 'sweep', state: 'done', tenant: '', error: '' },
      removed: { graves: 9, uploads: 1, blobs: 3 },
      ...{ total: 13, done: 13, startedAt: use.world.now, finishedAt: use.world.now },
    })
    written = 0
    await settleDown(use.world)
    expect(written).toBe(0)
  })

  test('tells what went wrong, and tries again', async () => {
    await plantTree(use.world, drive)
    await done(use.world, alice, [purge(at(drive, 'big'))])
    await use.world.restart({ wrapStore: (store) => breaking(store, ({ deleteNodes }) => deleteNodes.length > 0) })
    await expect(use.world.engine.work()).rejects.toThrow(DISK_FULL)
    const failedAt = use.world.now
    expect(await sweepRow()).toMatchObject({ state: 'done', error: DISK_FULL, failedAt, removed: {} })
    await use.world.restart()
    await settleDown(use.world)
    expect(await sweepRow()).toMatchObject({ state: 'done', removed: { graves: 9 }, error: DISK_FULL, failedAt })
  })

  test('goes on elsewhere when its worker dies, once that one’s time is up', async () => {
    await plantTree(use.world, drive)
    await done(use.world, alice, [purge(at(drive, 'big'))])
    await use.world.restart({ wrapStore: (store) => dyingAfter(store, 2) })
    await expect(use.world.engine.work()).rejects.toThrow('the power went')
    await use.world.restart()
    await settleDown(use.world)
    expect(await sweepRow()).toMatchObject({ state: 'running', removed: {} })
    use.world.now += 60_000
    await settleDown(use.world)
    expect(await sweepRow()).toMatchObject({ state: 'done', removed: { graves: 9 } })
  })

  test('leaves what a task holds, and does not ask again and again for it', async () => {
    await putFile(use.world, alice, drive, 'kept', 'x')
    await use.world.engine.updateDrives(alice, [{ id: drive, set: { settings: { trashDays: 1 } } }])
    const [put] = await done(use.world, alice, [{ kind: 'trash', node: at(drive, 'kept') }])
    const id = put!.view!.node.id
    await use.world.engine.submit(alice, drive, 'restore', [restore({ drive, id })], [null])
    const [now, until] = [use.world.now, use.world.now + 3 * DAY_MS]
    await use.world.store.write((tx) => tx.claimTasks({ now, until, limit: 9, perTenantMax: 9 }))
    use.world.now += 2 * DAY_MS
    await settleDown(use.world)
    expect(await sweepRow()).toMatchObject({ state: 'done', removed: { trash: 0 } })
    expect(codeOf(await run(use.world, alice, get({ drive, id }, { trashed: 'only' })))).toBe('done')
    use.world.now += 2 * DAY_MS
    await settleDown(use.world)
    expect(codeOf(await run(use.world, alice, get(at(drive, 'kept'))))).toBe('done')
  })
})
