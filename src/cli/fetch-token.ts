/** Tokens asked of a running server, the way the vendor's own clients ask. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { importPKCS8, SignJWT } from 'jose'
import { DEMO, demoKeyFile } from '../demo.ts'
import type { Json } from '../engine/index.ts'
import type { Data } from './data.ts'
import { CommandError } from './failure.ts'
import type { Asked, TokenAnswer } from './mint.ts'

const ASSERTION_LIFE = '5m'

export interface AskedOnline extends Asked {
  /** PEM; absent = the demo tenant's. */
  readonly privateKeyFile?: string | undefined
}

/** The server's answer; null where the dialect has no public way from an app's credentials to a user's token. */
export async function fetchToken(data: Data, url: string, asked: AskedOnline): Promise<TokenAnswer | null> {
  if (!URL.canParse(url)) throw new CommandError(`--url must be an address such as http://127.0.0.1:8787, not ${url}`)
  switch (asked.app.dialect) {
    case 'pds':
      return pds(data, url, asked)
    case 'smh':
      return smh(data, url, asked)
    case 'dingtalk':
      return dingtalk(data, url, asked)
    case 'wps':
    case 'native':
      return null
  }
}

async function pds({ dataDir }: Data, url: string, { app, user, privateKeyFile }: AskedOnline): Promise<TokenAnswer> {
  if (privateKeyFile === undefined && app.tenant !== DEMO.tenant) {
    throw new CommandError('name the file of the app’s private key with --private-key')
  }
  const pem = await readFile(privateKeyFile ?? demoKeyFile(dataDir), 'utf8')
  const assertion = await new SignJWT({ sub_type: 'user', auto_create: false })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(app.id)
    .setSubject(user)
    .setAudience(app.tenant)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(ASSERTION_LIFE)
    .sign(await importPKCS8(pem, 'RS256'))
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  const form = new URLSearchParams({ grant_type, client_id: app.id, assertion })
  return answerOf(new URL('/v2/oauth/token', url), { method: 'POST', body: form }, 'access_token')
}

async function smh({ auth }: Data, url: string, { app, user }: AskedOnline): Promise<TokenAnswer> {
  const target = new URL('/api/v1/token', url)
  target.search = new URLSearchParams({
    library_id: app.id,
    library_secret: auth.secretOf(app),
    grant: 'admin',
    user_id: user,
  }).toString()
  return answerOf(target, {}, 'accessToken')
}

async function dingtalk({ auth }: Data, url: string, { app }: AskedOnline): Promise<TokenAnswer> {
  const body = JSON.stringify({ appKey: app.id, appSecret: auth.secretOf(app) })
  const headers = { 'content-type': 'application/json' }
  return answerOf(new URL('/v1.0/oauth2/accessToken', url), { method: 'POST', headers, body }, 'accessToken')
}

async function answerOf(url: URL, init: RequestInit, member: string): Promise<TokenAnswer> {
  const response = await fetch(url, init).catch((error: Error) => {
    throw new CommandError(`${url.origin} cannot be reached: ${causeOf(error)}`)
  })
  const text = await response.text()
  const body = parsed(text)
  const token = body && typeof body === 'object' && !Array.isArray(body) ? body[member] : undefined
  if (!response.ok || typeof token !== 'string') {
    throw new CommandError(`${url.origin}${url.pathname} answered ${response.status}: ${text.slice(0, 500)}`)
  }
  return { text: token, body: body as Json }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}
