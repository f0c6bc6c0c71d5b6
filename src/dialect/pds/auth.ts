/** Who is calling: a bearer token, or a request signed with an AccessKey pair. */
import type { FastifyRequest } from 'fastify'
import { equalTexts } from '../../auth/secrets.ts'
import type { Actor, App, Token } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { Refusal, sound, tokenInvalid } from './error.ts'
import { type Claim, parseClaim, type SignedRequest, signedAt } from './signature.ts'

export interface Caller {
  readonly actor: Actor
  /** '' when the credential stands for no user. */
  readonly user: string
  /** What the credential may do at most; empty means all. */
  readonly scopes: readonly string[]
  /** The bearer token, when the caller came with one. */
  readonly token: Token | null
  /** The token as it came; '' for signed requests. Proofs of possession are made with it. */
  readonly tokenText: string
}

/** What an app's credential is: a key pair for JWT assertions, or an AccessKey id with its secret. */
export function appKind(app: App): 'jwt' | 'accesskey' {
  return app.extra['pds.kind'] === 'accesskey' ? 'accesskey' : 'jwt'
}

/** The caller behind a request that must have one; refused with 401 `AccessTokenInvalid` when there is none. */
export async function callerOf(context: DialectContext, request: FastifyRequest, body: Buffer): Promise<Caller> {
  const caller = await namedCaller(context, request, body)
  if (!caller) throw new Refusal(tokenInvalid('The request carries none.'))
  return caller
}

/** The caller behind a request; null when it names none, refused when it names a wrong one. */
export async function namedCaller(
  context: DialectContext,
  request: FastifyRequest,
  body: Buffer,
): Promise<Caller | null> {
  const authorization = (request.headers.authorization ?? '').trim()
  const headers = { ...request.headers, 'content-type': declaredType(request) }
  const signed = { method: request.method, target: request.raw.url ?? '', headers, body }
  const claim = parseClaim(authorization)
  if (claim) return keyHolder(context, claim, signed)
  // Mobile clients send the bare token.
  const text = authorization.replace(/^Bearer\s+/i, '')
  return text === '' ? null : tokenHolder(context, text)
}

/** The content type as it was sent; '' when it was not. */
export function declaredType({ raw }: FastifyRequest): string {
  const at = raw.rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
  return at < 0 ? '' : raw.rawHeaders[at + 1]!
}

async function tokenHolder({ auth }: DialectContext, text: string): Promise<Caller> {
  const token = await auth.check('pds', 'access', text)
  if (!token) throw new Refusal(tokenInvalid('It is unknown, expired or revoked.'))
  const { tenant, app, user, scopes } = token
  const actor = await auth.actor({ tenant, dialect: 'pds', app, user, admin: user === '', token })
  if (!actor) throw new Refusal(tokenInvalid('Its user is gone or disabled.'))
  return { actor, user, scopes, token, tokenText: text }
}

/** Whoever holds an AccessKey pair is the domain's super administrator, without being a user. */
async function keyHolder(
  { auth, engine, settings }: DialectContext,
  claim: Claim,
  signed: SignedRequest,
): Promise<Caller> {
  const app = await auth.app('pds', claim.accessKeyId)
  const secret = app && appKind(app) === 'accesskey' ? auth.secretOf(app) : ''
  const expected = secret && claim.expected(secret, signed)
  if (!app || !expected || !equalTexts(expected, claim.signature)) {
    throw new Refusal(tokenInvalid('The signature does not match.'))
  }
  const { pdsClockSkewMs: skewMs } = settings
  if (skewMs > 0 && !(Math.abs(engine.now() - signedAt(signed)) <= skewMs)) {
    throw new Refusal(sound(403, 'Forbidden', 'The Date of the request is too far from the time of the server.'))
  }
  const actor = await auth.actor({ tenant: app.tenant, dialect: 'pds', app: app.id, user: '', admin: true })
  if (!actor) throw new Refusal(tokenInvalid('Its application is gone.'))
  return { actor, user: '', scopes: app.scopes, token: null, tokenText: '' }
}

/** Whether a credential's scopes cover what an endpoint asks for, such as `FILE.MOVE`. */
export function permits(scopes: readonly string[], wanted: string): boolean {
  if (scopes.length === 0 || wanted === '') return true
  const area = wanted.split('.', 1)[0]
  return scopes.includes(wanted) || scopes.includes(`${area}.ALL`) || scopes.includes(`${area}.*`)
}
