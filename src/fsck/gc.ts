/** Removes what is provably nobody's: what the sweep would take anyway, at once, and bytes that no row knows. */
import type { BlobInspection, BlobStore, Inspection, Store, UploadId } from '../engine/index.ts'
import { REMOVAL_NODES } from '../engine/removal.ts'
import { sweep } from '../engine/sweep.ts'
import { sweepBlobs } from '../engine/unheld.ts'
import { compareBytes, FRESH_MS, type Leftover } from './bytes.ts'
import { BYTES_HOLD, type OnProgress } from './fsck.ts'

export interface GcParts {
  readonly openRows: () => Promise<Inspection>
  readonly bytes: BlobInspection
  readonly now: number
  readonly onProgress?: OnProgress
}

/** With what it removes. Nobody else may write to the blob store meanwhile: the caller holds the data folder. */
export interface GcTools {
  /** Null where there is nothing to sweep: the rows are as they shall be. */
  readonly store: Store | null
  readonly blobs: BlobStore
}

export interface GcReport {
  /** What the sweep took; without tools, what it has before it. */
  readonly swept: { readonly nodes: number; readonly uploads: number; readonly blobs: number }
  readonly leftovers: Readonly<Record<Leftover['kind'], { readonly count: number; readonly size: number }>>
}

/** Finds, and with `tools` removes. Without them nothing is changed and a server may work meanwhile. */
export async function gc(parts: GcParts, tools: GcTools | null): Promise<GcReport> {
  const { openRows, bytes, now, onProgress = () => {} } = parts
  const waiting = await looking(openRows, (rows) => sweepable(rows, now))
  if (tools?.store) await sweepAll(tools.store, tools.blobs, now, waiting.nodes, onProgress)
  const leftovers = { blob: { count: 0, size: 0 }, upload: { count: 0, size: 0 }, temporary: { count: 0, size: 0 } }
  const left = await looking(openRows, async (rows) => {
    const total = await rows.blobCount()
    onProgress(BYTES_HOLD, 0, total)
    await compareBytes({
      ...{ rows, openRows, bytes, now, deep: false },
      onFaults: () => {},
      onProgress: (done) => onProgress(BYTES_HOLD, done, total),
      async onLeftovers(some) {
        for (const { kind, size } of some) {
          leftovers[kind].count++
          leftovers[kind].size += size
        }
        if (tools) await remove(tools.blobs, some, now)
      },
    })
    return sweepable(rows, now)
  })
  const { nodes, uploads, blobs, all } = waiting
  // A blob whose last reference is being swept was not without one before.
  const taken = { nodes: nodes - left.nodes, uploads: uploads - left.uploads, blobs: all - left.all }
  return { swept: tools ? taken : { nodes, uploads, blobs }, leftovers }
}

async function sweepable(rows: Inspection, now: number) {
  return { ...(await rows.awaitingSweep(now)), all: await rows.blobCount() }
}

async function looking<T>(openRows: GcParts['openRows'], look: (rows: Inspection) => Promise<T>): Promise<T> {
  const rows = await openRows()
  try {
    return await look(rows)
  } finally {
    await rows.close()
  }
}

async function sweepAll(
  store: Store,
  blobs: BlobStore,
  now: number,
  nodes: number,
  onProgress: OnProgress,
): Promise<void> {
  const what = 'removing what was destroyed'
  onProgress(what, 0, nodes)
  for (let slices = 1; await sweep(store, blobs, () => now); slices++)
    onProgress(what, Math.min(nodes, slices * REMOVAL_NODES), nodes)
  // Nobody is about to upload anything: what has just lost its last reference need not wait.
  while (await sweepBlobs(store, blobs, now + 1));
}

/** Half-written files of processes that are gone went when the blob store was opened. */
async function remove(blobs: BlobStore, some: readonly Leftover[], now: number): Promise<void> {
  const namesOf = (kind: Leftover['kind']) => some.filter((one) => one.kind === kind).map(({ name }) => name)
  await blobs.remove(namesOf('blob'), now - FRESH_MS)
  await blobs.discard(namesOf('upload') as UploadId[])
}
