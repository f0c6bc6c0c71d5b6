/** People as the vendor shows them; their moments are numbers, unlike those of files. */
import type { Failed, Group, Member, OpError, User } from '../../engine/index.ts'
import type { Env } from './call.ts'
import { type Answer, failedAnswer, noPermission, notFound, notValid, Refusal, sound } from './error.ts'
import { subjectParts } from './terms.ts'

/** Of a user: what applications keep about it. */
export const USER_DATA = 'pds.user_data'

export function userObject(user: User, { user: self, actor }: Env): object {
  const isConfidant = actor.admin || user.id === self
  return {
    domain_id: user.tenant,
    user_id: user.id,
    user_name: user.name,
    nick_name: user.nick,
    avatar: user.avatar,
    // How to reach somebody, and when one was here, is told to the person and to administrators only.
    email: isConfidant ? user.email : '',
    phone: isConfidant ? user.phone : '',
    role: user.role,
    status: user.status,
    description: user.description,
    default_drive_id: user.defaultDrive ? String(user.defaultDrive) : '',
    user_data: user.extra[USER_DATA] ?? {},
    deny_change_password_by_self: false,
    need_change_password_next_login: false,
    ...(isConfidant && user.signedInAt && { last_login_time: user.signedInAt }),
    ...(isConfidant && user.renewedAt && { last_refresh_token_time: user.renewedAt }),
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  }
}

/** Of a group: that it is the one around all others, whose drive is everyone's. */
export const IS_ROOT = 'pds.is_root'

export function isRoot({ extra }: Group): boolean {
  return extra[IS_ROOT] === true
}

export function groupObject(group: Group): object {
  return {
    domain_id: group.tenant,
    group_id: group.id,
    group_name: group.name,
    description: group.description,
    is_root: isRoot(group),
    creator: subjectParts(group.creator).id,
    created_at: group.createdAt,
    updated_at: group.updatedAt,
  }
}

export function membershipObject(row: Member): object {
  const { type, id } = subjectParts(row.member)
  return {
    domain_id: row.tenant,
    group_id: row.group,
    user_id: type === 'user' ? id : '',
    sub_group_id: type === 'group' ? id : '',
    member_type: type,
    member_role: row.role === 'manager' ? 'admin' : 'member',
    description: row.description,
    creator: subjectParts(row.creator).id,
    is_sync: false,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  }
}

type Resource = 'user' | 'group' | 'membership'

/** What was made or found; refused when it failed. */
export function made<Row extends object>(outcome: Row | Failed | undefined, resource: Resource): Row {
  if (outcome === undefined) throw new Refusal(notFound(resource))
  if ('error' in outcome) throw new Refusal(peopleFailure(outcome.error as OpError, resource))
  return outcome as Row
}

const TAKEN: Readonly<Record<Resource, string>> = {
  user: 'AlreadyExist.User',
  group: 'AlreadyExist.Group',
  membership: 'AlreadyExist.Membership',
}

/** A failure of the roster, said of the resource it is about. */
function peopleFailure(error: OpError, resource: Resource): Answer {
  const { code, at } = error
  if (code === 'forbidden') return noPermission(resource === 'membership' ? 'group' : resource)
  if (code === 'node_not_found') return notFound(resource === 'membership' && at === 'target' ? 'member' : resource)
  if (code === 'name_taken') return sound(409, TAKEN[resource], `The resource ${resource} has already exists.`)
  if (code === 'name_invalid') return notValid(`${resource}_id`)
  if (code === 'cycle') return notValid('sub_group_id', 'It is the group itself or around it.')
  return failedAnswer(error)
}
