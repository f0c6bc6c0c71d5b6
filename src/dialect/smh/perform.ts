/** Running one op for a call that has one: the same engine call as a batch, and a fault for the whole answer. */
import type { Actor, Done, Later, Op } from '../../engine/index.ts'
import type { Call } from './call.ts'
import { type About, faultOf, Refusal, refuse } from './error.ts'

/** The op's result; a failed one refuses the call. Of a file that was sought it is told when it fell to a quota. */
export async function perform(call: Call, actor: Actor, op: Op, about: About): Promise<Done | Later> {
  const { engine } = call.context
  const [result] = await engine.batch(actor, [op])
  if (result!.status !== 'failed') return result!
  const { error } = result!
  if (op.kind === 'get' && error.code === 'node_not_found') {
    const [gone] = await engine.evicted(actor, [op.node])
    if (gone) throw refuse('FileRemovedByQuota')
  }
  throw new Refusal(faultOf(error, about))
}
