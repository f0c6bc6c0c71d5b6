/** The tree: finding nodes by id, by name, above and below others. */
import type { ChildKey, DriveId, Node, NodeId, ReadTx, Seek } from '../../engine/index.ts'
import { namesBelow, textAfter } from '../row/names.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import type { Connection } from './connection.ts'
import { keysJson } from './json.ts'
import type { Queries } from './transaction.ts'

type NodeQueries = Queries<
  Pick<
    ReadTx,
    'chains' | 'walk' | 'children' | 'stems' | 'parents' | 'nextChildren' | 'subtrees' | 'foldersBelow' | 'counts'
  >
>

// `cross join` keeps SQLite from reordering: the given set is always the outer loop and the tables are sought by index.

/**
 * The nodes sought, and apart from them their ancestors: `union` visits each of those once however many chains share it, so
 * a damaged tree with a cycle ends too. A node that is both comes twice. Relies on the primary keys of forward and node.
 */
export const CHAINS = `
with recursive
  seek (drive_id, id) as materialized (
    select coalesce((
      select f.to_drive from forward f
      where k.value ->> 2 and f.drive_id = k.value ->> 0 and f.node_id = k.value ->> 1
        and not exists (select 1 from haul h where h.id = f.haul_id)
      order by f.haul_id desc limit 1
    ), k.value ->> 0), k.value ->> 1
    from json_each(?) k
  ),
  above (drive_id, id) as (
    select n.drive_id, n.parent_id
    from seek s cross join node n on n.drive_id = s.drive_id and n.id = s.id
    union
    select n.drive_id, n.parent_id
    from above a cross join node n on n.drive_id = a.drive_id and n.id = a.id
    where n.parent_id <> 0
  )
select ${NODE_COLUMNS} from seek s cross join node n on n.drive_id = s.drive_id and n.id = s.id
union all
select ${NODE_COLUMNS} from above a cross join node n on n.drive_id = a.drive_id and n.id = a.id`

/**
 * Each row brings along, as a JSON object, the names still to be found below it, so that walks which begin alike are
 * walked once. Relies on the index node_name: one seek a name, the smallest twin first.
 */
export const WALK = `
with recursive step (drive_id, id, below, found) as (
  select value ->> 0, value ->> 1, value -> 2, false from json_each(?)
  union all
  select s.drive_id, (
    select m.id from node m
    where m.drive_id = s.drive_id and m.parent_id = s.id and m.name_key = c.key
    order by m.twin limit 1
  ), c.value, true
  from step s cross join json_each(s.below) c
  where s.id is not null
)
select ${NODE_COLUMNS}
from (select distinct drive_id, id from step where found) s
cross join node n on n.drive_id = s.drive_id and n.id = s.id`

/** Relies on the index node_name. */
export const CHILDREN = `
select ${NODE_COLUMNS}
from (
  select distinct value ->> 0 as drive_id, value ->> 1 as parent_id, value ->> 2 as name_key from json_each(?)
) k
cross join node n indexed by node_name
  on n.drive_id = k.drive_id and n.parent_id = k.parent_id and n.name_key = k.name_key`

/**
 * Relies on the index node_name, which alone answers it. A blob sorts after every text: it ends the range of a prefix
 * that has no successor.
 */
export const STEMS = `
select distinct k.value ->> 1, s.value
from json_each(?) k
cross join json_each((
  select json_group_array(name_key) from (
    select distinct n.name_key from node n
    where n.drive_id = k.value ->> 0 and n.parent_id = k.value ->> 1
      and n.name_key >= k.value ->> 2 and n.name_key < coalesce(k.value ->> 3, x'')
    order by n.name_key limit ?
  )
)) s`

export const PARENTS = `
select distinct value ->> 1 from json_each(?)
where exists (select 1 from node n where n.drive_id = value ->> 0 and n.parent_id = value ->> 1)`

/**
 * In the order of the set, and in each folder in the order of the index node_name: a nested loop gives its rows in order, and
 * stops at the limit, where sorting them would read every folder to its end.
 */
export const NEXT_CHILDREN = `
select ${NODE_COLUMNS}
from json_each(?) k cross join node n indexed by node_name
  on n.drive_id = k.value ->> 0 and n.parent_id = k.value ->> 1
  and (n.name_key, n.twin) > (k.value ->> 2, k.value ->> 3)
limit ?`

/**
 * Breadth-first, because SQLite takes the rows of a recursive query from its queue in the order they went in. Relies on
 * the index node_name.
 */
export const SUBTREES = `
with recursive below (drive_id, id) as (
  select n.drive_id, n.id from json_each(?)
  cross join node n on n.drive_id = value ->> 0 and n.parent_id = value ->> 1
  union
  select n.drive_id, n.id from below b cross join node n on n.drive_id = b.drive_id and n.parent_id = b.id
  limit ?
)
select ${NODE_COLUMNS} from below b cross join node n on n.drive_id = b.drive_id and n.id = b.id`

/** Relies on the index node_folder, which alone answers it but for the tops. */
export const FOLDERS_BELOW = `
with recursive below (id) as (
  select n.id from json_each(?) t cross join node n on n.drive_id = ? and n.id = t.value where n.kind = 'folder'
  union
  select n.id from below b
  cross join node n indexed by node_folder on n.drive_id = ? and n.parent_id = b.id and n.kind = 'folder'
  limit ?
)
select id from below`

/** Answered by the indexes node_name (all) and node_folder (folders) alone. */
export const COUNTS = `
select distinct value ->> 1,
  (select count(*) from node n where n.drive_id = value ->> 0 and n.parent_id = value ->> 1),
  (select count(*) from node n where n.drive_id = value ->> 0 and n.parent_id = value ->> 1 and n.kind = 'folder')
from json_each(?)`

export const nodeQueries: NodeQueries = {
  chains(db, seeks) {
    return once(nodes(db, CHAINS, seeks, (seek: Seek) => [seek.drive, seek.id, seek.follow]))
  },

  walk(db, walks) {
    if (walks.length === 0) return []
    return db.all<NodeRow>(WALK, JSON.stringify(namesBelow(walks))).map(toNode)
  },

  children(db, keys) {
    return nodes(db, CHILDREN, keys, (key: ChildKey) => [key.drive, key.parent, key.key])
  },

  stems(db, keys, limit) {
    if (keys.length === 0) return []
    const set = keys.map(({ drive, parent, prefix }) => [drive, parent, prefix, textAfter(prefix)])
    const rows = db.all<[NodeId, string]>(STEMS, JSON.stringify(set), limit)
    return rows.map(([parent, key]) => ({ parent, key }))
  },

  parents(db, keys) {
    if (keys.length === 0) return []
    return db.all<[NodeId]>(PARENTS, keysJson(keys)).map(([id]) => id)
  },

  nextChildren(db, places, limit) {
    if (places.length === 0 || limit <= 0) return []
    // No name is empty: behind the empty key come all of them.
    const set = places.map(({ drive, id, after }) => [drive, id, after?.key ?? '', after?.twin ?? 0])
    return db.all<NodeRow>(NEXT_CHILDREN, JSON.stringify(set), limit).map(toNode)
  },

  subtrees(db, keys, limit) {
    if (keys.length === 0 || limit <= 0) return []
    return db.all<NodeRow>(SUBTREES, keysJson(keys), limit).map(toNode)
  },

  foldersBelow(db, { drive, tops, limit }) {
    if (tops.length === 0 || limit <= 0) return []
    return db.column<NodeId>(FOLDERS_BELOW, JSON.stringify(tops), drive, drive, limit)
  },

  counts(db, keys) {
    if (keys.length === 0) return []
    const rows = db.all<[NodeId, number, number]>(COUNTS, keysJson(keys))
    return rows.map(([id, all, folders]) => ({ id, files: all - folders, folders }))
  },
}

function nodes<Key>(db: Connection, sql: string, keys: readonly Key[], members: (key: Key) => unknown[]): Node[] {
  if (keys.length === 0) return []
  return db.all<NodeRow>(sql, JSON.stringify(keys.map(members))).map(toNode)
}

/** While a tree is carried to another drive, rows of both may have one id: those are two. */
function once(nodes: readonly Node[]): Node[] {
  const seen = new Map<NodeId, DriveId>()
  return nodes.filter(({ id, drive }) => seen.get(id) !== drive && seen.set(id, drive))
}
