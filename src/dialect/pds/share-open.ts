/** `/share_link/*` for visitors: what a share is before one holds its token, and the token. */
import { equalTexts } from '../../auth/secrets.ts'
import type { Link, LinkId, User } from '../../engine/index.ts'
import type { Call, Env, SteppedEndpoint, Steps } from './call.ts'
import { type Answer, noPermission, notFound, Refusal, sound, throttled } from './error.ts'
import { type Body, flag, integer, requiredText, text } from './request.ts'
import { visitorObject } from './share-present.ts'
import { closedAnswer, loginProblem, shareTokenData } from './share-visit.ts'
import { iso, userOf } from './terms.ts'

const TOKEN_LIFE_S_MAX = 7200
const PASSWORD_CHARACTERS_MAX = 64

export const shareGetToken: SteppedEndpoint = {
  url: '/share_link/get_share_token',
  apart: true,
  operation: 'GetShareLinkToken',
  coverage: 'done',
  scope: '',
  decides: true,
  guests: 'anybody',
  *steps(body, env): Call {
    const lifeS = integer(body, 'expire_sec', 0, TOKEN_LIFE_S_MAX) || TOKEN_LIFE_S_MAX
    const given = text(body, 'share_pwd', PASSWORD_CHARACTERS_MAX) ?? ''
    const skipsPassword = flag(body, 'check_share_pwd') === false
    const link = yield* openShare(env, body)
    const login = loginProblem(link, env.caller)
    if (login) return login
    if (skipsPassword && !(env.actor.admin && env.actor.tenant === link.tenant)) return noPermission('share_link')
    if (!skipsPassword && !env.auth.mayGuess(`share ${link.id}`)) return throttled()
    if (!skipsPassword && !equalTexts(env.auth.unseal(link.password), given)) {
      env.auth.guessedWrong(`share ${link.id}`)
      return sound(400, 'InvalidResource.SharePwd', 'The resource share_pwd is not valid.')
    }
    const { waits } = yield { uses: [{ link: link.id, what: 'accesses' }], waits: [() => handOut(env, link, lifeS)] }
    return waits[0]!
  },
}

/** A token that ends with the share at the latest. */
async function handOut({ auth, now }: Env, link: Link, lifeS: number): Promise<Answer> {
  const ttlMs = Math.min(lifeS * 1000, link.expiresAt === 0 ? Number.POSITIVE_INFINITY : link.expiresAt - now)
  const spec = { dialect: 'pds', purpose: 'link', tenant: link.tenant, app: '', user: '', scopes: [] } as const
  const { text, token } = await auth.issue({ ...spec, data: shareTokenData(link), ttlMs })
  return {
    status: 200,
    body: { share_token: text, expire_time: iso(token.expiresAt), expires_in: Math.floor(ttlMs / 1000) },
  }
}

export const shareGetByAnonymous: SteppedEndpoint = {
  url: '/share_link/get_by_anonymous',
  apart: true,
  operation: 'GetShareLinkByAnonymous',
  coverage: 'done',
  scope: '',
  guests: 'anybody',
  *steps(body, env): Call {
    const link = yield* openShare(env, body)
    const [creator] = yield* creatorOf(env, link)
    const { nick = '', name = '', phone = '', avatar = '' } = creator ?? {}
    return { status: 200, body: visitorObject(link, { name: nick || name, phone, avatar }) }
  },
}

function* creatorOf({ actor }: Env, { creator, tenant }: Link): Steps<readonly (User | null)[]> {
  const id = userOf(creator)
  const { users } = yield { users: id === undefined ? [] : [id], actor: { ...actor, tenant } }
  return users
}

/** The share a visitor names, if it is open. */
function* openShare(env: Env, body: Body): Steps<Link> {
  const { links } = yield { links: [requiredText(body, 'share_id') as LinkId] }
  const link = links[0]
  if (!link) throw new Refusal(notFound('share_link'))
  const closed = closedAnswer(link, env.now)
  if (closed) throw new Refusal(closed)
  return link
}
