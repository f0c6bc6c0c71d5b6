/** Uploads under way: URLs for parts, the parts that have come, and `/file/complete`, which makes the version visible. */
import type { Attributes, Json, Op, Result, Upload, UploadPart } from '../../engine/index.ts'
import { putPath } from '../../http/transfer-url.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, badJson, missing, notFound, notValid, Refusal, sound } from './error.ts'
import { shown } from './file.ts'
import { one, viewOf } from './outcome.ts'
import { type Body, integer, objects, requiredText, text } from './request.ts'
import {
  type CheckNameMode,
  conflictOf,
  driveOf,
  fileIdOf,
  iso,
  NAMING,
  parseUpload,
  revisionOf,
  URL_LIFE_S,
  uploadIdOf,
} from './terms.ts'

export const PARTS_MAX = 10_000
const UPLOADED_PARTS_PAGE_MAX = 1000
const HASH_DIGITS: ReadonlyMap<string, number> = new Map([
  ['sha1', 40],
  ['sha256', 64],
])

/** What a session remembers from create to complete. */
export interface SessionData {
  readonly mode: CheckNameMode
  readonly attributes: Attributes
  readonly parallel: boolean
  /** Hash states of parts sent in any order, by part number: clients that resume ask for them. */
  readonly states?: Readonly<Record<string, Json>>
}

/** What the hash of the whole content is made by. */
export function hashNameOf(body: Body): string {
  return (text(body, 'content_hash_name') || 'sha1').toLowerCase()
}

/** The declared hash of the whole content; letter case does not matter. */
export function hashesOf(body: Body): Upload['hashes'] {
  const hash = text(body, 'content_hash')?.toLowerCase()
  const name = hashNameOf(body)
  if (!hash) return {}
  const digits = HASH_DIGITS.get(name)
  if (digits === undefined) throw new Refusal(notValid('content_hash_name'))
  if (hash.length !== digits || !/^[0-9a-f]+$/.test(hash)) throw new Refusal(notValid('content_hash'))
  return { [name]: hash }
}

/** The parts a request wants URLs for, in its order; one part when it names none. */
export function partNumbersOf(body: Body): { number: number; contentType: string }[] {
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
export function partUrls(env: Env, upload: Upload, parts: readonly { number: number; contentType: string }[]) {
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

export function commitOp(upload: Upload, hashes: Upload['hashes'] = {}, ifRev?: number): Op {
  const { mode, attributes } = upload.data as unknown as SessionData
  const guard = ifRev === undefined ? {} : { ifRev }
  return { kind: 'commit', upload: upload.id, conflict: conflictOf(mode), naming: NAMING, hashes, attributes, ...guard }
}

export const fileComplete: SteppedEndpoint = {
  url: '/file/complete',
  operation: 'CompleteFile',
  coverage: 'done',
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
    const ifRev = yield* expectedRev(env, body, upload)
    const result = yield* one(commitOp(upload, declared, ifRev))
    if (result.status === 'failed' && result.error.code === 'upload_used') return yield* completedBefore(env, upload)
    return yield* completed(env, upload, result)
  },
}

/** The state a file must be in when its latest revision is to be the one the request names. */
function* expectedRev(env: Env, body: Body, { drive, node, revises }: Upload): Steps<number | undefined> {
  const expected = text(body, 'last_revision_id')
  if (!expected || !revises) return undefined
  const result = yield* one({ kind: 'get', node: { drive, id: node }, need: 0, trashed: 'no' })
  const { node: file } = viewOf(result)
  if (revisionOf(fileIdOf(env.engine, file), file.version) === expected) return file.rev
  throw new Refusal(sound(409, 'StateConflict.LastRevisionId', 'The file has got another revision meanwhile.'))
}

function* completed(env: Env, upload: Upload, result: Result): Call {
  const { status, body } = yield* shown(env, result)
  return { status, body: { ...body, upload_id: uploadIdOf(upload.id) } }
}

/** Completing twice shows the file again. */
function* completedBefore(env: Env, { drive, node }: Upload): Call {
  const result = yield* one({ kind: 'get', node: { drive, id: node }, need: 0, trashed: 'no' })
  return yield* shown(env, result)
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
  coverage: 'done',
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
          ...stateOf(upload, part.number),
        })),
        next_part_number_marker: rest.length > limit ? String(page.at(-1)!.number) : '',
      },
    }
  },
}

/** The hash state a client gave with a part; under the name it came by. */
function stateOf({ data }: Upload, number: number): object {
  const state = (data as unknown as SessionData).states?.[String(number)]
  return (state as object | undefined) ?? {}
}
