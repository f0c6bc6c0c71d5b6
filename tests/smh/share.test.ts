import { beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Session, send, serverForAll } from './session.ts'

let smh: Session
let now = Date.parse('2026-03-01T08:00:00Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })
const HOUR = 3600_000
const DAY = 24 * HOUR

/** A day later, in spaces of its own. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  await smh.mkdir('d/inner')
  await smh.put('d/a.txt', 'hello')
  await smh.put('d/inner/b.txt', 'inner')
  await smh.put('secret.txt', 'secret')
})

/** So many ms after the test began, as the vendor writes it. */
const at = (ms: number) => new Date(began + ms).toISOString()

const share = (tail: string) => `/api/v1/share/${LIBRARY}/${tail}`
const make = (filePath: string[], config: object = {}, query = '') =>
  smh.call('POST', `${share(smh.space)}?${query}`, {
    body: { name: 'mine', filePath, config: { isPermanent: true, canPreview: true, canDownload: true, ...config } },
  })
const bare = (method: string, target: string, body?: unknown) =>
  send(smh.url, method, `/api/v1/share/${target}`, { body })
const verify = (code: string, extractionCode = '', more = {}) =>
  bare('POST', `verify/${code}`, { extractionCode, ...more })

/** A visitor's token. */
async function visitor(code: string, extractionCode = ''): Promise<string> {
  const reply = await verify(code, extractionCode)
  expect(reply.status, reply.text).toBe(200)
  return reply.body.accessToken
}
const listed = async (code: string, token: string, chain = '') => {
  const reply = await bare('GET', `file/${code}/${chain}?list=1&access_token=${token}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.body.contents as { name: string; inode: string; type: string }[]
}

describe('a share', () => {
  // Lists are the library's: this one comes before there are others.
  it('is made, told of, listed and searched', async () => {
    const made = await make(['d', 'secret.txt'], { isPermanent: false, expireTime: at(7 * DAY) })
    expect(made.status, made.text).toBe(200)
    expect(made.body).toEqual({
      id: expect.any(String),
      code: made.body.id,
      endpoint: `${smh.url}/share/${made.body.code}`,
      createTime: at(0),
      isPermanent: false,
      expireTime: at(7 * DAY),
    })
    const { id } = made.body
    const detail = await smh.call('GET', share(`${id}?detail=1&with_file_info=1`))
    expect(detail.body).toMatchObject({
      id,
      libraryId: LIBRARY,
      name: 'mine',
      isExpired: false,
      ownerEnabled: true,
      adminEnabled: true,
      canPreview: true,
      canDownload: true,
      canSaveToNetdisk: false,
      previewLimit: null,
      extractionCode: '',
      fileInfo: { name: 'd', type: 'dir', count: 2 },
    })
    now += 1000
    await smh.call('POST', share(smh.space), {
      body: { name: 'Other', filePath: ['d'], config: { isPermanent: true } },
    })
    const list = (query: string) => smh.call('GET', share(`list?${query}`))
    const names = ({ body }: { body: { contents: { name: string }[] } }) => body.contents.map(({ name }) => name)
    expect(names(await list(''))).toEqual(['mine', 'Other'])
    expect(names(await list('orderBy=createTime&orderByType=desc'))).toEqual(['Other', 'mine'])
    const first = await list('limit=1')
    expect([first.body.hasMore, names(await list(`limit=1&marker=${first.body.nextMarker}`))]).toEqual([
      true,
      ['Other'],
    ])
    const search = (body: object) => smh.call('POST', share('search'), { body })
    expect(names(await search({ name: 'OTH' }))).toEqual(['Other'])
    expect(names(await search({ createTimeEnd: at(500) }))).toEqual(['mine'])
  })

  it('opens to whoever knows its code, and shows only what is in it', async () => {
    const { code } = (await make(['d'], { extractionCode: 'ab12' })).body
    expect((await bare('GET', `url-detail/${code}`)).body).toMatchObject({
      name: 'mine',
      enabled: true,
      needExtractionCode: true,
      allowAnonymousUser: true,
      canDownload: true,
      canSaveToNetDisc: false,
    })
    expectFault(await verify(code, 'wrong'), 403, 'ExtractionCodeInvalid')
    expectFault(await verify('nowhere'), 404, 'ShareNotFound')
    const token = await visitor(code, 'ab12')
    const [d] = await listed(code, token)
    expect(d).toMatchObject({ name: 'd', type: 'dir', spaceId: smh.space, canDownload: true })
    const inside = await listed(code, token, d!.inode)
    expect(inside.map(({ name }) => name)).toEqual(['inner', 'a.txt'])
    const [inner, a] = inside
    const part = async (query: string) =>
      (await bare('GET', `file/${code}/${d!.inode}?list&access_token=${token}&${query}`)).body
    const first = await part('limit=1')
    expect(first).toMatchObject({ hasMore: true, contents: [{ name: 'inner' }] })
    const last = await part(`limit=1&marker=${first.marker}`)
    expect(last).toEqual({ hasMore: false, contents: [expect.objectContaining({ name: 'a.txt' })] })
    expect(await part('by-page=1&page=1&page_size=1')).toEqual({ ...first, marker: undefined, nextMarker: undefined })
    const [b] = await listed(code, token, `${d!.inode}%2F${inner!.inode}`)
    const fetched = await bare(
      'GET',
      `file/${code}/${d!.inode}/${inner!.inode}/${b!.inode}?download&access_token=${token}`,
    )
    expect(fetched.status).toBe(302)
    expect(await (await fetch(String(fetched.headers.location))).text()).toBe('inner')
    const preview = await bare('GET', `file/${code}/${a!.inode}?preview=1&access_token=${token}`)
    expect(await (await fetch(String(preview.headers.location))).text()).toBe('hello')
    const { inode } = (await smh.call('GET', `/api/v1/file/${LIBRARY}/${smh.space}/secret.txt?info&with_inode=1`)).body
    expectFault(await bare('GET', `file/${code}/${inode}?download&access_token=${token}`), 404, 'FileNotInShare')
    expectFault(await bare('GET', `file/${code}/x?download&access_token=${token}`), 404, 'FileNotInShare')
    expectFault(await bare('GET', `file/${code}/${d!.inode}?download&access_token=${token}`), 404, 'FileNotInShare')
    expectFault(await bare('GET', `file/${code}?list`), 400, 'EmptyAccessToken')
    expectFault(await bare('GET', `file/${code}?list&access_token=${smh.token}`), 403, 'ShareTokenInvalid')
    // A visitor's token opens nothing but its share.
    const elsewhere = await send(smh.url, 'GET', `/api/v1/directory/${LIBRARY}/${smh.space}?access_token=${token}`)
    expectFault(elsewhere, 403, 'InvalidAccessToken')
    const other = (await make(['secret.txt'])).body.code
    expectFault(await bare('GET', `file/${other}?list&access_token=${token}`), 403, 'ShareTokenInvalid')
    now += 11 * 60_000
    expectFault(await bare('GET', `file/${code}?list&access_token=${token}`), 403, 'ShareTokenInvalid')
  })

  it('permits what its maker says, as often as that', async () => {
    const { id, code } = (await make(['secret.txt'], { canPreview: false, downloadLimit: 1 })).body
    const token = await visitor(code)
    const [file] = await listed(code, token)
    const get = (flag: string) => bare('GET', `file/${code}/${file!.inode}?${flag}&access_token=${token}`)
    expectFault(await get('preview'), 403, 'CannotPreview')
    expect((await get('download')).status).toBe(302)
    expectFault(await get('download'), 403, 'ShareAccessDenied')
    const detail = () => smh.call('GET', share(`${id}?detail`))
    expect((await detail()).body).toMatchObject({ downloadLimit: 1, downloadUsed: 1 })
    const update = (body: object) => smh.call('POST', share(`${id}?update=1`), { body })
    expect((await update({ name: 'new', config: { canPreview: true, canDownload: false } })).body).toMatchObject({ id })
    expect((await detail()).body).toMatchObject({ name: 'new', downloadUsed: 0, canPreview: true, canDownload: false })
    expectFault(await get('download'), 403, 'CannotDownload')
    expect((await get('preview')).status).toBe(302)
    // Another extraction code ends what earlier visitors had.
    await update({ config: { extractionCode: 'new' } })
    expectFault(await get('preview'), 403, 'ShareTokenInvalid')
  })

  it('ends: disabled, expired, deleted', async () => {
    const { id, code } = (await make(['d'], { isPermanent: false, expireTime: new Date(now + HOUR).toISOString() }))
      .body
    const token = await visitor(code)
    const enable = (body: object) => smh.call('POST', share(`${id}?setEnabled=1`), { body })
    expect((await enable({ ownerEnabled: false })).status).toBe(204)
    expectFault(await bare('GET', `file/${code}?list&access_token=${token}`), 403, 'ShareDisabled')
    expectFault(await verify(code), 403, 'ShareDisabled')
    expect((await bare('GET', `url-detail/${code}`)).body).toMatchObject({ enabled: false })
    await enable({ adminEnabled: false })
    await enable({ ownerEnabled: true })
    expectFault(await verify(code), 403, 'ShareDisabled')
    await enable({ adminEnabled: true })
    expect((await listed(code, token)).length).toBe(1)
    now += HOUR
    expectFault(await verify(code), 403, 'ShareExpired')
    expect((await bare('GET', `url-detail/${code}`)).body).toMatchObject({ isExpired: true })
    expect((await smh.call('DELETE', share(id))).status).toBe(204)
    for (const reply of [
      await verify(code),
      await bare('GET', `url-detail/${code}`),
      await smh.call('GET', share(id)),
    ]) {
      expectFault(reply, 404, 'ShareNotFound')
    }
  })

  it('may be for certain users only', async () => {
    const { code } = (await make(['d'], { shareToUsers: ['bob'] })).body
    const [bob, eve, nobody] = await Promise.all(['bob', 'eve', ''].map((user) => smh.mint('', { user_id: user })))
    expectFault(await verify(code), 403, 'LoginRequired')
    const as = (access_token: string | undefined) => verify(code, '', { libraryId: LIBRARY, access_token })
    expectFault(await as('nonsense'), 403, 'InvalidAccessToken')
    expectFault(await as(nobody), 403, 'AnonymousNotAllowed')
    expectFault(await as(eve), 403, 'ShareAccessDenied')
    expect((await as(bob)).status).toBe(200)
    expectFault(await make(['d'], { shareToUsers: ['bob'], forbidAnonymousUser: false }), 400, 'ParamInvalid')
  })

  it('belongs to its maker and to administrators', async () => {
    const [bob, eve] = await Promise.all(['bob', 'eve'].map((user) => smh.mint('', { user_id: user })))
    const made = await make(['d'], {}, `access_token=${bob}`)
    expect(made.status, made.text).toBe(200)
    const { id } = made.body
    expectFault(await smh.call('GET', share(`${id}?access_token=${eve}`)), 403, 'NoPermission')
    expectFault(await smh.call('DELETE', share(`${id}?access_token=${eve}`)), 403, 'NoPermission')
    const contents = async (token: string | undefined) =>
      (await smh.call('GET', share(`list?access_token=${token}`))).body.contents.length
    expect([await contents(bob), await contents(eve)]).toEqual([1, 0])
    expectFault(await smh.call('POST', share(`search?access_token=${bob}`), { body: {} }), 403, 'NoPermission')
    expectFault(
      await smh.call('POST', share(`${id}?setEnabled&access_token=${bob}`), { body: { adminEnabled: true } }),
      403,
      'NoPermission',
    )
    expect((await smh.call('DELETE', share(`${id}?access_token=${bob}`))).status).toBe(204)
  })

  it('is of entries that are there, for a time that is said', async () => {
    expectFault(await make([]), 404, 'ShareFileEmpty')
    expectFault(await make(['none']), 404, 'PathNotFound')
    expectFault(await make(['d', 'd/inner']), 400, 'ParamInvalid')
    expectFault(await make(['d'], { isPermanent: false }), 400, 'ParamInvalid')
    expectFault(await make(['d'], { extractionCode: '1234567' }), 400, 'ParamInvalid')
    expectFault(await make(['d'], { userLimit: 1001 }), 400, 'ParamInvalid')
    expectFault(await make(['d'], { userLimit: 3, forbidAnonymousUser: false }), 400, 'ParamInvalid')
    expectFault(await smh.call('GET', share('nowhere?detail')), 404, 'ShareNotFound')
  })

  it('lets in no more users than its maker says, however many come at once', async () => {
    const { id, code } = (await make(['d'], { userLimit: 2 })).body
    const users = ['a', 'b', 'c', 'd', 'e']
    const tokens = await Promise.all(users.map((user) => smh.mint('', { user_id: user })))
    const as = (access_token: string) => verify(code, '', { libraryId: LIBRARY, access_token })
    expectFault(await verify(code), 403, 'LoginRequired')
    const replies = await Promise.all(tokens.map(as))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 403, 403, 403])
    const inside = tokens.filter((_, at) => replies[at]!.status === 200)
    expect((await Promise.all(inside.map(as))).map(({ status }) => status)).toEqual([200, 200])
    const detail = () => smh.call('GET', share(`${id}?detail`))
    expect((await detail()).body).toMatchObject({ userLimit: 2, userLimitUsed: 2, forbidAnonymousUser: true })
    await smh.call('POST', share(`${id}?update=1`), { body: { config: { userLimit: 3 } } })
    const more = await Promise.all(tokens.filter((one) => !inside.includes(one)).map(as))
    expect(more.map(({ status }) => status).sort()).toEqual([200, 403, 403])
    expectFault(more.find(({ status }) => status === 403)!, 403, 'ShareAccessDenied')
  })

  it('counts exactly, however many fetch at once', async () => {
    const { id, code } = (await make(['secret.txt'], { downloadLimit: 3, previewLimit: 2 })).body
    const token = await visitor(code)
    const [file] = await listed(code, token)
    const get = (flag: string) => bare('GET', `file/${code}/${file!.inode}?${flag}&access_token=${token}`)
    const replies = await Promise.all(Array.from({ length: 12 }, (_, at) => get(at % 2 ? 'download' : 'preview')))
    const passed = replies.map(({ status }, at) => (status === 302 ? at % 2 : null)).filter((one) => one !== null)
    expect([passed.length, passed.filter((one) => one === 1).length]).toEqual([5, 3])
    const counts = { downloadUsed: 3, previewUsed: 2 }
    expect((await smh.call('GET', share(`${id}?detail`))).body).toMatchObject(counts)
  })

  it('answers only so many wrong guesses at its extraction code', async () => {
    const { code } = (await make(['d'], { extractionCode: 'ab12' })).body
    const statuses = new Set<number>()
    for (let guess = 0; guess < 40; guess++) statuses.add((await verify(code, `x${guess}`)).status)
    expect([...statuses]).toEqual([403, 429])
    expectFault(await verify(code, 'ab12'), 429, 'RateLimitExceeded')
  })
})

describe('what is shared', () => {
  /** A token of a user who may copy into a space of its own, and nothing else. */
  async function bobsToken(grants = 'copy_file,copy_directory', query = {}): Promise<string> {
    return smh.mint(grants, { user_id: 'bob', space_id: smh.other, ...query })
  }

  async function enter(code: string, own: string): Promise<string> {
    const reply = await verify(code, '', { libraryId: LIBRARY, access_token: own })
    expect(reply.status, reply.text).toBe(200)
    return reply.body.accessToken
  }

  const save = (code: string, token: string, body: object) =>
    bare('POST', `file/${code}?save=1&access_token=${token}`, { targetSpaceId: smh.other, ...body })

  it('is saved into a space of the visitor’s own', async () => {
    const { code } = (await make(['d', 'secret.txt'], { canSaveToNetdisk: true })).body
    const token = await enter(code, await bobsToken())
    const shown = await listed(code, token)
    const inodes = shown.map(({ inode }) => inode)
    const saved = await save(code, token, { targetPath: '', sourceInodesPath: '', inodes: [...inodes, 'nonsense'] })
    expect(saved.status, saved.text).toBe(207)
    expect(saved.body.result).toEqual([
      { status: 204, copyFrom: ['d'], to: ['d'] },
      { status: 200, path: ['secret.txt'], copyFrom: ['secret.txt'], to: ['secret.txt'] },
      { status: 404, code: 'FileNotInShare', message: expect.any(String), copyFrom: [], to: [] },
    ])
    expect(await smh.tree(smh.other)).toEqual(await smh.tree(smh.space))
    const again = await save(code, token, { inodes, conflictResolutionStrategy: 'rename' })
    expect(again.body.result.map(({ path }: { path: string[] }) => path)).toEqual([['d (1)'], ['secret (1).txt']])
    const [d] = shown
    const inner = (await listed(code, token, d!.inode)).find(({ name }) => name === 'inner')!
    const deep = await save(code, token, { sourceInodesPath: d!.inode, inodes: [inner.inode], targetPath: 'd (1)/x' })
    expect(deep.body.result).toMatchObject([{ status: 404, code: 'DirectoryNotFound', copyFrom: ['d', 'inner'] }])
  })

  it('is saved only as far as the share and the visitor’s own token go', async () => {
    const { code } = (await make(['d'], { canSaveToNetdisk: true })).body
    const { inode } = (await smh.call('GET', `/api/v1/file/${LIBRARY}/${smh.space}/secret.txt?info&with_inode=1`)).body
    const token = await enter(code, await bobsToken())
    const [d] = await listed(code, token)
    const outside = await save(code, token, { inodes: [inode] })
    expect(outside.body.result).toMatchObject([{ status: 404, code: 'FileNotInShare' }])
    expectFault(
      await save(code, token, { inodes: [d!.inode], targetSpaceId: smh.space }),
      403,
      'AccessTokenNotMatchSpace',
    )
    expectFault(await save(code, token, { inodes: [] }), 400, 'NoItemsProvided')
    expectFault(
      await save(code, token, { inodes: [d!.inode], conflictResolutionStrategy: 'x' }),
      400,
      'InvalidConflictResolutionStrategy',
    )
    expectFault(await save(code, await visitor(code), { inodes: [d!.inode] }), 403, 'LoginRequired')
    const reader = await enter(code, await bobsToken('upload_file'))
    expectFault(await save(code, reader, { inodes: [d!.inode] }), 403, 'NoPermission')
    const closed = (await make(['d'])).body.code
    const there = await enter(closed, await bobsToken())
    expectFault(await save(closed, there, { inodes: [d!.inode] }), 403, 'CannotSaveToNetDisk')
    // The token shown at the door was taken back meanwhile.
    const own = await bobsToken()
    const late = await enter(code, own)
    await send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}/${own}`)
    expectFault(await save(code, late, { inodes: [d!.inode] }), 403, 'InvalidAccessToken')
    expect(await smh.tree(smh.other)).toEqual([])
  })

  it('is copied in a batch by the token of the share', async () => {
    const { code } = (await make(['d'], { canSaveToNetdisk: true })).body
    const own = await bobsToken()
    const token = await visitor(code)
    const copy = (items: unknown[], shared: string) =>
      smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.other}?copy&share_access_token=${shared}&access_token=${own}`, {
        body: items,
      })
    const reply = await copy(
      [
        { copyFrom: 'd/inner', to: 'mine', copyFromSpaceId: smh.space, copyFromLibraryId: LIBRARY },
        { copyFrom: 'd/a.txt', to: 'a.txt' },
        { copyFrom: 'secret.txt', to: 'stolen.txt' },
        { copyFrom: 'd/a.txt', to: 'b.txt', copyFromLibraryId: 'another' },
        { copyFrom: 'd/a.txt', to: 'c.txt', conflictResolutionStrategy: 'merge' },
        { copyFrom: 'd/a.txt' },
      ],
      token,
    )
    expect(reply.status, reply.text).toBe(207)
    expect(reply.body.result).toMatchObject([
      { status: 204, copyFrom: ['d', 'inner'], copyFromSpaceId: smh.space, copyFromLibraryId: LIBRARY },
      { status: 200, path: ['a.txt'] },
      { status: 404, code: 'SourceFileNotFound' },
      { status: 403, code: 'AccessTokenNotMatchLibrary' },
      { status: 400, code: 'InvalidConflictResolutionStrategy', copyFrom: ['d', 'a.txt'], to: ['c.txt'] },
      { status: 400, code: 'ParamInvalid', copyFrom: ['d', 'a.txt'], to: [] },
    ])
    expect(await smh.tree(smh.other)).toEqual(['a.txt 5', 'mine/', 'mine/b.txt 5'])
    expectFault(await copy([{ copyFrom: 'd', to: 'd' }], 'nonsense'), 403, 'ShareTokenInvalid')
    const closed = await visitor((await make(['d'])).body.code)
    expectFault(await copy([{ copyFrom: 'd', to: 'd' }], closed), 403, 'CannotSaveToNetDisk')
  })

  it('is saved as a task when it is much', async () => {
    const { code } = (await make(['d'], { canSaveToNetdisk: true })).body
    const own = await bobsToken()
    const token = await enter(code, own)
    const [d] = await listed(code, token)
    const many = Array.from({ length: 101 }, () => d!.inode)
    const begun = await save(code, token, { inodes: many, conflictResolutionStrategy: 'rename' })
    expect([begun.status, begun.body]).toEqual([202, { taskId: expect.any(Number) }])
    while (await smh.engine.work());
    const [task] = (await smh.call('GET', `/api/v1/task/${LIBRARY}/${smh.other}/${begun.body.taskId}`)).body
    expect(task).toMatchObject({ status: 200 })
    expect(task.result).toHaveLength(101)
    expect(task.result[100]).toMatchObject({ status: 200, path: ['d (100)'] })
  })
})
