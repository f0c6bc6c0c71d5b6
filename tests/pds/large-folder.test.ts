/** Folders with more in them than one batch may touch: tasks that are still running when they are answered. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorld, type World } from './world.ts'

const INSIDE = ['1', '2', '3']
let world: World

beforeAll(async () => {
  world = await startWorld({ engine: { subtreeNodesMax: 2 } })
})
afterAll(() => world.server.stop())

it.each(['copy', 'move'])('/file/%s answers with the task and the id that the folder has then', async (verb) => {
  const { admin } = world
  const folder = await admin.folder(`crowded ${verb}`)
  for (const name of INSIDE) await admin.folder(name, folder)
  const to_drive_id = String(world.server.demo.drives.alice)
  const body = { file_id: folder, to_drive_id, to_parent_file_id: 'root' }
  const answer = await admin.call(`/file/${verb}`, body)
  expect(answer.body).toMatchObject({ drive_id: to_drive_id, async_task_id: expect.stringMatching(/^\d+$/) })
  const task = await admin.poll(answer.body.async_task_id)
  expect(task).toMatchObject({ state: 'Succeed', total_process: 4, consumed_process: 4, failed_process: 0 })
  expect(await admin.list(answer.body.file_id, { drive_id: to_drive_id })).toEqual(INSIDE)
  expect(answer.body.file_id === folder).toBe(verb === 'move')
})
