/** Files and folders: looking at them and changing them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type Client, crc64, send } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

const UNKNOWN_FILE = 'f'.repeat(40)
let world: World
let client: Client
let place: string
let count = 0

beforeAll(async () => {
  world = await startWorld()
  client = world.alice
})
afterAll(() => world.server.stop())
beforeEach(async () => {
  place = await client.folder(`place ${count++}`)
})

const code = (answer: Answer) => [answer.status, answer.body.code]
const upload = (name: string, content = name, more: object = {}) =>
  client.upload(name, content, { parent_file_id: place, ...more })

test('a file shows its content, its place, its people and its URLs', async () => {
  const { file_id } = await upload('Photo.JPG', 'abc')
  const file = await client.ok('/file/get', { file_id })
  expect(file).toMatchObject({
    domain_id: 'demo',
    drive_id: client.drive,
    file_id,
    parent_file_id: place,
    name: 'Photo.JPG',
    type: 'file',
    status: 'available',
    size: 3,
    content_hash: 'A9993E364706816ABA3E25717850C26C9CD0D89D',
    content_hash_name: 'sha1',
    crc64_hash: crc64(Buffer.from('abc')),
    content_type: 'application/octet-stream',
    file_extension: 'jpg',
    category: 'image',
    hidden: false,
    starred: false,
    trashed: false,
    revision_version: 1,
    encrypt_mode: 'none',
    creator_type: 'User',
    creator_id: 'alice',
    creator_name: 'alice',
    last_modifier_id: 'alice',
  })
  expect(file.file_id).toMatch(/^[0-9a-f]{40}$/)
  expect(file.revision_id).toMatch(/^[0-9a-f]{40,50}$/)
  expect(file.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(file.action_list).toEqual(
    'VISIBLE LIST PREVIEW DOWNLOAD CREATE UPDATE MOVE COPY DELETE SHARELINK'.split(' ').map((word) => `FILE.${word}`),
  )
  expect(await (await fetch(file.url)).text()).toBe('abc')
  const attached = await send(file.download_url)
  expect(attached.headers.get('content-disposition')).toMatch(/^attachment/)
})

test('a folder shows neither size nor hash nor URL', async () => {
  const folder = await client.ok('/file/get', { file_id: place })
  expect(folder).toMatchObject({ type: 'folder', parent_file_id: 'root', revision_id: '', trashed: false })
  for (const member of ['size', 'content_hash', 'url', 'download_url', 'category'])
    expect(folder).not.toHaveProperty(member)
})

test('root is a folder named root', async () => {
  expect(await client.ok('/file/get', { file_id: 'root' })).toMatchObject({
    file_id: 'root',
    name: 'root',
    type: 'folder',
  })
})

test('paths by id and by name come when they are asked for', async () => {
  const inner = await client.folder('inner', place)
  const { file_id } = await upload('x.txt', 'x', { parent_file_id: inner })
  const plain = await client.ok('/file/get', { file_id })
  expect(plain).not.toHaveProperty('id_path')
  const file = await client.ok('/file/get', { file_id, fields: 'id_path,name_path' })
  const { name } = await client.ok('/file/get', { file_id: place })
  expect([file.id_path, file.name_path]).toEqual([`${place}/${inner}/${file_id}`, `root/${name}/inner/x.txt`])
})

test('ids that are not ids are 400, ids nobody has are 404, and another tenant’s are as if they were nobody’s', async () => {
  const { client: bob } = await addTenant(world, 'rival')
  const theirs = await bob.folder('secret')
  expect(code(await client.call('/file/get', { file_id: theirs }))).toEqual([404, 'NotFound.File'])
  expect(code(await client.call('/file/get', { drive_id: bob.drive, file_id: theirs }))).toEqual([
    404,
    'NotFound.Drive',
  ])
  expect(code(await client.call('/drive/get', { drive_id: bob.drive }))).toEqual([404, 'NotFound.Drive'])
  expect(code(await client.call('/user/get', { user_id: 'bob' }))).toEqual([404, 'NotFound.User'])
  expect(code(await client.call('/file/get', { file_id: UNKNOWN_FILE }))).toEqual([404, 'NotFound.File'])
  expect(code(await client.call('/file/get', { file_id: '../x' }))).toEqual([400, 'InvalidParameter.FileId'])
  expect(code(await client.call('/file/get', { file_id: '' }))).toEqual([400, 'InvalidParameterEmpty.FileId'])
  expect(code(await client.call('/file/get', {}))).toEqual([400, 'InvalidParameterMissing.FileId'])
  expect(code(await client.call('/file/get', { file_id: 7 }))).toEqual([400, 'InvalidParameter.FileId'])
  expect(code(await client.call('/file/get', { file_id: 'root', drive_id: undefined }))).toEqual([
    400,
    'InvalidParameterMissing.DriveId',
  ])
  expect(code(await client.call('/file/get', { file_id: 'root', drive_id: 1 }))).toEqual([
    400,
    'InvalidParameter.DriveId',
  ])
  expect(code(await client.call('/file/get', { file_id: 'root', drive_id: 'x' }))).toEqual([
    400,
    'InvalidParameter.DriveId',
  ])
  expect(code(await client.call('/file/get', { file_id: 'root', drive_id: '0' }))).toEqual([404, 'NotFound.Drive'])
  const shared = await client.call('/file/list', {
    drive_id: undefined,
    share_id: 'abcdefghijk',
    parent_file_id: 'root',
  })
  expect(code(shared)).toEqual([401, 'ShareLinkTokenInvalid'])
})

test('a file of one drive is not found in another', async () => {
  const mine = await upload('x')
  const answer = await world.admin.call('/file/get', { file_id: mine.file_id })
  expect(code(answer)).toEqual([404, 'NotFound.File'])
})

test('by path: files are found, with or without a slash at the end, and missing ones are 404', async () => {
  const { file_id } = await upload('in.txt')
  const { name } = await client.ok('/file/get', { file_id: place })
  const byPath = (file_path: string) => client.call('/file/get_by_path', { file_path })
  expect((await byPath(`/${name}/in.txt`)).body.file_id).toBe(file_id)
  expect((await byPath(`/${name}/`)).body.file_id).toBe(place)
  expect((await byPath('/')).body.file_id).toBe('root')
  expect(code(await byPath(`/${name}/none`))).toEqual([404, 'NotFound.File'])
  expect(code(await byPath(`/${name}/in.txt/x`))).toEqual([404, 'NotFound.File'])
  expect(code(await byPath('/a'.repeat(5000)))).toEqual([404, 'NotFound.File'])
})

test('listing pages through a folder; the last page has an empty marker', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await client.folder(name, place)
  const seen: string[] = []
  let marker = ''
  do {
    const page = await client.ok('/file/list', {
      parent_file_id: place,
      limit: 2,
      marker,
      order_by: 'name',
      url_expire_sec: 7200,
    })
    expect(page.items.length).toBeLessThanOrEqual(2)
    for (const item of page.items) {
      expect(item.parent_file_id).toBe(place)
      seen.push(item.name)
    }
    marker = page.next_marker
  } while (marker)
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('listing is latest first by default and ascending once an order is named', async () => {
  for (const name of ['b', 'c', 'a']) await upload(name, name.repeat(name.charCodeAt(0) - 90))
  expect(
    (await client.ok('/file/list', { parent_file_id: place })).items.map(({ name }: { name: string }) => name),
  ).toEqual(['a', 'c', 'b'])
  expect(await client.list(place, { order_by: 'created_at' })).toEqual(['b', 'c', 'a'])
  expect(await client.list(place, { order_by: 'name', order_direction: 'DESC' })).toEqual(['c', 'b', 'a'])
  expect(await client.list(place, { order_by: 'size' })).toEqual(['a', 'b', 'c'])
})

test('listing filters by type, category and star, page after page', async () => {
  await client.folder('z folder', place)
  const names = ['1.jpg', '2.txt', '3.jpg', '4.txt', '5.jpg']
  const files = await Promise.all(names.map((name) => upload(name)))
  await client.ok('/file/update', { file_id: files[1].file_id, starred: true })
  expect(await client.list(place, { type: 'folder' })).toEqual(['z folder'])
  expect(await client.list(place, { category: 'doc' })).toEqual(['2.txt', '4.txt'])
  expect(await client.list(place, { starred: true })).toEqual(['2.txt'])
  const first = await client.ok('/file/list', { parent_file_id: place, category: 'image', order_by: 'name', limit: 2 })
  expect(first.items.map(({ name }: { name: string }) => name)).toEqual(['1.jpg', '3.jpg'])
  expect(await client.list(place, { category: 'image', limit: 2, marker: first.next_marker })).toEqual(['5.jpg'])
})

test('listing refuses bad limits, orders, markers, files and unknown folders', async () => {
  const { file_id } = await upload('file')
  const list = async (more: object) => code(await client.call('/file/list', { parent_file_id: place, ...more }))
  expect(await list({ limit: 201 })).toEqual([400, 'InvalidParameter.Limit'])
  expect(await list({ limit: -1 })).toEqual([400, 'InvalidParameter.Limit'])
  expect(await list({ limit: '10' })).toEqual([400, 'InvalidParameter.Limit'])
  expect(await list({ limit: 1.5 })).toEqual([400, 'InvalidParameter.Limit'])
  expect(await list({ order_by: 'colour' })).toEqual([400, 'InvalidParameter.OrderBy'])
  expect(await list({ order_direction: 'UP' })).toEqual([400, 'InvalidParameter.OrderDirection'])
  expect(await list({ marker: 'nonsense' })).toEqual([400, 'InvalidParameter.Marker'])
  expect(await list({ url_expire_sec: 9 })).toEqual([400, 'InvalidParameter.UrlExpireSec'])
  expect(await list({ parent_file_id: file_id })).toEqual([400, 'InvalidParameter.ParentFileId'])
  expect(await list({ parent_file_id: UNKNOWN_FILE })).toEqual([404, 'NotFound.File'])
  expect(await list({ parent_file_id: undefined })).toEqual([400, 'InvalidParameterMissing.ParentFileId'])
})

test('an update writes what it names and leaves the rest', async () => {
  const { file_id } = await upload('a.txt', 'a', { description: 'first', labels: ['x'] })
  const updated = await client.ok('/file/update', {
    file_id,
    name: 'b.txt',
    hidden: true,
    labels: ['y', 'z'],
    user_meta: '{"k":1}',
    local_modified_at: '2020-01-02T03:04:05Z',
  })
  expect(updated).toMatchObject({
    name: 'b.txt',
    description: 'first',
    hidden: true,
    labels: ['y', 'z'],
    user_meta: '{"k":1}',
    local_modified_at: '2020-01-02T03:04:05.000Z',
  })
  expect(await client.ok('/file/update', { file_id, description: '', user_meta: '' })).not.toHaveProperty('description')
})

test('renaming: refuse is 409, auto_rename appends the time, ignore permits twins, its own name is fine', async () => {
  await upload('taken.txt')
  const { file_id } = await upload('mine.txt')
  const rename = (check_name_mode: string | undefined, name = 'taken.txt') =>
    client.call('/file/update', { file_id, name, check_name_mode })
  expect(code(await rename('refuse'))).toEqual([409, 'AlreadyExist.File'])
  expect((await rename('refuse', 'mine.txt')).status).toBe(200)
  expect((await rename('auto_rename')).body.name).toMatch(/^taken_\d{8}_\d{6}\.txt$/)
  expect((await rename(undefined)).body.name).toBe('taken.txt')
  expect(await client.list(place)).toEqual(['taken.txt', 'taken.txt'])
})

test('names: 1024 bytes are the most, slashes and empty names are refused, and nothing changes', async () => {
  const file = await upload('plain')
  const before = await client.picture()
  const rename = async (name: unknown) => code(await client.call('/file/update', { file_id: file.file_id, name }))
  for (const name of ['', 'a/b', '/', '.', '..', 'x'.repeat(1025), '文'.repeat(342), 'nul\0']) {
    expect(await rename(name)).toEqual([400, 'InvalidParameter.Name'])
  }
  expect(await rename(7)).toEqual([400, 'InvalidParameter.Name'])
  expect(await client.picture()).toBe(before)
  expect((await rename('文'.repeat(341)))[0]).toBe(200)
})

test('attributes out of bounds are refused', async () => {
  const update = async (more: object) => code(await client.call('/file/update', { file_id: place, ...more }))
  expect(await update({ description: 'x'.repeat(1025) })).toEqual([400, 'InvalidParameterOutOfRange.Description'])
  expect(await update({ labels: Array(101).fill('x') })).toEqual([400, 'InvalidParameterOutOfRange.Labels'])
  expect(await update({ labels: 'x' })).toEqual([400, 'InvalidParameter.Labels'])
  expect(await update({ starred: 'yes' })).toEqual([400, 'InvalidParameter.Starred'])
  expect(await update({ local_modified_at: 'yesterday' })).toEqual([400, 'InvalidParameter.LocalModifiedAt'])
  expect(await update({ name: 'x', check_name_mode: 'overwrite' })).toEqual([400, 'InvalidParameter.CheckNameMode'])
  expect(code(await client.call('/file/update', { file_id: 'root', name: 'x' }))).toEqual([
    400,
    'InvalidParameter.FileId',
  ])
})

test('moving: into a folder, with a new name, into its own place', async () => {
  const folder = await client.folder('folder', place)
  const { file_id } = await upload('a.txt')
  const move = (more: object) => client.ok('/file/move', { file_id, to_parent_file_id: folder, ...more })
  const moved = await move({ new_name: 'b.txt' })
  expect(moved).toMatchObject({
    domain_id: 'demo',
    drive_id: client.drive,
    file_id,
    file_name: 'b.txt',
    exist: false,
    async_task_id: '',
  })
  expect((await client.ok('/file/get', { file_id })).parent_file_id).toBe(folder)
  expect(await move({})).toMatchObject({ file_id, file_name: 'b.txt', exist: false })
})

test('moving onto a taken name: refuse names who has it and moves nothing; the other modes as for names', async () => {
  const folder = await client.folder('folder', place)
  const taken = await client.folder('a.txt', folder)
  const { file_id } = await upload('a.txt')
  const move = (more: object) => client.ok('/file/move', { file_id, to_parent_file_id: folder, ...more })
  expect(await move({ check_name_mode: 'refuse' })).toMatchObject({ exist: true, file_id: taken, file_name: 'a.txt' })
  expect((await client.ok('/file/get', { file_id })).parent_file_id).toBe(place)
  expect((await move({ auto_rename: true })).file_name).toMatch(/^a_\d{8}_\d{6}\.txt$/)
  await client.ok('/file/move', { file_id, to_parent_file_id: place, new_name: 'a.txt' })
  expect(await move({})).toMatchObject({ exist: false, file_name: 'a.txt' })
  expect(await client.list(folder)).toEqual(['a.txt', 'a.txt'])
})

test('a folder cannot go into itself or below itself, moved or copied', async () => {
  const inner = await client.folder('inner', place)
  const before = await client.picture()
  for (const verb of ['move', 'copy']) {
    for (const to_parent_file_id of [place, inner]) {
      const answer = await client.call(`/file/${verb}`, { file_id: place, to_parent_file_id, auto_rename: true })
      expect(code(answer)).toEqual([400, 'InvalidParameter.ToParentFileId'])
    }
  }
  expect(await client.picture()).toBe(before)
})

test('targets that are files, unknown or missing are refused', async () => {
  const { file_id } = await upload('a')
  const other = await upload('b')
  for (const verb of ['move', 'copy']) {
    const to = async (to_parent_file_id: unknown) =>
      code(await client.call(`/file/${verb}`, { file_id, to_parent_file_id }))
    expect(await to(other.file_id)).toEqual([400, 'InvalidParameter.ParentFileId'])
    expect(await to(UNKNOWN_FILE)).toEqual([404, 'NotFound.File'])
    expect(await to(undefined)).toEqual([400, 'InvalidParameterMissing.ToParentFileId'])
  }
})

test('a file keeps its id, and its parent its own, when both have gone to another drive', async () => {
  const folder = await client.folder('traveller', place)
  const { file_id } = await upload('a.txt', 'a', { parent_file_id: folder })
  const { admin } = world
  const both = { drive_id: client.drive, to_drive_id: admin.drive }
  const moved = await admin.ok('/file/move', { ...both, file_id: folder, to_parent_file_id: 'root' })
  expect(moved).toMatchObject({ drive_id: admin.drive, file_id: folder })
  const file = await admin.ok('/file/get', { file_id, fields: '*' })
  expect(file).toMatchObject({ drive_id: admin.drive, parent_file_id: folder, id_path: `${folder}/${file_id}` })
  expect((await admin.ok('/file/list', { parent_file_id: folder })).items[0]).toMatchObject({
    file_id,
    parent_file_id: folder,
  })
  expect(code(await client.call('/file/get', { file_id }))).toEqual([404, 'NotFound.File'])
})

test('copying a file is 201, a folder 202 with a finished task, each with the id of the copy', async () => {
  const folder = await client.folder('folder', place)
  const { file_id } = await upload('a.txt', 'a', { parent_file_id: folder })
  const file = await client.ok('/file/copy', { file_id, to_parent_file_id: place }, 201)
  expect(file.file_id).not.toBe(file_id)
  expect(await (await fetch((await client.ok('/file/get', { file_id: file.file_id })).url)).text()).toBe('a')
  const copied = await client.ok('/file/copy', { file_id: folder, to_parent_file_id: place, new_name: 'twin' }, 202)
  expect(await client.list(copied.file_id)).toEqual(['a.txt'])
  expect((await client.ok('/async_task/get', { async_task_id: copied.async_task_id })).state).toBe('Succeed')
  expect(code(await client.call('/file/copy', { file_id, to_parent_file_id: place }))).toEqual([
    409,
    'AlreadyExist.File',
  ])
  const renamed = await client.ok('/file/copy', { file_id, to_parent_file_id: place, auto_rename: true }, 201)
  expect((await client.ok('/file/get', { file_id: renamed.file_id })).name).toMatch(/^a_\d{8}_\d{6}\.txt$/)
})

test('deleting destroys for good, trashed or not, and is 404 the second time', async () => {
  const folder = await client.folder('folder', place)
  const { file_id } = await upload('a.txt', 'a', { parent_file_id: folder })
  await client.ok('/recyclebin/trash', { file_id }, 204)
  await client.ok('/file/delete', { file_id, permanently: true }, 204)
  expect(code(await client.call('/file/delete', { file_id }))).toEqual([404, 'NotFound.File'])
  await upload('b.txt', 'b', { parent_file_id: folder })
  const gone = await client.call('/file/delete', { file_id: folder })
  expect([gone.status, gone.text, gone.headers.get('content-type')]).toEqual([204, '', null])
  expect(code(await client.call('/file/get', { file_id: folder }))).toEqual([404, 'NotFound.File'])
  expect(code(await client.call('/file/delete', { file_id: 'root' }))).toEqual([400, 'InvalidParameter.FileId'])
})

test('with check_folder_empty a folder is destroyed only when nothing is in it', async () => {
  const folder = await client.folder('spared')
  const inner = await client.folder('inner', folder)
  const remove = async (file_id: string) => {
    const answer = await client.call('/file/delete', { file_id, check_folder_empty: true })
    return answer.status === 204 ? [204] : code(answer)
  }
  expect(await remove(folder)).toEqual([409, 'StateConflict'])
  expect(await client.list(folder)).toEqual(['inner'])
  expect(await remove(inner)).toEqual([204])
  expect(await remove(folder)).toEqual([204])
  const { file_id } = await upload('no folder', 'x')
  expect(await remove(file_id)).toEqual([204])
})

test('what clients say of a picture and of encryption is kept, shown and found', async () => {
  const taken_at = '2019-08-07T06:05:04.000Z'
  const made = await client.ok(
    '/file/create',
    { parent_file_id: place, name: 'p', type: 'folder', encrypt_mode: 'x' },
    201,
  )
  expect(made.encrypt_mode).toBe('x')
  const { file_id } = await upload('p.jpg', 'picture', { parent_file_id: made.file_id, taken_at })
  expect(await client.ok('/file/get', { file_id })).toMatchObject({ taken_at, encrypt_mode: 'none' })
  const updated = await client.ok('/file/update', { file_id, encrypt_mode: 'ServerSideEncrypt' })
  expect(updated).toMatchObject({ taken_at, encrypt_mode: 'ServerSideEncrypt' })
  const found = async (query: string) => {
    const { items } = await client.ok('/file/search', { query: `${query} and parent_file_id = "${made.file_id}"` })
    return items.map((item: { name: string }) => item.name)
  }
  expect(await found('image_time >= "2019-08-07T00:00:00" and image_time < "2019-08-08T00:00:00"')).toEqual(['p.jpg'])
  expect(await found('image_time < "2019-08-07T06:05:04"')).toEqual([])
  expect(code(await client.call('/file/update', { file_id, taken_at: 'once' }))).toEqual([
    400,
    'InvalidParameter.TakenAt',
  ])
})

test('tags are put one by one, shown as a map, and taken away; unknown keys are ignored', async () => {
  const put = (user_tags: unknown) => client.call('/file/put_usertags', { file_id: place, user_tags })
  const tags = async () => (await client.ok('/file/get', { file_id: place })).user_tags
  expect(
    (
      await put([
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ])
    ).body,
  ).toEqual({ file_id: place })
  await put([
    { key: 'b', value: '3' },
    { key: '__proto__', value: '4' },
  ])
  expect(Object.entries(await tags())).toEqual([
    ['a', '1'],
    ['b', '3'],
    ['__proto__', '4'],
  ])
  await client.ok('/file/delete_usertags', { file_id: place, key_list: ['a', 'none', '__proto__'] }, 204)
  expect(await tags()).toEqual({ b: '3' })

  expect(code(await put(undefined))).toEqual([400, 'InvalidParameterMissing.UserTags'])
  expect(code(await put([]))).toEqual([400, 'InvalidParameterEmpty.UserTags'])
  expect(code(await put('x'))).toEqual([400, 'InvalidParameter.UserTags'])
  expect(code(await put([{ key: 'a' }, { key: 'a' }]))).toEqual([400, 'InvalidParameter.UserTags'])
  expect(code(await put([{ key: 'a#', value: '' }]))).toEqual([400, 'InvalidParameter.UserTags'])
  expect(code(await put([{ key: '', value: '' }]))).toEqual([400, 'InvalidParameterEmpty.Key'])
  expect(code(await put([{ key: 'a', value: 'x'.repeat(2000) }]))).toEqual([400, 'InvalidParameterOutOfRange.UserTags'])
  const many = Array.from({ length: 1001 }, (_, i) => ({ key: `k${i}`, value: '' }))
  expect(code(await put(many))).toEqual([400, 'InvalidParameterOutOfRange.UserTags'])
  const none = await client.call('/file/delete_usertags', { file_id: place, key_list: [] })
  expect(code(none)).toEqual([400, 'InvalidParameterEmpty.KeyList'])
  expect(await tags()).toEqual({ b: '3' })
})

test('whether a name is free in a folder', async () => {
  const folder = await client.folder('there', place)
  const check = (name: string, parent_file_id = place) =>
    client.ok('/file/pre_create_check', { parent_file_id, name, type: 'file' })
  expect(await check('free')).toEqual({ result_code: 'success' })
  expect(await check('there')).toEqual({
    result_code: 'NameCheckFailed.ExistSameNameFile',
    name_check_result: { exist_file_id: folder, exist_file_type: 'folder' },
  })
  expect(code(await client.call('/file/pre_create_check', { parent_file_id: UNKNOWN_FILE, name: 'x' }))).toEqual([
    404,
    'NotFound.File',
  ])
})

test('whether a name is free in a folder that stands behind a twin', async () => {
  await client.folder('twin', place)
  const second = await client.folder('twin', place, { check_name_mode: 'ignore' })
  const inner = await client.folder('inner', second)
  const check = (name: string) => client.ok('/file/pre_create_check', { parent_file_id: second, name, type: 'folder' })
  expect((await check('inner')).name_check_result.exist_file_id).toBe(inner)
  expect(await check('other')).toEqual({ result_code: 'success' })
})

test('a download URL says how, how long and what, and names the file as asked', async () => {
  const { file_id, revision_id } = await upload('a.txt', 'abcdef')
  const before = Date.now()
  const url = await client.ok('/file/get_download_url', {
    file_id,
    expire_sec: 600,
    file_name: 'other.bin',
    response_content_type: 'text/x-test',
  })
  expect(url).toMatchObject({ method: 'GET', size: 6, crc64_hash: crc64(Buffer.from('abcdef')), revision_id, file_id })
  expect(Math.abs(Date.parse(url.expiration) - before - 600_000)).toBeLessThan(10_000)
  const whole = await fetch(url.url)
  expect([await whole.text(), whole.headers.get('content-type')]).toEqual(['abcdef', 'text/x-test'])
  expect(whole.headers.get('content-disposition')).toContain('other.bin')
  const part = await fetch(url.url, { headers: { range: 'bytes=2-3' } })
  expect([part.status, await part.text()]).toEqual([206, 'cd'])
})

test('a download URL can be for an earlier revision', async () => {
  const first = await upload('a.txt', 'one')
  await upload('a.txt', 'three', { file_id: first.file_id })
  const { file_id, revision_id } = first
  const url = await client.call('/file/get_download_url', { file_id, revision_id })
  if (url.status === 200) expect([url.body.size, await (await fetch(url.body.url)).text()]).toEqual([3, 'one'])
  else expect(code(url)).toEqual([404, 'NotFound.Revision'])
  const wrong = await client.call('/file/get_download_url', { file_id, revision_id: 'x' })
  expect(code(wrong)).toEqual([400, 'InvalidParameter.RevisionId'])
})

test('no download URL for folders, for what is gone, or out of bounds', async () => {
  const { file_id } = await upload('a.txt')
  const ask = async (more: object) => code(await client.call('/file/get_download_url', { file_id, ...more }))
  expect(await ask({ file_id: place })).toEqual([400, 'InvalidResource.FileTypeFolder'])
  expect(await ask({ expire_sec: 115_201 })).toEqual([400, 'InvalidParameter.ExpireSec'])
  expect(await ask({ response_content_type: 'a\r\nb' })).toEqual([400, 'InvalidParameter.ResponseContentType'])
  await client.ok('/recyclebin/trash', { file_id }, 204)
  expect(await ask({})).toEqual([404, 'NotFound.File'])
})

test('GET /v2/file/download redirects to the bytes and wants a token', async () => {
  const { file_id } = await upload('a.txt', 'bytes')
  const url = `${world.url}/v2/file/download?drive_id=${client.drive}&file_id=${file_id}&expire_sec=60`
  const answer = await send(url, { headers: { authorization: `Bearer ${client.token}` } })
  expect(answer.status).toBe(302)
  expect(await (await fetch(answer.headers.get('location')!)).text()).toBe('bytes')
  expect((await send(url)).status).toBe(401)
})
