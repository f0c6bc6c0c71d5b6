/** Drives, people and the domain. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TenantId } from '../../src/engine/index.ts'
import { addGroups } from '../../src/engine/people.ts'
import { type Answer, type Client, visit } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

let world: World
let admin: Client
let alice: Client

beforeAll(async () => {
  world = await startWorld()
  ;({ admin, alice } = world)
})
afterAll(() => world.server.stop())

const code = (answer: Answer) => [answer.status, answer.body.code]
const ids = (body: { items: { drive_id: string }[] }) => body.items.map(({ drive_id }) => drive_id)

test('a drive is made by an administrator, shown, changed and deleted with all in it', async () => {
  const made = await admin.ok(
    '/drive/create',
    { drive_name: 'team', owner: 'alice', description: 'about', total_size: 1000 },
    201,
  )
  expect(made).toMatchObject({
    domain_id: 'demo',
    drive_name: 'team',
    owner: 'alice',
    owner_type: 'user',
    creator: 'admin',
    description: 'about',
    drive_type: 'normal',
    status: 'enabled',
    total_size: 1000,
    used_size: 0,
    encrypt_mode: 'none',
    encrypt_data_access: false,
  })
  const { drive_id } = made
  expect(drive_id).toMatch(/^\d+$/)
  expect(await alice.ok('/drive/get', { drive_id })).toEqual(made)
  await alice.folder('kept in it', 'root', { drive_id })
  const changed = await admin.ok('/drive/update', { drive_id, drive_name: 'crew', total_size: -1 })
  expect(changed).toMatchObject({ drive_name: 'crew', total_size: -1, description: 'about' })
  const gone = await admin.call('/drive/delete', { drive_id, force: true })
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect(code(await alice.call('/drive/get', { drive_id }))).toEqual([404, 'NotFound.Drive'])
  expect(code(await alice.call('/file/list', { drive_id, parent_file_id: 'root' }))).toEqual([404, 'NotFound.Drive'])
})

test('users may name their own drive; size, owner and other drives are not theirs to change', async () => {
  expect((await alice.ok('/drive/update', { drive_name: 'mine' })).drive_name).toBe('mine')
  expect(code(await alice.call('/drive/update', { total_size: -1 }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect(code(await alice.call('/drive/update', { owner: 'admin' }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  const theirs = { drive_id: admin.drive, drive_name: 'stolen' }
  expect(code(await alice.call('/drive/update', theirs))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect(code(await alice.call('/drive/delete', theirs))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect(code(await alice.call('/drive/create', { drive_name: 'x', owner: 'alice' }))).toEqual([
    403,
    'ForbiddenNoPermission.Drive',
  ])
  expect(code(await alice.call('/drive/list'))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect((await admin.ok('/drive/get')).drive_name).toBe('demo')
})

test('a drive is shown to its owner, to administrators and to whoever was given something in it', async () => {
  const about = { drive_id: admin.drive }
  const hidden = [403, 'ForbiddenNoPermission.Drive']
  expect(code(await alice.call('/drive/get', about))).toEqual(hidden)
  const [child] = (await alice.batch([{ url: '/drive/get', body: about }])).body.responses
  expect([child.status, child.body.code]).toEqual(hidden)
  expect((await admin.ok('/drive/get', { drive_id: alice.drive })).owner).toBe('alice')
  const identity = { identity_type: 'IT_User', identity_id: 'alice' }
  const member = { identity, role_id: 'SystemFileViewer' }
  const file_id = await admin.folder('given')
  const given = { file_id, member_list: [member] }
  await admin.ok('/file/add_permission', given, 204)
  expect((await alice.ok('/drive/get', about)).drive_id).toBe(admin.drive)
  await admin.ok('/recyclebin/trash', { file_id }, 204)
  expect(code(await alice.call('/drive/get', about))).toEqual(hidden)
  await admin.ok('/recyclebin/restore', { file_id }, 204)
  expect((await alice.ok('/drive/get', about)).drive_id).toBe(admin.drive)
  await admin.ok('/file/remove_permission', given, 204)
  expect(code(await alice.call('/drive/get', about))).toEqual(hidden)
})

test('a drive is shown to whoever comes with the token of a share of something in it', async () => {
  const { share_id } = await admin.ok('/share_link/create', { file_id_list: [await admin.folder('lent')] }, 201)
  const visitor = await visit(world.url, share_id, '', alice)
  const about = { share_id: undefined, drive_id: admin.drive }
  expect((await visitor.ok('/drive/get', about)).drive_id).toBe(admin.drive)
  await admin.ok('/share_link/cancel', { share_id }, 204)
  expect(await visitor.call('/drive/get', about)).not.toMatchObject({ status: 200 })
  expect(code(await alice.call('/drive/get', { drive_id: admin.drive }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
})

test('who was just put into a group by another process sees its drives, and who was put out does not', async () => {
  const { group_id } = await admin.ok('/group/create', { group_name: 'others' }, 201)
  const made = { drive_name: 'of the others', owner: group_id, owner_type: 'group' }
  const { drive_id } = await admin.ok('/drive/create', made, 201)
  const about = { description: '', creator: 'user:admin', createdAt: 0, updatedAt: 0 } as const
  const member = {
    tenant: 'demo' as TenantId,
    group: group_id,
    member: 'user:alice',
    role: 'member',
    ...about,
  } as const
  const seen = async () => [
    ids(await alice.ok('/drive/list_my_group_drive')).includes(drive_id),
    ids(await alice.ok('/drive/search')).includes(drive_id),
    (await alice.call('/drive/get', { drive_id })).status,
  ]
  expect(await seen()).toEqual([false, false, 403])
  await world.store.write((tx) => tx.putMembers([member]))
  expect(await seen()).toEqual([true, true, 200])
  await world.store.write((tx) => tx.deleteMembers([member]))
  expect(await seen()).toEqual([false, false, 403])
  await admin.ok('/drive/delete', { drive_id }, 204)
})

test('of one’s groups the root’s drive is told apart: it is the one for everyone', async () => {
  const { group_id: root, is_root } = await admin.ok('/group/create', { group_name: 'all', is_root: true }, 201)
  expect(is_root).toBe(true)
  const within = { group_name: 'part', parent_group_id: root }
  expect(code(await admin.call('/group/create', { ...within, is_root: true }))).toEqual([
    400,
    'InvalidParameter.IsRoot',
  ])
  const { group_id: part } = await admin.ok('/group/create', within, 201)
  expect(await alice.ok('/group/get', { group_id: part })).toMatchObject({ is_root: false })
  await admin.ok('/membership/create', { group_id: part, user_id: 'alice' }, 201)
  const [whole, team] = await Promise.all(
    [root, part].map((owner) =>
      admin.ok('/drive/create', { drive_name: `of ${owner}`, owner, owner_type: 'group' }, 201),
    ),
  )
  const mine = await alice.ok('/drive/list_my_group_drive')
  expect([ids(mine), mine.root_group_drive]).toEqual([[team.drive_id], whole])
  expect(await admin.ok('/drive/list_my_group_drive')).toEqual({ items: [], next_marker: '' })
  for (const { drive_id } of [whole, team]) await admin.ok('/drive/delete', { drive_id }, 204)
})

test('a team drive made without the group’s usual permission is its members’ as far as it is granted', async () => {
  const { group_id } = await admin.ok('/group/create', { group_name: 'by grants' }, 201)
  await admin.ok('/membership/create', { group_id, user_id: 'alice' }, 201)
  const about = { drive_name: 'granted', owner: group_id, owner_type: 'group' }
  const { drive_id } = await admin.ok('/drive/create', { ...about, disable_assign_group_default_permission: true }, 201)
  const look = (parent_file_id: string) => alice.call('/file/list', { drive_id, parent_file_id })
  expect(code(await look('root'))).toEqual([403, 'ForbiddenNoPermission.File'])
  expect(code(await alice.call('/drive/get', { drive_id }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect(code(await alice.call('/drive/delete', { drive_id }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  const file_id = await admin.folder('open', 'root', { drive_id })
  const identity = { identity_type: 'IT_Group', identity_id: group_id }
  const member_list = [{ identity, role_id: 'SystemFileViewer' }]
  await admin.ok('/file/add_permission', { drive_id, file_id, member_list }, 204)
  expect([(await look('root')).status, (await look(file_id)).status]).toEqual([403, 200])
  await admin.ok('/drive/delete', { drive_id }, 204)
})

test('drives are listed page by page, all of them, by owner, or one’s own', async () => {
  const all = await admin.ok('/drive/list')
  expect([ids(all), all.next_marker]).toEqual([[admin.drive, alice.drive], ''])
  const first = await admin.ok('/drive/list', { limit: 1 })
  const second = await admin.ok('/drive/list', { limit: 1, marker: first.next_marker })
  expect([...ids(first), ...ids(second), second.next_marker]).toEqual([admin.drive, alice.drive, ''])
  expect(ids(await admin.ok('/drive/list', { owner: 'alice' }))).toEqual([alice.drive])
  expect(ids(await alice.ok('/drive/list_my_drives'))).toEqual([alice.drive])
  expect(code(await admin.call('/drive/list', { limit: 101 }))).toEqual([400, 'InvalidParameter.Limit'])
  expect(code(await admin.call('/drive/list', { marker: 'x' }))).toEqual([400, 'InvalidParameter.Marker'])
})

test('the default drive is one’s own; administrators may ask for another’s', async () => {
  expect((await alice.ok('/drive/get_default_drive')).drive_id).toBe(alice.drive)
  expect((await admin.ok('/drive/get_default_drive', { user_id: 'alice' })).drive_id).toBe(alice.drive)
  expect(code(await alice.call('/drive/get_default_drive', { user_id: 'admin' }))).toEqual([
    403,
    'ForbiddenNoPermission.Drive',
  ])
  expect(code(await admin.call('/drive/get_default_drive', { user_id: 'nobody' }))).toEqual([404, 'NotFound.User'])
})

test('creating refuses what it cannot keep and what makes no sense', async () => {
  const create = async (more: object) =>
    code(await admin.call('/drive/create', { drive_name: 'x', owner: 'alice', ...more }))
  expect(await create({ drive_name: undefined })).toEqual([400, 'InvalidParameterMissing.DriveName'])
  expect(await create({ drive_name: 'x'.repeat(129) })).toEqual([400, 'InvalidParameterOutOfRange.DriveName'])
  expect(await create({ owner: undefined })).toEqual([400, 'InvalidParameterMissing.Owner'])
  expect(await create({ owner: 'nobody' })).toEqual([404, 'NotFound.User'])
  expect(await create({ owner_type: 'robot' })).toEqual([400, 'InvalidParameter.OwnerType'])
  expect(await create({ owner: 'nobody', owner_type: 'group' })).toEqual([404, 'NotFound.Group'])
  expect(await create({ total_size: -2 })).toEqual([400, 'InvalidParameter.TotalSize'])
  expect(await create({ total_size: 1.5 })).toEqual([400, 'InvalidParameter.TotalSize'])
  expect(await create({ status: 'locked' })).toEqual([400, 'InvalidParameter.Status'])
  expect(ids(await admin.ok('/drive/list'))).toEqual([admin.drive, alice.drive])
})

test('a disabled drive is shown, and nothing in it can be had until it is enabled again', async () => {
  const about = { drive_name: 'closed', owner: 'alice', status: 'disabled' }
  const { drive_id, status } = await admin.ok('/drive/create', about, 201)
  expect(status).toBe('disabled')
  const calls = [
    ['/file/list', { parent_file_id: 'root' }],
    ['/file/create', { parent_file_id: 'root', name: 'x', type: 'folder' }],
    ['/file/search', { query: 'name = "x"' }],
    ['/file/scan', {}],
    ['/file/get_last_cursor', {}],
    ['/recyclebin/list', {}],
    ['/recyclebin/clear', {}],
  ] as const
  for (const [url, body] of calls) {
    for (const client of [alice, admin]) {
      expect([url, ...code(await client.call(url, { drive_id, ...body }))]).toEqual([url, 403, 'ForbiddenDriveLocked'])
    }
  }
  expect(await alice.ok('/drive/get', { drive_id })).toMatchObject({ drive_name: 'closed', status: 'disabled' })
  const enable = { drive_id, status: 'enabled' }
  expect(code(await alice.call('/drive/update', enable))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  expect((await admin.ok('/drive/update', enable)).status).toBe('enabled')
  expect(await alice.list('root', { drive_id })).toEqual([])
  expect((await admin.ok('/drive/update', { drive_id, status: 'disabled' })).status).toBe('disabled')
  await admin.ok('/drive/delete', { drive_id }, 204)
})

test('people are shown to each other, how to reach them only to themselves and administrators', async () => {
  const seen = await alice.ok('/user/get', { user_id: 'admin' })
  expect(seen).toMatchObject({
    domain_id: 'demo',
    user_id: 'admin',
    user_name: 'admin',
    role: 'admin',
    status: 'enabled',
    email: '',
    phone: '',
  })
  expect(seen.created_at).toBeTypeOf('number')
  expect((await alice.ok('/user/get')).user_id).toBe('alice')
  expect(code(await alice.call('/user/get', { user_id: 'nobody' }))).toEqual([404, 'NotFound.User'])
  expect(code(await alice.call('/user/get', { user_id: 7 }))).toEqual([400, 'InvalidParameter.UserId'])
})

test('a group is shown with its times as numbers, and may own a drive', async () => {
  const [group] = await world.store.write((tx) =>
    addGroups(tx, { tenant: 'demo' as TenantId, at: 1_700_000_000_000, creator: 'user:admin' }, [
      { id: 'crew', name: 'The crew' },
    ]),
  )
  expect(group).toMatchObject({ id: 'crew' })
  expect(await alice.ok('/group/get', { group_id: 'crew' })).toMatchObject({
    domain_id: 'demo',
    group_id: 'crew',
    group_name: 'The crew',
    created_at: 1_700_000_000_000,
  })
  const drive = await admin.ok('/drive/create', { drive_name: 'crew', owner: 'crew', owner_type: 'group' }, 201)
  expect([drive.owner, drive.owner_type]).toEqual(['crew', 'group'])
  const { drive_id } = drive
  expect(code(await alice.call('/drive/get', { drive_id }))).toEqual([403, 'ForbiddenNoPermission.Drive'])
  await admin.ok('/membership/create', { group_id: 'crew', user_id: 'alice' }, 201)
  expect((await alice.ok('/drive/get', { drive_id })).drive_name).toBe('crew')
  await admin.ok('/drive/delete', { drive_id: drive.drive_id }, 204)
  expect(code(await alice.call('/group/get', {}))).toEqual([400, 'InvalidParameterMissing.GroupId'])
})

test('the domain is one’s own; its quota counts what its drives hold', async () => {
  const before = (await admin.ok('/domain/get_quota')).size_used
  await alice.upload('ten', 'ten bytes.')
  expect(await admin.ok('/domain/get_quota')).toMatchObject({ size_quota: 0, size_used: before + 10 })
  const { user_count_used: users } = await admin.ok('/domain/get_quota')
  const about = { domain_id: 'demo', data_hash_name: 'sha1', status: 1, size_quota_used: before + 10 }
  expect(await alice.ok('/domain/get')).toMatchObject({ ...about, user_count_quota: 0, user_count_used: users })
  await admin.ok('/user/create', { user_id: 'counted' }, 201)
  expect((await admin.ok('/domain/get_quota')).user_count_used).toBe(users + 1)
  await admin.ok('/user/delete', { user_id: 'counted' }, 204)
  expect((await admin.ok('/domain/get')).user_count_used).toBe(users)
  await world.server.engine.setQuotas('demo' as TenantId, [{ kind: 'tenant', key: '', quota: 10 ** 12 }])
  expect((await alice.ok('/domain/get')).size_quota).toBe(10 ** 12)
  await world.server.engine.setQuotas('demo' as TenantId, [{ kind: 'tenant', key: '', quota: null }])
  await addTenant(world, 'other')
  expect(code(await alice.call('/domain/get', { domain_id: 'other' }))).toEqual([404, 'NotFound.Domain'])
})

test('a drive made as the default is the one its owner gets from then on', async () => {
  const user = await world.admin.ok('/user/create', { user_id: 'newcomer' }, 201)
  expect(user.default_drive_id).toBe('')
  const made = await world.admin.ok('/drive/create', { drive_name: 'home', owner: 'newcomer', default: true }, 201)
  expect(made.default).toBe(true)
  const newcomer = await world.clientOf('newcomer', made.drive_id)
  expect(await newcomer.ok('/drive/get_default_drive')).toMatchObject({ drive_id: made.drive_id, default: true })
})
