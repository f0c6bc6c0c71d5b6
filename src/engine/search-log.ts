/**
 * A drive's nodes by the time of their last change, latest first, as its change log tells. There is no index of that time,
 * because every move would have to write to it; but every change of a node is in the log, no earlier than the node says.
 */
import type { Change, Drive, Node, NodeId } from './model.ts'
import type { Store } from './port.ts'
import type { Walk } from './search-walk.ts'

/**
 * How far behind another's the clock may have been of whatever wrote a change, or how far it may have been set back: entries
 * of the log are in order but for this.
 */
const CLOCK_BACK_MS_MAX = 3_600_000

export interface LogLimits {
  /** How many nodes come from an index in the time in which one is found by an entry of the log. */
  readonly logEntryCost: number
}

/** @param since nothing that was changed before is meant */
export function logWalk(store: Store, drive: Drive, since: number, { logEntryCost }: LogLimits): Walk {
  const known = new Set<NodeId>()
  let before = Number.MAX_SAFE_INTEGER
  return {
    isExact: false,
    cost: logEntryCost,
    async step(limit) {
      const changes = await store.read((tx) => tx.latestChanges({ drive: drive.id, before, limit }))
      const fresh = [...new Set(changes.map(({ node }) => node))].filter((id) => !known.has(id))
      for (const id of fresh) known.add(id)
      const nodes = await nodesOf(store, drive, fresh)
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

async function nodesOf(store: Store, { id: drive }: Drive, ids: readonly NodeId[]): Promise<Node[]> {
  const wanted = new Set(ids)
  const rows = await store.read((tx) => tx.chains(ids.map((id) => ({ drive, id, follow: false }))))
  return rows.filter((node) => node.drive === drive && wanted.has(node.id))
}
