/** Upload sessions, their parts, and the blobs they become. */
import type { ReadTx, Upload, UploadId, WriteTx } from '../../engine/index.ts'
import { fromContent } from '../row/node.ts'
import {
  type BlobRow,
  fromHolding,
  fromPart,
  fromUpload,
  type HoldingRow,
  PART_COLUMNS,
  type PartRow,
  toHolding,
  toUpload,
  UPLOAD_COLUMNS,
  type UploadRow,
} from '../row/upload.ts'
import type { Connection } from './connection.ts'
import { members } from './json.ts'
import type { Queries } from './transaction.ts'

export const UPLOADS = `select ${UPLOAD_COLUMNS} from upload where id in (select value from json_each(?))`
export const UPLOAD_PARTS = `
select ${PART_COLUMNS} from upload_part where upload_id in (select value from json_each(?))`
const PUT_UPLOADS = `insert or replace into upload (${UPLOAD_COLUMNS}) select ${members(15)} from json_each(?)`
const PUT_UPLOAD_PARTS = `insert or replace into upload_part (${PART_COLUMNS}) select ${members(5)} from json_each(?)`
const DELETE_UPLOADS = `delete from upload where id in (select value from json_each(?)) returning ${UPLOAD_COLUMNS}`
const DELETE_UPLOAD_PARTS = 'delete from upload_part where upload_id in (select value from json_each(?))'
/** In the order of the index upload_expiry. */
export const EXPIRED_UPLOADS = 'select id from upload where expires_at <= ? order by expires_at limit ?'

export const BLOBS = `
select digest, size, md5, sha1, crc64, refs from blob where digest in (select value from json_each(?))`
const ADD_BLOBS = `
insert into blob (digest, size, md5, sha1, crc64, refs, touched_at)
select ${members(5)}, 0, ? from json_each(?) where true
on conflict (digest) do update set touched_at = max(touched_at, excluded.touched_at)`
/** Relies on the index blob_unused. */
export const TAKE_UNUSED_BLOBS = `
delete from blob where digest in (
  select digest from blob where refs = 0 and touched_at < ? order by touched_at limit ?
) returning digest`

/** Of each pair [[tenant, size], …] at most so many, by the index holding_size. */
export const HOLDINGS = `
select h.tenant_id, h.digest, h.size, h.head, h.chain
from (select distinct value ->> 0 as tenant_id, value ->> 1 as size from json_each(?)) k
cross join json_each((
  select json_group_array(digest) from (
    select digest from holding where tenant_id = k.tenant_id and size = k.size order by digest limit ?
  )
)) d
cross join holding h on h.digest = d.value and h.tenant_id = k.tenant_id`
const PUT_HOLDINGS = `
insert into holding (tenant_id, digest, size, head, chain) select ${members(5)} from json_each(?) where true
on conflict (digest, tenant_id) do update set
  head = case excluded.head when '' then head else excluded.head end,
  chain = case excluded.chain when '' then chain else excluded.chain end`
export const DELETE_HOLDINGS = 'delete from holding where digest in (select value from json_each(?))'

export const uploadQueries: Queries<
  Pick<ReadTx, 'uploads' | 'uploadParts' | 'blobs' | 'holdings'> &
    Pick<
      WriteTx,
      'putUploadParts' | 'deleteUploads' | 'expiredUploads' | 'addBlobs' | 'putHoldings' | 'takeUnusedBlobs'
    >
> = {
  uploads(db, ids) {
    if (ids.length === 0) return []
    return db.all<UploadRow>(UPLOADS, JSON.stringify(ids)).map(toUpload)
  },

  uploadParts(db, ids) {
    if (ids.length === 0) return []
    const rows = db.all<PartRow>(UPLOAD_PARTS, JSON.stringify(ids))
    return rows.map(([upload, number, size, md5, uploadedAt]) => ({ upload, number, size, md5, uploadedAt }))
  },

  putUploadParts(db, rows) {
    if (rows.length > 0) db.run(PUT_UPLOAD_PARTS, JSON.stringify(rows.map(fromPart)))
  },

  deleteUploads(db, ids) {
    if (ids.length === 0) return []
    const set = JSON.stringify(ids)
    db.run(DELETE_UPLOAD_PARTS, set)
    return db.all<UploadRow>(DELETE_UPLOADS, set).map(toUpload)
  },

  expiredUploads(db, now, limit) {
    return db.all<[UploadId]>(EXPIRED_UPLOADS, now, limit).map(([id]) => id)
  },

  blobs(db, digests) {
    if (digests.length === 0) return []
    const rows = db.all<BlobRow>(BLOBS, JSON.stringify(digests))
    return rows.map(([digest, size, md5, sha1, crc64, refs]) => ({ digest, size, md5, sha1, crc64, refs }))
  },

  holdings(db, keys, limit) {
    if (keys.length === 0) return []
    const set = JSON.stringify(keys.map(({ tenant, size }) => [tenant, size]))
    return db.all<HoldingRow>(HOLDINGS, set, limit).map(toHolding)
  },

  putHoldings(db, rows) {
    if (rows.length > 0) db.run(PUT_HOLDINGS, JSON.stringify(rows.map(fromHolding)))
  },

  addBlobs(db, contents, at) {
    if (contents.length > 0) db.run(ADD_BLOBS, at, JSON.stringify(contents.map(fromContent)))
  },

  takeUnusedBlobs(db, before, limit) {
    const digests = db.all<[string]>(TAKE_UNUSED_BLOBS, before, limit).map(([digest]) => digest)
    if (digests.length > 0) db.run(DELETE_HOLDINGS, JSON.stringify(digests))
    return digests
  },
}

/** Inserts uploads or, by id, replaces them. */
export function putUploads(db: Connection, uploads: readonly Upload[]): void {
  if (uploads.length > 0) db.run(PUT_UPLOADS, JSON.stringify(uploads.map(fromUpload)))
}
