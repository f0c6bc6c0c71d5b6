import { createHash, createHmac } from 'node:crypto'
import { request as rawRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageError, type Store } from '../../src/engine/index.ts'
import { startServer, type TestServer } from '../server.ts'
import { appClient, askToken, DEMO_APP, kso, type Send, type Wire, type WpsClient } from './client.ts'
import { tokenOf, userClient } from './people.ts'

const META = '/v7/files/batch_get_meta'
const SIGNED_APP = { id: 'AKSIGNED', secret: 'SKSIGNED' }

let now = Date.UTC(2026, 10, 5, 12)
let server: TestServer
let app: WpsClient
let signed: WpsClient
let signedDrive: string

beforeAll(async () => {
  server = await startServer({ clock: () => now })
  const other = await server.addTenant({
    id: 'signers',
    apps: [{ dialect: 'wps', ...SIGNED_APP, extra: { 'wps.signature': true } }],
  })
  signedDrive = String(other.drives.admin)
  app = await appClient(server.url)
  signed = await appClient(server.url, { client_id: SIGNED_APP.id, client_secret: SIGNED_APP.secret })
})
afterAll(() => server.stop())

function dated(offsetMs = 0): string {
  return new Date(now + offsetMs).toUTCString()
}

describe('tokens', () => {
  const form = { grant_type: 'client_credentials', client_id: DEMO_APP.id, client_secret: DEMO_APP.secret }

  it('come without an envelope, different each time, and the earlier one stays valid', async () => {
    const [first, second] = [await askToken(server.url, form), await askToken(server.url, form)]
    expect(first.status).toBe(200)
    expect(first.body).toEqual({ access_token: expect.any(String), expires_in: 7200, token_type: 'bearer' })
    expect(second.body.access_token).not.toBe(first.body.access_token)
    for (const { body } of [first, second]) {
      expect((await app.post(META, { file_ids: ['x'] }, { token: body.access_token })).status).toBe(200)
    }
  })

  it('live for a day when asked for as in a private deployment', async () => {
    const { body } = await askToken(server.url, form, '/openapi/oauth2/token')
    expect(body).toEqual({ access_token: expect.any(String), expires_in: 86_400, token_type: 'Bearer' })
  })

  it('are also given for a JSON body', async () => {
    const response = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(form),
    })
    expect(response.status).toBe(200)
  })

  const refused: [name: string, form: Record<string, string>, status: number, code: number][] = [
    ['a wrong secret', { ...form, client_secret: 'SKDEMp' }, 401, 40100008],
    ['an unknown app', { ...form, client_id: 'AKNOBODY' }, 401, 40100008],
    ['another dialect’s app', { ...form, client_id: 'dingdemo', client_secret: 'dingdemo-secret' }, 401, 40100008],
    ['no secret', { grant_type: 'client_credentials', client_id: 'AKDEMO' }, 400, 40000001],
    ['no grant type', { client_id: DEMO_APP.id, client_secret: DEMO_APP.secret }, 400, 40000001],
    ['an unknown grant type', { ...form, grant_type: 'password' }, 401, 40100010],
    ['a code, for want of a login page', { ...form, grant_type: 'authorization_code', code: 'x' }, 401, 40100010],
    ['another company', { ...form, company_id: 'signers' }, 401, 40100008],
    ['a forged refresh token', { ...form, grant_type: 'refresh_token', refresh_token: 'x' }, 401, 40100009],
    ['no refresh token', { ...form, grant_type: 'refresh_token' }, 400, 40000001],
    ['an empty body', {}, 400, 40000001],
  ]

  it.each(refused)('are refused for %s', async (_name, body, status, code) => {
    const reply = await askToken(server.url, body)
    expect(reply.status).toBe(status)
    expect(reply.body).toEqual({ code, msg: expect.any(String) })
  })

  it('are renewed by a refresh token, once', async () => {
    const refresh = await tokenOf(server, { user: 'alice', purpose: 'refresh', scopes: ['kso.user_base.read'] })
    const renew = (refresh_token: string, more = {}) =>
      askToken(server.url, { ...form, grant_type: 'refresh_token', refresh_token, ...more })
    const stolen = await renew(refresh, { client_id: SIGNED_APP.id, client_secret: SIGNED_APP.secret })
    expect(stolen.body.code).toBe(40100009)
    const { status, body } = await renew(refresh)
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 7200,
      token_type: 'bearer',
      refresh_token: expect.any(String),
      refresh_expires_in: 365 * 86_400,
    })
    expect((await renew(refresh)).body.code).toBe(40100009)
    const me = await app.get('/v7/users/current', { token: body.access_token })
    expect(me.data).toEqual({ id: 'alice', user_name: 'alice', avatar: '', company_id: 'demo' })
    // The scopes go along.
    expect((await app.get('/v7/drives?allotee_type=user&page_size=1', { token: body.access_token })).code).toBe(
      40300010,
    )
    expect((await renew(body.refresh_token)).status).toBe(200)
    // A refresh token is no access token, nor the reverse.
    expect((await app.get('/v7/users/current', { token: body.refresh_token })).code).toBe(40100011)
    expect((await renew(body.access_token)).body.code).toBe(40100009)
  })
})

describe('a request without a valid token', () => {
  const ask = (options: Send) => app.post(META, { file_ids: ['x'] }, options)

  it('answers HTTP 401, whether the token is missing, forged, of another dialect or not a bearer token', async () => {
    const foreign = await server.auth.issue({
      ...{ dialect: 'pds', purpose: 'access', tenant: server.demo.tenant, app: 'demo-pds' },
      ...{ user: 'alice', scopes: [], ttlMs: 60_000 },
    })
    const flipped = app.token.slice(0, -1) + (app.token.endsWith('A') ? 'B' : 'A')
    for (const token of [null, '', 'x', flipped, foreign.text]) {
      expect(await ask({ token })).toMatchObject({ status: 401, code: 40100011 })
    }
    const basic = await ask({ token: null, headers: { Authorization: `Basic ${app.token}` } })
    expect(basic.code).toBe(40100011)
  })

  it('answers HTTP 401 once the token has expired', async () => {
    const token = await tokenOf(server, { user: 'alice', ttlMs: 60_000 })
    expect((await ask({ token })).status).toBe(200)
    now += 60_000
    expect(await ask({ token })).toMatchObject({ status: 401, code: 40100011 })
  })

  it('answers HTTP 401 for a user that does not exist', async () => {
    const token = await tokenOf(server, { user: 'nobody' })
    expect(await ask({ token })).toMatchObject({ status: 401, code: 40100011 })
  })

  it('may carry the token as the web client’s cookie instead', async () => {
    const cookie = `lang=zh; wps_sid=${app.token}; csrf=abc`
    expect((await ask({ token: null, headers: { Cookie: cookie } })).status).toBe(200)
    expect((await ask({ token: 'x', headers: { Cookie: cookie } })).status).toBe(401)
    expect((await ask({ token: null, headers: { Cookie: 'wps_sid=' } })).status).toBe(401)
  })
})

describe('scopes', () => {
  it('open the calls they are listed for and no others', async () => {
    const reader = await appClient(server.url, { scope: 'kso.file.read' })
    const drive = String(server.demo.drives.admin)
    const id = await app.file(drive, '0', 'scoped')
    expect((await reader.post(META, { file_ids: [id] })).data.items).toHaveLength(1)
    expect((await reader.get(`/v7/drives/${drive}/files/0/children?page_size=5`)).code).toBe(0)
    const changes: [string, object?][] = [
      [`/v7/drives/${drive}/files/0/create`, { file_type: 'folder', name: 'refused' }],
      [`/v7/drives/${drive}/files/${id}/rename`, { dst_name: 'refused' }],
      [`/v7/drives/${drive}/files/${id}/delete`],
      [`/v7/drives/${drive}/files/batch_delete`, { file_ids: [id] }],
      [`/v7/drives/${drive}/files/0/request_upload`, { name: 'refused', size: 1 }],
      [`/v7/deleted_files/clear`, {}],
      [`/v7/drives/create`, { allotee_type: 'app', name: 'refused' }],
    ]
    const names = await app.names(drive, '0')
    for (const [path, body] of changes) {
      expect(await reader.post(path, body)).toMatchObject({ status: 403, code: 40300010 })
    }
    expect(await app.names(drive, '0')).toEqual(names)
    expect((await reader.get('/v7/drives?allotee_type=app&page_size=5')).code).toBe(40300010)
  })

  it('name what is missing', async () => {
    const reader = await appClient(server.url, { scope: 'kso.drive.readwrite kso.file_version.read' })
    const reply = await reader.post(META, { file_ids: ['x'] })
    expect(reply).toMatchObject({ status: 403, code: 40300010 })
    expect(reply.msg).toContain('kso.file.read')
  })

  it('count only in the kind of grant they are listed for', async () => {
    const drive = server.demo.drives.alice
    const path = `/v7/drives/${drive}/files/${await app.file(drive, '0', 'of an app')}/download`
    const scopes = ['kso.appfile.readwrite']
    const appOnly = await appClient(server.url, { scope: scopes.join() })
    expect((await appOnly.get(path)).code).toBe(0)
    expect((await (await userClient(server, 'alice', { scopes })).get(path)).code).toBe(40300010)
    // An app is nobody's login.
    expect((await app.get('/v7/users/current')).code).toBe(40300010)
  })

  it('are judged before anything is looked up', async () => {
    const reader = await appClient(server.url, { scope: 'kso.file.read' })
    expect((await reader.post('/v7/drives/1/files/nothing/delete')).code).toBe(40300010)
  })
})

describe('KSO-1', () => {
  const ask = (client: WpsClient, options: Send, path = META) => client.post(path, { file_ids: ['x'] }, options)

  it('opens an app that must sign, with either path', async () => {
    const sign = { ...SIGNED_APP, date: dated() }
    expect((await ask(signed, { sign })).status).toBe(200)
    expect((await ask(signed, { sign }, `/openapi${META}`)).status).toBe(200)
    const listing = `/v7/drives/${signedDrive}/files/0/children?page_size=5&order_by=fname&filter_exts=a%2Cb`
    expect((await signed.get(listing, { sign })).status).toBe(200)
    expect((await signed.get(listing, { sign, headers: { 'Content-Type': 'application/json' } })).status).toBe(200)
    const none = await signed.post('/v7/deleted_files/clear', undefined, { sign })
    expect(none.status).toBe(200)
  })

  it('is required of an app that must sign', async () => {
    expect(await ask(signed, {})).toMatchObject({ status: 401, code: 40100002 })
    expect(await ask(signed, { headers: { 'X-Kso-Date': dated() } })).toMatchObject({ status: 401, code: 40100002 })
    const authorization = { 'X-Kso-Authorization': `KSO-1 AKSIGNED:${'0'.repeat(64)}` }
    expect(await ask(signed, { headers: authorization })).toMatchObject({ status: 401, code: 40100002 })
  })

  it('is not required of others, but checked when it is there', async () => {
    expect((await ask(app, {})).status).toBe(200)
    expect((await ask(app, { sign: { ...DEMO_APP, date: dated() } })).status).toBe(200)
    const wrong = { ...DEMO_APP, secret: 'SKDEMp', date: dated() }
    expect(await ask(app, { sign: wrong })).toMatchObject({ status: 401, code: 40100002 })
  })

  it('is refused when one byte differs, and nothing is done', async () => {
    const path = `/v7/drives/${signedDrive}/files/0/create`
    const body = { file_type: 'folder', name: 'signed wrongly' }
    const spoils: ((message: string) => string)[] = [
      (message) => `${message} `,
      (message) => message.replace('POST', 'GET'),
      (message) => message.replace('/v7/', '/openapi/v7/'),
      (message) => message.replace('application/json', ''),
      (message) => message.slice(0, -1) + (message.endsWith('0') ? '1' : '0'),
      (message) => message.slice(0, -64),
    ]
    for (const spoil of spoils) {
      const sign = { ...SIGNED_APP, date: dated(), spoil }
      expect(await signed.post(path, body, { sign })).toMatchObject({ status: 401, code: 40100002 })
    }
    const list = `/v7/drives/${signedDrive}/files/0/children?page_size=5`
    expect((await signed.get(list, { sign: { ...SIGNED_APP, date: dated() } })).data.items).toEqual([])
  })

  it('covers the body as it was sent, byte for byte', async () => {
    const raw = '{"file_ids" : ["\\u0078"],\n "more": 1.0}'
    expect((await signed.post(META, undefined, { raw, sign: { ...SIGNED_APP, date: dated() } })).status).toBe(200)
    const date = dated()
    const signature = kso({ ...SIGNED_APP }, 'POST', META, 'application/json', date, Buffer.from('{"file_ids":["x"]}'))
    const headers = { 'X-Kso-Date': date, 'X-Kso-Authorization': `KSO-1 AKSIGNED:${signature}` }
    expect((await signed.post(META, undefined, { raw: '{"file_ids":["x"]}', headers })).status).toBe(200)
    expect((await signed.post(META, undefined, { raw: '{"file_ids":["y"]}', headers })).status).toBe(401)
  })

  it('covers the query as it was sent, not as it is understood', async () => {
    const sign = { ...SIGNED_APP, date: dated() }
    for (const query of [
      'file_ids=a,b&mode=detailed',
      'mode=detailed&file_ids=a%2cb',
      'file_ids%5B%5D=a&mode=detailed',
    ]) {
      expect((await signed.get(`/v7/files/batch_get?${query}`, { sign })).status).toBe(200)
    }
    const date = dated()
    const signature = kso(SIGNED_APP, 'GET', '/v7/files/batch_get?mode=detailed&file_ids=a', '', date, Buffer.alloc(0))
    const headers = { 'X-Kso-Date': date, 'X-Kso-Authorization': `KSO-1 AKSIGNED:${signature}` }
    expect((await signed.get('/v7/files/batch_get?file_ids=a&mode=detailed', { headers })).status).toBe(401)
  })

  it('takes a date within a quarter of an hour, in every layout, and no other', async () => {
    for (const offset of [0, 15 * 60_000, -15 * 60_000]) {
      expect((await ask(signed, { sign: { ...SIGNED_APP, date: dated(offset) } })).status).toBe(200)
    }
    const layouts = [
      dated().replace('GMT', 'UTC'),
      dated().replace('GMT', '+0000'),
      dated().replace(/^Thu/, 'Thursday'),
    ]
    for (const date of layouts) expect((await ask(signed, { sign: { ...SIGNED_APP, date } })).status).toBe(200)
    const bad = [dated(15 * 60_000 + 1000), dated(-15 * 60_000 - 1000), new Date(now).toISOString(), 'now']
    for (const date of bad) {
      expect(await ask(signed, { sign: { ...SIGNED_APP, date } })).toMatchObject({ status: 401, code: 40100002 })
    }
  })

  it('does not look at the date where the operator says so', async () => {
    const lax = await startServer({ settings: { wpsClockSkewMs: 0 } })
    const client = await appClient(lax.url)
    const date = 'Mon, 02 Jan 2006 15:04:05 GMT'
    expect((await ask(client, { sign: { ...DEMO_APP, date } })).status).toBe(200)
    expect((await ask(client, { sign: { ...DEMO_APP, date: 'yesterday' } })).status).toBe(401)
    await lax.stop()
  })

  it('is refused for an unknown access key, and for another app’s', async () => {
    const unknown = { id: 'AKNOBODY', secret: 'x', date: dated() }
    expect(await ask(app, { sign: unknown })).toMatchObject({ status: 401, code: 40100008 })
    expect(await ask(app, { sign: { ...SIGNED_APP, date: dated() } })).toMatchObject({ status: 401, code: 40100002 })
  })

  it('is refused under another version or without its parts', async () => {
    const date = dated()
    const body = Buffer.from('{"file_ids":["x"]}')
    const right = kso(SIGNED_APP, 'POST', META, 'application/json', date, body)
    const sha1 = createHmac('sha1', SIGNED_APP.secret).update(createHash('sha1').update(body).digest()).digest('hex')
    const headers = [
      '',
      'KSO-1',
      `WPS-4 AKSIGNED:${right}`,
      `KSO-1 AKSIGNED`,
      `KSO-1 AKSIGNED:${sha1}`,
      `KSO-1 :${right}`,
    ]
    for (const authorization of [...headers, `KSO-1 AKSIGNED:${right.toUpperCase()}`, `KSO-1  AKSIGNED:${right}`]) {
      const sent = { 'X-Kso-Date': date, 'X-Kso-Authorization': authorization }
      const reply = await signed.post(META, undefined, { raw: body, headers: sent })
      expect(reply.status, authorization).toBe(401)
    }
    const sent = { 'X-Kso-Date': date, 'X-Kso-Authorization': `KSO-1 AKSIGNED:${right}` }
    expect((await signed.post(META, undefined, { raw: body, headers: sent })).status).toBe(200)
  })

  it('signs a body without a content type with an empty one', async () => {
    const date = dated()
    const body = '{"file_ids":["x"]}'
    const signature = kso(SIGNED_APP, 'POST', META, '', date, Buffer.from(body))
    const status = await postWithoutType(`${server.url}${META}`, body, {
      Authorization: `Bearer ${signed.token}`,
      'X-Kso-Date': date,
      'X-Kso-Authorization': `KSO-1 AKSIGNED:${signature}`,
    })
    // The signature is right; what is wrong is the missing type.
    expect(status).toBe(415)
  })
})

describe('when the deployment itself fails', () => {
  it('answers the storage error for a failing store and the unknown error for anything else', async () => {
    let broken: Error | null = null
    const wrapStore = (store: Store): Store => ({
      ...store,
      read: (fn) => (broken ? Promise.reject(broken) : store.read(fn)),
      write: (fn) => (broken ? Promise.reject(broken) : store.write(fn)),
    })
    const failing = await startServer({ wrapStore })
    const client = await appClient(failing.url)
    const id = await client.file(failing.demo.drives.admin, '0', 'kept')
    broken = new StorageError('the disk is full')
    const storage = await client.post(META, { file_ids: [id] })
    expect(storage).toMatchObject({ status: 500, code: 500000003 })
    expect(storage.text).not.toContain('disk')
    broken = new TypeError('secret detail')
    const unknown = await client.post(META, { file_ids: [id] })
    expect(unknown).toMatchObject({ status: 500, code: 500000004 })
    expect(unknown.text).not.toContain('secret detail')
    broken = null
    expect((await client.post(META, { file_ids: [id] })).data.items.map((item: Wire) => item.id)).toEqual([id])
    await failing.stop()
  })
})

/** fetch always names a type for a text body; node:http does not. */
function postWithoutType(url: string, body: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = rawRequest(url, { method: 'POST', headers: { ...headers, 'Content-Length': Buffer.byteLength(body) } })
    sent.on('response', (response) => resolve(response.resume().statusCode ?? 0))
    sent.on('error', reject)
    sent.end(body)
  })
}
