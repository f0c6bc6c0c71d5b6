/** `copy-store`, `backup` and `fsck` where the rows are, or come to be, in PostgreSQL. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openData } from '../../src/app.ts'
import { copyRows } from '../../src/copy/rows.ts'
import { type DriveId, type RowWriter, StorageError } from '../../src/engine/index.ts'
import { openPostgresRowWriter } from '../../src/store/postgres/rows.ts'
import { openSqliteRows } from '../../src/store/sqlite/rows.ts'
import { runHere } from '../cli/program.ts'
import { putFile } from '../engine/ops.ts'
import { admin, alice, codes, type World } from '../engine/world.ts'
import { withEngine } from '../place.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

let root: string
let data: string
let database: TestDatabase
let drive: DriveId
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'batchdrive-move-'))
  data = join(root, 'data')
  database = await createTestDatabase('')
  await withEngine({ dataDir: data, database: '' }, async (engine, store) => {
    await store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
    drive = (await engine.createDrives(admin, [{ name: 'drive', owner: 'user:alice' }]))[0]!.id
    await putFile({ engine } as World, alice, drive, 'one.txt', 'the first bytes')
  })
})
afterEach(async () => {
  await database.drop()
  rmSync(root, { recursive: true })
})

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
  await withEngine({ dataDir: data, database: database.url }, async (engine) => {
    expect(codes(await engine.batch(alice, [find(['one.txt'])]))).toEqual(['done'])
    await putFile({ engine } as World, alice, drive, 'two.txt', 'the second bytes')
  })
  const checked = await runHere(['fsck', '--deep', '--data', data, '--database', database.url])
  expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('2 versions, 1 drive, 2 blobs of 31 bytes')])

  expect((await copyStore(database.url, 'sqlite')).code).toBe(0)
  expect(existsSync(join(data, 'postgres.txt'))).toBe(false)
  await withEngine({ dataDir: data, database: '' }, async (engine) => {
    expect(codes(await engine.batch(alice, [find(['one.txt']), find(['two.txt'])]))).toEqual(['done', 'done'])
  })
  expect((await runHere(['fsck', '--deep', '--data', data])).code).toBe(0)
})

describe('a backup of a deployment on PostgreSQL', () => {
  const backup = () => join(root, 'backup')
  const restored = () => join(root, 'restored')
  const back = (...to: string[]) => runHere(['restore', '--from', backup(), '--data', restored(), ...to])
  const make = (...more: string[]) =>
    runHere(['backup', '--data', data, '--database', database.url, '--to', backup(), ...more])
  let other: TestDatabase
  beforeEach(async () => {
    await copyStore('sqlite', database.url)
    other = await createTestDatabase('')
  })
  afterEach(() => other.drop())

  it('is a folder as any other, and can be restored into a folder alone', async () => {
    const made = await make()
    expect([made.code, made.out]).toEqual([0, expect.stringContaining('1 blob of 15 bytes')])
    expect((await runHere(['fsck', '--deep', '--data', backup()])).code).toBe(0)
    expect((await back()).code).toBe(0)
    await withEngine({ dataDir: restored(), database: '' }, async (engine) => {
      expect(codes(await engine.batch(alice, [find(['one.txt'])]))).toEqual(['done'])
    })
  })

  it('is restored into an empty database only', async () => {
    await make()
    expect(await back('--database', database.url)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/rows of its own/),
    })
    expect(existsSync(restored())).toBe(false)
  })

  it('is not restored into a database without its keys, which another key would take for its own', async () => {
    await make('--no-keys')
    const { code, err } = await back('--database', other.url)
    expect([code, err]).toEqual([1, expect.stringContaining('has no keys')])
    expect(await other.rows('select id from drive')).toEqual([])
  })

  it('leaves a database that nobody can serve when it is broken off, and goes on with it later', async () => {
    await make()
    const [blob = ''] = readdirSync(join(backup(), 'blobs'), { recursive: true })
      .map(String)
      .filter((name) => name.length > 60)
    const path = join(backup(), 'blobs', blob)
    const bytes = readFileSync(path)
    const writer = await openPostgresRowWriter(other.url)
    const reader = openSqliteRows(join(backup(), 'batchdrive.db'))
    const broken: RowWriter = {
      ...writer,
      write: async (table, ...rest) => {
        if (table.name === 'node') throw new StorageError('interrupted')
        await writer.write(table, ...rest)
      },
    }
    await expect(copyRows(reader, broken)).rejects.toThrow('interrupted')
    await Promise.all([reader.close(), writer.close()])
    writeFileSync(path, 'other bytes')
    expect((await back('--database', other.url)).code).toBe(1)
    rmSync(restored(), { recursive: true })
    await expect(openData({ dataDir: restored(), database: other.url })).rejects.toThrow(/being copied/)
    rmSync(restored(), { recursive: true })
    writeFileSync(path, bytes)
    expect((await back('--database', other.url)).code).toBe(0)
    await withEngine({ dataDir: restored(), database: other.url }, async (engine) => {
      expect(codes(await engine.batch(alice, [find(['one.txt'])]))).toEqual(['done'])
    })
  })
})

it('what is not where it is said to be is not moved', async () => {
  expect(await copyStore(database.url, 'sqlite')).toMatchObject({ code: 1, err: expect.stringContaining('--from') })
  expect(await copyStore('sqlite', 'sqlite')).toMatchObject({ code: 1 })
  expect(await copyStore('sqlite', 'mysql://x')).toMatchObject({ code: 2 })
})

it('a broken deployment is not moved', async () => {
  await withEngine({ dataDir: data, database: '' }, async (_, store) => {
    await store.write((tx) => tx.putTenants([{ id: 'other' as never, name: '', createdAt: 1, extra: {} }]))
  })
  rmSync(join(data, 'blobs'), { recursive: true })
  expect(await copyStore('sqlite', database.url)).toMatchObject({
    code: 1,
    err: expect.stringContaining('the deployment is not sound'),
  })
  expect(existsSync(join(data, 'batchdrive.db'))).toBe(true)
})
