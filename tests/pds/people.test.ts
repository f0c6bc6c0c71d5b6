/** Users, groups and who is in which: as the vendor's clients manage them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TenantId } from '../../src/engine/index.ts'
import { type Answer, type Client, visit } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

let world: World
let admin: Client
let alice: Client
let now = Date.UTC(2026, 10, 21, 12)
let serial = 0

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  ;({ admin, alice } = world)
})
afterAll(() => world.server.stop())
beforeEach(() => {
  serial++
  passPeople()
})

/** People are remembered for two seconds. */
const passPeople = () => {
  now += 3000
}
const shape = ({ status, body }: Answer) => [status, body?.code]
const newUser = (id: string, more: object = {}) => admin.ok('/user/create', { user_id: `${id}${serial}`, ...more }, 201)
const newGroup = async (name: string, more: object = {}) =>
  (await admin.ok('/group/create', { group_name: `${name}${serial}`, ...more }, 201)).group_id

test('a user is created, read, changed and deleted by an administrator', async () => {
  const made = await newUser('u', {
    nick_name: 'Nick',
    email: 'u@x',
    phone: '1',
    description: 'd',
    user_data: { a: 1 },
  })
  const user_id = `u${serial}`
  expect(made).toMatchObject({
    domain_id: 'demo',
    user_id,
    nick_name: 'Nick',
    email: 'u@x',
    role: 'user',
    status: 'enabled',
    user_data: { a: 1 },
  })
  expect(made.created_at).toBe(now)
  expect(await admin.ok('/user/get', { user_id })).toEqual(made)
  const changed = await admin.ok('/user/update', { user_id, nick_name: 'N2', status: 'disabled' })
  expect(changed).toMatchObject({ nick_name: 'N2', status: 'disabled', email: 'u@x', user_data: { a: 1 } })
  expect(shape(await admin.call('/user/create', { user_id }))).toEqual([409, 'AlreadyExist.User'])
  expect(shape(await admin.call('/user/create', { user_id: 'a#b' }))).toEqual([400, 'InvalidParameter.UserId'])
  expect(shape(await admin.call('/user/create', { user_id: `v${serial}`, avatar: 'javascript:x' }))).toEqual([
    400,
    'InvalidParameter.Avatar',
  ])
  const gone = await admin.call('/user/delete', { user_id })
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect(shape(await admin.call('/user/get', { user_id }))).toEqual([404, 'NotFound.User'])
  expect(shape(await admin.call('/user/delete', { user_id }))).toEqual([404, 'NotFound.User'])
})

test('others may look, without seeing how to reach somebody, and describe themselves only', async () => {
  await newUser('v', { email: 'v@x', phone: '2' })
  const user_id = `v${serial}`
  expect(await alice.ok('/user/get', { user_id })).toMatchObject({ email: '', phone: '' })
  const denied = await Promise.all([
    alice.call('/user/create', { user_id: 'x' }),
    alice.call('/user/update', { user_id, nick_name: 'x' }),
    alice.call('/user/update', { user_id: 'alice', status: 'disabled' }),
    alice.call('/user/update', { user_id: 'alice', role: 'admin' }),
    alice.call('/user/delete', { user_id }),
    admin.call('/user/update', { user_id: 'admin', role: 'superadmin' }),
  ])
  expect(denied.map(shape)).toEqual(denied.map(() => [403, 'ForbiddenNoPermission.User']))
  expect((await alice.ok('/user/update', { user_id: 'alice', nick_name: 'Al', description: 'me' })).nick_name).toBe(
    'Al',
  )
  const { client: bob } = await addTenant(world, `rival${serial}`)
  expect(shape(await bob.call('/user/get', { user_id }))).toEqual([404, 'NotFound.User'])
})

test('users are listed page by page and found by what they are', async () => {
  for (const id of ['la', 'lb', 'lc']) await newUser(id, { nick_name: `Nick of ${id}`, email: `${id}@x` })
  const ids = ({ items }: Answer['body']) => items.map((item: { user_id: string }) => item.user_id)
  const all: string[] = []
  let marker = ''
  do {
    const page = await admin.ok('/user/list', { limit: 2, marker })
    expect(page.items.length).toBeLessThanOrEqual(2)
    all.push(...ids(page))
    marker = page.next_marker
  } while (marker)
  expect(all).toEqual([...all].sort())
  expect(all).toEqual(expect.arrayContaining(['admin', 'alice', `la${serial}`, `lc${serial}`]))
  expect(ids(await admin.ok('/user/search', { nick_name_for_fuzzy: 'OF LB' }))).toContain(`lb${serial}`)
  expect(ids(await admin.ok('/user/search', { email: 'lb@x', nick_name: 'nobody' }))).toEqual([])
  expect(ids(await admin.ok('/user/search', { role: 'admin' }))).toEqual(['admin'])
})

test('a deleted user is let in no more, even when the id is given away again', async () => {
  await newUser('gone')
  const ghost = await world.clientOf(`gone${serial}`, '')
  expect((await ghost.call('/user/get')).status).toBe(200)
  await admin.ok('/user/delete', { user_id: `gone${serial}` }, 204)
  await newUser('gone')
  passPeople()
  expect(shape(await ghost.call('/user/get'))).toEqual([401, 'AccessTokenInvalid'])
})

test('importing makes a user with a drive of its own, and finds the same one the next time', async () => {
  const identity = `139000000${serial}`
  const body = {
    authentication_type: 'mobile',
    identity,
    nick_name: 'Imp',
    auto_create_drive: true,
    drive_total_size: 1000,
  }
  const user = await admin.ok('/user/import', body)
  expect(user).toMatchObject({ nick_name: 'Imp', phone: identity })
  expect(await admin.ok('/drive/get', { drive_id: user.default_drive_id })).toMatchObject({
    owner: user.user_id,
    total_size: 1000,
  })
  expect((await admin.ok('/user/import', { ...body, extra: '86' })).user_id).toBe(user.user_id)
  expect((await admin.ok('/user/import', { ...body, extra: '1' })).user_id).not.toBe(user.user_id)
  expect(shape(await admin.call('/user/import', { ...body, authentication_type: 'ldap' }))).toEqual([
    400,
    'InvalidParameterNotSupported.AuthenticationType',
  ])
  expect(shape(await alice.call('/user/import', { ...body, identity: 'x' }))).toEqual([
    403,
    'ForbiddenNoPermission.User',
  ])
})

test('who is imported is known by what it came with, and signs in by it', async () => {
  const [number, mail] = [`137000000${serial}`, `imported${serial}@example.com`]
  const other = { authentication_type: 'email', identity: mail, authentication_display_name: 'the mail' }
  const mobile = { authentication_type: 'mobile', identity: number, nick_name: 'Known' }
  const user = await admin.ok('/user/import', { ...mobile, plain_password: 'pw', authentication_list: [other] })
  const { items } = await admin.ok('/account/get_link_info_by_user_id', { user_id: user.user_id })
  expect(items.map((one: Answer['body']) => [one.authentication_type, one.identity, one.display_name])).toEqual([
    ['email', mail, 'the mail'],
    ['mobile', number, number],
  ])
  const link = { identity: number, type: 'mobile' }
  expect((await admin.ok('/account/get_link_info', link)).user_id).toBe(user.user_id)
  // What is somebody's is nobody else's; who is known by it is who it was.
  const taken = { ...mobile, identity: `${number}1`, authentication_list: [other] }
  expect(shape(await admin.call('/user/import', taken))).toEqual([409, 'AlreadyExist.Identity'])
  expect((await admin.ok('/user/import', { ...other, nick_name: 'Known' })).user_id).toBe(user.user_id)
})

test('groups nest in one parent, without circles, and go when they hold no group', async () => {
  const outer = await newGroup('outer')
  const inner = await newGroup('inner', { parent_group_id: outer, description: 'd' })
  expect(await alice.ok('/group/get', { group_id: inner })).toMatchObject({
    group_name: `inner${serial}`,
    description: 'd',
  })
  const put = (group_id: string, sub_group_id: string) =>
    admin.call('/membership/create', { group_id, sub_group_id, member_type: 'group' })
  expect(shape(await put(inner, outer))).toEqual([400, 'InvalidParameter.SubGroupId'])
  expect(shape(await put(inner, inner))).toEqual([400, 'InvalidParameter.SubGroupId'])
  const third = await newGroup('third')
  expect(shape(await put(third, inner))).toEqual([409, 'AlreadyExist.Membership'])
  expect(shape(await admin.call('/group/delete', { group_id: outer }))).toEqual([409, 'StateConflict'])
  expect((await admin.ok('/group/update_name', { group_id: inner, name: 'renamed' })).group_name).toBe('renamed')
  expect((await admin.ok('/group/update', { group_id: inner, description: '' })).group_name).toBe('renamed')
  expect((await admin.ok('/group/search', { group_name_for_fuzzy: 'RENAM' })).items).toMatchObject([
    { group_id: inner },
  ])
  expect((await admin.ok('/group/list', { limit: 1 })).items).toHaveLength(1)
  await admin.ok('/group/delete', { group_id: inner }, 204)
  await admin.ok('/group/delete', { group_id: outer }, 204)
  expect(shape(await admin.call('/group/get', { group_id: outer }))).toEqual([404, 'NotFound.Group'])
  expect(shape(await alice.call('/group/create', { group_name: 'x' }))).toEqual([403, 'ForbiddenNoPermission.Group'])
})

test('members come, are listed, change and go', async () => {
  const group_id = await newGroup('team')
  const inner = await newGroup('part', { parent_group_id: group_id })
  const key = { group_id, member_type: 'user', user_id: 'alice' }
  const made = await admin.ok('/membership/create', { ...key, description: 'd' }, 201)
  expect(made).toMatchObject({
    ...key,
    sub_group_id: '',
    member_role: 'member',
    description: 'd',
    creator: 'admin',
    created_at: now,
  })
  expect(shape(await admin.call('/membership/create', key))).toEqual([409, 'AlreadyExist.Membership'])
  expect(shape(await admin.call('/membership/create', { ...key, user_id: 'nobody' }))).toEqual([404, 'NotFound.Member'])
  expect(await alice.ok('/membership/get', key)).toEqual(made)
  expect(await admin.ok('/membership/update', { ...key, member_role: 'admin' })).toMatchObject({
    member_role: 'admin',
    description: 'd',
  })
  const listed = await alice.ok('/group/list_member', { group_id })
  expect([
    listed.user_items.map((u: Answer['body']) => u.user_id),
    listed.group_items.map((g: Answer['body']) => g.group_id),
  ]).toEqual([['alice'], [inner]])
  const children = await alice.ok('/membership/list_direct_child_memberships', { group_id, member_type: 'group' })
  expect(children.items).toMatchObject([{ sub_group_id: inner, member_type: 'group' }])
  const parents = await alice.ok('/membership/list_direct_parent_memberships', { user_id: 'alice' })
  expect(parents.items.map((row: Answer['body']) => row.group_id)).toContain(group_id)
  await admin.ok('/group/add_member', { group_id: inner, member_id: 'admin', member_type: 'user' }, 204)
  const has = async (user_id: string, group = group_id) =>
    (await admin.ok('/membership/has_member', { group_id: group, user_id })).result
  expect([await has('admin'), await has('admin', inner), await has('alice', inner)]).toEqual([true, true, false])
  await admin.ok('/group/remove_member', { group_id: inner, member_id: 'admin', member_type: 'user' }, 204)
  await admin.ok('/membership/delete', key, 204)
  expect(shape(await admin.call('/membership/get', key))).toEqual([404, 'NotFound.Membership'])
})

test('a group’s administrator manages it and no other', async () => {
  const [mine, other] = [await newGroup('mine'), await newGroup('other')]
  const role = {
    identity: { identity_type: 'IT_User', identity_id: 'alice' },
    role_id: 'SystemGroupAdmin',
    manage_resource_type: 'RT_Group',
  }
  const add = (group_id: string) =>
    alice.call('/group/add_member', { group_id, member_id: 'admin', member_type: 'user' })
  expect(shape(await add(mine))).toEqual([403, 'ForbiddenNoPermission.Group'])
  await admin.ok('/role/assign', { ...role, manage_resource_id: mine }, 204)
  expect((await add(mine)).status).toBe(204)
  expect(shape(await add(other))).toEqual([403, 'ForbiddenNoPermission.Group'])
  const { assignment_list } = await admin.ok('/role/list_assignment', {
    manage_resource_type: 'RT_Group',
    manage_resource_id: mine,
  })
  expect(assignment_list).toMatchObject([
    { identity: role.identity, role_id: 'SystemGroupAdmin', manage_resource_id: mine },
  ])
  const roles = await admin.ok('/role/list_identity_role', { identity: role.identity })
  expect(roles.assignment_list.map((one: Answer['body']) => one.manage_resource_id)).toContain(mine)
  await admin.ok('/role/cancel_assign', { ...role, manage_resource_id: mine }, 204)
  expect(shape(await add(mine))).toEqual([403, 'ForbiddenNoPermission.Group'])
  expect(shape(await admin.call('/role/cancel_assign', { ...role, manage_resource_id: mine }))).toEqual([
    404,
    'NotFound.RoleAssignment',
  ])
})

test('being in a group opens what the group owns, also through another group', async () => {
  const [outer, inner] = [await newGroup('o'), '']
  const part = inner || (await newGroup('i', { parent_group_id: outer }))
  const drive = await admin.ok('/drive/create', { drive_name: 'team', owner: outer, owner_type: 'group' }, 201)
  const look = () => alice.call('/file/list', { drive_id: drive.drive_id, parent_file_id: 'root' })
  expect((await look()).status).toBe(403)
  await admin.ok('/group/add_member', { group_id: part, member_id: 'alice', member_type: 'user' }, 204)
  passPeople()
  expect((await look()).status).toBe(200)
  const found = await alice.ok('/user/general_get', { user_id: 'alice', extra_return_info: ['group', 'drive'] })
  expect(found.parent_group.map((g: Answer['body']) => g.group_id)).toContain(part)
  expect(found.default_drive.drive_id).toBe(alice.drive)
  await admin.ok('/group/remove_member', { group_id: part, member_id: 'alice', member_type: 'user' }, 204)
  passPeople()
  expect((await look()).status).toBe(403)
})

test('users are found by the groups they are in directly, page by page, and by what they are beside', async () => {
  const [one, two] = [await newGroup('one'), await newGroup('two')]
  const inner = await newGroup('inside', { parent_group_id: one })
  for (const [id, ...groups] of [
    ['ga', one],
    ['gb', one, two],
    ['gc', two],
    ['gd', inner],
  ] as const) {
    await newUser(id, { group_info_list: groups.map((group_id) => ({ group_id })), nick_name: `Nick ${id}` })
  }
  const found = async (more: object) => {
    const { items, next_marker } = await admin.ok('/user/general_search', more)
    return [items.map(({ user_id }: Answer['body']) => user_id.slice(0, 2)), next_marker === '' ? '' : 'more']
  }
  const either = { parent_group_id_list: [one, two] }
  expect(await found(either)).toEqual([['ga', 'gb', 'gc'], ''])
  expect(await found({ ...either, limit: 2 })).toEqual([['ga', 'gb'], 'more'])
  expect(await found({ ...either, limit: 2, marker: `gb${serial}` })).toEqual([['gc'], ''])
  expect(await found({ ...either, nick_name_for_fuzzy: 'GC' })).toEqual([['gc'], ''])
  expect(await found({ direct_parent_group_id: one })).toEqual([['ga', 'gb'], ''])
})

test('what another process has made of somebody counts at once, wherever it is decided', async () => {
  await newUser('turned')
  const id = `turned${serial}`
  await alice.ok('/account/link', { type: 'email', identity: `hidden${serial}@x` })
  const { share_id } = await alice.ok('/share_link/create', { file_id_list: [await alice.folder(`f${serial}`)] }, 201)
  const client = await world.clientOf(id, alice.drive)
  const turn = (change: object) =>
    world.store.write(async (tx) => {
      const [user] = await tx.users([{ tenant: 'demo' as TenantId, id }])
      await tx.putUsers([{ ...user!, ...change }])
    })
  const calls: readonly (readonly [url: string, body: object])[] = [
    ['/drive/get_default_drive', { user_id: 'alice' }],
    ['/drive/list', {}],
    ['/drive/search', { owner: 'alice' }],
    ['/drive/create', { drive_name: 'x', owner: 'alice' }],
    ['/drive/update', { total_size: -1 }],
    ['/user/create', { user_id: 'x', role: 'user' }],
    ['/user/update', { user_id: 'alice', role: 'user' }],
    ['/user/import', { authentication_type: 'email', identity: 'x@x', nick_name: 'x' }],
    ['/account/get_link_info', { type: 'email', identity: `hidden${serial}@x` }],
    ['/file/list_user_permission', { user_id: 'alice', type: 'group' }],
    ['/file/list_manage_sharing_file', {}],
    ['/share_link/create', { user_id: 'alice', file_id_list: ['root'] }],
    ['/share_link/get', { share_id }],
    ['/share_link/update', { share_id, description: 'x' }],
    ['/share_link/list', { creator: 'alice' }],
    ['/share_link/search', { creators: ['alice'] }],
    ['/share_link/get_share_token', { share_id, check_share_pwd: false }],
  ]
  const shown = ['/user/get', '/user/general_get', '/user/list', '/user/search', '/user/list_group_user'] as const
  const of = (url: string) => (url.endsWith('get') ? { user_id: 'alice' } : { user_name: 'alice' })
  const phoneIn = ({ body }: Answer) => JSON.stringify(body).includes('"phone":"555"')
  await admin.ok('/user/update', { user_id: 'alice', phone: '555' })
  for (const [url, body] of [...calls, ...shown.map((one) => [one, of(one)] as const)]) {
    const isDecided = !shown.includes(url as (typeof shown)[number])
    await turn({ role: 'admin' })
    passPeople()
    const before = isDecided ? await client.ok('/drive/list') : await client.call(url, body)
    await turn({ role: 'user' })
    const after = await client.call(url, body)
    if (isDecided) expect([url, [403, 404].includes(after.status)]).toEqual([url, true])
    else expect([url, phoneIn(before), phoneIn(after)]).toEqual([url, true, false])
  }
  await turn({ status: 'disabled' })
  expect(shape(await client.call('/user/get', {}))).toEqual([401, 'AccessTokenInvalid'])
})

test('a share is worth what its maker may do by now, whichever process was told', async () => {
  await newUser('maker')
  const about = { drive_name: 'home', owner: `maker${serial}`, default: true }
  const { drive_id } = await admin.ok('/drive/create', about, 201)
  const maker = await world.clientOf(`maker${serial}`, drive_id)
  const { share_id } = await maker.ok('/share_link/create', { file_id_list: [await maker.folder('given')] }, 201)
  const visitor = await visit(world.url, share_id)
  expect(await visitor.list()).toEqual(['given'])
  const key = { tenant: 'demo' as TenantId, id: `maker${serial}` }
  const turn = (status: 'enabled' | 'disabled') =>
    world.store.write(async (tx) => tx.putUsers((await tx.users([key])).map((user) => ({ ...user, status }))))
  await turn('disabled')
  expect(shape(await visitor.call('/file/list', { parent_file_id: 'root' }))).toEqual([403, 'ShareLink.Forbidden'])
})

test('what somebody is known by is the person’s own, and goes with the person', async () => {
  const identity = { type: 'email', identity: `a${serial}@x` }
  const linked = await alice.ok('/account/link', identity)
  expect([linked.user_id, linked.access_token]).toEqual(['alice', alice.token])
  expect((await admin.ok('/account/get_link_info', identity)).user_id).toBe('alice')
  expect(shape(await alice.call('/account/link', { ...identity, user_id: 'admin' }))).toEqual([
    403,
    'ForbiddenNoPermission.User',
  ])
  await newUser('known')
  const theirs = { type: 'custom', custom_identity: `id ${serial}`, user_id: `known${serial}` }
  expect((await admin.ok('/account/link', theirs)).access_token).toBe('')
  expect(shape(await alice.call('/account/get_link_info', theirs))).toEqual([404, 'NotFound.Identity'])
  expect(shape(await alice.call('/account/unlink', theirs))).toEqual([403, 'ForbiddenNoPermission.User'])
  await admin.ok('/user/delete', { user_id: `known${serial}` }, 204)
  expect(shape(await admin.call('/account/get_link_info', theirs))).toEqual([404, 'NotFound.Identity'])
  await alice.ok('/account/unlink', identity, 204)
})
