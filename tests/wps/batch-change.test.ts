import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Actor, actions } from '../../src/engine/index.ts'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

let server: TestServer
let app: WpsClient
let alice: WpsClient
let drive: string
let other: string
let files: string

beforeAll(async () => {
  server = await startServer()
  app = await appClient(server.url)
  alice = await userClient(server, 'alice')
  drive = String(server.demo.drives.admin)
  other = String(server.demo.drives.alice)
  files = `/v7/drives/${drive}/files`
})
afterAll(() => server.stop())

const to = (dst_parent_id: string, dst_drive_id = drive) => ({ dst_drive_id, dst_parent_id })

/** Starts a batch and waits for its task. */
async function run(verb: string, body: object, client = app) {
  const reply = await client.post(`${files}/${verb}`, body)
  expect(reply).toMatchObject({ status: 200, code: 0, data: { task_id: expect.stringMatching(/^\d+$/) } })
  return client.task(reply.data.task_id)
}

async function some(parent: string, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => app.file(drive, parent, `item ${at}`)))
}

describe('batch_move', () => {
  it('moves files and folders and says how many', async () => {
    const [from, into] = [await app.folder(drive, '0', 'move from'), await app.folder(drive, '0', 'move into')]
    const ids = [...(await some(from, 3)), await app.folder(drive, from, 'folder')]
    expect(await run('batch_move', { file_ids: ids, ...to(into) })).toEqual({
      ...{ status: 'success', total: 4, done: 4, failed: 0 },
    })
    expect(await app.names(drive, into)).toEqual(['folder', 'item 0', 'item 1', 'item 2'])
    expect(await app.names(drive, from)).toEqual([])
    expect((await run('batch_move', { file_ids: ids, ...to('0', other) })).done).toBe(4)
    expect(await app.names(drive, into)).toEqual([])
    const { items } = (await app.post('/v7/files/batch_get_meta', { file_ids: ids })).data
    expect(items.map((item: { drive_id: string }) => item.drive_id)).toEqual([other, other, other, other])
  })

  it('lets an item fail alone, and counts a repeated one once', async () => {
    const from = await app.folder(drive, '0', 'mixed')
    const into = await app.folder(drive, from, 'target')
    const [id] = (await some(from, 1)) as [string]
    const ids = [id, 'nonsense', into, 'f'.repeat(40), id]
    expect(await run('batch_move', { file_ids: ids, ...to(into) })).toEqual({
      ...{ status: 'success', total: 4, done: 1, failed: 3 },
    })
    expect(await app.names(drive, into)).toEqual(['item 0'])
    const failed = await run('batch_move', { file_ids: ['nonsense', into], ...to(into) })
    expect(failed).toEqual({ status: 'failed', total: 2, done: 0, failed: 2 })
  })

  it('refuses sources of several folders and moves nothing', async () => {
    const [a, b] = [await app.folder(drive, '0', 'parent a'), await app.folder(drive, '0', 'parent b')]
    const ids = [await app.file(drive, a, 'in a'), await app.file(drive, b, 'in b')]
    const reply = await app.post(`${files}/batch_move`, { file_ids: ids, ...to('0') })
    expect(reply).toMatchObject({ status: 403, code: 403008069 })
    expect([await app.names(drive, a), await app.names(drive, b)]).toEqual([['in a'], ['in b']])
  })
})

describe('batch_copy', () => {
  it('copies files and trees, renaming where a name is taken', async () => {
    const from = await app.folder(drive, '0', 'copy from')
    const ids = await some(from, 2)
    const folder = await app.folder(drive, from, 'tree')
    await app.file(drive, folder, 'leaf')
    const done = await run('batch_copy', { file_ids: [...ids, folder], ...to(from) })
    expect(done).toEqual({ status: 'success', total: 3, done: 3, failed: 0 })
    expect(await app.names(drive, from)).toEqual(['item 0', 'item 0(1)', 'item 1', 'item 1(1)', 'tree', 'tree(1)'])
  })

  it('copies a thousand and twenty-four files in one call', async () => {
    const from = await app.folder(drive, '0', 'large')
    const id = await app.file(drive, from, 'seed')
    await run('batch_copy', { file_ids: [id], ...to(from) })
    const into = await app.folder(drive, '0', 'large target')
    const unknown = Array.from({ length: 1022 }, (_, at) => at.toString(16).padStart(40, '0'))
    const { data } = await app.get(`${files}/${from}/children?page_size=10`)
    const ids = data.items.map((item: { id: string }) => item.id)
    const done = await run('batch_copy', { file_ids: [...unknown, ...ids], ...to(into) })
    expect(done).toEqual({ status: 'success', total: 1024, done: 2, failed: 1022 })
    expect(await app.names(drive, into)).toEqual(['seed', 'seed(1)'])
  })
})

describe('batch_delete', () => {
  it('puts everything into the trash; what lies in another drive is not there', async () => {
    const from = await app.folder(drive, '0', 'delete from')
    const ids = await some(from, 3)
    const elsewhere = await app.file(other, '0', 'untouched')
    const done = await run('batch_delete', { file_ids: [...ids, elsewhere] })
    expect(done).toEqual({ status: 'success', total: 4, done: 3, failed: 1 })
    expect(await app.names(drive, from)).toEqual([])
    expect((await app.get(`/v7/files/${elsewhere}/meta`)).code).toBe(0)
    for (const id of ids) expect((await app.get(`/v7/deleted_files/${id}/meta`)).code).toBe(0)
  })
})

describe('what a batch refuses', () => {
  it('before anything is done', async () => {
    const parent = await app.folder(drive, '0', 'refused')
    const [id, file] = [await app.file(drive, parent, 'stays'), await app.file(drive, '0', 'not a folder')]
    const many = Array.from({ length: 1025 }, (_, at) => `id${at}`)
    const cases: [verb: string, body: object | undefined, code: number][] = [
      ['batch_move', undefined, 400000002],
      ['batch_move', { file_ids: [], ...to('0') }, 400000101],
      ['batch_move', { file_ids: many, ...to('0') }, 400000105],
      ['batch_move', { file_ids: ['x'.repeat(1025)], ...to('0') }, 400000106],
      ['batch_move', { file_ids: [id] }, 400000004],
      ['batch_move', { file_ids: id, ...to('0') }, 400000002],
      ['batch_move', { file_ids: [id], ...to('0', '999999') }, 400008011],
      ['batch_move', { file_ids: [id], ...to('e'.repeat(40)) }, 400008009],
      ['batch_move', { file_ids: [id], ...to(file) }, 400000003],
      ['batch_copy', { file_ids: [id], ...to(file) }, 400000003],
      ['batch_copy', { file_ids: [id], ...to('0', 'x') }, 400008011],
      ['batch_copy', { file_ids: [] }, 400000101],
      ['batch_delete', {}, 400000002],
      ['batch_delete', { file_ids: many }, 400000105],
    ]
    for (const [verb, body, code] of cases) {
      expect((await app.post(`${files}/${verb}`, body)).code, `${verb} ${code}`).toBe(code)
    }
    for (const verb of ['batch_move', 'batch_copy', 'batch_delete']) {
      const reply = await app.post(`/v7/drives/999999/files/${verb}`, { file_ids: [id], ...to('0') })
      expect(reply).toMatchObject({ status: 400, code: 400008011 })
    }
    expect((await app.get(`/v7/files/${id}/meta`)).data).toMatchObject({ name: 'stays', parent_id: parent })
  })

  it('is judged item by item, as a single call would be', async () => {
    const folder = await app.folder(drive, '0', 'some rights')
    const [kept, given] = (await some(folder, 2)) as [string, string]
    const actor = (await server.auth.actor({
      ...{ tenant: server.demo.tenant, dialect: 'wps', app: '', user: 'admin' },
    })) as Actor
    const rights = { kept: actions('list'), given: actions('list', 'delete', 'move') }
    const op = (id: string, bits: number) => ({
      ...({ kind: 'grant', subject: 'user:alice', role: 'test', expiresAt: 0 } as const),
      node: server.engine.ids.parseFileId(id)!,
      actions: bits,
    })
    await server.engine.batch(actor, [op(kept, rights.kept), op(given, rights.given)])
    expect((await alice.post(`${files}/${kept}/delete`)).code).toBe(403000001)
    const done = await run('batch_delete', { file_ids: [kept, given] }, alice)
    expect(done).toEqual({ status: 'success', total: 2, done: 1, failed: 1 })
    expect(await app.names(drive, folder)).toEqual(['item 0'])
  })
})

describe('a task', () => {
  it('is known to who started it and to the company’s apps, and to nobody else', async () => {
    const id = await alice.file(other, '0', 'for a task')
    const { data } = await alice.post(`/v7/drives/${other}/files/batch_delete`, { file_ids: [id] })
    const path = `/v7/drive_tasks/${data.task_id}/meta`
    expect((await alice.task(data.task_id)).status).toBe('success')
    expect((await app.get(path)).data).toEqual({ status: 'success', total: 1, done: 1, failed: 0 })
    await server.addTenant({ id: 'tasks', apps: [{ dialect: 'wps', id: 'AKTASKS', secret: 'SKTASKS' }] })
    const stranger = await appClient(server.url, { client_id: 'AKTASKS', client_secret: 'SKTASKS' })
    expect(await stranger.get(path)).toMatchObject({ status: 400, code: 400008014 })
    const own = await app.post(`${files}/batch_delete`, { file_ids: ['x'] })
    expect(await alice.get(`/v7/drive_tasks/${own.data.task_id}/meta`)).toMatchObject({ status: 400, code: 400008014 })
    for (const unknown of ['0', '999999999', 'x', '-1', '1e3']) {
      expect(await app.get(`/v7/drive_tasks/${unknown}/meta`)).toMatchObject({ status: 400, code: 400008014 })
    }
  })

  it('of another dialect is not one of this dialect’s', async () => {
    const actor = (await server.auth.actor({
      ...{ tenant: server.demo.tenant, dialect: 'pds', app: '', user: 'admin', admin: true },
    })) as Actor
    const task = await server.engine.submit(actor, server.demo.drives.admin, 'batch', [], [])
    expect((await app.get(`/v7/drive_tasks/${task}/meta`)).code).toBe(400008014)
  })
})
