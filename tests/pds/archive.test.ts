/** Many files as one archive: asked for, packed by a task, fetched from a signed URL. */
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, type Client, send, visit } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client
let now = Date.UTC(2026, 10, 21, 12)
let top: string
let single: string

beforeAll(async () => {
  world = await startWorld({ clock: () => now })
  client = world.admin
  top = await client.folder('目录')
  const inner = await client.folder('inner', top)
  await client.folder('empty', top)
  await client.upload('a.txt', 'content a', { parent_file_id: top })
  await client.upload('b\\c.txt', 'content b', { parent_file_id: inner })
  single = (await client.upload('single.bin', Buffer.alloc(100_000, 7))).file_id
})
afterAll(() => world.server.stop())

const shape = ({ status, body }: Answer) => [status, body?.code]
const archive = async (by: Client, body: object) => {
  const asked = await by.call('/file/archive_files', body)
  expect(asked.status).toBe(202)
  return by.poll(asked.body.async_task_id)
}

/** Names and sizes of what an archive holds, by its central directory; the bytes must have the sums it names. */
function listZip(zip: Buffer): string[] {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'))
  let at = zip.readUInt32LE(end + 16)
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const length = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + length)
    const [sum, size, local] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24), zip.readUInt32LE(at + 42)]
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    expect([name, crc32(zip.subarray(from, from + size))]).toEqual([name, sum])
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
    return `${name} ${size}`
  })
}

test('an archive holds folders and files under their names, and its length is told before', async () => {
  const task = await archive(client, { name: 'all', files: [{ file_id: top }, { file_id: single }] })
  expect(task).toMatchObject({ state: 'Succeed', archive_file_result: { url: task.url } })
  const response = await fetch(task.url)
  const zip = Buffer.from(await response.arrayBuffer())
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/zip'])
  expect(response.headers.get('content-disposition')).toContain('all.zip')
  expect(Number(response.headers.get('content-length'))).toBe(zip.length)
  expect(listZip(zip)).toEqual([
    '目录/ 0',
    'single.bin 100000',
    '目录/a.txt 9',
    '目录/empty/ 0',
    '目录/inner/ 0',
    '目录/inner/b_c.txt 9',
  ])
  expect(zip.includes('content a')).toBe(true)
})

test('what happened meanwhile counts: rights and files as they are when it is fetched', async () => {
  const file = (await client.upload('soon gone.txt', 'x')).file_id
  const task = await archive(client, { file_ids: [file, single] })
  await client.ok('/recyclebin/trash', { file_id: file }, 204)
  expect(listZip(Buffer.from(await (await fetch(task.url)).arrayBuffer()))).toEqual(['single.bin 100000'])
})

test('the URL ends, cannot be forged, and is nobody else’s to ask for', async () => {
  const task = await archive(client, { file_ids: [single] })
  expect(shape(await send(task.url.replace(/archive\/./, 'archive/_')))).toEqual([401, 'AccessTokenInvalid'])
  expect(shape(await world.alice.call('/async_task/get', { async_task_id: task.async_task_id }))).toEqual([
    404,
    'NotFound.AsyncTaskId',
  ])
  now += 900_000
  expect(shape(await send(task.url))).toEqual([401, 'AccessTokenInvalid'])
  const again = await client.ok('/async_task/get', { async_task_id: task.async_task_id })
  expect((await fetch(again.url)).status).toBe(200)
})

test('what one may not download cannot be packed; nothing, and too much, neither', async () => {
  const ask = async (by: Client, body: object) =>
    shape(await by.call('/file/archive_files', { drive_id: client.drive, ...body }))
  expect(await ask(world.alice, { file_ids: [single] })).toEqual([403, 'ForbiddenNoPermission.File'])
  expect(await ask(client, { file_ids: [] })).toEqual([400, 'InvalidParameterEmpty.FileIds'])
  expect(await ask(client, {})).toEqual([400, 'InvalidParameterMissing.FileIds'])
  expect(await ask(client, { file_ids: ['f'.repeat(40)] })).toEqual([404, 'NotFound.File'])
  expect(await ask(client, { file_ids: Array.from({ length: 501 }, () => single) })).toEqual([
    400,
    'InvalidParameterOutOfRange.FileIds',
  ])
})

test('a visitor of a share packs what the share opens, and it counts as a download', async () => {
  const { share_id } = await client.ok('/share_link/create', { file_id_list: [top], download_limit: 1 }, 201)
  const visitor = await visit(world.url, share_id)
  const task = await archive(visitor, { file_ids: [top] })
  expect(listZip(Buffer.from(await (await fetch(task.url)).arrayBuffer()))).toHaveLength(5)
  expect(shape(await visitor.call('/file/archive_files', { file_ids: [top] }))).toEqual([403, 'ShareLink.Forbidden'])
  expect((await client.ok('/share_link/get', { share_id })).download_count).toBe(1)
})
