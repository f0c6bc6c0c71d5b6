/** How much lies below folders. Counted by looking at everything below, so the answer is remembered while its drive stays as it is. */
import { ownsDrive, reachesDrive } from './access.ts'
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import type { Engine } from './engine.ts'
import { fail } from './error.ts'
import type { Drive, NodeId, Totals } from './model.ts'
import type { Failed } from './op.ts'
import type { Store } from './port.ts'

const REMEMBERED_MAX = 10_000

const NOTHING: Totals = { files: 0, folders: 0, size: 0, versions: 0, versionsSize: 0 }

/** A drive's numbers grow with every change in it, so what was counted under the same numbers still holds. */
interface Remembered {
  readonly state: string
  readonly totals: Totals
}

interface Counted {
  readonly id: NodeId
  readonly drive: Drive
}

export function createTotals(store: Store, batch: RunBatch): Pick<Engine, 'totals' | 'trashTotals'> {
  const memory = new Map<NodeId, Remembered>()

  async function count(tops: readonly Counted[]): Promise<Map<NodeId, Totals>> {
    const unknown = tops.filter((top) => memory.get(top.id)?.state !== stateOf(top))
    const keys = unknown.map(({ id, drive }) => ({ id, drive: drive.id }))
    const rows = keys.length > 0 ? await store.read((tx) => tx.totals(keys)) : []
    const counted = new Map(rows.map(({ id, ...totals }) => [id, totals]))
    if (memory.size + unknown.length > REMEMBERED_MAX) memory.clear()
    const known = new Map(tops.map((top) => [top.id, memory.get(top.id)?.totals]))
    for (const top of unknown) {
      const totals = counted.get(top.id) ?? NOTHING
      memory.set(top.id, { state: stateOf(top), totals })
      known.set(top.id, totals)
    }
    return known as Map<NodeId, Totals>
  }

  return {
    async totals(actor, nodes) {
      const ops = nodes.map((node) => ({ kind: 'get', node, need: ACTIONS.list, trashed: 'any' }) as const)
      const results = await batch(actor, ops, 'each')
      const views = results.flatMap((result) => (result.status === 'failed' ? [] : [result.view!]))
      const totals = await count(views.map(({ node: { id }, drive }) => ({ id, drive })))
      return results.map((result) => (result.status === 'failed' ? result : totals.get(result.view!.node.id)!))
    },

    async trashTotals(actor, ids) {
      const drives = new Map((await store.read((tx) => tx.drives(ids))).map((drive) => [drive.id, drive]))
      const problems = ids.map((id) => problemOf(actor, drives.get(id)))
      const own = ids.flatMap((id, at) => (problems[at] ? [] : [drives.get(id)!]))
      const totals = await count(own.map((drive) => ({ id: drive.trash, drive })))
      return ids.map((id, at) => problems[at] ?? totals.get(drives.get(id)!.trash)!)
    },
  }
}

function problemOf(actor: Actor, drive: Drive | undefined): Failed | undefined {
  if (!drive || !reachesDrive(actor, drive)) return fail('drive_not_found')
  if (drive.settings.disabled) return fail('drive_disabled')
  return ownsDrive(actor, drive) ? undefined : fail('forbidden')
}

function stateOf({ drive }: Counted): string {
  return `${drive.id} ${drive.seq} ${drive.trashSeq}`
}
