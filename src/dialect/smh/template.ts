/** Making an empty office document. */
import { type Visit, visit } from './auth.ts'
import { type Answer, type Call, namedPath } from './call.ts'
import { refuse } from './error.ts'
import { isMedia } from './library.ts'
import { officeTemplate } from './office-template.ts'
import { putPlaceholder } from './placeholder.ts'
import { attributesOf, entry } from './present.ts'
import { strategyOf } from './terms.ts'
import { members } from './words.ts'

/** The document lies at the path of the call, under another name if that is taken. */
export async function createFromTemplate(call: Call, name: string): Promise<Answer> {
  await visit(call, 'beginUpload')
  const here: Visit = await visit(call, 'confirmUpload')
  const bytes = await officeTemplate(name)
  if (!bytes) throw refuse('ParamInvalid', 'fromTemplate must be word.docx, excel.xlsx or powerpoint.pptx.')
  const strategy = strategyOf(call.query) ?? 'rename'
  const attributes = attributesOf(call, members(call))
  const view = await putPlaceholder(call, here, namedPath(call), strategy, attributes, bytes)
  return { status: 200, body: { path: view.path, ...entry(call, view, { media: isMedia(here.caller.library) }) } }
}
