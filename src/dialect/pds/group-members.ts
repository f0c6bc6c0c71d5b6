/** Who is in a group: `/user/list_group_user` and `/group/list_member`. */
import type { DirectEndpoint, Env } from './call.ts'
import { type Answer, notFound } from './error.ts'
import { pageOf } from './page.ts'
import { groupObject, userObject } from './people-present.ts'
import { type Body, choice, requiredText, text } from './request.ts'

export const userListGroupUser: DirectEndpoint = {
  url: '/user/list_group_user',
  operation: 'ListGroupUser',
  coverage: 'done',
  scope: 'USER.LIST',
  decides: true,
  run: (body, env) => members(body, env),
}

export const groupListMember: DirectEndpoint = {
  url: '/group/list_member',
  operation: 'ListGroupMember',
  coverage: 'done',
  scope: 'USER.LIST',
  decides: true,
  async run(body, env) {
    requiredText(body, 'group_id')
    return members(body, env)
  },
}

/** Who is in a group; in none in particular, everyone of the domain. */
async function members(body: Body, env: Env): Promise<Answer> {
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
