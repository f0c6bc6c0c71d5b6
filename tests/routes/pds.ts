/** PDS: every endpoint, with what its clients send. */
import { pdsDialect } from '../../src/dialect/pds/index.ts'
import { coverageOf } from '../../src/http/coverage.ts'
import { jwtToken } from '../pds/client.ts'
import type { TestServer } from '../server.ts'
import type { Party } from './estate.ts'
import { NO_CONTEXT } from './no-context.ts'
import type { Caller, Routes } from './routes.ts'
import type { Sample } from './sample.ts'

const file = { drive_id: '{drive}', file_id: '{file}' }
const folder = { drive_id: '{drive}', file_id: '{folder}' }
const binned = { drive_id: '{drive}', file_id: '{binned}' }
const version = { ...file, revision_id: '{revision}' }
const upload = { drive_id: '{drive}', file_id: '{uploading}', upload_id: '{upload}' }
const member = { group_id: '{group}', user_id: '{user}', member_type: 'user' }
const identity = { identity_type: 'IT_User', identity_id: '{user}' }
const role = {
  identity,
  role_id: 'SystemGroupAdmin',
  manage_resource_type: 'RT_Group',
  manage_resource_id: '{group}',
}
const grants = { ...folder, member_list: [{ identity, role_id: 'SystemFileViewer' }] }
const sha1 = '8E128C6AD6ECF3B02FA4B612E2CC262C71A9DDED'

const OWN = 'it is about the caller’s own'
const PEOPLE = 'everyone of a domain may look who there is'
const VISITORS = 'a share is for whoever knows its id'
const UNSERVED = 'this is not served'

const open = (body: unknown, why: string): Sample => ({ body, open: why })
const unserved: Sample = { body: file, refused: UNSERVED }

const POST: Record<string, Sample | readonly Sample[]> = {
  '/account/get_link_info': { body: { type: 'mobile', identity: '{phone}' } },
  '/account/get_link_info_by_user_id': open({ user_id: '{user}' }, 'it finds nothing'),
  '/account/link': { body: { type: 'mobile', identity: '1380000', user_id: '{user}' } },
  '/account/revoke': { body: {}, open: OWN },
  '/account/token': {
    body: { app_id: 'x', refresh_token: 'x', grant_type: 'refresh_token' },
    refused: 'no such token',
  },
  '/account/unlink': { body: { type: 'mobile', identity: '{phone}' } },
  '/async_task/get': { body: { async_task_id: '{task}' } },
  '/batch': [
    {
      body: { resource: 'file', requests: [{ id: '1', method: 'POST', url: '/file/get', body: file }] },
      open: 'the child’s answer says it',
    },
  ],
  '/domain/create': unserved,
  '/domain/delete': unserved,
  '/domain/get': open({}, OWN),
  '/domain/get_quota': open({}, 'everyone may know how full the domain is'),
  '/domain/list': unserved,
  '/domain/search': unserved,
  '/domain/update': unserved,
  '/drive/create': [
    { body: { drive_name: 'new', owner: '{user}' } },
    { body: { drive_name: 'new', owner: '{group}', owner_type: 'group' } },
  ],
  '/drive/delete': { body: { drive_id: '{spare}' } },
  '/drive/get': { body: { drive_id: '{drive}' } },
  '/drive/get_default_drive': open({}, OWN),
  '/drive/list': { body: { owner: '{user}' } },
  '/drive/list_my_drives': open({}, OWN),
  '/drive/list_my_group_drive': open({}, OWN),
  '/drive/search': { body: { drive_name: 'one', owner: '{user}' } },
  '/drive/update': { body: { drive_id: '{drive}', description: 'new' } },
  '/file/add_permission': [
    { body: grants },
    {
      body: {
        ...folder,
        member_list: [{ identity: { identity_type: 'IT_Group', identity_id: '{group}' }, role_id: 'SystemFileViewer' }],
      },
    },
  ],
  '/file/archive_files': { body: { drive_id: '{drive}', name: 'a', files: [{ file_id: '{folder}' }] } },
  '/file/complete': { body: upload, refused: 'no byte was sent' },
  '/file/copy': [
    { body: { ...file, to_parent_file_id: '{target}' } },
    { body: { ...file, to_drive_id: '{spare}', to_parent_file_id: 'root', new_name: 'copy' } },
  ],
  '/file/create': [
    {
      body: { drive_id: '{drive}', parent_file_id: '{target}', name: 'new', type: 'folder', check_name_mode: 'refuse' },
    },
    {
      body: {
        drive_id: '{drive}',
        parent_file_id: '{target}',
        name: 'new.txt',
        type: 'file',
        size: 3,
        part_info_list: [{ part_number: 1 }],
      },
    },
    {
      body: { drive_id: '{drive}', parent_file_id: 'root', name: 'file.txt', type: 'file', file_id: '{file}', size: 3 },
    },
  ],
  '/file/create_with_proof': {
    body: {
      drive_id: '{drive}',
      parent_file_id: '{target}',
      name: 'new.txt',
      type: 'file',
      size: 18,
      content_hash: sha1,
      content_hash_name: 'sha1',
      proof_version: 'v1',
      proof_code: 'AAAA',
    },
  },
  '/file/delete': [{ body: file }, { body: folder }],
  '/file/delete_usertags': { body: { ...file, key_list: ['k'] } },
  '/file/get': [{ body: { ...file, fields: '*' } }, { body: { ...binned, fields: '*' } }],
  '/file/get_by_path': { body: { drive_id: '{drive}', file_path: '/folder/inner.txt' } },
  '/file/get_download_url': [{ body: file }, { body: version }],
  '/file/get_last_cursor': { body: { drive_id: '{drive}' } },
  '/file/get_office_edit_url': unserved,
  '/file/get_office_preview_url': unserved,
  '/file/get_share_link_download_url': {
    body: { share_id: '{share}', file_id: '{inner}' },
    refused: 'no share token came along',
  },
  '/file/get_upload_url': { body: { ...upload, part_info_list: [{ part_number: 1 }] } },
  '/file/get_video_preview_play_info': unserved,
  '/file/get_video_preview_play_meta': unserved,
  '/file/get_video_preview_url': unserved,
  '/file/list': { body: { drive_id: '{drive}', parent_file_id: '{folder}' } },
  '/file/list_by_custom_index_key': { body: { drive_id: '{drive}', custom_index_key: 'k' } },
  '/file/list_delta': { body: { drive_id: '{drive}', cursor: '', limit: 10 } },
  '/file/list_inherit_permission': { body: { drive_id: '{drive}', file_id: '{inner}' } },
  '/file/list_manage_sharing_file': { body: {} },
  '/file/list_permission': { body: folder },
  '/file/list_received_file': open({}, OWN),
  '/file/list_sharing_file': open({}, OWN),
  '/file/list_uploaded_parts': { body: upload },
  '/file/list_user_permission': [
    { body: { user_id: '{user}', type: 'self' } },
    { body: { user_id: '{user}', type: 'group' } },
  ],
  '/file/move': [
    { body: { ...file, to_parent_file_id: '{target}' } },
    { body: { ...folder, to_drive_id: '{spare}', to_parent_file_id: 'root', check_name_mode: 'refuse' } },
  ],
  '/file/pre_create_check': { body: { drive_id: '{drive}', parent_file_id: '{folder}', name: 'x', type: 'file' } },
  '/file/put_usertags': { body: { ...file, user_tags: [{ key: 'k', value: 'v' }] } },
  '/file/refresh_office_edit_token': unserved,
  '/file/remove_permission': { body: grants },
  '/file/revision/delete': { body: version },
  '/file/revision/get': { body: version },
  '/file/revision/list': { body: file },
  '/file/revision/restore': { body: version },
  '/file/revision/update': { body: { ...version, keep_forever: true } },
  '/file/scan': { body: { drive_id: '{drive}' } },
  '/file/search': [
    { body: { drive_id: '{drive}', query: 'name match "file"' }, open: 'it finds nothing' },
    { body: { drive_id: '{drive}', query: "parent_file_id = '{folder}'" }, open: 'it finds nothing' },
    { body: { drive_id_list: ['{drive}', '{spare}'], query: '' }, open: 'it finds nothing' },
  ],
  '/file/update': { body: { ...file, name: 'new', starred: true, check_name_mode: 'refuse' } },
  '/file/walk': { body: { drive_id: '{drive}', parent_file_id: '{folder}' } },
  '/group/add_member': { body: { group_id: '{subgroup}', member_id: '{user}', member_type: 'user' } },
  '/group/create': [{ body: { group_name: 'new 1' } }, { body: { group_name: 'new 2', parent_group_id: '{group}' } }],
  '/group/delete': { body: { group_id: '{subgroup}' } },
  '/group/get': open({ group_id: '{group}' }, PEOPLE),
  '/group/list': open({}, PEOPLE),
  '/group/list_member': open({ group_id: '{group}' }, PEOPLE),
  '/group/remove_member': { body: { group_id: '{group}', member_id: '{user}', member_type: 'user' } },
  '/group/search': open({ group_name: 'group' }, PEOPLE),
  '/group/update': { body: { group_id: '{group}', description: 'new' } },
  '/group/update_name': { body: { group_id: '{group}', name: 'new 3' } },
  '/membership/create': { body: { ...member, group_id: '{subgroup}', member_role: 'member' } },
  '/membership/delete': { body: member },
  '/membership/get': open(member, PEOPLE),
  '/membership/has_member': open(member, PEOPLE),
  '/membership/list_direct_child_memberships': open({ group_id: '{group}', member_type: 'group' }, PEOPLE),
  '/membership/list_direct_parent_memberships': [
    open({ sub_group_id: '{subgroup}', member_type: 'group' }, PEOPLE),
    open({ user_id: '{user}', member_type: 'user' }, PEOPLE),
  ],
  '/membership/update': { body: { ...member, description: 'new' } },
  '/oauth/token': {
    body: { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'x' },
    refused: 'no such token',
  },
  '/recyclebin/clear': { body: { drive_id: '{drive}' } },
  '/recyclebin/clear_all': open({}, OWN),
  '/recyclebin/list': { body: { drive_id: '{drive}' } },
  '/recyclebin/restore': { body: binned },
  '/recyclebin/search_all': open({ query: '' }, OWN),
  '/recyclebin/trash': [{ body: file }, { body: folder }],
  '/role/assign': { body: role },
  '/role/cancel_assign': { body: { ...role, manage_resource_id: '{managed}' } },
  '/role/list_assignment': open({ manage_resource_type: 'RT_Group', manage_resource_id: '{group}' }, PEOPLE),
  '/role/list_identity_role': open({ identity }, PEOPLE),
  '/share_link/cancel': { body: { share_id: '{share}' } },
  '/share_link/create': [
    { body: { drive_id: '{drive}', file_id_list: ['{folder}', '{file}'] } },
    {
      body: { drive_id: '{drive}', file_id_list: ['{folder}'], creatable: true, creatable_file_id_list: ['{folder}'] },
    },
    { body: { drive_id: '{drive}', share_all_files: true } },
    {
      body: { drive_id: '{drive}', file_id_list: ['{folder}'], user_id: '{user}' },
      refused: 'the user may not share it',
    },
  ],
  '/share_link/get': { body: { share_id: '{share}' } },
  '/share_link/get_by_anonymous': { body: { share_id: '{share}' }, open: VISITORS, told: { share: VISITORS } },
  '/share_link/get_share_token': { body: { share_id: '{share}' }, open: VISITORS, told: { share: VISITORS } },
  '/share_link/list': [open({}, OWN), { body: { creator: '{user}' } }],
  '/share_link/search': [open({}, OWN), { body: { creators: ['{user}'] } }],
  '/share_link/update': { body: { share_id: '{share}', description: 'new' } },
  '/user/create': { body: { user_id: 'newcomer' } },
  '/user/delete': { body: { user_id: '{user}' } },
  '/user/general_get': open({ user_id: '{user}' }, PEOPLE),
  '/user/general_search': open({ user_name: '{user}' }, PEOPLE),
  '/user/get': open({ user_id: '{user}' }, PEOPLE),
  '/user/import': {
    body: { authentication_type: 'mobile', identity: '13700000', nick_name: 'I', parent_group_id: '{group}' },
  },
  '/user/list': open({}, PEOPLE),
  '/user/list_group_user': open({ group_id: '{group}' }, PEOPLE),
  '/user/search': open({ user_name: '{user}' }, PEOPLE),
  '/user/update': { body: { user_id: '{user}', description: 'new' } },
}

const samples: Routes['samples'] = {
  ...Object.fromEntries(Object.entries(POST).map(([url, sample]) => [`POST /v2${url}`, sample])),
  'GET /v2/file/download': { query: file },
  'GET /v2/oauth/authorize': {
    query: { client_id: 'x', response_type: 'code', redirect_uri: 'http://127.0.0.1/x' },
    refused: 'no such app',
  },
}

async function callerOf(server: TestServer, { tenant, apps }: Party, sub: string): Promise<Caller> {
  const { body, text } = await jwtToken(server.url, {
    ...{ privateKey: server.demo.pds.privateKey, sub, iss: apps.pds, aud: tenant },
  })
  if (!body?.access_token) throw new Error(text)
  return { headers: { authorization: `Bearer ${body.access_token}` } }
}

export const pdsRoutes: Routes = {
  dialect: pdsDialect,
  async routes() {
    const rows = await coverageOf(pdsDialect, NO_CONTEXT)
    return rows.flatMap(({ method, path }) => (method === 'HEAD' ? [] : [`${method} ${path}`]))
  },
  samples,
  ids({ engine: { ids } }, { drive, spare, nodes, task, link, group, subgroup, user }) {
    const files = Object.entries(nodes).map(([name, node]) => [name, ids.fileId(node)])
    return {
      ...Object.fromEntries(files),
      revision: `${ids.fileId(nodes.file)}00000001`,
      ...{ drive: String(drive), spare: String(spare), task: String(task), share: link, group, subgroup, user },
    }
  },
  owner: (server, party) => callerOf(server, party, 'admin'),
  stranger: (server, party) => callerOf(server, party, 'alice'),
  async prepare(ask, owner, ids) {
    const call = async (url: string, body: object) => {
      const reply = await ask(owner, 'POST', `/v2${url}`, { body })
      if (reply.status >= 400) throw new Error(`${url}: ${reply.text}`)
      return reply.body
    }
    const begun = await call('/file/create', {
      drive_id: ids.drive,
      parent_file_id: 'root',
      name: 'up.txt',
      type: 'file',
      size: 3,
    })
    const phone = `139${ids.task}`
    await call('/account/link', { type: 'mobile', identity: phone, user_id: ids.user })
    const { group_id: managed } = await call('/group/create', { group_name: `managed ${ids.task}` })
    await call('/role/assign', {
      ...role,
      identity: { ...identity, identity_id: ids.user },
      manage_resource_id: managed,
    })
    return { managed, uploading: begun.file_id, upload: begun.upload_id, phone }
  },
  isRefused: ({ status }) => status >= 400,
}
