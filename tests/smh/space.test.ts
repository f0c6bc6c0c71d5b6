import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../server.ts'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

let smh: Session

beforeAll(async () => {
  smh = await open()
  await smh.addTenant({ id: 'solo', apps: [{ dialect: 'smh', id: 'smhsolo', secret: 'solo-secret' }] })
})
afterAll(() => smh.stop())

const space = (tail: string) => `/api/v1/space/${LIBRARY}${tail}`
const create = async (query = '', body?: unknown) => smh.call('POST', space(query && `?${query}`), { body })

describe('a space', () => {
  it('is made with a number, or under a word of the client’s own', async () => {
    const made = await create()
    expect(made.status).toBe(201)
    expect(made.body).toEqual({ spaceId: expect.stringMatching(/^[1-9][0-9]*$/) })
    expect((await create('space_id=team-a1', {})).body).toEqual({ spaceId: 'team-a1' })
    expectFault(await create('space_id=team-a1'), 400, 'SpaceIdInvalid')
    for (const id of ['a', '-ab', 'ab-', 'Ab', 'a_b', 'x'.repeat(33), '12345', '..']) {
      expectFault(await create(`space_id=${id}`), 400, 'SpaceIdInvalid')
    }
    await smh.mkdir('d', 'team-a1')
    const listed = await smh.call('GET', `/api/v1/directory/${LIBRARY}/team-a1`)
    expect(listed.body.contents).toMatchObject([{ name: 'd' }])
  })

  it('is found under its word by a server that has just started', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'batchdrive-test-'))
    const first = await open({ dataDir })
    await first.call('POST', space('?space_id=lasting'), { body: {} })
    await first.mkdir('d', 'lasting')
    const token = await first.mint('', { space_id: 'lasting' })
    await first.stop()
    const second = await startServer({ dataDir })
    const listed = await send(second.url, 'GET', `/api/v1/directory/${LIBRARY}/lasting?access_token=${token}`)
    expect(listed.body.contents).toMatchObject([{ name: 'd' }])
    await second.stop()
    await rm(dataDir, { recursive: true })
  })

  it('belongs to its maker, and is listed to it and to admins', async () => {
    const bob = await smh.mint('create_space', { user_id: 'bob', space_id: '' })
    const own = (method: string, target: string, body?: unknown) =>
      send(smh.url, method, `${target}${target.includes('?') ? '&' : '?'}access_token=${bob}`, { body })
    const { spaceId } = (await own('POST', space(''))).body
    const mine = await own('GET', space('/list'))
    expect(mine.body).toEqual({ list: [{ spaceId, userId: 'bob', creationTime: expect.stringMatching(/Z$/) }] })
    expect((await own('GET', space('/count'))).body).toEqual({ total: 1 })
    expect((await own('GET', space(''))).body).toHaveLength(1)

    const { total } = (await smh.call('GET', space('/count'))).body
    expect(total).toBeGreaterThan(2)
    const seen: string[] = []
    let query = '?limit=1'
    for (let at = 0; at < total; at++) {
      const { list, marker, nextMarker } = (await smh.call('GET', space(`/list${query}`))).body
      seen.push(...list.map((item: { spaceId: string }) => item.spaceId))
      expect(marker).toBe(nextMarker)
      query = `?limit=1&marker=${marker}`
    }
    expect(new Set(seen).size).toBe(total)
    expect(seen).toContain(spaceId)
    expectFault(await smh.call('GET', space('/list?limit=1001')), 400, 'ParamInvalid')

    const eve = await smh.mint('create_space', { user_id: 'eve', space_id: '' })
    expectFault(
      await send(smh.url, 'GET', `/api/v1/directory/${LIBRARY}/${spaceId}?access_token=${eve}`),
      403,
      'AccessTokenNotMatchSpace',
    )
    const reader = await smh.mint('', { space_id: '' })
    expectFault(await send(smh.url, 'POST', `${space('')}?access_token=${reader}`), 403, 'NoPermission')
  })

  it('is deleted when it is empty, or by force', async () => {
    const { spaceId } = (await create()).body
    await smh.mkdir('d', spaceId)
    expectFault(await smh.call('DELETE', space(`/${spaceId}`)), 409, 'SpaceNotEmpty')
    const weak = await smh.mint('space_admin', { space_id: spaceId })
    expectFault(
      await send(smh.url, 'DELETE', `${space(`/${spaceId}`)}?force=1&access_token=${weak}`),
      403,
      'NoPermission',
    )
    const stranger = await smh.mint('delete_space', { user_id: 'eve', space_id: '' })
    const target = `${space(`/${spaceId}`)}?force=1&access_token=${stranger}`
    expectFault(await send(smh.url, 'DELETE', target), 403, 'AccessTokenNotMatchSpace')
    expect((await smh.call('DELETE', space(`/${spaceId}?force=1`))).status).toBe(204)
    expectFault(await smh.call('GET', `/api/v1/directory/${LIBRARY}/${spaceId}`), 404, 'SpaceNotFound')
    expectFault(await smh.call('DELETE', space(`/${spaceId}`)), 404, 'SpaceNotFound')
  })

  it('keeps the properties that can be kept, and refuses the others', async () => {
    const { spaceId } = (
      await create('', { publicRead: false, multiAlbum: 'false', allowPhoto: true, spaceTag: 'team' })
    ).body
    const extension = space(`/${spaceId}/extension`)
    expect((await smh.call('GET', extension)).body).toEqual({
      isPublicRead: false,
      isMultiAlbum: false,
      allowPhoto: true,
      allowVideo: false,
      allowPhotoExtname: [],
      allowVideoExtname: [],
      allowFileExtname: [],
      recognizeSensitiveContent: false,
      spaceTag: 'team',
    })
    const set = (body: object) => smh.call('POST', extension, { body })
    expect((await set({ spaceTag: null, allowVideo: 1 })).status).toBe(204)
    const after = (await smh.call('GET', extension)).body
    expect(after).toMatchObject({ allowPhoto: true, allowVideo: true })
    expect(after).not.toHaveProperty('spaceTag')
    expectFault(await set({ isMultiAlbum: true }), 400, 'ParamInvalid')
    // As without the vendor's recognition: remembered, and nothing comes of it.
    expect((await set({ recognizeSensitiveContent: true })).status).toBe(204)
    expectFault(await set({ isPublicRead: 'maybe' }), 400, 'ParamInvalid')
  })

  it('is listed by its id, in order, by prefix and behind a name', async () => {
    for (const id of ['q-c', 'q-a', 'q-b', 'r-a']) await create(`space_id=${id}`)
    const ids = async (query: string) => {
      const { list, nextMarker } = (await smh.call('GET', space(`/list?${query}`))).body
      return [list.map((item: { spaceId: string }) => item.spaceId), nextMarker]
    }
    expect(await ids('prefix=q-')).toEqual([['q-a', 'q-b', 'q-c'], undefined])
    expect(await ids('prefix=q-&start_name=q-a')).toEqual([['q-b', 'q-c'], undefined])
    expect(await ids('prefix=q-&limit=2')).toEqual([['q-a', 'q-b'], '2'])
    expect(await ids('prefix=q-&limit=2&marker=2')).toEqual([['q-c'], undefined])
    const [all] = await ids('ordered=1')
    expect(all).toEqual(all.toSorted())
  })

  it('takes in files of the extensions it allows', async () => {
    const { spaceId } = (await create('', { allowFileExtname: ['.TXT', 'md'] })).body
    const put = (path: string, body?: unknown) =>
      smh.call('PUT', `/api/v1/file/${LIBRARY}/${spaceId}/${path}`, { body })
    expectFault(await put('a.exe'), 400, 'ExtnameNotAllowed')
    expectFault(await put('a'), 400, 'ExtnameNotAllowed')
    expectFault(await put('a.md.exe'), 400, 'ExtnameNotAllowed')
    await smh.put('a.tXt', 'x', spaceId)
    await smh.put('b.md', 'y', spaceId)
    expectFault(await put('c.exe', { from: 'a.tXt' }), 400, 'ExtnameNotAllowed')
    expectFault(await put('d.exe', { linkTo: 'b.md' }), 400, 'ExtnameNotAllowed')
    await smh.mkdir('folder.exe', spaceId)
    const batch = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${spaceId}?move`, {
      body: [
        { from: 'a.tXt', to: 'a.exe' },
        { from: 'b.md', to: 'b.txt' },
        { from: 'folder.exe', to: 'folder.com' },
      ],
    })
    expect(batch.body.result).toMatchObject([
      { status: 400, code: 'ExtnameNotAllowed' },
      { status: 200 },
      { status: 204 },
    ])
    expect(await smh.tree(spaceId)).toEqual(['a.tXt 1', 'b.txt 1', 'folder.com/'])
  })

  it('counts what it holds, in the bin and in history too', async () => {
    const { spaceId } = (await create()).body
    await smh.mkdir('d/e', spaceId)
    await smh.put('d/a', 'x', spaceId)
    await smh.put('b', 'y', spaceId)
    const begun = await smh.call('PUT', `/api/v1/file/${LIBRARY}/${spaceId}/b?conflict_resolution_strategy=overwrite`)
    await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: 'zz', headers: begun.body.headers })
    await smh.call('POST', `/api/v1/file/${LIBRARY}/${spaceId}/${begun.body.confirmKey}?confirm`)
    const count = async () => (await smh.call('GET', space(`/${spaceId}/file-count`))).body
    const none = { recycledFileNum: '0', recycledDirNum: '0' }
    expect(await count()).toEqual({ fileNum: '2', dirNum: '2', ...none, historyFileNum: '1' })
    await smh.call('DELETE', `/api/v1/directory/${LIBRARY}/${spaceId}/d`)
    const binned = { recycledFileNum: '1', recycledDirNum: '2' }
    expect(await count()).toEqual({ fileNum: '1', dirNum: '0', ...binned, historyFileNum: '1' })
    const sizes = await smh.call('GET', `/api/v1/stats/${LIBRARY}/space-size`)
    expect(sizes.body).toContainEqual({ spaceId, size: '4' })
  })

  it('tells how much it holds', async () => {
    const held = async () => Number((await smh.call('GET', `/api/v1/usage/${LIBRARY}`)).body.totalFileSize)
    const before = await held()
    const { spaceId } = (await create()).body
    await smh.put('a.txt', '12345', spaceId)
    expect((await smh.call('GET', space(`/${spaceId}/size`))).body).toEqual({ size: '5' })
    const usage = await smh.call('GET', `/api/v1/usage/${LIBRARY}/${spaceId}%2C${smh.other}`)
    expect(usage.body).toEqual([
      { spaceId, capacity: null, availableSpace: null, size: '5' },
      { spaceId: smh.other, capacity: null, availableSpace: null, size: '0' },
    ])
    expect((await smh.call('GET', `/api/v1/usage/${LIBRARY}`)).body).toEqual({ totalFileSize: String(before + 5) })
    const reader = await smh.mint('', { space_id: spaceId })
    expectFault(await send(smh.url, 'GET', `/api/v1/usage/${LIBRARY}?access_token=${reader}`), 403, 'NoPermission')
  })
})

describe('a quota', () => {
  const quota = (tail = '') => `/api/v1/quota/${LIBRARY}${tail}`
  const rules = { removeWhenExceed: false, removeAfterDays: 0 }
  const make = (body: object) => smh.call('POST', `${quota()}/`, { body: { ...rules, ...body } })

  it('is for one space, and bounds it', async () => {
    const { spaceId } = (await create('space_id=bounded')).body
    expectFault(await smh.call('GET', quota(`/${spaceId}`)), 404, 'NoQuota')
    const made = await make({ spaces: [spaceId], capacity: '10' })
    expect([made.status, made.body]).toEqual([201, { quotaId: expect.any(Number) }])
    expectFault(await make({ spaces: [spaceId], capacity: 9 }), 409, 'DuplicateQuota')
    const { spaceId: other } = (await create()).body
    expectFault(await make({ spaces: [other, spaceId], capacity: 9 }), 409, 'DuplicateQuota')
    // None of them has it then.
    expectFault(await smh.call('GET', quota(`/${other}`)), 404, 'NoQuota')
    const shown = { id: made.body.quotaId, spaces: [spaceId], capacity: '10' }
    for (const target of [
      quota(`/${spaceId}`),
      quota(`/${made.body.quotaId}`),
      `/api/v1/space-quota/${LIBRARY}/${spaceId}`,
    ]) {
      expect((await smh.call('GET', target)).body).toEqual(shown)
    }
    await smh.put('a.txt', '123456', spaceId)
    const over = await smh.call('PUT', `/api/v1/file/${LIBRARY}/${spaceId}/b.txt?filesize=5`)
    expectFault(over, 400, 'QuotaLimitReached')
    expect((await smh.call('PUT', quota(`/${spaceId}`), { body: { capacity: 11 } })).status).toBe(204)
    await smh.put('b.txt', '12345', spaceId)
    expect((await smh.call('GET', `/api/v1/usage/${LIBRARY}/${spaceId}`)).body).toEqual([
      { spaceId, capacity: '11', availableSpace: '0', size: '11' },
    ])
    expect((await smh.call('PUT', quota(`/${made.body.quotaId}`), { body: { capacity: '5' } })).status).toBe(204)
  })

  it('is for several spaces together, which may change', async () => {
    const [a, b, c] = await Promise.all(['', '', ''].map(async () => (await create()).body.spaceId as string))
    await smh.put('x', '123456', a)
    const { quotaId } = (await make({ spaces: [a, b], capacity: 10 })).body
    expect((await smh.call('GET', quota(`/${quotaId}`))).body).toEqual({
      id: quotaId,
      spaces: [a, b].toSorted((x, y) => Number(x) - Number(y)),
      capacity: '10',
    })
    expect((await smh.call('GET', quota(`/${b}`))).body).toMatchObject({ id: quotaId })
    expectFault(await make({ spaces: [c, b], capacity: 1 }), 409, 'DuplicateQuota')
    const start = (id: string | undefined) => smh.call('PUT', `/api/v1/file/${LIBRARY}/${id}/y?filesize=5`)
    expectFault(await start(b), 400, 'QuotaLimitReached')
    expect((await start(c)).status).toBe(201)
    expect((await smh.call('GET', `/api/v1/usage/${LIBRARY}/${a},${b}`)).body).toEqual([
      { spaceId: a, capacity: '10', availableSpace: '4', size: '6' },
      { spaceId: b, capacity: '10', availableSpace: '4', size: '0' },
    ])
    const moved = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${b}?copy`, {
      body: [{ copyFrom: 'x', to: 'x', copyFromSpaceId: a }],
    })
    expect(moved.body.result).toMatchObject([{ status: 400, code: 'QuotaLimitReached' }])
    const set = (body: object) => smh.call('PUT', quota(`/${quotaId}`), { body })
    expect((await set({ capacity: 10, spaces: [b, c] })).status).toBe(204)
    expect((await start(b)).status).toBe(201)
    expectFault(await smh.call('GET', quota(`/${a}`)), 404, 'NoQuota')
    expectFault(await set({ capacity: 10, spaces: [] }), 400, 'QuotaSpacesInvalid')
    expectFault(await smh.call('GET', quota('/424242')), 404, 'QuotaNotFound')
    expectFault(await smh.call('GET', quota('/nowhere')), 404, 'SpaceNotFound')
  })

  it('may not be less than what is used, where the library says so', async () => {
    await smh.auth.changeApp({ dialect: 'smh', id: LIBRARY }, { 'smh.denyQuotaBelowUsage': true })
    const { spaceId } = (await create()).body
    await smh.put('x', '123456', spaceId)
    expectFault(await make({ spaces: [spaceId], capacity: 5 }), 400, 'QuotaCapacityLessThanSize')
    const { quotaId } = (await make({ spaces: [spaceId], capacity: 6 })).body
    const body = { capacity: 5 }
    expectFault(await smh.call('PUT', quota(`/${quotaId}`), { body }), 400, 'QuotaCapacityLessThanSize')
    await smh.auth.changeApp({ dialect: 'smh', id: LIBRARY }, { 'smh.denyQuotaBelowUsage': false })
    expect((await smh.call('PUT', quota(`/${quotaId}`), { body })).status).toBe(204)
  })

  it('refuses what it cannot keep', async () => {
    const { spaceId } = (await create()).body
    expectFault(await make({ spaces: [spaceId] }), 400, 'QuotaCapacityRequired')
    expectFault(await make({ spaces: [spaceId], capacity: 'much' }), 400, 'ParamInvalid')
    expectFault(await make({ spaces: [spaceId], capacity: -1 }), 400, 'ParamInvalid')
    expectFault(await make({ spaces: [], capacity: 1 }), 400, 'QuotaSpacesInvalid')
    expectFault(await make({ capacity: 1 }), 400, 'QuotaSpacesInvalid')
    expectFault(await make({ spaces: ['nowhere'], capacity: 1 }), 404, 'SpaceNotFound')
    for (const removeAfterDays of [null, -1, 10_001, 'soon']) {
      const body = { spaces: [spaceId], capacity: 1, removeWhenExceed: true, removeAfterDays }
      expectFault(await make(body), 400, 'ParamInvalid')
    }
    // Both are required, even where nothing is to be removed.
    for (const absent of [
      { removeWhenExceed: null },
      { removeAfterDays: null },
      { removeWhenExceed: null, removeNewest: true },
    ]) {
      expectFault(await make({ spaces: [spaceId], capacity: 1, ...absent }), 400, 'ParamInvalid')
    }
    expectFault(await smh.call('GET', quota(`/${spaceId}`)), 404, 'NoQuota')
    const weak = await smh.mint('space_admin', { space_id: spaceId })
    const denied = await send(smh.url, 'POST', `${quota()}?access_token=${weak}`, {
      body: { ...rules, spaces: [spaceId], capacity: 1 },
    })
    expectFault(denied, 403, 'NoPermission')
  })
})

describe('a library with one space', () => {
  it('calls it -, and has no others', async () => {
    const query = 'library_id=smhsolo&library_secret=solo-secret&grant=admin&space_id=-'
    const token = (await send(smh.url, 'GET', `/api/v1/token?${query}`)).body.accessToken
    const call = (method: string, target: string, body?: unknown) =>
      send(smh.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}access_token=${token}`, { body })
    expect((await call('PUT', 'directory/smhsolo/-/d')).status).toBe(201)
    expect((await call('PUT', 'directory/smhsolo/-/e')).status).toBe(201)
    const moved = await call('POST', 'batch/smhsolo/-?move', [{ from: 'd', to: 'e/d' }])
    expect(moved.body.result).toEqual([{ status: 204, moveAuthority: false, from: ['d'], to: ['e', 'd'] }])
    expect((await call('GET', 'directory/smhsolo/-/e')).body.contents).toMatchObject([{ name: 'd', type: 'dir' }])
    expectFault(await call('GET', `directory/smhsolo/${smh.space}`), 404, 'SpaceNotFound')
    expectFault(await call('POST', 'space/smhsolo'), 400, 'NotMultiSpaceLibrary')
    expect(
      (await call('POST', 'quota/smhsolo', { capacity: 7, removeWhenExceed: false, removeAfterDays: 0 })).status,
    ).toBe(201)
    expect((await call('GET', 'quota/smhsolo/-')).body).toMatchObject({ spaces: ['-'], capacity: '7' })
  })
})
