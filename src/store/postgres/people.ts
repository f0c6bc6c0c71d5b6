/** Tenants, their apps, users and groups. */
import type { MemberKey, ReadTx, Subject, TenantId, WriteTx } from '../../engine/index.ts'
import {
  APP_COLUMNS,
  type AppRow,
  fromApp,
  fromGroup,
  fromMember,
  fromMemberKey,
  fromTenant,
  fromUser,
  GROUP_COLUMNS,
  type GroupRow,
  MEMBER_COLUMNS,
  TENANT_COLUMNS,
  type TenantRow,
  toApp,
  toGroup,
  toTenant,
  toUser,
  USER_COLUMNS,
  type UserRow,
} from '../row/people.ts'
import { columns, latest, unnest } from './sets.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

export const TENANTS = `select ${TENANT_COLUMNS} from tenant where id = any($1::text[])`
export const APPS = `
select ${APP_COLUMNS} from app where (dialect, id) in (select * from ${unnest('tt')})`
export const USERS = `
select ${USER_COLUMNS} from "user" where (tenant_id, id) in (select * from ${unnest('tt')})`
export const GROUPS = `
select ${GROUP_COLUMNS} from user_group where (tenant_id, id) in (select * from ${unnest('tt')})`

/** `union` meets each group once for each subject, so groups that contain each other end too. Relies on member_of. */
export const GROUPS_OF = `
with recursive found (tenant_id, member, group_id) as (
  select m.tenant_id, m.member, m.group_id
  from ${unnest('tt')} k (tenant_id, member)
  join member m on m.tenant_id = k.tenant_id and m.member = k.member
  union
  select f.tenant_id, f.member, m.group_id
  from found f join member m on m.tenant_id = f.tenant_id and m.member = 'group:' || f.group_id
)
select tenant_id, member, group_id from found`

export const PUT_TENANTS = `
insert into tenant (${TENANT_COLUMNS}) select * from ${unnest('ttnt')}
on conflict (id) do update set name = excluded.name, created_at = excluded.created_at, extra = excluded.extra`
export const PUT_APPS = `
insert into app (${APP_COLUMNS}) select * from ${unnest('tttttttnt')}
on conflict (dialect, id) do update set
  tenant_id = excluded.tenant_id, name = excluded.name, secret = excluded.secret, public_key = excluded.public_key,
  scopes = excluded.scopes, created_at = excluded.created_at, extra = excluded.extra`
export const PUT_USERS = `
insert into "user" (${USER_COLUMNS}) select * from ${unnest('tttttttttttnnnnnt')}
on conflict (tenant_id, id) do update set
  name = excluded.name, nick = excluded.nick, email = excluded.email, phone = excluded.phone, avatar = excluded.avatar,
  description = excluded.description, role = excluded.role, status = excluded.status, password = excluded.password,
  default_drive = excluded.default_drive, signed_in_at = excluded.signed_in_at, renewed_at = excluded.renewed_at,
  created_at = excluded.created_at, updated_at = excluded.updated_at,
  extra = excluded.extra`
export const PUT_SIGN_INS = `
update "user" set
  signed_in_at = coalesce(k.signed_in_at, "user".signed_in_at), renewed_at = coalesce(k.renewed_at, "user".renewed_at)
from ${unnest('ttnn')} k (tenant_id, id, signed_in_at, renewed_at)
where "user".tenant_id = k.tenant_id and "user".id = k.id`
export const PUT_GROUPS = `
insert into user_group (${GROUP_COLUMNS}) select * from ${unnest('tttttnnt')}
on conflict (tenant_id, id) do update set
  name = excluded.name, description = excluded.description, creator = excluded.creator,
  created_at = excluded.created_at, updated_at = excluded.updated_at, extra = excluded.extra`
export const PUT_MEMBERS = `
insert into member (${MEMBER_COLUMNS}) select * from ${unnest('ttttttnn')}
on conflict (tenant_id, group_id, member) do update set
  role = excluded.role, description = excluded.description, creator = excluded.creator,
  created_at = excluded.created_at, updated_at = excluded.updated_at`
export const DELETE_MEMBERS = `
delete from member where (tenant_id, group_id, member) in (select * from ${unnest('ttt')})`

// What is looked up in order to be changed is reserved by its key: two who find it missing would both make it.

export const peopleQueries: Queries<
  Pick<ReadTx, 'tenants' | 'apps' | 'users' | 'groups' | 'groupsOf'> &
    Pick<WriteTx, 'putTenants' | 'putApps' | 'putUsers' | 'putSignIns' | 'putGroups' | 'putMembers' | 'deleteMembers'>
> = {
  async tenants(db, ids) {
    if (ids.length === 0) return []
    db.reserve(ids.map((id) => `tenant ${id}`))
    return (await db.all<TenantRow>(TENANTS, ids)).map(toTenant)
  },

  async apps(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ dialect, id }) => [dialect, id])
    db.reserve(set.map((key) => `app ${key.join(' ')}`))
    return (await db.all<AppRow>(APPS, ...columns(set, 2))).map(toApp)
  },

  async users(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, id }) => [tenant, id])
    db.reserve(set.map((key) => `user ${key.join(' ')}`))
    return (await db.all<UserRow>(USERS, ...columns(set, 2))).map(toUser)
  },

  async groups(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, id }) => [tenant, id])
    db.reserve(set.map((key) => `group ${key.join(' ')}`))
    return (await db.all<GroupRow>(GROUPS, ...columns(set, 2))).map(toGroup)
  },

  async groupsOf(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, member }) => [tenant, member])
    const rows = await db.all<[TenantId, Subject, string]>(GROUPS_OF, ...columns(set, 2))
    return rows.map(([tenant, member, group]) => ({ tenant, member, group }))
  },

  async putTenants(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_TENANTS, ...columns(latest(rows, ({ id }) => id).map(fromTenant), 4))
  },

  async putApps(db, rows) {
    if (rows.length === 0) return
    const each = latest(rows, ({ dialect, id }) => `${dialect} ${id}`)
    await db.run(PUT_APPS, ...columns(each.map(fromApp), 9))
  },

  async putUsers(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_USERS, ...columns(latest(rows, ofTenant).map(fromUser), 17))
    await raiseStandings(db, rows)
  },

  async putSignIns(db, rows) {
    const set = rows.map(({ tenant, id, signedInAt, renewedAt }) => [tenant, id, signedInAt, renewedAt])
    if (rows.length > 0) await db.run(PUT_SIGN_INS, ...columns(set, 4))
  },

  async putGroups(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_GROUPS, ...columns(latest(rows, ofTenant).map(fromGroup), 8))
  },

  async putMembers(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_MEMBERS, ...columns(latest(rows, memberKey).map(fromMember), 8))
    await raiseStandings(db, rows)
  },

  async deleteMembers(db, rows) {
    if (rows.length === 0) return
    await db.run(DELETE_MEMBERS, ...columns(rows.map(fromMemberKey), 3))
    await raiseStandings(db, rows)
  },
}

const memberKey = (row: MemberKey) => fromMemberKey(row).join(' ')
const ofTenant = ({ tenant, id }: { readonly tenant: TenantId; readonly id: string }) => `${tenant} ${id}`
