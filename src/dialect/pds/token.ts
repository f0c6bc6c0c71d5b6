/** Tokens: `/oauth/token`, `/account/token` and `/account/revoke`. */
import { createPublicKey, randomUUID } from 'node:crypto'
import { errors as joseErrors, jwtVerify } from 'jose'
import type { App, Token, User } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appKind, type Caller, permits } from './auth.ts'
import { type Answer, notSupported, notValid, Refusal, sound } from './error.ts'
import { USER_DATA } from './people-present.ts'
import { type Body, requiredText, text } from './request.ts'
import { iso } from './terms.ts'

const ACCESS_LIFE_MS = 7200 * 1000
const REFRESH_LIFE_MS = 7 * 24 * 3600 * 1000
/** How far a client's clock may be behind or ahead when an assertion's times are judged, s. */
const ASSERTION_TOLERANCE_S = 60
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** For whom tokens are handed out; `user` '' = the app itself, as the domain's super administrator. */
interface Grant {
  readonly app: App
  readonly user: string
  /** What the tokens may do at most, in this API's words; empty means all. */
  readonly scopes: readonly string[]
  /** The user was made for this very sign-in. */
  readonly isNew?: boolean
  /** They are in place of others that run out. */
  readonly isRenewal?: boolean
}

/** `POST /oauth/token`; the fields come form-encoded. */
export async function oauthToken(context: DialectContext, body: Body): Promise<Answer> {
  const grantType = requiredText(body, 'grant_type')
  const app = await appOf(context, requiredText(body, 'client_id'), 'client_id')
  if (grantType === JWT_BEARER) return tokens(context, await assertedBy(context, app, requiredText(body, 'assertion')))
  // The vendor's pages say the one, its JavaScript client sends the other.
  if (grantType === 'authorization_code' || grantType === 'code')
    return tokens(context, await coded(context, app, body))
  if (grantType === 'refresh_token') return tokens(context, await refreshed(context, app, body))
  return notSupported('grant_type')
}

/** `POST /account/token`: a fresh pair of tokens for a refresh token, which is used up. */
export async function accountToken(context: DialectContext, body: Body): Promise<Answer> {
  const app = await appOf(context, requiredText(body, 'app_id'), 'app_id')
  if ((text(body, 'grant_type') ?? 'refresh_token') !== 'refresh_token') return notSupported('grant_type')
  return tokens(context, await refreshed(context, app, body))
}

/** `POST /account/revoke`: the bearer token and the refresh token that was handed out with it are good no longer. */
export async function accountRevoke({ auth }: DialectContext, { token }: Caller): Promise<Answer> {
  if (!token) return sound(403, 'Forbidden', 'User not authorized to operate on the specified APIs.')
  const { tenant, app, user } = token
  const session = sessionOf(token)
  const isOurs = (other: Token) => other.id === token.id || (session !== undefined && sessionOf(other) === session)
  await auth.revokeOf({ tenant, app, user }, (other) => !isOurs(other))
  return { status: 204 }
}

async function appOf({ auth }: DialectContext, id: string, field: string): Promise<App> {
  const app = await auth.app('pds', id)
  if (!app || appKind(app) !== 'jwt') throw new Refusal(notValid(field))
  return app
}

/** Whom a JWT assertion, signed with the app's private key, asks tokens for. */
async function assertedBy(context: DialectContext, app: App, assertion: string): Promise<Grant> {
  if (!app.publicKey) throw new Refusal(notValid('client_id'))
  const { sub, sub_type: type, auto_create } = await claimsOf(app, assertion, new Date(context.engine.now()))
  if (type === 'service' && sub === app.tenant) return { app, user: '', scopes: app.scopes }
  if (type !== 'user' || !sub) throw new Refusal(notValid('assertion', 'sub and sub_type name nobody.'))
  const isNew = auto_create === true && (await makeUser(context, app, sub))
  return { app, user: sub, scopes: app.scopes, isNew }
}

/** Makes the user an assertion names, if there is none and the application may; whether it did. */
async function makeUser({ engine, auth }: DialectContext, app: App, id: string): Promise<boolean> {
  const { tenant } = app
  if (!permits(app.scopes, 'USER.CREATE') || (await engine.users(tenant, [id]))[0]) return false
  const maker = await auth.actor({ tenant, dialect: 'pds', app: app.id, user: '', admin: true })
  const [made] = maker ? await engine.createUsers(maker, [{ id }]) : []
  return made !== undefined && !('error' in made)
}

async function claimsOf(app: App, assertion: string, now: Date) {
  try {
    const { payload } = await jwtVerify(assertion, createPublicKey(app.publicKey), {
      algorithms: ['RS256'],
      issuer: app.id,
      audience: app.tenant,
      requiredClaims: ['exp', 'sub'],
      currentDate: now,
      clockTolerance: ASSERTION_TOLERANCE_S,
    })
    return payload
  } catch (error) {
    if (error instanceof joseErrors.JWTExpired) {
      throw new Refusal(sound(400, 'InvalidParameterExpired.Assertion', 'The input parameter assertion is expired.'))
    }
    if (error instanceof joseErrors.JOSEError) throw new Refusal(notValid('assertion', error.message))
    throw error
  }
}

/** Whom a code speaks for. It is good once, and where it was sent. */
async function coded({ auth }: DialectContext, app: App, body: Body): Promise<Grant> {
  if (app.secret !== '' && !auth.secretMatches(app, requiredText(body, 'client_secret'))) {
    throw new Refusal(notValid('client_secret'))
  }
  const code = await auth.check('pds', 'code', requiredText(body, 'code'))
  const { redirectUri } = (code?.data ?? {}) as { redirectUri?: string }
  if (!code || code.app !== app.id || redirectUri !== requiredText(body, 'redirect_uri')) {
    throw new Refusal(notValid('code'))
  }
  await useUp({ auth }, code, 'code')
  return { app, user: code.user, scopes: code.scopes }
}

/** Of two that use a token up at once only one succeeds: the row can be taken away but once. */
async function useUp({ auth }: Pick<DialectContext, 'auth'>, token: Token, field: string): Promise<void> {
  const { tenant, app, user } = token
  const taken = await auth.revokeOf({ tenant, app, user }, ({ id }) => id !== token.id)
  if (taken !== 1) throw new Refusal(notValid(field))
}

async function refreshed({ auth }: DialectContext, app: App, body: Body): Promise<Grant> {
  const token = await auth.check('pds', 'refresh', requiredText(body, 'refresh_token'))
  if (!token || token.app !== app.id || token.tenant !== app.tenant) throw new Refusal(notValid('refresh_token'))
  await useUp({ auth }, token, 'refresh_token')
  return { app, user: token.user, scopes: token.scopes, isRenewal: true }
}

/** 200 with a Token object. */
async function tokens({ auth, engine }: DialectContext, grant: Grant): Promise<Answer> {
  const { app, user, scopes, isNew = false } = grant
  const marks = grant.isRenewal ? 'renewal' : 'signIn'
  const person = user === '' ? null : await enabledUser(engine, app, user)
  const spec = {
    dialect: 'pds' as const,
    tenant: app.tenant,
    app: app.id,
    user,
    scopes,
    data: { session: randomUUID() },
  }
  const [access, refresh] = await Promise.all([
    auth.issue({ ...spec, purpose: 'access', ttlMs: ACCESS_LIFE_MS, marks }),
    auth.issue({ ...spec, purpose: 'refresh', ttlMs: REFRESH_LIFE_MS }),
  ])
  return {
    status: 200,
    body: {
      access_token: access.text,
      refresh_token: refresh.text,
      token_type: 'Bearer',
      expires_in: ACCESS_LIFE_MS / 1000,
      expire_time: iso(access.token.expiresAt),
      ...holder(app.name, person),
      domain_id: app.tenant,
      device_id: '',
      device_name: '',
      is_first_login: isNew,
      need_link: false,
      need_rp_verify: false,
      pin_setup: false,
      exist_link: [],
      state: '',
    },
  }
}

async function enabledUser(engine: DialectContext['engine'], app: App, id: string): Promise<User> {
  const [user] = await engine.users(app.tenant, [id])
  if (user?.status === 'enabled') return user
  throw new Refusal(sound(403, 'ForbiddenAccountNotFound', 'The account cannot be found or is disabled.'))
}

/** @param app the name of the app, for a token of its own */
export function holder(app: string, user: User | null): object {
  if (!user) {
    const about = { user_id: '', user_name: app, nick_name: '', avatar: '' }
    return { ...about, role: 'superadmin', status: 'enabled', user_data: {} }
  }
  const drive = user.defaultDrive ? String(user.defaultDrive) : ''
  return {
    user_id: user.id,
    user_name: user.name,
    nick_name: user.nick,
    avatar: user.avatar,
    role: user.role,
    status: user.status,
    default_drive_id: drive,
    default_sbox_drive_id: '',
    user_data: user.extra[USER_DATA] ?? {},
  }
}

function sessionOf({ data }: Token): unknown {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? data.session : undefined
}
