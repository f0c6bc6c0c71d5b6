/** DingTalk's words and ours: ids, the root alias, conflict strategies, names, times, categories. */
import {
  type Conflict,
  type Drive,
  type DriveId,
  type Naming,
  type Node,
  type NodeId,
  type OrderBy,
  onConflict,
  parseDecimalId,
  type Ref,
  type Subject,
} from '../../engine/index.ts'

/** The id under which every space shows its root folder. */
export const ROOT = '0'

/**
 * Names are trimmed; TAB and `* " < > |` are forbidden, and so is a dot at the end (the vendor's "add folder" page).
 * `/` and `\` would make paths ambiguous.
 */
export const NAMING: Naming = {
  pattern: 'tight',
  charactersMax: 255,
  forbidden: /[\t*"<>|/\\]|\.$/u.source,
  trim: true,
}

const STRATEGIES: ReadonlyMap<unknown, Conflict> = new Map([
  ['AUTO_RENAME', onConflict('rename')],
  ['OVERWRITE', onConflict('replace', 'version')],
  ['RETURN_DENTRY_IF_EXISTS', onConflict('reuse')],
  ['RETURN_ERROR_IF_EXISTS', onConflict('fail')],
])

/** `option.conflictStrategy`, AUTO_RENAME when absent; undefined for anything that is no strategy. */
export function conflictOf(value: unknown): Conflict | undefined {
  return STRATEGIES.get(value ?? 'AUTO_RENAME')
}

const ORDERS: ReadonlyMap<unknown, OrderBy> = new Map([
  ['MODIFIED_TIME', 'updated'],
  ['CREATE_TIME', 'created'],
  ['NAME', 'name'],
  ['SIZE', 'size'],
])

/** `orderBy`, MODIFIED_TIME when absent; undefined for anything else. */
export function orderOf(value: unknown): OrderBy | undefined {
  return ORDERS.get(value ?? 'MODIFIED_TIME')
}

/**
 * Reads a space's or dentry's id; undefined when it is not one. A number too large to have been handed out is read as the
 * largest there is, so that it is found not to exist rather than malformed.
 */
export function parseId<Id extends number>(value: unknown): Id | undefined {
  if (typeof value !== 'string' || !/^[1-9][0-9]{0,18}$/.test(value)) return undefined
  return parseDecimalId<Id>(value) ?? (Number.MAX_SAFE_INTEGER as Id)
}

/** Where a dentry id of a space points; undefined when it is not one. */
export function parseRef(drive: DriveId, value: unknown): Ref | undefined {
  if (value === ROOT) return { drive, path: [] }
  const id = parseId<NodeId>(value)
  return id === undefined ? undefined : { drive, id }
}

/** A node's id as shown: the root of its space is "0". */
export function dentryId(id: NodeId, drive: Drive): string {
  return id === drive.root ? ROOT : String(id)
}

/** `2022-07-29T14:55:00Z`: UTC, whole seconds. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The bare id of who did something: a unionId for a user. */
export function bareId(subject: Subject): string {
  return subject.slice(subject.indexOf(':') + 1)
}

export function pathText(names: readonly string[]): string {
  return `/${names.join('/')}`
}

export function typeText(node: Node): 'FILE' | 'FOLDER' {
  return node.kind === 'file' ? 'FILE' : 'FOLDER'
}

/** The part after the last dot; '' when there is none. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}

const CATEGORIES = {
  IMAGE: 'jpg jpeg png gif bmp webp svg tif tiff heic heif ico raw psd',
  VIDEO: 'mp4 mov avi mkv wmv flv webm m4v mpg mpeg 3gp rmvb ts',
  AUDIO: 'mp3 wav flac aac ogg m4a wma amr ape opus',
  ARCHIVE: 'zip rar 7z tar gz bz2 xz tgz zst iso',
  SHORTCUT: 'lnk url webloc',
  DOCUMENT: 'doc docx xls xlsx ppt pptx pdf txt md csv rtf odt ods odp wps et dps pages numbers key',
  ALI_DOC: 'adoc axls aslides able amind adraw',
} as const

const CATEGORY_BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries(CATEGORIES).flatMap(([category, words]) => words.split(' ').map((word) => [word, category])),
)

/** The vendor's category of a file, by its extension. */
export function categoryOf(name: string): string {
  return CATEGORY_BY_EXTENSION.get(extensionOf(name).toLowerCase()) ?? 'OTHER'
}
