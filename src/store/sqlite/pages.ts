/** Listings: one folder, one order, one page. */
import type { ListOrderBy, Node, PageQuery, ReadTx } from '../../engine/index.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { alikeQueries, positionOf, type Shape, shapeOf } from '../row/pages.ts'
import type { Connection } from './connection.ts'
import type { Queries } from './transaction.ts'

const COLUMNS: Readonly<Record<ListOrderBy, string>> = {
  name: 'name_key',
  updated: 'updated_at',
  created: 'created_at',
  // Folders, which have none, come before all files.
  size: 'coalesce(size, -1)',
  localCreated: "coalesce(attributes ->> '$.localCreatedAt', created_at)",
  localModified: "coalesce(attributes ->> '$.localModifiedAt', updated_at)",
}

/**
 * The statement of a shape, put together from the fixed words above only; there are 6 orders × 2 directions × 8 lists
 * of runs. Each query's ids are gathered by a subquery of its own, because SQLite has no lateral join; and as `limit` may
 * not name a column, it is the largest of all queries, and each takes its window out of the gathered list.
 *
 * By name the index node_name gives the order, and node_folder that of folders alone. The other orders read the one folder
 * and sort it, some 20 ms for 20,000 children: an index for each of them would make every move half as dear again.
 * Parameters: [[drive, parent, start, end, value, id], …]; then the largest end, for each run and once more.
 */
export function pageSql({ by, descending, runs }: Shape): string {
  const column = COLUMNS[by]
  const direction = descending ? 'desc' : 'asc'
  const taken = runs.map(({ only, beyond }) => {
    const index = only === 'folder' ? 'node_folder' : 'node_name'
    const kind = only === null ? '' : ` and kind = '${only}'`
    const rest = beyond ? ` and (${column}, id) ${descending ? '<' : '>'} (q.value ->> 4, q.value ->> 5)` : ''
    return `select id from (
      select id from node indexed by ${index}
      where drive_id = q.value ->> 0 and parent_id = q.value ->> 1${kind}${rest}
      order by ${column} ${direction}, id ${direction} limit ?
    )`
  })
  return `
select q.key, p.key, ${NODE_COLUMNS}
from json_each(?) q
cross join json_each((select json_group_array(id) from (
  ${taken.join('\n    union all\n    ')} limit ?
))) p
cross join node n on n.drive_id = q.value ->> 0 and n.id = p.value
where p.key >= q.value ->> 2 and p.key < q.value ->> 3`
}

export const pageQueries: Queries<Pick<ReadTx, 'pages'>> = {
  pages(db, queries) {
    const pages = queries.map((): Node[] => [])
    for (const indexes of alikeQueries(queries)) readPages(db, queries, indexes, pages)
    return pages
  },
}

/** Queries of one shape, by one statement. */
function readPages(db: Connection, queries: readonly PageQuery[], indexes: readonly number[], pages: Node[][]) {
  const set = indexes.map((index) => {
    const query = queries[index]!
    const { drive, parent, cursor, limit } = query
    const start = cursor && 'offset' in cursor ? cursor.offset : 0
    const position = positionOf(query)
    return [drive, parent, start, start + limit, position?.value ?? '', position?.id ?? 0] as const
  })
  const end = Math.max(...set.map((query) => query[3]))
  const shape = shapeOf(queries[indexes[0]!]!)
  const limits = [...shape.runs.map(() => end), end]
  const rows = db.all<[number, number, ...NodeRow]>(pageSql(shape), JSON.stringify(set), ...limits)
  for (const [query, place, ...node] of rows) pages[indexes[query]!]![place - set[query]![2]] = toNode(node)
}
