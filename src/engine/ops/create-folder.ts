import { attributesProblem } from '../attributes.ts'
import { fail } from '../error.ts'
import { isFailed, viewOf } from '../locate.ts'
import type { NodeId } from '../model.ts'
import type { CreateFolderOp, Result } from '../op.ts'
import { addFolder, settle, target } from '../place.ts'
import type { View } from '../view.ts'

export function createFolder(view: View, op: CreateFolderOp): Result {
  const problem = attributesProblem(op.attributes ?? {})
  if (problem) return fail('attribute_invalid', { detail: problem })
  const into = target(view, op.parent, 'folder', { make: op.makeParents ?? false, naming: op.naming })
  if (isFailed(into)) return into
  const arrival = settle(view, into.node, op.name, { id: 0 as NodeId, kind: 'folder' }, op)
  if (isFailed(arrival)) return arrival
  switch (arrival.how) {
    case 'free': {
      const node = addFolder(view, into.node, arrival.name, arrival.twin, op.attributes)
      return { status: 'done', view: viewOf(view, node), existed: false }
    }
    // An empty folder merged into the one that is there leaves it as it is.
    case 'reuse':
    case 'merge':
      return { status: 'done', view: viewOf(view, arrival.existing), existed: true }
    case 'version':
    case 'replace':
      throw new Error('a folder never replaces a file')
  }
}
