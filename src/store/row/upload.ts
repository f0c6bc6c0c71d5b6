/** Upload sessions, their parts, and blobs as rows. */
import type {
  Content,
  DriveId,
  Holding,
  NodeId,
  Subject,
  TenantId,
  Upload,
  UploadId,
  UploadPart,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'
import { fromContent, toContent } from './node.ts'

export const UPLOAD_COLUMNS = `id, tenant_id, drive_id, parent_id, name, node_id, revises, size, hashes, state, content, creator,
  created_at, expires_at, data`

export const PART_COLUMNS = 'upload_id, number, size, md5, uploaded_at'

export type UploadRow = [
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

export type PartRow = [upload: UploadId, number: number, size: number, md5: string, uploadedAt: number]

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

export function fromUpload(upload: Upload): unknown[] {
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

export function fromPart({ upload, number, size, md5, uploadedAt }: UploadPart): unknown[] {
  return [upload, number, size, md5, uploadedAt]
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
