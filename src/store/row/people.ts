/** Tenants, their apps, users and groups as rows. */
import type {
  App,
  DriveId,
  Group,
  Identity,
  Member,
  MemberKey,
  OfTenant,
  Subject,
  Tenant,
  TenantId,
  User,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'

export const TENANT_COLUMNS = 'id, name, created_at, extra'

export const APP_COLUMNS = 'dialect, id, tenant_id, name, secret, public_key, scopes, created_at, extra'

export const USER_COLUMNS = `tenant_id, id, name, nick, email, phone, avatar, description, role, status, password,
  default_drive, signed_in_at, renewed_at, created_at, updated_at, extra`

export const GROUP_COLUMNS = 'tenant_id, id, name, description, creator, created_at, updated_at, extra'

export type TenantRow = [id: TenantId, name: string, createdAt: number, extra: string]

export type AppRow = [
  dialect: App['dialect'],
  id: string,
  tenant: TenantId,
  name: string,
  secret: string,
  publicKey: string,
  scopes: string,
  createdAt: number,
  extra: string,
]

export type UserRow = [
  tenant: TenantId,
  id: string,
  name: string,
  nick: string,
  email: string,
  phone: string,
  avatar: string,
  description: string,
  role: User['role'],
  status: User['status'],
  password: string,
  defaultDrive: DriveId,
  signedInAt: number,
  renewedAt: number,
  createdAt: number,
  updatedAt: number,
  extra: string,
]

export type GroupRow = [
  tenant: TenantId,
  id: string,
  name: string,
  description: string,
  creator: Subject,
  createdAt: number,
  updatedAt: number,
  extra: string,
]

export const IDENTITY_COLUMNS = 'tenant_id, kind, value, user_id, name, created_at'

export type IdentityRow = [tenant: TenantId, kind: string, value: string, user: string, name: string, createdAt: number]

export function toIdentity([tenant, kind, value, user, name, createdAt]: IdentityRow): Identity {
  return { tenant, kind, value, user, name, createdAt }
}

export function fromIdentity({ tenant, kind, value, user, name, createdAt }: Identity): unknown[] {
  return [tenant, kind, value, user, name, createdAt]
}

export const MEMBER_COLUMNS = 'tenant_id, group_id, member, role, description, creator, created_at, updated_at'

export type MemberRow = [
  tenant: TenantId,
  group: string,
  member: Subject,
  role: Member['role'],
  description: string,
  creator: Subject,
  createdAt: number,
  updatedAt: number,
]

export function toTenant([id, name, createdAt, extra]: TenantRow): Tenant {
  return { id, name, createdAt, extra: fromJson(extra) }
}

export function fromTenant({ id, name, createdAt, extra }: Tenant): unknown[] {
  return [id, name, createdAt, JSON.stringify(extra)]
}

export function toApp([dialect, id, tenant, name, secret, publicKey, scopes, createdAt, extra]: AppRow): App {
  return {
    dialect,
    id,
    tenant,
    name,
    secret,
    publicKey,
    scopes: fromJson<string[]>(scopes),
    createdAt,
    extra: fromJson(extra),
  }
}

export function fromApp(app: App): unknown[] {
  const { dialect, id, tenant, name, secret, publicKey, scopes, createdAt, extra } = app
  return [dialect, id, tenant, name, secret, publicKey, JSON.stringify(scopes), createdAt, JSON.stringify(extra)]
}

export function toUser(row: UserRow): User {
  const [tenant, id, name, nick, email, phone, avatar, description, role, status, password] = row
  const [defaultDrive, signedInAt, renewedAt, createdAt, updatedAt] = [row[11], row[12], row[13], row[14], row[15]]
  return {
    tenant,
    id,
    name,
    nick,
    email,
    phone,
    avatar,
    description,
    role,
    status,
    password,
    defaultDrive,
    signedInAt,
    renewedAt,
    createdAt,
    updatedAt,
    extra: fromJson(row[16]),
  }
}

export function fromUser(user: User): unknown[] {
  return [
    user.tenant,
    user.id,
    user.name,
    user.nick,
    user.email,
    user.phone,
    user.avatar,
    user.description,
    user.role,
    user.status,
    user.password,
    user.defaultDrive,
    user.signedInAt,
    user.renewedAt,
    user.createdAt,
    user.updatedAt,
    JSON.stringify(user.extra),
  ]
}

export function toGroup([tenant, id, name, description, creator, createdAt, updatedAt, extra]: GroupRow): Group {
  return { tenant, id, name, description, creator, createdAt, updatedAt, extra: fromJson(extra) }
}

export function fromGroup({ tenant, id, name, description, creator, createdAt, updatedAt, extra }: Group): unknown[] {
  return [tenant, id, name, description, creator, createdAt, updatedAt, JSON.stringify(extra)]
}

export function toMember(row: MemberRow): Member {
  const [tenant, group, member, role, description, creator, createdAt, updatedAt] = row
  return { tenant, group, member, role, description, creator, createdAt, updatedAt }
}

export function fromMember(row: Member): unknown[] {
  const { role, description, creator, createdAt, updatedAt } = row
  return [...fromMemberKey(row), role, description, creator, createdAt, updatedAt]
}

export function fromMemberKey({ tenant, group, member }: MemberKey): unknown[] {
  return [tenant, group, member]
}

export function toOfTenant([tenant, subject]: readonly [TenantId, Subject]): OfTenant {
  return { tenant, subject }
}
