import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CHECKS,
  type Changes,
  type CheckName,
  DEFAULT_ENGINE_OPTIONS,
  type Drive,
  type Engine,
  type NodeId,
  type Op,
  onConflict,
  type Store,
  type TaskId,
  type WriteTx,
} from '../../src/engine/index.ts'
import { createTestDatabase, isPostgres, type TestDatabase } from '../store.ts'
import { admin, databaseIn, openEngine } from './open.ts'
import { type LargeTree, plantLargeTree } from './plant.ts'

/** Where each statement goes to another process, fewer prove as much. */
const NODES = isPostgres() ? 20_000 : 100_000
/** In the middle of the work on them. */
const TURNS = NODES / 5_000
let ahead = 0
const conflict = onConflict('fail')
const naming = { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false } as const

let folder: string
let database: TestDatabase
let engine: Engine
let store: Store
let drives: readonly [Drive, Drive]
let tree: LargeTree

/** The most rows that one transaction was given to write, and how many wrote at all. */
const seen = { rowsMax: 0, slices: 0 }
const counting = (inner: Store): Store => ({
  ...inner,
  write: (fn, ...more) => inner.write((tx) => fn(countingTx(tx)), ...more),
})

function countingTx(tx: WriteTx): WriteTx {
  return new Proxy(tx, {
    get(target, member) {
      if (member === 'apply') {
        return (changes: Changes) => {
          const staged = changes.stage.reduce((sum, { ids }) => sum + ids.length, 0)
          seen.rowsMax = Math.max(seen.rowsMax, staged, ...Object.values(changes).map((rows) => rows.length))
          seen.slices += changes.updateTasks.length
          return target.apply(changes)
        }
      }
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const open = async () => {
  ;({ engine, store } = await openEngine(folder, {
    database: database.url,
    wrapStore: counting,
    clock: () => Date.now() + ahead,
  }))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-large-'))
  database = await createTestDatabase(databaseIn(folder))
  await open()
  const made = await engine.createDrives(admin, [
    { name: 'one', owner: 'user:admin' },
    { name: 'two', owner: 'user:admin' },
  ])
  drives = made as [Drive, Drive]
  tree = await plantLargeTree(store, drives[0], 'large', NODES)
}, 300_000)

afterAll(async () => {
  await engine.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const ref = (drive: Drive, ...path: string[]) => ({ drive: drive.id, path })

async function one(op: Op) {
  const [result] = await engine.batch(admin, [op])
  return result!
}

async function later(op: Op): Promise<TaskId> {
  const result = await one(op)
  if (result.status !== 'later') throw new Error(JSON.stringify(result))
  return result.task
}

const used = async (drive: Drive) => (await engine.drives(admin, [drive.id]))[0]!.pools.map((pool) => pool.used)

/** Lets processes work, one after the other, and kills each after some turns. */
async function workAndDie(turns: readonly number[]): Promise<void> {
  await engine.close()
  for (const turn of turns) {
    const script = new URL('./worker.ts', import.meta.url).pathname
    const worker = spawn(process.execPath, ['--import', 'tsx', script, folder, String(ahead), database.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let done = 0
    worker.stdout.on('data', (dots: Buffer) => {
      done += dots.length
      if (done >= turn) worker.kill('SIGKILL')
    })
    expect(await once(worker, 'exit')).toEqual([null, 'SIGKILL'])
    // Whoever goes on finds the lease of the dead run out.
    ahead += DEFAULT_ENGINE_OPTIONS.taskLeaseMs
  }
  await open()
}

async function workToTheEnd(): Promise<void> {
  while (await engine.work());
}

async function faults(): Promise<string[]> {
  const inspection = await database.inspect()
  const found = await Promise.all((Object.keys(CHECKS) as CheckName[]).map((check) => inspection.faults(check, 3)))
  await inspection.close()
  return found.flat().map(({ about, says }) => `${about} ${says}`)
}

async function totals(drive: Drive, ...path: string[]): Promise<object> {
  const [found] = await engine.totals(admin, [ref(drive, ...path)])
  return found!
}

const task = async (id: TaskId) => (await engine.tasks(admin, [id]))[0]!
const move = (drive: Drive, name: string, to: Drive): Op => {
  return { kind: 'move', node: ref(drive, name), to: ref(to), conflict, naming, keepGrants: true }
}
const idOf = async (drive: Drive, ...path: string[]): Promise<NodeId> => {
  const result = await one({ kind: 'get', node: ref(drive, ...path), need: 0, trashed: 'no' })
  return result.status === 'done' ? result.view!.node.id : (0 as NodeId)
}

describe(`a tree of ${NODES} nodes`, () => {
  it('is copied, though the process is killed again and again', { timeout: 300_000 }, async () => {
    const before = await totals(drives[0], 'large')
    const id = await later({
      kind: 'copy',
      node: ref(drives[0], 'large'),
      to: ref(drives[0]),
      name: 'copy',
      conflict,
      naming,
    })
    await workAndDie([2, TURNS])
    expect((await task(id)).done).toBeGreaterThan(0)
    await workToTheEnd()
    expect(await task(id)).toMatchObject({ state: 'done', total: NODES, done: NODES, failed: 0 })
    expect(await totals(drives[0], 'copy')).toEqual(before)
    expect(await totals(drives[0], 'large')).toEqual(before)
    expect(await used(drives[0])).toEqual([2 * tree.bytes, 2 * tree.bytes])
    expect(await faults()).toEqual([])
  })

  it('changes drives, though the process is killed again and again', { timeout: 300_000 }, async () => {
    const before = await totals(drives[0], 'copy')
    const inner = await idOf(drives[0], 'copy', 'folder 7', 'inner', 'file 89.txt')
    const id = await later(move(drives[0], 'copy', drives[1]))
    await workAndDie([2, TURNS])
    await workBesideOthers()
    expect(await task(id)).toMatchObject({ state: 'done', total: NODES, done: NODES, failed: 0 })
    expect(await totals(drives[1], 'copy')).toEqual(before)
    expect(await idOf(drives[1], 'copy', 'folder 7', 'inner', 'file 89.txt')).toBe(inner)
    const born = { born: drives[0].id, id: inner }
    expect(await one({ kind: 'get', node: born, need: 0, trashed: 'no' })).toMatchObject({
      view: { drive: { id: drives[1].id }, path: ['copy', 'folder 7', 'inner', 'file 89.txt'] },
    })
    expect(await used(drives[1])).toEqual([tree.bytes, 2 * tree.bytes])
    expect(await faults()).toEqual([])
  })

  it('is trashed and destroyed at once, and removed though the process is killed', { timeout: 300_000 }, async () => {
    const trashed = await one({ kind: 'trash', node: ref(drives[1], 'copy') })
    const trash = trashed.status === 'done' ? trashed.trash!.id : (0 as never)
    const purged = await one({ kind: 'purge', node: { drive: drives[1].id, trash }, trashed: 'only' })
    expect([trashed.status, purged.status]).toEqual(['done', 'done'])
    await workAndDie([TURNS])
    await workToTheEnd()
    expect(await used(drives[1])).toEqual([0, tree.bytes])
    const ofTrees = await store.read((tx) =>
      Promise.all((['node', 'forward', 'version'] as const).map((t) => tx.count(t))),
    )
    const { files } = (await totals(drives[0], 'large')) as { files: number }
    // Beside the tree there are three folders a drive, and what was made meanwhile.
    const others = (await totals(drives[1])) as { folders: number }
    expect(ofTrees).toEqual([NODES + 6 + others.folders, 0, files])
    expect(await faults()).toEqual([])
  })
})

/** What one transaction writes does not grow, and a request waits only for what stood in line before it. */
async function workBesideOthers(): Promise<void> {
  Object.assign(seen, { rowsMax: 0, slices: 0 })
  let isWorking = true
  const work = workToTheEnd().finally(() => {
    isWorking = false
  })
  const waited: number[] = []
  while (isWorking) {
    const before = seen.slices
    const name = `meanwhile ${waited.length}`
    const made = await one({ kind: 'createFolder', parent: ref(drives[1]), name, conflict, naming })
    const read = await one({ kind: 'get', node: ref(drives[1], name), need: 0, trashed: 'no' })
    expect([made.status, read.status]).toEqual(['done', 'done'])
    waited.push(seen.slices - before)
  }
  await work
  expect(waited.length).toBeGreaterThan(20)
  expect(Math.max(...waited)).toBeLessThanOrEqual(4)
  expect(seen.rowsMax).toBeLessThanOrEqual(2 * DEFAULT_ENGINE_OPTIONS.sliceNodesMax + 200)
}
