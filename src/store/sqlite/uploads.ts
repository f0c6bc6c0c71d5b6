/** Upload sessions, their parts, and the blobs they become. */
import type { ReadTx, Upload, UploadId, WriteTx } from '../../engine/index.ts'
import {
  type BlobRow,
  fromHolding,
  fromPart,
  fromUpload,
  type HoldingRow,
  PART_COLUMNS,
  type PartRow,
  toBlob,
  toHolding,
  toPart,
  toUpload,
  UPLOAD_COLUMNS,
  type UploadRow,
  uploadKey,
} from '../row/upload.ts'
import type { Connection } from './connection.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

export const UPLOADS = `
select ${UPLOAD_COLUMNS} from upload where (drive_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`
/** In the order of the index upload_of_folder. */
export const UPLOAD_PAGE = `
select ${UPLOAD_COLUMNS} from upload
where drive_id = ? and parent_id between ? and ? and (parent_id, id) > (?, ?)
  and state <> 'committed' and revises = 0 and expires_at > ?
order by parent_id, id limit ?`
export const UPLOAD_PARTS = `
select ${PART_COLUMNS} from upload_part
where (drive_id, upload_id) in (select value ->> 0, value ->> 1 from json_each(?))`
const PUT_UPLOADS = `insert or replace into upload (${UPLOAD_COLUMNS}) select ${members(15)} from json_each(?)`
const PUT_UPLOAD_PARTS = `insert or replace into upload_part (${PART_COLUMNS}) select ${members(6)} from json_each(?)`
export const DELETE_UPLOADS = `
delete from upload where (drive_id, id) in (select value ->> 0, value ->> 1 from json_each(?)) returning ${UPLOAD_COLUMNS}`
export const DELETE_UPLOAD_PARTS = `
delete from upload_part where (drive_id, upload_id) in (select value ->> 0, value ->> 1 from json_each(?))`
/** In the order of the index upload_expiry. */
export const EXPIRED_UPLOADS = 'select id from upload where expires_at <= ? order by expires_at limit ?'

export const BLOBS = `
select drive_id, digest, size, md5, sha1, crc64, refs from blob
where (drive_id, digest) in (select value ->> 0, value ->> 1 from json_each(?))`
/** Of all drives, by the index blob_digest. */
export const HELD_CONTENTS = `
select digest from blob where digest in (select value from json_each(?)) group by digest`
/** Relies on the index blob_unused. */
export const TAKE_UNUSED_BLOBS = `
delete from blob where (drive_id, digest) in (
  select drive_id, digest from blob where refs = 0 and touched_at < ? order by touched_at limit ?
) returning digest`

/** Of each pair [[drive, size], …] at most so many, by the index blob_size, whose condition is repeated. */
export const HOLDINGS = `
select h.drive_id, h.digest, h.size, h.head, h.chain
from (select distinct value ->> 0 as drive_id, value ->> 1 as size from json_each(?)) k
cross join json_each((
  select json_group_array(digest) from (
    select digest from blob where drive_id = k.drive_id and size = k.size and size >= 1048576 order by digest limit ?
  )
)) d
cross join blob h on h.drive_id = k.drive_id and h.digest = d.value`
export const FILL_HOLDINGS = `
update blob set
  head = case value ->> 2 when '' then head else value ->> 2 end,
  chain = case value ->> 3 when '' then chain else value ->> 3 end
from json_each(?) where drive_id = value ->> 0 and digest = value ->> 1`

export const uploadQueries: Queries<
  Pick<ReadTx, 'uploads' | 'uploadPage' | 'uploadParts' | 'blobs' | 'heldContents' | 'holdings'> &
    Pick<WriteTx, 'putUploadParts' | 'deleteUploads' | 'expiredUploads' | 'putHoldings' | 'takeUnusedBlobs'>
> = {
  uploads(db, ids) {
    if (ids.length === 0) return []
    return db.all<UploadRow>(UPLOADS, JSON.stringify(ids.map(uploadKey))).map(toUpload)
  },

  uploadPage(db, { drive, folder, after, now, limit }) {
    const [first, last] = folder === null ? [1, Number.MAX_SAFE_INTEGER] : [folder, folder]
    return db
      .all<UploadRow>(UPLOAD_PAGE, drive, first, last, after?.parent ?? 0, after?.id ?? '', now, limit)
      .map(toUpload)
  },

  uploadParts(db, ids) {
    if (ids.length === 0) return []
    return db.all<PartRow>(UPLOAD_PARTS, JSON.stringify(ids.map(uploadKey))).map(toPart)
  },

  putUploadParts(db, rows) {
    if (rows.length > 0) db.run(PUT_UPLOAD_PARTS, JSON.stringify(rows.map(fromPart)))
  },

  deleteUploads(db, ids) {
    if (ids.length === 0) return []
    const set = JSON.stringify(ids.map(uploadKey))
    db.run(DELETE_UPLOAD_PARTS, set)
    return db.all<UploadRow>(DELETE_UPLOADS, set).map(toUpload)
  },

  expiredUploads(db, now, limit) {
    return db.all<[UploadId]>(EXPIRED_UPLOADS, now, limit).map(([id]) => id)
  },

  blobs(db, keys) {
    if (keys.length === 0) return []
    return db.all<BlobRow>(BLOBS, JSON.stringify(keys.map(({ drive, digest }) => [drive, digest]))).map(toBlob)
  },

  heldContents(db, digests) {
    if (digests.length === 0) return []
    return db.all<[string]>(HELD_CONTENTS, JSON.stringify(digests)).map(([digest]) => digest)
  },

  holdings(db, keys, limit) {
    if (keys.length === 0) return []
    const set = JSON.stringify(keys.map(({ drive, size }) => [drive, size]))
    return db.all<HoldingRow>(HOLDINGS, set, limit).map(toHolding)
  },

  putHoldings(db, rows) {
    if (rows.length > 0) db.run(FILL_HOLDINGS, JSON.stringify(rows.map(fromHolding)))
  },

  takeUnusedBlobs(db, before, limit) {
    return db.all<[string]>(TAKE_UNUSED_BLOBS, before, limit).map(([digest]) => digest)
  },
}

/** Inserts uploads or, by id, replaces them. */
export function putUploads(db: Connection, uploads: readonly Upload[]): void {
  if (uploads.length > 0) db.run(PUT_UPLOADS, JSON.stringify(uploads.map(fromUpload)))
}
