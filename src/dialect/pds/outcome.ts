/** What became of an op, and what its caller is told. */
import {
  ACTIONS,
  type DriveId,
  type Failed,
  type NodeId,
  type NodeView,
  type Op,
  type Result,
} from '../../engine/index.ts'
import type { Steps } from './call.ts'
import { type Answer, failedAnswer, notValid, Refusal } from './error.ts'

/** Runs one op. */
export function* one(op: Op): Steps<Result> {
  const { results } = yield { ops: [op] }
  return results[0]!
}

/** The view an op ended in, or the refusal its failure is. */
export function viewOf(result: Result): NodeView {
  if (result.status === 'failed') throw new Refusal(failedAnswer(result.error))
  if (!result.view) throw new Error('the op has no node to show')
  return result.view
}

/** What a folder that cannot be listed is told. */
export function listFailure({ error }: Extract<Result, { status: 'failed' }>): Answer {
  if (error.code === 'wrong_kind') return notValid('parent_file_id', 'It is a file.')
  return failedAnswer(error)
}

/** 204 for an op that is done. */
export function emptied(result: Result): Answer {
  return result.status === 'failed' ? failedAnswer(result.error) : { status: 204 }
}

/** Whether an op failed because another node has the name. */
export function isTaken(result: Result): result is Failed {
  return result.status === 'failed' && result.error.code === 'name_taken' && result.error.node > 0
}

/** Looks at the node that has the name. */
export function existingOp(drive: DriveId, { error }: Failed): Op {
  return { kind: 'get', node: { drive, id: error.node as NodeId }, need: ACTIONS.list, trashed: 'no' }
}
