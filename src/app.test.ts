import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { startServer, type TestServer } from '../tests/server.ts'
import { createServer } from './app.ts'
import { masterKeyFile } from './auth/key.ts'
import { readConfig } from './config.ts'
import { type Actor, ALL_ACTIONS, onConflict, StorageError } from './engine/index.ts'

let stop: (() => Promise<void>) | undefined
afterEach(() => stop?.())

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options)
  stop = () => server.stop()
  return server
}

it('serves every dialect, the transfer routes and its health on one port', async () => {
  const { url } = await start()
  const status = async (path: string) => {
    const response = await fetch(url + path)
    return [response.status, response.headers.get('content-type')?.split(';')[0]] as const
  }
  expect(await status('/healthz')).toEqual([200, 'application/json'])
  expect(await status('/nowhere')).toEqual([404, 'application/json'])
  expect(await status('/transfer/x')).toEqual([403, 'application/xml'])
  for (const path of ['/v2/nowhere', '/api/v1/nowhere/x', '/v7/nowhere', '/openapi/v7/nowhere', '/v1.0/nowhere']) {
    const [code, type] = await status(path)
    expect([path, code >= 400 && code < 500, type]).toEqual([path, true, 'application/json'])
  }
})

/** The upload URL that the server gives a client that sends the Host header. */
async function uploadUrl(url: string, host: string): Promise<string> {
  const post = (path: string, body: unknown, headers = {}) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const sent = request(url + path, {
        method: 'POST',
        headers: { host, 'content-type': 'application/json', ...headers },
      })
      sent.on('error', reject).on('response', async (response) => {
        const chunks = await response.toArray()
        resolve(JSON.parse(Buffer.concat(chunks).toString()))
      })
      sent.end(JSON.stringify(body))
    })
  const { accessToken } = await post('/v1.0/oauth2/accessToken', { appKey: 'dingdemo', appSecret: 'dingdemo-secret' })
  const info = await post(
    '/v1.0/storage/spaces/1001/files/uploadInfos/query?unionId=admin',
    { protocol: 'HEADER_SIGNATURE', multipart: false },
    { 'x-acs-dingtalk-access-token': accessToken },
  )
  return (info.headerSignatureInfo as { resourceUrls: string[] }).resourceUrls[0]!
}

it('gives transfer URLs under the address the client asked for, and its own when that is nonsense', async () => {
  const { url } = await start()
  expect(await uploadUrl(url, 'drive.test:99')).toMatch(/^http:\/\/drive\.test:99\/transfer\//)
  expect(await uploadUrl(url, '[::1]:99')).toMatch(/^http:\/\/\[::1\]:99\/transfer\//)
  expect(await uploadUrl(url, 'evil"/><x')).toMatch(new RegExp(`^${url}/transfer/`))
})

it('gives transfer URLs under the published address', async () => {
  const data = mkdtempSync(join(tmpdir(), 'batchdrive-app-'))
  const given = { data, port: '0', logLevel: 'silent', publicUrl: 'http://localhost:1234' }
  const server = await createServer(readConfig(given, {}))
  stop = async () => {
    await server.close()
    rmSync(data, { recursive: true, force: true })
  }
  expect(await uploadUrl(await server.listen(), 'drive.test')).toMatch(/^http:\/\/localhost:1234\/transfer\//)
})

function admin({ demo }: TestServer): Actor {
  const allow = { file: ALL_ACTIONS, folder: ALL_ACTIONS }
  const subjects = ['user:admin', 'everyone'] as const
  return {
    tenant: demo.tenant,
    self: 'user:admin',
    subjects,
    admin: true,
    app: '',
    drives: null,
    allow,
    dialect: 'native',
  }
}

it('runs tasks beside the requests, soon after they were asked for', async () => {
  const server = await start()
  const { engine, demo } = server
  const naming = { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false } as const
  const parent = { drive: demo.drives.admin, path: [] }
  const op = { kind: 'createFolder', parent, name: 'made', conflict: onConflict('fail'), naming } as const
  // Long idle: the next slice of its own accord is two seconds away.
  await wait(1500)
  const task = await engine.submit(admin(server), demo.drives.admin, 'createFolder', [op], [null])
  await expect
    .poll(async () => (await engine.tasks(admin(server), [task]))[0]?.state, { timeout: 1000, interval: 20 })
    .toBe('done')
})

it('outlives errors of the background work', async () => {
  let broken = false
  const server = await start({
    wrapStore: (store) => ({
      ...store,
      write: (fn) => (broken ? Promise.reject(new StorageError('disk on fire')) : store.write(fn)),
    }),
  })
  broken = true
  await wait(700)
  broken = false
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})

it('refuses to start on data whose key is lost, and leaves the folder free', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'batchdrive-app-'))
  const server = await startServer({ dataDir })
  await server.stop()
  rmSync(masterKeyFile(dataDir))
  await expect(startServer({ dataDir })).rejects.toThrow(/master\.key is missing/)
  await expect(startServer({ dataDir })).rejects.toThrow(/master\.key is missing/)
  rmSync(dataDir, { recursive: true, force: true })
})

it('closes once, however often it is asked to', async () => {
  const server = await startServer()
  await Promise.all([server.stop(), server.stop()])
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
})
