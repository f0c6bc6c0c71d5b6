/** What can be asked of the engine: one op is one intended change or reading, and every op gets one result. */
import type { ActionBits } from './action.ts'
import type { OpError } from './error.ts'
import type {
  Attributes,
  Drive,
  DriveId,
  Grant,
  Kind,
  Node,
  NodeId,
  Subject,
  TaskId,
  TrashEntry,
  TrashId,
  Upload,
  UploadId,
  Version,
} from './model.ts'
import type { Naming } from './name.ts'

/**
 * How an op names a node.
 * - `{drive, id}`: exactly there; a node that left the drive is not found.
 * - `{born, id}`: by public id, wherever it is now; with `drive`, only if it is in that drive.
 * - `{drive, path}`: by names from below the root; `[]` is the root itself.
 * - `{drive, trash}`: by its trash entry's id.
 */
export type Ref =
  | { readonly drive: DriveId; readonly id: NodeId }
  | { readonly born: DriveId; readonly id: NodeId; readonly drive?: DriveId }
  | { readonly drive: DriveId; readonly path: readonly string[] }
  | { readonly drive: DriveId; readonly trash: TrashId }

/**
 * What to do when the name is taken. The core has no default: every op states it.
 * fail: `name_taken`. rename: a free name by the op's naming. replace: as `replace` says; folder against folder merges
 * under 'version' and is `name_taken` under the others; file against folder is always `name_taken`. reuse: nothing is
 * written, the existing node is the result. duplicate: two siblings of one name.
 */
export type OnConflict = 'fail' | 'rename' | 'replace' | 'reuse' | 'duplicate'

/**
 * What replacing a file means. version: the existing node gets a new version with the newcomer's content and a moved
 * source disappears. trash, purge: the existing node is put away (destroyed, if the drive has no trash) or destroyed and the newcomer takes its name;
 * `history_kept` when the existing file has earlier versions and `guardHistory` is set.
 */
export type Replace = 'version' | 'trash' | 'purge'

/** How a name clash is settled; `file` and `folder` apply by the newcomer's kind. */
export interface Conflict {
  readonly file: OnConflict
  readonly folder: OnConflict
  readonly replace: Replace
  readonly guardHistory?: boolean
}

/** The same strategy for files and folders. */
export function onConflict(strategy: OnConflict, replace: Replace = 'version'): Conflict {
  return { file: strategy, folder: strategy, replace }
}

/** Where trashed nodes stand for an op: invisible, the only ones meant, or equally good. */
export type Trashed = 'no' | 'only' | 'any'

export type OrderBy = 'name' | 'updated' | 'created' | 'size'
/** A listing of one folder may also go by the times that clients gave; where they gave none, by the server's. */
export type ListOrderBy = OrderBy | 'localCreated' | 'localModified'

/**
 * A place in a listing: what the last node shown was ordered by, and the node. A page goes on after it whether or not the
 * node is still there. JSON-able; `cursor.ts` makes text of it.
 */
export interface Position {
  readonly kind: Kind
  /** The name key, the time or the size, whichever the listing is ordered by. */
  readonly value: string | number
  readonly id: NodeId
}

/** Where a listing goes on: after a position, or after so many. */
export type Cursor = { readonly after: Position } | { readonly offset: number }

interface Guarded {
  /** Fails with `precondition_failed` unless the node's rev is this. */
  readonly ifRev?: number
  /** Fails with `wrong_kind` unless the node is of this kind. */
  readonly expect?: Kind
}

export interface GetOp extends Guarded {
  readonly kind: 'get'
  readonly node: Ref
  /** The actions the actor must have; at least `list`. */
  readonly need: ActionBits
  readonly trashed: Trashed
}

export interface ListOp {
  readonly kind: 'list'
  readonly folder: Ref
  readonly by: ListOrderBy
  readonly descending: boolean
  readonly foldersFirst: boolean
  readonly only?: Kind
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
  readonly cursor?: Cursor
  /** Also count the folder's direct children. */
  readonly count?: boolean
}

export interface CreateFolderOp {
  readonly kind: 'createFolder'
  /** With a path and `makeParents`, missing folders on the way are created. */
  readonly parent: Ref
  readonly makeParents?: boolean
  readonly name: string
  readonly conflict: Conflict
  readonly naming: Naming
  readonly attributes?: Attributes
}

/** Opens an upload session; nothing is visible until its commit. */
export interface UploadOp {
  readonly kind: 'upload'
  readonly drive: DriveId
  /** Where it will land, when the dialect knows it now: rights, name and conflict are then checked now too. */
  readonly parent?: Ref
  readonly name?: string
  readonly conflict?: Conflict
  readonly naming?: Naming
  /** The file to which it will add a version. */
  readonly target?: Ref
  readonly size?: number
  readonly hashes?: Upload['hashes']
  /** How long the session may live, ms. */
  readonly ttlMs: number
  readonly data?: import('./model.ts').Json
}

/** Makes a sealed upload visible: a new file, or a new version of an existing one. */
export interface CommitOp {
  readonly kind: 'commit'
  readonly upload: UploadId
  /** Where; absent = as stated when the upload was opened. */
  readonly parent?: Ref
  readonly name?: string
  readonly conflict: Conflict
  readonly naming: Naming
  /** The file that gets a new version, whatever its name. */
  readonly target?: Ref
  /** Checked against the stored bytes. */
  readonly size?: number
  readonly hashes?: Upload['hashes']
  readonly attributes?: Attributes
  readonly ifRev?: number
}

export interface RenameOp extends Guarded {
  readonly kind: 'rename'
  readonly node: Ref
  readonly name: string
  readonly conflict: Conflict
  readonly naming: Naming
}

export interface MoveOp extends Guarded {
  readonly kind: 'move'
  readonly node: Ref
  /** The folder it goes into. */
  readonly to: Ref
  /** Makes missing folders on the way, if the node is of this kind (true: whatever it is). */
  readonly makeParents?: boolean | Kind
  /** Its new name; absent = as it was. */
  readonly name?: string
  readonly conflict: Conflict
  readonly naming: Naming
  /** Whether grants on the moved node go along; otherwise they are dropped. */
  readonly keepGrants: boolean
  /** Answer `later` with a finished task when the node has children. */
  readonly taskIfChildren?: boolean
}

export interface CopyOp extends Guarded {
  readonly kind: 'copy'
  readonly node: Ref
  readonly to: Ref
  readonly makeParents?: boolean | Kind
  readonly name?: string
  readonly conflict: Conflict
  readonly naming: Naming
  readonly keepGrants?: boolean
  readonly taskIfChildren?: boolean
  /** Answer `later` with a finished task for every folder. */
  readonly taskIfFolder?: boolean
}

export interface UpdateOp extends Guarded {
  readonly kind: 'update'
  readonly node: Ref
  readonly set: AttributesPatch
  /** Also rename, in the same op. */
  readonly name?: string
  readonly conflict?: Conflict
  readonly naming?: Naming
}

/** Given members replace, null removes, absent ones stay; `tags` and `extra` are merged member by member. */
export type AttributesPatch = { readonly [K in Exclude<keyof Attributes, 'tags' | 'extra'>]?: Attributes[K] | null } & {
  readonly tags?: Readonly<Record<string, string | null>> | null
  readonly extra?: Readonly<Record<string, import('./model.ts').Json>> | null
}

export interface TrashOp extends Guarded {
  readonly kind: 'trash'
  readonly node: Ref
  /** Only if nothing is in it; else `precondition_failed`. */
  readonly ifEmpty?: boolean
  readonly taskIfChildren?: boolean
}

export interface RestoreOp {
  readonly kind: 'restore'
  readonly node: Ref
  readonly conflict: Conflict
  readonly naming: Naming
  /** When the original parent is gone: fail with `parent_gone`, use the root, or (parent in the trash) make a folder of its name. */
  readonly parentGone: 'fail' | 'root' | 'recreate'
  readonly taskIfChildren?: boolean
}

export interface PurgeOp extends Guarded {
  readonly kind: 'purge'
  readonly node: Ref
  readonly trashed: Trashed
  /** Fails with `precondition_failed` when something lies below it. */
  readonly ifEmpty?: boolean
  readonly taskIfChildren?: boolean
  /** Answer `later` when a task removes it, because there is much below what the batch destroys; it is gone at once all the same. */
  readonly taskIfLarge?: boolean
}

/** Sets, changes or (actions null) removes what a subject may do on a node and below. */
export interface GrantOp {
  readonly kind: 'grant'
  readonly node: Ref
  readonly subject: Subject
  readonly actions: ActionBits | null
  readonly role: string
  readonly expiresAt: number
}

/** All versions of a file. Needs `list`. */
export interface VersionsOp {
  readonly kind: 'versions'
  readonly node: Ref
}

/** Makes a new current version with the content of an earlier one. Needs `replace`. */
export interface RevertOp extends Guarded {
  readonly kind: 'revert'
  readonly node: Ref
  /** `version_not_found` when there is none of that number, `version_current` for the current one. */
  readonly version: number
}

/** Changes what is written on a version. Needs `update`. */
export interface UpdateVersionOp {
  readonly kind: 'updateVersion'
  readonly node: Ref
  readonly version: number
  /** Whether it is kept whatever comes after it; a file may have KEPT_VERSIONS_MAX such versions. */
  readonly keep?: boolean
  readonly description?: string
}

/** Destroys earlier versions, all of them or, when one cannot be, none. Needs `purge`. */
export interface DeleteVersionsOp extends Guarded {
  readonly kind: 'deleteVersions'
  readonly node: Ref
  /** Absent = not in the trash. */
  readonly trashed?: Trashed
  readonly versions: readonly number[]
}

/** Who may do what on a node. Needs `list`; without `permCtl` only the grants to the actor's own subjects are shown. */
export interface GrantsOp {
  readonly kind: 'grants'
  readonly node: Ref
  /** Also those the node inherits from the folders above it. */
  readonly inherited: boolean
}

export type Op =
  | GetOp
  | ListOp
  | VersionsOp
  | RevertOp
  | UpdateVersionOp
  | DeleteVersionsOp
  | GrantsOp
  | CreateFolderOp
  | UploadOp
  | CommitOp
  | RenameOp
  | MoveOp
  | CopyOp
  | UpdateOp
  | TrashOp
  | RestoreOp
  | PurgeOp
  | GrantOp

export type OpKind = Op['kind']

/** A node as an actor sees it. */
export interface NodeView {
  readonly node: Node
  readonly drive: Drive
  /** Names from below the root down to the node; [] for the root. For a trashed node, below the trash. */
  readonly path: readonly string[]
  /** The drive of birth of the folder it lies in: with `node.parent`, that folder's public id. Its own for a root. */
  readonly parentBorn: DriveId
  /** What the actor may do with it. */
  readonly actions: ActionBits
  /** Set while the node, or the trashed folder above it, is in the trash. */
  readonly trash: TrashEntry | null
}

export interface Page {
  readonly folder: NodeView
  readonly items: readonly NodeView[]
  /** Where the next page goes on; null on the last. */
  readonly next: Position | null
  /** Direct children of the folder, when asked for; 0 otherwise. */
  readonly files: number
  readonly folders: number
}

/** A grant and the node it stands on: the one asked about, or a folder above it. */
export interface GrantView {
  readonly grant: Grant
  readonly node: Node
  /** Names from below the root down to that node. */
  readonly path: readonly string[]
}

/** What became of an op: one for each, in order. */
export type Result = Done | Later | Failed

export interface Done {
  readonly status: 'done'
  /** The node after the op: moved, made, found. Null after a purge. */
  readonly view: NodeView | null
  /** Nothing was written because something of that name was there (`reuse`), or the op had nothing to do. */
  readonly existed: boolean
  readonly page?: Page
  /** Newest first, the current one being the first. */
  readonly versions?: readonly Version[]
  /** The node's own first, then those of the folders above it, the nearest first. */
  readonly grants?: readonly GrantView[]
  readonly upload?: Upload
  readonly trash?: TrashEntry
}

/** The work is a task's; `view` is the node's final place. */
export interface Later {
  readonly status: 'later'
  readonly task: TaskId
  readonly view: NodeView | null
  readonly trash?: TrashEntry
}

export interface Failed {
  readonly status: 'failed'
  readonly error: OpError
}

/**
 * each: an op that fails fails alone. chain: after the first failure the rest is not run (`chain_broken`); what follows an op that is
 * `later` is the same task's, in order, and has no view yet. all: unless every op can be done nothing is (`batch_refused` for the
 * innocent ones). What a task makes slice by slice cannot be all or nothing together with other ops: there a tree of more than
 * SUBTREE_NODES_MAX nodes is `too_large`, and a smaller one is done at once, however long that takes.
 */
export type Mode = 'each' | 'chain' | 'all'
