/**
 * Directories that a client keeps in step with one of its own: what it says of it is written on the directory, for its other
 * devices to see. The mobile clients name the members; the id of a directory is that of what is said of it.
 */
import { type Json, type Node, type NodeId, parseDecimalId, type Ref } from '../../engine/index.ts'
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
    coverage: 'partial: told of the directory itself, not of what is below',
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
  const id = await write(call, here, node, { strategy, localPath, userId: here.caller.user })
  return { status: 200, body: { id } }
}

async function remove(call: Call): Promise<Answer> {
  const here = await visit(call, 'sync')
  const id = parseDecimalId<NodeId>(call.params.id!)
  if (id === undefined) throw refuse('DirectoryNotFound')
  const node = { drive: here.drive.id, id }
  const op = { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' } as const
  const { view } = await perform(call, here.actor, op, { kind: 'folder', source: false })
  if (localSyncOf(view!.node) === undefined) throw refuse('DirectoryNotFound', 'The directory is not kept in step.')
  await write(call, here, node, null)
  return { status: 204 }
}

async function write(call: Call, { actor }: Visit, node: Ref, sync: LocalSync | null): Promise<number> {
  const set = { extra: { [LOCAL_SYNC]: sync as unknown as Json } }
  const about = { kind: 'folder', source: false } as const
  const { view } = await perform(call, actor, { kind: 'update', node, set, expect: 'folder' }, about)
  return view!.node.id
}

function localSyncOf({ attributes }: Node): LocalSync | undefined {
  return attributes.extra?.[LOCAL_SYNC] as unknown as LocalSync | undefined
}

/** What is said of a directory, where something is. */
export function localSyncShown(node: Node): { localSync?: Json } {
  const sync = localSyncOf(node)
  if (!sync) return {}
  const { strategy, userId } = sync
  return { localSync: { syncId: node.id, strategy, isSyncRootFolder: true, syncUserId: userId } }
}
