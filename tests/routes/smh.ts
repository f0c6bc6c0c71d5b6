/** SMH: every operation, with what its clients send. */

import { PREFIX } from '../../src/dialect/smh/call.ts'
import { historyId } from '../../src/dialect/smh/history.ts'
import { OPERATIONS, smhDialect } from '../../src/dialect/smh/index.ts'
import type { TestServer } from '../server.ts'
import { LIBRARY, SECRET, send } from '../smh/session.ts'
import type { Party } from './estate.ts'
import type { Caller, Routes } from './routes.ts'
import type { Sample } from './sample.ts'

const lib = ['{lib}']
const space = ['{lib}', '{drive}']
const to = (tail: string) => [...space, tail]
const recycled = [...space, '{trash}']
const share = ['{lib}', '{share}']

const OWN = 'it is about the caller’s own'
const VISITORS = 'a share is for whoever knows its code'
const HOLDER = 'a token is for whoever holds it'
const QUESTION = 'a search’s id is the question itself'
const UNSERVED = 'this is not served'
const MEDIA = 'the library is none of media'

const SAMPLES: Record<string, Sample | readonly Sample[]> = {
  'GET token': {
    query: { library_id: '{lib}', library_secret: 'x', grant: 'admin' },
    refused: 'the secret is wrong',
  },
  'POST token': {
    query: { library_id: '{lib}', library_secret: 'x', grant: 'admin' },
    refused: 'the secret is wrong',
  },
  'POST token/{lib}/{token}': { at: ['{lib}', '{token}'], open: HOLDER, told: { token: HOLDER } },
  'DELETE token/{lib}/{token}': { at: ['{lib}', '{token}'], open: HOLDER, told: { token: HOLDER } },
  'DELETE token/{lib}': { at: lib, query: { library_secret: 'x', user_id: 'eve' }, refused: 'the secret is wrong' },
  'POST batch/{lib}/{space}?move': [
    { at: space, body: [{ from: 'file.txt', to: 'target/file.txt' }] },
    { at: ['{lib}', '{spare}'], body: [{ from: 'folder', to: 'folder', fromSpaceId: '{drive}' }] },
  ],
  'POST batch/{lib}/{space}?copy': [
    { at: space, body: [{ copyFrom: 'file.txt', to: 'target/file.txt' }] },
    { at: ['{lib}', '{spare}'], body: [{ copyFrom: 'folder', to: 'folder', copyFromSpaceId: '{drive}' }] },
  ],
  'POST batch/{lib}/{space}?delete': { at: space, body: [{ path: 'file.txt' }, { path: 'folder', permanent: true }] },
  'GET task/{lib}/{space}/{ids}': { at: [...space, '{task}'] },
  'GET task/{lib}/{ids}': { at: ['{lib}', '{task}'] },
  'GET task-result/{lib}/{space}/{ids}': { at: [...space, '{task}'] },
  'GET task-result/{lib}/{ids}': { at: ['{lib}', '{task}'], refused: 'there are none' },
  'PUT file/{lib}/{space}/{path*}?convert': { at: to('file.txt'), refused: UNSERVED },
  'POST file/{lib}/{space}/{path*}?uncompress': { at: to('file.txt'), refused: UNSERVED },
  'GET file/{lib}/{space}/{path*}?zip-preview': { at: to('file.txt'), refused: UNSERVED },
  'PUT file/{lib}/{space}/{path*}?virtual_file': { at: to('new'), body: { contentType: 'video/mp4', size: '7' } },
  'PUT file/{lib}/{space}/{path*}': [
    { at: to('target/new.txt'), query: { filesize: '3' } },
    { at: to('target/new.txt'), body: { from: 'file.txt' } },
    { at: to('target/new.txt'), body: { copyFrom: 'file.txt' } },
    { at: to('target/new.txt'), body: { linkTo: 'file.txt' } },
  ],
  'POST file/{lib}/{space}/{path*}?multipart': { at: to('target/new.txt'), query: { filesize: '3' } },
  'POST file/{lib}/{space}/{path*}?renew': { at: [...space, '{multipart}'] },
  'POST file/{lib}/{space}/{path*}?confirm': { at: [...space, '{upload}'], refused: 'no byte was sent' },
  'POST file/{lib}/{space}/{path*}': { at: to('target/new.png') },
  'GET file/{lib}/{space}/{path*}?upload': { at: [...space, '{upload}'] },
  'DELETE file/{lib}/{space}/{path*}?upload': { at: [...space, '{upload}'] },
  'GET file/{lib}/{space}/{path*}?info': { at: to('file.txt') },
  'GET file/{lib}/{space}/{path*}': [
    { at: to('file.txt') },
    { at: to('file.txt'), query: { history_id: '{history}' } },
  ],
  'HEAD file/{lib}/{space}/{path*}': { at: to('file.txt') },
  'DELETE file/{lib}/{space}/{path*}': [
    { at: to('file.txt') },
    { at: to('folder/inner.txt'), query: { permanent: '1' } },
  ],
  'GET directory/{lib}/{space}/{path*}?stats': { at: to('folder') },
  'PUT directory/{lib}/{space}/{path*}?calibrate': { at: to('folder'), fresh: 'a task of its own' },
  'PUT directory/{lib}/{space}/{path*}': [
    { at: to('new') },
    { at: to('target/new'), body: { from: 'folder' } },
    { at: to('target/new'), body: { copyFrom: 'folder' } },
  ],
  'GET directory/{lib}/{space}/{path*}?info': { at: to('folder') },
  'GET directory/{lib}/{space}/{path*}': { at: to('folder') },
  'HEAD directory/{lib}/{space}/{path*}': { at: to('folder') },
  'DELETE directory/{lib}/{space}/{path*}': [{ at: to('folder') }, { at: to('folder'), query: { permanent: '1' } }],
  'PUT cross-space/directory/{lib}/{space}/copy/{path*}': {
    at: ['{lib}', '{spare}', 'new'],
    body: { copyFrom: 'folder', copyFromSpaceId: '{drive}' },
  },
  'PUT directory-local-sync/{lib}/{space}': { at: space, body: { path: 'folder', strategy: 'both', localPath: '/x' } },
  'DELETE directory-local-sync/{lib}/{space}/{id}': { at: [...space, '{synced}'] },
  'POST directory/{lib}/{space}/{path*}?update': { at: to('folder'), body: { labels: ['x'] } },
  'GET recycled/{lib}/{space}': { at: space },
  'POST recycled/{lib}/{space}?restore': { at: space, body: ['{trash}'] },
  'POST recycled/{lib}/{space}?delete': { at: space, body: ['{trash}'] },
  'POST recycled/{lib}/{space}?lifecycle': { at: space, body: { retentionDays: 30 } },
  'DELETE recycled/{lib}/{space}': { at: space },
  'GET recycled/{lib}/{space}/{id}?info': { at: recycled },
  'GET recycled/{lib}/{space}/{id}?preview': { at: recycled },
  'POST recycled/{lib}/{space}/{id}?restore': { at: recycled },
  'DELETE recycled/{lib}/{space}/{id}': { at: recycled },
  'POST space/{lib}': { at: lib, body: { isPublicRead: false } },
  'GET space/{lib}/list': { at: lib, open: OWN },
  'GET space/{lib}/count': { at: lib, open: OWN },
  'GET space/{lib}': { at: lib, open: OWN },
  'DELETE space/{lib}/{space}': { at: ['{lib}', '{spare}'] },
  'GET space/{lib}/{space}/extension': { at: space },
  'POST space/{lib}/{space}/extension': { at: space, body: { spaceTag: 'team' } },
  'GET space/{lib}/{space}/file-count': { at: space },
  'GET stats/{lib}/space-size': { at: lib, open: OWN },
  'GET space/{lib}/{space}/size': { at: space },
  'GET usage/{lib}': { at: lib },
  'GET usage/{lib}/{spaces}': [{ at: space }, { at: ['{lib}', '{drive},{spare}'] }],
  'POST quota/{lib}': {
    at: lib,
    body: { spaces: ['{drive}'], capacity: '1000000', removeWhenExceed: false, removeAfterDays: 0 },
  },
  'GET quota/{lib}/{space}': [{ at: ['{lib}', '{pool}'] }, { at: ['{lib}', '{spare}'] }],
  'GET space-quota/{lib}/{space}': { at: ['{lib}', '{spare}'] },
  'PUT quota/{lib}/{space}': [
    { at: ['{lib}', '{pool}'], body: { capacity: 5 } },
    { at: ['{lib}', '{pool}'], body: { capacity: 5, spaces: ['{drive}', '{spare}'] } },
  ],
  'GET inode/{lib}/{space}/{inode}': { at: [...space, '{file}'] },
  'GET directory-history/{lib}/library-history': { at: lib },
  'POST directory-history/{lib}/library-history': { at: lib, body: { enableFileHistory: true } },
  'DELETE directory-history/{lib}/library-history': { at: lib, refused: 'history is switched on' },
  'GET directory-history/{lib}/{space}/history-list/{path*}': { at: to('file.txt') },
  'POST directory-history/{lib}/{space}/delete': { at: space, body: ['{history}'] },
  'POST directory-history/{lib}/{space}/latest-version/{id}': { at: [...space, '{history}'] },
  'POST favorite/{lib}/{space}?cancel': { at: space, body: { inode: '{inner}' } },
  'POST favorite/{lib}/{space}': [
    { at: space, body: { path: 'file.txt' } },
    { at: space, body: { inode: '{file}' } },
  ],
  'GET favorite/{lib}/{space}/list': { at: space },
  'POST recent/{lib}/{space}/recently-used-file': { at: space, body: {} },
  'POST search/{lib}/{space}/space-contents': {
    at: space,
    body: { keyword: 'file', type: 'all', creators: [{ userId: '{user}' }] },
    told: { user: QUESTION },
  },
  'POST search/{lib}/{space}/search-fs': { at: space, body: { keywords: ['file'], type: 'filename' } },
  'GET search/{lib}/{space}/{id}': { at: [...space, '{search}'], told: { search: QUESTION } },
  'DELETE search/{lib}/{space}/{id}': { at: [...space, '{search}'], told: { search: QUESTION } },
  'GET space/{lib}/{space}/contents-view': { at: space, query: { filter: 'onlyFile' } },
  'GET share/url-detail/{code}': { at: ['{share}'], open: VISITORS, told: { share: VISITORS } },
  'POST share/verify/{code}': { at: ['{share}'], body: {}, open: VISITORS, told: { share: VISITORS } },
  'GET share/file/{code}/{path*}?list': {
    at: ['{share}', ''],
    refused: 'the token is no visitor’s',
    told: { share: VISITORS },
  },
  'GET share/file/{code}/{path*}?download': {
    at: ['{share}', '{inner}'],
    refused: 'the token is no visitor’s',
    told: { share: VISITORS, all: VISITORS },
  },
  'GET share/file/{code}/{path*}?preview': {
    at: ['{share}', '{inner}'],
    refused: 'the token is no visitor’s',
    told: { share: VISITORS, all: VISITORS },
  },
  'POST share/file/{code}?save': {
    at: ['{share}'],
    body: { targetSpaceId: '{drive}', inodes: ['{inner}'] },
    refused: 'the token is no visitor’s',
    told: { share: VISITORS },
  },
  'GET share/{lib}/list': { at: lib, query: { creatorId: '{user}' }, open: OWN },
  'POST share/{lib}/search': { at: lib, body: { creatorId: '{user}' } },
  'GET share/{lib}/{space}': { at: share, query: { with_file_info: '1' } },
  'POST share/{lib}/{space}?update': { at: share, body: { name: 'other' } },
  'POST share/{lib}/{space}?setEnabled': { at: share, body: { ownerEnabled: false } },
  'POST share/{lib}/{space}': {
    at: space,
    body: { name: 'mine', filePath: ['file.txt'], config: { isPermanent: true } },
  },
  'DELETE share/{lib}/{space}': { at: share },
  'GET fs-delta/{lib}/{space}/cursor': { at: space },
  'GET fs-delta/{lib}/{space}/delta': { at: space, query: { cursor: '0' } },
  'GET file-deletion-check/{lib}/{space}/{inode}': { at: [...space, '{binned}'] },
  'GET album/{lib}/{space}/cover/{path*}': { at: to('folder'), refused: MEDIA },
  'GET version': { open: 'it is about the server' },
  'GET authority/{lib}/role-list': { at: lib, open: OWN },
  'GET authority/{lib}/getRoleList': { at: lib, open: OWN },
  'POST authority/{lib}/init-role-list': {
    at: lib,
    body: [{ name: 'Owner', isOwner: true, canView: true, canAuthorize: true }],
  },
  'GET authority/{lib}/authorized-directory': { at: lib, open: OWN },
  'POST authority/{lib}/received-authorization-directory': { at: lib, body: {} },
  'GET authority/{lib}/{space}/directory-authority/{path*}': { at: to('folder') },
  'POST authority/{lib}/{space}/authorize/{path*}?exit': {
    at: to('folder'),
    body: { authorizeTo: [{ userId: '{user}' }] },
  },
  'POST authority/{lib}/{space}/authorize/{path*}?delete': {
    at: to('folder'),
    body: { authorizeTo: [{ userId: '{user}' }] },
  },
  'POST authority/{lib}/{space}/authorize/{path*}': [
    { at: to('folder'), body: { authorizeTo: [{ userId: '{user}', roleId: 1 }] } },
    { at: to('folder'), body: { authorizeTo: [{ spaceId: '{spare}', roleId: 1 }] } },
  ],
  'POST authority/{lib}/{space}/authorize-space': {
    at: space,
    body: { authorizeTo: { spaceId: '{spare}', name: 'all', roleId: 1 } },
  },
  'POST space/{lib}/{space}/traffic-limit': { at: space, body: { downloadTrafficLimit: 102_400 } },
}

const samples = Object.fromEntries(
  Object.entries(SAMPLES).map(([key, given]) => [key.replace(' ', ` ${PREFIX}/`), given]),
)

/** A token for what the words of a query say. */
export async function tokenOf(
  server: TestServer,
  { apps, secret }: Party,
  words: Record<string, string>,
): Promise<Caller> {
  const credential = { library_id: apps.smh, library_secret: apps.smh === LIBRARY ? SECRET : secret }
  const query = new URLSearchParams({ ...credential, ...words })
  const reply = await send(server.url, 'GET', `${PREFIX}/token?${query}`)
  if (reply.status !== 200) throw new Error(reply.text)
  return { headers: { authorization: `Bearer ${reply.body.accessToken}` } }
}

export const smhRoutes: Routes = {
  dialect: smhDialect,
  async routes() {
    return OPERATIONS.map(
      ({ method, path, flag }) => `${method} ${PREFIX}/${path}${flag === undefined ? '' : `?${flag}`}`,
    )
  },
  samples,
  ids({ engine: { ids } }, { party, drive, spare, nodes, trash, task, pool, group, user }) {
    const files = Object.entries(nodes).map(([name, node]) => [name, ids.fileId(node)])
    return {
      ...Object.fromEntries(files),
      ...{ lib: party.apps.smh, drive: String(drive), spare: String(spare), trash: String(trash), task: String(task) },
      ...{ pool: String(pool), group, user, history: String(historyId(nodes.file, 1)) },
    }
  },
  owner: (server, party) => tokenOf(server, party, { grant: 'admin' }),
  stranger: (server, party) => tokenOf(server, party, { grant: 'read_only', user_id: 'alice' }),
  async prepare(ask, owner, ids) {
    const { lib: library, drive } = ids
    const call = async (method: string, target: string, body?: unknown) => {
      const reply = await ask(owner, method, `${PREFIX}/${target}`, body === undefined ? {} : { body })
      if (reply.status >= 400) throw new Error(`${method} ${target}: ${reply.text}`)
      return reply.body
    }
    const on = `${library}/${drive}`
    const { confirmKey: upload } = await call('PUT', `file/${on}/up.txt?filesize=3`)
    const { confirmKey: multipart } = await call('POST', `file/${on}/up.bin?multipart&filesize=3`)
    const config = { isPermanent: true, canDownload: true }
    const { code } = await call('POST', `share/${on}`, { name: 'mine', filePath: ['folder'], config })
    const { searchId: search } = await call('POST', `search/${on}/space-contents`, { keyword: 'file' })
    const { id: synced } = await call('PUT', `directory-local-sync/${on}`, { path: 'target', strategy: 'both' })
    await call('POST', `favorite/${on}`, { inode: ids.inner })
    return {
      synced: String(synced),
      upload,
      multipart,
      share: code,
      search,
      token: owner.headers!.authorization!.slice('Bearer '.length),
    }
  },
  isRefused: ({ status }) => status >= 400 || status === 207,
}
