/**
 * What is known of the stored state while a batch is planned, and what was found missing. Facts only grow; a plan reads
 * them and never changes them. A key that is present with `null`, 0 or an empty list means "known to be absent".
 */
import type { Drive, DriveId, Grant, Node, NodeId, TrashEntry, TrashId, Upload, UploadId, Version } from './model.ts'
import { PairMap } from './pair-map.ts'
import type { ChildKey, NodeKey, PageQuery, Seek } from './port.ts'

export interface Facts {
  /** Whether the nodes that the ops name have been asked for. */
  begun: boolean
  readonly drives: Map<DriveId, Drive | null>
  /** Every node read so far. A node is never here without all its ancestors. */
  readonly nodes: Map<NodeId, Node>
  /** By seekFrom and the id sought: the node found, or 0. */
  readonly seeks: PairMap<number, NodeId, NodeId | 0>
  /** By walkKey: this path was walked, so the children on it are known as far as it goes. */
  readonly walked: Set<string>
  /**
   * By folder and name key: the children of that name, the smallest twin first. A walk reads the first only: `whole` tells whether
   * all are here.
   */
  readonly children: PairMap<NodeId, string, { readonly ids: readonly NodeId[]; readonly whole: boolean }>
  /** By stemKey: the keys of children that start so; null when there are more than may be looked through. */
  readonly stems: Map<string, Set<string> | null>
  readonly parents: Map<NodeId, boolean>
  /** All descendants of a folder; null when they are too many. */
  readonly subtrees: Map<NodeId, readonly Node[] | null>
  /** By the op's index. */
  readonly pages: Map<number, readonly Node[]>
  readonly counts: Map<NodeId, { files: number; folders: number }>
  readonly versions: Map<NodeId, readonly Version[]>
  /** The actor's grants on a node. */
  readonly grants: Map<NodeId, readonly Grant[]>
  /** Everybody's grants on a node. */
  readonly allGrants: Map<NodeId, readonly Grant[]>
  readonly trash: Map<NodeId, TrashEntry | null>
  /** By trashKey: the node of the entry, or 0. */
  readonly trashIds: Map<string, NodeId | 0>
  readonly uploads: Map<UploadId, Upload | null>
  /** Nodes that unfinished tasks hold. */
  readonly held: Set<NodeId>
  /** Folders to be destroyed, how many nodes lie below them together as far as counted, and whether that is for a task. */
  readonly doomed: Set<NodeId>
  doomedBelow: number
  destroysMuch: boolean
  readonly ids: Record<Sequence, number[]>
  /** Of ids of new uploads, what nobody can guess. */
  readonly uploadSecrets: string[]
}

export type Sequence = 'node' | 'task' | 'trash'

export interface Needs {
  readonly drives: Set<DriveId>
  readonly seeks: PairMap<number, NodeId, Seek>
  readonly walks: Map<string, { drive: DriveId; keys: readonly string[] }>
  readonly children: PairMap<NodeId, string, ChildKey>
  readonly stems: Map<string, { drive: DriveId; parent: NodeId; prefix: string }>
  readonly parents: Map<NodeId, NodeKey>
  readonly subtrees: Map<NodeId, NodeKey>
  readonly pages: Map<number, PageQuery>
  readonly counts: Map<NodeId, NodeKey>
  readonly versions: Map<NodeId, NodeKey>
  readonly grants: Map<NodeId, NodeKey>
  readonly allGrants: Map<NodeId, NodeKey>
  readonly trash: Map<NodeId, NodeKey>
  readonly trashIds: Map<string, { drive: DriveId; id: TrashId }>
  readonly uploads: Set<UploadId>
  readonly doomed: Map<NodeId, NodeKey>
  /** How many more fresh numbers are wanted. */
  readonly ids: Record<Sequence, number>
  uploadSecrets: number
  /** Whether anything above is wanted. */
  any: boolean
}

export function emptyFacts(): Facts {
  return {
    begun: false,
    drives: new Map(),
    nodes: new Map(),
    seeks: new PairMap(),
    walked: new Set(),
    children: new PairMap(),
    stems: new Map(),
    parents: new Map(),
    subtrees: new Map(),
    pages: new Map(),
    counts: new Map(),
    versions: new Map(),
    grants: new Map(),
    allGrants: new Map(),
    trash: new Map(),
    trashIds: new Map(),
    uploads: new Map(),
    held: new Set(),
    doomed: new Set(),
    doomedBelow: 0,
    destroysMuch: false,
    ids: { node: [], task: [], trash: [] },
    uploadSecrets: [],
  }
}

export function emptyNeeds(): Needs {
  return {
    drives: new Set(),
    seeks: new PairMap(),
    walks: new Map(),
    children: new PairMap(),
    stems: new Map(),
    parents: new Map(),
    subtrees: new Map(),
    pages: new Map(),
    counts: new Map(),
    versions: new Map(),
    grants: new Map(),
    allGrants: new Map(),
    trash: new Map(),
    trashIds: new Map(),
    uploads: new Set(),
    doomed: new Map(),
    ids: { node: 0, task: 0, trash: 0 },
    uploadSecrets: 0,
    any: false,
  }
}

/** The drive a node is sought in; negative when a forwarding row of that drive is to be followed. */
export const seekFrom = ({ drive, follow }: Omit<Seek, 'id'>) => (follow ? -drive : drive)

/** Where a path leads as things are stored; undefined when it stops on the way or is not known. */
export function pathEnd({ children }: Facts, from: NodeId, keys: readonly string[]): NodeId | undefined {
  let at: NodeId | undefined = from
  for (const key of keys) at = at && children.get(at, key)?.ids[0]
  return at
}

// Node ids are unique in the deployment, so a parent's id alone names a place.
export const stemKey = (parent: NodeId, prefix: string) => `${parent}/${prefix}`
export const walkKey = (drive: DriveId, keys: readonly string[]) => `${drive}/${keys.join('/')}`
export const trashKey = (drive: DriveId, id: TrashId) => `${drive}/${id}`
