/** Authorities: roles on directories, and tokens that go by them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
let space: string
/** The space of a team of users. */
let team: string
/** A token that goes by authorities only: Bob's, who is in the team. */
let bob: string
/** Eve's, who is in no team. */
let eve: string

beforeAll(async () => {
  smh = await open()
  team = await newSpace()
  bob = await smh.mint('acl', { user_id: 'bob', space_id: team })
  eve = await smh.mint('acl', { user_id: 'eve', space_id: '' })
})
afterAll(() => smh.stop())

beforeEach(async () => {
  space = await newSpace()
  await smh.mkdir('d/sub', space)
  await smh.put('d/a.txt', 'abc', space)
  await smh.put('top.txt', 'top', space)
})

async function newSpace(): Promise<string> {
  return (await smh.call('POST', `/api/v1/space/${LIBRARY}`)).body.spaceId
}

const ROLES = { viewer: 1, previewer: 2, downloader: 3, uploader: 4, carrier: 5, editor: 6, owner: 7 }
const as = (token: string, method: string, tail: string, body?: unknown) =>
  send(smh.url, method, `/api/v1/${tail}${tail.includes('?') ? '&' : '?'}access_token=${token}`, {
    ...(body === undefined ? {} : { body }),
  })
const give = (authorizeTo: unknown, path = 'd', token = smh.token) =>
  as(token, 'POST', `authority/${LIBRARY}/${space}/authorize/${path}`, { authorizeTo })
const take = (authorizeTo: unknown, path = 'd', token = smh.token) =>
  as(token, 'POST', `authority/${LIBRARY}/${space}/authorize/${path}?delete`, { authorizeTo })
const list = (token: string, path = 'd') => as(token, 'GET', `directory/${LIBRARY}/${space}/${path}`)
const names = ({ body }: Reply) => body.contents.map(({ name }: { name: string }) => name)
const outcome = ({ status, body }: Reply) => body?.code ?? status

describe('the roles of a library', () => {
  it('are those the vendor proposes, each with its rights', async () => {
    const { status, body } = await as(eve, 'GET', `authority/${LIBRARY}/role-list`)
    expect(status).toBe(200)
    expect(body.map(({ id }: { id: number }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(body[0]).toEqual({
      ...{ id: 1, name: 'Viewer', isDefault: true, isOwner: false, desc: 'see lists', roleDesc: 'see lists' },
      ...{ canView: true, canPreview: false, canDownload: false, canUpload: false, canDelete: false },
      ...{ canModify: false, canAuthorize: false, canShare: false, canPreviewSelf: false, canDownloadSelf: false },
    })
    expect(body.at(-1)).toMatchObject({ isOwner: true, canAuthorize: true, canDelete: true })
    expect((await as(eve, 'GET', `authority/${LIBRARY}/getRoleList`)).body).toEqual(body)
  })

  it('are set once, by an administrator, with one owner among them', async () => {
    await smh.addTenant({ id: 'roles', apps: [{ dialect: 'smh', id: 'smhroles', secret: 'roles-secret' }] })
    const set = (body: unknown, credential = 'library_secret=roles-secret') =>
      send(smh.url, 'POST', `/api/v1/authority/smhroles/init-role-list?${credential}`, { body })
    const own = [
      { name: 'brings', canView: 'true', canUpload: 1, canPreviewSelf: true, canDownloadSelf: true, isDefault: 1 },
      { name: 'rules', canView: true, canAuthorize: true, isOwner: true },
    ]
    for (const bad of [{}, [{ name: '' }], [{ name: 'x', isOwner: 'maybe' }], own.slice(0, 1), [own[1], own[1]]]) {
      expectFault(await set(bad), 400, 'ParamInvalid')
    }
    expectFault(await set([]), 400, 'NoItemsProvided')
    expect((await set(own)).status).toBe(200)
    const { body } = await send(smh.url, 'GET', '/api/v1/authority/smhroles/role-list?library_secret=roles-secret')
    expect(body).toMatchObject([
      { id: 1, name: 'brings', canView: true, canUpload: true, canPreviewSelf: true, isDefault: true },
      { id: 2, name: 'rules', canAuthorize: true, isOwner: true },
    ])
    expectFault(await set(own), 400, 'ParamInvalid')

    // Rights on what one brought in oneself are for that alone.
    const [secret, at] = ['library_secret=roles-secret', '/api/v1/file/smhroles/-']
    const grants = `library_id=smhroles&${secret}&grant=acl&user_id=eve`
    const { accessToken } = (await send(smh.url, 'GET', `/api/v1/token?${grants}`)).body
    const eves = `access_token=${accessToken}`
    await send(smh.url, 'PUT', `/api/v1/directory/smhroles/-/d?${secret}`)
    const given = { authorizeTo: [{ userId: 'eve', roleId: 1 }] }
    await send(smh.url, 'POST', `/api/v1/authority/smhroles/-/authorize/d?${secret}`, { body: given })
    for (const [path, credential] of [
      ['d/own.txt', eves],
      ['d/other.txt', secret],
    ] as const) {
      const begun = (await send(smh.url, 'PUT', `${at}/${path}?${credential}`)).body
      await send(`http://${begun.domain}`, 'PUT', begun.path, { body: path, headers: begun.headers })
      expect((await send(smh.url, 'POST', `${at}/${begun.confirmKey}?confirm&${credential}`)).status).toBe(200)
    }
    expect((await send(smh.url, 'GET', `${at}/d/own.txt?${eves}`)).status).toBe(302)
    expectFault(await send(smh.url, 'GET', `${at}/d/other.txt?${eves}`), 403, 'NoPermission')
    const { contents } = (await send(smh.url, 'GET', `/api/v1/directory/smhroles/-/d?${eves}`)).body
    expect(contents).toMatchObject([
      { name: 'other.txt', authorityList: { canPreview: false, canDownload: false, canDownloadSelf: true } },
      { name: 'own.txt', authorityList: { canPreview: true, canDownload: true, canDelete: false } },
    ])
    expectFault(await as(bob, 'POST', `authority/${LIBRARY}/init-role-list`, own), 403, 'NoPermission')
  })
})

describe('a token that goes by authorities', () => {
  it('opens nothing until it is given something', async () => {
    expectFault(await list(eve), 403, 'NoPermission')
    expectFault(await list(eve, ''), 403, 'NoPermission')
    expectFault(await as(eve, 'GET', `file/${LIBRARY}/${space}/d/a.txt`), 403, 'NoPermission')
    expectFault(await as(eve, 'GET', `space/${LIBRARY}/${space}/size`), 403, 'AccessTokenNotMatchSpace')
    // Nor its own team's space, which it merely names.
    expectFault(await as(bob, 'GET', `directory/${LIBRARY}/${team}`), 403, 'NoPermission')
    expectFault(await as(bob, 'GET', `space/${LIBRARY}/${team}/extension`), 403, 'NoPermission')
  })

  it('sees the directory it was given, what lies below, and nothing beside it', async () => {
    expect((await give([{ userId: 'eve', name: 'Eve', roleId: ROLES.viewer }])).status).toBe(200)
    const seen = await list(eve)
    expect(names(seen)).toEqual(['sub', 'a.txt'])
    expect(seen.body.authorityList).toMatchObject({ canView: true, canDownload: false, canUpload: false })
    expect(seen.body.contents[1].authorityList).toEqual(seen.body.authorityList)
    expect((await list(smh.token)).body).not.toHaveProperty('authorityList')
    expectFault(await list(eve, ''), 403, 'NoPermission')
    expectFault(await as(eve, 'GET', `file/${LIBRARY}/${space}/d/a.txt`), 403, 'NoPermission')
    expectFault(await as(eve, 'GET', `file/${LIBRARY}/${space}/top.txt?info`), 403, 'NoPermission')
    expectFault(await list(bob), 403, 'NoPermission')
  })

  it('reaches what its team was given', async () => {
    await give([{ spaceId: team, name: 'the team', roleId: ROLES.downloader }])
    expect(names(await list(bob))).toEqual(['sub', 'a.txt'])
    expect((await as(bob, 'GET', `file/${LIBRARY}/${space}/d/a.txt`)).status).toBe(302)
    expectFault(await list(eve), 403, 'NoPermission')
    // A space's number in a user's id is no team.
    expectFault(await list(await smh.mint('acl', { user_id: team, space_id: '' })), 403, 'NoPermission')
  })

  it('loses at once what is taken back', async () => {
    await give([{ userId: 'eve', roleId: ROLES.editor }])
    expect((await list(eve)).status).toBe(200)
    expect((await take([{ userId: 'eve', roleId: ROLES.editor }])).status).toBe(200)
    expectFault(await list(eve), 403, 'NoPermission')
  })

  it('leaves what it was given itself, unless that narrows what it has from above', async () => {
    const leave = (authorizeTo: unknown, path = 'd', token = eve) =>
      as(token, 'POST', `authority/${LIBRARY}/${space}/authorize/${path}?exit`, { authorizeTo })
    const own = [{ userId: 'eve', name: 'Eve', roleId: ROLES.editor }]
    await give(own)
    await give([{ userId: 'eve', roleId: ROLES.viewer }], 'd/sub')
    await give([{ spaceId: team, roleId: ROLES.viewer }])
    expectFault(await leave(own, 'd/sub'), 403, 'NoPermission')
    expectFault(await leave([{ userId: 'zoe' }]), 403, 'NoPermission')
    expectFault(await leave([{ spaceId: team }], 'd', bob), 403, 'NoPermission')
    expectFault(await leave([{ userId: 'bob' }], 'd', bob), 403, 'NoPermission')
    expectFault(await leave([]), 400, 'NoItemsProvided')
    expect((await leave(own)).status).toBe(200)
    expectFault(await list(eve), 403, 'NoPermission')
    expect((await leave(own, 'd/sub')).status).toBe(200)
    expectFault(await list(eve, 'd/sub'), 403, 'NoPermission')
    expect((await list(bob)).status).toBe(200)
  })

  it('has what is given nearest: a narrower role below takes away', async () => {
    await give([{ userId: 'eve', roleId: ROLES.editor }])
    await give([{ userId: 'eve', roleId: ROLES.viewer }], 'd/sub')
    expect((await as(eve, 'PUT', `directory/${LIBRARY}/${space}/d/new`)).status).toBe(201)
    expectFault(await as(eve, 'PUT', `directory/${LIBRARY}/${space}/d/sub/new`), 403, 'NoPermission')
  })

  it('keeps what its other grants permit in its own spaces', async () => {
    const both = await smh.mint('acl,create_directory', { user_id: 'eve', space_id: team })
    expect((await as(both, 'PUT', `directory/${LIBRARY}/${team}/made`)).status).toBe(201)
    expect((await as(both, 'GET', `directory/${LIBRARY}/${team}`)).status).toBe(200)
    expectFault(await as(both, 'PUT', `directory/${LIBRARY}/${space}/made`), 403, 'NoPermission')
    await give([{ userId: 'eve', roleId: ROLES.uploader }])
    expect((await as(both, 'PUT', `directory/${LIBRARY}/${space}/d/made`)).status).toBe(201)
  })

  it('is none without `acl`', async () => {
    await give([{ userId: 'eve', roleId: ROLES.owner }])
    const plain = await smh.mint('create_directory', { user_id: 'eve', space_id: team })
    expectFault(await list(plain), 403, 'AccessTokenNotMatchSpace')
  })
})

describe('each role', () => {
  const calls: readonly (readonly [string, (token: string) => Promise<Reply>])[] = [
    ['canView', (token) => list(token)],
    ['canDownload', (token) => as(token, 'GET', `file/${LIBRARY}/${space}/d/a.txt`)],
    ['canUpload', (token) => as(token, 'PUT', `file/${LIBRARY}/${space}/d/new.txt`)],
    ['canUpload', (token) => as(token, 'PUT', `directory/${LIBRARY}/${space}/d/new`)],
    ['canShare', (token) => as(token, 'POST', `share/${LIBRARY}/${space}`, shared)],
    [
      'canModify',
      (token) => as(token, 'POST', `batch/${LIBRARY}/${space}?move`, [{ from: 'd/a.txt', to: 'd/b.txt' }]).then(ofItem),
    ],
    ['canDelete', (token) => as(token, 'POST', `batch/${LIBRARY}/${space}?delete`, [{ path: 'd/b.txt' }]).then(ofItem)],
    ['canAuthorize', (token) => give([{ userId: 'zoe', roleId: 1 }], 'd', token)],
  ]
  const shared = { name: 's', filePath: ['d'], config: { isPermanent: true } }
  const ofItem = ({ body, ...reply }: Reply) => ({ ...reply, ...body.result?.[0], body: body.result?.[0] ?? body })

  it('permits what it says, and not more', async () => {
    const roles = (await as(smh.token, 'GET', `authority/${LIBRARY}/role-list`)).body
    for (const role of roles) {
      await smh.call('DELETE', `/api/v1/directory/${LIBRARY}/${space}/d?permanent=1`)
      await smh.mkdir('d', space)
      await Promise.all(['d/a.txt', 'd/b.txt'].map((path) => smh.put(path, path, space)))
      await give([{ userId: 'eve', roleId: role.id }])
      for (const [right, call] of calls) {
        const reply = await call(eve)
        const isRefused = outcome(reply) === 'NoPermission'
        expect([role.name, right, isRefused], JSON.stringify(reply.body)).toEqual([role.name, right, !role[right]])
      }
    }
  })
})

describe('a share made with an authority', () => {
  it('opens what the authority permits, as long as it is given', async () => {
    await give([{ userId: 'eve', roleId: ROLES.downloader }])
    const config = { isPermanent: true, canPreview: true, canDownload: true }
    const made = await as(eve, 'POST', `share/${LIBRARY}/${space}`, { name: 's', filePath: ['d'], config })
    expect(made.status, made.text).toBe(200)
    const { code } = (await smh.call('GET', `/api/v1/share/${LIBRARY}/${made.body.id}`)).body
    const visit = await send(smh.url, 'POST', `/api/v1/share/verify/${code}`, { body: {} })
    const see = () =>
      send(smh.url, 'GET', `/api/v1/share/file/${code}/?list&access_token=${visit.body.accessToken}`, {})
    expect(names(await see())).toEqual(['d'])
    await take([{ userId: 'eve', roleId: ROLES.downloader }])
    expect((await see()).body).toEqual({ contents: [], hasMore: false })
    expectFault(await list(eve), 403, 'NoPermission')
  })
})

describe('moving', () => {
  it('leaves authorities behind, unless they shall go along', async () => {
    await smh.mkdir('to', space)
    await give([{ userId: 'eve', roleId: ROLES.viewer }])
    await give([{ userId: 'eve', roleId: ROLES.viewer }], 'd/sub')
    const move = (items: unknown) => as(smh.token, 'POST', `batch/${LIBRARY}/${space}?move`, items)
    expect((await move([{ from: 'd', to: 'to/d', moveAuthority: true }])).body.result[0]).toMatchObject({
      moveAuthority: true,
    })
    expect((await list(eve, 'to/d')).status).toBe(200)
    expect((await move([{ from: 'to/d', to: 'd' }])).body.result[0]).toMatchObject({ moveAuthority: false })
    expectFault(await list(eve, 'd'), 403, 'NoPermission')
    // What was given on directories below belongs to them.
    expect((await list(eve, 'd/sub')).status).toBe(200)
    await give([{ userId: 'eve', roleId: ROLES.viewer }])
    const renamed = await as(smh.token, 'PUT', `directory/${LIBRARY}/${space}/to/e?move_authority=true`, { from: 'd' })
    expect(renamed.status).toBe(204)
    expect((await list(eve, 'to/e')).status).toBe(200)
  })
})

describe('the authorities of a directory', () => {
  it('are its own and those it inherits, the nearest for each', async () => {
    await give([
      { userId: 17, roleId: String(ROLES.editor) },
      { spaceId: team, roleId: ROLES.viewer },
    ])
    await give([{ userId: 17, roleId: ROLES.viewer }], 'd/sub')
    const of = (path: string, token = smh.token) =>
      as(token, 'GET', `authority/${LIBRARY}/${space}/directory-authority/${path}`)
    const inherited = { userId: null, spaceId: team, name: 'Viewer', roleId: ROLES.viewer, tag: 1 }
    expect((await of('d/sub')).body).toEqual([
      { userId: '17', spaceId: null, name: 'Viewer', roleId: ROLES.viewer, tag: 0 },
      inherited,
    ])
    expect((await of('d')).body).toHaveLength(2)
    expect((await of('')).body).toEqual([])
    // Who may not authorize is told of its own only.
    expect((await of('d', bob)).body).toEqual([{ ...inherited, tag: 0 }])
    expectFault(await of('none'), 404, 'DirectoryNotFound')
    expectFault(await of('d/a.txt'), 404, 'DirectoryNotFound')
    expectFault(await of('d', eve), 403, 'NoPermission')
  })
})

describe('shared directories', () => {
  it('are listed to who shares them, page by page', async () => {
    const ann = await smh.mint('space_admin', { user_id: 'ann', space_id: space })
    await smh.mkdir('e', space)
    await give(
      [
        { userId: 'eve', roleId: 1 },
        { userId: 'zoe', roleId: 1 },
      ],
      'd',
      ann,
    )
    await give([{ userId: 'eve', roleId: 1 }], 'e', ann)
    await give([{ userId: 'eve', roleId: 1 }], 'd/sub')
    const mine = (query: string) => as(ann, 'GET', `authority/${LIBRARY}/authorized-directory?${query}`)
    const all = await mine('')
    expect(all.body).toMatchObject({
      totalNum: 2,
      contents: [
        { spaceId: space, name: 'd', type: 'dir', path: ['d'], authorityList: { canView: true } },
        { spaceId: space, name: 'e', type: 'dir', path: ['e'] },
      ],
    })
    const first = await mine('limit=1&order_by=name&order_by_type=desc')
    expect([names(first), first.body.nextMarker]).toEqual([['e'], '1'])
    expect(names(await mine(`limit=1&orderBy=name&orderByType=desc&marker=${first.body.nextMarker}`))).toEqual(['d'])
    expect(names(await mine('page=2&page_size=1'))).toEqual(['e'])
    expectFault(await mine('order_by=colour'), 400, 'ParamInvalid')
  })

  it('are listed to those they are shared with', async () => {
    const zoe = await smh.mint('acl', { user_id: `zoe-${space}`, space_id: '' })
    await give([{ userId: `zoe-${space}`, roleId: ROLES.downloader }])
    const received = (token: string) => as(token, 'POST', `authority/${LIBRARY}/received-authorization-directory`, {})
    expect((await received(zoe)).body).toMatchObject({
      totalNum: 1,
      contents: [
        { spaceId: space, path: ['d'], authorityList: { canView: true, canDownload: true, canUpload: false } },
      ],
    })
    const plain = await smh.mint('upload_file', { user_id: `zoe-${space}`, space_id: team })
    expectFault(await received(plain), 403, 'NoPermission')
  })
})

describe('giving authorities', () => {
  it('is for administrators and for those who may authorize there', async () => {
    const weak = await smh.mint('upload_file,create_directory', { space_id: space })
    expectFault(await give([{ userId: 'x', roleId: 1 }], 'd', weak), 403, 'NoPermission')
    const ruler = await smh.mint('space_admin', { space_id: space })
    expect((await give([{ userId: 'eve', roleId: ROLES.owner }], 'd/sub', ruler)).status).toBe(200)
    expect((await give([{ userId: 'x', roleId: 1 }], 'd/sub', eve)).status).toBe(200)
    expectFault(await give([{ userId: 'x', roleId: 1 }], 'd', eve), 403, 'NoPermission')
    expectFault(await take([{ userId: 'x', roleId: 1 }], 'd', eve), 403, 'NoPermission')
    const elsewhere = await smh.mint('space_admin', { space_id: team })
    expectFault(await give([{ userId: 'x', roleId: 1 }], 'd', elsewhere), 403, 'AccessTokenNotMatchSpace')
  })

  it('gives all or nothing, and refuses what it cannot read', async () => {
    const bad: readonly (readonly [unknown, string])[] = [
      [undefined, 'NoItemsProvided'],
      [[], 'NoItemsProvided'],
      [Array(1001).fill({ userId: 'eve', roleId: 1 }), 'TooManyItems'],
      [['eve'], 'ParamInvalid'],
      [[{ userId: 'eve', roleId: 1 }, { roleId: 1 }], 'ParamInvalid'],
      [[{ userId: 'eve', spaceId: team, roleId: 1 }], 'ParamInvalid'],
      [
        [
          { userId: 'eve', roleId: 1 },
          { userId: 'zoe', roleId: 99 },
        ],
        'ParamInvalid',
      ],
      [[{ userId: 'eve' }], 'ParamInvalid'],
      [[{ userId: 'e'.repeat(256), roleId: 1 }], 'ParamInvalid'],
    ]
    for (const [items, code] of bad) expectFault(await give(items), 400, code)
    expectFault(
      await give([
        { userId: 'eve', roleId: 1 },
        { spaceId: '99999999', roleId: 1 },
      ]),
      404,
      'SpaceNotFound',
    )
    expectFault(await give([{ userId: 'eve', roleId: 1 }], 'none'), 404, 'DirectoryNotFound')
    expectFault(await give([{ userId: 'eve', roleId: 1 }], 'd/a.txt'), 404, 'DirectoryNotFound')
    expectFault(await list(eve), 403, 'NoPermission')
  })

  it('on a whole space is one call more', async () => {
    const whole = { authorizeTo: { spaceId: team, name: 'all of it', roleId: ROLES.viewer } }
    expect((await as(smh.token, 'POST', `authority/${LIBRARY}/${space}/authorize-space`, whole)).status).toBe(200)
    expect(names(await list(bob, ''))).toEqual(['d', 'top.txt'])
  })
})
