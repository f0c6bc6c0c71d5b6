/** Deleting a folder with much in it: gone at once, and a task tells how far its removal is. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from './client.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: Client
beforeAll(async () => {
  world = await startWorld({ engine: { inlineNodesMax: 3 } })
  client = world.alice
})
afterAll(() => world.server.stop())

async function folderOf(name: string, children: number): Promise<string> {
  const folder = await client.folder(name)
  for (let i = 0; i < children; i++) await client.folder(`child ${i}`, folder)
  return folder
}

test('is 202 with a task that ends when all is removed', async () => {
  const file_id = await folderOf('much', 5)
  const answer = await client.ok('/file/delete', { file_id }, 202)
  expect(answer).toEqual({
    domain_id: 'demo',
    drive_id: String(world.server.demo.drives.alice),
    file_id,
    async_task_id: expect.stringMatching(/^\d+$/),
  })
  expect((await client.call('/file/get', { file_id })).status).toBe(404)
  while (await world.server.engine.work());
  const { async_task_id } = answer
  expect(await client.ok('/async_task/get', { async_task_id })).toMatchObject({
    state: 'Succeed',
    task_type: 'purge',
    total_process: 6,
    consumed_process: 6,
    failed_process: 0,
  })
})

test('is one task for all of a batch, and 204 for what is small', async () => {
  const [one, two] = [await folderOf('one', 2), await folderOf('two', 3)]
  const small = await client.folder('small')
  const ask = async (...ids: string[]) => {
    const requests = ids.map((file_id) => ({ url: '/file/delete', body: { file_id } }))
    const { body } = await client.batch(requests)
    return body.responses as { status: number; body?: { async_task_id: string } }[]
  }
  const answers = await ask(one, small, two)
  expect(answers.map(({ status }) => status)).toEqual([202, 204, 202])
  expect(answers[0]!.body!.async_task_id).toBe(answers[2]!.body!.async_task_id)
  expect((await ask(await folderOf('three', 3)))[0]!.status).toBe(204)
})
