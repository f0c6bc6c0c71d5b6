/** `/user/general_*`: users with what belongs to them, their groups and drives. */
import type { Drive, Group, User } from '../../engine/index.ts'
import { PAGE_SIZE_MAX } from '../../engine/index.ts'
import type { DirectEndpoint, Env } from './call.ts'
import { driveObject } from './drive.ts'
import { missing, notFound } from './error.ts'
import { pageOf } from './page.ts'
import { groupObject, userObject } from './people-present.ts'
import { type Body, text, texts } from './request.ts'
import { filterOf } from './user.ts'

const GROUPS_MAX = 100
const ID_CHARACTERS_MAX = 64
const EXTRAS_MAX = 10

export const userGeneralGet: DirectEndpoint = {
  url: '/user/general_get',
  operation: 'GeneralGetUser',
  coverage: 'partial: of extra_return_info group and drive; account adds nothing',
  scope: 'USER.GET',
  decides: true,
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
  coverage: 'partial: of extra_return_info group and drive; account adds nothing',
  scope: 'USER.LIST',
  decides: true,
  async run(body, env) {
    const direct = text(body, 'direct_parent_group_id')
    const groups = direct ? [direct] : (texts(body, 'parent_group_id_list', GROUPS_MAX, ID_CHARACTERS_MAX) ?? [])
    const filter = { ...filterOf(body), ...(groups.length > 0 && { groups }) }
    const { items, next } = await env.engine.listUsers(env.actor, { filter, ...pageOf(body) })
    return { status: 200, body: { items: await withMore(body, env, items), next_marker: next ?? '' } }
  },
}

/** Users with what `extra_return_info` asks for. */
async function withMore(body: Body, env: Env, users: readonly User[]): Promise<object[]> {
  const wanted = texts(body, 'extra_return_info', EXTRAS_MAX, ID_CHARACTERS_MAX) ?? []
  const drives = wanted.includes('drive') ? await drivesOf(env, users) : new Map<number, Drive>()
  const groups = wanted.includes('group') ? await groupsOf(env, users) : []
  return users.map((user, i) => {
    const drive = drives.get(user.defaultDrive)
    return {
      ...userObject(user, env),
      ...(drive && { default_drive: driveObject(drive) }),
      ...(wanted.includes('group') && { parent_group: groups[i]!.map(groupObject) }),
    }
  })
}

async function drivesOf({ engine, actor }: Env, users: readonly User[]): Promise<Map<number, Drive>> {
  const ids = users.flatMap(({ defaultDrive }) => defaultDrive || [])
  const drives = (await engine.drives(actor, ids)).filter((drive) => drive !== null)
  const concerns = await engine.concernsOf(actor, drives)
  return new Map(drives.filter((_, at) => concerns[at]).map((drive) => [drive.id, drive]))
}

/** In which groups each of them is. */
async function groupsOf({ engine, actor }: Env, users: readonly User[]): Promise<Group[][]> {
  const memberships = await Promise.all(
    users.map(({ id }) => engine.listMembers(actor, { of: { member: `user:${id}` }, limit: PAGE_SIZE_MAX })),
  )
  const ids = memberships.map(({ items }) => items.map(({ group }) => group))
  const distinct = [...new Set(ids.flat())]
  const groups = await engine.groups(actor.tenant, distinct)
  const byId = new Map(distinct.map((id, at) => [id, groups[at]]))
  return ids.map((some) => some.flatMap((id) => byId.get(id) ?? []))
}
