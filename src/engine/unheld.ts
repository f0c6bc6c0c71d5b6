/** Contents that drives let go of, and bytes that no drive holds any more. */
import type { BlobStore } from './blob-port.ts'
import type { Store } from './port.ts'

/** Drives and the contents they hold, let go of in one slice. */
export const UNHELD_ROWS = 1_000

/**
 * Lets drives let go of what they have not referred to since `before`, and removes the bytes that no drive holds then; true
 * while more waits.
 */
export async function sweepBlobs(store: Store, blobs: BlobStore, before: number): Promise<boolean> {
  const released = await store.write((tx) => tx.takeUnusedBlobs(before, UNHELD_ROWS))
  await removeUnheld(store, blobs, released, before)
  return released.length === UNHELD_ROWS
}

/**
 * Removes the bytes of contents that drives have let go of, unless others hold them. To be called once that is committed: what is
 * killed in between leaves bytes that nobody knows, never a row without bytes.
 *
 * That no drive holds them is seen after the rows have gone, so of two sweeps the later one sees it. Until the bytes have gone
 * nobody can come to hold them, but for an upload of the same content:
 * - Who copies or carries a file, or fills an upload with its content, reads its version in the transaction that gives the content
 *   to the other drive. Then the drive of that version holds it, to the end of that transaction and, because a content is let go
 *   only some time after its last reference, for all of `UNUSED_BLOB_KEPT_MS` thereafter. Either it is seen there, or in the
 *   other drive, even where drives lie on machines that are not asked at the same moment.
 * - Who seals an upload puts the bytes in their place, or dates those that are there anew, and writes the row before that date is
 *   `UNUSED_BLOB_KEPT_MS` old (`uploads.ts`). If its row was not seen here, the date is later than `before`, and bytes of such a date
 *   are not removed. If they were removed before they could be dated, they are put there again. A blob store does each of
 *   the two as a whole.
 */
export async function removeUnheld(
  store: Store,
  blobs: BlobStore,
  released: readonly string[],
  before: number,
): Promise<void> {
  if (released.length === 0) return
  const digests = [...new Set(released)]
  const held = new Set(await store.read((tx) => tx.heldContents(digests)))
  const nobodys = digests.filter((digest) => !held.has(digest))
  await blobs.remove(nobodys, before)
}
