/** History versions: what a file's content was before. Page 1339/124487 and the vendor's clients. */
import type { Node, NodeId, Ref, Version } from '../../engine/index.ts'
import { type Visit, visit } from './auth.ts'
import { type Answer, type Call, namedPath, type Operation } from './call.ts'
import { isLink } from './entry-kind.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { fileTypeOf } from './file-type.ts'
import { historyFamily } from './history-settings.ts'
import { isMedia } from './library.ts'
import { pageIn } from './page.ts'
import { perform } from './perform.ts'
import { entry } from './present.ts'
import { ITEMS_MAX, isoTime, userOf } from './terms.ts'
import { json, word } from './words.ts'

export const historyOperations: readonly Operation[] = [
  ...historyFamily,
  {
    operation: 'List history versions',
    coverage: 'done',
    method: 'GET',
    path: 'directory-history/{lib}/{space}/history-list/{path*}',
    handle: list,
  },
  {
    operation: 'Delete history versions',
    coverage: 'done',
    method: 'POST',
    path: 'directory-history/{lib}/{space}/delete',
    handle: remove,
  },
  {
    operation: 'Set latest version',
    coverage: 'done',
    method: 'POST',
    path: 'directory-history/{lib}/{space}/latest-version/{id}',
    handle: setLatest,
  },
]

/** A number names a version alone, without its file: the file's number comes first in it. */
const VERSIONS_PER_NODE = 2 ** 20

/** The vendor's id of an earlier version: a number that no file shares. */
export function historyId({ id }: Pick<Node, 'id'>, version: number): number {
  return id * VERSIONS_PER_NODE + (version % VERSIONS_PER_NODE)
}

function parsed(id: unknown): { node: NodeId; version: number } | undefined {
  const text = typeof id === 'number' ? String(id) : id
  const number = typeof text === 'string' && /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number) || number < VERSIONS_PER_NODE) return undefined
  return { node: Math.floor(number / VERSIONS_PER_NODE) as NodeId, version: number % VERSIONS_PER_NODE }
}

/** The version of this file that an id names; undefined when it is another file's, or none. */
export function versionNumber(node: Node, id: string): number | undefined {
  const found = parsed(id)
  return found?.node === node.id ? found.version : undefined
}

/** All versions of a file, the latest first. */
export async function versionsOf(call: Call, { actor }: Visit, node: Ref): Promise<readonly Version[]> {
  const result = await perform(call, actor, { kind: 'versions', node }, { kind: 'file', source: false })
  return result.status === 'done' ? (result.versions ?? []) : []
}

async function list(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const { actor, drive } = here
  const node = { drive: drive.id, path: namedPath(call) }
  const get = { kind: 'get', node, need: 0, trashed: 'no' } as const
  const { view } = await perform(call, actor, get, { kind: 'any', source: false })
  if (view!.node.kind === 'folder' || isLink(view!.node)) throw refuse('UnsupportedFileType')
  const [latest, ...earlier] = await versionsOf(call, here, { drive: drive.id, id: view!.node.id })
  if (orderOf(call.query) === 'asc') earlier.reverse()
  const { shown, more, hasMore, totalNum } = pageIn(call.query, [latest!, ...earlier])
  const contents = shown.map((version) => item(view!.node, version, version === latest))
  return { status: 200, body: { ...totalNum, hasMore, ...more, contents } }
}

/** Versions follow one another in time, so by number and by time is the same. */
function orderOf(query: URLSearchParams): 'asc' | 'desc' {
  const by = word(query, 'order_by', 'orderBy') ?? 'id'
  const direction = word(query, 'order_by_type', 'orderByType') ?? 'desc'
  if (by !== 'id' && by !== 'creationTime') throw refuse('ParamInvalid', 'order_by must be id or creationTime.')
  if (direction !== 'asc' && direction !== 'desc') throw refuse('ParamInvalid', 'order_by_type must be asc or desc.')
  return direction
}

function item(node: Node, { version, content, createdAt, creator, revertOf }: Version, isLatestVersion: boolean) {
  return {
    ...(isLatestVersion ? {} : { id: historyId(node, version) }),
    createdBy: userOf(creator),
    creationWay: version === 1 ? 0 : 1,
    version,
    isLatestVersion,
    name: node.name,
    size: String(content.size),
    crc64: content.crc64,
    contentType: node.attributes.contentType ?? fileTypeOf(node.name).contentType,
    creationTime: isoTime(createdAt),
    // One that was set as the latest is a version of its own here, made at that time.
    ...(revertOf === 0 ? {} : { setLatestTime: isoTime(createdAt) }),
  }
}

async function remove(call: Call): Promise<Answer> {
  const { actor, drive } = await visit(call, 'deleteHistory')
  const ids = json(call) ?? []
  if (!Array.isArray(ids)) throw refuse('ParamInvalid', 'The body must be an array of history ids.')
  if (ids.length === 0) throw refuse('NoItemsProvided')
  if (ids.length > ITEMS_MAX) throw refuse('TooManyItems')
  const numbers = new Map<NodeId, number[]>()
  for (const id of ids) {
    const { node, version } = named(id)
    numbers.set(node, [...(numbers.get(node) ?? []), version])
  }
  const ops = [...numbers].map(([id, versions]) => {
    return { kind: 'deleteVersions', node: { drive: drive.id, id }, versions } as const
  })
  // The answer has no place for single versions, so either all of them go or none.
  const results = await call.context.engine.batch(actor, ops, 'all')
  const failed = results.flatMap((result) => (result.status === 'failed' ? [result.error] : []))
  const reason = failed.find(({ code }) => code !== 'batch_refused')
  if (reason) throw new Refusal(faultOf(reason, { kind: 'file', source: false }))
  return { status: 204 }
}

function named(id: unknown): { node: NodeId; version: number } {
  const found = parsed(id)
  if (!found) throw refuse('FileNotFound', 'There is no such history version.')
  return found
}

async function setLatest(call: Call): Promise<Answer> {
  const { actor, drive, caller } = await visit(call, 'setLatest')
  const { node: id, version } = named(call.params.id)
  const op = { kind: 'revert', node: { drive: drive.id, id }, version } as const
  const { view } = await perform(call, actor, op, { kind: 'file', source: false })
  const shown = entry(call, view!, { media: isMedia(caller.library) })
  return { status: 200, body: { path: view!.path, ...shown, setLatestTime: isoTime(view!.node.updatedAt) } }
}
