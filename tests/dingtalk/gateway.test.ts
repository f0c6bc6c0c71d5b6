/** What stands before every call: tokens, permission points, operators, bodies and paths; and other organizations. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dentry, otherTenant, type Raw, type Session, startSession } from './session.ts'

let session: Session
let space: string
let file: Dentry
let offsetMs = 0
let before: unknown

beforeAll(async () => {
  session = await startSession({ clock: () => Date.now() + offsetMs })
  space = session.spaces.admin
  file = await session.file(space, '0', 'untouched.txt')
  before = await session.picture()
})
afterAll(async () => {
  // None of the requests below may have had any effect.
  expect(await session.picture()).toEqual(before)
  await session.stop()
})

const path = () => `/v1.0/storage/spaces/${space}/dentries/batchRemove?unionId=admin`
const body = () => ({ dentryIds: [file.id] })

function expectRefusal(answer: Raw, status: number, code: string) {
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(answer.headers.get('x-acs-request-id')).toBe(answer.body.requestid)
}

describe('a token', () => {
  it('is the same while it lives, and another once it died', async () => {
    let now = Date.now()
    const own = await startSession({ clock: () => now })
    const at = `/v1.0/storage/spaces/${own.spaces.admin}`
    const ask = async () => {
      const given = { appKey: 'dingdemo', appSecret: 'dingdemo-secret' }
      return (await own.raw('POST', '/v1.0/oauth2/accessToken', { token: null, body: given })).body
    }
    expect(await ask()).toEqual({ accessToken: own.token, expireIn: 7200 })
    now += 7_000_000
    expect((await ask()).accessToken).toBe(own.token)
    now += 7_000_000
    expect((await own.raw('GET', `${at}?unionId=admin`)).status).toBe(200)
    now += 201_000
    const late = await own.raw('DELETE', `${at}/dentries/1?unionId=admin`)
    expectRefusal(late, 400, 'InvalidAuthentication')
    expect((await ask()).accessToken).not.toBe(own.token)
    await own.stop()
  })

  it('comes in snake case from the call by organization', async () => {
    const ask = (corpId: string, more: object = {}) =>
      session.raw('POST', `/v1.0/oauth2/${corpId}/token`, {
        token: null,
        body: { client_id: 'dingdemo', client_secret: 'dingdemo-secret', grant_type: 'client_credentials', ...more },
      })
    const { access_token, expires_in } = (await ask('demo')).body
    expect(expires_in).toBe(7200)
    const used = await session.raw('GET', `/v1.0/storage/spaces/${space}?unionId=admin`, {
      token: String(access_token),
    })
    expect(used.status).toBe(200)
    expectRefusal(await ask('other'), 401, 'unauthorized.client')
    expectRefusal(await ask('demo', { client_secret: 'x' }), 400, 'invalid.client')
    expectRefusal(await ask('demo', { grant_type: 'password' }), 400, 'unsupported.grant.type')
  })

  it('is not given for a wrong key or secret', async () => {
    const ask = (given: object) => session.raw('POST', '/v1.0/oauth2/accessToken', { token: null, body: given })
    expectRefusal(await ask({ appKey: 'dingdemo', appSecret: 'x' }), 400, 'invalidClientIdOrSecret')
    expectRefusal(await ask({ appKey: 'x', appSecret: 'dingdemo-secret' }), 400, 'invalidClientIdOrSecret')
    expectRefusal(await ask({ appKey: 'dingdemo', appSecret: '' }), 400, 'invalidClientIdOrSecret')
    expectRefusal(await ask({ appKey: 'dingdemo' }), 400, 'MissingappSecret')
    expectRefusal(await ask({ appKey: 1, appSecret: 'x' }), 400, 'paramError')
  })

  it('that is missing, forged, of another dialect or in a scheme is 400, not 401', async () => {
    const changed = session.token.slice(0, -1) + (session.token.endsWith('a') ? 'b' : 'a')
    for (const token of [null, 'x', '""', changed, `${session.token}x`, `Bearer ${session.token}`])
      expectRefusal(await session.raw('POST', path(), { body: body(), token }), 400, 'InvalidAuthentication')
  })

  it('is taken with quotes around it', async () => {
    const token = `"${session.token}"`
    expect((await session.raw('GET', `/v1.0/storage/spaces/${space}?unionId=admin`, { token })).status).toBe(200)
  })
})

describe('a permission point', () => {
  it('that the app lacks is named in the answer', async () => {
    const [app] = await session.store.read((tx) => tx.apps([{ dialect: 'dingtalk', id: 'dingdemo' }]))
    if (!app) throw new Error('the demo app is gone')
    const limited = { ...app, scopes: ['Storage.Space.Read', 'Storage.File.Read'] }
    await session.store.write((tx) => tx.putApps([limited]))
    offsetMs += 10_000
    const answer = await session.raw('POST', path(), { body: body() })
    expectRefusal(answer, 403, 'Forbidden.AccessDenied.AccessTokenPermissionDenied')
    expect(answer.body.accessdenieddetail).toEqual({ requiredScopes: ['Storage.File.Write'] })
    const refused = await session.refused('deleteDentries', [space], body())
    expect(refused.accessDeniedDetail).toEqual({ requiredScopes: ['Storage.File.Write'] })
    expect(await session.call('getSpace', [space])).toMatchObject({ space: { id: space } })
    await session.store.write((tx) => tx.putApps([app]))
    offsetMs += 10_000
  })
})

describe('an operator', () => {
  it('must be named and known', async () => {
    const bare = `/v1.0/storage/spaces/${space}/dentries/batchRemove`
    expectRefusal(await session.raw('POST', bare, { body: body() }), 400, 'MissingunionId')
    for (const unionId of ['', 'nobody', 'Admin', '%00', 'admin%20'])
      expectRefusal(await session.raw('POST', `${bare}?unionId=${unionId}`, { body: body() }), 400, 'paramError')
    expectRefusal(await session.raw('POST', `${bare}?unionId=admin&unionId=alice`, { body: body() }), 400, 'paramError')
  })

  it('may be named in the body', async () => {
    const answer = await session.raw('POST', `/v1.0/storage/spaces/${space}/dentries/${file.id}/query`, {
      body: { unionId: 'admin' },
    })
    expect(answer.body).toMatchObject({ dentry: { id: file.id } })
  })
})

describe('a body', () => {
  it('must be there, be JSON, and hold what is required', async () => {
    expectRefusal(await session.raw('POST', path()), 400, 'Missingbody')
    for (const text of ['{', '[]', '"x"', 'null', '{"dentryIds":[1}', 'dentryIds=1', '\ufeff{}'])
      expectRefusal(await session.raw('POST', path(), { text }), 400, 'paramError')
    expectRefusal(await session.raw('POST', path(), { text: '{}' }), 400, 'MissingdentryIds')
    expectRefusal(await session.raw('POST', path(), { text: '{"dentryIds":null}' }), 400, 'MissingdentryIds')
    const move = `/v1.0/storage/spaces/${space}/dentries/batchMove?unionId=admin`
    for (const field of ['targetSpaceId', 'targetFolderId', 'dentryIds']) {
      const whole = { targetSpaceId: space, targetFolderId: '0', dentryIds: [file.id] }
      const { [field as 'dentryIds']: _, ...rest } = whole
      expectRefusal(await session.raw('POST', move, { body: rest }), 400, `Missing${field}`)
    }
  })

  it('may come under any content type, and is refused when too large', async () => {
    for (const type of ['text/plain', '', 'json', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { 'content-type': type }
      const answer = await session.raw('POST', path(), { text: '{"dentryIds":["999999999999"]}', headers })
      expect(answer.body.resultItems).toMatchObject([{ errorCode: 'dentryNotExist' }])
    }
    const text = `{"dentryIds":["${'9'.repeat(5_000_000)}"]}`
    expectRefusal(await session.raw('POST', path(), { text }), 400, 'paramError')
  })

  it('of a hundred thousand ids is refused for its length', async () => {
    const dentryIds = Array(100_000).fill('1')
    expectRefusal(await session.raw('POST', path(), { body: { dentryIds } }), 400, 'paramError.dentryIds')
  })
})

describe('a path', () => {
  it('that leads nowhere is 404 in JSON', async () => {
    for (const [method, at] of [
      ['GET', '/v1.0/storage/nothing'],
      ['GET', '/v1.0/'],
      ['GET', '/v2.0/storage/recents/listV2'],
      ['PATCH', `/v1.0/storage/spaces/${space}`],
      ['PUT', path()],
    ] as const)
      expectRefusal(await session.raw(method, at), 404, 'InvalidAction.NotFound')
    const nameless = '/v1.0/storage/spaces//dentries/batchRemove?unionId=admin'
    expectRefusal(await session.raw('POST', nameless, { body: body() }), 400, 'paramError.spaceId')
  })
})

describe('another organization', () => {
  it('cannot be seen, moved from or into, or removed', async () => {
    const theirs = await otherTenant(session)
    const code = async (method: string, at: string[], fields: object = {}) =>
      (await session.refused(method, at, { ...fields })).code
    expect(await code('getDentry', [theirs.space, theirs.dentry])).toBe('spaceNotExist')
    expect(await code('getDentry', [space, theirs.dentry])).toBe('dentryNotExist')
    expect(await code('listDentries', [theirs.space], { parentId: '0' })).toBe('spaceNotExist')
    expect(await code('deleteDentries', [theirs.space], { dentryIds: [theirs.dentry] })).toBe('spaceNotExist')
    const goal = { targetSpaceId: theirs.space, targetFolderId: '0', dentryIds: [file.id] }
    expect(await code('moveDentries', [space], goal)).toBe('spaceNotExist')
    const into = { targetSpaceId: space, targetFolderId: theirs.dentry, dentryIds: [file.id] }
    expect(await code('moveDentries', [space], into)).toBe('dentryNotExist')
    const from = { targetSpaceId: space, targetFolderId: '0', dentryIds: [theirs.dentry] }
    for (const method of ['moveDentries', 'copyDentries'])
      expect(await session.call(method, [space], from)).toMatchObject({
        resultItems: [{ success: false, errorCode: 'dentryNotExist' }],
      })
  })
})
