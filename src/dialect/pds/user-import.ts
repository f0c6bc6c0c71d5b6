/** `/user/import`: somebody known elsewhere becomes a user here, once. */
import { createHash } from 'node:crypto'
import { hashPassword } from '../../auth/password.ts'
import type { UserSpec } from '../../engine/index.ts'
import { IDENTITY_TAKEN, importedIdentities } from './account.ts'
import type { DirectEndpoint } from './call.ts'
import { missing, noPermission, notSupported } from './error.ts'
import { made, userObject } from './people-present.ts'
import { type Body, choice, flag, integer, requiredText, text } from './request.ts'
import { CONTACT_CHARACTERS_MAX, demandGroups, joinGroups, NAME_CHARACTERS_MAX } from './user.ts'

const TYPES = ['mobile', 'email', 'ding', 'ram', 'wechat', 'custom', 'saml', 'ldap'] as const
const HOME_NAME = 'Default'

export const userImport: DirectEndpoint = {
  url: '/user/import',
  operation: 'ImportUser',
  coverage: 'partial: no authentication_type=ldap',
  scope: 'USER.CREATE',
  decides: true,
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
