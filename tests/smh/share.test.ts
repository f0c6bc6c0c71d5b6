import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

let smh: Session
let now: number
const started: Session[] = []
const HOUR = 3600_000

beforeEach(async () => {
  now = Date.parse('2026-03-01T08:00:00Z')
  smh = await open({ clock: () => now })
  started.push(smh)
  await smh.mkdir('d/inner')
  await smh.put('d/a.txt', 'hello')
  await smh.put('d/inner/b.txt', 'inner')
  await smh.put('secret.txt', 'secret')
})
afterAll(async () => {
  await Promise.all(started.map((session) => session.stop()))
})

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
  it('is made, told of, listed and searched', async () => {
    const made = await make(['d', 'secret.txt'], { isPermanent: false, expireTime: '2026-03-08T08:00:00.000Z' })
    expect(made.status, made.text).toBe(200)
    expect(made.body).toEqual({
      id: expect.any(String),
      code: made.body.id,
      endpoint: `${smh.url}/share/${made.body.code}`,
      createTime: '2026-03-01T08:00:00.000Z',
      isPermanent: false,
      expireTime: '2026-03-08T08:00:00.000Z',
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
    expect(names(await search({ createTimeEnd: '2026-03-01T08:00:00.500Z' }))).toEqual(['mine'])
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
    expectFault(await make(['d'], { userLimit: 3 }), 400, 'FunctionNotEnabled')
    expectFault(await smh.call('GET', share('nowhere?detail')), 404, 'ShareNotFound')
    const { code } = (await make(['d'])).body
    expectFault(await bare('POST', `file/${code}?save=1`, {}), 400, 'FunctionNotEnabled')
  })
})
