/**
 * What goes wrong, in this vendor's numbers (open.wps.cn, "error codes"). The HTTP status is the number's first three
 * digits, so a code is all that has to be chosen.
 */
import type { ErrorCode, OpError, OpKind } from '../../engine/index.ts'

/** A failed answer: an expected value, never thrown. */
export interface Refusal {
  readonly code: number
  readonly msg: string
}

/** The vendor's codes this dialect uses, with the words we send along; the numbers are the contract, the words are not. */
export const CODES = {
  malformed: [400000002, 'the request is not well formed'],
  valueInvalid: [400000003, 'a value is not valid'],
  /** Observed for a required parameter that is missing. */
  missing: [400000004, 'a required parameter is missing'],
  requestInvalid: [400000007, 'the request is not valid'],
  listEmpty: [400000101, 'the list is empty'],
  notFound: [400000103, 'no such resource'],
  existsAlready: [400000104, 'the resource exists already'],
  tooMany: [400000105, 'too many of them'],
  tooLong: [400000106, 'too long'],
  forbidden: [403000001, 'no permission'],
  /** Not in the vendor's list, which only says that unknown routes answer HTTP 404. */
  noRoute: [404000001, 'no such interface'],
  contentType: [415000001, 'the content type must be application/json'],
  storage: [500000003, 'storage service error'],
  unknown: [500000004, 'server error'],
  nameTaken: [400008007, 'the name is taken'],
  noFile: [400008009, 'no such file'],
  noDrive: [400008011, 'no such drive'],
  noTask: [400008014, 'no such task'],
  nameEmpty: [400008015, 'the file name is empty'],
  running: [403008006, 'another operation is running, try again later'],
  batchFailed: [403008007, 'the batch failed'],
  uploadUnfinished: [403008009, 'the bytes of the file have not been uploaded'],
  spaceFull: [403008014, 'not enough space'],
  copyFailed: [403008015, 'a folder cannot be copied into itself'],
  moveFailed: [403008017, 'a folder cannot be moved into itself'],
  typeUnsupported: [403008042, 'not possible with this type of file'],
  tryLater: [403008047, 'the server is busy, try again later'],
  driveNameTooLong: [403008057, 'the drive name is longer than 240 characters'],
  driveNameForbidden: [403008058, 'the drive name holds a character that is not allowed'],
  versionKept: [403008022, 'this version may not be deleted'],
  notOpen: [403008059, 'this function is switched off for the drive'],
  driveNameEmpty: [403008063, 'the drive name is empty'],
  noRapidUpload: [403008065, 'this file cannot be uploaded rapidly'],
  severalParents: [403008069, 'files moved together must have one parent'],
  hashMismatch: [400007014, 'the content does not match its hash'],
  sizeMismatch: [400007015, 'the upload is not complete'],
  noMultipart: [404007003, 'no such multipart upload'],
  noUser: [400001006, 'no such user'],
  noGroup: [403013003, 'no such group'],
  notLoggedIn: [401001005, 'no user is logged in'],
  oauthRequest: [40000001, 'invalid_request'],
  oauthScope: [40000005, 'invalid_scope'],
  signature: [40100002, 'unauthorized_client'],
  client: [40100008, 'invalid_client'],
  grant: [40100009, 'invalid_grant'],
  grantType: [40100010, 'unsupported_grant_type'],
  token: [40100011, 'invalid_token'],
  scope: [40300010, 'insufficient_scope'],
} as const satisfies Record<string, readonly [code: number, msg: string]>

export type Code = keyof typeof CODES

/** A refusal with one of the vendor's codes. @param msg what exactly is wrong; by default the code's own words */
export function refuse(name: Code, msg?: string): Refusal {
  const [code, words] = CODES[name]
  return { code, msg: msg ?? words }
}

export function isRefusal(value: object): value is Refusal {
  return 'code' in value && 'msg' in value && typeof value.code === 'number' && typeof value.msg === 'string'
}

/** The HTTP status of a code: its first three digits, and 200 for success. */
export function statusOf(code: number): number {
  return code === 0 ? 200 : Number(String(code).slice(0, 3))
}

/** How each of the engine's failures sounds here, before `refusalOf` refines it. */
const ERRORS = {
  timeout: 'tryLater',
  busy: 'running',
  drive_not_found: 'noDrive',
  drive_disabled: 'forbidden',
  node_not_found: 'noFile',
  trash_not_found: 'noFile',
  upload_not_found: 'notFound',
  version_not_found: 'notFound',
  task_not_found: 'noTask',
  link_not_found: 'noFile',
  forbidden: 'forbidden',
  wrong_kind: 'typeUnsupported',
  root_refused: 'valueInvalid',
  mark_exists: 'requestInvalid',
  mark_not_found: 'notFound',
  precondition_failed: 'requestInvalid',
  name_invalid: 'valueInvalid',
  cycle: 'moveFailed',
  too_deep: 'tooMany',
  name_taken: 'nameTaken',
  rename_exhausted: 'nameTaken',
  history_kept: 'nameTaken',
  trash_off: 'notOpen',
  parent_gone: 'noFile',
  version_current: 'versionKept',
  quota_drive: 'spaceFull',
  quota_shared: 'spaceFull',
  quota_scene: 'spaceFull',
  quota_app: 'spaceFull',
  quota_tenant: 'spaceFull',
  upload_incomplete: 'uploadUnfinished',
  upload_mismatch: 'hashMismatch',
  upload_used: 'existsAlready',
  too_large: 'tooMany',
  attribute_invalid: 'valueInvalid',
  chain_broken: 'batchFailed',
  cancelled: 'batchFailed',
  batch_refused: 'batchFailed',
} satisfies Record<ErrorCode, Code>

const NAME_PROBLEMS: Readonly<Record<string, Code>> = { empty: 'nameEmpty', too_long: 'tooLong' }

/** A failed op in the vendor's words. @param kind what was tried, where the vendor tells verbs apart */
export function refusalOf(error: OpError, kind?: OpKind): Refusal {
  if (error.code === 'name_invalid') return refuse(NAME_PROBLEMS[error.detail] ?? 'valueInvalid', nameMessage(error))
  if (error.code === 'upload_mismatch' && error.detail === 'size') return refuse('sizeMismatch')
  if (error.code === 'cycle' && kind === 'copy') return refuse('copyFailed')
  if (error.code === 'wrong_kind' && error.at === 'target') return refuse('valueInvalid', 'the parent is not a folder')
  if (error.code === 'root_refused') return refuse('valueInvalid', 'not possible with the root of a drive')
  return refuse(ERRORS[error.code])
}

function nameMessage({ detail }: OpError): string {
  if (detail === 'empty') return 'the name is empty'
  return detail === 'too_long' ? 'the name is too long' : 'the name is not allowed'
}
