/** Files: the calls on a file path, and the overloaded ones that start, confirm, copy and move. Pages 1339/71126–71141. */
import { ACTIONS, type NodeView, type Version } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { deleteOp } from './batch.ts'
import { type Answer, bodyPath, type Call, type Method, namedPath, type Operation } from './call.ts'
import { demandContent, unchangedSince } from './content-cas.ts'
import { isLink, virtualOf } from './entry-kind.ts'
import { refuse } from './error.ts'
import { isFavorite, noteUse } from './favorite.ts'
import { versionNumber, versionsOf } from './history.ts'
import { isMedia } from './library.ts'
import { perform } from './perform.ts'
import { isPreview, pictureIn } from './picture.ts'
import { downloadUrl, entry, entryHeaders, URL_LIFE_MS } from './present.ts'
import { createLink, targetsOf } from './symlink.ts'
import { createFromTemplate } from './template.ts'
import { transfer } from './transfer.ts'
import { abort, confirm, renew, start, state } from './upload.ts'
import { createVirtual } from './virtual.ts'
import { count, type Members, member, members, requiredText, text, word, yes } from './words.ts'

const PATH = 'file/{lib}/{space}/{path*}'

export const fileOperations: readonly Operation[] = [
  notPlanned('PUT', 'convert', 'Convert document'),
  notPlanned('POST', 'uncompress', 'Uncompress archive'),
  notPlanned('GET', 'zip-preview', 'List archive'),
  {
    operation: 'Create virtual file',
    coverage: 'done',
    method: 'PUT',
    path: PATH,
    flag: 'virtual_file',
    handle: createVirtual,
  },
  {
    operation: 'Start simple upload, copy or move file, create symbolic link',
    coverage: 'done',
    method: 'PUT',
    path: PATH,
    handle: put,
  },
  {
    operation: 'Start multipart upload',
    coverage: 'done',
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
  { operation: 'File info', coverage: 'done', method: 'GET', path: PATH, flag: 'info', handle: info },
  {
    operation: 'Download file',
    coverage: 'partial: a preview is a small picture of a picture, else the file',
    method: 'GET',
    path: PATH,
    handle: download,
  },
  { operation: 'Check file', coverage: 'done', method: 'HEAD', path: PATH, handle: head },
  { operation: 'Delete file', coverage: 'done', method: 'DELETE', path: PATH, handle: remove },
]

/** What only the vendor's media processing can do. */
function notPlanned(method: Method, flag: string, operation: string): Operation {
  const handle = async () => {
    throw refuse('FunctionNotEnabled')
  }
  return {
    operation,
    coverage: 'not planned: nothing here converts or unpacks; FunctionNotEnabled',
    method,
    path: PATH,
    flag,
    handle,
  }
}

async function put(call: Call): Promise<Answer> {
  const body = members(call)
  if (member(body, 'copyFrom') !== undefined) return carry(call, 'copy', body)
  if (member(body, 'from') !== undefined) return carry(call, 'move', body)
  if (member(body, 'linkTo') !== undefined) return createLink(call, requiredText(body, 'linkTo'))
  if (member(body, 'fromTemplate') !== undefined) return createFromTemplate(call, requiredText(body, 'fromTemplate'))
  return start(call, body, 'simple')
}

async function carry(call: Call, verb: 'move' | 'copy', body: Members): Promise<Answer> {
  const here = await visit(call, verb)
  const path = bodyPath(requiredText(body, verb === 'copy' ? 'copyFrom' : 'from'))
  const guard = await unchangedSince(call, here, path, text(body, 'contentCas'))
  return transfer(call, here, { verb, drive: here.drive.id, path, ...guard }, 'file')
}

/** A file, the one its bytes are of, and which version of it is meant. */
interface Found {
  readonly here: Visit
  readonly view: NodeView
  /** Itself, or what a symbolic link leads to. */
  readonly target: NodeView
  /** An earlier version, when one was asked for. */
  readonly earlier: Version | undefined
}

/** The file the path names; reading needs no more than a token for the space. */
async function found(call: Call, need: number): Promise<Found> {
  const here = await visit(call, 'read')
  const node = { drive: here.drive.id, path: namedPath(call) }
  const op = { kind: 'get', node, need, trashed: 'no', expect: 'file' } as const
  const { view } = await perform(call, here.actor, op, { kind: 'file', source: false })
  demandContent(view!.node, word(call.query, 'content_cas'))
  const [target] = isLink(view!.node) ? await targetsOf(call, here.actor, [view!]) : [view!]
  if (!target) throw refuse('RootLinkFileNotFound')
  const id = word(call.query, 'history_id')
  if (id === undefined) return { here, view: view!, target, earlier: undefined }
  const number = versionNumber(target.node, id)
  const versions = await versionsOf(call, here, { drive: target.node.drive, id: target.node.id })
  const earlier = versions.find(({ version }) => version === number)
  if (!earlier) throw refuse('FileNotFound', 'There is no such history version.')
  return { here, view: view!, target, earlier }
}

/** An entry as it was in an earlier version: what its bytes were then. */
function asOf({ view, target, earlier }: Found): { view: NodeView; target: NodeView } {
  if (!earlier) return { view, target }
  const { content, version, createdAt } = earlier
  const then = (seen: NodeView) => ({ ...seen, node: { ...seen.node, content, version, updatedAt: createdAt } })
  return { view: then(view), target: then(target) }
}

async function download(call: Call): Promise<Answer> {
  const file = await found(call, ACTIONS.download)
  const { view, target } = asOf(file)
  if (virtualOf(target.node)) throw refuse('CosObjectNonexistent')
  await noteLook(call, file)
  const picture = isPreview(call.query) ? pictureIn(call.query, target) : undefined
  const location = downloadUrl(call, target, URL_LIFE_MS, target.node.version, picture)
  return { status: 302, headers: { location, ...headersOf(file, view, target) } }
}

/** `purpose=preview` is how clients say that somebody looks at the file now. */
async function noteLook(call: Call, { here, target }: Found): Promise<void> {
  if (word(call.query, 'purpose') === 'preview') await noteUse(call, here, 'viewed', target)
}

async function head(call: Call): Promise<Answer> {
  const file = await found(call, 0)
  const { view, target } = asOf(file)
  return { status: 200, headers: headersOf(file, view, target) }
}

/** A link is headed as a link, with the measures of what it leads to. */
function headersOf({ here }: Found, view: NodeView, target: NodeView): Record<string, string> {
  const media = isMedia(here.caller.library)
  const { 'x-smh-type': type } = entryHeaders(view, media)
  return { ...entryHeaders(target, media), 'x-smh-type': type! }
}

async function info(call: Call): Promise<Answer> {
  const file = await found(call, ACTIONS.download)
  const { view, target } = asOf(file)
  const period = count(call.query, 'period', { min: 60, max: 7200, otherwise: URL_LIFE_MS / 1000 })
  const hasUrl = !yes(call.query, 'pre_check') && !virtualOf(target.node)
  const url = hasUrl ? { cosUrl: downloadUrl(call, target, period * 1000) } : {}
  const { here } = file
  await noteLook(call, file)
  const known = {
    media: isMedia(here.caller.library),
    byAuthority: here.byAuthority,
    target,
    isFavorite: await isFavorite(call, here, view.node),
  }
  return { status: 200, body: { ...url, ...entry(call, view, known) } }
}

async function remove(call: Call): Promise<Answer> {
  const here = await visit(call, 'delete')
  const path = namedPath(call)
  const guard = await unchangedSince(call, here, path, word(call.query, 'content_cas'))
  const op = { ...deleteOp(here.drive, path, yes(call.query, 'permanent')), ...guard, expect: 'file' } as const
  const result = await perform(call, here.actor, op, { kind: 'file', source: false })
  return result.trash ? { status: 200, body: { recycledItemId: result.trash.id } } : { status: 204 }
}
