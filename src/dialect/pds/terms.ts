/** The vendor's words and ours: ids, the root's alias, name clashes, names, kinds, actions. */
import {
  ACTIONS,
  type ActionBits,
  type Conflict,
  type Drive,
  type DriveId,
  type Engine,
  type Kind,
  type Naming,
  type Node,
  type OrderBy,
  onConflict,
  type Position,
  type PublicId,
  parseDecimalId,
  type Ref,
  readPosition,
  type Subject,
  type TaskId,
  type UploadId,
} from '../../engine/index.ts'
import type { Env } from './call.ts'
import { missing, notFound, notValid, Refusal, shareTokenInvalid } from './error.ts'
import { type Body, choice, flag, requiredText, text } from './request.ts'

/** The name of a drive's top folder, in place of an id. */
export const ROOT = 'root'
/** Names: 1 … 1024 bytes, no `/`; automatic ones are `xxx_20060102_150405`. */
export const NAMING: Naming = { pattern: 'time', charactersMax: 0, forbidden: null, trim: false }
/** How long a signed URL lives unless the request says otherwise, s. */
export const URL_LIFE_S = 900

/** `ignore`: two items of one name; `auto_rename`: another name; `refuse`: nothing is done. */
export type CheckNameMode = 'ignore' | 'auto_rename' | 'refuse'

const CONFLICTS: Readonly<Record<CheckNameMode, Conflict>> = {
  ignore: onConflict('duplicate'),
  auto_rename: onConflict('rename'),
  refuse: onConflict('fail'),
}

export function conflictOf(mode: CheckNameMode): Conflict {
  return CONFLICTS[mode]
}

/** What `check_name_mode`, or the older `auto_rename`, asks for; the vendor's default is `ignore`. */
export function checkNameModeOf(body: Body): CheckNameMode {
  const mode = choice(body, 'check_name_mode', ['ignore', 'auto_rename', 'refuse'])
  const autoRename = flag(body, 'auto_rename')
  return mode ?? (autoRename ? 'auto_rename' : 'ignore')
}

/** The drive a request names; through a share it is the share's, whatever is named. */
export function driveOf({ share }: Env, body: Body): DriveId {
  if (share) return share.link.drive
  const id = text(body, 'drive_id')
  if (id) return parseDrive(id, 'drive_id')
  throw new Refusal(text(body, 'share_id') ? shareTokenInvalid('The request carries none.') : missing('drive_id'))
}

export function optionalDriveOf(body: Body, field: string): DriveId | undefined {
  const id = text(body, field)
  return id ? parseDrive(id, field) : undefined
}

/** A drive id that came as text. */
export function parseDrive(id: string, field: string): DriveId {
  const drive = parseDecimalId<DriveId>(id)
  if (drive !== undefined) return drive
  throw new Refusal(/^\d{1,64}$/.test(id) ? notFound('drive') : notValid(field))
}

/** The node a request names in a drive. */
export function refOf(env: Env, body: Body, field: string, drive: DriveId): Ref {
  const id = requiredText(body, field)
  return id === ROOT ? { drive, path: [] } : { ...parseFile(env, id, field), drive }
}

/** The node that `file_id` names in the drive of the request. */
export function fileRef(env: Env, body: Body): Ref {
  return refOf(env, body, 'file_id', driveOf(env, body))
}

function parseFile({ engine }: Env, id: string, field: string): PublicId {
  const node = engine.ids.parseFileId(id)
  if (node) return node
  // Ids on the vendor's side are 40 to 50 letters and digits, shorter in older samples: one we did not make is unknown.
  throw new Refusal(/^[0-9a-zA-Z]{1,50}$/.test(id) ? notFound('file') : notValid(field))
}

/** A node's `file_id`. */
export function fileIdOf(engine: Engine, node: Pick<Node, 'born' | 'id'>): string {
  return engine.ids.fileId(node)
}

/** A node's `file_id`, or the alias when it is the drive's root. */
export function aliasOf(engine: Engine, drive: Drive, node: Pick<Node, 'born' | 'id'>): string {
  return node.id === drive.root ? ROOT : fileIdOf(engine, node)
}

const VERSION_DIGITS = 8

/** A file's `revision_id`: its `file_id` with the version's number behind it, 48 digits; '' for folders. */
export function revisionOf(fileId: string, version: number): string {
  return version === 0 ? '' : fileId + version.toString(16).padStart(VERSION_DIGITS, '0')
}

/** The version a `revision_id` of this file names; undefined for any other text. */
export function parseRevision(fileId: string, revision: string): number | undefined {
  const digits = revision.startsWith(fileId) ? revision.slice(fileId.length) : ''
  return /^[0-9a-f]{8}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
}

/** 32 upper-case hex digits. */
export function uploadIdOf(id: UploadId): string {
  return id.toUpperCase()
}

/** Undefined for what was never an upload id. */
export function parseUpload(id: string): UploadId | undefined {
  return /^[0-9A-Fa-f]{32}$/.test(id) ? (id.toLowerCase() as UploadId) : undefined
}

export function parseTask(id: string): TaskId | undefined {
  return parseDecimalId<TaskId>(id)
}

export function kindOf(body: Body, field = 'type'): Kind | undefined {
  return choice(body, field, ['file', 'folder'])
}

/** The kind and the id of a subject: `user:alice` is a user, `alice`. */
export function subjectParts(subject: Subject): { type: string; id: string } {
  const colon = subject.indexOf(':')
  return { type: subject.slice(0, Math.max(colon, 0)), id: subject.slice(colon + 1) }
}

/** The user a subject is; undefined for groups, apps and everyone. */
export function userOf(subject: Subject): string | undefined {
  const { type, id } = subjectParts(subject)
  return type === 'user' ? id : undefined
}

/** Which of our actions each of theirs takes, by the kind of node. */
const FILE_ACTIONS: Readonly<Record<Kind, readonly (readonly [name: string, needs: ActionBits])[]>> = {
  file: [
    ['FILE.VISIBLE', ACTIONS.list],
    ['FILE.LIST', ACTIONS.list],
    ['FILE.PREVIEW', ACTIONS.preview],
    ['FILE.DOWNLOAD', ACTIONS.download],
    ['FILE.CREATE', ACTIONS.replace],
    ['FILE.UPDATE', ACTIONS.update | ACTIONS.rename],
    ['FILE.MOVE', ACTIONS.move],
    ['FILE.COPY', ACTIONS.copy],
    ['FILE.DELETE', ACTIONS.delete],
    ['FILE.SHARELINK', ACTIONS.share],
  ],
  folder: [
    ['FILE.VISIBLE', ACTIONS.list],
    ['FILE.LIST', ACTIONS.list],
    ['FILE.PREVIEW', ACTIONS.preview],
    ['FILE.DOWNLOAD', ACTIONS.download],
    ['FILE.CREATE', ACTIONS.upload | ACTIONS.newEmpty],
    ['FILE.UPDATE', ACTIONS.update | ACTIONS.rename],
    ['FILE.MOVE', ACTIONS.move],
    ['FILE.COPY', ACTIONS.copy],
    ['FILE.DELETE', ACTIONS.delete],
    ['FILE.SHARELINK', ACTIONS.share],
  ],
}

/** A node's `action_list`. */
export function actionList(kind: Kind, actions: ActionBits): string[] {
  return FILE_ACTIONS[kind].filter(([, needs]) => (actions & needs) === needs).map(([name]) => name)
}

/** What each of their actions gives when it is granted on a folder and all below. */
const GRANTABLE: Readonly<Record<string, ActionBits>> = {
  'FILE.VISIBLE': ACTIONS.list,
  'FILE.LIST': ACTIONS.list,
  'FILE.PREVIEW': ACTIONS.list | ACTIONS.preview,
  'FILE.DOWNLOAD': ACTIONS.download | ACTIONS.copyContent | ACTIONS.print,
  'FILE.CREATE': ACTIONS.upload | ACTIONS.newEmpty | ACTIONS.replace,
  'FILE.UPDATE': ACTIONS.update | ACTIONS.rename | ACTIONS.comment,
  'FILE.MOVE': ACTIONS.move,
  'FILE.COPY': ACTIONS.copy,
  'FILE.DELETE': ACTIONS.delete | ACTIONS.purge | ACTIONS.restore,
  'FILE.SHARELINK': ACTIONS.share,
}

/** Undefined for what is no action. */
export function grantableActions(name: string): ActionBits | undefined {
  return Object.hasOwn(GRANTABLE, name) ? GRANTABLE[name] : undefined
}

/** ISO 8601 with milliseconds, UTC: how files, drives, tasks and tokens show a moment. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** A listing's `marker`; undefined on the first page. */
export function parseMarker(body: Body, by: OrderBy): Position | undefined {
  const marker = text(body, 'marker')
  if (marker === undefined || marker === '') return undefined
  const position = readPosition(marker, by)
  if (!position) throw new Refusal(notValid('marker'))
  return position
}
