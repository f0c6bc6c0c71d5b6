/** Removing trees that nobody sees any more, a bounded slice at a time. */
import { emptyChanges } from './effects.ts'
import type { Drive, Node, NodeId } from './model.ts'
import type { Changes, NodeKey, WriteTx } from './port.ts'

/** Tops looked at, and nodes below them removed, in one slice. */
export const REMOVAL_ROOTS = 200
export const REMOVAL_NODES = 1_000

/**
 * What removes the tops and all below them; of trees too large for one slice, as much as fits: the folders that are left become
 * tops themselves.
 * @param home the folder the tops of a drive hang under
 */
export async function removal(
  tx: WriteTx,
  tops: readonly Node[],
  home: (drive: Drive) => NodeId,
): Promise<{ changes: Changes; isWhole: boolean }> {
  const below = await tx.subtrees(tops.filter(isFolder), REMOVAL_NODES)
  const isWhole = below.length < REMOVAL_NODES
  // Breadth-first: when the slice ends inside a tree, its files so far go and its folders so far become tops.
  const raised = isWhole ? [] : below.filter(isFolder)
  const doomed = isWhole ? [...tops, ...below] : [...tops, ...below].filter((node) => !isFolder(node))
  const drives = new Map(
    (await tx.drives([...new Set(tops.map(({ drive }) => drive))])).map((drive) => [drive.id, drive]),
  )
  const placeNodes = raised.map((node): Node => ({ ...node, parent: home(drives.get(node.drive)!), twin: node.id }))
  const keys = doomed.map(keyOf)
  // Only the trash of a deleted drive still has entries here.
  const gone = { deleteNodes: keys, deleteTrash: keys, placeNodes }
  return { changes: { ...emptyChanges(), ...gone, ...(await release(tx, doomed, drives)) }, isWhole }
}

function isFolder({ kind }: Node): boolean {
  return kind === 'folder'
}

function keyOf({ drive, id }: Node): NodeKey {
  return { drive, id }
}

/** What the doomed nodes held: references to blobs, and room in the pools of their drives. */
async function release(tx: WriteTx, doomed: readonly Node[], drives: ReadonlyMap<Node['drive'], Drive>) {
  const refs = new Map<string, number>()
  const sizes = new Map<Node['drive'], number>()
  for (const { drive, content } of await tx.versions(doomed.filter(({ kind }) => kind === 'file').map(keyOf))) {
    refs.set(content.digest, (refs.get(content.digest) ?? 0) - 1)
    sizes.set(drive, (sizes.get(drive) ?? 0) + content.size)
  }
  const poolDeltas = [...sizes].flatMap(([id, size]) => {
    const drive = drives.get(id)!
    return drive.pools.map(({ kind, key }) => ({ tenant: drive.tenant, kind, key, delta: -size }))
  })
  return { blobRefs: [...refs].map(([digest, delta]) => ({ digest, delta })), poolDeltas }
}
