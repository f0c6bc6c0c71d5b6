/** What is destroyed at once for its user and removed here, a bounded slice at a time: buried trees, old uploads, unused bytes. */
import { emptyChanges } from './effects.ts'
import type { Drive, Node } from './model.ts'
import type { BlobStore, Clock, NodeKey, Store, WriteTx } from './port.ts'
import { TASK_KEPT_MS } from './tasks.ts'
import { removeUploads } from './uploads.ts'

/** Buried nodes looked at, and nodes below them removed, in one slice. */
export const SWEEP_ROOTS = 200
export const SWEEP_NODES = 1_000
/** How long bytes without any reference are kept: an upload of the same content may be about to refer to them. */
export const UNUSED_BLOB_KEPT_MS = 10 * 60_000

/** Runs one slice of everything; true while more waits. */
export async function sweep(store: Store, blobs: BlobStore, clock: Clock): Promise<boolean> {
  const buriedLeft = await store.write(sweepGraves)
  const expired = await store.write(async (tx) => {
    const ids = await tx.expiredUploads(clock(), SWEEP_NODES)
    return ids.length > 0 ? removeUploads(tx, ids) : []
  })
  await blobs.discard(expired.map(({ id }) => id))
  const before = clock() - UNUSED_BLOB_KEPT_MS
  const unused = await store.write(async (tx) => {
    await tx.deleteExpired(clock(), clock() - TASK_KEPT_MS)
    return tx.takeUnusedBlobs(before, SWEEP_NODES)
  })
  await blobs.remove(unused, before)
  return buriedLeft || expired.length === SWEEP_NODES || unused.length === SWEEP_NODES
}

/** Removes buried nodes; of trees too large for one slice, as much as fits, the folders left being buried one by one. */
async function sweepGraves(tx: WriteTx): Promise<boolean> {
  const buried = await tx.graveNodes(SWEEP_ROOTS)
  if (buried.length === 0) return false
  const folders = buried.filter(({ kind }) => kind === 'folder')
  const below = await tx.subtrees(folders, SWEEP_NODES)
  const isWhole = below.length < SWEEP_NODES
  // Breadth-first: when the slice ends inside a tree, its files so far go and its folders so far are buried themselves.
  const reburied = isWhole ? [] : below.filter(({ kind }) => kind === 'folder')
  const doomed = isWhole
    ? [...buried, ...below]
    : [...buried.filter(({ kind }) => kind === 'file'), ...below.filter(({ kind }) => kind === 'file')]
  const drives = new Map(
    (await tx.drives([...new Set(buried.map(({ drive }) => drive))])).map((drive) => [drive.id, drive]),
  )
  const placeNodes = reburied.map((node): Node => ({ ...node, parent: drives.get(node.drive)!.grave, twin: node.id }))
  const released = await release(tx, doomed, drives)
  const keys = doomed.map(keyOf)
  // Only the trash of a deleted drive still has entries here.
  await tx.apply({ ...emptyChanges(), deleteNodes: keys, deleteTrash: keys, placeNodes, ...released })
  return !isWhole || buried.length === SWEEP_ROOTS
}

const keyOf = ({ drive, id }: Node): NodeKey => ({ drive, id })

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
