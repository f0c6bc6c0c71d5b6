/** Backups made while a deployment works, and deployments made from backups. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inspectData } from '../src/app.ts'
import { copyDiskBlobs } from '../src/blob/disk/copy.ts'
import { makeBackup } from '../src/copy/backup.ts'
import type { DriveId, Engine } from '../src/engine/index.ts'
import { fsck } from '../src/fsck/fsck.ts'
import type { Place } from '../src/place.ts'
import { openSqliteInspection } from '../src/store/sqlite/inspect.ts'
import { snapshotRows } from '../src/upkeep.ts'
import { runHere } from './cli/program.ts'
import { byId, purge, putFile, staged } from './engine/ops.ts'
import { admin, alice, done, type World } from './engine/world.ts'
import { createTestPlace, openEngine, type TestPlace, withEngine } from './place.ts'

const DAY_MS = 24 * 3600_000

let root: string
let place: TestPlace
let engine: Engine
let drive: DriveId
/** What `putFile` and its like need of a world. */
let world: World
let now: number
/** Places that tests restore to. */
let made: TestPlace[]

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'batchdrive-backup-'))
  place = await createTestPlace(join(root, 'data'))
  made = [place]
  now = Date.now()
  const opened = await openEngine(place, () => now)
  await opened.store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
  engine = opened.engine
  world = { engine } as World
  drive = (await engine.createDrives(admin, [{ name: 'drive', owner: 'user:alice' }]))[0]!.id
})
afterEach(async () => {
  await engine.close()
  await Promise.all(made.map(({ rows }) => rows.drop()))
  rmSync(root, { recursive: true })
})

const put = (path: string, text: string) => putFile(world, alice, drive, path, text)
const blobsIn = (folder: string) =>
  readdirSync(join(folder, 'blobs'), { recursive: true })
    .map(String)
    .filter((name) => /[0-9a-f]{64}$/.test(name))
const backup = (to = 'backup', ...more: string[]) => runHere(['backup', ...place.args, '--to', join(root, to), ...more])
async function restoreTo(name = 'restored', from = 'backup') {
  const target = await createTestPlace(join(root, name))
  made.push(target)
  return { ...(await runHere(['restore', '--from', join(root, from), ...target.args])), target }
}
const restore = async (from = 'backup') => (await restoreTo(`from ${from}`, from)).code

/** A backup is a folder with its rows in it, wherever they were. */
const backupPlace = (name = 'backup') => ({ dataDir: join(root, name), database: '' })
async function soundness(of: Place, deep = true) {
  const { faults, leftovers } = await fsck({ ...inspectData(of), now: Date.now() + DAY_MS, deep })
  return { faults, leftovers: leftovers.count }
}
const SOUND = { faults: [], leftovers: 0 }

function textOf(of: Place, path: string): Promise<string> {
  return withEngine(of, async (other) => {
    const [result] = await other.batch(alice, [
      { kind: 'get', node: { drive, path: path.split('/') }, need: 0, trashed: 'no' },
    ])
    const node = result?.status === 'done' ? result.view?.node : undefined
    const opened = await other.openVersion({ drive, node: node!.id, version: node!.version })
    if ('status' in opened) throw new Error('no such version')
    return (await buffer(opened.stream({ start: 0, end: opened.content.size }))).toString()
  })
}

it('what is restored is what was backed up, with ids and keys', async () => {
  await put('one.txt', 'the first bytes')
  await staged(world, alice, drive, 'under way')
  const made = await backup()
  expect([made.code, made.out]).toEqual([
    0,
    expect.stringContaining('1 blob of 15 bytes, 1 blob of 15 bytes copied now'),
  ])
  expect(made.out).toContain('keys')
  expect(await soundness(backupPlace())).toEqual(SOUND)
  expect(readdirSync(join(root, 'backup')).sort()).toEqual([
    'backup.json',
    'batchdrive.db',
    'blobs',
    'keys',
    'temporary',
  ])
  await put('two.txt', 'later bytes')
  const { code, out, target } = await restoreTo()
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/1 drive, 4 nodes, 1 version, 1 blob of 15 bytes; nothing is wrong/),
  ])
  expect(await textOf(target, 'one.txt')).toBe('the first bytes')
  expect(readFileSync(join(root, 'restored/keys/master.key'))).toEqual(readFileSync(join(root, 'data/keys/master.key')))
  expect(statSync(join(root, 'restored/keys/master.key')).mode & 0o777).toBe(0o600)
  expect(statSync(join(root, 'backup/batchdrive.db')).mode & 0o777).toBe(0o600)
})

it('a second backup into the same folder copies only what is new', async () => {
  await put('one.txt', 'the first bytes')
  await backup()
  const file = await put('two.txt', 'the second bytes')
  expect((await backup()).out).toContain('2 blobs of 31 bytes, 1 blob of 16 bytes copied now')
  await done(world, alice, [purge(byId(file))])
  while (await engine.work());
  expect((await backup()).out).toContain('1 blob of 15 bytes, 0 blobs of 0 bytes copied now')
  const { code, target } = await restoreTo()
  expect(code).toBe(0)
  expect(await soundness(target)).toEqual(SOUND)
  expect(blobsIn(join(root, 'restored'))).toHaveLength(1)
})

it('bytes that a backup refers to no more go when they are old and it is told so', async () => {
  const file = await put('one.txt', 'the first bytes')
  await put('two.txt', 'the second bytes')
  await backup()
  await done(world, alice, [purge(byId(file))])
  while (await engine.work());
  await backup('backup', '--prune')
  expect(blobsIn(join(root, 'backup'))).toHaveLength(2)
  for (const name of blobsIn(join(root, 'backup'))) utimesSync(join(root, 'backup/blobs', name), 1, 1)
  expect((await backup('backup', '--prune')).code).toBe(0)
  expect(blobsIn(join(root, 'backup'))).toHaveLength(1)
  expect(await restore()).toBe(0)
  const refused = await runHere(['gc', '--data', join(root, 'backup')])
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('is a backup')])
})

it('links cost no room, and keys can be left out', async () => {
  const { content } = await put('one.txt', 'the first bytes')
  const made = await backup('linked', '--link', '--no-keys')
  expect([made.code, made.out]).toEqual([0, expect.not.stringContaining('keys')])
  const { digest } = content!
  expect(statSync(join(root, 'linked/blobs', digest.slice(0, 2), digest.slice(2, 4), digest)).nlink).toBe(2)
  expect(existsSync(join(root, 'linked/keys'))).toBe(false)
})

it('a backup made while files come and go is whole', async () => {
  let isDone = false
  const working = (async () => {
    for (let i = 0; !isDone; i++) {
      const file = await put(`file ${i}.txt`, `bytes ${i}`)
      if (i % 2 === 0) await done(world, alice, [purge(byId(file))])
      now += DAY_MS
      await engine.work()
    }
  })()
  for (const to of ['b1', 'b2', 'b2']) expect((await backup(to)).code).toBe(0)
  isDone = true
  await working
  for (const name of ['b1', 'b2']) {
    expect(await soundness(backupPlace(name))).toMatchObject({ faults: [] })
    const { code, target } = await restoreTo(`from ${name}`, name)
    expect([code, await soundness(target)]).toEqual([0, expect.objectContaining({ faults: [] })])
  }
})

describe('a backup whose bytes go while they are copied', () => {
  const parts = () => {
    const folder = join(root, 'backup')
    mkdirSync(folder, { recursive: true })
    return {
      folder,
      database: 'batchdrive.db',
      version: '0',
      now: 0,
      snapshot: (to: string) => snapshotRows(place, to),
      inspect: async (file: string) => openSqliteInspection(file),
      copyBlobs: (blobs: readonly { digest: string; size: number }[]) =>
        copyDiskBlobs(blobs, { from: place.dataDir, to: folder }),
    }
  }

  it('takes the rows anew', async () => {
    const file = await put('doomed.txt', 'doomed bytes')
    await put('kept.txt', 'kept bytes')
    let rounds = 0
    const { copyBlobs, ...rest } = parts()
    const report = await makeBackup({
      ...rest,
      async copyBlobs(blobs) {
        // After the rows were read, and before the first byte: the file is destroyed and swept.
        if (++rounds === 1) {
          await done(world, alice, [purge(byId(file))])
          now += DAY_MS
          while (await engine.work());
        }
        return copyBlobs(blobs)
      },
    })
    expect(report).toMatchObject({ rounds: 2, manifest: { blobs: { count: 1, size: 10 } } })
    expect(await soundness(backupPlace())).toEqual(SOUND)
  })

  it('says so when they are lost, and leaves the earlier backup alone', async () => {
    const { content } = await put('one.txt', 'the first bytes')
    await backup()
    const { digest } = (await put('two.txt', 'the second bytes')).content!
    rmSync(join(place.dataDir, 'blobs', digest.slice(0, 2), digest.slice(2, 4), digest))
    await expect(makeBackup(parts())).rejects.toThrow(`1 blobs are not there, such as ${digest}`)
    expect(await restore()).toBe(0)
    const path = join(place.dataDir, 'blobs', content!.digest.slice(0, 2), content!.digest.slice(2, 4), content!.digest)
    rmSync(join(root, 'backup/blobs'), { recursive: true })
    writeFileSync(path, 'the first bYtes')
    await expect(makeBackup(parts())).rejects.toThrow(`1 blobs are not what they should be, such as ${content!.digest}`)
  })
})

describe('Restoring refuses', () => {
  beforeEach(async () => {
    await put('one.txt', 'the first bytes')
    await backup()
  })

  it('a folder with something in it', async () => {
    mkdirSync(join(root, 'restored'))
    writeFileSync(join(root, 'restored/notes.txt'), '')
    expect(await restoreTo()).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') })
  })

  it('what is no backup', async () => {
    rmSync(join(root, 'backup/backup.json'))
    expect(await restoreTo()).toMatchObject({ code: 1, err: expect.stringContaining('is no backup') })
  })

  it('rows that are not those of the manifest', async () => {
    appendFileSync(join(root, 'backup/batchdrive.db'), 'x')
    expect(await restoreTo()).toMatchObject({ code: 1, err: expect.stringContaining('damaged') })
  })

  it('spoilt bytes, and leaves nothing a server would start on', async () => {
    const [blob = ''] = blobsIn(join(root, 'backup'))
    writeFileSync(join(root, 'backup/blobs', blob), 'the first bYtes')
    expect(await restoreTo()).toMatchObject({ code: 1, err: expect.stringContaining('1 blobs are not whole') })
    expect(existsSync(join(root, 'restored/batchdrive.db'))).toBe(false)
    expect(existsSync(join(root, 'restored/keys'))).toBe(false)
  })
})

it('a backup does not go into a folder with other things in it', async () => {
  mkdirSync(join(root, 'photos'))
  writeFileSync(join(root, 'photos/cat.jpg'), '')
  expect(await backup('photos')).toMatchObject({ code: 1, err: expect.stringContaining('neither empty nor a backup') })
  expect(await runHere(['backup', '--data', join(root, 'none'), '--to', join(root, 'b')])).toMatchObject({ code: 1 })
})
