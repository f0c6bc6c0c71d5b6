/**
 * Going through a share: `x-share-token` names it, `share_id` in a body says that this call is meant to. Such a call sees
 * the shared items and nothing else, whoever makes it.
 */
import type { Actor, Json, Link, LinkId } from '../../engine/index.ts'
import { ALL_ACTIONS, hasEnded, lentBy } from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { type Caller, permits } from './auth.ts'
import type { Endpoint, Env, Share } from './call.ts'
import { type Answer, noPermission, Refusal, shareTokenInvalid, sound } from './error.ts'
import { type Body, text } from './request.ts'
import { subjectParts } from './terms.ts'

/** Of a link: whether its visitors must have an account. */
export const REQUIRE_LOGIN = 'pds.require_login'
/** Of a link: whether it opens the whole drive. */
export const SHARE_ALL = 'pds.share_all_files'

/** What a share token remembers. Another password makes it worthless. */
export function shareTokenData(link: Link): Json {
  return { share: link.id, password: link.password }
}

/** The share behind a token; refused when the token, or the share by now, is no longer good. */
export async function visitedShare(context: DialectContext, token: string, caller: Caller | null): Promise<Share> {
  const { auth, engine } = context
  const found = await auth.check('pds', 'link', token)
  if (!found) throw new Refusal(shareTokenInvalid('expired'))
  const { share, password } = found.data as { share: LinkId; password: string }
  const [link] = await engine.links([share])
  if (!link || link.password !== password) throw new Refusal(shareTokenInvalid('expired'))
  const closed = closedAnswer(link, engine.now()) ?? (await loginProblem(link, caller))
  if (closed) throw new Refusal(closed)
  const maker = await makerOf(context, link)
  if (!maker) throw new Refusal(sound(403, 'ShareLink.Forbidden', 'The share link is forbidden.'))
  return shareOf(link, maker, caller?.actor ?? null)
}

/** Why a share opens to nobody; null while it does. */
export function closedAnswer(link: Link, now: number): Answer | null {
  if (link.state === 'closed') return sound(400, 'ShareLink.Cancelled', 'The share link has been cancelled.')
  if (hasEnded(link, now)) return sound(400, 'ShareLink.Expired', 'The share link has expired.')
  return null
}

/** Why a visitor without an account is not let in. */
export function loginProblem({ extra }: Link, caller: Caller | null): Answer | null {
  return extra[REQUIRE_LOGIN] === true && !caller?.user ? noPermission('share_link') : null
}

/** Whoever made the link, as it is now, and not as it was remembered: a link is worth no more than its maker. */
async function makerOf({ auth, engine }: DialectContext, { creator, tenant }: Link): Promise<Actor | undefined> {
  const { type, id } = subjectParts(creator)
  const isUser = type === 'user'
  const spec = { tenant, dialect: 'pds', app: isUser ? '' : id, user: isUser ? id : '', admin: !isUser } as const
  const maker = await auth.actor(spec)
  const now = maker && (await engine.current(maker))
  return now?.tenant ? now : undefined
}

function shareOf(link: Link, maker: Actor, caller: Actor | null): Share {
  const lent = lentBy(link, maker)
  const isMember = caller !== null && caller.tenant === link.tenant
  const nobody: Actor = {
    tenant: link.tenant,
    self: isMember ? caller.self : `link:${link.id}`,
    subjects: [],
    admin: false,
    app: '',
    drives: [],
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'pds',
  }
  return { link, holder: { ...nobody, lent }, member: isMember ? { ...caller, lent } : null }
}

/** Whoever has neither an account nor a share: may do what anybody may. */
export const STRANGER: Actor = {
  tenant: '' as Actor['tenant'],
  self: 'everyone',
  subjects: [],
  admin: false,
  app: '',
  drives: [],
  allow: { file: 0, folder: 0 },
  dialect: 'pds',
}

/** On whose behalf a call runs; refused when the credential does not reach so far. */
export function admitted({ scope, guests }: Pick<Endpoint, 'scope' | 'guests'>, body: Body, env: Env): Env {
  const isWelcome = env.caller !== null || guests !== undefined
  if (!isWelcome || !permits(env.scopes, scope)) throw new Refusal(noPermission('api'))
  return guests === 'share' ? through(env, body) : env
}

/** How a call goes: through the share whose token came along, if it names it or has no other way; else as its caller. */
function through(env: Env, body: Body): Env {
  const named = text(body, 'share_id')
  const { visit } = env
  if (!visit || (!named && env.caller)) return env
  if (named && named !== visit.link.id) {
    throw new Refusal(
      sound(400, 'InvalidParameterNotMatch.ShareId', "The input parameter share_id doesn't match the token."),
    )
  }
  return { ...env, share: visit, actor: visit.holder }
}

/** 403 for a use that the share's limits leave no room for. */
export const LIMIT_REACHED: Answer = sound(403, 'ShareLink.Forbidden', 'The limit of the share link is reached.')
