/** What is kept beside a node, as rows: its versions, the grants on it, and the drive’s change log. */
import type {
  Change,
  ChangeKind,
  ChangeOrigin,
  ChangeSource,
  DriveId,
  Grant,
  Kind,
  NodeId,
  Subject,
  Version,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'
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
  keep: number | boolean,
  description: string,
  expiresAt: number,
  revertOf: number,
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
  nodeKind: Kind,
  born: DriveId,
  parent: NodeId,
  name: string,
  /** JSON; null when there is none. */
  from: string | null,
  /** As `from`. */
  source: string | null,
  replaces: number | boolean,
  at: number,
  by: Subject,
]

export function toVersion(row: VersionRow): Version {
  const [
    drive,
    node,
    version,
    digest,
    size,
    md5,
    sha1,
    crc64,
    createdAt,
    creator,
    keep,
    description,
    expiresAt,
    revertOf,
  ] = row
  const content = toContent(digest, size, md5, sha1, crc64)
  return { drive, node, version, content, createdAt, creator, keep: Boolean(keep), description, expiresAt, revertOf }
}

export function toGrant([drive, node, subject, actions, role, expiresAt, createdAt, creator]: GrantRow): Grant {
  return { drive, node, subject, actions, role, expiresAt, createdAt, creator }
}

export function toChange(row: ChangeRow): Change {
  const [drive, seq, kind, node, nodeKind, born, parent, name, from, source, replaces, at, by] = row
  return {
    drive,
    seq,
    kind,
    node,
    nodeKind,
    born,
    parent,
    name,
    from: from === null ? null : fromJson<ChangeOrigin>(from),
    source: source === null ? null : fromJson<ChangeSource>(source),
    replaces: Boolean(replaces),
    at,
    by,
  }
}

/** The values in the order of ChangeRow. */
export function fromChange(change: Change): unknown[] {
  const { drive, seq, kind, node, nodeKind, born, parent, name, from, source, replaces, at, by } = change
  const [origin, madeOf] = [from && JSON.stringify(from), source && JSON.stringify(source)]
  return [drive, seq, kind, node, nodeKind, born, parent, name, origin, madeOf, replaces, at, by]
}
