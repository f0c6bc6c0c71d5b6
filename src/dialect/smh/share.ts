/** Shares: links that open entries to whoever has them. Making, changing and telling of them; visiting is in share-visit.ts. */
import {
  ACTIONS,
  hasEnded,
  LINK_NODES_MAX,
  type Link,
  type LinkId,
  type LinkPatch,
  type NodeId,
} from '../../engine/index.ts'
import { type Caller, callerOf, opens, visit } from './auth.ts'
import { type Answer, bodyPath, type Call, type Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { rules } from './grant.ts'
import { isDescending } from './listing.ts'
import { pageIn } from './page.ts'
import { extraOf, isShareOf, type ShareConfig, sharedOf } from './share-access.ts'
import { visitOperations } from './share-visit.ts'
import { libraryActor } from './space-index.ts'
import { isoTime, userOf } from './terms.ts'
import {
  flag,
  type Members,
  member,
  members,
  membersOf,
  requiredText,
  text,
  texts,
  time,
  wholeNumber,
  word,
  yes,
} from './words.ts'

/** Making a share names a space where the other calls name the share. */
const SHARE = 'share/{lib}/{space}'
/** The longest extraction code, in characters. */
const CODE_CHARACTERS_MAX = 6
/** The most users to whose number a share may be limited: they are remembered. */
const USERS_MAX = 1000

export const shareOperations: readonly Operation[] = [
  ...visitOperations,
  { operation: 'List shares', coverage: 'done', method: 'GET', path: 'share/{lib}/list', handle: list },
  { operation: 'Search shares', coverage: 'done', method: 'POST', path: 'share/{lib}/search', handle: search },
  { operation: 'Share details', coverage: 'done', method: 'GET', path: SHARE, handle: detail },
  { operation: 'Update share', coverage: 'done', method: 'POST', path: SHARE, flag: 'update', handle: update },
  {
    operation: 'Enable or disable share',
    coverage: 'done',
    method: 'POST',
    path: SHARE,
    flag: 'setEnabled',
    handle: enable,
  },
  {
    operation: 'Create share',
    coverage: 'done; 100 entries of one directory at most',
    method: 'POST',
    path: SHARE,
    handle: create,
  },
  { operation: 'Delete share', coverage: 'done', method: 'DELETE', path: SHARE, handle: remove },
]

async function create(call: Call): Promise<Answer> {
  const { actor, drive, caller, byAuthority } = await visit(call, 'share')
  const body = members(call)
  const name = requiredText(body, 'name')
  const paths = (texts(body, 'filePath') ?? []).map(bodyPath)
  if (paths.length === 0) throw refuse('ShareFileEmpty')
  if (paths.length > LINK_NODES_MAX) throw refuse('TooManyItems')
  const ops = paths.map((path) => {
    return { kind: 'get', node: { drive: drive.id, path }, need: ACTIONS.share, trashed: 'no' } as const
  })
  const nodes = (await call.context.engine.batch(actor, ops)).map((result): NodeId => {
    if (result.status === 'failed') throw new Refusal(faultOf(result.error, { kind: 'any', source: false }))
    return result.view!.node.id
  })
  const set = settingsIn(call, configIn(body), NEW)
  const subjects = byAuthority ? { subjects: actor.subjects } : {}
  const config: ShareConfig = { ...OPEN, ...set.config, library: caller.library.id, ...subjects }
  const spec = { ...set.link, drive: drive.id, nodes, name, actions: set.link.actions ?? 0, extra: extraOf(config) }
  const [link] = await call.context.engine.createLinks(actor, [spec])
  if ('error' in link!) throw new Refusal(faultOf(link!.error, { kind: 'any', source: false }))
  return { status: 200, body: made(call, link!) }
}

const OPEN = {
  ...{ forbidAnonymousUser: false, shareToUsers: [], userLimit: 0, visitors: [] },
  ...{ ownerEnabled: true, adminEnabled: true, deleted: false },
}

function configIn(body: Members): Members {
  const config = member(body, 'config')
  return config === undefined ? {} : membersOf(config, 'config')
}

/** What a share starts from, and what it goes on from when it is changed. */
interface Before {
  readonly actions: number
  readonly expiresAt: number | undefined
}

const NEW: Before = { actions: 0, expiresAt: undefined }

/** What a body says of a share: what the engine keeps to, and what only this dialect does. */
function settingsIn(call: Call, config: Members, before: Before): { link: LinkPatch; config: Partial<ShareConfig> } {
  const code = text(config, 'extractionCode')
  if (code !== undefined && [...code].length > CODE_CHARACTERS_MAX)
    throw refuse('ParamInvalid', 'extractionCode is too long.')
  const users = texts(config, 'shareToUsers')
  const forbids = flag(config, 'forbidAnonymousUser')
  const userLimit = wholeNumber(config, 'userLimit', { min: 0, max: USERS_MAX })
  const isForUsers = (users && users.length > 0) || (userLimit ?? 0) > 0
  if (isForUsers && forbids === false) {
    throw refuse('ParamInvalid', 'What is shared with users forbids anonymous ones.')
  }
  return {
    link: {
      actions: actionsIn(config, before.actions),
      ...expiryIn(config, before.expiresAt),
      ...(code === undefined ? {} : { password: call.context.auth.seal(code) }),
      limits: { ...limitIn(config, 'previewLimit', 'previews'), ...limitIn(config, 'downloadLimit', 'downloads') },
    },
    config: {
      ...(forbids === undefined ? {} : { forbidAnonymousUser: forbids }),
      ...(users ? { shareToUsers: users } : {}),
      ...(userLimit === undefined ? {} : { userLimit }),
      ...(isForUsers ? { forbidAnonymousUser: true } : {}),
    },
  }
}

const RIGHTS = { canPreview: ACTIONS.preview, canDownload: ACTIONS.download, canSaveToNetdisk: ACTIONS.copy } as const

function actionsIn(config: Members, before: number): number {
  return Object.entries(RIGHTS).reduce((bits, [name, action]) => {
    const may = flag(config, name)
    return may === undefined ? bits : may ? bits | action : bits & ~action
  }, before)
}

function expiryIn(config: Members, before: number | undefined): { expiresAt?: number } {
  if (flag(config, 'isPermanent')) return { expiresAt: 0 }
  const at = time(config, 'expireTime')
  if (at !== undefined) return { expiresAt: at }
  if (before === undefined) throw refuse('ParamInvalid', 'expireTime is required unless isPermanent is set.')
  return {}
}

function limitIn(config: Members, name: string, limit: 'previews' | 'downloads'): Record<string, number> {
  const value = wholeNumber(config, name, { min: 0, max: Number.MAX_SAFE_INTEGER })
  return value === undefined ? {} : { [limit]: value }
}

/** What making and changing a share answer. */
function made(call: Call, link: Link) {
  return {
    id: link.id,
    code: link.id,
    endpoint: `${call.context.origin(call.request)}/share/${link.id}`,
    createTime: isoTime(link.createdAt),
    ...expiry(link),
  }
}

function expiry({ expiresAt }: Link) {
  return { isPermanent: expiresAt === 0, ...(expiresAt === 0 ? {} : { expireTime: isoTime(expiresAt) }) }
}

function whole(call: Call, link: Link) {
  const config = sharedOf(link)
  const can = Object.fromEntries(Object.entries(RIGHTS).map(([name, action]) => [name, (link.actions & action) !== 0]))
  const { limits, counts } = link
  return {
    ...made(call, link),
    libraryId: config.library,
    name: link.name,
    creatorId: userOf(link.creator),
    creationTime: isoTime(link.createdAt),
    extractionCode: call.context.auth.unseal(link.password),
    isExpired: hasEnded(link, call.context.engine.now()),
    ownerEnabled: config.ownerEnabled,
    adminEnabled: config.adminEnabled,
    // Nothing here audits: every share counts as passed.
    status: 2,
    ...can,
    forbidAnonymousUser: config.forbidAnonymousUser,
    previewLimit: limits.previews || null,
    previewUsed: counts.previews,
    downloadLimit: limits.downloads || null,
    downloadUsed: counts.downloads,
    userLimit: config.userLimit || null,
    userLimitUsed: config.visitors.length,
    toUsers: config.shareToUsers,
  }
}

/** Whoever may change it: its maker, or an administrator. */
async function owned(call: Call): Promise<{ caller: Caller; link: Link }> {
  const caller = await callerOf(call)
  const [link] = await call.context.engine.links([call.params.space as LinkId])
  if (!link || !isShareOf(link, caller.library)) throw refuse('ShareNotFound')
  if (!rules(caller.grants) && userOf(link.creator) !== caller.user) throw refuse('NoPermission')
  const [drive] = await call.context.engine.drives(libraryActor(caller.library), [link.drive])
  // By authorities one may have shared what lies in other spaces.
  if (!drive || !(opens(caller, drive) || caller.grants.has('acl'))) throw refuse('NoPermission')
  return { caller, link }
}

async function detail(call: Call): Promise<Answer> {
  const { caller, link } = await owned(call)
  return { status: 200, body: await withFiles(call, caller, link) }
}

/** The shared entries themselves, for those who ask. */
async function withFiles(call: Call, { library }: Caller, link: Link) {
  if (!yes(call.query, 'with_file_info')) return whole(call, link)
  const ops = link.nodes.map((id) => {
    return { kind: 'get', node: { drive: link.drive, id }, need: 0, trashed: 'no' } as const
  })
  const results = await call.context.engine.batch(libraryActor(library), ops)
  const views = results.flatMap((result) => (result.status === 'done' ? [result.view!] : []))
  const [first] = views
  const fileInfo = first && {
    name: first.node.name,
    path: first.path,
    type: first.node.kind === 'folder' ? 'dir' : 'file',
    size: String(first.node.content?.size ?? 0),
    count: views.length,
  }
  return { ...whole(call, link), fileInfo: fileInfo ?? null }
}

async function change(call: Call, { caller, link }: { caller: Caller; link: Link }, set: LinkPatch): Promise<Link> {
  const [changed] = await call.context.engine.updateLinks(libraryActor(caller.library), [{ id: link.id, set }])
  if ('error' in changed!) throw refuse('ShareNotFound')
  return changed!
}

/** Counting begins anew with every change. */
async function update(call: Call): Promise<Answer> {
  const found = await owned(call)
  const body = members(call)
  const { link, config } = settingsIn(call, configIn(body), found.link)
  const name = text(body, 'name')
  const extra = extraOf({ ...sharedOf(found.link), ...config })
  const counts = { previews: 0, downloads: 0 }
  const changed = await change(call, found, { ...link, ...(name === undefined ? {} : { name }), counts, extra })
  return { status: 200, body: made(call, changed) }
}

/** A share is open as long as both its maker and the administrators want it so. */
async function enable(call: Call): Promise<Answer> {
  const found = await owned(call)
  const body = members(call)
  const [owner, admin] = [flag(body, 'ownerEnabled'), flag(body, 'adminEnabled')]
  if (admin !== undefined && !found.caller.grants.has('admin')) throw refuse('NoPermission')
  const before = sharedOf(found.link)
  const after = { ownerEnabled: owner ?? before.ownerEnabled, adminEnabled: admin ?? before.adminEnabled }
  const state = after.ownerEnabled && after.adminEnabled ? 'open' : 'closed'
  await change(call, found, { state, extra: extraOf({ ...before, ...after }) })
  return { status: 204 }
}

async function remove(call: Call): Promise<Answer> {
  const found = await owned(call)
  await change(call, found, { state: 'closed', extra: extraOf({ ...sharedOf(found.link), deleted: true }) })
  return { status: 204 }
}

const ORDERS: Readonly<Record<string, (link: Link) => string | number>> = {
  createTime: ({ createdAt }) => createdAt,
  expireTime: ({ expiresAt }) => expiresAt || Number.MAX_SAFE_INTEGER,
  name: ({ name }) => name,
}

async function list(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  const creator = word(call.query, 'creatorId', 'creator_id')
  const isAdmin = caller.grants.has('admin')
  const user = isAdmin ? creator : caller.user
  const own = (await links(call, caller)).filter(({ creator: maker }) => user === undefined || userOf(maker) === user)
  return page(call, caller, own)
}

async function search(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  if (!caller.grants.has('admin')) throw refuse('NoPermission')
  const body = members(call)
  const [name, user] = [text(body, 'name')?.toLowerCase(), text(body, 'creatorId')]
  const [from, to] = [time(body, 'createTimeStart') ?? 0, time(body, 'createTimeEnd') ?? Number.MAX_SAFE_INTEGER]
  const found = (await links(call, caller)).filter((link) => {
    const isNamed = name === undefined || link.name.toLowerCase().includes(name)
    const isTheirs = user === undefined || userOf(link.creator) === user
    return isNamed && isTheirs && link.createdAt >= from && link.createdAt <= to
  })
  return page(call, caller, found)
}

async function links(call: Call, { library, spaces }: Caller): Promise<Link[]> {
  const all = await call.context.engine.listLinks(libraryActor(library), null)
  return all.filter((link) => isShareOf(link, library) && (spaces?.includes(link.drive) ?? true))
}

async function page(call: Call, caller: Caller, all: readonly Link[]): Promise<Answer> {
  const by = word(call.query, 'order_by', 'orderBy') ?? 'createTime'
  const key = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  if (!key) throw refuse('ParamInvalid', 'orderBy must be createTime, expireTime or name.')
  const sign = isDescending(call.query) ? -1 : 1
  const sorted = all.toSorted((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.id < b.id ? -1 : 1))
  const { shown, hasMore, more } = pageIn(call.query, sorted, { min: 1, max: 100, otherwise: 10 })
  const contents = await Promise.all(shown.map((link) => withFiles(call, caller, link)))
  const { nextMarker } = more
  return {
    status: 200,
    // The vendor's schema calls the marker one thing and its clients' tests another.
    body: { contents, hasMore, ...more, ...(nextMarker ? { marker: nextMarker } : {}) },
  }
}
