/** What is destroyed at once for its user and removed here, a bounded slice at a time: buried trees, old uploads, unused bytes. */
import { sweepDeparted } from './departure.ts'
import type { BlobStore, Clock, Store, WriteTx } from './port.ts'
import { REMOVAL_ROOTS, removed } from './removal.ts'
import { TASK_KEPT_MS } from './tasks.ts'
import { removeUploads } from './uploads.ts'

/** Uploads, and bytes, removed in one slice. */
export const SWEEP_ROWS = 1_000
/** How long bytes without any reference are kept: an upload of the same content may be about to refer to them. */
export const UNUSED_BLOB_KEPT_MS = 10 * 60_000

/** Runs one slice of everything; true while more waits. */
export async function sweep(store: Store, blobs: BlobStore, clock: Clock): Promise<boolean> {
  const buriedLeft = await store.write(sweepGraves)
  const departedLeft = await store.write(sweepDeparted)
  const expired = await store.write(async (tx) => {
    const ids = await tx.expiredUploads(clock(), SWEEP_ROWS)
    return ids.length > 0 ? removeUploads(tx, ids) : []
  })
  await blobs.discard(expired.map(({ id }) => id))
  const before = clock() - UNUSED_BLOB_KEPT_MS
  const unused = await store.write(async (tx) => {
    await tx.deleteExpired(clock(), clock() - TASK_KEPT_MS)
    return tx.takeUnusedBlobs(before, SWEEP_ROWS)
  })
  await blobs.remove(unused, before)
  return buriedLeft || departedLeft || expired.length === SWEEP_ROWS || unused.length === SWEEP_ROWS
}

/** Removes buried nodes, as many as fit one slice. */
async function sweepGraves(tx: WriteTx): Promise<boolean> {
  const buried = await tx.graveNodes(REMOVAL_ROOTS)
  if (buried.length === 0) return false
  const { changes, isWhole } = await removed(tx, buried, ({ grave }) => grave)
  await tx.apply(changes)
  return !isWhole || buried.length === REMOVAL_ROOTS
}
