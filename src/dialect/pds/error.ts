/**
 * How failures sound in this API: the base codes and message templates of the vendor's "Error handling" page, with the
 * dotted suffix that names the resource or the parameter.
 */
import type { ErrorCode, OpError } from '../../engine/index.ts'

/** One answer: an HTTP status and, unless it is 204, a JSON object. */
export interface Answer {
  readonly status: number
  readonly body?: object
}

/** Thrown for a request whose shape is wrong, so that readers of fields need not pass failures along; caught in one place. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly answer: Answer

  constructor(answer: Answer) {
    super(JSON.stringify(answer.body))
    this.answer = answer
  }
}

/** `[status, code, message]` */
type Sound = readonly [status: number, code: string, message: string]

const NOT_FOUND_FILE: Sound = [404, 'NotFound.File', 'The resource file cannot be found. Please check.']
const FILE_EXISTS: Sound = [409, 'AlreadyExist.File', 'The resource file has already exists.']
const STATE_CONFLICT: Sound = [409, 'StateConflict', 'The state of the resource does not allow this operation.']
const WRONG_CONTENT: Sound = [400, 'InvalidParameter.ContentHash', 'The input parameter content_hash is not valid.']

/** Every code of the engine in the vendor's words. */
export const errors = {
  timeout: [504, 'D504TO', 'timeout'],
  busy: [429, 'TooManyRequests', 'The request has been throttled. Please retry later.'],
  drive_not_found: [404, 'NotFound.Drive', 'The resource drive cannot be found. Please check.'],
  drive_disabled: [403, 'ForbiddenDriveLocked', 'This operation is forbidden because the drive is disabled.'],
  node_not_found: NOT_FOUND_FILE,
  trash_not_found: NOT_FOUND_FILE,
  upload_not_found: [404, 'NotFound.UploadId', 'The resource upload_id cannot be found. Please check.'],
  version_not_found: [404, 'NotFound.Revision', 'The resource revision cannot be found. Please check.'],
  task_not_found: [404, 'NotFound.AsyncTaskId', 'The resource async_task_id cannot be found. Please check.'],
  link_not_found: [404, 'NotFound.ShareLink', 'The resource share_link cannot be found. Please check.'],
  forbidden: [403, 'ForbiddenNoPermission.File', 'No Permission to access resource file.'],
  wrong_kind: [400, 'InvalidResource.FileTypeFolder', 'The resource file_id is not valid. It is a folder.'],
  root_refused: [400, 'InvalidParameter.FileId', 'The input parameter file_id is not valid. It is the root.'],
  mark_exists: STATE_CONFLICT,
  mark_not_found: NOT_FOUND_FILE,
  precondition_failed: STATE_CONFLICT,
  name_invalid: [400, 'InvalidParameter.Name', 'The input parameter name is not valid.'],
  cycle: [
    400,
    'InvalidParameter.ToParentFileId',
    'The input parameter to_parent_file_id is not valid. It is the folder itself or inside of it.',
  ],
  too_deep: [
    400,
    'InvalidParameterOutOfRange.ParentFileId',
    "The input parameter parent_file_id doesn't match the limitation. The folders are nested too deeply.",
  ],
  name_taken: FILE_EXISTS,
  rename_exhausted: FILE_EXISTS,
  history_kept: STATE_CONFLICT,
  trash_off: [400, 'OperationNotSupport', 'The operation is not supported. The drive has no recycle bin.'],
  parent_gone: NOT_FOUND_FILE,
  // The code is spelt so on the page about deleting a revision.
  version_current: [
    400,
    'FileLatestRevisionCannotBeRestore',
    'The latest revision of a file can neither be restored nor deleted.',
  ],
  quota_drive: [
    403,
    'QuotaExhausted.Drive',
    'The resource drive has exceeded the limit. File size exceeded drive capacity',
  ],
  quota_shared: [
    403,
    'QuotaExhausted.Drive',
    'The resource drive has exceeded the limit. File size exceeded the capacity it shares with other drives',
  ],
  quota_scene: [
    403,
    'QuotaExhausted.Drive',
    'The resource drive has exceeded the limit. File size exceeded the capacity of its scene',
  ],
  quota_app: [403, 'QuotaExhausted.App', 'The resource app has exceeded the limit. File size exceeded app capacity'],
  quota_tenant: [
    403,
    'QuotaExhausted.Domain',
    'The resource domain has exceeded the limit. File size exceeded domain capacity',
  ],
  upload_incomplete: [
    400,
    'InvalidParameterNotMatch.PartInfoList',
    "The input parameter part_info_list doesn't match. Parts are missing.",
  ],
  upload_mismatch: WRONG_CONTENT,
  upload_used: FILE_EXISTS,
  too_large: [
    400,
    'InvalidParameterOutOfRange.FileId',
    "The input parameter file_id doesn't match the limitation. The folder holds too many files for one operation.",
  ],
  attribute_invalid: [400, 'InvalidParameter', 'The input parameter is not valid.'],
  chain_broken: STATE_CONFLICT,
  cancelled: STATE_CONFLICT,
  batch_refused: STATE_CONFLICT,
} satisfies Record<ErrorCode, Sound>

/** The answer for an op that failed. */
export function failedAnswer({ code, at, detail }: OpError): Answer {
  if (code === 'wrong_kind' && at === 'target') return notValid('parent_file_id', 'It is a file.')
  if (code === 'upload_mismatch' && detail === 'size')
    return sound(400, 'InvalidParameterNotMatch.Size', "The input parameter size doesn't match.")
  if (code === 'attribute_invalid' && detail) return notValid(detail === 'tags' ? 'user_tags' : detail)
  const [status, word, message]: Sound = errors[code]
  return sound(status, word, message)
}

export function sound(status: number, code: string, message: string): Answer {
  return { status, body: { code, message } }
}

/** 400 `InvalidParameter.<Field>` */
export function notValid(field: string, detail = ''): Answer {
  return parameter('InvalidParameter', field, 'is not valid.', detail)
}

export function missing(field: string): Answer {
  return parameter('InvalidParameterMissing', field, 'is missing.')
}

export function empty(field: string): Answer {
  return parameter('InvalidParameterEmpty', field, 'is empty.')
}

export function outOfRange(field: string, detail = ''): Answer {
  return parameter('InvalidParameterOutOfRange', field, "doesn't match the limitation.", detail)
}

/** A value that is legal on the vendor's side and that this server cannot honour. */
export function notSupported(field: string): Answer {
  return parameter('InvalidParameterNotSupported', field, 'is not supported')
}

function parameter(base: string, field: string, says: string, detail = ''): Answer {
  return sound(400, `${base}.${camel(field)}`, `The input parameter ${field} ${says}${detail && ` ${detail}`}`)
}

/** 404 `NotFound.<Resource>` */
export function notFound(resource: string): Answer {
  return sound(404, `NotFound.${camel(resource)}`, `The resource ${resource} cannot be found. Please check.`)
}

/** 403 `ForbiddenNoPermission.<Resource>` */
export function noPermission(resource: string): Answer {
  return sound(403, `ForbiddenNoPermission.${camel(resource)}`, `No Permission to access resource ${resource}.`)
}

export function badJson(what: string): Answer {
  return sound(400, 'InvalidRequestJSONFormat', `The input parameter ${what} is invalid Json format.`)
}

/** What a route that does not exist answers; also each child of a batch whose url does not. */
export function noSuchApi(method: string, path: string): Answer {
  return sound(404, 'I404NF', `API not found with \`${method} ${path}\``)
}

/** 429: clients wait and try again. */
export function throttled(): Answer {
  const [status, code, message] = errors.busy
  return sound(status, code, message)
}

export function tokenInvalid(detail: string): Answer {
  return sound(401, 'AccessTokenInvalid', `AccessToken is invalid. ${detail}`)
}

export function shareTokenInvalid(detail: string): Answer {
  return sound(401, 'ShareLinkTokenInvalid', `ShareLinkToken is invalid. ${detail}`)
}

/** Nobody's mistake in the request: a disk, a database, or a defect of ours. */
export const INTERNAL_ERROR = sound(500, 'InternalError', 'The request has been failed due to some unknown error.')

/** `to_parent_file_id` → `ToParentFileId` */
function camel(field: string): string {
  return field.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
