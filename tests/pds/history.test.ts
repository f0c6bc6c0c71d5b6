/** What a file was before, what happened in a drive, and who may do what with a folder. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type Client, send } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client
let alice: Client
let now = Date.UTC(2026, 10, 21, 12)

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  ;({ admin: client, alice } = world)
})
afterAll(() => world.server.stop())
beforeEach(() => {
  now += 1000
})

const shape = ({ status, body }: Answer) => [status, body?.code]
const revisions = async (file_id: string, more: object = {}): Promise<Answer['body'][]> =>
  (await client.ok('/file/revision/list', { file_id, ...more })).items

test('every save is a revision; restoring makes a new latest; old ones are deleted, the latest is not', async () => {
  const { file_id, revision_id: first } = await client.upload('doc.txt', 'one')
  now += 1000
  const second = await client.upload('doc.txt', 'two two', { file_id, check_name_mode: 'ignore' })
  expect(second.file_id).toBe(file_id)
  const listed = await revisions(file_id)
  expect(listed).toMatchObject([
    { revision_id: second.revision_id, size: 7, is_latest_version: true, revision_version: 2, file_extension: 'txt' },
    { revision_id: first, size: 3, is_latest_version: false, keep_forever: false, creator_id: 'admin' },
  ])
  expect(listed.map(({ creator_name }) => creator_name)).toEqual(listed.map(() => second.last_modifier_name))
  expect(listed[0].download_url).toBeUndefined()
  const got = await client.ok('/file/revision/get', { file_id, revision_id: first })
  expect((await send(got.url)).text).toBe('one')
  const noted = await client.ok('/file/revision/update', {
    file_id,
    revision_id: first,
    revision_description: 'draft',
    keep_forever: true,
  })
  expect(noted).toMatchObject({ revision_id: first, revision_description: 'draft', keep_forever: true })
  const restored = await client.ok('/file/revision/restore', { file_id, revision_id: first })
  expect(restored).toMatchObject({ revision_version: 3, size: 3, is_latest_version: true, revision_description: '' })
  expect(await client.ok('/file/get', { file_id })).toMatchObject({ size: 3, revision_id: restored.revision_id })
  expect(shape(await client.call('/file/revision/restore', { file_id, revision_id: restored.revision_id }))).toEqual([
    400,
    'FileLatestRevisionCannotBeRestore',
  ])
  expect(shape(await client.call('/file/revision/delete', { file_id, revision_id: restored.revision_id }))).toEqual([
    400,
    'FileLatestRevisionCannotBeRestore',
  ])
  for (const revision_id of [first, second.revision_id])
    await client.ok('/file/revision/delete', { file_id, revision_id }, 204)
  expect(await revisions(file_id)).toHaveLength(1)
  expect(shape(await client.call('/file/revision/get', { file_id, revision_id: first }))).toEqual([
    404,
    'NotFound.Revision',
  ])
  expect(shape(await client.call('/file/revision/get', { file_id, revision_id: '!' }))).toEqual([
    400,
    'InvalidParameter.RevisionId',
  ])
  expect(shape(await alice.call('/file/revision/list', { drive_id: client.drive, file_id }))).toEqual([
    403,
    'ForbiddenNoPermission.File',
  ])
})

test('a file is shown as it was under an earlier revision', async () => {
  const first = await client.upload('was.txt', 'as it was')
  await client.upload('was.txt', 'as it is now', { file_id: first.file_id, check_name_mode: 'ignore' })
  const was = await client.ok('/file/get', { file_id: first.file_id, revision_id: first.revision_id })
  expect([was.size, was.revision_id, (await send(was.url)).text]).toEqual([9, first.revision_id, 'as it was'])
  const unknown = await client.call('/file/get', { file_id: first.file_id, revision_id: 'x' })
  expect(shape(unknown)).toEqual([404, 'NotFound.Revision'])
})

test('a folder tells how much is in it when it is asked by name', async () => {
  const top = await client.folder('measured')
  const inner = await client.folder('inner', top)
  await client.upload('a', 'four', { parent_file_id: inner })
  const asked = await client.ok('/file/get', { file_id: top, fields: 'id_path, dir_size' })
  expect([asked.size, asked.dir_size_info]).toEqual([4, { dir_count: 1, file_count: 1 }])
  expect((await client.ok('/file/get', { file_id: top, fields: '*' })).dir_size_info).toBeUndefined()
})

test('revisions come page by page', async () => {
  const { file_id } = await client.upload('pages.txt', '1')
  for (const content of ['22', '333']) await client.upload('pages.txt', content, { file_id, check_name_mode: 'ignore' })
  const first = await client.ok('/file/revision/list', { file_id, limit: 2 })
  expect(first.items.map(({ size }: { size: number }) => size)).toEqual([3, 2])
  expect((await revisions(file_id, { limit: 2, marker: first.next_marker })).map(({ size }) => size)).toEqual([1])
})

test('list_delta tells what happened since a cursor, until there is no more', async () => {
  const { cursor: start } = await client.ok('/file/get_last_cursor')
  const folder = await client.folder('sync')
  const { file_id } = await client.upload('s.txt', 's', { parent_file_id: folder })
  await client.ok('/file/update', { file_id, name: 't.txt', check_name_mode: 'refuse' })
  await client.ok('/file/update', { file_id, starred: true })
  await client.upload('t.txt', 'new', { file_id, check_name_mode: 'ignore' })
  await client.ok('/file/move', { file_id, to_parent_file_id: 'root' })
  await client.ok('/recyclebin/trash', { file_id }, 204)
  await client.ok('/recyclebin/restore', { file_id }, 204)
  await client.ok('/file/delete', { file_id: folder }, 204)
  const items: Answer['body'][] = []
  let cursor = start
  for (let more = true; more; ) {
    const page = await client.ok('/file/list_delta', { cursor, limit: 3 })
    items.push(...page.items)
    ;({ cursor, has_more: more } = page)
  }
  expect(items.map(({ op }) => op)).toEqual([
    'create',
    'create',
    'rename',
    'update',
    'overwrite',
    'move',
    'trash',
    'restore',
    'delete',
  ])
  expect(items[2]).toMatchObject({
    file_id,
    file: { name: 't.txt' },
    ext_info: { src_name: 's.txt', src_parent_file_id: folder },
  })
  expect(items[5].ext_info.src_parent_file_id).toBe(folder)
  expect([items[8].file_id, items[8].file]).toEqual([folder, undefined])
  expect(await client.ok('/file/list_delta', { cursor })).toEqual({ items: [], has_more: false, cursor })
  expect((await client.ok('/file/list_delta', {})).items.length).toBeGreaterThan(0)
  const { cursor: other } = await alice.ok('/file/get_last_cursor')
  for (const bad of ['x', other])
    expect(shape(await client.call('/file/list_delta', { cursor: bad }))).toEqual([400, 'InvalidParameter.Cursor'])
  expect(shape(await alice.call('/file/list_delta', { drive_id: client.drive }))).toEqual([
    403,
    'ForbiddenNoPermission.File',
  ])
})

test('a sync root below the root is told what happens below it, what comes and what goes', async () => {
  const top = await client.folder('sync root')
  const beside = await client.folder('beside the sync root')
  const [stays, comes, goes] = await Promise.all([
    client.folder('stays', top),
    client.folder('comes', beside),
    client.folder('goes', top),
  ])
  const { cursor } = await client.ok('/file/get_last_cursor', { sync_root_id: top })
  await client.upload('in.txt', '1', { parent_file_id: stays })
  await client.upload('out.txt', '2', { parent_file_id: beside })
  await client.ok('/file/move', { file_id: comes, to_parent_file_id: stays })
  await client.ok('/file/move', { file_id: goes, to_parent_file_id: beside })
  await client.ok('/file/update', { file_id: stays, name: 'stayed' })
  await client.ok('/recyclebin/trash', { file_id: comes }, 204)
  const page = await client.ok('/file/list_delta', { sync_root_id: top, cursor })
  expect(page.items.map((item: Answer['body']) => [item.op, item.file?.name, item.ext_info?.src_name])).toEqual([
    ['create', 'in.txt', undefined],
    ['move', 'comes', undefined],
    ['delete', undefined, undefined],
    ['rename', 'stayed', 'stays'],
    ['trash', 'comes', undefined],
  ])
  expect(page.items[2].file_id).toBe(goes)
  expect(page.has_more).toBe(false)
  const all = await client.ok('/file/list_delta', { sync_root_id: 'root', cursor })
  expect(all.items).toHaveLength(6)
  const { file_id } = await client.upload('no folder', '3')
  const refused = async (sync_root_id: string, drive_id = client.drive) =>
    shape(await client.call('/file/list_delta', { sync_root_id, drive_id }))
  expect(await refused(file_id)).toEqual([400, 'InvalidParameter.SyncRootId'])
  expect(await refused('!')).toEqual([400, 'InvalidParameter.SyncRootId'])
  expect(await refused(top, alice.drive)).toEqual([404, 'NotFound.File'])
  await client.ok('/recyclebin/trash', { file_id: top }, 204)
  expect(await refused(top)).toEqual([404, 'NotFound.File'])
})

const member = (id: string, more: object, type = 'IT_User') => ({
  identity: { identity_type: type, identity_id: id },
  ...more,
})

test('a role on a folder opens it and all below, until it is taken away', async () => {
  const folder = await client.folder('given')
  const inner = await client.folder('inner', folder)
  const add = (member_list: object[], file_id = folder) => client.call('/file/add_permission', { file_id, member_list })
  const mine = { drive_id: client.drive }
  expect((await alice.call('/file/list', { ...mine, parent_file_id: inner })).status).toBe(403)
  const given = await add([member('alice', { role_id: 'SystemFileViewer', expire_time: 4775500800000 })])
  expect([given.status, given.text]).toEqual([204, ''])
  expect((await alice.call('/file/list', { ...mine, parent_file_id: inner })).status).toBe(200)
  expect((await alice.call('/file/create', { ...mine, parent_file_id: inner, name: 'x', type: 'folder' })).status).toBe(
    403,
  )
  const listed = await client.call('/file/list_permission', { file_id: folder })
  expect(Array.isArray(listed.body)).toBe(true)
  expect(listed.body).toMatchObject([
    {
      identity: { identity_type: 'IT_User', identity_id: 'alice' },
      role_id: 'SystemFileViewer',
      action_list: ['FILE.VISIBLE', 'FILE.LIST', 'FILE.PREVIEW'],
      expire_time: 4775500800000,
      creator: 'admin',
      file_id: folder,
      file_full_path: 'root/given',
    },
  ])
  expect((await client.ok('/file/list_inherit_permission', { file_id: inner })).items).toMatchObject([
    { file_id: folder, member: { role_id: 'SystemFileViewer' } },
  ])
  await add([member('alice', { action_list: ['FILE.LIST', 'FILE.CREATE'] })])
  expect((await client.call('/file/list_permission', { file_id: folder })).body).toMatchObject([
    { action_list: ['FILE.VISIBLE', 'FILE.LIST', 'FILE.CREATE'] },
  ])
  expect((await alice.call('/file/create', { ...mine, parent_file_id: inner, name: 'x', type: 'folder' })).status).toBe(
    201,
  )
  expect((await alice.ok('/file/list_received_file', {})).items).toMatchObject([{ file_id: folder, name: 'given' }])
  expect((await client.ok('/file/list_sharing_file', {})).items).toMatchObject([{ file_id: folder }])
  expect((await alice.ok('/file/list_user_permission', { user_id: 'alice', type: 'self' })).items).toMatchObject([
    { file_id: folder },
  ])
  expect(shape(await alice.call('/file/list_user_permission', { user_id: 'admin' }))).toEqual([
    403,
    'ForbiddenNoPermission.User',
  ])
  const removed = await client.call('/file/remove_permission', {
    file_id: folder,
    member_list: [member('alice', { role_id: 'SystemFileOwner' })],
  })
  expect([removed.status, removed.text]).toEqual([204, ''])
  expect((await alice.call('/file/list', { ...mine, parent_file_id: inner })).status).toBe(403)
  expect((await alice.ok('/file/list_received_file', {})).items).toEqual([])
  expect(
    (await client.call('/file/remove_permission', { file_id: folder, member_list: [member('alice', {})] })).status,
  ).toBe(204)
})

test('roles end when they were to end', async () => {
  const folder = await client.folder('for a while')
  await client.ok(
    '/file/add_permission',
    { file_id: folder, member_list: [member('alice', { role_id: 'SystemFileViewer', expire_time: now + 5000 })] },
    204,
  )
  const look = () => alice.call('/file/get', { drive_id: client.drive, file_id: folder })
  expect((await look()).status).toBe(200)
  now += 5000
  expect((await look()).status).toBe(403)
  expect((await client.call('/file/list_permission', { file_id: folder })).body).toEqual([])
})

test('files, the root of a personal drive, strangers and unknown roles are refused', async () => {
  const folder = await client.folder('refusing')
  const { file_id } = await client.upload('f.txt', 'f', { parent_file_id: folder })
  const add = async (member_list: object[], id = folder, by = client) =>
    shape(await by.call('/file/add_permission', { drive_id: client.drive, file_id: id, member_list }))
  const viewer = member('alice', { role_id: 'SystemFileViewer' })
  expect(await add([viewer], file_id)).toEqual([400, 'InvalidParameter.FileId'])
  expect(await add([viewer], 'root')).toEqual([400, 'InvalidParameter.FileId'])
  expect(await add([viewer], folder, alice)).toEqual([403, 'ForbiddenNoPermission.File'])
  expect(await add([member('nobody', { role_id: 'SystemFileViewer' })])).toEqual([404, 'NotFound.User'])
  expect(await add([member('nobody', { role_id: 'SystemFileViewer' }, 'IT_Group')])).toEqual([404, 'NotFound.Group'])
  expect(await add([member('alice', { role_id: 'Emperor' })])).toEqual([400, 'InvalidParameter.RoleId'])
  expect(await add([member('alice', { action_list: ['FILE.FLY'] })])).toEqual([400, 'InvalidParameter.ActionList'])
  expect(await add([member('alice', {})])).toEqual([400, 'InvalidParameterMissing.RoleId'])
  expect(await add([])).toEqual([400, 'InvalidParameterEmpty.MemberList'])
  expect((await client.call('/file/list_permission', { file_id: folder })).body).toEqual([])
})

test('a role for a group may be for those alone who are in it directly', async () => {
  const group = async (group_name: string, more: object = {}) =>
    (await world.admin.ok('/group/create', { group_name, ...more }, 201)).group_id
  const outer = await group('outer')
  const inner = await group('inner', { parent_group_id: outer })
  const [chief, clerk] = ['chief', 'clerk']
  for (const [user_id, group_id] of [
    [chief, outer],
    [clerk, inner],
  ]) {
    await world.admin.ok('/user/create', { user_id, group_info_list: [{ group_id }] }, 201)
  }
  const folder = await client.folder('for the chiefs')
  const [asChief, asClerk] = [await world.clientOf(chief!, client.drive), await world.clientOf(clerk!, client.drive)]
  const list = async (who: Client) => (await who.call('/file/list', { parent_file_id: folder })).status
  const give = (disinherit_sub_group: boolean) => {
    const one = member(outer, { role_id: 'SystemFileViewer', disinherit_sub_group }, 'IT_Group')
    return client.ok('/file/add_permission', { file_id: folder, member_list: [one] }, 204)
  }
  const given = async () => {
    const { text } = await client.call('/file/list_permission', { file_id: folder })
    return JSON.parse(text).map((one: Answer['body']) => [one.identity.identity_id, one.disinherit_sub_group])
  }
  expect([await list(asChief), await list(asClerk)]).toEqual([403, 403])
  await give(true)
  expect([await list(asChief), await list(asClerk), await given()]).toEqual([200, 403, [[outer, true]]])
  await give(false)
  expect([await list(asChief), await list(asClerk), await given()]).toEqual([200, 200, [[outer, false]]])
  await give(true)
  expect([await list(asChief), await list(asClerk), await given()]).toEqual([200, 403, [[outer, true]]])
  const { items } = await asChief.ok('/file/list_received_file')
  expect(items.map(({ file_id }: { file_id: string }) => file_id)).toEqual([folder])
  const gone = { file_id: folder, member_list: [member(outer, { role_id: 'SystemFileViewer' }, 'IT_Group')] }
  await client.ok('/file/remove_permission', gone, 204)
  expect([await list(asChief), await given()]).toEqual([403, []])
})
