/** What lies below nodes, counted and weighed. */
import type { NodeId, ReadTx } from '../../engine/index.ts'
import { byDrive } from './sets.ts'
import type { Queries } from './transaction.ts'

/** A file has one row for each of its versions, a folder one without. Reads the whole subtree by the index node_name. */
export const TOTALS = `
with recursive below (top, id, kind, version) as (
  select n.id, n.id, n.kind, n.version from node n where n.drive_id = $1 and n.id = any($2::bigint[])
  union all
  select b.top, n.id, n.kind, n.version
  from below b cross join lateral (
    select n.id, n.kind, n.version from node n where n.drive_id = $1 and n.parent_id = b.id offset 0
  ) n
  where b.kind = 'folder'
)
select b.top,
  count(*) filter (where v.version = b.version), count(*) filter (where b.kind = 'folder'),
  coalesce(sum(v.size) filter (where v.version = b.version), 0)::bigint,
  count(*) filter (where v.version <> b.version),
  coalesce(sum(v.size) filter (where v.version <> b.version), 0)::bigint
from below b left join lateral (
  select v.version, v.size from version v where v.drive_id = $1 and v.node_id = b.id offset 0
) v on true
where b.id <> b.top
group by b.top`

export const totalQueries: Queries<Pick<ReadTx, 'totals'>> = {
  async totals(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const rows = await byDrive(keys, (drive, own) => {
      return db.all<[NodeId, number, number, number, number, number]>(
        TOTALS,
        drive,
        own.map(({ id }) => id),
      )
    })
    return rows.map(([id, files, folders, size, versions, versionsSize]) => {
      return { id, files, folders, size, versions, versionsSize }
    })
  },
}
