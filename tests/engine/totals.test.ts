import { beforeEach, expect, test } from 'vitest'
import type { Drive, Ref } from '../../src/engine/index.ts'
import { at, copy, putFile, putFolders, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, createDrive, run } from './world.ts'

const use = useWorld()
let drive: Drive
beforeEach(async () => {
  drive = await createDrive(use.world)
})

const totals = (...nodes: Ref[]) => use.world.engine.totals(alice, nodes)

test('what lies below a folder is counted at every depth, in the trash too', async () => {
  await putFolders(use.world, alice, drive.id, ['a', 'b'])
  await putFile(use.world, alice, drive.id, 'a/one', '1')
  await putFile(use.world, alice, drive.id, 'three', '333')
  await run(use.world, alice, copy(at(drive.id, 'a'), at(drive.id, 'b')))
  const none = { versions: 0, versionsSize: 0 }
  expect(await totals(at(drive.id), at(drive.id, 'b'), at(drive.id, 'b/a'), at(drive.id, 'three'))).toEqual([
    { files: 3, folders: 3, size: 5, ...none },
    { files: 1, folders: 1, size: 1, ...none },
    { files: 1, folders: 0, size: 1, ...none },
    { files: 0, folders: 0, size: 0, ...none },
  ])
  const put = await run(use.world, alice, trash(at(drive.id, 'b')))
  const entry = put.status === 'done' ? put.trash!.id : undefined
  expect(await totals(at(drive.id), { drive: drive.id, trash: entry! })).toEqual([
    { files: 2, folders: 1, size: 4, ...none },
    { files: 1, folders: 1, size: 1, ...none },
  ])
})

test('the trash of a drive is counted for its owner', async () => {
  await putFolders(use.world, alice, drive.id, ['a'])
  await putFile(use.world, alice, drive.id, 'a/one', '1')
  await putFile(use.world, alice, drive.id, 'two', '22')
  const count = () => use.world.engine.trashTotals(alice, [drive.id])
  expect(await count()).toMatchObject([{ files: 0, folders: 0 }])
  await run(use.world, alice, trash(at(drive.id, 'a')))
  await run(use.world, alice, trash(at(drive.id, 'two')))
  expect(await count()).toMatchObject([{ files: 2, folders: 1, size: 3 }])
  const elsewhere = await createDrive(use.world, { owner: 'user:bob' })
  const missing = 4242 as Drive['id']
  const outcomes = await use.world.engine.trashTotals(alice, [elsewhere.id, missing])
  expect(outcomes).toMatchObject([{ error: { code: 'forbidden' } }, { error: { code: 'drive_not_found' } }])
})

test('of what is not there, or not for the actor, nothing is told', async () => {
  const elsewhere = await createDrive(use.world, { owner: 'user:bob' })
  const [missing, hidden] = await totals(at(drive.id, 'no'), at(elsewhere.id))
  expect([missing, hidden]).toMatchObject([{ error: { code: 'node_not_found' } }, { error: { code: 'forbidden' } }])
  expect(await use.world.engine.totals(admin, [at(elsewhere.id)])).toMatchObject([{ files: 0 }])
})
