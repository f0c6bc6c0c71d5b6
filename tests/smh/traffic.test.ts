/** How fast bytes go, by the call and by the space. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

const KB = 1024
const FILE_BYTES = 100 * KB

let smh: Session
let space: string

beforeAll(async () => {
  smh = await open()
})
afterAll(() => smh.stop())
beforeEach(async () => {
  space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`)).body.spaceId
  await smh.put('a.bin', 'x'.repeat(FILE_BYTES), space)
})

const limit = (downloadTrafficLimit: unknown, query = '') =>
  smh.call('POST', `/api/v1/space/${LIBRARY}/${space}/traffic-limit${query}`, { body: { downloadTrafficLimit } })
const locate = async (query = '', of = space) =>
  String((await smh.call('GET', `/api/v1/file/${LIBRARY}/${of}/a.bin${query}`)).headers.location)

/** Fetches URLs at once: how many bytes came, and how long it took, ms. */
async function fetched(urls: readonly string[]): Promise<{ bytes: number; ms: number }> {
  const start = performance.now()
  const bodies = await Promise.all(urls.map(async (url) => (await fetch(url)).arrayBuffer()))
  return { bytes: bodies.reduce((sum, body) => sum + body.byteLength, 0), ms: performance.now() - start }
}

describe('the traffic limit of a space', () => {
  it('slows all its downloads down together, and no others', async () => {
    const url = await locate()
    expect((await limit(200 * KB)).status).toBe(204)
    // URLs handed out before keep to it too.
    const { bytes, ms } = await fetched([url, await locate('?info').then(() => locate())])
    expect(bytes).toBe(2 * FILE_BYTES)
    // A second, less the first piece of each.
    expect(ms).toBeGreaterThan(800)
  })

  it('is lifted again', async () => {
    await limit(100 * KB)
    expect((await limit('-1')).status).toBe(204)
    const drive = await smh.engine.drives((await actor())!, [Number(space) as never])
    expect(drive[0]!.settings.downloadRate).toBe(0)
    expect((await fetched([await locate()])).bytes).toBe(FILE_BYTES)
  })

  it('has the vendor’s bounds, and is for those who rule the space', async () => {
    for (const bad of [undefined, 0, -2, 100 * KB - 1, 100 * KB * KB + 1, 1.5, 'fast', {}]) {
      expectFault(await limit(bad), 400, 'ParamInvalid')
    }
    const weak = await smh.mint('upload_file,copy_file', { space_id: space })
    expectFault(await limit(200 * KB, `?access_token=${weak}`), 403, 'NoPermission')
    const ruler = await smh.mint('space_admin', { space_id: space })
    expect((await limit(200 * KB, `?access_token=${ruler}`)).status).toBe(204)
  })
})

async function actor() {
  return smh.auth.actor({ tenant: smh.demo.tenant, dialect: 'smh', app: LIBRARY, user: '', admin: true })
}

describe('traffic_limit', () => {
  it('slows down the one download it asked for', async () => {
    const slow = await fetched([await locate(`?traffic_limit=${200 * KB}`)])
    expect(slow.bytes).toBe(FILE_BYTES)
    expect(slow.ms).toBeGreaterThan(350)
    const info = await smh.call('GET', `/api/v1/file/${LIBRARY}/${space}/a.bin?info&traffic_limit=${200 * KB}`)
    expect((await fetched([info.body.cosUrl])).ms).toBeGreaterThan(350)
  })

  it('slows down an upload, in one piece, in parts and by a form', async () => {
    const base = `/api/v1/file/${LIBRARY}/${space}/b.bin`
    const body = 'y'.repeat(FILE_BYTES)
    const timed = async (send: () => Promise<{ status: number }>) => {
      const start = performance.now()
      const { status } = await send()
      return { status, slow: performance.now() - start > 350 }
    }
    const query = `traffic_limit=${200 * KB}`
    const plain = (await smh.call('PUT', `${base}?${query}`)).body
    const put = (target: string) => send(smh.url, 'PUT', target, { body })
    expect(await timed(() => put(plain.path))).toEqual({ status: 200, slow: true })
    const parts = (await smh.call('POST', `${base}?multipart&${query}`)).body
    expect(await timed(() => put(`${parts.path}?partNumber=1&uploadId=${parts.uploadId}`))).toEqual({
      ...{ status: 200, slow: true },
    })
    const { form } = (await smh.call('POST', `${base}?${query}`)).body
    const fields = new FormData()
    for (const [name, value] of Object.entries(form)) fields.set(name, String(value))
    fields.set('file', new Blob([body]), 'b.bin')
    expect(await timed(() => fetch(`${smh.url}/`, { method: 'POST', body: fields }))).toEqual({
      ...{ status: 204, slow: true },
    })
  })

  it('has the vendor’s bounds', async () => {
    for (const bad of ['0', '-1', '1000', String(100 * KB * KB + 1), 'fast']) {
      expectFault(
        await smh.call('GET', `/api/v1/file/${LIBRARY}/${space}/a.bin?traffic_limit=${bad}`),
        400,
        'ParamInvalid',
      )
      expectFault(
        await smh.call('PUT', `/api/v1/file/${LIBRARY}/${space}/b.bin?traffic_limit=${bad}`),
        400,
        'ParamInvalid',
      )
    }
  })
})
