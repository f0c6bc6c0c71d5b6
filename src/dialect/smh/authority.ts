/**
 * Authorities: roles given to users and teams on directories, and on all below them. A token with `acl` goes by them where
 * its other grants do not suffice. Pages 1339/71112, 71114, 71304, 71346, 77861 and the mobile clients.
 */
import type { Actor, DriveId, GivenGrant, Grant, GrantCursor, Json, NodeView, Op, Subject } from '../../engine/index.ts'
import { acrossSpaces, type Caller, callerOf, demand, type Visit, visit } from './auth.ts'
import { type Answer, type Call, entryPath, type Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { isDescending } from './listing.ts'
import { PAGED_MAX, pageIn } from './page.ts'
import { perform } from './perform.ts'
import { entry, type Shown } from './present.ts'
import { bitsOf, noteOf, ROLES, roleIn, roleOf, roleShown, rolesIn, rolesOf } from './role.ts'
import { libraryActor } from './space-index.ts'
import { ITEMS_MAX, spaceIdOf, TEAM, teamOf, userOf } from './terms.ts'
import { json, type Members, member, members, membersOf, word } from './words.ts'

const AUTHORIZE = 'authority/{lib}/{space}/authorize/{path*}'

export const authorityOperations: readonly Operation[] = [
  { operation: 'List roles', coverage: 'done', method: 'GET', path: 'authority/{lib}/role-list', handle: listRoles },
  // As an earlier client of the vendor's spells it.
  {
    operation: 'List roles (old)',
    coverage: 'done',
    method: 'GET',
    path: 'authority/{lib}/getRoleList',
    handle: listRoles,
  },
  {
    operation: 'Set roles',
    coverage: 'done',
    method: 'POST',
    path: 'authority/{lib}/init-role-list',
    handle: setRoles,
  },
  {
    operation: 'List directories shared by me',
    coverage: 'done; nothing of an organization around the spaces; of the latest 10,000',
    method: 'GET',
    path: 'authority/{lib}/authorized-directory',
    handle: (call) => listGiven(call, 'by'),
  },
  {
    operation: 'List directories shared with me',
    coverage: 'done; of the token’s user and teams, whomever the body names; of the latest 10,000',
    method: 'POST',
    path: 'authority/{lib}/received-authorization-directory',
    handle: (call) => listGiven(call, 'to'),
  },
  {
    operation: 'List authorities of a directory',
    coverage: 'done; not what other APIs gave to groups',
    method: 'GET',
    path: 'authority/{lib}/{space}/directory-authority/{path*}',
    handle: listOn,
  },
  {
    operation: 'Leave a shared directory',
    coverage: 'done; what narrows an authority from above is not left',
    method: 'POST',
    path: AUTHORIZE,
    flag: 'exit',
    handle: (call) => authorize(call, () => null),
  },
  {
    operation: 'Take authorities back',
    coverage: 'done',
    method: 'POST',
    path: AUTHORIZE,
    flag: 'delete',
    handle: (call) => authorize(call, () => null),
  },
  { operation: 'Give authorities', coverage: 'done', method: 'POST', path: AUTHORIZE, handle: give },
  {
    operation: 'Give authorities on a space',
    coverage: 'done',
    method: 'POST',
    path: 'authority/{lib}/{space}/authorize-space',
    handle: give,
  },
]

async function listRoles(call: Call): Promise<Answer> {
  const { library } = await callerOf(call)
  return { status: 200, body: rolesOf(library).map(roleShown) }
}

/** A library is given roles of its own once: what was granted keeps its meaning. */
async function setRoles(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const roles = rolesIn(json(call))
  if (caller.library.extra[ROLES] !== undefined) throw refuse('ParamInvalid', 'The roles have been set already.')
  await call.context.auth.changeApp(caller.library, { [ROLES]: roles as unknown as Json })
  return { status: 200, body: roles.map(roleShown) }
}

function give(call: Call): Promise<Answer> {
  return authorize(call, (item, { library }) => {
    const role = roleOf(library, member(item, 'roleId'))
    return { actions: bitsOf(role), role: noteOf(role) }
  })
}

type Given = { readonly actions: number; readonly role: string } | null

/** All of the subjects get what is given, or none does. */
async function authorize(call: Call, given: (item: Members, caller: Caller) => Given): Promise<Answer> {
  const here = await visit(call, 'authorize')
  const node = { drive: here.drive.id, path: entryPath(call) }
  const items = itemsOf(call)
  const subjects = await subjectsOf(call, here, items)
  const ops = items.map((item, at): Op => {
    const { actions = null, role = '' } = given(item, here.caller) ?? {}
    return { kind: 'grant', node, subject: subjects[at]!, actions, role, expiresAt: 0 }
  })
  const isFolder: Op = { kind: 'get', node, need: 0, trashed: 'no', expect: 'folder' }
  const results = await call.context.engine.batch(here.actor, [isFolder, ...ops], 'all')
  const failed = results.flatMap((result) => (result.status === 'failed' ? [result.error] : []))
  const reason = failed.find(({ code }) => code !== 'batch_refused')
  if (reason) throw new Refusal(faultOf(reason, { kind: 'folder', source: false }))
  return { status: 200 }
}

/** `authorizeTo`: a list, or, as one client writes it for whole spaces, a single object. */
function itemsOf(call: Call): Members[] {
  const given = member(members(call), 'authorizeTo')
  const list = Array.isArray(given) ? given : given === undefined ? [] : [given]
  if (list.length === 0) throw refuse('NoItemsProvided')
  if (list.length > ITEMS_MAX) throw refuse('TooManyItems')
  return list.map((item) => membersOf(item, 'A member of authorizeTo'))
}

/** Each item's user, or the team whose space it names. */
async function subjectsOf(call: Call, { caller }: Visit, items: readonly Members[]): Promise<Subject[]> {
  const spaces = items.map((item) => idIn(item, 'spaceId'))
  const drives = await call.spaces.find(caller.library, spaces)
  return items.map((item, at): Subject => {
    const user = idIn(item, 'userId')
    if ((user === '') === (spaces[at] === '')) throw refuse('ParamInvalid', 'Either userId or spaceId is required.')
    if (user !== '') return `user:${user}`
    if (!drives[at]) throw refuse('SpaceNotFound')
    return teamOf(drives[at].id)
  })
}

/** An id as a text or a number; '' when there is none. */
function idIn(item: Members, name: string): string {
  const value = member(item, name) ?? ''
  const id = typeof value === 'number' ? String(value) : value
  if (typeof id === 'string' && id.length <= ID_CHARACTERS_MAX) return id
  throw refuse('ParamInvalid', `${name} is invalid.`)
}

const ID_CHARACTERS_MAX = 255

interface Shared {
  readonly grant: Grant
  readonly tag: number
}

/** Who may do what on a directory: what was given there, and what it inherits. Of one subject the nearest counts. */
async function listOn(call: Call): Promise<Answer> {
  const here = await visit(call, 'read')
  const node = { drive: here.drive.id, path: entryPath(call) }
  const about = { kind: 'folder', source: false } as const
  const result = await perform(call, here.actor, { kind: 'grants', node, inherited: true }, about)
  if (result.status !== 'done' || result.view!.node.kind !== 'folder') throw refuse('DirectoryNotFound')
  const nearest = new Map<Subject, Shared>()
  for (const { grant, node: place } of result.grants ?? []) {
    const tag = place.id === result.view!.node.id ? OWN_TAG : INHERITED_TAG
    if (!nearest.has(grant.subject)) nearest.set(grant.subject, { grant, tag })
  }
  const rows = [...nearest.values()].sort(byPlace)
  const named = await namesOf(
    call,
    here.caller,
    rows.map(({ grant }) => grant.subject),
  )
  const body = rows.flatMap(({ grant, tag }) => {
    const name = named.get(grant.subject)
    const role = roleIn(here.caller.library, grant)
    return name ? [{ ...name, name: role?.name ?? '', roleId: role?.id ?? 0, tag }] : []
  })
  return { status: 200, body }
}

/** What was given here first, users before teams. */
function byPlace(a: Shared, b: Shared): number {
  const [one, other] = [a.grant.subject, b.grant.subject]
  return a.tag - b.tag || Number(isTeam(one)) - Number(isTeam(other)) || (one < other ? -1 : 1)
}

const OWN_TAG = 0
const INHERITED_TAG = 1

/** Subjects in the vendor's words, users and teams; it has none for others. */
async function namesOf(call: Call, { library }: Caller, subjects: readonly Subject[]) {
  const teams = subjects.flatMap((subject) =>
    isTeam(subject) ? [Number(subject.slice(PREFIX.length)) as DriveId] : [],
  )
  const drives = await call.context.engine.drives(libraryActor(library), teams)
  const named = new Map<Subject, { userId: string | null; spaceId: string | null }>()
  for (const drive of drives) {
    if (drive) named.set(teamOf(drive.id), { userId: null, spaceId: spaceIdOf(drive, library.id) })
  }
  for (const subject of subjects) {
    if (subject.startsWith('user:')) named.set(subject, { userId: userOf(subject), spaceId: null })
  }
  return named
}

const PREFIX = `group:${TEAM}`

function isTeam(subject: Subject): boolean {
  return subject.startsWith(PREFIX)
}

/** The directories on which the caller gave authorities, or has some. */
async function listGiven(call: Call, side: 'to' | 'by'): Promise<Answer> {
  const caller = await callerOf(call)
  if (side === 'to') demand(caller, 'acl')
  const order = orderOf(call)
  const actors = await acrossSpaces(call, caller, side === 'to')
  const lists = await Promise.all(actors.map((actor) => given(call, actor, side)))
  const views = lists.flat().filter(({ node }) => node.kind === 'folder')
  const directories = new Map(views.map((view) => [view.node.id, view]))
  const { shown, more } = pageIn(call.query, [...directories.values()].sort(order))
  const contents = shown.map((view) => directory(call, caller, view))
  return { status: 200, body: { totalNum: directories.size, ...more, contents } }
}

/** All that somebody gave or was given, latest first; what is beyond the bound of page numbers is not told. */
async function given(call: Call, actor: Actor, side: 'to' | 'by'): Promise<NodeView[]> {
  const subjects = side === 'to' ? actor.subjects : actor.subjects.filter((subject) => subject === actor.self)
  const found: GivenGrant[] = []
  let after: GrantCursor | null = null
  do {
    const page: Awaited<ReturnType<Call['context']['engine']['grantsOf']>> = await call.context.engine.grantsOf(actor, {
      ...{ side, subjects, after, limit: PAGE },
    })
    if ('status' in page) throw new Refusal(faultOf(page.error, { kind: 'folder', source: false }))
    found.push(...page.items)
    after = page.next
  } while (after !== null && found.length < PAGED_MAX)
  return found.map(({ view }) => view)
}

const PAGE = 1000

function directory(call: Call, { library }: Caller, view: NodeView): Shown {
  const shown = entry(call, view, { media: false, byAuthority: true })
  return { spaceId: spaceIdOf(view.drive, library.id), ...shown, path: view.path }
}

const ORDERS: Readonly<Record<string, (a: NodeView, b: NodeView) => number>> = {
  name: (a, b) => Buffer.compare(Buffer.from(a.node.name), Buffer.from(b.node.name)),
  modificationTime: (a, b) => a.node.updatedAt - b.node.updatedAt,
  creationTime: (a, b) => a.node.createdAt - b.node.createdAt,
  // Directories have none.
  size: () => 0,
}

function orderOf({ query }: Call): (a: NodeView, b: NodeView) => number {
  const by = word(query, 'order_by') ?? 'name'
  const order = Object.hasOwn(ORDERS, by) ? ORDERS[by] : undefined
  if (!order) throw refuse('ParamInvalid', 'order_by is unknown.')
  const sign = isDescending(query) ? -1 : 1
  return (a, b) => sign * (order(a, b) || a.node.id - b.node.id)
}
