/**
 * What time takes away, or what was destroyed at once for its user, a bounded slice at a time. Each kind is one thing to look after;
 * what is due of them is the sweep's task to remove, see sweep-task.ts.
 */
import type { BatchContext } from './batch.ts'
import type { BlobStore } from './blob-port.ts'
import { sweepDeparted } from './departure.ts'
import { EVICTED_KEPT_DAYS, easePools } from './eviction.ts'
import type { Clock, DueTimes, Overdue, Store, WriteTx } from './port.ts'
import { REMOVAL_ROOTS, removed } from './removal.ts'
import { expireTrash, expireVersions } from './retention.ts'
import { removeUnheld, UNHELD_ROWS } from './unheld.ts'
import { removeUploads, UNUSED_BLOB_KEPT_MS } from './uploads.ts'

const DAY_MS = 24 * 3600_000
/** Uploads removed in one slice. */
export const SWEEP_ROWS = 1_000

/** How long a finished task can be asked about, ms: 30 days. */
const TASK_KEPT_MS = 30 * DAY_MS

/** What one slice did. */
export interface Swept {
  readonly removed: number
  readonly hasMore: boolean
  /** What is to be done once the transaction is committed. */
  readonly after?: () => Promise<void>
}

export interface SweepContext extends BatchContext {
  readonly blobs: BlobStore
}

/** What a slice does in its transaction. What takes long to find is looked for before that is open. */
type Slice = (tx: WriteTx) => Promise<Swept>

/** In the order in which they come: what one gives up the next may take. */
export const SLICES: Readonly<Record<Overdue, (context: SweepContext) => Slice | Promise<Slice>>> = {
  trash: (context) => (tx) => expireTrash(context, tx),
  versions: (context) => (tx) => expireVersions(context, tx),
  graves: (context) => (tx) => sweepGraves(context, tx),
  excess: easePools,
  departed: (context) => (tx) => sweepDeparted(context, tx),
  uploads: (context) => (tx) => sweepUploads(context, tx),
  records: (context) => (tx) => sweepRecords(context, tx),
  blobs: (context) => (tx) => sweepUnused(context, tx),
}

/** The times before which the store's rows are due. */
export function dueTimes(now: number): DueTimes {
  return {
    now,
    tasksBefore: now - TASK_KEPT_MS,
    evictedBefore: now - EVICTED_KEPT_DAYS * DAY_MS,
    blobsBefore: now - UNUSED_BLOB_KEPT_MS,
  }
}

/** Runs one slice of everything that needs no planning, beside no server; true while more waits. */
export async function sweep(store: Store, blobs: BlobStore, clock: Clock): Promise<boolean> {
  const left: boolean[] = []
  for (const slice of [sweepGraves, sweepDeparted, sweepUploads, sweepRecords, sweepUnused]) {
    const { hasMore, after } = await store.write((tx) => slice({ store, blobs, clock }, tx))
    await after?.()
    left.push(hasMore)
  }
  return left.includes(true)
}

/** Removes buried nodes, as many as fit one slice. */
async function sweepGraves({ clock }: Pick<SweepContext, 'clock'>, tx: WriteTx): Promise<Swept> {
  const buried = await tx.graveNodes(REMOVAL_ROOTS)
  if (buried.length === 0) return { removed: 0, hasMore: false }
  const changes = await removed(tx, buried, clock(), ({ grave }) => grave)
  await tx.apply(changes)
  // Looking once more, the store strikes the drives out whose graves are empty now.
  return { removed: changes.deleteNodes.length, hasMore: true }
}

async function sweepUploads({ blobs, clock }: Pick<SweepContext, 'blobs' | 'clock'>, tx: WriteTx): Promise<Swept> {
  const due = await tx.expiredUploads(clock(), SWEEP_ROWS)
  const gone = due.length > 0 ? await removeUploads(tx, due, clock()) : []
  return {
    removed: gone.length,
    hasMore: gone.length === SWEEP_ROWS,
    after: () => blobs.discard(gone.map(({ id }) => id)),
  }
}

/** Tokens, and what is remembered of tasks and evicted files. */
async function sweepRecords({ clock }: Pick<SweepContext, 'clock'>, tx: WriteTx): Promise<Swept> {
  return { removed: await tx.deleteExpired(dueTimes(clock())), hasMore: false }
}

async function sweepUnused(
  { store, blobs, clock }: Pick<SweepContext, 'store' | 'blobs' | 'clock'>,
  tx: WriteTx,
): Promise<Swept> {
  const { blobsBefore } = dueTimes(clock())
  const released = await tx.takeUnusedBlobs(blobsBefore, UNHELD_ROWS)
  return {
    removed: released.length,
    hasMore: released.length === UNHELD_ROWS,
    after: () => removeUnheld(store, blobs, released, blobsBefore),
  }
}
