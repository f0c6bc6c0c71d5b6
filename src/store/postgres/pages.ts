/** Listings: one folder, one order, one page. */
import type { ListOrderBy, Node, PageQuery, ReadTx } from '../../engine/index.ts'
import { NODE_COLUMNS, type NodeRow, toNode } from '../row/node.ts'
import { alikeQueries, positionOf, type Shape, shapeOf } from '../row/pages.ts'
import type { Session } from './session.ts'
import { columns } from './sets.ts'
import type { Queries } from './transaction.ts'

/** Without escapes, some of which JSON may have but PostgreSQL does not read; names of attributes have none. */
const ATTRIBUTES = String.raw`replace(replace(n.attributes, '\\', ''), '\u', '')::json`

const COLUMNS: Readonly<Record<ListOrderBy, string>> = {
  name: 'n.name_key',
  updated: 'n.updated_at',
  created: 'n.created_at',
  // Folders, which have none, come before all files.
  size: 'coalesce(n.size, -1)',
  localCreated: `coalesce((${ATTRIBUTES} ->> 'localCreatedAt')::bigint, n.created_at)`,
  localModified: `coalesce((${ATTRIBUTES} ->> 'localModifiedAt')::bigint, n.updated_at)`,
}

/**
 * The statement of a shape, put together from the fixed words above only; there are 6 orders × 2 directions × 8 lists
 * of runs. Runs are appended to each other, so their order is the order of the rows.
 *
 * By name the index node_name gives the order, and node_folder that of folders alone. The other orders read the one folder
 * and sort it: an index for each of them would make every move half as dear again.
 */
export function pageSql({ by, descending, runs }: Shape): string {
  const column = COLUMNS[by]
  const direction = descending ? 'desc' : 'asc'
  const value = by === 'name' ? 'q.text' : 'q.number'
  const taken = runs.map(({ only, beyond }) => {
    const kind = only === null ? '' : ` and n.kind = '${only}'`
    const rest = beyond ? ` and (${column}, n.id) ${descending ? '<' : '>'} (${value}, q.id)` : ''
    return `(
    select ${NODE_COLUMNS} from node n
    where n.drive_id = q.drive_id and n.parent_id = q.parent_id${kind}${rest}
    order by ${column} ${direction}, n.id ${direction} limit q.skip + q.take
  )`
  })
  return `
select q.place, n.*
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
  q (place, drive_id, parent_id, skip, take, text, number, id)
cross join lateral (
  select * from (
  ${taken.join('\n  union all\n  ')}
  ) n
  limit q.take offset q.skip
) n`
}

export const pageQueries: Queries<Pick<ReadTx, 'pages'>> = {
  async pages(db, queries) {
    const pages = queries.map((): Node[] => [])
    db.enter(queries.map(({ drive }) => drive))
    await Promise.all(alikeQueries(queries).map((indexes) => readPages(db, queries, indexes, pages)))
    return pages
  },
}

/** Queries of one shape, by one statement. */
async function readPages(db: Session, queries: readonly PageQuery[], indexes: readonly number[], pages: Node[][]) {
  const set = indexes.map((index) => {
    const query = queries[index]!
    const { drive, parent, cursor, limit } = query
    const skip = cursor && 'offset' in cursor ? cursor.offset : 0
    const position = positionOf(query)
    const text = typeof position?.value === 'string' ? position.value : ''
    const number = typeof position?.value === 'number' ? position.value : 0
    return [index, drive, parent, skip, limit, text, number, position?.id ?? 0]
  })
  const rows = await db.all<[number, ...NodeRow]>(pageSql(shapeOf(queries[indexes[0]!]!)), ...columns(set, 8))
  for (const [index, ...node] of rows) pages[index]!.push(toNode(node))
}
