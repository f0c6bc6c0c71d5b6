/** Virtual files: an entry with what a file tells of itself, and no content. */
import type { Json } from '../../engine/index.ts'
import { visit } from './auth.ts'
import { type Answer, type Call, namedPath } from './call.ts'
import { VIRTUAL, type Virtual } from './entry-kind.ts'
import { putPlaceholder } from './placeholder.ts'
import { attributesOf } from './present.ts'
import { strategyOf } from './terms.ts'
import { bytes, type Members, member, members, text } from './words.ts'

/** What a body says a virtual file is; `before` fills in what it leaves out. */
export function virtualIn(body: Members, before: Virtual = { size: '0' }): Virtual {
  const size = member(body, 'size')
  const contentType = text(body, 'contentType')
  return {
    ...before,
    ...(size === undefined ? {} : { size: String(bytes(size, 'size')) }),
    ...(contentType ? { contentType } : {}),
  }
}

export async function createVirtual(call: Call): Promise<Answer> {
  const here = await visit(call, 'createVirtual')
  const body = members(call)
  const { extra, ...plain } = attributesOf(call, body)
  const mark = virtualIn(body) as unknown as Json
  const attributes = { ...plain, extra: { ...extra, [VIRTUAL]: mark } }
  const made = await putPlaceholder(call, here, namedPath(call), strategyOf(call.query) ?? 'rename', attributes)
  return { status: 200, body: { path: made.path, type: 'virtual' } }
}
