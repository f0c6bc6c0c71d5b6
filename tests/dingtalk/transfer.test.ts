/** Bytes up and down: whole, in parts, by space and by uuid. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Dentry,
  otherTenant,
  put,
  type Session,
  type SignatureInfo,
  sha256,
  startSession,
  type UploadInfo,
} from './session.ts'

let session: Session
let space: string
let offsetMs = 0

beforeAll(async () => {
  session = await startSession({ clock: () => Date.now() + offsetMs })
  space = session.spaces.admin
})
afterAll(() => session.stop())

const MIB = 1024 * 1024
const open = (option: object = {}, more: object = {}) =>
  session.call<UploadInfo>('getFileUploadInfo', [space], { protocol: 'HEADER_SIGNATURE', option, ...more })
const commit = (uploadKey: string, name: string, more: object = {}) =>
  session.call<{ dentry: Dentry }>('commitFile', [space], { uploadKey, name, parentId: '0', ...more })
const commitRefused = async (uploadKey: string, name: string, more: object = {}) =>
  (await session.refused('commitFile', [space], { uploadKey, name, parentId: '0', ...more })).code

describe('an upload', () => {
  it('is told where to send the bytes, with the headers clients look for', async () => {
    const info = await open({}, { multipart: false })
    expect(info).toEqual({
      uploadKey: expect.stringMatching(/^[0-9a-f]{32}$/),
      storageDriver: 'DINGTALK',
      protocol: 'HEADER_SIGNATURE',
      headerSignatureInfo: {
        resourceUrls: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//)],
        internalResourceUrls: info.headerSignatureInfo.resourceUrls,
        headers: {
          Authorization: expect.stringMatching(/^OSS dingdemo:[\w-]{22}$/),
          'x-oss-date': expect.stringMatching(/ GMT$/),
        },
        expirationSeconds: 900,
        region: 'UNKNOWN',
      },
    })
    const answer = await put(info.headerSignatureInfo, Buffer.from('abc'))
    expect(answer.headers.get('x-oss-request-id')).toBeTruthy()
  })

  it.each([0, 3, MIB + 1, 50 * MIB])('of %i bytes comes back byte for byte', async (size) => {
    const bytes = randomBytes(size)
    const file = await session.file(space, '0', `${size} bytes.bin`, bytes, { size })
    expect(file).toMatchObject({ size, version: 1, extension: 'bin', category: 'OTHER', name: `${size} bytes.bin` })
    expect(sha256(await session.download(space, file.id))).toBe(sha256(bytes))
  })

  it.each(['', 'application/json', 'nonsense'])('is taken whatever Content-Type it claims: "%s"', async (type) => {
    // The vendor's pages tell clients to send the header empty.
    const { uploadKey, headerSignatureInfo } = await open()
    await put(headerSignatureInfo, Buffer.from('typed'), { 'Content-Type': type })
    const { dentry } = await commit(uploadKey, 'typed.txt')
    expect(String(await session.download(space, dentry.id))).toBe('typed')
  })

  it('joins parts in the order of their numbers, however they were sent', async () => {
    const { uploadKey, storageDriver } = await session.call<UploadInfo>('initMultipartFileUpload', [space], {
      option: { storageDriver: 'DINGTALK', preCheckParam: { size: 5 * MIB + 7, name: 'joined.bin', parentId: '0' } },
    })
    expect(storageDriver).toBe('DINGTALK')
    const parts = [1, 2, 3, 4, 5].map(() => randomBytes(MIB)).concat(randomBytes(7))
    const numbers = [6, 2, 5, 1, 4, 3]
    const { multipartHeaderSignatureInfos: infos } = await session.call<{
      multipartHeaderSignatureInfos: { partNumber: number; headerSignatureInfo: SignatureInfo }[]
    }>('getMultipartFileUploadInfos', [], { uploadKey, partNumbers: numbers })
    expect(infos.map(({ partNumber }) => partNumber)).toEqual(numbers)
    await Promise.all(
      infos.map(({ partNumber, headerSignatureInfo }) => put(headerSignatureInfo, parts[partNumber - 1] ?? parts[0]!)),
    )
    const { dentry } = await commit(uploadKey, 'joined.bin', { option: { size: 5 * MIB + 7 } })
    expect(dentry.size).toBe(5 * MIB + 7)
    expect(sha256(await session.download(space, dentry.id))).toBe(sha256(Buffer.concat(parts)))
  })

  it('adds a version under OVERWRITE, or to the dentry that is named', async () => {
    const file = await session.file(space, '0', 'versions.txt', Buffer.from('one'))
    const option = { conflictStrategy: 'OVERWRITE' }
    expect(await session.file(space, '0', 'versions.txt', Buffer.from('two'), option)).toMatchObject({
      id: file.id,
      version: 2,
    })
    const { uploadKey, headerSignatureInfo } = await open()
    await put(headerSignatureInfo, Buffer.from('three'))
    const path = `/v1.0/storage/spaces/${space}/files/commit?unionId=admin`
    const body = { uploadKey, name: 'versions.txt', parentId: '0', overwriteDentryId: file.id }
    expect((await session.raw('POST', path, { body })).body).toMatchObject({ dentry: { id: file.id, version: 3 } })
    const texts = await Promise.all([1, 2, 3].map((version) => session.download(space, file.id, { version })))
    expect(texts.map(String)).toEqual(['one', 'two', 'three'])
    expect((await session.refused('getFileDownloadInfo', [space, file.id], { option: { version: 4 } })).code).toBe(
      'dentryNotExist',
    )
  })

  it('takes a free name unless told otherwise', async () => {
    await session.file(space, '0', 'free.tar.gz')
    expect(await session.file(space, '0', 'free.tar.gz')).toMatchObject({ name: 'free.tar(1).gz' })
  })
})

describe('an upload by uuid', () => {
  it('lands in the folder of that uuid', async () => {
    const folder = await session.folder(space, '0', 'by uuid')
    const option = { preCheckParam: { name: 'v2.txt', size: 2 } }
    const fields = { protocol: 'HEADER_SIGNATURE', option }
    const info = await session.call<UploadInfo>('getFileUploadInfo', [folder.uuid], fields, 'storage2')
    await put(info.headerSignatureInfo, Buffer.from('v2'))
    const { uploadKey } = info
    const answer = await session.call('commitFile', [folder.uuid], { uploadKey, name: 'v2.txt' }, 'storage2')
    expect(answer).toMatchObject({ dentry: { parentId: folder.id, size: 2, path: '/by uuid/v2.txt' } })
  })

  it('refuses what is no folder’s uuid', async () => {
    const file = await session.file(space, '0', 'no folder')
    const theirs = await otherTenant(session)
    const code = async (uuid: string) =>
      (await session.refused('getFileUploadInfo', [uuid], { protocol: 'HEADER_SIGNATURE' }, 'storage2')).code
    expect(await code('f'.repeat(32))).toBe('paramError.parentDentryUuid')
    expect(await code('x')).toBe('paramError.parentDentryUuid')
    expect(await code(file.uuid)).toBe('paramError.parentDentryUuid')
    expect(await code(theirs.uuid)).toBe('dentryNotExist')
  })
})

describe('an upload that is refused', () => {
  it('has a wrong protocol, driver, size or digest', async () => {
    const wrong: [object, string][] = [
      [{ protocol: 'FTP' }, 'paramError.protocol'],
      [{ option: { storageDriver: 'ALIDOC' } }, 'paramError.storageDriver'],
      [{ option: { preCheckParam: { size: -1 } } }, 'paramError'],
      [{ option: { preCheckParam: { md5: 'm' } } }, 'paramError'],
      [{ option: { preCheckParam: { name: 'a|b', parentId: '0' } } }, 'dentryNameIllegal'],
      [{ option: { preCheckParam: { parentId: '999999999999' } } }, 'dentryNotExist'],
      [{ option: { preCheckParam: { parentId: 'x' } } }, 'paramError.parentId'],
    ]
    const send = ([more]: [object, string]) =>
      session.refused('getFileUploadInfo', [space], { protocol: 'HEADER_SIGNATURE', ...more })
    expect((await Promise.all(wrong.map(send))).map(({ code }) => code)).toEqual(wrong.map(([, code]) => code))
    const path = `/v1.0/storage/spaces/${space}/files/uploadInfos/query?unionId=admin`
    expect((await session.raw('POST', path, { body: { multipart: 1, protocol: 'HEADER_SIGNATURE' } })).body.code).toBe(
      'paramError.multipart',
    )
    expect((await session.raw('POST', path, { body: {} })).body.code).toBe('Missingprotocol')
  })

  it('is larger than the quota, before the bytes are sent and again at the commit', async () => {
    const quota = (bytes: number | null) =>
      session.engine.setQuotas(session.admin.tenant, [{ kind: 'drive', key: space, quota: bytes }])
    const { uploadKey, headerSignatureInfo } = await open()
    await put(headerSignatureInfo, Buffer.from('abc'))
    await quota(1)
    const fields = { protocol: 'HEADER_SIGNATURE', option: { preCheckParam: { size: 2 } } }
    expect((await session.refused('getFileUploadInfo', [space], fields)).code).toBe('spaceQuotaInsufficient')
    const before = await session.picture()
    expect(await commitRefused(uploadKey, 'too big')).toBe('spaceQuotaInsufficient')
    expect(await session.picture()).toEqual(before)
    await quota(null)
    expect(await commit(uploadKey, 'fits')).toMatchObject({ dentry: { size: 3 } })
  })

  it('commits an unknown, used, unfinished or wrongly declared upload', async () => {
    const { uploadKey, headerSignatureInfo } = await open({ preCheckParam: { md5: 'a'.repeat(32) } })
    const before = await session.picture()
    expect(await commitRefused('f'.repeat(32), 'x')).toBe('paramError.uploadKey')
    expect(await commitRefused('x', 'x')).toBe('paramError.uploadKey')
    expect(await commitRefused(uploadKey, 'x')).toBe('dentryStoreError')
    await put(headerSignatureInfo, Buffer.from('other bytes'))
    expect(await commitRefused(uploadKey, 'x')).toBe('dentryStoreError')
    const sized = await open()
    await put(sized.headerSignatureInfo, Buffer.from('abc'))
    expect(await commitRefused(sized.uploadKey, 'x', { option: { size: 4 } })).toBe('dentryStoreError')
    expect(await commitRefused(sized.uploadKey, 'a*')).toBe('dentryNameIllegal')
    expect(await commitRefused(sized.uploadKey, 'x', { parentId: '999999999999' })).toBe('dentryNotExist')
    expect(await commitRefused(sized.uploadKey, 'x', { unionId: 'alice' })).toBe('paramError.uploadKey')
    expect(await session.picture()).toEqual(before)
    await commit(sized.uploadKey, 'used')
    expect(await commitRefused(sized.uploadKey, 'used')).toBe('paramError.uploadKey')
  })

  it('is committed into another space', async () => {
    const { uploadKey, headerSignatureInfo } = await open()
    await put(headerSignatureInfo, Buffer.from('abc'))
    const fields = { uploadKey, name: 'x', parentId: '0' }
    expect((await session.refused('commitFile', [session.spaces.alice], fields)).code).toBe('paramError.uploadKey')
  })

  it('asks for parts that cannot be', async () => {
    const { uploadKey } = await session.call<UploadInfo>('initMultipartFileUpload', [space])
    const code = async (partNumbers: unknown, key = uploadKey) =>
      (
        await session.raw('POST', '/v1.0/storage/spaces/files/multiPartUploadInfos/query?unionId=admin', {
          body: { uploadKey: key, partNumbers },
        })
      ).body.code
    for (const wrong of [[], [0], [10_001], [1.5], ['1'], Array.from({ length: 31 }, (_, i) => i + 1), 1])
      expect(await code(wrong)).toBe('paramError.partNumbers')
    expect(await code([1], 'f'.repeat(32))).toBe('paramError.uploadKey')
  })
})

describe('a download', () => {
  it('gives ranges and refuses a URL that was changed', async () => {
    const bytes = randomBytes(1000)
    const file = await session.file(space, '0', 'ranges.bin', bytes)
    const { headerSignatureInfo: info } = await session.call<UploadInfo>('getFileDownloadInfo', [space, file.id])
    const url = info.resourceUrls[0] ?? ''
    const part = await fetch(url, { headers: { ...info.headers, Range: 'bytes=10-19' } })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20))
    const dot = url.indexOf('.', url.indexOf('/transfer/'))
    const flipped = `${url.slice(0, dot + 1)}${url[dot + 1] === 'A' ? 'B' : 'A'}${url.slice(dot + 2)}`
    expect((await fetch(flipped)).status).toBe(403)
  })

  it('closes its URL after fifteen minutes', async () => {
    const file = await session.file(space, '0', 'late.txt', Buffer.from('late'))
    const { headerSignatureInfo: info } = await session.call<UploadInfo>('getFileDownloadInfo', [space, file.id])
    offsetMs = 901_000
    const answer = await fetch(info.resourceUrls[0] ?? '', { headers: info.headers })
    offsetMs = 0
    expect(answer.status).toBe(403)
  })

  it('is of files only, and for those who may', async () => {
    const folder = await session.folder(space, '0', 'no bytes')
    const file = await session.file(space, folder.id, 'secret.txt')
    const code = async (id: string, unionId = 'admin') =>
      (await session.refused('getFileDownloadInfo', [space, id], { unionId })).code
    expect(await session.refused('getFileDownloadInfo', [space, folder.id])).toMatchObject({
      statusCode: 400,
      code: 'operationNotSupported',
    })
    expect(await code('0')).toBe('operationNotSupported')
    expect(await code(file.id, 'alice')).toBe('permissionDenied')
    expect(await code('999999999999')).toBe('dentryNotExist')
  })
})
