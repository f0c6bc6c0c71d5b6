/** `/file/*_permission` and what is shared inside the domain: roles of users and groups on folders. */
import {
  ACTIONS,
  type ActionBits,
  type Failed,
  type GivenGrant,
  type GivenGrants,
  type GrantCursor,
  type GrantView,
  type NodeView,
  type Op,
  type Ref,
  type Subject,
} from '../../engine/index.ts'
import { type Call, type DirectEndpoint, type Env, runSteps, type SteppedEndpoint, type Steps } from './call.ts'
import { type Answer, empty, failedAnswer, missing, noPermission, notFound, notValid, Refusal } from './error.ts'
import { badMarker, markerText, readMarker } from './marker.ts'
import { one, viewOf } from './outcome.ts'
import { files } from './present.ts'
import { type Body, choice, flag, integer, isObject, objects, pageSize, requiredText, text, texts } from './request.ts'
import { actionList, aliasOf, fileRef, grantableActions, ROOT, subjectParts, userOf } from './terms.ts'

const MEMBERS_MAX = 100
const PAGE_MAX = 100
/** What clients send for "never". */
const NEVER_MS = 4_775_500_800_000

const LOOK = ['FILE.VISIBLE', 'FILE.LIST']
const VIEW = [...LOOK, 'FILE.PREVIEW']
const FETCH = [...VIEW, 'FILE.DOWNLOAD', 'FILE.COPY']
const LINK = ['FILE.SHARELINK']
const PUT = ['FILE.CREATE']
const EDIT = [...FETCH, ...PUT, 'FILE.UPDATE', 'FILE.MOVE']

/** Roles, by the actions their names promise. The owner may also say who else may. */
const ROLES: Readonly<Record<string, ActionBits>> = {
  SystemFileOwner: bits([...EDIT, 'FILE.DELETE', ...LINK]) | ACTIONS.permCtl,
  SystemFileEditor: bits([...EDIT, 'FILE.DELETE', ...LINK]),
  SystemFileEditorWithoutDelete: bits([...EDIT, ...LINK]),
  SystemFileEditorWithoutShareLink: bits([...EDIT, 'FILE.DELETE']),
  SystemFileUploaderAndDownloaderWithShareLink: bits([...FETCH, ...PUT, ...LINK]),
  SystemFileUploaderAndDownloader: bits([...FETCH, ...PUT]),
  SystemFileDownloaderWithShareLink: bits([...FETCH, ...LINK]),
  SystemFileDownloader: bits(FETCH),
  SystemFileUploaderAndViewer: bits([...VIEW, ...PUT]),
  SystemFileUploaderWithShareLink: bits([...LOOK, ...PUT, ...LINK]),
  SystemFileUploader: bits([...LOOK, ...PUT]),
  SystemFileViewer: bits(VIEW),
  SystemFileMetaViewer: bits(LOOK),
}

function bits(names: readonly string[]): ActionBits {
  return names.reduce((sum, name) => sum | grantableActions(name)!, 0)
}

export const fileAddPermission: SteppedEndpoint = {
  url: '/file/add_permission',
  operation: 'FileAddPermission',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const members = membersOf(body)
    const given = members.map((member) => ({ subject: subjectOf(member), ...termsOf(member) }))
    yield* mustExist(given.map(({ subject }) => subject))
    yield* sharableFolder(node)
    // An identity has one role: what it was given in another form goes.
    const before = members.flatMap(subjectsOf).filter((subject) => given.every((one) => one.subject !== subject))
    const ops = given.map((one): Op => ({ kind: 'grant', node, ...one }))
    return emptied((yield { ops: [...ops, ...before.map((subject) => takenFrom(node, subject))] }).results)
  },
}

export const fileRemovePermission: SteppedEndpoint = {
  url: '/file/remove_permission',
  operation: 'FileRemovePermission',
  coverage: 'done',
  scope: 'FILE.UPDATE',
  *steps(body, env): Call {
    const node = fileRef(env, body)
    const ops = membersOf(body)
      .flatMap(subjectsOf)
      .map((subject) => takenFrom(node, subject))
    return emptied((yield { ops }).results)
  },
}

/** 204 once all are done. */
function emptied(results: readonly { status: string }[]): Answer {
  const failed = results.find((result): result is Failed => result.status === 'failed')
  return failed ? failedAnswer(failed.error) : { status: 204 }
}

function membersOf(body: Body): Body[] {
  const list = objects(body, 'member_list', MEMBERS_MAX)
  if (list === undefined) throw new Refusal(missing('member_list'))
  if (list.length === 0) throw new Refusal(empty('member_list'))
  return list
}

function takenFrom(node: Ref, subject: Subject): Op {
  return { kind: 'grant', node, subject, actions: null, role: '', expiresAt: 0 }
}

/** Of a group, with `disinherit_sub_group`, only those who are in it directly. */
function subjectOf(member: Body): Subject {
  const [whole, direct] = subjectsOf(member)
  return flag(member, 'disinherit_sub_group') ? (direct ?? whole!) : whole!
}

/** Every form in which an identity may have been given a role. */
function subjectsOf({ identity }: Body): Subject[] {
  if (!isObject(identity)) throw new Refusal(identity === undefined ? missing('identity') : notValid('identity'))
  const type = choice(identity, 'identity_type', ['IT_User', 'IT_Group'])
  if (type === undefined) throw new Refusal(missing('identity_type'))
  const id = requiredText(identity, 'identity_id')
  return type === 'IT_User' ? [`user:${id}`] : [`group:${id}`, `members:${id}`]
}

/** A role by name, or one made of actions for the occasion. */
function termsOf(member: Body): { actions: ActionBits; role: string; expiresAt: number } {
  const until = integer(member, 'expire_time', 0, Number.MAX_SAFE_INTEGER) ?? 0
  const expiresAt = until >= NEVER_MS ? 0 : until
  const role = text(member, 'role_id')
  if (role) {
    const actions = Object.hasOwn(ROLES, role) ? ROLES[role] : undefined
    if (actions === undefined) throw new Refusal(notValid('role_id'))
    return { actions, role, expiresAt }
  }
  const names = texts(member, 'action_list', 100, 64) ?? []
  if (names.length === 0) throw new Refusal(missing('role_id'))
  if (names.some((name) => grantableActions(name) === undefined)) throw new Refusal(notValid('action_list'))
  const actions = bits(['FILE.VISIBLE', ...names])
  return { actions, role: `TemporaryRole${actions.toString(16)}`, expiresAt }
}

function* mustExist(subjects: readonly Subject[]): Steps<void> {
  const idsOf = (isWanted: (type: string) => boolean) =>
    subjects.map(subjectParts).flatMap(({ type, id }) => (isWanted(type) ? [id] : []))
  const isUser = (type: string) => type === 'user'
  const { users, groups } = yield { users: idsOf(isUser), groups: idsOf((type) => !isUser(type)) }
  if (users.includes(null)) throw new Refusal(notFound('user'))
  if (groups.includes(null)) throw new Refusal(notFound('group'))
}

/** Only folders are shared so, and of a personal drive not the whole. */
function* sharableFolder(node: Ref): Steps<void> {
  const result = yield* one({ kind: 'get', node, need: ACTIONS.list, trashed: 'no' })
  const { node: folder, drive } = viewOf(result)
  const isWhole = folder.id === drive.root && userOf(drive.owner) !== undefined
  if (folder.kind !== 'folder' || isWhole)
    throw new Refusal(notValid('file_id', 'Only folders below the root are shared.'))
}

export const fileListPermission: SteppedEndpoint = {
  url: '/file/list_permission',
  operation: 'FileListPermission',
  coverage: 'done',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const { grants, view } = yield* grantsOf(env, body, false)
    return { status: 200, body: grants.map((one) => memberObject(env, view, one)) }
  },
}

export const fileListInheritPermission: SteppedEndpoint = {
  url: '/file/list_inherit_permission',
  operation: 'FileListInheritPermission',
  coverage: 'done',
  scope: 'FILE.GET',
  *steps(body, env): Call {
    const { grants, view } = yield* grantsOf(env, body, true)
    const inherited = grants.filter(({ node }) => node.id !== view.node.id)
    const items = inherited.map((one) => ({
      file_id: aliasOf(env.engine, view.drive, one.node),
      member: memberObject(env, view, one),
    }))
    return { status: 200, body: { items } }
  },
}

function* grantsOf(env: Env, body: Body, inherited: boolean): Steps<{ view: NodeView; grants: readonly GrantView[] }> {
  const node = fileRef(env, body)
  const result = yield* one({ kind: 'grants', node, inherited })
  const view = viewOf(result)
  if (result.status !== 'done' || !result.grants) throw new Error('the op has no grants')
  return { view, grants: result.grants }
}

function memberObject(env: Env, { drive }: NodeView, { grant, node, path }: GrantView): object {
  const { type, id } = subjectParts(grant.subject)
  return {
    domain_id: drive.tenant,
    drive_id: String(drive.id),
    file_id: aliasOf(env.engine, drive, node),
    identity: { identity_type: type === 'user' ? 'IT_User' : 'IT_Group', identity_id: id },
    role_id: grant.role,
    action_list: actionList('folder', grant.actions),
    disinherit_sub_group: type === 'members',
    expire_time: grant.expiresAt || NEVER_MS,
    creator: userOf(grant.creator) ?? '',
    created_at: grant.createdAt,
    can_access: true,
    file_full_path: [ROOT, ...path].join('/'),
  }
}

export const fileListUserPermission: DirectEndpoint = {
  url: '/file/list_user_permission',
  operation: 'FileListUserPermission',
  coverage: 'done',
  scope: 'FILE.GET',
  decides: true,
  async run(body, env) {
    const user: Subject = `user:${text(body, 'user_id') || env.user}`
    const subjects = choice(body, 'type', ['self', 'group']) === 'group' ? await groupsOf(env, user) : [user]
    const page = await given(body, env, 'to', subjects)
    const items = page.items.map(({ grant, view }) =>
      memberObject(env, view, { grant, node: view.node, path: view.path }),
    )
    return { status: 200, body: { items, next_marker: markerOf(page) } }
  },
}

/** The groups a user is in, as far as the caller may ask about the user. */
async function groupsOf({ engine, actor }: Env, user: Subject): Promise<Subject[]> {
  if (user === actor.self) return actor.subjects.filter((subject) => /^(group|members):/.test(subject))
  if (!actor.admin) throw new Refusal(noPermission('user'))
  const { items } = await engine.listMembers(actor, { of: { member: user }, limit: 1000 })
  return items.flatMap(({ group }): Subject[] => [`group:${group}`, `members:${group}`])
}

export const fileListReceived: DirectEndpoint = {
  url: '/file/list_received_file',
  operation: 'ListReceivedFile',
  coverage: 'done',
  scope: 'FILE.LIST',
  decides: true,
  run(body, env) {
    const { subjects } = env.actor
    return sharedFiles(body, env, 'to', subjects, ({ view }) => !subjects.includes(view.drive.owner))
  },
}

export const fileListSharing: DirectEndpoint = {
  url: '/file/list_sharing_file',
  operation: 'ListSharingFile',
  coverage: 'done',
  scope: 'FILE.LIST',
  run: (body, env) => sharedFiles(body, env, 'by', [env.actor.self], () => true),
}

export const fileListManageSharing: DirectEndpoint = {
  url: '/file/list_manage_sharing_file',
  operation: 'ListManageSharingFile',
  coverage: 'partial: as list_sharing_file; for administrators',
  scope: 'FILE.LIST',
  decides: true,
  async run(body, env) {
    return env.actor.admin ? sharedFiles(body, env, 'by', [env.actor.self], () => true) : noPermission('file')
  },
}

/** A page of folders that grants are about, each once. */
async function sharedFiles(
  body: Body,
  env: Env,
  side: 'to' | 'by',
  subjects: readonly Subject[],
  wanted: (given: GivenGrant) => boolean,
): Promise<Answer> {
  const page = await given(body, env, side, subjects)
  const views = new Map(page.items.filter(wanted).map(({ view }) => [view.node.id, view]))
  const items = await runSteps(env, files(env, [...views.values()]))
  return { status: 200, body: { items, next_marker: markerOf(page) } }
}

async function given(body: Body, env: Env, side: 'to' | 'by', subjects: readonly Subject[]): Promise<GivenGrants> {
  const limit = pageSize(body, PAGE_MAX, PAGE_MAX)
  const page = await env.engine.grantsOf(env.actor, { side, subjects, after: cursorOf(body), limit })
  if ('status' in page) throw new Refusal(noPermission('user'))
  return page
}

function markerOf({ next }: GivenGrants): string {
  return next ? markerText([next.createdAt, next.drive, next.node, next.subject]) : ''
}

function cursorOf(body: Body): GrantCursor | null {
  const marked = readMarker(body)
  if (!marked) return null
  const [createdAt, drive, node, subject] = marked
  if (![createdAt, drive, node].every(Number.isSafeInteger) || typeof subject !== 'string') throw badMarker()
  return { createdAt, drive, node, subject } as GrantCursor
}
