/** Roles and who has them: a role is a set of actions, given to users, groups or the whole company, on a node and below. */
import {
  ACTIONS,
  type ActionBits,
  ALL_ACTIONS,
  actions,
  type GrantOp,
  type Ref,
  type Subject,
} from '../../engine/index.ts'
import { type Answer, type Call, driveOf, inputProblem, nodeParams, type Route, runOps } from './call.ts'
import { isRefusal, type Refusal, refusalOf, refuse } from './error.ts'
import type { Input } from './input.ts'
import { SCOPES } from './scope.ts'
import { flagsOf } from './terms.ts'

/** The most subjects of one call. */
const SUBJECTS_MAX = 200

const VIEW_ONLY = actions('list', 'preview')
const VIEWABLE = VIEW_ONLY | actions('copy', 'copyContent', 'download', 'print')
const COMMENTABLE = VIEWABLE | ACTIONS.comment
// Editing is changing what is written on a file and what is in it.
const EDITABLE = COMMENTABLE | actions('update', 'replace', 'upload', 'newEmpty', 'rename', 'move', 'delete', 'restore')

/** The preset roles. The pages name them; the service itself has been seen to number some of them. */
const ROLES: Readonly<Record<string, { readonly bits: ActionBits; readonly number?: string }>> = {
  prohibited: { bits: 0 },
  view_only: { bits: VIEW_ONLY, number: '21020028' },
  viewable: { bits: VIEWABLE, number: '21020029' },
  shareable: { bits: VIEWABLE | ACTIONS.share },
  commentable: { bits: COMMENTABLE, number: '21020031' },
  editable: { bits: EDITABLE, number: '21020030' },
  manageable: { bits: ALL_ACTIONS, number: '21020032' },
}

async function listRoles(call: Call): Promise<Answer> {
  const id = await driveOf(call, call.params.drive ?? '')
  const [drive] = typeof id === 'number' ? await call.engine.drives(call.actor, [id]) : []
  if (!drive) return refuse('noDrive')
  const items = Object.entries(ROLES).map(([role, { bits }]) => {
    const flags = flagsOf(bits)
    // `permissions` is the member's older name.
    return { id: role, name: role, type: 'preset', permission_bits: flags, permissions: flags }
  })
  return { data: { items } }
}

function readRole(body: Input): { id: string; bits: ActionBits } {
  const given = body.text('role_id')
  const role = Object.entries(ROLES).find(([id, { number }]) => id === given || number === given)
  if (!role) body.refuse('valueInvalid', `role_id must be one of ${Object.keys(ROLES).join(', ')}`)
  return { id: role?.[0] ?? '', bits: role?.[1].bits ?? 0 }
}

/** `overwrite` would take the grants of everything below away; grants are inherited here, and nearer ones stay. */
function refuseOverwrite(body: Input): void {
  if (body.flag('overwrite', false)) body.refuse('missing', 'overwrite is not supported')
}

function subjectOf(company: string, value: unknown): Subject | undefined {
  const { subject_type: type, subject_id: id } = (value ?? {}) as { subject_type?: unknown; subject_id?: unknown }
  if (typeof type !== 'string' || typeof id !== 'string') return undefined
  if (type === 'company') return id === company ? 'everyone' : undefined
  return (type === 'user' || type === 'group') && id !== '' ? `${type}:${id}` : undefined
}

/** 1 … SUBJECTS_MAX subjects, each once. */
function readSubjects(body: Input, values: unknown, company: string): Subject[] {
  if (!Array.isArray(values)) body.refuse('malformed', 'a list of subjects is required')
  else if (values.length === 0) body.refuse('listEmpty')
  else if (values.length > SUBJECTS_MAX) body.refuse('tooMany', `more than ${SUBJECTS_MAX} subjects`)
  const subjects = (Array.isArray(values) ? values : []).map((value) => subjectOf(company, value))
  if (subjects.includes(undefined)) {
    body.refuse('valueInvalid', 'a subject is {subject_type, subject_id} with a user, a group or your company')
  }
  return [...new Set(subjects.filter((subject) => subject !== undefined))]
}

/** Refuses subjects nobody has heard of: a grant to them would wait for whoever takes the id later. */
async function unknownSubject({ engine, actor }: Call, subjects: readonly Subject[]): Promise<Refusal | undefined> {
  const idsOf = (type: string) =>
    subjects.filter((one) => one.startsWith(`${type}:`)).map((one) => one.slice(type.length + 1))
  const [users, groups] = await Promise.all([
    engine.users(actor.tenant, idsOf('user')),
    engine.groups(actor.tenant, idsOf('group')),
  ])
  if (users.includes(null)) return refuse('noUser')
  return groups.includes(null) ? refuse('noGroup') : undefined
}

/** All subjects get the role, or none does. */
async function grant(call: Call, subjects: readonly Subject[], role: string, bits: ActionBits | null): Promise<Answer> {
  const found = inputProblem(call) ?? (await nodeParams(call, 'may be the root'))
  if (isRefusal(found)) return found
  const ops = subjects.map((subject) => grantOp(found.node, subject, role, bits))
  const results = await runOps(call, ops, 'all')
  const failed = results.find((result) => result.status === 'failed' && result.error.code !== 'batch_refused')
  return failed?.status === 'failed' ? refusalOf(failed.error) : {}
}

function grantOp(node: Ref, subject: Subject, role: string, bits: ActionBits | null): GrantOp {
  return { kind: 'grant', node, subject, actions: bits, role: `wps.${role}`, expiresAt: 0 }
}

async function batchCreate(call: Call): Promise<Answer> {
  const { body, actor } = call
  const role = readRole(body)
  const subjects = readSubjects(body, body.raw('subjects'), actor.tenant)
  refuseOverwrite(body)
  const problem = inputProblem(call) ?? (await unknownSubject(call, subjects))
  return problem ?? grant(call, subjects, role.id, role.bits)
}

async function batchDelete(call: Call): Promise<Answer> {
  const { body, actor } = call
  const items = body.raw('items')
  const values = Array.isArray(items) ? items.map((item) => (item as { subject?: unknown } | null)?.subject) : items
  const subjects = readSubjects(body, values, actor.tenant)
  refuseOverwrite(body)
  return grant(call, subjects, '', null)
}

export const permissionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v7/drives/:drive/roles',
    operation: 'List roles',
    coverage: 'partial: the preset roles; there are no custom ones',
    scopes: SCOPES.permissionRead,
    handle: listRoles,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/permissions/batch_create',
    operation: 'Batch create file permissions',
    coverage: 'partial: users, groups and the company; overwrite is refused; nobody is notified',
    scopes: SCOPES.permissionWrite,
    handle: batchCreate,
  },
  {
    method: 'POST',
    path: '/v7/drives/:drive/files/:node/permissions/batch_delete',
    operation: 'Batch delete file permissions',
    coverage: 'partial: by subject; overwrite is refused',
    scopes: SCOPES.permissionWrite,
    handle: batchDelete,
  },
]
