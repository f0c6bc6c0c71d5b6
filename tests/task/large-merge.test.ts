/** A tree of 100,000 nodes merged into another and destroyed: what its tasks say meanwhile, and how little they write at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  CHECKS,
  type CheckName,
  DEFAULT_ENGINE_OPTIONS,
  type Drive,
  type Engine,
  type Op,
  onConflict,
  type Store,
  type Task,
  type TaskId,
} from '../../src/engine/index.ts'
import { breaking } from '../engine/breaking.ts'
import { createTestDatabase, isPostgres, type TestDatabase } from '../store.ts'
import { admin, databaseIn, openEngine } from './open.ts'
import { plantLargeTree } from './plant.ts'

/** Where each statement goes to another process, fewer prove as much. */
const NODES = isPostgres() ? 20_000 : 100_000
const TIMEOUT_MS = 300_000
const conflict = onConflict('replace', 'version')
const naming = { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false } as const

let folder: string
let database: TestDatabase
let engine: Engine
let store: Store
let drive: Drive
let rowsMax = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-merge-'))
  database = await createTestDatabase(databaseIn(folder))
  const wrapStore = (inner: Store) =>
    breaking(inner, (changes) => {
      rowsMax = Math.max(rowsMax, ...Object.values(changes).map((rows) => rows.length))
      return false
    })
  ;({ engine, store } = await openEngine(folder, { database: database.url, wrapStore }))
  ;[drive] = (await engine.createDrives(admin, [{ name: 'one', owner: 'user:admin' }])) as [Drive]
  await plantLargeTree(store, drive, 'large', NODES)
}, TIMEOUT_MS)

afterAll(async () => {
  await engine.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const at = (...path: string[]) => ({ drive: drive.id, path })

async function later(op: Op): Promise<TaskId> {
  const [result] = await engine.batch(admin, [op])
  if (result?.status !== 'later') throw new Error(JSON.stringify(result))
  return result.task
}

/** Works to the end, and tells what the task showed on the way. */
async function watched(id: TaskId): Promise<Task[]> {
  const seen: Task[] = []
  rowsMax = 0
  do {
    const [task] = await engine.tasks(admin, [id])
    seen.push(task!)
  } while (await engine.work())
  const [last] = await engine.tasks(admin, [id])
  return [...seen, last!]
}

const files = async (...path: string[]) => {
  const [totals] = await engine.totals(admin, [at(...path)])
  return totals as { files: number; folders: number }
}

it('is merged with what is there, part by part', { timeout: TIMEOUT_MS }, async () => {
  const before = await files('large')
  const made = ['wide', 'folder 7', 'folder 8', 'only there'].map((name): Op => {
    return { kind: 'createFolder', parent: at('there', 'large'), makeParents: true, name, conflict, naming }
  })
  expect((await engine.batch(admin, made)).map(({ status }) => status)).toEqual(Array(4).fill('done'))
  const id = await later({ kind: 'move', node: at('large'), to: at('there'), conflict, naming, keepGrants: true })
  const seen = await watched(id)
  expect(seen.at(-1)).toMatchObject({ state: 'done', total: NODES, done: NODES, failed: 0 })
  expect(seen.some(({ total, done }) => total === NODES && done > 0 && done < NODES)).toBe(true)
  // What merged is one folder; those that were only there stayed.
  expect(await files('there', 'large')).toMatchObject({ files: before.files, folders: before.folders + 1 })
  expect(await files()).toMatchObject({ files: before.files })
  expect(rowsMax).toBeLessThanOrEqual(2 * DEFAULT_ENGINE_OPTIONS.sliceNodesMax)
  expect(await faults()).toEqual([])
})

it('is destroyed at once, and removed by a task that says how far it is', { timeout: TIMEOUT_MS }, async () => {
  const { files: inside, folders } = await files('there')
  const all = inside + folders + 1
  const id = await later({ kind: 'purge', node: at('there'), trashed: 'no', taskIfLarge: true })
  expect(await files()).toMatchObject({ files: 0, folders: 0 })
  const seen = await watched(id)
  expect(seen.at(-1)).toMatchObject({ state: 'done', total: all, done: all, failed: 0 })
  expect(seen.some(({ total, done }) => total === all && done > 0 && done < all)).toBe(true)
  const [{ pools }] = (await engine.drives(admin, [drive.id])) as [Drive]
  expect(pools.map(({ used }) => used)).toEqual(pools.map(() => 0))
  // Root, trash and grave.
  expect(await store.read((tx) => tx.count('node'))).toBe(3)
  expect(await faults()).toEqual([])
})

async function faults(): Promise<string[]> {
  const inspection = await database.inspect()
  const found = await Promise.all((Object.keys(CHECKS) as CheckName[]).map((check) => inspection.faults(check, 3)))
  await inspection.close()
  return found.flat().map(({ about, says }) => `${about} ${says}`)
}
