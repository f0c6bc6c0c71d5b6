/** Links to nodes, and how often they were used. */
import type { LinkId, ReadTx, WriteTx } from '../../engine/index.ts'
import { fromLink, LINK_COLUMNS, type LinkRow, toLink } from '../row/link.ts'
import type { Session } from './session.ts'
import { columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

export const LINKS = `select ${LINK_COLUMNS} from link where id = any($1::text[])`
/** Both in the order of the index link_of_tenant or link_of_maker. */
export const LINKS_OF_TENANT = `select ${LINK_COLUMNS} from link where tenant_id = $1 and id > $2 order by id limit $3`
export const LINKS_OF_MAKERS = `
select ${LINK_COLUMNS} from link
where tenant_id = $1 and id > $2 and creator = any($4::text[]) order by id limit $3`

export const PUT_LINKS = `
insert into link (${LINK_COLUMNS}) select * from ${unnest('ttntttttntntnntnnnnnnnn')}
on conflict (id) do update set
  nodes = excluded.nodes, inboxes = excluded.inboxes, name = excluded.name, description = excluded.description,
  password = excluded.password, actions = excluded.actions, state = excluded.state, expires_at = excluded.expires_at,
  updated_at = excluded.updated_at, extra = excluded.extra, previews_max = excluded.previews_max,
  downloads_max = excluded.downloads_max, saves_max = excluded.saves_max, takings_max = excluded.takings_max`

const COUNT = `
update link l set accesses = l.accesses + k.accesses, previews = l.previews + k.previews,
  downloads = l.downloads + k.downloads, saves = l.saves + k.saves
from ${unnest('tnnnn')} k (id, accesses, previews, downloads, saves) where l.id = k.id`
export const COUNT_LINKS = `${COUNT} returning l.id`
export const COUNT_LINKS_LIMITED = `${COUNT}
  and (k.previews <= 0 or l.previews_max = 0 or l.previews + k.previews <= l.previews_max)
  and (k.downloads <= 0 or l.downloads_max = 0 or l.downloads + k.downloads <= l.downloads_max)
  and (k.saves <= 0 or l.saves_max = 0 or l.saves + k.saves <= l.saves_max)
  and (k.downloads + k.saves <= 0 or l.takings_max = 0
    or l.downloads + l.saves + k.downloads + k.saves <= l.takings_max)
returning l.id`

export const linkQueries: Queries<Pick<ReadTx, 'links' | 'linksOf'> & Pick<WriteTx, 'putLinks' | 'countLinks'>> = {
  async links(db, ids) {
    if (ids.length === 0) return []
    reserveLinks(db, ids)
    return (await db.all<LinkRow>(LINKS, ids)).map(toLink)
  },

  async linksOf(db, { tenant, makers, after, limit }) {
    if (makers?.length === 0) return []
    const rows = makers
      ? await db.all<LinkRow>(LINKS_OF_MAKERS, tenant, after, limit, makers)
      : await db.all<LinkRow>(LINKS_OF_TENANT, tenant, after, limit)
    return rows.map(toLink)
  },

  async putLinks(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_LINKS, ...columns(latest(rows, ({ id }) => id).map(fromLink), 23))
  },

  async countLinks(db, deltas, limited) {
    if (deltas.length === 0) return []
    reserveLinks(
      db,
      deltas.map(({ id }) => id),
    )
    const set = deltas.map(({ id, accesses, previews, downloads, saves }) => [id, accesses, previews, downloads, saves])
    const counted = await db.all<[LinkId]>(limited ? COUNT_LINKS_LIMITED : COUNT_LINKS, ...columns(set, 5))
    return counted.map(([id]) => id)
  },
}

/**
 * For who means to write them: what another counts or changes meanwhile must not be lost. By their names and not by their rows,
 * which may lie on several machines.
 */
function reserveLinks(db: Session, ids: readonly LinkId[]): void {
  db.reserve(ids.map((id) => `link ${id}`))
}
