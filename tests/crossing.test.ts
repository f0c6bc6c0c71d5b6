/** The point of it all: one tree of files, seen by every dialect at once. */
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

type Body = Record<string, unknown>

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Body }
}

async function dingtalk() {
  const { body } = await call('POST', '/v1.0/oauth2/accessToken', { appKey: 'dingdemo', appSecret: 'dingdemo-secret' })
  const headers = { 'x-acs-dingtalk-access-token': body.accessToken as string }
  return (method: string, path: string, given?: unknown) => {
    const glue = path.includes('?') ? '&' : '?'
    return call(method, `/v1.0/storage${path}${glue}unionId=admin`, given, headers)
  }
}

async function wps() {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'AKDEMO', client_secret: 'SKDEMO' })
  const response = await fetch(`${server.url}/openapi/oauth2/token`, { method: 'POST', body: form })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return async (ids: string[]) => {
    const { body } = await call(
      'POST',
      '/openapi/v7/files/batch_get_meta',
      { file_ids: ids },
      { authorization: `Bearer ${token}` },
    )
    return (body.data as { items: Body[] }).items
  }
}

async function pds() {
  const key = await importPKCS8(server.demo.pds.privateKey, 'RS256')
  const assertion = await new SignJWT({ sub: 'admin', sub_type: 'user', jti: `${Math.random()}` })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('demo-pds')
    .setAudience('demo')
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key)
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    client_id: 'demo-pds',
    assertion,
  })
  const response = await fetch(`${server.url}/v2/oauth/token`, { method: 'POST', body: form })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return async (url: string, body: Body) => {
    const answer = await call(
      'POST',
      '/v2/batch',
      {
        resource: 'file',
        requests: [{ id: '1', method: 'POST', url, headers: { 'Content-Type': 'application/json' }, body }],
      },
      { authorization: `Bearer ${token}` },
    )
    return (answer.body.responses as { status: number; body: Body }[])[0]!
  }
}

async function smh() {
  const query = 'library_id=smhdemo&library_secret=smhdemo-secret&grant=admin&user_id=admin'
  const { body } = await call('GET', `/api/v1/token?${query}`)
  return (method: string, path: string, given?: unknown) => {
    const glue = path.includes('?') ? '&' : '?'
    return call(method, `/api/v1${path}${glue}access_token=${body.accessToken}`, given)
  }
}

it('a file uploaded by DingTalk is read by WPS, moved by PDS, renamed by SMH and removed by DingTalk, each seeing it at once', async () => {
  const [ding, meta, drive, media] = await Promise.all([dingtalk(), wps(), pds(), smh()])
  const space = String(server.demo.drives.admin)

  // DingTalk: a folder, and a file beside it.
  const folder = await ding('POST', `/spaces/${space}/dentries/0/folders`, { name: 'target' })
  const { dentry: target } = folder.body as { dentry: { id: string; uuid: string } }
  const info = await ding('POST', `/spaces/${space}/files/uploadInfos/query`, {
    protocol: 'HEADER_SIGNATURE',
    multipart: false,
  })
  const { uploadKey, headerSignatureInfo } = info.body as {
    uploadKey: string
    headerSignatureInfo: { resourceUrls: string[]; headers: Record<string, string> }
  }
  const put = await fetch(headerSignatureInfo.resourceUrls[0]!, {
    method: 'PUT',
    headers: headerSignatureInfo.headers,
    body: 'one tree of files',
  })
  expect(put.status).toBe(200)
  const commit = await ding('POST', `/spaces/${space}/files/commit`, { uploadKey, name: 'report.txt', parentId: '0' })
  const { dentry } = commit.body as { dentry: { id: string; uuid: string } }

  // WPS reads it, under the file id that PDS will use too.
  const fileId = server.engine.ids.fileId(server.engine.ids.parseUuid(dentry.uuid)!)
  const folderId = server.engine.ids.fileId(server.engine.ids.parseUuid(target.uuid)!)
  const [read] = await meta([fileId])
  expect(read).toMatchObject({
    id: fileId,
    drive_id: space,
    parent_id: '0',
    name: 'report.txt',
    size: 17,
    type: 'file',
  })
  expect(read!.created_by).toMatchObject({ id: 'admin', type: 'user' })

  // PDS moves it into the folder.
  const moved = await drive('/file/move', { drive_id: space, file_id: fileId, to_parent_file_id: folderId })
  expect(moved).toMatchObject({ status: 200, body: { file_id: fileId } })
  expect(await meta([fileId])).toMatchObject([{ parent_id: folderId, name: 'report.txt' }])

  // SMH renames it by path.
  const renamed = await media('POST', `/batch/smhdemo/${space}?move`, [
    { from: 'target/report.txt', to: 'target/final.txt' },
  ])
  expect(renamed).toEqual({
    status: 200,
    body: {
      result: [
        { status: 200, path: ['target', 'final.txt'], from: ['target', 'report.txt'], to: ['target', 'final.txt'] },
      ],
    },
  })
  expect(await drive('/file/get', { drive_id: space, file_id: fileId })).toMatchObject({
    status: 200,
    body: { name: 'final.txt', parent_file_id: folderId },
  })
  const listed = await ding('GET', `/spaces/${space}/dentries?parentId=${target.id}`)
  expect(listed.body.dentries).toMatchObject([{ id: dentry.id, name: 'final.txt', path: '/target/final.txt' }])

  // DingTalk removes it, and it is gone for everybody.
  const removed = await ding('POST', `/spaces/${space}/dentries/batchRemove`, {
    dentryIds: [dentry.id],
    option: { toRecycleBin: true },
  })
  expect(removed.body).toEqual({ resultItems: [{ spaceId: space, dentryId: dentry.id, async: false, success: true }] })
  expect(await meta([fileId])).toEqual([])
  const gone = await media('GET', `/file/smhdemo/${space}/target/final.txt?info`)
  expect(gone).toMatchObject({ status: 404, body: { code: 'FileNotFound' } })
  const bin = await media('GET', `/recycled/smhdemo/${space}`)
  expect(bin.body.contents).toMatchObject([{ name: 'final.txt', originalPath: ['target', 'final.txt'] }])
  expect(await drive('/file/get', { drive_id: space, file_id: fileId })).toMatchObject({ body: { trashed: true } })
})
