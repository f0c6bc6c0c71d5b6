/** What the slices of a haul have in common: what they work with, and where the tree is that they are about. */
import { ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import type { BatchContext } from './batch.ts'
import { emptyChanges } from './effects.ts'
import { fail } from './error.ts'
import { seekFrom } from './facts.ts'
import type { HaulCursor } from './haul.ts'
import { isFailed, locate, wantRef } from './locate.ts'
import type { Drive, Node, TaskOutcome } from './model.ts'
import type { Failed, Result } from './op.ts'
import type { Changes, NodeKey, WriteTx } from './port.ts'
import type { Step } from './task-cursor.ts'
import type { TaskRow } from './task-port.ts'
import type { View } from './view.ts'

/** All that the slices of one haul work with. */
export interface HaulWork {
  readonly context: BatchContext
  readonly tx: WriteTx
  readonly task: TaskRow
  readonly actor: Actor
  readonly haul: HaulCursor
  /** Writes down what became of the op. */
  readonly conclude: (result: Result) => TaskOutcome
}

/** A step that goes on with the haul. */
export function goOn(
  { haul }: HaulWork,
  more: Partial<HaulCursor>,
  changes: Partial<Changes>,
  counts: { total?: number; done?: number } = {},
): Step {
  return {
    changes: { ...emptyChanges(), ...changes },
    haul: { ...haul, ...more },
    outcomes: [],
    total: counts.total ?? 0,
    done: counts.done ?? 0,
    failed: 0,
  }
}

/** Goes back for the nodes that are not known yet, all at once. */
export function wantNodes(view: View, keys: readonly NodeKey[]): void {
  const unknown = keys.filter((key) => view.facts.seeks.get(seekFrom({ ...key, follow: false }), key.id) === undefined)
  for (const { drive, id } of unknown) wantRef(view, { drive, id })
  if (unknown.length > 0) view.missing()
}

/** The tree's top and the drive it goes to, if the actor still reaches both. */
export function sourceOf(view: View, { source, to, verb }: HaulCursor): { node: Node; to: Drive } | Failed {
  view.needs.drives.add(to)
  wantNodes(view, [source])
  const found = locate(view, source, 'no')
  if (isFailed(found)) return found
  const drive = view.drive(to)
  if (!drive) return fail('drive_not_found', { at: 'target' })
  if (verb === 'copy' && !(view.actionsOn(found.node) & ACTIONS.copy)) return fail('forbidden', { node: source.id })
  return { node: found.node, to: drive }
}
