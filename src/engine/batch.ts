/** A batch's life: transact → load → plan → apply. The single operation is a batch of one; there is no second path. */
import { strict as assert } from 'node:assert'
import type { Actor } from './actor.ts'
import { effects, isEmpty } from './effects.ts'
import { type EngineOptions, OPS_PER_BATCH_MAX } from './engine.ts'
import { fail } from './error.ts'
import { emptyFacts, type Facts } from './facts.ts'
import type { Ready } from './haul.ts'
import { type LoadContext, load } from './load.ts'
import type { DriveId, TaskId } from './model.ts'
import type { Mode, Op, Result } from './op.ts'
import { isReading, type PlanFor, plan, refsOf } from './plan.ts'
import type { Clock, ReadTx, Store, WriteTx } from './port.ts'
import { settled } from './standing.ts'
import { MISSING, View } from './view.ts'

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
      return store.read(async (tx) => (await planned(context, tx, null, actor, ops, { mode })).results)
    }
    const drives = drivesOf(ops)
    if (drives.some((id) => (writing.get(id) ?? 0) >= options.batchesPerDriveMax)) return ops.map(() => fail('busy'))
    for (const id of drives) writing.set(id, (writing.get(id) ?? 0) + 1)
    const begun = clock()
    try {
      return await store.write(async (tx) => {
        if (clock() - begun > options.waitMsMax) return ops.map(() => fail('timeout'))
        return writeBatch(context, tx, actor, ops, mode)
      }, drives)
    } finally {
      for (const id of drives) {
        const left = writing.get(id)! - 1
        if (left === 0) writing.delete(id)
        else writing.set(id, left)
      }
    }
  }
}

interface PlanTerms extends PlanFor {
  readonly mode: Mode
  /** As the option of that name, if the task takes smaller bites. */
  readonly subtreeNodesMax: number
}

/** Plans ops in a transaction that is already open and writes what they change. */
export async function writeBatch(
  context: BatchContext,
  tx: WriteTx,
  actor: Actor,
  ops: readonly Op[],
  mode: Mode,
): Promise<Result[]> {
  const { results, view } = await planned(context, tx, tx, actor, ops, { mode })
  const changes = effects(view)
  if (!isEmpty(changes)) await tx.apply(changes)
  return results
}

/** Plans ops in a transaction that is already open; writing what they change is the caller's. */
export function planBatch(
  context: BatchContext,
  tx: WriteTx,
  actor: Actor,
  ops: readonly Op[],
  terms: Partial<PlanTerms> = {},
): Promise<Planned> {
  return planned(context, tx, tx, actor, ops, terms)
}

export interface Planned {
  readonly results: Result[]
  readonly view: View
}

/** Goes back for facts until the plan lacks none. */
async function planned(
  { clock, options }: BatchContext,
  tx: ReadTx,
  write: WriteTx | null,
  caller: Actor,
  ops: readonly Op[],
  terms: Partial<PlanTerms>,
): Promise<Planned> {
  const { mode = 'each', task = 0, stops = false, ready = null, subtreeNodesMax = options.subtreeNodesMax } = terms
  const now = clock()
  const actor = settled(caller)
  const facts = emptyFacts()
  if (ready) expect(facts, ready)
  const loading: LoadContext = { tx, write, caller, actor, ops, subtreeNodesMax, doomedMax: doomedMax(options), task }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcome = plan(facts, actor, ops, mode, now, { task, stops, ready, inlineNodesMax: options.inlineNodesMax })
    if (outcome.results) return outcome
    await load(loading, facts, outcome.needs)
  }
  throw new Error(`a batch of ${ops.length} ops still lacked facts after ${ROUNDS_MAX} rounds`)
}

/** What is destroyed beyond this shows as a task. */
function doomedMax({ inlineNodesMax, subtreeNodesMax }: EngineOptions): number {
  return Math.min(inlineNodesMax, subtreeNodesMax)
}

/** The rows of what was made ready; of a tree that is carried, the top's row in its old drive is the one to plan with. */
function expect(facts: Facts, { source, top, cradle }: Ready) {
  facts.nodes.set(cradle.id, cradle)
  if (top.id !== source) facts.nodes.set(top.id, top)
}

/** Runs `work` over what is known of the stored state, again and again until it lacks no fact. */
export async function planWork<Outcome>(
  { clock, options }: BatchContext,
  tx: WriteTx,
  actor: Actor,
  task: TaskId,
  facts: Facts,
  work: (view: View) => Outcome,
): Promise<{ outcome: Outcome; view: View }> {
  const now = clock()
  facts.begun = true
  const { subtreeNodesMax } = options
  const loading: LoadContext = {
    tx,
    write: tx,
    caller: actor,
    actor,
    ops: [],
    subtreeNodesMax,
    doomedMax: doomedMax(options),
    task,
  }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const view = new View(facts, actor, now, 0)
    const outcome = attemptWork(view, work)
    if (!view.needs.any) return { outcome: outcome!, view }
    await load(loading, facts, view.needs)
  }
  throw new Error(`a slice of task ${task} still lacked facts after ${ROUNDS_MAX} rounds`)
}

function attemptWork<Outcome>(view: View, work: (view: View) => Outcome): Outcome | undefined {
  try {
    return work(view)
  } catch (thrown) {
    if (thrown !== MISSING) throw thrown
    return undefined
  }
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
