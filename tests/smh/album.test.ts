import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, open, type Session, send } from './session.ts'

let smh: Session
let token: string
const LIBRARY = 'smhalbum'

beforeAll(async () => {
  smh = await open()
  await smh.addTenant({
    id: 'albums',
    apps: [
      {
        dialect: 'smh',
        id: LIBRARY,
        secret: 'album-secret',
        extra: { 'smh.multiSpace': true, 'smh.media': true, 'smh.nameCharactersMax': 20 },
      },
    ],
  })
  const query = `library_id=${LIBRARY}&library_secret=album-secret&grant=admin`
  token = (await send(smh.url, 'GET', `/api/v1/token?${query}`)).body.accessToken
})
afterAll(() => smh.stop())

const call = (method: string, target: string, body?: unknown) =>
  send(smh.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}access_token=${token}`, { body })

async function space(properties: object): Promise<string> {
  const made = await call('POST', `space/${LIBRARY}`, properties)
  expect(made.status, made.text).toBe(201)
  return made.body.spaceId
}

async function upload(id: string, path: string, content: string | Buffer = path): Promise<void> {
  const begun = await call('PUT', `file/${LIBRARY}/${id}/${path}`)
  expect(begun.status, begun.text).toBe(201)
  await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: content, headers: begun.body.headers })
  expect((await call('POST', `file/${LIBRARY}/${id}/${begun.body.confirmKey}?confirm`)).status).toBe(200)
}

describe('a space of several albums', () => {
  it('has files in albums only, and albums at the top only', async () => {
    const id = await space({ isMultiAlbum: true, allowPhoto: true, allowVideo: true })
    expect((await call('PUT', `directory/${LIBRARY}/${id}/summer`)).status).toBe(201)
    expectFault(await call('PUT', `directory/${LIBRARY}/${id}/summer/inner`), 400, 'DirectoryLevelExceed')
    await upload(id, 'summer/a.jpg')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/a.jpg`), 400, 'UploadToRootDirectoryNotAllowed')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/x/y/a.jpg`), 400, 'DirectoryLevelExceed')
    await call('PUT', `directory/${LIBRARY}/${id}/winter`)
    await upload(id, 'summer/b.mp4')
    const { confirmKey } = (await call('PUT', `file/${LIBRARY}/${id}/summer/c.mp4`)).body
    expect((await call('GET', `file/${LIBRARY}/${id}/${confirmKey}?upload`)).body).toMatchObject({ type: 'video' })
    const moved = await call('POST', `batch/${LIBRARY}/${id}?move`, [
      { from: 'summer/a.jpg', to: 'winter/a.jpg' },
      { from: 'summer/b.mp4', to: 'b.mp4' },
      { from: 'winter', to: 'summer/winter' },
      { from: 'winter', to: 'snow' },
      { from: 'summer/b.mp4', to: 'summer/x/b.mp4' },
      { from: 'summer/b.mp4', to: 'summer/b.jpg' },
    ])
    expect(moved.body.result.map(({ status, code }: { status: number; code?: string }) => code ?? status)).toEqual([
      200,
      'UploadToRootDirectoryNotAllowed',
      'DirectoryLevelExceed',
      204,
      'DirectoryLevelExceed',
      'FileTypeNotMatched',
    ])
    const nested = await call('PUT', `directory/${LIBRARY}/${id}/summer/x`, { from: 'snow' })
    expectFault(nested, 400, 'DirectoryLevelExceed')
    expectFault(
      await call('PUT', `file/${LIBRARY}/${id}/b.mp4`, { from: 'summer/b.mp4' }),
      400,
      'UploadToRootDirectoryNotAllowed',
    )
    const renamed = await call('PUT', `file/${LIBRARY}/${id}/summer/b.png`, { from: 'summer/b.mp4' })
    expectFault(renamed, 400, 'FileTypeNotMatched')
    const listed = await call('GET', `directory/${LIBRARY}/${id}/snow`)
    expect(listed.body.contents).toMatchObject([{ name: 'a.jpg', type: 'image' }])
    const video = await call('HEAD', `file/${LIBRARY}/${id}/summer/b.mp4`)
    expect(video.headers['x-smh-type']).toBe('video')
  })

  it('shows the latest picture of an album as its cover', async () => {
    const id = await space({ isMultiAlbum: true, allowPhoto: true, allowVideo: true })
    await call('PUT', `directory/${LIBRARY}/${id}/a`)
    expectFault(await call('GET', `album/${LIBRARY}/${id}/cover/a`), 404, 'FileNotFound')
    const background = { r: 20, g: 120, b: 30 }
    await upload(
      id,
      'a/1.jpg',
      await sharp({ create: { width: 400, height: 200, channels: 3, background } })
        .jpeg()
        .toBuffer(),
    )
    await upload(id, 'a/2.mp4', 'film')
    const cover = await call('GET', `album/${LIBRARY}/${id}/cover/a?size=100`)
    expect(cover.status).toBe(302)
    const shown = await (await fetch(String(cover.headers.location))).arrayBuffer()
    expect(await sharp(Buffer.from(shown)).metadata()).toMatchObject({ width: 100, height: 100 })
    expectFault(await call('GET', `album/${LIBRARY}/${id}/cover`), 400, 'CoverNotSupportedInRootDirectory')
    expectFault(await call('GET', `album/${LIBRARY}/${id}/cover/none`), 404, 'DirectoryNotFound')
    const inFiles = await smh.call('GET', `/api/v1/album/smhdemo/${smh.space}/cover`)
    expectFault(inFiles, 400, 'CoverNotSupportedInFileLibrary')
  })
})

describe('a space of one album', () => {
  it('has no directories, and takes what it allows', async () => {
    const id = await space({ allowPhoto: true, allowVideoExtname: ['mov'] })
    expectFault(await call('PUT', `directory/${LIBRARY}/${id}/d`), 400, 'DirectoryNotAllowed')
    await upload(id, 'a.JPG')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/b.mov`), 400, 'ExtnameNotAllowed')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/b.txt`), 400, 'ExtnameNotAllowed')
    await call('POST', `space/${LIBRARY}/${id}/extension`, { allowVideo: true, allowPhoto: false })
    await upload(id, 'b.mov')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/c.mp4`), 400, 'ExtnameNotAllowed')
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/c.jpg`), 400, 'ExtnameNotAllowed')
    const cover = await call('GET', `album/${LIBRARY}/${id}/cover`)
    expect(await (await fetch(String(cover.headers.location))).text()).toBe('a.JPG')
  })

  it('keeps to the length of names the library sets, and lists by when files were uploaded', async () => {
    const id = await space({ allowPhoto: true })
    await upload(id, `${'n'.repeat(16)}.jpg`)
    expectFault(await call('PUT', `file/${LIBRARY}/${id}/${'n'.repeat(17)}.jpg`), 400, 'FileNameLengthExceed')
    await upload(id, 'a.jpg')
    const first = async (query: string) =>
      (await call('GET', `directory/${LIBRARY}/${id}?limit=1&${query}`)).body.contents[0].name
    expect([await first(''), await first('order_by=name')]).toEqual([`${'n'.repeat(16)}.jpg`, 'a.jpg'])
  })
})
