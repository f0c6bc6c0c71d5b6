/** A batch's life: transact → load → plan → apply. The single operation is a batch of one; there is no second path. */
import { strict as assert } from 'node:assert'
import type { Actor } from './actor.ts'
import { effects, isEmpty } from './effects.ts'
import { type EngineOptions, OPS_PER_BATCH_MAX } from './engine.ts'
import { fail } from './error.ts'
import { emptyFacts } from './facts.ts'
import { type LoadContext, load } from './load.ts'
import type { DriveId } from './model.ts'
import type { Mode, Op, Result } from './op.ts'
import { isReading, plan, refsOf } from './plan.ts'
import type { Clock, ReadTx, Store, WriteTx } from './port.ts'
import type { View } from './view.ts'

/**
 * How often one batch may go back for facts. Three or four rounds serve every ordinary batch, whatever its size; merging
 * folders costs one more for every level.
 */
const ROUNDS_MAX = 1_000

export interface BatchContext {
  readonly store: Store
  readonly clock: Clock
  readonly options: EngineOptions
}

export type RunBatch = (actor: Actor, ops: readonly Op[], mode: Mode) => Promise<Result[]>

export function createBatch(context: BatchContext): RunBatch {
  const { store, clock, options } = context
  const writing = new Map<DriveId, number>()

  return async (actor, ops, mode) => {
    assert(ops.length <= OPS_PER_BATCH_MAX, `${ops.length} ops in one batch`)
    if (ops.length === 0) return []
    if (ops.every(isReading)) {
      return store.read(async (tx) => (await planned(context, tx, null, actor, ops, mode)).results)
    }
    const drives = drivesOf(ops)
    if (drives.some((id) => (writing.get(id) ?? 0) >= options.batchesPerDriveMax)) return ops.map(() => fail('busy'))
    for (const id of drives) writing.set(id, (writing.get(id) ?? 0) + 1)
    const begun = clock()
    try {
      return await store.write(async (tx) => {
        if (clock() - begun > options.waitMsMax) return ops.map(() => fail('timeout'))
        return writeBatch(context, tx, actor, ops, mode)
      })
    } finally {
      for (const id of drives) {
        const left = writing.get(id)! - 1
        if (left === 0) writing.delete(id)
        else writing.set(id, left)
      }
    }
  }
}

/** Plans ops in a transaction that is already open and writes what they change. */
export async function writeBatch(
  context: BatchContext,
  tx: WriteTx,
  actor: Actor,
  ops: readonly Op[],
  mode: Mode,
  task = 0,
): Promise<Result[]> {
  const { results, view } = await planned(context, tx, tx, actor, ops, mode, task)
  const changes = effects(view)
  if (!isEmpty(changes)) await tx.apply(changes)
  return results
}

/** What would become of ops now; nothing is written. */
export async function planBatch(
  context: BatchContext,
  tx: WriteTx,
  actor: Actor,
  ops: readonly Op[],
  mode: Mode,
): Promise<Result[]> {
  return (await planned(context, tx, tx, actor, ops, mode)).results
}

/** Goes back for facts until the plan lacks none. */
async function planned(
  { clock, options }: BatchContext,
  tx: ReadTx,
  write: WriteTx | null,
  actor: Actor,
  ops: readonly Op[],
  mode: Mode,
  task = 0,
): Promise<{ results: Result[]; view: View }> {
  const now = clock()
  const facts = emptyFacts()
  const loading: LoadContext = { tx, write, actor, ops, subtreeNodesMax: options.subtreeNodesMax, task }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcome = plan(facts, actor, ops, mode, now)
    if (outcome.results) return outcome
    await load(loading, facts, outcome.needs)
  }
  throw new Error(`a batch of ${ops.length} ops still lacked facts after ${ROUNDS_MAX} rounds`)
}

/** The drives a batch names, for counting who is at work where. */
function drivesOf(ops: readonly Op[]): DriveId[] {
  const ids = new Set<DriveId>()
  for (const op of ops) {
    if (op.kind === 'upload') ids.add(op.drive)
    for (const ref of refsOf(op)) ids.add('born' in ref ? (ref.drive ?? ref.born) : ref.drive)
  }
  return [...ids]
}
