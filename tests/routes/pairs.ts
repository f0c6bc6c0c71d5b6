/** Calls that say one thing alone and among many, and what each says became of it. */
import { PREFIX } from '../../src/dialect/smh/call.ts'
import type { Reply } from '../smh/session.ts'
import { dingtalkRoutes } from './dingtalk.ts'
import { pdsRoutes } from './pds.ts'
import { type Routes, samplesOf } from './routes.ts'
import type { Sample } from './sample.ts'
import { smhRoutes } from './smh.ts'
import { wpsRoutes } from './wps.ts'

export interface Call {
  readonly route: string
  readonly sample: Sample
}

export interface Pair {
  readonly alone: Call
  readonly among: Call
}

export interface Pairs {
  readonly routes: Routes
  readonly pairs: readonly Pair[]
  /** Why its batches are also refused to who may do the thing, but not look at where it is done. */
  readonly refusedBlind?: string
  /** `done`, or the code of the refusal, of a call about one thing. */
  alone(reply: Reply): string
  /** The same of the first item of a batch, or of the batch as a whole. */
  among(reply: Reply): string
}

const call = (route: string, sample: Sample): Call => ({ route, sample })
const codeOr = ({ status, body }: Reply, done: string) => (status >= 400 ? String(body.code) : done)

/** What takes things away comes after what needs them. */
const ENDS = [/move$/, /trash$/, /revision\/delete$|file\/delete$/, /clear$/]
const endOf = ({ route }: Call) => ENDS.findIndex((end) => end.test(route))

/** Every endpoint about files is a child too. */
const PDS: Pairs = {
  routes: pdsRoutes,
  pairs: samplesOf(pdsRoutes)
    .filter(({ route }) => /^POST \/v2\/(file|recyclebin|share_link)\//.test(route))
    .filter(({ sample }) => sample.open === undefined && JSON.stringify(sample).includes('drive_id'))
    .toSorted((a, b) => endOf(a) - endOf(b))
    .map(({ route, sample }) => {
      const child = { id: '1', method: 'POST', url: route.slice('POST /v2'.length), body: sample.body }
      const body = { resource: 'file', requests: [child] }
      return { alone: call(route, sample), among: call('POST /v2/batch', { body }) }
    }),
  alone: (reply) => codeOr(reply, 'done'),
  among(reply) {
    const [{ status, body }] = reply.body.responses
    return status >= 400 ? body.code : 'done'
  },
}

const dentries = '/v1.0/storage/spaces/:spaceId/dentries'
const items = '/v1.0/storage/recycleBins/:recycleBinId/recycleItems'
const near = { targetSpaceId: '{drive}', targetFolderId: '{target}' }
const far = { targetSpaceId: '{spare}', targetFolderId: '0' }

const pair = (single: [string, Sample], batch: [string, Sample]): Pair => {
  return { alone: call(...single), among: call(...batch) }
}

const query = (dentry: string) =>
  pair(
    [`POST ${dentries}/:dentryId/query`, { at: ['{drive}', dentry], body: {} }],
    [`POST ${dentries}/query`, { at: ['{drive}'], body: { dentryIds: [dentry] } }],
  )
const relocate = (verb: string, dentry: string, to: object) =>
  pair(
    [`POST ${dentries}/:dentryId/${verb.toLowerCase()}`, { at: ['{drive}', dentry], body: to }],
    [`POST ${dentries}/batch${verb}`, { at: ['{drive}'], body: { dentryIds: [dentry], ...to } }],
  )
const remove = (dentry: string, toRecycleBin: boolean) =>
  pair(
    [`DELETE ${dentries}/:dentryId`, { at: ['{drive}', dentry], query: { toRecycleBin: String(toRecycleBin) } }],
    [`POST ${dentries}/batchRemove`, { at: ['{drive}'], body: { dentryIds: [dentry], option: { toRecycleBin } } }],
  )

const item = '{drive}-{trash}'
const bin = ['space-{drive}']

const DINGTALK: Pairs = {
  routes: dingtalkRoutes,
  pairs: [
    ...[query('{file}'), query('{folder}')],
    ...[relocate('Copy', '{file}', near), relocate('Copy', '{folder}', near), relocate('Copy', '{folder}', far)],
    ...[relocate('Move', '{file}', near), remove('{file}', true), remove('{inner}', false)],
    ...[relocate('Move', '{folder}', far), remove('{target}', false)],
    {
      alone: call(`POST ${items}/:recycleItemId/restore`, { at: [...bin, item] }),
      among: call(`POST ${items}/batchRestore`, { at: bin, body: { recycleItemIds: [item] } }),
    },
    {
      alone: call(`DELETE ${items}/:recycleItemId`, { at: [...bin, item] }),
      among: call(`POST ${items}/batchRemove`, { at: bin, body: { recycleItemIds: [item] } }),
    },
  ],
  alone: (reply) => codeOr(reply, 'done'),
  among(reply) {
    const [first] = reply.body.resultItems ?? []
    return codeOr(reply, first?.success === false ? first.errorCode : 'done')
  },
}

const files = '/v7/drives/:drive/files'
const nearby = { dst_drive_id: '{drive}', dst_parent_id: '{target}' }
const afar = { dst_drive_id: '{spare}', dst_parent_id: '0' }

const meta = (node: string) =>
  pair(['GET /v7/files/:node/meta', { at: [node] }], ['GET /v7/files/batch_get', { query: { file_ids: node } }])
const change = (verb: string, node: string, body: object) =>
  pair(
    [`POST ${files}/:node/${verb}`, { at: ['{drive}', node], body }],
    [`POST ${files}/batch_${verb}`, { at: ['{drive}'], body: { file_ids: [node], ...body } }],
  )

/** What became of a task’s files it counts, and gives no codes. */
const WPS: Pairs = {
  routes: wpsRoutes,
  refusedBlind: 'a batch is only begun when the folder it goes into is there for its caller',
  pairs: [
    ...[meta('{file}'), meta('{folder}')],
    ...[change('copy', '{file}', nearby), change('copy', '{folder}', nearby), change('copy', '{folder}', afar)],
    ...[change('move', '{file}', nearby), change('delete', '{file}', {}), change('move', '{folder}', afar)],
    ...[change('delete', '{target}', {})],
    ...['restore', 'delete'].map((verb) => ({
      alone: call(`POST /v7/deleted_files/:node/${verb}`, { at: ['{binned}'] }),
      among: call(`POST /v7/deleted_files/batch_${verb}`, { body: { file_ids: ['{binned}'] } }),
    })),
  ],
  alone: ({ body }) => (body.code === 0 ? 'done' : 'refused'),
  among: ({ body }) => (body.code !== 0 || body.data.failed > 0 ? 'refused' : 'done'),
}

const within = ['{lib}', '{drive}']
const batch = (verb: string) => `POST ${PREFIX}/batch/{lib}/{space}?${verb}`
const on = (method: string, family: string) => `${method} ${PREFIX}/${family}/{lib}/{space}/{path*}`
const place = (family: string, verb: 'move' | 'copy', from: string, to: string) => {
  const body = { [verb === 'move' ? 'from' : 'copyFrom']: from }
  return pair(
    [on('PUT', family), { at: [...within, to], body }],
    [batch(verb), { at: within, body: [{ ...body, to }] }],
  )
}
const erase = (family: string, path: string, permanent: boolean) =>
  pair(
    [on('DELETE', family), { at: [...within, path], query: permanent ? { permanent: '1' } : {} }],
    [batch('delete'), { at: within, body: [{ path, permanent }] }],
  )

/** An item does not say of what kind it is. */
const found = (code: string) => code.replace(/^(File|Directory)NotFound$/, 'PathNotFound')

const SMH: Pairs = {
  routes: smhRoutes,
  pairs: [
    ...[place('file', 'copy', 'file.txt', 'target/copy'), place('directory', 'copy', 'folder', 'target/folder')],
    ...[place('file', 'move', 'file.txt', 'target/file'), erase('file', 'folder/inner.txt', false)],
    ...[erase('file', 'file.txt', true), erase('file', 'target/file', true)],
    ...[place('directory', 'move', 'folder', 'target/moved'), erase('directory', 'target/folder', false)],
    ...[erase('directory', 'folder', true), erase('directory', 'target/moved', true)],
    {
      alone: call(`POST ${PREFIX}/recycled/{lib}/{space}/{id}?restore`, { at: ['{lib}', '{drive}', '{trash}'] }),
      among: call(`POST ${PREFIX}/recycled/{lib}/{space}?restore`, { at: ['{lib}', '{drive}'], body: ['{trash}'] }),
    },
    {
      alone: call(`DELETE ${PREFIX}/recycled/{lib}/{space}/{id}`, { at: ['{lib}', '{drive}', '{trash}'] }),
      among: call(`POST ${PREFIX}/recycled/{lib}/{space}?delete`, { at: ['{lib}', '{drive}'], body: ['{trash}'] }),
    },
  ],
  alone: (reply) => found(codeOr(reply, 'done')),
  among(reply) {
    const [first] = reply.body?.result ?? []
    return codeOr(reply, first && first.status >= 400 ? found(first.code) : 'done')
  },
}

export const PAIRS: readonly Pairs[] = [PDS, DINGTALK, WPS, SMH]
