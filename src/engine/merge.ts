/**
 * Merging a folder into one of its name, when it holds too much for one transaction: a task brings its parts over slice by slice, each
 * judged as it comes. What has arrived is seen at once; what has not, is where it was, whole. A part that cannot come stays where it
 * is and is reported, and the others come all the same; a folder that was to be moved is gone in the end only if nothing stayed.
 */
import type { Haul, HaulCursor } from './haul.ts'
import type { CopyOp, MoveOp, Op } from './op.ts'
import type { NodeKey } from './port.ts'

/** How far a merge is; kept in its task's cursor. */
export interface MergeCursor {
  readonly verb: 'move' | 'copy'
  readonly terms: MergeTerms
  /** The folder that is merged. When it is moved the task holds it, so that nobody changes it. */
  readonly source: NodeKey
  /** The folder of its name. */
  readonly target: NodeKey
  readonly phase: 'begin' | 'count' | 'bring'
  /** The position of the next folder in the task's queue. */
  readonly queued: number
  /** A part too large for one slice, which is under way. */
  readonly part: HaulCursor | null
  /** The first code among parts that could not come; '' = all could so far. */
  readonly refused: string
}

export type MergeTerms = Pick<MoveOp, 'conflict' | 'naming' | 'keepGrants'>

/** A merge has its folders in the task's queue behind those of the haul of a part: these have smaller positions. */
export const MERGE_POSITIONS = 2 ** 40
/** What became of parts is told behind what became of ops: their numbers in the report begin here. */
export const PARTS_FROM = 1_000_000_000

/** Where a merge starts; null when the op is none that merges. */
export function mergeCursor({ source, into }: Haul, op: Op): MergeCursor | null {
  const terms = termsOf(op)
  if (!terms) return null
  return {
    verb: op.kind === 'copy' ? 'copy' : 'move',
    terms,
    source: { drive: source.drive, id: source.id },
    target: { drive: into.drive, id: into.id },
    phase: 'begin',
    queued: MERGE_POSITIONS,
    part: null,
    refused: '',
  }
}

function termsOf(op: Op): MergeTerms | null {
  switch (op.kind) {
    case 'move':
      return { conflict: op.conflict, naming: op.naming, keepGrants: op.keepGrants }
    case 'copy':
      return { conflict: op.conflict, naming: op.naming, keepGrants: op.keepGrants ?? false }
    case 'rename':
      return { conflict: op.conflict, naming: op.naming, keepGrants: true }
    default:
      return null
  }
}

/** The op that brings one part, for a haul of its own. */
export function partOp(
  { verb, terms }: MergeCursor,
  child: NodeKey & { readonly name: string },
  to: NodeKey,
): MoveOp | CopyOp {
  const { drive, id, name } = child
  return { kind: verb, node: { drive, id }, to, name, ...terms }
}
