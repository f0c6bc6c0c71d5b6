/**
 * `/file/create`: makes a folder, opens an upload session, or, when the bytes are here already, makes the file at once.
 */
import type { Attributes, Json, NodeView, Op, Ref, Upload } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { failedAnswer, missing, notSupported, notValid, Refusal } from './error.ts'
import { attributesOf, tagsOf } from './file-change.ts'
import { existingOp, isTaken, one, viewOf } from './outcome.ts'
import { encryptModeOf } from './present.ts'
import { knownFile, PRE_HASH_MATCHED, preHashMatches } from './rapid.ts'
import { type Body, flag, integer, isObject, objects, requiredText, text } from './request.ts'
import {
  type CheckNameMode,
  checkNameModeOf,
  conflictOf,
  driveOf,
  fileIdOf,
  kindOf,
  NAMING,
  refOf,
  revisionOf,
  uploadIdOf,
} from './terms.ts'
import { commitOp, hashesOf, hashNameOf, PARTS_MAX, partNumbersOf, partUrls, type SessionData } from './upload.ts'

/** Sessions nobody completes, and their parts, are thrown away after this: 10 days. */
const SESSION_LIFE_MS = 10 * 24 * 3600 * 1000
const EMPTY_SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export const fileCreate: SteppedEndpoint = {
  url: '/file/create',
  operation: 'CreateFile',
  coverage: 'done',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const kind = kindOf(body)
    if (kind === undefined) return missing('type')
    return yield* kind === 'folder' ? createFolder(body, env) : createFile(body, env, false)
  },
}

export const fileCreateWithProof: SteppedEndpoint = {
  url: '/file/create_with_proof',
  operation: 'CreateFileWithProof',
  coverage: 'done',
  scope: 'FILE.CREATE',
  *steps(body, env): Call {
    return yield* createFile(body, env, true)
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
      encrypt_mode: encryptModeOf(node),
      exist: false,
      status: 'available',
      revision_id: '',
    },
  }
}

/** 201 with the item that has the name already: nothing was made. */
function* existing(env: Env, body: Body, taken: Parameters<typeof existingOp>[1], drive: Upload['drive']): Call {
  const result = yield* one(existingOp(drive, taken))
  if (result.status === 'failed') return failedAnswer(taken.error)
  const { node, drive: home } = viewOf(result)
  return {
    status: 201,
    body: {
      domain_id: home.tenant,
      drive_id: String(home.id),
      file_id: fileIdOf(env.engine, node),
      file_name: node.name,
      parent_file_id: text(body, 'parent_file_id'),
      type: node.kind,
      encrypt_mode: encryptModeOf(node),
      exist: true,
      rapid_upload: false,
      status: 'available',
      revision_id: revisionOf(fileIdOf(env.engine, node), node.version),
    },
  }
}

/** @param isProofDue whether content that is known is only taken with a proof of possession */
function* createFile(body: Body, env: Env, isProofDue: boolean): Call {
  const drive = driveOf(env, body)
  const mode = checkNameModeOf(body)
  const numbers = partNumbersOf(body)
  const size = integer(body, 'size', 0, Number.MAX_SAFE_INTEGER)
  const parallel = parallelOf(body)
  const hashes = hashesOf(body)
  if (yield* preHashMatches(body, drive, size)) return PRE_HASH_MATCHED
  const target = text(body, 'file_id') ? refOf(env, body, 'file_id', drive) : undefined
  const data: SessionData = {
    mode,
    attributes: startingAttributes(body),
    parallel,
    states: statesOf(body),
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
  const known = size ? yield* knownFile(env, body, { drive, size, hashes }, isProofDue) : null
  const result = yield* one(op)
  if (mode === 'refuse' && isTaken(result)) return yield* existing(env, body, result, drive)
  if (result.status === 'failed') return failedAnswer(result.error)
  const upload = (result as { upload?: Upload }).upload!
  const isHit = yield* size === 0 ? emptyHit(upload, hashes) : knownHit(upload, known)
  if (isHit) return yield* rapid(env, body, upload, target !== undefined)
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
    encrypt_mode: text(body, 'encrypt_mode') || 'none',
    exist: false,
  }
}

/** Anybody can be trusted to have the empty content. */
function* emptyHit(upload: Upload, hashes: Upload['hashes']): Steps<boolean> {
  if (!isEmptyContent(hashes)) return false
  const { emptyParts } = yield { emptyParts: [upload.id] }
  const stored = emptyParts[0]!
  if ('status' in stored) throw new Refusal(failedAnswer(stored.error))
  return true
}

/** Gives the session the content of a file the caller sees; not when that went away meanwhile. */
function* knownHit(upload: Upload, known: NodeView | null): Steps<boolean> {
  if (!known) return false
  const { fills } = yield { fills: [{ upload: upload.id, node: { drive: known.drive.id, id: known.node.id } }] }
  return !('status' in fills[0]!)
}

/** A rapid hit: nothing need be sent, the file is there. */
function* rapid(env: Env, body: Body, upload: Upload, isRevision: boolean): Call {
  const result = yield* one(commitOp(upload))
  const { node } = viewOf(result)
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

/** The hashes whose state a part can carry: of others no part can come before the one in front of it. */
const STATE_FIELDS = { sha1: 'parallel_sha1_ctx', sha256: 'parallel_sha256_ctx' } as const
const STATE_BYTES_MAX = 512

/** Whether parts come in any order. A client that is refused this sends them one after the other instead. */
function parallelOf(body: Body): boolean {
  if (!flag(body, 'parallel_upload')) return false
  if (Object.hasOwn(STATE_FIELDS, hashNameOf(body))) return true
  throw new Refusal(notSupported('parallel_upload'))
}

/** The hash states of parts, as they came. */
function statesOf(body: Body): Record<string, Json> {
  const parts = objects(body, 'part_info_list', PARTS_MAX) ?? []
  const states = parts.flatMap((part): [string, Json][] => {
    const field = Object.values(STATE_FIELDS).find((one) => isObject(part[one]))
    if (!field) return []
    const state = { [field]: part[field] } as Json
    if (JSON.stringify(state).length > STATE_BYTES_MAX) throw new Refusal(notValid(field))
    return [[String(part.part_number), state]]
  })
  return Object.fromEntries(states)
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

function isEmptyContent({ sha1, sha256 }: Upload['hashes']): boolean {
  return sha1 === EMPTY_SHA1 || sha256 === EMPTY_SHA256
}
