/** The trash of drives, and the graves the sweep empties. */
import type { DriveId, Node, ReadTx, WriteTx } from '../../engine/index.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { type TrashRow, toEntry } from '../row/trash.ts'
import { keysJson } from './json.ts'
import type { Queries } from './transaction.ts'

const TRASH_COLUMNS =
  't.drive_id, t.node_id, t.id, t.parent_id, t.name, t.path, t.trashed_at, t.trashed_by, t.expires_at'
const TRASH_COLUMN_COUNT = 9

export const TRASH = `
select ${TRASH_COLUMNS} from trash t
where (t.drive_id, t.node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

export const TRASH_BY_ID = `
select ${TRASH_COLUMNS} from trash t
where (t.drive_id, t.id) in (select value ->> 0, value ->> 1 from json_each(?))`

/**
 * The latest entries of each drive come from the index trash_latest; the page is the latest of those. Before the first page
 * `trashedAt` is beyond every time.
 */
export const TRASH_PAGE = `
select ${TRASH_COLUMNS}, ${NODE_COLUMNS}
from (select distinct value as id from json_each(?)) d
cross join json_each((
  select json_group_array(node_id) from (
    select node_id from trash
    where drive_id = d.id and (trashed_at, id) < (?, ?)
    order by trashed_at desc, id desc limit ?
  )
)) p
cross join trash t on t.drive_id = d.id and t.node_id = p.value
cross join node n on n.drive_id = t.drive_id and n.id = t.node_id
order by t.trashed_at desc, t.id desc limit ?`

export const TRASH_USAGE = `
with recursive below (drive_id, id) as (
  select id, trash from drive where id in (select value from json_each(?))
  union all
  select n.drive_id, n.id from below b cross join node n on n.drive_id = b.drive_id and n.parent_id = b.id
)
select b.drive_id, coalesce(sum(v.size), 0)
from below b left join version v on v.drive_id = b.drive_id and v.node_id = b.id
group by b.drive_id`

/** In the order of the index trash_expiry; a deleted drive's trash is the sweep's already. */
export const EXPIRED_TRASH = `
select ${TRASH_COLUMNS}
from trash t indexed by trash_expiry cross join drive d on d.id = t.drive_id and d.status = 'active'
where t.expires_at > 0 and t.expires_at <= ?
order by t.expires_at limit ?`
/** The sets are [[drive, ms or null], …]; one that stays for ever has 0. */
export const KEEP_TRASH = `
update trash set expires_at = case when value ->> 1 is null then 0 else max(expires_at, trashed_at + (value ->> 1)) end
from json_each(?) where trash.drive_id = value ->> 0 and trash.expires_at > 0`

/** Strikes out the drives whose graves are empty by now. */
export const END_BURIALS = `
delete from burial where not exists (
  select 1 from drive d cross join node n indexed by node_name on n.drive_id = d.id and n.parent_id = d.grave
  where d.id = burial.drive_id
)`
export const GRAVE_NODES = `
select ${NODE_COLUMNS}
from burial b
cross join drive d on d.id = b.drive_id
cross join node n indexed by node_name on n.drive_id = d.id and n.parent_id = d.grave
where not exists (select 1 from task_hold h where h.drive_id = n.drive_id and h.node_id = n.id)
limit ?`

export const trashQueries: Queries<
  Pick<ReadTx, 'trash' | 'trashById' | 'trashPage' | 'trashUsage'> &
    Pick<WriteTx, 'graveNodes' | 'expiredTrash' | 'keepTrash'>
> = {
  trash(db, keys) {
    if (keys.length === 0) return []
    return db.all<TrashRow>(TRASH, keysJson(keys)).map(toEntry)
  },

  trashById(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ drive, id }) => [drive, id])
    return db.all<TrashRow>(TRASH_BY_ID, JSON.stringify(set)).map(toEntry)
  },

  trashPage(db, { drives, after, limit }) {
    if (drives.length === 0) return []
    const { trashedAt, id } = after ?? { trashedAt: Number.MAX_SAFE_INTEGER, id: 0 }
    const rows = db.all<[...TrashRow, ...NodeRow]>(TRASH_PAGE, JSON.stringify(drives), trashedAt, id, limit, limit)
    return rows.map((row) => ({ entry: toEntry(row as unknown as TrashRow), node: nodeOf(row) }))
  },

  trashUsage(db, drives) {
    if (drives.length === 0) return []
    const rows = db.all<[DriveId, number]>(TRASH_USAGE, JSON.stringify(drives))
    return rows.map(([drive, size]) => ({ drive, size }))
  },

  expiredTrash(db, now, limit) {
    return db.all<TrashRow>(EXPIRED_TRASH, now, limit).map(toEntry)
  },

  keepTrash(db, rows) {
    if (rows.length > 0) db.run(KEEP_TRASH, JSON.stringify(rows.map(({ drive, forMs }) => [drive, forMs])))
  },

  graveNodes(db, limit) {
    db.run(END_BURIALS)
    return db.all<NodeRow>(GRAVE_NODES, limit).map(toNode)
  },
}

function nodeOf(row: readonly unknown[]): Node {
  return toNode(row.slice(TRASH_COLUMN_COUNT) as NodeRow)
}
