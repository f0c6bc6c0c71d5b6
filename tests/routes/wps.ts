/** WPS: every route, with what its clients send. */
import { wpsDialect } from '../../src/dialect/wps/index.ts'
import { coverageOf } from '../../src/http/coverage.ts'
import type { TestServer } from '../server.ts'
import { tokenOf } from '../wps/people.ts'
import type { Party } from './estate.ts'
import { NO_CONTEXT } from './no-context.ts'
import type { Caller, Routes } from './routes.ts'
import type { Sample } from './sample.ts'

const file = ['{drive}', '{file}']
const target = ['{drive}', '{target}']
const destination = { dst_drive_id: '{drive}', dst_parent_id: '{target}' }
const far = { dst_drive_id: '{spare}', dst_parent_id: '0' }
const subject = { subject_type: 'user', subject_id: '{user}' }
const sha256 = { type: 'sha256', sum: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' }
const upload = { name: 'new.txt', size: 3, hashes: [sha256] }

const LATER = 'the task says what became of each file'
const DRIVE = 'a drive of its own'
const TASK = 'a task of its own'
const NOTHING = 'it finds nothing'
const OWN = 'it is about the caller’s own'

const samples: Record<string, Sample | readonly Sample[]> = {
  'GET /v7/deleted_files': [
    { query: { page_size: '10' }, open: OWN },
    { query: { page_size: '10', drive_id: '{drive}' }, open: NOTHING },
  ],
  'GET /v7/deleted_files/:node/meta': { at: ['{binned}'] },
  'POST /v7/deleted_files/:node/restore': { at: ['{binned}'] },
  'POST /v7/deleted_files/:node/delete': { at: ['{binned}'] },
  'POST /v7/deleted_files/batch_restore': { body: { file_ids: ['{binned}'] } },
  'POST /v7/deleted_files/batch_delete': { body: { file_ids: ['{binned}'] } },
  'POST /v7/deleted_files/clear': { body: { drive_id: '{drive}' }, fresh: TASK, open: NOTHING },
  'GET /v7/drive_tasks/:task/meta': { at: ['{task}'] },
  'GET /v7/drives': [
    { query: { page_size: '10', allotee_type: 'user', allotee_id: '{user}' } },
    { query: { page_size: '10', allotee_type: 'group', allotee_id: '{group}' } },
  ],
  'POST /v7/drives/create': [
    { body: { allotee_type: 'user', allotee_id: '{user}', name: 'new', source: 'yundoc' }, fresh: DRIVE },
    { body: { allotee_type: 'group', allotee_id: '{group}', name: 'new' }, fresh: DRIVE },
  ],
  'GET /v7/drives/:drive/meta': { at: ['{drive}'] },
  'POST /v7/drives/:drive/update': { at: ['{drive}'], body: { name: 'renamed' } },
  'POST /v7/drives/:drive/delete': { at: ['{spare}'] },
  'GET /v7/drives/:drive/roles': { at: ['{drive}'], open: 'the roles are the same everywhere' },
  'POST /v7/drives/:drive/files/batch_copy': [
    { at: ['{drive}'], body: { file_ids: ['{file}'], ...destination }, fresh: TASK },
    { at: ['{drive}'], body: { file_ids: ['{folder}'], ...far }, fresh: TASK },
  ],
  'POST /v7/drives/:drive/files/batch_delete': {
    at: ['{drive}'],
    body: { file_ids: ['{file}'] },
    open: LATER,
    fresh: TASK,
  },
  'POST /v7/drives/:drive/files/batch_move': [
    { at: ['{drive}'], body: { file_ids: ['{file}'], ...destination }, fresh: TASK },
    { at: ['{drive}'], body: { file_ids: ['{folder}'], ...far }, fresh: TASK },
  ],
  'POST /v7/drives/:drive/files/:node/check_name': { at: target, body: { name: 'new' } },
  'GET /v7/drives/:drive/files/:node/children': { at: target, query: { page_size: '10' } },
  'POST /v7/drives/:drive/files/:node/commit_upload': {
    at: ['{drive}', '0'],
    body: { upload_id: '{upload}' },
    refused: 'no byte was sent',
  },
  'POST /v7/drives/:drive/files/:node/copy': [
    { at: file, body: destination },
    { at: ['{drive}', '{folder}'], body: far },
  ],
  'POST /v7/drives/:drive/files/:node/create': [
    { at: target, body: { file_type: 'folder', name: 'new' } },
    { at: target, body: { file_type: 'file', name: 'new.docx', parent_path: ['a', 'b'] } },
  ],
  'POST /v7/drives/:drive/files/:node/create_multipart_upload_task': { at: target, body: upload },
  'POST /v7/drives/:drive/files/:node/delete': { at: file },
  'GET /v7/drives/:drive/files/:node/download': { at: file },
  'GET /v7/drives/:drive/files/:node/meta': { at: file, query: { with_permission: 'true', with_drive: 'true' } },
  'POST /v7/drives/:drive/files/:node/move': [
    { at: file, body: destination },
    { at: ['{drive}', '{folder}'], body: far },
  ],
  'GET /v7/drives/:drive/files/:node/path': { at: ['{drive}', '{inner}'] },
  'POST /v7/drives/:drive/files/:node/permissions/batch_create': [
    { at: file, body: { role_id: 'viewable', subjects: [subject] } },
    { at: file, body: { role_id: 'viewable', subjects: [{ subject_type: 'group', subject_id: '{group}' }] } },
  ],
  'POST /v7/drives/:drive/files/:node/permissions/batch_delete': {
    at: ['{drive}', '{folder}'],
    body: { items: [{ subject }] },
  },
  'POST /v7/drives/:drive/files/:node/rapid_upload': { at: target, body: upload, refused: 'it is always a miss' },
  'POST /v7/drives/:drive/files/:node/rename': { at: file, body: { dst_name: 'new.txt' } },
  'POST /v7/drives/:drive/files/:node/request_upload': [
    { at: target, body: upload },
    { at: ['{drive}', '0'], body: { ...upload, file_id: '{file}' } },
  ],
  'POST /v7/drives/:drive/files/:node/save_as': { at: file, body: { ...destination, name: 'other.txt' } },
  'POST /v7/drives/:drive/files/:node/update': { at: file, body: { ext_attr: { name: 'a', value: 'b' } } },
  'GET /v7/drives/:drive/files/:node/versions/:version/download': { at: [...file, '1'] },
  'GET /v7/files/:node/meta': { at: ['{file}'] },
  'GET /v7/files/batch_get': { query: { file_ids: '{file}' } },
  'POST /v7/files/batch_get_meta': { body: { file_ids: ['{file}'] }, open: NOTHING },
  'POST /v7/multipart_upload_tasks/:upload/commit': { at: ['{multipart}'], refused: 'no byte was sent' },
  'POST /v7/multipart_upload_tasks/:upload/abort': { at: ['{multipart}'] },
  'GET /v7/users/current': { open: OWN },
  'POST /oauth2/token': { body: { grant_type: 'client_credentials' }, refused: 'there is no such app' },
}

async function callerOf(server: TestServer, { tenant, apps }: Party, user: string): Promise<Caller> {
  const token = await tokenOf(server, { user, tenant, app: apps.wps })
  return { headers: { authorization: `Bearer ${token}` } }
}

export const wpsRoutes: Routes = {
  dialect: wpsDialect,
  async routes() {
    const rows = await coverageOf(wpsDialect, NO_CONTEXT)
    const own = rows.filter(({ method, path }) => method !== 'HEAD' && !path.startsWith('/openapi/'))
    return own.map(({ method, path }) => `${method} ${path}`)
  },
  samples,
  ids({ engine: { ids } }, { drive, spare, nodes, task, group, subgroup, user }) {
    const files = Object.entries(nodes).map(([name, node]) => [name, ids.fileId(node)])
    return {
      ...Object.fromEntries(files),
      ...{ drive: String(drive), spare: String(spare), task: String(task), group, subgroup, user },
    }
  },
  owner: (server, party) => callerOf(server, party, 'admin'),
  stranger: (server, party) => callerOf(server, party, 'alice'),
  async prepare(ask, owner, { drive }) {
    const post = async (path: string) => {
      const { body } = await ask(owner, 'POST', `/v7/drives/${drive}/files/0/${path}`, { body: upload })
      if (body.code !== 0) throw new Error(`${path}: ${JSON.stringify(body)}`)
      return body.data
    }
    return {
      upload: (await post('request_upload')).upload_id,
      multipart: (await post('create_multipart_upload_task')).upload_id,
    }
  },
  taskOf: ({ body }) => body?.data?.task_id && `/v7/drive_tasks/${body.data.task_id}/meta`,
  isRefused: ({ status }) => status >= 400,
}
