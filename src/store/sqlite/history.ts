/** What is kept beside a node: its versions, the grants on it, and the drive's change log. */
import type { ReadTx } from '../../engine/index.ts'
import { type ChangeRow, type GrantRow, toChange, toGrant, toVersion, type VersionRow } from '../row/history.ts'
import { keysJson } from './json.ts'
import type { Queries } from './transaction.ts'

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
