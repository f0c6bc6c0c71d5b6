/** `/user/*`: users made, shown, changed, removed and sought. */
import type { Json, User, UserFilter, UserPatch } from '../../engine/index.ts'
import type { Call, DirectEndpoint, Env, SteppedEndpoint } from './call.ts'
import { type Answer, missing, noPermission, notFound, notValid, outOfRange, Refusal } from './error.ts'
import { pageOf } from './page.ts'
import { made, USER_DATA, userObject } from './people-present.ts'
import { type Body, choice, isObject, objects, requiredText, text } from './request.ts'

export const NAME_CHARACTERS_MAX = 128
export const CONTACT_CHARACTERS_MAX = 256
const DESCRIPTION_CHARACTERS_MAX = 1024
const AVATAR_ADDRESS_MAX = 4 * 1024
const AVATAR_DATA_MAX = 300 * 1024
const USER_DATA_BYTES_MAX = 64 * 1024
const GROUPS_MAX = 100

export const userGet: SteppedEndpoint = {
  url: '/user/get',
  operation: 'GetUser',
  coverage: 'done',
  scope: 'USER.GET',
  decides: true,
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
  decides: true,
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
export async function demandGroups({ engine, actor }: Env, groups: readonly string[]): Promise<void> {
  if ((await engine.groups(actor.tenant, groups)).includes(null)) throw new Refusal(notFound('group'))
}

export async function joinGroups({ engine, actor }: Env, { id }: User, groups: readonly string[]): Promise<void> {
  const rows = groups.map((group) => ({ group, member: `user:${id}` as const }))
  for (const outcome of await engine.putMembers(actor, rows)) made(outcome, 'membership')
}

export const userUpdate: DirectEndpoint = {
  url: '/user/update',
  operation: 'UpdateUser',
  coverage: 'done',
  scope: 'USER.UPDATE',
  decides: true,
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
  decides: true,
  run: (body, env) => page(body, env, {}),
}

export const userSearch: DirectEndpoint = {
  url: '/user/search',
  operation: 'SearchUser',
  coverage: 'done',
  scope: 'USER.LIST',
  decides: true,
  run: (body, env) => page(body, env, filterOf(body)),
}

/** Whom a search is for. */
export function filterOf(body: Body): UserFilter {
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
