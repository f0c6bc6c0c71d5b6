/** From the state a plan arrived at to the rows to write: each touched row once, whatever the ops did with it meanwhile. */
import { termsOf } from './gram.ts'
import type { DriveId, Node, NodeId } from './model.ts'
import { PairMap } from './pair-map.ts'
import type { Changes, NodeKey } from './port.ts'
import type { View } from './view.ts'

export function emptyChanges(): Changes {
  return {
    vacate: [],
    deleteNodes: [],
    rehome: [],
    insertNodes: [],
    stage: [],
    endHauls: [],
    moveNodes: [],
    placeNodes: [],
    updateNodes: [],
    putTerms: [],
    insertVersions: [],
    updateVersions: [],
    deleteVersions: [],
    blobRefs: [],
    deleteTrash: [],
    insertTrash: [],
    putGrants: [],
    deleteGrants: [],
    poolDeltas: [],
    driveSeqs: [],
    insertChanges: [],
    putUploads: [],
    putTasks: [],
    updateTasks: [],
    insertOutcomes: [],
    putQueue: [],
    deleteQueue: [],
    putHolds: [],
    deleteHolds: [],
  }
}

export function effects(view: View): Changes {
  const changes = emptyChanges()
  nodeEffects(view, changes)
  contentEffects(view, changes)
  standingEffects(view, changes)
  for (const { drive, pool, delta } of view.poolDeltas.values()) {
    if (delta !== 0) changes.poolDeltas.push({ tenant: drive.tenant, kind: pool.kind, key: pool.key, delta })
  }
  logEffects(view, changes)
  changes.putUploads.push(...view.uploads.values())
  changes.putTasks.push(...view.tasks)
  return changes
}

export function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((rows) => rows.length === 0)
}

function nodeEffects(view: View, changes: Changes) {
  const homes = new Map<string, { from: DriveId; to: DriveId; ids: NodeId[] }>()
  for (const [id, now] of view.nodes) {
    const before = view.facts.nodes.get(id)
    if (!before) {
      if (now) changes.insertNodes.push(now)
    } else if (!now) {
      changes.deleteNodes.push({ drive: before.drive, id })
    } else {
      const landing = view.landings.find(({ top }) => top.id === id)
      if (landing) {
        // Its row is there already: it takes its place, and the one it leaves goes out of sight.
        changes.placeNodes.push(now, landing.left)
        changes.endHauls.push(landing.haul)
        continue
      }
      if (now.drive !== before.drive) collect(homes, before.drive, now.drive, id)
      if (isRewritten(before, now)) changes.updateNodes.push(now)
      else if (isMovedOnly(before, now)) changes.moveNodes.push(now)
      else if (isPlacedAnew(before, now)) changes.placeNodes.push(now)
    }
  }
  changes.rehome.push(...homes.values())
  changes.putTerms.push(...newTerms(view))
  changes.vacate.push(...vacated(view, changes))
  // What stepped aside has lost its twin and must be placed in full.
  const aside = new Set(changes.vacate.map(({ id }) => id))
  changes.placeNodes.push(...changes.moveNodes.filter(({ id }) => aside.has(id)))
  changes.moveNodes = changes.moveNodes.filter(({ id }) => !aside.has(id))
}

/** Of what is new, and of what changed in anything it is found by. A move changes nothing of that. */
function newTerms(view: View): Changes['putTerms'] {
  const found: Changes['putTerms'] = []
  for (const [id, now] of view.nodes) {
    const before = view.facts.nodes.get(id)
    if (now && !(before && isFoundAlike(before, now))) found.push({ drive: now.drive, node: id, terms: termsOf(now) })
  }
  return found
}

function isFoundAlike(before: Node, now: Node): boolean {
  return now.name === before.name && now.attributes === before.attributes && now.content === before.content
}

function collect(
  homes: Map<string, { from: DriveId; to: DriveId; ids: NodeId[] }>,
  from: DriveId,
  to: DriveId,
  id: NodeId,
) {
  const key = `${from}/${to}`
  const home = homes.get(key)
  if (home) home.ids.push(id)
  else homes.set(key, { from, to, ids: [id] })
}

function isRewritten(before: Node, now: Node): boolean {
  // A new version may well have the very bytes of the last one.
  const hasNewContent = now.content !== before.content || now.version !== before.version
  return now.attributes !== before.attributes || hasNewContent
}

/** The commonest change of all: another folder, under the same name. */
function isMovedOnly(before: Node, now: Node): boolean {
  return (
    now.parent !== before.parent && now.rev === before.rev + 1 && now.name === before.name && now.twin === before.twin
  )
}

function isPlacedAnew(before: Node, now: Node): boolean {
  return (
    now.rev !== before.rev ||
    now.parent !== before.parent ||
    now.name !== before.name ||
    now.twin !== before.twin ||
    now.updatedAt !== before.updatedAt ||
    now.modifier !== before.modifier
  )
}

/** Nodes whose old name another node of this batch takes: the unique index sees rows one by one, so they step aside first. */
function vacated(view: View, changes: Changes): NodeKey[] {
  // By parent and key: those that are no longer there, one a twin.
  const left = new PairMap<NodeId, string, Node[]>()
  const { insertNodes, moveNodes, placeNodes, updateNodes } = changes
  for (const now of [...moveNodes, ...placeNodes, ...updateNodes]) {
    const before = view.facts.nodes.get(now.id)!
    if (before.parent === now.parent && before.key === now.key && before.twin === now.twin) continue
    left.set(before.parent, before.key, [...(left.get(before.parent, before.key) ?? []), before])
  }
  if (left.size === 0) return []
  const taken = [...insertNodes, ...moveNodes, ...placeNodes, ...updateNodes]
  return taken.flatMap((node) => {
    const before = left.get(node.parent, node.key)?.find(({ twin }) => twin === node.twin)
    return before && before.id !== node.id ? [{ drive: before.drive, id: before.id }] : []
  })
}

function contentEffects(view: View, changes: Changes) {
  for (const [id, now] of view.versions) {
    const node = view.node(id)
    if (!node) continue // a destroyed node's versions go with its row
    const stored = view.facts.versions.get(id) ?? []
    const before = new Set(stored.map(({ version }) => version))
    const after = new Set(now.map(({ version }) => version))
    changes.insertVersions.push(
      ...now.filter(({ version }) => !before.has(version)).map((version) => ({ ...version, drive: node.drive })),
    )
    const rewritten = now.filter((version) => before.has(version.version) && !stored.includes(version))
    changes.updateVersions.push(...rewritten.map((version) => ({ ...version, drive: node.drive })))
    for (const version of before)
      if (!after.has(version)) changes.deleteVersions.push({ drive: node.drive, node: id, version })
  }
  for (const ref of view.blobRefs.values()) if (ref.delta !== 0) changes.blobRefs.push(ref)
}

function standingEffects(view: View, changes: Changes) {
  for (const [node, entry] of view.trash) {
    const before = view.facts.trash.get(node)
    if (before && before !== entry) changes.deleteTrash.push({ drive: before.drive, id: node })
    if (entry && before !== entry) changes.insertTrash.push(entry)
  }
  for (const [id, grants] of view.grants) {
    const node = view.nodes.get(id) ?? view.node(id)
    if (!node) continue // a destroyed node's grants go with its row
    const kept = new Set(grants.map(({ subject }) => subject))
    const before = view.facts.allGrants.get(id) ?? []
    for (const { subject } of before) {
      if (!kept.has(subject)) changes.deleteGrants.push({ drive: node.drive, node: id, subject })
    }
    changes.putGrants.push(
      ...grants.filter((grant) => !before.includes(grant)).map((grant) => ({ ...grant, drive: node.drive })),
    )
  }
}

function logEffects(view: View, changes: Changes) {
  const seqs = new Map<DriveId, number>()
  for (const change of view.changes) {
    const seq = (seqs.get(change.drive) ?? view.facts.drives.get(change.drive)!.seq) + 1
    seqs.set(change.drive, seq)
    changes.insertChanges.push({ ...change, seq })
  }
  for (const id of new Set([...seqs.keys(), ...view.trashTouched])) {
    const drive = view.facts.drives.get(id)!
    const trashSeq = drive.trashSeq + (view.trashTouched.has(id) ? 1 : 0)
    changes.driveSeqs.push({ id, seq: seqs.get(id) ?? drive.seq, trashSeq })
  }
}
