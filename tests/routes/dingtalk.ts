/** DingTalk: every route, with what its clients send. */
import { dingtalkDialect } from '../../src/dialect/dingtalk/index.ts'
import { coverageOf } from '../../src/http/coverage.ts'
import type { TestServer } from '../server.ts'
import { send } from '../smh/session.ts'
import type { Party } from './estate.ts'
import { NO_CONTEXT } from './no-context.ts'
import type { Caller, Routes } from './routes.ts'
import type { Sample } from './sample.ts'

const dentries = '/v1.0/storage/spaces/:spaceId/dentries'
const dentry = `${dentries}/:dentryId`
const bin = '/v1.0/storage/recycleBins/:recycleBinId'
const files = '/v1.0/storage/spaces/:spaceId/files'
const permissions = '/v2.0/storage/spaces/dentries/:dentryUuid/permissions'

const space = ['{drive}']
const file = ['{drive}', '{file}']
const item = ['space-{drive}', '{drive}-{trash}']
const toFolder = { targetSpaceId: '{drive}', targetFolderId: '{target}' }
const far = { targetSpaceId: '{spare}', targetFolderId: '0' }
const members = { roleId: 'READER', members: [{ type: 'USER', id: '{user}', corpId: '{corp}' }] }
const departments = { roleId: 'READER', members: [{ type: 'DEPT', id: '{group}', corpId: '{corp}' }] }

const OWN = 'it is about the caller’s own'
const COUNTED = 'it answers which of them there are'

const samples: Record<string, Sample | readonly Sample[]> = {
  'POST /v1.0/drive/managements/spaces/query': { body: { spaceIds: ['{drive}'] }, open: COUNTED },
  'GET /v1.0/drive/spaces': { query: { spaceType: 'org', maxResults: '10' }, open: OWN },
  'POST /v1.0/drive/spaces': { body: { name: 'new' }, open: OWN },
  'DELETE /v1.0/drive/spaces/:spaceId': { at: ['{spare}'] },
  'POST /v1.0/oauth2/:corpId/token': {
    at: ['{corp}'],
    body: { client_id: 'x', client_secret: 'x', grant_type: 'client_credentials' },
    refused: 'there is no such app',
  },
  'POST /v1.0/oauth2/accessToken': { body: { appKey: 'x', appSecret: 'x' }, refused: 'there is no such app' },
  'GET /v1.0/storage/orgs/:corpId': { at: ['{corp}'], open: OWN },
  'GET /v1.0/storage/recycleBins': [
    { query: { recycleBinScope: 'SPACE', scopeId: '{drive}' }, open: 'what is in it is asked for apart' },
    { query: { recycleBinScope: 'ORG', scopeId: '{corp}' }, open: 'what is in it is asked for apart' },
  ],
  [`POST ${bin}/clear`]: { at: ['space-{drive}'], open: 'it destroys what the operator may destroy' },
  [`GET ${bin}/recycleItems`]: [
    { at: ['space-{drive}'], open: 'it finds nothing' },
    { at: ['org-{corp}'], open: 'it finds nothing' },
  ],
  [`DELETE ${bin}/recycleItems/:recycleItemId`]: { at: item },
  [`GET ${bin}/recycleItems/:recycleItemId`]: { at: item },
  [`POST ${bin}/recycleItems/:recycleItemId/restore`]: { at: item },
  [`POST ${bin}/recycleItems/batchRemove`]: { at: ['space-{drive}'], body: { recycleItemIds: ['{drive}-{trash}'] } },
  [`POST ${bin}/recycleItems/batchRestore`]: { at: ['space-{drive}'], body: { recycleItemIds: ['{drive}-{trash}'] } },
  'POST /v1.0/storage/spaces': { body: { option: { name: 'new' } }, open: OWN },
  'GET /v1.0/storage/spaces/:spaceId': { at: space, open: 'who may open a space its dentries say' },
  [`GET ${dentries}`]: { at: space, query: { parentId: '{folder}' } },
  [`DELETE ${dentry}`]: [
    { at: file, query: { toRecycleBin: 'true' } },
    { at: ['{drive}', '{folder}'], query: { toRecycleBin: 'false' } },
  ],
  [`PUT ${dentry}/appProperties`]: {
    at: file,
    body: { appProperties: [{ name: 'a', value: 'b', visibility: 'PRIVATE' }] },
  },
  [`POST ${dentry}/appProperties/remove`]: { at: file, body: { propertyNames: ['a'] } },
  [`POST ${dentry}/copy`]: [
    { at: file, body: toFolder },
    { at: ['{drive}', '{folder}'], body: far },
  ],
  [`POST ${dentry}/downloadInfos/query`]: { at: file, body: {} },
  [`POST ${dentry}/move`]: [
    { at: file, body: toFolder },
    { at: ['{drive}', '{folder}'], body: far },
  ],
  [`POST ${dentry}/permissions`]: [
    { at: file, body: members },
    { at: file, body: departments },
  ],
  [`PUT ${dentry}/permissions`]: { at: ['{drive}', '{folder}'], body: members },
  [`POST ${dentry}/permissions/remove`]: { at: ['{drive}', '{folder}'], body: members },
  [`POST ${dentry}/query`]: { at: file, body: {} },
  [`POST ${dentry}/rename`]: { at: file, body: { newName: 'new.txt' } },
  [`POST ${dentries}/:parentId/folders`]: { at: ['{drive}', '{target}'], body: { name: 'new' } },
  [`POST ${dentries}/batchCopy`]: [
    { at: space, body: { dentryIds: ['{file}'], ...toFolder } },
    { at: space, body: { dentryIds: ['{folder}'], ...far } },
  ],
  [`POST ${dentries}/batchMove`]: [
    { at: space, body: { dentryIds: ['{file}'], ...toFolder } },
    { at: space, body: { dentryIds: ['{folder}'], ...far } },
  ],
  [`POST ${dentries}/batchRemove`]: { at: space, body: { dentryIds: ['{file}'], option: { toRecycleBin: true } } },
  [`POST ${dentries}/query`]: { at: space, body: { dentryIds: ['{file}'] } },
  [`POST ${files}/commit`]: [
    { at: space, body: { uploadKey: '{upload}', name: 'new.txt', parentId: '{target}' }, refused: 'no byte was sent' },
    {
      at: space,
      body: { uploadKey: '{upload}', name: 'file.txt', parentId: '0', overwriteDentryId: '{file}' },
      refused: 'no byte was sent',
    },
  ],
  [`POST ${files}/multiPartUploadInfos/init`]: {
    at: space,
    body: { option: { preCheckParam: { parentId: '{target}', name: 'new.txt', size: 3 } } },
  },
  [`POST ${files}/uploadInfos/query`]: {
    at: space,
    body: { protocol: 'HEADER_SIGNATURE', option: { preCheckParam: { parentId: '{target}' } } },
  },
  'POST /v1.0/storage/spaces/files/multiPartUploadInfos/query': { body: { uploadKey: '{upload}', partNumbers: [1] } },
  'GET /v1.0/storage/tasks/:taskId': { at: ['{task}'] },
  'GET /v2.0/doc/dentries/:dentryId/queryDentryUuid': { at: ['{file}'], query: { spaceId: '{drive}' } },
  'GET /v2.0/doc/dentries/:dentryUuid/queryDentryId': { at: ['{fileUuid}'] },
  [`POST ${permissions}`]: { at: ['{fileUuid}'], body: members },
  [`PUT ${permissions}`]: { at: ['{folderUuid}'], body: members },
  [`POST ${permissions}/remove`]: { at: ['{folderUuid}'], body: members },
  'POST /v2.0/storage/spaces/files/:parentDentryUuid/commit': {
    at: ['{folderUuid}'],
    body: { uploadKey: '{upload}', name: 'new.txt' },
    refused: 'no byte was sent',
  },
  'POST /v2.0/storage/spaces/files/:parentDentryUuid/uploadInfos/query': {
    at: ['{folderUuid}'],
    body: { protocol: 'HEADER_SIGNATURE' },
  },
}

async function callerOf({ url, demo }: TestServer, { tenant, apps, secret }: Party, user: string): Promise<Caller> {
  const appSecret = tenant === demo.tenant ? 'dingdemo-secret' : secret
  const body = { appKey: apps.dingtalk, appSecret }
  const reply = await send(url, 'POST', '/v1.0/oauth2/accessToken', { body })
  if (!reply.body.accessToken) throw new Error(reply.text)
  const headers = { 'x-acs-dingtalk-access-token': reply.body.accessToken as string }
  // One product calls it otherwise; what a call does not know it does not read.
  return { headers, query: { unionId: user, operatorId: user } }
}

export const dingtalkRoutes: Routes = {
  dialect: dingtalkDialect,
  async routes() {
    const rows = await coverageOf(dingtalkDialect, NO_CONTEXT)
    return rows.flatMap(({ method, path }) => (method === 'HEAD' ? [] : [`${method} ${path}`]))
  },
  samples,
  ids({ engine: { ids } }, { party, drive, spare, nodes, trash, task, group, subgroup, user }) {
    const entries = Object.entries(nodes)
    return {
      ...Object.fromEntries(entries.map(([name, node]) => [name, String(node.id)])),
      ...Object.fromEntries(entries.map(([name, node]) => [`${name}Uuid`, ids.uuid(node)])),
      ...{ corp: party.tenant, drive: String(drive), spare: String(spare), trash: String(trash), task: String(task) },
      ...{ group, subgroup, user },
    }
  },
  owner: (server, party) => callerOf(server, party, 'admin'),
  stranger: (server, party) => callerOf(server, party, 'alice'),
  async prepare(ask, owner, { drive }) {
    const body = { protocol: 'HEADER_SIGNATURE' }
    const reply = await ask(owner, 'POST', `/v1.0/storage/spaces/${drive}/files/uploadInfos/query`, { body })
    if (reply.status !== 200) throw new Error(reply.text)
    return { upload: reply.body.uploadKey }
  },
  isRefused: ({ status, body }) =>
    status >= 400 || (body?.resultItems ?? []).some(({ success }: { success?: boolean }) => success === false),
}
