/**
 * Directories that a client keeps in step with one of its own: what it says of it is written on the directory, for its other
 * devices to see, there and on what lies below. The mobile clients name the members; the id of a directory is that of what is
 * said of it.
 */
import { type Json, type Node, type NodeId, OPS_PER_BATCH_MAX, parseDecimalId, type Ref } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, type Operation } from './call.ts'
import { refuse } from './error.ts'
import { perform } from './perform.ts'
import { members, requiredText, text } from './words.ts'

const PATH = 'directory-local-sync/{lib}/{space}'
const LOCAL_SYNC = 'smh.localSync'
const STRATEGIES = ['local_to_cloud', 'cloud_to_local', 'both']
/** The longest path on a client's own disk. */
const LOCAL_PATH_CHARACTERS_MAX = 4096

export const localSyncOperations: readonly Operation[] = [
  {
    operation: 'Set local sync of a directory',
    coverage: 'done',
    method: 'PUT',
    path: PATH,
    handle: put,
  },
  {
    operation: 'Delete local sync of a directory',
    coverage: 'done',
    method: 'DELETE',
    path: `${PATH}/{id}`,
    handle: remove,
  },
]

interface LocalSync {
  /** The directory meant: a copy of it is not kept in step, though what is written on it is copied. */
  readonly directory: NodeId
  readonly strategy: string
  readonly localPath: string
  readonly userId: string
}

async function put(call: Call): Promise<Answer> {
  const here = await visit(call, 'sync')
  const body = members(call)
  const node = { drive: here.drive.id, path: bodyPath(requiredText(body, 'path')) }
  const strategy = requiredText(body, 'strategy')
  const localPath = text(body, 'localPath') ?? ''
  if (!STRATEGIES.includes(strategy)) throw refuse('ParamInvalid', `strategy must be one of ${STRATEGIES.join(', ')}.`)
  if (localPath.length > LOCAL_PATH_CHARACTERS_MAX) throw refuse('ParamInvalid', 'localPath is too long.')
  if (node.path.length === 0) throw refuse('RootDirectoryNotAllowed')
  const id = await directoryId(call, here, node)
  const sync = { directory: id, strategy, localPath, userId: here.caller.user }
  await write(call, here, { drive: here.drive.id, id }, sync)
  return { status: 200, body: { id } }
}

async function remove(call: Call): Promise<Answer> {
  const here = await visit(call, 'sync')
  const id = parseDecimalId<NodeId>(call.params.id!)
  if (id === undefined) throw refuse('DirectoryNotFound')
  const node = { drive: here.drive.id, id }
  const op = { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' } as const
  const { view } = await perform(call, here.actor, op, { kind: 'folder', source: false })
  if (!isKept(view!.node)) throw refuse('DirectoryNotFound', 'The directory is not kept in step.')
  await write(call, here, node, null)
  return { status: 204 }
}

async function directoryId(call: Call, { actor }: Visit, node: Ref): Promise<NodeId> {
  const op = { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' } as const
  const { view } = await perform(call, actor, op, { kind: 'folder', source: false })
  return view!.node.id
}

async function write(call: Call, { actor }: Visit, node: Ref, sync: LocalSync | null): Promise<void> {
  const set = { extra: { [LOCAL_SYNC]: sync as unknown as Json } }
  await perform(call, actor, { kind: 'update', node, set, expect: 'folder' }, { kind: 'folder', source: false })
}

export function isKept(node: Node): boolean {
  return localSyncOf(node) !== undefined
}

function localSyncOf({ id, attributes }: Node): LocalSync | undefined {
  const sync = attributes.extra?.[LOCAL_SYNC] as unknown as LocalSync | undefined
  return sync?.directory === id ? sync : undefined
}

/** What is said of an entry: on itself, or else on the nearest directory above it. */
export function localSyncShown(node: Node, above: Node | null = null): { localSync?: Json } {
  const root = localSyncOf(node) ? node : above
  if (!root) return {}
  const { strategy, userId } = localSyncOf(root)!
  return { localSync: { syncId: root.id, strategy, isSyncRootFolder: root === node, syncUserId: userId } }
}

/** Of the directories on a path, but not the last, the nearest that is kept in step; none of those the caller may not see. */
export async function keptAbove(call: Call, { actor, drive }: Visit, path: readonly string[]): Promise<Node | null> {
  const above = path.slice(1).map((_, at) => ({ drive: drive.id, path: path.slice(0, at + 1) }))
  // Nothing lies below so many, whatever path a client sends.
  if (above.length === 0 || above.length > OPS_PER_BATCH_MAX) return null
  const ops = above.map((node) => ({ kind: 'get', node, need: 0, trashed: 'no' }) as const)
  const results = await call.context.engine.batch(actor, ops)
  const nodes = results.flatMap((result) => (result.status === 'done' && result.view ? [result.view.node] : []))
  return nodes.findLast(isKept) ?? null
}
