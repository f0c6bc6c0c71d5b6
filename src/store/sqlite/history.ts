/** What is kept beside a node: its versions, the grants on it, and the drive's change log. */
import type { ReadTx, WriteTx } from '../../engine/index.ts'
import { type ChangeRow, type GrantRow, toChange, toGrant, toVersion, type VersionRow } from '../row/history.ts'
import { keysJson } from './json.ts'
import type { Queries } from './transaction.ts'

// Row-value `in` takes each key once, sorted, and seeks the primary key with it.

const VERSION_COLUMNS = `v.drive_id, v.node_id, v.version, v.digest, v.size, v.md5, v.sha1, v.crc64, v.created_at, v.creator,
  v.keep, v.description, v.expires_at, v.revert_of`

export const VERSIONS = `
select ${VERSION_COLUMNS}
from version v where (v.drive_id, v.node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

export const VERSION_PAGE = `
select ${VERSION_COLUMNS}
from version v where v.drive_id = ? and v.node_id > ? order by v.node_id, v.version limit ?`

/** In the order of the index version_expiry; a deleted drive's versions are the sweep's already. */
export const EXPIRED_VERSIONS = `
select ${VERSION_COLUMNS}
from version v indexed by version_expiry cross join drive d on d.id = v.drive_id and d.status = 'active'
where v.expires_at > 0 and v.keep = 0 and v.expires_at <= ?
order by v.expires_at limit ?`
/** The sets are [[drive, ms or null], …]. The current version has none that follows it, and so no end. */
export const KEEP_VERSIONS = `
update version set expires_at = coalesce((value ->> 1) + (
  select n.created_at from version n
  where n.drive_id = version.drive_id and n.node_id = version.node_id and n.version > version.version
  order by n.version limit 1
), 0)
from json_each(?) where version.drive_id = value ->> 0`

export const GRANTS = `
select drive_id, node_id, subject, actions, role, expires_at, created_at, creator
from node_grant where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

/** A node has few grants and an actor many groups: the plus keeps the subjects a filter, not a seek each. */
export const GRANTS_TO = `${GRANTS} and +subject in (select value from json_each(?))`

const GRANT_COLUMNS = 'g.drive_id, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator'

/** The latest grants of each subject come from the index node_grant_to; the page is the latest of those. */
export const GRANTS_GIVEN_TO = `
select ${GRANT_COLUMNS}
from (select distinct value as subject from json_each(?)) s
cross join json_each((
  select json_group_array(json_array(drive_id, node_id)) from (
    select drive_id, node_id from node_grant
    where tenant_id = ? and subject = s.subject and (created_at, drive_id, node_id, subject) < (?, ?, ?, ?)
    order by created_at desc, drive_id desc, node_id desc limit ?
  )
)) p
cross join node_grant g on g.drive_id = p.value ->> 0 and g.node_id = p.value ->> 1 and g.subject = s.subject
order by g.created_at desc, g.drive_id desc, g.node_id desc, g.subject desc limit ?`

/** As GRANTS_GIVEN_TO, by the index node_grant_by. */
export const GRANTS_GIVEN_BY = `
select ${GRANT_COLUMNS}
from (select distinct value as creator from json_each(?)) c
cross join json_each((
  select json_group_array(json_array(drive_id, node_id, subject)) from (
    select drive_id, node_id, subject from node_grant
    where tenant_id = ? and creator = c.creator and (created_at, drive_id, node_id, subject) < (?, ?, ?, ?)
    order by created_at desc, drive_id desc, node_id desc, subject desc limit ?
  )
)) p
cross join node_grant g on g.drive_id = p.value ->> 0 and g.node_id = p.value ->> 1 and g.subject = p.value ->> 2
order by g.created_at desc, g.drive_id desc, g.node_id desc, g.subject desc limit ?`

export const CHANGES = `
select drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, source, replaces, at, by
from change where drive_id = ? and seq > ? order by seq limit ?`

/** Latest first: later than every grant. */
const BEFORE_ALL = { createdAt: Number.MAX_SAFE_INTEGER, drive: 0, node: 0, subject: '' }

export const historyQueries: Queries<
  Pick<ReadTx, 'versions' | 'versionPage' | 'grants' | 'grantPage' | 'changes'> &
    Pick<WriteTx, 'expiredVersions' | 'keepVersions'>
> = {
  expiredVersions(db, now, limit) {
    return db.all<VersionRow>(EXPIRED_VERSIONS, now, limit).map(toVersion)
  },

  keepVersions(db, rows) {
    if (rows.length > 0) db.run(KEEP_VERSIONS, JSON.stringify(rows.map(({ drive, forMs }) => [drive, forMs])))
  },

  versions(db, keys) {
    if (keys.length === 0) return []
    return db.all<VersionRow>(VERSIONS, keysJson(keys)).map(toVersion)
  },

  versionPage(db, { drive, after, limit }) {
    return db.all<VersionRow>(VERSION_PAGE, drive, after, limit).map(toVersion)
  },

  grants(db, keys, subjects) {
    if (keys.length === 0 || subjects?.length === 0) return []
    const rows = subjects
      ? db.all<GrantRow>(GRANTS_TO, keysJson(keys), JSON.stringify(subjects))
      : db.all<GrantRow>(GRANTS, keysJson(keys))
    return rows.map(toGrant)
  },

  grantPage(db, { tenant, side, subjects, after, limit }) {
    if (subjects.length === 0) return []
    const { createdAt, drive, node, subject } = after ?? BEFORE_ALL
    const sql = side === 'to' ? GRANTS_GIVEN_TO : GRANTS_GIVEN_BY
    const rows = db.all<GrantRow>(sql, JSON.stringify(subjects), tenant, createdAt, drive, node, subject, limit, limit)
    return rows.map(toGrant)
  },

  changes(db, { drive, after, limit }) {
    return db.all<ChangeRow>(CHANGES, drive, after, limit).map(toChange)
  },
}
