/** Nodes, drives and trash entries in the vendor's words, with what has to be looked up for them fetched as sets. */
import { createHash } from 'node:crypto'
import type {
  Content,
  Drive,
  DriveId,
  Engine,
  Json,
  Node,
  NodeId,
  NodeView,
  Subject,
  TrashEntry,
  User,
} from '../../engine/index.ts'
import type { Call } from './call.ts'
import { EXT_ATTR_PREFIX, flagsOf, ROOT_ID, sourceOf, subjectParts } from './terms.ts'

/** Which optional members a File carries. */
export interface Parts {
  readonly permission: boolean
  readonly extAttrs: boolean
  readonly drive: boolean
  readonly hash: boolean
  /** The public File has `shared`; that of `batch_get_meta` has not. */
  readonly shared: boolean
}

/** A File as the calls that change something return it. */
export const PLAIN: Parts = { permission: false, extAttrs: false, drive: false, hash: false, shared: true }

/** There is one place for bytes. */
const BUCKET = 'default'
/** The vendor says nothing of drives without a quota: the largest number every client reads exactly. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER

/** What is looked up once for a whole answer. */
interface Surroundings {
  readonly people: ReadonlyMap<string, User>
  /** Folders right above nodes: a public id needs the drive in which its node was born. */
  readonly above: ReadonlyMap<NodeId, Pick<Node, 'born' | 'id'>>
  readonly trashed: ReadonlyMap<DriveId, number>
}

/** Files and folders as File objects, in the order given. */
export async function presentFiles(call: Call, views: readonly NodeView[], parts: Parts): Promise<object[]> {
  const drives = parts.drive ? views.map(({ drive }) => drive) : []
  const subjects = [...views.flatMap(({ node }) => [node.creator, node.modifier]), ...drives.map((one) => one.creator)]
  const around = await lookAround(call, {
    subjects,
    drives,
    known: views.map(({ node, parentBorn }) => ({ id: node.parent, born: parentBorn })),
    parents: [],
  })
  return views.map((view) => fileOf(call, view, parts, around))
}

export async function presentFile(call: Call, view: NodeView, parts: Parts = PLAIN): Promise<object> {
  const [file] = await presentFiles(call, [view], parts)
  return file!
}

function fileOf(call: Call, { node, drive, actions }: NodeView, parts: Parts, around: Surroundings): object {
  const linkId = linkIdOf(call.engine, node)
  return {
    ...common(call, node, node.parent, drive, around),
    link_id: linkId,
    link_url: `${call.origin}/l/${linkId}`,
    ...(parts.shared ? { shared: false } : {}),
    ...(parts.hash && node.content ? { hash: hashOf(node.content) } : {}),
    ...(parts.permission ? { permission: flagsOf(actions) } : {}),
    ...(parts.extAttrs ? { ext_attrs: extAttrsOf(node.attributes.extra) } : {}),
    ...(parts.drive ? { drive: driveObject(call, drive, around, parts.extAttrs) } : {}),
  }
}

/** What living and deleted files have in common. */
function common(call: Call, node: Node, parent: NodeId, drive: Drive, around: Surroundings) {
  return {
    id: call.engine.ids.fileId(node),
    drive_id: String(drive.id),
    parent_id: parentIdOf(call.engine, drive, parent, around),
    name: node.name,
    type: node.kind,
    size: node.content?.size ?? 0,
    version: node.version,
    ctime: seconds(node.createdAt),
    mtime: seconds(node.updatedAt),
    created_by: identityOf(call, node.creator, around),
    modified_by: identityOf(call, node.modifier, around),
  }
}

function parentIdOf({ ids }: Engine, drive: Drive, parent: NodeId, { above }: Surroundings): string {
  if (parent === drive.root || parent === 0) return ROOT_ID
  // A folder the caller may not see is not looked up; its id opens nothing either way.
  return ids.fileId(above.get(parent) ?? { born: drive.id, id: parent })
}

export interface Deleted {
  readonly node: Node
  readonly drive: Drive
  readonly entry: TrashEntry
}

/** What lies in the trash as DeletedFile objects, in the order given. */
export async function presentDeleted(
  call: Call,
  items: readonly Deleted[],
  parts: Pick<Parts, 'extAttrs' | 'drive'>,
): Promise<object[]> {
  const drives = parts.drive ? items.map(({ drive }) => drive) : []
  const around = await lookAround(call, {
    subjects: [
      ...items.flatMap(({ node, entry }) => [node.creator, node.modifier, entry.trashedBy]),
      ...drives.map((one) => one.creator),
    ],
    drives,
    known: items.map(({ node }) => node),
    parents: items.map(({ drive, entry }) => ({ drive, id: entry.parent })),
  })
  return items.map(({ node, drive, entry }) => ({
    ...common(call, node, entry.parent, drive, around),
    hash: node.content ? hashOf(node.content) : { type: '', sum: '' },
    dtime: seconds(entry.trashedAt),
    deleted_by: identityOf(call, entry.trashedBy, around),
    ...(parts.extAttrs ? { ext_attrs: extAttrsOf(node.attributes.extra) } : {}),
    ...(parts.drive ? { drive: driveObject(call, drive, around, parts.extAttrs) } : {}),
  }))
}

/** Drives as Drive objects, in the order given. */
export async function presentDrives(call: Call, drives: readonly Drive[], withExtAttrs: boolean): Promise<object[]> {
  const subjects = drives.map(({ creator }) => creator)
  const around = await lookAround(call, { subjects, drives, known: [], parents: [] })
  return drives.map((drive) => driveObject(call, drive, around, withExtAttrs))
}

function driveObject(call: Call, drive: Drive, around: Surroundings, withExtAttrs: boolean): object {
  const owner = subjectParts(drive.owner)
  return {
    id: String(drive.id),
    name: drive.name,
    description: drive.settings.description ?? '',
    allotee_type: owner.type,
    allotee_id: owner.id,
    company_id: drive.tenant,
    created_by: identityOf(call, drive.creator, around),
    ctime: seconds(drive.createdAt),
    mtime: seconds(drive.updatedAt),
    status: drive.status === 'active' ? 'inuse' : 'deleted',
    source: sourceOf(drive),
    bucket: BUCKET,
    quota: quotaOf(drive, around.trashed.get(drive.id) ?? 0),
    ...(withExtAttrs ? { ext_attrs: extAttrsOf(drive.settings.extra) } : {}),
  }
}

/**
 * `total` is what the drive could hold if nothing else grew: its own quota, or less where a wider pool leaves less.
 * `used` counts the trash (`deleted`) too.
 */
function quotaOf({ pools }: Drive, deleted: number) {
  const used = pools.find(({ kind }) => kind === 'drive')?.used ?? 0
  const bounds = pools.flatMap((pool) => (pool.quota === null ? [] : [pool.quota - (pool.used - used)]))
  const total = Math.max(0, Math.min(UNLIMITED, ...bounds))
  return { deleted, remaining: Math.max(0, total - used), total, used }
}

/** Who did something. Apps are service principals; of what is neither user nor app only the id is known. */
function identityOf(call: Call, subject: Subject, { people }: Surroundings) {
  const { type, id } = subjectParts(subject)
  const company = call.actor.tenant
  if (type === 'user') {
    const user = people.get(id)
    return {
      id,
      type: 'user',
      name: user ? user.nick || user.name : id,
      avatar: user?.avatar ?? '',
      company_id: company,
    }
  }
  const name = type === 'app' && id === call.app.id ? call.app.name : id
  return { id, type: type === 'app' ? 'sp' : 'unknown', name, avatar: '', company_id: company }
}

/** The largest of the hashes every version has; Kingsoft's own `s2s` cannot be computed. */
function hashOf({ digest }: Content) {
  return { type: 'sha256', sum: digest }
}

function extAttrsOf(extra: Readonly<Record<string, Json>> | undefined): { name: string; value: string }[] {
  return Object.entries(extra ?? {}).flatMap(([key, value]) =>
    key.startsWith(EXT_ATTR_PREFIX) && typeof value === 'string'
      ? [{ name: key.slice(EXT_ATTR_PREFIX.length), value }]
      : [],
  )
}

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * A node's share id: `c` and eleven characters, made from its public id (which is made under the deployment's key), so
 * that every node has one, always the same, without a row. 64 bits of it: not to be guessed, and not reversible.
 */
export function linkIdOf({ ids }: Engine, node: Pick<Node, 'born' | 'id'>): string {
  let number = createHash('sha256')
    .update(`link ${ids.fileId(node)}`)
    .digest()
    .readBigUInt64BE()
  let text = ''
  for (let digit = 0; digit < 11; digit++) {
    text = BASE_62[Number(number % 62n)] + text
    number /= 62n
  }
  return `c${text}`
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

interface Wanted {
  readonly subjects: readonly Subject[]
  /** Drives that are shown with their quota. */
  readonly drives: readonly Drive[]
  readonly known: readonly Pick<Node, 'born' | 'id'>[]
  readonly parents: readonly { drive: Drive; id: NodeId }[]
}

/** A constant number of set look-ups, however many items there are. */
async function lookAround(call: Call, { subjects, drives, known, parents }: Wanted): Promise<Surroundings> {
  const { engine, actor } = call
  const userIds = [...new Set(subjects)].map(subjectParts).flatMap(({ type, id }) => (type === 'user' ? [id] : []))
  const distinct = [...new Map(drives.map((drive) => [drive.id, drive])).values()]
  const above = new Map<NodeId, Pick<Node, 'born' | 'id'>>(known.map((node) => [node.id, node]))
  const unknown = new Map(
    parents
      .filter(({ drive, id }) => id !== 0 && id !== drive.root && !above.has(id))
      .map(({ drive, id }) => [id, { kind: 'get', node: { drive: drive.id, id }, need: 0, trashed: 'any' } as const]),
  )
  const [users, usage, folders] = await Promise.all([
    engine.users(actor.tenant, userIds),
    engine.trashUsage(distinct),
    engine.batch(actor, [...unknown.values()]),
  ])
  for (const folder of folders)
    if (folder.status === 'done' && folder.view) above.set(folder.view.node.id, folder.view.node)
  return {
    people: new Map(users.flatMap((user) => (user ? [[user.id, user] as const] : []))),
    above,
    trashed: new Map(distinct.map((drive, index) => [drive.id, usage[index]!])),
  }
}
