/** A database seen from outside, for `fsck`: read only, one committed state from the first answer to the last. */
import pg from 'pg'
import {
  type BlobRow,
  type CheckName,
  type DriveId,
  driveOfUpload,
  type Fault,
  type Inspection,
  type PartRow,
  StorageError,
  type UploadId,
} from '../../engine/index.ts'
import { BURIED, CHECK_STATEMENTS, CONTENTS, UNUSED_CONTENTS } from '../row/checks.ts'
import { uploadKey } from '../row/upload.ts'
import { storageError } from './failure.ts'
import { demandSchema } from './migrate.ts'
import { columns, unnest } from './sets.ts'

type BlobColumns = [digest: string, size: number, refs: number]
type PartColumns = [upload: UploadId, number: number, size: number, md5: string]
type FaultRow = [drive: DriveId | 0, about: string, says: string]

/** Whole tables are compared: the more memory, the fewer passes. Nobody waits for these statements but who asked. */
const SETTINGS = `
set work_mem = '64MB';
set jit = off;
set idle_in_transaction_session_timeout = 0;
begin isolation level repeatable read read only`

const TABLES = `
select tablename from pg_tables where schemaname = current_schema() order by tablename`
/** PostgreSQL finds damage when it reads; what it knows of itself are indexes that were never finished. */
const STORAGE = `
select 0, 'index ' || c.relname, 'is not valid: drop it and make it anew'
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = current_schema() and not i.indisvalid`
const SEARCH = [
  `select n.drive_id, 'node ' || n.id, 'has no words in the search index'
   from node n left join node_term w on w.drive_id = n.drive_id and w.node_id = n.id
   where n.parent_id <> 0 and w.node_id is null
     and not exists (select 1 from drive d where d.id = n.drive_id and n.id in (d.root, d.trash, d.grave))`,
  `select w.drive_id, 'node ' || w.node_id, 'has words in the search index and is not there'
   from node_term w left join node n on n.drive_id = w.drive_id and n.id = w.node_id and n.parent_id <> 0
   where n.id is null`,
  `select n.drive_id, 'node ' || n.id, 'is ordered in the search index by what it no longer is'
   from node n join node_term w on w.drive_id = n.drive_id and w.node_id = n.id
   where (w.name_key, w.created_at, w.size) is distinct from (n.name_key, n.created_at, coalesce(n.size, -1))`,
]
/** One for all drives, by the index blob_digest. */
const BLOBS = `
select digest, max(size), sum(refs) from blob where digest > $1 group by digest order by digest limit $2`
const BLOBS_OF = 'select digest, max(size), sum(refs) from blob where digest = any($1) group by digest'
/** Ids are in the order of their drives. */
const PARTS = `
select p.upload_id, p.number, p.size, p.md5
from upload_part p join upload u on u.drive_id = p.drive_id and u.id = p.upload_id
where u.state = 'open' and (p.drive_id, p.upload_id, p.number) > ($1, $2, $3)
order by p.drive_id, p.upload_id, p.number limit $4`
const PARTS_OF = `
select p.upload_id, p.number, p.size, p.md5
from upload_part p join upload u on u.drive_id = p.drive_id and u.id = p.upload_id
where u.state = 'open' and (p.drive_id, p.upload_id) in (select * from ${unnest('nt')})
order by p.drive_id, p.upload_id, p.number`
const EXPIRED = 'select count(*) from upload where expires_at <= $1'
const UPLOADS = `select id from upload where (drive_id, id) in (select * from ${unnest('nt')})`

/** By type: int2, int4, int8 and numeric are numbers, all else is text. Sums stay below 2^53. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 1700])
const types = { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : (text: string) => text) }

/**
 * Opens a database that has our schema, on a connection of its own; servers may use it meanwhile.
 * @throws StorageError when it cannot be reached or has another schema than this program's
 */
export async function openPostgresInspection(url: string): Promise<Inspection> {
  const client = await connect(url)
  const all = async <Row>(sql: string, ...values: unknown[]): Promise<Row[]> => {
    try {
      return (await client.query({ text: sql, values, rowMode: 'array', types })).rows as Row[]
    } catch (cause) {
      throw storageError(cause)
    }
  }
  const number = async (sql: string, ...values: unknown[]) => (await all<[number]>(sql, ...values))[0]![0]
  return {
    async counts() {
      const names = await all<[string]>(TABLES)
      return new Map(await inTurn(names, async ([name]) => [name, await number(countSql(name))] as const))
    },
    async faults(check, limit) {
      const found = await inTurn(statementsOf(check), (sql) => all<FaultRow>(firstSql(sql), limit))
      return found
        .flat()
        .slice(0, limit)
        .map(([drive, about, says]): Fault => ({ check, drive, about, says }))
    },
    blobCount: () => number(CONTENTS),
    blobs: async (after, limit) => (await all<BlobColumns>(BLOBS, after, limit)).map(toBlob),
    blobsOf: async (digests) => (await all<BlobColumns>(BLOBS_OF, digests)).map(toBlob),
    async parts({ upload, number }, limit) {
      return (await all<PartColumns>(PARTS, driveOfUpload(upload), upload, number, limit)).map(toPart)
    },
    async partsOf(uploads) {
      return (await all<PartColumns>(PARTS_OF, ...columns(uploads.map(uploadKey), 2))).map(toPart)
    },
    async awaitingSweep(now) {
      return { nodes: await number(BURIED), uploads: await number(EXPIRED, now), blobs: await number(UNUSED_CONTENTS) }
    },
    async uploads(ids) {
      return (await all<[UploadId]>(UPLOADS, ...columns(ids.map(uploadKey), 2))).map(([id]) => id)
    },
    close: () => client.end(),
  }
}

function statementsOf(check: CheckName): readonly string[] {
  if (check === 'storage') return [STORAGE]
  return check === 'search' ? SEARCH : CHECK_STATEMENTS[check]
}

const toBlob = ([digest, size, refs]: BlobColumns): BlobRow => ({ digest, size, refs })
const toPart = ([upload, number, size, md5]: PartColumns): PartRow => ({ upload, number, size, md5 })

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'batchdrive fsck' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(SETTINGS)
    // The state is that of the first read, which is this.
    await demandSchema(client)
    return client
  } catch (cause) {
    await client.end().catch(() => undefined)
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`the database cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** One after the other, as one connection answers. */
async function inTurn<Item, Value>(items: readonly Item[], work: (item: Item) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = []
  for (const item of items) values.push(await work(item))
  return values
}

/** The first rows of a statement of ours. */
function firstSql(statement: string): string {
  return `select * from (${statement}) found limit $1`
}

/** The names come from the schema itself. */
function countSql(table: string): string {
  return `select count(*) from "${table}"`
}
