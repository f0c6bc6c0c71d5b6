/** The search index: which nodes have which terms. */
import type { DriveId, OrderedQuery, Probe, ReadTx } from '../../engine/index.ts'
import { columnsOf, NODE_COLUMNS, OUTLINE_COLUMNS, toOutlines } from '../row/node.ts'
import { placeOf, startOf } from '../row/order.ts'
import { byDrive } from './sets.ts'
import type { Queries } from './transaction.ts'

/**
 * Nodes that came from other drives are few; the index node_abroad gives each drive of birth after the one before, without
 * looking at the nodes in between.
 */
export const BIRTHS = `
with recursive birth (born) as (
  select min(n.born) from node n where n.drive_id = $1 and n.born <> n.drive_id
  union all
  select (select min(n.born) from node n where n.drive_id = $1 and n.born <> n.drive_id and n.born > b.born)
  from birth b where b.born is not null
)
select born from birth where born is not null`

/**
 * The index node_term_terms finds all at once; the page is what comes next of them. Adding nothing to the key keeps the planner from
 * reading the primary key too, where every node of the drive comes next.
 */
function candidatesSql(columns: string): string {
  return `
select ${columns}
from (
  select t.node_id from node_term t
  where t.terms @@ $2::tsquery and t.drive_id = $1 and t.node_id + 0 > $3
  order by t.node_id limit $4
) t
cross join lateral (select * from node n where n.drive_id = $1 and n.id = t.node_id offset 0) n
order by t.node_id`
}
export const CANDIDATES = candidatesSql(NODE_COLUMNS)
export const CANDIDATE_OUTLINES = candidatesSql(OUTLINE_COLUMNS)

/** The index node_term_terms finds all that have the terms; each is asked where it lies, and the folders are kept as a table of hashes. */
function lyingSql(columns: string): string {
  return `
select ${columns}
from (select t.node_id from node_term t where t.terms @@ $3::tsquery and t.drive_id = $1 and t.node_id + 0 > 0 offset 0) t
cross join lateral (select * from node n where n.drive_id = $1 and n.id = t.node_id offset 0) n
where (n.parent_id in (select f.id from unnest($2::bigint[]) f (id))) is true
limit $4`
}
export const LYING = lyingSql(NODE_COLUMNS)
export const LYING_OUTLINES = lyingSql(OUTLINE_COLUMNS)

function childrenSql(columns: string): string {
  return `
select ${columns}
from unnest($2::bigint[]) f (id)
cross join lateral (select * from node n where n.drive_id = $1 and n.parent_id = f.id offset 0) n
limit $3`
}
export const ALL_CHILDREN = childrenSql(NODE_COLUMNS)
export const CHILD_OUTLINES = childrenSql(OUTLINE_COLUMNS)

/**
 * Finding them all, as above, is cheap only while they are few: where one in a hundred of some nodes has the terms, they are taken for
 * as many as may be told.
 */
export const TERMED = `
select case when (
  select count(*) from (
    select t.terms from node_term t where t.drive_id = any($1::bigint[]) order by t.drive_id, t.node_id limit 1000
  ) s where s.terms @@ $2::tsquery
) > 10 and $3 > 1000 then $3 else (
  select count(*) from (
    select t.drive_id from node_term t
    where t.terms @@ $2::tsquery and t.drive_id = any($1::bigint[]) and (t.drive_id + 0, t.node_id + 0) > (0, 0)
    order by t.drive_id, t.node_id limit $3
  ) f
) end::int`

const ORDERS: Readonly<Record<Exclude<OrderedQuery['by'], 'updated'>, string>> = {
  name: 'name_key',
  created: 'created_at',
  size: 'size',
  id: 'node_id',
}

/**
 * The statement of an order, put together from the fixed words above. The nodes come by the index of the order, or, by id, by the
 * primary key, and are numbered as they come; those that lack the terms are not looked up, but for the last, where the next
 * page begins.
 */
export function orderedSql({ by, descending, inFull }: Pick<OrderedQuery, 'by' | 'descending' | 'inFull'>): string {
  const columns = columnsOf(inFull)
  const direction = descending ? 'desc' : 'asc'
  if (by === 'updated') return updatedSql(columns, direction, descending ? '<' : '>')
  const order = `t.${ORDERS[by]} ${direction}, t.node_id ${direction}`
  return `
with looked_at as materialized (
  select t.node_id, row_number() over (order by ${order}) as number, (t.terms @@ $4::tsquery) is not false as has_terms
  from node_term t
  where t.drive_id = $1 and (t.${ORDERS[by]}, t.node_id) ${descending ? '<' : '>'} ($2, $3)
  order by ${order} limit $5
)
select l.number, ${columns}
from looked_at l join node n on n.drive_id = $1 and n.id = l.node_id
where l.has_terms or l.number = $5
order by l.number limit $6`
}

/** The order of the last change, which alone is an index of the nodes: only those looked at are asked for their terms. */
function updatedSql(columns: string, direction: 'asc' | 'desc', beyond: '<' | '>'): string {
  const order = `updated_at ${direction}, id ${direction}`
  return `
with looked_at as materialized (
  select o.id as node_id, o.number, (w.terms @@ $4::tsquery) is not false as has_terms
  from (
    select id, row_number() over (order by ${order}) as number
    from node where drive_id = $1 and (updated_at, id) ${beyond} ($2, $3)
    order by ${order} limit $5
  ) o
  left join lateral (select t.terms from node_term t where t.drive_id = $1 and t.node_id = o.id offset 0) w on true
)
select l.number, ${columns}
from looked_at l join node n on n.drive_id = $1 and n.id = l.node_id
where l.has_terms or l.number = $5
order by l.number limit $6`
}

export const searchQueries: Queries<Pick<ReadTx, 'births' | 'candidates' | 'lying' | 'termed' | 'ordered'>> = {
  async births(db, drives) {
    if (drives.length === 0) return []
    const keys = [...new Set(drives)].map((drive) => ({ drive }))
    const found = await byDrive(keys, (drive) => db.all<[DriveId]>(BIRTHS, drive))
    return [...new Set(found.map(([born]) => born))]
  },

  async candidates(db, { drive, probe, after, inFull, limit }) {
    const sql = inFull ? CANDIDATES : CANDIDATE_OUTLINES
    return toOutlines(await db.all(sql, drive, queryOf(probe), after, limit), inFull)
  },

  async lying(db, { drive, folders, probe, inFull, limit }) {
    const rows = probe
      ? await db.all<unknown[]>(inFull ? LYING : LYING_OUTLINES, drive, folders, queryOf(probe), limit)
      : await db.all<unknown[]>(inFull ? ALL_CHILDREN : CHILD_OUTLINES, drive, folders, limit)
    return toOutlines(rows, inFull)
  },

  async termed(db, { drive, probe, limit }) {
    const [row] = await db.all<[number]>(TERMED, [drive], queryOf(probe), limit)
    return row![0]
  },

  async ordered(db, query) {
    const { by, drive, probe, inFull, limit, enough = limit } = query
    if (limit <= 0) return { nodes: [], looked: 0, next: null }
    const { value, id } = startOf(query)
    const words = probe && queryOf(probe)
    const rows = await db.all<[number, ...unknown[]]>(orderedSql(query), drive, value, id, words, limit, enough)
    const nodes = toOutlines(
      rows.map(([, ...row]) => row),
      inFull,
    )
    const looked = rows.at(-1)?.[0] ?? 0
    const isCut = looked === limit || rows.length === enough
    return { nodes, looked, next: isCut ? placeOf(nodes.at(-1)!, by) : null }
  },
}

/** A probe as a text search query, in which a word in quotation marks stands for itself. */
function queryOf(probe: Probe): string {
  if (typeof probe === 'string') return `'${probe}'`
  if ('prefix' in probe) return `'${probe.prefix}':*`
  return 'all' in probe ? `(${probe.all.map(queryOf).join(' & ')})` : `(${probe.any.map(queryOf).join(' | ')})`
}
