/** Puts the engine together. */

import { createArriving } from './arriving.ts'
import { createBatch } from './batch.ts'
import { createChanges } from './changes.ts'
import { createClearVersions } from './clear-versions.ts'
import { createDirectory } from './directory.ts'
import { DEFAULT_ENGINE_OPTIONS, type Engine, type EngineParts } from './engine.ts'
import { createEvicted } from './eviction.ts'
import { createGivenGrants } from './given-grants.ts'
import { createHashChains } from './hash-chain.ts'
import { idCodec } from './id.ts'
import { createKnownContent } from './known-content.ts'
import { createLinks } from './link.ts'
import { createMarks } from './marks.ts'
import { createSearch } from './search.ts'
import { createTasks } from './tasks.ts'
import { createTickets } from './ticket.ts'
import { createTotals } from './totals.ts'
import { createTrashPages } from './trash-page.ts'
import { createUploads } from './uploads.ts'

export function createEngine({ store, blobs, clock, secret, options = {} }: EngineParts): Engine {
  const context = { store, clock, options: { ...DEFAULT_ENGINE_OPTIONS, ...options } }
  const run = createBatch(context)
  const { seal, ...uploads } = createUploads(store, blobs, clock)
  const directory = createDirectory(store, clock)
  const { turn, ...tasks } = createTasks({ ...context, blobs })
  let atWork: Promise<unknown> = Promise.resolve()
  return {
    ...directory,
    ...uploads,
    ...tasks,
    ...createClearVersions(context),
    ...createEvicted(store, run),
    ...createHashChains(store, blobs),
    ...createKnownContent(store, run, clock),
    ...createLinks(store, clock, run),
    ...createTotals(store, run),
    ...createChanges(store, run),
    ...createArriving(store, clock, run),
    ...createGivenGrants(store, run, clock),
    ...createMarks(store, run, clock),
    ...createSearch(store, run),
    ...createTrashPages(store, run, directory.drives),
    // Made anew by `keepCurrent`, as for every other call.
    current: (actor) => Promise.resolve(actor),
    async batch(actor, ops, mode = 'each') {
      const uploadIds = ops.flatMap((op) => (op.kind === 'commit' ? [op.upload] : []))
      if (uploadIds.length > 0) await seal(uploadIds)
      return run(actor, ops, mode)
    },
    tickets: createTickets(secret),
    ids: idCodec(secret),
    now: clock,
    work() {
      // Whoever asks while it is at work waits for its end: what they find then is settled.
      const slice = atWork.then(turn)
      atWork = slice.catch(() => false)
      return slice
    },
    async close() {
      await store.close()
      await blobs.close()
    },
  }
}
