/** `/share_link/*` for those who make shares: create, update, cancel, get. */
import type { Actor, DriveId, Failed, Json, Link, LinkId, LinkPatch, LinkSpec, NodeId } from '../../engine/index.ts'
import { ACTIONS, LINK_NODES_MAX } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import {
  type Answer,
  empty,
  failedAnswer,
  missing,
  noPermission,
  notFound,
  notValid,
  outOfRange,
  Refusal,
} from './error.ts'
import { viewOf } from './outcome.ts'
import { type Body, choice, flag, integer, moment, requiredText, text, texts } from './request.ts'
import {
  COUNTS,
  DISABLES,
  FILE_IDS,
  fileIdsOf,
  INBOX_IDS,
  LIMITS,
  OWN_SETTINGS,
  ownKey,
  shareObject,
} from './share-present.ts'
import { REQUIRE_LOGIN, SHARE_ALL } from './share-visit.ts'
import { driveOf, fileIdOf, refOf } from './terms.ts'

const NAME_CHARACTERS_MAX = 128
const DESCRIPTION_CHARACTERS_MAX = 1024
const PASSWORD_CHARACTERS_MAX = 64
const FILE_ID_CHARACTERS_MAX = 64
const COUNT_MAX = 2 ** 31 - 1

export const shareCreate: SteppedEndpoint = {
  url: '/share_link/create',
  apart: true,
  operation: 'CreateShareLink',
  coverage: 'done',
  scope: 'SHARE.CREATE',
  decides: true,
  *steps(body, env): Call {
    const drive = driveOf(env, body)
    const maker = yield* makerOf(env, text(body, 'user_id'))
    const all = flag(body, 'share_all_files') ?? false
    const shared = all ? yield* rootOf(drive) : yield* nodesOf(env, body, 'file_id_list', drive)
    const inboxes = yield* inboxesOf(env, body, drive, shared)
    const { actions = FULL, extra, ...terms } = patchOf(env, body, FULL)
    const spec: LinkSpec = {
      ...{ drive, actions, ...terms },
      nodes: shared.nodes,
      ...(inboxes && { inboxes: inboxes.nodes }),
      extra: { ...extra, ...inboxIds(inboxes), [FILE_IDS]: shared.ids, [SHARE_ALL]: all },
    }
    const { newLinks } = yield { newLinks: [spec], actor: maker }
    return outcome(newLinks[0]!, (link) => ({ status: 201, body: shareObject(env, link) }))
  },
}

/** Whose share it will be: the caller's, or, for administrators, whoever they say. It is worth what its maker may do. */
function* makerOf({ actor, user, auth }: Env, id: string | undefined): Steps<Actor> {
  if (!id || id === user) return actor
  if (!actor.admin) throw new Refusal(noPermission('user'))
  let maker: Actor | undefined
  const find = async (): Promise<Answer> => {
    maker = await auth.actor({ tenant: actor.tenant, dialect: 'pds', app: actor.app, user: id })
    return { status: 200 }
  }
  yield { waits: [find] }
  if (!maker) throw new Refusal(notFound('user'))
  return maker
}

/** What a share permits that forbids nothing. */
const FULL = ACTIONS.list | ACTIONS.preview | ACTIONS.download | ACTIONS.copy | ACTIONS.copyContent | ACTIONS.print

/** Nodes with their `file_id`s. */
interface Named {
  readonly nodes: readonly NodeId[]
  readonly ids: string[]
}

function* rootOf(drive: DriveId): Steps<Named> {
  const { drives } = yield { drives: [drive] }
  if (!drives[0]) throw new Refusal(notFound('drive'))
  return { nodes: [drives[0].root], ids: [] }
}

/** The nodes a list of file ids names; the engine judges whether they may be shared. */
function* nodesOf(env: Env, body: Body, field: string, drive: DriveId): Steps<Named> {
  const single = text(body, 'file_id')
  const ids = texts(body, field, LINK_NODES_MAX, FILE_ID_CHARACTERS_MAX) ?? (single ? [single] : undefined)
  if (ids === undefined) throw new Refusal(missing(field))
  if (ids.length === 0) throw new Refusal(empty(field))
  const refs = ids.map((id) => refOf(env, { [field]: id }, field, drive))
  const { results } = yield {
    ops: refs.map((node) => ({ kind: 'get', node, need: ACTIONS.share, trashed: 'no' }) as const),
  }
  const nodes = results.map((result) => viewOf(result).node)
  return { nodes: nodes.map(({ id }) => id), ids: nodes.map((node) => fileIdOf(env.engine, node)) }
}

/** Folders visitors may put files into: those listed, or, when none is, all that are shared. */
function* inboxesOf(env: Env, body: Body, drive: DriveId, shared: Named): Steps<Named | undefined> {
  const creatable = flag(body, 'creatable')
  if (!creatable) return creatable === undefined ? undefined : { nodes: [], ids: [] }
  const list = texts(body, 'creatable_file_id_list', LINK_NODES_MAX, FILE_ID_CHARACTERS_MAX) ?? []
  return list.length > 0 ? yield* nodesOf(env, body, 'creatable_file_id_list', drive) : shared
}

function inboxIds(inboxes: Named | undefined): Record<string, Json> {
  return inboxes ? { [INBOX_IDS]: inboxes.ids } : {}
}

/** What a request says of a share. */
function patchOf(env: Env, body: Body, actionsBefore: number): LinkPatch {
  const password = text(body, 'share_pwd', PASSWORD_CHARACTERS_MAX)
  if (password !== undefined && !/^[\x21-\x7e]*$/.test(password)) throw new Refusal(notValid('share_pwd'))
  const name = text(body, 'share_name', NAME_CHARACTERS_MAX)
  const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX)
  const expiration = text(body, 'expiration')
  const actions = actionsOf(body, actionsBefore)
  const own = ownSettings(body)
  return {
    ...(password !== undefined && { password: env.auth.seal(password) }),
    ...(name && { name }),
    ...(description !== undefined && { description }),
    ...(expiration !== undefined && { expiresAt: moment(body, 'expiration') ?? 0 }),
    ...(actions !== undefined && { actions }),
    limits: numbers(body, LIMITS),
    ...(Object.keys(own).length > 0 && { extra: own }),
  }
}

function actionsOf(body: Body, before: number): number {
  let actions = before
  for (const [member, bits] of Object.entries(DISABLES)) {
    const isOff = flag(body, member)
    if (isOff !== undefined) actions = isOff ? actions & ~bits : actions | bits
  }
  return actions
}

function numbers<Key extends string>(body: Body, members: Readonly<Record<string, Key>>): Partial<Record<Key, number>> {
  const given = Object.entries(members).flatMap(([member, key]) => {
    const value = integer(body, member, 0, COUNT_MAX)
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(given)
}

function ownSettings(body: Body): Record<string, Json> {
  choice(body, 'share_policy', ['url', 'msg'])
  const login = flag(body, 'require_login')
  const own = Object.entries(OWN_SETTINGS).flatMap(([member, usual]): [string, Json][] => {
    const read = { boolean: flag, string: text, number: count }[typeof usual as 'boolean' | 'string' | 'number']
    const value = read(body, member)
    return value === undefined ? [] : [[ownKey(member), value]]
  })
  return { ...Object.fromEntries(own), ...(login !== undefined && { [REQUIRE_LOGIN]: login }) }
}

function count(body: Body, member: string): number | undefined {
  return integer(body, member, 0, COUNT_MAX)
}

export const shareUpdate: SteppedEndpoint = {
  url: '/share_link/update',
  apart: true,
  operation: 'UpdateShareLink',
  coverage: 'done',
  scope: 'SHARE.UPDATE',
  decides: true,
  *steps(body, env): Call {
    const link = yield* ownLink(env, body)
    const status = text(body, 'status')
    if (status && !['enabled', 'disabled'].includes(status)) return notValid('status')
    const inboxes = yield* inboxesOf(env, body, link.drive, { nodes: link.nodes, ids: fileIdsOf(link) })
    const { extra, ...terms } = patchOf(env, body, link.actions)
    const set: LinkPatch = {
      ...terms,
      counts: numbers(body, COUNTS),
      ...(inboxes && { inboxes: inboxes.nodes }),
      extra: { ...extra, ...inboxIds(inboxes) },
      ...(status && { state: status === 'enabled' ? 'open' : 'closed' }),
    }
    const { linkPatches } = yield { linkPatches: [{ id: link.id, set }] }
    return outcome(linkPatches[0]!, (changed) => ({ status: 200, body: shareObject(env, changed) }))
  },
}

export const shareCancel: SteppedEndpoint = {
  url: '/share_link/cancel',
  apart: true,
  operation: 'CancelShareLink',
  coverage: 'done',
  scope: 'SHARE.DELETE',
  *steps(body): Call {
    const id = requiredText(body, 'share_id') as LinkId
    const { linkPatches } = yield { linkPatches: [{ id, set: { state: 'closed' } }] }
    return outcome(linkPatches[0]!, () => ({ status: 204 }))
  },
}

export const shareGet: SteppedEndpoint = {
  url: '/share_link/get',
  apart: true,
  operation: 'GetShareLink',
  coverage: 'done',
  scope: 'SHARE.GET',
  decides: true,
  *steps(body, env): Call {
    return { status: 200, body: shareObject(env, yield* ownLink(env, body)) }
  },
}

/** A share the caller made, or, for administrators, that anyone of the domain made. */
function* ownLink(env: Env, body: Body): Steps<Link> {
  const { links } = yield { links: [requiredText(body, 'share_id') as LinkId] }
  const link = links[0]
  const { tenant, admin, self } = env.actor
  if (!link || link.tenant !== tenant) throw new Refusal(notFound('share_link'))
  if (!admin && link.creator !== self) throw new Refusal(noPermission('share_link'))
  return link
}

function outcome(made: Link | Failed, answer: (link: Link) => Answer): Answer {
  if (!isFailed(made)) return answer(made)
  if (made.error.code === 'forbidden') return noPermission('share_link')
  const { code, detail } = made.error
  if (code !== 'attribute_invalid') return failedAnswer(made.error)
  return detail === 'nodes' ? notValid('file_id_list') : outOfRange('creatable_file_id_list')
}

function isFailed(made: Link | Failed): made is Failed {
  return 'status' in made
}
