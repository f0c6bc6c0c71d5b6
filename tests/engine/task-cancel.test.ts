/** Tasks of every kind that leaves something behind half-way, cancelled between their transactions: nothing is lost or there twice. */
import { describe, expect, test } from 'vitest'
import type { DriveId, TaskId } from '../../src/engine/index.ts'
import { dyingAfter } from './breaking.ts'
import { faultsIn } from './faults.ts'
import { PATHS, pathsBelow, plantTree } from './haul-tree.ts'
import { at, copy, createFolder, MERGE, move, putFile, putFolders } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, createDrive, run, settleDown, usedOf } from './world.ts'

const engine = { subtreeNodesMax: 3, inlineNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine })

/** One task of its kind between two drives of its own. */
interface Kind {
  readonly start: (from: DriveId, to: DriveId) => Promise<TaskId>
  /** What must hold of the paths in both drives, however far it came; `isWhole` = it was too late to cancel. */
  readonly check: (from: readonly string[], to: readonly string[], isWhole: boolean) => void
}

const ALL = ['big', ...PATHS.map((path) => `big/${path}`)].sort()
const FOLDERS = 201
/** After how many transactions a task is cancelled. */
const MIDDLES = [3, 6]
const made = (paths: readonly string[]) => paths.filter((path) => path.includes('/'))
/** The files of `plantTree` and the one already there have three bytes each. */
const FILES = /(^|\/)(1|2|3|old)$/
const sizeOf = (paths: readonly string[]) => paths.filter((path) => FILES.test(path)).length * 3

async function later(op: ReturnType<typeof copy | typeof move>): Promise<TaskId> {
  const result = await run(use.world, alice, op)
  if (result.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

const KINDS: Readonly<Record<string, Kind>> = {
  'copy of a large tree': {
    start: (from, to) => later(copy(at(from, 'big'), at(to))),
    check(from, to, isWhole) {
      expect(from).toEqual(ALL)
      expect(to).toEqual(isWhole ? ALL : [])
    },
  },
  'move of a large tree to another drive': {
    start: (from, to) => later(move(at(from, 'big'), at(to))),
    check(from, to, isWhole) {
      expect(from).toEqual(isWhole ? [] : ALL)
      expect(to).toEqual(isWhole ? ALL : [])
    },
  },
  'merge of large folders': {
    async start(from, to) {
      await putFolders(use.world, alice, to, ['big', 'big/a', 'big/zero'])
      await putFile(use.world, alice, to, 'big/a/old', 'old')
      return later(move(at(from, 'big'), at(to), { conflict: MERGE }))
    },
    check(from, to, isWhole) {
      const together = [...new Set([...ALL, 'big/a/old', 'big/zero'])].sort()
      expect([...new Set([...from, ...to])].sort()).toEqual(together)
      if (isWhole) expect([from, to]).toEqual([[], together])
    },
  },
  'batch of many ops': {
    start(_, to) {
      const ops = Array.from({ length: FOLDERS }, (_, i) =>
        createFolder(at(to, `p${i % 3}`), `n${i}`, { makeParents: true }),
      )
      return use.world.engine.submit(
        alice,
        to,
        'batch',
        ops,
        ops.map(() => null),
      )
    },
    check(from, to, isWhole) {
      expect(from).toEqual(ALL)
      if (isWhole) expect(made(to)).toHaveLength(FOLDERS)
    },
  },
}

/** Stops a new task after so many transactions and cancels it there; tells how it ended, null when it was done before. */
async function cancelAfter({ start, check }: Kind, writes: number): Promise<string | null> {
  const [from, to] = [(await createDrive(use.world)).id, (await createDrive(use.world)).id]
  await plantTree(use.world, from)
  const id = await start(from, to)
  await use.world.restart({ engine, wrapStore: (store) => dyingAfter(store, writes) })
  await settleDown(use.world).catch((error: Error) => expect(error.message).toBe('the power went'))
  await use.world.restart({ engine })
  const taskNow = async () => (await use.world.engine.tasks(alice, [id]))[0]!
  const wasDone = (await taskNow()).state === 'done'
  await use.world.engine.cancelTasks(alice, [id])
  use.world.now += 60_000
  await settleDown(use.world)
  const task = await taskNow()
  expect(task.state).toBe('done')
  expect(task.done + task.failed).toBe(task.total)
  const paths = await Promise.all([from, to].map((drive) => pathsBelow(use.world, drive, '')))
  check(paths[0]!, paths[1]!, task.error === '')
  if (task.kind === 'batch') expect(made(paths[1]!)).toHaveLength(task.done)
  expect(await use.world.store.read((tx) => tx.holds([from, to]))).toEqual([])
  const used = await Promise.all([from, to].map((drive) => usedOf(use.world, drive)))
  expect(used.map(({ drive }) => drive)).toEqual(paths.map((some) => sizeOf(some!)))
  return wasDone ? null : task.error
}

describe.each(Object.entries(KINDS))('a %s', (_, kind) => {
  test('that is cancelled leaves everything whole, wherever it is', { timeout: 240_000 }, async () => {
    const ends: (string | null)[] = []
    for (const writes of MIDDLES) ends.push(await cancelAfter(kind, writes))
    expect(ends).toContain('cancelled')
    expect(await faultsIn(use.world)).toEqual([])
  })
})
