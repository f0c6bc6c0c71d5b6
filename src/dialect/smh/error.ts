/**
 * The vendor's error codes, and how the engine's sound in them. Statuses and codes come from the vendor's error page
 * (1339/50072 = 1283/75500) and from the enumeration its JavaScript client carries.
 */
import type { ErrorCode, Kind } from '../../engine/index.ts'

const CODES = {
  BadRequest: [400, 'The request cannot be understood.'],
  ParamInvalid: [400, 'A parameter is invalid.'],
  EmptyLibraryIdOrSecret: [400, 'library_id and library_secret are required.'],
  EmptyLibraryId: [400, 'library_id is required.'],
  EmptyLibrarySecret: [400, 'library_secret is required.'],
  EmptyAccessToken: [400, 'access_token is required.'],
  EmptyPath: [400, 'The path must not be empty.'],
  IllegalFileName: [400, 'A name in the path contains characters that are not allowed.'],
  ExtnameNotAllowed: [400, 'Files of this extension are not allowed here.'],
  DirectoryNotAllowed: [400, 'No directories are allowed here.'],
  UploadToRootDirectoryNotAllowed: [400, 'Files must be put into an album.'],
  FileTypeNotMatched: [400, 'A photo cannot become a video, nor the reverse.'],
  CoverNotSupportedInFileLibrary: [400, 'Only albums have covers.'],
  CoverNotSupportedInRootDirectory: [400, 'The root has no cover.'],
  FileNameLengthExceed: [400, 'The file name is too long.'],
  DirectoryNameLengthExceed: [400, 'The directory name is too long.'],
  DirectoryLevelExceed: [400, 'The directory lies too deep.'],
  RootDirectoryNotAllowed: [400, 'The root directory is not allowed here.'],
  InvalidSourceFile: [400, 'The source is not a file.'],
  InvalidSourceDirectory: [400, 'The source is not a directory.'],
  SourceDirectoryIsParentOfDestination: [400, 'A directory cannot go into itself.'],
  InvalidConflictResolutionStrategy: [400, 'The conflict resolution strategy must be ask, rename or overwrite.'],
  OverwriteFileNotAllowed: [400, 'A file with history versions cannot be overwritten by a move.'],
  BadCrc64: [400, 'The data does not have the given CRC64.'],
  IncompleteBody: [400, 'The data does not have the declared size.'],
  UploadIncomplete: [400, 'The data has not been uploaded completely.'],
  MultipartUploadPartTooSmall: [400, 'All parts but the last must have at least 1 MiB.'],
  MultipartUploadIncomplete: [400, 'Parts of the upload are missing.'],
  QuotaLimitReached: [400, 'The quota does not suffice.'],
  QuotaSpacesInvalid: [400, 'The spaces of the quota are invalid.'],
  QuotaCapacityLessThanSize: [400, 'The capacity is less than what is used.'],
  QuotaCapacityRequired: [400, 'capacity is required.'],
  TooManyItems: [400, 'At most 1000 items are allowed.'],
  NoItemsProvided: [400, 'At least one item is required.'],
  SymlinkToDirectoryNotAllowed: [400, 'A symbolic link cannot lead to a directory.'],
  SymlinkDepthLimitExceeded: [400, 'Too many symbolic links lead to one another.'],
  SymlinkOverwriteConflict: [400, 'A symbolic link cannot take the place of what it leads to.'],
  UnsupportedFileType: [400, 'The call is not for entries of this kind.'],
  InvalidFileHistoryCount: [400, 'fileHistoryCount must be from 1 to 999.'],
  InvalidFileHistoryExpireDay: [400, 'fileHistoryExpireDay must be from 0 to 999.'],
  InvalidFileHistoryMergeInterval: [400, 'mergeInterval must be 0 or from 5 to 600.'],
  InvalidDirectoryStatsType: [400, 'stats_type must be normal, recycle or history.'],
  SearchIdInvalid: [400, 'The search is unknown or has ended.'],
  CursorExpired: [400, 'The cursor is no longer valid.'],
  InvalidTimeFormat: [400, 'A time is not in a known format.'],
  RecycleBinNotEnabled: [400, 'The recycle bin is not enabled.'],
  SearchTooComplex: [400, 'The search asks for too much at once.'],
  SearchNotEnabled: [400, 'Search is not enabled.'],
  FunctionNotEnabled: [400, 'This function is not enabled.'],
  SpaceIdInvalid: [400, 'The space id is invalid.'],
  NotMultiSpaceLibrary: [400, 'The library has only one space.'],
  ShareDisabled: [403, 'The share is disabled.'],
  ShareExpired: [403, 'The share has expired.'],
  ShareTokenInvalid: [403, 'The share token is invalid or has expired.'],
  ShareAccessDenied: [403, 'The share is not for this user, or its limit is reached.'],
  ExtractionCodeInvalid: [403, 'The extraction code is wrong.'],
  LoginRequired: [403, 'The share is for users who are signed in.'],
  AnonymousNotAllowed: [403, 'The share is not for anonymous users.'],
  CannotPreview: [403, 'The share does not permit previews.'],
  CannotSaveToNetDisk: [403, 'The share does not permit saving.'],
  CannotDownload: [403, 'The share does not permit downloads.'],
  SpaceBanned: [403, 'The space is closed.'],
  InvalidAccessToken: [403, 'The access token is invalid or has expired.'],
  AccessTokenNotMatchLibrary: [403, 'The access token belongs to another library.'],
  AccessTokenNotMatchSpace: [403, 'The access token does not open this space.'],
  NoPermission: [403, 'The access token lacks the permission.'],
  UploadNotBelongYou: [403, 'The upload was started by someone else.'],
  LibraryNotFound: [404, 'There is no such library.'],
  SpaceNotFound: [404, 'There is no such space.'],
  WrongLibraryIdOrSecret: [404, 'The library id or the library secret is wrong.'],
  RouteNotFound: [404, 'There is no such interface.'],
  PathNotFound: [404, 'There is nothing at this path.'],
  FileNotFound: [404, 'There is no such file.'],
  FileRemovedByQuota: [404, 'The file was removed because a quota was exceeded.'],
  DirectoryNotFound: [404, 'There is no such directory.'],
  SourceFileNotFound: [404, 'There is no such source file.'],
  SourceDirectoryNotFound: [404, 'There is no such source directory.'],
  FavoriteIdNotFound: [404, 'It is not a favourite.'],
  MarkerNotFound: [404, 'The marker points to nothing.'],
  RootLinkFileNotFound: [404, 'The file the symbolic link leads to is gone.'],
  CosObjectNonexistent: [404, 'The file has no content.'],
  ShareNotFound: [404, 'There is no such share.'],
  FileNotInShare: [404, 'The file is not in the share.'],
  ShareFileEmpty: [404, 'Nothing is shared.'],
  UploadNotFound: [404, 'There is no such upload.'],
  RecycledItemNotFound: [404, 'There is no such item in the recycle bin.'],
  QuotaNotFound: [404, 'There is no such quota.'],
  NoQuota: [404, 'The space has no quota.'],
  TaskNotFound: [404, 'There is no such task.'],
  DuplicateFavoriteRecord: [409, 'It is a favourite already.'],
  SameNameDirectoryOrFileExists: [409, 'A directory or file of this name exists.'],
  CircleSymlink: [409, 'The symbolic link would lead to itself.'],
  RenameTooManyTimes: [409, 'No free name was found.'],
  UploadComplete: [409, 'The upload is already confirmed.'],
  DuplicateQuota: [409, 'The space already has a quota.'],
  SpaceNotEmpty: [409, 'The space is not empty.'],
  PathConflict: [409, 'The path is being worked on; try again later.'],
  RequestEntityTooLarge: [413, 'The request body is too large.'],
  RateLimitExceeded: [429, 'Too many calls of this kind; try again later.'],
  InternalServerError: [500, 'Internal error.'],
  RequestTimeout: [503, 'The request waited too long; try again later.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type SmhCode = keyof typeof CODES
/** All that the dialect can answer. */
export const SMH_CODES = Object.keys(CODES) as SmhCode[]

/** What a failure looks like on the wire, for the whole call or for one item of a batch. */
export interface Fault {
  readonly status: number
  readonly code: SmhCode
  readonly message: string
}

/** The fault of a code; `message` replaces the usual words. */
export function fault(code: SmhCode, message: string = CODES[code][1]): Fault {
  return { status: CODES[code][0], code, message }
}

/** Unwinds a request whose whole answer is a fault, up to the dialect's error handler; or an item of a batch, up to its reader. */
export class Refusal extends Error {
  readonly fault: Fault

  constructor(of: Fault) {
    super(of.message)
    this.fault = of
  }
}

/** A refusal of the whole call, to be thrown. */
export function refuse(code: SmhCode, message?: string): Refusal {
  return new Refusal(fault(code, message))
}

/** How every engine code sounds when nothing narrows it. */
const errors = {
  timeout: 'RequestTimeout',
  busy: 'PathConflict',
  drive_not_found: 'SpaceNotFound',
  drive_disabled: 'SpaceBanned',
  node_not_found: 'PathNotFound',
  trash_not_found: 'RecycledItemNotFound',
  upload_not_found: 'UploadNotFound',
  version_not_found: 'FileNotFound',
  task_not_found: 'TaskNotFound',
  link_not_found: 'FileNotFound',
  forbidden: 'NoPermission',
  wrong_kind: 'PathNotFound',
  root_refused: 'RootDirectoryNotAllowed',
  mark_exists: 'DuplicateFavoriteRecord',
  mark_not_found: 'FavoriteIdNotFound',
  precondition_failed: 'PathConflict',
  name_invalid: 'IllegalFileName',
  cycle: 'SourceDirectoryIsParentOfDestination',
  too_deep: 'DirectoryLevelExceed',
  name_taken: 'SameNameDirectoryOrFileExists',
  rename_exhausted: 'RenameTooManyTimes',
  history_kept: 'OverwriteFileNotAllowed',
  trash_off: 'RecycleBinNotEnabled',
  parent_gone: 'DirectoryNotFound',
  version_current: 'ParamInvalid',
  quota_drive: 'QuotaLimitReached',
  quota_shared: 'QuotaLimitReached',
  quota_scene: 'QuotaLimitReached',
  quota_app: 'QuotaLimitReached',
  quota_tenant: 'QuotaLimitReached',
  upload_incomplete: 'UploadIncomplete',
  upload_mismatch: 'IncompleteBody',
  upload_used: 'UploadComplete',
  too_large: 'FunctionNotEnabled',
  attribute_invalid: 'ParamInvalid',
  chain_broken: 'InternalServerError',
  cancelled: 'InternalServerError',
  batch_refused: 'InternalServerError',
} as const satisfies Record<ErrorCode, SmhCode>

/** What an op was about, in the vendor's eyes: its codes tell files from directories and sources from targets. */
export interface About {
  readonly kind: Kind | 'any'
  readonly source: boolean
}

/** A failure as the engine says it, or as a task's report kept it. */
interface Reason {
  readonly code: string
  readonly at: string
  readonly detail: string
}

/** What to say where the words of the vendor's code would say too little. */
const WORDS: Readonly<Record<string, string>> = {
  too_large: 'The directory holds more entries than one call can carry.',
  cancelled: 'The task was stopped.',
  chain_broken: 'The server tried again and again, and failed.',
}

/** The fault of a failed op. */
export function faultOf(error: Reason, about: About): Fault {
  return fault(narrowed(error, about) ?? errors[error.code as ErrorCode], WORDS[error.code])
}

function narrowed({ code, at, detail }: Reason, about: About): SmhCode | undefined {
  switch (code) {
    case 'node_not_found':
      return at === 'target' ? 'DirectoryNotFound' : missing(about)
    case 'wrong_kind':
      // Something of the other kind stands where a directory on the way was expected.
      if (at === 'target') return 'SameNameDirectoryOrFileExists'
      if (!about.source) return missing(about)
      return about.kind === 'folder' ? 'InvalidSourceDirectory' : 'InvalidSourceFile'
    case 'name_invalid':
      if (detail === 'too_long') return about.kind === 'folder' ? 'DirectoryNameLengthExceed' : 'FileNameLengthExceed'
      return detail === 'extension' ? 'ExtnameNotAllowed' : undefined
    case 'upload_mismatch':
      return detail === 'crc64' ? 'BadCrc64' : undefined
    default:
      return undefined
  }
}

function missing({ kind, source }: About): SmhCode {
  if (kind === 'folder') return source ? 'SourceDirectoryNotFound' : 'DirectoryNotFound'
  if (kind === 'file') return source ? 'SourceFileNotFound' : 'FileNotFound'
  return source ? 'SourceFileNotFound' : 'PathNotFound'
}
