/** A drive's change log as an actor may read it, for clients that keep up with a drive. */
import { ownsDrive, reachesDrive } from './access.ts'
import type { RunBatch } from './batch.ts'
import { fail } from './error.ts'
import type { Change, NodeId } from './model.ts'
import type { NodeView } from './op.ts'
import type { Store } from './port.ts'
import type { ChangeView, Readings } from './readings.ts'
import { look, SIGHT_NODES_MAX } from './sight.ts'

export function createChanges(store: Store, batch: RunBatch): Pick<Readings, 'changes'> {
  return {
    async changes(actor, { drive: id, after, limit }) {
      const { drive, rows } = await store.read(async (tx) => ({
        drive: (await tx.drives([id]))[0],
        // One row more than asked tells whether there is a next page.
        rows: await tx.changes({ drive: id, after, limit: limit + 1 }),
      }))
      if (!drive || !reachesDrive(actor, drive)) return fail('drive_not_found')
      if (drive.settings.disabled) return fail('drive_disabled')
      const looked = rows.slice(0, limit)
      const owns = ownsDrive(actor, drive)
      const ids = [...new Set(looked.flatMap((change) => (owns ? [change.node] : placesOf(change))))]
      const views = new Map<NodeId, NodeView | null>()
      const slices = Array.from({ length: Math.ceil(ids.length / SIGHT_NODES_MAX) }, (_, index) =>
        ids.slice(index * SIGHT_NODES_MAX, (index + 1) * SIGHT_NODES_MAX),
      )
      const seen = await Promise.all(
        slices.map((slice) =>
          look(
            batch,
            actor,
            slice.map((node) => ({ drive: id, id: node })),
            'any',
          ),
        ),
      )
      for (const [index, view] of seen.flat().entries()) views.set(ids[index]!, view)
      const shown = looked.filter((change) => owns || placesOf(change).some((place) => views.get(place)))
      const items = shown.map((change): ChangeView => ({ change, view: views.get(change.node) ?? null }))
      return { items, next: looked.at(-1)?.seq ?? after, more: rows.length > limit }
    },
  }
}

/** The node itself, and the folders it came into and left: who sees one of them has seen the change. */
function placesOf({ node, parent, from }: Change): NodeId[] {
  return from ? [node, parent, from.parent] : [node, parent]
}
