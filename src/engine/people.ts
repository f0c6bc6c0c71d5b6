/** Making tenants, apps, users and groups: for whoever runs the deployment, not for callers. Sets inside a transaction. */
import type { DriveSpec } from './engine.ts'
import { fail } from './error.ts'
import type { App, DriveId, Group, Json, Subject, Tenant, TenantId, User } from './model.ts'
import { insertDrives } from './new-drive.ts'
import type { Failed } from './op.ts'
import type { ReadTx, WriteTx } from './port.ts'

/** A tenant's id is part of addresses and cache keys. */
const TENANT_ID = /^[a-z0-9]{1,32}$/
/** Ids of apps, users and groups, as clients write them in headers, paths and JSON. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

export interface TenantSpec {
  readonly id: string
  readonly name?: string
  readonly extra?: Tenant['extra']
}

export interface AppSpec {
  readonly dialect: App['dialect']
  readonly id: string
  readonly name?: string
  /** Sealed already; absent when there is none. */
  readonly secret?: string
  /** PEM; absent when there is none. */
  readonly publicKey?: string
  readonly scopes?: readonly string[]
  readonly extra?: Readonly<Record<string, Json>>
}

export interface UserSpec {
  readonly id: string
  readonly name?: string
  readonly nick?: string
  readonly email?: string
  readonly phone?: string
  readonly avatar?: string
  readonly description?: string
  readonly role?: User['role']
  readonly status?: User['status']
  readonly extra?: User['extra']
  /** A PHC string; absent when the user cannot sign in by password. */
  readonly password?: string
  /** The user's own drive, made with the user and its default; absent = none. */
  readonly drive?: Omit<DriveSpec, 'owner'>
}

export interface GroupSpec {
  readonly id: string
  readonly name?: string
  readonly description?: string
  readonly extra?: Group['extra']
}

/** Makes tenants; `name_invalid` for a bad id, `name_taken` for one that exists. */
export async function addTenants(tx: WriteTx, at: number, specs: readonly TenantSpec[]): Promise<(Tenant | Failed)[]> {
  const ids = specs.map((spec) => spec.id as TenantId)
  const taken = (await tx.tenants(ids)).map((tenant) => tenant.id)
  const judged = judge(
    specs,
    (spec) => spec.id,
    TENANT_ID,
    taken,
    (spec): Tenant => {
      const { id, name = id, extra = {} } = spec
      return { id: id as TenantId, name, createdAt: at, extra }
    },
  )
  await tx.putTenants(judged.filter(isMade))
  return judged
}

/** Makes apps of a tenant; an app's id is unique in its dialect, over all tenants. */
export async function addApps(
  tx: WriteTx,
  { tenant, at }: { tenant: TenantId; at: number },
  specs: readonly AppSpec[],
): Promise<(App | Failed)[]> {
  const taken = (await tx.apps(specs)).map((app) => `${app.dialect} ${app.id}`)
  const judged = judge(
    specs,
    (spec) => `${spec.dialect} ${spec.id}`,
    APP_KEY,
    taken,
    (spec): App => {
      const { dialect, id, name = id, secret = '', publicKey = '', scopes = [], extra = {} } = spec
      return { tenant, id, dialect, name, secret, publicKey, scopes, createdAt: at, extra }
    },
  )
  await tx.putApps(judged.filter(isMade))
  return judged
}

const APP_KEY = /^[a-z]+ [A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

/** Makes users of a tenant, and their drives. */
export async function addUsers(
  tx: WriteTx,
  {
    tenant,
    at,
    creator = null,
    reserved = [],
  }: { tenant: TenantId; at: number; creator?: Subject | null /** Ids that nobody is given. */; reserved?: string[] },
  specs: readonly UserSpec[],
): Promise<(User | Failed)[]> {
  const users = await tx.users(specs.map(({ id }) => ({ tenant, id })))
  const taken = [...users.map(({ id }) => id), ...reserved, ...(await unforgotten(tx, tenant, 'user', specs))]
  const judged = judge(
    specs,
    (spec) => spec.id,
    ID,
    taken,
    (spec) => spec,
  )
  const made = judged.filter(isMade)
  const withDrive = made.filter((spec) => spec.drive !== undefined)
  const driveSpecs = withDrive.map(({ id, drive }): DriveSpec => ({ ...drive!, owner: `user:${id}` }))
  const drives = await insertDrives(tx, { tenant, creator, at }, driveSpecs)
  const defaults = new Map(withDrive.map((spec, i) => [spec.id, drives[i]!.id]))
  const rows = new Map(made.map((spec) => [spec.id, userRow(spec, tenant, at, defaults.get(spec.id))]))
  await tx.putUsers([...rows.values()])
  return judged.map((spec) => (isMade(spec) ? rows.get(spec.id)! : spec))
}

/** Enables or disables users; `node_not_found` for unknown ones. */
export async function setUserStatus(
  tx: WriteTx,
  { tenant, at }: { tenant: TenantId; at: number },
  ids: readonly string[],
  status: User['status'],
): Promise<(User | Failed)[]> {
  const found = new Map((await tx.users(ids.map((id) => ({ tenant, id })))).map((user) => [user.id, user]))
  const changed = ids.map((id) => {
    const user = found.get(id)
    return user === undefined ? fail('node_not_found') : { ...user, status, updatedAt: at }
  })
  await tx.putUsers(changed.filter((user) => user.status !== 'failed'))
  return changed
}

/** Makes groups of a tenant. */
export async function addGroups(
  tx: WriteTx,
  { tenant, at, creator }: { tenant: TenantId; at: number; creator: Subject },
  specs: readonly GroupSpec[],
): Promise<(Group | Failed)[]> {
  const groups = await tx.groups(specs.map(({ id }) => ({ tenant, id })))
  const taken = [...groups.map(({ id }) => id), ...(await unforgotten(tx, tenant, 'group', specs))]
  const judged = judge(
    specs,
    (spec) => spec.id,
    ID,
    taken,
    (spec): Group => {
      const { id, name = id, description = '', extra = {} } = spec
      return { tenant, id, name, description, creator, createdAt: at, updatedAt: at, extra }
    },
  )
  await tx.putGroups(judged.filter(isMade))
  return judged
}

/** Ids of those who are gone and have left grants: whoever took such an id now would have them. */
async function unforgotten(
  tx: ReadTx,
  tenant: TenantId,
  kind: 'user' | 'group',
  specs: readonly { readonly id: string }[],
): Promise<string[]> {
  const rows = await tx.departedOf(specs.map(({ id }) => ({ tenant, subject: `${kind}:${id}` as const })))
  return rows.map(({ subject }) => subject.slice(kind.length + 1))
}

function userRow(spec: UserSpec, tenant: TenantId, at: number, defaultDrive = 0 as DriveId): User {
  const { id, name = id, nick = name, email = '', phone = '', avatar = '', description = '' } = spec
  const { role = 'user', status = 'enabled', password = '', extra = {} } = spec
  const about = { name, nick, email, phone, avatar, description, role, status, password, extra }
  return { tenant, id, ...about, defaultDrive, signedInAt: 0, renewedAt: 0, createdAt: at, updatedAt: at }
}

/** A row for every spec whose key is well formed and free, also of earlier specs of the same set; a failure for the others. */
function judge<Spec, Row>(
  specs: readonly Spec[],
  keyOf: (spec: Spec) => string,
  form: RegExp,
  taken: readonly string[],
  make: (spec: Spec) => Row,
): (Row | Failed)[] {
  const used = new Set(taken)
  return specs.map((spec) => {
    const key = keyOf(spec)
    if (!form.test(key)) return fail('name_invalid')
    if (used.has(key)) return fail('name_taken')
    used.add(key)
    return make(spec)
  })
}

/** Whether something was made; rows of people have another `status`, or none. */
export function isMade<Row extends object>(outcome: Row | Failed): outcome is Row {
  return !('status' in outcome && outcome.status === 'failed')
}
