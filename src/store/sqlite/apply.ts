/** Writes what a batch changes: one statement, or a fixed handful, for each kind of change. */
import { type Change, type Changes, type Node, type NodeId, StorageError } from '../../engine/index.ts'
import { countedRefs, leaderOf, placement, summed } from '../row/changes.ts'
import { fromChange } from '../row/history.ts'
import { fromContent, fromNode } from '../row/node.ts'
import type { Connection } from './connection.ts'
import { keysJson, members } from './json.ts'
import { applyTasks } from './tasks.ts'
import { putUploads } from './uploads.ts'

/** Each row gets a twin of its own, so that the whole set lets go of its names at once. */
export const VACATE = `
update node set twin = -id where (drive_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`

/** Notes the drives in whose graves nodes were put. Relies on the index drive_grave. */
export const NOTE_BURIALS = `
insert or ignore into burial (drive_id) select id from drive where grave in (select value from json_each(?))`

/**
 * Forwarding rows that lead to where the nodes are. A row that leads home is there only while a task carries a node back to its
 * drive of birth; it goes with the node's other rows.
 */
export const DELETE_FORWARDS = `
delete from forward where (drive_id, node_id, to_drive) in (
  select n.born, n.id, iif(w.value, n.born, n.drive_id)
  from json_each(?) k cross join node n on n.drive_id = k.value ->> 0 and n.id = k.value ->> 1
  cross join json_each('[0, 1]') w
)`
/** A node that is also in another drive, because it is just being carried there, is still found. */
export const DELETE_TERMS = `
delete from node_term where rowid in (
  select n.id from json_each(?) cross join node n on n.drive_id = value ->> 0 and n.id = value ->> 1
  where not exists (
    select 1 from node o where o.drive_id = n.born and o.id = n.id and n.born <> n.drive_id
  ) and not exists (
    select 1 from forward f cross join node o on o.drive_id = f.to_drive and o.id = f.node_id
    where f.drive_id = n.born and f.node_id = n.id and f.to_drive <> n.drive_id
  )
)`
export const PUT_TERMS = `
insert or replace into node_term (rowid, terms) select value ->> 0, value ->> 1 from json_each(?)`
export const DELETE_NODES = `
delete from node where (drive_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`
export const DELETE_NODE_VERSIONS = `
delete from version where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`
export const DELETE_NODE_GRANTS = `
delete from node_grant where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`

// The sets of a rehoming are [[from, id, to], …].
export const REHOME_NODES = `
update node set drive_id = value ->> 2 from json_each(?) where node.drive_id = value ->> 0 and node.id = value ->> 1`
export const REHOME_VERSIONS = `
update version set drive_id = value ->> 2 from json_each(?) where drive_id = value ->> 0 and node_id = value ->> 1`
export const REHOME_GRANTS = `
update node_grant set drive_id = value ->> 2 from json_each(?) where drive_id = value ->> 0 and node_id = value ->> 1`
/** Whatever led to where the nodes were. */
export const DROP_FORWARDS = `
delete from forward where (drive_id, node_id) in (
  select n.born, n.id from json_each(?) cross join node n on n.drive_id = value ->> 2 and n.id = value ->> 1
)`
/** A node that lives where it was born has no forwarding row. */
export const PUT_FORWARDS = `
insert or replace into forward (drive_id, node_id, to_drive, haul_id)
select n.born, n.id, n.drive_id, 0
from json_each(?) cross join node n on n.drive_id = value ->> 2 and n.id = value ->> 1
where n.born <> n.drive_id`

// The sets of a staging are [[from, id, to, haul], …].
const STAGE_NODES = `
insert into node (drive_id, id, parent_id, name, name_key, twin, kind, version, digest, size, md5, sha1, crc64,
  born, rev, created_at, updated_at, creator, modifier, attributes)
select value ->> 2, n.id, n.parent_id, n.name, n.name_key, n.twin, n.kind, n.version, n.digest, n.size, n.md5, n.sha1, n.crc64,
  n.born, n.rev, n.created_at, n.updated_at, n.creator, n.modifier, n.attributes
from json_each(?) cross join node n on n.drive_id = value ->> 0 and n.id = value ->> 1`
const STAGE_VERSIONS = `
insert into version (drive_id, node_id, version, created_at, creator, keep, description, expires_at, revert_of, digest, size, md5, sha1,
  crc64)
select value ->> 2, v.node_id, v.version, v.created_at, v.creator, v.keep, v.description, v.expires_at, v.revert_of, v.digest, v.size, v.md5,
  v.sha1, v.crc64
from json_each(?) cross join version v on v.drive_id = value ->> 0 and v.node_id = value ->> 1`
const STAGE_GRANTS = `
insert into node_grant (drive_id, node_id, subject, actions, role, expires_at, created_at, creator, tenant_id)
select value ->> 2, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator, g.tenant_id
from json_each(?) cross join node_grant g on g.drive_id = value ->> 0 and g.node_id = value ->> 1`
const STAGE_FORWARDS = `
insert or replace into forward (drive_id, node_id, to_drive, haul_id)
select n.born, n.id, value ->> 2, value ->> 3
from json_each(?) cross join node n on n.drive_id = value ->> 0 and n.id = value ->> 1`
const BEGIN_HAULS = 'insert or ignore into haul (id) select value from json_each(?)'
export const END_HAULS = 'delete from haul where id in (select value from json_each(?))'

const INSERT_NODES = `
insert into node (drive_id, id, parent_id, name, name_key, twin, kind, version, digest, size, md5, sha1, crc64,
  born, rev, created_at, updated_at, creator, modifier, attributes)
select ${members(20)} from json_each(?)`
export const PLACE_NODES = `
update node set parent_id = value ->> 2, name = value ->> 3, name_key = value ->> 4, twin = value ->> 5,
  rev = value ->> 6, updated_at = value ->> 7, modifier = value ->> 8
from json_each(?) where node.drive_id = value ->> 0 and node.id = value ->> 1`
/** Of nodes that change nothing but their folder. */
export const MOVE_NODES = `
update node set parent_id = ?, rev = rev + 1, updated_at = ?, modifier = ?
where drive_id = ? and id in (select value from json_each(?))`
export const UPDATE_NODES = `
update node set parent_id = value ->> 2, name = value ->> 3, name_key = value ->> 4, twin = value ->> 5,
  rev = value ->> 6, updated_at = value ->> 7, modifier = value ->> 8, attributes = value ->> 9, version = value ->> 10,
  digest = value ->> 11, size = value ->> 12, md5 = value ->> 13, sha1 = value ->> 14, crc64 = value ->> 15
from json_each(?) where node.drive_id = value ->> 0 and node.id = value ->> 1`

const INSERT_VERSIONS = `
insert into version (drive_id, node_id, version, created_at, creator, keep, description, expires_at, revert_of, digest, size, md5, sha1,
  crc64)
select ${members(14)} from json_each(?)`
export const UPDATE_VERSIONS = `
update version set keep = value ->> 3, description = value ->> 4, expires_at = value ->> 5 from json_each(?)
where drive_id = value ->> 0 and node_id = value ->> 1 and version = value ->> 2`
export const DELETE_VERSIONS = `
delete from version where (drive_id, node_id, version) in (select ${members(3)} from json_each(?))`
/** What a drive refers to for the first time it holds from now on. */
const GAIN_REFS = `
insert into blob (drive_id, digest, size, md5, sha1, crc64, refs, touched_at, head, chain)
select ${members(8)}, '', '' from json_each(?) where true
on conflict (drive_id, digest) do update set
  refs = refs + excluded.refs, touched_at = max(touched_at, excluded.touched_at)`
export const LOSE_REFS = `
update blob set refs = refs + (value ->> 2), touched_at = max(touched_at, value ->> 3)
from json_each(?) where drive_id = value ->> 0 and digest = value ->> 1`

const INSERT_TRASH = `
insert into trash (drive_id, node_id, id, parent_id, name, path, trashed_at, trashed_by, expires_at)
select ${members(9)} from json_each(?)`
export const DELETE_TRASH = `
delete from trash where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`
const PUT_GRANTS = `
insert or replace into node_grant (drive_id, node_id, subject, actions, role, expires_at, created_at, creator, tenant_id)
select ${members(8)}, coalesce((select tenant_id from drive where id = value ->> 0), '') from json_each(?)`
export const DELETE_GRANTS = `
delete from node_grant where (drive_id, node_id, subject) in (select ${members(3)} from json_each(?))`

export const POOL_DELTAS = `
update pool set used = used + (value ->> 3) from json_each(?)
where pool.tenant_id = value ->> 0 and pool.kind = value ->> 1 and pool.key = value ->> 2`
export const DRIVE_SEQS = `
update drive set seq = value ->> 1, trash_seq = value ->> 2 from json_each(?) where drive.id = value ->> 0`
const INSERT_CHANGES = `
insert into change (drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, source, replaces, at, by)
select ${members(13)} from json_each(?)`

/** Of changes that follow each other in one drive and differ in their nodes alone, and in what these were made of. */
const INSERT_LIKE_CHANGES = `
insert into change (drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, source, replaces, at, by)
select ?, ? + key, ?, value ->> 0, ?, ?, ?, value ->> 1, value ->> 2, value ->> 3, ?, ?, ? from json_each(?)`

/** In the order of the members of Changes, which the rules rely on. */
export function apply(db: Connection, changes: Changes): void {
  applyNodes(db, changes)
  applyVersions(db, changes)
  applyTrash(db, changes)
  applyTotals(db, changes)
  putUploads(db, changes.putUploads)
  applyTasks(db, changes)
}

function applyNodes(db: Connection, changes: Changes) {
  const { vacate, deleteNodes, rehome, insertNodes, moveNodes, placeNodes, updateNodes } = changes
  if (vacate.length > 0) mustChange(db, VACATE, vacate.length, keysJson(vacate))
  if (deleteNodes.length > 0) removeNodes(db, keysJson(deleteNodes))
  rehomeNodes(db, rehome)
  writeSet(db, INSERT_NODES, insertNodes, fromNode)
  const abroad = insertNodes.filter(({ drive, born }) => born !== drive)
  if (abroad.length > 0)
    db.run(
      PUT_FORWARDS,
      toSet(abroad, ({ drive, id }) => [drive, id, drive]),
    )
  stageNodes(db, changes)
  moveNodesTogether(db, moveNodes)
  mustChangeSet(db, PLACE_NODES, placeNodes, placement)
  if (updateNodes.length > 0) {
    const set = toSet(updateNodes, (node) => [
      ...placement(node),
      JSON.stringify(node.attributes),
      node.version,
      ...fromContent(node.content),
    ])
    mustChange(db, UPDATE_NODES, updateNodes.length, set)
  }
  writeSet(db, PUT_TERMS, changes.putTerms, ({ node, terms }) => [node, terms.join(' ')])
  const parents = new Set([...insertNodes, ...moveNodes, ...placeNodes, ...updateNodes].map(({ parent }) => parent))
  if (parents.size > 0) db.run(NOTE_BURIALS, JSON.stringify([...parents]))
}

function stageNodes(db: Connection, { stage, endHauls }: Changes) {
  const rows = stage.flatMap(({ haul, from, to, ids }) => ids.map((id: NodeId) => [from, id, to, haul]))
  if (rows.length > 0) {
    const set = JSON.stringify(rows)
    mustChange(db, STAGE_NODES, rows.length, set)
    db.run(STAGE_VERSIONS, set)
    db.run(STAGE_GRANTS, set)
    db.run(STAGE_FORWARDS, set)
    db.run(BEGIN_HAULS, JSON.stringify(stage.map(({ haul }) => haul)))
  }
  if (endHauls.length > 0) db.run(END_HAULS, JSON.stringify(endHauls))
}

/** Into one folder a set goes in one plain update, which is faster than one that takes every row's values from the set. */
function moveNodesTogether(db: Connection, nodes: readonly Node[]) {
  const first = leaderOf(nodes)
  if (!first) return mustChangeSet(db, PLACE_NODES, nodes, placement)
  const { drive, parent, updatedAt, modifier } = first
  const changed = db.run(MOVE_NODES, parent, updatedAt, modifier, drive, JSON.stringify(nodes.map(({ id }) => id)))
  if (changed !== nodes.length)
    throw new StorageError(`${changed} rows were there to move, ${nodes.length} were expected`)
}

function mustChangeSet<Row>(db: Connection, sql: string, rows: readonly Row[], values: (row: Row) => unknown[]) {
  if (rows.length > 0) mustChange(db, sql, rows.length, toSet(rows, values))
}

function removeNodes(db: Connection, keys: string) {
  db.run(DELETE_TERMS, keys)
  db.run(DELETE_FORWARDS, keys)
  db.run(DELETE_NODES, keys)
  db.run(DELETE_NODE_VERSIONS, keys)
  db.run(DELETE_NODE_GRANTS, keys)
}

function rehomeNodes(db: Connection, moves: Changes['rehome']) {
  const rows = moves.flatMap(({ from, to, ids }) => ids.map((id: NodeId) => [from, id, to]))
  if (rows.length === 0) return
  const set = JSON.stringify(rows)
  mustChange(db, REHOME_NODES, rows.length, set)
  db.run(REHOME_VERSIONS, set)
  db.run(REHOME_GRANTS, set)
  db.run(DROP_FORWARDS, set)
  db.run(PUT_FORWARDS, set)
}

function applyVersions(db: Connection, { insertVersions, updateVersions, deleteVersions, blobRefs }: Changes) {
  writeSet(db, INSERT_VERSIONS, insertVersions, (row) => {
    const { drive, node, version, createdAt, creator, keep, description, expiresAt, revertOf, content } = row
    return [drive, node, version, createdAt, creator, keep, description, expiresAt, revertOf, ...fromContent(content)]
  })
  mustChangeSet(db, UPDATE_VERSIONS, updateVersions, ({ drive, node, version, keep, description, expiresAt }) => [
    ...[drive, node, version],
    ...[keep, description, expiresAt],
  ])
  writeSet(db, DELETE_VERSIONS, deleteVersions, ({ drive, node, version }) => [drive, node, version])
  const { gained, lost } = countedRefs(blobRefs)
  if (gained.length > 0) db.run(GAIN_REFS, JSON.stringify(gained))
  if (lost.length > 0) mustChange(db, LOSE_REFS, lost.length, JSON.stringify(lost))
}

function applyTrash(db: Connection, { insertTrash, deleteTrash, putGrants, deleteGrants }: Changes) {
  writeSet(db, DELETE_TRASH, deleteTrash, ({ drive, id }) => [drive, id])
  writeSet(db, INSERT_TRASH, insertTrash, (entry) => [
    entry.drive,
    entry.node,
    entry.id,
    entry.parent,
    entry.name,
    JSON.stringify(entry.path),
    entry.trashedAt,
    entry.trashedBy,
    entry.expiresAt,
  ])
  writeSet(db, PUT_GRANTS, putGrants, (grant) => [
    grant.drive,
    grant.node,
    grant.subject,
    grant.actions,
    grant.role,
    grant.expiresAt,
    grant.createdAt,
    grant.creator,
  ])
  writeSet(db, DELETE_GRANTS, deleteGrants, ({ drive, node, subject }) => [drive, node, subject])
}

function applyTotals(db: Connection, { poolDeltas, driveSeqs, insertChanges }: Changes) {
  const deltas = summed(poolDeltas, ({ tenant, kind, key }) => [tenant, kind, key])
  if (deltas.length > 0) db.run(POOL_DELTAS, JSON.stringify(deltas))
  if (driveSeqs.length > 0) {
    const set = toSet(driveSeqs, ({ id, seq, trashSeq }) => [id, seq, trashSeq])
    mustChange(db, DRIVE_SEQS, driveSeqs.length, set)
  }
  insertIntoLog(db, insertChanges)
}

/** What a batch did to many nodes alike is said once: every value taken from a set costs. */
function insertIntoLog(db: Connection, changes: readonly Change[]) {
  const [first] = changes
  if (!first || !changes.every((change, at) => followsAlike(change, first, at))) {
    writeSet(db, INSERT_CHANGES, changes, fromChange)
    return
  }
  const { drive, seq, kind, nodeKind, born, parent, replaces, at, by } = first
  const set = toSet(changes, ({ node, name, from, source }) => {
    const values = [node, name, from && JSON.stringify(from)]
    return source === null ? values : [...values, JSON.stringify(source)]
  })
  db.run(INSERT_LIKE_CHANGES, drive, seq, kind, nodeKind, born, parent, Number(replaces), at, by, set)
}

function followsAlike(change: Change, first: Change, distance: number): boolean {
  return (
    change.seq === first.seq + distance &&
    change.drive === first.drive &&
    change.parent === first.parent &&
    change.kind === first.kind &&
    change.nodeKind === first.nodeKind &&
    change.born === first.born &&
    change.replaces === first.replaces &&
    change.at === first.at &&
    change.by === first.by
  )
}

function toSet<Row>(rows: readonly Row[], values: (row: Row) => unknown[]): string {
  return JSON.stringify(rows.map(values))
}

function writeSet<Row>(db: Connection, sql: string, rows: readonly Row[], values: (row: Row) => unknown[]) {
  if (rows.length > 0) db.run(sql, toSet(rows, values))
}

function mustChange(db: Connection, sql: string, count: number, set: string) {
  const changed = db.run(sql, set)
  if (changed !== count) throw new StorageError(`${changed} rows were there to change, ${count} were expected`)
}
