/**
 * The three-step upload: ask for an address, send the bytes there, commit. What the file shall become is remembered with
 * the session and decided at the commit, when the bytes are there; the request for an address checks what it can.
 */
import { Readable } from 'node:stream'
import {
  type DriveId,
  fail,
  type Json,
  type NodeView,
  type Op,
  type Upload,
  type UploadId,
} from '../../engine/index.ts'
import { putPath } from '../../http/transfer-url.ts'
import {
  type Answer,
  type Call,
  driveOf,
  fileParam,
  getOp,
  inputProblem,
  type Route,
  readNode,
  runAll,
  runOne,
} from './call.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import { landing, readConflict } from './landing.ts'
import { presentFile } from './present.ts'
import { SCOPES } from './scope.ts'
import { CONFLICTS, type ConflictWord, NAMING, parseHashes } from './terms.ts'

/** How long an address takes bytes, ms. */
const UPLOAD_LIFE_MS = 24 * 3600_000
/** An empty file is made at once; should that be cut off, nothing of it stays for long. */
const EMPTY_FILE_LIFE_MS = 60_000

/** What an upload shall become, as the client said it. */
export interface Intent {
  /** The folder's id in the call's path. */
  readonly parent: string
  readonly path: readonly string[]
  readonly name: string
  readonly conflict: ConflictWord
  /** The file that gets a new version; '' for a new file. */
  readonly target: string
}

interface Declared {
  readonly size: number
  readonly hashes: Upload['hashes']
  readonly ttlMs: number
}

/** The members that requesting an upload and opening a multipart one have in common. */
export function readUpload(call: Call): { intent: Intent; declared: Declared } {
  const { body, params } = call
  const size = body.integer('size', 0)
  const target = body.optionalText('file_id') ?? ''
  // The name of a file that is there stays as it is.
  const name = target === '' ? body.text('name') : ''
  const hashes = body.has('hashes') ? parseHashes(body.raw('hashes')) : {}
  if (!hashes) body.refuse('valueInvalid', 'hashes must be a list of {type, sum} with the sums in hex')
  const path = body.optionalTexts('parent_path') ?? []
  const intent = { parent: params.node ?? '', path, name, conflict: readConflict(body), target }
  return { intent, declared: { size, hashes: hashes ?? {}, ttlMs: UPLOAD_LIFE_MS } }
}

/** Opens a session, with every check that can be made before the bytes are there. */
export async function openUpload(
  call: Call,
  drive: DriveId,
  intent: Intent,
  { size, hashes, ttlMs }: Declared,
): Promise<Upload | Refusal> {
  const data = { wps: intent } as unknown as Json
  const common = { kind: 'upload', drive, size, hashes, ttlMs, data } as const
  const place = await landing(call, drive, intent.parent, intent.path)
  if (isRefusal(place)) return place
  const naming = { name: intent.name, naming: NAMING }
  const target = intent.target === '' ? undefined : fileParam(call, intent.target, drive)
  if (target && isRefusal(target)) return target
  const op: Op = target
    ? { ...common, target }
    : place.make.length > 0
      ? { ...common, ...naming }
      : { ...common, ...naming, parent: place.parent, conflict: CONFLICTS[intent.conflict] }
  const result = await runOne(call, op)
  if (isRefusal(result)) return result
  return result.status === 'done' && result.upload ? result.upload : refuse('unknown')
}

/** Makes the bytes of a session a file, or the next version of one. A session already committed gives its file again. */
export async function commitUpload(call: Call, upload: Upload, intent: Intent): Promise<NodeView | Refusal> {
  const { drive, id } = upload
  if (upload.state === 'committed') return committed(call, upload, intent)
  const target = intent.target === '' ? undefined : fileParam(call, intent.target, drive)
  if (target && isRefusal(target)) return target
  const place = target ? { parent: undefined, make: [] } : await landing(call, drive, intent.parent, intent.path)
  if (isRefusal(place)) return place
  const result = await runAll(call, [
    ...place.make,
    {
      kind: 'commit',
      upload: id,
      ...(place.parent ? { parent: place.parent, name: intent.name } : {}),
      ...(target ? { target } : {}),
      conflict: CONFLICTS[intent.conflict],
      naming: NAMING,
    },
  ])
  if (!isRefusal(result)) return result.view!
  if (result.code !== USED.code) return result
  // Another commit of the same session came first.
  const [now] = await call.engine.uploads(call.actor, [id])
  return now ? committed(call, now.upload, intent) : result
}

const USED = refusalOf(fail('upload_used').error)

/** The file a session became: where it was made, or wherever the file it was meant for is. */
function committed(call: Call, { drive, node }: Upload, { target }: Intent): Promise<NodeView | Refusal> {
  const named = target === '' ? undefined : call.engine.ids.parseFileId(target)
  return readNode(call, getOp(named ?? { born: drive, id: node }))
}

/** Makes a file without content. */
export async function createEmptyFile(call: Call, drive: DriveId, intent: Intent): Promise<NodeView | Refusal> {
  const upload = await openUpload(call, drive, intent, { size: 0, hashes: {}, ttlMs: EMPTY_FILE_LIFE_MS })
  if (isRefusal(upload)) return upload
  const stored = await call.engine.writePart(upload.id, 1, Readable.from([]))
  if ('status' in stored) return refusalOf(stored.error)
  return commitUpload(call, upload, intent)
}

/** A session of the caller's by its id, with what it shall become; undefined for those of other dialects too. */
export async function findUpload(call: Call, id: string): Promise<{ upload: Upload; intent: Intent } | undefined> {
  const [found] = await call.engine.uploads(call.actor, [id as UploadId])
  const data = found?.upload.data as { wps?: Intent } | null | undefined
  return found && data?.wps ? { upload: found.upload, intent: data.wps } : undefined
}

/** The address to which the bytes of a session are sent. */
export function storeUrl({ engine, origin }: Call, upload: Upload, part: number): string {
  return origin + putPath(engine, { upload: upload.id, part }, upload.expiresAt)
}

async function requestUpload(call: Call): Promise<Answer> {
  const { intent, declared } = readUpload(call)
  call.body.word('upload_scene', ['normal_upload', 'roaming_upload'], 'normal_upload')
  const drive = inputProblem(call) ?? (await driveOf(call, call.params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const upload = await openUpload(call, drive, intent, declared)
  if (isRefusal(upload)) return upload
  return { data: { upload_id: upload.id, store_request: { method: 'PUT', url: storeUrl(call, upload, 1) } } }
}

async function commit(call: Call): Promise<Answer> {
  const { body, params } = call
  // `id` is the member's older name.
  const id = body.has('upload_id') || !body.has('id') ? body.text('upload_id') : body.text('id')
  const drive = inputProblem(call) ?? (await driveOf(call, params.drive ?? ''))
  if (typeof drive !== 'number') return drive
  const found = await findUpload(call, id)
  if (!found) return refuse('notFound', 'no such upload')
  const { upload, intent } = found
  if (upload.drive !== drive || intent.parent !== params.node) {
    return refuse('valueInvalid', 'the upload was requested for another drive or folder')
  }
  const view = await commitUpload(call, upload, intent)
  return isRefusal(view) ? view : { data: await presentFile(call, view) }
}

export const uploadRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/request_upload',
    operation: 'Request upload',
    coverage: 'partial: internal, storage_base_domain: one address serves all; hashes of type s2s are not checked',
    scopes: SCOPES.fileWrite,
    handle: requestUpload,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/commit_upload',
    operation: 'Commit upload',
    scopes: SCOPES.fileWrite,
    handle: commit,
  },
]
