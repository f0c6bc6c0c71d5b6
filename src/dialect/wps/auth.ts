/** Who is calling: the bearer token (or the web client's cookie), and the KSO-1 signature where there is or must be one. */
import type { FastifyRequest } from 'fastify'
import type { Actor, App, Token } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { isRefusal, type Refusal, refuse } from './error.ts'
import { kso1Matches, parseKsoAuthorization, parseKsoDate } from './kso1.ts'

/** Private deployments mount everything below this; it takes no part in signatures. */
export const DEPLOYMENT_PREFIX = '/openapi'

/** Of an app: whether its requests must be signed. Otherwise a signature is checked when there is one. */
const SIGNATURE_KEY = 'wps.signature'

export interface Caller {
  readonly actor: Actor
  readonly token: Token
  readonly app: App
}

export async function identify(
  context: DialectContext,
  request: FastifyRequest,
  body: Buffer,
): Promise<Caller | Refusal> {
  const text = tokenText(request)
  if (text === undefined) return refuse('token', 'a bearer token is required')
  const caller = await callerOf(context, text)
  if (isRefusal(caller)) return caller
  return (await signatureProblem(context, caller.app, request, body)) ?? caller
}

function tokenText({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined || headers.authorization !== undefined) return bearer
  const cookies = (headers.cookie ?? '').split(/;\s*/)
  return cookies.find((cookie) => cookie.startsWith('wps_sid='))?.slice('wps_sid='.length) || undefined
}

async function callerOf({ auth }: DialectContext, text: string): Promise<Caller | Refusal> {
  const token = await auth.check('wps', 'access', text)
  const app = token && (await auth.app('wps', token.app))
  const actor = app && (await actorOf({ auth }, token))
  return actor ? { actor, token, app } : refuse('token', 'the token is unknown or has expired')
}

/** Whom a token stands for: its user, or the app itself with every right in its company. */
export function actorOf({ auth }: Pick<DialectContext, 'auth'>, token: Token): Promise<Actor | undefined> {
  const { tenant, app, user } = token
  return auth.actor({ tenant, dialect: 'wps', app, user, admin: user === '', token })
}

async function signatureProblem(
  context: DialectContext,
  app: App,
  request: FastifyRequest,
  body: Buffer,
): Promise<Refusal | undefined> {
  const date = headerText(request, 'x-kso-date')
  const authorization = headerText(request, 'x-kso-authorization')
  const isSigned = date !== '' || authorization !== ''
  if (!isSigned) {
    return app.extra[SIGNATURE_KEY] === true ? refuse('signature', 'this app must sign its requests') : undefined
  }
  const at = parseKsoDate(date)
  if (at === undefined) return refuse('signature', 'X-Kso-Date is not a valid date')
  const skewMs = context.settings.wpsClockSkewMs
  if (skewMs > 0 && Math.abs(context.engine.now() - at) > skewMs) {
    return refuse('signature', 'X-Kso-Date is too far from the time of the server')
  }
  const parts = parseKsoAuthorization(authorization)
  if (!parts) return refuse('signature', 'X-Kso-Authorization is not a KSO-1 signature')
  const signer = await context.auth.app('wps', parts.accessKey)
  if (!signer) return refuse('client', 'the access key of the signature is unknown')
  const signed = {
    method: request.method,
    uri: signedUri(request.raw.url ?? ''),
    contentType: headerText(request, 'content-type'),
    date,
    body,
  }
  // An app may only sign for its own tokens.
  const isRight = kso1Matches(context.auth.secretOf(signer), signed, parts.signature) && signer.id === app.id
  return isRight ? undefined : refuse('signature', 'the signature is wrong')
}

/** The raw target as it takes part in the signature. */
function signedUri(target: string): string {
  return target.startsWith(`${DEPLOYMENT_PREFIX}/`) ? target.slice(DEPLOYMENT_PREFIX.length) : target
}

/** A header's literal value; '' when it is missing. */
export function headerText({ headers }: FastifyRequest, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

/** `X-Kso-Id-Type` chooses an id space on the vendor's side; there is only one here, so it is checked and has no effect. */
export function idTypeProblem(request: FastifyRequest): Refusal | undefined {
  const type = request.headers['x-kso-id-type']
  const isKnown = type === undefined || type === 'internal' || type === 'external'
  return isKnown ? undefined : refuse('valueInvalid', 'X-Kso-Id-Type must be internal or external')
}
