import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type Wire, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

let server: TestServer
let app: WpsClient
let alice: WpsClient

beforeAll(async () => {
  server = await startServer()
  app = await appClient(server.url)
  alice = await userClient(server, 'alice')
})
afterAll(() => server.stop())

const ids = (reply: { data: Wire }) => reply.data.items.map((item: Wire) => item.id)

describe('drives', () => {
  it('of an app are made, listed page by page, changed and deleted', async () => {
    const make = (name: string) =>
      app.post('/v7/drives/create', {
        ...{ allotee_type: 'app', name, description: 'ours', total_quota: 1000 },
        ext_attrs: [{ name: 'k', value: 'v' }],
      })
    const made = await make('one')
    expect(made.data).toMatchObject({
      ...{ name: 'one', description: 'ours', allotee_type: 'app', allotee_id: 'AKDEMO', company_id: 'demo' },
      ...{ source: 'yundoc', status: 'inuse', ext_attrs: [{ name: 'k', value: 'v' }] },
      quota: { total: 1000, used: 0, remaining: 1000, deleted: 0 },
      created_by: { id: 'AKDEMO', type: 'sp' },
    })
    const { id } = made.data
    const more = [(await make('two')).data.id, (await make('three')).data.id]
    const first = await app.get('/v7/drives?allotee_type=app&page_size=2')
    expect(ids(first)).toEqual([id, more[0]])
    const token = first.data.next_page_token
    const second = await app.get(`/v7/drives?allotee_type=app&page_size=2&page_token=${token}&with_ext_attrs=true`)
    expect(ids(second)).toEqual([more[1]])
    expect(second.data.next_page_token).toBe('')
    expect(second.data.items[0].ext_attrs).toEqual([{ name: 'k', value: 'v' }])

    const changed = await app.post(`/v7/drives/${id}/update`, { name: 'uno', total_quota: 5 })
    expect(changed.data).toMatchObject({ id, name: 'uno', description: 'ours', quota: { total: 5 } })
    expect((await app.get(`/v7/drives/${id}/meta?with_ext_attrs=true`)).data.ext_attrs).toEqual([
      { name: 'k', value: 'v' },
    ])
    const file = await app.file(id, '0', 'in')
    expect(JSON.parse((await app.post(`/v7/drives/${id}/delete`)).text)).toEqual({ code: 0, msg: 'success' })
    expect(await app.get(`/v7/drives/${id}/meta`)).toMatchObject({ status: 400, code: 400008011 })
    expect((await app.get(`/v7/files/${file}/meta`)).code).toBe(400008009)
    expect(ids(await app.get('/v7/drives?allotee_type=app&page_size=10'))).toEqual(more)
  })

  it('of a user are listed with their source and answer to its name', async () => {
    const own = String(server.demo.drives.alice)
    const listed = await alice.get('/v7/drives?allotee_type=user&page_size=10')
    expect(ids(listed)).toEqual([own])
    expect(listed.data.items[0]).toMatchObject({ allotee_type: 'user', allotee_id: 'alice', source: 'private' })
    expect((await alice.get('/v7/drives/private/meta')).data.id).toBe(own)
    expect((await alice.get('/v7/drives/special/meta')).data.id).toBe(own)
    expect((await alice.get('/v7/drives/roaming/meta')).code).toBe(400008011)
    const box = await alice.post('/v7/drives/create', { allotee_type: 'user', name: 'box', source: 'roaming' })
    expect((await alice.get('/v7/drives/roaming/meta')).data.id).toBe(box.data.id)
    const sources = await alice.get('/v7/drives?allotee_type=user&page_size=10&sources=roaming,tmp')
    expect(ids(sources)).toEqual([box.data.id])
    const id = await alice.file('private', '0', 'by alias')
    expect((await alice.get(`/v7/drives/private/files/${id}/meta`)).data.drive_id).toBe(own)
  })

  it('of all users are listed for an app, those of one when it says whose', async () => {
    const all = await app.get('/v7/drives?allotee_type=user&page_size=10')
    const { admin, alice: hers } = server.demo.drives
    expect(ids(all)).toEqual(expect.arrayContaining([String(admin), String(hers)]))
    expect(all.data.items.every((item: Wire) => item.allotee_type === 'user')).toBe(true)
    expect(ids(await app.get('/v7/drives?allotee_type=user&allotee_id=admin&page_size=10'))).toEqual([String(admin)])
  })

  it('of others are as if they were not there', async () => {
    const { admin } = server.demo.drives
    const unknown = { status: 400, code: 400008011 }
    expect(await alice.get(`/v7/drives/${admin}/meta`)).toMatchObject(unknown)
    expect(await alice.post(`/v7/drives/${admin}/update`, { name: 'x' })).toMatchObject(unknown)
    expect(await alice.post(`/v7/drives/${admin}/delete`)).toMatchObject(unknown)
    expect((await alice.get('/v7/drives?allotee_type=user&allotee_id=admin&page_size=5')).code).toBe(403000001)
    expect((await alice.get('/v7/drives?allotee_type=group&allotee_id=staff&page_size=5')).code).toBe(403000001)
    const other = await server.addTenant({ id: 'wpsdrives' })
    expect(await app.get(`/v7/drives/${other.drives.admin}/meta`)).toMatchObject(unknown)
    expect((await app.get(`/v7/drives/${admin}/meta`)).data.name).toBe('demo')
  })

  it('are not made by whoever may not, nor under names that are not allowed', async () => {
    const count = async () => (await app.get('/v7/drives?allotee_type=app&page_size=500')).data.items.length
    const before = await count()
    const app_ = { allotee_type: 'app', name: 'x' }
    const cases: [client: WpsClient, body: object | undefined, code: number][] = [
      [app, undefined, 400000004],
      [app, { allotee_type: 'app' }, 400000004],
      [app, { ...app_, name: '' }, 403008063],
      [app, { ...app_, name: 'n'.repeat(241) }, 403008057],
      [app, { ...app_, name: 5 }, 400000002],
      [app, { ...app_, total_quota: -1 }, 400000003],
      [app, { ...app_, total_quota: '5' }, 400000002],
      [app, { ...app_, ext_attrs: { a: 'b' } }, 400000002],
      [app, { ...app_, source: 'cellar' }, 400000003],
      [app, { ...app_, allotee_type: 'disk' }, 400000003],
      [app, { allotee_type: 'user', name: 'x', source: 'private', allotee_id: 'alice' }, 403000001],
      [alice, app_, 403000001],
      [alice, { allotee_type: 'user', name: 'x' }, 400000004],
      [alice, { allotee_type: 'user', name: 'x', source: 'private', allotee_id: 'admin' }, 403000001],
      [alice, { allotee_type: 'group', name: 'x' }, 400000004],
      [alice, { allotee_type: 'group', name: 'x', allotee_id: 'staff' }, 403000001],
      ...[...'/\\;:*?"<>'].map((sign): [WpsClient, object, number] => [app, { ...app_, name: `a${sign}` }, 403008058]),
    ]
    for (const [client, body, code] of cases) {
      expect((await client.post('/v7/drives/create', body)).code, JSON.stringify(body)).toBe(code)
    }
    expect(await count()).toBe(before)
    expect((await app.post('/v7/drives/create', { ...app_, name: '长'.repeat(240) })).code).toBe(0)
  })

  it('are not listed without what the listing needs', async () => {
    const cases: [query: string, code: number][] = [
      ['', 400000004],
      ['allotee_type=user', 400000004],
      ['page_size=5', 400000004],
      ['allotee_type=disk&page_size=5', 400000003],
      ['allotee_type=user&page_size=0', 400000003],
      ['allotee_type=user&page_size=5&page_token=zzz', 400000003],
    ]
    for (const [query, code] of cases) expect((await app.get(`/v7/drives?${query}`)).code, query).toBe(code)
    expect((await alice.get('/v7/drives?allotee_type=group&page_size=5')).code).toBe(400000004)
  })
})
