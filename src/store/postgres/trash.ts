/** The trash of drives, and the graves the sweep empties. */
import type { DriveId, Node, ReadTx, WriteTx } from '../../engine/index.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { type TrashRow, toEntry } from '../row/trash.ts'
import { byDrive, columns, keyColumns, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

const TRASH_COLUMNS =
  't.drive_id, t.node_id, t.id, t.parent_id, t.name, t.path, t.trashed_at, t.trashed_by, t.expires_at'
const TRASH_COLUMN_COUNT = 9

export const TRASH = `
select ${TRASH_COLUMNS}
from (select distinct k.* from ${unnest('nn')} k (drive_id, id)) k
join trash t on t.drive_id = k.drive_id and t.node_id = k.id`

export const TRASH_BY_ID = `
select ${TRASH_COLUMNS}
from (select distinct k.* from ${unnest('nn')} k (drive_id, id)) k
join trash t on t.drive_id = k.drive_id and t.id = k.id`

/**
 * The latest entries of each drive come from the index trash_latest; the page is the latest of those. Before the first page
 * `trashedAt` is beyond every time.
 */
export const TRASH_PAGE = `
select ${TRASH_COLUMNS}, ${NODE_COLUMNS}
from (select distinct k.id from ${unnest('n')} k (id)) d
cross join lateral (
  select t.* from trash t
  where t.drive_id = d.id and (t.trashed_at, t.id) < ($2, $3)
  order by t.trashed_at desc, t.id desc limit $4
) t
join node n on n.drive_id = t.drive_id and n.id = t.node_id
order by t.trashed_at desc, t.id desc limit $4`

export const TRASH_USAGE = `
with recursive below (id) as (
  select d.trash from drive d where d.id = $1
  union all
  select n.id from below b
  cross join lateral (select n.id from node n where n.drive_id = $1 and n.parent_id = b.id offset 0) n
)
select coalesce(sum(v.size), 0)::bigint from below b
cross join lateral (select v.size from version v where v.drive_id = $1 and v.node_id = b.id offset 0) v`

/** In the order of the index trash_expiry; a deleted drive's trash is the sweep's already. */
export const EXPIRED_TRASH = `
select ${TRASH_COLUMNS}
from trash t join drive d on d.id = t.drive_id and d.status = 'active'
where t.expires_at > 0 and t.expires_at <= $1
order by t.expires_at limit $2`
/** One that stays for ever has no expiry: 0. */
export const KEEP_TRASH = `
update trash t set
  expires_at = case when k.for_ms is null then 0 else greatest(t.expires_at, t.trashed_at + k.for_ms) end
from ${unnest('nn')} k (drive_id, for_ms) where t.drive_id = k.drive_id and t.expires_at > 0`

/** Drives that may have something to sweep and that nobody works on: another's sweep takes others. */
export const TAKE_BURIALS = `
select b.drive_id from burial b where pg_try_advisory_xact_lock(b.drive_id) limit $1`
/** Strikes out the drives whose graves are empty by now. */
export const END_BURIALS = `
delete from burial b where b.drive_id = any($1::bigint[]) and not exists (
  select 1 from drive d join node n on n.drive_id = d.id and n.parent_id = d.grave
  where d.id = b.drive_id
)`
export const GRAVE_NODES = `
select ${NODE_COLUMNS}
from drive d join node n on n.drive_id = d.id and n.parent_id = d.grave
where d.id = any($1::bigint[])
  and not exists (select 1 from task_hold h where h.drive_id = n.drive_id and h.node_id = n.id)
limit $2`

export const trashQueries: Queries<
  Pick<ReadTx, 'trash' | 'trashById' | 'trashPage' | 'trashUsage'> &
    Pick<WriteTx, 'graveNodes' | 'expiredTrash' | 'keepTrash'>
> = {
  async trash(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    return (await db.all<TrashRow>(TRASH, ...keyColumns(keys))).map(toEntry)
  },

  async trashById(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const set = keys.map(({ drive, id }) => [drive, id])
    return (await db.all<TrashRow>(TRASH_BY_ID, ...columns(set, 2))).map(toEntry)
  },

  async trashPage(db, { drives, after, limit }) {
    if (drives.length === 0) return []
    const { trashedAt, id } = after ?? { trashedAt: Number.MAX_SAFE_INTEGER, id: 0 }
    const rows = await db.all<[...TrashRow, ...NodeRow]>(TRASH_PAGE, drives, trashedAt, id, limit)
    return rows.map((row) => ({ entry: toEntry(row as unknown as TrashRow), node: nodeOf(row) }))
  },

  async trashUsage(db, drives) {
    if (drives.length === 0) return []
    return byDrive(
      [...new Set(drives)].map((drive) => ({ drive })),
      async (drive) => (await db.all<[number]>(TRASH_USAGE, drive)).map(([size]) => ({ drive, size })),
    )
  },

  async expiredTrash(db, now, limit) {
    const entries = (await db.all<TrashRow>(EXPIRED_TRASH, now, limit)).map(toEntry)
    db.demand(entries.map(({ drive }) => drive))
    return entries
  },

  async keepTrash(db, rows) {
    if (rows.length === 0) return
    db.enter(rows.map(({ drive }) => drive))
    const set = rows.map(({ drive, forMs }) => [drive, forMs])
    await db.run(KEEP_TRASH, ...columns(set, 2))
  },

  async graveNodes(db, limit) {
    const drives = (await db.all<[DriveId]>(TAKE_BURIALS, limit)).map(([drive]) => drive)
    if (drives.length === 0) return []
    db.entered(drives)
    const [, rows] = await Promise.all([db.run(END_BURIALS, drives), db.all<NodeRow>(GRAVE_NODES, drives, limit)])
    return rows.map(toNode)
  },
}

function nodeOf(row: readonly unknown[]): Node {
  return toNode(row.slice(TRASH_COLUMN_COUNT) as NodeRow)
}
