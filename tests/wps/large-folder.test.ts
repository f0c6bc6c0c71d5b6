/** Folders with more in them than one batch may touch: the single calls answer with the folder as it will be. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type WpsClient } from './client.ts'

const INSIDE = ['1', '2', '3']
let server: TestServer
let app: WpsClient

beforeAll(async () => {
  server = await startServer({ engine: { subtreeNodesMax: 2 } })
  app = await appClient(server.url)
})
afterAll(() => server.stop())

it.each(['copy', 'move'])('%s answers the folder, and its contents follow', async (verb) => {
  const [drive, other] = [String(server.demo.drives.admin), String(server.demo.drives.alice)]
  const folder = await app.folder(drive, '0', `crowded ${verb}`)
  for (const name of INSIDE) await app.folder(drive, folder, name)
  const to = { dst_drive_id: other, dst_parent_id: '0' }
  const reply = await app.post(`/v7/drives/${drive}/files/${folder}/${verb}`, to)
  expect(reply).toMatchObject({ code: 0, data: { name: `crowded ${verb}`, drive_id: other } })
  while (await server.engine.work());
  expect(await app.names(other, reply.data.id)).toEqual(INSIDE)
})

it('a batch of them is one task', async () => {
  const drive = String(server.demo.drives.admin)
  const folder = await app.folder(drive, '0', 'crowded')
  for (const name of INSIDE) await app.folder(drive, folder, name)
  const into = await app.folder(drive, '0', 'into')
  const body = { file_ids: [folder, into], dst_drive_id: drive, dst_parent_id: into }
  const { data } = await app.post(`/v7/drives/${drive}/files/batch_copy`, body)
  // Three of the four nodes' folder, and a folder that cannot go into itself.
  expect(await app.task(data.task_id)).toMatchObject({ status: 'success', total: 5, done: 4, failed: 1 })
  expect(await app.names(drive, into)).toEqual(['crowded'])
})
