/** The slices of a haul, each one transaction of a task. What they are for is told in haul.ts. */
import { planBatch, planWork } from './batch.ts'
import { effects, emptyChanges } from './effects.ts'
import { DEPTH_MAX } from './engine.ts'
import { fail } from './error.ts'
import { emptyFacts } from './facts.ts'
import type { HaulCursor } from './haul.ts'
import { countSlice, fillWithCopies, fillWithRows, tellSlice } from './haul-slice.ts'
import { goOn, type HaulWork, sourceOf } from './haul-work.ts'
import { isFailed, locate } from './locate.ts'
import type { Node, NodeId, TaskOutcome } from './model.ts'
import type { Failed, Result } from './op.ts'
import { blankCopy } from './ops/copy.ts'
import { blank } from './place.ts'
import type { NodeKey, WriteTx } from './port.ts'
import { REMOVAL_ROOTS, removed } from './removal.ts'
import type { Step } from './task-cursor.ts'
import type { View } from './view.ts'

export function haulStep(work: HaulWork): Promise<Step> {
  const { task, haul } = work
  if (task.cancelled && !haul.outcome) return Promise.resolve(abandon(work, fail('cancelled')))
  switch (haul.phase) {
    case 'begin':
      return begin(work)
    case 'count':
      return count(work)
    case 'fill':
      return fill(work)
    case 'land':
      return land(work)
    case 'tell':
      return tell(work)
    case 'clear':
      return clear(work)
  }
}

async function begin(work: HaulWork): Promise<Step> {
  const { tx, task, haul } = work
  const [number] = (await tx.ids('task', 1)) as [number]
  const top = { task: task.id, position: 0, ...haul.source, made: 0 as NodeId, level: 0, after: null }
  const putHolds = haul.verb === 'carry' ? [{ ...haul.source, task: task.id }] : []
  return goOn(work, { phase: 'count', number, nodes: 1, queued: 1 }, { putQueue: [top], putHolds })
}

async function count(work: HaulWork): Promise<Step> {
  const slice = await countSlice(work)
  if (slice === null) return prepare(work)
  return isFailed(slice) ? abandon(work, slice) : slice
}

/** All is counted: whether it fits, and the top, in a hidden folder of its own. */
async function prepare(work: HaulWork): Promise<Step> {
  const { context, tx, task, actor, haul } = work
  const facts = emptyFacts()
  const { outcome, view } = await planWork(context, tx, actor, task.id, facts, (view) => preparation(view, haul))
  if (isFailed(outcome)) return abandon(work, outcome)
  const { cradle, top } = outcome
  const changes = effects(view)
  if (haul.verb === 'carry') {
    const { drive: from, id } = haul.source
    changes.stage.push({ haul: haul.number, from, to: haul.to, ids: [id] })
    changes.placeNodes.push(top)
  }
  const key = { drive: haul.to, id: cradle.id }
  changes.putHolds.push({ ...key, task: task.id })
  const queued = { task: task.id, position: haul.queued, ...haul.source, made: top.id, level: 0, after: null }
  changes.putQueue.push(queued)
  const next = { phase: 'fill', cradle: cradle.id, made: 1, queued: haul.queued + 1 } as const
  return goOn(work, next, changes, { total: haul.nodes - 1, done: 1 })
}

function preparation(view: View, haul: HaulCursor): { cradle: Node; top: Node } | Failed {
  const found = sourceOf(view, haul)
  if (isFailed(found)) return found
  const { node, to } = found
  if ('id' in haul.op.to) {
    const into = locate(view, haul.op.to, 'no', 'target')
    if (isFailed(into)) return into
    if (into.chain.length + haul.height > DEPTH_MAX) return fail('too_deep', { at: 'target' })
  }
  const isCarried = haul.verb === 'carry'
  if (isCarried && view.facts.held.has(to.grave)) return fail('busy', { at: 'target' })
  const over = view.overQuota(to, haul.bytes, isCarried ? view.driveOf(node) : null)
  if (over) return fail(over)
  const id = view.fresh('node') as NodeId
  const cradle = view.put({ ...blank(view, { drive: to.id, id: to.grave }, node.name), id, twin: id })
  if (isCarried) return { cradle, top: { ...node, drive: to.id, parent: id, twin: node.id } }
  return { cradle, top: view.put(blankCopy(view, node, cradle, node.name, true, haul.top)) }
}

async function fill(work: HaulWork): Promise<Step> {
  const slice = await (work.haul.verb === 'copy' ? fillWithCopies(work) : fillWithRows(work))
  if (slice === null) return goOn(work, { phase: 'land' }, {})
  return isFailed(slice) ? abandon(work, slice) : slice
}

/** Runs the op itself, now that its tree is ready: rights, names and all are judged as they are now. */
async function land(work: HaulWork): Promise<Step> {
  const { context, tx, task, actor, haul, conclude } = work
  const [top, cradle] = await rowsOf(tx, haul.to, [haul.top, haul.cradle])
  if (!top || !cradle) throw new Error(`what haul ${haul.number} made is gone`)
  const ready = { haul: haul.number, source: haul.source.id, top, height: haul.height, cradle }
  const { results, view } = await planBatch(context, tx, actor, [haul.op], { task: task.id, ready })
  const [result] = results as [Result]
  const changes = effects(view)
  const hasLanded = changes.deleteNodes.some(({ id }) => id === cradle.id)
  const outcome = conclude(result)
  if (!hasLanded) {
    return { ...abandon({ ...work, conclude: () => outcome }, result), changes }
  }
  const hold = (key: NodeKey) => ({ ...key, task: task.id })
  changes.deleteHolds.push(hold({ drive: haul.to, id: haul.cradle }))
  if (haul.verb === 'copy') {
    const queued = {
      task: task.id,
      position: haul.queued,
      drive: haul.to,
      id: haul.top,
      made: haul.top,
      level: 0,
      after: null,
    }
    changes.putQueue.push(queued)
    return goOn(work, { phase: 'tell', queued: haul.queued + 1, outcome }, changes)
  }
  const from = view.facts.drives.get(haul.source.drive)!
  const doomed = { drive: from.id, id: view.landings[0]!.left.parent }
  const closed = { drive: from.id, id: from.grave }
  changes.deleteHolds.push(hold(haul.source))
  changes.putHolds.push(hold(doomed), hold(closed))
  return goOn(work, { phase: 'clear', doomed, closed, outcome }, changes)
}

/** The rows of a drive's nodes themselves, in the order asked; undefined for those that are gone. */
async function rowsOf(tx: WriteTx, drive: Node['drive'], ids: readonly NodeId[]): Promise<(Node | undefined)[]> {
  const rows = await tx.chains(ids.map((id) => ({ drive, id, follow: false })))
  return ids.map((id) => rows.find((node) => node.id === id))
}

async function tell(work: HaulWork): Promise<Step> {
  return (await tellSlice(work)) ?? finish(work, work.haul.outcome!)
}

async function clear(work: HaulWork): Promise<Step> {
  const { context, tx, haul } = work
  const doomed = haul.doomed!
  const tops = await tx.nextChildren([{ ...doomed, after: null }], REMOVAL_ROOTS)
  if (tops.length === 0) return finish(work, haul.outcome!)
  // Of what is carried the other drive has the same rows, whose bytes stay in the pools that it shares.
  const other = doomed.drive === haul.to ? haul.source.drive : haul.to
  const [beside] = haul.verb === 'carry' ? await tx.drives([other]) : []
  const changes = await removed(tx, tops, context.clock(), () => doomed.id, beside?.pools)
  return goOn(work, {}, changes)
}

/**
 * The op has failed. What was made for it is removed before the task goes on; a tree that was to be carried stays held meanwhile,
 * so that it does not meet its own rows where it goes next.
 */
export function abandon(work: HaulWork, result: Result): Step {
  const { haul, conclude } = work
  const outcome = conclude(result)
  if (haul.cradle === 0) return finish(work, outcome)
  return goOn(work, { phase: 'clear', doomed: { drive: haul.to, id: haul.cradle }, outcome }, {})
}

/** The op is done with: its nodes are counted, and nothing is held for it any more. */
function finish(work: HaulWork, outcome: TaskOutcome): Step {
  const { task, haul } = work
  const weight = haul.cradle === 0 ? 1 : haul.nodes
  const { doomed } = haul
  const isCarried = haul.verb === 'carry'
  const held = [...(isCarried ? [haul.source] : []), ...(doomed ? [doomed] : []), ...(haul.closed ? [haul.closed] : [])]
  return {
    changes: {
      ...emptyChanges(),
      deleteNodes: doomed ? [doomed] : [],
      endHauls: isCarried ? [haul.number] : [],
      deleteQueue: [{ task: task.id, upTo: haul.queued }],
      deleteHolds: held.map((key) => ({ ...key, task: task.id })),
    },
    haul: null,
    outcomes: [outcome],
    total: 0,
    done: outcome.ok ? weight - haul.made : -haul.made,
    failed: outcome.ok ? 0 : weight,
  }
}
