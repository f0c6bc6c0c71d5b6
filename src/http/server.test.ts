import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { BODY_BYTES_MAX, createHttp, expectBody, HEADER_BYTES_MAX, type HttpOptions } from './server.ts'

let app: ReturnType<typeof createHttp>
afterEach(() => app.close())

async function listening(
  options: Partial<HttpOptions> = {},
  routes: (server: typeof app) => void = () => {},
): Promise<string> {
  app = createHttp({ logLevel: 'silent', ...options })
  routes(app)
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** Writes text to the server and gives back all it answers until the connection ends. */
async function exchange(url: string, sent: string): Promise<string> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(sent)
  return textOf(socket)
}

const jsonOf = (response: Response) => response.json() as Promise<Record<string, unknown>>

describe('the listener', () => {
  it('says that it is well', async () => {
    const response = await fetch(`${await listening()}/healthz`)
    expect([response.status, await jsonOf(response)]).toEqual([200, { status: 'ok' }])
  })

  it('answers paths that nobody serves in JSON', async () => {
    const response = await fetch(`${await listening()}/nothing?access_token=secret`)
    expect(response.status).toBe(404)
    expect(await jsonOf(response)).toEqual({
      code: 'NotFound',
      message: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f]{8}-/),
    })
  })

  it('answers a crash in JSON that tells nothing of it', async () => {
    const url = await listening({}, (server) => {
      server.get('/crash', async () => {
        throw new Error('the secret is xyzzy')
      })
    })
    const response = await fetch(`${url}/crash`)
    expect(response.status).toBe(500)
    const body = await jsonOf(response)
    expect(body.code).toBe('InternalError')
    expect(JSON.stringify(body)).not.toContain('xyzzy')
  })

  it('gives every request an id of its own, whatever the client says', async () => {
    const url = await listening({}, (server) => void server.get('/id', async ({ id }) => ({ id })))
    const ids = await Promise.all(
      [1, 2].map(async () => (await jsonOf(await fetch(`${url}/id`, { headers: { 'request-id': 'mine' } }))).id),
    )
    expect(new Set(ids).size).toBe(2)
    expect(ids).not.toContain('mine')
  })

  it.each(['/%', '/%zz', '/%ff%fe', '/a/%E4%B8'])('answers the broken URL %s in JSON', async (path) => {
    const url = await listening({}, (server) => void server.get('/:any', async () => 'found'))
    const answer = await exchange(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 40[04] /)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ code: expect.any(String) })
  })

  it('leaves an encoded slash inside its parameter', async () => {
    const url = await listening({}, (server) => {
      server.get('/file/:path', async ({ params, raw }) => ({ ...(params as object), raw: raw.url }))
    })
    expect(await jsonOf(await fetch(`${url}/file/a%2Fb`))).toEqual({ path: 'a/b', raw: '/file/a%2Fb' })
  })

  it('takes parameters as long as the headers may be', async () => {
    const url = await listening({}, (server) => {
      server.get('/file/:path', async ({ params }) => ({ length: (params as { path: string }).path.length }))
    })
    const length = HEADER_BYTES_MAX - 1000
    expect(await jsonOf(await fetch(`${url}/file/${'a'.repeat(length)}`))).toEqual({ length })
  })

  it('refuses headers and bodies beyond its limits, in JSON', async () => {
    const url = await listening({}, (server) => void server.post('/', async () => 'taken'))
    const answer = await exchange(url, `GET /${'a'.repeat(HEADER_BYTES_MAX)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'RequestHeaderFieldsTooLarge' })
    const headers = { 'content-type': 'text/plain' }
    const taken = await fetch(url, { method: 'POST', headers, body: 'a'.repeat(BODY_BYTES_MAX) })
    expect(taken.status).toBe(200)
    const refused = await fetch(url, { method: 'POST', headers, body: 'a'.repeat(BODY_BYTES_MAX + 1) })
    expect([refused.status, (await jsonOf(refused)).code]).toEqual([413, 'BadRequest'])
  })

  it('answers what is not HTTP with 400', async () => {
    const answer = await exchange(await listening(), 'hello\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'BadRequest' })
  })

  it('keeps connections for a minute, waits for headers less than that, and for uploads as long as they move', async () => {
    await listening()
    const { keepAliveTimeout, headersTimeout, requestTimeout, timeout } = app.server
    expect({ keepAliveTimeout, headersTimeout, requestTimeout, timeout }).toEqual({
      keepAliveTimeout: 65_000,
      headersTimeout: 60_000,
      requestTimeout: 0,
      timeout: 120_000,
    })
  })

  it('cuts a connection whose body does not come', async () => {
    const url = await listening({}, (server) => {
      server.post('/', { onRequest: async (request) => expectBody(request, 50) }, async () => 'taken')
    })
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n'
    expect(await exchange(url, `${head}hell`)).not.toContain('taken')
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname).setEncoding('utf8')
    socket.write(`${head}hello`)
    await new Promise((resolve) => socket.once('data', resolve))
    // Long after: a body that came in time leaves the connection alone.
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(socket.closed).toBe(false)
    socket.destroy()
  })
})

describe('a close', () => {
  function slow(server: typeof app, begun: () => void, until: Promise<unknown>) {
    server.get('/slow', async () => {
      begun()
      await until
      return 'whole answer'
    })
  }

  it('lets requests in flight finish and takes no new ones', async () => {
    let finish = () => {}
    let begin = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const url = await listening({}, (server) => slow(server, begin, finished))
    const answer = fetch(`${url}/slow`).then((response) => response.text())
    await begun
    const closed = app.close()
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    finish()
    expect(await answer).toBe('whole answer')
    const start = Date.now()
    await closed
    expect(Date.now() - start).toBeLessThan(1000)
  })

  it('does not wait for ever', async () => {
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const url = await listening({ closeMsMax: 100 }, (server) => slow(server, begin, new Promise(() => {})))
    const answer = fetch(`${url}/slow`).then(
      () => 'answered',
      () => 'cut',
    )
    await begun
    await app.close()
    expect(await answer).toBe('cut')
  })

  it('is told to load balancers that were about to ask', async () => {
    const url = await listening()
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname)
    const answers = textOf(socket)
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n')
    await expect.poll(() => connections()).toBe(1)
    const closed = app.close()
    await expect.poll(() => app.server.listening).toBe(false)
    socket.write('\r\n')
    expect(await answers).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nconnection: close\r\n[\s\S]*{"status":"closing"}$/i)
    await closed
  })

  function connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  }
})

describe('the log', () => {
  it('has no query, no header and no transfer path', async () => {
    const lines: string[] = []
    const url = await listening({ logLevel: 'debug', logTo: { write: (line) => void lines.push(line) } })
    const headers = { authorization: 'Bearer secret-1', cookie: 'secret-2' }
    await fetch(`${url}/api/x?access_token=secret-3`, { headers })
    await fetch(`${url}/transfer/secret-4/name?x=secret-5`)
    await answered(url, '/%zz?secret-6')
    const log = lines.join('')
    expect(log).toContain('"path":"/api/x"')
    expect(log).toContain('"path":"/transfer/…"')
    expect(log).not.toContain('secret')
  })
})

async function answered(url: string, path: string): Promise<IncomingMessage> {
  const { port, hostname } = new URL(url)
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path }, (response) => resolve(response.resume()))
      .once('error', reject)
      .end()
  })
}
