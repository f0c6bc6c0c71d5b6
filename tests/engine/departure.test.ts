/** What becomes of what users and groups were given, when they are deleted. */
import { beforeEach, expect, it } from 'vitest'
import { ACTIONS, type DriveId, type NodeId, type Subject } from '../../src/engine/index.ts'
import { at, byId, createFolder, get, grant } from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, codes, createDrive, done, nodeOf, settleDown } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  await use.world.store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
  drive = (await createDrive(use.world)).id
})

const users = (...ids: string[]) =>
  use.world.engine.createUsers(
    admin,
    ids.map((id) => ({ id })),
  )
const granted = () =>
  use.world.database.rows<{ subject: string }>('select distinct subject from node_grant order by subject')
const departed = () => use.world.database.rows('select subject from departed')

/** As the server does: an actor is made of what the store says. */
const eveIn = (...groups: string[]) =>
  actorOf('user:eve', { subjects: ['user:eve', ...groups.map((id): Subject => `group:${id}`), 'everyone'] })

it('whoever is given the id of a deleted user has none of what that user was given', async () => {
  await users('eve', 'bob')
  const [folder] = await done(use.world, alice, [createFolder(at(drive), 'a'), createFolder(at(drive), 'b')])
  const node = nodeOf(folder)
  await done(use.world, alice, [
    grant(byId(node), 'user:eve', ACTIONS.list),
    grant(byId(node), 'user:bob', ACTIONS.list),
  ])
  await use.world.engine.mark(eveIn(), 'favourite', [byId(node)])
  expect(codes(await use.world.engine.batch(eveIn(), [get(byId(node))]))).toEqual(['done'])
  await use.world.engine.deleteUsers(admin, ['eve'])
  expect(await users('eve')).toMatchObject([{ id: 'eve', status: 'enabled' }])
  expect(codes(await use.world.engine.batch(eveIn(), [get(byId(node))]))).toEqual(['forbidden'])
  expect(await granted()).toEqual([{ subject: 'user:bob' }])
  expect(await use.world.database.rows('select * from mark')).toEqual([])
})

it('the id of a deleted user who owns a drive is given to nobody until the drive is another’s', async () => {
  await users('eve')
  const left = await createDrive(use.world, { owner: 'user:eve' })
  await use.world.engine.deleteUsers(admin, ['eve'])
  expect(await users('eve', 'new')).toMatchObject([{ error: { code: 'name_taken' } }, { id: 'new' }])
  await use.world.engine.updateDrives(admin, [{ id: left.id, set: { owner: 'user:new' } }])
  expect(await users('eve')).toMatchObject([{ id: 'eve' }])
})

it('whoever is put into a group of a deleted group’s id has none of what that group was given', async () => {
  await use.world.engine.createGroups(admin, [{ id: 'team', name: 'team' }])
  const [folder] = await done(use.world, alice, [createFolder(at(drive), 'a')])
  await done(use.world, alice, [grant(byId(nodeOf(folder)), 'group:team', ACTIONS.list)])
  expect(codes(await use.world.engine.batch(eveIn('team'), [get(byId(nodeOf(folder)))]))).toEqual(['done'])
  await use.world.engine.deleteGroups(admin, ['team'])
  await use.world.engine.createGroups(admin, [{ id: 'team', name: 'team' }])
  expect(codes(await use.world.engine.batch(eveIn('team'), [get(byId(nodeOf(folder)))]))).toEqual(['forbidden'])
})

it('an id is not given again while too much is left to be taken away at once', async () => {
  await users('eve')
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`)
  const made = await done(
    use.world,
    alice,
    names.map((name) => createFolder(at(drive), name)),
  )
  const to = (subject: Subject) => made.map((result) => grant(byId(nodeOf(result)), subject, ACTIONS.list))
  await done(use.world, alice, to('user:eve'))
  await done(use.world, alice, to('user:eve1'))
  const other = (await createDrive(use.world)).id
  await done(use.world, alice, [grant(at(other), 'user:eve', ACTIONS.list)])

  await use.world.engine.deleteUsers(admin, ['eve'])
  expect(await departed()).toEqual([{ subject: 'user:eve' }])
  expect(codes((await users('eve')) as never)).toEqual(['name_taken'])
  await settleDown(use.world)
  expect(await departed()).toEqual([])
  expect(await granted()).toEqual([{ subject: 'user:eve1' }])
  expect(await users('eve')).toMatchObject([{ status: 'enabled' }])
})

it('a node that others see stays as it is', async () => {
  await users('eve')
  const [folder] = await done(use.world, alice, [createFolder(at(drive), 'a')])
  const node = nodeOf(folder)
  await done(use.world, alice, [grant(byId(node), 'user:eve', ACTIONS.list)])
  const before = await use.world.engine.batch(alice, [get(byId({ drive, id: node.id as NodeId }))])
  await use.world.engine.deleteUsers(admin, ['eve'])
  expect(await use.world.engine.batch(alice, [get(byId(node))])).toEqual(before)
})
