import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor, GrantOp } from '../../src/engine/index.ts'
import { GRANTS_PER_NODE_MAX } from '../../src/engine/ops/update.ts'
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
  drive = String(server.demo.drives.admin)
  files = `/v7/drives/${drive}/files`
})
afterAll(() => server.stop())

const ALICE = { subject_type: 'user', subject_id: 'alice', subject_attr: { member_tag: 'x' } }

const give = (id: string, role_id: unknown, subjects: unknown = [ALICE], more: object = {}, client = app) =>
  client.post(`${files}/${id}/permissions/batch_create`, { role_id, subjects, ...more })

const take = (id: string, items: unknown) => app.post(`${files}/${id}/permissions/batch_delete`, { items })

async function flags(id: string): Promise<Wire> {
  const { items } = (await alice.post('/v7/files/batch_get_meta', { file_ids: [id] })).data
  return items[0]?.permission
}

describe('roles', () => {
  it('are the vendor’s presets, and giving one shows exactly its flags', async () => {
    const { items } = (await app.get(`/v7/drives/${drive}/roles`)).data
    expect(items.map((role: Wire) => role.id)).toEqual([
      ...['prohibited', 'view_only', 'viewable', 'shareable', 'commentable', 'editable', 'manageable'],
    ])
    const folder = await app.folder(drive, '0', 'every role')
    const file = await app.file(drive, folder, 'below')
    for (const role of items.slice(1)) {
      expect(role).toMatchObject({ type: 'preset', name: role.id, permissions: role.permission_bits })
      expect(JSON.parse((await give(folder, role.id)).text)).toEqual({ code: 0, msg: 'success' })
      expect(await flags(file)).toEqual(role.permission_bits)
    }
    expect(Object.values(items.at(-1).permission_bits)).toEqual(new Array(15).fill(true))
    expect((await give(file, 'prohibited')).code).toBe(0)
    expect(await flags(file)).toBeUndefined()
    expect(await flags(folder)).toBeDefined()
    expect((await app.get('/v7/drives/999999/roles')).code).toBe(400008011)
  })

  it('open what they say: an editor may change content, a viewer may not', async () => {
    const folder = await app.folder(drive, '0', 'editing')
    const file = await app.file(drive, folder, 'edited.txt', 'old')
    await give(folder, '21020029')
    expect((await alice.upload(drive, folder, '', 'new', { file_id: file })).code).toBe(403000001)
    await give(folder, '21020030')
    expect((await alice.upload(drive, folder, '', 'new', { file_id: file })).data).toMatchObject({
      id: file,
      version: 2,
    })
    expect((await alice.post(`${files}/${file}/rename`, { dst_name: 'renamed.txt' })).code).toBe(0)
    expect((await give(file, 'manageable', [ALICE], {}, alice)).code).toBe(403000001)
  })

  it('are given to the company and to the whole drive, and taken away again', async () => {
    const file = await app.file(drive, '0', 'for everyone.txt')
    expect(await flags(file)).toBeUndefined()
    await give('0', 'view_only', [{ subject_type: 'company', subject_id: 'demo' }])
    expect(await flags(file)).toMatchObject({ list: true, download: false })
    expect((await alice.get(`/v7/drives/${drive}/meta`)).data.id).toBe(drive)
    expect((await take('0', [{ subject: { subject_type: 'company', subject_id: 'demo' } }])).code).toBe(0)
    expect(await flags(file)).toBeUndefined()
    expect((await take('0', [{ subject: { subject_type: 'company', subject_id: 'demo' } }])).code).toBe(0)
  })

  it('are given to nobody when there is no room for all', async () => {
    const folder = await app.folder(drive, '0', 'nearly full')
    const node = server.engine.ids.parseFileId(folder)!
    const who = { tenant: server.demo.tenant, dialect: 'wps', app: '', user: 'admin' } as const
    const actor = (await server.auth.actor(who)) as Actor
    const ops = Array.from({ length: GRANTS_PER_NODE_MAX - 1 }, (_, at): GrantOp => {
      return { kind: 'grant', node, subject: `user:u${at}`, actions: 1, role: 'test', expiresAt: 0 }
    })
    await server.engine.batch(actor, ops)
    const company = { subject_type: 'company', subject_id: 'demo' }
    expect((await give(folder, 'viewable', [ALICE, company])).code).toBe(400000003)
    expect(await flags(folder)).toBeUndefined()
    expect((await give(folder, 'viewable', [ALICE])).code).toBe(0)
  })

  it('are given to all subjects or to none', async () => {
    const file = await app.file(drive, '0', 'refused grants.txt')
    const many = Array.from({ length: 201 }, () => ALICE)
    const cases: [role: unknown, subjects: unknown, more: object, code: number][] = [
      ['king', [ALICE], {}, 400000003],
      [undefined, [ALICE], {}, 400000004],
      ['viewable', null, {}, 400000002],
      ['viewable', [], {}, 400000101],
      ['viewable', many, {}, 400000105],
      ['viewable', [ALICE, null], {}, 400000003],
      ['viewable', [ALICE, { subject_type: 'dept', subject_id: '1' }], {}, 400000003],
      ['viewable', [ALICE, { subject_type: 'user', subject_id: 'nobody' }], {}, 400001006],
      ['viewable', [ALICE, { subject_type: 'group', subject_id: 'nobody' }], {}, 403013003],
      ['viewable', [ALICE, { subject_type: 'company', subject_id: 'other' }], {}, 400000003],
      ['viewable', [ALICE], { overwrite: true }, 400000004],
    ]
    for (const [role, subjects, more, code] of cases) {
      expect((await give(file, role, subjects, more)).code, JSON.stringify([role, subjects, more]).slice(0, 200)).toBe(
        code,
      )
    }
    expect((await give('f'.repeat(40), 'viewable')).code).toBe(400008009)
    expect((await give(file, 'viewable', [ALICE], {}, alice)).code).toBe(400008009)
    expect((await take(file, undefined)).code).toBe(400000002)
    expect((await take(file, [{ id: 5 }])).code).toBe(400000003)
    expect(await flags(file)).toBeUndefined()
  })
})
