import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Drive,
  type DriveId,
  type Node,
  type NodeId,
  type Op,
  type TaskId,
} from '../../src/engine/index.ts'
import {
  at,
  byId,
  byPublicId,
  copy,
  createFolder,
  get,
  grant,
  list,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  RENAME,
  rename,
  trash,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import {
  actorOf,
  admin,
  alice,
  bob,
  codeOf,
  codes,
  createDrive,
  done,
  driveNow,
  nodeOf,
  run,
  settleDown,
  usedOf,
} from './world.ts'

/** Everything above three nodes is a haul, and a haul makes two nodes a slice. */
const use = useWorld({ engine: { subtreeNodesMax: 3, sliceNodesMax: 2 } })
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
})

/** big › a › (1, deep › deeper › 2), b, c, 3: nine nodes, 9 bytes. */
async function plant(): Promise<void> {
  await putFolders(use.world, alice, drive, ['big', 'big/a', 'big/a/deep', 'big/a/deep/deeper', 'big/b', 'big/c'])
  await putFile(use.world, alice, drive, 'big/a/1', 'one')
  await putFile(use.world, alice, drive, 'big/a/deep/deeper/2', 'two')
  await putFile(use.world, alice, drive, 'big/3', '333')
}
const NODES = 9
const PATHS = ['3', 'a', 'a/1', 'a/deep', 'a/deep/deeper', 'a/deep/deeper/2', 'b', 'c']

/** The paths below a folder, in order; null when it is not there. */
async function pathsIn(id: DriveId, path: string): Promise<string[] | null> {
  const result = await run(use.world, admin, list(at(id, path), { limit: 100 }))
  if (result.status !== 'done') return null
  const below = await Promise.all(
    result.page!.items.map(async ({ node }) => {
      const inside = node.kind === 'folder' ? await pathsIn(id, path === '' ? node.name : `${path}/${node.name}`) : []
      return [node.name, ...inside!.map((name) => `${node.name}/${name}`)]
    }),
  )
  return below.flat().sort()
}

async function nodesIn(id: DriveId, path: string): Promise<Map<string, Node>> {
  const paths = [path, ...(await pathsIn(id, path))!.map((name) => `${path}/${name}`)]
  const results = await use.world.engine.batch(
    admin,
    paths.map((name) => get(at(id, name))),
  )
  return new Map(results.map((result, i) => [paths[i]!, nodeOf(result)]))
}

async function later(op: Op, actor = alice): Promise<TaskId> {
  const result = await run(use.world, actor, op)
  if (result.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

const taskNow = async (id: TaskId) => (await use.world.engine.tasks(admin, [id]))[0]!

/** Works until the haul has made at least so many nodes. */
async function untilMade(id: TaskId, nodes: number): Promise<void> {
  for (let steps = 0; (await taskNow(id)).done < nodes; steps++) {
    expect(steps).toBeLessThan(100)
    await use.world.engine.work()
  }
}

describe('copying a tree that is too large for a batch', () => {
  beforeEach(plant)

  test('answers with a task and the copy’s place, shows nothing until all is copied, then all', async () => {
    const before = await nodesIn(drive, 'big')
    const result = await run(use.world, alice, copy(at(drive, 'big'), at(other.id), { name: 'copy' }))
    if (result.status !== 'later') throw new Error(codeOf(result))
    expect(result.view).toMatchObject({ path: ['copy'], drive: { id: other.id } })
    expect(await taskNow(result.task)).toMatchObject({ kind: 'copy', state: 'queued', drive: other.id })
    for (let steps = 0; (await taskNow(result.task)).state !== 'done'; steps++) {
      const seen = await pathsIn(other.id, 'copy')
      expect(seen === null ? PATHS : seen).toEqual(PATHS)
      await use.world.engine.work()
    }
    expect(await taskNow(result.task)).toMatchObject({ total: NODES, done: NODES, failed: 0, error: '' })
    expect((await taskNow(result.task)).report).toMatchObject([
      { ok: true, node: result.view!.node.id, path: ['copy'] },
    ])
    expect(await pathsIn(other.id, '')).toEqual(['copy', ...PATHS.map((path) => `copy/${path}`)])
    expect(await nodesIn(drive, 'big')).toEqual(before)
    const copies = await nodesIn(other.id, 'copy')
    for (const [path, node] of copies) {
      const original = before.get(path.replace('copy', 'big'))!
      expect(node).toMatchObject({ kind: original.kind, content: original.content, drive: other.id, born: other.id })
      expect(node.id).not.toBe(original.id)
    }
    expect(await usedOf(use.world, other.id)).toMatchObject({ drive: 9, tenant: 18 })
    await settleDown(use.world)
  })
})

describe('carrying a tree that is too large for a batch to another drive', () => {
  beforeEach(plant)

  test('leaves it whole and readable where it is until all of it is in the other', async () => {
    const before = await nodesIn(drive, 'big')
    const id = await later(move(at(drive, 'big'), at(other.id)))
    for (let steps = 0; (await taskNow(id)).state !== 'done'; steps++) {
      const [here, there] = [await pathsIn(drive, 'big'), await pathsIn(other.id, 'big')]
      expect([here, there].filter((paths) => paths !== null)).toEqual([PATHS])
      const results = await use.world.engine.batch(
        alice,
        [...before.values()].map((node) => get(byPublicId(node))),
      )
      expect(new Set(codes(results))).toEqual(new Set(['done']))
      expect(new Set(results.map((result) => nodeOf(result).drive))).toEqual(new Set([here ? drive : other.id]))
      await use.world.engine.work()
    }
    expect(await taskNow(id)).toMatchObject({ total: NODES, done: NODES, failed: 0 })
    const after = await nodesIn(other.id, 'big')
    expect([...after.values()].map((node) => node.id)).toEqual([...before.values()].map((node) => node.id))
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: 9 })
    expect(await usedOf(use.world, other.id)).toEqual({ drive: 9, tenant: 9 })
    await settleDown(use.world)
  })
})
