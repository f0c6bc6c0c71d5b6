/** The recycle bin. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Drive, DriveId } from '../../src/engine/index.ts'
import type { Answer, Client } from './client.ts'
import { startWorld, type World } from './world.ts'

let at = Date.UTC(2026, 10, 21, 12)
let world: World
let client: Client
let count = 0

beforeAll(async () => {
  world = await startWorld({ clock: () => at++ })
  client = world.alice
})
afterAll(() => world.server.stop())

const code = (answer: Answer) => [answer.status, answer.body.code]
const place = () => client.folder(`place ${count++}`)
const trash = (file_id: string) => client.ok('/recyclebin/trash', { file_id, permanently: false }, 204)
const restore = (file_id: string) => client.call('/recyclebin/restore', { file_id })
const get = (file_id: string) => client.ok('/file/get', { file_id })

test('what is put away is in no listing, is shown as trashed, and comes back to where it was', async () => {
  const parent = await place()
  const { file_id } = await client.upload('a.txt', 'a', { parent_file_id: parent })
  const gone = await client.call('/recyclebin/trash', { file_id })
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect(await client.list(parent)).toEqual([])
  const binned = await get(file_id)
  expect(binned).toMatchObject({ trashed: true, parent_file_id: parent, name: 'a.txt' })
  expect(binned.trashed_at).toMatch(/Z$/)
  expect(binned).not.toHaveProperty('url')
  expect((await restore(file_id)).status).toBe(204)
  expect(await get(file_id)).toMatchObject({ trashed: false, parent_file_id: parent, name: 'a.txt' })
})

test('what is to be destroyed by itself tells how long it has left', async () => {
  const [ever, brief] = [await place(), await place()]
  const id = Number(client.drive) as DriveId
  const [{ settings }] = (await world.store.read((tx) => tx.drives([id]))) as [Drive]
  const keep = (days: Partial<Drive['settings']>) =>
    world.store.write(async (tx) => {
      const [drive] = await tx.drives([id])
      await tx.putDrives([{ ...drive!, settings: { ...settings, ...days } }])
    })
  await trash(ever)
  await keep({ trashDays: 2 })
  await trash(brief)
  await keep({})
  at += 3600_000
  expect((await get(brief)).auto_delete_left_sec).toBe(47 * 3600 - 1)
  expect(await get(ever)).not.toHaveProperty('auto_delete_left_sec')
  expect((await restore(brief)).status).toBe(204)
  expect(await get(brief)).not.toHaveProperty('auto_delete_left_sec')
})

test('the bin lists what was put away, not what lies in it, latest first, page by page', async () => {
  const bin = await world.clientOf('alice', client.drive)
  await bin.ok('/recyclebin/clear', {}, 202)
  const folders = [await place(), await place(), await place()]
  await client.upload('inside', 'x', { parent_file_id: folders[0] })
  for (const folder of folders) await trash(folder)
  const pages: string[][] = []
  let marker = ''
  do {
    const page = await client.ok('/recyclebin/list', { limit: 2, marker })
    pages.push(page.items.map((item: { file_id: string }) => item.file_id))
    for (const item of page.items) {
      expect(item).toMatchObject({ trashed: true, parent_file_id: 'root', type: 'folder' })
      expect(item.action_list).toContain('FILE.DELETE')
      expect(item).not.toHaveProperty('url')
    }
    marker = page.next_marker
  } while (marker)
  expect(pages.flat().slice(0, 3)).toEqual(folders.toReversed())
  expect(pages[0]).toHaveLength(2)
})

test('a clash on the way back renames what comes back', async () => {
  const parent = await place()
  const { file_id } = await client.upload('a.txt', '1', { parent_file_id: parent })
  await trash(file_id)
  await client.upload('a.txt', '2', { parent_file_id: parent })
  expect((await restore(file_id)).status).toBe(204)
  expect((await get(file_id)).name).toMatch(/^a_\d{8}_\d{6}\.txt$/)
})

test('when the folder it was in is in the bin too, a folder of that name is made for it', async () => {
  const parent = await place()
  const { file_id } = await client.upload('a.txt', '1', { parent_file_id: parent })
  const { name } = await get(parent)
  await trash(file_id)
  await trash(parent)
  expect((await restore(file_id)).status).toBe(204)
  const { parent_file_id } = await get(file_id)
  expect(parent_file_id).not.toBe(parent)
  expect((await get(parent_file_id)).name).toBe(name)
})

test('when the folder it was in was destroyed, it comes back to the root', async () => {
  const parent = await place()
  const { file_id } = await client.upload(`orphan ${count++}`, '1', { parent_file_id: parent })
  await trash(file_id)
  await client.ok('/file/delete', { file_id: parent }, 204)
  expect((await restore(file_id)).status).toBe(204)
  expect((await get(file_id)).parent_file_id).toBe('root')
})

test('putting away twice, bringing back what is not away, and the root are refused', async () => {
  const folder = await place()
  expect(code(await restore(folder))).toEqual([404, 'NotFound.File'])
  await trash(folder)
  expect(code(await client.call('/recyclebin/trash', { file_id: folder }))).toEqual([404, 'NotFound.File'])
  expect(code(await client.call('/recyclebin/trash', { file_id: 'root' }))).toEqual([400, 'InvalidParameter.FileId'])
  expect(code(await client.call('/file/update', { file_id: folder, name: 'x' }))).toEqual([404, 'NotFound.File'])
  expect(code(await client.call('/file/move', { file_id: folder, to_parent_file_id: 'root' }))).toEqual([
    404,
    'NotFound.File',
  ])
  expect(code(await client.call('/file/copy', { file_id: folder, to_parent_file_id: 'root' }))).toEqual([
    404,
    'NotFound.File',
  ])
})

test('what is in the bin counts against the quota until it is destroyed', async () => {
  const used = async () => (await client.ok('/drive/get')).used_size
  const before = await used()
  const { file_id } = await client.upload(`heavy ${count++}`, 'x'.repeat(1000))
  await trash(file_id)
  expect((await used()) - before).toBe(1000)
  await client.ok('/file/delete', { file_id }, 204)
  expect(await used()).toBe(before)
})

test('clearing is a task that empties the bin and leaves the drive', async () => {
  const [kept, gone] = [await place(), await place()]
  await trash(gone)
  const { status, body } = await client.call('/recyclebin/clear')
  expect(status).toBe(202)
  expect(body).toMatchObject({ domain_id: 'demo', drive_id: client.drive, task_id: body.async_task_id })
  await expect.poll(() => stateOf(body.async_task_id), { timeout: 100_000 }).toBe('Succeed')
  expect((await client.ok('/recyclebin/list')).items).toEqual([])
  expect(code(await restore(gone))).toEqual([404, 'NotFound.File'])
  expect((await get(kept)).trashed).toBe(false)
  const again = await client.ok('/recyclebin/clear', {}, 202)
  await expect.poll(() => stateOf(again.async_task_id), { timeout: 100_000 }).toBe('Succeed')
})

const stateOf = async (async_task_id: string) => (await client.ok('/async_task/get', { async_task_id })).state

test('clearing all names one task a drive of one’s own, also when there is nothing to clear', async () => {
  const folder = await place()
  await trash(folder)
  const { items } = await client.ok('/recyclebin/clear_all', { timeout: 3, donot_emit_error: true }, 202)
  expect(items).toMatchObject([{ domain_id: 'demo', drive_id: client.drive }])
  await expect.poll(() => stateOf(items[0].async_task_id), { timeout: 100_000 }).toBe('Succeed')
  expect(code(await restore(folder))).toEqual([404, 'NotFound.File'])
  expect((await client.ok('/recyclebin/clear_all', {}, 202)).items).toHaveLength(1)
})

test('a task is shown to whoever started it and to administrators', async () => {
  const { async_task_id } = await client.ok('/recyclebin/clear', {}, 202)
  expect((await world.admin.call('/async_task/get', { async_task_id })).status).toBe(200)
  const theirs = await world.admin.ok('/recyclebin/clear', {}, 202)
  const answer = await client.call('/async_task/get', { async_task_id: theirs.async_task_id })
  expect(code(answer)).toEqual([404, 'NotFound.AsyncTaskId'])
  expect(code(await client.call('/async_task/get', { async_task_id: 'x' }))).toEqual([404, 'NotFound.AsyncTaskId'])
  expect(code(await client.call('/async_task/get'))).toEqual([400, 'InvalidParameterMissing.AsyncTaskId'])
})

test('limits and markers out of bounds are refused', async () => {
  expect(code(await client.call('/recyclebin/list', { limit: 201 }))).toEqual([400, 'InvalidParameter.Limit'])
  expect(code(await client.call('/recyclebin/list', { marker: 'x' }))).toEqual([400, 'InvalidParameter.Marker'])
  expect(code(await client.call('/recyclebin/list', { drive_id: '99999' }))).toEqual([404, 'NotFound.Drive'])
})
