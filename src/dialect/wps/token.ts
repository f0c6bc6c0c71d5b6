/**
 * The token endpoint (RFC 6749 with the vendor's envelope for failures). An app gets a token for itself; users' tokens are
 * renewed here, each renewal giving a new refresh token and ending the old one.
 */
import type { App, Token } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { actorOf, DEPLOYMENT_PREFIX } from './auth.ts'
import { isRefusal, type Refusal, refuse } from './error.ts'
import { parseScopes } from './scope.ts'

/** An access token's life: two hours on the public cloud, a day in private deployments. */
const PUBLIC_LIFE_MS = 2 * 3600_000
const PRIVATE_LIFE_MS = 24 * 3600_000
/** The vendor's text says 365 days. */
const REFRESH_LIFE_MS = 365 * 24 * 3600_000

interface Granted {
  readonly access_token: string
  readonly expires_in: number
  readonly token_type: string
  readonly refresh_token?: string
  readonly refresh_expires_in?: number
}

/** @param target the raw request target: its prefix tells which deployment the client takes us for */
export async function grantToken(context: DialectContext, target: string, body: Buffer): Promise<Granted | Refusal> {
  const form = parseForm(body)
  if (!form) return refuse('oauthRequest', 'the body is neither a form nor JSON')
  const grantType = form.get('grant_type')
  if (!grantType) return refuse('oauthRequest', 'grant_type is required')
  const app = await clientOf(context, form)
  if (isRefusal(app)) return app
  const isPrivate = target.startsWith(`${DEPLOYMENT_PREFIX}/`)
  switch (grantType) {
    case 'client_credentials':
      return appToken(context, app, form, isPrivate)
    case 'refresh_token':
      return renewedToken(context, app, form, isPrivate)
    default:
      // Codes come from a login page, and there is none.
      return refuse('grantType')
  }
}

/** The members of a form; careless clients send JSON instead. */
function parseForm(body: Buffer): Map<string, string> | undefined {
  const text = body.toString()
  if (!text.trimStart().startsWith('{')) return new Map(new URLSearchParams(text))
  try {
    const members: [string, unknown][] = Object.entries(JSON.parse(text))
    return new Map(members.filter((member): member is [string, string] => typeof member[1] === 'string'))
  } catch {
    return undefined
  }
}

async function clientOf({ auth }: DialectContext, form: ReadonlyMap<string, string>): Promise<App | Refusal> {
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (!id || !secret) return refuse('oauthRequest', 'client_id and client_secret are required')
  const app = await auth.app('wps', id)
  return app && auth.secretMatches(app, secret) ? app : refuse('client')
}

async function appToken(
  context: DialectContext,
  app: App,
  form: ReadonlyMap<string, string>,
  isPrivate: boolean,
): Promise<Granted | Refusal> {
  const asked = parseScopes(form.get('scope') ?? '')
  const isExcess = app.scopes.length > 0 && asked.some((scope) => !app.scopes.includes(scope))
  if (isExcess) return refuse('oauthScope')
  const company = form.get('company_id')
  if (company !== undefined && company !== '' && company !== app.tenant) return refuse('client')
  const scopes = asked.length > 0 ? asked : app.scopes
  return accessToken(context, { app, user: '', scopes }, isPrivate)
}

async function renewedToken(
  context: DialectContext,
  app: App,
  form: ReadonlyMap<string, string>,
  isPrivate: boolean,
): Promise<Granted | Refusal> {
  const text = form.get('refresh_token')
  if (!text) return refuse('oauthRequest', 'refresh_token is required')
  const token = await context.auth.check('wps', 'refresh', text)
  if (token?.app !== app.id || !(await actorOf(context, token))) return refuse('grant')
  // Of two that present it at once only one takes it away.
  const { tenant, user } = token
  const taken = await context.auth.revokeOf({ tenant, app: app.id, user }, ({ id }) => id !== token.id)
  if (taken !== 1) return refuse('grant')
  const granted = await accessToken(context, { app, user: token.user, scopes: token.scopes }, isPrivate)
  return { ...granted, ...(await refreshToken(context, token)) }
}

interface Holder {
  readonly app: App
  readonly user: string
  readonly scopes: readonly string[]
}

async function accessToken(
  { auth }: DialectContext,
  { app, user, scopes }: Holder,
  isPrivate: boolean,
): Promise<Granted> {
  const ttlMs = isPrivate ? PRIVATE_LIFE_MS : PUBLIC_LIFE_MS
  const { text } = await auth.issue({
    dialect: 'wps',
    purpose: 'access',
    tenant: app.tenant,
    app: app.id,
    user,
    scopes,
    ttlMs,
  })
  return { access_token: text, expires_in: ttlMs / 1000, token_type: isPrivate ? 'Bearer' : 'bearer' }
}

async function refreshToken({ auth }: DialectContext, { tenant, app, user, scopes }: Token) {
  const ttlMs = REFRESH_LIFE_MS
  const { text } = await auth.issue({ dialect: 'wps', purpose: 'refresh', tenant, app, user, scopes, ttlMs })
  return { refresh_token: text, refresh_expires_in: ttlMs / 1000 }
}
