/** Nodes, drives and people as the vendor shows them. Members without a value are left out. */
import {
  ACTIONS,
  type DriveId,
  type Node,
  type NodeId,
  type NodeView,
  type Op,
  type PictureSize,
  type Subject,
} from '../../engine/index.ts'
import { mayHaveThumbnail } from '../../http/thumbnail.ts'
import { asAttachment, getPath } from '../../http/transfer-url.ts'
import type { Env, Steps } from './call.ts'
import type { Pictures } from './image-process.ts'
import { categoryOf, extensionOf, typeOf, UNKNOWN_TYPE } from './media.ts'
import { actionList, aliasOf, fileIdOf, iso, ROOT, revisionOf, subjectParts, URL_LIFE_S, userOf } from './terms.ts'

/** A File object: JSON with the vendor's member names. */
export type FileObject = Readonly<Record<string, unknown>>

export interface Wish {
  /** How long `url` and `download_url` live, s. */
  readonly urlLifeS: number
  /** Whether `id_path` and `name_path` are wanted. */
  readonly paths: boolean
  /** Whether the bytes' URLs may be shown; through a share they are counted, so only some calls show them. */
  readonly urls: boolean
  /** Whether folders say how much is below them: asked for by name only, as it costs a look at all of it. */
  readonly dirSize: boolean
  /** Whether single files say what their bytes say of themselves. */
  readonly media?: boolean
  /** The small pictures that are wanted of pictures. */
  readonly pictures?: Pictures | undefined
}

export const PLAIN: Wish = { urlLifeS: URL_LIFE_S, paths: false, urls: true, dirSize: false }

/** A node to be shown; trashed ones of a listing come without rights. */
type Extras = 'actions' | 'path' | 'parentBorn'
export type Shown = Omit<NodeView, Extras> & Partial<Pick<NodeView, Extras>>

/** What a node does not say of itself and the vendor shows beside it. */
interface Surroundings {
  /** Folders above the nodes, as far as the caller may know of them. */
  readonly above: ReadonlyMap<NodeId, Node>
  readonly names: ReadonlyMap<string, string>
}

/**
 * File objects for nodes, with the ids of their folders and the names of their creators.
 * @param known folders that are known already, such as the one being listed
 */
export function* files(
  env: Env,
  shown: readonly Shown[],
  wish: Wish = PLAIN,
  known: readonly Node[] = [],
): Steps<FileObject[]> {
  const above = new Map(known.map((node) => [node.id, node]))
  const asked = new Set<NodeId>()
  const names = new Map<string, string>()
  const people = [
    ...new Set(shown.flatMap(({ node }) => [node.creator, node.modifier]).flatMap((who) => userOf(who) ?? [])),
  ]
  let users: readonly string[] = people
  let wanted = missingParents(env, shown, above, asked, wish.paths)
  while (users.length > 0 || wanted.length > 0) {
    const { results, users: found } = yield { users, ops: wanted }
    for (const user of found) if (user) names.set(user.id, user.nick || user.name)
    users = []
    const folders = results.flatMap((result) => (result.status === 'done' && result.view ? [result.view] : []))
    for (const { node } of folders) above.set(node.id, node)
    wanted = wish.paths ? missingParents(env, folders, above, asked, true) : []
  }
  const objects = shown.map((one) => fileObject(env, one, wish, { above, names }))
  return wish.dirSize ? yield* withSizes(shown, objects) : objects
}

/** Folders with the size and the number of what is below them. */
function* withSizes(shown: readonly Shown[], objects: readonly FileObject[]): Steps<FileObject[]> {
  const folders = shown
    .filter(({ node }) => node.kind === 'folder')
    .map(({ node, drive }) => ({ drive: drive.id, id: node.id }))
  const { totals } = yield { totals: folders }
  const found = new Map(folders.map(({ id }, i) => [id, totals[i]!]))
  return objects.map((object, i) => {
    const total = found.get(shown[i]!.node.id)
    if (!total || 'status' in total) return object
    return { ...object, size: total.size, dir_size_info: { dir_count: total.folders, file_count: total.files } }
  })
}

/**
 * Asks for the folders right above the nodes: their public ids need the drive in which they were born. Where that is
 * known, only if the folders themselves are wanted.
 */
function missingParents(
  env: Env,
  shown: readonly Shown[],
  above: ReadonlyMap<NodeId, Node>,
  asked: Set<NodeId>,
  themselves: boolean,
): Op[] {
  return shown.flatMap((one): Op[] => {
    const id = parentOf(one)
    if (id === 0 || id === one.drive.root || above.has(id) || asked.has(id) || isSharedTop(env, one)) return []
    if (!themselves && bornAbove(one) !== undefined) return []
    asked.add(id)
    return [{ kind: 'get', node: { drive: one.drive.id, id }, need: ACTIONS.list, trashed: 'any' }]
  })
}

/** Whether the call goes through a share that opens this very node: what is above does not exist for it. */
function isSharedTop({ share }: Env, { node }: Shown): boolean {
  return share?.link.nodes.includes(node.id) ?? false
}

/** The drive of birth of the folder a node is in; undefined when it was put away from a folder nobody looked at. */
function bornAbove({ node, trash, parentBorn }: Shown): DriveId | undefined {
  return trash?.node === node.id ? undefined : parentBorn
}

/** The folder a node is in, or, for one put away, was in; 0 for a root. */
function parentOf({ node, trash }: Shown): NodeId {
  return trash?.node === node.id ? trash.parent : node.parent
}

function fileObject(env: Env, shown: Shown, wish: Wish, around: Surroundings): FileObject {
  const { node, drive, trash } = shown
  const { attributes } = node
  const isRoot = node.id === drive.root
  return {
    domain_id: drive.tenant,
    drive_id: String(drive.id),
    share_id: env.share?.link.id,
    file_id: aliasOf(env.engine, drive, node),
    parent_file_id: isRoot ? undefined : parentId(env, shown, around),
    name: isRoot ? ROOT : node.name,
    type: node.kind,
    status: 'available',
    created_at: iso(node.createdAt),
    updated_at: iso(node.updatedAt),
    trashed: trash !== null,
    trashed_at: trash ? iso(trash.trashedAt) : undefined,
    auto_delete_left_sec: trash?.expiresAt ? Math.max(0, Math.floor((trash.expiresAt - env.now) / 1000)) : undefined,
    hidden: attributes.hidden ?? false,
    starred: attributes.starred ?? false,
    description: attributes.description,
    labels: attributes.labels,
    user_tags: attributes.tags,
    local_created_at: isoOrNone(attributes.localCreatedAt),
    local_modified_at: isoOrNone(attributes.localModifiedAt),
    taken_at: isoOrNone(attributes.takenAt),
    encrypt_mode: encryptModeOf(node),
    punish_flag: 0,
    ...extras(node),
    ...person('creator', node.creator, around.names),
    ...person('last_modifier', node.modifier, around.names),
    action_list: shown.actions === undefined ? undefined : actionList(node.kind, shown.actions),
    ...(wish.paths ? paths(env, shown, around) : {}),
    ...(node.kind === 'file' ? contentOf(env, shown, wish) : { revision_id: '' }),
  }
}

function parentId(env: Env, shown: Shown, { above }: Surroundings): string {
  if (isSharedTop(env, shown)) return ROOT
  const { drive } = shown
  const id = parentOf(shown)
  // A folder the caller may not see is taken to be a native of the drive.
  return aliasOf(env.engine, drive, { id, born: bornAbove(shown) ?? above.get(id)?.born ?? drive.id })
}

function contentOf(env: Env, shown: Shown, wish: Wish): FileObject {
  const { node, drive, actions, trash } = shown
  const { urlLifeS, urls } = wish
  const extension = extensionOf(node.name)
  const { content, version, attributes } = node
  const extra = attributes.extra ?? {}
  const mayFetch = urls && actions !== undefined && (actions & ACTIONS.download) !== 0 && trash === null
  const ticket = { drive: drive.id, node: node.id, version, name: node.name, attachment: false, type: '' }
  // Signed once; a listing signs hundreds.
  const url = mayFetch ? downloadUrl(env, ticket, urlLifeS) : undefined
  return {
    size: content?.size,
    content_type: attributes.contentType ?? UNKNOWN_TYPE,
    mime_type: extra['pds.mime_type'] ?? attributes.contentType ?? typeOf(extension) ?? UNKNOWN_TYPE,
    mime_extension: extra['pds.mime_extension'] ?? extension,
    file_extension: extension,
    category: extra['pds.category'] ?? categoryOf(extension),
    content_hash: content?.sha1.toUpperCase(),
    content_hash_name: 'sha1',
    crc64_hash: content?.crc64,
    revision_id: revisionOf(fileIdOf(env.engine, node), version),
    revision_version: version,
    url,
    download_url: url && asAttachment(url),
    ...(wish.pictures ? picturesFor(env, shown, urlLifeS, wish.pictures) : {}),
  }
}

/** The addresses of small pictures of a file, if it is one and the caller may look at it. */
export function picturesFor(
  env: Env,
  { node, drive, actions }: Pick<Shown, 'node' | 'drive' | 'actions'>,
  urlLifeS: number,
  wanted: Pictures,
): FileObject {
  const mayLook = actions !== undefined && (actions & ACTIONS.preview) !== 0
  if (!mayLook || !mayHaveThumbnail(node.name, node.content?.size ?? 0)) return {}
  const ticket = { drive: drive.id, node: node.id, version: node.version, name: node.name, attachment: false, type: '' }
  const urlOf = (picture: PictureSize) => downloadUrl(env, { ...ticket, picture }, urlLifeS)
  const named = [...wanted.named].map(([name, picture]) => [name, urlOf(picture)])
  return {
    thumbnail: urlOf(wanted.thumbnail),
    thumbnail_urls: named.length > 0 ? Object.fromEntries(named) : undefined,
  }
}

/** A signed URL for one version of a file. */
export function downloadUrl(env: Env, ticket: Parameters<typeof getPath>[1], lifeS: number): string {
  return env.origin + getPath(env.engine, ticket, env.now + lifeS * 1000)
}

/** Members clients write that only this API knows. */
const EXTRA_MEMBERS = ['user_meta', 'meta', 'custom_index_key'] as const

function extras({ attributes }: Node): FileObject {
  const extra = attributes.extra ?? {}
  return Object.fromEntries(EXTRA_MEMBERS.map((member) => [member, extra[`pds.${member}`] ?? undefined]))
}

function person(role: string, who: Subject, names: ReadonlyMap<string, string>): FileObject {
  const { type, id } = subjectParts(who)
  return {
    [`${role}_type`]: type === 'app' ? 'App' : 'User',
    [`${role}_id`]: id,
    [`${role}_name`]: type === 'user' ? (names.get(id) ?? id) : id,
  }
}

function paths(env: Env, { node, drive, path, trash }: Shown, { above }: Surroundings): FileObject {
  // What was put away lies in no folder.
  if (trash) return {}
  const ids: string[] = []
  for (let at: Node | undefined = node; at && at.id !== drive.root; at = above.get(at.parent)) {
    ids.unshift(fileIdOf(env.engine, at))
  }
  return { id_path: ids.join('/'), name_path: path && [ROOT, ...path].join('/') }
}

/** What its client said of how it is encrypted; nothing here depends on it. */
export function encryptModeOf({ attributes }: Pick<Node, 'attributes'>): string {
  return String(attributes.extra?.['pds.encrypt_mode'] ?? 'none')
}

function isoOrNone(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : iso(ms)
}
