/** Whatever is sent, the answer is one of the vendor's: never a crash, never an empty hand. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from './client.ts'
import { startWorld, type World } from './world.ts'

/** Values of every wrong kind, and right ones at the wrong place. */
const ODD: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'root',
  '\0',
  '\ud800',
  '__proto__',
  'f'.repeat(40),
  'x'.repeat(5000),
  '../../etc/passwd',
  "' or 1=1 --",
  [],
  [null],
  [[]],
  ['x'],
  [{}],
  [{ key: 1, value: {} }],
  [{ part_number: 'one' }],
  {},
  { toString: 1 },
]

const FIELDS: Record<string, string[]> = {
  '/file/get': ['drive_id', 'file_id', 'fields', 'url_expire_sec'],
  '/file/get_by_path': ['file_path'],
  '/file/list': [
    'parent_file_id',
    'limit',
    'marker',
    'order_by',
    'order_direction',
    'type',
    'category',
    'starred',
    'status',
  ],
  '/file/get_download_url': ['file_id', 'expire_sec', 'file_name', 'response_content_type', 'revision_id'],
  '/file/pre_create_check': ['parent_file_id', 'name', 'type'],
  '/file/create': [
    'parent_file_id',
    'name',
    'size',
    'type',
    'check_name_mode',
    'content_hash',
    'content_hash_name',
    'part_info_list',
    'user_tags',
    'labels',
    'local_created_at',
    'file_id',
    'parallel_upload',
    'content_type',
  ],
  '/file/complete': ['file_id', 'upload_id', 'part_info_list', 'crc64_hash'],
  '/file/get_upload_url': ['upload_id', 'part_info_list'],
  '/file/list_uploaded_parts': ['upload_id', 'limit', 'part_number_marker'],
  '/file/update': [
    'name',
    'description',
    'labels',
    'hidden',
    'starred',
    'custom_index_key',
    'local_modified_at',
    'check_name_mode',
  ],
  '/file/move': ['file_id', 'to_parent_file_id', 'to_drive_id', 'new_name', 'auto_rename'],
  '/file/copy': ['file_id', 'to_parent_file_id', 'to_drive_id', 'new_name', 'auto_rename'],
  '/file/delete': ['drive_id', 'file_id', 'check_folder_empty'],
  '/file/put_usertags': ['file_id', 'user_tags'],
  '/file/delete_usertags': ['file_id', 'key_list'],
  '/recyclebin/trash': ['file_id'],
  '/recyclebin/restore': ['file_id'],
  '/drive/get': ['drive_id'],
  '/drive/get_default_drive': ['user_id'],
  '/user/get': ['user_id'],
  '/group/get': ['group_id'],
  '/async_task/get': ['async_task_id'],
}

const ALONE: Record<string, string[]> = {
  '/recyclebin/list': ['drive_id', 'limit', 'marker'],
  '/drive/list': ['owner', 'owner_type', 'limit', 'marker'],
  '/drive/create': ['drive_name', 'owner', 'owner_type', 'total_size', 'status', 'description', 'default'],
  '/drive/update': ['drive_id', 'drive_name', 'owner', 'total_size', 'description'],
  '/drive/delete': ['drive_id'],
  '/domain/get': ['domain_id'],
  '/oauth/token': ['grant_type', 'client_id', 'assertion', 'refresh_token'],
  '/account/token': ['app_id', 'refresh_token', 'grant_type'],
}

let world: World
let client: Client
let base: object

beforeAll(async () => {
  world = await startWorld()
  client = world.admin
  const { file_id, upload_id } = await client.ok(
    '/file/create',
    { parent_file_id: 'root', name: 'a', type: 'file' },
    201,
  )
  const target = await client.folder('target')
  base = {
    drive_id: client.drive,
    file_id,
    upload_id,
    parent_file_id: target,
    to_parent_file_id: target,
    name: 'n',
    type: 'file',
  }
})
afterAll(() => world.server.stop())

const bodies = (fields: readonly string[]) =>
  fields.flatMap((field) => ODD.map((value) => ({ ...base, [field]: value })))

function expectAnswer(about: string, status: number, body: { code?: unknown; message?: unknown } | undefined) {
  expect(status, about).toBeLessThan(500)
  if (status >= 400) expect([typeof body?.code, typeof body?.message], about).toEqual(['string', 'string'])
  else expect(status === 204 ? body : typeof body, about).toBe(status === 204 ? undefined : 'object')
}

test.each(Object.entries(FIELDS))('odd values in %s are answered, in a batch and alone', async (url, fields) => {
  const children = bodies(fields).map((body) => ({ url, body }))
  for (let from = 0; from < children.length; from += 100) {
    const slice = children.slice(from, from + 100)
    const { status, body } = await client.batch(slice)
    expect([status, body.responses.length]).toEqual([200, slice.length])
    for (const [i, answer] of body.responses.entries()) {
      expectAnswer(`${url} ${JSON.stringify(slice[i]!.body).slice(0, 300)}`, answer.status, answer.body)
    }
  }
  const alone = await Promise.all(children.map((child) => client.call(url, child.body)))
  for (const [i, { status, body }] of alone.entries()) {
    expectAnswer(`${url} ${JSON.stringify(children[i]!.body).slice(0, 300)}`, status, body)
  }
})

test.each(Object.entries(ALONE))('odd values in %s are answered', async (url, fields) => {
  const answers = await Promise.all(bodies(fields).map((body) => client.raw(url, JSON.stringify(body))))
  for (const [i, { status, body }] of answers.entries()) {
    expectAnswer(`${url} ${JSON.stringify(bodies(fields)[i]).slice(0, 300)}`, status, body)
  }
})

/** What the cases send to each endpoint, field by field; ids of theirs are nobody's here. */
function fieldsOfCases(): Map<string, Record<string, unknown>> {
  const folder = new URL('../../src/dialect/pds/cases/', import.meta.url)
  const found = new Map<string, Record<string, unknown>>()
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
    const cases = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as {
      steps: { call: string; body?: object }[]
    }[]
    for (const { call, body } of cases.flatMap(({ steps }) => steps)) {
      if (call.startsWith('/') && call !== '/batch') found.set(call, { ...found.get(call), ...body })
    }
  }
  return found
}

test('odd values in any field of any call that can be a child are answered, and never with a failure of ours', async () => {
  const children = [...fieldsOfCases()].flatMap(([url, sample]) =>
    Object.keys(sample).flatMap((field) => ODD.map((value) => ({ url, body: { ...sample, ...base, [field]: value } }))),
  )
  expect(children.length).toBeGreaterThan(1000)
  for (let from = 0; from < children.length; from += 100) {
    const slice = children.slice(from, from + 100)
    const { status, body } = await client.batch(slice)
    expect([status, body.responses.length]).toEqual([200, slice.length])
    for (const [i, answer] of body.responses.entries()) {
      expectAnswer(`${slice[i]!.url} ${JSON.stringify(slice[i]!.body).slice(0, 300)}`, answer.status, answer.body)
    }
  }
})

test('odd requests are answered too: no body, broken JSON, another content type, broken UTF-8', async () => {
  const answers = await Promise.all([
    client.raw('/file/get', undefined),
    client.raw('/file/get', '{', {}),
    client.raw('/file/get', 'null'),
    client.raw('/file/get', '[1]'),
    client.raw('/file/get', '"x"'),
    client.raw('/file/get', Buffer.from('7b2261223a22ff227d', 'hex')),
    client.raw('/file/get', '{}', { 'content-type': 'text/plain' }),
    client.raw('/file/get', '{}', { 'content-type': 'nonsense' }),
    client.raw('/file/get', '{}', { 'content-type': '' }),
  ])
  const codes = answers.map(({ status, body }) => `${status} ${body?.code}`)
  const json = '400 InvalidRequestJSONFormat'
  const missing = '400 InvalidParameterMissing.DriveId'
  expect(codes).toEqual([missing, json, json, json, json, json, missing, missing, missing])
})
