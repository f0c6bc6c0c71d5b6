import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
let base: string
let now: number

beforeAll(async () => {
  now = Date.parse('2026-03-01T08:15:58Z')
  smh = await open({ clock: () => now })
  base = `/api/v1/file/${LIBRARY}/${smh.space}`
})
afterAll(() => smh.stop())

const md5 = (content: string) => createHash('md5').update(content).digest('hex')
const confirm = (key: string) => smh.call('POST', `${base}/${key}?confirm`)

describe('the target of a simple upload', () => {
  const start = (path: string) => smh.call('PUT', `${base}/${path}`)
  const put = ({ body }: Reply, headers: Record<string, string>) =>
    send(`http://${body.domain}`, 'PUT', body.path, { body: 'hello', headers })

  it('answers as COS does to those who pass its headers on', async () => {
    const begun = await start('a.txt')
    const stored = await put(begun, begun.body.headers)
    expect(stored.headers).toMatchObject({
      etag: `"${md5('hello')}"`,
      'x-cos-hash-crc64ecma': '11177612005948864433',
      'x-cos-request-id': expect.any(String),
      date: expect.any(String),
    })
    expect((await confirm(begun.body.confirmKey)).status).toBe(200)
  })

  it('takes bytes without headers, but not with those of another upload', async () => {
    const [one, two] = [await start('b.txt'), await start('c.txt')]
    expect((await put(one, {})).status).toBe(200)
    const crossed = await put(one, two.body.headers)
    expect([crossed.status, crossed.text]).toEqual([403, expect.stringContaining('<Code>SignatureDoesNotMatch</Code>')])
  })

  it('takes bytes that come in chunks, of whatever type', async () => {
    const begun = await start('d.txt')
    const { hostname, port } = new URL(smh.url)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { ...begun.body.headers, 'content-type': 'application/octet-stream' }
      const call = request({ hostname, port, method: 'PUT', path: begun.body.path, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode))
      })
      call.on('error', reject)
      for (const piece of ['he', 'll', 'o']) call.write(piece)
      call.end()
    })
    expect(status).toBe(200)
    expect((await confirm(begun.body.confirmKey)).body).toMatchObject({ size: '5', eTag: `"${md5('hello')}"` })
  })

  it('says in the words of COS that it has expired', async () => {
    const begun = await start('e.txt')
    now += 2 * 3600_000
    const late = await put(begun, begun.body.headers)
    expect(late.status).toBe(403)
    expect(late.headers['content-type']).toMatch(/^application\/xml/)
    expect(late.text).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>')
  })

  it('may be used by browsers of any origin', async () => {
    const begun = await start('f.txt')
    const asked = {
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,x-cos-security-token',
    }
    const allowed = await send(smh.url, 'OPTIONS', begun.body.path, {
      headers: { origin: 'https://app.example', ...asked },
    })
    expect(allowed.headers['access-control-allow-headers']).toContain('x-cos-security-token')
    const stored = await put(begun, { ...begun.body.headers, origin: 'https://app.example' })
    expect(stored.headers['access-control-expose-headers']).toContain('ETag')
  })
})

describe('the target of a form upload', () => {
  const start = async (path: string, query = '', body?: unknown) => {
    const begun = await smh.call('POST', `${base}/${path}?${query}`, { body })
    expect(begun.status, begun.text).toBe(201)
    return begun.body
  }

  /** As a browser sends it: the hidden fields, and the file last. */
  function post(begun: { domain: string; path: string; form: Record<string, string> }, file?: Blob): Promise<Response> {
    const form = new FormData()
    for (const [name, value] of Object.entries(begun.form)) form.append(name, value)
    if (file) form.append('file', file, 'picture.png')
    return fetch(`http://${begun.domain}${begun.path}`, { method: 'POST', body: form })
  }

  it('takes the file of the form', async () => {
    const begun = await start('picture.png', 'filesize=70000', { labels: ['x'] })
    expect(begun).toMatchObject({ path: '/', confirmKey: expect.any(String), availableDomainNum: 1 })
    const names = ['key', 'policy', 'q-ak', 'q-key-time', 'q-sign-algorithm', 'q-signature', 'x-cos-security-token']
    expect(Object.keys(begun.form)).toEqual(expect.arrayContaining(names))
    const content = 'x--boundary\r\n'.repeat(10_000).slice(0, 70_000)
    const stored = await post(begun, new Blob([content]))
    expect([stored.status, await stored.text(), stored.headers.get('etag')]).toEqual([204, '', `"${md5(content)}"`])
    const done = await confirm(begun.confirmKey)
    expect(done.body).toMatchObject({ path: ['picture.png'], size: '70000', labels: ['x'] })
    const state = await smh.call('GET', `${base}/${begun.confirmKey}?upload`)
    expect(state.body).toMatchObject({ confirmed: true })
    expect(state.body).not.toHaveProperty('parts')
  })

  it('refuses a form that is forged, too late, or without its file', async () => {
    const before = await smh.tree()
    const begun = await start('refused.png', 'filesize=3')
    const answer = async (response: Response) => [
      response.status,
      /<Code>(.*)<\/Code>/.exec(await response.text())?.[1],
    ]
    expect(await answer(await post(begun))).toEqual([400, 'InvalidArgument'])
    const forged = { ...begun, form: { ...begun.form, key: `${begun.form.key}x` } }
    expect(await answer(await post(forged, new Blob(['abc'])))).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await answer(await post({ ...begun, form: {} }, new Blob(['abc'])))).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await answer(await post(begun, new Blob(['abcd'])))).toEqual([400, 'EntityTooLarge'])
    expect(await answer(await fetch(`${smh.url}/`, { method: 'POST', body: 'abc' }))).toEqual([400, 'InvalidArgument'])
    const huge = { ...begun, form: { ...begun.form, policy: 'x'.repeat(70_000) } }
    expect(await answer(await post(huge, new Blob(['abc'])))).toEqual([400, 'InvalidRequest'])
    expectFault(await confirm(begun.confirmKey), 400, 'UploadIncomplete')
    now += 2 * 3600_000
    expect(await answer(await post(begun, new Blob(['abc'])))).toEqual([403, 'AccessDenied'])
    expect(await smh.tree()).toEqual(before)
  })

  it('keeps nothing of a form that breaks off', async () => {
    const begun = await start('broken.png')
    const fields = `--B\r\ncontent-disposition: form-data; name="key"\r\n\r\n${begun.form.key}\r\n`
    const file = '--B\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nhalf of it'
    const headers = { 'content-type': 'multipart/form-data; boundary=B' }
    const reply = await send(smh.url, 'POST', '/', { body: fields + file, headers })
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('breaks off')])
    expectFault(await confirm(begun.confirmKey), 400, 'UploadIncomplete')
  })
})
