import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import { type Actor, type NodeView, onConflict, type PictureSize } from '../engine/index.ts'
import { getPath, putPath } from './transfer-url.ts'

const HOUR = 3_600_000
const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const
const THUMB: PictureSize = { fit: 'cover', width: 64, height: 64, enlarge: true }

let server: TestServer
let actor: Actor
beforeAll(async () => {
  server = await startServer()
  actor = (await server.auth.actor({ tenant: server.demo.tenant, dialect: 'native', app: '', user: 'admin' }))!
})
afterAll(() => server.stop())

let files = 0
async function fileOf(bytes: Uint8Array): Promise<NodeView> {
  const drive = server.demo.drives.admin
  const [opened] = await server.engine.batch(actor, [{ kind: 'upload', drive, ttlMs: HOUR }])
  if (opened?.status !== 'done') throw new Error('no upload')
  const upload = opened.upload!.id
  const url = server.url + putPath(server.engine, { upload, part: 1 }, Date.now() + HOUR)
  await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })
  const op = { kind: 'commit', upload, parent: { drive, path: [] }, conflict: onConflict('fail'), naming } as const
  const [result] = await server.engine.batch(actor, [{ ...op, name: `picture ${++files}` }])
  if (result?.status !== 'done') throw new Error('no file')
  return result.view!
}

function urlOf({ node }: NodeView, picture: PictureSize): string {
  const { drive, id, name, version } = node
  const ticket = { drive, node: id, version, name, attachment: false, type: '', picture }
  return server.url + getPath(server.engine, ticket, Date.now() + HOUR)
}

function blank(width: number, height: number, channels: 3 | 4 = 3) {
  const background = channels === 3 ? { r: 200, g: 30, b: 30 } : { r: 200, g: 30, b: 30, alpha: 0.5 }
  return sharp({ create: { width, height, channels, background } })
}

function noise(side: number) {
  return sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
}

async function shapeOf(file: NodeView, size: PictureSize) {
  const answer = await fetch(urlOf(file, size))
  expect(answer.status).toBe(200)
  const { width, height, format } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
  return { width, height, format, type: answer.headers.get('content-type') }
}

describe('a picture of a picture', () => {
  it.each([
    ['covers a box', { fit: 'cover', width: 50, height: 80 }, 50, 80],
    ['lies inside a box', { fit: 'inside', width: 100, height: 100 }, 100, 50],
    ['lies outside a box', { fit: 'outside', width: 100, height: 100 }, 200, 100],
    ['is padded to a box', { fit: 'pad', width: 100, height: 100 }, 100, 100],
    ['is stretched to a box', { fit: 'stretch', width: 30, height: 90 }, 30, 90],
    ['has the height that follows from its width', { fit: 'inside', width: 100, height: 0 }, 100, 50],
    ['has the width that follows from its height', { fit: 'inside', width: 0, height: 100 }, 200, 100],
    ['is a share of its size', { fit: 'inside', width: 0, height: 0, percent: 25 }, 100, 50],
  ] as const)('%s', async (_what, size, width, height) => {
    const file = await fileOf(await blank(400, 200).jpeg().toBuffer())
    expect(await shapeOf(file, { ...size, enlarge: false })).toEqual({
      ...{ width, height, format: 'jpeg', type: 'image/jpeg' },
    })
  })

  it('is made larger than it was only if that is asked for', async () => {
    const file = await fileOf(await blank(40, 20).webp().toBuffer())
    const box = { fit: 'inside', width: 80, height: 80 } as const
    expect(await shapeOf(file, { ...box, enlarge: false })).toMatchObject({ width: 40, height: 20 })
    expect(await shapeOf(file, { ...box, enlarge: true })).toMatchObject({ width: 80, height: 40 })
  })

  it('stands upright, and tells nothing of where it was taken', async () => {
    const exif = { IFD0: { Copyright: 'somebody' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } }
    const bytes = await blank(400, 200).withMetadata({ orientation: 6 }).withExifMerge(exif).jpeg().toBuffer()
    const answer = await fetch(urlOf(await fileOf(bytes), { fit: 'inside', width: 100, height: 100, enlarge: false }))
    const { width, height, exif: kept } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
    expect([width, height, kept]).toEqual([50, 100, undefined])
  })

  it('stays transparent', async () => {
    const file = await fileOf(await blank(90, 90, 4).png().toBuffer())
    expect(await shapeOf(file, THUMB)).toEqual({ width: 64, height: 64, format: 'png', type: 'image/png' })
  })

  it('is not sent again to who has it', async () => {
    const url = urlOf(await fileOf(await blank(90, 90).png().toBuffer()), THUMB)
    const etag = (await fetch(url)).headers.get('etag')!
    expect((await fetch(url, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('is made once for all who ask at once', async () => {
    const url = urlOf(await fileOf(await noise(900).png().toBuffer()), THUMB)
    const pictures = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).text()))
    expect(new Set(pictures).size).toBe(1)
  })
})

describe('what is no picture', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'

  it.each([
    ['text', async () => Buffer.from('hello')],
    ['an empty file', async () => Buffer.alloc(0)],
    ['a drawing that could name other files', async () => Buffer.from(svg)],
    ['half a picture', async () => (await noise(300).png().toBuffer()).subarray(0, 90_000)],
    ['more pixels than anybody would look at', () => blank(12_000, 12_000).png({ compressionLevel: 1 }).toBuffer()],
  ])('is refused: %s', async (_what, bytes) => {
    const answer = await fetch(urlOf(await fileOf(await bytes()), THUMB))
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('<Code>InvalidArgument</Code>')])
    expect(answer.headers.get('content-type')).toBe('application/xml')
  })

  it('is still fetched whole under its own URL, which a picture’s URL is not', async () => {
    const file = await fileOf(Buffer.from('hello'))
    const { drive, id, name, version } = file.node
    const ticket = { drive, node: id, version, name, attachment: false, type: '' }
    const path = getPath(server.engine, ticket, Date.now() + HOUR)
    expect(await (await fetch(server.url + path)).text()).toBe('hello')
  })
})
