/** Upload sessions, their parts, and the blobs they become. */
import {
  type DriveId,
  driveOfUpload,
  type ReadTx,
  type Upload,
  type UploadId,
  type WriteTx,
} from '../../engine/index.ts'
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
import type { Session } from './session.ts'
import { byDrive, columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

/** Of one drive. */
export const UPLOADS = `select ${UPLOAD_COLUMNS} from upload where drive_id = $1 and id = any($2::text[])`
/** For who means to go on with them: of two commits of one upload the second must see the first. */
export const UPLOADS_LOCKED = `${UPLOADS} order by id for update`
/** In the order of the index upload_of_folder. */
export const UPLOAD_PAGE = `
select ${UPLOAD_COLUMNS} from upload
where drive_id = $1 and parent_id between $2 and $3 and (parent_id, id) > ($4, $5)
  and state <> 'committed' and revises = 0 and expires_at > $6
order by parent_id, id limit $7`
export const UPLOAD_PARTS = `
select ${PART_COLUMNS} from upload_part where drive_id = $1 and upload_id = any($2::text[])`
export const PUT_UPLOADS = `
insert into upload (${UPLOAD_COLUMNS}) select * from ${unnest('nttntnnnttttnnt')}
on conflict (drive_id, id) do update set
  tenant_id = excluded.tenant_id, parent_id = excluded.parent_id, name = excluded.name,
  node_id = excluded.node_id, revises = excluded.revises, size = excluded.size, hashes = excluded.hashes,
  state = excluded.state, content = excluded.content, creator = excluded.creator, created_at = excluded.created_at,
  expires_at = excluded.expires_at, data = excluded.data`
export const PUT_UPLOAD_PARTS = `
insert into upload_part (${PART_COLUMNS}) select * from ${unnest('ntnntn')}
on conflict (drive_id, upload_id, number) do update set
  size = excluded.size, md5 = excluded.md5, uploaded_at = excluded.uploaded_at`
export const DELETE_UPLOADS = `
delete from upload where (drive_id, id) in (select * from ${unnest('nt')}) returning ${UPLOAD_COLUMNS}`
export const DELETE_UPLOAD_PARTS = `delete from upload_part where (drive_id, upload_id) in (select * from ${unnest('nt')})`
/** Of all drives, in the order of the index upload_expiry. */
export const EXPIRED_UPLOADS = 'select id from upload where expires_at <= $1 order by expires_at limit $2'

export const BLOBS = `
select b.drive_id, b.digest, b.size, b.md5, b.sha1, b.crc64, b.refs
from ${unnest('nt')} k (drive_id, digest) join blob b on b.drive_id = k.drive_id and b.digest = k.digest`
/** Of all drives, by the index blob_digest. */
export const HELD_CONTENTS = 'select digest from blob where digest = any($1::text[]) group by digest'
/** Of all drives, by the index blob_unused. */
export const UNUSED_BLOBS = `
select drive_id, digest from blob where refs = 0 and touched_at < $1 order by touched_at limit $2`
/** Asked again, for a row may have found a use while it was waited for. */
export const TAKE_BLOBS = `
delete from blob b using ${unnest('nt')} k (drive_id, digest)
where b.drive_id = k.drive_id and b.digest = k.digest and b.refs = 0 and b.touched_at < $3
returning b.digest`

/** Of each pair at most so many, by the index blob_size, whose condition is repeated. */
export const HOLDINGS = `
select h.drive_id, h.digest, h.size, h.head, h.chain
from (select distinct * from ${unnest('nn')}) k (drive_id, size)
cross join lateral (
  select * from blob b
  where b.drive_id = k.drive_id and b.size = k.size and b.size >= 1048576 order by b.digest limit $3
) h`
export const FILL_HOLDINGS = `
update blob b set
  head = case k.head when '' then b.head else k.head end, chain = case k.chain when '' then b.chain else k.chain end
from ${unnest('nttt')} k (drive_id, digest, head, chain) where b.drive_id = k.drive_id and b.digest = k.digest`

export const uploadQueries: Queries<
  Pick<ReadTx, 'uploads' | 'uploadPage' | 'uploadParts' | 'blobs' | 'heldContents' | 'holdings'> &
    Pick<WriteTx, 'putUploadParts' | 'deleteUploads' | 'expiredUploads' | 'putHoldings' | 'takeUnusedBlobs'>
> = {
  async uploads(db, ids) {
    if (ids.length === 0) return []
    const found = await uploadsByDrive(ids, (drive, own) =>
      db.all<UploadRow>(db.writing ? UPLOADS_LOCKED : UPLOADS, drive, own),
    )
    return found.map(toUpload)
  },

  async uploadPage(db, { drive, folder, after, now, limit }) {
    const [first, last] = folder === null ? [1, Number.MAX_SAFE_INTEGER] : [folder, folder]
    const place = [after?.parent ?? 0, after?.id ?? '']
    return (await db.all<UploadRow>(UPLOAD_PAGE, drive, first, last, ...place, now, limit)).map(toUpload)
  },

  async uploadParts(db, ids) {
    if (ids.length === 0) return []
    return (await uploadsByDrive(ids, (drive, own) => db.all<PartRow>(UPLOAD_PARTS, drive, own))).map(toPart)
  },

  async putUploadParts(db, rows) {
    if (rows.length === 0) return
    const each = latest(rows, ({ upload, number }) => `${upload} ${number}`)
    await db.run(PUT_UPLOAD_PARTS, ...columns(each.map(fromPart), 6))
  },

  async deleteUploads(db, ids) {
    if (ids.length === 0) return []
    const keys = columns(ids.map(uploadKey), 2)
    const [rows] = await Promise.all([db.all<UploadRow>(DELETE_UPLOADS, ...keys), db.run(DELETE_UPLOAD_PARTS, ...keys)])
    return rows.map(toUpload)
  },

  async expiredUploads(db, now, limit) {
    return (await db.all<[UploadId]>(EXPIRED_UPLOADS, now, limit)).map(([id]) => id)
  },

  async blobs(db, keys) {
    if (keys.length === 0) return []
    const pairs = latest(keys, ({ drive, digest }) => `${drive} ${digest}`).map(({ drive, digest }) => [drive, digest])
    return (await db.all<BlobRow>(BLOBS, ...columns(pairs, 2))).map(toBlob)
  },

  async heldContents(db, digests) {
    if (digests.length === 0) return []
    return (await db.all<[string]>(HELD_CONTENTS, digests)).map(([digest]) => digest)
  },

  async holdings(db, keys, limit) {
    if (keys.length === 0) return []
    const pairs = keys.map(({ drive, size }) => [drive, size])
    return (await db.all<HoldingRow>(HOLDINGS, ...columns(pairs, 2), limit)).map(toHolding)
  },

  async putHoldings(db, rows) {
    if (rows.length === 0) return
    const each = latest(rows, ({ drive, digest }) => `${drive} ${digest}`)
    await db.run(FILL_HOLDINGS, ...columns(each.map(fromHolding), 4))
  },

  async takeUnusedBlobs(db, before, limit) {
    const unused = await db.all<[DriveId, string]>(UNUSED_BLOBS, before, limit)
    if (unused.length === 0) return []
    return (await db.all<[string]>(TAKE_BLOBS, ...columns(unused, 2), before)).map(([digest]) => digest)
  },
}

/** As `byDrive`, in the order of ids: everybody locks them in the same order. */
function uploadsByDrive<Row>(ids: readonly UploadId[], ask: (drive: DriveId, own: UploadId[]) => Promise<Row[]>) {
  const keys = ids.toSorted().map((id) => ({ drive: driveOfUpload(id), id }))
  return byDrive(keys, (drive, own) =>
    ask(
      drive,
      own.map(({ id }) => id),
    ),
  )
}

/** Inserts uploads or, by id, replaces them. */
export function putUploads(db: Session, uploads: readonly Upload[]): Promise<unknown> {
  if (uploads.length === 0) return Promise.resolve()
  return db.run(PUT_UPLOADS, ...columns(latest(uploads, ({ id }) => id).map(fromUpload), 15))
}
