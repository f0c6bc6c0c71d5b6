/** Who calls: library, token or library secret, what its grants allow, and which spaces it opens. */
import {
  type Actor,
  ALL_ACTIONS,
  type App,
  type Drive,
  type DriveId,
  type Json,
  type Kind,
  type Token,
} from '../../engine/index.ts'
import type { Call } from './call.ts'
import { refuse } from './error.ts'
import { allowedBy, isByAuthority, kindsOf, rules, type Verb } from './grant.ts'
import { isMultiSpace } from './library.ts'
import { SINGLE, teamOf } from './terms.ts'
import { word } from './words.ts'

/** The longest user, client or session id that is written down. */
export const IDENTITY_CHARACTERS_MAX = 255
/** Where the drive keeps the vendor's space properties. */
export const EXTENSION = 'smh.extension'

/** What a token remembers beside its row. */
export interface TokenMemo {
  /** The spaces it is limited to; null = any of the library. */
  readonly spaces: readonly number[] | null
  /** Of these only the ones that have this tag when they are called; null = whatever their tag. */
  readonly tag: string | null
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
  /** The tag that a space must have to be opened; null = none. */
  readonly tag: string | null
  /** Absent for who named the library's secret, or came without a credential. */
  readonly token?: Token
}

/** A caller within one space. */
export interface Visit {
  readonly caller: Caller
  readonly drive: Drive
  /** Has the rights of this call only. */
  readonly actor: Actor
  /** Whether it has them from authorities; otherwise from the grants of the token. */
  readonly byAuthority: boolean
}

/** Whether the visitor may do everything in the space. */
export function rulesHere({ caller, byAuthority }: Visit): boolean {
  return !byAuthority && rules(caller.grants)
}

/** The kinds of entries the visitor may carry; which of them, authorities judge. */
export function kindsHere({ caller, byAuthority }: Visit, verb: 'move' | 'copy'): Kind[] {
  return byAuthority ? ['folder', 'file'] : kindsOf(caller.grants, verb)
}

/** The library the path names, for the holder of a token; another tenant’s is as one that is not there. */
export async function libraryOf(call: Call, token: Token): Promise<App> {
  const library = await namedLibrary(call)
  if (library?.tenant !== token.tenant) throw refuse('LibraryNotFound')
  if (token.app !== library.id) throw refuse('AccessTokenNotMatchLibrary')
  return library
}

/** The library the path names, for who knows its secret. Who does not learns not even that there is one. */
export async function ownLibrary(call: Call, secret: string): Promise<App> {
  const library = await namedLibrary(call)
  if (!library || !call.context.auth.secretMatches(library, secret)) throw refuse('WrongLibraryIdOrSecret')
  return library
}

function namedLibrary(call: Call): Promise<App | undefined> {
  return call.context.auth.app('smh', call.params.lib!)
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
  if (text !== undefined) return holder(call, text)
  if (secret === undefined) return undefined
  const library = await ownLibrary(call, secret)
  return { library, user: userWord(call), grants: new Set(['admin']), spaces: null, tag: null }
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

async function holder(call: Call, text: string): Promise<Caller> {
  const { auth, engine } = call.context
  const token = await auth.check('smh', 'access', text)
  if (!token) throw refuse('InvalidAccessToken')
  const library = await libraryOf(call, token)
  const memo = tokenMemo(token)
  await auth.extend(token, engine.now() + memo.period * 1000)
  const grants = new Set(token.scopes)
  // A user may be named for one call only where the token has none of its own and may act for anyone.
  const user = token.user === '' && grants.has('admin') ? userWord(call) : token.user
  return { library, user, grants, spaces: memo.spaces as readonly DriveId[] | null, tag: memo.tag, token }
}

/** Refuses the call unless the caller has one of the grants, or holds everything in the library. */
export function demand(caller: Caller, ...grants: string[]): void {
  if (!caller.grants.has('admin') && !grants.some((grant) => caller.grants.has(grant))) throw refuse('NoPermission')
}

/** The caller in the space the path names, with the rights for one kind of call. */
export async function visit(call: Call, verb: Verb): Promise<Visit> {
  const caller = await callerOrGuest(call)
  if (!caller) return { ...(await guest(call, verb)) }
  const [drive] = await call.spaces.find(caller.library, [call.params.space!])
  if (!drive) throw refuse('SpaceNotFound')
  const isOpen = opens(caller, drive)
  const allow = isOpen ? allowOf(caller, drive, verb) : undefined
  if (!allow && isByAuthority(caller.grants, verb)) {
    return { caller, drive, actor: await authorized(call, caller, [drive.id]), byAuthority: true }
  }
  if (!isOpen) throw refuse('AccessTokenNotMatchSpace')
  return { caller, drive, actor: await actorOf(call, caller, drive, verb), byAuthority: false }
}

/** Whether the caller came without a credential. */
export function isGuest({ token, grants }: Pick<Caller, 'token' | 'grants'>): boolean {
  return token === undefined && grants.size === 0
}

/** Reading a space that is public needs no token. What users keep for themselves is not the space's. */
async function guest(call: Call, verb: Verb): Promise<Visit> {
  if (verb !== 'read' && verb !== 'inspect') throw refuse('EmptyAccessToken')
  const library = await namedLibrary(call)
  const [drive] = library ? await call.spaces.find(library, [call.params.space!]) : []
  const extension = drive?.settings.extra?.[EXTENSION] as { isPublicRead?: boolean } | undefined
  if (!library || !drive || extension?.isPublicRead !== true) throw refuse('EmptyAccessToken')
  const caller: Caller = { library, user: '', grants: new Set(), spaces: [drive.id], tag: null }
  return { caller, drive, actor: await actorOf(call, caller, drive, verb), byAuthority: false }
}

/** The spaces that words mean, all of which the caller must be able to open. */
export async function spacesOf(call: Call, caller: Caller, words: readonly string[]): Promise<Drive[]> {
  const drives = await call.spaces.find(caller.library, words)
  return drives.map((drive) => {
    if (!drive) throw refuse('SpaceNotFound')
    if (!opens(caller, drive)) throw refuse('AccessTokenNotMatchSpace')
    return drive
  })
}

/** Whether the caller's credential is for this space, as it is tagged now. */
export function opens({ library, spaces, tag }: Caller, drive: Drive): boolean {
  if (!isTagged({ tag }, drive)) return false
  return spaces === null || !isMultiSpace(library) || spaces.includes(drive.id)
}

/** Whether the space has the tag that the caller's token asks for, if it asks for one. */
export function isTagged({ tag }: Pick<Caller, 'tag'>, { settings }: Drive): boolean {
  const extension = settings.extra?.[EXTENSION] as { spaceTag?: string | null } | undefined
  return tag === null || extension?.spaceTag === tag
}

/** The drives that the caller's actor may reach when it is in one. Tags are looked at for the spaces a call names only. */
function reachOf({ library, spaces, tag }: Caller, drive: Drive): readonly DriveId[] | null {
  return isMultiSpace(library) && tag === null ? spaces : [drive.id]
}

/** The same visit, in which the actor reaches other spaces too. They were found open before. */
export function reaching<Here extends Visit>(here: Here, others: readonly DriveId[]): Here {
  const { actor } = here
  if (actor.drives === null || others.every((id) => actor.drives!.includes(id))) return here
  return { ...here, actor: { ...actor, drives: [...new Set([...actor.drives, ...others])] } }
}

function allowOf({ grants }: Caller, drive: Drive, verb: Verb) {
  return allowedBy(grants, verb, !drive.settings.trash)
}

/** Refuses when no grant of the caller is for calls of this kind; what it may do to each entry the engine judges. */
export async function actorOf(call: Call, caller: Caller, drive: Drive, verb: Verb): Promise<Actor> {
  const allow = allowOf(caller, drive, verb)
  if (!allow) throw refuse('NoPermission')
  // A token speaks for the library: it has what it was granted, whoever owns the space.
  return made(call, caller, { admin: true, drives: reachOf(caller, drive), allow })
}

/**
 * The caller as one who has what authorities give it, on directories of any space. They are given to users and to teams,
 * which are spaces: a token is of the teams whose spaces it names.
 */
async function authorized(call: Call, caller: Caller, drives: readonly DriveId[] | null): Promise<Actor> {
  const allow = { file: ALL_ACTIONS, folder: ALL_ACTIONS }
  const actor = await made(call, caller, { admin: false, drives, allow })
  // What the library owns, and what it began, is not its tokens' own.
  const own = actor.subjects.filter((subject) => !subject.startsWith('app:'))
  const self = caller.user === '' ? (`app:${caller.library.id}/` as const) : actor.self
  return { ...actor, self, admin: false, subjects: [...own, ...(caller.spaces ?? []).map(teamOf)] }
}

/**
 * Whom the caller is in the spaces of its library: by what its token is granted, if that is for reading, and by authorities
 * if it goes by them.
 */
export async function acrossSpaces(call: Call, caller: Caller, onlyByAuthority: boolean): Promise<Actor[]> {
  const { grants, library } = caller
  const allow = onlyByAuthority ? undefined : allowedBy(grants, 'read')
  const single = isMultiSpace(library) ? null : (await spacesOf(call, caller, [SINGLE])).map(({ id }) => id)
  return [
    ...(allow
      ? [await made(call, caller, { admin: true, drives: single ?? (await opened(call, caller)), allow })]
      : []),
    ...(onlyByAuthority || isByAuthority(grants, 'read') ? [await authorized(call, caller, single)] : []),
  ]
}

async function opened(call: Call, caller: Caller): Promise<readonly DriveId[] | null> {
  if (caller.tag === null) return caller.spaces
  const drives = await call.spaces.all(caller.library)
  return drives.flatMap((drive) => (opens(caller, drive) ? [drive.id] : []))
}

async function made(call: Call, caller: Caller, rights: Pick<Actor, 'admin' | 'drives' | 'allow'>) {
  const { user, token } = caller
  const { tenant, id: app } = caller.library
  const held = token === undefined ? {} : { token }
  const actor = await call.context.auth.actor({ tenant, dialect: 'smh', app, user, anyUser: true, ...held, ...rights })
  if (!actor) throw refuse('InvalidAccessToken', 'The user of the access token is disabled.')
  return actor
}
