/**
 * `/oauth/authorize`: where an application sends a person to sign in. The page asks for the user's name and password and
 * sends the browser back with a code, which the application changes for tokens. It sets no cookie: every sign-in is its own.
 */
import type { FastifyReply } from 'fastify'
import { passwordMatches } from '../../auth/password.ts'
import type { App, User } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { identitiesTyped } from './account.ts'
import { appKind, permits } from './auth.ts'
import { notSupported, notValid, Refusal } from './error.ts'
import { type Body, requiredText, text } from './request.ts'

/** How long a code may be changed for tokens: 10 minutes. */
const CODE_LIFE_MS = 10 * 60_000
const STATE_CHARACTERS_MAX = 2048
const SCOPES_MAX = 50
/** Of an app: the addresses to which people may be sent back. */
export const REDIRECT_URIS = 'pds.redirect_uris'

/** What an application asks, once it is known to be in order. */
interface Asked {
  readonly app: App
  readonly redirectUri: string
  readonly state: string | undefined
  readonly scopes: readonly string[]
}

/** Shows the page; refused in JSON when there is nowhere safe to send anybody back to. */
export async function authorizePage(context: DialectContext, query: Body, reply: FastifyReply): Promise<void> {
  const asked = await askedOf(context, query)
  sendPage(reply, asked.app, query, '')
}

/** Takes the filled-in page: back to the application with a code, or the page again. */
export async function signIn(context: DialectContext, form: Body, reply: FastifyReply): Promise<void> {
  const asked = await askedOf(context, form)
  const { app, redirectUri, state, scopes } = asked
  const [typed, password] = [text(form, 'user') ?? '', text(form, 'password') ?? '']
  const user = await userOf(context, app, typed)
  const secret = `user ${app.tenant} ${user?.id ?? typed}`
  if (!context.auth.mayGuess(secret)) {
    return sendPage(reply, app, form, 'There were too many wrong passwords. Try again in a minute.')
  }
  // A password is checked also for nobody, so that the time taken does not tell who exists.
  const isRight = await passwordMatches(user?.password || NOBODYS, password)
  if (!user || user.password === '' || user.status !== 'enabled' || !isRight) {
    context.auth.guessedWrong(secret)
    return sendPage(reply, app, form, 'The name or the password is wrong.')
  }
  const spec = { dialect: 'pds', purpose: 'code', tenant: app.tenant, app: app.id, user: user.id } as const
  const { text: code } = await context.auth.issue({ ...spec, scopes, data: { redirectUri }, ttlMs: CODE_LIFE_MS })
  const back = new URL(redirectUri)
  back.searchParams.set('code', code)
  if (state !== undefined) back.searchParams.set('state', state)
  reply.code(302).header('location', back.href).header('cache-control', 'no-store').send()
}

/** Whom what was typed stands for: a user's id, or something by which one is known elsewhere, such as a mobile number. */
async function userOf({ engine, auth }: DialectContext, { tenant, id: app }: App, typed: string): Promise<User | null> {
  const [named] = await engine.users(tenant, [typed])
  const reader = named ? undefined : await auth.actor({ tenant, dialect: 'pds', app, user: '', admin: true })
  if (!reader) return named ?? null
  const found = (await engine.identities(reader, identitiesTyped(typed))).find((one) => one !== null)
  return found ? (await engine.users(tenant, [found.user]))[0]! : null
}

/** A password that nobody has. */
const NOBODYS = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

async function askedOf({ auth }: DialectContext, query: Body): Promise<Asked> {
  const app = await auth.app('pds', requiredText(query, 'client_id'))
  if (!app || appKind(app) !== 'jwt') throw new Refusal(notValid('client_id'))
  const redirectUri = requiredText(query, 'redirect_uri')
  if (!mayReturnTo(app, redirectUri)) throw new Refusal(notValid('redirect_uri'))
  if (requiredText(query, 'response_type') !== 'code') throw new Refusal(notSupported('response_type'))
  return { app, redirectUri, state: text(query, 'state', STATE_CHARACTERS_MAX), scopes: scopesOf(app, query) }
}

/** Addresses named for the app, to the letter; for an app without any, the person's own machine. */
function mayReturnTo({ extra }: App, address: string): boolean {
  const named = extra[REDIRECT_URIS]
  if (Array.isArray(named) && named.length > 0) return named.includes(address)
  return URL.canParse(address) && /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/|$)/.test(address)
}

/** What is asked for, never more than the app may; all the app may when nothing is asked for. */
function scopesOf(app: App, query: Body): readonly string[] {
  const asked = (text(query, 'scope') ?? '').split(/[\s,]+/).filter(Boolean)
  if (asked.length > SCOPES_MAX || asked.some((scope) => !/^[A-Z]+(\.([A-Z]+|\*))?$/.test(scope))) {
    throw new Refusal(notValid('scope'))
  }
  if (asked.length === 0) return app.scopes
  if (!asked.every((scope) => permits(app.scopes, scope))) throw new Refusal(notValid('scope'))
  return asked
}

/** What the page hands on from the application to itself. */
const HANDED_ON = ['client_id', 'redirect_uri', 'response_type', 'scope', 'state'] as const

function sendPage(reply: FastifyReply, app: App, query: Body, problem: string): void {
  const hidden = HANDED_ON.flatMap((name) => {
    const value = text(query, name)
    return value === undefined ? [] : [`<input type="hidden" name="${name}" value="${escaped(value)}">`]
  })
  reply
    .code(problem === '' ? 200 : 401)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
    })
    .send(page(app.name || app.id, hidden.join('\n'), problem))
}

function page(application: string, hidden: string, problem: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button { padding: .5rem; margin: .25rem 0 1rem }
[role=alert] { color: #b00020 }
</style>
<main>
<h1>Sign in</h1>
<p>${escaped(application)} asks to use your drives.</p>
${problem && `<p role="alert">${escaped(problem)}</p>`}
<form method="post" action="authorize">
${hidden}
<label>User, mobile number or mail address <input name="user" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
</main>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
