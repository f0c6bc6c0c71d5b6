/** What one may not do alone one may not do in a batch either, and a refusal changes nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACTIONS, type NodeId, type Op, StorageError, type WriteTx } from '../../src/engine/index.ts'
import type { Answer, Client } from './client.ts'
import { addTenant, startWorld, type World } from './world.ts'

let world: World
let admin: Client
let alice: Client
let file: string
let folder: string
let binned: string
let upload: { file_id: string; upload_id: string }
let failing: unknown = null

beforeAll(async () => {
  world = await startWorld({
    wrapStore: (store) => ({
      ...store,
      write: (fn) => store.write((tx) => (failing ? failedWrite(fn, tx) : fn(tx))),
    }),
  })
  ;({ admin, alice } = world)
  folder = await admin.folder('folder')
  file = (await admin.upload('file.txt', 'content', { user_tags: [{ key: 'k', value: 'v' }] })).file_id
  binned = (await admin.upload('binned.txt', 'content')).file_id
  await admin.ok('/recyclebin/trash', { file_id: binned }, 204)
  upload = await admin.ok('/file/create', { parent_file_id: 'root', name: 'new', type: 'file' }, 201)
})
afterAll(() => world.server.stop())

/** A transaction in which everything went well until the disk was full. */
async function failedWrite<T>(fn: (tx: WriteTx) => Promise<T>, tx: WriteTx): Promise<T> {
  await fn(tx)
  throw failing
}

/** Every verb that reads or writes, on things of the administrator's drive. */
function verbs(): Record<string, object> {
  return {
    '/file/get': { file_id: file },
    '/file/get_by_path': { file_path: '/file.txt' },
    '/file/list': { parent_file_id: 'root' },
    '/file/get_download_url': { file_id: file },
    '/file/pre_create_check': { parent_file_id: folder, name: 'x', type: 'file' },
    '/file/create': { parent_file_id: folder, name: 'x', type: 'folder' },
    '/file/create ': { parent_file_id: folder, name: 'x', type: 'file', size: 1 },
    '/file/create  ': { parent_file_id: 'root', name: 'file.txt', type: 'file', file_id: file, size: 1 },
    '/file/get_upload_url': upload,
    '/file/list_uploaded_parts': upload,
    '/file/complete': upload,
    '/file/update': { file_id: file, name: 'x' },
    '/file/update ': { file_id: file, starred: true },
    '/file/move': { file_id: file, to_parent_file_id: folder },
    '/file/copy': { file_id: file, to_parent_file_id: folder },
    '/file/delete': { file_id: file },
    '/file/put_usertags': { file_id: file, user_tags: [{ key: 'x', value: 'y' }] },
    '/file/delete_usertags': { file_id: file, key_list: ['k'] },
    '/recyclebin/trash': { file_id: file },
    '/recyclebin/restore': { file_id: binned },
  }
}

const onAdmins = (body: object) => ({ drive_id: admin.drive, ...body })
const shape = ({ status, body }: { status: number; body?: object }) => ({ status, body })

test('a stranger to a drive is refused every verb, alone and in a batch alike, and nothing changes', async () => {
  const before = await admin.picture()
  const entries = Object.entries(verbs()).map(([url, body]) => ({ url: url.trim(), body: onAdmins(body) }))
  const alone = await Promise.all(entries.map(({ url, body }) => alice.call(url, body)))
  const { responses } = (await alice.batch(entries)).body
  expect(responses.map(shape)).toEqual(alone.map(shape))
  const uploads = ['/file/get_upload_url', '/file/list_uploaded_parts', '/file/complete']
  for (const [i, { status, body }] of alone.entries()) {
    const expected = uploads.includes(entries[i]!.url)
      ? [404, 'NotFound.UploadId']
      : [403, 'ForbiddenNoPermission.File']
    expect([entries[i]!.url, status, body.code]).toEqual([entries[i]!.url, ...expected])
  }
  expect(await admin.picture()).toBe(before)
})

test('another tenant’s drive does not exist, for any verb, alone or in a batch, nor as a target', async () => {
  const { client: bob } = await addTenant(world, 'rival')
  const before = await admin.picture()
  const entries = Object.entries(verbs()).map(([url, body]) => ({ url: url.trim(), body: onAdmins(body) }))
  const mine = await bob.folder('mine')
  entries.push(
    ...['/file/move', '/file/copy'].map((url) => ({
      url,
      body: { drive_id: bob.drive, file_id: mine, to_drive_id: admin.drive, to_parent_file_id: 'root' } as never,
    })),
  )
  const alone = await Promise.all(entries.map(({ url, body }) => bob.call(url, body)))
  const { responses } = (await bob.batch(entries)).body
  expect(responses.map(shape)).toEqual(alone.map(shape))
  expect(new Set(alone.map(({ status }) => status))).toEqual(new Set([404]))
  expect(await bob.list()).toEqual(['mine'])
  expect(await admin.picture()).toBe(before)
})

test('the endpoints that are no children are refused to a stranger too', async () => {
  const before = await admin.picture()
  const answers = await Promise.all(
    ['/recyclebin/list', '/recyclebin/clear', '/drive/update', '/drive/delete'].map((url) =>
      alice.call(url, onAdmins({ drive_name: 'x' })),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
  expect(await admin.picture()).toBe(before)
})

test('a denied child does not stand in the way of its neighbours', async () => {
  const mine = await alice.folder('mine')
  const { responses } = (
    await alice.batch([
      { url: '/file/update', body: { file_id: mine, name: 'renamed' } },
      { url: '/file/delete', body: onAdmins({ file_id: file }) },
      { url: '/recyclebin/trash', body: { file_id: mine } },
    ])
  ).body
  expect(responses.map(({ status }: Answer) => status)).toEqual([200, 403, 204])
})

test('another’s file cannot be brought over: neither moved nor copied, nor one’s own put there', async () => {
  const mine = (await alice.upload('mine', 'mine')).file_id
  const codes = await Promise.all(
    [
      { from: admin.drive, to: alice.drive, file_id: file },
      { from: alice.drive, to: admin.drive, file_id: mine },
    ].flatMap(({ from, to, file_id }) =>
      ['/file/move', '/file/copy'].map(async (url) => {
        const answer = await alice.call(url, { drive_id: from, to_drive_id: to, file_id, to_parent_file_id: 'root' })
        return [answer.status, answer.body.code]
      }),
    ),
  )
  expect(codes).toEqual(Array(4).fill([403, 'ForbiddenNoPermission.File']))
})

describe('with a grant to look and fetch on one folder', () => {
  let shared: string
  let inside: string

  beforeAll(async () => {
    shared = await admin.folder('shared')
    inside = (await admin.upload('inside.txt', 'inside', { parent_file_id: shared })).file_id
    const { engine, auth } = world.server
    const actor = await auth.actor({ tenant: world.server.demo.tenant, dialect: 'pds', app: 'demo-pds', user: 'admin' })
    const { id, born } = engine.ids.parseFileId(shared)!
    const op: Op = {
      kind: 'grant',
      node: { born, id: id as NodeId },
      subject: 'user:alice',
      actions: ACTIONS.list | ACTIONS.download,
      role: 'SystemFileDownloader',
      expiresAt: 0,
    }
    const [result] = await engine.batch(actor!, [op])
    expect(result!.status).toBe('done')
  })

  test('the holder sees what is granted and exactly the actions it has', async () => {
    const seen = await alice.ok('/file/get', onAdmins({ file_id: inside }))
    expect([seen.name, seen.action_list]).toEqual(['inside.txt', ['FILE.VISIBLE', 'FILE.LIST', 'FILE.DOWNLOAD']])
    expect(await (await fetch(seen.url)).text()).toBe('inside')
    expect(await alice.list(shared, onAdmins({}))).toEqual(['inside.txt'])
    expect((await alice.call('/file/list', onAdmins({ parent_file_id: 'root' }))).status).toBe(403)
  })

  test('the holder may copy or change nothing, alone or in a batch', async () => {
    const before = await admin.picture()
    const entries = Object.entries(verbs())
      .filter(([url]) => !/get|list|upload|complete|check|restore/.test(url))
      .map(([url, body]) => ({
        url: url.trim(),
        body: onAdmins({ ...body, ...('file_id' in body && { file_id: inside }), to_parent_file_id: shared }),
      }))
    expect(entries.length).toBeGreaterThan(8)
    const alone = await Promise.all(entries.map(({ url, body }) => alice.call(url, body)))
    const { responses } = (await alice.batch(entries)).body
    expect(responses.map(shape)).toEqual(alone.map(shape))
    expect(alone.map(({ status }) => status)).toEqual(entries.map(() => 403))
    expect(await admin.picture()).toBe(before)
  })
})

test('when the store fails, every child that needed it says InternalError, in JSON, and nothing changed', async () => {
  const before = await admin.picture()
  for (const error of [new StorageError('the disk is full'), new TypeError('a defect')]) {
    failing = error
    try {
      const alone = await admin.call('/file/update', { file_id: file, name: 'x' })
      expect([alone.status, alone.body.code]).toEqual([500, 'InternalError'])
      expect(alone.text).not.toContain(error.message)
      const { status, body } = await admin.batch([
        { url: '/file/update', body: { file_id: file, name: 'x' } },
        { url: '/drive/get', body: { drive_id: 'not a drive' } },
      ])
      expect(status).toBe(200)
      expect(body.responses.map((one: Answer) => [one.status, one.body.code])).toEqual([
        [500, 'InternalError'],
        [400, 'InvalidParameter.DriveId'],
      ])
    } finally {
      failing = null
    }
  }
  expect(await admin.picture()).toBe(before)
})
