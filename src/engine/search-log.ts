/**
 * A drive's nodes by the time of their last change, latest first, as its change log tells. There is no index of that time,
 * because every move would have to write to it; but every change of a node is in the log, no earlier than the node says.
 */
import type { Change, Drive, NodeId } from './model.ts'
import type { Store } from './port.ts'
import type { Walk } from './search-walk.ts'

/**
 * How far behind another's the clock may have been of whatever wrote a change, or how far it may have been set back: entries
 * of the log are in order but for this.
 */
const CLOCK_BACK_MS_MAX = 3_600_000

/** @param since nothing that was changed before is meant */
export function logWalk(store: Store, drive: Drive, since: number): Walk {
  const known = new Set<NodeId>()
  let before = Number.MAX_SAFE_INTEGER
  return {
    isExact: false,
    cost: 1.5,
    passingCost: 0.6,
    async step(limit, probe) {
      const changes = await store.read((tx) => tx.latestChanges({ drive: drive.id, before, limit }))
      const fresh = [...new Set(changes.map(({ node }) => node))].filter((id) => !known.has(id))
      for (const id of fresh) known.add(id)
      const nodes = await store.read((tx) => tx.nodes({ drive: drive.id, ids: fresh, probe }))
      const last = changes.at(-1)
      const isWhole = changes.length < limit
      // A log that does not begin at its beginning does not name every node.
      if (changes.some(bringsMore) || (isWhole && last?.seq !== 1)) return { nodes, reached: undefined }
      before = last!.seq
      const reached = last!.at + CLOCK_BACK_MS_MAX
      return { nodes, reached: isWhole || reached < since ? null : reached }
    },
  }
}

/** A folder that came from another drive brought nodes along of which this log says nothing. */
function bringsMore({ kind, nodeKind, from }: Change): boolean {
  return kind === 'move' && nodeKind === 'folder' && from === null
}
