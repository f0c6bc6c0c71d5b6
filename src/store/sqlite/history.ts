/** What is kept beside a node: its versions, the grants on it, and the drive's change log. */
import type { Change, ChangeKind, DriveId, Grant, NodeId, ReadTx, Subject, Version } from '../../engine/index.ts'
import { keysJson } from './json.ts'
import { toContent } from './node-row.ts'
import type { Queries } from './transaction.ts'

type VersionRow = [
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

type GrantRow = [
  drive: DriveId,
  node: NodeId,
  subject: Subject,
  actions: number,
  role: string,
  expiresAt: number,
  createdAt: number,
  creator: Subject,
]

type ChangeRow = [
  drive: DriveId,
  seq: number,
  kind: ChangeKind,
  node: NodeId,
  parent: NodeId,
  name: string,
  at: number,
  by: Subject,
]

// Row-value `in` takes each key once, sorted, and seeks the primary key with it.

export const VERSIONS = `
select drive_id, node_id, version, digest, size, md5, sha1, crc64, created_at, creator
from version where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

export const GRANTS = `
select drive_id, node_id, subject, actions, role, expires_at, created_at, creator
from node_grant where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

/** A node has few grants and an actor many groups: the plus keeps the subjects a filter, not a seek each. */
export const GRANTS_TO = `${GRANTS} and +subject in (select value from json_each(?))`

export const CHANGES = `
select drive_id, seq, kind, node_id, parent_id, name, at, by
from change where drive_id = ? and seq > ? order by seq limit ?`

export const historyQueries: Queries<Pick<ReadTx, 'versions' | 'grants' | 'changes'>> = {
  versions(db, keys) {
    if (keys.length === 0) return []
    return db.all<VersionRow>(VERSIONS, keysJson(keys)).map(toVersion)
  },

  grants(db, keys, subjects) {
    if (keys.length === 0 || subjects?.length === 0) return []
    const rows = subjects
      ? db.all<GrantRow>(GRANTS_TO, keysJson(keys), JSON.stringify(subjects))
      : db.all<GrantRow>(GRANTS, keysJson(keys))
    return rows.map(toGrant)
  },

  changes(db, { drive, after, limit }) {
    return db.all<ChangeRow>(CHANGES, drive, after, limit).map(toChange)
  },
}

function toVersion(row: VersionRow): Version {
  const [drive, node, version, digest, size, md5, sha1, crc64, createdAt, creator] = row
  return { drive, node, version, content: toContent(digest, size, md5, sha1, crc64), createdAt, creator }
}

function toGrant([drive, node, subject, actions, role, expiresAt, createdAt, creator]: GrantRow): Grant {
  return { drive, node, subject, actions, role, expiresAt, createdAt, creator }
}

function toChange([drive, seq, kind, node, parent, name, at, by]: ChangeRow): Change {
  return { drive, seq, kind, node, parent, name, at, by }
}
