/** What is kept beside a node, as rows: its versions, the grants on it, and the drive’s change log. */
import type { Change, ChangeKind, DriveId, Grant, NodeId, Subject, Version } from '../../engine/index.ts'
import { toContent } from './node.ts'

export type VersionRow = [
  drive: DriveId,
  node: NodeId,
  version: number,
  digest: string,
  size: number,
  md5: string,
  sha1: string,
  crc64: string,
  createdAt: number,
  creator: Subject,
]

export type GrantRow = [
  drive: DriveId,
  node: NodeId,
  subject: Subject,
  actions: number,
  role: string,
  expiresAt: number,
  createdAt: number,
  creator: Subject,
]

export type ChangeRow = [
  drive: DriveId,
  seq: number,
  kind: ChangeKind,
  node: NodeId,
  parent: NodeId,
  name: string,
  at: number,
  by: Subject,
]

export function toVersion(row: VersionRow): Version {
  const [drive, node, version, digest, size, md5, sha1, crc64, createdAt, creator] = row
  return { drive, node, version, content: toContent(digest, size, md5, sha1, crc64), createdAt, creator }
}

export function toGrant([drive, node, subject, actions, role, expiresAt, createdAt, creator]: GrantRow): Grant {
  return { drive, node, subject, actions, role, expiresAt, createdAt, creator }
}

export function toChange([drive, seq, kind, node, parent, name, at, by]: ChangeRow): Change {
  return { drive, seq, kind, node, parent, name, at, by }
}
