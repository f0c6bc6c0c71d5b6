import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { adminActor, expectFault, LIBRARY, type Reply, type Session, send, serverForAll } from './session.ts'

const DAY = 24 * 3600_000

let smh: Session
let base: string
let now = Date.parse('2026-03-01T08:15:58Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })

/** A day later, in spaces of its own. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  base = `/api/v1/file/${LIBRARY}/${smh.space}`
})

/** So many ms after the test began, as the vendor writes it. */
const at = (ms: number) => new Date(began + ms).toISOString()

const start = (path: string, query = '', sent = {}) => smh.call('PUT', `${base}/${path}?${query}`, sent)
const confirm = (key: string, query = '', sent = {}) => smh.call('POST', `${base}/${key}?confirm&${query}`, sent)
const bytes = ({ body }: Reply, content: string | Buffer, query = '') =>
  send(`http://${body.domain}`, 'PUT', `${body.path}${query}`, { body: content, headers: body.headers })
const md5 = (content: string) => createHash('md5').update(content).digest('hex')

describe('a simple upload', () => {
  it('hands out where the bytes go, and shows the file after the confirm', async () => {
    const begun = await start('hello.txt', 'filesize=5', { headers: { 'x-smh-meta-color': 'blue' } })
    expect(begun.status).toBe(201)
    expect(begun.body).toEqual({
      domain: new URL(smh.url).host,
      path: expect.stringMatching(/^\/[\w./-]+$/),
      headers: { Authorization: expect.stringContaining('q-signature='), 'x-cos-security-token': expect.any(String) },
      confirmKey: expect.stringMatching(/^[\w-]+$/),
      expiration: at(7_200_000),
      availableDomainNum: 1,
    })
    expect(await smh.tree()).toEqual([])

    const stored = await bytes(begun, 'hello')
    expect(stored.status).toBe(200)
    expect(stored.headers.etag).toBe(`"${md5('hello')}"`)
    expect(await smh.tree()).toEqual([])

    now += 60_000
    const done = await confirm(begun.body.confirmKey, 'with_inode=1', {
      body: { crc64: '11177612005948864433', labels: ['greeting'], category: 'words' },
    })
    expect(done.status).toBe(200)
    expect(done.body).toMatchObject({
      path: ['hello.txt'],
      name: 'hello.txt',
      type: 'file',
      inode: expect.any(String),
      creationTime: at(60_000),
      modificationTime: at(60_000),
      contentType: 'text/plain',
      size: '5',
      eTag: `"${md5('hello')}"`,
      crc64: '11177612005948864433',
      metaData: { 'x-smh-meta-color': 'blue' },
      labels: ['greeting'],
      category: 'words',
      isOverwritten: false,
      fileType: 'text',
      previewByDoc: false,
    })
    expect(await smh.tree()).toEqual(['hello.txt 5'])
    expectFault(await confirm(begun.body.confirmKey), 409, 'UploadComplete')
  })

  it('refuses bytes that are not what the client says they are', async () => {
    const begun = await start('hello.txt')
    await bytes(begun, 'hello')
    expectFault(await confirm(begun.body.confirmKey, '', { body: { crc64: '1' } }), 400, 'BadCrc64')
    expect(await smh.tree()).toEqual([])
    expect((await confirm(begun.body.confirmKey)).status).toBe(200)

    const short = await start('short.txt', 'filesize=9')
    await bytes(short, 'hello')
    expectFault(await confirm(short.body.confirmKey), 400, 'IncompleteBody')
    expect(await smh.tree()).toEqual(['hello.txt 5'])
  })

  it('cannot be confirmed before its bytes are there', async () => {
    const begun = await start('hello.txt')
    expectFault(await confirm(begun.body.confirmKey), 400, 'UploadIncomplete')
    expectFault(await confirm('0'.repeat(32)), 404, 'UploadNotFound')
    expectFault(await confirm('nonsense'), 404, 'UploadNotFound')
    expect(await smh.tree()).toEqual([])
  })

  it('settles the name when it is confirmed', async () => {
    const [first, second] = [await start('a.txt'), await start('a.txt')]
    await bytes(first, 'first')
    await bytes(second, 'second')
    expect((await confirm(first.body.confirmKey)).body.path).toEqual(['a.txt'])
    expect((await confirm(second.body.confirmKey)).body.path).toEqual(['a (1).txt'])

    const third = await start('a.txt', 'conflict_resolution_strategy=overwrite')
    await bytes(third, 'the third')
    expect((await confirm(third.body.confirmKey)).body).toMatchObject({ path: ['a.txt'], isOverwritten: true })
    expectFault(await start('a.txt', 'conflict_resolution_strategy=ask'), 409, 'SameNameDirectoryOrFileExists')

    // Started as `rename` while the name was taken, confirmed as `overwrite`: the name asked for is meant.
    const fourth = await start('a.txt')
    await bytes(fourth, '4')
    const done = await confirm(fourth.body.confirmKey, 'conflict_resolution_strategy=overwrite')
    expect(done.body).toMatchObject({ path: ['a.txt'], isOverwritten: true })
    expect(await smh.tree()).toEqual(['a (1).txt 6', 'a.txt 1'])
  })

  it('is of no use once its directory is gone, and may be confirmed when that is back', async () => {
    await smh.mkdir('d')
    const begun = await start('d/a.txt')
    await bytes(begun, 'hello')
    const { recycledItemId } = (await smh.call('DELETE', `/api/v1/directory/${LIBRARY}/${smh.space}/d`)).body
    expectFault(await confirm(begun.body.confirmKey), 404, 'DirectoryNotFound')
    expect((await smh.call('GET', `${base}/${begun.body.confirmKey}?upload`)).body).toMatchObject({ path: null })
    await smh.call('POST', `/api/v1/recycled/${LIBRARY}/${smh.space}/${recycledItemId}?restore`)
    expect((await confirm(begun.body.confirmKey)).body).toMatchObject({ path: ['d', 'a.txt'], size: '5' })
  })

  it('does not overwrite a directory', async () => {
    await smh.mkdir('d')
    expectFault(await start('d', 'conflict_resolution_strategy=overwrite'), 409, 'SameNameDirectoryOrFileExists')
  })

  it('wants its directory, a name, room, and a known strategy', async () => {
    await smh.put('file.txt')
    expectFault(await start('no/such/dir.txt'), 404, 'DirectoryNotFound')
    expectFault(await start('file.txt/x.txt'), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await start(''), 400, 'EmptyPath')
    expectFault(await start('a%3Fb'), 400, 'IllegalFileName')
    expectFault(await start('a%00b'), 400, 'IllegalFileName')
    expectFault(await start('../b'), 400, 'IllegalFileName')
    expectFault(await start('n'.repeat(256)), 400, 'FileNameLengthExceed')
    expectFault(await start('x', 'conflict_resolution_strategy=merge'), 400, 'InvalidConflictResolutionStrategy')
    expectFault(await start('x', 'filesize=many'), 400, 'ParamInvalid')
    expectFault(await start('x', '', { body: { labels: 'one' } }), 400, 'ParamInvalid')
    expectFault(await start('x', '', { body: { localCreationTime: 'soon' } }), 400, 'InvalidTimeFormat')
    expectFault(await start('x', '', { body: '{' }), 400, 'BadRequest')
    expectFault(await start('x', '', { body: [] }), 400, 'ParamInvalid')
    await smh.call('POST', `/api/v1/quota/${LIBRARY}`, {
      body: { spaces: [smh.space], capacity: 20, removeWhenExceed: false, removeAfterDays: 0 },
    })
    expectFault(await start('x', 'filesize=21'), 400, 'QuotaLimitReached')
    const begun = await start('x')
    await bytes(begun, 'x'.repeat(13))
    expectFault(await confirm(begun.body.confirmKey), 400, 'QuotaLimitReached')
    expect(await smh.tree()).toEqual(['file.txt 8'])
  })

  it('always begins anew for clients that try a rapid upload', async () => {
    const body = { beginningHash: 'a'.repeat(64), fullHash: 'b'.repeat(64), size: '1048576' }
    const begun = await start('big.bin', '', { body })
    expect(begun.status).toBe(201)
    expect(begun.body.confirmKey).toBeTypeOf('string')
  })

  it('belongs to whoever started it', async () => {
    const [bob, eve] = await Promise.all(['bob', 'eve'].map((user) => smh.mint('upload_file', { user_id: user })))
    const begun = await smh.call('PUT', `${base}/bob.txt?access_token=${bob}`)
    await bytes(begun, 'bob')
    const key = begun.body.confirmKey
    for (const [method, flag] of [
      ['POST', 'confirm'],
      ['GET', 'upload'],
      ['DELETE', 'upload'],
    ] as const) {
      expectFault(await smh.call(method, `${base}/${key}?${flag}&access_token=${eve}`), 403, 'UploadNotBelongYou')
    }
    const elsewhere = `/api/v1/file/${LIBRARY}/${smh.other}/${key}?confirm`
    expectFault(await smh.call('POST', elsewhere), 404, 'UploadNotFound')
    expect((await smh.call('POST', `${base}/${key}?confirm&access_token=${bob}`)).status).toBe(200)
  })

  it('keeps the right to overwrite from start to confirm', async () => {
    await smh.put('a.txt')
    const [starter, confirmer] = await Promise.all([
      smh.mint('begin_upload_force', { user_id: 'bob' }),
      smh.mint('confirm_upload', { user_id: 'bob' }),
    ])
    const overwrite = 'conflict_resolution_strategy=overwrite'
    const begun = await smh.call('PUT', `${base}/a.txt?${overwrite}&access_token=${starter}`)
    await bytes(begun, 'new')
    const done = await smh.call('POST', `${base}/${begun.body.confirmKey}?confirm&access_token=${confirmer}`)
    expect(done.body).toMatchObject({ path: ['a.txt'], size: '3', isOverwritten: true })

    const plain = await smh.mint('upload_file', { user_id: 'bob' })
    const weak = await smh.call('PUT', `${base}/a.txt?access_token=${plain}`)
    await bytes(weak, 'weak')
    const target = `${base}/${weak.body.confirmKey}?confirm&${overwrite}&access_token=${plain}`
    expectFault(await smh.call('POST', target), 403, 'NoPermission')
    expect(await smh.tree()).toEqual(['a.txt 3'])
  })
})

const MIB = 2 ** 20

describe('a multipart upload', () => {
  const begin = (path: string, sent = {}) => smh.call('POST', `${base}/${path}?multipart`, sent)

  it('takes parts in any order and again, and tells which are there', async () => {
    const begun = await begin('big.bin')
    expect(begun.status).toBe(201)
    const { uploadId, confirmKey } = begun.body
    const [first, second] = ['f'.repeat(MIB), 's'.repeat(MIB)]
    const part = (number: number, content: string) =>
      bytes(begun, content, `?partNumber=${number}&uploadId=${uploadId}`)
    await part(2, second)
    expectFault(await confirm(confirmKey), 400, 'MultipartUploadIncomplete')
    await part(1, 'wrong')
    await part(1, first)
    await part(3, 'third')

    const state = await smh.call('GET', `${base}/${confirmKey}?upload`)
    expect(state.body).toMatchObject({
      confirmed: false,
      path: ['big.bin'],
      type: 'file',
      conflictResolutionStrategy: 'rename',
      force: true,
      uploadId,
      uploadPartInfo: { uploadId, domain: begun.body.domain, headers: expect.any(Object) },
    })
    expect(state.body.parts).toEqual(
      [first, second, 'third'].map((content, before) => ({
        PartNumber: before + 1,
        LastModified: at(0),
        ETag: `"${md5(content)}"`,
        Size: content.length,
      })),
    )
    const brief = await smh.call('GET', `${base}/${confirmKey}?upload&no_upload_part_info=1`)
    expect(brief.body).not.toHaveProperty('uploadPartInfo')

    const done = await confirm(confirmKey)
    expect(done.body).toMatchObject({ path: ['big.bin'], size: String(2 * MIB + 5) })
    expect(done.body.eTag).toBe(`"${md5(`${first}${second}third`)}"`)
    const after = await smh.call('GET', `${base}/${confirmKey}?upload`)
    expect(after.body).toMatchObject({ confirmed: true, path: ['big.bin'] })
  })

  it('has small parts at its end only', async () => {
    const begun = await begin('small.bin')
    const { uploadId, confirmKey } = begun.body
    const part = (number: number, length: number) =>
      bytes(begun, 'x'.repeat(length), `?partNumber=${number}&uploadId=${uploadId}`)
    await Promise.all([part(1, MIB - 1), part(2, MIB), part(3, 1)])
    expectFault(await confirm(confirmKey), 400, 'MultipartUploadPartTooSmall')
    await part(1, MIB)
    expect((await confirm(confirmKey)).body).toMatchObject({ path: ['small.bin'], size: String(2 * MIB + 1) })
    const single = await begin('one.bin')
    await bytes(single, 'tiny', '?partNumber=1')
    expect((await confirm(single.body.confirmKey)).body).toMatchObject({ path: ['one.bin'], size: '4' })
  })

  it('is renewed when its address runs out', async () => {
    const begun = await begin('big.bin')
    now += 3 * 3600_000
    const late = await bytes(begun, 'x', '?partNumber=1')
    expect(late.status).toBe(403)
    expect(late.text).toContain('<Code>AccessDenied</Code>')
    expect(late.text).toContain('Request has expired')
    const renewed = await smh.call('POST', `${base}/${begun.body.confirmKey}?renew`, { body: {} })
    expect(renewed.status).toBe(200)
    expect(renewed.body).toMatchObject({
      uploadId: begun.body.uploadId,
      confirmKey: begun.body.confirmKey,
      headers: { Authorization: expect.any(String) },
    })
    expect((await bytes(renewed, 'x', '?partNumber=1')).status).toBe(200)
    expect((await confirm(begun.body.confirmKey)).status).toBe(200)
    expectFault(await smh.call('POST', `${base}/${begun.body.confirmKey}?renew`), 409, 'UploadComplete')
    const simple = await start('simple.txt')
    expectFault(await smh.call('POST', `${base}/${simple.body.confirmKey}?renew`), 400, 'ParamInvalid')
  })

  it('gives the headers of single parts to those who ask', async () => {
    const begun = await begin('big.bin', { body: { partNumberRange: '1-3,7' } })
    expect(Object.keys(begun.body.parts)).toEqual(['1', '2', '3', '7'])
    expect(begun.body).not.toHaveProperty('headers')
    const stored = await send(`http://${begun.body.domain}`, 'PUT', `${begun.body.path}?partNumber=7`, {
      body: 'x',
      headers: begun.body.parts[7].headers,
    })
    expect(stored.status).toBe(200)
    for (const partNumberRange of ['0', '1-101', '3-1', 'x', '1-60,70-120', '10001']) {
      expectFault(await begin('big.bin', { body: { partNumberRange } }), 400, 'ParamInvalid')
    }
  })

  it('is aborted', async () => {
    const begun = await begin('big.bin')
    await bytes(begun, 'x', '?partNumber=1')
    expect((await smh.call('DELETE', `${base}/${begun.body.confirmKey}?upload`)).status).toBe(204)
    expectFault(await confirm(begun.body.confirmKey), 404, 'UploadNotFound')
    expect((await bytes(begun, 'x', '?partNumber=1')).status).toBe(404)
    expect(await smh.tree()).toEqual([])
  })
})

describe('a file', () => {
  it('is downloaded over a redirect that needs no token', async () => {
    await smh.mkdir('d')
    await smh.put('d/ü.txt', 'content')
    const target = `${base}/d/${encodeURIComponent('ü.txt')}`
    const reply = await smh.call('GET', target)
    expect(reply.status).toBe(302)
    expect(reply.headers).toMatchObject({
      'x-smh-type': 'file',
      'x-smh-size': '7',
      'x-smh-etag': `"${md5('content')}"`,
      'x-smh-content-type': 'text/plain',
      'x-smh-creation-time': at(0),
    })
    const location = String(reply.headers.location)
    const file = await fetch(location)
    expect(await file.text()).toBe('content')
    expect(file.headers.get('content-disposition') ?? 'inline').toMatch(/^inline/)
    const range = await fetch(location, { headers: { range: 'bytes=1-3' } })
    expect([range.status, await range.text()]).toEqual([206, 'ont'])
    const saved = await fetch(
      String((await smh.call('GET', `${target}?content_disposition=attachment`)).headers.location),
    )
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment/)
    now += 3 * 3600_000
    expect((await fetch(location)).status).toBe(403)
  })

  it('tells of itself', async () => {
    await smh.put('a.docx', 'text')
    const info = await smh.call('GET', `${base}/a.docx?info&with_inode=1&period=60`)
    expect(info.status).toBe(200)
    expect(info.body).toMatchObject({
      type: 'file',
      size: '4',
      fileType: 'word',
      metaData: {},
      labels: [],
      versionId: 1,
    })
    expect(await (await fetch(info.body.cosUrl)).text()).toBe('text')
    now += 61_000
    expect((await fetch(info.body.cosUrl)).status).toBe(403)
    expect((await smh.call('GET', `${base}/a.docx?info&pre_check=1`)).body).not.toHaveProperty('cosUrl')
    const head = await smh.call('HEAD', `${base}/a.docx`)
    expect([head.status, head.text, head.headers['x-smh-size']]).toEqual([200, '', '4'])
    const found = await smh.call('GET', `/api/v1/inode/${LIBRARY}/${smh.space}/${info.body.inode}`)
    expect(found.body).toMatchObject({ path: ['a.docx'], size: '4' })
    expectFault(await smh.call('GET', `/api/v1/inode/${LIBRARY}/${smh.space}/${'0'.repeat(40)}`), 404, 'PathNotFound')
    const elsewhere = `/api/v1/inode/${LIBRARY}/${smh.other}/${info.body.inode}`
    expectFault(await smh.call('GET', elsewhere), 404, 'PathNotFound')
  })

  it('is not found where there is none, or where a directory is', async () => {
    await smh.mkdir('d')
    for (const path of ['nothing', 'd', 'd/nothing', 'nothing/deeper']) {
      expectFault(await smh.call('GET', `${base}/${path}`), 404, 'FileNotFound')
      expectFault(await smh.call('GET', `${base}/${path}?info`), 404, 'FileNotFound')
      expectFault(await smh.call('DELETE', `${base}/${path}`), 404, 'FileNotFound')
      const head = await smh.call('HEAD', `${base}/${path}`)
      expect([head.status, head.text]).toEqual([404, ''])
    }
    expectFault(await smh.call('GET', base), 400, 'EmptyPath')
    expectFault(await smh.call('GET', `${base}/d?info&period=59`), 404, 'FileNotFound')
    expect(await smh.tree()).toEqual(['d/'])
  })

  it('is copied and moved to where a directory is, and only there', async () => {
    await smh.mkdir('d')
    await smh.put('a.txt')
    const to = (path: string, body: object, query = '') => smh.call('PUT', `${base}/${path}?${query}`, { body })
    expect((await to('d/b.txt', { copyFrom: 'a.txt' })).body).toEqual({ path: ['d', 'b.txt'] })
    expect((await to('d/b.txt', { from: '/a.txt' })).body).toEqual({ path: ['d', 'b (1).txt'] })
    expectFault(await to('x/c.txt', { from: 'd/b.txt' }), 404, 'DirectoryNotFound')
    expectFault(await to('c.txt', { from: 'nothing' }), 404, 'SourceFileNotFound')
    expectFault(await to('c.txt', { from: 'd' }), 400, 'InvalidSourceFile')
    expectFault(await to('c.txt', { copyFrom: 'd' }), 400, 'InvalidSourceFile')
    expectFault(await to('c.txt', { from: '/' }), 400, 'InvalidSourceFile')
    expectFault(await to('c.txt', { from: 'd/../a.txt' }), 400, 'IllegalFileName')
    expectFault(await to('c.txt', { from: 1 }), 400, 'ParamInvalid')
    const ask = 'conflict_resolution_strategy=ask'
    const [ios, query] = ['conflict-resolution-strategy=ask', { from: 'd/b.txt' }]
    expectFault(await to('d/b (1).txt'.replaceAll(' ', '%20'), query, ask), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await to('d/b%20(1).txt', query, ios), 409, 'SameNameDirectoryOrFileExists')
    expect(await smh.tree()).toEqual(['d/', 'd/b (1).txt 5', 'd/b.txt 5'])
  })

  it('goes to the bin or for good', async () => {
    await smh.put('a.txt')
    await smh.put('b.txt')
    const binned = await smh.call('DELETE', `${base}/a.txt`)
    expect([binned.status, binned.body]).toEqual([200, { recycledItemId: expect.any(Number) }])
    expect((await smh.call('DELETE', `${base}/b.txt?permanent=1`)).status).toBe(204)
    expectFault(await smh.call('DELETE', `${base}/b.txt?permanent=sure`), 400, 'ParamInvalid')
    expect(await smh.tree()).toEqual([])
    await smh.put('c.txt')
    const drive = Number(smh.space) as never
    const off = { id: drive, set: { settings: { trash: false } } }
    await smh.engine.updateDrives(adminActor(smh.demo.tenant), [off])
    expect((await smh.call('DELETE', `${base}/c.txt`)).status).toBe(204)
    expectFault(await smh.call('GET', `/api/v1/recycled/${LIBRARY}/${smh.space}`), 400, 'RecycleBinNotEnabled')
  })

  it('cannot be what is not served, and the answer says so', async () => {
    await smh.put('a.txt')
    const cases: [method: string, query: string, body?: object][] = [
      ['PUT', 'convert', { convertFrom: 'a.docx' }],
      ['POST', 'uncompress'],
      ['GET', 'zip-preview'],
    ]
    for (const [method, query, body] of cases) {
      expectFault(await smh.call(method, `${base}/a.txt?${query}`, { body }), 400, 'FunctionNotEnabled')
    }
    expect(await smh.tree()).toEqual(['a.txt 5'])
  })
})

describe('a public space', () => {
  it('is read without a token, and only read', async () => {
    await smh.put('a.txt')
    const extension = `/api/v1/space/${LIBRARY}/${smh.space}/extension`
    const bare = (method: string, target: string, body?: unknown) => send(smh.url, method, target, { body })
    const listing = `/api/v1/directory/${LIBRARY}/${smh.space}`
    expectFault(await bare('GET', listing), 400, 'EmptyAccessToken')
    expect((await smh.call('POST', extension, { body: { isPublicRead: true } })).status).toBe(204)

    expect((await bare('GET', listing)).status).toBe(200)
    expect((await bare('GET', `${base}/a.txt`)).status).toBe(302)
    expect((await bare('HEAD', `${base}/a.txt`)).status).toBe(200)
    // A guest has no lists, and neither sees nor changes those of a token that is for no user.
    const recent = `/api/v1/recent/${LIBRARY}/${smh.space}/recently-used-file`
    expect((await bare('GET', `${base}/a.txt?purpose=preview`)).status).toBe(302)
    expect((await smh.call('POST', recent, { body: { filterActionBy: 'preview' } })).body.contents).toEqual([])
    const favorite = `/api/v1/favorite/${LIBRARY}/${smh.space}`
    expect((await smh.call('POST', favorite, { body: { path: 'a.txt' } })).status).toBe(200)
    expect((await bare('GET', `${listing}?with_favorite_status=1`)).body.contents[0].isFavorite).toBe(false)
    expectFault(await bare('POST', recent, {}), 400, 'EmptyAccessToken')
    expectFault(await bare('GET', `${favorite}/list`), 400, 'EmptyAccessToken')
    expectFault(await bare('POST', `${favorite}?cancel`, { path: 'a.txt' }), 400, 'EmptyAccessToken')
    const { confirmKey } = (await smh.call('PUT', `${base}/c.txt`)).body
    expectFault(await bare('GET', `${base}/${confirmKey}?upload`), 400, 'EmptyAccessToken')
    expectFault(await bare('DELETE', `${base}/a.txt`), 400, 'EmptyAccessToken')
    expectFault(await bare('PUT', `${base}/b.txt`), 400, 'EmptyAccessToken')
    expectFault(await bare('PUT', `${listing}/d`), 400, 'EmptyAccessToken')
    expectFault(await bare('GET', `/api/v1/directory/${LIBRARY}/${smh.other}`), 400, 'EmptyAccessToken')
    expect(await smh.tree()).toEqual(['a.txt 5'])
  })
})
