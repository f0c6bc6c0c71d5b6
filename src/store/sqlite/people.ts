/** Tenants, their apps, users and groups. */
import type { ReadTx, Subject, TenantId, WriteTx } from '../../engine/index.ts'
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
import { members } from './json.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

// `insert or replace` is safe here: these tables have no unique key but their primary one.

export const TENANTS = `select ${TENANT_COLUMNS} from tenant where id in (select value from json_each(?))`
export const APPS = `
select ${APP_COLUMNS} from app where (dialect, id) in (select ${members(2)} from json_each(?))`
export const USERS = `
select ${USER_COLUMNS} from user where (tenant_id, id) in (select ${members(2)} from json_each(?))`
export const GROUPS = `
select ${GROUP_COLUMNS} from user_group where (tenant_id, id) in (select ${members(2)} from json_each(?))`

/** `union` meets each group once for each subject, so groups that contain each other end too. Relies on member_of. */
export const GROUPS_OF = `
with recursive found (tenant_id, member, group_id) as (
  select m.tenant_id, m.member, m.group_id
  from json_each(?) cross join member m on m.tenant_id = value ->> 0 and m.member = value ->> 1
  union
  select f.tenant_id, f.member, m.group_id
  from found f cross join member m on m.tenant_id = f.tenant_id and m.member = 'group:' || f.group_id
)
select tenant_id, member, group_id from found`

const PUT_TENANTS = `insert or replace into tenant (${TENANT_COLUMNS}) select ${members(4)} from json_each(?)`
const PUT_APPS = `insert or replace into app (${APP_COLUMNS}) select ${members(9)} from json_each(?)`
const PUT_USERS = `insert or replace into user (${USER_COLUMNS}) select ${members(17)} from json_each(?)`
export const PUT_SIGN_INS = `
update user set
  signed_in_at = coalesce(k.value ->> 2, signed_in_at), renewed_at = coalesce(k.value ->> 3, renewed_at)
from json_each(?) k where user.tenant_id = k.value ->> 0 and user.id = k.value ->> 1`
const PUT_GROUPS = `insert or replace into user_group (${GROUP_COLUMNS}) select ${members(8)} from json_each(?)`
const PUT_MEMBERS = `insert or replace into member (${MEMBER_COLUMNS}) select ${members(8)} from json_each(?)`
const DELETE_MEMBERS = `
delete from member where (tenant_id, group_id, member) in (select ${members(3)} from json_each(?))`

export const peopleQueries: Queries<
  Pick<ReadTx, 'tenants' | 'apps' | 'users' | 'groups' | 'groupsOf'> &
    Pick<WriteTx, 'putTenants' | 'putApps' | 'putUsers' | 'putSignIns' | 'putGroups' | 'putMembers' | 'deleteMembers'>
> = {
  tenants(db, ids) {
    if (ids.length === 0) return []
    return db.all<TenantRow>(TENANTS, JSON.stringify(ids)).map(toTenant)
  },

  apps(db, keys) {
    if (keys.length === 0) return []
    return db.all<AppRow>(APPS, JSON.stringify(keys.map(({ dialect, id }) => [dialect, id]))).map(toApp)
  },

  users(db, keys) {
    if (keys.length === 0) return []
    return db.all<UserRow>(USERS, JSON.stringify(keys.map(({ tenant, id }) => [tenant, id]))).map(toUser)
  },

  groups(db, keys) {
    if (keys.length === 0) return []
    return db.all<GroupRow>(GROUPS, JSON.stringify(keys.map(({ tenant, id }) => [tenant, id]))).map(toGroup)
  },

  groupsOf(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, member }) => [tenant, member])
    const rows = db.all<[TenantId, Subject, string]>(GROUPS_OF, JSON.stringify(set))
    return rows.map(([tenant, member, group]) => ({ tenant, member, group }))
  },

  putTenants(db, rows) {
    if (rows.length > 0) db.run(PUT_TENANTS, JSON.stringify(rows.map(fromTenant)))
  },

  putApps(db, rows) {
    if (rows.length > 0) db.run(PUT_APPS, JSON.stringify(rows.map(fromApp)))
  },

  putUsers(db, rows) {
    if (rows.length === 0) return
    db.run(PUT_USERS, JSON.stringify(rows.map(fromUser)))
    raiseStandings(db, rows)
  },

  putSignIns(db, rows) {
    const set = rows.map(({ tenant, id, signedInAt, renewedAt }) => [tenant, id, signedInAt, renewedAt])
    if (rows.length > 0) db.run(PUT_SIGN_INS, JSON.stringify(set))
  },

  putGroups(db, rows) {
    if (rows.length > 0) db.run(PUT_GROUPS, JSON.stringify(rows.map(fromGroup)))
  },

  putMembers(db, rows) {
    if (rows.length === 0) return
    db.run(PUT_MEMBERS, JSON.stringify(rows.map(fromMember)))
    raiseStandings(db, rows)
  },

  deleteMembers(db, rows) {
    if (rows.length === 0) return
    db.run(DELETE_MEMBERS, JSON.stringify(rows.map(fromMemberKey)))
    raiseStandings(db, rows)
  },
}
