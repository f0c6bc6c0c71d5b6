/** Looking for files: the query language, orders, pages, and the other ways to find what one does not know the place of. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DriveId, type Op, onConflict, type TenantId } from '../../src/engine/index.ts'
import { type Answer, type Client, visit } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client
let now = Date.UTC(2026, 10, 21, 12)
let photos: string
let old: string

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  client = world.admin
  photos = await client.folder('Photos')
  const upload = (name: string, content: string, more: object = {}) => {
    now += 1000
    return client.upload(name, content, more)
  }
  await upload('kite.jpg', 'x'.repeat(2000), {
    parent_file_id: photos,
    labels: ['sky', 'red'],
    description: 'over the hill',
  })
  await upload('Kite race.MP4', 'x'.repeat(500), { parent_file_id: photos, labels: ['sky'], content_type: 'video/mp4' })
  old = (await upload("it's.txt", 'old', { starred: true })).file_id
  await client.ok('/file/update', { file_id: old, starred: true, custom_index_key: 'starred_yes' })
  await upload('plain.txt', '', { hidden: true })
  await upload('binned kite.txt', 'gone')
  const { items } = await client.ok('/file/search', { query: "name = 'binned kite.txt'" })
  await client.ok('/recyclebin/trash', { file_id: items[0].file_id }, 204)
})
afterAll(() => world.server.stop())

const namesOf = ({ items }: Answer['body']): string[] => items.map(({ name }: { name: string }) => name)
const find = async (query: string, more: object = {}) =>
  namesOf(await client.ok('/file/search', { query, order_by: 'name', ...more }))
const shape = ({ status, body }: Answer) => [status, body?.code]

test.each([
  ["name = 'kite.jpg'", ['kite.jpg']],
  ['name match "KITE"', ['Kite race.MP4', 'kite.jpg']],
  ["name match 'kite' and not file_extension = 'mp4'", ['kite.jpg']],
  ["name = 'it\\'s.txt'", ["it's.txt"]],
  ['description match "HILL"', ['kite.jpg']],
  [
    "(label = 'red' or label = 'blue') and category in ['video','image'] and status = 'available' and hidden = false",
    ['kite.jpg'],
  ],
  ["label in ['sky']", ['Kite race.MP4', 'kite.jpg']],
  ["category = 'video'", ['Kite race.MP4']],
  ["category in ['doc', 'image']", ["it's.txt", 'kite.jpg', 'plain.txt']],
  ['size > 499 and size<=500', ['Kite race.MP4']],
  ['size = 0', ['plain.txt']],
  ['starred = true', ["it's.txt"]],
  ['hidden = true', ['plain.txt']],
  ["type = 'folder'", ['Photos']],
  ["type in ['folder'] or hidden = TRUE", ['Photos', 'plain.txt']],
  ['parent_file_id = "root" and type = "file"', ["it's.txt", 'plain.txt']],
  ["mime_type = 'video/mp4'", ['Kite race.MP4']],
  ["status = 'uploading'", []],
  ['created_at < "2019-01-14T00:00:00"', []],
  ['created_at > "2019-01-14T00:00:00" and updated_at <= "2026-11-21T12:00:01"', ['Photos', 'kite.jpg']],
  ["not (type = 'file' or type = 'folder')", []],
  ["type = 'folder' or type = 'file' and hidden = true", ['Photos', 'plain.txt']],
  ['', ['Kite race.MP4', 'Photos', "it's.txt", 'kite.jpg', 'plain.txt']],
])('%s', async (query, names) => {
  expect(await find(query)).toEqual(names)
})

test('a folder’s own children, or with recursive everything below it', async () => {
  const inner = await client.folder('inner', photos)
  await client.upload('deep.txt', 'deep', { parent_file_id: inner })
  expect(await find(`parent_file_id = "${photos}" and type = 'file'`)).toEqual(['Kite race.MP4', 'kite.jpg'])
  expect(await find(`parent_file_id = "${photos}" and type = 'file'`, { recursive: true })).toEqual([
    'Kite race.MP4',
    'deep.txt',
    'kite.jpg',
  ])
  expect(await find('parent_file_id = "root" and name match "deep"', { recursive: true })).toEqual(['deep.txt'])
  expect(await find(`parent_file_id = "${'f'.repeat(40)}"`)).toEqual([])
  await client.ok('/file/delete', { file_id: inner }, 204)
})

test.each([
  ['name ='],
  ['name = kite'],
  ["name = 'kite"],
  ['(size > 1'],
  ['size > 1)'],
  ['size ! 1'],
  ['size != 1'],
  ["size > 'x'"],
  ['size match 1'],
  ['and'],
  ["colour = 'red'"],
  ["created_at > 'yesterday'"],
  ['category in []'],
  ['starred > true'],
  [`${'('.repeat(60)}size > 1${')'.repeat(60)}`],
])('%s is no query', async (query) => {
  const answer = await client.call('/file/search', { query })
  expect(shape(answer)).toEqual([400, 'InvalidParameter.Query'])
  expect(answer.body.message).toMatch(/^The input parameter query is not valid\. ./)
})

test('orders, pages and counts; the marker remembers what was asked', async () => {
  const first = await client.ok('/file/search', {
    query: "type = 'file'",
    order_by: 'size DESC,name',
    limit: 2,
    return_total_count: true,
  })
  expect([namesOf(first), first.total_count]).toEqual([['kite.jpg', 'Kite race.MP4'], 4])
  const second = await client.ok('/file/search', { marker: first.next_marker, limit: 9 })
  expect([namesOf(second), second.next_marker, second.total_count]).toEqual([["it's.txt", 'plain.txt'], '', undefined])
  expect(namesOf(await client.ok('/file/search', { query: "type = 'file'" }))).toEqual([
    'plain.txt',
    "it's.txt",
    'Kite race.MP4',
    'kite.jpg',
  ])
  const wrong = [
    { order_by: 'colour' },
    { order_by: 'name UP' },
    { order_by: '__proto__' },
    { marker: 'x' },
    { limit: 0 },
    { limit: 101 },
    { query: 'x'.repeat(4097) },
  ]
  const answers = await Promise.all(wrong.map((body) => client.call('/file/search', body)))
  expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 400))
})

test('a batch searches too, and finds what an earlier child wrote', async () => {
  const { responses } = (
    await client.batch([
      { url: '/file/create', body: { name: 'fresh folder', type: 'folder', parent_file_id: 'root' } },
      { url: '/file/search', body: { query: "name match 'fresh'" } },
      { url: '/file/search', body: { query: 'name' } },
    ])
  ).body
  expect([responses[0].status, responses[1].status, responses[2].status]).toEqual([201, 200, 400])
  expect(namesOf(responses[1].body)).toEqual(['fresh folder'])
  await client.ok('/file/delete', { file_id: responses[0].body.file_id }, 204)
})

test('others find only what they may see, in the drives they name', async () => {
  expect(namesOf(await world.alice.ok('/file/search', { drive_id: client.drive, query: '' }))).toEqual([])
  await client.ok(
    '/file/add_permission',
    {
      file_id: photos,
      member_list: [{ identity: { identity_type: 'IT_User', identity_id: 'alice' }, role_id: 'SystemFileViewer' }],
    },
    204,
  )
  await world.alice.folder('mine')
  const both = { drive_id: undefined, drive_id_list: [world.alice.drive, client.drive], order_by: 'name' }
  expect(namesOf(await world.alice.ok('/file/search', { ...both, query: '' }))).toEqual([
    'Kite race.MP4',
    'Photos',
    'kite.jpg',
    'mine',
  ])
  const { share_id } = await client.ok('/share_link/create', { file_id_list: [photos] }, 201)
  const visitor = await visit(world.url, share_id)
  expect(namesOf(await visitor.ok('/file/search', { query: "type = 'file'", order_by: 'name' }))).toEqual([
    'Kite race.MP4',
    'kite.jpg',
  ])
})

test('a listing narrowed by category or star has full pages', async () => {
  const page = await client.ok('/file/list', { parent_file_id: photos, category: 'image', limit: 1 })
  expect([namesOf(page), page.next_marker]).toEqual([['kite.jpg'], ''])
  expect(namesOf(await client.ok('/file/list', { parent_file_id: 'root', starred: true }))).toEqual(["it's.txt"])
  expect(shape(await client.call('/file/list', { parent_file_id: old, starred: true }))).toEqual([
    400,
    'InvalidParameter.ParentFileId',
  ])
})

test('scan gives pages of up to 5000', async () => {
  const { drive_id } = await world.admin.ok('/drive/create', { drive_name: 'wide', owner: 'alice' }, 201)
  const drive = Number(drive_id) as DriveId
  const actor = (await world.server.auth.actor({ tenant: 'demo' as TenantId, dialect: 'pds', app: '', user: 'alice' }))!
  const naming = { pattern: 'time', charactersMax: 0, forbidden: null, trim: false } as const
  const ops = Array.from({ length: 1100 }, (_, i): Op => {
    const place = { parent: { drive, path: [] }, name: `f${i}` }
    return { kind: 'createFolder', ...place, conflict: onConflict('fail'), naming }
  })
  await world.server.engine.batch(actor, ops)
  const first = await world.alice.ok('/file/scan', { drive_id, limit: 1050 })
  const rest = await world.alice.ok('/file/scan', { drive_id, limit: 5000, marker: first.next_marker })
  expect([first.items.length, rest.items.length, rest.next_marker]).toEqual([1050, 50, ''])
  expect(new Set([...first.items, ...rest.items].map(({ file_id }) => file_id)).size).toBe(1100)
  expect(shape(await world.alice.call('/file/scan', { drive_id, limit: 5001 }))).toEqual([
    400,
    'InvalidParameter.Limit',
  ])
})

test('scan sees everything once, page by page; walk what is below a folder; a key its files', async () => {
  const seen: string[] = []
  let marker = ''
  do {
    const page = await client.ok('/file/scan', { limit: 2, marker })
    seen.push(...namesOf(page))
    marker = page.next_marker
  } while (marker)
  expect(seen.sort()).toEqual(['Kite race.MP4', 'Photos', "it's.txt", 'kite.jpg', 'plain.txt'])
  expect(shape(await world.alice.call('/file/scan', { drive_id: '99999' }))).toEqual([404, 'NotFound.Drive'])
  expect(namesOf(await client.ok('/file/walk', { parent_file_id: photos, order_by: 'name' }))).toEqual([
    'Kite race.MP4',
    'kite.jpg',
  ])
  expect(
    namesOf(
      await client.ok('/file/walk', {
        parent_file_id: 'root',
        before_updated_at: '2026-11-21T12:00:01.500Z',
        type: 'file',
      }),
    ),
  ).toEqual(['kite.jpg'])
  const starred = { custom_index_key: 'starred_yes' }
  expect(namesOf(await client.ok('/file/list_by_custom_index_key', starred))).toEqual(["it's.txt"])
  await client.ok('/file/update', { file_id: old, custom_index_key: '' })
  expect(namesOf(await client.ok('/file/list_by_custom_index_key', starred))).toEqual([])
})

test('the recycle bin is searched apart', async () => {
  expect(
    namesOf(
      await client.ok('/recyclebin/search_all', {
        drive_id: undefined,
        query: '',
        order_by: 'type ASC,updated_at DESC',
      }),
    ),
  ).toEqual(['binned kite.txt'])
  expect(namesOf(await client.ok('/recyclebin/search_all', { query: "name match 'nothing'" }))).toEqual([])
})
