/**
 * Hauls: trees too large for one transaction, which a task copies, or carries to another drive, slice by slice. What it
 * makes grows out of sight, in a folder of its own below the grave of the drive it goes to, its cradle, which the task holds so that
 * the sweep leaves it alone. The last slice runs the op itself once more, which puts the top where it belongs: with one
 * row everything appears, and before it nothing.
 *
 * A copy leaves its source to everybody. It sees each folder as it is when its turn comes, from the top downwards: what is
 * moved within the source meanwhile may be copied from both places or from neither.
 *
 * A tree that is carried is held, so nobody changes it. Its rows are repeated in the new drive under the same ids and its
 * forwarding rows wait. As it lands they are followed, all at once, and what it leaves behind is removed: until then the
 * old drive takes in no nodes from others, which might come back to their own old rows.
 */
import { fail } from './error.ts'
import { pathOf } from './locate.ts'
import type { DriveId, Node, NodeId, TaskOutcome } from './model.ts'
import type { CopyOp, Failed, MoveOp, NodeView } from './op.ts'
import type { NodeKey } from './port.ts'
import type { View } from './view.ts'

/** What an op found to be too large. */
export interface Haul {
  /** merge: into a folder of the same name, whose parts cannot be made ready out of sight. */
  readonly verb: 'copy' | 'carry' | 'merge'
  readonly source: Node
  /** The folder it goes into. */
  readonly into: Node
  /** The top as it will be there. */
  readonly seen: NodeView
}

/** Ends an op whose tree is too large for one transaction. */
export function tooLarge(view: View, verb: Haul['verb'], source: Node, into: Node, top: Node): Failed {
  const path = [...pathOf(view.chain(into)), top.name]
  const drive = view.driveOf(into)
  // What the actor may do with it, it will have from its folder.
  const actions = view.actionsOn(into)
  const seen: NodeView = { node: top, drive, path, parentBorn: into.born, actions, trash: null }
  view.haul = { verb, source, into, seen }
  return fail('too_large', { node: source.id })
}

/** What a task has made ready, for the op to put in its place. */
export interface Ready {
  /** The haul's number. */
  readonly haul: number
  readonly source: NodeId
  readonly top: Node
  /** Levels below the top. */
  readonly height: number
  readonly cradle: Node
}

/** A tree that changes drives by taking the place of what was made ready. */
export interface Landing {
  readonly haul: number
  /** The top in its new drive. */
  readonly top: Node
  /** The top's old row, out of sight. */
  readonly left: Node
}

/**
 * count: how many nodes and bytes there are. fill: making them. land: putting the top in its place. tell: the change log. clear:
 * removing what was left behind, or what was made in vain.
 */
export type HaulPhase = 'begin' | 'count' | 'fill' | 'land' | 'tell' | 'clear'

/** How far a haul is; kept in its task's cursor. */
export interface HaulCursor {
  /** The op, its nodes named by id. */
  readonly op: MoveOp | CopyOp
  readonly verb: 'copy' | 'carry'
  /** Of its own, for a task may have several hauls, one after the other; 0 before it begins. */
  readonly number: number
  readonly phase: HaulPhase
  readonly source: NodeKey
  readonly to: DriveId
  /** The top's id in its new place: its own when it is carried. */
  readonly top: NodeId
  readonly cradle: NodeId
  readonly nodes: number
  readonly bytes: number
  readonly height: number
  /** How many of the nodes are made. */
  readonly made: number
  /** The position of the next folder in the task's queue. */
  readonly queued: number
  /** The hidden folder to clear; null = none. */
  readonly doomed: NodeKey | null
  /** The grave that is held while a carried tree's old rows are removed: its drive takes in nothing from others. */
  readonly closed: NodeKey | null
  /** What became of the op; null while that is open. */
  readonly outcome: TaskOutcome | null
}

/** Where a haul starts. */
export function haulCursor({ verb, source, into, seen }: Haul, op: MoveOp | CopyOp): HaulCursor {
  if (verb === 'merge') throw new Error('a merge is no haul')
  const { ifRev: _, ...checked } = op
  // A folder that the op is to make is named by its path until there is one.
  const to = 'path' in op.to && op.makeParents ? op.to : { drive: into.drive, id: into.id }
  return {
    op: { ...checked, node: { drive: source.drive, id: source.id }, to },
    verb,
    number: 0,
    phase: 'begin',
    source: { drive: source.drive, id: source.id },
    to: into.drive,
    top: seen.node.id,
    cradle: 0 as NodeId,
    nodes: 0,
    bytes: 0,
    height: 0,
    made: 0,
    queued: 0,
    doomed: null,
    closed: null,
    outcome: null,
  }
}
