/**
 * The nouns of a drive: what the store keeps and the rules speak about. No vendor word appears here; the glossary is in
 * ARCHITECTURE.md. All times are milliseconds since 1970 (UTC), all sizes bytes.
 */

declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/** A tenant's id: `[a-z0-9]{1,32}`, also its public name (PDS domain id, SMH library id, …). */
export type TenantId = Branded<string, 'TenantId'>
/** A drive's id: a positive safe integer, shown as decimal digits in every dialect. */
export type DriveId = Branded<number, 'DriveId'>
/** A node's id: a positive safe integer, unique in the deployment, the same for the node's whole life. */
export type NodeId = Branded<number, 'NodeId'>
/** An upload session's id: 32 lower-case hex digits, its drive's number and 16 unguessable ones. See upload-id.ts. */
export type UploadId = Branded<string, 'UploadId'>
/** A task's id: a positive safe integer. */
export type TaskId = Branded<number, 'TaskId'>
/** A trash entry's id: a positive integer, small enough for 32-bit clients for the first two thousand million entries. */
export type TrashId = Branded<number, 'TrashId'>

/** A link's id: 11 letters and digits, unguessable; also what its address ends in. */
export type LinkId = Branded<string, 'LinkId'>

/**
 * Who may hold or do something: a user, a group with all that are in it through other groups, those alone who are in a group
 * directly (`members`), an app, whoever holds a link, or everyone of the tenant. The part after the colon is the id.
 */
export type Subject =
  | `user:${string}`
  | `group:${string}`
  | `members:${string}`
  | `app:${string}`
  | `link:${string}`
  | 'everyone'

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export type Kind = 'file' | 'folder'

/** What a file's bytes are. Digests are lower-case hex, `crc64` is the unsigned decimal CRC-64/XZ. */
export interface Content {
  /** SHA-256; names the blob. */
  readonly digest: string
  readonly size: number
  readonly md5: string
  readonly sha1: string
  readonly crc64: string
}

/** What users may write on a node beside its name. Absent members are unset. */
export interface Attributes {
  readonly description?: string
  readonly labels?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly starred?: boolean
  readonly hidden?: boolean
  /** The media type its uploader declared. */
  readonly contentType?: string
  readonly localCreatedAt?: number
  readonly localModifiedAt?: number
  /** When its picture was taken, as its uploader says. */
  readonly takenAt?: number
  /** Members only one dialect knows, under `<dialect>.<member>`; carried, never read, by the engine. */
  readonly extra?: Readonly<Record<string, Json>>
}

/** A file or a folder. Roots have `parent` 0. */
export interface Node {
  readonly drive: DriveId
  readonly id: NodeId
  readonly parent: NodeId
  readonly name: string
  /** The name as compared: Unicode NFC. */
  readonly key: string
  /** 0, or the node's own id when a sibling of the same key existed and twins were permitted. */
  readonly twin: number
  readonly kind: Kind
  /** The current version's bytes; null for folders. */
  readonly content: Content | null
  /** The current version's number, from 1; 0 for folders. */
  readonly version: number
  /** The drive in which the node was created; part of its public id. */
  readonly born: DriveId
  /** Grows by one with every change of the node; the node's ETag. */
  readonly rev: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly creator: Subject
  readonly modifier: Subject
  readonly attributes: Attributes
}

/** What of a node tells where it lies, where it stands in an order, and whether it meets most conditions. */
export type Outline = Pick<Node, 'drive' | 'id' | 'parent' | 'name' | 'key' | 'kind' | 'createdAt' | 'updatedAt'> & {
  /** The current version's bytes, of which the number is known; null for folders. */
  readonly content: Pick<Content, 'size'> | null
}

/** One immutable state of a file's content. */
export interface Version {
  readonly drive: DriveId
  readonly node: NodeId
  readonly version: number
  readonly content: Content
  readonly createdAt: number
  readonly creator: Subject
  /** Whether it is never pruned when newer versions push old ones out; it does not count among them either. */
  readonly keep: boolean
  /** What a user wrote about it; '' when nothing. */
  readonly description: string
  /** When the sweep destroys it, unless it is kept; 0 = never, and always while it is the current one. */
  readonly expiresAt: number
  /** The earlier version whose content it brought back; 0 = it came with content of its own. */
  readonly revertOf: number
}

/** A shared pool's id: drawn with the drives' ids, so that one is never taken for the other. */
export type PoolId = Branded<number, 'PoolId'>

/** One level of quota: `quota` null means unlimited. */
export interface Pool {
  readonly kind: PoolKind
  /** drive: the drive id's digits; shared: the shared pool's; scene: `<app>/<scene>`; app: the app id; tenant: ''. */
  readonly key: string
  readonly quota: number | null
  readonly used: number
}
export type PoolKind = 'drive' | 'shared' | 'scene' | 'app' | 'tenant'
/** The levels, in the order in which they are checked. */
export const POOL_KINDS: readonly PoolKind[] = ['drive', 'shared', 'scene', 'app', 'tenant']

/** How a pool makes room when it holds more than its quota. */
export interface Eviction {
  /** Days it may hold too much before files are destroyed, 0 … EVICTION_DAYS_MAX. */
  readonly afterDays: number
  /** Whether the newest files go first; otherwise the oldest do. */
  readonly newestFirst: boolean
}

/** A file that was destroyed to make room, and where it lay. */
export interface Evicted {
  readonly drive: DriveId
  readonly node: NodeId
  readonly parent: NodeId
  /** Its name as compared. */
  readonly key: string
  readonly at: number
}

export interface DriveSettings {
  /** Whether the drive has a trash. */
  readonly trash: boolean
  /** How many versions of a file are kept, the current one among them; at least 1. */
  readonly versionsMax: number
  /** How many days after newer content a version is destroyed, 0 … VERSION_DAYS_MAX; absent or 0 = never. */
  readonly versionDays?: number
  /** New content takes the place of a version younger than this instead of following it, ms; absent or 0 = none. */
  readonly versionMergeMs?: number
  /** After how many days in the trash a node is destroyed, 1 … TRASH_DAYS_MAX; absent = never. */
  readonly trashDays?: number
  /** Bytes a second that all fetches of content together may have, of one server; absent or 0 = any number. */
  readonly downloadRate?: number
  /** While it is set nobody gets at anything in the drive, its owner and admins neither. Only admins set it. */
  readonly disabled?: boolean
  /** Who is in the group that owns the drive has only what is granted, like anybody else. Only admins set it. */
  readonly grantsOnly?: boolean
  readonly description?: string
  /** Members only one dialect knows, under `<dialect>.<member>`. */
  readonly extra?: Readonly<Record<string, Json>>
}

/** One tree: its root, owner, quota and settings. */
export interface Drive {
  readonly id: DriveId
  readonly tenant: TenantId
  readonly name: string
  readonly owner: Subject
  /** The app that made it and whose pool it fills; '' when none. */
  readonly app: string
  /** A quota pool within the app ('' when no app); `sceneId` tells drives of one scene apart. */
  readonly scene: string
  readonly sceneId: string
  readonly status: 'active' | 'deleted'
  readonly root: NodeId
  /** The hidden folder under which trashed nodes hang. */
  readonly trash: NodeId
  /** The hidden folder under which destroyed folders wait for the sweep. */
  readonly grave: NodeId
  readonly settings: DriveSettings
  /** The pool it shares with other drives that were put into it too; 0 = none. */
  readonly sharedPool: PoolId | 0
  /** The pools the drive's bytes count in, in the order of POOL_KINDS; missing levels are left out. */
  readonly pools: readonly Pool[]
  /** The number of the drive's last change. */
  readonly seq: number
  /** Grows whenever what lies in the trash changes. */
  readonly trashSeq: number
  readonly creator: Subject
  readonly createdAt: number
  readonly updatedAt: number
}

/** A node put away. The node itself hangs under the drive's trash folder meanwhile. */
export interface TrashEntry {
  readonly drive: DriveId
  readonly node: NodeId
  readonly id: TrashId
  readonly parent: NodeId
  readonly name: string
  /** Names from below the root down to the node, as they were. */
  readonly path: readonly string[]
  readonly trashedAt: number
  readonly trashedBy: Subject
  /** When the sweep destroys it; 0 = never. */
  readonly expiresAt: number
}

/** What lies below a folder, at any depth; the folder itself does not count. */
export interface Totals {
  readonly files: number
  readonly folders: number
  /** Bytes of the files' current versions. */
  readonly size: number
  /** Earlier versions, and their bytes. */
  readonly versions: number
  readonly versionsSize: number
}

/** A role given to a subject on a node and, inherited, on all below it. */
export interface Grant {
  readonly drive: DriveId
  readonly node: NodeId
  readonly subject: Subject
  /** A bit set of actions, see action.ts. */
  readonly actions: number
  /** The dialect's word for the role, for showing it again. */
  readonly role: string
  /** 0 = never. */
  readonly expiresAt: number
  readonly createdAt: number
  readonly creator: Subject
}

/** What is counted of a link's use. */
export interface LinkCounts {
  /** How often it was opened. */
  readonly accesses: number
  readonly previews: number
  readonly downloads: number
  /** Copies made into somebody's own drive. */
  readonly saves: number
}

/** How often a link may be used; 0 = without limit. */
export interface LinkLimits {
  readonly previews: number
  readonly downloads: number
  readonly saves: number
  /** Saves and downloads together. */
  readonly takings: number
}

/** A URL that opens nodes to whoever holds it, with at most the rights its maker has now. */
export interface Link {
  readonly id: LinkId
  readonly tenant: TenantId
  readonly drive: DriveId
  /** The nodes it opens, with all below them; 1 … LINK_NODES_MAX. */
  readonly nodes: readonly NodeId[]
  /** Folders among them or below into which its holders may put files. */
  readonly inboxes: readonly NodeId[]
  readonly name: string
  readonly description: string
  /** Sealed, because its maker may read it again; '' when none is asked. */
  readonly password: string
  /** What its holders may do: a bit set of actions. */
  readonly actions: number
  readonly state: 'open' | 'closed'
  /** 0 = never. */
  readonly expiresAt: number
  readonly limits: LinkLimits
  readonly counts: LinkCounts
  readonly creator: Subject
  readonly createdAt: number
  readonly updatedAt: number
  /** Members only one dialect knows, under `<dialect>.<member>`. */
  readonly extra: Readonly<Record<string, Json>>
}

/** sealed: the bytes sent are a blob. filled: bytes that were here already were taken, so that none were sent. */
export type UploadState = 'open' | 'sealed' | 'filled' | 'committed'

/** A session that will become a version. */
export interface Upload {
  readonly id: UploadId
  readonly tenant: TenantId
  readonly drive: DriveId
  /** Where it will land; 0 while the caller has not said. */
  readonly parent: NodeId
  readonly name: string
  /** The node it will become: reserved for a new file, existing for a new version. */
  readonly node: NodeId
  /** Whether it adds a version to `node`, which existed when the session was opened. */
  readonly revises: boolean
  /** The declared size; null when not declared. */
  readonly size: number | null
  /** Declared digests that the bytes must have; lower-case hex, crc64 decimal. */
  readonly hashes: Readonly<Partial<Record<'sha256' | 'sha1' | 'md5' | 'crc64', string>>>
  readonly state: UploadState
  /** The bytes, once sealed. */
  readonly content: Content | null
  readonly creator: Subject
  readonly createdAt: number
  readonly expiresAt: number
  /** What the dialect wants to remember between start and commit. */
  readonly data: Json
}

/** A piece of an upload, durable in the blob store's staging area. */
export interface UploadPart {
  readonly upload: UploadId
  /** From 1. */
  readonly number: number
  readonly size: number
  readonly md5: string
  readonly uploadedAt: number
}

export type TaskState = 'queued' | 'running' | 'done'

/** Work that outlives its request. */
export interface Task {
  readonly id: TaskId
  readonly tenant: TenantId
  readonly drive: DriveId
  /** The op kind, or `batch` for a list of ops. */
  readonly kind: string
  readonly state: TaskState
  /** Ops; one whose nodes are too many for one step counts as many as it has nodes, once they are counted. */
  readonly total: number
  /** How many of `total` are done. In the end done + failed = total. */
  readonly done: number
  readonly failed: number
  /** The first failure's code; '' while nothing failed. */
  readonly error: string
  /** Somebody asked it to stop: what it has not begun fails as `cancelled`. */
  readonly cancelled: boolean
  readonly creator: Subject
  /** Which dialect started it: a task is shown in that dialect's words. */
  readonly dialect: string
  /** One outcome an op, in order, once it is done; of more than OPS_PER_BATCH_MAX the first. Empty before. */
  readonly report: readonly TaskOutcome[]
  readonly createdAt: number
  readonly startedAt: number
  /** 0 until done. */
  readonly finishedAt: number
}

/** What became of one op of a task, with the note the dialect gave for it. */
export interface TaskOutcome {
  readonly ok: boolean
  /** An ErrorCode, '' when ok. */
  readonly code: string
  readonly at: string
  readonly detail: string
  /** What the op was about, when it was found. */
  readonly kind: Kind | null
  readonly drive: DriveId
  readonly node: NodeId
  readonly path: readonly string[]
  readonly trash: TrashId
  readonly note: Json
}

export type ChangeKind =
  | 'create'
  | 'version'
  | 'rename'
  | 'move'
  | 'copy'
  | 'update'
  | 'trash'
  | 'restore'
  | 'purge'
  | 'leave'
  | 'grant'
  /** Something of a file's earlier versions changed, not its content; where it replaces, some are gone. */
  | 'history'

/** One entry of a drive's append-only change log. */
export interface Change {
  readonly drive: DriveId
  readonly seq: number
  readonly kind: ChangeKind
  readonly node: NodeId
  /** What the node is, and its drive of birth: enough to name it after it is gone. */
  readonly nodeKind: Kind
  readonly born: DriveId
  /** Where it is after the change; where it was, when the change took it away. */
  readonly parent: NodeId
  readonly name: string
  /** Where in this drive a moved or renamed node was before; null for other changes and for what came from another drive. */
  readonly from: ChangeOrigin | null
  /** What that which came to be was made of; null when it was new, and when nothing came to be. */
  readonly source: ChangeSource | null
  /** Whether it put an end to what was there: new content over old, or a newcomer in place of a node of its name. */
  readonly replaces: boolean
  readonly at: number
  readonly by: Subject
}

/** A node's former place: the folder, that folder's drive of birth, and the name in it. */
export interface ChangeOrigin {
  readonly parent: NodeId
  readonly parentBorn: DriveId
  readonly name: string
}

/**
 * What something was made of: the node that was copied, or that became a version; for what came from another drive, the folder it
 * lay in there. `known`: bytes that were here already, so that nobody sent them.
 */
export type ChangeSource = ChangeSourceNode | 'known'

export interface ChangeSourceNode {
  /** Where it was then. */
  readonly drive: DriveId
  readonly node: NodeId
  readonly born: DriveId
}

export const MARK_KINDS = ['favourite', 'viewed', 'modified'] as const
export type MarkKind = (typeof MARK_KINDS)[number]

/** A node on one of a user's own lists: a favourite, or one lately viewed or modified. */
export interface Mark {
  readonly tenant: TenantId
  readonly subject: Subject
  readonly kind: MarkKind
  readonly node: NodeId
  /** The node's drive of birth, by which it is found wherever it is. */
  readonly born: DriveId
  readonly at: number
}

export interface Tenant {
  readonly id: TenantId
  readonly name: string
  readonly createdAt: number
  /** Members only one dialect knows, under `<dialect>.<member>`. */
  readonly extra: Readonly<Record<string, Json>>
}

export type DialectName = 'native' | 'pds' | 'smh' | 'wps' | 'dingtalk'

/** A tenant's credential for one dialect. */
export interface App {
  readonly tenant: TenantId
  /** Unique in its dialect: what the client sends as app key, access key id, library id or client id. */
  readonly id: string
  readonly dialect: DialectName
  readonly name: string
  /** The shared secret, encrypted under the deployment's key; '' when there is none. */
  readonly secret: string
  /** An RSA public key in PEM; '' when there is none. */
  readonly publicKey: string
  /** What the app may do at most, in the dialect's words; empty means all. */
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly extra: Readonly<Record<string, Json>>
}

export interface User {
  readonly tenant: TenantId
  readonly id: string
  readonly name: string
  readonly nick: string
  readonly email: string
  readonly phone: string
  readonly avatar: string
  readonly description: string
  /** admin: every right on every drive of the tenant. */
  readonly role: 'admin' | 'user'
  readonly status: 'enabled' | 'disabled'
  /** A PHC string; '' when the user cannot sign in by password. */
  readonly password: string
  readonly defaultDrive: DriveId
  /** When the user signed in last, and when that was prolonged last; 0 = never. */
  readonly signedInAt: number
  readonly renewedAt: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Members only one dialect knows, under `<dialect>.<member>`. */
  readonly extra: Readonly<Record<string, Json>>
}

export interface Group {
  readonly tenant: TenantId
  readonly id: string
  readonly name: string
  readonly description: string
  readonly creator: Subject
  readonly createdAt: number
  readonly updatedAt: number
  /** Members only one dialect knows, under `<dialect>.<member>`. */
  readonly extra: Readonly<Record<string, Json>>
}

/** Something by which a user is known elsewhere: a mobile number, a mail address, another system's id. */
export interface Identity {
  readonly tenant: TenantId
  /** What kind of thing it is, in the words of whoever keeps it. */
  readonly kind: string
  /** Unique in its tenant and kind. */
  readonly value: string
  readonly user: string
  /** What is shown of it. */
  readonly name: string
  readonly createdAt: number
}

/** A user or a group being in a group; groups nest. */
export interface Member {
  readonly tenant: TenantId
  readonly group: string
  readonly member: Subject
  /** manager: may change the group and who is in it. */
  readonly role: 'member' | 'manager'
  readonly description: string
  readonly creator: Subject
  readonly createdAt: number
  readonly updatedAt: number
}

/** A bearer credential that was handed out. The token text itself is never stored. */
export interface Token {
  /** 32 hex digits; the token text is derived from it under the deployment's key. */
  readonly id: string
  readonly dialect: DialectName
  readonly purpose: 'access' | 'refresh' | 'link' | 'code'
  readonly tenant: TenantId
  readonly app: string
  /** '' for a token of the app itself. */
  readonly user: string
  /** What the token may do at most, in the dialect's words; empty means all. */
  readonly scopes: readonly string[]
  /** Members only the dialect knows: drives it is limited to, client and session ids, … */
  readonly data: Json
  readonly createdAt: number
  readonly expiresAt: number
}
