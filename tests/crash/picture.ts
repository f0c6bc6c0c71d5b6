/** What a data folder holds, in words that do not depend on ids or times: what two runs of the same calls must agree on. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyRows } from '../../src/copy/rows.ts'
import { openPostgresRows } from '../../src/store/postgres/rows.ts'
import { Database } from '../../src/store/sqlite/driver.ts'
import { openSqliteRowWriter } from '../../src/store/sqlite/rows.ts'
import { databaseOf, type Home } from './world.ts'

/** Lines, sorted. */
export type Picture = readonly string[]

const NODES = `
with recursive below (drive, id, path) as (
  select d.id, n.id, d.name || case n.id when d.root then ':' when d.trash then ' trash:' else ' grave:' end
  from drive d join node n on n.drive_id = d.id and n.parent_id = 0
  where d.status = 'active'
  union all
  select b.drive, n.id, b.path || '/' || n.name
  from below b join node n on n.drive_id = b.drive and n.parent_id = b.id
)
select b.path || ' ' || n.kind || ' rev ' || n.rev || ' ' || n.attributes || ' ' || coalesce((
    select group_concat(v.version || '=' || v.digest, ' ' order by v.version) from version v
    where v.drive_id = n.drive_id and v.node_id = n.id), '')
  || coalesce((select group_concat(' ' || g.subject || '=' || g.actions) from node_grant g
    where g.drive_id = n.drive_id and g.node_id = n.id), '')
from below b join node n on n.drive_id = b.drive and n.id = b.id`
const TRASH = `select 'trashed ' || t.name || ' from ' || t.path || ' of ' || d.name
from trash t join drive d on d.id = t.drive_id where d.status = 'active'`
/** How much there was to sweep depends on what the attempts before the last left behind. */
const TASKS = `select 'task ' || kind || ' ' || state || ' ' || done || ' done, ' || failed || ' failed' from task where kind <> 'sweep'`
const DRIVES = `select 'drive ' || name || ' is ' || status || ' at change ' || seq from drive`
const POOLS = `select p.kind || ' quota counts ' || p.used from pool p`
/** A commit in two transactions may be between them: only then is an upload sealed. */
const UPLOADS = `
select 'upload ' || case u.state when 'committed' then 'committed' else 'open' end || coalesce((
  select group_concat(' ' || p.number || '=' || p.md5, '' order by p.number) from upload_part p where p.upload_id = u.id), '')
from upload u`

/** All that is kept for long. */
export function pictureOf(home: Home): Promise<Picture> {
  return read(home, [NODES, TRASH, TASKS, DRIVES, POOLS])
}

/** The uploads under way, with the parts that were acknowledged. */
export function uploadsOf(home: Home): Promise<Picture> {
  return read(home, [UPLOADS])
}

async function read({ folder, database }: Home, queries: readonly string[]): Promise<Picture> {
  const file = database === '' ? databaseOf(folder) : await fileOf(database, join(folder, 'picture.db'))
  const db = new Database(file, { readonly: true })
  try {
    return queries.flatMap((sql) => db.prepare<[], string>(sql).pluck().all()).sort()
  } finally {
    db.close()
  }
}

/** The rows of another database as a file, so that one set of questions serves both. */
async function fileOf(database: string, file: string): Promise<string> {
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  const [from, to] = [await openPostgresRows(database), openSqliteRowWriter(file)]
  await copyRows(from, to)
  await to.finish()
  await Promise.all([from.close(), to.close()])
  return file
}
