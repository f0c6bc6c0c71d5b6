/** Trash entries as rows. */
import type { DriveId, NodeId, Subject, TrashEntry, TrashId } from '../../engine/index.ts'
import { fromJson } from './json.ts'

export type TrashRow = [
  drive: DriveId,
  node: NodeId,
  id: TrashId,
  parent: NodeId,
  name: string,
  path: string,
  trashedAt: number,
  trashedBy: Subject,
  expiresAt: number,
]

export function toEntry([drive, node, id, parent, name, path, trashedAt, trashedBy, expiresAt]: TrashRow): TrashEntry {
  return { drive, node, id, parent, name, path: fromJson<string[]>(path), trashedAt, trashedBy, expiresAt }
}
