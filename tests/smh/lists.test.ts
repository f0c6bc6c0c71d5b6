import { beforeEach, describe, expect, it } from 'vitest'
import { addApps } from '../../src/engine/people.ts'
import { adminActor, expectFault, LIBRARY, type Reply, type Session, send, serverForAll } from './session.ts'
import { SpaceCopy } from './space-copy.ts'

const DAY = 24 * 3600_000

let smh: Session
let favorite: string
let now = Date.parse('2026-03-01T08:00:00Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })

/** A day later, in spaces of its own. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  favorite = `/api/v1/favorite/${LIBRARY}/${smh.space}`
})

/** So many ms after the test began, as the vendor writes it. */
const at = (ms: number) => new Date(began + ms).toISOString()

const names = ({ body }: { body: { contents: { name: string }[] } }) => body.contents.map(({ name }) => name)

describe('favourites', () => {
  const add = (body: object) => smh.call('POST', `${favorite}/`, { body })
  const list = (query = '') => smh.call('GET', `${favorite}/list?${query}`)

  it('are added by path or inode, listed latest first, and taken back', async () => {
    await smh.mkdir('d')
    for (const path of ['d/a.txt', 'b.txt']) await smh.put(path)
    const a = await add({ path: 'd/a.txt' })
    expect([a.status, a.body]).toEqual([200, { inode: expect.any(String) }])
    now += 1000
    await add({ path: '/d' })
    now += 1000
    const { inode } = (await smh.call('GET', `/api/v1/file/${LIBRARY}/${smh.space}/b.txt?info&with_inode=1`)).body
    expect((await add({ path: 'ignored', inode })).body).toEqual({ inode })
    expect(names(await list())).toEqual(['b.txt', 'd', 'a.txt'])
    expect(names(await list('order_by=favoriteTime&order_by_type=asc'))).toEqual(['a.txt', 'd', 'b.txt'])
    const [first] = (await list('with_path=1')).body.contents
    expect(first).toMatchObject({
      spaceId: smh.space,
      type: 'file',
      path: ['b.txt'],
      favoriteTime: at(2000),
      fileType: 'text',
      size: '5',
    })
    expectFault(await add({ path: 'd' }), 409, 'DuplicateFavoriteRecord')
    expectFault(await add({ path: 'none' }), 404, 'PathNotFound')
    expectFault(await add({ inode: 'x' }), 404, 'PathNotFound')
    const cancelled = await smh.call('POST', `${favorite}/?cancel`, { body: { path: 'd' } })
    expect(cancelled.status).toBe(204)
    expectFault(await smh.call('POST', `${favorite}?cancel`, { body: { path: 'd' } }), 404, 'FavoriteIdNotFound')
    expect(names(await list())).toEqual(['b.txt', 'a.txt'])
  })

  it('are paged by marker and by page', async () => {
    for (const name of ['a', 'b', 'c']) {
      await smh.mkdir(name)
      await add({ path: name })
      now += 1000
    }
    const first = await list('limit=2')
    expect(names(first)).toEqual(['c', 'b'])
    expect(names(await list(`limit=2&marker=${first.body.nextMarker}`))).toEqual(['a'])
    const second = await list('page=2&page_size=2')
    expect([names(second), second.body.totalNum]).toEqual([['a'], 3])
    expectFault(await list('marker=x'), 404, 'MarkerNotFound')
    expectFault(await list('order_by=name'), 400, 'ParamInvalid')
  })

  it('are each user’s own, and shown in listings to those who ask', async () => {
    await smh.mkdir('d')
    const bob = await smh.mint('', { user_id: 'bob' })
    const as = `access_token=${bob}`
    expect((await smh.call('POST', `${favorite}?${as}`, { body: { path: 'd' } })).status).toBe(200)
    expect(names(await list())).toEqual([])
    expect(names(await list(as))).toEqual(['d'])
    const directory = `/api/v1/directory/${LIBRARY}/${smh.space}`
    const shown = async (query: string) => (await smh.call('GET', `${directory}?${query}`)).body.contents[0]
    expect(await shown(`with_favorite_status=1&${as}`)).toMatchObject({ isFavorite: true })
    expect(await shown('with_favorite_status=1')).toMatchObject({ isFavorite: false })
    expect(await shown(as)).not.toHaveProperty('isFavorite')
    const details = await smh.call('GET', `${directory}/d?info&with_favorite_status=true&${as}`)
    expect(details.body).toMatchObject({ isFavorite: true })
  })
})

describe('files lately used', () => {
  const recent = (body: object = {}, query = '') =>
    smh.call('POST', `/api/v1/recent/${LIBRARY}/${smh.space}/recently-used-file?${query}`, { body })

  it('are those that were uploaded and those that were looked at', async () => {
    for (const name of ['a.txt', 'b.docx', 'c.jpg']) {
      await smh.put(name)
      now += 1000
    }
    const file = `/api/v1/file/${LIBRARY}/${smh.space}`
    await smh.call('GET', `${file}/a.txt?purpose=preview`)
    await smh.call('GET', `${file}/c.jpg?purpose=download`)
    const all = await recent()
    expect(all.body.contents).toMatchObject([
      { name: 'a.txt', actionType: 'preview', operationTime: at(3000), spaceId: smh.space },
      { name: 'c.jpg', actionType: 'modify' },
      { name: 'b.docx', actionType: 'modify' },
      { name: 'a.txt', actionType: 'modify', size: '5', crc64: expect.any(String) },
    ])
    expect(names(await recent({ filterActionBy: 'preview' }))).toEqual(['a.txt'])
    expect(names(await recent({ filterActionBy: 'modify', type: 'image' }))).toEqual(['c.jpg'])
    expect(names(await recent({ type: ['image', 'word'] }))).toEqual(['c.jpg', 'b.docx'])
    expect((await recent({ withPath: true, limit: 1 })).body.contents[0]).toMatchObject({ path: ['a.txt'] })
    const first = await recent({ limit: '3' })
    expect(names(await recent({ limit: 3, marker: first.body.nextMarker }))).toEqual(['a.txt'])
    now += 1000
    await smh.call('GET', `${file}/b.docx?info&purpose=preview`)
    expect(names(await recent({ filterActionBy: 'preview' }))).toEqual(['b.docx', 'a.txt'])
    expectFault(await recent({ filterActionBy: 'eat' }), 400, 'ParamInvalid')
    expectFault(await recent({ limit: 0 }), 400, 'ParamInvalid')
    const bob = await smh.mint('', { user_id: 'bob' })
    expect(names(await recent({}, `access_token=${bob}`))).toEqual([])
  })
})

describe('the changes of a space', () => {
  const delta = (query: string) => smh.call('GET', `/api/v1/fs-delta/${LIBRARY}/${smh.space}/delta?${query}`)
  const cursor = async () =>
    (await smh.call('GET', `/api/v1/fs-delta/${LIBRARY}/${smh.space}/cursor`)).body.cursor as string

  it('are told in order from a cursor on', async () => {
    const before = await cursor()
    expect((await delta(`cursor=${before}`)).body).toEqual({ cursor: before, hasMore: false, contents: [] })
    await smh.mkdir('d')
    await smh.put('a.txt')
    await smh.batch('move', [{ from: 'a.txt', to: 'd/b.txt' }])
    await smh.batch('copy', [{ copyFrom: 'd/b.txt', to: 'c.txt' }])
    await smh.batch('delete', [{ path: 'd/b.txt' }, { path: 'c.txt', permanent: true }])
    const page = (await delta(`cursor=${before}`)).body
    const told = page.contents.map((item: { eventType: string; name: string; location: number }) => [
      item.eventType,
      item.name,
      item.location,
    ])
    expect(told).toEqual([
      ['FILE.CREATE', 'd', 0],
      ['FILE.CREATE', 'a.txt', 1],
      ['FILE.MOVE', 'b.txt', 1],
      ['FILE.COPY', 'c.txt', 3],
      ['FILE.TRASH', 'b.txt', 1],
      ['FILE.DELETE', 'c.txt', 3],
    ])
    const [made, sent, moved, copied, , gone] = page.contents
    expect(gone.parentInode).toBe(made.parentInode)
    expect([sent.extraInfo, copied.extraInfo]).toEqual([{ isRapidUpload: false }, { sourceInode: moved.inode }])
    expect(page.contents[0]).toMatchObject({
      type: 'dir',
      inode: expect.any(String),
      parentInode: expect.any(String),
      eventTime: expect.stringMatching(/Z$/),
    })
    expect(page).toMatchObject({ hasMore: false, cursor: await cursor() })
    const [first, rest] = [(await delta(`cursor=${before}&limit=2`)).body, page.contents.slice(2)]
    expect([first.contents.length, first.hasMore]).toEqual([2, true])
    expect((await delta(`cursor=${first.cursor}`)).body.contents).toEqual(rest)
  })

  it('tell where things went, what links lead to, and what the bin and a history lose', async () => {
    const files = `/api/v1/file/${LIBRARY}/${smh.space}`
    await smh.mkdir('d')
    await smh.put('a.txt', '1')
    await smh.put('old.txt', '22')
    await smh.call('PUT', `${files}/a.txt?conflict_resolution_strategy=overwrite`, { body: { copyFrom: 'old.txt' } })
    const before = await cursor()
    const inodeOf = async (path: string) => {
      const reply = await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/${path}?info&with_inode=1`)
      return reply.body.inode as string
    }
    const [folder, file, old] = [await inodeOf('d'), await inodeOf('a.txt'), await inodeOf('old.txt')]
    await smh.batch('move', [{ from: 'a.txt', to: 'd/b.txt' }])
    await smh.call('PUT', `${files}/link`, { body: { linkTo: 'd/b.txt' } })
    const history = `/api/v1/directory-history/${LIBRARY}/${smh.space}`
    const { contents } = (await smh.call('GET', `${history}/history-list/d/b.txt`)).body
    await smh.call('POST', `${history}/delete`, { body: contents.flatMap(({ id }: { id?: number }) => id ?? []) })
    const [{ recycledItemId }] = (await smh.batch('delete', [{ path: 'old.txt' }])).body.result
    await smh.call('DELETE', `/api/v1/recycled/${LIBRARY}/${smh.space}/${recycledItemId}`)
    const moved = { fromParentInode: expect.any(String), toParentInode: folder, fromName: 'a.txt' }
    expect((await delta(`cursor=${before}`)).body.contents).toMatchObject([
      { eventType: 'FILE.MOVE', inode: file, parentInode: folder, extraInfo: moved },
      { eventType: 'FILE.CREATE', type: 'symlink', linkTo: file, extraInfo: { targetInode: file }, category: '' },
      { eventType: 'HISTORY.DELETE', inode: file, location: 2 },
      { eventType: 'FILE.TRASH', inode: old, location: 3 },
      { eventType: 'RECYCLE.DELETE', inode: old, location: 3, removedByQuota: false },
    ])
  })

  it('tell from which space of the library something came, and of which entry something is a copy', async () => {
    const single = 'smhsingle'
    const app = { dialect: 'smh', id: single, secret: smh.auth.seal('single-secret') } as const
    await smh.store.write((tx) => addApps(tx, { tenant: smh.demo.tenant, at: now }, [app]))
    const inodes = async (space: string, ...paths: string[]) => {
      const info = (path: string) => `/api/v1/directory/${LIBRARY}/${space}/${path}?info&with_inode=1`
      return Promise.all(paths.map(async (path) => (await smh.call('GET', info(path))).body.inode as string))
    }
    for (const path of ['s', 's/t']) await smh.mkdir(path, smh.other)
    await smh.put('s/t/u.txt', 'there', smh.other)
    await smh.put('s/v.txt', 'there', smh.other)
    const [s, t, u, v] = await inodes(smh.other, 's', 's/t', 's/t/u.txt', 's/v.txt')
    const before = await cursor()
    const from = { fromSpaceId: smh.other }
    await smh.batch('copy', [{ copyFrom: 's/t', copyFromSpaceId: smh.other, to: 'copy' }])
    await smh.batch('move', [{ ...from, from: 's/t', to: 't' }])
    await smh.put('v.txt')
    await smh.batch('move', [{ ...from, from: 's/v.txt', to: 'v.txt', conflictResolutionStrategy: 'overwrite' }])
    const { contents } = (await delta(`cursor=${before}`)).body
    const [copy] = contents
    const away = { fromLibraryId: LIBRARY, fromSpaceId: smh.other, fromParentInode: s, toParentInode: copy.parentInode }
    expect(contents).toMatchObject([
      { eventType: 'FILE.COPY', name: 'copy', extraInfo: { sourceInode: t } },
      { eventType: 'FILE.COPY', name: 'u.txt', parentInode: copy.inode, extraInfo: { sourceInode: u } },
      { eventType: 'FILE.MOVE', inode: t, extraInfo: away },
      { eventType: 'FILE.CREATE', name: 'v.txt' },
      { eventType: 'FILE.DELETE', name: 'v.txt' },
      { eventType: 'FILE.MOVE_OVERWRITE', inode: v, extraInfo: { ...away, owInode: contents[3].inode } },
    ])
    // To another library of the tenant the space means nothing.
    const words = `library_id=${single}&library_secret=single-secret&grant=admin`
    const { accessToken } = (await send(smh.url, 'GET', `/api/v1/token?${words}`)).body
    const own = (verb: string, target: string, body?: object) =>
      send(smh.url, verb, `/api/v1/${target}access_token=${accessToken}`, { body })
    const start = (await own('GET', `fs-delta/${single}/-/cursor?`)).body.cursor
    const [{ spaceId }] = (await own('GET', `usage/${single}/-?`)).body
    expect(spaceId).toBe('-')
    const drives = await smh.engine.listDrives(adminActor(smh.demo.tenant), { owners: null, after: 0, limit: 100 })
    const inside = drives.items.find(({ sceneId }) => sceneId === '-')!
    const into = `/api/v1/batch/${LIBRARY}/${inside.id}`
    await smh.call('POST', `${into}?copy`, { body: [{ copyFrom: 't', copyFromSpaceId: smh.space, to: 't' }] })
    await smh.call('POST', `${into}?move`, { body: [{ from: 'v.txt', fromSpaceId: smh.space, to: 'v.txt' }] })
    const told = (await own('GET', `fs-delta/${single}/-/delta?cursor=${start}&`)).body.contents
    const rows = told.map(({ eventType, extraInfo }: { eventType: string; extraInfo: object }) => [
      eventType,
      extraInfo,
    ])
    const toParentInode = told[0].parentInode
    expect(rows).toEqual([
      ['FILE.COPY', {}],
      ['FILE.COPY', {}],
      ['FILE.MOVE', { toParentInode }],
    ])
  })

  it('are enough for a client to keep a copy of the space, and tell it what became of what', async () => {
    const [files, bin] = [`/api/v1/file/${LIBRARY}/${smh.space}`, `/api/v1/recycled/${LIBRARY}/${smh.space}`]
    const history = `/api/v1/directory-history/${LIBRARY}/${smh.space}`
    const good = async (reply: Promise<Reply>) => {
      const { status, text, body } = await reply
      expect(status, text).toBeLessThan(300)
      now += 1000
      return body
    }
    const onto = (path: string, body: object) =>
      good(smh.call('PUT', `${files}/${path}?conflict_resolution_strategy=overwrite`, { body }))
    const copy = new SpaceCopy(smh, await cursor())
    const told = async () => {
      const events = await copy.follow()
      expect(copy.tree()).toEqual(await smh.tree())
      return events
    }

    for (const path of ['d', 'd/e']) await smh.mkdir(path)
    for (const [path, content] of [
      ['a.txt', '1'],
      ['d/b.txt', '22'],
      ['d/e/c.txt', '333'],
      ['x.txt', '4444'],
    ] as const)
      await smh.put(path, content)
    const created = await told()
    expect(created.map(({ eventType }) => eventType)).toEqual(Array(6).fill('FILE.CREATE'))
    const [a, b, x] = ['a.txt', 'b.txt', 'x.txt'].map((name) => created.find((event) => event.name === name)!)
    now += 1000

    await onto('a.txt', { copyFrom: 'd/b.txt' })
    const [, first] = (await smh.call('GET', `${history}/history-list/a.txt`)).body.contents
    await good(smh.call('POST', `${history}/latest-version/${first.id}`))
    const old = { owInode: a!.inode, owSize: 2, owEtag: expect.any(String), owContentType: 'text/plain' }
    const isEarlier = { eventType: 'HISTORY.CREATE', inode: a!.inode, location: 2 }
    expect(await told()).toMatchObject([
      { eventType: 'FILE.MODIFY', inode: a!.inode, extraInfo: { oldSize: 1, newSize: 2, oldEtag: expect.any(String) } },
      { ...isEarlier, extraInfo: { versionId: String(first.id) } },
      { eventType: 'HISTORY.LATEST', inode: a!.inode, extraInfo: { ...old, owRevisionVersion: 2 } },
      { ...isEarlier, extraInfo: { versionId: String(first.id + 1) } },
    ])

    await onto('d/b.txt', { from: 'x.txt' })
    const before = await cursor()
    expect(await told()).toMatchObject([
      { eventType: 'FILE.DELETE', inode: b!.inode, location: 3 },
      { eventType: 'FILE.MOVE_OVERWRITE', inode: x!.inode, extraInfo: { owInode: b!.inode, fromName: 'x.txt' } },
    ])
    // Also when the page begins behind what was overwritten.
    expect((await delta(`cursor=${Number(before) - 1}`)).body.contents).toMatchObject([
      { eventType: 'FILE.MOVE_OVERWRITE', extraInfo: { owInode: b!.inode } },
    ])

    await good(smh.batch('copy', [{ copyFrom: 'd', to: 'f' }]))
    await good(smh.batch('move', [{ from: 'd/e', to: 'g' }]))
    const [{ recycledItemId }] = (await good(smh.batch('delete', [{ path: 'd' }]))).result
    await good(smh.batch('delete', [{ path: 'f/e', permanent: true }]))
    await smh.mkdir('s', smh.other)
    await smh.put('s/t.txt', 'there', smh.other)
    const across = `/api/v1/cross-space/directory/${LIBRARY}/${smh.space}/copy/s`
    await good(smh.call('PUT', across, { body: { copyFrom: 's', copyFromSpaceId: smh.other } }))
    const events = (await told()).map(({ eventType, name }) => `${eventType} ${name}`)
    const copied = ['FILE.COPY f', 'FILE.COPY b.txt', 'FILE.COPY e', 'FILE.COPY c.txt']
    const rest = ['FILE.MOVE g', 'FILE.TRASH d', 'FILE.DELETE e', 'FILE.COPY s', 'FILE.COPY t.txt']
    expect(events.slice(0, 4).sort()).toEqual(copied.sort())
    expect(events.slice(4)).toEqual(rest)

    await good(smh.call('POST', `${bin}/${recycledItemId}?restore`))
    const [gone] = (await good(smh.batch('delete', [{ path: 'f' }]))).result
    await good(smh.call('DELETE', `${bin}/${gone.recycledItemId}`))
    const last = (await told()).map(({ eventType, name }) => `${eventType} ${name}`)
    expect(last).toEqual(['FILE.RESTORE d', 'FILE.TRASH f', 'RECYCLE.DELETE f'])
    expect(copy.tree()).toEqual(['a.txt 1', 'd/', 'd/b.txt 4', 'g/', 'g/c.txt 3', 's/', 's/t.txt 5'])
  })

  it('want a cursor that was handed out', async () => {
    expectFault(await delta(''), 400, 'ParamInvalid')
    expectFault(await delta('cursor=x'), 400, 'CursorExpired')
    expectFault(await delta('cursor=424242'), 400, 'CursorExpired')
    expectFault(await delta('cursor=0&limit=1001'), 400, 'ParamInvalid')
  })

  it('do not say why a file is gone, but that it is', async () => {
    await smh.put('a.txt')
    const { inode } = (await smh.call('GET', `/api/v1/file/${LIBRARY}/${smh.space}/a.txt?info&with_inode=1`)).body
    const check = (id: string) => smh.call('GET', `/api/v1/file-deletion-check/${LIBRARY}/${smh.space}/${id}`)
    expectFault(await check(inode), 400, 'ParamInvalid')
    await smh.batch('delete', [{ path: 'a.txt', permanent: 1 }])
    expect((await check(inode)).body).toMatchObject({ reason: 'Unknown' })
    expectFault(await check('x'), 404, 'PathNotFound')
  })
})

it('a client may ask whether a host is one', async () => {
  const reply = await send(smh.url, 'GET', '/api/v1/version')
  expect([reply.status, reply.body]).toEqual([200, { version: 'v1', name: 'batchdrive' }])
})
