/** Hauls whose slices keep failing: they are given up, and nothing of them is left. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Changes, Drive, DriveId, Op, Store, TaskId } from '../../src/engine/index.ts'
import { breaking, DISK_FULL } from './breaking.ts'
import { faultsIn } from './faults.ts'
import { NODES, plantTree } from './haul-tree.ts'
import { at, copy, move, rename } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codeOf, createDrive, run, settleDown, usedOf } from './world.ts'

const engine = { subtreeNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine })
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
  await plantTree(use.world, drive)
})

const count = (table: 'node' | 'version' | 'forward') => use.world.store.read((tx) => tx.count(table))
const counts = async () => [await count('node'), await count('version'), await count('forward')]

async function later(op: Op): Promise<TaskId> {
  const result = await run(use.world, alice, op)
  if (result.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

/** Works for long on a store that refuses some changes. */
async function workOn(refuses: (changes: Changes) => boolean): Promise<void> {
  const wrapStore = (store: Store) => breaking(store, refuses)
  await use.world.restart({ engine, wrapStore })
  for (let tries = 0; tries < 8; tries++) {
    await settleDown(use.world).catch((error: Error) => expect(error.message).toBe(DISK_FULL))
    use.world.now += 60_000
  }
}

/** Refuses the slices of a haul once some of it is made, as long as they make more. */
function fillsOnce(): (changes: Changes) => boolean {
  let made = 0
  return ({ stage, insertNodes, putHolds }) => {
    const isSlice = stage.length > 0 || insertNodes.length > 0
    if (!isSlice || putHolds.length > 0) return false
    return ++made > 1
  }
}

describe.each(['copy', 'carry'])('a %s that fails again and again when part of it is made', (verb) => {
  const op = () => (verb === 'copy' ? copy : move)(at(drive, 'big'), at(other.id))

  test('is given up and leaves no rows, no bytes and no holds', async () => {
    const before = await counts()
    const id = await later(op())
    await workOn(fillsOnce())
    await use.world.restart({ engine })
    await settleDown(use.world)
    const [task] = await use.world.engine.tasks(alice, [id])
    expect(task).toMatchObject({ state: 'done', done: 0, failed: NODES, total: NODES, error: 'chain_broken' })
    expect(task!.report).toMatchObject([{ ok: false, code: 'chain_broken' }])
    expect(await counts()).toEqual(before)
    expect(await usedOf(use.world, other.id)).toEqual({ drive: 0, tenant: 9 })
    expect(await use.world.store.read((tx) => tx.holds([drive, other.id]))).toEqual([])
    expect(await faultsIn(use.world)).toEqual([])
    // The tree is as free as before, also to go the same way.
    expect(codeOf(await run(use.world, alice, rename(at(drive, 'big'), 'again')))).toBe('done')
    await later(move(at(drive, 'again'), at(other.id)))
    await settleDown(use.world)
    expect(await usedOf(use.world, other.id)).toEqual({ drive: 9, tenant: 9 })
  })

  test('keeps what it made held for as long as clearing it away fails too', async () => {
    const before = await counts()
    const id = await later(op())
    const fills = fillsOnce()
    await workOn((changes) => fills(changes) || changes.deleteNodes.length > 0)
    const [waiting] = await use.world.engine.tasks(alice, [id])
    expect(waiting!.state).toBe('running')
    expect((await counts())[0]).toBeGreaterThan(before[0]!)
    if (verb === 'carry') expect(codeOf(await run(use.world, alice, rename(at(drive, 'big'), 'x')))).toBe('busy')
    await use.world.restart({ engine })
    use.world.now += 60_000
    await settleDown(use.world)
    const [task] = await use.world.engine.tasks(alice, [id])
    expect(task).toMatchObject({ state: 'done', failed: NODES, error: 'chain_broken' })
    expect(await counts()).toEqual(before)
  })
})
