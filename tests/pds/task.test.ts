/** Work that outlives its request, seen through the poller of the vendor's client. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer, Client } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client

beforeAll(async () => {
  world = await startWorld({ engine: { inlineNodesMax: 5 } })
  client = world.admin
})
afterAll(() => world.server.stop())

/** A folder with more in it than a request may wait for. */
async function bigFolder(name: string): Promise<string> {
  const top = await client.folder(name)
  await client.batch(
    Array.from({ length: 8 }, (_, i) => ({
      url: '/file/create',
      body: { name: `n${i}`, type: 'folder', parent_file_id: top },
    })),
  )
  return top
}

test('a large folder is copied by a task that the official poller sees end', async () => {
  const top = await bigFolder('large')
  const answer = await client.call('/file/copy', {
    file_id: top,
    to_parent_file_id: 'root',
    new_name: 'copy',
    auto_rename: true,
  })
  expect([answer.status, answer.body.drive_id]).toEqual([202, client.drive])
  const task = await client.poll(answer.body.async_task_id)
  expect(task).toMatchObject({ state: 'Succeed', failed_process: 0, error_code: '' })
  expect(task.consumed_process).toBe(task.total_process)
  const copy = await client.ok('/file/get_by_path', { file_path: '/copy' })
  expect(copy.file_id).toBe(answer.body.file_id)
  expect(await client.list(copy.file_id)).toEqual(await client.list(top))
})

test('a large folder is carried to another drive by a task and keeps its id', async () => {
  const top = await bigFolder('carried')
  const moved = await client.ok('/file/move', {
    file_id: top,
    to_drive_id: world.alice.drive,
    to_parent_file_id: 'root',
  })
  expect(moved).toMatchObject({ file_id: top, drive_id: world.alice.drive, file_name: 'carried', exist: false })
  expect((await client.poll(moved.async_task_id)).state).toBe('Succeed')
  expect(await world.alice.list(top)).toHaveLength(8)
})

test('a large copy whose name is taken is refused at once', async () => {
  const top = await bigFolder('taken')
  const answer = await client.call('/file/copy', { file_id: top, to_parent_file_id: 'root' })
  expect([answer.status, answer.body.code]).toEqual([409, 'AlreadyExist.File'])
})

test('a task that fails ends too, with the code of what went wrong', async () => {
  const top = await bigFolder('failing')
  await client.batch(
    Array.from({ length: 3 }, (_, i) => ({
      url: '/file/create',
      body: { name: `f${i}`, type: 'folder', parent_file_id: top },
    })),
  )
  const parts = await Promise.all([1, 2].map((i) => client.upload(`p${i}`, 'x'.repeat(100), { parent_file_id: top })))
  expect(parts).toHaveLength(2)
  const narrow = await client.ok('/drive/create', { drive_name: 'narrow', owner: 'admin', total_size: 150 }, 201)
  const answer = await client.call('/file/copy', {
    file_id: top,
    to_drive_id: narrow.drive_id,
    to_parent_file_id: 'root',
  })
  expect(answer.status).toBe(202)
  expect(await client.poll(answer.body.async_task_id)).toMatchObject({
    state: 'Failed',
    error_code: 'QuotaExhausted.Drive',
  })
})

test('in a batch a large copy is one child among others', async () => {
  const top = await bigFolder('child')
  const { responses } = (
    await client.batch([
      { url: '/file/copy', body: { file_id: top, to_parent_file_id: 'root', auto_rename: true } },
      { url: '/file/get', body: { file_id: top } },
    ])
  ).body
  expect(responses.map(({ status }: Answer) => status)).toEqual([202, 200])
  expect((await client.poll(responses[0].body.async_task_id)).state).toBe('Succeed')
})
