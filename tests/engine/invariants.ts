/** What must hold of the stored rows after anything whatsoever. Each broken invariant is one line. */
import type { Drive, DriveId, NodeId } from '../../src/engine/index.ts'
import type { TestDatabase } from '../store.ts'
import { type Dump, type DumpNode, dump } from './dump.ts'
import type { World } from './world.ts'

/** @param only the drives to look at; absent = all that are active */
export async function brokenInvariants(
  world: Pick<World, 'database' | 'store'>,
  only?: readonly DriveId[],
): Promise<string[]> {
  const { database } = world
  const active = "select id from drive where status = 'active'"
  const ids = only ?? (await database.rows<{ id: DriveId }>(active)).map(({ id }) => id)
  const found = await dump(world.store, ids)
  const nodes = [...found.byId.values()]
  const among = JSON.stringify(ids)
  return [
    ...brokenTree(found),
    ...brokenPlaces(nodes),
    ...brokenContent(nodes),
    ...brokenTrash(found),
    ...(await lostRows(database, found, among)),
    ...(await brokenForwards(database, nodes, among)),
    ...(await brokenTotals(database, nodes, found.drives)),
    ...(await brokenBlobs(database)),
  ]
}

// Rows are read past the store with SQL of our own: what no node leads to is found no other way.

/** Exactly three tops a drive; everything hangs under one of them, once, in its own drive. */
function brokenTree({ drives, byId, tops }: Dump): string[] {
  const wanted = drives.flatMap(({ root, trash, grave }) => [root, trash, grave]).sort((a, b) => a - b)
  const found = tops.map(({ node }) => node.id).sort((a, b) => a - b)
  const broken = String(wanted) === String(found) ? [] : [`tops are ${found}, should be ${wanted}`]
  const reached = new Set<DumpNode>()
  const waiting = [...tops]
  for (const { node, children } of waiting) {
    for (const child of children) {
      if (reached.has(child)) broken.push(`node ${child.node.id} is reached twice`)
      else waiting.push(child)
      reached.add(child)
      if (child.node.drive !== node.drive) broken.push(`node ${child.node.id} and its parent are in different drives`)
      if (node.kind === 'file') broken.push(`node ${child.node.id} is inside a file`)
    }
  }
  if (waiting.length !== byId.size) broken.push(`${byId.size} nodes were found, ${waiting.length} are reached`)
  return broken
}

/** No two nodes in one place; names and twin numbers are what they are derived from. */
function brokenPlaces(nodes: readonly DumpNode[]): string[] {
  const broken: string[] = []
  const places = new Set<string>()
  for (const { node } of nodes) {
    const { id, parent, key, twin, name } = node
    if (parent === 0) continue
    const place = `${parent}/${key}/${twin}`
    if (places.has(place)) broken.push(`two nodes are at ${place}`)
    places.add(place)
    if (name.normalize('NFC') !== key) broken.push(`node ${id} has the key of another name`)
    if (twin !== 0 && twin !== id) broken.push(`node ${id} has the twin number ${twin}`)
  }
  return broken
}

/** A file's row repeats its latest version; folders have none. */
function brokenContent(nodes: readonly DumpNode[]): string[] {
  return nodes.flatMap(({ node: { id, kind, version, content }, versions }) => {
    const last = versions.at(-1)
    const agrees =
      kind === 'file' && last?.version === version && JSON.stringify(last.content) === JSON.stringify(content)
    const isEmpty = kind === 'folder' && version === 0 && content === null && versions.length === 0
    return agrees || isEmpty ? [] : [`node ${id} and its versions disagree`]
  })
}

/** Trash entries are of the nodes directly under the trash, one each. */
function brokenTrash({ drives, byId }: Dump): string[] {
  const trashes = new Set(drives.map(({ trash }) => trash))
  return [...byId.values()].flatMap(({ node: { id, parent }, trash }) => {
    const isTop = trashes.has(parent)
    if (isTop === (trash !== null)) return []
    return [isTop ? `node ${id} is in the trash without an entry` : `node ${id} has a trash entry but is elsewhere`]
  })
}

/** No node that hangs nowhere; no version, grant or trash entry without its node. */
async function lostRows(database: TestDatabase, { byId }: Dump, among: string): Promise<string[]> {
  const ids = async (sql: string) => (await database.rows<{ id: NodeId }>(sql, among)).map(({ id }) => id)
  const here = 'where drive_id in (select value from json_each(?))'
  const lost = {
    node: await ids(`select id from node ${here}`),
    version: await ids(`select node_id as id from version ${here}`),
    grant: await ids(`select node_id as id from node_grant ${here}`),
    trash: await ids(`select node_id as id from trash ${here}`),
  }
  return Object.entries(lost).flatMap(([table, found]) =>
    found.filter((id) => !byId.has(id)).map((id) => `a ${table} row of node ${id}, which is nowhere`),
  )
}

/** A node away from its drive of birth has a forwarding row there that says where it is; no other node has one. */
async function brokenForwards(database: TestDatabase, nodes: readonly DumpNode[], among: string): Promise<string[]> {
  const forwards = await database.rows<{ drive: DriveId; node: NodeId; to: DriveId }>(
    'select drive_id as drive, node_id as node, to_drive as "to" from forward where drive_id in (select value from json_each(?))',
    among,
  )
  const wanted = nodes
    .filter(({ node }) => node.born !== node.drive)
    .map(({ node: { born, id, drive } }) => `${born}/${id}→${drive}`)
  const found = forwards.map(({ drive, node, to }) => `${drive}/${node}→${to}`)
  return [
    ...wanted.filter((row) => !found.includes(row)).map((row) => `the forwarding row ${row} is missing`),
    ...found.filter((row) => !wanted.includes(row)).map((row) => `the forwarding row ${row} leads nowhere`),
  ]
}

/** What a drive's pool says is used is the sum of the versions in it; the change log has no gap. */
async function brokenTotals(
  database: TestDatabase,
  nodes: readonly DumpNode[],
  drives: readonly Drive[],
): Promise<string[]> {
  const logs = await database.rows<{ drive: DriveId; count: number; last: number }>(
    `select drive_id as drive, count(*) as count, max(seq) as last from change
     where drive_id in (select value from json_each(?)) group by drive_id`,
    JSON.stringify(drives.map(({ id }) => id)),
  )
  return drives.flatMap(({ id, seq, pools }) => {
    const versions = nodes.filter(({ node }) => node.drive === id).flatMap((one) => one.versions)
    const sum = versions.reduce((total, { content }) => total + content.size, 0)
    const used = pools.find(({ kind }) => kind === 'drive')?.used
    const log = logs.find(({ drive }) => drive === id) ?? { count: 0, last: 0 }
    return [
      ...(used === sum ? [] : [`drive ${id} says ${used} bytes are used, its versions are ${sum}`]),
      ...(log.count === seq && log.last === seq ? [] : [`drive ${id} is at ${seq}, its log at ${log.last}`]),
    ]
  })
}

/** Every drive refers to what it holds as often as it says: by versions, and by uploads that have their bytes and are not committed. */
async function brokenBlobs(database: TestDatabase): Promise<string[]> {
  const wrong = await database.rows<{ drive: DriveId; digest: string; refs: number | null; real: number }>(
    `with held (drive_id, digest) as (
       select drive_id, digest from version
       union all select drive_id, content ->> 0 from upload where state in ('sealed', 'filled')
     ), real (drive_id, digest, count) as (select drive_id, digest, count(*) from held group by drive_id, digest)
     select coalesce(b.drive_id, r.drive_id) as drive, coalesce(b.digest, r.digest) as digest, b.refs,
       coalesce(r.count, 0) as real
     from blob b full join real r on r.drive_id = b.drive_id and r.digest = b.digest
     where b.refs is null or b.refs <> coalesce(r.count, 0)`,
  )
  return wrong.map(
    ({ drive, digest, refs, real }) =>
      `drive ${drive} says ${refs} references to blob ${digest.slice(0, 8)}, there are ${real}`,
  )
}
