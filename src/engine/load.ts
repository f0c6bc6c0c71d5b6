/** Fetches missing facts as sets: a constant number of statements, however many ops want them. */
import { randomBytes } from 'node:crypto'
import { grantees, ownsDrive } from './access.ts'
import type { Actor } from './actor.ts'
import { anticipate } from './anticipate.ts'
import { DEPTH_MAX } from './engine.ts'
import { type Facts, type Needs, pathEnd, type Sequence, seekFrom, stemKey, trashKey, walkKey } from './facts.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import { RENAME_SCAN_MAX } from './name.ts'
import { GRAVE_KEY } from './new-drive.ts'
import type { Op } from './op.ts'
import { PairMap } from './pair-map.ts'
import type { ChildKey, NodeKey, ReadTx, Seek, Walk, WriteTx } from './port.ts'
import { demandCurrent } from './standing.ts'
import { UPLOAD_SECRET_BYTES } from './upload-id.ts'

const NO_CHILD = { ids: [], whole: true } as const

export interface LoadContext {
  readonly tx: ReadTx
  /** Present when the batch writes: only then can fresh numbers be drawn and held nodes matter. */
  readonly write: WriteTx | null
  /** The actor with what it was made of. */
  readonly caller: Actor
  readonly actor: Actor
  readonly ops: readonly Op[]
  readonly subtreeNodesMax: number
  /** How many nodes may lie below what the batch destroys for the sweep to remove them without a task. */
  readonly doomedMax: number
  /** The task on whose behalf the batch runs: what it holds itself does not stand in its way. */
  readonly task: number
}

export async function load(context: LoadContext, facts: Facts, needs: Needs): Promise<void> {
  const fresh: Node[] = []
  const isFirst = !facts.begun
  facts.begun = true
  // Asked beside the first facts and awaited with the last, for it must not cost a round trip.
  const isCurrent = isFirst ? demandCurrent(context.tx, context.caller) : undefined
  isCurrent?.catch(() => undefined)
  await loadReferences(context, facts, needs)
  await loadDrives(context, facts, needs, needs.drives)
  await loadChains(context, facts, needs, fresh)
  if (isFirst) anticipate(facts, context.ops, needs)
  // What does not wait for each other is asked for at once: a store far away then answers in one round trip.
  await Promise.all([
    loadNeighbours(context, facts, needs, fresh),
    loadAnnotations(context, facts, needs),
    loadNumbers(context, facts, needs),
    isCurrent,
  ])
  await loadGrants(context, facts, fresh)
}

/** Uploads and trash entries by id: they name drives and nodes that the next steps then read. */
async function loadReferences({ tx }: LoadContext, facts: Facts, needs: Needs) {
  if (needs.uploads.size > 0) {
    const uploads = await tx.uploads([...needs.uploads])
    for (const id of needs.uploads) facts.uploads.set(id, null)
    for (const upload of uploads) {
      facts.uploads.set(upload.id, upload)
      needs.drives.add(upload.drive)
      for (const id of [upload.parent, upload.node]) if (id > 0) want(needs, { drive: upload.drive, id, follow: false })
    }
  }
  if (needs.trashIds.size > 0) {
    const entries = await tx.trashById([...needs.trashIds.values()])
    for (const key of needs.trashIds.keys()) facts.trashIds.set(key, 0)
    for (const entry of entries) {
      facts.trashIds.set(trashKey(entry.drive, entry.id), entry.node)
      want(needs, { drive: entry.drive, id: entry.node, follow: false })
    }
  }
}

function want(needs: Needs, seek: Seek) {
  needs.seeks.set(seekFrom(seek), seek.id, seek)
}

async function loadDrives({ tx, write, task }: LoadContext, facts: Facts, needs: Needs, ids: Iterable<DriveId>) {
  const unknown = [...ids].filter((id) => !facts.drives.has(id))
  if (unknown.length === 0) return
  const [drives, holds] = await Promise.all([tx.drives(unknown), write ? tx.holds(unknown) : []])
  for (const id of unknown) facts.drives.set(id, null)
  for (const drive of drives) facts.drives.set(drive.id, drive.status === 'active' ? drive : null)
  if (!write) return
  for (const hold of holds) if (hold.task !== task) facts.held.add(hold.node)
  // Almost every writing batch comes to need the tops of its drives: asked for now they cost no round of their own.
  for (const { id: drive, root, trash, grave } of drives) {
    for (const id of [root, trash, grave]) want(needs, { drive, id, follow: false })
  }
}

async function loadChains(context: LoadContext, facts: Facts, needs: Needs, fresh: Node[]) {
  const { tx } = context
  const walks = rootedWalks(facts, needs)
  const seeks = [...needs.seeks.values()]
  const [rows] = await Promise.all([tx.chains(seeks), loadPaths(tx, facts, walks, fresh)])
  if (seeks.length > 0) {
    for (const node of rows) remember(facts, node, fresh)
    preferLiving(facts, rows, fresh)
    for (const seek of seeks) {
      const node = facts.nodes.get(seek.id)
      facts.seeks.set(seekFrom(seek), seek.id, node && (seek.follow || node.drive === seek.drive) ? node.id : 0)
    }
  }
  await loadDrives(context, facts, needs, new Set(fresh.map((node) => node.drive)))
}

/**
 * While a tree is carried to another drive both drives have its rows, under the same ids; one of the two lies below its grave. If
 * both were asked for, the other is what the id means.
 */
function preferLiving(facts: Facts, rows: readonly Node[], fresh: Node[]) {
  const doubled = rows.filter(({ id, drive }) => facts.nodes.get(id)!.drive !== drive)
  if (doubled.length === 0) return
  const byKey = new Map(rows.map((node) => [`${node.drive}/${node.id}`, node]))
  const isBuried = (node: Node): boolean => {
    const above = byKey.get(`${node.drive}/${node.parent}`)
    return above ? isBuried(above) : node.key === GRAVE_KEY
  }
  const living = doubled.filter((node) => !isBuried(node))
  for (const node of living) facts.nodes.set(node.id, node)
  fresh.push(...living)
}

/** More names of a path are not walked at once: hardly anything lies so deep, and a client may send a path of any length. */
const WALK_KEYS_MAX = 2 * DEPTH_MAX

/** The paths wanted, from the roots of their drives, which are wanted with them. */
function rootedWalks(facts: Facts, needs: Needs): Walk[] {
  return [...needs.walks].flatMap(([key, { drive: id, keys }]) => {
    facts.walked.add(key)
    const drive = facts.drives.get(id)
    if (!drive) return []
    want(needs, { drive: id, id: drive.root, follow: false })
    return keys.length > 0 ? [{ drive: id, from: drive.root, keys: keys.slice(0, WALK_KEYS_MAX) }] : []
  })
}

/** The folders on the paths first, each way once however many paths share it; then the last names as one set. */
async function loadPaths(tx: ReadTx, facts: Facts, walks: readonly Walk[], fresh: Node[]) {
  const ways = new Map<string, Walk>()
  for (const { drive, from, keys } of walks) {
    if (keys.length > 1) ways.set(walkKey(drive, keys.slice(0, -1)), { drive, from, keys: keys.slice(0, -1) })
  }
  if (ways.size > 0) {
    const byPlace = new PairMap<NodeId, string, Node>()
    for (const node of await tx.walk([...ways.values()])) byPlace.set(node.parent, node.key, node)
    for (const way of ways.values()) noteWay(facts, way, byPlace, fresh)
  }
  const last = new PairMap<NodeId, string, ChildKey>()
  for (const { drive, from, keys } of walks) {
    const parent = pathEnd(facts, from, keys.slice(0, -1))
    const key = keys.at(-1)!
    if (parent === undefined || facts.children.has(parent, key)) continue
    last.set(parent, key, { drive, parent, key })
  }
  await loadChildren(tx, facts, last, fresh)
}

function noteWay(facts: Facts, { from, keys }: Walk, byPlace: PairMap<NodeId, string, Node>, fresh: Node[]) {
  let at = from
  for (const key of keys) {
    const node = byPlace.get(at, key)
    if (!facts.children.has(at, key)) facts.children.set(at, key, node ? { ids: [node.id], whole: false } : NO_CHILD)
    if (!node) return
    remember(facts, node, fresh)
    at = node.id
  }
}

async function loadChildren(tx: ReadTx, facts: Facts, wanted: PairMap<NodeId, string, ChildKey>, fresh: Node[]) {
  if (wanted.size === 0) return
  const keys = [...wanted.values()]
  const nodes = await tx.children(keys)
  for (const { parent, key } of keys) facts.children.set(parent, key, NO_CHILD)
  for (const node of nodes.sort((a, b) => a.twin - b.twin)) {
    const { ids } = facts.children.get(node.parent, node.key)!
    facts.children.set(node.parent, node.key, { ids: [...ids, node.id], whole: true })
    remember(facts, node, fresh)
  }
}

function remember(facts: Facts, node: Node, fresh: Node[]) {
  if (facts.nodes.has(node.id)) return
  facts.nodes.set(node.id, node)
  fresh.push(node)
}

async function loadNeighbours(context: LoadContext, facts: Facts, needs: Needs, fresh: Node[]) {
  const { tx } = context
  await Promise.all([
    loadChildren(tx, facts, needs.children, fresh),
    loadStems(tx, facts, needs),
    loadParents(tx, facts, needs),
    loadSubtrees(context, facts, needs, fresh),
    countDoomed(context, facts, needs),
    loadPages(tx, facts, needs, fresh),
    loadCounts(tx, facts, needs),
  ])
}

async function loadStems(tx: ReadTx, facts: Facts, needs: Needs) {
  if (needs.stems.size === 0) return
  const keys = [...needs.stems.values()]
  // One more than may be looked through tells that there are too many.
  const found = await tx.stems(keys, RENAME_SCAN_MAX + 1)
  for (const { parent, prefix } of keys) {
    const mine = found.filter((child) => child.parent === parent && child.key.startsWith(prefix)).map(({ key }) => key)
    facts.stems.set(stemKey(parent, prefix), mine.length > RENAME_SCAN_MAX ? null : new Set(mine))
  }
}

async function loadParents(tx: ReadTx, facts: Facts, needs: Needs) {
  if (needs.parents.size === 0) return
  for (const id of needs.parents.keys()) facts.parents.set(id, false)
  for (const id of await tx.parents([...needs.parents.values()])) facts.parents.set(id, true)
}

async function loadSubtrees({ tx, subtreeNodesMax }: LoadContext, facts: Facts, needs: Needs, fresh: Node[]) {
  if (needs.subtrees.size === 0) return
  const roots = [...needs.subtrees.values()]
  const nodes = await tx.subtrees(roots, subtreeNodesMax + 1)
  splitSubtrees(facts, roots, nodes, nodes.length > subtreeNodesMax)
  for (const node of nodes) remember(facts, node, fresh)
}

async function countDoomed({ tx, doomedMax }: LoadContext, facts: Facts, needs: Needs) {
  if (needs.doomed.size === 0) return
  for (const id of needs.doomed.keys()) facts.doomed.add(id)
  facts.doomedBelow += (await tx.subtrees([...needs.doomed.values()], doomedMax + 1)).length
  facts.destroysMuch = facts.doomedBelow > doomedMax
}

async function loadPages(tx: ReadTx, facts: Facts, needs: Needs, fresh: Node[]) {
  const pages = await tx.pages([...needs.pages.values()])
  for (const [index, rows] of zip([...needs.pages.keys()], pages)) {
    facts.pages.set(index, rows)
    for (const node of rows) remember(facts, node, fresh)
  }
}

async function loadCounts(tx: ReadTx, facts: Facts, needs: Needs) {
  if (needs.counts.size === 0) return
  for (const id of needs.counts.keys()) facts.counts.set(id, { files: 0, folders: 0 })
  for (const { id, files, folders } of await tx.counts([...needs.counts.values()]))
    facts.counts.set(id, { files, folders })
}

/** Gives every root its own descendants; a root may lie below another. */
function splitSubtrees(facts: Facts, roots: readonly NodeKey[], nodes: readonly Node[], cut: boolean) {
  const children = new Map<NodeId, Node[]>()
  for (const node of nodes) {
    const siblings = children.get(node.parent)
    if (siblings) siblings.push(node)
    else children.set(node.parent, [node])
  }
  for (const { id } of roots) {
    const found: Node[] = [...(children.get(id) ?? [])]
    for (let at = 0; at < found.length; at++) found.push(...(children.get(found[at]!.id) ?? []))
    facts.subtrees.set(id, cut ? null : found)
  }
}

async function loadAnnotations({ tx, actor }: LoadContext, facts: Facts, needs: Needs) {
  const [versions, grants, allGrants, entries] = await Promise.all([
    tx.versions([...needs.versions.values()]),
    tx.grants([...needs.grants.values()], grantees(actor)),
    tx.grants([...needs.allGrants.values()], null),
    tx.trash([...needs.trash.values()]),
  ])
  group(facts.versions, needs.versions.keys(), versions)
  group(facts.grants, needs.grants.keys(), grants)
  group(facts.allGrants, needs.allGrants.keys(), allGrants)
  for (const id of needs.trash.keys()) facts.trash.set(id, null)
  for (const entry of entries) facts.trash.set(entry.node, entry)
}

/** What follows from the nodes just read: the actor's grants on them, and the entries of trashed ones. */
async function loadGrants({ tx, actor }: LoadContext, facts: Facts, fresh: readonly Node[]) {
  const foreign = fresh.filter((node) => {
    const drive = facts.drives.get(node.drive)
    return drive && !ownsDrive(actor, drive)
  })
  if (foreign.length > 0) {
    const ids = foreign.map((node) => node.id)
    group(facts.grants, ids, await tx.grants(foreign, grantees(actor)))
  }
  const trashed = fresh.filter(
    (node) => node.parent === facts.drives.get(node.drive)?.trash && !facts.trash.has(node.id),
  )
  if (trashed.length > 0) {
    for (const node of trashed) facts.trash.set(node.id, null)
    for (const entry of await tx.trash(trashed)) facts.trash.set(entry.node, entry)
  }
}

async function loadNumbers({ write }: LoadContext, facts: Facts, needs: Needs) {
  if (!write) return
  const sequences = (Object.keys(needs.ids) as Sequence[]).filter((sequence) => needs.ids[sequence] > 0)
  await Promise.all(
    sequences.map(async (sequence) => {
      facts.ids[sequence].push(...(await write.ids(sequence, needs.ids[sequence])))
    }),
  )
  for (let made = 0; made < needs.uploadSecrets; made++) {
    facts.uploadSecrets.push(randomBytes(UPLOAD_SECRET_BYTES).toString('hex'))
  }
}

function group<Row extends { node: NodeId }>(
  into: Map<NodeId, readonly Row[]>,
  ids: Iterable<NodeId>,
  rows: readonly Row[],
) {
  const lists = new Map<NodeId, Row[]>()
  for (const id of ids) lists.set(id, [])
  for (const row of rows) lists.get(row.node)?.push(row)
  for (const [id, list] of lists) into.set(id, list)
}

function zip<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.map((item, index) => [item, right[index]!])
}
