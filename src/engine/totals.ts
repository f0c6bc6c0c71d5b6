/** How much lies below folders. Counted by looking at everything below, so the answer is remembered while its drive stays as it is. */
import { ACTIONS } from './action.ts'
import type { RunBatch } from './batch.ts'
import type { Engine } from './engine.ts'
import type { Totals } from './model.ts'
import type { Failed, NodeView } from './op.ts'
import type { Store } from './port.ts'

const REMEMBERED_MAX = 10_000

const NOTHING: Totals = { files: 0, folders: 0, size: 0, versions: 0, versionsSize: 0 }

/** A drive's numbers grow with every change in it, so what was counted under the same numbers still holds. */
interface Remembered {
  readonly state: string
  readonly totals: Totals
}

export function createTotals(store: Store, batch: RunBatch): Pick<Engine, 'totals'> {
  const memory = new Map<number, Remembered>()

  return {
    async totals(actor, nodes) {
      const ops = nodes.map((node) => ({ kind: 'get', node, need: ACTIONS.list, trashed: 'any' }) as const)
      const results = await batch(actor, ops, 'each')
      const views = results.flatMap((result) => (result.status === 'failed' ? [] : [result.view!]))
      const unknown = views.filter((view) => memory.get(view.node.id)?.state !== stateOf(view))
      const rows = unknown.length > 0 ? await store.read((tx) => tx.totals(unknown.map(({ node }) => node))) : []
      const counted = new Map(rows.map(({ id, ...totals }) => [id, totals]))
      if (memory.size + unknown.length > REMEMBERED_MAX) memory.clear()
      for (const view of unknown) {
        memory.set(view.node.id, { state: stateOf(view), totals: counted.get(view.node.id) ?? NOTHING })
      }
      const found = new Map(views.map(({ node: { id } }) => [id, memory.get(id)!.totals]))
      return results.map((result): Totals | Failed =>
        result.status === 'failed' ? result : found.get(result.view!.node.id)!,
      )
    },
  }
}

function stateOf({ drive }: NodeView): string {
  return `${drive.id} ${drive.seq} ${drive.trashSeq}`
}
