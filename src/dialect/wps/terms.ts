/** Their words ↔ ours: ids, the root alias, owners, conflict strategies, names, permission flags, hashes. */
import {
  ACTIONS,
  type Action,
  type Conflict,
  type Drive,
  type DriveId,
  type IdCodec,
  type Naming,
  type NodeId,
  type OrderBy,
  onConflict,
  parseDecimalId,
  type Ref,
  type Subject,
  type Upload,
} from '../../engine/index.ts'

/** The literal that stands for a drive's root wherever a folder id is expected. */
export const ROOT_ID = '0'
/** Ids of private deployments have at most so many characters. */
export const ID_CHARACTERS_MAX = 1024
/** The most ids one batch takes. */
export const IDS_PER_BATCH_MAX = 1024

/**
 * Names a caller gives. The vendor states no rule for file names; these are the characters its role and drive names
 * exclude, and its clients' operating systems too.
 */
export const NAMING: Naming = {
  pattern: 'tight',
  charactersMax: 255,
  forbidden: /[\\:*?"<>|\u0000-\u001f\u007f]/u.source,
  trim: false,
}

/** Names that nodes already have, perhaps from another dialect: they are kept as they are. */
export const NAMING_KEPT: Naming = { pattern: 'tight', charactersMax: 0, forbidden: null, trim: false }

export const DRIVE_NAME_CHARACTERS_MAX = 240
export const DRIVE_NAME_FORBIDDEN = /[/\\;:*?"<>]/

/**
 * `on_name_conflict`. The vendor does not explain how `replace` differs from `overwrite`: overwriting adds a version to the
 * file that is there, replacing puts that file into the trash and gives its name to a new one.
 */
export const CONFLICTS = {
  rename: onConflict('rename'),
  fail: onConflict('fail'),
  overwrite: onConflict('replace', 'version'),
  replace: onConflict('replace', 'trash'),
} as const satisfies Record<string, Conflict>

export type ConflictWord = keyof typeof CONFLICTS
export const CONFLICT_WORDS = Object.keys(CONFLICTS) as ConflictWord[]

/** `order_by`. Nothing in a listing has a `dtime`; it is taken as the time of the last change. */
export const ORDERS = {
  ctime: 'created',
  mtime: 'updated',
  dtime: 'updated',
  fname: 'name',
  fsize: 'size',
} as const satisfies Record<string, OrderBy>

export type OrderWord = keyof typeof ORDERS
export const ORDER_WORDS = Object.keys(ORDERS) as OrderWord[]

/**
 * The fifteen flags of `permission`, each one action of ours, in the vendor's order. Putting new content in place of a
 * file's content is an action of its own here (`replace`), for which the vendor has no flag.
 */
export const FLAGS = {
  comment: 'comment',
  copy: 'copy',
  copy_content: 'copyContent',
  delete: 'delete',
  download: 'download',
  list: 'list',
  move: 'move',
  new_empty: 'newEmpty',
  perm_ctl: 'permCtl',
  preview: 'preview',
  print: 'print',
  rename: 'rename',
  share: 'share',
  update: 'update',
  upload: 'upload',
} as const satisfies Record<string, Action>

type Flags = Readonly<Record<keyof typeof FLAGS, boolean>>

/** Few sets of actions occur, and each batch asks for the same ones once an item. */
const knownFlags = new Map<number, Flags>()

/** A set of actions as the vendor's flags. */
export function flagsOf(bits: number): Flags {
  const known = knownFlags.get(bits)
  if (known) return known
  const flags = Object.entries(FLAGS).map(([flag, action]) => [flag, (bits & ACTIONS[action]) !== 0])
  const made = Object.fromEntries(flags) as Flags
  knownFlags.set(bits, made)
  return made
}

/** `allotee_type`: who a drive belongs to. */
export const ALLOTEES = ['user', 'group', 'app'] as const
export type Allotee = (typeof ALLOTEES)[number]

export function ownerOf(allotee: Allotee, id: string): Subject {
  return `${allotee}:${id}`
}

/** A subject taken apart; everyone has neither type nor id in this dialect's words. */
export function subjectParts(subject: Subject): { type: Allotee | 'unknown'; id: string } {
  const at = subject.indexOf(':')
  return at === -1
    ? { type: 'unknown', id: subject }
    : { type: subject.slice(0, at) as Allotee, id: subject.slice(at + 1) }
}

/** `source` of a drive: what its creator said, else the vendor's words for a personal drive and for any other. */
export const SOURCES = ['yundoc', 'private', 'roaming', 'special', 'tmp', 'secret', 'feature'] as const
export const SOURCE_KEY = 'wps.source'

export function sourceOf(drive: Drive): string {
  const stated = drive.settings.extra?.[SOURCE_KEY]
  if (typeof stated === 'string') return stated
  return subjectParts(drive.owner).type === 'user' ? 'private' : 'yundoc'
}

/** Words that Kingsoft's own clients put where a drive id belongs, and the sources they mean. */
export const DRIVE_ALIASES: Readonly<Record<string, readonly string[]>> = {
  private: ['private', 'special'],
  special: ['special', 'private'],
  roaming: ['roaming', 'tmp'],
}

/** Custom attributes lie among the members only this dialect knows, one member each, so that setting one is atomic. */
export const EXT_ATTR_PREFIX = 'wps.attr.'

/** Refers to a file by its public id, in a drive if one is given; undefined for an id that was never handed out. */
export function fileRef(ids: IdCodec, text: string, drive?: DriveId): Ref | undefined {
  const id = ids.parseFileId(text)
  return id && (drive === undefined ? id : { ...id, drive })
}

/** Refers to a folder of a drive, `0` being its root. */
export function folderRef(ids: IdCodec, text: string, drive: DriveId): Ref | undefined {
  return text === ROOT_ID ? { drive, path: [] } : fileRef(ids, text, drive)
}

/** A reference that finds nothing: it stands for an unknown id where every id must have its op. */
export function nowhere(drive: DriveId): Ref {
  return { drive, id: 0 as NodeId }
}

export const parseDriveId = parseDecimalId<DriveId>

/** How many hex digits a declared hash of each kind has. Kingsoft's own `s2s` cannot be computed here. */
export const HASH_DIGITS = { sha256: 64, md5: 32, sha1: 40 } as const

/** `[{type, sum}]` as the digests the bytes must have; undefined when it is anything else. `s2s` is passed over. */
export function parseHashes(value: unknown): Upload['hashes'] | undefined {
  if (!Array.isArray(value)) return undefined
  const hashes: Partial<Record<keyof typeof HASH_DIGITS, string>> = {}
  for (const item of value) {
    const { type, sum } = (item ?? {}) as { type?: unknown; sum?: unknown }
    if (typeof type !== 'string' || typeof sum !== 'string') return undefined
    if (type === 's2s') continue
    if (!Object.hasOwn(HASH_DIGITS, type)) return undefined
    const kind = type as keyof typeof HASH_DIGITS
    if (sum.length !== HASH_DIGITS[kind] || !/^[0-9a-fA-F]+$/.test(sum)) return undefined
    hashes[kind] = sum.toLowerCase()
  }
  return hashes
}
