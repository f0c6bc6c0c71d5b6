/** `/user/*`. */
import { createHash } from 'node:crypto'
import { hashPassword } from '../../auth/password.ts'
import type { Drive, Group, Json, Subject, User, UserFilter, UserPatch, UserSpec } from '../../engine/index.ts'
import { PAGE_SIZE_MAX } from '../../engine/index.ts'
import { IDENTITY_TAKEN, importedIdentities } from './account.ts'
import type { Call, DirectEndpoint, Env, SteppedEndpoint } from './call.ts'
import { driveObject } from './drive.ts'
import { type Answer, missing, noPermission, notFound, notSupported, notValid, outOfRange, Refusal } from './error.ts'
import { pageOf } from './page.ts'
import { groupObject, made, USER_DATA, userObject } from './people-present.ts'
import { type Body, choice, flag, integer, isObject, objects, requiredText, text, texts } from './request.ts'

const NAME_CHARACTERS_MAX = 128
const DESCRIPTION_CHARACTERS_MAX = 1024
const AVATAR_ADDRESS_MAX = 4 * 1024
const AVATAR_DATA_MAX = 300 * 1024
const CONTACT_CHARACTERS_MAX = 256
const USER_DATA_BYTES_MAX = 64 * 1024
const GROUPS_MAX = 100

export const userGet: SteppedEndpoint = {
  url: '/user/get',
  operation: 'GetUser',
  coverage: 'done',
  scope: 'USER.GET',
  *steps(body, env): Call {
    const id = text(body, 'user_id') || env.user
    if (!id) return missing('user_id')
    const { users } = yield { users: [id] }
    return users[0] ? { status: 200, body: userObject(users[0], env) } : notFound('user')
  },
}

export const userCreate: DirectEndpoint = {
  url: '/user/create',
  operation: 'CreateUser',
  coverage: 'done',
  scope: 'USER.CREATE',
  async run(body, env) {
    const id = requiredText(body, 'user_id')
    const { extra = {}, ...about } = patchOf(body, env)
    const groups = (objects(body, 'group_info_list', GROUPS_MAX) ?? []).map((info) => requiredText(info, 'group_id'))
    await demandGroups(env, groups)
    const [outcome] = await env.engine.createUsers(env.actor, [{ id, ...about, extra }])
    const user = made(outcome, 'user')
    await joinGroups(env, user, groups)
    return { status: 201, body: userObject(user, env) }
  },
}

/** Refuses groups that are not there, before somebody is made who would be in them. */
async function demandGroups({ engine, actor }: Env, groups: readonly string[]): Promise<void> {
  if ((await engine.groups(actor.tenant, groups)).includes(null)) throw new Refusal(notFound('group'))
}

async function joinGroups({ engine, actor }: Env, { id }: User, groups: readonly string[]): Promise<void> {
  const rows = groups.map((group) => ({ group, member: `user:${id}` as const }))
  for (const outcome of await engine.putMembers(actor, rows)) made(outcome, 'membership')
}

export const userUpdate: DirectEndpoint = {
  url: '/user/update',
  operation: 'UpdateUser',
  coverage: 'done',
  scope: 'USER.UPDATE',
  async run(body, env) {
    const id = requiredText(body, 'user_id')
    const [outcome] = await env.engine.updateUsers(env.actor, [{ id, set: patchOf(body, env) }])
    return { status: 200, body: userObject(made(outcome, 'user'), env) }
  },
}

/** What a request writes on a user. Roles are the super administrator's to give. */
function patchOf(body: Body, env: Env): UserPatch & { extra?: User['extra'] } {
  const role = choice(body, 'role', ['user', 'admin', 'superadmin'])
  const isSuper = env.actor.admin && env.user === ''
  if (role !== undefined && !isSuper && !(role === 'user' && env.actor.admin)) throw new Refusal(noPermission('user'))
  const status = choice(body, 'status', ['enabled', 'disabled'])
  const given = {
    name: text(body, 'user_name', NAME_CHARACTERS_MAX),
    nick: text(body, 'nick_name', NAME_CHARACTERS_MAX),
    email: text(body, 'email', CONTACT_CHARACTERS_MAX),
    phone: text(body, 'phone', CONTACT_CHARACTERS_MAX),
    avatar: avatarOf(body),
    description: text(body, 'description', DESCRIPTION_CHARACTERS_MAX),
  }
  const data = userDataOf(body)
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(role !== undefined && { role: role === 'user' ? 'user' : 'admin' }),
    ...(status !== undefined && { status }),
    ...(data !== undefined && { extra: { [USER_DATA]: data } }),
  }
}

/** An address, or the picture itself. */
function avatarOf(body: Body): string | undefined {
  const avatar = text(body, 'avatar')
  if (!avatar) return avatar
  const isData = avatar.startsWith('data:')
  if (!isData && !/^https?:\/\//.test(avatar)) throw new Refusal(notValid('avatar'))
  if (avatar.length > (isData ? AVATAR_DATA_MAX : AVATAR_ADDRESS_MAX)) throw new Refusal(outOfRange('avatar'))
  return avatar
}

function userDataOf(body: Body): Json | undefined {
  const data = body.user_data
  if (data === undefined || data === null) return undefined
  if (!isObject(data)) throw new Refusal(notValid('user_data'))
  if (Buffer.byteLength(JSON.stringify(data)) > USER_DATA_BYTES_MAX) throw new Refusal(outOfRange('user_data'))
  return data as Json
}

export const userDelete: DirectEndpoint = {
  url: '/user/delete',
  operation: 'DeleteUser',
  coverage: 'done',
  scope: 'USER.DELETE',
  async run(body, env) {
    const [gone] = await env.engine.deleteUsers(env.actor, [requiredText(body, 'user_id')])
    made(gone, 'user')
    return { status: 204 }
  },
}

export const userList: DirectEndpoint = {
  url: '/user/list',
  operation: 'ListUser',
  coverage: 'done',
  scope: 'USER.LIST',
  run: (body, env) => page(body, env, {}),
}

export const userSearch: DirectEndpoint = {
  url: '/user/search',
  operation: 'SearchUser',
  coverage: 'done',
  scope: 'USER.LIST',
  run: (body, env) => page(body, env, filterOf(body)),
}

function filterOf(body: Body): UserFilter {
  const given = {
    email: text(body, 'email'),
    phone: text(body, 'phone'),
    nick: text(body, 'nick_name'),
    name: text(body, 'user_name'),
    nickPart: text(body, 'nick_name_for_fuzzy'),
    role: choice(body, 'role', ['user', 'admin']),
    status: choice(body, 'status', ['enabled', 'disabled']),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value))
}

async function page(body: Body, env: Env, filter: UserFilter): Promise<Answer> {
  const { items, next } = await env.engine.listUsers(env.actor, { filter, ...pageOf(body) })
  return { status: 200, body: { items: items.map((user) => userObject(user, env)), next_marker: next ?? '' } }
}

const TYPES = ['mobile', 'email', 'ding', 'ram', 'wechat', 'custom', 'saml', 'ldap'] as const
const HOME_NAME = 'Default'

export const userImport: DirectEndpoint = {
  url: '/user/import',
  operation: 'ImportUser',
  coverage: 'partial: no authentication_type=ldap',
  scope: 'USER.CREATE',
  async run(body, env) {
    const type = choice(body, 'authentication_type', TYPES)
    if (type === undefined) return missing('authentication_type')
    // Nobody can be asked whether such a user exists.
    if (type === 'ldap') return notSupported('authentication_type')
    const identity = text(body, 'custom_identity') || requiredText(body, 'identity', CONTACT_CHARACTERS_MAX)
    const nick = requiredText(body, 'nick_name', NAME_CHARACTERS_MAX)
    const identities = importedIdentities(body)
    if (!env.actor.admin) return noPermission('user')
    const [known, ...others] = await env.engine.identities(env.actor, identities)
    const id = known?.user ?? importedId(env.actor.tenant, type, identity, text(body, 'extra') ?? '')
    const [existing] = await env.engine.users(env.actor.tenant, [id])
    if (existing) return { status: 200, body: userObject(existing, env) }
    if (others.some((other) => other !== null)) return IDENTITY_TAKEN
    const group = text(body, 'parent_group_id')
    const groups = group ? [group] : []
    await demandGroups(env, groups)
    const [outcome] = await env.engine.createUsers(env.actor, [await importedUser(body, id, type, identity, nick)])
    const user = made(outcome, 'user')
    await joinGroups(env, user, groups)
    await env.engine.linkIdentities(
      env.actor,
      identities.map((one) => ({ ...one, user: user.id })),
    )
    return { status: 200, body: userObject(user, env) }
  },
}

/** The same identity is always the same user: 32 hex digits made of it. */
function importedId(domain: string, type: string, identity: string, extra: string): string {
  const text = JSON.stringify([domain, type, identity, type === 'mobile' ? extra || '86' : extra])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

async function importedUser(body: Body, id: string, type: string, identity: string, nick: string): Promise<UserSpec> {
  const size = integer(body, 'drive_total_size', -1, Number.MAX_SAFE_INTEGER) ?? -1
  const password = text(body, 'plain_password', CONTACT_CHARACTERS_MAX)
  return {
    id,
    name: identity,
    nick,
    email: text(body, 'email', CONTACT_CHARACTERS_MAX) || (type === 'email' ? identity : ''),
    phone: text(body, 'phone', CONTACT_CHARACTERS_MAX) || (type === 'mobile' ? identity : ''),
    ...(password && { password: await hashPassword(password) }),
    ...(flag(body, 'auto_create_drive') && { drive: { name: HOME_NAME, quota: size < 0 ? null : size } }),
  }
}

export const userListGroupUser: DirectEndpoint = {
  url: '/user/list_group_user',
  operation: 'ListGroupUser',
  coverage: 'done',
  scope: 'USER.LIST',
  run: (body, env) => members(body, env),
}

/** Who is in a group; in none in particular, everyone of the domain. */
export async function members(body: Body, env: Env): Promise<Answer> {
  const group = text(body, 'group_id')
  const kind = choice(body, 'member_type', ['user', 'group']) ?? null
  const asked = pageOf(body)
  const { engine, actor } = env
  if (!group) {
    const { items, next } = await engine.listUsers(actor, asked)
    const users = kind === 'group' ? [] : items.map((user) => userObject(user, env))
    return {
      status: 200,
      body: { user_items: users, group_items: [], next_marker: kind === 'group' ? '' : (next ?? '') },
    }
  }
  const [known] = await engine.groups(actor.tenant, [group])
  if (!known) return notFound('group')
  const { items, next } = await engine.listMembers(actor, { of: { group, kind }, ...asked })
  const idsOf = (type: string) =>
    items.flatMap(({ member }) => (member.startsWith(`${type}:`) ? [member.slice(type.length + 1)] : []))
  const [users, groups] = await Promise.all([
    engine.users(actor.tenant, idsOf('user')),
    engine.groups(actor.tenant, idsOf('group')),
  ])
  return {
    status: 200,
    body: {
      user_items: users.flatMap((user) => (user ? [userObject(user, env)] : [])),
      group_items: groups.flatMap((one) => (one ? [groupObject(one)] : [])),
      next_marker: next ?? '',
    },
  }
}

export const userGeneralGet: DirectEndpoint = {
  url: '/user/general_get',
  operation: 'GeneralGetUser',
  coverage: 'partial: extra_return_info: group and drive; account adds nothing',
  scope: 'USER.GET',
  async run(body, env) {
    const id = text(body, 'user_id') || env.user
    if (!id) return missing('user_id')
    const [user] = await env.engine.users(env.actor.tenant, [id])
    if (!user) return notFound('user')
    const [whole] = await withMore(body, env, [user])
    return { status: 200, body: whole! }
  },
}

export const userGeneralSearch: DirectEndpoint = {
  url: '/user/general_search',
  operation: 'GeneralSearchUser',
  coverage: 'partial: extra_return_info: group and drive; of parent_group_id_list the first',
  scope: 'USER.LIST',
  async run(body, env) {
    const group = text(body, 'direct_parent_group_id') || texts(body, 'parent_group_id_list', GROUPS_MAX, 64)?.[0]
    if (group) return groupSearch(body, env, group)
    const { items, next } = await env.engine.listUsers(env.actor, { filter: filterOf(body), ...pageOf(body) })
    return { status: 200, body: { items: await withMore(body, env, items), next_marker: next ?? '' } }
  },
}

/** Users directly in a group. */
async function groupSearch(body: Body, env: Env, group: string): Promise<Answer> {
  const { engine, actor } = env
  const { items, next } = await engine.listMembers(actor, { of: { group, kind: 'user' }, ...pageOf(body) })
  const users = await engine.users(
    actor.tenant,
    items.map(({ member }) => member.slice('user:'.length)),
  )
  const found = users.flatMap((user) => (user ? [user] : []))
  return { status: 200, body: { items: await withMore(body, env, found), next_marker: next ?? '' } }
}

/** Users with what `extra_return_info` asks for. */
async function withMore(body: Body, env: Env, users: readonly User[]): Promise<object[]> {
  const wanted = texts(body, 'extra_return_info', 10, 64) ?? []
  const drives = wanted.includes('drive') ? await drivesOf(env, users) : new Map<number, Drive>()
  const groups = wanted.includes('group') ? await Promise.all(users.map((user) => groupsOf(env, user))) : []
  return users.map((user, i) => {
    const drive = drives.get(user.defaultDrive)
    return {
      ...userObject(user, env),
      ...(wanted.includes('drive') && { default_drive: drive ? driveObject(drive) : null }),
      ...(wanted.includes('group') && { parent_group: groups[i]!.map(groupObject) }),
    }
  })
}

async function drivesOf({ engine, actor }: Env, users: readonly User[]): Promise<Map<number, Drive>> {
  const drives = await engine.drives(
    actor,
    users.flatMap(({ defaultDrive }) => defaultDrive || []),
  )
  // Another's drive is shown to administrators only.
  const seen = drives.filter((drive) => drive !== null && (actor.admin || actor.subjects.includes(drive.owner)))
  return new Map(seen.map((drive) => [drive!.id, drive!]))
}

async function groupsOf({ engine, actor }: Env, { id }: User): Promise<Group[]> {
  const member: Subject = `user:${id}`
  const { items } = await engine.listMembers(actor, { of: { member }, limit: PAGE_SIZE_MAX })
  const groups = await engine.groups(
    actor.tenant,
    items.map(({ group }) => group),
  )
  return groups.flatMap((group) => (group ? [group] : []))
}
