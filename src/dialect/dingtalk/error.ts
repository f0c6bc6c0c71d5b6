/** DingTalk's errors: the one table from the engine's codes, and what a call throws to be refused as a whole. */
import { ERROR_CODES, type ErrorCode, type OpError } from '../../engine/index.ts'

/** A vendor error without its request id. */
export type Answer = readonly [status: number, code: string, message: string]

/**
 * Every engine code in the vendor's words. Statuses and codes are those of the vendor's pages for the storage calls; where
 * a page leaves the message open (`%s`) the text is ours.
 */
export const errors = {
  timeout: [503, 'operationTimeout', 'The operation timed out; nothing was changed.'],
  busy: [400, 'operationConcurrentControl', 'Another operation is working here; try again later.'],
  drive_not_found: [404, 'spaceNotExist', 'The space does not exist.'],
  drive_disabled: [403, 'permissionDenied', 'The space is disabled.'],
  node_not_found: [404, 'dentryNotExist', 'The file or folder does not exist.'],
  trash_not_found: [404, 'recycleItemNotExist', 'The recycle item does not exist.'],
  upload_not_found: [400, 'paramError.uploadKey', 'The uploadKey is unknown or has expired.'],
  version_not_found: [404, 'dentryNotExist', 'The file has no such version.'],
  task_not_found: [404, 'taskNotExist', 'The task does not exist.'],
  link_not_found: [404, 'linkNotExist', 'The link does not exist.'],
  forbidden: [403, 'permissionDenied', 'The operator lacks the permission.'],
  wrong_kind: [400, 'paramError', 'A file where a folder is expected, or the reverse.'],
  root_refused: [403, 'operationNotSupported', 'The root folder does not support this operation.'],
  mark_exists: [400, 'paramError', 'The file or folder is on the list already.'],
  mark_not_found: [404, 'dentryNotExist', 'The file or folder is not on the list.'],
  precondition_failed: [400, 'operationConcurrentControl', 'The file or folder has changed meanwhile.'],
  name_invalid: [400, 'dentryNameIllegal', 'The name is not allowed.'],
  cycle: [400, 'paramError.targetFolderId', 'A folder cannot go into itself or below itself.'],
  too_deep: [400, 'paramError.targetFolderId', 'The target folder lies too deep.'],
  name_taken: [400, 'dentryAlreadyExist', 'A file or folder with the same name already exists.'],
  rename_exhausted: [400, 'dentryAlreadyExist', 'No free name was found.'],
  history_kept: [400, 'dentryAlreadyExist', 'The existing file has earlier versions.'],
  trash_off: [400, 'recycleBinNotSupportForSpace', 'The space has no recycle bin.'],
  parent_gone: [404, 'dentryNotExist', 'The original folder no longer exists.'],
  version_current: [400, 'paramError.version', 'The version is the current one.'],
  quota_drive: [400, 'spaceQuotaInsufficient', 'The quota of the space is not sufficient.'],
  quota_shared: [400, 'spaceQuotaInsufficient', 'The quota that spaces share is not sufficient.'],
  quota_scene: [400, 'sceneQuotaInsufficient', 'The quota of the scene is not sufficient.'],
  quota_app: [400, 'appQuotaInsufficient', 'The quota of the app is not sufficient.'],
  quota_tenant: [400, 'orgQuotaInsufficient', 'The quota of the organization is not sufficient.'],
  upload_incomplete: [400, 'dentryStoreError', 'The bytes of the file have not been uploaded completely.'],
  upload_mismatch: [400, 'dentryStoreError', 'The uploaded bytes are not those that were declared.'],
  upload_used: [400, 'paramError.uploadKey', 'The uploadKey was already committed.'],
  too_large: [400, 'operationNotSupported', 'The folder holds too many files for one operation.'],
  attribute_invalid: [400, 'paramError', 'A property is not allowed.'],
  chain_broken: [500, 'systemError', 'The operation was not run.'],
  cancelled: [500, 'systemError', 'The operation was cancelled.'],
  batch_refused: [500, 'systemError', 'The operation was not run.'],
} as const satisfies Record<ErrorCode, Answer>

/** How one call words some codes differently from the table. */
export type Wording = Partial<Record<ErrorCode, Answer>>

/** The vendor's answer to a failed op; a folder to go into is named by its own parameter. */
export function answerTo(error: OpError, wording: Wording = {}): Answer {
  const worded = wording[error.code]
  if (worded) return worded
  if (error.code === 'wrong_kind' && error.at === 'target')
    return [400, 'paramError.targetFolderId', 'The target is not a folder.']
  return errors[error.code]
}

/** The vendor's code for a task's first failure, kept as the engine's code; '' while nothing failed. */
export function codeOfTask(error: string): string {
  const code = ERROR_CODES.find((known) => known === error)
  return code === undefined ? error : errors[code][1]
}

/** Thrown to refuse a call as a whole; the error handler turns it into the vendor's JSON. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly code: string
  /** Shown as `accessdenieddetail`. */
  readonly detail: { readonly requiredScopes: readonly string[] } | undefined

  constructor(status: number, code: string, message: string, detail?: Refusal['detail']) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

/** The refusal for a failed op. */
export function refusal(error: OpError, wording?: Wording): Refusal {
  return new Refusal(...answerTo(error, wording))
}

/** Parameters that have a code of their own below `paramError`. */
const NAMED_PARAMETERS = new Set([
  ...['spaceId', 'dentryId', 'dentryIds', 'dentryUuid', 'parentDentryUuid', 'parentId', 'targetSpaceId'],
  ...['targetFolderId', 'conflictStrategy', 'name', 'scene', 'sceneId', 'maxResults', 'orderBy', 'protocol'],
  ...['multipart', 'storageDriver', 'uploadKey', 'partNumbers', 'roleId', 'permissionMemberType', 'taskId'],
  ...['recycleBinId', 'recycleBinScope', 'recycleItemId', 'recycleItemIds'],
])

/** A parameter is not what it should be: `paramError.<name>` where the vendor has that code, `paramError` otherwise. */
export function paramError(parameter: string, problem: string): Refusal {
  const code = NAMED_PARAMETERS.has(parameter) ? `paramError.${parameter}` : 'paramError'
  return new Refusal(400, code, parameter === '' ? problem : `${parameter} ${problem}`)
}

/** A required parameter is absent: the gateway's own code. */
export function missing(parameter: string): Refusal {
  return new Refusal(400, `Missing${parameter}`, `${parameter} is mandatory for this action.`)
}
