/** A whole working day through the vendor's client, from signing in to an empty delta. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, type ChildRequest, Client, jwtToken, send, tokenCall, visit } from './client.ts'
import { type Checkpoint, fetchText, PRE_HASH_FROM, Sdk } from './sdk.ts'
import { startWorld, type World } from './world.ts'

const MB = 1024 * 1024
const FOLDERS = 10
const FILES = 200
const LARGE = 200 * MB

let world: World
let now = Date.UTC(2026, 10, 23, 8)
let day: Sdk
let refreshes = 0

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  const { body } = await jwtToken(world.url, {
    privateKey: world.privateKey,
    sub: 'alice',
    now: Math.floor(now / 1000),
  })
  let refreshToken: string = body.refresh_token
  const client = new Client(world.url, body.access_token, body.default_drive_id, world.alice.settle)
  day = new Sdk(client, async () => {
    refreshes++
    const fields = { grant_type: 'refresh_token', client_id: 'demo-pds', refresh_token: refreshToken }
    const renewed = await tokenCall(world.url, fields)
    refreshToken = renewed.body.refresh_token
    return renewed.body.access_token
  })
})
afterAll(() => world.server.stop())

/** Bytes that begin alike wherever they are alike; cheap to make at any size. */
const bytesOf = (size: number, seed: number) => {
  const block = randomBytes(Math.min(size, 64 * 1024))
  const bytes = Buffer.alloc(size, block)
  if (size >= 8) bytes.writeDoubleBE(seed, 0)
  return bytes
}
const inTens = (children: readonly ChildRequest[]) => day.batchApi(children, 10)
const idsOf = (items: unknown[]) => (items as { file_id: string }[]).map(({ file_id }) => file_id)

test('a working day', { timeout: 300_000 }, async () => {
  const { cursor: morning } = await day.ok('/file/get_last_cursor')
  const before: number = (await day.ok('/drive/get')).used_size

  // Folders, ten at a time; files of all sizes, some of them twice.
  const made = await inTens(
    Array.from({ length: FOLDERS }, (_, i) => ({
      url: '/file/create',
      body: { name: `folder ${i}`, type: 'folder', parent_file_id: 'root', check_name_mode: 'refuse' },
    })),
  )
  const folders = idsOf(made.successItems)
  expect([folders.length, made.errorItems]).toEqual([FOLDERS, []])
  const sizeOf = (i: number) => (i % 20 === 0 ? 0 : i % 50 === 1 ? 3 * MB : (i * 997) % 20_000)
  const contents = Array.from({ length: FILES - 2 }, (_, i) => bytesOf(sizeOf(i), i))
  const files: { name: string; file_id: string; size: number }[] = []
  for (let from = 0; from < contents.length; from += 10) {
    const sent = contents.slice(from, from + 10).map(async (bytes, k) => {
      const name = `file ${from + k}${k % 2 ? '.txt' : '.jpg'}`
      const { file_id } = await day.send(name, bytes, folders[(from + k) % FOLDERS]!)
      return { name, file_id, size: bytes.length }
    })
    files.push(...(await Promise.all(sent)))
  }

  // A large one, in parts, broken off in the middle, gone on with; then once more, which takes nothing.
  const large = bytesOf(LARGE, 4711)
  expect(large.length).toBeGreaterThan(PRE_HASH_FROM)
  const stopped: { checkpoint?: Checkpoint } = await day
    .send('large.bin', large, folders[0]!, { stopAfter: 5 })
    .catch((error) => error)
  const resumed = await day.resume(JSON.parse(JSON.stringify(stopped.checkpoint)), large)
  expect([resumed.state, resumed.parts]).toEqual(['success', Math.ceil(LARGE / (8 * MB + 64)) - 5])
  const again = await day.send('large copy.bin', large, folders[1]!)
  expect(again.state).toBe('rapid_success')
  const total = contents.reduce((sum, { length }) => sum + length, 2 * LARGE)
  expect((await day.ok('/drive/get')).used_size).toBe(before + total)

  // What was sent comes back: an empty file, one in parts, a small one.
  for (const i of [0, 1, 7]) expect((await day.fetch(files[i]!.file_id)).equals(contents[i]!)).toBe(true)

  // Lunch: the token runs out; the next call renews it.
  now += 7200 * 1000
  const listed = await Promise.all(folders.map((folder) => day.listAll(folder)))
  expect([listed.flat().length, refreshes]).toEqual([FILES, 1])

  const found = await day.ok('/file/search', {
    query: 'name match "FILE 19" and category = "image" and size > 0',
    order_by: 'name',
    limit: 100,
  })
  const wanted = files.filter(({ name, size }) => /file 19/.test(name) && name.endsWith('.jpg') && size > 0)
  expect(found.items.map((item: { name: string }) => item.name)).toEqual(wanted.map(({ name }) => name).sort())

  // Batches of every kind, ten at a time.
  const some = files.slice(0, 25).map(({ file_id }) => file_id)
  const child = (url: string, more: (id: string) => object) =>
    some.map((file_id) => ({ url, body: { file_id, ...more(file_id) } }))
  const target = await day.folder('target')
  for (const [url, more, outcome] of [
    ['/file/update', () => ({ starred: true, custom_index_key: 'starred_yes' }), 25],
    ['/file/copy', () => ({ to_parent_file_id: target, auto_rename: true }), 25],
    ['/file/move', () => ({ to_parent_file_id: target, auto_rename: true }), 25],
    ['/file/put_usertags', () => ({ user_tags: [{ key: 'day', value: 'monday' }] }), 25],
    ['/file/get_download_url', () => ({}), 25],
    ['/recyclebin/trash', () => ({}), 25],
    ['/recyclebin/restore', () => ({}), 25],
    ['/recyclebin/restore', () => ({}), 0],
  ] as const) {
    const { successItems, errorItems } = await inTens(child(url, more))
    expect([url, successItems.length, errorItems.length]).toEqual([url, outcome, 25 - outcome])
  }
  expect((await day.listAll(target)).length).toBe(50)
  const starred = await day.ok('/file/list_by_custom_index_key', { custom_index_key: 'starred_yes', limit: 100 })
  expect(starred.items).toHaveLength(25)

  // A share with a password; somebody without an account downloads, somebody with one saves.
  const { share_id } = await day.ok(
    '/share_link/create',
    { file_id_list: [target], share_pwd: 'm0nday', download_limit: 3 },
    201,
  )
  await expect(visit(world.url, share_id, 'tuesday')).rejects.toThrow('SharePwd')
  const visitor = await visit(world.url, share_id, 'm0nday')
  const top = await visitor.ok('/file/list', { parent_file_id: 'root' })
  const inside = await visitor.ok('/file/list', { parent_file_id: top.items[0].file_id, limit: 100 })
  expect(inside.items).toHaveLength(50)
  const gift = inside.items.find((item: { size: number }) => item.size > 0)
  const { download_url } = await visitor.ok('/file/get_share_link_download_url', { file_id: gift.file_id })
  expect((await send(download_url)).headers.get('x-oss-hash-crc64ecma')).toBe(gift.crc64_hash)
  const saver = await world.clientOf('admin', world.admin.drive)
  const member = await visit(world.url, share_id, 'm0nday', saver)
  const saved = await member.ok(
    '/file/copy',
    { file_id: target, to_drive_id: saver.drive, to_parent_file_id: 'root', auto_rename: true },
    202,
  )
  expect((await saver.poll(saved.async_task_id)).state).toBe('Succeed')
  expect((await saver.list(saved.file_id)).length).toBe(50)

  // One batch of every kind of child that the vendor lists.
  const passing = await day.folder('passing')
  const spare = await day.folder('spare', passing)
  const { group_id } = await saver.ok('/group/create', { group_name: 'the day' }, 201)
  const { async_task_id: cleared } = await day.ok('/recyclebin/clear', {}, 202)
  const mistaken = await day.ok('/share_link/create', { file_id_list: [passing] }, 201)
  const { share_token } = await day.ok('/share_link/get_share_token', { share_id, share_pwd: 'm0nday' })
  const through = { 'Content-Type': 'application/json', 'x-share-token': share_token }
  const kinds: readonly (readonly [number, string, object, Record<string, string>?])[] = [
    [200, '/file/get', { file_id: target }],
    [200, '/file/search', { query: 'name = "target"' }],
    [200, '/file/get_download_url', { file_id: gift.file_id }],
    [200, '/file/get_share_link_download_url', { share_id, file_id: gift.file_id }, through],
    [200, '/file/update', { file_id: spare, description: 'spare' }],
    [202, '/file/copy', { file_id: spare, to_parent_file_id: 'root', auto_rename: true }],
    [200, '/file/move', { file_id: spare, to_parent_file_id: 'root', auto_rename: true }],
    [200, '/file/put_usertags', { file_id: spare, user_tags: [{ key: 'k', value: 'v' }] }],
    [204, '/file/delete_usertags', { file_id: spare, key_list: ['k'] }],
    [204, '/recyclebin/trash', { file_id: spare }],
    [204, '/recyclebin/restore', { file_id: spare }],
    [204, '/file/delete', { file_id: passing }],
    [200, '/file/pre_create_check', { parent_file_id: 'root', name: 'target', type: 'folder' }],
    [200, '/drive/get', {}],
    [200, '/user/get', { user_id: 'alice' }],
    [200, '/group/get', { group_id }],
    [201, '/share_link/create', { file_id_list: [target] }],
    [200, '/share_link/update', { share_id, description: 'monday' }],
    [204, '/share_link/cancel', { share_id: mistaken.share_id }],
    [200, '/share_link/list', {}],
    [200, '/share_link/get', { share_id }],
    [200, '/share_link/get_share_token', { share_id, share_pwd: 'm0nday' }],
    [200, '/async_task/get', { async_task_id: cleared }],
  ]
  const every = await day.batch(kinds.map(([, url, body, headers]) => ({ url, body, ...(headers && { headers }) })))
  expect(every.body.responses.map(({ status }: Answer, i: number) => [status, kinds[i]![1]])).toEqual(
    kinds.map(([status, url]) => [status, url]),
  )
  await day.ok('/share_link/cancel', { share_id }, 204)

  // A file through its versions and back.
  const { file_id } = await day.upload('report.txt', 'first draft')
  await day.upload('report.txt', 'second draft', { file_id, check_name_mode: 'refuse' })
  const [, first] = (await day.ok('/file/revision/list', { file_id })).items
  await day.ok('/file/revision/restore', { file_id, revision_id: first.revision_id })
  expect(await fetchText((await day.ok('/file/get', { file_id })).url)).toBe('first draft')

  // The evening: some put away, some of it taken back, the rest for good.
  const gone = await inTens(folders.map((folder) => ({ url: '/recyclebin/trash', body: { file_id: folder } })))
  expect(gone.successItems).toHaveLength(FOLDERS)
  await day.ok('/recyclebin/restore', { file_id: folders[0] }, 204)
  const { async_task_id } = await day.ok('/recyclebin/clear', {}, 202)
  expect((await day.poll(async_task_id)).state).toBe('Succeed')
  expect((await day.ok('/recyclebin/list', {})).items).toEqual([])
  await day.settle()
  const left = await Promise.all([folders[0]!, target].map((folder) => day.listAll(folder)))
  const kept = left.flat().reduce((sum, item) => sum + (item.size ?? 0), 0)
  expect((await day.ok('/drive/get')).used_size).toBe(before + kept + 3 * 'first draft'.length + 1)

  // Everything of the day, told once; then nothing more.
  const { ops, cursor } = await day.deltas(morning)
  const count = (op: string) => ops.filter((one) => one.op === op).length
  expect({
    update: count('update'),
    move: count('move'),
    trash: count('trash'),
    restore: count('restore'),
    overwrite: count('overwrite'),
  }).toEqual({
    update: 50 + 3,
    move: 25 + 1,
    trash: 25 + 1 + FOLDERS,
    restore: 26 + 1,
    overwrite: 2,
  })
  expect(count('create')).toBe(FOLDERS + FILES + 25 + 2 + 3)
  expect(await day.deltas(cursor)).toEqual({ ops: [], cursor } satisfies Awaited<ReturnType<Sdk['deltas']>>)
  const out: Answer = await day.raw('/account/revoke', '{}')
  expect(out.status).toBe(204)
})
