/** `POST /v2/batch`: the envelope, the children, and what they see of each other. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Changes, Store, WriteTx } from '../../src/engine/index.ts'
import { type Answer, type Client, send } from './client.ts'
import { startWorld, type World } from './world.ts'

/** The child urls the vendor's page lists. */
const LISTED = [
  '/file/get /file/update /file/search /file/copy /file/move /file/delete /file/get_download_url',
  '/file/get_share_link_download_url /recyclebin/trash /recyclebin/restore /file/put_usertags /file/delete_usertags',
  '/drive/get /user/get /group/get /share_link/create /share_link/update /share_link/cancel /share_link/list',
  '/share_link/get /share_link/get_share_token /async_task/get',
].flatMap((line) => line.split(' '))
const UNKNOWN_FILE = 'f'.repeat(40)

let world: World
let client: Client
let writes = 0

beforeAll(async () => {
  world = await startWorld({ wrapStore: (store) => countingMoves(store, () => writes++) })
})
afterAll(() => world.server.stop())
beforeEach(async () => {
  client = world.admin
  const { items } = await client.ok('/file/list', { parent_file_id: 'root', limit: 200 })
  await client.batch(items.map(({ file_id }: { file_id: string }) => ({ url: '/file/delete', body: { file_id } })))
})

/** Tells of every transaction that puts nodes somewhere. */
function countingMoves(store: Store, tell: () => void): Store {
  const counting = (tx: WriteTx) =>
    new Proxy(tx, {
      get(target, member: keyof WriteTx) {
        if (member !== 'apply')
          return typeof target[member] === 'function' ? target[member].bind(target) : target[member]
        return (changes: Changes) => {
          if (changes.placeNodes.length + changes.moveNodes.length > 0) tell()
          return target.apply(changes)
        }
      },
    })
  return { ...store, write: (fn) => store.write((tx) => fn(counting(tx))) }
}

const envelope = (body: unknown) => client.raw('/batch', typeof body === 'string' ? body : JSON.stringify(body))
const folderChild = (name: string, more: object = {}) => ({
  url: '/file/create',
  body: { name, type: 'folder', parent_file_id: 'root', ...more },
})
const child = (id: unknown, more: object = {}) => ({
  id,
  method: 'POST',
  url: '/file/create',
  headers: { 'Content-Type': 'application/json' },
  body: { drive_id: client.drive, name: `made by ${id}`, type: 'folder', parent_file_id: 'root' },
  ...more,
})

async function expectWhollyRefused(answer: Answer, code = 'InvalidParameter') {
  expect([answer.status, answer.body?.code]).toEqual([400, code])
  expect(await client.list()).toEqual([])
}

test('answers come in request order with the statuses and bodies of the single endpoints', async () => {
  const [a, b] = [await client.folder('a'), (await client.upload('b.txt', 'b')).file_id]
  const { status, body } = await client.batch([
    { id: 'gone', url: '/file/get', body: { file_id: UNKNOWN_FILE } },
    { id: 'copied', url: '/file/copy', body: { file_id: b, to_parent_file_id: a } },
    { id: 'copied folder', url: '/file/copy', body: { file_id: a, to_parent_file_id: 'root', new_name: 'c' } },
    { id: 'moved', url: '/file/move', body: { file_id: b, to_parent_file_id: a, new_name: 'b2.txt' } },
    { id: 'trashed', url: '/recyclebin/trash', body: { file_id: b } },
    { id: 'restored', url: '/recyclebin/restore', body: { file_id: b } },
    { id: 'deleted', url: '/file/delete', body: { file_id: b, permanently: true } },
  ])
  expect(status).toBe(200)
  expect(body.responses.map(({ id, status }: { id: string; status: number }) => [id, status])).toEqual([
    ['gone', 404],
    ['copied', 201],
    ['copied folder', 202],
    ['moved', 200],
    ['trashed', 204],
    ['restored', 204],
    ['deleted', 204],
  ])
  expect(body.responses[0].body).toEqual({
    code: 'NotFound.File',
    message: 'The resource file cannot be found. Please check.',
  })
  expect(body.responses[2].body.async_task_id).toMatch(/^\d+$/)
  expect(Object.keys(body.responses[4])).toEqual(['id', 'status'])
})

test('200 answers even when every child failed', async () => {
  const { status, body } = await client.batch([{ url: '/file/get', body: { file_id: UNKNOWN_FILE } }])
  expect([status, body.responses[0].status]).toEqual([200, 404])
})

test('later children see what earlier ones did', async () => {
  const a = await client.folder('a')
  const { body } = await client.batch([
    { url: '/file/update', body: { file_id: a, name: 'renamed', check_name_mode: 'refuse' } },
    { url: '/file/get', body: { file_id: a } },
    { url: '/recyclebin/trash', body: { file_id: a } },
    { url: '/file/get', body: { file_id: a } },
    { url: '/file/update', body: { file_id: a, name: 'too late' } },
    { url: '/file/list', body: { parent_file_id: 'root' } },
  ])
  const [, got, , binned, late, listed] = body.responses
  expect([got.body.name, got.body.trashed, binned.body.trashed]).toEqual(['renamed', false, true])
  expect([late.status, late.body.code, listed.body.items]).toEqual([404, 'NotFound.File', []])
})

test('a hundred children run in one transaction', async () => {
  const target = await client.folder('target')
  const made = await client.batch(Array.from({ length: 99 }, (_, i) => folderChild(`n${i}`)))
  const ids = made.body.responses.map(({ body }: { body: { file_id: string } }) => body.file_id)
  writes = 0
  const { body } = await client.batch([
    ...ids.map((file_id: string) => ({
      url: '/file/move',
      body: { file_id, to_parent_file_id: target, auto_rename: true },
    })),
    { url: '/drive/get', body: {} },
  ])
  expect(body.responses.map(({ status }: { status: number }) => status)).toEqual(Array(100).fill(200))
  expect(writes).toBe(1)
  expect((await client.list(target)).length).toBe(99)
})

test('a child costs neither an authentication nor a trip through HTTP of its own', async () => {
  const check = vi.spyOn(world.server.auth, 'check')
  const actor = vi.spyOn(world.server.auth, 'actor')
  let requests = 0
  const count = () => requests++
  subscribe('http.server.request.start', count)
  try {
    const kinds = ['/drive/get', '/file/list', '/recyclebin/list', '/user/get', '/share_link/list', '/file/search']
    const children = Array.from({ length: 100 }, (_, i) => ({
      url: kinds[i % kinds.length]!,
      body: { parent_file_id: 'root' },
    }))
    const { body } = await client.batch(children)
    expect(body.responses.map(({ status }: { status: number }) => status)).toEqual(Array(100).fill(200))
    expect([check.mock.calls.length, actor.mock.calls.length, requests]).toEqual([1, 1, 1])
  } finally {
    unsubscribe('http.server.request.start', count)
    vi.restoreAllMocks()
  }
})

test('the children of a batch see one state, whatever others write meanwhile', async () => {
  const [here, there] = [await client.folder('here'), await client.folder('there')]
  const file_id = await client.folder('wanderer', here)
  let isOver = false
  const wander = async () => {
    for (let to = there; !isOver; to = to === here ? there : here) {
      await client.ok('/file/move', { file_id, to_parent_file_id: to })
    }
  }
  const look = async () => {
    const lists = [here, there, here].map((parent_file_id) => ({ url: '/file/list', body: { parent_file_id } }))
    for (let i = 0; i < 40; i++) {
      const { body } = await client.batch(lists)
      const counts = body.responses.map((one: Answer) => one.body.items.length)
      expect([counts[0] + counts[1], counts[2]]).toEqual([1, counts[0]])
    }
  }
  const wandering = wander()
  try {
    await look()
  } finally {
    isOver = true
    await wandering
  }
  const both = await client.batch([
    { url: '/file/move', body: { file_id, to_parent_file_id: here } },
    { url: '/file/list', body: { parent_file_id: here } },
    { url: '/file/move', body: { file_id, to_parent_file_id: there } },
    { url: '/file/list', body: { parent_file_id: here } },
    { url: '/file/list', body: { parent_file_id: there } },
  ])
  const listed = both.body.responses
    .filter(({ body }: Answer) => body.items)
    .map(({ body }: Answer) => body.items.length)
  expect(listed).toEqual([1, 0, 1])
})

test('the groups of ten of the vendor’s batchApi all arrive, and a 204 counts as a success', async () => {
  const made = await client.batchApi(Array.from({ length: 25 }, (_, i) => folderChild(`g${i}`)))
  expect([made.successItems.length, made.errorItems]).toEqual([25, []])
  const ids = (made.successItems as { file_id: string }[]).map(({ file_id }) => file_id)
  const gone = await client.batchApi(
    [...ids, UNKNOWN_FILE].map((file_id) => ({ url: '/recyclebin/trash', body: { file_id } })),
  )
  expect(gone.successItems).toEqual(Array(25).fill(undefined))
  expect(gone.errorItems.map(({ code }) => code)).toEqual(['NotFound.File'])
})

test('starring through batch shows what a second star call needs', async () => {
  const a = await client.folder('a')
  const star = (starred: boolean) =>
    client.batch([
      { id: a, url: '/file/update', body: { file_id: a, starred, custom_index_key: starred ? 'starred_yes' : '' } },
    ])
  const { responses } = (await star(true)).body
  expect(responses[0]).toMatchObject({
    id: a,
    status: 200,
    body: { drive_id: client.drive, file_id: a, starred: true, custom_index_key: 'starred_yes' },
  })
  const cleared = (await star(false)).body.responses[0].body
  expect([cleared.starred, cleared.custom_index_key]).toEqual([false, undefined])
})

test('a child body may be an object or a string of JSON; the answer is always an object', async () => {
  const a = await client.folder('a')
  const { body } = await client.batch([
    { url: '/file/get', body: JSON.stringify({ drive_id: client.drive, file_id: a }) },
    { url: '/file/get', body: '{"drive_id":' },
    { url: '/file/get', body: '[]' },
    { url: '/file/get', body: 7 },
    { url: '/nowhere' },
  ])
  const codes = body.responses.map(({ status, body }: Answer) => [status, body.code ?? body.name])
  expect(codes).toEqual([
    [200, 'a'],
    [400, 'InvalidRequestJSONFormat'],
    [400, 'InvalidRequestJSONFormat'],
    [400, 'InvalidRequestJSONFormat'],
    [404, 'I404NF'],
  ])
})

test('drives, users, groups and tasks are read beside files', async () => {
  const a = await client.folder('a')
  const copied = await client.ok('/file/copy', { file_id: a, to_parent_file_id: 'root', auto_rename: true }, 202)
  const { body } = await client.batch([
    { url: '/drive/get', body: {} },
    { url: '/user/get', body: { user_id: 'alice' } },
    { url: '/user/get', body: {} },
    { url: '/user/get', body: { user_id: 'nobody' } },
    { url: '/group/get', body: { group_id: 'nobody' } },
    { url: '/async_task/get', body: { async_task_id: copied.async_task_id } },
    { url: '/async_task/get', body: { async_task_id: '999999' } },
    { url: '/drive/get', body: { drive_id: '999999' } },
  ])
  expect(body.responses).toMatchObject([
    { status: 200, body: { drive_id: client.drive, owner: 'admin', owner_type: 'user' } },
    { status: 200, body: { user_id: 'alice', default_drive_id: world.alice.drive } },
    { status: 200, body: { user_id: 'admin', role: 'admin' } },
    { status: 404, body: { code: 'NotFound.User' } },
    { status: 404, body: { code: 'NotFound.Group' } },
    { status: 200, body: { state: 'Succeed', status: 'Succeed', total_process: 1, consumed_process: 1 } },
    { status: 404, body: { code: 'NotFound.AsyncTaskId' } },
    { status: 404, body: { code: 'NotFound.Drive' } },
  ])
})

test('an unknown url, a url that cannot be batched and another method are 404 for that child alone', async () => {
  const urls = ['/file/nonsense', '/batch', '/oauth/token', '/account/token', 'file/get', '/share_link', '/v2']
  const { body } = await client.batch([
    ...urls.map((url) => ({ url })),
    { url: '/file/get', method: 'GET', body: { file_id: 'root' } },
    folderChild('still made'),
  ])
  for (const response of body.responses.slice(0, -1)) {
    expect(response).toMatchObject({ status: 404, body: { code: 'I404NF' } })
  }
  expect(body.responses[7].body.message).toBe('API not found with `GET /v2/file/get`')
  expect(await client.list()).toEqual(['still made'])
})

test('every url of the vendor’s page is served', async () => {
  const { body } = await client.batch(LISTED.map((url) => ({ id: url, url })))
  const codes: string[] = body.responses.map((response: Answer) => response.body.code)
  expect(codes).toHaveLength(22)
  expect(codes.filter((code) => code === 'I404NF' || code === 'OperationNotSupport')).toEqual([])
})

test('what is no file is seen by later children too: shares, people, the bin', async () => {
  const a = await client.folder('a')
  const made = await client.ok('/share_link/create', { file_id_list: [a] }, 201)
  const { share_id } = made
  const { body } = await client.batch([
    { url: '/share_link/update', body: { share_id, share_name: 'new name' } },
    { url: '/share_link/get', body: { share_id } },
    { url: '/recyclebin/trash', body: { file_id: a } },
    { url: '/recyclebin/list', body: { limit: 1 } },
    { url: '/recyclebin/restore', body: { file_id: a } },
    { url: '/file/search', body: { query: "name = 'a'" } },
    { url: '/share_link/get_share_token', body: { share_id } },
    { url: '/share_link/cancel', body: { share_id } },
    { url: '/share_link/get_share_token', body: { share_id } },
  ])
  const [, got, , binned, , found, token, , refused] = body.responses
  expect(got.body.share_name).toBe('new name')
  expect(binned.body.items[0].file_id).toBe(a)
  expect(found.body.items).toMatchObject([{ file_id: a, trashed: false }])
  expect([token.status, refused.status, refused.body.code]).toEqual([200, 400, 'ShareLink.Cancelled'])
})

test('calls that are no set are children too', async () => {
  const { body } = await client.batch([
    { url: '/drive/list_my_drives' },
    { url: '/recyclebin/list', body: {} },
    { url: '/drive/update', body: { drive_id: 'x' } },
  ])
  expect(body.responses.map(({ status }: Answer) => status)).toEqual([200, 200, 400])
})

test('a /v2 prefix and a query on a child url do no harm', async () => {
  const { body } = await client.batch([
    { url: '/v2/file/get', body: { file_id: 'root' } },
    { url: '/file/get?x=1', body: { file_id: 'root' } },
  ])
  expect(body.responses.map(({ status }: Answer) => status)).toEqual([200, 200])
})

test('every resource of the page is accepted, whatever the children are about', async () => {
  const resources = ['file', 'drive', 'user', 'group', 'membership', 'share_link', 'async_task']
  const answers = await Promise.all(
    resources.map((resource) => client.batch([{ url: '/user/get', body: {} }], resource)),
  )
  expect(answers.map(({ status }) => status)).toEqual(resources.map(() => 200))
})

test('a child repeated in a batch meets what its first run left', async () => {
  const { file_id } = await client.upload('once.txt', 'once')
  const { body } = await client.batch([1, 2, 3].map(() => ({ url: '/recyclebin/trash', body: { file_id } })))
  expect(body.responses.map(({ status }: Answer) => status)).toEqual([204, 404, 404])
  expect((await client.ok('/recyclebin/list')).items[0].file_id).toBe(file_id)
})

test('an item inside another of the same batch goes with it', async () => {
  const outer = await client.folder('outer')
  const inner = await client.folder('inner', outer)
  const { body } = await client.batch([outer, inner].map((file_id) => ({ url: '/file/delete', body: { file_id } })))
  expect(body.responses.map(({ status }: Answer) => status)).toEqual([204, 404])
})

test('no body, bad JSON and JSON of another shape are refused as a whole', async () => {
  await expectWhollyRefused(await client.raw('/batch', undefined))
  await expectWhollyRefused(await envelope('{"resource":'), 'InvalidRequestJSONFormat')
  await expectWhollyRefused(await envelope([]), 'InvalidRequestJSONFormat')
  await expectWhollyRefused(await envelope('"text"'), 'InvalidRequestJSONFormat')
  await expectWhollyRefused(
    await client.raw('/batch', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])),
    'InvalidRequestJSONFormat',
  )
})

test('a missing or unknown resource is refused as a whole', async () => {
  for (const resource of [undefined, null, '', 'files', 7]) {
    await expectWhollyRefused(await envelope({ resource, requests: [child('a')] }))
  }
})

test('no requests, too many, or something else than a list of objects are refused as a whole', async () => {
  const many = Array.from({ length: 101 }, (_, i) => child(`id${i}`))
  for (const requests of [
    undefined,
    null,
    [],
    {},
    'x',
    many,
    [child('a'), null],
    [child('a'), []],
    [child('a'), 'x'],
  ]) {
    await expectWhollyRefused(await envelope({ resource: 'file', requests }))
  }
  const hundred = await envelope({ resource: 'file', requests: many.slice(0, 100) })
  expect([hundred.status, hundred.body.responses.length]).toEqual([200, 100])
})

test('ids that are empty, missing, repeated or no strings are refused as a whole', async () => {
  for (const ids of [
    ['a', 'a'],
    ['a', ''],
    ['a', undefined],
    ['a', 7],
    ['a', null],
  ]) {
    await expectWhollyRefused(await envelope({ resource: 'file', requests: ids.map((id) => child(id)) }))
  }
})

test('a method outside the list, no url and headers of another shape are refused as a whole', async () => {
  for (const wrong of [{ method: 'PATCH' }, { method: undefined }, { url: '' }, { url: 7 }, { headers: 'x' }]) {
    await expectWhollyRefused(await envelope({ resource: 'file', requests: [child('a'), child('b', wrong)] }))
  }
})

test('unknown fields are ignored, in the envelope and in children', async () => {
  const requests = [child('a', { extra: 1, body: { ...child('a').body, donot_emit_error: true, part_size: 3 } })]
  expect((await envelope({ resource: 'file', requests, more: {} })).body.responses[0].status).toBe(201)
})

test('children that look at more together than one transaction holds are answered like any others', async () => {
  const folders = Array.from({ length: 100 }, (_, i) => ({
    url: '/file/create',
    body: { parent_file_id: 'root', name: `many ${i}`, type: 'folder' },
  }))
  const made = (await client.batch(folders)).body.responses
  const file_id_list = made.map(({ body }: Answer) => body.file_id)
  const shares = Array.from({ length: 21 }, () => ({ url: '/share_link/create', body: { file_id_list } }))
  const { responses } = (await client.batch([...shares, { url: '/file/get', body: { file_id: 'root' } }])).body
  expect(responses.map(({ status }: Answer) => status)).toEqual([...shares.map(() => 201), 200])
})

test('children are given URLs for no more parts together than a call alone', async () => {
  const parts = (count: number) => Array.from({ length: count }, (_, i) => ({ part_number: i + 1 }))
  const create = (name: string, count: number) => ({
    url: '/file/create',
    body: { parent_file_id: 'root', name, type: 'file', part_info_list: parts(count) },
  })
  const { responses } = (await client.batch([create('a', 9_000), create('b', 1_001), create('c', 1_000)])).body
  expect(responses.map(({ status, body }: Answer) => [status, body.code])).toEqual([
    [201, undefined],
    [400, 'InvalidParameterOutOfRange.PartInfoList'],
    [201, undefined],
  ])
})

test('unknown routes and other methods answer JSON with a request id', async () => {
  const answers = await Promise.all([
    client.raw('/nonsense', undefined),
    client.raw('/file/nonsense', '{}'),
    send(`${world.url}/v2/file/get`),
  ])
  for (const { status, headers, body } of answers) {
    expect([status, body.code]).toEqual([404, 'I404NF'])
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('x-ca-request-id')).toBeTruthy()
  }
  expect(answers[2]!.body.message).toBe('API not found with `GET /v2/file/get`')
})

test('browsers of any origin may call', async () => {
  const preflight = await send(`${world.url}/v2/batch`, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-share-token')
  const answer = await client.raw('/user/get', '{}', { origin: 'https://app.example' })
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-ca-request-id')
})
