/** The trash of drives, and the graves the sweep empties. */
import type { DriveId, Node, NodeId, ReadTx, Subject, TrashEntry, TrashId, WriteTx } from '../../engine/index.ts'
import { fromJson, keysJson } from './json.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from './node-row.ts'
import type { Queries } from './transaction.ts'

type TrashRow = [
  drive: DriveId,
  node: NodeId,
  id: TrashId,
  parent: NodeId,
  name: string,
  path: string,
  trashedAt: number,
  trashedBy: Subject,
]

const TRASH_COLUMNS = 't.drive_id, t.node_id, t.id, t.parent_id, t.name, t.path, t.trashed_at, t.trashed_by'
const TRASH_COLUMN_COUNT = 8

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
limit ?`

export const trashQueries: Queries<
  Pick<ReadTx, 'trash' | 'trashById' | 'trashPage' | 'trashUsage'> & Pick<WriteTx, 'graveNodes'>
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

  graveNodes(db, limit) {
    db.run(END_BURIALS)
    return db.all<NodeRow>(GRAVE_NODES, limit).map(toNode)
  },
}

function nodeOf(row: readonly unknown[]): Node {
  return toNode(row.slice(TRASH_COLUMN_COUNT) as NodeRow)
}

function toEntry([drive, node, id, parent, name, path, trashedAt, trashedBy]: TrashRow): TrashEntry {
  return { drive, node, id, parent, name, path: fromJson<string[]>(path), trashedAt, trashedBy }
}
