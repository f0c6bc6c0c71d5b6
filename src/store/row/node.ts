/** A node as a row: its columns, and the way there and back. */
import type { Content, DriveId, Kind, Node, NodeId, Outline, Subject } from '../../engine/index.ts'
import { fromJson } from './json.ts'

/** The columns of NodeRow, of a node table called `n`. */
export const NODE_COLUMNS = `n.drive_id, n.id, n.parent_id, n.name, n.name_key, n.twin, n.kind, n.version,
  n.digest, n.size, n.md5, n.sha1, n.crc64,
  n.born, n.rev, n.created_at, n.updated_at, n.creator, n.modifier, n.attributes`

type ContentRow = [digest: string | null, size: number, md5: string, sha1: string, crc64: string]

export type NodeRow = [
  drive: DriveId,
  id: NodeId,
  parent: NodeId,
  name: string,
  key: string,
  twin: number,
  kind: Kind,
  version: number,
  ...content: ContentRow,
  born: DriveId,
  rev: number,
  createdAt: number,
  updatedAt: number,
  creator: Subject,
  modifier: Subject,
  attributes: string,
]

export function toNode(row: NodeRow): Node {
  return {
    drive: row[0],
    id: row[1],
    parent: row[2],
    name: row[3],
    key: row[4],
    twin: row[5],
    kind: row[6],
    content: row[8] === null ? null : toContent(row[8], row[9], row[10], row[11], row[12]),
    version: row[7],
    born: row[13],
    rev: row[14],
    createdAt: row[15],
    updatedAt: row[16],
    creator: row[17],
    modifier: row[18],
    attributes: fromJson(row[19]),
  }
}

/** The columns of OutlineRow, of a node table called `n`. */
export const OUTLINE_COLUMNS =
  'n.drive_id, n.id, n.parent_id, n.name, n.name_key, n.kind, n.size, n.created_at, n.updated_at'

type OutlineRow = [
  drive: DriveId,
  id: NodeId,
  parent: NodeId,
  name: string,
  key: string,
  kind: Kind,
  size: number | null,
  createdAt: number,
  updatedAt: number,
]

function toOutline(row: OutlineRow): Outline {
  return {
    drive: row[0],
    id: row[1],
    parent: row[2],
    name: row[3],
    key: row[4],
    kind: row[5],
    content: row[6] === null ? null : { size: row[6] },
    createdAt: row[7],
    updatedAt: row[8],
  }
}

/** What to select of nodes that are read whole, or only outlined. */
export function columnsOf(inFull: boolean): string {
  return inFull ? NODE_COLUMNS : OUTLINE_COLUMNS
}

/** Rows of these columns. */
export function toOutlines(rows: readonly unknown[][], inFull: boolean): Outline[] {
  return inFull ? rows.map((row) => toNode(row as NodeRow)) : rows.map((row) => toOutline(row as OutlineRow))
}

/** The node's values in the order of NODE_COLUMNS. */
export function fromNode(node: Node): unknown[] {
  return [
    node.drive,
    node.id,
    node.parent,
    node.name,
    node.key,
    node.twin,
    node.kind,
    node.version,
    ...fromContent(node.content),
    node.born,
    node.rev,
    node.createdAt,
    node.updatedAt,
    node.creator,
    node.modifier,
    JSON.stringify(node.attributes),
  ]
}

export function toContent(digest: string, size: number, md5: string, sha1: string, crc64: string): Content {
  return { digest, size, md5, sha1, crc64 }
}

/** digest, size, md5, sha1, crc64; five nulls for no content. */
export function fromContent(content: Content | null): unknown[] {
  if (!content) return [null, null, null, null, null]
  return [content.digest, content.size, content.md5, content.sha1, content.crc64]
}
