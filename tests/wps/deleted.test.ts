import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor, Drive } from '../../src/engine/index.ts'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type Wire, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

let server: TestServer
let app: WpsClient
let alice: WpsClient
let drive: string
let files: string

beforeAll(async () => {
  server = await startServer()
  app = await appClient(server.url)
  alice = await userClient(server, 'alice')
  const made = await app.post('/v7/drives/create', { allotee_type: 'app', name: 'trash tests' })
  drive = made.data.id
  files = `/v7/drives/${drive}/files`
})
afterAll(() => server.stop())

async function trashed(parent: string, name: string, content = name): Promise<string> {
  const id = await app.file(drive, parent, name, content)
  expect((await app.post(`${files}/${id}/delete`)).code).toBe(0)
  return id
}

const list = (query: string, client = app) => client.get(`/v7/deleted_files?${query}`)

describe('deleted files', () => {
  it('are shown with where they were and who deleted them', async () => {
    const folder = await app.folder(drive, '0', 'was here')
    const id = await trashed(folder, 'gone.txt', 'gone')
    const reply = await list(`page_size=1&drive_id=${drive}&with_ext_attrs=true&with_drive=true`)
    const [item] = reply.data.items
    const { ctime, mtime, dtime, drive: shown, ...rest } = item
    const identity = { id: 'AKDEMO', type: 'sp', name: 'AKDEMO', avatar: '', company_id: 'demo' }
    expect(rest).toEqual({
      ...{ id, drive_id: drive, parent_id: folder, name: 'gone.txt', type: 'file', size: 4, version: 1 },
      ...{ created_by: identity, modified_by: identity, deleted_by: identity, ext_attrs: [] },
      hash: { type: 'sha256', sum: createHash('sha256').update('gone').digest('hex') },
    })
    expect([ctime, mtime, dtime].every(Number.isInteger)).toBe(true)
    expect(shown).toMatchObject({ id: drive, quota: { deleted: 4 } })
    const one = await app.get(`/v7/deleted_files/${id}/meta`)
    expect(one.data).toMatchObject({ id, parent_id: folder, dtime })
    expect(one.data).not.toHaveProperty('drive')
  })

  it('are listed latest first, page by page, of one drive or of all the caller’s', async () => {
    const parent = await app.folder(drive, '0', 'pages')
    const ids = [await trashed(parent, 'p1'), await trashed(parent, 'p2'), await trashed(parent, 'p3')]
    const first = await list(`page_size=2&drive_id=${drive}`)
    const second = await list(`page_size=2&drive_id=${drive}&page_token=${first.data.next_page_token}`)
    const seen = [...first.data.items, ...second.data.items].map((item: Wire) => item.id)
    expect(seen.slice(0, 3)).toEqual(ids.toReversed())
    expect(new Set(seen).size).toBe(seen.length)
    const own = await alice.file(server.demo.drives.alice, '0', 'hers')
    await alice.post(`/v7/drives/private/files/${own}/delete`)
    expect((await list('page_size=50', alice)).data.items.map((item: Wire) => item.id)).toEqual([own])
    expect((await list('page_size=50')).data.items.map((item: Wire) => item.id)).toEqual(
      expect.arrayContaining([own, ...ids]),
    )
    expect((await list(`page_size=50&drive_id=${drive}`, alice)).data.items).toEqual([])
  })

  it('come back where they were, or at the root when that is gone, beside what took their name', async () => {
    const folder = await app.folder(drive, '0', 'home')
    const [a, b] = [await trashed(folder, 'back.txt'), await trashed(folder, 'late.txt')]
    await app.file(drive, folder, 'back.txt')
    const restored = await app.post(`/v7/deleted_files/${a}/restore`)
    expect(restored.data).toMatchObject({ id: a, name: 'back(1).txt', parent_id: folder, link_id: expect.any(String) })
    expect((await app.post(`/v7/deleted_files/${a}/restore`)).code).toBe(400008009)
    await app.post(`${files}/${folder}/delete`)
    expect((await app.post(`/v7/deleted_files/${b}/restore`)).data).toMatchObject({ id: b, parent_id: '0' })
    // What lies in a trashed folder is not itself in the trash.
    expect((await app.get(`/v7/deleted_files/${a}/meta`)).code).toBe(400008009)
    expect((await app.post(`/v7/deleted_files/${a}/restore`)).code).toBe(400008009)
  })

  it('are destroyed for good, one by one', async () => {
    const id = await trashed('0', 'destroyed.txt')
    expect((await app.post(`/v7/deleted_files/${id}/delete`, { delete_type: 'third' })).code).toBe(400000003)
    expect((await app.post(`/v7/deleted_files/${id}/delete`, { delete_type: 'permanent' })).code).toBe(0)
    expect((await app.get(`/v7/deleted_files/${id}/meta`)).code).toBe(400008009)
    expect((await app.post(`/v7/deleted_files/${id}/restore`)).code).toBe(400008009)
    const alive = await app.file(drive, '0', 'alive.txt')
    expect((await app.post(`/v7/deleted_files/${alive}/delete`)).code).toBe(400008009)
    expect((await app.get(`/v7/files/${alive}/meta`)).code).toBe(0)
  })

  it('come back and are destroyed in batches, each item for itself', async () => {
    const folder = await app.folder(drive, '0', 'batches')
    const ids = [await trashed(folder, 'b1'), await trashed(folder, 'b2'), await trashed(folder, 'b3')] as const
    const alive = await app.file(drive, folder, 'b4')
    const task = async (verb: string, body: object) => {
      const { data } = await app.post(`/v7/deleted_files/${verb}`, body)
      return app.task(data.task_id)
    }
    const restored = await task('batch_restore', { file_ids: [ids[0], 'nonsense', ids[1], alive, ids[0]] })
    expect(restored).toEqual({ status: 'success', total: 4, done: 2, failed: 2 })
    expect(await app.names(drive, folder)).toEqual(['b1', 'b2', 'b4'])
    const destroyed = await task('batch_delete', { file_ids: [ids[2], ids[0]], delete_type: 'permanent' })
    expect(destroyed).toEqual({ status: 'success', total: 2, done: 1, failed: 1 })
    expect((await app.get(`/v7/deleted_files/${ids[2]}/meta`)).code).toBe(400008009)
    expect(await app.names(drive, folder)).toEqual(['b1', 'b2', 'b4'])
    expect((await app.post('/v7/deleted_files/batch_restore', { file_ids: [] })).code).toBe(400000101)
    expect((await app.post('/v7/deleted_files/batch_delete', { file_ids: 'x' })).code).toBe(400000002)
    expect((await app.post('/v7/deleted_files/batch_restore', { file_ids: ['nonsense'] })).code).toBe(400008009)
  })

  it('are all destroyed when the bin is cleared, those of other drives not', async () => {
    const own = await alice.file(server.demo.drives.alice, '0', 'hers stays')
    await alice.post(`/v7/drives/private/files/${own}/delete`)
    await trashed('0', 'c1')
    const total = (await list(`page_size=100&drive_id=${drive}`)).data.items.length
    const { data } = await app.post('/v7/deleted_files/clear', { drive_id: drive })
    expect(await app.task(data.task_id)).toEqual({ status: 'success', total, done: total, failed: 0 })
    expect((await list(`page_size=100&drive_id=${drive}`)).data.items).toEqual([])
    expect((await app.get(`/v7/deleted_files/${own}/meta`)).code).toBe(0)
    const again = await app.post('/v7/deleted_files/clear', { drive_id: drive })
    expect(await app.task(again.data.task_id)).toEqual({ status: 'success', total: 0, done: 0, failed: 0 })
    expect((await alice.post('/v7/deleted_files/clear', { drive_id: '999999' })).code).toBe(400008011)
  })

  it('are none where a drive has no trash: deleting is for good, singly and in batches', async () => {
    const actor = (await server.auth.actor({
      ...{ tenant: server.demo.tenant, dialect: 'wps', app: 'AKDEMO', user: '', admin: true },
    })) as Actor
    const spec = { name: 'no trash', owner: 'app:AKDEMO', settings: { trash: false } } as const
    const [{ id }] = (await server.engine.createDrives(actor, [spec])) as [Drive]
    const ids = [await app.file(id, '0', 'n1'), await app.file(id, '0', 'n2')]
    expect((await app.post(`/v7/drives/${id}/files/${ids[0]}/delete`)).code).toBe(0)
    const { data } = await app.post(`/v7/drives/${id}/files/batch_delete`, { file_ids: [ids[1]] })
    expect(await app.task(data.task_id)).toEqual({ status: 'success', total: 1, done: 1, failed: 0 })
    expect(await app.names(id, '0')).toEqual([])
    expect((await list(`page_size=5&drive_id=${id}`)).data.items).toEqual([])
    expect((await app.get(`/v7/drives/${id}/meta`)).data.quota).toMatchObject({ used: 0, deleted: 0 })
  })

  it('are not listed without a page size or with a token of another listing', async () => {
    expect((await list('')).code).toBe(400000004)
    expect((await list('page_size=x')).code).toBe(400000003)
    expect((await list('page_size=5&page_token=%21')).code).toBe(400000003)
    expect((await list('page_size=5&drive_id=x')).code).toBe(400008011)
  })
})
