/** Users, groups and who is in which, listed and removed. */
import type { Identity, OfTenant, ReadTx, Subject, TenantId, WriteTx } from '../../engine/index.ts'
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
import { columns, latest, unnest } from './sets.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

export const MEMBERS = `
select ${MEMBER_COLUMNS} from member where (tenant_id, group_id, member) in (select * from ${unnest('ttt')})`

/** In the order of the primary key, past rows that are not like the filter. */
const USERS_LIKE = `
select ${USER_COLUMNS} from "user" where tenant_id = $1 and id > $2
  and ($4::text is null or name = $4) and ($5::text is null or nick = $5) and ($6::text is null or email = $6)
  and ($7::text is null or phone = $7) and ($8::text is null or role = $8) and ($9::text is null or status = $9)
  and ($10::text is null or strpos(lower(nick), lower($10)) > 0)`
export const USER_PAGE = `${USERS_LIKE}
order by id limit $3`
/** Of those who are in one of the groups. */
export const GROUP_USER_PAGE = `${USERS_LIKE}
  and id in (
    select substr(member, 6) from member
    where tenant_id = $1 and group_id = any($11::text[]) and starts_with(member, 'user:')
  )
order by id limit $3`
export const GROUP_PAGE = `
select ${GROUP_COLUMNS} from user_group where tenant_id = $1 and id > $2
  and ($4::text is null or name = $4) and ($5::text is null or strpos(lower(name), lower($5)) > 0)
order by id limit $3`

/** The kind is what a subject begins with, '' for any. */
export const MEMBERS_OF_GROUP = `
select ${MEMBER_COLUMNS} from member
where tenant_id = $1 and group_id = $2 and member > $3 and starts_with(member, $5) order by member limit $4`
/** Relies on the index member_of. */
export const GROUPS_OF_MEMBER = `
select ${MEMBER_COLUMNS} from member
where tenant_id = $1 and member = $2 and group_id > $3 order by group_id limit $4`

export const IDENTITIES = `
select ${IDENTITY_COLUMNS} from identity where (tenant_id, kind, value) in (select * from ${unnest('ttt')})`
/** Relies on the index identity_of_user. */
export const IDENTITIES_OF = `
select ${IDENTITY_COLUMNS} from identity
where (tenant_id, user_id) in (select * from ${unnest('tt')}) order by kind, value`
export const PUT_IDENTITIES = `
insert into identity (${IDENTITY_COLUMNS}) select * from ${unnest('tttttn')}
on conflict (tenant_id, kind, value) do update set
  user_id = excluded.user_id, name = excluded.name, created_at = excluded.created_at`
export const DELETE_IDENTITIES = `
delete from identity where (tenant_id, kind, value) in (select * from ${unnest('ttt')})`

export const USER_COUNTS = `
select tenant_id, count(*) from "user" where tenant_id = any($1::text[]) group by tenant_id`
export const DELETE_USERS = `delete from "user" where (tenant_id, id) in (select * from ${unnest('tt')})`
export const DELETE_GROUPS = `delete from user_group where (tenant_id, id) in (select * from ${unnest('tt')})`

export const DEPARTED = 'select tenant_id, subject from departed order by tenant_id, subject limit $1'
export const DEPARTED_OF = `
select tenant_id, subject from departed where (tenant_id, subject) in (select * from ${unnest('tt')})`
export const PUT_DEPARTED = `
insert into departed (tenant_id, subject) select * from ${unnest('tt')} on conflict do nothing`
export const DELETE_DEPARTED = `
delete from departed where (tenant_id, subject) in (select * from ${unnest('tt')})`

type IdentityKey = Pick<Identity, 'tenant' | 'kind' | 'value'>

const identityKey = ({ tenant, kind, value }: IdentityKey) => `${tenant} ${kind} ${value}`
const identityKeys = (keys: readonly IdentityKey[]) =>
  columns(
    keys.map(({ tenant, kind, value }) => [tenant, kind, value]),
    3,
  )
const subjectKeys = (keys: readonly OfTenant[]) =>
  columns(
    keys.map(({ tenant, subject }) => [tenant, subject]),
    2,
  )
const keysOf = (keys: readonly { tenant: string; id: string }[]) =>
  columns(
    keys.map(({ tenant, id }) => [tenant, id]),
    2,
  )

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
  async members(db, keys) {
    if (keys.length === 0) return []
    return (await db.all<MemberRow>(MEMBERS, ...columns(keys.map(fromMemberKey), 3))).map(toMember)
  },

  async userCounts(db, tenants) {
    const rows = tenants.length === 0 ? [] : await db.all<[TenantId, number]>(USER_COUNTS, tenants)
    return rows.map(([tenant, users]) => ({ tenant, users }))
  },

  async userPage(db, { tenant, filter, after, limit }) {
    const { name = null, nick = null, email = null, phone = null, role = null, status = null, nickPart = null } = filter
    const place = [tenant, after, limit, name, nick, email, phone, role, status, nickPart] as const
    const { groups } = filter
    const rows = groups ? db.all<UserRow>(GROUP_USER_PAGE, ...place, groups) : db.all<UserRow>(USER_PAGE, ...place)
    return (await rows).map(toUser)
  },

  async groupPage(db, { tenant, filter, after, limit }) {
    const { name = null, namePart = null } = filter
    return (await db.all<GroupRow>(GROUP_PAGE, tenant, after, limit, name, namePart)).map(toGroup)
  },

  async memberPage(db, query) {
    const { tenant, after, limit } = query
    const rows =
      'group' in query
        ? await db.all<MemberRow>(
            MEMBERS_OF_GROUP,
            tenant,
            query.group,
            after,
            limit,
            query.kind ? `${query.kind}:` : '',
          )
        : await db.all<MemberRow>(GROUPS_OF_MEMBER, tenant, query.member, after, limit)
    return rows.map(toMember)
  },

  async identities(db, keys) {
    if (keys.length === 0) return []
    // Who finds one missing may go on to make it: two of them at once must not.
    db.reserve(keys.map((key) => `identity ${identityKey(key)}`))
    return (await db.all<IdentityRow>(IDENTITIES, ...identityKeys(keys))).map(toIdentity)
  },

  async identitiesOf(db, keys) {
    if (keys.length === 0) return []
    return (await db.all<IdentityRow>(IDENTITIES_OF, ...keysOf(keys))).map(toIdentity)
  },

  async putIdentities(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_IDENTITIES, ...columns(latest(rows, identityKey).map(fromIdentity), 6))
  },

  async deleteIdentities(db, keys) {
    if (keys.length > 0) await db.run(DELETE_IDENTITIES, ...identityKeys(keys))
  },

  async deleteUsers(db, keys) {
    if (keys.length === 0) return
    await db.run(DELETE_USERS, ...keysOf(keys))
    await raiseStandings(db, keys)
  },

  async deleteGroups(db, keys) {
    if (keys.length > 0) await db.run(DELETE_GROUPS, ...keysOf(keys))
  },

  async departed(db, limit) {
    return (await db.all<[TenantId, Subject]>(DEPARTED, limit)).map(toOfTenant)
  },

  async departedOf(db, keys) {
    if (keys.length === 0) return []
    return (await db.all<[TenantId, Subject]>(DEPARTED_OF, ...subjectKeys(keys))).map(toOfTenant)
  },

  async putDeparted(db, rows) {
    if (rows.length > 0) await db.run(PUT_DEPARTED, ...subjectKeys(rows))
  },

  async deleteDeparted(db, rows) {
    if (rows.length > 0) await db.run(DELETE_DEPARTED, ...subjectKeys(rows))
  },
}
