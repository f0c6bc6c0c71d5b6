/** What the dialects, the tasks and the command line may ask of the engine. Implemented in `create.ts`. */

import type { ActionBits } from './action.ts'
import type { Actor } from './actor.ts'
import type { BlobStore } from './blob-port.ts'
import type { IdCodec } from './id.ts'
import type {
  Drive,
  DriveId,
  DriveSettings,
  Evicted,
  Eviction,
  Group,
  Identity,
  Json,
  Link,
  LinkCounts,
  LinkId,
  LinkLimits,
  Member,
  Node,
  NodeId,
  PoolId,
  PoolKind,
  Subject,
  Task,
  TaskId,
  TaskOutcome,
  Tenant,
  TenantId,
  Totals,
  TrashEntry,
  TrashId,
  Upload,
  UploadId,
  UploadPart,
  User,
} from './model.ts'
import type { Failed, Mode, Op, Ref, Result } from './op.ts'
import type { UserSpec } from './people.ts'
import type { Clock, GroupFilter, Store, UserFilter } from './port.ts'
import type { Readings } from './readings.ts'
import type { Tickets } from './ticket.ts'

/** The most ops one batch may hold; dialects have their own, smaller limits. */
export const OPS_PER_BATCH_MAX = 2000
/** The largest page a listing gives. */
export const PAGE_SIZE_MAX = 1000
/** How many nodes one op may copy, or carry to another drive, while the caller waits. Others wait too: 1,000 take some 80 ms. */
export const INLINE_NODES_MAX = 1_000
/** How many nodes one batch may look at below its folders; where there is no way to do it later, this is the limit. */
export const SUBTREE_NODES_MAX = 10_000
/** How deep a node may lie below its root. */
export const DEPTH_MAX = 200
/** The longest time a drive may be told to keep its trash: what the vendors permit at most. */
export const TRASH_DAYS_MAX = 10_000
/** The longest time after which a drive may let its files' earlier versions go, and within which versions may merge. */
export const VERSION_DAYS_MAX = 10_000
export const VERSION_MERGE_MS_MAX = 24 * 3600_000
/** The longest time a pool may be told to bear holding more than its quota. */
export const EVICTION_DAYS_MAX = 10_000

/** What an operator may set. */
export interface EngineOptions {
  /** Writing batches on one drive at once; one more is `busy`. */
  readonly batchesPerDriveMax: number
  /** How long a batch may wait for its turn before it is given up as `timeout`, ms. */
  readonly waitMsMax: number
  /** As INLINE_NODES_MAX; what is larger is a task's. */
  readonly inlineNodesMax: number
  /** As SUBTREE_NODES_MAX. */
  readonly subtreeNodesMax: number
  /** How many nodes one slice of a task copies or carries: the longer it is, the longer other writers wait for it. */
  readonly sliceNodesMax: number
  /** How many tasks of one tenant are under way at once; the others wait in line. */
  readonly tasksPerTenantMax: number
  /** How long a worker may be silent before another goes on with its task, ms. */
  readonly taskLeaseMs: number
}

export const DEFAULT_ENGINE_OPTIONS: EngineOptions = {
  batchesPerDriveMax: 256,
  waitMsMax: 10_000,
  inlineNodesMax: INLINE_NODES_MAX,
  subtreeNodesMax: SUBTREE_NODES_MAX,
  sliceNodesMax: 500,
  tasksPerTenantMax: 4,
  taskLeaseMs: 10_000,
}

/** What `createEngine` is given. */
export interface EngineParts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: Clock
  /** The deployment's master key, at least 32 bytes. */
  readonly secret: Buffer
  readonly options?: Partial<EngineOptions>
}

/** The part of the engine that keeps drives, users and groups; `createDirectory` in `directory.ts` makes it. */
export type Directory = Pick<
  Engine,
  | 'drives'
  | 'listDrives'
  | 'createDrives'
  | 'updateDrives'
  | 'deleteDrives'
  | 'trashUsage'
  | 'setQuotas'
  | 'createPools'
  | 'sharedPools'
  | 'updatePools'
  | 'users'
  | 'groups'
  | 'ownTenant'
  | keyof Roster
>

export interface GroupSpec {
  /** Absent = a fresh one. */
  readonly id?: string
  readonly name: string
  readonly description?: string
  readonly extra?: Group['extra']
}

/** Given members replace; `extra` is merged member by member. */
export type UserPatch = Partial<
  Pick<
    User,
    | 'name'
    | 'nick'
    | 'email'
    | 'phone'
    | 'avatar'
    | 'description'
    | 'role'
    | 'status'
    | 'password'
    | 'extra'
    | 'defaultDrive'
  >
>

interface Listed<Row> {
  readonly items: readonly Row[]
  /** Where the next page goes on; null on the last. */
  readonly next: string | null
}

interface Asked<Filter> {
  readonly filter?: Filter
  readonly after?: string
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}

export type IdentityKey = Pick<Identity, 'kind' | 'value'>

/** Somebody in a group. */
export interface InGroup {
  readonly group: string
  /** A user or a group. */
  readonly member: Subject
}

/**
 * Who there is in a tenant. Everyone may look; users are made, changed and removed by admins (what describes oneself, by
 * oneself), groups by admins too; an existing group and who is in it also by its managers. What was done the rights of those it
 * is about know at once, in every process; their names and looks may be shown as before for some seconds. Failures: `forbidden`, `node_not_found` (at 'target': the
 * member), `name_taken`, `name_invalid`, `cycle`, `precondition_failed` (a group that still holds groups).
 */
export interface Roster {
  listUsers(actor: Actor, query: Asked<UserFilter>): Promise<Listed<User>>
  createUsers(actor: Actor, specs: readonly UserSpec[]): Promise<(User | Failed)[]>
  updateUsers(actor: Actor, patches: readonly { id: string; set: UserPatch }[]): Promise<(User | Failed)[]>
  /** Also out of every group; their tokens end, their drives stay. */
  deleteUsers(actor: Actor, ids: readonly string[]): Promise<(User | Failed)[]>

  /** Identities by kind and value, null for unknown ones. */
  identities(actor: Actor, keys: readonly IdentityKey[]): Promise<(Identity | null)[]>
  identitiesOf(actor: Actor, users: readonly string[]): Promise<Identity[]>
  /** Gives identities to users: one's own, or, for admins, anybody's. One that somebody else has is `name_taken`. */
  linkIdentities(
    actor: Actor,
    rows: readonly (IdentityKey & { user: string; name: string })[],
  ): Promise<(Identity | Failed)[]>
  unlinkIdentities(actor: Actor, keys: readonly IdentityKey[]): Promise<(Identity | Failed)[]>

  listGroups(actor: Actor, query: Asked<GroupFilter>): Promise<Listed<Group>>
  createGroups(actor: Actor, specs: readonly GroupSpec[]): Promise<(Group | Failed)[]>
  updateGroups(
    actor: Actor,
    patches: readonly { id: string; set: Partial<Pick<Group, 'name' | 'description'>> }[],
  ): Promise<(Group | Failed)[]>
  deleteGroups(actor: Actor, ids: readonly string[]): Promise<(Group | Failed)[]>

  /** Direct members of a group, or the groups that hold a member directly. */
  listMembers(
    actor: Actor,
    query: {
      of: { group: string; kind: 'user' | 'group' | null } | { member: Subject }
      after?: string
      limit: number
    },
  ): Promise<Listed<Member>>
  /** Null for those who are not in the group directly. */
  members(actor: Actor, keys: readonly InGroup[]): Promise<(Member | null)[]>
  /** Whether each is in the group, directly or through other groups. */
  isWithin(actor: Actor, keys: readonly InGroup[]): Promise<boolean[]>
  /** Puts users and groups into groups, or changes how they are in them. A group is in one other at most. */
  putMembers(
    actor: Actor,
    rows: readonly (InGroup & { role?: Member['role']; description?: string })[],
  ): Promise<({ member: Member; existed: boolean } | Failed)[]>
  removeMembers(actor: Actor, rows: readonly InGroup[]): Promise<(Member | Failed)[]>
}

export interface DriveSpec {
  readonly name: string
  readonly owner: Subject
  /** '' and '' when the drive belongs to no app and no scene. */
  readonly app?: string
  readonly scene?: string
  readonly sceneId?: string
  /** Bytes; null = unlimited. */
  readonly quota?: number | null
  readonly settings?: Partial<DriveSettings>
}

export interface DrivePatch {
  readonly name?: string
  readonly owner?: Subject
  readonly quota?: number | null
  readonly settings?: Partial<DriveSettings>
}

/** A link to be made; what is absent is empty, without limit or never. */
export interface LinkSpec {
  readonly drive: DriveId
  /** 1 … LINK_NODES_MAX nodes with one parent, or the drive's root alone. */
  readonly nodes: readonly NodeId[]
  readonly inboxes?: readonly NodeId[]
  readonly name?: string
  readonly description?: string
  /** Sealed already. */
  readonly password?: string
  readonly actions: number
  readonly expiresAt?: number
  readonly limits?: Partial<LinkLimits>
  readonly extra?: Link['extra']
}

/** Given members replace; `limits`, `counts` and `extra` are merged member by member. */
export interface LinkPatch extends Partial<Omit<LinkSpec, 'drive' | 'nodes'>> {
  readonly state?: Link['state']
  readonly counts?: Partial<LinkCounts>
}

/** A quota that several drives share. */
export interface SharedPool {
  readonly id: PoolId
  /** Bytes; null = unlimited. */
  readonly quota: number | null
  readonly used: number
  /** Null = nothing is destroyed to make room. */
  readonly eviction: Eviction | null
  /** The active drives in it, in id order. */
  readonly drives: readonly Drive[]
}

export interface PoolPatch {
  readonly quota?: number | null
  readonly eviction?: Eviction | null
  /** All that shall share it from now on, DRIVES_PER_POOL_MAX at most. */
  readonly drives?: readonly DriveId[]
}

export interface TenantView {
  readonly tenant: Tenant
  readonly users: number
  /** Bytes; null = unlimited. */
  readonly quota: number | null
  readonly used: number
}

export interface TrashView {
  readonly entry: TrashEntry
  readonly node: Node
  readonly drive: Drive
  /** What the actor may do with it. */
  readonly actions: ActionBits
}

export interface TrashPage {
  readonly items: readonly TrashView[]
  readonly next: TrashCursor | null
}

export interface TrashCursor {
  readonly trashedAt: number
  readonly id: TrashId
}

/** A page of a task's outcomes; `number` is the op's place among the task's ops, from 0. */
export interface TaskReport {
  readonly items: readonly { readonly number: number; readonly outcome: TaskOutcome }[]
  /** Where the next page starts; null when no more is known. */
  readonly next: number | null
}

/** What a stored part looks like to whoever sent it. */
export interface StoredPart {
  readonly size: number
  readonly md5: string
  readonly crc64: string
}

export interface LinkUse {
  readonly link: LinkId
  readonly what: keyof LinkCounts
}

export interface Engine extends Readings, Roster {
  /** The actor as it is now, where what it was made of has changed since; for what a dialect decides by it on its own. */
  current(actor: Actor): Promise<Actor>
  /**
   * Runs ops in order; later ops see earlier ones. One result an op, in the same order. Every op is authorised for the
   * actor. 0 … OPS_PER_BATCH_MAX ops; more is a programming error of the dialect. Commit ops have their uploads sealed first.
   */
  batch(actor: Actor, ops: readonly Op[], mode?: Mode): Promise<Result[]>
  /**
   * Runs ops as a task, after this call has returned and, should the process die, after its restart. `notes` are the
   * dialect's own words for each op and come back in the task's report. In a chain each op waits for the end of the one before,
   * however large its tree is, and after one that fails the rest is not run.
   */
  submit(
    actor: Actor,
    drive: DriveId,
    kind: string,
    ops: readonly Op[],
    notes: readonly Json[],
    mode?: Exclude<Mode, 'all'>,
  ): Promise<TaskId>
  /** Tasks by id, null for those that are not of the actor's tenant and dialect-independent self (admins see all of the tenant). */
  tasks(actor: Actor, ids: readonly TaskId[]): Promise<(Task | null)[]>
  /**
   * What became of a task's ops, as far as it has come: outcomes in the order of the ops, behind the one numbered `after`.
   * 1 … PAGE_SIZE_MAX. `task_not_found` where `tasks` says null.
   */
  taskReport(
    actor: Actor,
    task: TaskId,
    query: { after: number | null; limit: number; failedOnly: boolean },
  ): Promise<TaskReport | Failed>
  /**
   * Asks tasks to stop. What they did stays; what they had not finished fails as `cancelled` when their turn comes, and leaves
   * nothing behind. A task that is done stays as it is, and one that only removes what is destroyed already goes on.
   */
  cancelTasks(actor: Actor, ids: readonly TaskId[]): Promise<(Task | Failed)[]>
  /**
   * Destroys all earlier versions of the drives' files, in the trash too, but for those to be kept; as one task, whose `done` is
   * how many versions are gone. Only who owns all the drives may: `drive_not_found`, `forbidden`.
   */
  clearVersions(actor: Actor, drives: readonly DriveId[]): Promise<TaskId | Failed>

  /**
   * How much lies below folders the actor may list, in the order asked, in the trash too. Also what the actor might not
   * list by itself counts: how much there is, is the folder's to tell.
   */
  totals(actor: Actor, nodes: readonly Ref[]): Promise<(Totals | Failed)[]>
  /** The same of everything in the trash of drives; for their owners only. */
  trashTotals(actor: Actor, ids: readonly DriveId[]): Promise<(Totals | Failed)[]>

  /** Drives by id, null for those the actor cannot reach at all (another tenant, a credential limited to others, deleted). */
  drives(actor: Actor, ids: readonly DriveId[]): Promise<(Drive | null)[]>
  /** Drives of the actor's tenant in id order; `owners` null = of anyone. */
  listDrives(
    actor: Actor,
    query: { owners: readonly Subject[] | null; after: DriveId | 0; limit: number },
  ): Promise<{ items: Drive[]; next: DriveId | null }>
  /** Makes drives; a spec whose (app, scene, sceneId) with a sceneId other than '' already has one gets that one. */
  createDrives(actor: Actor, specs: readonly DriveSpec[]): Promise<Drive[]>
  /** Changes drives; only their owner or an admin may. */
  updateDrives(actor: Actor, patches: readonly { id: DriveId; set: DrivePatch }[]): Promise<(Drive | Failed)[]>
  /** Makes drives and all in them unreachable at once; the sweep removes the rest. */
  deleteDrives(actor: Actor, ids: readonly DriveId[]): Promise<(Drive | Failed)[]>
  /** Bytes held by what lies in each drive's trash, in the order asked. */
  trashUsage(drives: readonly Drive[]): Promise<number[]>
  /** Sets quotas of pools of a tenant; bytes, null = unlimited. */
  setQuotas(tenant: TenantId, pools: readonly { kind: PoolKind; key: string; quota: number | null }[]): Promise<void>

  /**
   * Quotas that several drives share; only admins of the tenant make and change them. `name_taken` when a drive shares
   * another pool already, `drive_not_found` when it is not there; then nothing of that pool is done.
   */
  createPools(
    actor: Actor,
    specs: readonly (PoolPatch & Required<Pick<PoolPatch, 'quota' | 'drives'>>)[],
  ): Promise<(SharedPool | Failed)[]>
  /** Pools by id; null for those that are not the tenant's. */
  sharedPools(actor: Actor, ids: readonly PoolId[]): Promise<(SharedPool | null)[]>
  updatePools(actor: Actor, patches: readonly { id: PoolId; set: PoolPatch }[]): Promise<(SharedPool | Failed)[]>
  /**
   * Which of the things that are no longer there were files destroyed to make room, within the last EVICTED_KEPT_DAYS; of
   * several under one path the latest. By path for who may list the folder it lay in, by id for who owns the drive.
   */
  evicted(actor: Actor, refs: readonly Ref[]): Promise<(Evicted | null)[]>

  /** The trash of the given drives the actor may list, latest first. 1 … PAGE_SIZE_MAX entries. */
  trashPage(
    actor: Actor,
    query: { drives: readonly DriveId[]; after: TrashCursor | null; limit: number },
  ): Promise<TrashPage>
  trashById(actor: Actor, keys: readonly { drive: DriveId; id: TrashId }[]): Promise<(TrashView | null)[]>

  /** Users and groups of a tenant, by id, in the order asked; null for unknown ones. Cached for a moment. */
  users(tenant: TenantId, ids: readonly string[]): Promise<(User | null)[]>
  groups(tenant: TenantId, ids: readonly string[]): Promise<(Group | null)[]>

  /** The actor's tenant, how many users it has, and what all its drives may hold and hold together. */
  ownTenant(actor: Actor): Promise<TenantView>

  /** Links by id, null for unknown ones. Of any tenant: a link is for whoever knows it. */
  links(ids: readonly LinkId[]): Promise<(Link | null)[]>
  /** The actor's own links, or, when it is an admin, those of the given makers of its tenant (null = of all). */
  listLinks(actor: Actor, makers: readonly Subject[] | null): Promise<Link[]>
  /** Makes links to nodes the actor may share; its name is the first node's unless the spec says another. */
  createLinks(actor: Actor, specs: readonly LinkSpec[]): Promise<(Link | Failed)[]>
  /**
   * Changes links; only their maker or an admin may. What is to be set may depend on the link as it is by then: nobody changes it
   * meanwhile. Such a function may be asked more than once.
   */
  updateLinks(
    actor: Actor,
    patches: readonly { id: LinkId; set: LinkPatch | ((link: Link) => LinkPatch) }[],
  ): Promise<(Link | Failed)[]>
  /**
   * Counts uses of links, in order, each only while the link's limits leave room for it; for each, whether it was counted.
   * Exact however many ask at once.
   */
  useLinks(uses: readonly LinkUse[]): Promise<boolean[]>
  /** Takes uses back that came to nothing. */
  returnLinkUses(uses: readonly LinkUse[]): Promise<void>

  /** Uploads the actor opened (or, for admins, of the tenant), with their stored parts; null for others. */
  uploads(actor: Actor, ids: readonly UploadId[]): Promise<({ upload: Upload; parts: UploadPart[] } | null)[]>
  /** Gives up uploads: their staged bytes go. Committed ones are left alone. */
  abortUploads(actor: Actor, ids: readonly UploadId[]): Promise<(Upload | Failed)[]>
  /** Gives open uploads the content of files whose bytes the actor may read: nothing need be sent. They are sealed then. */
  fillUploads(actor: Actor, fills: readonly { upload: UploadId; node: Ref }[]): Promise<(Upload | Failed)[]>
  /** Stores one part of an open upload. Authorised by a ticket, not by an actor. */
  writePart(upload: UploadId, part: number, bytes: AsyncIterable<Uint8Array>): Promise<StoredPart | Failed>
  /**
   * SHA-256 digests of contents that one of these drives of the actor's tenant holds and that have this size and this beginning,
   * or this chain of hashes, see hash-chain.ts. That there is such content gives no right to it.
   */
  contentsLike(actor: Actor, like: ContentsLike): Promise<string[]>
  /** The bytes of a node's version, for the holder of a ticket; `stream` opens any range of them. */
  openVersion(key: { drive: DriveId; node: Node['id']; version: number }): Promise<OpenVersion | Failed>

  /** Signs and checks the tickets in transfer URLs. */
  readonly tickets: Tickets
  /** Makes and reads public node ids. */
  readonly ids: IdCodec
  readonly now: () => number
  /** Runs one bounded slice of waiting tasks and of the sweep; true while there is more to do. */
  work(): Promise<boolean>
  close(): Promise<void>
}

export interface ContentsLike {
  readonly drives: readonly DriveId[]
  readonly size: number
  /** SHA-256 of the first stride. */
  readonly head?: string
  readonly chain?: string
}

export interface OpenVersion {
  readonly content: import('./model.ts').Content
  readonly updatedAt: number
  /** The drive it is in now, and the bytes a second that all fetches from it may have together; 0 = any number. */
  readonly drive: DriveId
  readonly rate: number
  stream(range: { start: number; end: number }): NodeJS.ReadableStream
}
