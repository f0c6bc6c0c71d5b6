/** A drive that an admin has closed: whoever comes by whatever way gets at nothing in it. */
import { beforeEach, expect, test } from 'vitest'
import { ACTIONS, type Drive, lentBy, type Op } from '../../src/engine/index.ts'
import {
  at,
  byPublicId,
  copy,
  createFolder,
  FAIL,
  get,
  grant,
  list,
  move,
  purge,
  putFile,
  putFolders,
  spaced,
  trash,
  update,
  upload,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, codeOf, codes, createDrive, driveNow, isFailed, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: Drive
let open: Drive
beforeEach(async () => {
  drive = await createDrive(use.world)
  open = await createDrive(use.world)
  await putFolders(use.world, alice, drive.id, ['a', 'b'])
  await putFile(use.world, alice, drive.id, 'a/f', 'content')
  await putFile(use.world, alice, open.id, 'o', 'other')
})

const disable = async (disabled: boolean) => {
  const [changed] = await use.world.engine.updateDrives(admin, [{ id: drive.id, set: { settings: { disabled } } }])
  expect((changed as Drive).settings.disabled).toBe(disabled)
}

test('every op on it, from it or into it fails for its owner and for admins, and nothing changes', async () => {
  const file = nodeOf(await run(use.world, alice, get(at(drive.id, 'a/f'))))
  const staged = await run(
    use.world,
    alice,
    upload(drive.id, { parent: at(drive.id), name: 'n', conflict: FAIL, naming: spaced }),
  )
  expect(codeOf(staged)).toBe('done')
  await disable(true)
  const before = await driveNow(use.world, drive.id)
  const ops: Op[] = [
    get(at(drive.id)),
    get(byPublicId(file)),
    list(at(drive.id, 'a')),
    createFolder(at(drive.id), 'c'),
    update(at(drive.id, 'a'), { starred: true }),
    move(at(drive.id, 'a'), at(drive.id, 'b')),
    move(at(open.id, 'o'), at(drive.id)),
    copy(byPublicId(file), at(open.id)),
    copy(at(open.id, 'o'), at(drive.id, 'b')),
    trash(at(drive.id, 'a')),
    purge(byPublicId(file)),
    grant(at(drive.id, 'a'), 'user:bob', ACTIONS.list),
    upload(drive.id),
    upload(drive.id, { target: byPublicId(file) }),
  ]
  for (const actor of [alice, admin]) {
    expect(codes(await use.world.engine.batch(actor, ops))).toEqual(ops.map(() => 'drive_disabled'))
  }
  expect(await driveNow(use.world, drive.id)).toEqual(before)
  expect(codeOf(await run(use.world, alice, get(at(open.id, 'o'))))).toBe('done')
})

test('neither its changes nor its trash nor a search tell of it, and who comes by a link finds the door shut', async () => {
  const { engine } = use.world
  const { id } = nodeOf(await run(use.world, alice, get(at(drive.id, 'a'))))
  const [link] = await engine.createLinks(alice, [{ drive: drive.id, nodes: [id], actions: ACTIONS.list }])
  if (!link || isFailed(link)) throw new Error('no link')
  const visitor = actorOf(`link:${link.id}`, { subjects: [], drives: [], lent: lentBy(link, alice) })
  expect(codeOf(await run(use.world, visitor, get({ drive: drive.id, id })))).toBe('done')
  await run(use.world, alice, trash(at(drive.id, 'b')))
  await disable(true)
  expect(codeOf(await run(use.world, visitor, get({ drive: drive.id, id })))).toBe('drive_disabled')
  const closed = { error: { code: 'drive_disabled' } }
  expect(await engine.changes(alice, { drive: drive.id, after: 0, limit: 9 })).toMatchObject(closed)
  expect(await engine.trashTotals(alice, [drive.id])).toMatchObject([closed])
  expect(await engine.totals(alice, [at(drive.id)])).toMatchObject([closed])
  expect((await engine.trashPage(alice, { drives: [drive.id], after: null, limit: 9 })).items).toEqual([])
  const query = { where: null, trashed: 'no', order: [], limit: 9, cursor: null } as const
  expect(await engine.search(alice, { ...query, drives: [drive.id] })).toMatchObject(closed)
  const both = await engine.search(alice, { ...query, drives: [drive.id, open.id] })
  expect(isFailed(both) ? both : both.items.map(({ node }) => node.name)).toEqual(['o'])
})

test('it is shown as it is; only admins close and open it, and then all is as it was', async () => {
  const { engine } = use.world
  const refused = await engine.updateDrives(alice, [{ id: drive.id, set: { settings: { disabled: true } } }])
  expect(refused).toMatchObject([{ error: { code: 'forbidden' } }])
  await expect(
    engine.createDrives(alice, [{ name: 'd', owner: 'user:alice', settings: { disabled: false } }]),
  ).rejects.toThrow('forbidden')
  await disable(true)
  expect((await engine.drives(alice, [drive.id]))[0]!.settings.disabled).toBe(true)
  const opened = await engine.updateDrives(alice, [{ id: drive.id, set: { settings: { disabled: false } } }])
  expect(opened).toMatchObject([{ error: { code: 'forbidden' } }])
  const named = await engine.updateDrives(alice, [{ id: drive.id, set: { name: 'closed' } }])
  expect(named).toMatchObject([{ name: 'closed', settings: { disabled: true } }])
  await disable(false)
  expect(codeOf(await run(use.world, alice, get(at(drive.id, 'a/f'))))).toBe('done')
  await disable(true)
  expect(await engine.deleteDrives(alice, [drive.id])).toMatchObject([{ status: 'deleted' }])
})
