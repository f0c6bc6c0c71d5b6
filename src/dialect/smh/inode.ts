/** Finding an entry by its opaque id. */
import { visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { isMedia } from './library.ts'
import { perform } from './perform.ts'
import { entry } from './present.ts'

export const inodeOperations: readonly Operation[] = [
  { operation: 'Find by inode', coverage: 'done', method: 'GET', path: 'inode/{lib}/{space}/{inode}', handle: find },
]

async function find(call: Call): Promise<Answer> {
  const { actor, drive, caller } = await visit(call, 'read')
  const id = call.context.engine.ids.parseFileId(call.params.inode!)
  if (!id) throw refuse('PathNotFound')
  const op = { kind: 'get', node: { ...id, drive: drive.id }, need: 0, trashed: 'no' } as const
  const { view } = await perform(call, actor, op, { kind: 'any', source: false })
  return { status: 200, body: { path: view!.path, ...entry(call, view!, { media: isMedia(caller.library) }) } }
}
