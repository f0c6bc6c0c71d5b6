/** What the vendor's clients put on the wire, each spelled as that client spells it. */
import { request } from 'node:http'
import { beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Reply, type Session, send, serverForAll } from './session.ts'

let smh: Session
const server = serverForAll()

/** In spaces of its own. */
beforeEach(async () => {
  smh = await server.fresh()
})

const ODD = ['foo', 'bar dir', '1+2&中.txt'] as const
const root = (family: string) => `/api/v1/${family}/${LIBRARY}/${smh.space}`

describe('the JavaScript client', () => {
  const headers = {
    accept: 'application/json, text/plain, */*',
    'content-type': 'application/json',
    'client-version': 'smh-js-sdk/1.0.16',
    'user-agent': 'axios/1.7.9',
  }
  const call = (method: string, path: string, query: string, body?: string) =>
    send(smh.url, method, `${path}?${query}${query && '&'}access_token=${smh.token}`, {
      headers,
      ...(body === undefined ? {} : { body }),
    })

  it('encodes every slash, puts flags first, and sends {} for nothing', async () => {
    const directory = await call('PUT', `${root('directory')}/${encodeURIComponent('/foo/bar dir')}`, '', '{}')
    expect([directory.status, directory.body.path]).toEqual([201, ['foo', 'bar dir']])
    const file = `${root('file')}/${encodeURIComponent(ODD.join('/'))}`
    const begun = await call('PUT', file, 'filesize=5', '{}')
    expect(begun.status).toBe(201)
    const { domain, path, headers: extra, confirmKey } = begun.body
    const bytes = { 'content-type': 'application/octet-stream', ...extra }
    const stored = await send(`http://${domain}`, 'PUT', path, { body: 'hello', headers: bytes })
    expect(stored.headers.etag).toHaveLength(34)
    expect(stored.headers['x-cos-hash-crc64ecma']).toBe('11177612005948864433')
    const confirmed = await call(
      'POST',
      `${root('file')}/${confirmKey}`,
      'confirm=1',
      '{"crc64":"11177612005948864433"}',
    )
    expect([confirmed.status, confirmed.body.path]).toEqual([200, [...ODD]])

    const listed = await call('GET', `${root('directory')}/%2F`, 'by-marker=1&limit=50&with_inode=1')
    expect(listed.body.contents).toMatchObject([{ name: 'foo', type: 'dir' }])
    const downloaded = await call('GET', file, '')
    expect(await (await fetch(String(downloaded.headers.location))).text()).toBe('hello')
    const copied = await call(
      'POST',
      root('batch'),
      'copy=1',
      JSON.stringify([{ copyFrom: ODD.join('/'), to: '/copy.txt' }]),
    )
    expect(copied.body.result).toEqual([{ status: 200, path: ['copy.txt'], copyFrom: [...ODD], to: ['copy.txt'] }])
    const moved = await call('POST', root('batch'), 'move=1', JSON.stringify([{ from: 'copy.txt', to: 'moved.txt' }]))
    expect(moved.status).toBe(200)
    const deleted = await call('POST', root('batch'), 'delete=1', JSON.stringify([{ path: 'moved.txt' }]))
    const restored = await call(
      'POST',
      root('recycled'),
      'restore=1',
      JSON.stringify([deleted.body.result[0].recycledItemId]),
    )
    expect(restored.body.result[0].path).toEqual(['moved.txt'])
  })
})

describe('the old Java client', () => {
  /** Flags come last and bare; bodies are absent with a length of 0, or JSON whose booleans and ids are strings. */
  const call = (method: string, path: string, flag = '', body?: unknown) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const target = `${path}?access_token=${smh.token}${flag && '&'}${flag}`
    const headers = {
      'content-type': 'application/json',
      'x-smh-sdk-log-debug': 'off',
      'content-length': String(Buffer.byteLength(text)),
    }
    return send(smh.url, method, target, { headers, body: text })
  }

  it('encodes single segments, appends bare flags, and streams without a length', async () => {
    const segments = (path: readonly string[]) => path.map(encodeURIComponent).join('/')
    expect((await call('PUT', `${root('directory')}/${segments(ODD.slice(0, 2))}`)).status).toBe(201)
    const begun = await call('PUT', `${root('file')}/${segments(ODD)}`)
    const stored = await chunked(`http://${begun.body.domain}${begun.body.path}`, ['hel', 'lo'])
    expect(stored).toBe(200)
    const confirmed = await call('POST', `${root('file')}/${begun.body.confirmKey}`, 'confirm')
    expect(confirmed.body.path).toEqual([...ODD])

    const items = [
      { from: ODD.join('/'), to: 'foo/x.txt', moveAuthority: 'true', conflictResolutionStrategy: 'rename' },
    ]
    expect((await call('POST', root('batch'), 'move', items)).body.result[0]).toMatchObject({ status: 200 })
    const deleted = await call('POST', root('batch'), 'delete', [{ path: 'foo/x.txt', permanent: 'false' }])
    expect(deleted.body.result[0].recycledItemId).toBeLessThan(2 ** 31)
    const listed = await call('GET', root('directory'))
    expect(listed.body.contents).toMatchObject([{ name: 'foo' }])
    const tasks = await call('GET', `${root('task')}/17%2C18`)
    expect([tasks.status, tasks.body]).toEqual([200, []])
    const head = await call('HEAD', `${root('file')}/foo/none.txt`)
    expect(head.status).toBe(404)
  })

  /** As Apache's client streams an entity of unknown length. */
  function chunked(url: string, pieces: readonly string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const call = request(url, { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }, (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode!))
      })
      call.on('error', reject)
      for (const piece of pieces) call.write(piece)
      call.end()
    })
  }
})

describe('the Android client', () => {
  const call = (method: string, path: string, query: string, body?: unknown): Promise<Reply> =>
    send(smh.url, method, `${path}?${query}${query && '&'}access_token=${smh.token}`, {
      headers: { 'content-type': 'application/json; charset=UTF-8', 'user-agent': 'okhttp/4.9.0' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('encodes slashes inside a path, asks in camel case, and writes booleans as numbers', async () => {
    const path = `${root('directory')}/${encodeURIComponent('foo/bar dir')}`
    expect((await call('PUT', path, 'conflict_resolution_strategy=ask')).status).toBe(201)
    const listed = await call(
      'GET',
      `${root('directory')}/`,
      'offset=0&limit=50&orderBy=modificationTime&orderByType=desc',
    )
    expect(listed.body.contents).toMatchObject([{ name: 'foo' }])
    const first = await call('POST', `${root('file')}/big.bin`, 'multipart', {
      beginningHash: 'b'.repeat(64),
      size: '2097152',
    })
    expect(first.body).toMatchObject({ uploadId: expect.any(String), headers: {} })
    const items = [
      { path: 'foo/bar dir', permanent: 1 },
      { path: 'foo', permanent: 0 },
    ]
    const deleted = await call('POST', root('batch'), 'delete', items)
    expect(deleted.body.result).toEqual([
      { status: 204, path: ['foo', 'bar dir'] },
      { status: 200, recycledItemId: expect.any(Number), path: ['foo'] },
    ])
    expect((await call('POST', `/api/v1/quota/${LIBRARY}/`, '', { spaces: [] })).body.code).toBe(
      'QuotaCapacityRequired',
    )
  })

  it('sends listing markers as numbers and reads sizes as numbers', async () => {
    await smh.put('a.txt')
    await smh.put('b.txt')
    const page = await call('GET', `${root('directory')}/`, 'limit=1&with_inode=0')
    expect(Number.isSafeInteger(Number(page.body.nextMarker))).toBe(true)
    expect(Number(page.body.contents[0].size)).toBe(5)
    const next = await call('GET', `${root('directory')}/`, `limit=1&marker=${Number(page.body.nextMarker)}`)
    expect(next.body.contents).toMatchObject([{ name: 'b.txt' }])
  })
})

describe('the iOS client', () => {
  const call = (method: string, path: string, query: string, body?: unknown) =>
    send(smh.url, method, `${path}?${query}${query && '&'}access_token=${smh.token}`, {
      headers: { 'content-type': 'application/json', host: 'api.tencentsmh.cn' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('names the strategy and the authority of every item, and ids as strings', async () => {
    await smh.mkdir('d')
    await smh.put('a.txt')
    const items = [
      { from: 'd', to: 'e', conflictResolutionStrategy: 'ask', moveAuthority: false },
      { from: 'a.txt', to: 'e/a.txt', conflictResolutionStrategy: 'rename', moveAuthority: true },
    ]
    const moved = await call('POST', root('batch'), 'move', items)
    expect(moved.body.result.map(({ status }: { status: number }) => status)).toEqual([204, 200])
    const deleted = await call('POST', root('batch'), 'delete', [{ path: 'e' }])
    const id = String(deleted.body.result[0].recycledItemId)
    const restored = await call('POST', root('recycled'), 'restore', [id])
    expect(restored.body.result).toEqual([{ status: 200, path: ['e'], recycledItemId: Number(id) }])
  })

  it('is handed addresses under the host it called', async () => {
    const begun = await call('PUT', `${root('file')}/a.txt`, 'filesize=1&with_content_cas=1&with_inode=1')
    expect(begun.body.domain).toBe('api.tencentsmh.cn')
  })
})

describe('any spelling of a call', () => {
  it('means the same', async () => {
    await smh.mkdir('d')
    const list = (target: string) => send(smh.url, 'GET', `${target}access_token=${smh.token}`)
    for (const tail of ['', '/', '//', '/%2F', '/?x=1&unknown=2&', '//?']) {
      const reply = await list(`${root('directory')}${tail}${tail.includes('?') ? '' : '?'}`)
      expect([tail, reply.status, reply.body.contents?.length]).toEqual([tail, 200, 1])
    }
    for (const flag of ['info', 'info=', 'info=1', 'info=true']) {
      const before = await send(smh.url, 'GET', `${root('directory')}/d?${flag}&access_token=${smh.token}`)
      const after = await send(smh.url, 'GET', `${root('directory')}/d?access_token=${smh.token}&${flag}`)
      expect([before.body.path, after.body.path]).toEqual([['d'], ['d']])
    }
    expect((await list(`/api/v1/directory//${LIBRARY}//${smh.space}//d/?`)).body.path).toEqual(['d'])
  })

  it('keeps a plus a plus, and refuses bad encodings', async () => {
    await smh.mkdir('a+b')
    expect((await smh.call('HEAD', `${root('directory')}/a+b`)).status).toBe(200)
    expect((await smh.call('HEAD', `${root('directory')}/a%20b`)).status).toBe(404)
    for (const path of ['%', '%zz', '%e4%b8', '%ff', 'ok/%c0%af']) {
      const reply = await smh.call('PUT', `${root('directory')}/${path}`)
      expect([path, reply.status]).toEqual([path, 400])
      expect(reply.body.message).not.toBe('')
    }
    expect(await smh.tree()).toEqual(['a+b/'])
  })

  it('is answered with its request id, also when there is no such interface', async () => {
    for (const [method, target] of [
      ['GET', '/api/v1/nothing'],
      ['GET', '/api/v1/'],
      ['GET', `/api/v1/hls/${LIBRARY}/list`],
      ['PATCH', root('directory')],
      ['POST', root('directory')],
      ['GET', `/api/v1/space/${LIBRARY}/a/b/c`],
    ] as const) {
      expectFault(await smh.call(method, target), 404, 'RouteNotFound')
    }
    const fine = await smh.call('GET', root('directory'))
    expect(fine.headers['x-request-id']).toMatch(/.+/)
  })

  it('is let through by browsers', async () => {
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type,client-version',
    }
    const preflight = await send(smh.url, 'OPTIONS', `${root('file')}/a.txt`, { headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'content-type,client-version',
    })
    const reply = await smh.call('GET', root('directory'), { headers: { origin: headers.origin } })
    expect(reply.headers['access-control-allow-origin']).toBe('*')
  })
})
