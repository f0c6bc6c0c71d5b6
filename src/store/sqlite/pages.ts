/** Listings: one folder, one order, one page. */
import type { Node, NodeId, OrderBy, PageQuery, ReadTx } from '../../engine/index.ts'
import type { Connection } from './connection.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from './node-row.ts'
import type { Queries } from './transaction.ts'

const COLUMNS: Readonly<Record<OrderBy, string>> = {
  name: 'name_key',
  updated: 'updated_at',
  created: 'created_at',
  // Folders have no size and come first.
  size: 'coalesce(size, 0)',
}

/** What decides the text of the statement; queries of one shape are answered by one statement. */
type Shape = Pick<PageQuery, 'by' | 'descending' | 'foldersFirst' | 'only'> & { readonly after: boolean }

/**
 * The statement of a shape, put together from the fixed words above only. Each query's ids are gathered by a subquery of
 * its own, because SQLite has no lateral join; `limit` may not name a column either, so it is the largest of all queries,
 * and each takes its window from the gathered list.
 *
 * By name the index node_name (folders alone: node_folder) gives the order. The other orders read the whole folder
 * and sort it: an index for each of them would be a second and third index to write with every move.
 * Parameter 1: [[drive, parent, start, end, after], …]; 2: the largest end.
 */
export function pageSql(shape: Shape): string {
  const column = COLUMNS[shape.by]
  const direction = shape.descending ? 'desc' : 'asc'
  const beyond = shape.descending ? '<' : '>'
  const order = shape.foldersFirst
    ? `kind desc, ${column} ${direction}, id ${direction}`
    : `${column} ${direction}, id ${direction}`
  const from = `from node where drive_id = q.value ->> 0 and parent_id = q.value ->> 1`
  const only = shape.only ? ` and kind = '${shape.only}'` : ''
  const last = (what: string) => `(select ${what} from node where drive_id = q.value ->> 0 and id = q.value ->> 4)`
  const position = `(${column}, id) ${beyond} (${last(column)}, q.value ->> 4)`
  const after = !shape.after
    ? ''
    : shape.foldersFirst
      ? ` and (kind < ${last('kind')} or kind = ${last('kind')} and ${position})`
      : ` and ${position}`
  return `
select q.key, ${NODE_COLUMNS}
from json_each(?) q
cross join json_each((
  select json_group_array(id) from (select id ${from}${only}${after} order by ${order} limit ?)
)) p
cross join node n on n.drive_id = q.value ->> 0 and n.id = p.value
where p.key >= q.value ->> 2 and p.key < q.value ->> 3
order by q.key, p.key`
}

/** Which of [[drive, parent, child], …] are not so: the cursors that lead nowhere. */
export const LOST_CURSORS = `
select key from json_each(?)
where not exists (
  select 1 from node n where n.drive_id = value ->> 0 and n.id = value ->> 2 and n.parent_id = value ->> 1
)`

const statements = new Map<string, string>()

export const pageQueries: Queries<Pick<ReadTx, 'pages'>> = {
  pages(db, queries) {
    const pages: (Node[] | null)[] = queries.map(() => [])
    for (const index of lostCursors(db, queries)) pages[index] = null
    for (const [shape, indexes] of byShape(queries)) {
      const wanted = indexes.filter((index) => pages[index] !== null)
      if (wanted.length > 0) readPages(db, shape, queries, wanted, pages)
    }
    return pages
  },
}

function lostCursors(db: Connection, queries: readonly PageQuery[]): number[] {
  const cursors = [...queries.entries()].flatMap(([index, { drive, parent, cursor }]) =>
    cursor && 'after' in cursor ? [{ index, key: [drive, parent, cursor.after] }] : [],
  )
  if (cursors.length === 0) return []
  const lost = db.all<[number]>(LOST_CURSORS, JSON.stringify(cursors.map(({ key }) => key)))
  return lost.map(([position]) => cursors[position]!.index)
}

/** At most 4 orders × 2 directions × 2 × 3 kinds × 2 shapes exist, so the number of statements stays bounded. */
function byShape(queries: readonly PageQuery[]): Map<string, number[]> {
  const shapes = new Map<string, number[]>()
  for (const [index, { by, descending, foldersFirst, only, cursor }] of queries.entries()) {
    const after = cursor !== null && 'after' in cursor
    // Among nodes of one kind the folders are first anyhow.
    const shape: Shape = { by, descending, foldersFirst: foldersFirst && only === null, only, after }
    const name = JSON.stringify(Object.values(shape))
    const indexes = shapes.get(name)
    if (!statements.has(name)) statements.set(name, pageSql(shape))
    if (indexes) indexes.push(index)
    else shapes.set(name, [index])
  }
  return shapes
}

function readPages(
  db: Connection,
  shape: string,
  queries: readonly PageQuery[],
  indexes: readonly number[],
  pages: (Node[] | null)[],
) {
  const set = indexes.map((index) => {
    const { drive, parent, cursor, limit } = queries[index]!
    const start = cursor && 'offset' in cursor ? cursor.offset : 0
    const after = cursor && 'after' in cursor ? cursor.after : (0 as NodeId)
    return [drive, parent, start, start + limit, after] as const
  })
  const end = Math.max(...set.map((query) => query[3]))
  const rows = db.all<[number, ...NodeRow]>(statements.get(shape)!, JSON.stringify(set), end)
  for (const [position, ...node] of rows) pages[indexes[position]!]!.push(toNode(node))
}
