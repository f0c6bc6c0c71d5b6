/** Finding an entry by its opaque id. */
import { visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { entries } from './listing.ts'
import { perform } from './perform.ts'

export const inodeOperations: readonly Operation[] = [
  { operation: 'Find by inode', coverage: 'done', method: 'GET', path: 'inode/{lib}/{space}/{inode}', handle: find },
]

async function find(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const id = call.context.engine.ids.parseFileId(call.params.inode!)
  if (!id) throw refuse('PathNotFound')
  const op = { kind: 'get', node: { ...id, drive: here.drive.id }, need: 0, trashed: 'no' } as const
  const { view } = await perform(call, here.actor, op, { kind: 'any', source: false })
  const [shown] = await entries(call, here, [view!])
  return { status: 200, body: { path: view!.path, ...shown } }
}
