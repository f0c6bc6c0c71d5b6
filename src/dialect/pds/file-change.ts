/** `/file/*`: changing, moving, copying and destroying files and folders. */
import type { AttributesPatch, CopyOp, DriveId, Json, Op, Result } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint } from './call.ts'
import { empty, failedAnswer, missing, notSupported, notValid, outOfRange, Refusal } from './error.ts'
import { shown } from './file.ts'
import { emptied, existingOp, isTaken, one, viewOf } from './outcome.ts'
import { type Body, flag, moment, objects, requiredText, text, texts } from './request.ts'
import { save } from './share-files.ts'
import {
  aliasOf,
  checkNameModeOf,
  conflictOf,
  driveOf,
  fileIdOf,
  fileRef,
  iso,
  NAMING,
  optionalDriveOf,
  refOf,
  revisionOf,
} from './terms.ts'

const DESCRIPTION_CHARACTERS_MAX = 1024
const LABELS_MAX = 100
const LABEL_CHARACTERS_MAX = 128
const TAGS_MAX = 1000
const TAG_BYTES_MAX = 2000

/** Members only this API knows; kept as they come. */
const OWN_MEMBERS = [
  'user_meta',
  'meta',
  'custom_index_key',
  'mime_type',
  'mime_extension',
  'category',
  'encrypt_mode',
] as const

/** What a request writes on a node beside its name; `''` clears a text. */
export function attributesOf(body: Body): AttributesPatch {
  const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX)
  const labels = texts(body, 'labels', LABELS_MAX, LABEL_CHARACTERS_MAX)
  const hidden = flag(body, 'hidden')
  const starred = flag(body, 'starred')
  const createdAt = moment(body, 'local_created_at')
  const modifiedAt = moment(body, 'local_modified_at')
  const takenAt = moment(body, 'taken_at')
  const own = OWN_MEMBERS.flatMap((member): [string, Json][] => {
    const value = text(body, member)
    return value === undefined ? [] : [[`pds.${member}`, value === '' ? null : value]]
  })
  return {
    ...(description !== undefined && { description: description || null }),
    ...(labels !== undefined && { labels }),
    ...(hidden !== undefined && { hidden }),
    ...(starred !== undefined && { starred }),
    ...(createdAt !== undefined && { localCreatedAt: createdAt }),
    ...(modifiedAt !== undefined && { localModifiedAt: modifiedAt }),
    ...(takenAt !== undefined && { takenAt }),
    ...(own.length > 0 && { extra: Object.fromEntries(own) }),
  }
}

export const fileUpdate: SteppedEndpoint = {
  url: '/file/update',
  operation: 'UpdateFile',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const set = attributesOf(body)
    const name = text(body, 'name')
    const conflict = conflictOf(checkNameModeOf(body))
    const op: Op = { kind: 'update', node, set, ...(name !== undefined && { name, conflict, naming: NAMING }) }
    return yield* shown(env, yield* one(op))
  },
}

export const fileMove: SteppedEndpoint = {
  url: '/file/move',
  operation: 'MoveFile',
  coverage: 'done',
  scope: 'FILE.MOVE',
  guests: 'share',
  *steps(body, env): Call {
    const drive = driveOf(env, body)
    const node = refOf(env, body, 'file_id', drive)
    const toDrive = optionalDriveOf(body, 'to_drive_id') ?? drive
    const to = refOf(env, body, 'to_parent_file_id', toDrive)
    const mode = checkNameModeOf(body)
    const name = newName(body)
    const op: Op = { kind: 'move', node, to, conflict: conflictOf(mode), naming: NAMING, keepGrants: true, ...name }
    const { results } = yield { ops: [op] }
    const result = results[0]!
    if (mode !== 'refuse' || !isTaken(result)) return moved(env, result, false)
    const { results: existing } = yield { ops: [existingOp(toDrive, result)] }
    if (existing[0]!.status === 'failed') return failedAnswer(result.error)
    return moved(env, existing[0]!, true)
  },
}

function moved(env: Env, result: Result, exist: boolean) {
  const { node, drive } = viewOf(result)
  const fileId = aliasOf(env.engine, drive, node)
  return {
    status: 200,
    body: {
      domain_id: drive.tenant,
      drive_id: String(drive.id),
      file_id: fileId,
      exist,
      file_name: node.name,
      revision_id: revisionOf(fileIdOf(env.engine, node), node.version),
      updated_at: iso(node.updatedAt),
      async_task_id: result.status === 'later' ? String(result.task) : '',
    },
  }
}

function newName(body: Body): { name?: string } {
  const name = text(body, 'new_name')
  return name === undefined ? {} : { name }
}

export const fileCopy: SteppedEndpoint = {
  url: '/file/copy',
  operation: 'CopyFile',
  coverage: 'done',
  scope: 'FILE.COPY',
  guests: 'share',
  *steps(body, env): Call {
    const drive = driveOf(env, body)
    const node = refOf(env, body, 'file_id', drive)
    const toDrive = targetDriveOf(env, body) ?? drive
    const to = refOf(env, body, 'to_parent_file_id', toDrive)
    const conflict = conflictOf(flag(body, 'auto_rename') ? 'auto_rename' : 'refuse')
    const name = newName(body)
    const op: CopyOp = { kind: 'copy', node, to, conflict, naming: NAMING, taskIfFolder: true, ...name }
    const result = env.share ? yield* save(env, op) : (yield { ops: [op] }).results[0]!
    const { node: copy, drive: home } = viewOf(result)
    const ids = { domain_id: home.tenant, drive_id: String(home.id), file_id: fileIdOf(env.engine, copy) }
    if (copy.kind === 'file') return { status: 201, body: ids }
    return { status: 202, body: { ...ids, async_task_id: result.status === 'later' ? String(result.task) : '' } }
  },
}

/** Nothing is copied into a share; from one, only into a drive that is named. */
function targetDriveOf(env: Env, body: Body): DriveId | undefined {
  if (text(body, 'to_share_id')) throw new Refusal(notSupported('to_share_id'))
  const drive = optionalDriveOf(body, 'to_drive_id')
  if (env.share && drive === undefined) throw new Refusal(missing('to_drive_id'))
  return drive
}

export const fileDelete: SteppedEndpoint = {
  url: '/file/delete',
  operation: 'DeleteFile',
  coverage: 'done',
  scope: 'FILE.DELETE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const ifEmpty = flag(body, 'check_folder_empty') ?? false
    const result = yield* one({ kind: 'purge', node, trashed: 'any', ifEmpty, taskIfLarge: true })
    if (result.status !== 'later') return emptied(result)
    const ids = {
      domain_id: env.actor.tenant,
      drive_id: String(driveOf(env, body)),
      file_id: requiredText(body, 'file_id'),
    }
    return { status: 202, body: { ...ids, async_task_id: String(result.task) } }
  },
}

export const filePutUsertags: SteppedEndpoint = {
  url: '/file/put_usertags',
  operation: 'FilePutUserTags',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const tags = tagsOf(body)
    if (tags === undefined) return missing('user_tags')
    if (Object.keys(tags).length === 0) return empty('user_tags')
    const result = yield* one({ kind: 'update', node, set: { tags } })
    const { node: tagged, drive } = viewOf(result)
    return { status: 200, body: { file_id: aliasOf(env.engine, drive, tagged) } }
  },
}

/** `user_tags`, in requests a list of keys and values; undefined when absent. */
export function tagsOf(body: Body): Record<string, string> | undefined {
  const tags = objects(body, 'user_tags', TAGS_MAX)?.map((tag): [string, string] => {
    const [key, value] = [requiredText(tag, 'key'), text(tag, 'value') ?? '']
    if (key.includes('#') || value.includes('#')) throw new Refusal(notValid('user_tags'))
    if (Buffer.byteLength(key) + Buffer.byteLength(value) > TAG_BYTES_MAX) throw new Refusal(outOfRange('user_tags'))
    return [key, value]
  })
  if (tags && new Set(tags.map(([key]) => key)).size < tags.length) throw new Refusal(notValid('user_tags'))
  return tags && Object.fromEntries(tags)
}

export const fileDeleteUsertags: SteppedEndpoint = {
  url: '/file/delete_usertags',
  operation: 'FileDeleteUserTags',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  guests: 'share',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const keys = texts(body, 'key_list', TAGS_MAX, TAG_BYTES_MAX)
    if (keys === undefined) return missing('key_list')
    if (keys.length === 0) return empty('key_list')
    const tags = Object.fromEntries(keys.map((key) => [key, null]))
    return emptied(yield* one({ kind: 'update', node, set: { tags } }))
  },
}
