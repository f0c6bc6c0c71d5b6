/** Running one op for a call that has one: the same engine call as a batch, and a fault for the whole answer. */
import type { Actor, Done, Later, Op } from '../../engine/index.ts'
import type { Call } from './call.ts'
import { type About, faultOf, Refusal } from './error.ts'

/** The op's result; a failed one refuses the call. */
export async function perform(call: Call, actor: Actor, op: Op, about: About): Promise<Done | Later> {
  const [result] = await call.context.engine.batch(actor, [op])
  if (result!.status === 'failed') throw new Refusal(faultOf(result!.error, about))
  return result!
}
