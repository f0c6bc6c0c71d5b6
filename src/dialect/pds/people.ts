/** `/user/get`, `/group/get` and the domain they belong to. */
import type { Group, User } from '../../engine/index.ts'
import type { Call, DirectEndpoint, Env, SteppedEndpoint } from './call.ts'
import { type Answer, missing, notFound } from './error.ts'
import { type Body, requiredText, text } from './request.ts'
import { subjectParts } from './terms.ts'

export const userGet: SteppedEndpoint = {
  url: '/user/get',
  operation: 'GetUser',
  coverage: 'no user_data',
  scope: 'USER.GET',
  *steps(body, env): Call {
    const id = text(body, 'user_id') || env.user
    if (!id) return missing('user_id')
    const { users } = yield { users: [id] }
    return users[0] ? { status: 200, body: userObject(users[0], env) } : notFound('user')
  },
}

function userObject(user: User, { user: self, actor }: Env): object {
  const isConfidant = actor.admin || user.id === self
  return {
    domain_id: user.tenant,
    user_id: user.id,
    user_name: user.name,
    nick_name: user.nick,
    avatar: user.avatar,
    // How to reach somebody is told to the person and to administrators only.
    email: isConfidant ? user.email : '',
    phone: isConfidant ? user.phone : '',
    role: user.role,
    status: user.status,
    description: user.description,
    default_drive_id: user.defaultDrive ? String(user.defaultDrive) : '',
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  }
}

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

function groupObject(group: Group): object {
  return {
    domain_id: group.tenant,
    group_id: group.id,
    group_name: group.name,
    description: group.description,
    creator: subjectParts(group.creator).id,
    created_at: group.createdAt,
    updated_at: group.updatedAt,
  }
}

export const domainGet: DirectEndpoint = {
  url: '/domain/get',
  operation: 'GetDomain',
  coverage: 'no user counts',
  scope: '',
  run: (body, env) =>
    ofOwnDomain(body, env, async () => {
      const { quota, used } = await spaceOf(env)
      return {
        domain_id: env.actor.tenant,
        domain_name: env.actor.tenant,
        data_hash_name: 'sha1',
        size_quota: quota,
        size_quota_used: used,
        used_size: used,
        status: 1,
      }
    }),
}

export const domainGetQuota: DirectEndpoint = {
  url: '/domain/get_quota',
  operation: 'GetDomainQuota',
  coverage: 'no user counts',
  scope: '',
  run: (body, env) =>
    ofOwnDomain(body, env, async () => {
      const { quota, used } = await spaceOf(env)
      return { size_quota: quota, size_used: used }
    }),
}

/** A caller knows of no domain but its own. */
async function ofOwnDomain(body: Body, env: Env, answer: () => Promise<object>): Promise<Answer> {
  const asked = text(body, 'domain_id')
  return asked && asked !== env.actor.tenant ? notFound('domain') : { status: 200, body: await answer() }
}

/** What the domain holds and may hold, bytes; quota 0 = unlimited. Every drive counts in the domain's pool. */
async function spaceOf({ engine, actor }: Env): Promise<{ quota: number; used: number }> {
  const { items } = await engine.listDrives(actor, { owners: null, after: 0, limit: 1 })
  const pool = items[0]?.pools.find(({ kind }) => kind === 'tenant')
  return { quota: pool?.quota ?? 0, used: pool?.used ?? 0 }
}
