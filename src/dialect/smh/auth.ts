/** Who calls: library, token or library secret, what its grants allow, and which spaces it opens. */
import type { Actor, App, Drive, DriveId, Json, Token } from '../../engine/index.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'
import { allowedBy, type Verb } from './grant.ts'
import { isMultiSpace } from './library.ts'
import { word } from './words.ts'

/** The longest user, client or session id that is written down. */
export const IDENTITY_CHARACTERS_MAX = 255
/** Where the drive keeps the vendor's space properties. */
export const EXTENSION = 'smh.extension'

/** What a token remembers beside its row. */
export interface TokenMemo {
  /** The spaces it is limited to; null = any of the library. */
  readonly spaces: readonly number[] | null
  /** Seconds that every call adds from now. */
  readonly period: number
  readonly client: string
  readonly session: string
}

export function tokenMemo(token: Token): TokenMemo {
  return token.data as unknown as TokenMemo
}

export function memoJson(memo: TokenMemo): Json {
  return { ...memo, spaces: memo.spaces && [...memo.spaces] }
}

/** A credential that was found good, in its library. */
export interface Caller {
  readonly library: App
  /** '' when the caller did not say. */
  readonly user: string
  readonly grants: ReadonlySet<string>
  /** The only spaces it opens; null = all. */
  readonly spaces: readonly DriveId[] | null
}

/** A caller within one space. */
export interface Visit {
  readonly caller: Caller
  readonly drive: Drive
  /** Has the rights of this call only. */
  readonly actor: Actor
}

export async function libraryOf(call: Call): Promise<App> {
  const library = await call.context.auth.app('smh', call.params.lib!)
  if (!library) throw refuse('LibraryNotFound')
  return library
}

/** The caller of the library the path names. */
export async function callerOf(call: Call): Promise<Caller> {
  const caller = await callerOrGuest(call)
  if (!caller) throw refuse('EmptyAccessToken')
  return caller
}

/** Undefined when the request carries no credential at all. */
async function callerOrGuest(call: Call): Promise<Caller | undefined> {
  const secret = word(call.query, 'library_secret')
  const text = word(call.query, 'access_token') ?? bearerOf(call)
  if (text === undefined && secret === undefined) return undefined
  const library = await libraryOf(call)
  if (text === undefined) {
    if (!call.context.auth.secretMatches(library, secret!)) throw refuse('WrongLibraryIdOrSecret')
    return { library, user: userWord(call), grants: new Set(['admin']), spaces: null }
  }
  return holder(call, library, text)
}

export function bearerOf(call: Call): string | undefined {
  return /^Bearer +(\S+)$/i.exec(call.request.headers.authorization ?? '')?.[1]
}

function userWord(call: Call): string {
  return identity(word(call.query, 'user_id') ?? '', 'user_id')
}

/** An identifier of the client's own that is only written down. */
export function identity(text: string, name: string): string {
  if (text.length > IDENTITY_CHARACTERS_MAX) throw refuse('ParamInvalid', `${name} is too long.`)
  return text
}

async function holder(call: Call, library: App, text: string): Promise<Caller> {
  const { auth, engine } = call.context
  const token = await auth.check('smh', 'access', text)
  if (!token) throw refuse('InvalidAccessToken')
  if (token.app !== library.id) throw refuse('AccessTokenNotMatchLibrary')
  const memo = tokenMemo(token)
  await auth.extend(token, engine.now() + memo.period * 1000)
  const grants = new Set(token.scopes)
  // A user may be named for one call only where the token has none of its own and may act for anyone.
  const user = token.user === '' && grants.has('admin') ? userWord(call) : token.user
  return { library, user, grants, spaces: memo.spaces as readonly DriveId[] | null }
}

/** Refuses the call unless the caller has one of the grants, or holds everything in the library. */
export function demand(caller: Caller, ...grants: string[]): void {
  if (!caller.grants.has('admin') && !grants.some((grant) => caller.grants.has(grant))) throw refuse('NoPermission')
}

/** The caller in the space the path names, with the rights for one kind of call. */
export async function visit(call: Call, verb: Verb): Promise<Visit> {
  const caller = await callerOrGuest(call)
  if (!caller) return { ...(await guest(call, verb)) }
  const drive = await spaceOf(call, caller)
  return { caller, drive, actor: await actorOf(call, caller, drive, verb) }
}

/** Reading a space that is public needs no token. */
async function guest(call: Call, verb: Verb): Promise<Visit> {
  if (verb !== 'read') throw refuse('EmptyAccessToken')
  const library = await libraryOf(call)
  const [drive] = await call.spaces.find(library, [call.params.space!])
  const extension = drive?.settings.extra?.[EXTENSION] as { isPublicRead?: boolean } | undefined
  if (!drive || extension?.isPublicRead !== true) throw refuse('EmptyAccessToken')
  const caller: Caller = { library, user: '', grants: new Set(), spaces: [drive.id] }
  return { caller, drive, actor: await actorOf(call, caller, drive, verb) }
}

async function spaceOf(call: Call, caller: Caller): Promise<Drive> {
  const [drive] = await spacesOf(call, caller, [call.params.space!])
  return drive!
}

/** The spaces that words mean, all of which the caller must be able to open. */
export async function spacesOf(call: Call, caller: Caller, words: readonly string[]): Promise<Drive[]> {
  const drives = await call.spaces.find(caller.library, words)
  return drives.map((drive) => {
    if (!drive) throw refuse('SpaceNotFound')
    if (!opens(caller, drive.id)) throw refuse('AccessTokenNotMatchSpace')
    return drive
  })
}

export function opens(caller: Caller, drive: DriveId): boolean {
  return caller.spaces === null || !isMultiSpace(caller.library) || caller.spaces.includes(drive)
}

/** Refuses when no grant of the caller is for calls of this kind; what it may do to each entry the engine judges. */
export async function actorOf(call: Call, caller: Caller, drive: Drive, verb: Verb): Promise<Actor> {
  const allow = allowedBy(caller.grants, verb, !drive.settings.trash)
  if (!allow) throw refuse('NoPermission')
  const actor = await call.context.auth.actor({
    tenant: caller.library.tenant,
    dialect: 'smh',
    app: caller.library.id,
    user: caller.user,
    // A token speaks for the library: it has what it was granted, whoever owns the space.
    admin: true,
    drives: isMultiSpace(caller.library) ? caller.spaces : [drive.id],
    allow,
    anyUser: true,
  })
  if (!actor) throw refuse('InvalidAccessToken', 'The user of the access token is disabled.')
  return actor
}
