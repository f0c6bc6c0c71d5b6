/**
 * The planner: ops in order over what is known of the stored state, giving one result an op and the changes to write.
 * Synchronous and pure: time is given, fresh numbers are given, and a fact that is missing is asked for, not fetched.
 */
import type { Actor } from './actor.ts'
import { fail } from './error.ts'
import type { Facts, Needs } from './facts.ts'
import type { Ready } from './haul.ts'
import { wantRef } from './locate.ts'
import type { TaskId } from './model.ts'
import type { Mode, Op, Ref, Result } from './op.ts'
import { commit, upload } from './ops/content.ts'
import { copy } from './ops/copy.ts'
import { createFolder } from './ops/create-folder.ts'
import { move, rename } from './ops/move.ts'
import { purge } from './ops/purge.ts'
import { get, grants, list } from './ops/read.ts'
import { restore, trash } from './ops/trash.ts'
import { grant, update } from './ops/update.ts'
import { deleteVersions, revert, updateVersion, versions } from './ops/version.ts'
import { addRemovalTask, postponed } from './task-row.ts'
import { MISSING, View } from './view.ts'

export type Plan =
  /** Facts are missing: load them and plan again. */
  | { readonly needs: Needs; readonly results?: never }
  /** In a task, the results end before an op that is too large; `view.haul` says what it wants hauled. */
  | { readonly results: Result[]; readonly view: View; readonly needs?: never }

/** On whose behalf ops are planned. */
export interface PlanFor {
  /** What this task holds does not stand in the way; 0 = none. */
  readonly task: TaskId | 0
  /** Whether to stop before an op that is too large; else it gets a task of its own, where a batch may have such. */
  readonly stops: boolean
  readonly ready: Ready | null
  /** Larger trees are hauled, where a batch may have that. */
  readonly inlineNodesMax: number
}

const NOBODY: PlanFor = { task: 0, stops: false, ready: null, inlineNodesMax: Number.POSITIVE_INFINITY }

export function plan(
  facts: Facts,
  actor: Actor,
  ops: readonly Op[],
  mode: Mode,
  now: number,
  { task, stops, ready, inlineNodesMax }: PlanFor = NOBODY,
): Plan {
  // A single op is the same in every mode.
  const mayWait = mode !== 'all' || ops.length === 1
  const haulFrom = mayWait ? inlineNodesMax : Number.POSITIVE_INFINITY
  const view = new View(facts, actor, now, ops.filter((op) => !isReading(op)).length, ready, haulFrom, task)
  if (!facts.begun) {
    // Ops of one batch often share a target, as the very same object.
    const refs = new Set(ops.flatMap(refsOf))
    for (const ref of refs) wantRef(view, ref)
    for (const op of ops) if (op.kind === 'commit') view.needs.uploads.add(op.upload)
    for (const op of ops) if (op.kind === 'upload') view.needs.drives.add(op.drive)
    return { needs: view.needs }
  }
  const results: Result[] = []
  let failed = false
  for (const [index, op] of ops.entries()) {
    const isBroken = failed && mode === 'chain'
    const result: Result | undefined = isBroken ? fail('chain_broken') : attempt(view, op, index)
    if (stops && view.haul) break
    if (mayWait && !isBroken && view.haul && result) {
      // What comes after it in a chain is its task's, too.
      const answers = postponed(view, mode === 'chain' ? ops.slice(index) : [op], view.haul, result)
      results.push(...answers)
      if (answers.length > 1) break
    } else if (result) results.push(result)
    failed ||= results.at(-1)?.status === 'failed'
  }
  addRemovalTask(view)
  if (view.needs.any) return { needs: view.needs }
  if (mode === 'all' && failed) return { results: results.map(refused), view: new View(facts, actor, now, 0) }
  return { results, view }
}

/** Runs one op; what it began is undone when it fails, or when it lacks a fact (then there is no result yet). */
function attempt(view: View, op: Op, index: number): Result | undefined {
  view.mark()
  try {
    const result = run(view, op, index)
    if (result.status !== 'failed') return result
    view.rollback()
    return view.subjectKind ? { ...result, error: { ...result.error, kind: view.subjectKind } } : result
  } catch (thrown) {
    if (thrown !== MISSING) throw thrown
    view.rollback()
    return undefined
  }
}

function run(view: View, op: Op, index: number): Result {
  switch (op.kind) {
    case 'get':
      return get(view, op)
    case 'list':
      return list(view, op, index)
    case 'versions':
      return versions(view, op)
    case 'revert':
      return revert(view, op)
    case 'updateVersion':
      return updateVersion(view, op)
    case 'deleteVersions':
      return deleteVersions(view, op)
    case 'grants':
      return grants(view, op)
    case 'createFolder':
      return createFolder(view, op)
    case 'upload':
      return upload(view, op)
    case 'commit':
      return commit(view, op)
    case 'rename':
      return rename(view, op)
    case 'move':
      return move(view, op)
    case 'copy':
      return copy(view, op)
    case 'update':
      return update(view, op)
    case 'trash':
      return trash(view, op)
    case 'restore':
      return restore(view, op)
    case 'purge':
      return purge(view, op)
    case 'grant':
      return grant(view, op)
  }
}

const READINGS: ReadonlySet<Op['kind']> = new Set(['get', 'list', 'versions', 'grants'])

/** Whether an op only reads. */
export function isReading(op: Op): boolean {
  return READINGS.has(op.kind)
}

/** Every node an op names. */
export function refsOf(op: Op): Ref[] {
  switch (op.kind) {
    case 'list':
      return [op.folder]
    case 'createFolder':
      return [op.parent]
    case 'upload':
    case 'commit':
      return [op.parent, op.target].filter((ref) => ref !== undefined)
    case 'move':
    case 'copy':
      return [op.node, op.to]
    default:
      return [op.node]
  }
}

/** Mode `all`: what failed says why, what did not says that it was not done either. */
function refused(result: Result): Result {
  return result.status === 'failed' ? result : fail('batch_refused')
}
