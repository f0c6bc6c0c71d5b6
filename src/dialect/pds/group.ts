/** `/group/*`. */
import type { Subject } from '../../engine/index.ts'
import type { Call, DirectEndpoint, Env, SteppedEndpoint } from './call.ts'
import { type Answer, notFound, notValid } from './error.ts'
import { pageOf } from './page.ts'
import { groupObject, IS_ROOT, made } from './people-present.ts'
import { type Body, choice, flag, requiredText, text } from './request.ts'

const NAME_CHARACTERS_MAX = 128
const DESCRIPTION_CHARACTERS_MAX = 1024

export const groupGet: SteppedEndpoint = {
  url: '/group/get',
  operation: 'GetGroup',
  coverage: 'done',
  scope: 'USER.GET',
  *steps(body): Call {
    const { groups } = yield { groups: [requiredText(body, 'group_id')] }
    return groups[0] ? { status: 200, body: groupObject(groups[0]) } : notFound('group')
  },
}

export const groupCreate: DirectEndpoint = {
  url: '/group/create',
  operation: 'CreateGroup',
  coverage: 'done',
  scope: 'USER.CREATE',
  async run(body, env) {
    const name = requiredText(body, 'group_name', NAME_CHARACTERS_MAX)
    const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX) ?? ''
    const parent = text(body, 'parent_group_id')
    const extra = flag(body, 'is_root') ? { [IS_ROOT]: true } : {}
    if (parent && flag(body, 'is_root')) return notValid('is_root', 'It is within another group.')
    if (parent) made((await env.engine.groups(env.actor.tenant, [parent]))[0] ?? undefined, 'group')
    const [outcome] = await env.engine.createGroups(env.actor, [{ name, description, extra }])
    const group = made(outcome, 'group')
    if (parent) {
      const [row] = await env.engine.putMembers(env.actor, [{ group: parent, member: `group:${group.id}` }])
      made(row, 'membership')
    }
    return { status: 201, body: groupObject(group) }
  },
}

export const groupUpdate: DirectEndpoint = {
  url: '/group/update',
  operation: 'UpdateGroup',
  coverage: 'done',
  scope: 'USER.UPDATE',
  run: (body, env) => update(body, env, 'group_name'),
}

export const groupUpdateName: DirectEndpoint = {
  url: '/group/update_name',
  operation: 'UpdateGroupName',
  coverage: 'done',
  scope: 'USER.UPDATE',
  run: (body, env) => update(body, env, 'name'),
}

async function update(body: Body, env: Env, nameField: string): Promise<Answer> {
  const id = requiredText(body, 'group_id')
  const name = text(body, nameField, NAME_CHARACTERS_MAX)
  const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX)
  const set = { ...(name && { name }), ...(description !== undefined && { description }) }
  const [outcome] = await env.engine.updateGroups(env.actor, [{ id, set }])
  return { status: 200, body: groupObject(made(outcome, 'group')) }
}

export const groupDelete: DirectEndpoint = {
  url: '/group/delete',
  operation: 'DeleteGroup',
  coverage: 'done',
  scope: 'USER.DELETE',
  async run(body, env) {
    const [gone] = await env.engine.deleteGroups(env.actor, [requiredText(body, 'group_id')])
    made(gone, 'group')
    return { status: 204 }
  },
}

export const groupList: DirectEndpoint = {
  url: '/group/list',
  operation: 'ListGroup',
  coverage: 'done',
  scope: 'USER.LIST',
  run: (body, env) => page(body, env, {}),
}

export const groupSearch: DirectEndpoint = {
  url: '/group/search',
  operation: 'SearchGroup',
  coverage: 'done',
  scope: 'USER.LIST',
  run(body, env) {
    const [name, namePart] = [text(body, 'group_name'), text(body, 'group_name_for_fuzzy')]
    return page(body, env, { ...(name && { name }), ...(namePart && { namePart }) })
  },
}

async function page(body: Body, env: Env, filter: { name?: string; namePart?: string }): Promise<Answer> {
  const { items, next } = await env.engine.listGroups(env.actor, { filter, ...pageOf(body) })
  return { status: 200, body: { items: items.map(groupObject), next_marker: next ?? '' } }
}

export const groupAddMember: DirectEndpoint = {
  url: '/group/add_member',
  operation: 'GroupAddMember',
  coverage: 'done',
  scope: 'USER.UPDATE',
  async run(body, env) {
    const [outcome] = await env.engine.putMembers(env.actor, [keyOf(body)])
    made(outcome, 'membership')
    return { status: 204 }
  },
}

export const groupRemoveMember: DirectEndpoint = {
  url: '/group/remove_member',
  operation: 'GroupRemoveMember',
  coverage: 'done',
  scope: 'USER.UPDATE',
  async run(body, env) {
    const [outcome] = await env.engine.removeMembers(env.actor, [keyOf(body)])
    made(outcome, 'membership')
    return { status: 204 }
  },
}

function keyOf(body: Body): { group: string; member: Subject } {
  const type = choice(body, 'member_type', ['user', 'group']) ?? 'user'
  return { group: requiredText(body, 'group_id'), member: `${type}:${requiredText(body, 'member_id')}` }
}
