/** Upload sessions, their parts, and blobs as rows. */
import {
  type Content,
  type DriveId,
  driveOfUpload,
  type Holding,
  type NodeId,
  type Subject,
  type TenantId,
  type Upload,
  type UploadId,
  type UploadPart,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'
import { fromContent, toContent } from './node.ts'

export const UPLOAD_COLUMNS = `drive_id, id, tenant_id, parent_id, name, node_id, revises, size, hashes, state, content, creator,
  created_at, expires_at, data`

export const PART_COLUMNS = 'drive_id, upload_id, number, size, md5, uploaded_at'

export type UploadRow = [
  drive: DriveId,
  id: UploadId,
  tenant: TenantId,
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

export type PartRow = [drive: DriveId, upload: UploadId, number: number, size: number, md5: string, uploadedAt: number]

export type BlobRow = [
  drive: DriveId,
  digest: string,
  size: number,
  md5: string,
  sha1: string,
  crc64: string,
  refs: number,
]

export function toUpload(row: UploadRow): Upload {
  const [drive, id, tenant, parent, name, node, revises, size, hashes, state, content, creator] = row
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

export function fromUpload(upload: Upload): unknown[] {
  return [
    upload.drive,
    upload.id,
    upload.tenant,
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

/** What rows of uploads and their parts are sought by. */
export function uploadKey(id: UploadId): [DriveId, UploadId] {
  return [driveOfUpload(id), id]
}

export function toPart([, upload, number, size, md5, uploadedAt]: PartRow): UploadPart {
  return { upload, number, size, md5, uploadedAt }
}

export function fromPart({ upload, number, size, md5, uploadedAt }: UploadPart): unknown[] {
  return [...uploadKey(upload), number, size, md5, uploadedAt]
}

export function toBlob([drive, digest, size, md5, sha1, crc64, refs]: BlobRow) {
  return { drive, ...toContent(digest, size, md5, sha1, crc64), refs }
}

export type HoldingRow = [drive: DriveId, digest: string, size: number, head: string, chain: string]

export function toHolding([drive, digest, size, head, chain]: HoldingRow): Holding {
  return { drive, digest, size, head, chain }
}

export function fromHolding({ drive, digest, head, chain }: Holding): [DriveId, string, string, string] {
  return [drive, digest, head, chain]
}
