import { createHash, randomBytes } from 'node:crypto'
import { readdir, readlink, rm } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import type { Actor, DriveId, GetTicket, NodeView, Result, UploadId } from '../engine/index.ts'
import { onConflict } from '../engine/index.ts'
import { getPath, putPath } from './transfer-url.ts'

const HOUR = 3_600_000
const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const

let server: TestServer
let actor: Actor
let drive: DriveId
beforeAll(async () => {
  server = await startServer()
  actor = (await server.auth.actor({ tenant: server.demo.tenant, dialect: 'native', app: '', user: 'admin' }))!
  drive = server.demo.drives.admin
})
afterAll(() => server.stop())

async function openUpload(size?: number): Promise<UploadId> {
  const [result] = await server.engine.batch(actor, [
    { kind: 'upload', drive, ttlMs: HOUR, ...(size === undefined ? {} : { size }) },
  ])
  return done(result).upload!.id
}

function putUrl(upload: UploadId, part = 1, expiresAt = Date.now() + HOUR): string {
  return server.url + putPath(server.engine, { upload, part }, expiresAt)
}

function put(url: string, body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'PUT', body, headers, ...(body === null ? {} : { duplex: 'half' }) } as RequestInit)
}

async function commit(upload: UploadId, name: string): Promise<NodeView> {
  const parent = { drive, path: [] }
  const op = { kind: 'commit', upload, parent, name, conflict: onConflict('fail'), naming } as const
  const [result] = await server.engine.batch(actor, [op])
  return (done(result) as { view: NodeView }).view
}

function done(result: Result | undefined): Extract<Result, { status: 'done' }> {
  if (result?.status !== 'done') throw new Error(`not done: ${JSON.stringify(result)}`)
  return result
}

let files = 0
async function fileOf(content: Buffer, extension = 'bin'): Promise<NodeView> {
  const upload = await openUpload()
  expect((await put(putUrl(upload), new Uint8Array(content))).status).toBe(200)
  return commit(upload, `file ${++files}.${extension}`)
}

function getUrl({ node }: NodeView, ticket: Partial<GetTicket> = {}, expiresAt = Date.now() + HOUR): string {
  const { drive, id, name, version } = node
  const whole = { drive, node: id, version, name, attachment: false, type: '', ...ticket }
  return server.url + getPath(server.engine, whole, expiresAt)
}

const md5Of = (bytes: string | Buffer) => createHash('md5').update(bytes).digest('hex').toUpperCase()

async function expectXml(response: Response, status: number, code: string, message: RegExp | string = /./) {
  const body = await response.text()
  expect({ status: response.status, body }).toEqual({ status, body: expect.stringContaining(`<Code>${code}</Code>`) })
  expect(body).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error>.*<\/Error>$/)
  expect(/<Message>(.*)<\/Message>/.exec(body)?.[1]).toMatch(message)
  expect(/<RequestId>(.*)<\/RequestId>/.exec(body)?.[1]).toBe(response.headers.get('x-oss-request-id'))
  expect(response.headers.get('content-type')).toBe('application/xml')
}

describe('a part', () => {
  it('is answered with its digests', async () => {
    const response = await put(putUrl(await openUpload()), 'hello')
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).toBe(`"${md5Of('hello')}"`)
    expect(response.headers.get('x-oss-hash-crc64ecma')).toBe('11177612005948864433')
    expect(response.headers.get('x-cos-hash-crc64ecma')).toBe('11177612005948864433')
    expect(response.headers.get('x-oss-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(response.headers.get('x-cos-request-id')).toBe(response.headers.get('x-oss-request-id'))
    expect(response.headers.get('date')).toBeTruthy()
    expect(await response.text()).toBe('')
  })

  it.each(['', 'text/plain', 'application/json', 'multipart/form-data; boundary=x', 'no type at all', ';;'])(
    'may have the content type %j',
    async (type) => {
      const upload = await openUpload()
      expect((await put(putUrl(upload), '{"a":', { 'content-type': type })).status).toBe(200)
      expect((await commit(upload, `typed ${++files}`)).node.content?.size).toBe(5)
    },
  )

  it('may be empty, and may be POSTed', async () => {
    const upload = await openUpload()
    const response = await fetch(putUrl(upload), { method: 'POST' })
    expect(response.headers.get('etag')).toBe(`"${md5Of('')}"`)
    expect((await commit(upload, 'empty')).node.content?.size).toBe(0)
  })

  it('may be larger than the body of any other call, and come without a length', async () => {
    const content = randomBytes(9_000_000)
    const upload = await openUpload()
    const pieces = new Blob([content]).stream()
    const response = await put(putUrl(upload), pieces)
    expect(response.headers.get('etag')).toBe(`"${md5Of(content)}"`)
    const view = await commit(upload, 'large')
    expect(Buffer.from(await (await fetch(getUrl(view))).arrayBuffer()).equals(content)).toBe(true)
  })

  it('may wait for the server to say that it may go on', async () => {
    const url = new URL(putUrl(await openUpload()))
    const sent = httpRequest(url, { method: 'PUT', headers: { 'content-length': 5, expect: '100-continue' } })
    const continued = new Promise<void>((resolve) => sent.once('continue', resolve))
    const answered = new Promise<IncomingMessage>((resolve) => sent.once('response', resolve))
    sent.flushHeaders()
    await continued
    sent.end('hello')
    expect((await answered).headers.etag).toBe(`"${md5Of('hello')}"`)
  })

  it('is numbered by the ticket, or else by the query', async () => {
    const upload = await openUpload()
    expect((await put(putUrl(upload, 2), 'two')).status).toBe(200)
    expect((await put(`${putUrl(upload, 0)}?partNumber=1`, 'one ')).status).toBe(200)
    expect((await put(`${putUrl(upload, 0)}?part_number=3`, ' three')).status).toBe(200)
    expect((await put(`${putUrl(upload, 2)}?partNumber=1`, 'TWO')).status).toBe(200)
    const view = await commit(upload, 'in parts')
    expect(await (await fetch(getUrl(view))).text()).toBe('one TWO three')
  })

  it.each(['', '?partNumber=0', '?partNumber=10001', '?partNumber=1.5', '?partNumber=1&partNumber=2'])(
    'without a number is refused: %j',
    async (query) => {
      await expectXml(await put(putUrl(await openUpload(), 0) + query, 'x'), 400, 'InvalidArgument')
    },
  )

  it('that is not what its Content-MD5 says is not kept', async () => {
    const upload = await openUpload()
    const digest = createHash('md5').update('hello').digest('base64')
    await expectXml(await put(putUrl(upload), 'hallo', { 'content-md5': digest }), 400, 'InvalidDigest')
    const [state] = await server.engine.uploads(actor, [upload])
    expect(state?.parts).toEqual([])
    expect((await put(putUrl(upload), 'hello', { 'content-md5': digest })).status).toBe(200)
  })

  it('larger than declared is refused, read to its end and not kept; the connection stays', async () => {
    const upload = await openUpload(5)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const send = (body: Buffer) =>
      new Promise<[number, string, number]>((resolve, reject) => {
        const url = new URL(putUrl(upload))
        const sent = httpRequest(url, { method: 'PUT', agent, headers: { 'content-length': body.length } })
        sent.once('error', reject)
        sent.once('response', async (response) => {
          const port = response.socket.localPort!
          resolve([response.statusCode!, await textOf(response), port])
        })
        sent.end(body)
      })
    const [status, body, port] = await send(Buffer.alloc(20_000_000))
    expect([status, body]).toEqual([400, expect.stringContaining('<Code>EntityTooLarge</Code>')])
    expect((await server.engine.uploads(actor, [upload]))[0]?.parts).toEqual([])
    expect(await send(Buffer.from('hello'))).toEqual([200, '', port])
    agent.destroy()
  })

  it('that breaks off is not kept, and an earlier attempt stays', async () => {
    const upload = await openUpload()
    await put(putUrl(upload), 'first')
    const url = new URL(putUrl(upload))
    const socket = connect(Number(url.port), url.hostname)
    socket.write(`PUT ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 100\r\n\r\nsecond, but not wh`)
    await eventually(async () => {
      const staged = await readdir(join(server.dataDir, 'staging', upload))
      expect(staged.some((name) => name.endsWith('.tmp'))).toBe(true)
    })
    socket.destroy()
    await eventually(async () =>
      expect(await readdir(join(server.dataDir, 'staging', upload))).toEqual([expect.stringContaining('.5.')]),
    )
    expect((await commit(upload, 'first')).node.content?.size).toBe(5)
  })

  it('is refused once its upload is complete, or gone', async () => {
    const upload = await openUpload()
    const url = putUrl(upload)
    await put(url, 'x')
    await commit(upload, 'complete')
    await expectXml(await put(url, 'y'), 409, 'ObjectAlreadyExists')
    const given = await openUpload()
    await server.engine.abortUploads(actor, [given])
    await expectXml(await put(putUrl(given), 'y'), 404, 'NoSuchUpload')
  })
})

describe('a ticket', () => {
  it('that is forged, expired or for the other direction opens nothing', async () => {
    const upload = await openUpload()
    const view = await fileOf(Buffer.from('x'))
    for (const [url, method] of [
      [putUrl(upload), 'PUT'],
      [getUrl(view), 'GET'],
    ] as const) {
      const forged = url.replace(/\/transfer\/(.)/, (_, first) => `/transfer/${first === 'A' ? 'B' : 'A'}`)
      const body = method === 'PUT' ? 'x' : null
      await expectXml(await fetch(forged, { method, body }), 403, 'SignatureDoesNotMatch')
    }
    await expectXml(await put(putUrl(upload, 1, Date.now() - 1), 'x'), 403, 'AccessDenied', 'Request has expired.')
    const expired = getUrl(view, {}, Date.now() - 1)
    await expectXml(await fetch(expired), 403, 'AccessDenied', 'Request has expired.')
    await expectXml(await fetch(putUrl(upload)), 403, 'SignatureDoesNotMatch')
    await expectXml(await put(getUrl(view), 'x'), 403, 'SignatureDoesNotMatch')
    await expectXml(await fetch(`${server.url}/transfer/`), 403, 'SignatureDoesNotMatch')
  })

  it('must be agreed with by an OSS authorization, and no other', async () => {
    const url = putUrl(await openUpload())
    const [, signature = ''] = new URL(url).pathname.split('.')
    const send = (authorization: string) => put(url, 'x', { authorization })
    expect((await send(`OSS key:${signature}`)).status).toBe(200)
    expect((await send('Bearer whatever')).status).toBe(200)
    await expectXml(await send('OSS key:'), 403, 'SignatureDoesNotMatch')
    await expectXml(await send(`OSS key:${signature.slice(1)}A`), 403, 'SignatureDoesNotMatch')
  })
})

describe('a download', () => {
  const content = Buffer.from('0123456789')
  let view: NodeView
  beforeAll(async () => {
    view = await fileOf(content, 'txt')
  })

  it('says what it is', async () => {
    const response = await fetch(getUrl(view))
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': '10',
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': expect.stringMatching(/^inline; filename="file \d+\.txt"; filename\*=UTF-8''file%20/),
      'accept-ranges': 'bytes',
      etag: `"${md5Of(content)}"`,
      'last-modified': new Date(view.node.updatedAt).toUTCString(),
      'x-oss-hash-crc64ecma': view.node.content!.crc64,
      'x-cos-hash-crc64ecma': view.node.content!.crc64,
      'x-content-type-options': 'nosniff',
    })
    expect(await response.text()).toBe('0123456789')
  })

  it('is an attachment when the query asks for one, under the same signature', async () => {
    const response = await fetch(`${getUrl(view, { name: 'page.txt' })}?attachment=1`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="page.txt"/)
  })

  it('is an attachment under the name the ticket gives', async () => {
    const response = await fetch(getUrl(view, { attachment: true, name: '报告.html', type: 'text/html' }))
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="__.html"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.html`,
    )
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox/)
  })

  it('tells a HEAD the same without the bytes', async () => {
    const [head, get] = await Promise.all(['HEAD', 'GET'].map((method) => fetch(getUrl(view), { method })))
    const told = (response: Response | undefined) => {
      const { date, connection, 'keep-alive': keepAlive, ...rest } = Object.fromEntries(response!.headers)
      return { ...rest, 'x-oss-request-id': '', 'x-cos-request-id': '' }
    }
    expect(told(head)).toEqual(told(get))
    expect(await head!.text()).toBe('')
    const part = await fetch(getUrl(view), { method: 'HEAD', headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-length')]).toEqual([206, '3'])
  })

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=1-2,5-6', 206, '12', 'bytes 1-2/10'],
    ['bytes=10-', 200, '0123456789', null],
    ['bytes=5-20', 200, '0123456789', null],
    ['bytes=x', 200, '0123456789', null],
  ])('of %s', async (range, status, body, contentRange) => {
    const response = await fetch(getUrl(view), { headers: { range } })
    expect([response.status, await response.text()]).toEqual([status, body])
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(response.headers.get('content-length')).toBe(String(body.length))
  })

  it('clips or refuses ranges for who asks for the standard', async () => {
    const get = (range: string) => fetch(getUrl(view), { headers: { range, 'x-oss-range-behavior': 'standard' } })
    const clipped = await get('bytes=5-20')
    expect([clipped.status, await clipped.text()]).toEqual([206, '56789'])
    const refused = await get('bytes=10-')
    expect(refused.headers.get('content-range')).toBe('bytes */10')
    expect(refused.headers.get('etag')).toBeNull()
    await expectXml(refused, 416, 'InvalidRange')
  })

  it('of a changed file starts anew', async () => {
    const get = (condition: string) =>
      fetch(getUrl(view), { headers: { range: 'bytes=2-4', 'if-range': condition } }).then(({ status }) => status)
    expect(await get(`"${md5Of(content)}"`)).toBe(206)
    expect(await get('"OTHER"')).toBe(200)
  })

  it('of an empty file is empty, also by the range clients ask it with', async () => {
    const empty = await fileOf(Buffer.alloc(0))
    for (const range of ['bytes=0--1', 'bytes=0-', 'bytes=0-0']) {
      const response = await fetch(getUrl(empty), { headers: { range } })
      expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', ''])
    }
  })

  it('is not sent again to who has it', async () => {
    const etag = `"${md5Of(content)}"`
    const response = await fetch(getUrl(view), { headers: { 'if-none-match': etag } })
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, etag, ''])
    const later = new Date(view.node.updatedAt + 1000).toUTCString()
    expect((await fetch(getUrl(view), { headers: { 'if-modified-since': later } })).status).toBe(304)
    await expectXml(await fetch(getUrl(view), { headers: { 'if-match': '"X"' } }), 412, 'PreconditionFailed')
  })

  it('of a version that is gone is refused', async () => {
    await expectXml(await fetch(getUrl(view, { version: 99 })), 404, 'NoSuchKey')
    const doomed = await fileOf(Buffer.from('doomed'))
    const url = getUrl(doomed)
    done((await server.engine.batch(actor, [{ kind: 'purge', node: { drive, id: doomed.node.id }, trashed: 'no' }]))[0])
    await expectXml(await fetch(url), 404, 'NoSuchKey')
  })

  it('whose bytes are lost is the server’s failure, told as such', async () => {
    const lost = await fileOf(randomBytes(32))
    const { digest } = lost.node.content!
    await rm(join(server.dataDir, 'blobs', digest.slice(0, 2), digest.slice(2, 4), digest))
    const response = await fetch(getUrl(lost), { headers: { range: 'bytes=1-2' } })
    for (const name of ['etag', 'content-range', 'content-disposition', 'x-oss-hash-crc64ecma'])
      expect(response.headers.get(name)).toBeNull()
    await expectXml(response, 500, 'InternalError')
  })

  it('that its client leaves closes the file', async () => {
    const large = await fileOf(randomBytes(30_000_000))
    const { digest } = large.node.content!
    const left = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const abort = new AbortController()
        const response = await fetch(getUrl(large), { signal: abort.signal })
        await response.body!.getReader().read()
        return abort
      }),
    )
    expect((await openFiles()).filter((path) => path.endsWith(digest)).length).toBeGreaterThan(0)
    for (const abort of left) abort.abort()
    await eventually(async () => expect((await openFiles()).filter((path) => path.endsWith(digest))).toEqual([]))
  })
})

describe('a browser', () => {
  it('may send and fetch from any page, and read the answer’s headers', async () => {
    const asked = await fetch(putUrl(await openUpload()), {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type,x-oss-date',
      },
    })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe('*')
    expect(asked.headers.get('access-control-allow-methods')).toContain('PUT')
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type,x-oss-date')
    const sent = await put(putUrl(await openUpload()), 'x', { origin: 'https://app.example' })
    expect(sent.headers.get('access-control-allow-origin')).toBe('*')
    expect(sent.headers.get('access-control-expose-headers')).toContain('ETag')
    const refused = await fetch(`${server.url}/transfer/x`)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })
})

/** What this process has open. */
async function openFiles(): Promise<string[]> {
  const names = await readdir('/proc/self/fd')
  return Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
}

/** Waits until a check holds. */
async function eventually(check: () => Promise<void>, msMax = 5000): Promise<void> {
  const end = Date.now() + msMax
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
