/** `contentCas`: a client changes a file only as long as the content is the one it knows. */
import type { Node } from '../../engine/index.ts'
import type { Visit } from './auth.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'
import { contentCas } from './present.ts'

/**
 * What an op on the entry needs so that it is done only if its content is the named one; nothing when no name is given.
 * The entry is looked at now and guarded by its change counter, which no change can pass by.
 */
export async function unchangedSince(
  call: Call,
  { actor, drive }: Visit,
  path: readonly string[],
  cas: string | undefined,
): Promise<{ ifRev?: number }> {
  if (!cas) return {}
  const op = { kind: 'get', node: { drive: drive.id, path }, need: 0, trashed: 'no' } as const
  const [result] = await call.context.engine.batch(actor, [op])
  // What is not there, or not to be seen, the op itself reports.
  if (result?.status !== 'done') return {}
  const { node } = result.view!
  demandContent(node, cas)
  return { ifRev: node.rev }
}

/** Refuses to go on when a file has other content than the one that was named. */
export function demandContent(node: Node, cas: string | undefined): void {
  if (cas === undefined || contentCas(node) === cas) return
  throw refuse('PathConflict', 'The content of the file is not the one contentCas names.')
}
