/** Keeping up with a drive: `/file/get_last_cursor` and `/file/list_delta`. */
import { ACTIONS, type ChangeKind, type ChangeView, type Drive, type Ref } from '../../engine/index.ts'
import { type DirectEndpoint, type Env, runSteps } from './call.ts'
import { failedAnswer, notFound, notValid, Refusal } from './error.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { viewOf } from './outcome.ts'
import { type FileObject, files, PLAIN } from './present.ts'
import { type Body, integer, text } from './request.ts'
import { driveOf, fileIdOf, ROOT, refOf } from './terms.ts'

const PAGE_MAX = 100

/** What a change is called; null for those that change no file as the vendor sees it. */
const OPS: Readonly<Record<ChangeKind, string | null>> = {
  create: 'create',
  copy: 'create',
  version: 'overwrite',
  rename: 'rename',
  move: 'move',
  update: 'update',
  trash: 'trash',
  restore: 'restore',
  purge: 'delete',
  leave: 'delete',
  history: null,
  grant: null,
}

export const fileGetLastCursor: DirectEndpoint = {
  url: '/file/get_last_cursor',
  operation: 'DeltaGetLastCursor',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const { drive } = await syncedTree(body, env)
    return { status: 200, body: { cursor: markerText([drive.id, drive.seq]) } }
  },
}

export const fileListDelta: DirectEndpoint = {
  url: '/file/list_delta',
  operation: 'ListDelta',
  coverage: 'done',
  scope: 'FILE.LIST',
  async run(body, env) {
    const limit = integer(body, 'limit', 0, PAGE_MAX) || PAGE_MAX
    const { drive, below } = await syncedTree(body, env)
    const after = afterOf(body, drive)
    const page = await env.engine.changes(env.actor, { drive: drive.id, ...below, after, limit })
    if ('status' in page) return failedAnswer(page.error)
    const shown = page.items.filter(({ change }) => OPS[change.kind] !== null)
    const objects = await objectsOf(env, shown)
    const items = shown.map((one) => deltaObject(env, one, objects))
    return { status: 200, body: { items, has_more: page.more, cursor: markerText([drive.id, page.next]) } }
  },
}

/** What is kept up with: a folder the caller may list, of the drive; `below` is left out when that is the whole drive. */
async function syncedTree(body: Body, env: Env): Promise<{ drive: Drive; below?: { below: Ref } }> {
  const id = driveOf(env, body)
  const root = { sync_root_id: text(body, 'sync_root_id') || ROOT }
  const ref = refOf(env, root, 'sync_root_id', id)
  const [result] = await env.engine.batch(env.actor, [
    { kind: 'get', node: ref, need: ACTIONS.list, trashed: 'no', expect: 'folder' },
  ])
  if (result?.status === 'failed' && result.error.code === 'wrong_kind') throw new Refusal(notValid('sync_root_id'))
  const { node } = viewOf(result!)
  const [drive] = await env.engine.drives(env.actor, [id])
  if (!drive) throw new Refusal(notFound('drive'))
  return { drive, ...(node.id !== drive.root && { below: { below: ref } }) }
}

/** The number of the last change known; 0 without a cursor. A cursor of another drive, or from the future, is none. */
function afterOf(body: Body, { id, seq }: Drive): number {
  const marked = readMarker(body, 'cursor')
  if (!marked) return 0
  const [drive, after] = marked
  const isPlace = drive === id && Number.isSafeInteger(after) && (after as number) >= 0 && (after as number) <= seq
  if (!isPlace) throw badMarker('cursor')
  return after as number
}

/** A File object for every node that is still there, each once. */
async function objectsOf(env: Env, items: readonly ChangeView[]): Promise<Map<number, FileObject>> {
  const views = [...new Map(items.flatMap(({ view }) => (view ? [[view.node.id, view] as const] : []))).values()]
  const objects = await runSteps(env, files(env, views, { ...PLAIN, urls: false }))
  return new Map(views.map(({ node }, i) => [node.id, objects[i]!]))
}

function deltaObject(env: Env, { change, view }: ChangeView, objects: ReadonlyMap<number, FileObject>): object {
  const { from } = change
  return {
    op: OPS[change.kind],
    file_id: fileIdOf(env.engine, { born: change.born, id: change.node }),
    file: view ? objects.get(view.node.id) : undefined,
    current_category: view ? objects.get(view.node.id)?.category : undefined,
    ext_info: from
      ? {
          move_type: 'inner',
          src_name: from.name,
          src_parent_file_id: fileIdOf(env.engine, { born: from.parentBorn, id: from.parent }),
        }
      : undefined,
  }
}
