/** What lies in the trash, as an actor may see it. */

import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import type { Engine, TrashView } from './engine.ts'
import type { Drive, Node, TrashEntry } from './model.ts'
import type { GetOp } from './op.ts'
import type { Store } from './port.ts'

export type TrashPages = Pick<Engine, 'trashPage' | 'trashById'>

export function createTrashPages(store: Store, batch: RunBatch, drives: Engine['drives']): TrashPages {
  return {
    async trashPage(actor, { drives: ids, after, limit }) {
      const reached = (await drives(actor, ids)).flatMap((drive) => (drive ? [drive] : []))
      const rows = await store.read((tx) =>
        tx.trashPage({ drives: reached.map(({ id }) => id), after, limit: limit + 1 }),
      )
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)?.entry
      const next = rows.length > limit && last ? { trashedAt: last.trashedAt, id: last.id } : null
      return { items: await visible(batch, actor, reached, shown), next }
    },

    async trashById(actor, keys) {
      const reached = await drives(
        actor,
        keys.map(({ drive }) => drive),
      )
      const known = reached.flatMap((drive) => (drive ? [drive] : []))
      const entries = await store.read(async (tx) => {
        const found = await tx.trashById(keys)
        const nodes = await tx.chains(found.map((entry) => ({ drive: entry.drive, id: entry.node, follow: false })))
        const byId = new Map(nodes.map((node) => [node.id, node]))
        return found.flatMap((entry) => {
          const node = byId.get(entry.node)
          return node ? [{ entry, node }] : []
        })
      })
      const seen = await visible(batch, actor, known, entries)
      return keys.map(({ drive, id }) => seen.find(({ entry }) => entry.drive === drive && entry.id === id) ?? null)
    },
  }
}

/** Those the actor may list: judged by the planner, like every other reading. */
async function visible(
  batch: RunBatch,
  actor: Actor,
  drives: readonly Drive[],
  rows: readonly { entry: TrashEntry; node: Node }[],
): Promise<TrashView[]> {
  const byId = new Map(drives.map((drive) => [drive.id, drive]))
  const ops = rows.map(
    ({ node }): GetOp => ({
      kind: 'get',
      node: { drive: node.drive, id: node.id },
      need: ACTIONS.list,
      trashed: 'only',
    }),
  )
  const results = await batch(actor, ops, 'each')
  return rows.flatMap(({ entry, node }, index) => {
    const drive = byId.get(node.drive)
    const result = results[index]!
    return drive && result.status === 'done' ? [{ entry, node, drive, actions: result.view!.actions }] : []
  })
}
