import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

let now = Date.UTC(2026, 10, 5)
let server: TestServer
let app: WpsClient
let drive: string
let files: string

beforeAll(async () => {
  server = await startServer({ clock: () => now })
  app = await appClient(server.url)
  drive = String(server.demo.drives.admin)
  files = `/v7/drives/${drive}/files`
})
afterAll(() => server.stop())

const hash = (type: string, content: string | Buffer) => ({ type, sum: createHash(type).update(content).digest('hex') })

async function request(parent: string, body: object) {
  return app.post(`${files}/${parent}/request_upload`, body)
}

function commit(parent: string, upload_id: string, more: object = {}) {
  return app.post(`${files}/${parent}/commit_upload`, { upload_id, ...more })
}

async function put(url: string, body: string | Buffer, method = 'PUT') {
  const response = await fetch(url, {
    method,
    body,
    headers: { Authorization: `Bearer ${app.token}`, 'X-Kso-Date': 'x' },
  })
  return { status: response.status, etag: response.headers.get('etag'), text: await response.text() }
}

async function content(id: string): Promise<string> {
  const { data } = await app.get(`${files}/${id}/download`)
  return (await fetch(data.url)).text()
}

describe('the three-step upload', () => {
  it('makes a file of the bytes sent', async () => {
    const bytes = Buffer.from('three steps')
    const hashes = [hash('sha256', bytes), hash('md5', bytes), { type: 's2s', sum: 'kingsoft' }]
    const requested = await request('0', { name: 'steps.txt', size: bytes.length, hashes, internal: true })
    expect(requested).toMatchObject({ status: 200, code: 0 })
    expect(requested.data).toEqual({
      upload_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      store_request: { method: 'PUT', url: expect.stringContaining(`${server.url}/transfer/`) },
    })
    expect(await app.names(drive, '0')).not.toContain('steps.txt')
    const { upload_id, store_request } = requested.data
    const stored = await put(store_request.url, bytes)
    expect(stored).toEqual({ status: 200, etag: `"${hash('md5', bytes).sum.toUpperCase()}"`, text: '' })
    const committed = await commit('0', upload_id, { file_name: 'other.txt', size: 1, file: { key: 'k' } })
    expect(committed.data).toMatchObject({
      name: 'steps.txt',
      size: bytes.length,
      version: 1,
      parent_id: '0',
      type: 'file',
    })
    expect(await content(committed.data.id)).toBe('three steps')
    expect((await commit('0', upload_id)).data.id).toBe(committed.data.id)
    const older = await app.post(`${files}/0/commit_upload`, { id: upload_id })
    expect(older.data.id).toBe(committed.data.id)
  })

  it('takes POST as well as PUT, and the prefix of a private deployment', async () => {
    const { data } = await app.post(`/openapi${files}/0/request_upload`, { name: 'posted.txt', size: 2 })
    expect((await put(data.store_request.url, 'ok', 'POST')).status).toBe(200)
    expect((await app.post(`/openapi${files}/0/commit_upload`, { upload_id: data.upload_id })).code).toBe(0)
  })

  it('settles a taken name as asked', async () => {
    const parent = await app.folder(drive, '0', 'upload conflicts')
    const first = (await app.upload(drive, parent, 'x.txt', 'one')).data
    expect((await app.upload(drive, parent, 'x.txt', 'two')).data.name).toBe('x(1).txt')
    const over = (await app.upload(drive, parent, 'x.txt', 'three', { on_name_conflict: 'overwrite' })).data
    expect(over).toMatchObject({ id: first.id, name: 'x.txt', version: 2, size: 5 })
    expect((await app.upload(drive, parent, 'x.txt', 'four', { on_name_conflict: 'fail' })).code).toBe(400008007)
    const fresh = (await app.upload(drive, parent, 'x.txt', 'five', { on_name_conflict: 'replace' })).data
    expect(fresh).toMatchObject({ name: 'x.txt', version: 1 })
    expect(fresh.id).not.toBe(first.id)
    expect((await app.get(`/v7/deleted_files/${first.id}/meta`)).data.version).toBe(2)
    expect(await app.names(drive, parent)).toEqual(['x(1).txt', 'x.txt'])
    expect(await content(fresh.id)).toBe('five')
  })

  it('decides on the name when it is committed, not when it was requested', async () => {
    const parent = await app.folder(drive, '0', 'late clash')
    const { data } = await request(parent, { name: 'late.txt', size: 4, on_name_conflict: 'fail' })
    await put(data.store_request.url, 'late')
    await app.file(drive, parent, 'late.txt', 'early')
    expect((await commit(parent, data.upload_id)).code).toBe(400008007)
    expect(await app.names(drive, parent)).toEqual(['late.txt'])
  })

  it('adds a version to the file that is named, whatever name is sent', async () => {
    const id = await app.file(drive, '0', 'versioned.txt', 'first')
    const { data } = await request('0', { file_id: id, name: 'ignored.txt', size: 6 })
    await put(data.store_request.url, 'second')
    expect((await commit('0', data.upload_id)).data).toMatchObject({ id, name: 'versioned.txt', version: 2, size: 6 })
    expect((await commit('0', data.upload_id)).data).toMatchObject({ id, version: 2 })
    expect(await content(id)).toBe('second')
    const old = await app.get(`${files}/${id}/versions/1/download?with_hash=true`)
    expect(await (await fetch(old.data.url)).text()).toBe('first')
    expect(old.data.hashes).toContainEqual(hash('sha256', 'first'))
    expect((await app.get(`${files}/${id}/versions/3/download`)).code).toBe(400000103)
    expect((await app.get(`${files}/${id}/versions/first/download`)).code).toBe(400000003)
  })

  it('makes the folders of parent_path at the commit, and none before', async () => {
    const parent = await app.folder(drive, '0', 'upload paths')
    const body = { name: 'deep.txt', size: 4, parent_path: ['a', 'b'] }
    const { data } = await request(parent, body)
    expect(await app.names(drive, parent)).toEqual([])
    await put(data.store_request.url, 'deep')
    const file = (await commit(parent, data.upload_id)).data
    const { paths } = (await app.get(`${files}/${file.id}/path`)).data
    expect(paths.map((step: { name: string }) => step.name)).toEqual(['upload paths', 'a', 'b', 'deep.txt'])
    const second = await app.upload(drive, parent, 'deep.txt', 'again', { parent_path: ['a', 'b'] })
    expect(second.data).toMatchObject({ name: 'deep(1).txt', parent_id: file.parent_id })
    const failing = await request(parent, { ...body, size: 5, parent_path: ['never'] })
    await put(failing.data.store_request.url, 'four')
    expect((await commit(parent, failing.data.upload_id)).code).toBe(400007015)
    expect(await app.names(drive, parent)).toEqual(['a'])
  })

  it('refuses bytes that are missing, too few, too many or others than declared', async () => {
    const parent = await app.folder(drive, '0', 'wrong bytes')
    const open = async (body: object) => (await request(parent, { name: 'wrong.txt', ...body })).data
    const missing = await open({ size: 3 })
    expect(await commit(parent, missing.upload_id)).toMatchObject({ status: 403, code: 403008009 })
    const few = await open({ size: 5 })
    await put(few.store_request.url, 'four')
    expect(await commit(parent, few.upload_id)).toMatchObject({ status: 400, code: 400007015 })
    const many = await open({ size: 3 })
    expect((await put(many.store_request.url, 'four')).status).toBe(400)
    expect(await commit(parent, many.upload_id)).toMatchObject({ status: 403, code: 403008009 })
    for (const type of ['sha256', 'md5', 'sha1']) {
      const other = await open({ size: 4, hashes: [hash(type, 'else')] })
      await put(other.store_request.url, 'four')
      expect(await commit(parent, other.upload_id)).toMatchObject({ status: 400, code: 400007014 })
    }
    expect(await app.names(drive, parent)).toEqual([])
    // What was sent wrongly can be sent again.
    await put(many.store_request.url, 'ok!')
    expect((await commit(parent, many.upload_id)).code).toBe(0)
  })

  it('refuses uploads that are unknown, of someone else, expired, or of another folder', async () => {
    const { data } = await request('0', { name: 'mine.txt', size: 4 })
    await put(data.store_request.url, 'mine')
    const alice = await userClient(server, 'alice')
    const unknown = { status: 400, code: 400000103 }
    expect(await alice.post(`${files}/0/commit_upload`, { upload_id: data.upload_id })).toMatchObject(unknown)
    for (const id of ['', 'x', '0'.repeat(32)]) expect(await commit('0', id)).toMatchObject(unknown)
    expect((await app.post(`${files}/0/commit_upload`)).code).toBe(400000004)
    expect((await commit(await app.folder(drive, '0', 'wrong folder'), data.upload_id)).code).toBe(400000003)
    const wrongDrive = `/v7/drives/${server.demo.drives.alice}/files/0/commit_upload`
    expect((await app.post(wrongDrive, { upload_id: data.upload_id })).code).toBe(400000003)
    now += 25 * 3600_000
    app = await appClient(server.url)
    expect((await put(data.store_request.url, 'mine')).status).toBe(403)
    expect(await commit('0', data.upload_id)).toMatchObject(unknown)
    expect(await app.names(drive, '0')).not.toContain('mine.txt')
  })

  it('refuses requests it cannot read', async () => {
    const cases: [body: object | undefined, code: number][] = [
      [undefined, 400000004],
      [{ name: 'x' }, 400000004],
      [{ size: 1 }, 400000004],
      [{ name: 'x', size: '1' }, 400000002],
      [{ name: 'x', size: -1 }, 400000003],
      [{ name: 'x', size: 1.5 }, 400000003],
      [{ name: 'x', size: 2 ** 60 }, 400000003],
      [{ name: 5, size: 1 }, 400000002],
      [{ name: '', size: 1 }, 400008015],
      [{ name: 'a/b', size: 1 }, 400000003],
      [{ name: 'a/b', size: 1, parent_path: ['new'] }, 400000003],
      [{ name: 'x'.repeat(256), size: 1 }, 400000106],
      [{ name: 'x', size: 1, hashes: 'abc' }, 400000003],
      [{ name: 'x', size: 1, hashes: [{ type: 'sha256', sum: 'abc' }] }, 400000003],
      [{ name: 'x', size: 1, hashes: [{ type: 'crc32', sum: 'abcdef01' }] }, 400000003],
      [{ name: 'x', size: 1, hashes: [null] }, 400000003],
      [{ name: 'x', size: 1, on_name_conflict: 'ask' }, 400000003],
      [{ name: 'x', size: 1, upload_scene: 'other' }, 400000003],
      [{ name: 'x', size: 1, file_id: 'f'.repeat(40) }, 400008009],
    ]
    for (const [body, code] of cases) expect((await request('0', body as object)).code, JSON.stringify(body)).toBe(code)
    expect((await request('f'.repeat(40), { name: 'x', size: 1 })).code).toBe(400008009)
    const folder = await app.folder(drive, '0', 'no version of a folder')
    expect((await request('0', { file_id: folder, size: 1 })).code).toBe(403008042)
  })
})

describe('quota', () => {
  it('is asked for when an upload is requested and again when it is committed', async () => {
    const made = await app.post('/v7/drives/create', { allotee_type: 'app', name: 'small', total_quota: 10 })
    const small = made.data.id
    expect(made.data.quota).toEqual({ deleted: 0, remaining: 10, total: 10, used: 0 })
    const at = (body: object) => app.post(`/v7/drives/${small}/files/0/request_upload`, body)
    expect(await at({ name: 'large', size: 11 })).toMatchObject({ status: 403, code: 403008014 })
    const [a, b] = [await at({ name: 'a', size: 6 }), await at({ name: 'b', size: 6 })]
    await put(a.data.store_request.url, '123456')
    await put(b.data.store_request.url, 'abcdef')
    const path = `/v7/drives/${small}/files/0/commit_upload`
    const first = await app.post(path, { upload_id: a.data.upload_id })
    expect(first.code).toBe(0)
    expect(await app.post(path, { upload_id: b.data.upload_id })).toMatchObject({ status: 403, code: 403008014 })
    expect(await app.names(small, '0')).toEqual(['a'])
    const { quota } = (await app.get(`/v7/drives/${small}/meta`)).data
    expect(quota).toEqual({ deleted: 0, remaining: 4, total: 10, used: 6 })
    const copy = await app.post(`/v7/drives/${small}/files/${first.data.id}/copy`, {
      dst_drive_id: small,
      dst_parent_id: '0',
    })
    expect(copy).toMatchObject({ status: 403, code: 403008014 })
    // A wider pool that leaves less than the drive's own quota bounds what the drive can hold.
    const { tenant } = server.demo
    const [full] = await server.store.read((tx) => tx.pools([{ tenant, kind: 'tenant', key: '' }]))
    await server.engine.setQuotas(tenant, [{ kind: 'tenant', key: '', quota: full!.used + 1 }])
    const bounded = (await app.get(`/v7/drives/${small}/meta`)).data.quota
    expect(bounded).toEqual({ deleted: 0, remaining: 1, total: 7, used: 6 })
    await server.engine.setQuotas(tenant, [{ kind: 'tenant', key: '', quota: null }])
    await app.post(`/v7/drives/${small}/files/${first.data.id}/delete`)
    const after = (await app.get(`/v7/drives/${small}/meta`)).data.quota
    expect(after).toEqual({ deleted: 6, remaining: 4, total: 10, used: 6 })
  })
})

describe('download', () => {
  it('gives a signed address that serves ranges and the file’s name, without a login', async () => {
    const bytes = 'download me'
    const id = await app.file(drive, '0', '报告 1.txt', bytes)
    const { data } = await app.get(`${files}/${id}/download?with_hash=true&internal=true&storage_base_domain=wps.cn`)
    expect(data.hashes).toEqual([hash('sha256', bytes), hash('md5', bytes), hash('sha1', bytes)])
    const whole = await fetch(data.url)
    expect(await whole.text()).toBe(bytes)
    expect(whole.headers.get('content-disposition')).toContain(`filename*=UTF-8''${encodeURIComponent('报告 1.txt')}`)
    const part = await fetch(data.url, { headers: { Range: 'bytes=0-7', Authorization: 'Bearer expired' } })
    expect([part.status, await part.text()]).toEqual([206, 'download'])
    const head = await fetch(data.url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
    expect((await app.get(`${files}/${id}/download`)).data).toEqual({ url: expect.any(String) })
    now += 3600_000
    expect((await fetch(data.url)).status).toBe(403)
  })

  it('is refused for folders and for what is not there', async () => {
    const folder = await app.folder(drive, '0', 'no download')
    expect(await app.get(`${files}/${folder}/download`)).toMatchObject({ status: 403, code: 403008042 })
    expect(await app.get(`${files}/${'1'.repeat(40)}/download`)).toMatchObject({ status: 400, code: 400008009 })
  })
})

describe('uploads in pieces', () => {
  it('join the parts in the order of their numbers', async () => {
    const size = 16 * 2 ** 20 + 3
    const bytes = Buffer.alloc(size, 'x')
    bytes.write('end', size - 3)
    const body = { name: 'pieces.bin', size, hashes: [hash('sha256', bytes)], mode: 'sequential', display_size: size }
    const opened = await app.post(`${files}/0/create_multipart_upload_task`, body)
    const { upload_id, part_size, part_count, upload_addr } = opened.data
    expect([part_size, part_count]).toEqual([16 * 2 ** 20, 2])
    const commitPath = `/v7/multipart_upload_tasks/${upload_id}/commit`
    expect((await app.post(commitPath)).code).toBe(403008009)
    expect((await put(`${upload_addr}?part_number=2`, bytes.subarray(part_size))).status).toBe(200)
    expect((await put(`${upload_addr}?part_number=1`, bytes.subarray(0, part_size))).status).toBe(200)
    const file = await app.post(commitPath, {})
    expect(file.data).toMatchObject({ name: 'pieces.bin', size, version: 1 })
    expect((await app.post(commitPath)).data.id).toBe(file.data.id)
    const tail = await fetch((await app.get(`${files}/${file.data.id}/download`)).data.url, {
      headers: { Range: 'bytes=-3' },
    })
    expect(await tail.text()).toBe('end')
  })

  it('can be given up', async () => {
    const opened = await app.post(`${files}/0/create_multipart_upload_task`, { name: 'given up', size: 4 })
    await put(`${opened.data.upload_addr}?part_number=1`, 'four')
    const path = `/v7/multipart_upload_tasks/${opened.data.upload_id}`
    expect((await app.post(`${path}/abort`)).code).toBe(0)
    expect(await app.post(`${path}/abort`)).toMatchObject({ status: 404, code: 404007003 })
    expect(await app.post(`${path}/commit`)).toMatchObject({ status: 404, code: 404007003 })
    expect(await app.names(drive, '0')).not.toContain('given up')
  })

  it('a rapid upload is always a miss, also for content that is here', async () => {
    await app.file(drive, '0', 'known.txt', 'known')
    const body = { name: 'mine.txt', size: 5, hashes: [hash('sha256', 'known')] }
    expect(await app.post(`${files}/0/rapid_upload`, body)).toMatchObject({ status: 403, code: 403008065 })
    expect((await app.post(`${files}/0/rapid_upload`, { name: 'mine.txt', size: 5 })).code).toBe(400000004)
  })
})
