/**
 * A drive's nodes by the time of their last change, latest first, as its change log tells. There is no index of that time,
 * because every move would have to write to it; but every change of a node is in the log, no earlier than the node says.
 */
import type { Change, Drive, Node, NodeId } from './model.ts'
import type { Store } from './port.ts'
import type { Where } from './where.ts'

/**
 * How far behind another's the clock may have been of whatever wrote a change, or how far it may have been set back: entries
 * of the log are in order but for this.
 */
const CLOCK_BACK_MS_MAX = 3_600_000

export interface LogLimits {
  /** Entries read in the first go and in any, and altogether. */
  readonly changesPerRead: number
  readonly changesPerReadMax: number
  readonly changesMax: number
}

/** All nodes changed at or after `since` that were not given before. */
export interface Latest {
  readonly nodes: readonly Node[]
  /** -Infinity: these are the last. */
  readonly since: number
}

/** Ends early, before the last, when the log cannot tell: then nodes are among the rest whatever was given. */
export async function* latestNodes(store: Store, drive: Drive, limits: LogLimits): AsyncGenerator<Latest, void> {
  const { changesPerReadMax, changesMax } = limits
  const known = new Set<NodeId>()
  let pending: Node[] = []
  let before = Number.MAX_SAFE_INTEGER
  let limit = limits.changesPerRead
  for (let read = 0; read < changesMax; read += limit, limit = Math.min(2 * limit, changesPerReadMax)) {
    const changes = await store.read((tx) => tx.latestChanges({ drive: drive.id, before, limit }))
    if (changes.some(bringsMore)) return
    const fresh = [...new Set(changes.map(({ node }) => node))].filter((id) => !known.has(id))
    for (const id of fresh) known.add(id)
    pending.push(...(await nodesOf(store, drive, fresh)))
    const last = changes.at(-1)
    const isWhole = changes.length < limit
    // A log that does not begin at its beginning does not name every node.
    if (!last || (isWhole && last.seq !== 1)) return
    const since = isWhole ? Number.NEGATIVE_INFINITY : last.at + CLOCK_BACK_MS_MAX
    yield { nodes: pending.filter(({ updatedAt }) => updatedAt >= since), since }
    if (isWhole) return
    pending = pending.filter(({ updatedAt }) => updatedAt < since)
    before = last.seq
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

/** All nodes changed at or after a time; null when they are too many or the log cannot tell. */
export async function changedSince(
  store: Store,
  drive: Drive,
  time: number,
  limits: LogLimits,
): Promise<Node[] | null> {
  const found: Node[] = []
  for await (const { nodes, since } of latestNodes(store, drive, limits)) {
    found.push(...nodes)
    if (since <= time) return found
  }
  return null
}

/** The time at or after which everything that meets the conditions was changed; null when they do not say. */
export function changeBound(where: Where | null): number | null {
  if (!where) return null
  if ('all' in where) {
    const bounds = where.all.map(changeBound).filter((bound) => bound !== null)
    return bounds.length > 0 ? Math.max(...bounds) : null
  }
  const isBound = 'field' in where && where.field === 'updated' && !where.is.startsWith('<')
  return isBound ? where.value : null
}
