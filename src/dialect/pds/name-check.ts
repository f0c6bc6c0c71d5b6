/** `/file/pre_create_check`: whether a folder already has a child of a name. */
import {
  ACTIONS,
  type Done,
  type NodeView,
  nameKey,
  type Op,
  PAGE_SIZE_MAX,
  type Position,
  type Ref,
} from '../../engine/index.ts'
import type { Call, SteppedEndpoint, Steps } from './call.ts'
import { failedAnswer, Refusal } from './error.ts'
import type { Supply } from './need.ts'
import { listFailure, viewOf } from './outcome.ts'
import { requiredText } from './request.ts'
import { aliasOf, driveOf, kindOf, refOf } from './terms.ts'

export const filePreCreateCheck: SteppedEndpoint = {
  url: '/file/pre_create_check',
  operation: 'PreCreateCheck',
  coverage: 'done',
  scope: 'FILE.CREATE',
  guests: 'share',
  *steps(body, env): Call {
    const drive = driveOf(env, body)
    const parent = refOf(env, body, 'parent_file_id', drive)
    const name = requiredText(body, 'name')
    kindOf(body)
    const existing = yield* childNamed(parent, name)
    if (!existing) return { status: 200, body: { result_code: 'success' } }
    const { node } = existing
    return {
      status: 200,
      body: {
        result_code: 'NameCheckFailed.ExistSameNameFile',
        name_check_result: { exist_file_id: aliasOf(env.engine, existing.drive, node), exist_file_type: node.kind },
      },
    }
  },
}

/** The child of a folder that has a name; undefined when none has. */
function* childNamed(parent: Ref, name: string): Steps<NodeView | undefined> {
  const { results } = yield { ops: [{ ...getOp(parent), expect: 'folder' }] }
  const found = results[0]!
  if (found.status === 'failed') throw new Refusal(listFailure(found))
  const folder = viewOf(found)
  const { id } = folder.drive
  // Names lead back to the folder unless a twin of it, or of a folder above it, stands in front.
  const paths = [folder.path, [...folder.path, name]]
  const { results: byPath } = yield { ops: paths.map((path) => getOp({ drive: id, path })) }
  const [again, child] = [byPath[0]!, byPath[1]!]
  if (again.status !== 'done' || again.view?.node.id !== folder.node.id) return yield* searched(folder, name)
  return child.status === 'failed' && child.error.code === 'node_not_found' ? undefined : viewOf(child)
}

function getOp(node: Ref): Op & { kind: 'get' } {
  return { kind: 'get', node, need: ACTIONS.list, trashed: 'no' }
}

/** Looks through a folder's children in the order of their names until the name is passed. */
function* searched(folder: NodeView, name: string): Steps<NodeView | undefined> {
  const key = nameKey(name)
  for (let after: Position | null | undefined; after !== null; ) {
    const { results }: Supply = yield { ops: [listOp(folder, after)] }
    const result = results[0]!
    if (result.status === 'failed') throw new Refusal(failedAnswer(result.error))
    const { items, next } = (result as Done).page!
    const found = items.find(({ node }) => node.key === key)
    const isPassed = items.some(({ node }) => Buffer.compare(Buffer.from(node.key), Buffer.from(key)) > 0)
    if (found || isPassed) return found
    after = next
  }
  return undefined
}

function listOp({ drive, node }: NodeView, after: Position | undefined): Op {
  return {
    kind: 'list',
    folder: { drive: drive.id, id: node.id },
    by: 'name',
    descending: false,
    foldersFirst: false,
    limit: PAGE_SIZE_MAX,
    ...(after && { cursor: { after } }),
  }
}
