/** The tree: finding nodes by id, by name, above and below others. */
import type { DriveId, Node, NodeId, ReadTx } from '../../engine/index.ts'
import { namesBelow, textAfter } from '../row/names.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import type { Session } from './session.ts'
import { columns, keyColumns, type Parameter, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

type NodeQueries = Queries<
  Pick<ReadTx, 'chains' | 'walk' | 'children' | 'stems' | 'parents' | 'nextChildren' | 'subtrees' | 'counts'>
>

// Connections are set to join by nested loops through indexes: the given set is always the outer loop.

/**
 * The nodes sought, and apart from them their ancestors: `union` visits each of those once however many chains share it, so
 * a damaged tree with a cycle ends too. A node that is both comes twice. Relies on the primary keys of forward and node.
 */
export const CHAINS = `
with recursive
  seek (drive_id, id) as materialized (
    select coalesce((
      select f.to_drive from forward f
      where k.follow = 1 and f.drive_id = k.drive_id and f.node_id = k.id
        and not exists (select 1 from haul h where h.id = f.haul_id)
      order by f.haul_id desc limit 1
    ), k.drive_id), k.id
    from ${unnest('nnn')} k (drive_id, id, follow)
  ),
  above (drive_id, id) as (
    select n.drive_id, n.parent_id
    from seek s join node n on n.drive_id = s.drive_id and n.id = s.id
    union
    select n.drive_id, n.parent_id
    from above a join node n on n.drive_id = a.drive_id and n.id = a.id
    where n.parent_id <> 0
  )
select ${NODE_COLUMNS} from seek s join node n on n.drive_id = s.drive_id and n.id = s.id
union all
select ${NODE_COLUMNS} from above a join node n on n.drive_id = a.drive_id and n.id = a.id`

/**
 * Each row brings along, as a JSON object, the names still to be found below it, so that walks which begin alike are
 * walked once. Relies on the index node_name: one seek a name, the smallest twin first.
 */
export const WALK = `
with recursive step (drive_id, id, below, found) as (
  select (w ->> 0)::bigint, (w ->> 1)::bigint, w -> 2, false from jsonb_array_elements($1::jsonb) w
  union all
  select s.drive_id, m.id, c.value, true
  from step s cross join jsonb_each(s.below) c cross join lateral (
    select n.id from node n
    where n.drive_id = s.drive_id and n.parent_id = s.id and n.name_key = c.key
    order by n.twin limit 1
  ) m
)
select ${NODE_COLUMNS}
from (select distinct drive_id, id from step where found) s
join node n on n.drive_id = s.drive_id and n.id = s.id`

/** Relies on the index node_name. */
export const CHILDREN = `
select ${NODE_COLUMNS}
from (select distinct k.* from ${unnest('nnt')} k (drive_id, parent_id, name_key)) k
join node n on n.drive_id = k.drive_id and n.parent_id = k.parent_id and n.name_key = k.name_key`

/** Relies on the index node_name, which alone answers it. */
export const STEMS = `
select distinct k.parent_id, s.name_key
from ${unnest('nntt')} k (drive_id, parent_id, low, high)
cross join lateral (
  select distinct n.name_key from node n
  where n.drive_id = k.drive_id and n.parent_id = k.parent_id and n.name_key >= k.low and n.name_key < k.high
  order by n.name_key limit $5
) s`

export const PARENTS = `
select distinct k.id from ${unnest('nn')} k (drive_id, id)
where exists (select 1 from node n where n.drive_id = k.drive_id and n.parent_id = k.id)`

/**
 * In the order of the set, and in each folder in the order of the index node_name: a nested loop gives its rows in order, and
 * stops at the limit, where sorting them would read every folder to its end.
 */
export const NEXT_CHILDREN = `
select ${NODE_COLUMNS}
from ${unnest('nntn')} k (drive_id, parent_id, name_key, twin)
cross join lateral (
  select n.* from node n
  where n.drive_id = k.drive_id and n.parent_id = k.parent_id and (n.name_key, n.twin) > (k.name_key, k.twin)
  order by n.name_key, n.twin limit $5
) n
limit $5`

/**
 * Breadth-first: a recursive query gives one level after the other, and stops when no more rows are wanted. Relies on the
 * index node_name.
 */
export const SUBTREES = `
with recursive below (drive_id, id) as (
  select n.drive_id, n.id
  from ${unnest('nn')} k (drive_id, id) join node n on n.drive_id = k.drive_id and n.parent_id = k.id
  union
  select n.drive_id, n.id from below b join node n on n.drive_id = b.drive_id and n.parent_id = b.id
)
select ${NODE_COLUMNS}
from (select drive_id, id from below limit $3) b join node n on n.drive_id = b.drive_id and n.id = b.id`

/** Answered by the indexes node_name (all) and node_folder (folders) alone. */
export const COUNTS = `
select k.id,
  (select count(*) from node n where n.drive_id = k.drive_id and n.parent_id = k.id),
  (select count(*) from node n where n.drive_id = k.drive_id and n.parent_id = k.id and n.kind = 'folder')
from (select distinct k.* from ${unnest('nn')} k (drive_id, id)) k`

/** Greater than every name: names are at most 1,024 bytes, and no character is greater than this. */
const BEYOND_NAMES = '\u{10ffff}'.repeat(300)

export const nodeQueries: NodeQueries = {
  async chains(db, seeks) {
    if (seeks.length === 0) return []
    db.enter(seeks.map(({ drive }) => drive))
    const set = seeks.map(({ drive, id, follow }) => [drive, id, follow ? 1 : 0])
    const found = once(await nodes(db, CHAINS, ...columns(set, 3)))
    // Led there by a forwarding row; without the lock the node may have gone on meanwhile.
    db.demand(found.map(({ drive }) => drive))
    return found
  },

  async walk(db, walks) {
    if (walks.length === 0) return []
    db.enter(walks.map(({ drive }) => drive))
    return nodes(db, WALK, JSON.stringify(namesBelow(walks)))
  },

  async children(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const set = keys.map(({ drive, parent, key }) => [drive, parent, key])
    return nodes(db, CHILDREN, ...columns(set, 3))
  },

  async stems(db, keys, limit) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const set = keys.map(({ drive, parent, prefix }) => [drive, parent, prefix, textAfter(prefix) ?? BEYOND_NAMES])
    const rows = await db.all<[NodeId, string]>(STEMS, ...columns(set, 4), limit)
    return rows.map(([parent, key]) => ({ parent, key }))
  },

  async parents(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    return (await db.all<[NodeId]>(PARENTS, ...keyColumns(keys))).map(([id]) => id)
  },

  async nextChildren(db, places, limit) {
    if (places.length === 0 || limit <= 0) return []
    db.enter(places.map(({ drive }) => drive))
    // No name is empty: behind the empty key come all of them.
    const set = places.map(({ drive, id, after }) => [drive, id, after?.key ?? '', after?.twin ?? 0])
    return nodes(db, NEXT_CHILDREN, ...columns(set, 4), limit)
  },

  async subtrees(db, keys, limit) {
    if (keys.length === 0 || limit <= 0) return []
    db.enter(keys.map(({ drive }) => drive))
    return nodes(db, SUBTREES, ...keyColumns(keys), limit)
  },

  async counts(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const rows = await db.all<[NodeId, number, number]>(COUNTS, ...keyColumns(keys))
    return rows.map(([id, all, folders]) => ({ id, files: all - folders, folders }))
  },
}

async function nodes(db: Session, sql: string, ...parameters: Parameter[]): Promise<Node[]> {
  return (await db.all<NodeRow>(sql, ...parameters)).map(toNode)
}

function once(nodes: readonly Node[]): Node[] {
  const seen = new Map<NodeId, DriveId>()
  return nodes.filter(({ id, drive }) => seen.get(id) !== drive && seen.set(id, drive))
}
