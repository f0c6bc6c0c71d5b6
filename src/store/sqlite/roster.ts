/** Users, groups and who is in which, listed and removed. */
import type { OfTenant, ReadTx, Subject, TenantId, WriteTx } from '../../engine/index.ts'
import {
  fromIdentity,
  fromMemberKey,
  GROUP_COLUMNS,
  type GroupRow,
  IDENTITY_COLUMNS,
  type IdentityRow,
  MEMBER_COLUMNS,
  type MemberRow,
  toGroup,
  toIdentity,
  toMember,
  toOfTenant,
  toUser,
  USER_COLUMNS,
  type UserRow,
} from '../row/people.ts'
import { members } from './json.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

export const MEMBERS = `
select ${MEMBER_COLUMNS} from member where (tenant_id, group_id, member) in (select ${members(3)} from json_each(?))`

/** In the order of the primary key, past rows that are not like the filter. */
const USERS_LIKE = `
select ${USER_COLUMNS} from (select ? as f), user where tenant_id = ? and id > ?
  and (f ->> 'name' is null or name = f ->> 'name') and (f ->> 'nick' is null or nick = f ->> 'nick')
  and (f ->> 'email' is null or email = f ->> 'email') and (f ->> 'phone' is null or phone = f ->> 'phone')
  and (f ->> 'role' is null or role = f ->> 'role') and (f ->> 'status' is null or status = f ->> 'status')
  and (f ->> 'nickPart' is null or instr(lower(nick), lower(f ->> 'nickPart')) > 0)`
export const USER_PAGE = `${USERS_LIKE}
order by id limit ?`
/** Of those who are in one of the groups. */
export const GROUP_USER_PAGE = `${USERS_LIKE}
  and id in (
    select substr(member, 6) from member
    where tenant_id = ? and group_id in (select value from json_each(?)) and member glob 'user:*'
  )
order by id limit ?`
export const GROUP_PAGE = `
select ${GROUP_COLUMNS} from (select ? as f), user_group where tenant_id = ? and id > ?
  and (f ->> 'name' is null or name = f ->> 'name')
  and (f ->> 'namePart' is null or instr(lower(name), lower(f ->> 'namePart')) > 0)
order by id limit ?`

/** The kind is what a subject begins with, '' for any. */
export const MEMBERS_OF_GROUP = `
select ${MEMBER_COLUMNS} from member
where tenant_id = ? and group_id = ? and member > ? and member glob ? || '*' order by member limit ?`
/** Relies on the index member_of. */
export const GROUPS_OF_MEMBER = `
select ${MEMBER_COLUMNS} from member
where tenant_id = ? and member = ? and group_id > ? order by group_id limit ?`

export const IDENTITIES = `
select ${IDENTITY_COLUMNS} from identity where (tenant_id, kind, value) in (select ${members(3)} from json_each(?))`
/** Relies on the index identity_of_user. */
export const IDENTITIES_OF = `
select ${IDENTITY_COLUMNS} from identity
where (tenant_id, user_id) in (select ${members(2)} from json_each(?)) order by kind, value`
const PUT_IDENTITIES = `insert or replace into identity (${IDENTITY_COLUMNS}) select ${members(6)} from json_each(?)`
const DELETE_IDENTITIES = `
delete from identity where (tenant_id, kind, value) in (select ${members(3)} from json_each(?))`

export const USER_COUNTS = `
select tenant_id, count(*) from user where tenant_id in (select value from json_each(?)) group by tenant_id`
const DELETE_USERS = 'delete from user where (tenant_id, id) in (select value ->> 0, value ->> 1 from json_each(?))'
const DELETE_GROUPS = `
delete from user_group where (tenant_id, id) in (select value ->> 0, value ->> 1 from json_each(?))`

const DEPARTED = 'select tenant_id, subject from departed order by tenant_id, subject limit ?'
const DEPARTED_OF = `
select tenant_id, subject from departed
where (tenant_id, subject) in (select value ->> 0, value ->> 1 from json_each(?))`
const PUT_DEPARTED = `
insert or ignore into departed (tenant_id, subject) select value ->> 0, value ->> 1 from json_each(?)`
const DELETE_DEPARTED = `
delete from departed where (tenant_id, subject) in (select value ->> 0, value ->> 1 from json_each(?))`

const identityKeys = (keys: readonly { tenant: string; kind: string; value: string }[]) =>
  JSON.stringify(keys.map(({ tenant, kind, value }) => [tenant, kind, value]))
const subjectKeys = (keys: readonly OfTenant[]) => JSON.stringify(keys.map(({ tenant, subject }) => [tenant, subject]))
const keysOf = (keys: readonly { tenant: string; id: string }[]) =>
  JSON.stringify(keys.map(({ tenant, id }) => [tenant, id]))

export const rosterQueries: Queries<
  Pick<
    ReadTx,
    | 'members'
    | 'userCounts'
    | 'userPage'
    | 'groupPage'
    | 'memberPage'
    | 'identities'
    | 'identitiesOf'
    | 'departed'
    | 'departedOf'
  > &
    Pick<
      WriteTx,
      'deleteUsers' | 'deleteGroups' | 'putIdentities' | 'deleteIdentities' | 'putDeparted' | 'deleteDeparted'
    >
> = {
  members(db, keys) {
    return keys.length === 0 ? [] : db.all<MemberRow>(MEMBERS, JSON.stringify(keys.map(fromMemberKey))).map(toMember)
  },

  userCounts(db, tenants) {
    const rows = tenants.length === 0 ? [] : db.all<[TenantId, number]>(USER_COUNTS, JSON.stringify(tenants))
    return rows.map(([tenant, users]) => ({ tenant, users }))
  },

  userPage(db, { tenant, filter, after, limit }) {
    const { groups, ...like } = filter
    const place = [JSON.stringify(like), tenant, after] as const
    const rows = groups
      ? db.all<UserRow>(GROUP_USER_PAGE, ...place, tenant, JSON.stringify(groups), limit)
      : db.all<UserRow>(USER_PAGE, ...place, limit)
    return rows.map(toUser)
  },

  groupPage(db, { tenant, filter, after, limit }) {
    return db.all<GroupRow>(GROUP_PAGE, JSON.stringify(filter), tenant, after, limit).map(toGroup)
  },

  memberPage(db, query) {
    const { tenant, after, limit } = query
    const rows =
      'group' in query
        ? db.all<MemberRow>(MEMBERS_OF_GROUP, tenant, query.group, after, query.kind ? `${query.kind}:` : '', limit)
        : db.all<MemberRow>(GROUPS_OF_MEMBER, tenant, query.member, after, limit)
    return rows.map(toMember)
  },

  identities(db, keys) {
    return keys.length === 0 ? [] : db.all<IdentityRow>(IDENTITIES, identityKeys(keys)).map(toIdentity)
  },

  identitiesOf(db, keys) {
    return keys.length === 0 ? [] : db.all<IdentityRow>(IDENTITIES_OF, keysOf(keys)).map(toIdentity)
  },

  putIdentities(db, rows) {
    if (rows.length > 0) db.run(PUT_IDENTITIES, JSON.stringify(rows.map(fromIdentity)))
  },

  deleteIdentities(db, keys) {
    if (keys.length > 0) db.run(DELETE_IDENTITIES, identityKeys(keys))
  },

  deleteUsers(db, keys) {
    if (keys.length === 0) return
    db.run(DELETE_USERS, keysOf(keys))
    raiseStandings(db, keys)
  },

  deleteGroups(db, keys) {
    if (keys.length > 0) db.run(DELETE_GROUPS, keysOf(keys))
  },

  departed(db, limit) {
    return db.all<[TenantId, Subject]>(DEPARTED, limit).map(toOfTenant)
  },

  departedOf(db, keys) {
    return keys.length === 0 ? [] : db.all<[TenantId, Subject]>(DEPARTED_OF, subjectKeys(keys)).map(toOfTenant)
  },

  putDeparted(db, rows) {
    if (rows.length > 0) db.run(PUT_DEPARTED, subjectKeys(rows))
  },

  deleteDeparted(db, rows) {
    if (rows.length > 0) db.run(DELETE_DEPARTED, subjectKeys(rows))
  },
}
