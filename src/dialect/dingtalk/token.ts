/** App tokens, by the family's two spellings. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import type { App } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { missing, Refusal } from './error.ts'
import { bodyOf, demand, demandedText, type Fields } from './request.ts'

/** How long a token lives after it was last asked for. */
const TOKEN_LIFE_S = 7200

/** @param scope the server's part below `/v1.0` */
export function tokenRoutes(scope: FastifyInstance, { auth }: DialectContext): void {
  scope.post('/oauth2/accessToken', { config: { operation: 'GetAccessToken', coverage: 'done' } }, async (request) => {
    const body = demandBody(request, ['appKey', 'appSecret'])
    const app = await appOf(auth, demandedText(body, 'appKey'), demandedText(body, 'appSecret'))
    if (!app) throw new Refusal(400, 'invalidClientIdOrSecret', 'The appKey or the appSecret is wrong.')
    return { accessToken: await tokenOf(auth, app), expireIn: TOKEN_LIFE_S }
  })
  scope.post<{ Params: { corpId: string } }>(
    '/oauth2/:corpId/token',
    { config: { operation: 'GetToken', coverage: 'done' } },
    async (request) => {
      const body = demandBody(request, ['client_id', 'client_secret', 'grant_type'])
      if (body.grant_type !== 'client_credentials')
        throw new Refusal(400, 'unsupported.grant.type', 'grant_type must be client_credentials.')
      const app = await appOf(auth, demandedText(body, 'client_id'), demandedText(body, 'client_secret'))
      if (!app) throw new Refusal(400, 'invalid.client', 'The client_id or the client_secret is wrong.')
      if (app.tenant !== request.params.corpId)
        throw new Refusal(401, 'unauthorized.client', 'The client is not authorized for this organization.')
      return { access_token: await tokenOf(auth, app), expires_in: TOKEN_LIFE_S }
    },
  )
}

function demandBody(request: FastifyRequest, names: readonly string[]): Fields {
  const body = bodyOf(request.body)
  if (body === undefined) throw missing('body')
  demand(body, names)
  return body
}

async function appOf(auth: Auth, id: string, secret: string): Promise<App | undefined> {
  const app = await auth.app('dingtalk', id)
  return app && auth.secretMatches(app, secret) ? app : undefined
}

/** Asked again while it lives, an app gets the same token and its life starts over. */
async function tokenOf(auth: Auth, app: App): Promise<string> {
  const { text } = await auth.reissue({
    dialect: 'dingtalk',
    purpose: 'access',
    tenant: app.tenant,
    app: app.id,
    user: '',
    scopes: [],
    ttlMs: TOKEN_LIFE_S * 1000,
  })
  return text
}
