/**
 * Uploads: `/file/create` opens a session (or makes a folder), parts are PUT to signed URLs, `/file/complete` makes the
 * version visible. Content is never matched by a hash alone: who knows a hash has not shown that he has the bytes. The
 * one content anybody can be trusted to have is the empty one.
 */
import type { Attributes, Json, Op, Ref, Result, Upload, UploadPart } from '../../engine/index.ts'
import { putPath } from '../../http/transfer-url.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, badJson, failedAnswer, missing, notFound, notValid, Refusal, sound } from './error.ts'
import { shown } from './file.ts'
import { attributesOf, tagsOf } from './file-change.ts'
import { existingOp, isTaken, viewOf } from './outcome.ts'
import { type Body, flag, integer, objects, requiredText, text } from './request.ts'
import {
  type CheckNameMode,
  checkNameModeOf,
  conflictOf,
  driveOf,
  fileIdOf,
  iso,
  kindOf,
  NAMING,
  parseUpload,
  refOf,
  revisionOf,
  URL_LIFE_S,
  uploadIdOf,
} from './terms.ts'

const PARTS_MAX = 10_000
/** Sessions nobody completes, and their parts, are thrown away after this: 10 days. */
const SESSION_LIFE_MS = 10 * 24 * 3600 * 1000
const UPLOADED_PARTS_PAGE_MAX = 1000
const EMPTY_SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** What a session remembers from create to complete. */
interface SessionData {
  readonly mode: CheckNameMode
  readonly attributes: Attributes
  readonly parallel: boolean
}

export const fileCreate: SteppedEndpoint = {
  url: '/file/create',
  operation: 'CreateFile',
  coverage: 'rapid upload of the empty content only; proof codes are not needed and not read',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const kind = kindOf(body)
    if (kind === undefined) return missing('type')
    return yield* kind === 'folder' ? createFolder(body, env) : createFile(body, env)
  },
}

function* createFolder(body: Body, env: Env): Call {
  const drive = driveOf(env, body)
  const parent = refOf(env, body, 'parent_file_id', drive)
  const name = requiredText(body, 'name')
  const mode = checkNameModeOf(body)
  const attributes = startingAttributes(body)
  const op: Op = { kind: 'createFolder', parent, name, conflict: conflictOf(mode), naming: NAMING, attributes }
  const { results } = yield { ops: [op] }
  if (mode === 'refuse' && isTaken(results[0]!)) return yield* existing(env, body, results[0], drive)
  const { node, drive: home } = viewOf(results[0]!)
  return {
    status: 201,
    body: {
      domain_id: home.tenant,
      drive_id: String(home.id),
      file_id: fileIdOf(env.engine, node),
      file_name: node.name,
      parent_file_id: text(body, 'parent_file_id'),
      type: 'folder',
      encrypt_mode: 'none',
      exist: false,
      status: 'available',
      revision_id: '',
    },
  }
}

/** 201 with the item that has the name already: nothing was made. */
function* existing(env: Env, body: Body, taken: Parameters<typeof existingOp>[1], drive: Upload['drive']): Call {
  const { results } = yield { ops: [existingOp(drive, taken)] }
  if (results[0]!.status === 'failed') return failedAnswer(taken.error)
  const { node, drive: home } = viewOf(results[0]!)
  return {
    status: 201,
    body: {
      domain_id: home.tenant,
      drive_id: String(home.id),
      file_id: fileIdOf(env.engine, node),
      file_name: node.name,
      parent_file_id: text(body, 'parent_file_id'),
      type: node.kind,
      encrypt_mode: 'none',
      exist: true,
      rapid_upload: false,
      status: 'available',
      revision_id: revisionOf(fileIdOf(env.engine, node), node.version),
    },
  }
}

function* createFile(body: Body, env: Env): Call {
  const drive = driveOf(env, body)
  const mode = checkNameModeOf(body)
  const numbers = partNumbersOf(body)
  const size = integer(body, 'size', 0, Number.MAX_SAFE_INTEGER)
  const hashes = hashesOf(body)
  const target = text(body, 'file_id') ? refOf(env, body, 'file_id', drive) : undefined
  const data: SessionData = {
    mode,
    attributes: startingAttributes(body),
    parallel: flag(body, 'parallel_upload') ?? false,
  }
  const op: Op = {
    kind: 'upload',
    drive,
    ...(target ? { target } : placeOf(env, body, drive, mode)),
    ...(size !== undefined && { size }),
    hashes,
    ttlMs: SESSION_LIFE_MS,
    data: data as unknown as Json,
  }
  const { results } = yield { ops: [op] }
  const result = results[0]!
  if (mode === 'refuse' && isTaken(result)) return yield* existing(env, body, result, drive)
  if (result.status === 'failed') return failedAnswer(result.error)
  const upload = (result as { upload?: Upload }).upload!
  if (size === 0 && isEmptyContent(hashes)) return yield* storeEmpty(env, body, upload, target !== undefined)
  return {
    status: 201,
    body: {
      ...sessionObject(env, body, upload, target !== undefined),
      rapid_upload: false,
      status: 'uploading',
      upload_id: uploadIdOf(upload.id),
      part_info_list: partUrls(env, upload, numbers),
    },
  }
}

/** Where a new file goes, and under which name. */
function placeOf(env: Env, body: Body, drive: Upload['drive'], mode: CheckNameMode) {
  const parent: Ref = refOf(env, body, 'parent_file_id', drive)
  return { parent, name: requiredText(body, 'name'), conflict: conflictOf(mode), naming: NAMING }
}

function sessionObject(env: Env, body: Body, upload: Upload, isRevision: boolean) {
  return {
    domain_id: upload.tenant,
    drive_id: String(upload.drive),
    // A new file will be born where its session is; an existing one is named by the request.
    file_id: isRevision ? text(body, 'file_id') : fileIdOf(env.engine, { born: upload.drive, id: upload.node }),
    file_name: upload.name,
    parent_file_id: text(body, 'parent_file_id') ?? undefined,
    type: 'file',
    encrypt_mode: 'none',
    exist: false,
  }
}

/** A rapid hit: the empty content needs no transfer. */
function* storeEmpty(env: Env, body: Body, upload: Upload, isRevision: boolean): Call {
  const { emptyParts } = yield { emptyParts: [upload.id] }
  const stored = emptyParts[0]!
  if ('status' in stored) return failedAnswer(stored.error)
  const { results } = yield { ops: [commitOp(upload)] }
  const { node } = viewOf(results[0]!)
  return {
    status: 201,
    body: {
      ...sessionObject(env, body, upload, isRevision),
      file_name: node.name,
      rapid_upload: true,
      status: 'available',
      upload_id: uploadIdOf(upload.id),
      revision_id: revisionOf(fileIdOf(env.engine, node), node.version),
    },
  }
}

/** What a new node starts with. */
function startingAttributes(body: Body): Attributes {
  const tags = tagsOf(body)
  const contentType = text(body, 'content_type', 256)
  const patch = { ...attributesOf(body), ...(tags && { tags }), ...(contentType && { contentType }) }
  return withoutNull(patch) as Attributes
}

/** A patch that starts from nothing needs no removals. */
function withoutNull(record: object): object {
  const kept = Object.entries(record).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'extra' ? withoutNull(value) : value]))
}

/** The declared hash of the whole content; letter case does not matter. */
function hashesOf(body: Body): Upload['hashes'] {
  const hash = text(body, 'content_hash')?.toLowerCase()
  const name = (text(body, 'content_hash_name') || 'sha1').toLowerCase()
  if (!hash) return {}
  const digits = { sha1: 40, sha256: 64 }[name]
  if (digits === undefined) throw new Refusal(notValid('content_hash_name'))
  if (hash.length !== digits || !/^[0-9a-f]+$/.test(hash)) throw new Refusal(notValid('content_hash'))
  return { [name]: hash }
}

function isEmptyContent({ sha1, sha256 }: Upload['hashes']): boolean {
  return sha1 === EMPTY_SHA1 || sha256 === EMPTY_SHA256
}

/** The parts a request wants URLs for, in its order; one part when it names none. */
function partNumbersOf(body: Body): { number: number; contentType: string }[] {
  const parts = objects(body, 'part_info_list', PARTS_MAX) ?? []
  if (parts.length === 0) return [{ number: 1, contentType: '' }]
  const numbers = parts.map((part) => {
    const number = integer(part, 'part_number', 1, PARTS_MAX)
    if (number === undefined) throw new Refusal(missing('part_number'))
    return { number, contentType: text(part, 'content_type', 256) ?? '' }
  })
  if (new Set(numbers.map(({ number }) => number)).size < numbers.length) throw new Refusal(notValid('part_info_list'))
  return numbers
}

/** One URL a part, in the order asked: clients match them by index. */
function partUrls(env: Env, upload: Upload, parts: readonly { number: number; contentType: string }[]) {
  return parts.map(({ number, contentType }) => {
    const ticket = { upload: upload.id, part: number }
    const url = env.origin + putPath(env.engine, ticket, env.now + URL_LIFE_S * 1000)
    return { part_number: number, upload_url: url, internal_upload_url: url, content_type: contentType }
  })
}

interface Session {
  readonly upload: Upload
  readonly parts: readonly UploadPart[]
}

/** The session a request names, checked against the file it names beside it. */
function* sessionOf(body: Body, env: Env): Steps<Session> {
  const drive = driveOf(env, body)
  const fileId = requiredText(body, 'file_id')
  const id = parseUpload(requiredText(body, 'upload_id'))
  const file = env.engine.ids.parseFileId(fileId)
  if (id === undefined) throw new Refusal(notFound('upload_id'))
  const { uploads } = yield { uploads: [id] }
  const session = uploads[0]
  const isOurs = session && session.upload.drive === drive && session.upload.node === file?.id
  if (!isOurs) throw new Refusal(notFound('upload_id'))
  return session
}

function commitOp(upload: Upload, hashes: Upload['hashes'] = {}): Op {
  const { mode, attributes } = upload.data as unknown as SessionData
  return { kind: 'commit', upload: upload.id, conflict: conflictOf(mode), naming: NAMING, hashes, attributes }
}

export const fileComplete: SteppedEndpoint = {
  url: '/file/complete',
  operation: 'CompleteFile',
  coverage: 'last_revision_id is not checked',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const listed = listedParts(body)
    const crc64 = text(body, 'crc64_hash')
    const declared = { ...hashesOf(body), ...(crc64 && { crc64 }) }
    const { upload, parts } = yield* sessionOf(body, env)
    if (upload.state === 'committed') return yield* completedBefore(env, upload)
    const wrong = partsProblem(listed, parts)
    if (wrong) return wrong
    const { results } = yield { ops: [commitOp(upload, declared)] }
    const result = results[0]!
    if (result.status === 'failed' && result.error.code === 'upload_used') return yield* completedBefore(env, upload)
    return yield* completed(env, upload, result)
  },
}

function* completed(env: Env, upload: Upload, result: Result): Call {
  const { status, body } = yield* shown(env, result)
  return { status, body: { ...body, upload_id: uploadIdOf(upload.id) } }
}

/** Completing twice shows the file again. */
function* completedBefore(env: Env, { drive, node }: Upload): Call {
  const { results } = yield { ops: [{ kind: 'get', node: { drive, id: node }, need: 0, trashed: 'no' }] }
  return yield* shown(env, results[0]!)
}

function listedParts(body: Body): { number: number; etag: string | undefined }[] | undefined {
  return objects(body, 'part_info_list', PARTS_MAX)?.map((part) => {
    const number = integer(part, 'part_number', 1, PARTS_MAX)
    if (number === undefined) throw new Refusal(missing('part_number'))
    return { number, etag: text(part, 'etag')?.replaceAll('"', '').toLowerCase() }
  })
}

/** A list must name exactly the stored parts: content other than the one meant must not come about. */
function partsProblem(listed: ReturnType<typeof listedParts>, stored: readonly UploadPart[]): Answer | null {
  if (!listed || listed.length === 0) return null
  const wanted = new Map(listed.map(({ number, etag }) => [number, etag]))
  const matches = stored.every(({ number, md5 }) => wanted.has(number) && (wanted.get(number) || md5) === md5)
  if (matches && wanted.size === stored.length) return null
  return sound(
    400,
    'InvalidParameterNotMatch.PartInfoList',
    "The input parameter part_info_list doesn't match. The uploaded parts are others.",
  )
}

export const fileGetUploadUrl: SteppedEndpoint = {
  url: '/file/get_upload_url',
  operation: 'GetUploadUrl',
  coverage: 'done',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const numbers = partNumbersOf(body)
    const { upload } = yield* sessionOf(body, env)
    if (upload.state === 'committed') return sound(409, 'AlreadyExist.File', 'The resource file has already exists.')
    return {
      status: 200,
      body: {
        domain_id: upload.tenant,
        drive_id: String(upload.drive),
        file_id: text(body, 'file_id'),
        upload_id: uploadIdOf(upload.id),
        create_at: iso(upload.createdAt),
        part_info_list: partUrls(env, upload, numbers),
      },
    }
  },
}

export const fileListUploadedParts: SteppedEndpoint = {
  url: '/file/list_uploaded_parts',
  operation: 'ListUploadedParts',
  coverage: 'no parallel_sha1_ctx',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const marker = body.part_number_marker ?? 0
    // The vendor fails to read anything but a number here before it looks at the rest.
    if (typeof marker !== 'number' || !Number.isSafeInteger(marker) || marker < 0) return badJson('part_number_marker')
    const limit = integer(body, 'limit', 1, UPLOADED_PARTS_PAGE_MAX) ?? UPLOADED_PARTS_PAGE_MAX
    const { upload, parts } = yield* sessionOf(body, env)
    const rest = parts.filter(({ number }) => number > marker).sort((a, b) => a.number - b.number)
    const page = rest.slice(0, limit)
    return {
      status: 200,
      body: {
        file_id: text(body, 'file_id'),
        upload_id: uploadIdOf(upload.id),
        parallel_upload: (upload.data as unknown as SessionData).parallel,
        uploaded_parts: page.map((part) => ({
          part_number: part.number,
          part_size: part.size,
          etag: `"${part.md5.toUpperCase()}"`,
        })),
        next_part_number_marker: rest.length > limit ? String(page.at(-1)!.number) : '',
      },
    }
  },
}
