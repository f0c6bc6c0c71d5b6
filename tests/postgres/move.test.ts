/** `copy-store`, `backup` and `fsck` where the rows are, or come to be, in PostgreSQL. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openData } from '../../src/app.ts'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import { createEngine, type DriveId, type Engine } from '../../src/engine/index.ts'
import type { Place } from '../../src/place.ts'
import { runHere } from '../cli/program.ts'
import { putFile } from '../engine/ops.ts'
import { admin, alice, codes, type World } from '../engine/world.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

let root: string
let data: string
let database: TestDatabase
let drive: DriveId
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'batchdrive-move-'))
  data = join(root, 'data')
  database = await createTestDatabase('')
  await using({ dataDir: data, database: '' }, async (engine, store) => {
    await store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
    drive = (await engine.createDrives(admin, [{ name: 'drive', owner: 'user:alice' }]))[0]!.id
    await putFile({ engine } as World, alice, drive, 'one.txt', 'the first bytes')
  })
})
afterEach(async () => {
  await database.drop()
  rmSync(root, { recursive: true })
})

async function using<T>(
  place: Place,
  fn: (engine: Engine, store: Awaited<ReturnType<typeof openData>>['store']) => Promise<T>,
): Promise<T> {
  const { store, secret } = await openData(place)
  const engine = createEngine({
    store,
    secret,
    blobs: await createDiskBlobs({ folder: place.dataDir }),
    clock: Date.now,
  })
  try {
    return await fn(engine, store)
  } finally {
    await engine.close()
  }
}

const copyStore = (from: string, to: string) => runHere(['copy-store', '--data', data, '--from', from, '--to', to])
const find = (path: string[]) => ({ kind: 'get', node: { drive, path }, need: 0, trashed: 'no' }) as const

it('a deployment moves to PostgreSQL and back, and works in both', async () => {
  const there = await copyStore('sqlite', database.url)
  expect([there.code, there.out]).toEqual([
    0,
    expect.stringMatching(/^\d+ rows moved and compared; nothing is wrong\n$/),
  ])
  expect(there.err).toContain('copying node')
  expect(
    readdirSync(data)
      .filter((name) => /batchdrive\.db(\.moved)?$|postgres/.test(name))
      .sort(),
  ).toEqual(['batchdrive.db.moved', 'postgres.txt'])
  await using({ dataDir: data, database: database.url }, async (engine) => {
    expect(codes(await engine.batch(alice, [find(['one.txt'])]))).toEqual(['done'])
    await putFile({ engine } as World, alice, drive, 'two.txt', 'the second bytes')
  })
  const checked = await runHere(['fsck', '--deep', '--data', data, '--database', database.url])
  expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('2 versions, 1 drive, 2 blobs of 31 bytes')])

  expect((await copyStore(database.url, 'sqlite')).code).toBe(0)
  expect(existsSync(join(data, 'postgres.txt'))).toBe(false)
  await using({ dataDir: data, database: '' }, async (engine) => {
    expect(codes(await engine.batch(alice, [find(['one.txt']), find(['two.txt'])]))).toEqual(['done', 'done'])
  })
  expect((await runHere(['fsck', '--deep', '--data', data])).code).toBe(0)
})

it('a deployment on PostgreSQL is backed up into a folder as any other, and restored from it', async () => {
  await copyStore('sqlite', database.url)
  const backup = join(root, 'backup')
  const made = await runHere(['backup', '--data', data, '--database', database.url, '--to', backup])
  expect([made.code, made.out]).toEqual([0, expect.stringContaining('1 blob of 15 bytes')])
  expect((await runHere(['fsck', '--deep', '--data', backup])).code).toBe(0)
  const restored = join(root, 'restored')
  expect((await runHere(['restore', '--from', backup, '--data', restored])).code).toBe(0)
  await using({ dataDir: restored, database: '' }, async (engine) => {
    expect(codes(await engine.batch(alice, [find(['one.txt'])]))).toEqual(['done'])
  })
})

it('what is not where it is said to be is not moved', async () => {
  expect(await copyStore(database.url, 'sqlite')).toMatchObject({ code: 1, err: expect.stringContaining('--from') })
  expect(await copyStore('sqlite', 'sqlite')).toMatchObject({ code: 1 })
  expect(await copyStore('sqlite', 'mysql://x')).toMatchObject({ code: 2 })
})

it('a broken deployment is not moved', async () => {
  await using({ dataDir: data, database: '' }, async (_, store) => {
    await store.write((tx) => tx.putTenants([{ id: 'other' as never, name: '', createdAt: 1, extra: {} }]))
  })
  rmSync(join(data, 'blobs'), { recursive: true })
  expect(await copyStore('sqlite', database.url)).toMatchObject({
    code: 1,
    err: expect.stringContaining('the deployment is not sound'),
  })
  expect(existsSync(join(data, 'batchdrive.db'))).toBe(true)
})
