import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, type TestPlace } from '../place.ts'
import { run, type Serving, serve } from './program.ts'

let folder: string
/** The options of a place that several tests share. */
let data: readonly string[]
const places = new Map<string, TestPlace>()
let serving: Serving | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-serve-'))
  // A space and a quote: what is printed must survive a shell.
  data = await at("it's data")
})
afterEach(async () => {
  serving?.kill('SIGKILL')
  await serving?.ended
  serving = undefined
})
afterAll(async () => {
  await Promise.all([...places.values()].map(({ rows }) => rows.drop()))
  await rm(folder, { recursive: true, force: true })
})

/** The options of a place by the name of its folder. */
async function at(name: string): Promise<readonly string[]> {
  const place = places.get(name) ?? (await createTestPlace(join(folder, name)))
  places.set(name, place)
  return place.args
}

// biome-ignore lint/suspicious/noExplicitAny: answers read member by member
type Answer = Record<string, any>

async function call(path: string, init: { method?: string; body?: unknown; headers?: Record<string, string> } = {}) {
  const { method = 'POST', body, headers = {} } = init
  const response = await fetch(serving!.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as Answer
}

/** A call of the storage API as admin. */
async function session() {
  const { accessToken } = await call('/v1.0/oauth2/accessToken', {
    body: { appKey: 'dingdemo', appSecret: 'dingdemo-secret' },
  })
  const headers = { 'x-acs-dingtalk-access-token': accessToken as string }
  return (path: string, body?: unknown, method = 'POST') =>
    call(`/v1.0/storage/spaces/1001${path}${path.includes('?') ? '&' : '?'}unionId=admin`, { method, body, headers })
}

type Session = Awaited<ReturnType<typeof session>>

async function openUpload(storage: Session) {
  const info = await storage('/files/uploadInfos/query', { protocol: 'HEADER_SIGNATURE', multipart: false })
  const { resourceUrls, headers } = info.headerSignatureInfo as {
    resourceUrls: string[]
    headers: Record<string, string>
  }
  return { uploadKey: info.uploadKey as string, url: resourceUrls[0]!, headers }
}

async function names(storage: Session): Promise<string[]> {
  const { dentries } = await storage('/dentries?parentId=0&maxResults=50', undefined, 'GET')
  return (dentries as { name: string }[]).map(({ name }) => name)
}

describe('what serve prints', () => {
  it('are requests that work as they stand, one block for each dialect', async () => {
    serving = await serve(data)
    const blocks = serving.texts.out.split(/^# /m).slice(1)
    expect(blocks).toHaveLength(4)
    // What is printed names no database, for its address may hold a password.
    const env = { ...process.env, BATCHDRIVE_DATABASE_URL: places.get("it's data")!.database }
    const answers = await Promise.all(
      blocks.map((block) => promisify(execFile)('bash', ['-euc', `# ${block}`], { env })),
    )
    const [pds, smh, wps, dingtalk] = answers.map(({ stdout }) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    )
    expect(pds![0].responses.map(({ status }: { status: number }) => status)).toEqual([200, 200])
    expect(smh![1].result).toMatchObject([{ status: 200, path: ['moved'] }])
    expect(wps![0]).toMatchObject({ code: 0, data: { items: [{ drive_id: '1001', parent_id: '0' }] } })
    expect(dingtalk![0].resultItems).toMatchObject([{ success: true }])
  })

  it('are the mounts and the credentials', async () => {
    serving = await serve(data)
    for (const word of ['/v2/', '/api/v1', '/openapi/v7', '/v1.0', 'demo-ak / demo-sk', 'smhdemo-secret', 'SKDEMO']) {
      expect(serving.texts.out).toContain(word)
    }
  })

  it('says how to begin where there is no demo tenant', async () => {
    serving = await serve(['--no-demo', ...(await at('bare'))])
    expect(serving.texts.out).toContain('There is no demo tenant here.')
    const answer = await call('/v1.0/oauth2/accessToken', {
      body: { appKey: 'dingdemo', appSecret: 'dingdemo-secret' },
    })
    expect(answer).not.toHaveProperty('accessToken')
  })
})

describe('demo secrets', () => {
  it('are refused where others can reach the server: an old folder, or when insisted on', async () => {
    serving = await serve(data)
    serving.kill('SIGTERM')
    await serving.ended
    const attempts = [
      ['--host', '0.0.0.0', ...data],
      ['--host', '0.0.0.0', ...data, '--no-demo'],
      ['--public-url', 'https://drive.example.com', ...data],
      ['--host', '0.0.0.0', ...(await at('new')), '--demo'],
    ]
    const ended = await Promise.all(attempts.map((args) => run(['serve', '--port', '0', ...args])))
    // The folder can be in use by one of these only; whichever it is, all of them refuse.
    for (const { code, out, err } of ended) {
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/^batchdrive: (demo secrets|.* is in use by a server)/)
    }
    expect(ended.some(({ err }) => err.includes('demo secrets'))).toBe(true)
  })

  it('do not exist where others can reach the server and the folder is new', async () => {
    serving = await serve(['--host', '0.0.0.0', ...(await at('public'))])
    const answer = await call('/v1.0/oauth2/accessToken', {
      body: { appKey: 'dingdemo', appSecret: 'dingdemo-secret' },
    })
    expect(answer).not.toHaveProperty('accessToken')
  })
})

describe('refusals to start', () => {
  it('names bad settings, all of them, with exit code 2', async () => {
    const { code, err } = await run(['serve', '--port', 'x', ...data], { env: { BATCHDRIVE_LOG: 'loud' } })
    expect(code).toBe(2)
    expect(err).toMatch(/--port must be .*\nBATCHDRIVE_LOG must be /)
  })

  it('names a port that is in use', async () => {
    serving = await serve(data)
    const { port } = new URL(serving.url)
    const samePort = await run(['serve', '--port', port, ...(await at('other'))])
    expect(samePort).toMatchObject({ code: 1, err: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`) })
    expect((await fetch(`${serving.url}/healthz`)).status).toBe(200)
  })

  it('names a folder that is in use, if its rows are in it', async () => {
    const alone = ['--data', join(folder, 'alone')]
    serving = await serve(alone)
    const sameFolder = await run(['serve', '--port', '0', ...alone])
    expect(sameFolder).toMatchObject({ code: 1, err: expect.stringContaining('is in use by a server') })
    expect((await fetch(`${serving.url}/healthz`)).status).toBe(200)
  })
})

describe('the end', () => {
  it('comes after the requests in flight: a slow upload is finished, new connections are not taken', async () => {
    serving = await serve(data)
    const storage = await session()
    const { uploadKey, url, headers } = await openUpload(storage)
    const bytes = randomBytes(200_000)
    const upload = request(url, { method: 'PUT', headers: { ...headers, 'content-length': bytes.length } })
    const answered = once(upload, 'response')
    upload.write(bytes.subarray(0, 50_000))
    await wait(300)
    serving.kill('SIGTERM')
    await wait(300)
    await expect(fetch(`${serving.url}/healthz`)).rejects.toThrow()
    upload.write(bytes.subarray(50_000, 100_000))
    await wait(300)
    upload.end(bytes.subarray(100_000))
    const [response] = await answered
    expect(response.statusCode).toBe(200)
    const md5 = createHash('md5').update(bytes).digest('hex').toUpperCase()
    expect(response.headers.etag).toBe(`"${md5}"`)
    response.resume()
    expect(await serving.ended).toBe(0)

    serving = await serve(data)
    const committed = await (await session())('/files/commit', { uploadKey, name: 'slow.bin', parentId: '0' })
    expect(committed.dentry).toMatchObject({ name: 'slow.bin', size: bytes.length })
  })

  it('comes at once at the second signal', async () => {
    serving = await serve(data)
    const { url, headers } = await openUpload(await session())
    const upload = request(url, { method: 'PUT', headers: { ...headers, 'content-length': 10 } })
    upload.on('error', () => undefined)
    upload.write('abc')
    await wait(300)
    serving.kill('SIGINT')
    await wait(1000)
    serving.kill('SIGINT')
    expect(await serving.ended).toBe(130)
  })

  it('takes two signals at one moment, as npm sends them, for one', async () => {
    serving = await serve(data)
    serving.kill('SIGINT')
    serving.kill('SIGINT')
    expect(await serving.ended).toBe(0)
  })
})

it('a server killed in the middle keeps everything it has acknowledged', async () => {
  const own = await at('killed')
  serving = await serve(own)
  const storage = await session()
  const { uploadKey, url, headers } = await openUpload(storage)
  const bytes = randomBytes(100_000)
  await fetch(url, { method: 'PUT', headers, body: bytes })
  await storage('/files/commit', { uploadKey, name: 'kept.bin', parentId: '0' })
  const acknowledged: string[] = []
  const writing = Array.from({ length: 40 }, async (_, i) => {
    await wait(i * 5)
    const { dentry } = await storage('/dentries/0/folders', { name: `f${i}` })
    acknowledged.push((dentry as { name: string }).name)
  })
  while (acknowledged.length < 10) await wait(5)
  serving.kill('SIGKILL')
  await Promise.allSettled(writing)
  expect(await serving.ended).toBe('SIGKILL')

  serving = await serve(own)
  // The token lives on too.
  const again = await session()
  expect(await names(again)).toEqual(expect.arrayContaining(['kept.bin', ...acknowledged]))
  const { dentries } = await again('/dentries?parentId=0&maxResults=50', undefined, 'GET')
  const kept = (dentries as { name: string; id: string }[]).find(({ name }) => name === 'kept.bin')!
  const info = await again(`/dentries/${kept.id}/downloadInfos/query`, {})
  const { resourceUrls } = info.headerSignatureInfo as { resourceUrls: string[] }
  const back = Buffer.from(await (await fetch(resourceUrls[0]!)).arrayBuffer())
  expect(back.equals(bytes)).toBe(true)
})
