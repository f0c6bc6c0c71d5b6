/** What the dialects, the tasks and the command line may ask of the engine. Implemented in `create.ts`. */
import type { Actor } from './actor.ts'
import type { IdCodec } from './id.ts'
import type {
  Drive,
  DriveId,
  DriveSettings,
  Group,
  Json,
  Link,
  LinkCounts,
  LinkId,
  LinkLimits,
  Node,
  NodeId,
  PoolId,
  PoolKind,
  Subject,
  Task,
  TaskId,
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
import type { BlobStore, Clock, Store } from './port.ts'
import type { Readings } from './readings.ts'
import type { Tickets } from './ticket.ts'

/** The most ops one batch may hold; dialects have their own, smaller limits. */
export const OPS_PER_BATCH_MAX = 2000
/** The largest page a listing gives. */
export const PAGE_SIZE_MAX = 1000
/** How many nodes one batch may copy, or carry to another drive, while the caller waits. */
export const SUBTREE_NODES_MAX = 10_000
/** How deep a node may lie below its root. */
export const DEPTH_MAX = 200
/** The longest time a drive may be told to keep its trash: what the vendors permit at most. */
export const TRASH_DAYS_MAX = 10_000

/** What an operator may set. */
export interface EngineOptions {
  /** Writing batches on one drive at once; one more is `busy`. */
  readonly batchesPerDriveMax: number
  /** How long a batch may wait for its turn before it is given up as `timeout`, ms. */
  readonly waitMsMax: number
  /** As SUBTREE_NODES_MAX. */
  readonly subtreeNodesMax: number
}

export const DEFAULT_ENGINE_OPTIONS: EngineOptions = {
  batchesPerDriveMax: 256,
  waitMsMax: 10_000,
  subtreeNodesMax: SUBTREE_NODES_MAX,
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
>

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
  /** The active drives in it, in id order. */
  readonly drives: readonly Drive[]
}

export interface PoolPatch {
  readonly quota?: number | null
  /** All that shall share it from now on, DRIVES_PER_POOL_MAX at most. */
  readonly drives?: readonly DriveId[]
}

export interface TrashView {
  readonly entry: TrashEntry
  readonly node: Node
  readonly drive: Drive
}

export interface TrashPage {
  readonly items: readonly TrashView[]
  readonly next: TrashCursor | null
}

export interface TrashCursor {
  readonly trashedAt: number
  readonly id: TrashId
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

export interface Engine extends Readings {
  /**
   * Runs ops in order; later ops see earlier ones. One result an op, in the same order. Every op is authorised for the
   * actor. 0 … OPS_PER_BATCH_MAX ops; more is a programming error of the dialect. Commit ops have their uploads sealed first.
   */
  batch(actor: Actor, ops: readonly Op[], mode?: Mode): Promise<Result[]>
  /**
   * Runs ops as a task, after this call has returned and, should the process die, after its restart. `notes` are the
   * dialect's own words for each op and come back in the task's report.
   */
  submit(actor: Actor, drive: DriveId, kind: string, ops: readonly Op[], notes: readonly Json[]): Promise<TaskId>
  /** Tasks by id, null for those that are not of the actor's tenant and dialect-independent self (admins see all of the tenant). */
  tasks(actor: Actor, ids: readonly TaskId[]): Promise<(Task | null)[]>

  /**
   * How much lies below folders the actor may list, in the order asked, in the trash too. Also what the actor might not
   * list by itself counts: how much there is, is the folder's to tell.
   */
  totals(actor: Actor, nodes: readonly Ref[]): Promise<(Totals | Failed)[]>

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
  createPools(actor: Actor, specs: readonly Required<PoolPatch>[]): Promise<(SharedPool | Failed)[]>
  /** Pools by id; null for those that are not the tenant's. */
  sharedPools(actor: Actor, ids: readonly PoolId[]): Promise<(SharedPool | null)[]>
  updatePools(actor: Actor, patches: readonly { id: PoolId; set: PoolPatch }[]): Promise<(SharedPool | Failed)[]>

  /** The trash of the given drives the actor may list, latest first. 1 … PAGE_SIZE_MAX entries. */
  trashPage(
    actor: Actor,
    query: { drives: readonly DriveId[]; after: TrashCursor | null; limit: number },
  ): Promise<TrashPage>
  trashById(actor: Actor, keys: readonly { drive: DriveId; id: TrashId }[]): Promise<(TrashView | null)[]>

  /** Users and groups of a tenant, by id, in the order asked; null for unknown ones. Cached for a moment. */
  users(tenant: TenantId, ids: readonly string[]): Promise<(User | null)[]>
  groups(tenant: TenantId, ids: readonly string[]): Promise<(Group | null)[]>

  /** Links by id, null for unknown ones. Of any tenant: a link is for whoever knows it. */
  links(ids: readonly LinkId[]): Promise<(Link | null)[]>
  /** The actor's own links, or, when it is an admin, those of the given makers of its tenant (null = of all). */
  listLinks(actor: Actor, makers: readonly Subject[] | null): Promise<Link[]>
  /** Makes links to nodes the actor may share; its name is the first node's unless the spec says another. */
  createLinks(actor: Actor, specs: readonly LinkSpec[]): Promise<(Link | Failed)[]>
  /** Changes links; only their maker or an admin may. */
  updateLinks(actor: Actor, patches: readonly { id: LinkId; set: LinkPatch }[]): Promise<(Link | Failed)[]>
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
  /** Stores one part of an open upload. Authorised by a ticket, not by an actor. */
  writePart(upload: UploadId, part: number, bytes: AsyncIterable<Uint8Array>): Promise<StoredPart | Failed>
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

export interface OpenVersion {
  readonly content: import('./model.ts').Content
  readonly updatedAt: number
  stream(range: { start: number; end: number }): NodeJS.ReadableStream
}
