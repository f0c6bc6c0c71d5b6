/** The naive model's memory: nested plain objects, copied whole before every op so that a failed one leaves no trace. */
import type {
  Attributes,
  ChangeKind,
  DriveId,
  Kind,
  NodeId,
  PoolKind,
  Subject,
  UploadId,
} from '../../src/engine/index.ts'

export interface ModelNode {
  /** The engine's id; 0 until it was seen in the engine's answer. */
  id: NodeId | 0
  /** The engine's drive of birth; 0 until seen. */
  born: DriveId | 0
  /** Rises with every node made: says which of two twins is older. */
  serial: number
  drive: DriveId
  kind: Kind
  name: string
  twin: boolean
  parent: ModelNode | null
  children: ModelNode[]
  /** Oldest first; the last one is current. */
  versions: ModelVersion[]
  rev: number
  createdAt: number
  updatedAt: number
  creator: Subject
  modifier: Subject
  attributes: Attributes
  grants: { subject: Subject; actions: number; expiresAt: number }[]
  /** Set on the top of a trashed tree. */
  trash: { id: number; parent: ModelNode; name: string; path: string[]; at: number; by: Subject } | null
  /** Destroyed, or below something destroyed. */
  gone: boolean
}

export interface ModelVersion {
  readonly number: number
  readonly text: string
  readonly at: number
  readonly by: Subject
  readonly keep: boolean
  readonly description: string
}

export interface ModelDrive {
  id: DriveId
  owner: Subject
  root: ModelNode
  trash: ModelNode[]
  /** Bytes of destroyed trees that the sweep has not come to. */
  buried: number
  hasTrash: boolean
  versionsMax: number
  /** What its bytes count in, from the narrowest to the widest; drives share the wider ones. */
  pools: ModelPool[]
}

export interface ModelPool {
  kind: PoolKind
  key: string
  quota: number | null
}

/** A node in the drive it was in then; or bytes that nobody had to send. */
export type ModelSource = { drive: DriveId; node: ModelNode } | 'known'

/** One entry of the change log. */
export interface ModelChange {
  /** Which op noted it: rises with every op. */
  op: number
  kind: ChangeKind
  drive: DriveId
  node: ModelNode
  /** Where the node hung when this was noted; null for roots. */
  parent: ModelNode | 'the trash' | null
  name: string
  from: { parent: ModelNode; name: string } | null
  /** What it was made of, and in which drive that was then. */
  source: ModelSource | null
  replaces: boolean
  at: number
  by: Subject
}

export interface ModelUpload {
  id: UploadId | ''
  /** The id that a new file made of it will have; 0 until it was seen. */
  reserved: NodeId | 0
  serial: number
  drive: DriveId
  parent: ModelNode | null
  name: string
  target: ModelNode | null
  size: number | null
  /** null until bytes were stored. */
  text: string | null
  used: boolean
  expiresAt: number
}

export interface ModelState {
  drives: ModelDrive[]
  uploads: ModelUpload[]
  /** What was noted since the logs were last compared, of all drives. */
  log: ModelChange[]
  ops: number
  serials: number
}

/** A copy that shares nothing which an op may change. What no longer hangs anywhere is reached through what names it. */
export function copyState(state: ModelState): ModelState {
  const copies = new Map<ModelNode, ModelNode>()
  const node = (one: ModelNode): ModelNode => {
    const known = copies.get(one)
    if (known) return known
    const copy = { ...one }
    copies.set(one, copy)
    copy.parent = one.parent && node(one.parent)
    copy.children = one.children.map(node)
    copy.versions = [...one.versions]
    copy.grants = [...one.grants]
    copy.trash = one.trash && { ...one.trash, parent: node(one.trash.parent) }
    return copy
  }
  const pools = new Map(state.drives.flatMap((drive) => drive.pools).map((pool) => [pool, { ...pool }]))
  return {
    ...state,
    drives: state.drives.map((drive) => ({
      ...drive,
      root: node(drive.root),
      trash: drive.trash.map(node),
      pools: drive.pools.map((pool) => pools.get(pool)!),
    })),
    uploads: state.uploads.map((upload) => ({
      ...upload,
      parent: upload.parent && node(upload.parent),
      target: upload.target && node(upload.target),
    })),
    log: state.log.map((entry) => ({
      ...entry,
      node: node(entry.node),
      parent: typeof entry.parent === 'object' ? entry.parent && node(entry.parent) : entry.parent,
      from: entry.from && { ...entry.from, parent: node(entry.from.parent) },
      source:
        typeof entry.source === 'object'
          ? entry.source && { ...entry.source, node: node(entry.source.node) }
          : entry.source,
    })),
  }
}

export function childrenOf(node: ModelNode): ModelNode[] {
  return node.children.toSorted(byPlace)
}

/** By name, and among twins the plain one first, then the older. */
export function byPlace(a: ModelNode, b: ModelNode): number {
  const names = Buffer.compare(Buffer.from(keyOf(a.name)), Buffer.from(keyOf(b.name)))
  return names || Number(a.twin) - Number(b.twin) || ageOf(a) - ageOf(b)
}

/** The order in which nodes were made; those whose ids are not known yet are the youngest. */
export function ageOf(node: ModelNode): number {
  return node.id || 1e12 + node.serial
}

export function keyOf(name: string): string {
  return name.normalize('NFC')
}

export function walkTree(node: ModelNode): ModelNode[] {
  const found = [node]
  for (const one of found) found.push(...childrenOf(one))
  return found
}

/** Everything in all drives and their trashes, in the order of ids. */
export function everyNode({ drives }: ModelState): ModelNode[] {
  const found = drives.flatMap(({ root, trash }) => [root, ...trash])
  for (const one of found) found.push(...one.children)
  return found.sort((a, b) => ageOf(a) - ageOf(b))
}

/** The node and everything above it. */
export function upwards(node: ModelNode): ModelNode[] {
  return node.parent ? [node, ...upwards(node.parent)] : [node]
}

export function pathOf(node: ModelNode): string[] {
  return upwards(node)
    .filter((one) => one.parent !== null || one.trash !== null)
    .map(({ name }) => name)
    .reverse()
}

export function trashTop(node: ModelNode): ModelNode | null {
  return upwards(node).find((one) => one.trash !== null) ?? null
}

export function sizeOf(text: string): number {
  return Buffer.byteLength(text)
}

/** All bytes of a tree: every version counts. */
export function weightOf(node: ModelNode): number {
  const texts = walkTree(node).flatMap(({ versions }) => versions)
  return texts.reduce((sum, { text }) => sum + sizeOf(text), 0)
}

/** The bytes in a drive: what is destroyed but not swept yet counts too. */
export function usedBy(drive: ModelDrive): number {
  return drive.buried + [drive.root, ...drive.trash].reduce((sum, node) => sum + weightOf(node), 0)
}

/** The bytes in all drives that share a pool. */
export function usedOf({ drives }: ModelState, pool: ModelPool): number {
  const sharing = drives.filter(({ pools }) => pools.includes(pool))
  return sharing.reduce((sum, drive) => sum + usedBy(drive), 0)
}
