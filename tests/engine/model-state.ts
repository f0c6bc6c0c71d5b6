/** The naive model's memory: nested plain objects, copied whole before every op so that a failed one leaves no trace. */
import type { Attributes, DriveId, Kind, NodeId, Subject, UploadId } from '../../src/engine/index.ts'

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
  versions: { number: number; text: string }[]
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

export interface ModelDrive {
  id: DriveId
  owner: Subject
  root: ModelNode
  trash: ModelNode[]
  /** Bytes of destroyed trees that the sweep has not come to. */
  buried: number
  quota: number | null
  hasTrash: boolean
  versionsMax: number
}

export interface ModelUpload {
  id: UploadId | ''
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
  tenantQuota: number | null
  serials: number
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

export function usedBy(drive: ModelDrive): number {
  return drive.buried + [drive.root, ...drive.trash].reduce((sum, node) => sum + weightOf(node), 0)
}
