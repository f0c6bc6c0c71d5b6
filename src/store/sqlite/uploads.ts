/** Upload sessions, their parts, and the blobs they become. */
import type {
  Content,
  DriveId,
  NodeId,
  ReadTx,
  Subject,
  TenantId,
  Upload,
  UploadId,
  UploadPart,
  WriteTx,
} from '../../engine/index.ts'
import type { Connection } from './connection.ts'
import { fromJson, members } from './json.ts'
import { fromContent, toContent } from './node-row.ts'
import type { Queries } from './transaction.ts'

type UploadRow = [
  id: UploadId,
  tenant: TenantId,
  drive: DriveId,
  parent: NodeId,
  name: string,
  node: NodeId,
  revises: number,
  size: number | null,
  hashes: string,
  state: Upload['state'],
  content: string,
  creator: Subject,
  createdAt: number,
  expiresAt: number,
  data: string,
]

type PartRow = [upload: UploadId, number: number, size: number, md5: string, uploadedAt: number]

type BlobRow = [digest: string, size: number, md5: string, sha1: string, crc64: string, refs: number]

const COLUMNS = `id, tenant_id, drive_id, parent_id, name, node_id, revises, size, hashes, state, content, creator,
  created_at, expires_at, data`
const PART_COLUMNS = 'upload_id, number, size, md5, uploaded_at'

export const UPLOADS = `select ${COLUMNS} from upload where id in (select value from json_each(?))`
export const UPLOAD_PARTS = `
select ${PART_COLUMNS} from upload_part where upload_id in (select value from json_each(?))`
const PUT_UPLOADS = `insert or replace into upload (${COLUMNS}) select ${members(15)} from json_each(?)`
const PUT_UPLOAD_PARTS = `insert or replace into upload_part (${PART_COLUMNS}) select ${members(5)} from json_each(?)`
const DELETE_UPLOADS = `delete from upload where id in (select value from json_each(?)) returning ${COLUMNS}`
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

export const uploadQueries: Queries<
  Pick<ReadTx, 'uploads' | 'uploadParts' | 'blobs'> &
    Pick<WriteTx, 'putUploadParts' | 'deleteUploads' | 'expiredUploads' | 'addBlobs' | 'takeUnusedBlobs'>
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

  addBlobs(db, contents, at) {
    if (contents.length > 0) db.run(ADD_BLOBS, at, JSON.stringify(contents.map(fromContent)))
  },

  takeUnusedBlobs(db, before, limit) {
    return db.all<[string]>(TAKE_UNUSED_BLOBS, before, limit).map(([digest]) => digest)
  },
}

/** Inserts uploads or, by id, replaces them. */
export function putUploads(db: Connection, uploads: readonly Upload[]): void {
  if (uploads.length > 0) db.run(PUT_UPLOADS, JSON.stringify(uploads.map(fromUpload)))
}

function toUpload(row: UploadRow): Upload {
  const [id, tenant, drive, parent, name, node, revises, size, hashes, state, content, creator] = row
  return {
    id,
    tenant,
    drive,
    parent,
    name,
    node,
    revises: revises === 1,
    size,
    hashes: fromJson(hashes),
    state,
    content: toSealed(content),
    creator,
    createdAt: row[12],
    expiresAt: row[13],
    data: fromJson(row[14]),
  }
}

function fromUpload(upload: Upload): unknown[] {
  return [
    upload.id,
    upload.tenant,
    upload.drive,
    upload.parent,
    upload.name,
    upload.node,
    upload.revises ? 1 : 0,
    upload.size,
    JSON.stringify(upload.hashes),
    upload.state,
    JSON.stringify(upload.content && fromContent(upload.content)),
    upload.creator,
    upload.createdAt,
    upload.expiresAt,
    JSON.stringify(upload.data),
  ]
}

/** An open upload has no bytes yet: the column then holds `null`. */
function toSealed(text: string): Content | null {
  const content = fromJson<Parameters<typeof toContent> | null>(text)
  return content && toContent(...content)
}

function fromPart({ upload, number, size, md5, uploadedAt }: UploadPart): unknown[] {
  return [upload, number, size, md5, uploadedAt]
}
