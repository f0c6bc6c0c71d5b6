/** Files: the calls on a file path, and the overloaded ones that start, confirm, copy and move. Pages 1339/71126–71141. */
import { ACTIONS, type GetOp, type NodeView } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { deleteOp } from './batch.ts'
import { type Answer, bodyPath, type Call, type Method, namedPath, type Operation } from './call.ts'
import { refuse } from './error.ts'
import { perform } from './perform.ts'
import { downloadUrl, entry, entryHeaders, URL_LIFE_MS } from './present.ts'
import { transfer } from './transfer.ts'
import { abort, confirm, renew, start, state } from './upload.ts'
import { count, member, members, requiredText, word, yes } from './words.ts'

const PATH = 'file/{lib}/{space}/{path*}'

export const fileOperations: readonly Operation[] = [
  on('PUT', 'convert', 'Convert document'),
  on('PUT', 'virtual_file', 'Create virtual file'),
  on('POST', 'uncompress', 'Uncompress archive'),
  on('GET', 'zip-preview', 'List archive'),
  {
    operation: 'Start simple upload, copy or move file',
    coverage: 'without rapid upload, symbolic links and templates; traffic_limit is not kept',
    method: 'PUT',
    path: PATH,
    handle: put,
  },
  {
    operation: 'Start multipart upload',
    coverage: 'without rapid upload; parts under 1 MiB are accepted',
    method: 'POST',
    path: PATH,
    flag: 'multipart',
    handle: (call) => start(call, members(call), 'multipart'),
  },
  {
    operation: 'Renew multipart upload',
    coverage: 'done',
    method: 'POST',
    path: PATH,
    flag: 'renew',
    handle: (call) => renew(call, members(call)),
  },
  {
    operation: 'Confirm upload',
    coverage: 'done',
    method: 'POST',
    path: PATH,
    flag: 'confirm',
    handle: (call) => confirm(call, members(call)),
  },
  {
    operation: 'Start form upload',
    coverage: 'done',
    method: 'POST',
    path: PATH,
    handle: (call) => start(call, members(call), 'form'),
  },
  { operation: 'Upload state', coverage: 'done', method: 'GET', path: PATH, flag: 'upload', handle: state },
  { operation: 'Abort upload', coverage: 'done', method: 'DELETE', path: PATH, flag: 'upload', handle: abort },
  { operation: 'File info', coverage: 'without history_id', method: 'GET', path: PATH, flag: 'info', handle: info },
  {
    operation: 'Download file',
    coverage: 'without history_id; a preview is the file itself',
    method: 'GET',
    path: PATH,
    handle: download,
  },
  { operation: 'Check file', coverage: 'without history_id', method: 'HEAD', path: PATH, handle: head },
  { operation: 'Delete file', coverage: 'done', method: 'DELETE', path: PATH, handle: remove },
]

function on(method: Method, flag: string, operation: string): Operation {
  return { operation, coverage: 'answers FunctionNotEnabled', method, path: PATH, flag, handle: unavailable }
}

async function unavailable(): Promise<Answer> {
  throw refuse('FunctionNotEnabled')
}

async function put(call: Call): Promise<Answer> {
  const body = members(call)
  if (member(body, 'copyFrom') !== undefined) return carry(call, 'copy', requiredText(body, 'copyFrom'))
  if (member(body, 'from') !== undefined) return carry(call, 'move', requiredText(body, 'from'))
  const other = ['linkTo', 'fromTemplate'].find((name) => member(body, name) !== undefined)
  if (other) throw refuse('FunctionNotEnabled', `${other} is not enabled.`)
  return start(call, body, 'simple')
}

async function carry(call: Call, verb: 'move' | 'copy', from: string): Promise<Answer> {
  const here = await visit(call, verb)
  return transfer(call, here, { verb, drive: here.drive.id, path: bodyPath(from) }, 'file')
}

/** The file the path names; reading needs no more than a token for the space. */
async function found(call: Call, { actor, drive }: Visit, need: number): Promise<NodeView> {
  if (word(call.query, 'history_id') !== undefined) throw refuse('FunctionNotEnabled', 'history_id is not enabled.')
  const node = { drive: drive.id, path: namedPath(call) }
  const op: GetOp = { kind: 'get', node, need, trashed: 'no', expect: 'file' }
  const { view } = await perform(call, actor, op, { kind: 'file', source: false })
  return view!
}

async function download(call: Call): Promise<Answer> {
  const view = await found(call, await visit(call, 'read'), ACTIONS.download)
  return { status: 302, headers: { location: downloadUrl(call, view), ...entryHeaders(view) } }
}

async function head(call: Call): Promise<Answer> {
  return { status: 200, headers: entryHeaders(await found(call, await visit(call, 'read'), 0)) }
}

async function info(call: Call): Promise<Answer> {
  const view = await found(call, await visit(call, 'read'), ACTIONS.download)
  const period = count(call.query, 'period', { min: 60, max: 7200, otherwise: URL_LIFE_MS / 1000 })
  const url = yes(call.query, 'pre_check') ? {} : { cosUrl: downloadUrl(call, view, period * 1000) }
  return { status: 200, body: { ...url, ...entry(call, view) } }
}

async function remove(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'delete')
  const op = { ...deleteOp(drive, namedPath(call), yes(call.query, 'permanent')), expect: 'file' } as const
  const result = await perform(call, actor, op, { kind: 'file', source: false })
  return result.trash ? { status: 200, body: { recycledItemId: result.trash.id } } : { status: 204 }
}
