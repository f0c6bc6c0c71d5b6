/** Tokens made in the data folder, with the rows and the answers of each dialect's own token endpoint. */
import { randomUUID } from 'node:crypto'
import type { TokenSpec } from '../auth/auth.ts'
import type { App, DialectName, Json, User } from '../engine/index.ts'
import type { Data } from './data.ts'
import { CommandError } from './failure.ts'

/** What a token needs to know of its app; `id` '' for native, which has none. */
export type TokenApp = Pick<App, 'tenant' | 'dialect' | 'id' | 'secret' | 'scopes'>

export interface Asked {
  readonly app: TokenApp
  readonly user: string
}

export interface TokenAnswer {
  /** The token's text. */
  readonly text: string
  /** The dialect's answer, which holds it too. */
  readonly body: Json
}

const HOUR_S = 3600
const DAY_S = 24 * HOUR_S
/** What a signed-in person's client asks for. */
const WPS_SCOPES = ['kso.file.readwrite', 'kso.drive.readwrite']

export function mintToken(data: Data, asked: Asked): Promise<TokenAnswer> {
  return MINTS[asked.app.dialect](data, asked)
}

const MINTS: Record<DialectName, (data: Data, asked: Asked) => Promise<TokenAnswer>> = {
  pds,
  smh,
  wps,
  dingtalk,
  native,
}

/** The Token object of `POST /v2/oauth/token`; both tokens carry one session, which revoking ends. */
async function pds({ auth, directory }: Data, { app, user }: Asked): Promise<TokenAnswer> {
  const person = await enabledUser(directory, app, user)
  const spec = { ...specOf(app, user), scopes: app.scopes, data: { session: randomUUID() } }
  const [access, refresh] = await Promise.all([
    auth.issue({ ...spec, purpose: 'access', ttlMs: 2 * HOUR_S * 1000 }),
    auth.issue({ ...spec, purpose: 'refresh', ttlMs: 7 * DAY_S * 1000 }),
  ])
  const drive = person.defaultDrive === 0 ? '' : String(person.defaultDrive)
  return {
    text: access.text,
    body: {
      access_token: access.text,
      refresh_token: refresh.text,
      token_type: 'Bearer',
      expires_in: 2 * HOUR_S,
      expire_time: new Date(access.token.expiresAt).toISOString(),
      user_id: user,
      user_name: person.name,
      nick_name: person.nick,
      avatar: person.avatar,
      role: person.role,
      status: person.status,
      default_drive_id: drive,
      domain_id: app.tenant,
    },
  }
}

/** As `GET /api/v1/token` with grant `admin`: every space, for a day from its last use. */
async function smh({ auth }: Data, { app, user }: Asked): Promise<TokenAnswer> {
  const period = DAY_S
  const data = { spaces: null, period, client: '', session: '' }
  const spec = { ...specOf(app, user), scopes: ['admin'], data, ttlMs: period * 1000 }
  const { text } = await auth.issue(spec, 'acctk01')
  return { text, body: { accessToken: text, expiresIn: period } }
}

/** As a login page would hand out to a signed-in person. */
async function wps({ auth, directory }: Data, { app, user }: Asked): Promise<TokenAnswer> {
  await enabledUser(directory, app, user)
  const scopes = WPS_SCOPES.filter((scope) => app.scopes.length === 0 || app.scopes.includes(scope))
  // An empty list would mean all.
  if (scopes.length === 0) throw new CommandError(`app ${app.id} may have none of ${WPS_SCOPES.join(', ')}`)
  const spec = { ...specOf(app, user), scopes }
  const [access, refresh] = await Promise.all([
    auth.issue({ ...spec, purpose: 'access', ttlMs: 2 * HOUR_S * 1000 }),
    auth.issue({ ...spec, purpose: 'refresh', ttlMs: 365 * DAY_S * 1000 }),
  ])
  return {
    text: access.text,
    body: {
      access_token: access.text,
      expires_in: 2 * HOUR_S,
      token_type: 'bearer',
      refresh_token: refresh.text,
      refresh_expires_in: 365 * DAY_S,
      scope: scopes.join(','),
    },
  }
}

/** As `POST /v1.0/oauth2/accessToken`: the app's one token, its life started over. */
async function dingtalk({ auth }: Data, { app }: Asked): Promise<TokenAnswer> {
  const { text } = await auth.reissue({ ...specOf(app, ''), ttlMs: 2 * HOUR_S * 1000 })
  return { text, body: { accessToken: text, expireIn: 2 * HOUR_S } }
}

async function native({ auth, directory }: Data, { app, user }: Asked): Promise<TokenAnswer> {
  await enabledUser(directory, app, user)
  const { text } = await auth.issue({ ...specOf(app, user), ttlMs: 2 * HOUR_S * 1000 })
  return { text, body: { access_token: text, expires_in: 2 * HOUR_S, token_type: 'Bearer' } }
}

function specOf({ tenant, dialect, id }: TokenApp, user: string): Omit<TokenSpec, 'ttlMs'> {
  return { dialect, purpose: 'access', tenant, app: id, user, scopes: [] }
}

async function enabledUser(directory: Data['directory'], { tenant }: TokenApp, id: string): Promise<User> {
  const [user] = await directory.users(tenant, [id])
  if (user?.status === 'enabled') return user
  throw new CommandError(`user ${id} of ${tenant} ${user ? 'is disabled' : 'does not exist'}`)
}
