/** Links to nodes, and how often they were used. */
import type { LinkId, ReadTx, WriteTx } from '../../engine/index.ts'
import { fromLink, LINK_COLUMNS, type LinkRow, toLink } from '../row/link.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

export const LINKS = `select ${LINK_COLUMNS} from link where id in (select value from json_each(?))`
/** Both in the order of the index link_of_tenant or link_of_maker. */
export const LINKS_OF_TENANT = `select ${LINK_COLUMNS} from link where tenant_id = ? and id > ? order by id limit ?`
export const LINKS_OF_MAKERS = `
select ${LINK_COLUMNS} from link
where tenant_id = ? and id > ? and creator in (select value from json_each(?)) order by +id limit ?`

export const PUT_LINKS = `
insert into link (${LINK_COLUMNS}) select ${members(23)} from json_each(?) where true
on conflict (id) do update set
  nodes = excluded.nodes, inboxes = excluded.inboxes, name = excluded.name, description = excluded.description,
  password = excluded.password, actions = excluded.actions, state = excluded.state, expires_at = excluded.expires_at,
  updated_at = excluded.updated_at, extra = excluded.extra, previews_max = excluded.previews_max,
  downloads_max = excluded.downloads_max, saves_max = excluded.saves_max, takings_max = excluded.takings_max`

// The sets are [[id, accesses, previews, downloads, saves], …].
const COUNT = `
update link set accesses = accesses + (value ->> 1), previews = previews + (value ->> 2),
  downloads = downloads + (value ->> 3), saves = saves + (value ->> 4)
from json_each(?) where link.id = value ->> 0`
export const COUNT_LINKS = `${COUNT} returning link.id`
export const COUNT_LINKS_LIMITED = `${COUNT}
  and (value ->> 2 <= 0 or previews_max = 0 or previews + (value ->> 2) <= previews_max)
  and (value ->> 3 <= 0 or downloads_max = 0 or downloads + (value ->> 3) <= downloads_max)
  and (value ->> 4 <= 0 or saves_max = 0 or saves + (value ->> 4) <= saves_max)
  and ((value ->> 3) + (value ->> 4) <= 0 or takings_max = 0
    or downloads + saves + (value ->> 3) + (value ->> 4) <= takings_max)
returning link.id`

export const linkQueries: Queries<Pick<ReadTx, 'links' | 'linksOf'> & Pick<WriteTx, 'putLinks' | 'countLinks'>> = {
  links(db, ids) {
    return ids.length === 0 ? [] : db.all<LinkRow>(LINKS, JSON.stringify(ids)).map(toLink)
  },

  linksOf(db, { tenant, makers, after, limit }) {
    if (makers?.length === 0) return []
    const rows = makers
      ? db.all<LinkRow>(LINKS_OF_MAKERS, tenant, after, JSON.stringify(makers), limit)
      : db.all<LinkRow>(LINKS_OF_TENANT, tenant, after, limit)
    return rows.map(toLink)
  },

  putLinks(db, rows) {
    if (rows.length > 0) db.run(PUT_LINKS, JSON.stringify(rows.map(fromLink)))
  },

  countLinks(db, deltas, limited) {
    if (deltas.length === 0) return []
    const set = deltas.map(({ id, accesses, previews, downloads, saves }) => [id, accesses, previews, downloads, saves])
    return db.all<[LinkId]>(limited ? COUNT_LINKS_LIMITED : COUNT_LINKS, JSON.stringify(set)).map(([id]) => id)
  },
}
