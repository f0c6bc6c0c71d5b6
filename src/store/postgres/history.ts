/** What is kept beside a node: its versions, the grants on it, and the drive's change log. */
import type { ReadTx, WriteTx } from '../../engine/index.ts'
import { type ChangeRow, type GrantRow, toChange, toGrant, toVersion, type VersionRow } from '../row/history.ts'
import { columns, keyColumns, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

const KEYS = `(select distinct k.* from ${unnest('nn')} k (drive_id, id)) k`

/** These rely on the primary keys of version and node_grant. */
const VERSION_COLUMNS = `v.drive_id, v.node_id, v.version, v.digest, v.size, v.md5, v.sha1, v.crc64, v.created_at, v.creator,
  v.keep, v.description, v.expires_at, v.revert_of`

export const VERSIONS = `
select ${VERSION_COLUMNS}
from ${KEYS} join version v on v.drive_id = k.drive_id and v.node_id = k.id`

export const VERSION_PAGE = `
select ${VERSION_COLUMNS}
from version v where v.drive_id = $1 and v.node_id > $2 order by v.node_id, v.version limit $3`

/** In the order of the index version_expiry; a deleted drive's versions are the sweep's already. */
export const EXPIRED_VERSIONS = `
select ${VERSION_COLUMNS}
from version v join drive d on d.id = v.drive_id and d.status = 'active'
where v.expires_at > 0 and v.keep = 0 and v.expires_at <= $1
order by v.expires_at limit $2`
/** The current version has none that follows it, and so no end. */
export const KEEP_VERSIONS = `
update version v set expires_at = coalesce(k.for_ms + (
  select n.created_at from version n
  where n.drive_id = v.drive_id and n.node_id = v.node_id and n.version > v.version
  order by n.version limit 1
), 0)
from ${unnest('nn')} k (drive_id, for_ms) where v.drive_id = k.drive_id`

export const GRANTS = `
select g.drive_id, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator
from ${KEYS} join node_grant g on g.drive_id = k.drive_id and g.node_id = k.id`

/** A node has few grants and an actor many groups: `offset 0` keeps the subjects from being where one looks. */
export const GRANTS_TO = `
select g.* from ${KEYS} cross join lateral (
  select g.drive_id, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator
  from node_grant g where g.drive_id = k.drive_id and g.node_id = k.id offset 0
) g where g.subject = any($3::text[])`

const GRANT_COLUMNS = 'g.drive_id, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator'

/** The latest grants of each subject come from the index node_grant_to; the page is the latest of those. */
export const GRANTS_GIVEN_TO = `
select ${GRANT_COLUMNS}
from (select distinct k.subject from ${unnest('t')} k (subject)) s
cross join lateral (
  select * from node_grant n
  where n.tenant_id = $2 and n.subject = s.subject and (n.created_at, n.drive_id, n.node_id, n.subject) < ($3, $4, $5, $6)
  order by n.created_at desc, n.drive_id desc, n.node_id desc limit $7
) g
order by g.created_at desc, g.drive_id desc, g.node_id desc, g.subject desc limit $7`

/** As GRANTS_GIVEN_TO, by the index node_grant_by. */
export const GRANTS_GIVEN_BY = `
select ${GRANT_COLUMNS}
from (select distinct k.creator from ${unnest('t')} k (creator)) c
cross join lateral (
  select * from node_grant n
  where n.tenant_id = $2 and n.creator = c.creator and (n.created_at, n.drive_id, n.node_id, n.subject) < ($3, $4, $5, $6)
  order by n.created_at desc, n.drive_id desc, n.node_id desc, n.subject desc limit $7
) g
order by g.created_at desc, g.drive_id desc, g.node_id desc, g.subject desc limit $7`

export const CHANGES = `
select drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, source, replaces, at, by
from change where drive_id = $1 and seq > $2 order by seq limit $3`

/** Latest first: later than every grant. */
const BEFORE_ALL = { createdAt: Number.MAX_SAFE_INTEGER, drive: 0, node: 0, subject: '' }

export const historyQueries: Queries<
  Pick<ReadTx, 'versions' | 'versionPage' | 'grants' | 'grantPage' | 'changes'> &
    Pick<WriteTx, 'expiredVersions' | 'keepVersions'>
> = {
  async expiredVersions(db, now, limit) {
    const versions = (await db.all<VersionRow>(EXPIRED_VERSIONS, now, limit)).map(toVersion)
    db.demand(versions.map(({ drive }) => drive))
    return versions
  },

  async keepVersions(db, rows) {
    if (rows.length === 0) return
    db.enter(rows.map(({ drive }) => drive))
    const set = rows.map(({ drive, forMs }) => [drive, forMs])
    await db.run(KEEP_VERSIONS, ...columns(set, 2))
  },

  async versions(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    return (await db.all<VersionRow>(VERSIONS, ...keyColumns(keys))).map(toVersion)
  },

  async versionPage(db, { drive, after, limit }) {
    db.enter([drive])
    return (await db.all<VersionRow>(VERSION_PAGE, drive, after, limit)).map(toVersion)
  },

  async grants(db, keys, subjects) {
    if (keys.length === 0 || subjects?.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const rows = subjects
      ? await db.all<GrantRow>(GRANTS_TO, ...keyColumns(keys), subjects)
      : await db.all<GrantRow>(GRANTS, ...keyColumns(keys))
    return rows.map(toGrant)
  },

  async grantPage(db, { tenant, side, subjects, after, limit }) {
    if (subjects.length === 0) return []
    const { createdAt, drive, node, subject } = after ?? BEFORE_ALL
    const sql = side === 'to' ? GRANTS_GIVEN_TO : GRANTS_GIVEN_BY
    return (await db.all<GrantRow>(sql, subjects, tenant, createdAt, drive, node, subject, limit)).map(toGrant)
  },

  async changes(db, { drive, after, limit }) {
    db.enter([drive])
    return (await db.all<ChangeRow>(CHANGES, drive, after, limit)).map(toChange)
  },
}
