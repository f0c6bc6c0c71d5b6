/** The tree: finding nodes by id, by name, above and below others. */
import type { DriveId, Node, NodeId, NodeKey, ReadTx } from '../../engine/index.ts'
import { namesBelow, textAfter } from '../row/names.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { BEYOND_NAMES } from '../row/order.ts'
import type { Session } from './session.ts'
import { byDrive, columns, keyColumns, type Parameter, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

type NodeQueries = Queries<
  Pick<
    ReadTx,
    'chains' | 'walk' | 'children' | 'stems' | 'parents' | 'nextChildren' | 'subtrees' | 'foldersBelow' | 'counts'
  >
>

// Connections are set to join by nested loops through indexes: the given set is always the outer loop.

// A recursive query names one drive, $1, in every table it reads: see `byDrive`. `offset 0` keeps PostgreSQL from turning a
// look-up around: without statistics it takes a drive for small, and reads all of it to find the few that are looked for.

/** Where nodes born in a drive went; of several rows of a node the last counts. Relies on the primary key of forward. */
export const FORWARDS = `
select f.drive_id, f.node_id, f.to_drive
from ${unnest('nn')} k (drive_id, id) join forward f on f.drive_id = k.drive_id and f.node_id = k.id
where not exists (select 1 from haul h where h.id = f.haul_id)
order by f.haul_id`

/**
 * The nodes sought, and apart from them their ancestors: `union` visits each of those once however many chains share it, so
 * a damaged tree with a cycle ends too. A node that is both comes twice. Relies on the primary key of node.
 */
export const CHAINS = `
with recursive above (id) as (
  select n.parent_id from node n where n.drive_id = $1 and n.id = any($2::bigint[])
  union
  select n.parent_id from above a
  cross join lateral (select n.parent_id from node n where n.drive_id = $1 and n.id = a.id offset 0) n
  where n.parent_id <> 0
)
select ${NODE_COLUMNS} from node n where n.drive_id = $1 and n.id = any($2::bigint[])
union all
select n.* from above a
cross join lateral (select ${NODE_COLUMNS} from node n where n.drive_id = $1 and n.id = a.id offset 0) n`

/**
 * Each row brings along, as a JSON object, the names still to be found below it, so that walks which begin alike are
 * walked once. Relies on the index node_name: one seek a name, the smallest twin first.
 */
export const WALK = `
with recursive step (id, below, found) as (
  select (w ->> 1)::bigint, w -> 2, false from jsonb_array_elements($2::jsonb) w
  union all
  select m.id, c.value, true
  from step s cross join jsonb_each(s.below) c cross join lateral (
    select n.id from node n
    where n.drive_id = $1 and n.parent_id = s.id and n.name_key = c.key
    order by n.twin limit 1
  ) m
)
select n.* from (select distinct id from step where found) s
cross join lateral (select ${NODE_COLUMNS} from node n where n.drive_id = $1 and n.id = s.id offset 0) n`

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
with recursive below (id) as (
  select n.id from node n where n.drive_id = $1 and n.parent_id = any($2::bigint[])
  union
  select n.id from below b
  cross join lateral (select n.id from node n where n.drive_id = $1 and n.parent_id = b.id offset 0) n
)
select n.* from (select id from below limit $3) b
cross join lateral (select ${NODE_COLUMNS} from node n where n.drive_id = $1 and n.id = b.id offset 0) n`

/** Relies on the index node_folder, which alone answers it but for the tops. */
export const FOLDERS_BELOW = `
with recursive below (id) as (
  select n.id from unnest($2::bigint[]) t (id)
  cross join lateral (select n.id from node n where n.drive_id = $1 and n.id = t.id and n.kind = 'folder' offset 0) n
  union
  select n.id from below b
  cross join lateral (select n.id from node n where n.drive_id = $1 and n.parent_id = b.id and n.kind = 'folder' offset 0) n
)
select id from below limit $3`

/** Answered by the indexes node_name (all) and node_folder (folders) alone. */
export const COUNTS = `
select k.id,
  (select count(*) from node n where n.drive_id = k.drive_id and n.parent_id = k.id),
  (select count(*) from node n where n.drive_id = k.drive_id and n.parent_id = k.id and n.kind = 'folder')
from (select distinct k.* from ${unnest('nn')} k (drive_id, id)) k`

export const nodeQueries: NodeQueries = {
  async chains(db, seeks) {
    if (seeks.length === 0) return []
    db.enter(seeks.map(({ drive }) => drive))
    const following = seeks.filter(({ follow }) => follow)
    // Most nodes are where they were born: both are asked at once, and for what went elsewhere again.
    const [forwards, found] = await Promise.all([
      following.length > 0 ? db.all<ForwardRow>(FORWARDS, ...keyColumns(following)) : [],
      chainsAt(db, seeks),
    ])
    const away = wentAway(forwards)
    if (away.size === 0) return once(found)
    db.demand(away.values())
    const places = [...away].map(([key, drive]) => ({ drive, id: idOf(key) }))
    const elsewhere = await chainsAt(db, places)
    for (const { drive, id, follow } of seeks) if (!follow) away.delete(keyOf(drive, id))
    return once([...found.filter(({ drive, id }) => !away.has(keyOf(drive, id))), ...elsewhere])
  },

  async walk(db, walks) {
    if (walks.length === 0) return []
    db.enter(walks.map(({ drive }) => drive))
    return byDrive(walks, (drive, own) => nodes(db, WALK, drive, JSON.stringify(namesBelow(own))))
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
    const found = await byDrive(keys, (drive, own) => {
      return nodes(
        db,
        SUBTREES,
        drive,
        own.map(({ id }) => id),
        limit,
      )
    })
    return found.slice(0, limit)
  },

  async foldersBelow(db, { drive, tops, limit }) {
    if (tops.length === 0 || limit <= 0) return []
    db.enter([drive])
    const rows = await db.all<[NodeId]>(FOLDERS_BELOW, drive, tops, limit)
    return rows.map(([id]) => id)
  },

  async counts(db, keys) {
    if (keys.length === 0) return []
    db.enter(keys.map(({ drive }) => drive))
    const rows = await db.all<[NodeId, number, number]>(COUNTS, ...keyColumns(keys))
    return rows.map(([id, all, folders]) => ({ id, files: all - folders, folders }))
  },
}

type ForwardRow = [drive: DriveId, node: NodeId, to: DriveId]

const keyOf = (drive: DriveId, id: NodeId) => `${drive} ${id}`
const idOf = (key: string) => Number(key.slice(key.indexOf(' ') + 1)) as NodeId

/** By key: the drives of nodes that are not where they were sought. */
function wentAway(forwards: readonly ForwardRow[]): Map<string, DriveId> {
  const last = new Map(forwards.map(([drive, id, to]) => [keyOf(drive, id), { drive, to }]))
  return new Map([...last].flatMap(([key, { drive, to }]) => (to === drive ? [] : [[key, to]])))
}

function chainsAt(db: Session, keys: readonly NodeKey[]): Promise<Node[]> {
  return byDrive(keys, (drive, own) => {
    return nodes(
      db,
      CHAINS,
      drive,
      own.map(({ id }) => id),
    )
  })
}

async function nodes(db: Session, sql: string, ...parameters: Parameter[]): Promise<Node[]> {
  return (await db.all<NodeRow>(sql, ...parameters)).map(toNode)
}

function once(nodes: readonly Node[]): Node[] {
  const seen = new Map<NodeId, DriveId>()
  return nodes.filter(({ id, drive }) => seen.get(id) !== drive && seen.set(id, drive))
}
