/**
 * The ports: what the engine needs from the outside. A store keeps rows and knows no rule; every method takes and returns
 * sets, and costs a constant number of statements however large the set; a store that may spread drives over machines, that
 * number for each drive named. An empty set is always allowed and costs none.
 * Methods that look rows up return what exists, in no order, each row once; what is missing is simply absent.
 */

import type {
  App,
  Change,
  Content,
  DialectName,
  Drive,
  DriveId,
  Evicted,
  Eviction,
  Grant,
  Group,
  Identity,
  Kind,
  Link,
  LinkCounts,
  LinkId,
  Mark,
  MarkKind,
  Member,
  Node,
  NodeId,
  Pool,
  PoolId,
  PoolKind,
  Subject,
  TaskId,
  Tenant,
  TenantId,
  Token,
  Totals,
  TrashEntry,
  TrashId,
  Upload,
  UploadId,
  UploadPart,
  User,
  Version,
} from './model.ts'
import type { Cursor, ListOrderBy } from './op.ts'
import type { GrantCursor, UploadCursor } from './readings.ts'
import type { SearchCosts, SearchTx } from './search-port.ts'
import type { Lease, NewTask, NumberedOutcome, QueuedFolder, TaskKey, TaskProgress, TaskRow } from './task-port.ts'

export interface NodeKey {
  readonly drive: DriveId
  readonly id: NodeId
}

/** A node sought: in `drive`, or, with `follow`, wherever the forwarding row of `drive` says it went. */
export interface Seek extends NodeKey {
  readonly follow: boolean
}

/** A walk by name: from the node `from`, through the name keys one below the other. */
export interface Walk {
  readonly drive: DriveId
  readonly from: NodeId
  readonly keys: readonly string[]
}

/** A content that a drive has, and how clients may name it; '' = not computed yet. */
export interface Holding {
  readonly drive: DriveId
  /** SHA-256 of the whole, lower-case hex; names the blob. */
  readonly digest: string
  readonly size: number
  /** SHA-256 of the first stride. */
  readonly head: string
  /** The chain of hashes over all strides, see hash-chain.ts. */
  readonly chain: string
}

export interface ChildKey {
  readonly drive: DriveId
  readonly parent: NodeId
  readonly key: string
}

export interface PageQuery {
  readonly drive: DriveId
  readonly parent: NodeId
  /** Ties are broken by node id, in the same direction. Names are ordered by the bytes of their UTF-8 key. */
  readonly by: ListOrderBy
  readonly descending: boolean
  /** Folders before files, whatever the order within. */
  readonly foldersFirst: boolean
  readonly only: Kind | null
  readonly limit: number
  readonly cursor: Cursor | null
}

/** A pool as it is kept. */
export interface StoredPool extends Pool {
  readonly tenant: TenantId
  /** Null = it makes no room. */
  readonly eviction: Eviction | null
  /** Since when it is known to hold more than its quota; 0 = it does not. */
  readonly overSince: number
  /** Until when nothing more is tried to make room in it. */
  readonly restsUntil: number
}

/** Where an evicted file lay. */
export type EvictedPlace = Pick<Evicted, 'drive' | 'parent' | 'key'>

export interface MemberKey {
  readonly tenant: TenantId
  readonly group: string
  readonly member: Subject
}

/** A subject and the tenant it is of. */
export interface OfTenant {
  readonly tenant: TenantId
  readonly subject: Subject
}

/** What users must be like; absent members ask nothing. Texts are compared exactly, `nickPart` as a part, without case. */
export type UserFilter = {
  /** A part of the nickname, without case. */
  readonly nickPart?: string
  /** Who is directly in one of these groups. */
  readonly groups?: readonly string[]
} & Partial<Pick<User, 'name' | 'nick' | 'email' | 'phone' | 'role' | 'status'>>

export interface GroupFilter {
  readonly name?: string
  /** A part of the name, without case. */
  readonly namePart?: string
}

/** Everything that can be read. All reads of one transaction see one state. */
export interface ReadTx extends SearchTx {
  drives(ids: readonly DriveId[]): Promise<Drive[]>
  /** Active drives of a tenant by id order, after `after` (0 = from the start); optionally only those of the given owners. */
  drivesOf(query: {
    tenant: TenantId
    owners: readonly Subject[] | null
    after: DriveId | 0
    limit: number
  }): Promise<Drive[]>
  /** The active drive of each (tenant, app, scene, sceneId). */
  drivesByScene(keys: readonly { tenant: TenantId; app: string; scene: string; sceneId: string }[]): Promise<Drive[]>
  /** The active drives that share the pools. */
  drivesInPools(ids: readonly PoolId[]): Promise<Drive[]>
  pools(keys: readonly { tenant: TenantId; kind: PoolKind; key: string }[]): Promise<StoredPool[]>
  /**
   * Pools with an eviction that hold more than their quota and whose time has come, or for which it is not known since when; and
   * those that are known to hold too much and do not. Not those that rest.
   */
  strainedPools(now: number, limit: number): Promise<StoredPool[]>
  /** Files that were destroyed to make room, by their id or by where they lay. */
  evicted(keys: readonly (NodeKey | EvictedPlace)[]): Promise<Evicted[]>

  /** The nodes sought and all their ancestors up to the parentless roots, ANCESTORS_MAX levels at most. */
  chains(seeks: readonly Seek[]): Promise<Node[]>
  /** The nodes found along each walk, as far as it goes. Where twins share a name, the one with the smallest `twin`. */
  walk(walks: readonly Walk[]): Promise<Node[]>
  /** For each key the children that have it: one, or several where twins share a name. */
  children(keys: readonly ChildKey[]): Promise<Node[]>
  /** The keys of children that start with a prefix, `limit` a prefix at most. */
  stems(
    keys: readonly { drive: DriveId; parent: NodeId; prefix: string }[],
    limit: number,
  ): Promise<{ parent: NodeId; key: string }[]>
  /** Which of the nodes have at least one child. */
  parents(keys: readonly NodeKey[]): Promise<NodeId[]>
  /** Children of folders, folder after folder as given, each one's by key and twin from behind `after`; `limit` rows in total. */
  nextChildren(places: readonly Place[], limit: number): Promise<Node[]>
  /** All descendants of the nodes, without the nodes themselves; stops after `limit` rows in total, in breadth-first order. */
  subtrees(keys: readonly NodeKey[], limit: number): Promise<Node[]>
  /** One page a query, in the order of the queries. */
  pages(queries: readonly PageQuery[]): Promise<Node[][]>
  /** Direct children counted by kind; a folder without children may be absent. */
  counts(keys: readonly NodeKey[]): Promise<{ id: NodeId; files: number; folders: number }[]>

  /** Everything below the nodes, at any depth, counted; nodes with nothing below them may be absent. Costs the subtrees. */
  totals(keys: readonly NodeKey[]): Promise<(Totals & { id: NodeId })[]>

  versions(keys: readonly NodeKey[]): Promise<Version[]>
  /** Versions of all files of a drive, by file and number, of files behind `after` (0 = from the start). */
  versionPage(query: { drive: DriveId; after: NodeId | 0; limit: number }): Promise<Version[]>
  /** Grants on the nodes; with `subjects`, only theirs. Expired ones are included. */
  grants(keys: readonly NodeKey[], subjects: readonly Subject[] | null): Promise<Grant[]>
  /** Grants on nodes of a tenant's drives given to, or by, the subjects: latest first, ties by drive, node and subject, all descending. */
  grantPage(query: {
    tenant: TenantId
    side: 'to' | 'by'
    subjects: readonly Subject[]
    after: GrantCursor | null
    limit: number
  }): Promise<Grant[]>
  /** The marks of one subject, of these kinds. */
  marksOf(query: { tenant: TenantId; subject: Subject; kinds: readonly MarkKind[] }): Promise<Mark[]>
  trash(keys: readonly NodeKey[]): Promise<TrashEntry[]>
  trashById(keys: readonly { drive: DriveId; id: TrashId }[]): Promise<TrashEntry[]>
  /** Trash entries of the drives, latest first (ties: larger id first), with their nodes; after the entry `after`. */
  trashPage(query: {
    drives: readonly DriveId[]
    after: { trashedAt: number; id: TrashId } | null
    limit: number
  }): Promise<{ entry: TrashEntry; node: Node }[]>
  /** Bytes of all versions of all nodes under each drive's trash. */
  trashUsage(drives: readonly DriveId[]): Promise<{ drive: DriveId; size: number }[]>
  changes(query: { drive: DriveId; after: number; limit: number }): Promise<Change[]>

  uploads(ids: readonly UploadId[]): Promise<Upload[]>
  /**
   * Uploads that will be new files of a drive and are not over at `now`: those into one folder, or (null) into any, by folder and
   * id from behind `after`.
   */
  uploadPage(query: {
    drive: DriveId
    folder: NodeId | null
    after: UploadCursor | null
    now: number
    limit: number
  }): Promise<Upload[]>
  uploadParts(ids: readonly UploadId[]): Promise<UploadPart[]>
  blobs(keys: readonly { drive: DriveId; digest: string }[]): Promise<(Content & { drive: DriveId; refs: number })[]>
  /** Which of these contents some drive holds; every drive is asked. One without references is held until the sweep takes it. */
  heldContents(digests: readonly string[]): Promise<string[]>
  /** Contents of drives by their size, a mebibyte or more, `limit` each at most. */
  holdings(keys: readonly { drive: DriveId; size: number }[], limit: number): Promise<Holding[]>
  tasks(keys: readonly TaskKey[]): Promise<TaskRow[]>
  /** Whose the tasks are; all tenants' are looked through. */
  taskKeys(ids: readonly TaskId[]): Promise<TaskKey[]>
  /**
   * Outcomes of a tenant's tasks by task and number, each task's from behind `after` (-1 = from the start) up to those before
   * `before` (absent = to the end); `limit` rows in total.
   */
  outcomes(query: {
    tenant: TenantId
    tasks: readonly TaskId[]
    after: number
    before?: number
    failedOnly: boolean
    limit: number
  }): Promise<NumberedOutcome[]>
  /** What is due to be taken away by the sweep, each kind once; it costs one statement. */
  overdue(times: DueTimes): Promise<Overdue[]>
  /** Open tasks, or done ones, of all tenants and of the deployment itself: the latest first; `limit` at most. */
  latestTasks(query: { open: boolean; limit: number }): Promise<TaskRow[]>
  /** The first folders a task has still to work through, in order. */
  queue(task: TaskId, limit: number): Promise<QueuedFolder[]>
  /** Tasks not done yet whose `holds` name nodes of the drives. */
  holds(drives: readonly DriveId[]): Promise<{ drive: DriveId; task: TaskId; node: NodeId }[]>

  tenants(ids: readonly TenantId[]): Promise<Tenant[]>
  /** How many users tenants have; one without any is absent. */
  userCounts(tenants: readonly TenantId[]): Promise<{ tenant: TenantId; users: number }[]>
  apps(keys: readonly { dialect: DialectName; id: string }[]): Promise<App[]>
  users(keys: readonly { tenant: TenantId; id: string }[]): Promise<User[]>
  groups(keys: readonly { tenant: TenantId; id: string }[]): Promise<Group[]>
  /** Every group that holds one of the subjects, directly or through other groups. */
  groupsOf(
    keys: readonly { tenant: TenantId; member: Subject }[],
  ): Promise<{ tenant: TenantId; member: Subject; group: string }[]>
  members(keys: readonly MemberKey[]): Promise<Member[]>
  identities(keys: readonly Pick<Identity, 'tenant' | 'kind' | 'value'>[]): Promise<Identity[]>
  /** Of users, by kind and value. */
  identitiesOf(keys: readonly { tenant: TenantId; id: string }[]): Promise<Identity[]>
  /** Users of a tenant that are like the filter, by id order, after `after` ('' = from the start). */
  userPage(query: { tenant: TenantId; filter: UserFilter; after: string; limit: number }): Promise<User[]>
  groupPage(query: { tenant: TenantId; filter: GroupFilter; after: string; limit: number }): Promise<Group[]>
  /** Who is directly in a group, or which groups hold a member directly; by member, or by group, in order of bytes. */
  memberPage(
    query: { tenant: TenantId; after: string; limit: number } & (
      | { group: string; kind: 'user' | 'group' | null }
      | { member: Subject }
    ),
  ): Promise<Member[]>
  /** Subjects that are gone and of whom something may be left, by tenant and subject. */
  departed(limit: number): Promise<OfTenant[]>
  departedOf(keys: readonly OfTenant[]): Promise<OfTenant[]>
  tokens(ids: readonly string[]): Promise<Token[]>
  /**
   * How often people of tenants have changed, who is in which group, or tokens were taken back; tenants with none may be absent.
   * What was read of them under one number holds for as long as the number does.
   */
  standings(tenants: readonly TenantId[]): Promise<{ tenant: TenantId; seq: number }[]>

  links(ids: readonly LinkId[]): Promise<Link[]>
  /** Links of a tenant by id order, after `after` ('' = from the start); optionally only those of the given makers. */
  linksOf(query: {
    tenant: TenantId
    makers: readonly Subject[] | null
    after: LinkId | ''
    limit: number
  }): Promise<Link[]>

  /** Rows counted, for tests and fsck. */
  count(table: TableName): Promise<number>
}

export type TableName =
  | 'node'
  | 'version'
  | 'blob'
  | 'trash'
  | 'upload'
  | 'task'
  | 'change'
  | 'grant'
  | 'forward'
  | 'mark'
  | 'term'

/** What a batch changes. Applied in the order of the members; `null` members of a set never occur. */
export interface Changes {
  /** Nodes that give up their name first, because another node of this batch takes it. */
  vacate: NodeKey[]
  deleteNodes: NodeKey[]
  /** Nodes (with their versions and grants) that change drives; each leaves or updates a forwarding row in its drive of birth. */
  rehome: { from: DriveId; to: DriveId; ids: NodeId[] }[]
  /** One that was born in another drive than it is put into leaves a forwarding row there. */
  insertNodes: Node[]
  /**
   * Nodes (with their versions and grants) that a task repeats in another drive, where it carries them; their rows stay where
   * they are meanwhile. `haul` is a number of its own, drawn from the tasks' sequence. Its forwarding rows are not followed before `endHauls`; then they go before all others.
   */
  stage: { haul: number; from: DriveId; to: DriveId; ids: NodeId[] }[]
  /** From now on the forwarding rows of what these hauls staged are followed. */
  endHauls: number[]
  /** parent, updatedAt and modifier take the given values and rev grows by one; nothing else has changed. */
  moveNodes: Node[]
  /** parent, name, key, twin, rev, updatedAt and modifier take the given values. */
  placeNodes: Node[]
  /** Everything but drive, id, born, kind, createdAt and creator takes the given values. */
  updateNodes: Node[]
  /** What nodes are found by from now on; terms go with their node, also to another drive. */
  putTerms: { drive: DriveId; node: NodeId; terms: readonly string[] }[]
  insertVersions: Version[]
  /** `keep`, `description` and `expiresAt` take the given values. */
  updateVersions: Version[]
  deleteVersions: { drive: DriveId; node: NodeId; version: number }[]
  blobRefs: BlobRef[]
  deleteTrash: NodeKey[]
  insertTrash: TrashEntry[]
  putGrants: Grant[]
  deleteGrants: { drive: DriveId; node: NodeId; subject: Subject }[]
  /** Added to `used` of the pools. */
  poolDeltas: { tenant: TenantId; kind: PoolKind; key: string; delta: number }[]
  /** New values of seq and trashSeq. */
  driveSeqs: { id: DriveId; seq: number; trashSeq: number }[]
  insertChanges: Change[]
  /** Inserted or, by id, replaced. */
  putUploads: Upload[]
  /** New ones; one that is there stays as it is. */
  putTasks: NewTask[]
  updateTasks: TaskProgress[]
  insertOutcomes: NumberedOutcome[]
  /** Inserted or, by task and position, replaced. */
  putQueue: QueuedFolder[]
  /** Takes the folders up to this position, itself among them, out of a task's queue. */
  deleteQueue: { task: TaskId; upTo: number }[]
  putHolds: (NodeKey & { task: TaskId })[]
  deleteHolds: (NodeKey & { task: TaskId })[]
}

/**
 * Kinds of what the sweep takes away. records: tokens, and what is remembered of tasks that ended and of files that were evicted
 * long ago. departed: what deleted users and groups were given. excess: files of pools that hold too much.
 */
export type Overdue = 'trash' | 'versions' | 'graves' | 'excess' | 'departed' | 'uploads' | 'records' | 'blobs'

/** When what has its time is due, ms: some things at once, others when they are older than these. */
export interface DueTimes {
  readonly now: number
  /** When tasks ended. */
  readonly tasksBefore: number
  /** When files were evicted. */
  readonly evictedBefore: number
  /** When contents were last referred to. */
  readonly blobsBefore: number
}

/**
 * Added to the number of references a drive has to a content. A drive that had none holds the content from then on; references
 * can only be taken from what it holds.
 */
export interface BlobRef {
  readonly drive: DriveId
  readonly content: Content
  readonly delta: number
  /** When, in ms: from here on the sweep counts how long a content has been without any. */
  readonly at: number
}

/** A folder and how far its children are known, in the order of their keys and twins. */
export interface Place {
  readonly drive: DriveId
  readonly id: NodeId
  /** The last child already seen; null = none. */
  readonly after: { readonly key: string; readonly twin: number } | null
}

export interface WriteTx extends ReadTx {
  /** Writes the changes; throws StorageError, and the transaction fails, if a row that must exist does not. */
  apply(changes: Changes): Promise<void>
  /** Fresh numbers, rising, never handed out before; a gap is allowed. */
  ids(sequence: 'node' | 'drive' | 'task' | 'trash', count: number): Promise<number[]>

  /** Inserted or, by key, replaced. */
  putTenants(rows: readonly Tenant[]): Promise<void>
  putApps(rows: readonly App[]): Promise<void>
  putUsers(rows: readonly User[]): Promise<void>
  /** When users signed in, or prolonged it; null = as before. Nobody has other rights by that. Unknown users are passed over. */
  putSignIns(
    rows: readonly { tenant: TenantId; id: string; signedInAt: number | null; renewedAt: number | null }[],
  ): Promise<void>
  putGroups(rows: readonly Group[]): Promise<void>
  putMembers(rows: readonly Member[]): Promise<void>
  deleteMembers(rows: readonly MemberKey[]): Promise<void>
  putIdentities(rows: readonly Identity[]): Promise<void>
  deleteIdentities(keys: readonly Pick<Identity, 'tenant' | 'kind' | 'value'>[]): Promise<void>
  deleteUsers(keys: readonly { tenant: TenantId; id: string }[]): Promise<void>
  deleteGroups(keys: readonly { tenant: TenantId; id: string }[]): Promise<void>
  putDeparted(rows: readonly OfTenant[]): Promise<void>
  deleteDeparted(rows: readonly OfTenant[]): Promise<void>
  /** Drives with their own columns; `pools` is not written here. */
  putDrives(rows: readonly Drive[]): Promise<void>
  /** Quotas set; `used` is kept when the pool exists, otherwise it starts at 0. */
  putPools(rows: readonly { tenant: TenantId; kind: PoolKind; key: string; quota: number | null }[]): Promise<void>
  /** `eviction` takes the given value. */
  putEvictions(rows: readonly Pick<StoredPool, 'tenant' | 'kind' | 'key' | 'eviction'>[]): Promise<void>
  /** `overSince` and `restsUntil` take the given values. */
  putPoolStrains(
    rows: readonly Pick<StoredPool, 'tenant' | 'kind' | 'key' | 'overSince' | 'restsUntil'>[],
  ): Promise<void>
  /** Inserted or, by drive and node, replaced. */
  putEvicted(rows: readonly Evicted[]): Promise<void>
  putTokens(rows: readonly Token[]): Promise<void>
  deleteTokens(ids: readonly string[]): Promise<void>
  /** Tokens of an app, or of one of its users; or, with `app` null, of a user in whatever app. */
  deleteTokensOf(
    query: { tenant: TenantId; app: string; user: string | null } | { tenant: TenantId; app: null; user: string },
  ): Promise<Token[]>

  /**
   * Lets what lies in the trash of drives stay at least `forMs` from when it was put there; null = for ever. Entries that
   * stay longer already, or for ever, are left as they are.
   */
  keepTrash(rows: readonly { drive: DriveId; forMs: number | null }[]): Promise<void>

  /**
   * Lets versions of drives' files go `forMs` after newer content came (null = never), whatever they were to do before. Costs
   * the versions of these drives.
   */
  keepVersions(rows: readonly { drive: DriveId; forMs: number | null }[]): Promise<void>

  /** Inserted or, by id, replaced; `counts` is kept when the link exists. */
  putLinks(rows: readonly Link[]): Promise<void>
  /**
   * Adds to the counts of links, each link at most once, in one statement: a link's deltas are added all together, and only
   * if no limit is passed by one that is positive (`limited` false: in any case). Returns the links that were counted.
   */
  countLinks(deltas: readonly ({ id: LinkId } & LinkCounts)[], limited: boolean): Promise<LinkId[]>

  /** Inserted or, by tenant, subject, kind and node, replaced. */
  putMarks(rows: readonly Mark[]): Promise<void>
  deleteMarks(rows: readonly Mark[]): Promise<void>

  putUploadParts(rows: readonly UploadPart[]): Promise<void>
  /** Uploads and their part rows; returns the uploads removed. */
  deleteUploads(ids: readonly UploadId[]): Promise<Upload[]>
  /** Filled in by drive and digest: a hash that is '' takes nothing away, and what a drive does not hold is passed over. */
  putHoldings(rows: readonly Holding[]): Promise<void>

  /**
   * Leases tasks to the caller until `until`. Of each tenant only the first `perTenantMax` open tasks come into question, begun
   * ones before waiting ones and cancelled ones before all; of those, the ones whose lease has run out. Tasks that rest do not
   * stand in line. Every tenant's first comes before any one's second, and tenants take turns.
   */
  claimTasks(query: { now: number; until: number; limit: number; perTenantMax: number }): Promise<(TaskRow & Lease)[]>
  /** Prolongs leases; returns the tasks whose lease is still the one named. The others are another worker's now. */
  renewTasks(leases: readonly Lease[], until: number): Promise<TaskId[]>
  /** Lets tasks rest: nobody takes them up before `until`, unless they are cancelled. */
  restTasks(keys: readonly TaskKey[], until: number): Promise<void>
  /** Marks open tasks as cancelled; they rest no longer. */
  cancelTasks(keys: readonly TaskKey[]): Promise<void>

  /** What the sweep may take: each returns at most `limit` rows. */
  expiredUploads(now: number, limit: number): Promise<UploadId[]>
  /** Lets drives let go of contents that they have not referred to since `before`; returns the digests, of each drive one. */
  takeUnusedBlobs(before: number, limit: number): Promise<string[]>
  /** Tokens whose time has come, tasks that ended and what is known of files that were evicted too long ago; returns how many. */
  deleteExpired(times: Omit<DueTimes, 'blobsBefore'>): Promise<number>
  /** Trash entries of active drives whose time has come, the longest overdue first. */
  expiredTrash(now: number, limit: number): Promise<TrashEntry[]>
  /** Versions in active drives whose time has come and that are not to be kept, the longest overdue first. */
  expiredVersions(now: number, limit: number): Promise<Version[]>
  /** Nodes directly under the graves of any drive, but for those that tasks hold. */
  graveNodes(limit: number): Promise<Node[]>
}

/** How many ancestors a chain read climbs at most; deeper trees cannot be made (DEPTH_MAX is far below). */
export const ANCESTORS_MAX = 10_000

export interface Store {
  /** Runs `fn` over one consistent committed state. */
  read<T>(fn: (tx: ReadTx) => Promise<T>): Promise<T>
  /**
   * Runs `fn` in a transaction of its own and resolves after the commit is durable. If `fn` throws nothing is written and
   * the same error is thrown. Transactions that wait together may share one commit. `fn` must only await the tx, and it may be
   * run again from its start when it met another transaction: what it does outside the tx, a second run must overwrite.
   *
   * What `fn` reads of a drive, nobody else changes before its commit.
   * @param drives those that `fn` will read, as far as they are known: it is begun when it is their turn
   */
  write<T>(fn: (tx: WriteTx) => Promise<T>, drives?: readonly DriveId[]): Promise<T>
  /** How many SQL statements have run since the start; for tests and the bench. */
  statements(): number
  readonly searchCosts: SearchCosts
  close(): Promise<void>
}

/** Now, in ms since 1970. */
export type Clock = () => number
