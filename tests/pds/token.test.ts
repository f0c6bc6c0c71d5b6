/** Who gets in: assertions, refreshing, revoking, the forms of a bearer token. */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TenantId } from '../../src/engine/index.ts'
import { addApps } from '../../src/engine/people.ts'
import { type Answer, assertion, Client, jwtToken, send, tokenCall } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
let at = Date.UTC(2026, 10, 21, 12)
let world: World

beforeAll(async () => {
  world = await startWorld({ clock: () => at })
})
afterAll(() => world.server.stop())

const seconds = () => Math.floor(at / 1000)
const ask = (claims: Partial<Parameters<typeof jwtToken>[1]> = {}) =>
  jwtToken(world.url, { privateKey: world.privateKey, sub: 'alice', now: seconds(), ...claims })
const whoAmI = (authorization: string | undefined) =>
  send(`${world.url}/v2/user/get`, { method: 'POST', headers: { ...(authorization && { authorization }) } })
const refresh = (refreshToken: string, more: object = {}) =>
  send(`${world.url}/v2/account/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app_id: 'demo-pds', refresh_token: refreshToken, grant_type: 'refresh_token', ...more }),
  })

function expectRefused(answer: Answer, status: number, code: string) {
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(answer.body.message).toBeTypeOf('string')
  expect(answer.headers.get('x-ca-request-id')).toBeTruthy()
  expect(answer.headers.get('x-ca-error-code')).toBe(code)
}

test('a user assertion yields a token object for the user', async () => {
  const { status, body } = await ask()
  expect(status).toBe(200)
  expect(body).toMatchObject({
    token_type: 'Bearer',
    expires_in: 7200,
    expire_time: new Date(at + 7_200_000).toISOString(),
    user_id: 'alice',
    user_name: 'alice',
    role: 'user',
    status: 'enabled',
    domain_id: 'demo',
    default_drive_id: world.alice.drive,
  })
  expect(body.access_token).not.toBe(body.refresh_token)
  const me = await whoAmI(`Bearer ${body.access_token}`)
  expect([me.status, me.body.user_id]).toEqual([200, 'alice'])
})

test('a token object carries what applications keep about its user', async () => {
  await world.admin.ok('/user/update', { user_id: 'alice', user_data: { theme: 'dark' } })
  // People are remembered for two seconds.
  at += 3000
  expect((await ask()).body.user_data).toEqual({ theme: 'dark' })
})

test('a user shows to itself and to administrators when it signed in, and when it stayed so', async () => {
  const first = (await ask()).body
  const signedInAt = at
  at += 60_000
  const me = (await refresh(first.refresh_token)).body
  // People are remembered for two seconds.
  at += 3000
  const times = { last_login_time: signedInAt, last_refresh_token_time: at - 3000 }
  expect((await whoAmI(`Bearer ${me.access_token}`)).body).toMatchObject(times)
  const admin = await world.clientOf('admin', world.admin.drive)
  expect(await admin.ok('/user/get', { user_id: 'alice' })).toMatchObject(times)
  const alice = await world.clientOf('alice', world.alice.drive)
  const other = await alice.ok('/user/get', { user_id: 'admin' })
  for (const member of Object.keys(times)) expect(other).not.toHaveProperty(member)
})

test('a service assertion yields a super administrator who may see every drive', async () => {
  const { status, body } = await ask({ sub: 'demo', subType: 'service' })
  expect([status, body.role, body.status]).toEqual([200, 'superadmin', 'enabled'])
  const service = new Client(world.url, body.access_token, world.alice.drive)
  expect(await service.list()).toEqual([])
})

test('a bare token without Bearer is taken, as mobile clients send it', async () => {
  const me = await whoAmI(world.alice.token)
  expect(me.body.user_id).toBe('alice')
})

test('a token that comes twice, as the generated clients send it, is taken', async () => {
  const { token } = world.alice
  const headers = { authorization: `Bearer ${token}`, 'x-acs-bearer-token': token, 'x-acs-version': '2022-03-01' }
  const me = await send(`${world.url}/v2/user/get`, { method: 'POST', headers })
  expect(me.body.user_id).toBe('alice')
})

test('no token, an empty one, a made-up one and one with a changed letter are AccessTokenInvalid', async () => {
  const changed = world.alice.token.slice(0, -1) + (world.alice.token.endsWith('a') ? 'b' : 'a')
  for (const authorization of [undefined, 'Bearer ', 'Bearer nonsense', `Bearer ${changed}`, 'Basic YTpi']) {
    expectRefused(await whoAmI(authorization), 401, 'AccessTokenInvalid')
  }
})

test('an access token is good for two hours and a refresh token never works in its place', async () => {
  const { body } = await ask()
  expectRefused(await whoAmI(`Bearer ${body.refresh_token}`), 401, 'AccessTokenInvalid')
  at += 7_200_000
  expectRefused(await whoAmI(`Bearer ${body.access_token}`), 401, 'AccessTokenInvalid')
  const renewed = await refresh(body.refresh_token)
  expect((await whoAmI(`Bearer ${renewed.body.access_token}`)).status).toBe(200)
})

test('assertions that are expired, forged, meant for others or signed otherwise are refused', async () => {
  const { privateKey: stranger } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  expectRefused(await ask({ exp: seconds() - 61 }), 400, 'InvalidParameterExpired.Assertion')
  expectRefused(await ask({ privateKey: stranger }), 400, 'InvalidParameter.Assertion')
  expectRefused(await ask({ aud: 'other' }), 400, 'InvalidParameter.Assertion')
  expectRefused(await ask({ subType: 'robot' }), 400, 'InvalidParameter.Assertion')
  expectRefused(await ask({ alg: 'RS512' }), 400, 'InvalidParameter.Assertion')
  expectRefused(await ask({ sub: 'other', subType: 'service' }), 400, 'InvalidParameter.Assertion')

  const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: 'demo-pds', sub: 'alice', sub_type: 'user', aud: 'demo', jti: 'x', exp: seconds() + 60 }))}.`
  const fields = { grant_type: GRANT, client_id: 'demo-pds' }
  expectRefused(await tokenCall(world.url, { ...fields, assertion: unsigned }), 400, 'InvalidParameter.Assertion')
  expectRefused(await tokenCall(world.url, { ...fields, assertion: 'x' }), 400, 'InvalidParameter.Assertion')
  const genuine = await assertion({ privateKey: world.privateKey, sub: 'alice', now: seconds() })
  const [head, payload, signature] = genuine.split('.')
  const forged = `${head}.${payload}.${signature!.startsWith('A') ? 'B' : 'A'}${signature!.slice(1)}`
  expectRefused(await tokenCall(world.url, { ...fields, assertion: forged }), 400, 'InvalidParameter.Assertion')
})

test('an assertion of one app does not speak for another, nor an AccessKey id for an app', async () => {
  await addTenant(world, 'acme')
  expectRefused(await ask({ iss: 'nobody' }), 400, 'InvalidParameter.ClientId')
  expectRefused(await ask({ iss: 'demo-ak' }), 400, 'InvalidParameter.ClientId')
  const fields = {
    grant_type: GRANT,
    client_id: 'acme-pds',
    assertion: await assertion({ privateKey: world.privateKey, sub: 'alice', now: seconds() }),
  }
  expectRefused(await tokenCall(world.url, fields), 400, 'InvalidParameter.Assertion')
})

test('an unknown user is ForbiddenAccountNotFound', async () => {
  expectRefused(await ask({ sub: 'nobody' }), 403, 'ForbiddenAccountNotFound')
})

test('missing fields and unknown grants are named', async () => {
  expectRefused(await tokenCall(world.url, {}), 400, 'InvalidParameterMissing.GrantType')
  expectRefused(await tokenCall(world.url, { grant_type: GRANT }), 400, 'InvalidParameterMissing.ClientId')
  const fields = { grant_type: GRANT, client_id: 'demo-pds' }
  expectRefused(await tokenCall(world.url, fields), 400, 'InvalidParameterMissing.Assertion')
  const password = { grant_type: 'password', client_id: 'demo-pds' }
  expectRefused(await tokenCall(world.url, password), 400, 'InvalidParameterNotSupported.GrantType')
})

test('refreshing rotates the refresh token and keeps the user; the old one is refused', async () => {
  const first = (await ask()).body
  const second = await refresh(first.refresh_token)
  expect(second.status).toBe(200)
  expect(second.body.user_id).toBe('alice')
  expect(second.body.refresh_token).not.toBe(first.refresh_token)
  expectRefused(await refresh(first.refresh_token), 400, 'InvalidParameter.RefreshToken')
  expect((await refresh(second.body.refresh_token)).status).toBe(200)
})

test('of many who refresh with one token at once, one succeeds', async () => {
  const { refresh_token } = (await ask()).body
  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400])
})

test('the form-encoded endpoint refreshes too', async () => {
  const { refresh_token } = (await ask()).body
  const answer = await tokenCall(world.url, { grant_type: 'refresh_token', client_id: 'demo-pds', refresh_token })
  expect([answer.status, answer.body.user_id]).toEqual([200, 'alice'])
})

test('a refresh token is worth nothing to another app, and an access token cannot refresh', async () => {
  const { refresh_token, access_token } = (await ask()).body
  expectRefused(await refresh(refresh_token, { app_id: 'acme-pds' }), 400, 'InvalidParameter.RefreshToken')
  expectRefused(await refresh(access_token), 400, 'InvalidParameter.RefreshToken')
  expectRefused(await refresh('nonsense'), 400, 'InvalidParameter.RefreshToken')
  expectRefused(await refresh(''), 400, 'InvalidParameterEmpty.RefreshToken')
})

test('revoking ends the session of the bearer and no other', async () => {
  const [one, other] = [(await ask()).body, (await ask()).body]
  const gone = await new Client(world.url, one.access_token, '1').raw('/account/revoke', undefined)
  expect([gone.status, gone.text]).toEqual([204, ''])
  expectRefused(await whoAmI(`Bearer ${one.access_token}`), 401, 'AccessTokenInvalid')
  expectRefused(await refresh(one.refresh_token), 400, 'InvalidParameter.RefreshToken')
  expect((await whoAmI(`Bearer ${other.access_token}`)).status).toBe(200)
  expect((await refresh(other.refresh_token)).status).toBe(200)
})

test('a token made at the command line, which has no session, is revoked alone', async () => {
  const spec = {
    dialect: 'pds',
    purpose: 'access',
    tenant: world.server.demo.tenant,
    app: 'demo-pds',
    user: 'alice',
    scopes: [],
    ttlMs: 60_000,
  } as const
  const [one, other] = [await world.server.auth.issue(spec), await world.server.auth.issue(spec)]
  expect((await new Client(world.url, one.text, '1').raw('/account/revoke', undefined)).status).toBe(204)
  expect((await whoAmI(`Bearer ${one.text}`)).status).toBe(401)
  expect((await whoAmI(`Bearer ${other.text}`)).status).toBe(200)
})

test('an app with scopes hands out tokens that can do no more, in a batch as alone', async () => {
  const { store } = world
  const [app] = await store.read((tx) => tx.apps([{ dialect: 'pds', id: 'demo-pds' }]))
  const spec = (id: string, scopes: string[]) => ({
    dialect: 'pds' as const,
    id,
    publicKey: app!.publicKey,
    scopes,
    extra: { 'pds.kind': 'jwt' },
  })
  await store.write((tx) =>
    addApps(tx, { tenant: 'demo' as TenantId, at }, [
      spec('readers', ['FILE.GET', 'FILE.LIST', 'BATCH']),
      spec('files', ['FILE.ALL']),
    ]),
  )
  const reader = await world.clientOf('alice', world.alice.drive, 'readers')
  expect(await reader.list()).toEqual([])
  const denied = { status: 403, body: { code: 'ForbiddenNoPermission.Api' } }
  expect(await reader.call('/file/delete', { file_id: 'f'.repeat(40) })).toMatchObject(denied)
  const children = await reader.batch([
    { url: '/file/delete', body: { file_id: 'f'.repeat(40) } },
    { url: '/file/list', body: { parent_file_id: 'root' } },
  ])
  expect(children.body.responses).toMatchObject([denied, { status: 200 }])

  const files = await world.clientOf('alice', world.alice.drive, 'files')
  expect((await files.call('/file/delete', { file_id: 'f'.repeat(40) })).status).toBe(404)
  expect(await files.batch([{ url: '/file/list', body: { parent_file_id: 'root' } }])).toMatchObject(denied)
})

test('a share token that nobody handed out is ShareLinkTokenInvalid', async () => {
  const answer = await send(`${world.url}/v2/file/list`, { method: 'POST', headers: { 'x-share-token': 'x' } })
  expectRefused(answer, 401, 'ShareLinkTokenInvalid')
})

const CALLBACK = 'http://localhost:9/callback?x=1'
const query = (more: object = {}) =>
  new URLSearchParams({ client_id: 'demo-pds', redirect_uri: CALLBACK, response_type: 'code', state: 's&"<', ...more })
const signIn = (more: object = {}) =>
  send(`${world.url}/v2/oauth/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: query({ user: 'alice', password: 'alice', ...more }).toString(),
  })
const exchange = (code: string, more: object = {}) =>
  tokenCall(world.url, {
    grant_type: 'authorization_code',
    client_id: 'demo-pds',
    redirect_uri: CALLBACK,
    code,
    ...more,
  })

test('a person signs in on the page and comes back with a code, which is good once', async () => {
  const page = await send(`${world.url}/v2/oauth/authorize?${query()}`)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.text).toContain('value="s&#38;&#34;&#60;"')
  const wrong = await signIn({ password: 'bob' })
  expect([wrong.status, wrong.headers.get('location')]).toEqual([401, null])
  expect((await signIn({ user: 'nobody' })).status).toBe(401)

  const back = await signIn()
  expect(back.status).toBe(302)
  const location = new URL(back.headers.get('location')!)
  expect([
    location.origin + location.pathname,
    location.searchParams.get('x'),
    location.searchParams.get('state'),
  ]).toEqual(['http://localhost:9/callback', '1', 's&"<'])
  const code = location.searchParams.get('code')!
  expectRefused(await whoAmI(`Bearer ${code}`), 401, 'AccessTokenInvalid')
  expectRefused(await exchange(code, { redirect_uri: 'http://localhost:9/other' }), 400, 'InvalidParameter.Code')
  const tokens = await exchange(code)
  expect([tokens.status, tokens.body.user_id]).toEqual([200, 'alice'])
  expect((await whoAmI(`Bearer ${tokens.body.access_token}`)).body.user_id).toBe('alice')
  expectRefused(await exchange(code), 400, 'InvalidParameter.Code')
})

test('the JavaScript client’s name for the grant will do, and a code ends after ten minutes', async () => {
  const codeOf = async (more: object = {}) =>
    new URL((await signIn(more)).headers.get('location')!).searchParams.get('code')!
  expect((await exchange(await codeOf(), { grant_type: 'code' })).status).toBe(200)
  const late = await codeOf()
  at += 600_000
  expectRefused(await exchange(late), 400, 'InvalidParameter.Code')
  const narrow = await exchange(await codeOf({ scope: 'FILE.LIST' }))
  const client = new Client(world.url, narrow.body.access_token, world.alice.drive)
  expect(await client.list()).toEqual([])
  expect((await client.call('/file/get', { file_id: 'root' })).body.code).toBe('ForbiddenNoPermission.Api')
  const renewed = await refresh(narrow.body.refresh_token)
  const later = new Client(world.url, renewed.body.access_token, world.alice.drive)
  expect((await later.call('/file/get', { file_id: 'root' })).body.code).toBe('ForbiddenNoPermission.Api')
})

test('a person signs in by what the account is linked with, too', async () => {
  const alice = await world.clientOf('alice', world.alice.drive)
  const link = { identity: '13800138000', type: 'mobile', user_id: 'alice' }
  await alice.ok('/account/link', link)
  await alice.ok('/account/link', { ...link, identity: 'alice@example.com', type: 'email' })
  for (const user of ['13800138000', 'alice@example.com']) {
    const back = await signIn({ user })
    const code = new URL(back.headers.get('location')!).searchParams.get('code')!
    expect((await exchange(code)).body.user_id).toBe('alice')
    expect((await signIn({ user, password: 'admin' })).status).toBe(401)
  }
  // Whoever takes another's name for a link is not taken for the other.
  await alice.ok('/account/link', { ...link, identity: 'admin', type: 'custom' })
  expect((await signIn({ user: 'admin' })).status).toBe(401)
  await alice.ok('/account/unlink', link, 204)
  expect((await signIn({ user: '13800138000' })).status).toBe(401)
})

test('an assertion may have its user made, once, where the application may make users', async () => {
  const asked = (sub: string, autoCreate: boolean, iss = 'demo-pds') => ask({ sub, autoCreate, iss })
  expectRefused(await asked('newcomer', false), 403, 'ForbiddenAccountNotFound')
  const first = await asked('newcomer', true)
  expect([first.status, first.body.user_id, first.body.role, first.body.is_first_login]).toEqual([
    200,
    'newcomer',
    'user',
    true,
  ])
  expect((await asked('newcomer', true)).body).toMatchObject({ user_id: 'newcomer', is_first_login: false })
  expectRefused(await asked('#', true), 403, 'ForbiddenAccountNotFound')
  const [app] = await world.store.read((tx) => tx.apps([{ dialect: 'pds', id: 'demo-pds' }]))
  const narrow = { dialect: 'pds', id: 'narrow-pds', publicKey: app!.publicKey, scopes: ['FILE.ALL'] } as const
  const about = { tenant: 'demo' as TenantId, at: Date.now() }
  await world.store.write((tx) => addApps(tx, about, [{ ...narrow, extra: { 'pds.kind': 'jwt' } }]))
  expectRefused(await asked('another', true, 'narrow-pds'), 403, 'ForbiddenAccountNotFound')
})

test('passwords are not to be tried in turn', async () => {
  const guesses = await Promise.all(Array.from({ length: 20 }, (_, i) => signIn({ password: `guess ${i}` })))
  expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401]))
  const late = await signIn()
  expect([late.status, late.text.includes('too many')]).toEqual([401, true])
  expect((await signIn({ user: 'admin', password: 'admin' })).status).toBe(302)
  at += 60_000
  expect((await signIn()).status).toBe(302)
})

test('nobody is sent to an address that is not the application’s', async () => {
  const ask = (more: object) => send(`${world.url}/v2/oauth/authorize?${query(more)}`)
  for (const redirect_uri of [
    'https://evil.example/',
    'http://localhost.evil.example/',
    'javascript:alert(1)',
    'http://localhost@evil.example/',
  ]) {
    expectRefused(await ask({ redirect_uri }), 400, 'InvalidParameter.RedirectUri')
    expectRefused(await signIn({ redirect_uri }), 400, 'InvalidParameter.RedirectUri')
  }
  expectRefused(await ask({ client_id: 'nobody' }), 400, 'InvalidParameter.ClientId')
  expectRefused(await ask({ response_type: 'token' }), 400, 'InvalidParameterNotSupported.ResponseType')
  expectRefused(await ask({ scope: 'EVERYTHING!' }), 400, 'InvalidParameter.Scope')
})
