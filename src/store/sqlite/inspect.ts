/** A database file seen from outside, for `fsck`: read only, one committed state from the first answer to the last. */
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
import { BUSY_TIMEOUT_MS, CACHE_KIB } from './connection.ts'
import { Database } from './driver.ts'
import { demandSchema } from './migrate.ts'

type BlobColumns = [digest: string, size: number, refs: number]
type PartColumns = [upload: UploadId, number: number, size: number, md5: string]
type FaultRow = [drive: DriveId | 0, about: string, says: string]

/** Without those that SQLite itself and its word index keep. */
const TABLES = `
select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\'
order by name`
/** The index knows nodes by id; one that is being carried to another drive is there once. */
const SEARCH = [
  `select n.drive_id, 'node ' || n.id, 'has no words in the search index'
   from node n left join node_term_docsize w on w.id = n.id where n.parent_id <> 0 and w.id is null
     and not exists (select 1 from drive d where d.id = n.drive_id and n.id in (d.root, d.trash, d.grave))`,
  `select 0, 'node ' || w.id, 'has words in the search index and is not there'
   from node_term_docsize w left join (select distinct id from node where parent_id <> 0) n on n.id = w.id
   where n.id is null`,
]
/** One for all drives, by the index blob_digest. */
const BLOBS = `
select digest, max(size), sum(refs) from blob where digest > ? group by digest order by digest limit ?`
/** Ids are in the order of their drives. */
const PARTS = `
select p.upload_id, p.number, p.size, p.md5
from upload_part p join upload u on u.drive_id = p.drive_id and u.id = p.upload_id
where u.state = 'open' and (p.drive_id, p.upload_id, p.number) > (?, ?, ?)
order by p.drive_id, p.upload_id, p.number limit ?`
const BLOBS_OF =
  'select digest, max(size), sum(refs) from blob where digest in (select value from json_each(?)) group by digest'
const PARTS_OF = `
select p.upload_id, p.number, p.size, p.md5
from upload_part p join upload u on u.drive_id = p.drive_id and u.id = p.upload_id
where u.state = 'open' and (p.drive_id, p.upload_id) in (select value ->> 0, value ->> 1 from json_each(?))
order by p.drive_id, p.upload_id, p.number`
const EXPIRED = 'select count(*) from upload where expires_at <= ?'
const UPLOADS = `
select id from upload where (drive_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`

/**
 * Opens a database file that is there, without writing to it; a server may have it open meanwhile.
 * @throws StorageError when it cannot be opened or has another schema than this program's
 */
export function openSqliteInspection(file: string): Inspection {
  const db = open(file)
  const all = <Row>(sql: string, ...parameters: unknown[]) =>
    db
      .prepare<unknown[], Row>(sql)
      .raw()
      .all(...parameters) as Row[]
  const faultsOf = (check: CheckName, limit: number): FaultRow[] => {
    if (check === 'storage') return damage(db, limit)
    // Each statement may fill the limit: what is beyond it is cut off below.
    return statementsOf(check).flatMap((sql) => firstRows<FaultRow>(db, sql, limit))
  }
  return {
    async counts() {
      const names = all<[string]>(TABLES).map(([name]) => name)
      return new Map(names.map((name) => [name, all<[number]>(countSql(name))[0]![0]]))
    },
    async faults(check, limit) {
      const rows = faultsOf(check, limit).slice(0, limit)
      return rows.map(([drive, about, says]): Fault => ({ check, drive, about, says }))
    },
    blobCount: async () => all<[number]>(CONTENTS)[0]![0],
    blobs: async (after, limit) => all<BlobColumns>(BLOBS, after, limit).map(toBlob),
    blobsOf: async (digests) => all<BlobColumns>(BLOBS_OF, JSON.stringify(digests)).map(toBlob),
    async parts({ upload, number }, limit) {
      return all<PartColumns>(PARTS, driveOfUpload(upload), upload, number, limit).map(toPart)
    },
    partsOf: async (uploads) => all<PartColumns>(PARTS_OF, JSON.stringify(uploads.map(uploadKey))).map(toPart),
    async awaitingSweep(now) {
      const count = (sql: string, ...parameters: number[]) => all<[number]>(sql, ...parameters)[0]![0]
      return { nodes: count(BURIED), uploads: count(EXPIRED, now), blobs: count(UNUSED_CONTENTS) }
    },
    async uploads(ids) {
      return all<[UploadId]>(UPLOADS, JSON.stringify(ids.map(uploadKey))).map(([id]) => id)
    },
    async close() {
      db.close()
    },
  }
}

function statementsOf(check: Exclude<CheckName, 'storage'>): readonly string[] {
  return check === 'search' ? SEARCH : CHECK_STATEMENTS[check]
}

const toBlob = ([digest, size, refs]: BlobColumns): BlobRow => ({ digest, size, refs })
const toPart = ([upload, number, size, md5]: PartColumns): PartRow => ({ upload, number, size, md5 })

function open(file: string): Database {
  let db: Database | undefined
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    db.pragma(`cache_size = -${CACHE_KIB}`)
    db.function('normalize', { deterministic: true }, (text: unknown) => String(text).normalize('NFC'))
    demandSchema(db)
    db.exec('begin')
    // The state is that of the first read, which is now.
    db.prepare('select 1 from migration limit 1').get()
    return db
  } catch (cause) {
    db?.close()
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Stops reading where the limit is reached: a broken database may break a rule a million times. */
function firstRows<Row>(db: Database, sql: string, limit: number): Row[] {
  const rows: Row[] = []
  for (const row of db.prepare<[], Row>(sql).raw().iterate()) {
    rows.push(row as Row)
    if (rows.length >= limit) break
  }
  return rows
}

/** SQLite's own look at its pages, its trees and whether indexes and tables agree. */
function damage(db: Database, limit: number): FaultRow[] {
  const lines = db.pragma(`integrity_check(${Math.max(1, Math.trunc(limit))})`, { simple: false })
  const texts = (lines as { integrity_check: string }[]).map((line) => line.integrity_check)
  return texts.filter((text) => text !== 'ok').map((text) => [0, 'the database file', `is damaged: ${text}`])
}

/** The names come from the schema itself. */
function countSql(table: string): string {
  return `select count(*) from "${table}"`
}
