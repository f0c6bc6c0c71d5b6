/** Roles given on a dentry or a whole space, by id (v1.0) and by uuid (v2.0). */
import {
  ACTIONS,
  type ActionBits,
  ALL_ACTIONS,
  type Drive,
  type GrantOp,
  type Ref,
  type Subject,
} from '../../engine/index.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { appActor } from './auth.ts'
import { dentryRef, getOp, viewOf } from './dentry.ts'
import { paramError, refusal } from './error.ts'
import { demand, type Fields, fieldsIn, integerIn, listIn, textIn, wordIn } from './request.ts'
import { type Call, type Handle, type Route, spaceOfPath } from './route.ts'

const MEMBERS_MAX = 30
/** The longest temporary grant, seconds. */
const DURATION_MAX_S = 3600

const READER = ACTIONS.list | ACTIONS.preview
const DOWNLOADER = READER | ACTIONS.download | ACTIONS.print | ACTIONS.copyContent
const EDITOR = DOWNLOADER | ACTIONS.upload | ACTIONS.newEmpty | ACTIONS.replace | ACTIONS.update | ACTIONS.comment
const MANAGER = ALL_ACTIONS

/** The vendor's matrix: a manager may do all there is here; what an owner has more is to hand the ownership on. */
const ROLES: Readonly<Record<string, ActionBits>> = { OWNER: ALL_ACTIONS, MANAGER, EDITOR, DOWNLOADER, READER }

export function permissionRoutes(route: Route): void {
  addRoutes(route, '/storage/spaces/:spaceId/dentries/:dentryId/permissions', '', async (context, call) => {
    const drive = await spaceOfPath(context, call)
    return { drive, node: dentryRef(drive.id, call.params.dentryId, 'dentryId') }
  })
}

/** The v2.0 forms. A user's id is the same in both here. */
export function permissionByUuidRoutes(route: Route): void {
  addRoutes(route, '/storage/spaces/dentries/:dentryUuid/permissions', ' (v2.0)', async (context, call) => {
    const node = context.engine.ids.parseUuid(call.params.dentryUuid ?? '')
    if (!node) throw paramError('dentryUuid', 'is not the uuid of a file or folder.')
    const [result] = await context.engine.batch(call.actor, [getOp(node)])
    return { drive: viewOf(result).drive, node }
  })
}

interface Place {
  readonly drive: Drive
  readonly node: Ref
}

type FindPlace = (context: DialectContext, call: Call) => Promise<Place>

function addRoutes(route: Route, url: `/${string}`, version: string, find: FindPlace): void {
  const spec = {
    scope: 'Storage.Permission.Write',
    required: ['roleId', 'members'],
    coverage: 'partial: no CONVERSATION members',
  }
  const removal = { ...spec, coverage: `${spec.coverage}; whatever role the member holds is removed` }
  route(`AddPermission${version}`, `POST ${url}`, spec, changing(find, 'give'))
  route(`UpdatePermission${version}`, `PUT ${url}`, spec, changing(find, 'give'))
  route(`DeletePermission${version}`, `POST ${url}/remove`, removal, changing(find, 'take'))
}

/** All members get the role, or none does. */
function changing(find: FindPlace, what: 'give' | 'take'): Handle {
  return async (context, call) => {
    const { drive, node } = await find(context, call)
    const role = wordIn(call.body, 'roleId', Object.keys(ROLES)) ?? ''
    const members = listIn(call.body, 'members', MEMBERS_MAX, memberOf)
    const subjects = await subjectsOf(context, call, members)
    const isAppSpace = drive.owner === `app:${call.app.id}`
    const expiresAt = what === 'give' ? expiryIn(call, isAppSpace, context.engine.now()) : 0
    const actions = what === 'give' ? (ROLES[role] ?? 0) : null
    const ops = subjects.map((subject): GrantOp => ({ kind: 'grant', node, subject, actions, role, expiresAt }))
    // In its own space the app decides; elsewhere the operator must be a manager.
    const actor = isAppSpace ? await appActor(context.auth, call.app) : call.actor
    const results = await context.engine.batch(actor, ops, 'all')
    const reason = results.find((result) => result.status === 'failed' && result.error.code !== 'batch_refused')
    if (reason?.status === 'failed') throw refusal(reason.error)
    return { success: true }
  }
}

/** A space of users knows permanent grants only, an app's space temporary ones only. */
function expiryIn({ body }: Call, isAppSpace: boolean, now: number): number {
  const seconds = integerIn(fieldsIn(body, 'option'), 'duration', { min: -1, max: DURATION_MAX_S }) ?? -1
  if (isAppSpace && seconds < 1) throw paramError('duration', `must be 1 to ${DURATION_MAX_S} seconds in an APP space.`)
  if (!isAppSpace && seconds !== -1) throw paramError('duration', 'is for APP spaces only.')
  return isAppSpace ? now + seconds * 1000 : 0
}

interface Member {
  readonly type: string
  readonly id: string
}

function memberOf(element: unknown): Member | undefined {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return undefined
  const fields = element as Fields
  demand(fields, ['type', 'id'])
  return { type: textIn(fields, 'type') ?? '', id: textIn(fields, 'id') ?? '' }
}

/** Our word for each member, if there is such a one: departments and tags are groups here. */
async function subjectsOf({ engine }: DialectContext, call: Call, members: readonly Member[]): Promise<Subject[]> {
  const { tenant } = call.app
  const ids = (types: readonly string[]) => members.filter(({ type }) => types.includes(type)).map(({ id }) => id)
  const users = new Set((await engine.users(tenant, ids(['USER']))).map((user) => user?.id))
  const groups = new Set((await engine.groups(tenant, ids(['DEPT', 'TAG']))).map((group) => group?.id))
  return members.map(({ type, id }) => {
    const [subject, isKnown] = subjectOf(type, id)
    if (!isKnown) throw paramError('members', `has a ${type} that does not exist.`)
    return subject
  })

  function subjectOf(type: string, id: string): [subject: Subject, isKnown: boolean] {
    switch (type) {
      case 'ORG':
        return ['everyone', id === tenant]
      case 'USER':
        return [`user:${id}`, users.has(id)]
      case 'DEPT':
      case 'TAG':
        return [`group:${id}`, groups.has(id)]
      default:
        throw paramError('permissionMemberType', 'must be one of ORG, DEPT, TAG, USER.')
    }
  }
}
