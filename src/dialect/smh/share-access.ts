/** Getting into a share: what it is, who may come, by its extraction code and for how long. */
import { equalTexts } from '../../auth/secrets.ts'
import {
  type Actor,
  type App,
  type DriveId,
  hasEnded,
  type Json,
  type Lent,
  type Link,
  type LinkId,
  lentBy,
  type Subject,
  type Token,
} from '../../engine/index.ts'
import { bearerOf } from './auth.ts'
import type { Answer, Call } from './call.ts'
import { refuse } from './error.ts'
import { libraryActor } from './space-index.ts'
import { isoTime } from './terms.ts'
import { members, text, word } from './words.ts'

/** How long a visitor's token lasts, ms. */
const VISIT_MS = 10 * 60_000
const TOKEN_PREFIX = 'sharetk01'

/** What only this dialect keeps of a link, under `smh.share`. */
export interface ShareConfig {
  readonly library: string
  readonly forbidAnonymousUser: boolean
  readonly shareToUsers: readonly string[]
  /** How many users may come; 0 = any number. */
  readonly userLimit: number
  /** Who came, while their number is limited. */
  readonly visitors: readonly string[]
  readonly ownerEnabled: boolean
  readonly adminEnabled: boolean
  readonly deleted: boolean
  /** Whose authorities it was made with and goes by; absent = it was made with the grants of a token. */
  readonly subjects?: readonly Subject[]
}

export function sharedOf(link: Link): ShareConfig {
  return link.extra['smh.share'] as unknown as ShareConfig
}

export function extraOf(config: Partial<ShareConfig>): Record<string, Json> {
  return { 'smh.share': config as Json }
}

/** Whether a link was made as a share of this library and still is one. */
export function isShareOf(link: Link, library: App): boolean {
  const config = sharedOf(link) as ShareConfig | undefined
  return config !== undefined && config.library === library.id && link.tenant === library.tenant && !config.deleted
}

/** The share of a code and its library; whether it is open is another question. */
export async function shareOf(call: Call): Promise<{ link: Link; library: App }> {
  const [link] = await call.context.engine.links([call.params.code as LinkId])
  const config = link && (sharedOf(link) as ShareConfig | undefined)
  const library = config && (await call.context.auth.app('smh', config.library))
  if (!link || !library || !isShareOf(link, library)) throw refuse('ShareNotFound')
  return { link, library }
}

function demandOpen(call: Call, link: Link): void {
  if (link.state === 'closed') throw refuse('ShareDisabled')
  if (hasEnded(link, call.context.engine.now())) throw refuse('ShareExpired')
}

/** Hands a visitor a token of its own for what is shared. */
export async function verify(call: Call): Promise<Answer> {
  const { link, library } = await shareOf(call)
  demandOpen(call, link)
  const body = members(call)
  const own = text(body, 'access_token') ?? ''
  const user = await visitorOf(call, link, text(body, 'libraryId'), own)
  const { auth, engine } = call.context
  const guess = `share ${link.id}`
  if (link.password !== '' && !auth.mayGuess(guess)) throw refuse('RateLimitExceeded')
  if (link.password !== '' && !equalTexts(auth.unseal(link.password), text(body, 'extractionCode') ?? '')) {
    auth.guessedWrong(guess)
    throw refuse('ExtractionCodeInvalid')
  }
  await admit(call, link, library, user)
  const { text: accessToken, token } = await auth.issue(
    {
      ...{ dialect: 'smh', purpose: 'link', tenant: library.tenant, app: library.id, user, scopes: [] },
      // Another code makes the token worthless. With the visitor's own token in it, it can save what is shared.
      data: { share: link.id, password: link.password, own: auth.seal(own) },
      ttlMs: VISIT_MS,
    },
    TOKEN_PREFIX,
  )
  await engine.useLinks([{ link: link.id, what: 'accesses' }])
  return { status: 200, body: { accessToken, expireTime: isoTime(token.expiresAt) } }
}

/** Who comes: by the token of a library of the same tenant, which only shares for users ask for. */
async function visitorOf(call: Call, link: Link, library: string | undefined, own: string): Promise<string> {
  const { forbidAnonymousUser, shareToUsers, userLimit } = sharedOf(link)
  const isForUsers = forbidAnonymousUser || shareToUsers.length > 0 || userLimit > 0
  if (own === '' && isForUsers) throw refuse('LoginRequired')
  const token = own === '' ? undefined : await ownToken(call, link, own)
  if (own !== '' && (!token || (library && token.app !== library))) throw refuse('InvalidAccessToken')
  const user = token?.user ?? ''
  if (user === '' && isForUsers) throw refuse('AnonymousNotAllowed')
  if (shareToUsers.length > 0 && !shareToUsers.includes(user)) throw refuse('ShareAccessDenied')
  return user
}

async function ownToken(call: Call, link: Link, own: string): Promise<Token | undefined> {
  const token = await call.context.auth.check('smh', 'access', own)
  return token?.tenant === link.tenant ? token : undefined
}

/** Counts a user who comes for the first time, while the share's limit has room for another; exact however many come at once. */
async function admit(call: Call, link: Link, library: App, user: string): Promise<void> {
  const { userLimit, visitors } = sharedOf(link)
  if (userLimit === 0 || visitors.includes(user)) return
  const [changed] = await call.context.engine.updateLinks(libraryActor(library), [
    {
      id: link.id,
      set: (now) => {
        const config = sharedOf(now)
        const isKnown = config.visitors.includes(user)
        if (isKnown || config.visitors.length >= config.userLimit) return {}
        return { extra: extraOf({ ...config, visitors: [...config.visitors, user] }) }
      },
    },
  ])
  if ('error' in changed!) throw refuse('ShareNotFound')
  if (!sharedOf(changed!).visitors.includes(user)) throw refuse('ShareAccessDenied', 'The share has reached its limit.')
}

/** Whoever stands behind a share. */
function makerOf(link: Link, library: App): Actor {
  const { subjects } = sharedOf(link)
  return { ...libraryActor(library), ...(subjects ? { admin: false, subjects } : {}) }
}

/** What a share lends to whoever comes through it. */
export function lentThrough(link: Link, library: App): Lent {
  return lentBy(link, makerOf(link, library))
}

/** Whoever comes through a share sees what is in it and nothing else. */
export function holderOf(link: Link, library: App): Actor {
  const maker = makerOf(link, library)
  const nobody = {
    ...maker,
    self: `link:${link.id}` as const,
    subjects: [],
    admin: false,
    app: '',
    drives: [] as DriveId[],
  }
  return { ...nobody, lent: lentBy(link, maker) }
}

export interface Visited {
  readonly link: Link
  readonly library: App
  readonly actor: Actor
  /** The access token the visitor showed at the door; '' when none. */
  readonly own: string
}

/** The share a visitor's token opens, which must be the one the path names. */
export async function visited(call: Call): Promise<Visited> {
  const { link } = await shareOf(call)
  demandOpen(call, link)
  const given = word(call.query, 'access_token') ?? bearerOf(call)
  if (given === undefined) throw refuse('EmptyAccessToken')
  const here = await visitedWith(call, given)
  if (here.link.id !== link.id) throw refuse('ShareTokenInvalid')
  return here
}

/** The share that a visitor's token opens. */
export async function visitedWith(call: Call, given: string): Promise<Visited> {
  const { auth, engine } = call.context
  const token = await auth.check('smh', 'link', given)
  const memo = (token?.data ?? {}) as { share?: LinkId; password?: string; own?: string }
  const [link] = memo.share === undefined ? [] : await engine.links([memo.share])
  if (!token || !link || memo.password !== link.password) throw refuse('ShareTokenInvalid')
  const library = await auth.app('smh', token.app)
  if (!library || !isShareOf(link, library)) throw refuse('ShareNotFound')
  demandOpen(call, link)
  return { link, library, actor: holderOf(link, library), own: auth.unseal(memo.own ?? '') }
}

export function may({ actions }: Link, action: number): boolean {
  return (actions & action) !== 0
}
