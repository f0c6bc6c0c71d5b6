/** What an actor may read of many folders or drives at once: changes, grants, searches, and its own lists of nodes. */
import type { Actor } from './actor.ts'
import type { Change, Drive, DriveId, Grant, Mark, MarkKind, NodeId, Subject, Upload } from './model.ts'
import type { Failed, NodeView, Ref } from './op.ts'
import type { SearchPage, SearchQuery } from './search-query.ts'

/** How many nodes one user's list of one kind holds; of those lately used the oldest make room, of favourites none does. */
export const MARKS_MAX = 1000

export interface ChangeView {
  readonly change: Change
  /** The node as it is now, in the trash too; null when it is gone, or gone from where the actor sees it. */
  readonly view: NodeView | null
}

export interface ChangesPage {
  readonly items: readonly ChangeView[]
  /** Where to go on: the number of the last change looked at, shown or not. */
  readonly next: number
  /** Whether there are changes after `next`. */
  readonly more: boolean
}

export interface ChangesQuery {
  readonly drive: DriveId
  /**
   * Only what happens below this folder, as if it were a drive of its own: what comes into it from elsewhere has no place
   * from which it came, what goes elsewhere leaves. A folder that comes, or of which the reader did not know, brings along
   * what is below it, untold.
   */
  readonly below?: Ref
  /** The number of the last change known; 0 = from the beginning. `Drive.seq` is the latest. */
  readonly after: number
  /** Changes looked at: 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}

/** Grants over all drives of the tenant: those given to some subjects, or those given by someone. */
export interface GrantsQuery {
  readonly side: 'to' | 'by'
  /** The actor's own subjects, or, for an admin, anyone's. */
  readonly subjects: readonly Subject[]
  readonly after: GrantCursor | null
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}

export interface GrantCursor {
  readonly createdAt: number
  readonly drive: DriveId
  readonly node: NodeId
  readonly subject: Subject
}

export interface GivenGrant {
  readonly grant: Grant
  readonly view: NodeView
}

export interface GivenGrants {
  /** Latest first; only of nodes that live and that the actor may list. */
  readonly items: readonly GivenGrant[]
  readonly next: GrantCursor | null
}

export interface MarksQuery {
  readonly kinds: readonly MarkKind[]
  /** Only nodes that are in one of these now; null = in any drive. */
  readonly drives: readonly DriveId[] | null
  readonly ascending?: boolean
  readonly after: MarkCursor | null
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}

export interface MarkCursor {
  readonly at: number
  readonly node: NodeId
  readonly kind: MarkKind
}

export interface MarkView {
  readonly mark: Mark
  readonly view: NodeView
}

export interface MarkPage {
  /** Latest first unless asked otherwise; only nodes that live and that the actor may list. */
  readonly items: readonly MarkView[]
  readonly next: MarkCursor | null
}

/** Where a list of uploads goes on: behind this one. */
export type UploadCursor = Pick<Upload, 'parent' | 'id'>

export interface UploadsQuery {
  /** Where they will land: directly in this folder, or (`deep`) anywhere below it. */
  readonly folder: Ref
  readonly deep: boolean
  readonly after: UploadCursor | null
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}

/** A file on its way. */
export interface Arriving {
  readonly upload: Upload
  /** The folder it will land in. */
  readonly folder: NodeView
}

export interface UploadsPage {
  /** By folder and id; only into folders the actor may list. */
  readonly items: readonly Arriving[]
  readonly next: UploadCursor | null
}

/** The part of the engine that reads across folders and drives. */
export interface Readings {
  /**
   * A drive's changes in order, with the nodes as they are now. Whoever does not own the drive is shown the changes of nodes
   * it may list, and those by which a node came into or left a folder it may list. Needs the drive to be reachable, and the
   * folder, when one is named, to be listable.
   */
  changes(actor: Actor, query: ChangesQuery): Promise<ChangesPage | Failed>

  /** Files on their way into a folder the actor may list: sessions that are neither committed nor over. */
  arriving(actor: Actor, query: UploadsQuery): Promise<UploadsPage | Failed>

  /** Grants given to or by somebody: "shared with me", "shared by me". `forbidden` for others' unless the actor is an admin. */
  grantsOf(actor: Actor, query: GrantsQuery): Promise<GivenGrants | Failed>

  /** Whether each of the drives is the actor's to know of: it owns it, sees something in it that was given to it, or is an admin. */
  concernsOf(actor: Actor, drives: readonly Drive[]): Promise<boolean[]>

  /**
   * Nodes that meet conditions, in order, page by page; every page but the last is full. Only what the actor may list is found.
   * Fails with `attribute_invalid` (detail `where`) when there are too many conditions.
   */
  search(actor: Actor, query: SearchQuery): Promise<SearchPage | Failed>

  /**
   * Puts nodes the actor may list on its own list of a kind. A favourite that is one already is `mark_exists`, one too many
   * `attribute_invalid`; what was lately viewed or modified just becomes the latest.
   */
  mark(actor: Actor, kind: MarkKind, nodes: readonly Ref[]): Promise<(MarkView | Failed)[]>
  /** Takes nodes off a list; `mark_not_found` when they are not on it. */
  unmark(actor: Actor, kind: MarkKind, nodes: readonly Ref[]): Promise<(MarkView | Failed)[]>
  /** The actor's own lists, page by page. */
  marks(actor: Actor, query: MarksQuery): Promise<MarkPage>
  /** For each node, whether it is on the actor's list. */
  marked(actor: Actor, kind: MarkKind, nodes: readonly NodeId[]): Promise<boolean[]>
}
