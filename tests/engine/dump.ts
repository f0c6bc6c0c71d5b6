/** What the store really holds of some drives, read past the engine with SQL of our own. */
import Database from 'better-sqlite3'
import type { DriveId, Kind, NodeId, Subject } from '../../src/engine/index.ts'

export interface DumpNode {
  readonly id: NodeId
  readonly drive: DriveId
  readonly born: DriveId
  readonly parent: NodeId | 0
  readonly name: string
  readonly key: string
  readonly twin: number
  readonly kind: Kind
  readonly version: number
  readonly digest: string | null
  readonly size: number | null
  readonly rev: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly creator: Subject
  readonly modifier: Subject
  readonly attributes: string
  readonly versions: { number: number; size: number; digest: string }[]
  readonly grants: { subject: Subject; actions: number; expiresAt: number }[]
  trash: { id: number; parent: NodeId; name: string; path: string; at: number; by: Subject } | null
  readonly children: DumpNode[]
}

export interface Dump {
  readonly byId: ReadonlyMap<NodeId, DumpNode>
  /** What has no parent: roots, trashes and graves. */
  readonly tops: readonly DumpNode[]
}

/** A second, read-only connection to the engine's file. */
export class Inspector {
  readonly db: Database.Database

  constructor(file: string) {
    this.db = new Database(file, { readonly: true })
  }

  rows<Row>(sql: string, ...parameters: unknown[]): Row[] {
    return this.db.prepare<unknown[], Row>(sql).all(...parameters)
  }

  dump(drives: readonly DriveId[]): Dump {
    const among = JSON.stringify(drives)
    const here = 'drive_id in (select value from json_each(?))'
    const nodes = this.rows<Omit<DumpNode, 'versions' | 'grants' | 'trash' | 'children'>>(
      `select id, drive_id as drive, born, parent_id as parent, name, name_key as key, twin, kind, version, digest, size, rev,
         created_at as createdAt, updated_at as updatedAt, creator, modifier, attributes
       from node where ${here} order by id`,
      among,
    ).map((row): DumpNode => ({ ...row, versions: [], grants: [], trash: null, children: [] }))
    const byId = new Map(nodes.map((node) => [node.id, node]))
    for (const { node, ...version } of this.rows<DumpNode['versions'][number] & { node: NodeId }>(
      `select node_id as node, version as number, size, digest from version where ${here} order by version`,
      among,
    )) {
      byId.get(node)?.versions.push(version)
    }
    for (const { node, ...grant } of this.rows<DumpNode['grants'][number] & { node: NodeId }>(
      `select node_id as node, subject, actions, expires_at as expiresAt from node_grant where ${here} order by subject`,
      among,
    )) {
      byId.get(node)?.grants.push(grant)
    }
    for (const { node, ...entry } of this.rows<NonNullable<DumpNode['trash']> & { node: NodeId }>(
      `select node_id as node, id, parent_id as parent, name, path, trashed_at as at, trashed_by as by
       from trash where ${here}`,
      among,
    )) {
      const trashed = byId.get(node)
      if (trashed) trashed.trash = entry
    }
    for (const node of nodes) if (node.parent !== 0) byId.get(node.parent)?.children.push(node)
    return { byId, tops: nodes.filter(({ parent }) => parent === 0) }
  }

  close(): void {
    this.db.close()
  }
}
