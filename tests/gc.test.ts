/** What `gc` removes, and what it leaves. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inspectData, takePlace } from '../src/app.ts'
import type { DriveId } from '../src/engine/index.ts'
import { fsck } from '../src/fsck/fsck.ts'
import { runHere } from './cli/program.ts'
import { purge, putFile, putFolders } from './engine/ops.ts'
import { admin, alice, type World } from './engine/world.ts'
import { createTestPlace, type TestPlace, withEngine } from './place.ts'

const NOBODYS = 'cd'.repeat(32)
const YOUNG = 'ef'.repeat(32)
const UPLOAD = 'ab'.repeat(16)

let data: string
let place: TestPlace
let drive: DriveId
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'batchdrive-gc-'))
  place = await createTestPlace(data)
  await withEngine(place, async (engine, store) => {
    await store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
    drive = (await engine.createDrives(admin, [{ name: 'drive', owner: 'user:alice' }]))[0]!.id
    // `putFile` and its like need no more of a world than its engine.
    const world = { engine } as World
    await putFolders(world, alice, drive, ['doomed'])
    await putFile(world, alice, drive, 'doomed/file', 'doomed bytes')
    await putFile(world, alice, drive, 'kept', 'kept bytes')
  })
})
afterEach(async () => {
  await place.rows.drop()
  rmSync(data, { recursive: true })
})

const blobPath = (digest: string) => join(data, 'blobs', digest.slice(0, 2), digest.slice(2, 4), digest)

function plant(digest: string, at: number) {
  mkdirSync(join(blobPath(digest), '..'), { recursive: true })
  writeFileSync(blobPath(digest), 'nobody’s')
  utimesSync(blobPath(digest), at, at)
}

function plantAll() {
  plant(NOBODYS, 1)
  plant(YOUNG, Date.now() / 1000)
  mkdirSync(join(data, 'staging', UPLOAD))
  utimesSync(join(data, 'staging', UPLOAD), 1, 1)
  writeFileSync(join(data, 'temporary', '999999999-1.tmp'), 'half')
  writeFileSync(join(data, 'temporary', 'notes.txt'), 'mine')
}

it('removes what is destroyed, unreferenced or of nobody, and nothing else', async () => {
  const [result] = await withEngine(place, (engine) => engine.batch(alice, [purge({ drive, path: ['doomed'] })]))
  expect(result?.status).toBe('done')
  plantAll()
  const dry = await runHere(['gc', '--dry-run', ...place.args])
  expect(dry.out.split('\n').slice(0, -1)).toEqual([
    'would remove 2 destroyed nodes',
    'would remove 1 blob of nobody, 10 bytes',
    'would remove 1 staged upload of nobody, 0 bytes',
    'would remove 1 half-written file of nobody, 4 bytes',
  ])
  expect(
    [blobPath(NOBODYS), join(data, 'staging', UPLOAD), join(data, 'temporary', '999999999-1.tmp')].map(existsSync),
  ).toEqual([true, true, true])

  const { code, out } = await runHere(['gc', ...place.args])
  expect([code, out.split('\n').slice(0, 4)]).toEqual([
    0,
    [
      'removed 2 destroyed nodes',
      'removed 1 blob without a reference',
      'removed 1 blob of nobody, 10 bytes',
      'removed 1 staged upload of nobody, 0 bytes',
    ],
  ])
  const { faults, leftovers, strangers, rows } = await fsck({
    ...inspectData(place),
    now: Date.now(),
  })
  expect({ faults, leftovers, strangers }).toEqual({
    faults: [],
    leftovers: { count: 0, size: 0, first: [] },
    strangers: ['temporary/notes.txt'],
  })
  expect(rows.get('node')).toBe(4)
  expect(existsSync(blobPath(YOUNG))).toBe(true)
})

it('finds nothing where there is nothing', async () => {
  expect(await runHere(['gc', ...place.args])).toMatchObject({ code: 0, out: 'there is nothing to remove\n' })
})

it('does not touch the deployment of a running server; looking is free', async () => {
  const leave = await takePlace(place, false)
  plant(NOBODYS, 1)
  const { code, err } = await runHere(['gc', ...place.args])
  expect([code, err]).toEqual([1, expect.stringContaining('in use')])
  expect((await runHere(['gc', '--dry-run', ...place.args])).out).toBe('would remove 1 blob of nobody, 10 bytes\n')
  expect(existsSync(blobPath(NOBODYS))).toBe(true)
  await leave()
})
