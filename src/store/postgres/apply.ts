/** Writes what a batch changes: one statement, or a fixed handful, for each kind of change, all sent at once. */
import { type Changes, type Node, StorageError, type TenantId } from '../../engine/index.ts'
import { countedRefs, leaderOf, placement, summed } from '../row/changes.ts'
import { fromChange } from '../row/history.ts'
import { fromContent, fromNode } from '../row/node.ts'
import { OvertakenError } from './failure.ts'
import type { Session } from './session.ts'
import { columns, keyColumns, latest, type Parameter, unnest } from './sets.ts'
import { applyTasks } from './tasks.ts'
import { putUploads } from './uploads.ts'

const KEYS = `${unnest('nn')} k (drive_id, id)`

/** Each row gets a twin of its own, so that the whole set lets go of its names at once. */
export const VACATE = `update node n set twin = -n.id from ${KEYS} where n.drive_id = k.drive_id and n.id = k.id`

/** Notes the drives in whose graves nodes were put. Relies on the index drive_grave. */
export const NOTE_BURIALS = `
insert into burial (drive_id) select d.id from drive d where d.id = any($1::bigint[]) and d.grave = any($2::bigint[])
on conflict do nothing`

/**
 * Forwarding rows that lead to where the nodes are. A row that leads home is there only while a task carries a node back to its
 * drive of birth; it goes with the node's other rows.
 */
export const DELETE_FORWARDS = `
delete from forward f using ${KEYS} join node n on n.drive_id = k.drive_id and n.id = k.id
where f.drive_id = n.born and f.node_id = n.id and f.to_drive in (n.drive_id, n.born)`
export const DELETE_NODES = `delete from node n using ${KEYS} where n.drive_id = k.drive_id and n.id = k.id`
export const DELETE_NODE_VERSIONS = `
delete from version v using ${KEYS} where v.drive_id = k.drive_id and v.node_id = k.id`
export const DELETE_NODE_GRANTS = `
delete from node_grant g using ${KEYS} where g.drive_id = k.drive_id and g.node_id = k.id`

export const DELETE_NODE_TERMS = `
delete from node_term t using ${KEYS} where t.drive_id = k.drive_id and t.node_id = k.id`
/** With what a drive's nodes are ordered by: a move changes neither, so that the row and its indexes are left alone. */
export const PUT_TERMS = `
insert into node_term (drive_id, node_id, terms, name_key, created_at, size)
select k.drive_id, k.node_id, array_to_tsvector(string_to_array(k.terms, ' ')), n.name_key, n.created_at, coalesce(n.size, -1)
from ${unnest('nnt')} k (drive_id, node_id, terms) join node n on n.drive_id = k.drive_id and n.id = k.node_id
on conflict (drive_id, node_id) do update
set terms = excluded.terms, name_key = excluded.name_key, created_at = excluded.created_at, size = excluded.size`

const MOVES = `${unnest('nnn')} k (from_drive, id, to_drive)`
/** Whatever led to where the nodes were. */
export const DROP_FORWARDS = `
delete from forward f using ${MOVES} join node n on n.drive_id = k.to_drive and n.id = k.id
where f.drive_id = n.born and f.node_id = n.id`
/** A node that lives where it was born has no forwarding row. */
export const PUT_FORWARDS = `
insert into forward (drive_id, node_id, to_drive, haul_id)
select n.born, n.id, n.drive_id, 0
from ${MOVES} join node n on n.drive_id = k.to_drive and n.id = k.id
where n.born <> n.drive_id
on conflict (drive_id, node_id, to_drive) do update set haul_id = excluded.haul_id`

const STAGE = `${unnest('nnnn')} k (from_drive, id, to_drive, haul_id)`
export const STAGE_NODES = `
insert into node (drive_id, id, parent_id, name, name_key, twin, kind, version, digest, size, md5, sha1, crc64,
  born, rev, created_at, updated_at, creator, modifier, attributes)
select k.to_drive, n.id, n.parent_id, n.name, n.name_key, n.twin, n.kind, n.version, n.digest, n.size, n.md5, n.sha1, n.crc64,
  n.born, n.rev, n.created_at, n.updated_at, n.creator, n.modifier, n.attributes
from ${STAGE} join node n on n.drive_id = k.from_drive and n.id = k.id`
export const STAGE_VERSIONS = `
insert into version (drive_id, node_id, version, created_at, creator, keep, description, expires_at, revert_of, digest, size, md5, sha1,
  crc64)
select k.to_drive, v.node_id, v.version, v.created_at, v.creator, v.keep, v.description, v.expires_at, v.revert_of, v.digest, v.size, v.md5,
  v.sha1, v.crc64
from ${STAGE} join version v on v.drive_id = k.from_drive and v.node_id = k.id`
export const STAGE_GRANTS = `
insert into node_grant (drive_id, node_id, subject, actions, role, expires_at, created_at, creator, tenant_id)
select k.to_drive, g.node_id, g.subject, g.actions, g.role, g.expires_at, g.created_at, g.creator, g.tenant_id
from ${STAGE} join node_grant g on g.drive_id = k.from_drive and g.node_id = k.id`
export const STAGE_TERMS = `
insert into node_term (drive_id, node_id, terms, name_key, created_at, size)
select k.to_drive, t.node_id, t.terms, t.name_key, t.created_at, t.size
from ${STAGE} join node_term t on t.drive_id = k.from_drive and t.node_id = k.id`
export const STAGE_FORWARDS = `
insert into forward (drive_id, node_id, to_drive, haul_id)
select n.born, n.id, k.to_drive, k.haul_id
from ${STAGE} join node n on n.drive_id = k.from_drive and n.id = k.id
on conflict (drive_id, node_id, to_drive) do update set haul_id = excluded.haul_id`
export const BEGIN_HAULS = 'insert into haul (id) select unnest($1::bigint[]) on conflict do nothing'
export const END_HAULS = 'delete from haul where id = any($1::bigint[])'

export const INSERT_NODES = `
insert into node (drive_id, id, parent_id, name, name_key, twin, kind, version, digest, size, md5, sha1, crc64,
  born, rev, created_at, updated_at, creator, modifier, attributes)
select * from ${unnest('nnnttntntntttnnnnttt')}`
export const PLACE_NODES = `
update node n set parent_id = k.parent_id, name = k.name, name_key = k.name_key, twin = k.twin,
  rev = k.rev, updated_at = k.updated_at, modifier = k.modifier
from ${unnest('nnnttnnnt')} k (drive_id, id, parent_id, name, name_key, twin, rev, updated_at, modifier)
where n.drive_id = k.drive_id and n.id = k.id`
/** Of nodes that change nothing but their folder. */
export const MOVE_NODES = `
update node set parent_id = $1, rev = rev + 1, updated_at = $2, modifier = $3
where drive_id = $4 and id = any($5::bigint[])`
export const UPDATE_NODES = `
update node n set parent_id = k.parent_id, name = k.name, name_key = k.name_key, twin = k.twin,
  rev = k.rev, updated_at = k.updated_at, modifier = k.modifier, attributes = k.attributes, version = k.version,
  digest = k.digest, size = k.size, md5 = k.md5, sha1 = k.sha1, crc64 = k.crc64
from ${unnest('nnnttnnntt' + 'ntnttt')} k (drive_id, id, parent_id, name, name_key, twin, rev, updated_at, modifier,
  attributes, version, digest, size, md5, sha1, crc64)
where n.drive_id = k.drive_id and n.id = k.id`

export const INSERT_VERSIONS = `
insert into version (drive_id, node_id, version, created_at, creator, keep, description, expires_at, revert_of, digest, size, md5, sha1,
  crc64)
select * from ${unnest('nnnntntnntnttt')}`
export const UPDATE_VERSIONS = `
update version v set keep = k.keep, description = k.description, expires_at = k.expires_at
from ${unnest('nnnntn')} k (drive_id, node_id, version, keep, description, expires_at)
where v.drive_id = k.drive_id and v.node_id = k.node_id and v.version = k.version`
export const DELETE_VERSIONS = `
delete from version v using ${unnest('nnn')} k (drive_id, node_id, version)
where v.drive_id = k.drive_id and v.node_id = k.node_id and v.version = k.version`
/** What a drive refers to for the first time it holds from now on. */
export const GAIN_REFS = `
insert into blob (drive_id, digest, size, md5, sha1, crc64, refs, touched_at, head, chain)
select k.*, '', '' from ${unnest('ntntttnn')} k
on conflict (drive_id, digest) do update set
  refs = blob.refs + excluded.refs, touched_at = greatest(blob.touched_at, excluded.touched_at)`
export const LOSE_REFS = `
update blob b set refs = b.refs + k.delta, touched_at = greatest(b.touched_at, k.at)
from ${unnest('ntnn')} k (drive_id, digest, delta, at) where b.drive_id = k.drive_id and b.digest = k.digest`

export const INSERT_TRASH = `
insert into trash (drive_id, node_id, id, parent_id, name, path, trashed_at, trashed_by, expires_at)
select * from ${unnest('nnnnttntn')}`
export const DELETE_TRASH = `
delete from trash t using ${KEYS} where t.drive_id = k.drive_id and t.node_id = k.id`
export const PUT_GRANTS = `
insert into node_grant (drive_id, node_id, subject, actions, role, expires_at, created_at, creator, tenant_id)
select k.*, coalesce((select d.tenant_id from drive d where d.id = k.drive_id), '')
from ${unnest('nntntnnt')} k (drive_id, node_id, subject, actions, role, expires_at, created_at, creator)
on conflict (drive_id, node_id, subject) do update set
  actions = excluded.actions, role = excluded.role, expires_at = excluded.expires_at,
  created_at = excluded.created_at, creator = excluded.creator`
export const DELETE_GRANTS = `
delete from node_grant g using ${unnest('nnt')} k (drive_id, node_id, subject)
where g.drive_id = k.drive_id and g.node_id = k.node_id and g.subject = k.subject`

export const LOCK_POOLS = `
select from pool p join ${unnest('ttt')} k (tenant_id, kind, key)
  on p.tenant_id = k.tenant_id and p.kind = k.kind and p.key = k.key
order by p.tenant_id, p.kind, p.key for update of p`
export const POOL_DELTAS = `
update pool p set used = p.used + k.delta from ${unnest('tttn')} k (tenant_id, kind, key, delta)
where p.tenant_id = k.tenant_id and p.kind = k.kind and p.key = k.key
returning p.tenant_id, p.kind, p.key, p.quota, p.used`
export const DRIVE_SEQS = `
update drive d set seq = k.seq, trash_seq = k.trash_seq from ${unnest('nnn')} k (id, seq, trash_seq) where d.id = k.id`
export const INSERT_CHANGES = `
insert into change (drive_id, seq, kind, node_id, node_kind, born, parent_id, name, origin, source, replaces, at, by)
select * from ${unnest('nntntnntttnnt')}`

type Row = readonly unknown[]

/**
 * Sends statements in the order of its calls, which the rules rely on, and gathers what is still to be answered: so
 * everything goes in one round trip.
 */
class Writing {
  readonly db: Session
  readonly #answers: Promise<unknown>[] = []

  constructor(db: Session) {
    this.db = db
  }

  send(sql: string, ...parameters: Parameter[]): void {
    this.#answers.push(this.db.run(sql, ...parameters))
  }

  /** Rows of one width. */
  set(sql: string, rows: readonly Row[]): void {
    if (rows.length > 0) this.send(sql, ...columns(rows, rows[0]!.length))
  }

  /** As `set`; all rows must be there to change. */
  mustChange(sql: string, rows: readonly Row[]): void {
    if (rows.length > 0) this.mustReach(rows.length, sql, ...columns(rows, rows[0]!.length))
  }

  mustReach(count: number, sql: string, ...parameters: Parameter[]): void {
    const checked = this.db.run(sql, ...parameters).then((changed) => {
      if (changed === count) return
      throw this.db.fail(new StorageError(`${changed} rows were there to change, ${count} were expected`))
    })
    this.#answers.push(checked)
  }

  wait(answer: Promise<unknown>): void {
    this.#answers.push(answer)
  }

  async done(): Promise<void> {
    await Promise.all(this.#answers)
  }
}

/** In the order of the members of Changes, which the rules rely on; pools last, for they are held for the shortest time. */
export async function apply(db: Session, changes: Changes): Promise<void> {
  enterAll(db, changes)
  const writing = new Writing(db)
  applyNodes(writing, changes)
  applyVersions(writing, changes)
  applyTrash(writing, changes)
  applyLog(writing, changes)
  writing.wait(putUploads(db, changes.putUploads))
  writing.wait(applyTasks(db, changes))
  applyPools(writing, changes)
  await writing.done()
}

/** Nobody writes to a drive without its lock, whether or not it was read before. */
function enterAll(db: Session, changes: Changes) {
  const { vacate, deleteNodes, rehome, stage, insertNodes, moveNodes, placeNodes, updateNodes } = changes
  const { insertVersions, updateVersions, deleteVersions, deleteTrash, insertTrash, putGrants, deleteGrants } = changes
  const rows = [vacate, deleteNodes, insertNodes, moveNodes, placeNodes, updateNodes, insertVersions, updateVersions]
  const more = [
    deleteVersions,
    deleteTrash,
    insertTrash,
    putGrants,
    deleteGrants,
    changes.insertChanges,
    changes.putTerms,
  ]
  const drives = new Set([...rows, ...more].flatMap((set) => set.map(({ drive }) => drive)))
  for (const { from, to } of [...rehome, ...stage]) drives.add(from).add(to)
  for (const { id } of changes.driveSeqs) drives.add(id)
  db.enter(drives)
}

function applyNodes(writing: Writing, changes: Changes) {
  const { vacate, deleteNodes, rehome, insertNodes, moveNodes, placeNodes, updateNodes } = changes
  writing.mustChange(
    VACATE,
    vacate.map(({ drive, id }) => [drive, id]),
  )
  if (deleteNodes.length > 0) {
    const keys = keyColumns(deleteNodes)
    for (const sql of [DELETE_FORWARDS, DELETE_NODES, DELETE_NODE_VERSIONS, DELETE_NODE_GRANTS, DELETE_NODE_TERMS])
      writing.send(sql, ...keys)
  }
  rehomeNodes(writing, rehome)
  writing.set(INSERT_NODES, insertNodes.map(fromNode))
  const abroad = insertNodes.filter(({ drive, born }) => born !== drive)
  writing.set(
    PUT_FORWARDS,
    abroad.map(({ drive, id }) => [drive, id, drive]),
  )
  stageNodes(writing, changes)
  moveNodesTogether(writing, moveNodes)
  writing.mustChange(PLACE_NODES, placeNodes.map(placement))
  writing.mustChange(
    UPDATE_NODES,
    updateNodes.map((node) => [
      ...placement(node),
      JSON.stringify(node.attributes),
      node.version,
      ...fromContent(node.content),
    ]),
  )
  writing.set(
    PUT_TERMS,
    changes.putTerms.map(({ drive, node, terms }) => [drive, node, terms.join(' ')]),
  )
  const placed = [...insertNodes, ...moveNodes, ...placeNodes, ...updateNodes]
  if (placed.length === 0) return
  const drives = new Set(placed.map(({ drive }) => drive))
  const parents = new Set(placed.map(({ parent }) => parent))
  writing.send(NOTE_BURIALS, [...drives], [...parents])
}

/** A row's drive cannot be changed where drives lie on several machines: the row is repeated there and removed here. */
function rehomeNodes(writing: Writing, moves: Changes['rehome']) {
  const rows = moves.flatMap(({ from, to, ids }) => ids.map((id) => [from, id, to]))
  if (rows.length === 0) return
  const staged = rows.map((row) => [...row, 0])
  writing.mustChange(STAGE_NODES, staged)
  for (const sql of [STAGE_VERSIONS, STAGE_GRANTS, STAGE_TERMS]) writing.set(sql, staged)
  const left = rows.map(([from, id]) => [from, id])
  for (const sql of [DELETE_NODES, DELETE_NODE_VERSIONS, DELETE_NODE_GRANTS, DELETE_NODE_TERMS]) writing.set(sql, left)
  for (const sql of [DROP_FORWARDS, PUT_FORWARDS]) writing.set(sql, rows)
}

function stageNodes(writing: Writing, { stage, endHauls }: Changes) {
  const rows = stage.flatMap(({ haul, from, to, ids }) => ids.map((id) => [from, id, to, haul]))
  writing.mustChange(STAGE_NODES, rows)
  for (const sql of [STAGE_VERSIONS, STAGE_GRANTS, STAGE_TERMS, STAGE_FORWARDS]) writing.set(sql, rows)
  if (rows.length > 0) {
    writing.send(
      BEGIN_HAULS,
      stage.map(({ haul }) => haul),
    )
  }
  if (endHauls.length > 0) writing.send(END_HAULS, endHauls)
}

/** Into one folder a set goes in one plain update, which is faster than one that takes every row's values from the set. */
function moveNodesTogether(writing: Writing, nodes: readonly Node[]) {
  const first = leaderOf(nodes)
  if (!first) return writing.mustChange(PLACE_NODES, nodes.map(placement))
  const { drive, parent, updatedAt, modifier } = first
  const ids = nodes.map(({ id }) => id)
  writing.mustReach(nodes.length, MOVE_NODES, parent, updatedAt, modifier, drive, ids)
}

function applyVersions(writing: Writing, { insertVersions, updateVersions, deleteVersions, blobRefs }: Changes) {
  writing.set(
    INSERT_VERSIONS,
    insertVersions.map(
      ({ drive, node, version, createdAt, creator, keep, description, expiresAt, revertOf, content }) => [
        ...[drive, node, version, createdAt, creator, keep, description, expiresAt, revertOf],
        ...fromContent(content),
      ],
    ),
  )
  writing.mustChange(
    UPDATE_VERSIONS,
    updateVersions.map(({ drive, node, version, keep, description, expiresAt }) => [
      ...[drive, node, version],
      ...[keep, description, expiresAt],
    ]),
  )
  writing.set(
    DELETE_VERSIONS,
    deleteVersions.map(({ drive, node, version }) => [drive, node, version]),
  )
  const { gained, lost } = countedRefs(blobRefs)
  writing.set(GAIN_REFS, gained)
  writing.mustChange(LOSE_REFS, lost)
}

function applyTrash(writing: Writing, { insertTrash, deleteTrash, putGrants, deleteGrants }: Changes) {
  writing.set(
    DELETE_TRASH,
    deleteTrash.map(({ drive, id }) => [drive, id]),
  )
  writing.set(
    INSERT_TRASH,
    insertTrash.map(({ drive, node, id, parent, name, path, trashedAt, trashedBy, expiresAt }) => [
      ...[drive, node, id, parent, name, JSON.stringify(path), trashedAt, trashedBy, expiresAt],
    ]),
  )
  writing.set(
    PUT_GRANTS,
    latest(putGrants, ({ drive, node, subject }) => `${drive} ${node} ${subject}`).map((grant) => [
      ...[grant.drive, grant.node, grant.subject, grant.actions, grant.role],
      ...[grant.expiresAt, grant.createdAt, grant.creator],
    ]),
  )
  writing.set(
    DELETE_GRANTS,
    deleteGrants.map(({ drive, node, subject }) => [drive, node, subject]),
  )
}

function applyLog(writing: Writing, { driveSeqs, insertChanges }: Changes) {
  writing.mustChange(
    DRIVE_SEQS,
    driveSeqs.map(({ id, seq, trashSeq }) => [id, seq, trashSeq]),
  )
  writing.set(INSERT_CHANGES, insertChanges.map(fromChange))
}

/**
 * Drives of one tenant share pools, so these are not locked while a batch is planned. What was planned holds if nobody
 * filled them since they were read, or if there is room all the same; else the batch is planned anew.
 */
function applyPools(writing: Writing, { poolDeltas }: Changes) {
  const deltas = summed(poolDeltas, ({ tenant, kind, key }) => [tenant, kind, key])
  if (deltas.length === 0) return
  const { db } = writing
  writing.send(LOCK_POOLS, ...columns(deltas, 3))
  const added = new Map(deltas.map(([tenant, kind, key, delta]) => [`${tenant} ${kind} ${key}`, delta as number]))
  const changed = db
    .all<[TenantId, string, string, number | null, number]>(POOL_DELTAS, ...columns(deltas, 4))
    .then((rows) => {
      for (const [tenant, kind, key, quota, used] of rows) {
        const pool = `${tenant} ${kind} ${key}`
        const delta = added.get(pool)!
        if (!db.isOvertaken(pool, used, delta) || delta <= 0 || quota === null || used <= quota) continue
        throw db.fail(new OvertakenError(`the pool ${pool} was filled by another meanwhile`))
      }
    })
  writing.wait(changed)
}
