/** The search index: which nodes have which terms. */
import {
  type DriveId,
  FOLDER_SIZE,
  type NodeId,
  type OrderedQuery,
  type Probe,
  type ReadTx,
} from '../../engine/index.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { BEYOND_NUMBERS, placeOf, startOf } from '../row/order.ts'
import type { Connection } from './connection.ts'
import type { Queries } from './transaction.ts'

/**
 * Nodes that came from other drives are few; the index node_abroad gives each drive of birth after the one before, without
 * looking at the nodes in between.
 */
export const BIRTHS = `
with recursive birth (drive_id, born) as (
  select value, (select min(n.born) from node n where n.drive_id = value and n.born <> n.drive_id and n.born > 0)
  from json_each(?)
  union all
  select b.drive_id, (
    select min(n.born) from node n where n.drive_id = b.drive_id and n.born <> n.drive_id and n.born > b.born
  )
  from birth b where b.born is not null
)
select distinct born from birth where born is not null`

/** The full-text index gives node ids in rising order, whatever drives the nodes are in by now. */
export const CANDIDATES = `
select ${NODE_COLUMNS}
from node_term t
cross join json_each(?) d
cross join node n on n.drive_id = d.value and n.id = t.rowid
where t.node_term match ? and t.rowid > ?
order by t.rowid limit ?`

/** The full-text index alone, which knows the drive of birth only; the largest id tells how far it goes on behind those counted. */
export const TERMED = `
select count(*), min(id), max(id), (
  select n.id from node n where n.drive_id = ? and n.id > 0 order by n.id desc limit 1
)
from (select rowid as id from node_term where node_term match ? limit ?)`

/** The drives come in rising order and each one's nodes by the primary key, so nothing is sorted. */
export const EVERY_NODE = `
select ${NODE_COLUMNS}
from json_each(?) d
cross join node n on n.drive_id = d.value and n.id > case when d.value = ? then ? else 0 end
where d.value >= ?
limit ?`

const ORDERS: Readonly<Record<OrderedQuery['by'], { readonly value: string; readonly index: string }>> = {
  name: { value: 'n.name_key', index: 'indexed by node_by_name' },
  created: { value: 'n.created_at', index: 'indexed by node_by_created' },
  updated: { value: 'n.updated_at', index: 'indexed by node_by_updated' },
  size: { value: 'n.size', index: 'indexed by node_by_size' },
  // By the primary key.
  id: { value: 'n.id', index: 'not indexed' },
}

type Order = Pick<OrderedQuery, 'by' | 'descending'>

/**
 * The nodes behind a place in an order, put together from the fixed words above. They come along the index, and nothing is sorted.
 * Parameters: drive, value, id, limit.
 */
function runSql(columns: string, { by, descending }: Order): string {
  const { value, index } = ORDERS[by]
  const direction = descending ? 'desc' : 'asc'
  return `
select ${columns} from node n ${index}
where n.drive_id = ? and (${value}, n.id) ${descending ? '<' : '>'} (?, ?)
order by ${value} ${direction}, n.id ${direction} limit ?`
}

/** Folders have no size: they are at the beginning of its index, in the order of their ids. */
function foldersSql(columns: string, descending: boolean): string {
  return `
select ${columns} from node n indexed by node_by_size
where n.drive_id = ? and n.size is null and n.id ${descending ? '<' : '>'} case when ? = ${FOLDER_SIZE} then ? else ${BEYOND_NUMBERS} end
order by n.id ${descending ? 'desc' : 'asc'} limit ?`
}

/** By size there are two runs, one after the other. Parameters: drive, value, id, limit, for each run; by size the limit again. */
function alongSql(columns: string, order: Order): string {
  if (order.by !== 'size') return runSql(columns, order)
  const runs = [foldersSql(columns, order.descending), runSql(columns, order)]
  if (order.descending) runs.reverse()
  return `select * from (${runs.join(') union all select * from (')}) limit ?`
}

export function orderedSql(order: Order): string {
  return alongSql(NODE_COLUMNS, order)
}

/** Where nodes are in an order, by the index alone. */
export function orderPlacesSql(order: Order): string {
  return alongSql(`${ORDERS[order.by].value}, n.id`, order)
}

/** Every node that has the terms. */
export const TERMED_NODES = 'select rowid from node_term where node_term match ?'
/** Another one after every commit: the first is told apart by what others commit, the second by what this connection does. */
export const DATA_STATE = 'select data_version, total_changes() from pragma_data_version'

export const NODES = `
select ${NODE_COLUMNS} from json_each(?) k cross join node n on n.drive_id = ? and n.id = k.value`

export const searchQueries: Queries<Pick<ReadTx, 'births' | 'candidates' | 'termed' | 'ordered'>> = {
  births(db, drives) {
    if (drives.length === 0) return []
    return db.all<[DriveId]>(BIRTHS, JSON.stringify(drives)).map(([born]) => born)
  },

  candidates(db, { drives, probe, after, limit }) {
    if (drives.length === 0) return []
    const set = JSON.stringify([...new Set(drives)].sort((a, b) => a - b))
    const from = after?.drive ?? 0
    const rows = probe
      ? db.all<NodeRow>(CANDIDATES, set, matchOf(probe), after?.id ?? 0, limit)
      : db.all<NodeRow>(EVERY_NODE, set, from, after?.id ?? 0, from, limit)
    return rows.map(toNode)
  },

  termed(db, { drive, probe, limit }) {
    const [row] = db.all<[number, NodeId, NodeId, NodeId | null]>(TERMED, drive, matchOf(probe), limit)
    const [count, first, last, newest] = row!
    if (count < limit) return count
    // Ids come in rising order: what is behind those counted is taken to be as dense as they are.
    return Math.max(count, Math.ceil((count * ((newest ?? last) - first)) / Math.max(last - first, 1)))
  },

  ordered(db, query) {
    const { drive, probe, limit } = query
    if (limit <= 0) return { nodes: [], next: null }
    if (!probe) {
      const nodes = db.all<NodeRow>(orderedSql(query), ...alongParameters(query)).map(toNode)
      return { nodes, next: nodes.length < limit ? null : placeOf(nodes.at(-1)!, query.by) }
    }
    const places = db.all<[string | number | null, NodeId]>(orderPlacesSql(query), ...alongParameters(query))
    const termed = termedNodes(db, probe)
    const ids = places.flatMap(([, id]) => (termed.has(id) ? [id] : []))
    const nodes = ids.length > 0 ? db.all<NodeRow>(NODES, JSON.stringify(ids), drive).map(toNode) : []
    const last = places.length < limit ? undefined : places.at(-1)
    return { nodes, next: last ? { value: last[0] ?? FOLDER_SIZE, id: last[1] } : null }
  },
}

interface Termed {
  readonly match: string
  readonly state: string
  readonly ids: ReadonlySet<NodeId>
}

/** Those of the last probe of each connection: a search asks for them at every step along its order. */
const lastTermed = new WeakMap<Connection, Termed>()
/** More are not kept. */
const TERMED_KEPT_MAX = 500_000

/** Which nodes have the terms of a probe, as of this transaction. */
function termedNodes(db: Connection, probe: Probe): ReadonlySet<NodeId> {
  const match = matchOf(probe)
  const state = db.all<[number, number]>(DATA_STATE).join()
  const known = lastTermed.get(db)
  if (known?.match === match && known.state === state) return known.ids
  const ids = new Set(db.all<[NodeId]>(TERMED_NODES, match).map(([id]) => id))
  if (ids.size <= TERMED_KEPT_MAX) lastTermed.set(db, { match, state, ids })
  return ids
}

/** What alongSql asks for. */
function alongParameters(query: OrderedQuery): (string | number)[] {
  const { by, drive, limit } = query
  const { value, id } = startOf(query)
  const run = [drive, value, id, limit]
  return by === 'size' ? [...run, ...run, limit] : run
}

/** A probe in the index's own language, in which a word in quotation marks stands for itself. */
function matchOf(probe: Probe): string {
  if (typeof probe === 'string') return `"${probe}"`
  if ('prefix' in probe) return `"${probe.prefix}" *`
  return 'all' in probe ? `(${probe.all.map(matchOf).join(' AND ')})` : `(${probe.any.map(matchOf).join(' OR ')})`
}
