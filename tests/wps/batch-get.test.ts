import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ACTIONS, type Actor, ALL_ACTIONS, actions } from '../../src/engine/index.ts'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type Wire, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

const META = '/v7/files/batch_get_meta'

let server: TestServer
let app: WpsClient
let alice: WpsClient
let drive: string

beforeAll(async () => {
  server = await startServer()
  app = await appClient(server.url)
  alice = await userClient(server, 'alice')
  drive = String(server.demo.drives.admin)
})
afterAll(() => server.stop())

async function meta(client: WpsClient, ids: readonly string[], more: object = {}) {
  return client.post(META, { file_ids: ids, ...more })
}

/** Lets a user do something with a node of the admin's drive. */
async function grant(id: string, user: string, bits: number | null) {
  const actor = (await server.auth.actor({
    tenant: server.demo.tenant,
    dialect: 'wps',
    app: '',
    user: 'admin',
  })) as Actor
  const node = server.engine.ids.parseFileId(id)!
  const op = { kind: 'grant', node, subject: `user:${user}`, actions: bits, role: 'test', expiresAt: 0 } as const
  const [result] = await server.engine.batch(actor, [op])
  expect(result!.status).toBe('done')
}

describe('batch_get_meta', () => {
  it('answers every member of the vendor’s example, with the values of the file', async () => {
    const before = Math.floor(Date.now() / 1000)
    const folder = await app.folder(drive, '0', 'papers')
    const admin = await userClient(server, 'admin')
    const content = 'all of it'
    const uploaded = (await admin.upload(drive, folder, 'report.docx', content)).data
    await app.post(`/v7/drives/${drive}/files/${uploaded.id}/update`, { ext_attr: { name: 'guid', value: 'g1' } })
    const reply = await meta(app, [uploaded.id])

    expect(reply.status).toBe(200)
    expect(Object.keys(JSON.parse(reply.text)).sort()).toEqual(['code', 'data', 'msg'])
    expect(reply.code).toBe(0)
    expect(Object.keys(reply.data)).toEqual(['items'])
    const [item] = reply.data.items
    const admins = { id: 'admin', type: 'user', name: 'admin', avatar: '', company_id: 'demo' }
    const { ctime, mtime, drive: shown, ...rest } = item
    expect(rest).toEqual({
      id: uploaded.id,
      drive_id: drive,
      parent_id: folder,
      name: 'report.docx',
      type: 'file',
      size: content.length,
      version: 1,
      created_by: admins,
      modified_by: { id: 'AKDEMO', type: 'sp', name: 'AKDEMO', avatar: '', company_id: 'demo' },
      hash: { type: 'sha256', sum: createHash('sha256').update(content).digest('hex') },
      link_id: expect.stringMatching(/^c[0-9A-Za-z]{11}$/),
      link_url: `${server.url}/l/${item.link_id}`,
      ext_attrs: [{ name: 'guid', value: 'g1' }],
      permission: Object.fromEntries(FLAGS.map((flag) => [flag, true])),
    })
    for (const time of [ctime, mtime, shown.ctime, shown.mtime]) {
      expect(Number.isInteger(time)).toBe(true)
      expect(time).toBeGreaterThanOrEqual(before - 60)
      expect(time).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000))
    }
    const { ctime: _c, mtime: _m, quota, ...driveRest } = shown
    expect(driveRest).toEqual({
      id: drive,
      name: 'demo',
      description: '',
      allotee_id: 'admin',
      allotee_type: 'user',
      bucket: 'default',
      company_id: 'demo',
      created_by: admins,
      ext_attrs: [],
      source: 'private',
      status: 'inuse',
    })
    const { total, used, remaining, deleted } = quota
    expect(Object.keys(quota).sort()).toEqual(['deleted', 'remaining', 'total', 'used'])
    expect(used).toBeGreaterThanOrEqual(content.length)
    expect(total).toBe(Number.MAX_SAFE_INTEGER)
    expect(remaining).toBe(total - used)
    expect(deleted).toBe(0)
  })

  it('answers files of several drives in the order of first appearance, each once', async () => {
    const other = String(server.demo.drives.alice)
    const a = await app.file(drive, '0', 'order a')
    const b = await app.file(other, '0', 'order b')
    const c = await app.folder(drive, '0', 'order c')
    const reply = await meta(app, [b, c, a, b, c, b])
    expect(reply.data.items.map((item: Wire) => [item.id, item.drive_id, item.type])).toEqual([
      [b, other, 'file'],
      [c, drive, 'folder'],
      [a, drive, 'file'],
    ])
    expect(reply.data.items.map((item: Wire) => item.parent_id)).toEqual(['0', '0', '0'])
  })

  it('gives a folder no hash and no size, and always the same share id', async () => {
    const id = await app.folder(drive, '0', 'plain folder')
    const [first] = (await meta(app, [id])).data.items
    const [second] = (await meta(app, [id])).data.items
    expect(first).not.toHaveProperty('hash')
    expect(first).toMatchObject({ type: 'folder', size: 0, version: 0 })
    expect(second.link_id).toBe(first.link_id)
  })

  it('leaves out unknown, deleted and invisible ids without saying which', async () => {
    const mine = await app.file(drive, '0', 'seen by admin')
    const gone = await app.file(drive, '0', 'soon gone')
    const inside = await app.folder(drive, '0', 'folder soon gone')
    const below = await app.file(drive, inside, 'below')
    await app.post(`/v7/drives/${drive}/files/${gone}/delete`)
    await app.post(`/v7/drives/${drive}/files/${inside}/delete`)
    const own = await alice.file(server.demo.drives.alice, '0', 'seen by alice')
    const unknown = ['nonsense', '0', 'f'.repeat(40), '']
    const reply = await meta(alice, [...unknown, mine, gone, below, own])
    expect(reply).toMatchObject({ status: 200, code: 0 })
    expect(reply.data.items.map((item: Wire) => item.id)).toEqual([own])
    expect((await meta(app, [gone, below, mine])).data.items.map((item: Wire) => item.id)).toEqual([mine])
  })

  it('does not tell another company’s files from unknown ones', async () => {
    const apps = [{ dialect: 'wps' as const, id: 'AKOTHER', secret: 'SKOTHER' }]
    const other = await server.addTenant({ id: 'wpsother', apps })
    const stranger = await appClient(server.url, { client_id: 'AKOTHER', client_secret: 'SKOTHER' })
    const theirs = await stranger.file(other.drives.admin, '0', 'theirs')
    expect((await meta(stranger, [theirs])).data.items).toHaveLength(1)
    expect((await meta(app, [theirs])).text).toBe((await meta(app, ['f'.repeat(40)])).text)
    const path = (id: string) => `/v7/files/batch_get?mode=detailed&file_ids=${id}`
    const [known, unknown] = [await app.get(path(theirs)), await app.get(path('e'.repeat(40)))]
    expect(known.text.replace(theirs, '')).toBe(unknown.text.replace('e'.repeat(40), ''))
  })

  it('shows exactly the rights a grant gives, also on what lies below', async () => {
    const folder = await app.folder(drive, '0', 'shared with alice')
    const file = await app.file(drive, folder, 'below the share')
    expect((await meta(alice, [folder, file])).data.items).toEqual([])
    const roles: (readonly (keyof typeof ACTIONS)[])[] = [
      ['list', 'preview'],
      ['list', 'preview', 'download', 'copy', 'copyContent', 'print', 'comment'],
      ['list', 'upload', 'newEmpty'],
      ['list', 'rename', 'move', 'delete', 'update', 'replace'],
      ['list', 'share', 'permCtl'],
    ]
    for (const role of roles) {
      await grant(folder, 'alice', actions(...role))
      const wire = role.filter((action) => action !== 'replace').map(snake)
      const expected = Object.fromEntries(FLAGS.map((flag) => [flag, wire.includes(flag)]))
      const { items } = (await meta(alice, [folder, file])).data
      expect(items.map((item: Wire) => item.permission)).toEqual([expected, expected])
    }
    await grant(file, 'alice', ALL_ACTIONS)
    const { items } = (await meta(alice, [file])).data
    expect(Object.values(items[0].permission)).toEqual(FLAGS.map(() => true))
    await grant(file, 'alice', actions('preview', 'download'))
    expect((await meta(alice, [file])).data.items).toEqual([])
  })

  it('leaves an object out when a flag says so, in the body or in the query', async () => {
    const id = await app.file(drive, '0', 'flags')
    const [item] = (await meta(app, [id], { with_drive: false, with_permission: 'false' })).data.items
    expect(item).not.toHaveProperty('drive')
    expect(item).not.toHaveProperty('permission')
    expect(item).toHaveProperty('ext_attrs')
    const queried = await app.post(`${META}?with_ext_attrs=false`, { file_ids: [id] })
    expect(queried.data.items[0]).not.toHaveProperty('ext_attrs')
    expect(queried.data.items[0]).toHaveProperty('drive')
  })

  it('takes 1024 ids at a constant number of statements', async () => {
    const folder = await app.folder(drive, '0', 'many')
    const ids = await Promise.all(Array.from({ length: 40 }, (_, at) => app.file(drive, folder, `one of many ${at}`)))
    await meta(app, ids)
    const once = async (asked: readonly string[]) => {
      const before = server.store.statements()
      const { data } = await meta(app, asked)
      expect(data.items).toHaveLength(new Set(asked).size)
      return server.store.statements() - before
    }
    // The sweep, and what is read anew every two seconds, may add to one of them.
    const cost = async (asked: readonly string[]) => Math.min(await once(asked), await once(asked), await once(asked))
    const [one, forty] = [await cost(ids.slice(0, 1)), await cost(ids)]
    expect(forty).toBe(one)
    const full = [...ids, ...Array.from({ length: 1024 - ids.length }, (_, at) => at.toString().padStart(40, '0'))]
    const reply = await meta(app, full)
    expect(reply).toMatchObject({ status: 200, code: 0 })
    expect(reply.data.items).toHaveLength(40)
  })

  it('answers the same under the prefix of a private deployment', async () => {
    const id = await app.file(drive, '0', 'prefixed')
    expect((await app.post(`/openapi${META}`, { file_ids: [id] })).text).toBe((await meta(app, [id])).text)
  })

  it('gives every answer a request id of its own', async () => {
    const replies = [await meta(app, ['x']), await meta(app, []), await app.get('/v7/nothing/here')]
    const ids = replies.map(({ headers }) => headers.get('x-request-id'))
    expect(ids.every(Boolean)).toBe(true)
    expect(new Set(ids).size).toBe(3)
  })
})

describe('what batch_get_meta refuses', () => {
  const cases: [name: string, status: number, code: number, send: () => Promise<{ status: number; code: number }>][] = [
    ['no body', 400, 400000002, () => app.post(META)],
    ['an empty object', 400, 400000002, () => app.post(META, {})],
    ['null', 400, 400000002, () => app.post(META, null)],
    ['a list instead of an object', 400, 400000002, () => app.post(META, ['a'])],
    ['what is not JSON', 400, 400000002, () => app.post(META, undefined, { raw: '{"file_ids":[' })],
    [
      'bytes that are not UTF-8',
      400,
      400000002,
      () => app.post(META, undefined, { raw: Buffer.from([0x22, 0xff, 0x22]) }),
    ],
    ['ids that are a string', 400, 400000002, () => app.post(META, { file_ids: 'abc' })],
    ['an id that is a number', 400, 400000002, () => app.post(META, { file_ids: ['a', 5] })],
    ['an id that is null', 400, 400000002, () => app.post(META, { file_ids: [null] })],
    ['no ids', 400, 400000101, () => app.post(META, { file_ids: [] })],
    [
      '1025 ids',
      400,
      400000105,
      () => app.post(META, { file_ids: Array.from({ length: 1025 }, (_, at) => `id${at}`) }),
    ],
    ['1025 times the same id', 400, 400000105, () => app.post(META, { file_ids: new Array(1025).fill('a') })],
    ['an id of 1025 characters', 400, 400000106, () => app.post(META, { file_ids: ['a', 'b'.repeat(1025)] })],
    ['a mode nobody knows', 400, 400000003, () => app.post(META, { file_ids: ['a'], mode: 'slow' })],
    ['a flag that is no truth value', 400, 400000003, () => app.post(META, { file_ids: ['a'], with_drive: 'maybe' })],
    [
      'another content type',
      415,
      415000001,
      () => app.post(META, { file_ids: ['a'] }, { headers: { 'Content-Type': 'text/plain' } }),
    ],
    [
      'an id type nobody knows',
      400,
      400000003,
      () => app.post(META, { file_ids: ['a'] }, { headers: { 'X-Kso-Id-Type': 'both' } }),
    ],
    ['a GET', 404, 404000001, () => app.get(META)],
    ['an unknown call', 404, 404000001, () => app.post('/openapi/v7/files/batch_get_metas', { file_ids: ['a'] })],
  ]

  it.each(cases)('%s', async (_name, status, code, send) => {
    expect(await send()).toMatchObject({ status, code })
  })

  it('accepts 1024 ids of 1024 characters, both id types, a charset, and members it does not know', async () => {
    const ids = Array.from({ length: 1024 }, (_, at) => String(at).padStart(1024, 'x'))
    const headers = { 'X-Kso-Id-Type': 'external', 'Content-Type': 'application/json; charset=utf-8' }
    const reply = await app.post(META, { file_ids: ids, extra: { a: 1 } }, { headers })
    expect(reply).toMatchObject({ status: 200, code: 0, data: { items: [] } })
  })
})

describe('batch_get', () => {
  it('gives the plain file, and permission, attributes and drive on request', async () => {
    const id = await app.file(drive, '0', 'public sibling')
    const [plain] = (await app.get(`/v7/files/batch_get?file_ids=${id}`)).data.items
    expect(plain).toMatchObject({ id, shared: false })
    for (const member of ['permission', 'ext_attrs', 'drive', 'hash']) expect(plain).not.toHaveProperty(member)
    const flags = 'with_permission=true&with_ext_attrs=true&with_drive=true'
    const [full] = (await app.get(`/v7/files/batch_get?file_ids=${id}&${flags}`)).data.items
    expect(full).toMatchObject({ permission: { list: true }, ext_attrs: [], drive: { id: drive } })
  })

  it('reads a list of ids however the client writes it', async () => {
    const [a, b] = [await app.file(drive, '0', 'list a'), await app.file(drive, '0', 'list b')]
    const spellings = [`file_ids=${a}&file_ids=${b}`, `file_ids[]=${a}&file_ids[]=${b}`, `file_ids=${a},${b}`]
    const encoded = `file_ids%5B%5D=${a}&file_ids%5B%5D=${b}`
    for (const query of [...spellings, encoded, `file_ids[0]=${a}&file_ids[1]=${b}`]) {
      const { data } = await app.get(`/v7/files/batch_get?${query}`)
      expect(data.items.map((item: Wire) => item.id)).toEqual([a, b])
    }
  })

  it('stops at the first failure by default and lists failures when asked to', async () => {
    const id = await app.file(drive, '0', 'modes')
    const hidden = await app.file(drive, '0', 'hidden from alice')
    const unknown = '1'.repeat(40)
    const fast = await app.get(`/v7/files/batch_get?file_ids=${id},${unknown}`)
    expect(fast).toMatchObject({ status: 400, code: 400008009 })
    expect(fast.data).toBeUndefined()
    const { data, code } = await app.get(`/v7/files/batch_get?mode=detailed&file_ids=${unknown},${id}`)
    expect(code).toBe(0)
    expect(data.items.map((item: Wire) => item.id)).toEqual([id])
    expect(data.failures).toEqual([{ object_id: unknown, err_code: 400008009, err_msg: expect.any(String) }])
    const seen = await alice.get(`/v7/files/batch_get?mode=detailed&file_ids=${hidden}`)
    expect(seen.data.failures[0].err_code).toBe(400008009)
  })
})

const FLAGS = [
  'comment',
  'copy',
  'copy_content',
  'delete',
  'download',
  'list',
  'move',
  'new_empty',
  'perm_ctl',
  'preview',
  'print',
  'rename',
  'share',
  'update',
  'upload',
]

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
