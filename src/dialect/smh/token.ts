/** Access tokens: minting with the library's secret, renewing, deleting. Page 1339/71159 and its neighbours. */
import type { App, Token } from '../../engine/index.ts'
import { identity, libraryOf, memoJson, ownLibrary, tokenMemo } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { GRANTS } from './grant.ts'
import { isMultiSpace } from './library.ts'
import { SINGLE } from './terms.ts'
import { list, word } from './words.ts'

const PREFIX = 'acctk01'
const PERIOD_SECONDS = { min: 300, max: 315_360_000, otherwise: 86_400 }
/** The longest list of client or session ids one deletion may name. */
const IDS_MAX = 100
const TAG_CHARACTERS_MAX = 255

export const tokenOperations: readonly Operation[] = [
  {
    operation: 'Create access token',
    coverage: 'done',
    method: 'GET',
    path: 'token',
    handle: mint,
  },
  {
    operation: 'Create access token (POST)',
    coverage: 'done; sharing members of the body are ignored',
    method: 'POST',
    path: 'token',
    handle: mint,
  },
  { operation: 'Renew access token', coverage: 'done', method: 'POST', path: 'token/{lib}/{token}', handle: renew },
  { operation: 'Delete access token', coverage: 'done', method: 'DELETE', path: 'token/{lib}/{token}', handle: remove },
  {
    operation: "Delete a user's access tokens",
    coverage: 'done',
    method: 'DELETE',
    path: 'token/{lib}',
    handle: removeOf,
  },
]

async function mint(call: Call): Promise<Answer> {
  const { auth } = call.context
  const { query } = call
  const id = word(query, 'library_id')
  const secret = word(query, 'library_secret')
  if (id === undefined && secret === undefined) throw refuse('EmptyLibraryIdOrSecret')
  if (id === undefined) throw refuse('EmptyLibraryId')
  if (secret === undefined) throw refuse('EmptyLibrarySecret')
  const library = await auth.app('smh', id)
  if (!library || !auth.secretMatches(library, secret)) throw refuse('WrongLibraryIdOrSecret')

  const scopes = list(query, 'grant').map((grant) => grant.trim())
  const unknown = scopes.find((grant) => !GRANTS.some((known) => known === grant))
  if (unknown !== undefined) throw refuse('ParamInvalid', `grant has an unknown permission: ${unknown}`)
  const period = periodOf(query)
  const tag = word(query, 'allow_space_tag') ?? null
  if (tag !== null && tag.length > TAG_CHARACTERS_MAX) throw refuse('ParamInvalid', 'allow_space_tag is too long.')
  // Names a folder that a client keeps in step; nothing here goes by it.
  identity(word(query, 'local_sync_id') ?? '', 'local_sync_id')
  const memo = {
    spaces: await spacesNamed(call, library, scopes, tag),
    tag,
    period,
    client: identity(word(query, 'client_id') ?? '', 'client_id'),
    session: identity(word(query, 'session_id') ?? '', 'session_id'),
  }
  const { text } = await auth.issue(
    {
      dialect: 'smh',
      purpose: 'access',
      tenant: library.tenant,
      app: library.id,
      user: identity(word(query, 'user_id') ?? '', 'user_id'),
      scopes,
      data: memoJson(memo),
      ttlMs: period * 1000,
    },
    PREFIX,
  )
  return { status: 200, body: { accessToken: text, expiresIn: period } }
}

/** Seconds; too small or too large ones are brought into bounds, nonsense falls back, as the vendor's clients document. */
function periodOf(query: URLSearchParams): number {
  const { min, max, otherwise } = PERIOD_SECONDS
  const text = word(query, 'period') ?? ''
  if (!/^[0-9]{1,15}$/.test(text) || Number(text) === 0) return otherwise
  return Math.min(max, Math.max(min, Number(text)))
}

/** The spaces a token is limited to. Without any named, only `admin`, or a tag, opens spaces, and then all that it is for. */
async function spacesNamed(
  call: Call,
  library: App,
  scopes: readonly string[],
  tag: string | null,
): Promise<number[] | null> {
  if (!isMultiSpace(library)) return null
  const words = [...new Set(list(call.query, 'space_id').map((id) => id.trim()))].filter(
    (id) => id !== '' && id !== SINGLE,
  )
  if (words.length === 0) return scopes.includes('admin') || tag !== null ? null : []
  const drives = await call.spaces.find(library, words)
  return drives.map((drive) => {
    if (!drive) throw refuse('SpaceNotFound')
    return drive.id
  })
}

async function named(call: Call): Promise<Token> {
  const token = await call.context.auth.check('smh', 'access', call.params.token!)
  if (!token) throw refuse('InvalidAccessToken')
  await libraryOf(call, token)
  return token
}

async function renew(call: Call): Promise<Answer> {
  const token = await named(call)
  const { period } = tokenMemo(token)
  await call.context.auth.extend(token, call.context.engine.now() + period * 1000)
  return { status: 200, body: { accessToken: call.params.token, expiresIn: period } }
}

async function remove(call: Call): Promise<Answer> {
  const token = await named(call)
  await call.context.auth.revoke([token.id])
  return { status: 204 }
}

async function removeOf(call: Call): Promise<Answer> {
  const { auth } = call.context
  const { query } = call
  const secret = word(query, 'library_secret')
  if (secret === undefined) throw refuse('EmptyLibrarySecret')
  const library = await ownLibrary(call, secret)
  const user = word(query, 'user_id')
  if (user === undefined) throw refuse('ParamInvalid', 'user_id is required.')
  const clients = list(query, 'client_id')
  const sessions = list(query, 'session_id')
  if (clients.length > IDS_MAX || sessions.length > IDS_MAX) {
    throw refuse('ParamInvalid', `At most ${IDS_MAX} ids are allowed.`)
  }
  await auth.revokeOf({ tenant: library.tenant, app: library.id, user }, (token) => {
    const { client, session } = tokenMemo(token)
    const meant =
      (clients.length === 0 || clients.includes(client)) && (sessions.length === 0 || sessions.includes(session))
    return !meant
  })
  return { status: 204 }
}
