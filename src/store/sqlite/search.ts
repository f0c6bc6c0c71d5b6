/** The search index: which nodes have which terms. */
import {
  type DriveId,
  FOLDER_SIZE,
  type NodeId,
  type OrderedQuery,
  type Outline,
  type Probe,
  type ReadTx,
} from '../../engine/index.ts'
import { columnsOf, NODE_COLUMNS, OUTLINE_COLUMNS, toOutlines } from '../row/node.ts'
import { BEYOND_NUMBERS, placeOf, startOf } from '../row/order.ts'
import type { Connection } from './connection.ts'
import { IdSet } from './id-set.ts'
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
function candidatesSql(columns: string): string {
  return `
select ${columns}
from node_term t cross join node n on n.drive_id = ? and n.id = t.rowid
where t.node_term match ? and t.rowid > ?
order by t.rowid limit ?`
}
export const CANDIDATES = candidatesSql(NODE_COLUMNS)
export const CANDIDATE_OUTLINES = candidatesSql(OUTLINE_COLUMNS)

/** By the index node_name alone; as one text, as of what has terms. */
export const CHILD_IDS = `
select json_group_array(n.id) from json_each(?) f cross join node n indexed by node_name on n.drive_id = ? and n.parent_id = f.value`

function childrenSql(columns: string): string {
  return `
select ${columns}
from json_each(?) f cross join node n indexed by node_name on n.drive_id = ? and n.parent_id = f.value
limit ?`
}
export const ALL_CHILDREN = childrenSql(NODE_COLUMNS)
export const CHILD_OUTLINES = childrenSql(OUTLINE_COLUMNS)

/** The full-text index alone, which knows the drive of birth only; the largest id tells how far it goes on behind those counted. */
export const TERMED = `
select count(*), min(id), max(id), (
  select n.id from node n where n.drive_id = ? and n.id > 0 order by n.id desc limit 1
)
from (select rowid as id from node_term where node_term match ? limit ?)`

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

export function orderedSql(order: Order, inFull: boolean): string {
  return alongSql(columnsOf(inFull), order)
}

/** Nodes as they come in an order, by the index alone. */
export function orderedIdsSql(order: Order): string {
  return alongSql('n.id', order)
}

/** Every node that has the terms, as one text: a hundred thousand rows cost several times as much. */
export const TERMED_NODES = 'select json_group_array(rowid) from node_term where node_term match ?'
/** Another one after every change: the first by what others commit, the second by what this connection does. */
export const DATA_STATE = 'select data_version, total_changes() from pragma_data_version'

function nodesSql(columns: string): string {
  return `
select ${columns} from json_each(?) k cross join node n on n.drive_id = ? and n.id = k.value`
}
export const NODES = nodesSql(NODE_COLUMNS)
export const OUTLINES = nodesSql(OUTLINE_COLUMNS)

export const searchQueries: Queries<Pick<ReadTx, 'births' | 'candidates' | 'lying' | 'termed' | 'ordered'>> = {
  births(db, drives) {
    if (drives.length === 0) return []
    return db.all<[DriveId]>(BIRTHS, JSON.stringify(drives)).map(([born]) => born)
  },

  candidates(db, { drive, probe, after, inFull, limit }) {
    return toOutlines(db.all(inFull ? CANDIDATES : CANDIDATE_OUTLINES, drive, matchOf(probe), after, limit), inFull)
  },

  lying(db, { drive, folders, probe, inFull, limit }) {
    const places = JSON.stringify(folders)
    if (!probe) return toOutlines(db.all(inFull ? ALL_CHILDREN : CHILD_OUTLINES, places, drive, limit), inFull)
    const termed = termedNodes(db, probe)
    const [text] = db.column<string>(CHILD_IDS, places, drive)
    const ids = (JSON.parse(text!) as NodeId[]).filter((id) => termed.has(id))
    return nodesOf(db, drive, ids.slice(0, limit), inFull)
  },

  termed(db, { drive, probe, limit }) {
    const [row] = db.all<[number, NodeId, NodeId, NodeId | null]>(TERMED, drive, matchOf(probe), limit)
    const [count, first, last, newest] = row!
    if (count < limit) return count
    // Ids come in rising order: what is behind those counted is taken to be as dense as they are.
    return Math.max(count, Math.ceil((count * ((newest ?? last) - first)) / Math.max(last - first, 1)))
  },

  ordered(db, query) {
    const { drive, by, probe, inFull, limit, enough = limit } = query
    if (limit <= 0) return { nodes: [], looked: 0, next: null }
    if (!probe) {
      const nodes = toOutlines(db.all(orderedSql(query, inFull), ...alongParameters(query)), inFull)
      return { nodes, looked: nodes.length, next: nodes.length < limit ? null : placeOf(nodes.at(-1)!, by) }
    }
    const along = db.column<NodeId>(orderedIdsSql(query), ...alongParameters(query))
    const termed = termedNodes(db, probe)
    const ids: NodeId[] = []
    let looked = 0
    for (; looked < along.length && ids.length < enough; looked++) {
      const id = along[looked]!
      // Where the next page begins, the last one looked at tells.
      if (termed.has(id) || looked === limit - 1) ids.push(id)
    }
    const nodes = nodesOf(db, drive, ids, inFull)
    return { nodes, looked, next: along.length < limit && looked === along.length ? null : placeOf(nodes.at(-1)!, by) }
  },
}

/** In the order of the ids. */
function nodesOf(db: Connection, drive: DriveId, ids: readonly NodeId[], inFull: boolean): Outline[] {
  if (ids.length === 0) return []
  return toOutlines(db.all(inFull ? NODES : OUTLINES, JSON.stringify(ids), drive), inFull)
}

interface Termed {
  readonly match: string
  readonly state: string
  readonly ids: IdSet
}

/** Those of the last probe of each connection: a search asks for them at every step along its order. */
const lastTermed = new WeakMap<Connection, Termed>()

/** Which nodes have the terms of a probe, as of this transaction. */
function termedNodes(db: Connection, probe: Probe): IdSet {
  const match = matchOf(probe)
  const state = [...db.all<[number, number]>(DATA_STATE), db.undone].join()
  const known = lastTermed.get(db)
  if (known?.match === match && known.state === state) return known.ids
  const [text] = db.column<string>(TERMED_NODES, match)
  const ids = new IdSet(JSON.parse(text!) as NodeId[])
  lastTermed.set(db, { match, state, ids })
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
