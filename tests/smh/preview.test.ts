import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

let smh: Session
let file: string
beforeAll(async () => {
  smh = await open()
  file = `/api/v1/file/${LIBRARY}/${smh.space}`
  const background = { r: 20, g: 120, b: 30 }
  const picture = await sharp({ create: { width: 400, height: 200, channels: 3, background } })
    .jpeg()
    .toBuffer()
  await smh.put('b.txt', 'hello')
  await smh.put('broken.jpg', 'hello')
  const started = await smh.call('PUT', `${file}/a.jpg`)
  expect(started.status, started.text).toBe(201)
  const { domain, path, headers, confirmKey } = started.body
  await send(`http://${domain}`, 'PUT', path, { body: picture, headers })
  await smh.call('POST', `${file}/${confirmKey}?confirm`)
})
afterAll(() => smh.stop())

/** What a preview's address leads to. */
async function shown(target: string): Promise<Buffer> {
  const preview = await smh.call('GET', target)
  expect([preview.status, preview.text]).toEqual([302, ''])
  return Buffer.from(await (await fetch(String(preview.headers.location))).arrayBuffer())
}

async function sizeOf(target: string) {
  const { width, height, format } = await sharp(await shown(target)).metadata()
  return [width, height, format]
}

describe('a preview', () => {
  it.each([
    ['?preview&size=80', 80, 80],
    ['?preview=1&scale=50', 200, 100],
    ['?preview&width_size=100', 100, 50],
    ['?preview&height_size=50', 100, 50],
    ['?preview&width_size=60&height_size=60', 60, 30],
    ['?preview', 400, 200],
  ])('of a picture is of the size that is asked for: %s', async (query, width, height) => {
    expect(await sizeOf(`${file}/a.jpg${query}`)).toEqual([width, height, 'jpeg'])
  })

  it('of anything else is the file itself', async () => {
    expect((await shown(`${file}/b.txt?preview&size=80`)).toString()).toBe('hello')
    expect((await smh.call('GET', `${file}/b.txt?info`)).body).toMatchObject({
      previewByCI: false,
      previewAsIcon: false,
    })
    expect((await smh.call('GET', `${file}/a.jpg?info`)).body).toMatchObject({ previewByCI: true, previewAsIcon: true })
  })

  it('of what only calls itself a picture is refused where it would be made', async () => {
    const { headers } = await smh.call('GET', `${file}/broken.jpg?preview&size=80`)
    expect((await fetch(String(headers.location))).status).toBe(400)
  })

  it('has a size within bounds', async () => {
    for (const query of ['size=0', 'size=5000', 'scale=101', 'width_size=x']) {
      expectFault(await smh.call('GET', `${file}/a.jpg?preview&${query}`), 400, 'ParamInvalid')
    }
  })

  it('of what lies in the recycle bin is as large as is asked for', async () => {
    const deleted = await smh.call('DELETE', `${file}/a.jpg`)
    const bin = `/api/v1/recycled/${LIBRARY}/${smh.space}`
    expect(await sizeOf(`${bin}/${deleted.body.recycledItemId}?preview&size=32`)).toEqual([32, 32, 'jpeg'])
  })
})
