/** What must hold of the stored rows after anything whatsoever. Each broken invariant is one line. */
import type { DriveId, NodeId } from '../../src/engine/index.ts'
import type { DumpNode, Inspector } from './dump.ts'

interface DriveRow {
  readonly id: DriveId
  readonly root: NodeId
  readonly trash: NodeId
  readonly grave: NodeId
  readonly seq: number
}

export function brokenInvariants(inspector: Inspector, drives: readonly DriveId[]): string[] {
  const among = JSON.stringify(drives)
  const rows = inspector.rows<DriveRow>(
    'select id, root, trash, grave, seq from drive where id in (select value from json_each(?))',
    among,
  )
  const { byId, tops } = inspector.dump(drives)
  const nodes = [...byId.values()]
  return [
    ...brokenTree(nodes, tops, rows),
    ...brokenContent(inspector, nodes, among),
    ...brokenTrash(inspector, byId, rows, among),
    ...brokenForwards(inspector, nodes, among),
    ...brokenTotals(inspector, nodes, rows),
    ...brokenBlobs(inspector),
  ]
}

/** Exactly three tops a drive; everything hangs under one of them, once, in its own drive. */
function brokenTree(nodes: readonly DumpNode[], tops: readonly DumpNode[], drives: readonly DriveRow[]): string[] {
  const wanted = drives.flatMap(({ root, trash, grave }) => [root, trash, grave]).sort((a, b) => a - b)
  const found = tops.map(({ id }) => id).sort((a, b) => a - b)
  const broken = String(wanted) === String(found) ? [] : [`tops are ${found}, should be ${wanted}`]
  const reached = new Set<DumpNode>()
  const waiting = [...tops]
  for (const node of waiting) {
    if (reached.has(node)) broken.push(`node ${node.id} is reached twice`)
    reached.add(node)
    waiting.push(...node.children)
    for (const child of node.children) {
      if (child.drive !== node.drive) broken.push(`node ${child.id} and its parent are in different drives`)
      if (node.kind === 'file') broken.push(`node ${child.id} is inside a file`)
    }
  }
  broken.push(...nodes.filter((node) => !reached.has(node)).map(({ id }) => `node ${id} is an orphan`))
  const places = new Set<string>()
  for (const { id, parent, key, twin, name } of nodes.filter(({ parent }) => parent !== 0)) {
    const place = `${parent}/${key}/${twin}`
    if (places.has(place)) broken.push(`two nodes are at ${place}`)
    places.add(place)
    if (name.normalize('NFC') !== key) broken.push(`node ${id} has the key of another name`)
    if (twin !== 0 && twin !== id) broken.push(`node ${id} has the twin number ${twin}`)
  }
  return broken
}

/** A file's row repeats its latest version; folders have none. No version or grant without its node. */
function brokenContent(inspector: Inspector, nodes: readonly DumpNode[], among: string): string[] {
  const broken: string[] = []
  for (const { id, kind, version, digest, size, versions } of nodes) {
    const last = versions.at(-1)
    const agrees = kind === 'file' && last?.number === version && last.digest === digest && last.size === size
    const isEmpty = kind === 'folder' && version === 0 && digest === null && versions.length === 0
    if (!agrees && !isEmpty) broken.push(`node ${id} and its versions disagree`)
  }
  for (const table of ['version', 'node_grant', 'trash']) {
    const lost = inspector.rows<{ node: NodeId }>(
      `select t.node_id as node from ${table} t where t.drive_id in (select value from json_each(?))
         and not exists (select 1 from node n where n.drive_id = t.drive_id and n.id = t.node_id)`,
      among,
    )
    broken.push(...lost.map(({ node }) => `${table} row of node ${node}, which is not there`))
  }
  return broken
}

/** Trash entries are of the nodes directly under the trash, one each. */
function brokenTrash(
  inspector: Inspector,
  byId: ReadonlyMap<NodeId, DumpNode>,
  drives: readonly DriveRow[],
  among: string,
): string[] {
  const trashes = new Set(drives.map(({ trash }) => trash))
  const inTrash = [...byId.values()].filter(({ parent }) => trashes.has(parent as NodeId))
  const entries = inspector.rows<{ node: NodeId }>(
    'select node_id as node from trash where drive_id in (select value from json_each(?))',
    among,
  )
  return [
    ...inTrash.filter(({ trash }) => trash === null).map(({ id }) => `node ${id} is in the trash without an entry`),
    ...entries
      .filter(({ node }) => !trashes.has((byId.get(node)?.parent ?? 0) as NodeId))
      .map(({ node }) => `the trash entry of node ${node}, which is elsewhere`),
  ]
}

/** A node away from its drive of birth has a forwarding row there that says where it is; no other node has one. */
function brokenForwards(inspector: Inspector, nodes: readonly DumpNode[], among: string): string[] {
  const rows = inspector.rows<{ drive: DriveId; node: NodeId; to: DriveId }>(
    'select drive_id as drive, node_id as node, to_drive as "to" from forward where drive_id in (select value from json_each(?))',
    among,
  )
  const wanted = nodes
    .filter(({ born, drive }) => born !== drive)
    .map(({ id, born, drive }) => `${born}/${id}→${drive}`)
  const found = rows.map(({ drive, node, to }) => `${drive}/${node}→${to}`)
  return [
    ...wanted.filter((row) => !found.includes(row)).map((row) => `the forwarding row ${row} is missing`),
    ...found.filter((row) => !wanted.includes(row)).map((row) => `the forwarding row ${row} leads nowhere`),
  ]
}

/** What a drive's pool says is used is the sum of the versions in it; the change log has no gap. */
function brokenTotals(inspector: Inspector, nodes: readonly DumpNode[], drives: readonly DriveRow[]): string[] {
  const broken: string[] = []
  for (const { id, seq } of drives) {
    const sizes = nodes.filter(({ drive }) => drive === id).flatMap(({ versions }) => versions.map(({ size }) => size))
    const sum = sizes.reduce((total, size) => total + size, 0)
    const [pool] = inspector.rows<{ used: number }>(
      "select used from pool where kind = 'drive' and key = ?",
      String(id),
    )
    if (pool?.used !== sum) broken.push(`drive ${id} says ${pool?.used} bytes are used, its versions are ${sum}`)
    const [log] = inspector.rows<{ count: number; last: number }>(
      'select count(*) as count, coalesce(max(seq), 0) as last from change where drive_id = ?',
      id,
    )
    if (log!.count !== seq || log!.last !== seq) broken.push(`drive ${id} is at ${seq}, its log at ${log!.last}`)
  }
  return broken
}

/** Every blob is referred to as often as it says: by versions, and by uploads that are sealed but not committed. */
function brokenBlobs(inspector: Inspector): string[] {
  const wrong = inspector.rows<{ digest: string; refs: number | null; real: number }>(
    `with held (digest) as (
       select digest from version
       union all select content ->> 0 from upload where state = 'sealed'
     ), real (digest, count) as (select digest, count(*) from held group by digest)
     select coalesce(b.digest, r.digest) as digest, b.refs, coalesce(r.count, 0) as real
     from blob b full join real r on r.digest = b.digest
     where b.refs is null or b.refs <> coalesce(r.count, 0)`,
  )
  return wrong.map(({ digest, refs, real }) => `blob ${digest.slice(0, 8)} says ${refs} references, there are ${real}`)
}
