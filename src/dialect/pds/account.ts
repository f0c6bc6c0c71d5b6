/** `/account/*link*`: what users are known by elsewhere, such as a mobile number. */
import type { Identity, IdentityKey } from '../../engine/index.ts'
import type { DirectEndpoint, Env } from './call.ts'
import { missing, notFound, sound } from './error.ts'
import { made } from './people-present.ts'
import { type Body, choice, objects, requiredText, text } from './request.ts'
import { iso } from './terms.ts'
import { holder } from './token.ts'

const TYPES = ['mobile', 'email', 'ldap', 'ding', 'wechat', 'ram', 'custom', 'saml'] as const
const IDENTITY_CHARACTERS_MAX = 256
const IMPORTED_MAX = 100
/** The country of a number that names none. */
const USUAL_COUNTRY = '86'

/** Somebody else is known by it. */
export const IDENTITY_TAKEN = sound(409, 'AlreadyExist.Identity', 'The resource identity has already exists.')

export const accountLink: DirectEndpoint = {
  url: '/account/link',
  operation: 'LinkAccount',
  coverage: 'done',
  scope: 'ACCOUNT.LINK',
  async run(body, env) {
    const user = text(body, 'user_id') || env.user
    if (!user) return missing('user_id')
    const name = shownName(body)
    const [linked] = await env.engine.linkIdentities(env.actor, [{ ...keyOf(body), user, name }])
    if (linked && 'error' in linked && linked.error.code === 'name_taken') return IDENTITY_TAKEN
    return { status: 200, body: await holderOf(env, made(linked, 'user').user) }
  },
}

/** A Token object for a user, without making a new token: only one's own is shown. */
async function holderOf({ engine, actor, user: self, caller }: Env, id: string): Promise<object> {
  const [user] = await engine.users(actor.tenant, [id])
  const own = id === self ? caller : null
  return {
    ...holder('', user ?? null),
    domain_id: actor.tenant,
    token_type: 'Bearer',
    access_token: own?.tokenText ?? '',
    expire_time: own?.token ? iso(own.token.expiresAt) : undefined,
  }
}

export const accountUnlink: DirectEndpoint = {
  url: '/account/unlink',
  operation: 'UnlinkAccount',
  coverage: 'done',
  scope: 'ACCOUNT.LINK',
  async run(body, env) {
    const [gone] = await env.engine.unlinkIdentities(env.actor, [keyOf(body)])
    if (gone && 'error' in gone && gone.error.code === 'node_not_found') return notFound('identity')
    made(gone, 'user')
    return { status: 204 }
  },
}

export const accountGetLinkInfo: DirectEndpoint = {
  url: '/account/get_link_info',
  operation: 'GetLinkInfo',
  coverage: 'done',
  scope: 'ACCOUNT.GET',
  decides: true,
  async run(body, env) {
    const [found] = await env.engine.identities(env.actor, [keyOf(body)])
    return found && isOpenTo(env, found) ? { status: 200, body: linkObject(found) } : notFound('identity')
  },
}

export const accountGetLinkInfoByUser: DirectEndpoint = {
  url: '/account/get_link_info_by_user_id',
  operation: 'GetLinkInfoByUserId',
  coverage: 'done',
  scope: 'ACCOUNT.GET',
  decides: true,
  async run(body, env) {
    const found = await env.engine.identitiesOf(env.actor, [text(body, 'user_id') || env.user])
    return { status: 200, body: { items: found.filter((one) => isOpenTo(env, one)).map(linkObject) } }
  },
}

/** How to reach somebody is told to the person and to administrators only. */
function isOpenTo({ actor, user }: Env, { user: owner }: Identity): boolean {
  return actor.admin || owner === user
}

/** A number's country is part of it. */
function keyOf(body: Body): IdentityKey {
  const kind = choice(body, 'type', TYPES) ?? choice(body, 'authentication_type', TYPES) ?? 'mobile'
  const given = text(body, 'custom_identity') || requiredText(body, 'identity', IDENTITY_CHARACTERS_MAX)
  const extra = text(body, 'extra', IDENTITY_CHARACTERS_MAX) || (kind === 'mobile' ? USUAL_COUNTRY : '')
  return { kind, value: JSON.stringify([given, extra]) }
}

/** What a user that is imported is known by: the identity it came with, and those listed beside. */
export function importedIdentities(body: Body): (IdentityKey & { name: string })[] {
  const others = objects(body, 'authentication_list', IMPORTED_MAX) ?? []
  const rows = [body, ...others].map((one) => {
    const name = text(one, 'authentication_display_name', IDENTITY_CHARACTERS_MAX)
    return { ...keyOf(one), name: name || shownName(one) }
  })
  return [...new Map(rows.map((row) => [`${row.kind} ${row.value}`, row])).values()]
}

/** What somebody who types this into a sign-in page may be known by. */
export function identitiesTyped(typed: string): IdentityKey[] {
  return TYPES.map((kind) => ({ kind, value: JSON.stringify([typed, kind === 'mobile' ? USUAL_COUNTRY : '']) }))
}

function shownName(body: Body): string {
  return (
    text(body, 'display_name', IDENTITY_CHARACTERS_MAX) ||
    (text(body, 'custom_identity') ?? text(body, 'identity') ?? '')
  )
}

function linkObject({ tenant, kind, value, user, name, createdAt }: Identity): object {
  const [identity, extra] = JSON.parse(value) as [string, string]
  return {
    authentication_type: kind,
    identity,
    user_id: user,
    domain_id: tenant,
    display_name: name,
    created_at: createdAt,
    extra,
  }
}
