/** Users, groups and who is in which, listed and removed. */
import type { ReadTx, WriteTx } from '../../engine/index.ts'
import {
  fromMemberKey,
  GROUP_COLUMNS,
  type GroupRow,
  MEMBER_COLUMNS,
  type MemberRow,
  toGroup,
  toMember,
  toUser,
  USER_COLUMNS,
  type UserRow,
} from '../row/people.ts'
import { columns, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

export const MEMBERS = `
select ${MEMBER_COLUMNS} from member where (tenant_id, group_id, member) in (select * from ${unnest('ttt')})`

/** In the order of the primary key, past rows that are not like the filter. */
export const USER_PAGE = `
select ${USER_COLUMNS} from "user" where tenant_id = $1 and id > $2
  and ($4::text is null or name = $4) and ($5::text is null or nick = $5) and ($6::text is null or email = $6)
  and ($7::text is null or phone = $7) and ($8::text is null or role = $8) and ($9::text is null or status = $9)
  and ($10::text is null or strpos(lower(nick), lower($10)) > 0)
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

export const DELETE_USERS = `delete from "user" where (tenant_id, id) in (select * from ${unnest('tt')})`
export const DELETE_GROUPS = `delete from user_group where (tenant_id, id) in (select * from ${unnest('tt')})`

const keysOf = (keys: readonly { tenant: string; id: string }[]) =>
  columns(
    keys.map(({ tenant, id }) => [tenant, id]),
    2,
  )

export const rosterQueries: Queries<
  Pick<ReadTx, 'members' | 'userPage' | 'groupPage' | 'memberPage'> & Pick<WriteTx, 'deleteUsers' | 'deleteGroups'>
> = {
  async members(db, keys) {
    if (keys.length === 0) return []
    return (await db.all<MemberRow>(MEMBERS, ...columns(keys.map(fromMemberKey), 3))).map(toMember)
  },

  async userPage(db, { tenant, filter, after, limit }) {
    const { name = null, nick = null, email = null, phone = null, role = null, status = null, nickPart = null } = filter
    const wanted = [name, nick, email, phone, role, status, nickPart]
    return (await db.all<UserRow>(USER_PAGE, tenant, after, limit, ...wanted)).map(toUser)
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

  async deleteUsers(db, keys) {
    if (keys.length > 0) await db.run(DELETE_USERS, ...keysOf(keys))
  },

  async deleteGroups(db, keys) {
    if (keys.length > 0) await db.run(DELETE_GROUPS, ...keysOf(keys))
  },
}
