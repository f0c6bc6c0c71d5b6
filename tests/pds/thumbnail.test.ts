/** Small pictures of pictures, where files are shown. */
import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client
let file_id: string

beforeAll(async () => {
  world = await startWorld()
  client = world.alice
  const background = { r: 20, g: 120, b: 30 }
  const picture = await sharp({ create: { width: 400, height: 200, channels: 3, background } })
    .jpeg()
    .toBuffer()
  file_id = (await client.upload('a.jpg', picture)).file_id
  await client.upload('b.txt', 'hello')
})
afterAll(() => world.server.stop())

async function sizeOf(url: string) {
  const { width, height } = await sharp(Buffer.from(await (await fetch(url)).arrayBuffer())).metadata()
  return [width, height]
}

test('a file has a thumbnail when its fields are asked for', async () => {
  expect(await client.ok('/file/get', { file_id })).not.toHaveProperty('thumbnail')
  const { thumbnail } = await client.ok('/file/get', { file_id, fields: 'thumbnail' })
  expect(await sizeOf(thumbnail)).toEqual([128, 128])
})

test('a picture tells how large it is when that is asked for, and each revision what it was', async () => {
  const image_media_metadata = { width: 400, height: 200 }
  expect(await client.ok('/file/get', { file_id })).not.toHaveProperty('image_media_metadata')
  for (const fields of ['exif', '*', 'url, exif']) {
    expect(await client.ok('/file/get', { file_id, fields })).toMatchObject({ image_media_metadata })
  }
  expect(await client.ok('/file/get_by_path', { file_path: '/a.jpg', fields: '*' })).toMatchObject({
    image_media_metadata,
  })
  const fake = await client.upload('fake.jpg', 'no picture at all')
  for (const id of [fake.file_id, 'root']) {
    expect(await client.ok('/file/get', { file_id: id, fields: '*' })).not.toHaveProperty('image_media_metadata')
  }
  const [first] = (await client.ok('/file/revision/list', { file_id: fake.file_id })).items
  // Not to be told from its beginning alone.
  const noise = { raw: { width: 500, height: 400, channels: 3 } } as const
  const larger = await sharp(randomBytes(600_000), noise).webp({ lossless: true, effort: 0 }).toBuffer()
  expect(larger.length).toBeGreaterThan(512 * 1024)
  await client.upload('fake.jpg', larger, { file_id: fake.file_id })
  const seen = { file_id: fake.file_id, fields: 'exif' }
  expect((await client.ok('/file/get', seen)).image_media_metadata).toEqual({ width: 500, height: 400 })
  const before = await client.ok('/file/get', { ...seen, revision_id: first.revision_id })
  expect(before).not.toHaveProperty('image_media_metadata')
  await client.ok('/file/delete', { file_id: fake.file_id }, 204)
})

test('thumbnails have the names and sizes that a listing asks for', async () => {
  const { items } = await client.ok('/file/list', {
    parent_file_id: 'root',
    thumbnail_processes: {
      small: { image_thumbnail_process: 'image/resize,m_lfit,w_100,h_100' },
      strip: { image_thumbnail_process: 'image/resize,m_fixed,w_90,h_10/format,jpeg' },
      half: { image_thumbnail_process: 'image/resize,p_50' },
      usual: {},
    },
  })
  const shown = items.find(({ name }: { name: string }) => name === 'a.jpg')
  const sizes = await Promise.all(
    Object.entries<string>(shown.thumbnail_urls).map(async ([name, url]) => [name, await sizeOf(url)]),
  )
  expect(Object.fromEntries(sizes)).toEqual({ small: [100, 50], strip: [90, 10], half: [200, 100], usual: [128, 128] })
  expect(items.find(({ name }: { name: string }) => name === 'b.txt')).not.toHaveProperty('thumbnail')
})

test('the flat spelling of older clients is understood, and ignored where it is not', async () => {
  const asked = (image_thumbnail_process: string) => client.ok('/file/get', { file_id, image_thumbnail_process })
  expect(await sizeOf((await asked('image/resize,w_40/format,jpeg')).thumbnail)).toEqual([40, 20])
  expect(await asked('image/watermark,text_x')).not.toHaveProperty('thumbnail')
})

test.each([
  [[]],
  [{ a: 'image/resize,w_10' }],
  [{ a: { image_thumbnail_process: 'image/resize,w_99999' } }],
  [{ a: { image_thumbnail_process: 'image/resize' } }],
  [{ a: { image_thumbnail_process: 'image/resize,m_fill,w_10/watermark,text_x' } }],
  [{ a: { image_thumbnail_process: 'video/snapshot,t_1' } }],
  [Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`p${i}`, {}]))],
])('refuses what it would show otherwise than asked for: %j', async (thumbnail_processes) => {
  const answer = await client.call('/file/get', { file_id, thumbnail_processes })
  expect([answer.status, answer.body.code]).toEqual([400, expect.stringMatching(/ThumbnailProcesses$/)])
})

test('what was put away has a thumbnail as long as it is there, and no path', async () => {
  const copy = (await client.ok('/file/copy', { file_id, to_parent_file_id: 'root', auto_rename: true }, 201)).file_id
  await client.ok('/recyclebin/trash', { file_id: copy }, 204)
  const [binned] = (await client.ok('/recyclebin/list', { fields: '*' })).items
  expect([binned.file_id, await sizeOf(binned.thumbnail)]).toEqual([copy, [128, 128]])
  for (const member of ['url', 'id_path', 'name_path']) expect(binned).not.toHaveProperty(member)
  expect((await client.ok('/recyclebin/list')).items[0]).not.toHaveProperty('thumbnail')
  await client.ok('/file/delete', { file_id: copy }, 204)
})

test('an older revision has a thumbnail of its own', async () => {
  const { items } = await client.ok('/file/revision/list', { file_id })
  const revision = await client.ok('/file/revision/get', { file_id, revision_id: items[0].revision_id })
  expect(await sizeOf(revision.thumbnail)).toEqual([128, 128])
})
