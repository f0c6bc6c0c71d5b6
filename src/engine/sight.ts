/** Nodes found by some list or index, as an actor sees them. */
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { RunBatch } from './batch.ts'
import { OPS_PER_BATCH_MAX } from './engine.ts'
import type { NodeView, Ref, Trashed } from './op.ts'

/** How many nodes are looked at in one go. */
export const SIGHT_NODES_MAX = OPS_PER_BATCH_MAX

/**
 * Each node as the actor sees it now, null when it is not there or may not be listed. Judged by the planner like every other
 * reading, so that no list shows what a batch would refuse. At most SIGHT_NODES_MAX.
 */
export async function look(
  batch: RunBatch,
  actor: Actor,
  nodes: readonly Ref[],
  trashed: Trashed,
): Promise<(NodeView | null)[]> {
  const ops = nodes.map((node) => ({ kind: 'get', node, need: ACTIONS.list, trashed }) as const)
  const results = await batch(actor, ops, 'each')
  return results.map((result) => (result.status === 'done' ? result.view : null))
}
