/** Shares: made, found again, opened by anybody who knows them, and worth no more than they say. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, anonymous, Client, send, Visitor, visit } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

let world: World
let owner: Client
let now = Date.UTC(2026, 10, 21, 12)
let folder: string
let file: string
let inner: string
let secret: string

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  owner = world.admin
})
afterAll(() => world.server.stop())
beforeEach(async () => {
  now += 1000
  const { items } = await owner.ok('/file/list', { parent_file_id: 'root', limit: 200 })
  await owner.batch([
    ...items.map(({ file_id }: { file_id: string }) => ({ url: '/file/delete', body: { file_id } })),
    idle,
  ])
  const above = await owner.folder('above')
  folder = await owner.folder('shared', above)
  file = (await owner.upload('a.txt', 'content a', { parent_file_id: folder })).file_id
  const deep = await owner.folder('deep', folder)
  inner = (await owner.upload('b.txt', 'content b', { parent_file_id: deep })).file_id
  secret = (await owner.upload('secret.txt', 'secret', { parent_file_id: above })).file_id
})

const idle = { url: '/drive/get', body: {} }
const share = (more: object = {}) =>
  owner.ok('/share_link/create', { file_id_list: [folder], share_pwd: '', ...more }, 201)
const shape = ({ status, body }: Answer) => [status, body?.code]
const opened = async (more: object = {}, password?: string) => {
  const { share_id } = await share(more)
  return visit(world.url, share_id, password)
}
const names = async (visitor: Visitor, parent = 'root') =>
  (await visitor.ok('/file/list', { parent_file_id: parent })).items.map(({ name }: { name: string }) => name)

describe('a share', () => {
  test('is created, read, changed, cancelled; its owner reads the password again, the store does not hold it in clear', async () => {
    const made = await share({
      share_pwd: 'pa55',
      description: 'd',
      share_policy: 'msg',
      disable_visible: true,
      download_limit: 3,
      expiration: '2026-12-01T08:00:00+08:00',
    })
    expect(made).toMatchObject({
      share_name: 'shared',
      share_pwd: 'pa55',
      file_id: folder,
      file_id_list: [folder],
      drive_id: owner.drive,
      share_policy: 'msg',
      disable_visible: true,
      creator: 'admin',
      status: 'enabled',
      expired: false,
      expiration: '2026-12-01T00:00:00.000Z',
      download_limit: 3,
      download_count: 0,
      disable_download: false,
    })
    expect(made.share_id).toMatch(/^[A-Za-z0-9]{11}$/)
    const [row] = await world.store.read((tx) => tx.links([made.share_id]))
    expect(JSON.stringify(row)).not.toContain('pa55')
    const { share_id } = made
    expect(await owner.ok('/share_link/get', { share_id })).toEqual(made)
    now += 1000
    const changed = await owner.ok('/share_link/update', {
      share_id,
      share_pwd: '',
      share_name: 'n',
      disable_save: true,
      expiration: '',
      download_count: 2,
    })
    expect(changed).toMatchObject({
      share_pwd: '',
      share_name: 'n',
      disable_save: true,
      expiration: '',
      download_limit: 3,
      download_count: 2,
    })
    expect(changed.updated_at > made.updated_at).toBe(true)
    const gone = await owner.call('/share_link/cancel', { share_id })
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await owner.ok('/share_link/get', { share_id })).status).toBe('disabled')
  })

  test('is its creator’s and the administrators’ only', async () => {
    const mine = await world.alice.folder(`mine ${now}`)
    const made = await world.alice.ok('/share_link/create', { file_id_list: [mine] }, 201)
    expect((await owner.ok('/share_link/get', { share_id: made.share_id })).creator).toBe('alice')
    const { share_id } = await share()
    const calls = await Promise.all(
      ['get', 'update', 'cancel'].map((verb) => world.alice.call(`/share_link/${verb}`, { share_id })),
    )
    expect(calls.map(shape)).toEqual(calls.map(() => [403, 'ForbiddenNoPermission.ShareLink']))
    const { client: bob } = await addTenant(world, `rival${now}`)
    expect(shape(await bob.call('/share_link/get', { share_id }))).toEqual([404, 'NotFound.ShareLink'])
  })

  test('is made for somebody else by administrators only, and is worth what that one may do', async () => {
    const mine = await world.alice.folder(`for alice ${now}`)
    const body = { drive_id: world.alice.drive, file_id_list: [mine], user_id: 'alice' }
    const made = await owner.ok('/share_link/create', body, 201)
    expect(made.creator).toBe('alice')
    expect((await world.alice.ok('/share_link/get', { share_id: made.share_id })).creator).toBe('alice')
    expect(shape(await owner.call('/share_link/create', { file_id_list: [file], user_id: 'alice' }))).toEqual([
      403,
      'ForbiddenNoPermission.ShareLink',
    ])
    expect(shape(await owner.call('/share_link/create', { ...body, user_id: 'nobody' }))).toEqual([
      404,
      'NotFound.User',
    ])
    expect(shape(await world.alice.call('/share_link/create', { ...body, user_id: 'admin' }))).toEqual([
      403,
      'ForbiddenNoPermission.User',
    ])
  })

  test('of what one may not share, of items in two places, of nothing or of too much is refused', async () => {
    const ofAlices = await world.alice.call('/share_link/create', { drive_id: owner.drive, file_id_list: [file] })
    expect(shape(ofAlices)).toEqual([403, 'ForbiddenNoPermission.File'])
    const create = async (body: object) => shape(await owner.call('/share_link/create', body))
    expect(await create({ file_id_list: [file, secret] })).toEqual([400, 'InvalidParameter.FileIdList'])
    expect(await create({ file_id_list: [file, file] })).toEqual([400, 'InvalidParameter.FileIdList'])
    expect(await create({ file_id_list: [] })).toEqual([400, 'InvalidParameterEmpty.FileIdList'])
    expect(await create({})).toEqual([400, 'InvalidParameterMissing.FileIdList'])
    expect(await create({ file_id_list: ['f'.repeat(40)] })).toEqual([404, 'NotFound.File'])
    expect(await create({ file_id_list: Array(101).fill(file) })).toEqual([
      400,
      'InvalidParameterOutOfRange.FileIdList',
    ])
    expect(await create({ file_id_list: [file], share_pwd: 'x'.repeat(65) })).toEqual([
      400,
      'InvalidParameterOutOfRange.SharePwd',
    ])
    expect(await create({ file_id_list: [file], share_pwd: 'ä' })).toEqual([400, 'InvalidParameter.SharePwd'])
    expect(await create({ file_id_list: [file], expiration: 'soon' })).toEqual([400, 'InvalidParameter.Expiration'])
  })

  test('is found by list and search, in order, page by page', async () => {
    const mine = async (name: string, more: object = {}) => {
      now += 1000
      return (await share({ share_name: name, ...more })).share_id
    }
    const before = new Date(now).toISOString().slice(0, 19)
    const ids = [await mine('Kite'), await mine('apple', { expiration: '2027-01-01T00:00:00Z' }), await mine('kiwi')]
    await owner.ok('/share_link/cancel', { share_id: ids[2] }, 204)
    const idsOf = ({ items }: Answer['body']) => items.map(({ share_id }: { share_id: string }) => share_id)
    const search = async (query: string, more: object = {}) =>
      idsOf(await owner.ok('/share_link/search', { query: `created_at > "${before}" and (${query})`, ...more }))
    expect(idsOf(await owner.ok('/share_link/list', {})).slice(0, 2)).toEqual([ids[1], ids[0]])
    expect(idsOf(await owner.ok('/share_link/list', { include_cancelled: true })).slice(0, 3)).toEqual([
      ids[2],
      ids[1],
      ids[0],
    ])
    expect(await search('share_name_for_fuzzy match "ki"')).toEqual([ids[2], ids[0]])
    expect(await search('status in ["disabled"]')).toEqual([ids[2]])
    expect(await search('expired_time = "1970-01-01T00:00:00" and not status = "disabled"')).toEqual([ids[0]])
    expect(await search('status in ["enabled", "disabled"]', { order_by: 'share_name' })).toEqual([
      ids[0],
      ids[1],
      ids[2],
    ])
    const first = await owner.ok('/share_link/search', {
      query: `created_at > "${before}"`,
      limit: 2,
      return_total_count: true,
    })
    expect([idsOf(first), first.total_count]).toEqual([[ids[2], ids[1]], 3])
    const second = await owner.ok('/share_link/search', {
      query: `created_at > "${before}"`,
      limit: 2,
      marker: first.next_marker,
    })
    expect([idsOf(second), second.next_marker]).toEqual([[ids[0]], ''])
    expect(shape(await world.alice.call('/share_link/search', { creators: ['admin'] }))).toEqual([
      403,
      'ForbiddenNoPermission.ShareLink',
    ])
    expect(idsOf(await world.alice.ok('/share_link/search', {}))).not.toContain(ids[0])
    expect(shape(await owner.call('/share_link/search', { query: 'colour = "red"' }))).toEqual([
      400,
      'InvalidParameter.Query',
    ])
  })
})

describe('a visitor', () => {
  test('sees what a share is without a token, its creator masked', async () => {
    const { share_id } = await share({ share_pwd: 'x', save_limit: 2 })
    const seen = await anonymous(world.url, '/share_link/get_by_anonymous', { share_id })
    expect(seen.status).toBe(200)
    expect(seen.body).toMatchObject({
      share_name: 'shared',
      has_pwd: true,
      save_limit: 2,
      creator_id: 'admin',
      creator_name: 'ad***in',
    })
    expect(seen.text).not.toContain('share_pwd')
    expect(shape(await anonymous(world.url, '/share_link/get_by_anonymous', { share_id: 'unknown' }))).toEqual([
      404,
      'NotFound.ShareLink',
    ])
  })

  test('gets a token for the right password only', async () => {
    const { share_id } = await share({ share_pwd: 'pa55' })
    const ask = (more: object) => anonymous(world.url, '/share_link/get_share_token', { share_id, ...more })
    for (const share_pwd of [undefined, '', 'pa5', 'pa555', 'PA55']) {
      expect(shape(await ask({ share_pwd }))).toEqual([400, 'InvalidResource.SharePwd'])
    }
    const { status, body } = await ask({ share_pwd: 'pa55', expire_sec: 60 })
    expect([status, body.expires_in, body.expire_time]).toEqual([200, 60, new Date(now + 60_000).toISOString()])
    expect((await ask({ share_pwd: 'pa55' })).body.expires_in).toBe(7200)
    expect(shape(await ask({ check_share_pwd: false }))).toEqual([403, 'ForbiddenNoPermission.ShareLink'])
    expect((await owner.call('/share_link/get_share_token', { share_id, check_share_pwd: false })).status).toBe(200)
    expect((await owner.ok('/share_link/get', { share_id })).access_count).toBe(3)
  })

  test('cannot try all passwords', async () => {
    const { share_id } = await share({ share_pwd: 'pa55' })
    const ask = (share_pwd: string) => anonymous(world.url, '/share_link/get_share_token', { share_id, share_pwd })
    const wrong = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`guess ${i}`)))
    expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([400]))
    expect(shape(await ask('pa55'))).toEqual([429, 'TooManyRequests'])
    now += 60_000
    expect((await ask('pa55')).status).toBe(200)
  })

  test('sees the shared items as the root, what is below them, and nothing above or beside', async () => {
    const visitor = await opened()
    const { items } = await visitor.ok('/file/list', { parent_file_id: 'root' })
    expect(items).toMatchObject([{ file_id: folder, name: 'shared', parent_file_id: 'root', share_id: visitor.share }])
    expect(await names(visitor, folder)).toEqual(['deep', 'a.txt'])
    const seen = await visitor.ok('/file/get', { file_id: file, fields: 'id_path,name_path' })
    expect(seen).toMatchObject({
      name: 'a.txt',
      parent_file_id: folder,
      share_id: visitor.share,
      name_path: 'root/shared/a.txt',
    })
    expect(JSON.stringify(seen)).not.toContain('above')
    for (const file_id of [secret, 'root', 'f'.repeat(40)]) {
      expect(shape(await visitor.call('/file/get', { file_id }))).toEqual([404, 'NotFound.File'])
    }
    const above = (await owner.ok('/file/get', { file_id: folder })).parent_file_id
    expect(shape(await visitor.call('/file/get', { file_id: above }))).toEqual([404, 'NotFound.File'])
    expect(shape(await visitor.call('/file/list', { parent_file_id: above }))).toEqual([404, 'NotFound.File'])
    await owner.ok('/recyclebin/trash', { file_id: file }, 204)
    expect(shape(await visitor.call('/file/get', { file_id: file }))).toEqual([404, 'NotFound.File'])
  })

  test('of a share of everything sees the whole drive', async () => {
    const visitor = await opened({ file_id_list: undefined, share_all_files: true })
    expect(await names(visitor)).toEqual(['above'])
    expect((await visitor.ok('/file/get', { file_id: secret })).name).toBe('secret.txt')
  })

  test('changes nothing, alone or in a batch, and reaches no call that needs an account', async () => {
    const before = await owner.picture()
    const visitor = await opened()
    const verbs = {
      '/file/update': { file_id: file, name: 'x' },
      '/file/move': { file_id: file, to_parent_file_id: folder },
      '/file/delete': { file_id: file },
      '/file/create': { parent_file_id: folder, name: 'x', type: 'folder' },
      '/recyclebin/trash': { file_id: file },
      '/file/put_usertags': { file_id: file, user_tags: [{ key: 'a', value: 'b' }] },
      '/recyclebin/restore': { file_id: file },
    }
    const entries = Object.entries(verbs).map(([url, body]) => ({ url, body: { ...body, share_id: visitor.share } }))
    const alone = await Promise.all(entries.map(({ url, body }) => visitor.call(url, body)))
    expect(alone.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403, 404])
    const { responses } = (await visitor.batch(entries)).body
    expect(responses.map(shape)).toEqual(alone.map(shape))
    const closed = [
      '/drive/get',
      '/drive/list_my_drives',
      '/user/get',
      '/recyclebin/list',
      '/share_link/create',
      '/share_link/list',
      '/domain/get',
    ]
    for (const url of closed) {
      expect([url, ...shape(await visitor.call(url, { drive_id: owner.drive, file_id_list: [file] }))]).toEqual([
        url,
        403,
        'ForbiddenNoPermission.Api',
      ])
    }
    expect(await owner.picture()).toBe(before)
  })

  test('previews, downloads and saves as far as the share permits', async () => {
    const visitor = await opened()
    const { url } = await visitor.ok('/file/get', { file_id: inner, fields: '*' })
    expect((await send(url)).text).toBe('content b')
    expect((await visitor.ok('/file/get', { file_id: inner })).url).toBeUndefined()
    const download = await visitor.ok('/file/get_share_link_download_url', { file_id: inner })
    expect((await send(download.download_url)).headers.get('content-disposition')).toMatch(/^attachment/)
    expect((await send(download.url)).text).toBe('content b')
    expect((await send((await visitor.ok('/file/get_download_url', { file_id: file })).url)).text).toBe('content a')
    expect(await owner.ok('/share_link/get', { share_id: visitor.share })).toMatchObject({
      preview_count: 1,
      download_count: 2,
      save_count: 0,
    })

    const strict = await opened({ disable_preview: true, disable_download: true, disable_save: true })
    expect((await strict.ok('/file/get', { file_id: inner, fields: '*' })).url).toBeUndefined()
    expect(shape(await strict.call('/file/get_share_link_download_url', { file_id: inner }))).toEqual([
      403,
      'ForbiddenNoPermission.File',
    ])
    expect(shape(await strict.call('/file/get_download_url', { file_id: inner }))).toEqual([
      403,
      'ForbiddenNoPermission.File',
    ])
    expect(await owner.ok('/share_link/get', { share_id: strict.share })).toMatchObject({
      preview_count: 0,
      download_count: 0,
    })
  })

  test('saves into a drive of its own, which needs an account', async () => {
    const { share_id } = await share({ save_limit: 1 })
    const to = { to_drive_id: world.alice.drive, to_parent_file_id: 'root', auto_rename: true }
    const stranger = await visit(world.url, share_id)
    expect(shape(await stranger.call('/file/copy', { file_id: folder, ...to }))).toEqual([
      403,
      'ForbiddenNoPermission.ShareLink',
    ])
    const member = await visit(world.url, share_id, undefined, world.alice)
    expect(shape(await member.call('/file/copy', { file_id: secret, ...to }))).toEqual([404, 'NotFound.File'])
    expect(shape(await member.call('/file/copy', { file_id: folder, ...to, to_drive_id: owner.drive }))).toEqual([
      403,
      'ForbiddenNoPermission.File',
    ])
    expect((await owner.ok('/share_link/get', { share_id })).save_count).toBe(0)
    const saved = await member.ok('/file/copy', { file_id: folder, ...to }, 202)
    expect(saved.drive_id).toBe(world.alice.drive)
    expect(await world.alice.list(saved.file_id)).toEqual(['a.txt', 'deep'])
    expect(shape(await member.call('/file/copy', { file_id: folder, ...to }))).toEqual([403, 'ShareLink.Forbidden'])
    expect((await owner.ok('/share_link/get', { share_id })).save_count).toBe(1)
  })

  test('is counted exactly, however many come at once', async () => {
    const visitor = await opened({ download_limit: 5, preview_limit: 3 })
    const download = { url: '/file/get_download_url', body: { share_id: visitor.share, file_id: file } }
    const batches = await Promise.all(Array.from({ length: 4 }, () => visitor.batch(Array(4).fill(download))))
    const statuses = batches.flatMap(({ body }) => body.responses.map(({ status }: Answer) => status))
    expect([
      statuses.filter((status) => status === 200).length,
      statuses.filter((status) => status === 403).length,
    ]).toEqual([5, 11])
    const previews = await Promise.all(
      Array.from({ length: 8 }, () => visitor.ok('/file/get', { file_id: file, fields: 'url' })),
    )
    expect(previews.filter(({ url }) => url !== undefined)).toHaveLength(3)
    expect(await owner.ok('/share_link/get', { share_id: visitor.share })).toMatchObject({
      download_count: 5,
      preview_count: 3,
    })
  })

  test('saves no more often than the share says, however many save at once', async () => {
    const { share_id } = await share({ save_limit: 5 })
    const members = await Promise.all(
      [world.alice, owner].map((member) => visit(world.url, share_id, undefined, member)),
    )
    const save = (member: Visitor) => ({
      url: '/file/copy',
      body: {
        share_id,
        file_id: file,
        to_drive_id: member.drive,
        to_parent_file_id: 'root',
        new_name: `saved of ${share_id}`,
        auto_rename: true,
      },
    })
    const sent = members.flatMap((member) => Array.from({ length: 3 }, () => member.batch(Array(3).fill(save(member)))))
    const statuses = (await Promise.all(sent)).flatMap(({ body }) =>
      body.responses.map((answer: Answer) => [answer.status, answer.body.code]),
    )
    expect(statuses.filter(([status]) => status === 201)).toHaveLength(5)
    expect(statuses.filter(([, code]) => code === 'ShareLink.Forbidden')).toHaveLength(13)
    expect((await owner.ok('/share_link/get', { share_id })).save_count).toBe(5)
    const saved = await Promise.all(members.map((member) => new Client(world.url, member.token, member.drive).list()))
    expect(saved.flat().filter((name) => name.startsWith(`saved of ${share_id}`))).toHaveLength(5)
  })

  test('shares saves and downloads of one limit', async () => {
    const { share_id } = await share({ save_download_limit: 2 })
    const member = await visit(world.url, share_id, undefined, world.alice)
    await member.ok('/file/get_download_url', { file_id: file })
    await member.ok(
      '/file/copy',
      { file_id: file, to_drive_id: world.alice.drive, to_parent_file_id: 'root', auto_rename: true },
      201,
    )
    expect(shape(await member.call('/file/get_download_url', { file_id: file }))).toEqual([403, 'ShareLink.Forbidden'])
  })

  test('puts files into folders that take them in, and nowhere else', async () => {
    const box = await owner.folder('box', folder)
    const visitor = await opened({ creatable: true, creatable_file_id_list: [box] })
    const uploaded = await visitor.upload('gift.txt', 'gift', { parent_file_id: box })
    expect(uploaded).toMatchObject({ name: 'gift.txt', share_id: visitor.share, status: 'available' })
    expect(await owner.list(box)).toEqual(['gift.txt'])
    const elsewhere = { parent_file_id: folder, name: 'x', type: 'file', size: 1 }
    expect(shape(await visitor.call('/file/create', elsewhere))).toEqual([403, 'ForbiddenNoPermission.File'])
    expect(shape(await visitor.call('/file/delete', { file_id: uploaded.file_id }))).toEqual([
      403,
      'ForbiddenNoPermission.File',
    ])
    const other = await opened({ creatable: true, creatable_file_id_list: [box] })
    const session = await visitor.ok('/file/create', { parent_file_id: box, name: 'y', type: 'file', size: 1 }, 201)
    const theirs = await other.call('/file/get_upload_url', { file_id: session.file_id, upload_id: session.upload_id })
    expect(shape(theirs)).toEqual([404, 'NotFound.UploadId'])
  })

  test('finds the door shut once a share is cancelled, has expired or has another password', async () => {
    const list = (visitor: Visitor) => visitor.call('/file/list', { parent_file_id: 'root' })
    const token = (share_id: string) => anonymous(world.url, '/share_link/get_share_token', { share_id })
    const cancelled = await opened()
    await owner.ok('/share_link/cancel', { share_id: cancelled.share }, 204)
    expect([shape(await list(cancelled)), shape(await token(cancelled.share))]).toEqual(
      Array(2).fill([400, 'ShareLink.Cancelled']),
    )

    const expired = await opened({ expiration: new Date(now + 5000).toISOString() })
    expect((await list(expired)).status).toBe(200)
    now += 5000
    expect(shape(await token(expired.share))).toEqual([400, 'ShareLink.Expired'])
    expect(shape(await list(expired))).toEqual([401, 'ShareLinkTokenInvalid'])

    const changed = await opened({ share_pwd: 'one' }, 'one')
    await owner.ok('/share_link/update', { share_id: changed.share, share_pwd: 'two' })
    expect(shape(await list(changed))).toEqual([401, 'ShareLinkTokenInvalid'])
    expect((await list(await visit(world.url, changed.share, 'two'))).status).toBe(200)
  })

  test('is worth no more than the share’s creator', async () => {
    const { client: bob, drive } = await addTenant(world, `maker${now}`)
    const shared = await bob.folder('bobs')
    const { share_id } = await bob.ok('/share_link/create', { drive_id: String(drive), file_id_list: [shared] }, 201)
    const visitor = await visit(world.url, share_id)
    expect(await names(visitor)).toEqual(['bobs'])
    await world.store.write(async (tx) => {
      const [row] = await tx.users([{ tenant: `maker${now}` as never, id: 'bob' }])
      await tx.putUsers([{ ...row!, status: 'disabled' }])
    })
    now += 3000 // whoever is remembered is forgotten
    expect(shape(await visitor.call('/file/list', { parent_file_id: 'root' }))).toEqual([403, 'ShareLink.Forbidden'])
  })

  test('must have an account where the share says so', async () => {
    const { share_id } = await share({ require_login: true })
    expect(shape(await anonymous(world.url, '/share_link/get_share_token', { share_id }))).toEqual([
      403,
      'ForbiddenNoPermission.ShareLink',
    ])
    const { share_token } = await world.alice.ok('/share_link/get_share_token', { share_id })
    const member = new Visitor(world.url, share_id, share_token, world.alice)
    expect(await names(member)).toEqual(['shared'])
    expect(
      shape(await new Visitor(world.url, share_id, share_token).call('/file/list', { parent_file_id: 'root' })),
    ).toEqual([403, 'ForbiddenNoPermission.ShareLink'])
  })

  test('with an account keeps its own rights where it does not name the share, and loses them where it does', async () => {
    const { share_id } = await share()
    const asOwner = await visit(world.url, share_id, undefined, owner)
    expect(shape(await asOwner.call('/file/get', { file_id: secret }))).toEqual([404, 'NotFound.File'])
    expect(
      (await asOwner.call('/file/get', { share_id: undefined, drive_id: owner.drive, file_id: secret })).status,
    ).toBe(200)
    expect(shape(await asOwner.call('/file/get', { share_id: 'another', file_id: file }))).toEqual([
      400,
      'InvalidParameterNotMatch.ShareId',
    ])
  })

  test('cannot use a share token as an access token, nor the reverse', async () => {
    const { share_id } = await share()
    const { body } = await anonymous(world.url, '/share_link/get_share_token', { share_id })
    const asBearer = await send(`${world.url}/v2/user/get`, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.share_token}` },
    })
    expect(shape(asBearer)).toEqual([401, 'AccessTokenInvalid'])
    expect(
      shape(await new Visitor(world.url, share_id, owner.token).call('/file/list', { parent_file_id: 'root' })),
    ).toEqual([401, 'ShareLinkTokenInvalid'])
  })

  test('may carry the token in a child’s own header', async () => {
    const { share_id } = await share()
    const { body } = await anonymous(world.url, '/share_link/get_share_token', { share_id })
    const list = { url: '/file/list', body: { share_id, parent_file_id: 'root' } }
    const headers = { 'Content-Type': 'application/json', 'X-Share-Token': body.share_token }
    const { responses } = (
      await world.alice.batch([{ ...list, headers }, { ...list, headers: { 'x-share-token': 'bad' } }, idle])
    ).body
    expect(responses.map(shape)).toEqual([
      [200, undefined],
      [401, 'ShareLinkTokenInvalid'],
      [200, undefined],
    ])
  })
})
