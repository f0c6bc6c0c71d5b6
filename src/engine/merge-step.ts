/** The slices of a merge, each one transaction of a task. What they are for is told in merge.ts. */
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { type BatchContext, planWork } from './batch.ts'
import { effects, emptyChanges } from './effects.ts'
import { fail } from './error.ts'
import { haulCursor } from './haul.ts'
import { factsOf } from './haul-slice.ts'
import { abandon, haulStep } from './haul-step.ts'
import { wantNodes } from './haul-work.ts'
import { isFailed, type Located, locate, pathOf, viewOf } from './locate.ts'
import { type MergeCursor, partOp } from './merge.ts'
import type { Node, NodeId, TaskOutcome } from './model.ts'
import type { Failed, Op, Result } from './op.ts'
import { bringCopy } from './ops/copy.ts'
import { bring, mergeEmptied, noteMerged } from './ops/move.ts'
import { canEnter, isWithin } from './place.ts'
import type { Changes, NodeKey, WriteTx } from './port.ts'
import { outcomeOf, type Step } from './task-cursor.ts'
import type { TaskRow } from './task-port.ts'
import { LOOKED_AT, nextMergeSlice, queued, type Slice } from './task-queue.ts'
import { MISSING, type View } from './view.ts'

export interface MergeWork {
  readonly context: BatchContext
  readonly tx: WriteTx
  readonly task: TaskRow
  readonly actor: Actor
  readonly merge: MergeCursor
  /** Writes down what became of the op. */
  readonly conclude: (result: Result) => TaskOutcome
}

export function mergeStep(work: MergeWork): Promise<Step> {
  const { task, merge } = work
  if (merge.part) return partStep(work)
  if (task.cancelled) return Promise.resolve(endMerge(work, fail('cancelled')))
  switch (merge.phase) {
    case 'begin':
      return Promise.resolve(begin(work))
    case 'count':
      return count(work)
    case 'bring':
      return bringSlice(work)
  }
}

/** The merge keeps failing: the part under way is cleared away, or the op is over. */
export function giveUpMerge(work: MergeWork): Step {
  const { merge } = work
  const refusal = fail('chain_broken')
  return merge.part ? partDone(work, abandon(partWork(work), refusal)) : endMerge(work, refusal)
}

// --- parts that are hauls of their own ---

function partWork({ context, tx, task, actor, merge }: MergeWork) {
  const haul = merge.part!
  const part = { ...haul.source, kind: 'folder' } as const
  const conclude = (result: Result) => refusedPart(result, haul.op, part, [])
  return { context, tx, task, actor, haul, conclude }
}

async function partStep(work: MergeWork): Promise<Step> {
  return partDone(work, await haulStep(partWork(work)))
}

/** What a step of a part's haul is for the merge. Its nodes were counted with the merge's. */
function partDone({ merge }: MergeWork, { haul, outcomes, ...step }: Step): Step {
  const parts = outcomes.filter(({ ok }) => !ok)
  const refused = merge.refused || (parts[0]?.code ?? '')
  const failed = parts.length
  return { ...step, total: 0, failed, haul: null, outcomes: [], parts, merge: { ...merge, part: haul, refused } }
}

// --- slices ---

function goOn({ merge }: MergeWork, more: Partial<MergeCursor>, changes: Partial<Changes>, counts = {}): Step {
  const step = { haul: null, outcomes: [], total: 0, done: 0, failed: 0 }
  return { ...step, ...counts, changes: { ...emptyChanges(), ...changes }, merge: { ...merge, ...more } }
}

function begin(work: MergeWork): Step {
  const { task, merge } = work
  const putHolds = merge.verb === 'move' ? [{ ...merge.source, task: task.id }] : []
  return goOn(work, { phase: 'count', queued: merge.queued + 1 }, { putHolds, putQueue: [topOf(work)] })
}

function topOf({ task, merge }: MergeWork) {
  return { ...merge.source, task: task.id, position: merge.queued, made: merge.target.id, level: 0, after: null }
}

/** Counts all that lies below, so that the task can say how far it is. */
async function count(work: MergeWork): Promise<Step> {
  const { task, merge } = work
  const slice = await nextMergeSlice(work, LOOKED_AT)
  if (!slice) return goOn(work, { phase: 'bring', queued: merge.queued + 1 }, { putQueue: [topOf(work)] })
  const folders = queued(task, slice, merge.queued, () => 0 as NodeId)
  const { putQueue, deleteQueue } = slice.queue
  const changes = { deleteQueue, putQueue: [...putQueue, ...folders] }
  return goOn(work, { queued: merge.queued + folders.length }, changes, { total: slice.nodes.length })
}

/** What a slice brought over. */
interface Brought {
  /** How many of the nodes are done with. */
  readonly count: number
  readonly parts: readonly TaskOutcome[]
  /** The folders that are merged in their turn, and with which. */
  readonly merging: ReadonlyMap<NodeId, NodeId>
}

async function bringSlice(work: MergeWork): Promise<Step> {
  const { context, task, merge } = work
  const slice = await nextMergeSlice(work, context.options.sliceNodesMax)
  if (!slice) return end(work)
  let nodes = slice.nodes
  let planned = await planSlice(work, slice, nodes)
  // Trees that are too large together may each be small.
  while (isStuck(planned) && nodes.length > 1) {
    nodes = nodes.slice(0, Math.ceil(nodes.length / 2))
    planned = await planSlice(work, slice, nodes)
  }
  const { outcome, view } = planned
  if (isFailed(outcome)) return endMerge(work, outcome)
  if (isStuck(planned)) {
    const [child] = nodes as [Node]
    const to = { drive: merge.target.drive, id: slice.folderOf(child).made }
    return goOn(work, { part: haulCursor(view.haul!, partOp(merge, child, to)) }, slice.queueUpTo(1))
  }
  const { count, parts, merging } = outcome
  const { putQueue, deleteQueue } = slice.queueUpTo(count)
  const next = { nodes: slice.nodes.filter(({ id }) => merging.has(id)), folderOf: slice.folderOf }
  const folders = queued(task, next, merge.queued, ({ id }) => merging.get(id)!)
  const changes = { ...effects(view), deleteQueue, putQueue: [...putQueue, ...folders] }
  const refused = merge.refused || (parts[0]?.code ?? '')
  const step = goOn(work, { queued: merge.queued + folders.length, refused }, changes)
  return { ...step, done: count - parts.length, failed: parts.length, parts }
}

type Planned = { readonly outcome: Brought | Failed; readonly view: View }

/** Whether the first of the nodes is too large, alone or with the others. */
function isStuck({ outcome, view }: Planned): boolean {
  return !isFailed(outcome) && outcome.count === 0 && view.haul !== null
}

async function planSlice(work: MergeWork, slice: Slice, nodes: readonly Node[]): Promise<Planned> {
  const { context, tx, task, actor } = work
  const facts = await factsOf({ tx, actor }, { nodes })
  const { options } = context
  // What is copied or carried with a slice is no more than a slice may be.
  const subtreeNodesMax = Math.min(options.sliceNodesMax, options.subtreeNodesMax)
  const small = { ...context, options: { ...options, subtreeNodesMax } }
  return planWork(small, tx, actor, task.id, facts, (view) => bringAll(view, work, slice, nodes))
}

function bringAll(view: View, { merge }: MergeWork, slice: Slice, nodes: readonly Node[]): Brought | Failed {
  const { target } = merge
  wantNodes(view, [merge.source, target])
  wantNodes(view, [...slice.folders, ...slice.folders.map(({ made: id }) => ({ drive: target.drive, id }))])
  const ends = endsOf(view, merge)
  if (isFailed(ends)) return ends
  const parts: TaskOutcome[] = []
  const merging = new Map<NodeId, NodeId>()
  let lacks = false
  let count = 0
  for (const child of nodes) {
    const into = { drive: target.drive, id: slice.folderOf(child).made }
    const result = attempt(view, () => bringOne(view, merge, ends.source, child, into))
    if (view.haul) break
    count++
    if (result === undefined) lacks = true
    else if (result !== 'elsewhere' && isFailed(result))
      parts.push(refusedPart(result, partOp(merge, child, into), child, pathOf(view.chain(child))))
    else if (result !== 'elsewhere' && 'id' in result) merging.set(child.id, result.id)
  }
  if (lacks) view.missing()
  return { count, parts, merging }
}

/** How the report tells of a part that stays where it is. */
function refusedPart(
  result: Result,
  op: Op,
  part: NodeKey & { kind: Node['kind'] },
  path: readonly string[],
): TaskOutcome {
  return { ...outcomeOf(result, op, null), kind: part.kind, drive: part.drive, node: part.id, path }
}

/** Both folders, if the actor may still merge one with the other. */
function endsOf(view: View, { verb, source, target }: MergeCursor): { source: Node; target: Located } | Failed {
  const from = locate(view, source, 'no')
  if (isFailed(from)) return from
  const into = locate(view, target, 'no', 'target')
  if (isFailed(into)) return into
  const need = verb === 'copy' ? ACTIONS.copy : ACTIONS.move
  if (!(view.actionsOn(from.node) & need)) return fail('forbidden', { node: source.id })
  if (!canEnter(view, into.node, ACTIONS.newEmpty)) return fail('forbidden', { at: 'target', node: target.id })
  return { source: from.node, target: into }
}

/** Runs it; what it began is undone when it fails or lacks a fact (then there is no result yet). */
function attempt<Outcome extends object | string>(
  view: View,
  run: () => Outcome | Failed,
): Outcome | Failed | undefined {
  view.mark()
  try {
    const result = run()
    if (typeof result === 'object' && isFailed(result)) view.rollback()
    return result
  } catch (thrown) {
    if (thrown !== MISSING) throw thrown
    view.rollback()
    return undefined
  }
}

function bringOne(
  view: View,
  { verb, terms }: MergeCursor,
  source: Node,
  child: Node,
  to: { drive: Node['drive']; id: NodeId },
) {
  // The source of a copy is everybody's: what has left it meanwhile is no part of it.
  const folder = view.node(child.parent)
  if (!folder || !isWithin(view.chain(folder), source)) return 'elsewhere'
  const into = locate(view, to, 'no', 'target')
  if (isFailed(into)) return into
  return verb === 'copy' ? bringCopy(view, child, into.node, terms) : bring(view, child, into.node, terms)
}

// --- the end ---

/** All parts are done with: the folder goes, if nothing of it stayed. */
async function end(work: MergeWork): Promise<Step> {
  const { context, tx, task, actor, merge } = work
  const facts = await factsOf({ tx, actor }, { nodes: [] })
  const { outcome, view } = await planWork(context, tx, actor, task.id, facts, (view): Result => {
    wantNodes(view, [merge.source, merge.target])
    const ends = endsOf(view, merge)
    if (isFailed(ends)) return ends
    const { source, target } = ends
    if (merge.verb === 'move' && merge.refused === '') mergeEmptied(view, source, target.node)
    else noteMerged(view, target.node)
    if (merge.refused !== '') return fail(merge.refused as Failed['error']['code'], { node: source.id })
    return { status: 'done', view: viewOf(view, view.node(target.node.id)!), existed: false }
  })
  const step = endMerge(work, outcome, merge.refused !== '')
  return { ...step, changes: { ...step.changes, ...effects(view), ...only(step.changes) } }
}

const only = ({ deleteQueue, deleteHolds }: Changes) => ({ deleteQueue, deleteHolds })

/** @param partly whether the parts that did not fail have all arrived */
function endMerge({ task, merge, conclude }: MergeWork, result: Result, partly = false): Step {
  const outcome = conclude(result)
  const open = task.total - task.done - task.failed
  const failed = outcome.ok ? 0 : partly ? 1 : open
  const changes = {
    ...emptyChanges(),
    deleteQueue: [{ task: task.id, upTo: merge.queued }],
    deleteHolds: merge.verb === 'move' ? [{ ...merge.source, task: task.id }] : [],
  }
  return { changes, haul: null, merge: null, outcomes: [outcome], total: 0, done: open - failed, failed }
}
