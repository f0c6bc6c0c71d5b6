/** `/membership/*`, and `/role/*`, by which somebody becomes the administrator of a group. */
import type { Member, Subject } from '../../engine/index.ts'
import type { DirectEndpoint, Env } from './call.ts'
import { type Answer, missing, notFound, notSupported, notValid, Refusal, sound } from './error.ts'
import { pageOf } from './page.ts'
import { made, membershipObject } from './people-present.ts'
import { type Body, choice, isObject, requiredText, text } from './request.ts'
import { userOf } from './terms.ts'

const DESCRIPTION_CHARACTERS_MAX = 1024

export const membershipCreate: DirectEndpoint = {
  url: '/membership/create',
  operation: 'CreateMembership',
  coverage: 'done',
  scope: 'USER.CREATE',
  async run(body, env) {
    const key = keyOf(body)
    const [known] = await env.engine.members(env.actor, [key])
    if (known) return sound(409, 'AlreadyExist.Membership', 'The resource membership has already exists.')
    const [outcome] = await env.engine.putMembers(env.actor, [{ ...key, ...termsOf(body) }])
    return { status: 201, body: membershipObject(made(outcome, 'membership').member) }
  },
}

export const membershipGet: DirectEndpoint = {
  url: '/membership/get',
  operation: 'GetMembership',
  coverage: 'done',
  scope: 'USER.GET',
  async run(body, env) {
    const [row] = await env.engine.members(env.actor, [keyOf(body)])
    return row ? { status: 200, body: membershipObject(row) } : notFound('membership')
  },
}

export const membershipUpdate: DirectEndpoint = {
  url: '/membership/update',
  operation: 'UpdateMembership',
  coverage: 'done',
  scope: 'USER.UPDATE',
  async run(body, env) {
    const key = keyOf(body)
    const [known] = await env.engine.members(env.actor, [key])
    if (!known) return notFound('membership')
    const [outcome] = await env.engine.putMembers(env.actor, [{ ...key, ...termsOf(body) }])
    return { status: 200, body: membershipObject(made(outcome, 'membership').member) }
  },
}

export const membershipDelete: DirectEndpoint = {
  url: '/membership/delete',
  operation: 'DeleteMembership',
  coverage: 'done',
  scope: 'USER.DELETE',
  async run(body, env) {
    const [gone] = await env.engine.removeMembers(env.actor, [keyOf(body)])
    made(gone, 'membership')
    return { status: 204 }
  },
}

export const membershipHas: DirectEndpoint = {
  url: '/membership/has_member',
  operation: 'HasMember',
  coverage: 'done',
  scope: 'USER.GET',
  async run(body, env) {
    const [result] = await env.engine.isWithin(env.actor, [keyOf(body)])
    return { status: 200, body: { result } }
  },
}

export const membershipListChildren: DirectEndpoint = {
  url: '/membership/list_direct_child_memberships',
  operation: 'ListDirectChildMemberships',
  coverage: 'done',
  scope: 'USER.LIST',
  run(body, env) {
    const kind = choice(body, 'member_type', ['user', 'group']) ?? null
    return page(body, env, { group: requiredText(body, 'group_id'), kind })
  },
}

export const membershipListParents: DirectEndpoint = {
  url: '/membership/list_direct_parent_memberships',
  operation: 'ListDirectParentMemberships',
  coverage: 'done',
  scope: 'USER.LIST',
  run: (body, env) => page(body, env, { member: memberOf(body) }),
}

type Of = Parameters<Env['engine']['listMembers']>[1]['of']

async function page(body: Body, env: Env, of: Of): Promise<Answer> {
  const { items, next } = await env.engine.listMembers(env.actor, { of, ...pageOf(body) })
  return { status: 200, body: { items: items.map(membershipObject), next_marker: next ?? '' } }
}

function keyOf(body: Body): { group: string; member: Subject } {
  return { group: requiredText(body, 'group_id'), member: memberOf(body) }
}

function memberOf(body: Body): Subject {
  const type = choice(body, 'member_type', ['user', 'group']) ?? (text(body, 'sub_group_id') ? 'group' : 'user')
  return type === 'user' ? `user:${requiredText(body, 'user_id')}` : `group:${requiredText(body, 'sub_group_id')}`
}

function termsOf(body: Body): { role?: Member['role']; description?: string } {
  const role = choice(body, 'member_role', ['member', 'admin'])
  const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX)
  return {
    ...(role && { role: role === 'admin' ? 'manager' : 'member' }),
    ...(description !== undefined && { description }),
  }
}

/** The one role that can be assigned. Its holders are members of the group, as in `member_role`. */
const GROUP_ADMIN = 'SystemGroupAdmin'

export const roleAssign: DirectEndpoint = {
  url: '/role/assign',
  operation: 'AssignRole',
  coverage: 'partial: the role is a way of being in the group: who is not in it yet comes into it',
  scope: 'USER.UPDATE',
  run: (body, env) => setRole(body, env, 'manager'),
}

export const roleCancel: DirectEndpoint = {
  url: '/role/cancel_assign',
  operation: 'CancelAssignRole',
  coverage: 'partial: who loses the role stays in the group',
  scope: 'USER.UPDATE',
  run: (body, env) => setRole(body, env, 'member'),
}

async function setRole(body: Body, env: Env, role: Member['role']): Promise<Answer> {
  if (requiredText(body, 'role_id') !== GROUP_ADMIN) return notSupported('role_id')
  const key = { group: resourceOf(body), member: `user:${identityOf(body)}` as const }
  const [known] = await env.engine.members(env.actor, [key])
  if (role === 'member' && known?.role !== 'manager') return notFound('role_assignment')
  const [outcome] = await env.engine.putMembers(env.actor, [{ ...key, role }])
  made(outcome, 'membership')
  return { status: 204 }
}

function resourceOf(body: Body): string {
  const type = requiredText(body, 'manage_resource_type')
  if (type !== 'RT_Group') throw new Refusal(notSupported('manage_resource_type'))
  return requiredText(body, 'manage_resource_id')
}

function identityOf(body: Body): string {
  const { identity } = body
  if (!isObject(identity)) throw new Refusal(identity === undefined ? missing('identity') : notValid('identity'))
  if (requiredText(identity, 'identity_type') !== 'IT_User') throw new Refusal(notSupported('identity_type'))
  return requiredText(identity, 'identity_id')
}

export const roleListAssignment: DirectEndpoint = {
  url: '/role/list_assignment',
  operation: 'ListAssignment',
  coverage: 'done',
  scope: 'USER.LIST',
  async run(body, env) {
    const of = { group: resourceOf(body), kind: 'user' as const }
    const { items, next } = await env.engine.listMembers(env.actor, { of, ...pageOf(body) })
    const list = items.filter(({ role }) => role === 'manager').map(assignmentObject)
    return { status: 200, body: { assignment_list: list, next_marker: next ?? '' } }
  },
}

export const roleListIdentity: DirectEndpoint = {
  url: '/role/list_identity_role',
  operation: 'ListIdentityRole',
  coverage: 'done',
  scope: 'USER.LIST',
  async run(body, env) {
    const of = { member: `user:${identityOf(body)}` as const }
    const { items, next } = await env.engine.listMembers(env.actor, { of, ...pageOf(body) })
    const list = items.filter(({ role }) => role === 'manager').map(assignmentObject)
    return { status: 200, body: { assignment_list: list, next_marker: next ?? '' } }
  },
}

function assignmentObject(row: Member): object {
  return {
    domain_id: row.tenant,
    identity: { identity_type: 'IT_User', identity_id: userOf(row.member) },
    role_id: GROUP_ADMIN,
    manage_resource_type: 'RT_Group',
    manage_resource_id: row.group,
    creator: userOf(row.creator) ?? '',
    created_at: row.updatedAt,
  }
}
