import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, placeArgs } from '../place.ts'
import { startServer, type TestServer } from '../server.ts'
import { json, run, runHere } from './program.ts'

// A server runs on the folder all the while: commands work beside it.
let server: TestServer
/** The options that tell a command where. */
let data: string[]
let folder: string
beforeAll(async () => {
  server = await startServer()
  data = placeArgs({ dataDir: server.dataDir, database: server.rows.url })
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-command-'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const withData = (...args: string[]) => json(...args, ...data)
/** Runs a command that is to be refused. */
async function refused(...args: string[]) {
  const { code, out, err } = await runHere([...args, ...data])
  expect(out).toBe('')
  return { code, err }
}

async function get(path: string, headers: Record<string, string>, init: RequestInit = {}) {
  const response = await fetch(server.url + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of four vendors, read member by member
type Answer = Record<string, any>

describe('token', () => {
  const online = () => ['--url', server.url]

  it.each([['made in the folder'], ['asked of the server']])('of pds, %s, opens the api for the user', async (way) => {
    const more = way.startsWith('made') ? [] : online()
    const token = await withData('token', '--dialect', 'pds', '--user', 'alice', ...more)
    expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 7200, user_id: 'alice', domain_id: 'demo' })
    expect(token).toMatchObject({ role: 'user', default_drive_id: String(server.demo.drives.alice) })
    const authorization = `Bearer ${token.access_token}`
    const { status, body } = await get('/v2/user/get', { authorization }, { method: 'POST', body: '{}' })
    expect([status, body.user_id]).toEqual([200, 'alice'])
    const refreshed = await get(
      '/v2/account/token',
      {},
      {
        method: 'POST',
        body: JSON.stringify({ app_id: 'demo-pds', grant_type: 'refresh_token', refresh_token: token.refresh_token }),
      },
    )
    expect(refreshed.body).toMatchObject({ user_id: 'alice', access_token: expect.any(String) })
  })

  it.each([['made in the folder'], ['asked of the server']])('of smh, %s, opens every space', async (way) => {
    const more = way.startsWith('made') ? [] : online()
    const token = await withData('token', '--dialect', 'smh', '--user', 'alice', ...more)
    expect(token).toEqual({ accessToken: expect.stringMatching(/^acctk01[0-9a-f]{64}$/), expiresIn: 86_400 })
    const space = server.demo.drives.admin
    const path = `/api/v1/directory/smhdemo/${space}/from-${way[0]}?access_token=${token.accessToken}`
    expect((await get(path, {}, { method: 'PUT' })).status).toBe(201)
  })

  it('of wps opens files and drives for the user, and can be renewed', async () => {
    const token = await withData('token', '--dialect', 'wps', '--user', 'alice')
    expect(token).toMatchObject({ token_type: 'bearer', expires_in: 7200, refresh_expires_in: 31_536_000 })
    const authorization = `Bearer ${token.access_token}`
    const { drives } = server.demo
    const alice = await get(`/v7/drives/${drives.alice}/files/0/children?page_size=10`, { authorization })
    expect(alice.body).toMatchObject({ code: 0 })
    const admin = await get(`/v7/drives/${drives.admin}/files/0/children?page_size=10`, { authorization })
    expect(admin.body.code).not.toBe(0)
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'AKDEMO',
      client_secret: 'SKDEMO',
      refresh_token: String(token.refresh_token),
    })
    const renewed = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body: form })
    expect(await renewed.json()).toMatchObject({ access_token: expect.any(String), refresh_token: expect.any(String) })
  })

  it('of dingtalk is the one token of the app, wherever it is asked for', async () => {
    const made = await withData('token', '--dialect', 'dingtalk')
    expect(made).toEqual({ accessToken: expect.any(String), expireIn: 7200 })
    expect(await withData('token', '--dialect', 'dingtalk', ...online())).toEqual(made)
  })

  it('of native is a token of the user', async () => {
    const token = await withData('token', '--dialect', 'native', '--user', 'alice')
    expect(token).toEqual({ access_token: expect.any(String), expires_in: 7200, token_type: 'Bearer' })
    const row = await server.auth.check('native', 'access', String(token.access_token))
    expect(row).toMatchObject({ tenant: 'demo', user: 'alice', app: '' })
  })

  it('can be had as plain text', async () => {
    const { code, out } = await run(['token', '--dialect', 'pds', '--plain', ...data])
    expect(code).toBe(0)
    expect(out).toMatch(/^[0-9a-f]{64}\n$/)
    expect(await server.auth.check('pds', 'access', out.trim())).toMatchObject({ user: 'admin' })
  })

  it.each([
    ['an unknown user', ['--dialect', 'pds', '--user', 'nobody'], 1, 'user nobody of demo does not exist'],
    ['an unknown tenant', ['--dialect', 'pds', '--tenant', 'nowhere'], 1, 'there is no tenant nowhere'],
    ['an unknown app', ['--dialect', 'pds', '--app', 'x'], 1, 'there is no app x of pds in demo'],
    ['an app of another dialect', ['--dialect', 'pds', '--app', 'AKDEMO'], 1, 'there is no app AKDEMO'],
    ['a server that is not there', ['--dialect', 'smh', '--url', 'http://127.0.0.1:1'], 1, 'cannot be reached'],
    ['an address that is none', ['--dialect', 'smh', '--url', 'here'], 1, '--url must be an address'],
    ['an unknown user of the server', ['--dialect', 'pds', '--user', 'nobody', '--url', 'SERVER'], 1, 'answered 403'],
    ['an unknown dialect', ['--dialect', 'ftp'], 2, 'Allowed choices are pds'],
    ['no dialect', [], 2, "required option '--dialect"],
  ])('is refused for %s', async (_, args, code, message) => {
    const given = args.map((arg) => (arg === 'SERVER' ? server.url : arg))
    const answer = await refused('token', ...given)
    expect(answer.code).toBe(code)
    expect(answer.err).toContain(message)
    expect(answer.err).not.toMatch(/\n\s+at /)
  })
})

describe('a tenant from nothing', () => {
  it('has people, apps and drives that work at once in the running server', async () => {
    expect(await withData('tenant', 'create', 'acme', '--name', 'Acme')).toMatchObject({ id: 'acme', name: 'Acme' })
    const tenant = ['--tenant', 'acme']
    const bob = await withData('user', 'create', 'bob', ...tenant, '--name', 'Bob', '--quota', '10M', '--role', 'admin')
    expect(bob).toMatchObject({ id: 'bob', name: 'Bob', role: 'admin', status: 'enabled', drive: expect.any(String) })
    const app = await withData('app', 'create', ...tenant, '--dialect', 'dingtalk')
    expect(app).toMatchObject({ tenant: 'acme', secret: expect.stringMatching(/^[\w-]{32}$/) })

    const { body } = await get(
      '/v1.0/oauth2/accessToken',
      {},
      {
        method: 'POST',
        body: JSON.stringify({ appKey: app.id, appSecret: app.secret }),
      },
    )
    const headers = { 'x-acs-dingtalk-access-token': String(body.accessToken) }
    const make = (space: unknown) =>
      get(`/v1.0/storage/spaces/${space}/dentries/0/folders?unionId=bob`, headers, {
        method: 'POST',
        body: '{"name":"new"}',
      })
    expect((await make(bob.drive)).body.dentry).toMatchObject({ name: 'new' })
    // The demo tenant's drives are out of its reach.
    expect((await make(server.demo.drives.admin)).status).toBe(404)

    const drive = await withData('drive', 'create', ...tenant, '--owner', 'bob', '--name', 'second', '--no-trash')
    expect(drive).toMatchObject({ name: 'second', owner: 'user:bob', trash: false, used: 0, quota: null })
    expect(await withData('drive', 'quota', String(drive.id), '2G', ...tenant)).toMatchObject({ quota: 2 * 2 ** 30 })
    expect(await withData('drive', 'quota', String(drive.id), 'none', ...tenant)).toMatchObject({ quota: null })
    expect(await withData('tenant', 'quota', 'acme', '1T')).toEqual({ id: 'acme', quota: 2 ** 40 })
    const listed = await withData('drive', 'list', ...tenant, '--json')
    expect(listed).toMatchObject([{ id: bob.drive, quota: 10 * 2 ** 20 }, { id: drive.id }])
    const { out } = await runHere(['drive', 'list', ...tenant, ...data])
    expect(out.split('\n')[0]).toMatch(/^ID +NAME +OWNER +USED +QUOTA +CREATED_AT$/)
    expect(out.split('\n')).toHaveLength(4)
  })

  it('lets people in and out', async () => {
    await withData('tenant', 'create', 'door')
    await withData('user', 'create', 'eve', '--tenant', 'door', '--no-drive')
    const [off] = await json<{ status: string }[]>('user', 'disable', 'eve', '--tenant', 'door', ...data)
    expect(off).toMatchObject({ status: 'disabled', drive: null })
    const answer = await refused('token', '--dialect', 'native', '--tenant', 'door', '--user', 'eve')
    expect(answer.err).toContain('user eve of door is disabled')
    await withData('user', 'enable', 'eve', '--tenant', 'door')
    expect(await withData('user', 'show', 'eve', '--tenant', 'door')).toMatchObject([{ status: 'enabled' }])
    expect((await refused('user', 'disable', 'eve', 'nobody', '--tenant', 'door')).err).toContain('no user nobody')
    expect(await withData('user', 'show', 'eve', '--tenant', 'door')).toMatchObject([{ status: 'enabled' }])
  })

  it('keeps a password only as a hash, read from the standard input', async () => {
    await withData('tenant', 'create', 'secrets')
    const args = ['user', 'create', 'sam', '--tenant', 'secrets', '--password-stdin', ...data]
    expect((await run(args, { input: '' })).err).toContain('holds no password')
    expect((await run(args, { input: 'open sesame\n' })).code).toBe(0)
    const [sam] = await server.engine.users('secrets' as never, ['sam'])
    expect(sam!.password).toMatch(/^\$argon2id\$/)
    expect(sam!.password).not.toContain('sesame')
  })

  it('has pds apps with a public key, whose holder gets tokens from the server', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const files = { key: join(folder, 'key.pem'), pub: join(folder, 'pub.pem'), weak: join(folder, 'weak.pem') }
    await writeFile(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await writeFile(files.pub, publicKey.export({ type: 'spki', format: 'pem' }))
    await writeFile(files.weak, weak.export({ type: 'spki', format: 'pem' }))
    await withData('tenant', 'create', 'keys')
    await withData('user', 'create', 'kim', '--tenant', 'keys')
    const create = ['app', 'create', '--tenant', 'keys', '--dialect', 'pds', '--id', 'kapp']
    expect((await refused(...create, '--public-key', files.key)).err).toContain('is a private key')
    expect((await refused(...create, '--public-key', files.weak)).err).toContain('not an RSA key of at least 2048')
    expect((await refused(...create, '--public-key', join(folder, 'none'))).err).toContain('ENOENT')
    const app = await withData(...create, '--public-key', files.pub)
    expect(app).toMatchObject({ id: 'kapp', 'pds.kind': 'jwt', public_key: expect.stringContaining('PUBLIC KEY') })
    expect(app).not.toHaveProperty('secret')
    const asked = [
      'token',
      '--dialect',
      'pds',
      '--tenant',
      'keys',
      '--app',
      'kapp',
      '--user',
      'kim',
      '--url',
      server.url,
    ]
    expect((await refused(...asked)).err).toContain('--private-key')
    expect(await withData(...asked, '--private-key', files.key)).toMatchObject({ user_id: 'kim', domain_id: 'keys' })
  })

  it('has apps of every dialect, each with what its dialect reads', async () => {
    await withData('tenant', 'create', 'each')
    const create = (...args: string[]) => withData('app', 'create', '--tenant', 'each', '--dialect', ...args)
    expect(await create('smh', '--id', 'lib1', '--single-space')).toMatchObject({ 'smh.multiSpace': false })
    expect(await create('wps', '--scope', 'kso.file.read')).toMatchObject({ scopes: ['kso.file.read'] })
    expect(await create('wps', '--id', 'signed', '--signed')).toMatchObject({ 'wps.signature': true })
    expect(await create('pds', '--id', 'ak1')).toMatchObject({ 'pds.kind': 'accesskey', secret: expect.any(String) })
    const shown = await withData('app', 'show', 'lib1', '--dialect', 'smh')
    expect(JSON.stringify(shown)).not.toContain('secret')
  })

  it.each([
    ['a tenant twice', ['tenant', 'create', 'demo'], 1, 'tenant demo: the name is taken'],
    ['a tenant with a bad id', ['tenant', 'create', 'Not-Ok'], 1, 'characters that are not allowed'],
    ['a user twice', ['user', 'create', 'alice', '--tenant', 'demo'], 1, 'user alice: the name is taken'],
    ['a user of no tenant', ['user', 'create', 'x', '--tenant', 'nowhere'], 1, 'there is no tenant nowhere'],
    ['an app id in use', ['app', 'create', '--tenant', 'demo', '--dialect', 'wps', '--id', 'AKDEMO'], 1, 'is taken'],
    ['a drive of nobody', ['drive', 'create', '--tenant', 'demo', '--owner', 'nobody'], 1, 'there is no user nobody'],
    ['a drive of a bad subject', ['drive', 'create', '--tenant', 'demo', '--owner', 'a b'], 2, 'group:<id>'],
    [
      'a drive with a bad name',
      ['drive', 'create', '--tenant', 'demo', '--owner', 'alice', '--name', 'x'.repeat(241)],
      1,
      'too long',
    ],
    ['a quota that is none', ['drive', 'quota', '1001', '-5', '--tenant', 'demo'], 2, ''],
    ['a quota in words', ['drive', 'quota', '1001', 'much', '--tenant', 'demo'], 2, 'a quota is a number of bytes'],
    ['the quota of no drive', ['drive', 'quota', '99999', '5', '--tenant', 'demo'], 1, 'there is no such drive'],
    ['a drive of another tenant', ['drive', 'quota', '1001', '5', '--tenant', 'acme'], 1, 'there is no such drive'],
    ['an unknown command', ['frobnicate'], 2, 'unknown command'],
    ['an unknown option', ['tenant', 'create', 'x', '--colour', 'red'], 2, 'unknown option'],
  ])('refuses %s', async (_, args, code, message) => {
    const answer = await refused(...args)
    expect(answer.code).toBe(code)
    expect(answer.err).toContain(message)
    expect(answer.err).not.toMatch(/\n\s+at /)
  })
})

describe('the folder', () => {
  it('is made by the first tenant, and then serves', async () => {
    const fresh = await createTestPlace(join(folder, 'fresh'))
    const early = await runHere(['user', 'create', 'x', '--tenant', 'new', ...fresh.args])
    expect(early).toMatchObject({ code: 1, err: expect.stringContaining('there is no data in') })
    expect(existsSync(fresh.dataDir)).toBe(false)
    await json('tenant', 'create', 'new', ...fresh.args)
    expect(await json('user', 'create', 'x', '--tenant', 'new', ...fresh.args)).toMatchObject({ drive: '1001' })
    await fresh.rows.drop()
  })

  it('is refused when its own file of rows is none, in one sentence', async () => {
    const broken = join(folder, 'broken')
    await json('tenant', 'create', 'new', '--data', broken)
    await Promise.all(['-wal', '-shm'].map((end) => rm(join(broken, `batchdrive.db${end}`), { force: true })))
    await writeFile(join(broken, 'batchdrive.db'), 'x'.repeat(10_000))
    const { code, err } = await runHere(['drive', 'list', '--tenant', 'new', '--data', broken])
    expect([code, err]).toEqual([1, expect.stringMatching(/^batchdrive: .*batchdrive\.db cannot be opened: .*\n$/)])
  })

  it('is refused when its key can be read by others', async () => {
    const open = await createTestPlace(join(folder, 'open'))
    await json('tenant', 'create', 'new', ...open.args)
    const { chmod } = await import('node:fs/promises')
    await chmod(join(open.dataDir, 'keys', 'master.key'), 0o644)
    const { code, err } = await runHere(['drive', 'list', '--tenant', 'new', ...open.args])
    expect([code, err]).toEqual([1, expect.stringContaining('chmod 600')])
    await open.rows.drop()
  })
})

describe('help', () => {
  it('names every command, on stdout, with code 0', async () => {
    const { code, out } = await runHere(['--help'])
    expect(code).toBe(0)
    for (const name of ['serve', 'token', 'tenant', 'user', 'app', 'drive'])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  it('is what a call without a command gets, with code 2', async () => {
    const { code, err } = await run([])
    expect([code, err]).toEqual([2, expect.stringContaining('Usage: batchdrive')])
  })

  it('tells the version', async () => {
    expect((await runHere(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

it('takes the commands of the page on operating as they are printed', async () => {
  const page = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const block = /^npx batchdrive tenant create[\s\S]*?(?=^```)/m.exec(page)![0]
  const commands = block.trim().split('\n')
  expect(commands.length).toBeGreaterThanOrEqual(5)
  await writeFile(join(folder, 'pds-app.pem'), publicKey())
  for (const command of commands) {
    // Other tests have made a tenant of that name.
    const own = command.replace('acme', 'printed').replace('pds-app.pem', join(folder, 'pds-app.pem'))
    const args = own.split(' ').slice(2)
    expect(await runHere([...args, ...data]), command).toMatchObject({ code: 0 })
  }
})

function publicKey(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}
