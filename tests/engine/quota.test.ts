import { beforeEach, describe, expect, test } from 'vitest'
import { type Drive, type DriveId, onConflict, type PoolKind } from '../../src/engine/index.ts'
import {
  at,
  byId,
  commit,
  copy,
  createFolder,
  move,
  purge,
  putFile,
  putFolders,
  restore,
  staged,
  trash,
  upload,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, codeOf, codes, createDrive, done, run, settleDown, usedOf } from './world.ts'

const use = useWorld()
const TENANT = admin.tenant
let drive: Drive
beforeEach(async () => {
  drive = await createDrive(use.world, { app: 'app1', scene: 'photos' })
})

function setQuota(kind: PoolKind, key: string, quota: number | null): Promise<void> {
  return use.world.engine.setQuotas(TENANT, [{ kind, key, quota }])
}

/** The four levels over a drive, and the key of each. */
const LEVELS: [kind: PoolKind, key: (drive: DriveId) => string][] = [
  ['drive', (id) => String(id)],
  ['scene', () => 'app1/photos'],
  ['app', () => 'app1'],
  ['tenant', () => ''],
]

describe.each(LEVELS)('the quota of a %s', (kind, key) => {
  beforeEach(async () => {
    await putFile(use.world, alice, drive.id, 'six', '123456')
    await setQuota(kind, key(drive.id), 10)
  })

  test('refuses uploads, commits and copies that do not fit, and admits what just fits', async () => {
    const five = await staged(use.world, alice, drive.id, '12345')
    const four = await staged(use.world, alice, drive.id, '1234')
    const results = await use.world.engine.batch(alice, [
      upload(drive.id, { size: 5 }),
      upload(drive.id, { size: 4 }),
      commit(five.id, at(drive.id), 'five'),
      copy(at(drive.id, 'six'), at(drive.id), { name: 'again' }),
      commit(four.id, at(drive.id), 'four'),
      upload(drive.id, { size: 1 }),
      upload(drive.id, { size: 0 }),
    ])
    const over = `quota_${kind}`
    expect(codes(results)).toEqual([over, 'done', over, over, 'done', over, 'done'])
    expect(await usedOf(use.world, drive.id)).toEqual({ drive: 10, scene: 10, app: 10, tenant: 10 })
  })

  test('counts what earlier ops of the batch took and gave back', async () => {
    const results = await use.world.engine.batch(alice, [
      copy(at(drive.id, 'six'), at(drive.id), { name: 'b' }),
      purge(at(drive.id, 'six')),
      putNothing(),
    ])
    expect(codes(results)).toEqual([`quota_${kind}`, 'done', 'done'])
    const five = await staged(use.world, alice, drive.id, '12345')
    expect(codeOf(await run(use.world, alice, commit(five.id, at(drive.id), 'five')))).toBe('done')
  })

  const putNothing = () => createFolder(at(drive.id), 'folder')
})

test('the narrowest level that has no room is named', async () => {
  await Promise.all(LEVELS.map(([kind, key]) => setQuota(kind, key(drive.id), 0)))
  const op = upload(drive.id, { size: 1 })
  const named: string[] = []
  for (const [kind, key] of LEVELS) {
    named.push(codeOf(await run(use.world, alice, op)))
    await setQuota(kind, key(drive.id), null)
  }
  expect(named).toEqual(['quota_drive', 'quota_scene', 'quota_app', 'quota_tenant'])
  expect(codeOf(await run(use.world, alice, op))).toBe('done')
})

describe('moving between drives', () => {
  test('takes from one drive and gives to the other, and weighs nothing on what they share', async () => {
    const sibling = await createDrive(use.world, { app: 'app1', scene: 'videos' })
    await putFolders(use.world, alice, drive.id, ['folder'])
    await putFile(use.world, alice, drive.id, 'folder/a', '12345')
    await setQuota('tenant', '', 5)
    await setQuota('app', 'app1', 5)
    await done(use.world, alice, [move(at(drive.id, 'folder'), at(sibling.id))])
    expect(await usedOf(use.world, drive.id)).toEqual({ drive: 0, scene: 0, app: 5, tenant: 5 })
    expect(await usedOf(use.world, sibling.id)).toEqual({ drive: 5, scene: 5, app: 5, tenant: 5 })
  })

  test.each([
    ['drive', (id: DriveId) => String(id)],
    ['scene', () => 'app1/videos'],
  ] as const)('is refused where the %s it enters has no room, and nothing moves', async (kind, key) => {
    const sibling = await createDrive(use.world, { app: 'app1', scene: 'videos' })
    const file = await putFile(use.world, alice, drive.id, 'a', '12345')
    await setQuota(kind, key(sibling.id), 4)
    expect(codeOf(await run(use.world, alice, move(byId(file), at(sibling.id))))).toBe(`quota_${kind}`)
    expect((await usedOf(use.world, drive.id)).drive).toBe(5)
    await setQuota(kind, key(sibling.id), 5)
    expect(codeOf(await run(use.world, alice, move(byId(file), at(sibling.id))))).toBe('done')
  })

  test('carries the weight of every version', async () => {
    const sibling = await createDrive(use.world)
    const file = await putFile(use.world, alice, drive.id, 'a', '12345')
    const more = await staged(use.world, alice, drive.id, '123')
    await done(use.world, alice, [commit(more.id, null, '', { target: byId(file) })])
    await done(use.world, alice, [move(byId(file), at(sibling.id))])
    expect((await usedOf(use.world, sibling.id)).drive).toBe(8)
    expect((await usedOf(use.world, drive.id)).drive).toBe(0)
  })
})

describe('room comes back', () => {
  test('not by the trash, but by purging what lies in it', async () => {
    const file = await putFile(use.world, alice, drive.id, 'a', '12345')
    await done(use.world, alice, [trash(byId(file))])
    expect((await usedOf(use.world, drive.id)).drive).toBe(5)
    await done(use.world, alice, [purge(byId(file), { trashed: 'only' })])
    expect(await usedOf(use.world, drive.id)).toEqual({ drive: 0, scene: 0, app: 0, tenant: 0 })
  })

  test('by purging a tree, once the sweep has passed', async () => {
    await putFolders(use.world, alice, drive.id, ['a', 'a/b'])
    await putFile(use.world, alice, drive.id, 'a/b/f', '12345')
    await done(use.world, alice, [purge(at(drive.id, 'a'))])
    await settleDown(use.world)
    expect(await usedOf(use.world, drive.id)).toEqual({ drive: 0, scene: 0, app: 0, tenant: 0 })
  })

  test('by replacing a file for good', async () => {
    await putFolders(use.world, alice, drive.id, ['x'])
    await putFile(use.world, alice, drive.id, 'a', '12345')
    await putFile(use.world, alice, drive.id, 'x/a', '123')
    await done(use.world, alice, [
      move(at(drive.id, 'x/a'), at(drive.id), { conflict: onConflict('replace', 'purge') }),
    ])
    expect((await usedOf(use.world, drive.id)).drive).toBe(3)
  })

  test('restoring needs no room', async () => {
    const file = await putFile(use.world, alice, drive.id, 'a', '12345')
    await done(use.world, alice, [trash(byId(file))])
    await setQuota('drive', String(drive.id), 0)
    expect(codeOf(await run(use.world, alice, restore(byId(file))))).toBe('done')
  })
})

test('what a file destroys by taking its place makes room for it', async () => {
  await setQuota('drive', String(drive.id), 6)
  await putFile(use.world, alice, drive.id, 'a', '1234')
  await putFile(use.world, alice, drive.id, 'a', '12345', { conflict: onConflict('replace', 'purge') })
  expect(await usedOf(use.world, drive.id)).toMatchObject({ drive: 5 })
  const { id } = await staged(use.world, alice, drive.id, '1234567')
  const over = commit(id, at(drive.id), 'a', { conflict: onConflict('replace', 'purge') })
  expect(codeOf(await run(use.world, alice, over))).toBe('quota_drive')
  expect(await usedOf(use.world, drive.id)).toMatchObject({ drive: 5 })
})

test('a drive that is over its quota still lets things go and be renamed', async () => {
  const file = await putFile(use.world, alice, drive.id, 'a', '12345')
  await setQuota('drive', String(drive.id), 1)
  const results = await use.world.engine.batch(alice, [
    {
      kind: 'rename',
      node: byId(file),
      name: 'b',
      conflict: onConflict('fail'),
      naming: { pattern: 'tight', charactersMax: 0, forbidden: null, trim: false },
    },
    trash(byId(file)),
  ])
  expect(codes(results)).toEqual(['done', 'done'])
})
