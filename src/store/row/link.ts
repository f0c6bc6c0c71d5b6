/** Links as rows: their columns, and the way there and back. Both stores keep them so. */
import type { DriveId, Link, LinkId, NodeId, Subject, TenantId } from '../../engine/index.ts'
import { fromJson } from './json.ts'

export type LinkRow = [
  id: LinkId,
  tenant: TenantId,
  drive: DriveId,
  nodes: string,
  inboxes: string,
  name: string,
  description: string,
  password: string,
  actions: number,
  state: Link['state'],
  expiresAt: number,
  creator: Subject,
  createdAt: number,
  updatedAt: number,
  extra: string,
  previewsMax: number,
  downloadsMax: number,
  savesMax: number,
  takingsMax: number,
  accesses: number,
  previews: number,
  downloads: number,
  saves: number,
]

export const LINK_COLUMNS = `id, tenant_id, drive_id, nodes, inboxes, name, description, password, actions, state, expires_at,
  creator, created_at, updated_at, extra, previews_max, downloads_max, saves_max, takings_max,
  accesses, previews, downloads, saves`

export function toLink(row: LinkRow): Link {
  const [id, tenant, drive, nodes, inboxes, name, description, password, actions, state, expiresAt, creator] = row
  const [createdAt, updatedAt, extra] = [row[12], row[13], row[14]]
  return {
    id,
    tenant,
    drive,
    nodes: fromJson<NodeId[]>(nodes),
    inboxes: fromJson<NodeId[]>(inboxes),
    name,
    description,
    password,
    actions,
    state,
    expiresAt,
    limits: { previews: row[15], downloads: row[16], saves: row[17], takings: row[18] },
    counts: { accesses: row[19], previews: row[20], downloads: row[21], saves: row[22] },
    creator,
    createdAt,
    updatedAt,
    extra: fromJson(extra),
  }
}

export function fromLink(link: Link): unknown[] {
  const { limits, counts } = link
  return [
    link.id,
    link.tenant,
    link.drive,
    JSON.stringify(link.nodes),
    JSON.stringify(link.inboxes),
    link.name,
    link.description,
    link.password,
    link.actions,
    link.state,
    link.expiresAt,
    link.creator,
    link.createdAt,
    link.updatedAt,
    JSON.stringify(link.extra),
    ...[limits.previews, limits.downloads, limits.saves, limits.takings],
    ...[counts.accesses, counts.previews, counts.downloads, counts.saves],
  ]
}
