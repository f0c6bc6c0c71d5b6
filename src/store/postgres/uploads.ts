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
import type { Session } from './session.ts'
import { columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

export const UPLOADS = `select ${UPLOAD_COLUMNS} from upload where id = any($1::text[])`
/** For who means to go on with them: of two commits of one upload the second must see the first. */
export const UPLOADS_LOCKED = `${UPLOADS} order by id for update`
export const UPLOAD_PARTS = `select ${PART_COLUMNS} from upload_part where upload_id = any($1::text[])`
export const PUT_UPLOADS = `
insert into upload (${UPLOAD_COLUMNS}) select * from ${unnest('ttnntnnnttttnnt')}
on conflict (id) do update set
  tenant_id = excluded.tenant_id, drive_id = excluded.drive_id, parent_id = excluded.parent_id, name = excluded.name,
  node_id = excluded.node_id, revises = excluded.revises, size = excluded.size, hashes = excluded.hashes,
  state = excluded.state, content = excluded.content, creator = excluded.creator, created_at = excluded.created_at,
  expires_at = excluded.expires_at, data = excluded.data`
export const PUT_UPLOAD_PARTS = `
insert into upload_part (${PART_COLUMNS}) select * from ${unnest('tnntn')}
on conflict (upload_id, number) do update set
  size = excluded.size, md5 = excluded.md5, uploaded_at = excluded.uploaded_at`
export const DELETE_UPLOADS = `delete from upload where id = any($1::text[]) returning ${UPLOAD_COLUMNS}`
export const DELETE_UPLOAD_PARTS = 'delete from upload_part where upload_id = any($1::text[])'
/** In the order of the index upload_expiry. */
export const EXPIRED_UPLOADS = 'select id from upload where expires_at <= $1 order by expires_at limit $2'

export const BLOBS = 'select digest, size, md5, sha1, crc64, refs from blob where digest = any($1::text[])'
/** For who means to refer to them: the sweep leaves them alone meanwhile. */
export const BLOBS_LOCKED = `${BLOBS} order by digest for update`
export const ADD_BLOBS = `
insert into blob (digest, size, md5, sha1, crc64, refs, touched_at)
select k.*, 0, $6 from ${unnest('tnttt')} k
on conflict (digest) do update set touched_at = greatest(blob.touched_at, excluded.touched_at)`
/** Relies on the index blob_unused. Asked twice, for a row may have found a use while it was waited for. */
export const TAKE_UNUSED_BLOBS = `
delete from blob where digest in (
  select digest from blob where refs = 0 and touched_at < $1 order by touched_at limit $2
) and refs = 0 and touched_at < $1
returning digest`

/** Of each pair at most so many, by the index holding_size. */
export const HOLDINGS = `
select h.tenant_id, h.digest, h.size, h.head, h.chain
from (select distinct * from ${unnest('tn')}) k (tenant_id, size)
cross join lateral (
  select * from holding where tenant_id = k.tenant_id and size = k.size order by digest limit $3
) h`
export const PUT_HOLDINGS = `
insert into holding (tenant_id, digest, size, head, chain) select * from ${unnest('ttntt')}
on conflict (digest, tenant_id) do update set
  head = case excluded.head when '' then holding.head else excluded.head end,
  chain = case excluded.chain when '' then holding.chain else excluded.chain end`
export const DELETE_HOLDINGS = 'delete from holding where digest = any($1::text[])'

export const uploadQueries: Queries<
  Pick<ReadTx, 'uploads' | 'uploadParts' | 'blobs' | 'holdings'> &
    Pick<
      WriteTx,
      'putUploadParts' | 'deleteUploads' | 'expiredUploads' | 'addBlobs' | 'putHoldings' | 'takeUnusedBlobs'
    >
> = {
  async uploads(db, ids) {
    if (ids.length === 0) return []
    return (await db.all<UploadRow>(db.writing ? UPLOADS_LOCKED : UPLOADS, ids)).map(toUpload)
  },

  async uploadParts(db, ids) {
    if (ids.length === 0) return []
    const rows = await db.all<PartRow>(UPLOAD_PARTS, ids)
    return rows.map(([upload, number, size, md5, uploadedAt]) => ({ upload, number, size, md5, uploadedAt }))
  },

  async putUploadParts(db, rows) {
    if (rows.length === 0) return
    const each = latest(rows, ({ upload, number }) => `${upload} ${number}`)
    await db.run(PUT_UPLOAD_PARTS, ...columns(each.map(fromPart), 5))
  },

  async deleteUploads(db, ids) {
    if (ids.length === 0) return []
    const [rows] = await Promise.all([db.all<UploadRow>(DELETE_UPLOADS, ids), db.run(DELETE_UPLOAD_PARTS, ids)])
    return rows.map(toUpload)
  },

  async expiredUploads(db, now, limit) {
    return (await db.all<[UploadId]>(EXPIRED_UPLOADS, now, limit)).map(([id]) => id)
  },

  async blobs(db, digests) {
    if (digests.length === 0) return []
    const rows = await db.all<BlobRow>(db.writing ? BLOBS_LOCKED : BLOBS, digests)
    return rows.map(([digest, size, md5, sha1, crc64, refs]) => ({ digest, size, md5, sha1, crc64, refs }))
  },

  async holdings(db, keys, limit) {
    if (keys.length === 0) return []
    const pairs = keys.map(({ tenant, size }) => [tenant, size])
    return (await db.all<HoldingRow>(HOLDINGS, ...columns(pairs, 2), limit)).map(toHolding)
  },

  async putHoldings(db, rows) {
    if (rows.length === 0) return
    const each = latest(rows, ({ tenant, digest }) => `${digest} ${tenant}`)
    // In one order, in which everybody takes them.
    const sorted = each.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
    await db.run(PUT_HOLDINGS, ...columns(sorted.map(fromHolding), 5))
  },

  async addBlobs(db, contents, at) {
    if (contents.length === 0) return
    // In the order of their digests, in which everybody takes them.
    const each = latest(contents, ({ digest }) => digest).sort((a, b) => (a.digest < b.digest ? -1 : 1))
    await db.run(ADD_BLOBS, ...columns(each.map(fromContent), 5), at)
  },

  async takeUnusedBlobs(db, before, limit) {
    const digests = (await db.all<[string]>(TAKE_UNUSED_BLOBS, before, limit)).map(([digest]) => digest)
    if (digests.length > 0) await db.run(DELETE_HOLDINGS, digests)
    return digests
  },
}

/** Inserts uploads or, by id, replaces them. */
export function putUploads(db: Session, uploads: readonly Upload[]): Promise<unknown> {
  if (uploads.length === 0) return Promise.resolve()
  return db.run(PUT_UPLOADS, ...columns(latest(uploads, ({ id }) => id).map(fromUpload), 15))
}
