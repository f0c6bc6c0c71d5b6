/** Who is calling: the app behind a token, whether it may make the call, and the user on whose behalf it acts. */
import type { Auth } from '../../auth/auth.ts'
import type { Actor, App } from '../../engine/index.ts'
import { Refusal } from './error.ts'

/** The one header that carries the token, bare: no scheme word, no signature. */
export const TOKEN_HEADER = 'x-acs-dingtalk-access-token'

/** The app whose token the header holds. An absent, unknown or expired token is 400, not 401. */
export async function appOfToken(auth: Auth, header: unknown): Promise<App> {
  const text = typeof header === 'string' ? unquoted(header.trim()) : ''
  const token = text === '' ? undefined : await auth.check('dingtalk', 'access', text)
  const app = token && (await auth.app('dingtalk', token.app))
  if (app === undefined || app.tenant !== token?.tenant)
    throw new Refusal(400, 'InvalidAuthentication', 'The access token is missing, unknown or expired.')
  return app
}

/** Old PHP clients send the token as a JSON string, quotes and all. */
function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

/** Refuses an app that was not given the call's permission point; an app with none listed has all. */
export function demandScope(app: App, scope: string): void {
  if (app.scopes.length === 0 || app.scopes.includes(scope)) return
  const message = `The app lacks the permission ${scope}.`
  const detail = { requiredScopes: [scope] }
  throw new Refusal(403, 'Forbidden.AccessDenied.AccessTokenPermissionDenied', message, detail)
}

/** The user behind a unionId, as seen through an app; every permission check is this user's. */
export async function operatorOf(auth: Auth, app: App, parameter: string, unionId: string): Promise<Actor> {
  const actor = await auth.actor({ tenant: app.tenant, dialect: 'dingtalk', app: app.id, user: unionId })
  if (unionId === '' || actor === undefined) throw new Refusal(400, 'paramError', `${parameter} is not a known user.`)
  return actor
}

/** The app acting for itself: in the spaces it owns there is nobody else to decide. */
export async function appActor(auth: Auth, { tenant, id }: App): Promise<Actor> {
  const actor = await auth.actor({ tenant, dialect: 'dingtalk', app: id, user: '' })
  if (!actor) throw new Error(`the app ${id}, which has just been let in, is nobody`)
  return actor
}
