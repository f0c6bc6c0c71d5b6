/** Uploads, as the vendor's clients make them. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type Client, crc64, proofOf, putPart, send } from './client.ts'
import { startWorld, type World } from './world.ts'

const EMPTY_SHA1 = 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709'
let at = Date.UTC(2026, 10, 21, 12)
let world: World
let client: Client
let place: string
let count = 0

beforeAll(async () => {
  world = await startWorld({ clock: () => at })
  client = world.alice
})
afterAll(() => world.server.stop())
beforeEach(async () => {
  place = await client.folder(`place ${count++}`)
})

const code = (answer: Answer) => [answer.status, answer.body.code]
const create = (more: object = {}) =>
  client.call('/file/create', { parent_file_id: place, name: 'new.bin', type: 'file', ...more })
const parts = (...numbers: number[]) => numbers.map((part_number) => ({ part_number }))
const textOf = async (url: string) => (await fetch(url)).text()

test('a file sent in parts, in any order, is there after complete and not before', async () => {
  const bytes = randomBytes(3000)
  const { body } = await create({ size: 3000, part_info_list: parts(1, 2, 3), content_type: 'image/x-test' })
  expect(body).toMatchObject({
    domain_id: 'demo',
    drive_id: client.drive,
    parent_file_id: place,
    file_name: 'new.bin',
    type: 'file',
    exist: false,
    rapid_upload: false,
    status: 'uploading',
  })
  expect(body).not.toHaveProperty('name')
  expect(body.upload_id).toMatch(/^[0-9A-F]{32}$/)
  expect(body.part_info_list.map((part: { part_number: number }) => part.part_number)).toEqual([1, 2, 3])

  for (const i of [2, 0, 1]) {
    const put = await putPart(body.part_info_list[i].upload_url, bytes.subarray(i * 1000, (i + 1) * 1000))
    const md5 = createHash('md5')
      .update(bytes.subarray(i * 1000, (i + 1) * 1000))
      .digest('hex')
      .toUpperCase()
    expect([put.status, put.headers.get('etag')]).toEqual([200, `"${md5}"`])
    expect(put.headers.get('x-oss-hash-crc64ecma')).toBe(crc64(bytes.subarray(i * 1000, (i + 1) * 1000)))
  }
  expect(await client.list(place)).toEqual([])
  expect(code(await client.call('/file/get', { file_id: body.file_id }))).toEqual([404, 'NotFound.File'])

  const file = await client.ok('/file/complete', {
    file_id: body.file_id,
    upload_id: body.upload_id,
    crc64_hash: crc64(bytes),
  })
  expect(file).toMatchObject({
    file_id: body.file_id,
    name: 'new.bin',
    size: 3000,
    status: 'available',
    crc64_hash: crc64(bytes),
    content_hash: createHash('sha1').update(bytes).digest('hex').toUpperCase(),
    content_type: 'image/x-test',
    upload_id: body.upload_id,
  })
  expect(Buffer.from(await (await fetch(file.url)).arrayBuffer())).toEqual(bytes)
})

test('a small text is saved in the one part that comes unasked, and read by ranges and as a whole', async () => {
  const { body } = await create({ size: 3, check_name_mode: 'refuse' })
  expect(body.part_info_list).toMatchObject([{ part_number: 1, content_type: '' }])
  const { file_id, upload_id } = body
  const [{ upload_url, content_type }] = body.part_info_list
  const put = await putPart(upload_url, Buffer.from('abc'), content_type)
  expect(put.headers.get('x-oss-hash-crc64ecma')).toBe(crc64(Buffer.from('abc')))
  const part_info_list = [{ part_number: 1, etag: put.headers.get('etag') }]
  await client.ok('/file/complete', { file_id, upload_id, part_info_list })
  const shown = await client.ok('/file/get', { file_id })
  expect(await textOf(shown.url)).toBe('abc')
  const { url, method } = await client.ok('/file/get_download_url', { file_id, expire_sec: 300 })
  // Browsers leave a range open, Node names its end.
  const [open, closed] = await Promise.all(
    ['bytes=1-', 'bytes=1-1'].map((range) => send(url, { method, headers: { range } })),
  )
  expect([open!.status, open!.text, closed!.status, closed!.text]).toEqual([206, 'bc', 206, 'b'])
  expect(open!.headers.get('accept-ranges')).toBe('bytes')
  expect((await send(url)).headers.get('x-oss-hash-crc64ecma')).toBe(shown.crc64_hash)
})

test('URLs are matched by index: same length, same order as asked', async () => {
  const { body } = await create({ part_info_list: parts(3, 1, 2) })
  const { file_id, upload_id } = body
  expect(body.part_info_list.map((part: { part_number: number }) => part.part_number)).toEqual([3, 1, 2])
  const again = await client.ok('/file/get_upload_url', { file_id, upload_id, part_info_list: parts(2, 1) })
  expect(again).toMatchObject({ file_id, upload_id, create_at: new Date(at).toISOString() })
  expect(again.part_info_list.map((part: { part_number: number }) => part.part_number)).toEqual([2, 1])
  expect((await putPart(again.part_info_list[1].upload_url, Buffer.from('x'))).status).toBe(200)
})

test('completing twice shows the file again', async () => {
  const { body } = await create({ size: 1 })
  await putPart(body.part_info_list[0].upload_url, Buffer.from('x'))
  const { file_id, upload_id } = body
  const first = await client.ok('/file/complete', { file_id, upload_id })
  const second = await client.ok('/file/complete', { file_id, upload_id })
  expect([second.file_id, second.revision_id]).toEqual([first.file_id, first.revision_id])
  const both = await Promise.all([1, 2].map(() => client.call('/file/complete', { file_id, upload_id })))
  expect(both.map(({ status }) => status)).toEqual([200, 200])
  expect(await client.list(place)).toEqual(['new.bin'])
})

test('uploaded parts are listed page by page, with sizes and etags', async () => {
  const { body } = await create({ part_info_list: parts(1, 2, 3), parallel_upload: true })
  const { file_id, upload_id } = body
  for (const part of body.part_info_list) await putPart(part.upload_url, Buffer.from('ab'))
  const list = (more: object) => client.call('/file/list_uploaded_parts', { file_id, upload_id, ...more })
  const etag = `"${createHash('md5').update('ab').digest('hex').toUpperCase()}"`
  expect((await list({ limit: 1000 })).body).toEqual({
    file_id,
    upload_id,
    parallel_upload: true,
    uploaded_parts: [1, 2, 3].map((part_number) => ({ part_number, part_size: 2, etag })),
    next_part_number_marker: '',
  })
  const page = (await list({ limit: 1, part_number_marker: 1 })).body
  expect(page.uploaded_parts).toEqual([{ part_number: 2, part_size: 2, etag }])
  expect(page.next_part_number_marker).toBe('2')
  expect(code(await list({ part_number_marker: '' }))).toEqual([400, 'InvalidRequestJSONFormat'])
  expect(code(await list({ limit: 1001 }))).toEqual([400, 'InvalidParameter.Limit'])
})

test('an empty file with the hash of nothing is a rapid hit', async () => {
  const { status, body } = await create({ size: 0, content_hash: EMPTY_SHA1, content_hash_name: 'sha1' })
  expect(status).toBe(201)
  expect(body).toMatchObject({ rapid_upload: true, status: 'available', exist: false, file_name: 'new.bin' })
  expect(body).not.toHaveProperty('part_info_list')
  const file = await client.ok('/file/get', { file_id: body.file_id })
  expect([file.size, file.content_hash, await textOf(file.url)]).toEqual([0, EMPTY_SHA1, ''])
  expect(file.revision_id).toBe(body.revision_id)
})

test('an empty file without a hash is sent like any other', async () => {
  const { body } = await create({ size: 0 })
  expect(body.rapid_upload).toBe(false)
  await putPart(body.part_info_list[0].upload_url, Buffer.alloc(0))
  const file = await client.ok('/file/complete', { file_id: body.file_id, upload_id: body.upload_id })
  expect(file.size).toBe(0)
})

test('who knows a hash has not shown that he has the bytes: they must be sent', async () => {
  await client.upload('secret', 'secret bytes', { parent_file_id: place })
  const hash = createHash('sha1').update('secret bytes').digest('hex').toUpperCase()
  const file = { parent_file_id: 'root', name: 'x', type: 'file', size: 'secret bytes'.length }
  const rapid = await world.admin.call('/file/create', { ...file, content_hash: hash, content_hash_name: 'sha1' })
  expect(rapid.body).toMatchObject({ rapid_upload: false, status: 'uploading' })
  const started = await world.admin.call('/file/create', { ...file, pre_hash: hash })
  expect([started.status, started.body.rapid_upload]).toEqual([201, false])
})

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()

test('content one sees already need not be sent again, in parallel mode neither; it counts as a file of its own', async () => {
  const text = `known bytes ${Math.random()}`
  const first = await client.upload('known.txt', text, { parent_file_id: place })
  const used = async () => (await client.ok('/drive/get')).used_size
  const before = await used()
  const hit = { size: text.length, content_hash: sha1(text), content_hash_name: 'sha1', check_name_mode: 'ignore' }
  const again = await create({
    ...hit,
    parallel_upload: true,
    part_info_list: [{ part_number: 1, parallel_sha1_ctx: { h: [], part_offset: 0 } }],
  })
  expect([again.status, again.body]).toMatchObject([201, { rapid_upload: true, status: 'available', exist: false }])
  expect(again.body.part_info_list).toBeUndefined()
  const file = await client.ok('/file/get', { file_id: again.body.file_id })
  expect([await textOf(file.url), file.content_hash, file.revision_id]).toEqual([
    text,
    sha1(text),
    again.body.revision_id,
  ])
  expect(await used()).toBe(before + text.length)
  await client.ok('/file/delete', { file_id: first.file_id }, 204)
  await client.settle()
  expect(await textOf((await client.ok('/file/get', { file_id: file.file_id })).url)).toBe(text)
  expect((await create({ ...hit, size: text.length + 1 })).body.rapid_upload).toBe(false)
  expect(
    (
      await create({
        ...hit,
        content_hash_name: 'sha256',
        content_hash: createHash('sha256').update(text).digest('hex'),
      })
    ).body.rapid_upload,
  ).toBe(true)
})

test('a pre-hash asks whether the whole hash is worth making', async () => {
  const text = `${'begins alike '.repeat(100)}${Math.random()}`
  await client.upload('big.bin', text, { parent_file_id: place })
  const pre_hash = sha1(text.slice(0, 1024))
  const matched = await create({ size: text.length, pre_hash })
  expect([matched.status, matched.body]).toEqual([409, { code: 'PreHashMatched', message: 'Pre hash matched.' }])
  expect((await create({ size: text.length, pre_hash: sha1('others') })).status).toBe(201)
  expect((await create({ size: text.length + 1, pre_hash })).status).toBe(201)
  expect((await create({ size: 1, pre_hash: 'x' })).body.code).toBe('InvalidParameter.PreHash')
})

test('a proof of possession must be right, and is due where it is asked for', async () => {
  const text = `proven bytes ${Math.random()}`
  await client.upload('proven.txt', text, { parent_file_id: place })
  const hit = {
    size: text.length,
    content_hash: sha1(text),
    content_hash_name: 'sha1',
    check_name_mode: 'ignore',
    proof_version: 'v1',
  }
  expect((await create({ ...hit, proof_code: proofOf(client.token, text) })).body.rapid_upload).toBe(true)
  const wrong = await create({ ...hit, proof_code: proofOf(client.token, '!'.repeat(text.length)) })
  expect([wrong.status, wrong.body.code]).toEqual([400, 'InvalidRapidProof'])
  const due = { ...hit, parent_file_id: place, name: 'p', type: 'file' }
  const without = await client.call('/file/create_with_proof', due)
  expect([without.status, without.body.code]).toEqual([400, 'InvalidParameterMissing.ProofCode'])
  const proven = await client.call('/file/create_with_proof', { ...due, proof_code: proofOf(client.token, text) })
  expect([proven.status, proven.body.rapid_upload]).toEqual([201, true])
})

test('parts sent in any order keep the hash states they came with', async () => {
  const state = (offset: number) => ({ h: [1, 2, 3, 4, 5], part_offset: offset })
  const parts = [1, 2].map((part_number) => ({ part_number, parallel_sha1_ctx: state(64 * (part_number - 1)) }))
  const { body } = await create({ parallel_upload: true, part_info_list: parts })
  await putPart(body.part_info_list[1].upload_url, Buffer.from('second'))
  await putPart(body.part_info_list[0].upload_url, Buffer.from('first '))
  const { file_id, upload_id } = body
  const listed = await client.ok('/file/list_uploaded_parts', { file_id, upload_id })
  expect(listed).toMatchObject({ parallel_upload: true, uploaded_parts: parts })
  const file = await client.ok('/file/complete', { file_id, upload_id })
  expect(await textOf(file.url)).toBe('first second')
})

test('a completion that expects another latest revision is refused', async () => {
  const first = await client.upload('r.txt', 'one', { parent_file_id: place })
  const open = () => create({ file_id: first.file_id, size: 3 })
  const [one, two] = [(await open()).body, (await open()).body]
  const complete = async (session: Answer['body']) => {
    await putPart(session.part_info_list[0].upload_url, Buffer.from('two'))
    return client.call('/file/complete', {
      file_id: first.file_id,
      upload_id: session.upload_id,
      last_revision_id: first.revision_id,
    })
  }
  expect((await complete(one)).status).toBe(200)
  const late = await complete(two)
  expect([late.status, late.body.code]).toEqual([409, 'StateConflict.LastRevisionId'])
})

test('a clash under refuse shows the existing item and makes nothing', async () => {
  const folder = await client.folder('new.bin', place)
  const asFile = await create({ check_name_mode: 'refuse' })
  expect(asFile.status).toBe(201)
  expect(asFile.body).toMatchObject({ exist: true, file_id: folder, type: 'folder', file_name: 'new.bin' })
  expect(asFile.body).not.toHaveProperty('upload_id')
  const asFolder = await create({ type: 'folder', check_name_mode: 'refuse' })
  expect([asFolder.status, asFolder.body.exist, asFolder.body.file_id]).toEqual([201, true, folder])
  expect(await client.list(place)).toEqual(['new.bin'])
})

test('a clash under auto_rename appends the time, under ignore makes a twin', async () => {
  await client.upload('a.txt', '1', { parent_file_id: place })
  const renamed = await client.upload('a.txt', '2', { parent_file_id: place, check_name_mode: 'auto_rename' })
  expect(renamed.name).toMatch(/^a_\d{8}_\d{6}\.txt$/)
  const twin = await client.upload('a.txt', '3', { parent_file_id: place, check_name_mode: 'ignore' })
  expect(twin.name).toBe('a.txt')
  const folder = await create({ name: 'a.txt', type: 'folder', check_name_mode: 'auto_rename' })
  expect(folder.body.file_name).toMatch(/^a.*_\d{8}_\d{6}/)
  expect((await client.list(place)).filter((name) => name === 'a.txt')).toHaveLength(2)
})

test('the SDK’s overwrite: refused with the existing id, then uploaded as its next revision', async () => {
  const first = await client.upload('doc.txt', 'one', { parent_file_id: place })
  const clash = await client.upload('doc.txt', 'two', { parent_file_id: place })
  expect([clash.exist, clash.file_id]).toEqual([true, first.file_id])
  const second = await client.upload('doc.txt', 'second text', { parent_file_id: place, file_id: clash.file_id })
  expect([second.file_id, second.revision_version]).toEqual([first.file_id, 2])
  expect(second.revision_id).not.toBe(first.revision_id)
  expect(await textOf((await client.ok('/file/get', { file_id: first.file_id })).url)).toBe('second text')
  const emptied = await create({ name: 'doc.txt', file_id: first.file_id, size: 0, content_hash: EMPTY_SHA1 })
  expect(emptied.body).toMatchObject({ rapid_upload: true, file_id: first.file_id })
  expect((await client.ok('/file/get', { file_id: first.file_id })).size).toBe(0)
})

test('what is written beside the content arrives with it', async () => {
  const file = await client.upload('a.txt', 'a', {
    parent_file_id: place,
    description: 'about',
    labels: ['l'],
    hidden: true,
    user_meta: 'm',
    user_tags: [{ key: 'k', value: 'v' }],
    local_created_at: '2001-02-03T04:05:06+08:00',
  })
  expect(file).toMatchObject({
    description: 'about',
    labels: ['l'],
    hidden: true,
    user_meta: 'm',
    user_tags: { k: 'v' },
    local_created_at: '2001-02-02T20:05:06.000Z',
  })
})

test('bytes that are not those declared are refused at complete and nothing appears', async () => {
  const content_hash = createHash('sha1').update('right').digest('hex')
  const { body } = await create({ size: 5, content_hash })
  await putPart(body.part_info_list[0].upload_url, Buffer.from('wrong'))
  const ids = { file_id: body.file_id, upload_id: body.upload_id }
  expect(code(await client.call('/file/complete', ids))).toEqual([400, 'InvalidParameter.ContentHash'])

  const other = (await create({ size: 5 })).body
  await putPart(other.part_info_list[0].upload_url, Buffer.from('right'))
  const crc = { file_id: other.file_id, upload_id: other.upload_id, crc64_hash: crc64(Buffer.from('wrong')) }
  expect(code(await client.call('/file/complete', crc))).toEqual([400, 'InvalidParameter.ContentHash'])
  const short = (await create({ size: 9 })).body
  await putPart(short.part_info_list[0].upload_url, Buffer.from('right'))
  const answer = await client.call('/file/complete', { file_id: short.file_id, upload_id: short.upload_id })
  expect(code(answer)).toEqual([400, 'InvalidParameterNotMatch.Size'])
  expect(await client.list(place)).toEqual([])
})

test('missing parts, parts nobody sent and etags of other bytes are refused at complete', async () => {
  const { body } = await create({ part_info_list: parts(1, 2) })
  const complete = async (part_info_list?: object[]) =>
    code(await client.call('/file/complete', { file_id: body.file_id, upload_id: body.upload_id, part_info_list }))
  expect(await complete()).toEqual([400, 'InvalidParameterNotMatch.PartInfoList'])
  const put = await putPart(body.part_info_list[1].upload_url, Buffer.from('2'))
  expect(await complete()).toEqual([400, 'InvalidParameterNotMatch.PartInfoList'])
  await putPart(body.part_info_list[0].upload_url, Buffer.from('1'))
  expect(await complete(parts(1))).toEqual([400, 'InvalidParameterNotMatch.PartInfoList'])
  expect(await complete(parts(1, 2, 3))).toEqual([400, 'InvalidParameterNotMatch.PartInfoList'])
  const wrong = [
    { part_number: 1, etag: put.headers.get('etag') },
    { part_number: 2, etag: put.headers.get('etag') },
  ]
  expect(await complete(wrong)).toEqual([400, 'InvalidParameterNotMatch.PartInfoList'])
  expect(await client.list(place)).toEqual([])
  expect((await complete(parts(1, 2)))[0]).toBe(200)
})

test('unknown uploads, uploads of others and uploads under another file are NotFound.UploadId', async () => {
  const { body } = await create()
  const unknown = { file_id: body.file_id, upload_id: '0'.repeat(32) }
  const otherFile = { file_id: place, upload_id: body.upload_id }
  const otherDrive = { file_id: body.file_id, upload_id: body.upload_id, drive_id: world.admin.drive }
  for (const verb of ['complete', 'get_upload_url', 'list_uploaded_parts']) {
    for (const ids of [unknown, otherFile, otherDrive, { ...unknown, upload_id: 'x' }]) {
      expect(code(await client.call(`/file/${verb}`, ids))).toEqual([404, 'NotFound.UploadId'])
    }
    expect(code(await client.call(`/file/${verb}`, { file_id: body.file_id }))).toEqual([
      400,
      'InvalidParameterMissing.UploadId',
    ])
  }
  const theirs = (await world.admin.call('/file/create', { parent_file_id: 'root', name: 'x', type: 'file' })).body
  const stolen = await client.call('/file/complete', {
    drive_id: world.admin.drive,
    file_id: theirs.file_id,
    upload_id: theirs.upload_id,
  })
  expect(code(stolen)).toEqual([404, 'NotFound.UploadId'])
})

test('a completed upload has no more URLs to give', async () => {
  const { body } = await create({ size: 1 })
  await putPart(body.part_info_list[0].upload_url, Buffer.from('x'))
  const { file_id, upload_id } = body
  await client.ok('/file/complete', { file_id, upload_id })
  expect(code(await client.call('/file/get_upload_url', { file_id, upload_id }))).toEqual([409, 'AlreadyExist.File'])
  const late = await putPart(body.part_info_list[0].upload_url, Buffer.from('y'))
  expect(late.status).toBe(409)
})

test('an upload URL is good for 900 seconds; then it says so in the words the SDK looks for', async () => {
  const { body } = await create({ size: 1 })
  at += 900_000
  const put = await putPart(body.part_info_list[0].upload_url, Buffer.from('x'))
  expect(put.status).toBe(403)
  expect(put.text).toMatch(/^<\?xml/)
  expect(put.text).toContain('AccessDenied')
  expect(put.text).toContain('expired')
  const { part_info_list } = await client.ok('/file/get_upload_url', {
    file_id: body.file_id,
    upload_id: body.upload_id,
    part_info_list: parts(1),
  })
  expect((await putPart(part_info_list[0].upload_url, Buffer.from('x'))).status).toBe(200)
})

test('the quota is asked at create and again at complete', async () => {
  const drive = (
    await world.admin.ok(
      '/drive/create',
      { drive_name: 'small', owner: 'alice', owner_type: 'user', total_size: 10 },
      201,
    )
  ).drive_id
  const small = (more: object) =>
    client.call('/file/create', { drive_id: drive, parent_file_id: 'root', name: `f${count++}`, type: 'file', ...more })
  expect(code(await small({ size: 11 }))).toEqual([403, 'QuotaExhausted.Drive'])
  const undeclared = (await small({})).body
  await putPart(undeclared.part_info_list[0].upload_url, Buffer.from('eleven byte'))
  const ids = { drive_id: drive, file_id: undeclared.file_id, upload_id: undeclared.upload_id }
  expect(code(await client.call('/file/complete', ids))).toEqual([403, 'QuotaExhausted.Drive'])
  const fits = (await small({ size: 10 })).body
  await putPart(fits.part_info_list[0].upload_url, Buffer.from('ten bytes.'))
  await client.ok('/file/complete', { drive_id: drive, file_id: fits.file_id, upload_id: fits.upload_id })
  expect((await client.ok('/drive/get', { drive_id: drive })).used_size).toBe(10)
  const copy = await client.call('/file/copy', {
    drive_id: drive,
    file_id: fits.file_id,
    to_parent_file_id: 'root',
    auto_rename: true,
  })
  expect(code(copy)).toEqual([403, 'QuotaExhausted.Drive'])
})

test('create refuses what is not a file or a folder, bad names, parts, sizes and hashes', async () => {
  const refused = async (more: object) => code(await create(more))
  expect(await refused({ type: undefined })).toEqual([400, 'InvalidParameterMissing.Type'])
  expect(await refused({ type: 'link' })).toEqual([400, 'InvalidParameter.Type'])
  expect(await refused({ name: undefined })).toEqual([400, 'InvalidParameterMissing.Name'])
  expect(await refused({ name: 'a/b' })).toEqual([400, 'InvalidParameter.Name'])
  expect(await refused({ name: 'a/b', type: 'folder' })).toEqual([400, 'InvalidParameter.Name'])
  expect(await refused({ name: 'x'.repeat(1025) })).toEqual([400, 'InvalidParameter.Name'])
  expect(await refused({ parent_file_id: undefined })).toEqual([400, 'InvalidParameterMissing.ParentFileId'])
  expect(await refused({ parent_file_id: 'f'.repeat(40) })).toEqual([404, 'NotFound.File'])
  expect(await refused({ size: -1 })).toEqual([400, 'InvalidParameter.Size'])
  expect(await refused({ size: '3' })).toEqual([400, 'InvalidParameter.Size'])
  expect(await refused({ content_hash: 'zz' })).toEqual([400, 'InvalidParameter.ContentHash'])
  expect(await refused({ content_hash: EMPTY_SHA1, content_hash_name: 'md4' })).toEqual([
    400,
    'InvalidParameter.ContentHashName',
  ])
  expect(await refused({ part_info_list: parts(1, 1) })).toEqual([400, 'InvalidParameter.PartInfoList'])
  expect(await refused({ part_info_list: parts(0) })).toEqual([400, 'InvalidParameter.PartNumber'])
  expect(await refused({ part_info_list: parts(10_001) })).toEqual([400, 'InvalidParameter.PartNumber'])
  expect(await refused({ part_info_list: [{}] })).toEqual([400, 'InvalidParameterMissing.PartNumber'])
  expect(await refused({ part_info_list: [7] })).toEqual([400, 'InvalidParameter.PartInfoList'])
  const many = parts(...Array.from({ length: 10_001 }, (_, i) => i + 1))
  expect(await refused({ part_info_list: many })).toEqual([400, 'InvalidParameterOutOfRange.PartInfoList'])
  expect(await client.list(place)).toEqual([])
})

test('ten thousand parts, as many as there may be, get their URLs', async () => {
  const list = Array.from({ length: 10_000 }, (_, i) => ({
    part_number: i + 1,
    part_size: 10_485_824,
    parallel_sha1_ctx: { h: [1, 2, 3, 4, 5], part_offset: i * 64 },
  }))
  const { status, body } = await create({ part_info_list: list, parallel_upload: true })
  expect([status, body.part_info_list.length]).toEqual([201, 10_000])
})

test('a body beyond all bounds is refused in JSON', async () => {
  const answer = await client.raw('/file/create', `{"name":"${'x'.repeat(17 * 1024 * 1024)}"}`).catch(() => null)
  // The connection may be cut while the client still sends; what came back, if anything, is the vendor's shape.
  if (answer) expect(code(answer)).toEqual([400, 'InvalidParameterOutOfRange.Body'])
  expect((await client.call('/file/get', { file_id: place })).status).toBe(200)
})

test('files are created and completed through batch as through their own endpoints', async () => {
  const children = ['a', 'b', 'empty'].map((name) => ({
    url: '/file/create',
    body: {
      parent_file_id: place,
      name,
      type: 'file',
      ...(name === 'empty' ? { size: 0, content_hash: EMPTY_SHA1 } : { size: 1 }),
    },
  }))
  const { responses } = (await client.batch(children)).body
  expect(responses.map(({ status, body }: Answer) => [status, body.rapid_upload])).toEqual([
    [201, false],
    [201, false],
    [201, true],
  ])
  await Promise.all([0, 1].map((i) => putPart(responses[i].body.part_info_list[0].upload_url, Buffer.from('x'))))
  const completed = await client.batch(
    [0, 1].map((i) => ({
      url: '/file/complete',
      body: { file_id: responses[i].body.file_id, upload_id: responses[i].body.upload_id },
    })),
  )
  expect(completed.body.responses.map(({ status, body }: Answer) => [status, body.name])).toEqual([
    [200, 'a'],
    [200, 'b'],
  ])
  expect(await client.list(place)).toEqual(['a', 'b', 'empty'])
})

test('the content type a client sends with a part does not matter, also when it is empty', async () => {
  for (const type of ['', 'application/octet-stream', 'application/json', 'not a type']) {
    const { body } = await create({ size: 2, check_name_mode: 'ignore' })
    const put = await send(body.part_info_list[0].upload_url, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: '{}',
    })
    expect([type, put.status]).toEqual([type, 200])
  }
})

test('what is on its way is listed as uploading, in its folder and below, until it is there', async () => {
  const inner = await client.folder('inner', place)
  const { body: first } = await create({ name: 'a.jpg', size: 3 })
  const { body: second } = await create({ name: 'b.txt', size: 4, parent_file_id: inner })
  const { body: third } = await create({ name: 'c.txt', size: 5 })
  const uploading = async (url: string, more: object = {}) => {
    const asked = { parent_file_id: place, status: 'uploading', ...more }
    const { items, next_marker } = await client.ok(url, asked)
    return { items, next_marker, names: items.map(({ name }: { name: string }) => name).sort() }
  }
  const { items, names } = await uploading('/file/list')
  expect(names).toEqual(['a.jpg', 'c.txt'])
  const shown = items.find(({ name }: { name: string }) => name === 'a.jpg')
  expect(shown).toMatchObject({
    ...{ drive_id: client.drive, file_id: first.file_id, upload_id: first.upload_id, parent_file_id: place },
    ...{ type: 'file', status: 'uploading', size: 3, category: 'image', creator_id: 'alice' },
  })
  expect(shown).not.toHaveProperty('url')
  expect((await uploading('/file/walk')).names).toEqual(['a.jpg', 'b.txt', 'c.txt'])
  expect((await uploading('/file/list', { category: 'image' })).names).toEqual(['a.jpg'])
  expect((await uploading('/file/list', { type: 'folder' })).names).toEqual([])
  const page = await uploading('/file/walk', { limit: 2 })
  const rest = await uploading('/file/walk', { limit: 2, marker: page.next_marker })
  expect([...page.names, ...rest.names].sort()).toEqual(['a.jpg', 'b.txt', 'c.txt'])
  expect([page.names.length, rest.next_marker]).toEqual([2, ''])
  expect(await client.list(place)).toEqual(['inner'])
  expect(code(await client.call('/file/list', { parent_file_id: place, status: 'uploading', marker: 'x' }))).toEqual([
    400,
    'InvalidParameter.Marker',
  ])

  // To whoever may not list the folder nothing is on its way.
  const stranger = await world.admin.ok('/user/create', { user_id: 'stranger' }, 201)
  const other = await world.clientOf(stranger.user_id, client.drive)
  expect(code(await other.call('/file/list', { parent_file_id: place, status: 'uploading' }))).toEqual([
    403,
    'ForbiddenNoPermission.File',
  ])

  await putPart(second.part_info_list[0].upload_url, Buffer.from('four'))
  await client.ok('/file/complete', { file_id: second.file_id, upload_id: second.upload_id })
  expect((await uploading('/file/walk')).names).toEqual(['a.jpg', 'c.txt'])
  await putPart(third.part_info_list[0].upload_url, Buffer.from('f'))
  expect((await uploading('/file/list')).names).toEqual(['a.jpg', 'c.txt'])
  await client.ok('/recyclebin/trash', { file_id: inner }, 204)
  at += 11 * 24 * 3600 * 1000
  client = await world.clientOf('alice', client.drive)
  expect((await uploading('/file/list')).names).toEqual([])
})
