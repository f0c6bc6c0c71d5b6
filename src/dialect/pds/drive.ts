/** `/drive/*`. */
import { RefusedError } from '../../engine/directory.ts'
import type { Drive, DriveId, DrivePatch, Failed, Group, Subject } from '../../engine/index.ts'
import { type Call, type DirectEndpoint, type Env, runSteps, type SteppedEndpoint, type Steps } from './call.ts'
import {
  type Answer,
  failedAnswer,
  missing,
  noPermission,
  notFound,
  notSupported,
  notValid,
  outOfRange,
  Refusal,
} from './error.ts'
import { isRoot } from './people-present.ts'
import { type Body, choice, flag, integer, pageSize, requiredText, text } from './request.ts'
import { driveOf, iso, parseDrive, subjectParts } from './terms.ts'

const PAGE_MAX = 100
const NAME_CHARACTERS_MAX = 128
const DESCRIPTION_CHARACTERS_MAX = 1024

/** A Drive object. */
export function driveObject(drive: Drive): object {
  const owner = subjectParts(drive.owner)
  const pool = drive.pools.find(({ kind }) => kind === 'drive')
  return {
    domain_id: drive.tenant,
    drive_id: String(drive.id),
    drive_name: drive.name,
    description: drive.settings.description ?? '',
    drive_type: 'normal',
    owner: owner.id,
    owner_type: owner.type,
    creator: subjectParts(drive.creator).id,
    status: drive.settings.disabled ? 'disabled' : 'enabled',
    total_size: pool?.quota ?? -1,
    used_size: pool?.used ?? 0,
    encrypt_mode: 'none',
    encrypt_data_access: false,
    created_at: iso(drive.createdAt),
    updated_at: iso(drive.updatedAt),
  }
}

export const driveGet: SteppedEndpoint = {
  url: '/drive/get',
  operation: 'GetDrive',
  coverage: 'done',
  scope: 'DRIVE.GET',
  *steps(body, env): Call {
    const { drives } = yield { drives: [driveOf(env, body)] }
    const [drive] = drives
    if (!drive) return notFound('drive')
    const { concerns } = yield { concerns: [drive] }
    if (!concerns[0] && !isVisited(env, drive)) return noPermission('drive')
    return { status: 200, body: driveObject(drive) }
  },
}

/** Whether the caller holds the token of a share of something in the drive. */
function isVisited({ visit }: Env, { id }: Drive): boolean {
  return visit?.holder.lent?.nodes.some(({ drive }) => drive === id) ?? false
}

export const driveGetDefault: SteppedEndpoint = {
  url: '/drive/get_default_drive',
  operation: 'GetDefaultDrive',
  coverage: 'done',
  scope: 'DRIVE.GET',
  decides: true,
  *steps(body, env): Call {
    const id = text(body, 'user_id') || env.user
    if (!id) return missing('user_id')
    if (id !== env.user && !env.actor.admin) return noPermission('drive')
    const { users } = yield { users: [id] }
    if (!users[0]) return notFound('user')
    if (!users[0].defaultDrive) return notFound('drive')
    const { drives } = yield { drives: [users[0].defaultDrive] }
    return drives[0] ? { status: 200, body: { ...driveObject(drives[0]), default: true } } : notFound('drive')
  },
}

export const driveListMine: DirectEndpoint = {
  url: '/drive/list_my_drives',
  operation: 'ListMyDrives',
  coverage: 'done',
  scope: 'DRIVE.LIST',
  run: (body, env) => listed(body, env, [env.actor.self]),
}

export const driveList: DirectEndpoint = {
  url: '/drive/list',
  operation: 'ListDrive',
  coverage: 'done',
  scope: 'DRIVE.LIST',
  decides: true,
  async run(body, env) {
    const owner = text(body, 'owner')
    const type = ownerTypeOf(body)
    if (!env.actor.admin) return noPermission('drive')
    if (!owner && text(body, 'owner_type')) return missing('owner')
    return listed(body, env, owner ? [`${type}:${owner}`] : null)
  },
}

/** @param name a part of the name, in any case; '' or absent = any */
async function listed(body: Body, env: Env, owners: readonly Subject[] | null, name = ''): Promise<Answer> {
  const marker = text(body, 'marker')
  const limit = pageSize(body, PAGE_MAX, PAGE_MAX)
  const sought = name.toLowerCase()
  const found: Drive[] = []
  let next: DriveId | 0 | null = marker ? parseDrive(marker, 'marker') : 0
  do {
    const page: { items: Drive[]; next: DriveId | null } = await env.engine.listDrives(env.actor, {
      owners,
      after: next,
      limit,
    })
    found.push(...page.items.filter((drive) => drive.name.toLowerCase().includes(sought)))
    next = page.next
  } while (next !== null && found.length < limit)
  const items = found.slice(0, limit)
  const isCut = found.length > limit || next !== null
  return {
    status: 200,
    body: { items: items.map(driveObject), next_marker: isCut ? String(items.at(-1)!.id) : '' },
  }
}

export const driveListGroup: DirectEndpoint = {
  url: '/drive/list_my_group_drive',
  operation: 'ListMyGroupDrive',
  coverage: 'done',
  scope: 'DRIVE.LIST',
  decides: true,
  async run(body, env) {
    const { engine, actor } = env
    const ids = actor.subjects.map(subjectParts).flatMap(({ type, id }) => (type === 'group' ? [id] : []))
    const groups = (await engine.groups(actor.tenant, ids)).flatMap((group) => group ?? [])
    const ownersOf = (some: readonly Group[]) => some.map(({ id }): Subject => `group:${id}`)
    const [{ status, body: found }, roots] = await Promise.all([
      listed(body, env, ownersOf(groups.filter((group) => !isRoot(group))), text(body, 'drive_name')),
      engine.listDrives(actor, { owners: ownersOf(groups.filter(isRoot)), after: 0, limit: 1 }),
    ])
    const [root] = roots.items
    return { status, body: { ...found, root_group_drive: root && driveObject(root) } }
  },
}

export const driveSearch: DirectEndpoint = {
  url: '/drive/search',
  operation: 'SearchDrives',
  coverage: 'done',
  scope: 'DRIVE.LIST',
  decides: true,
  async run(body, env) {
    const owner = text(body, 'owner')
    const subject: Subject = `${ownerTypeOf(body)}:${owner}`
    const { admin, subjects } = env.actor
    // Others search what is their own or their groups'.
    const own = subjects.filter((one) => one !== 'everyone')
    const owners = owner ? [subject] : admin ? null : own
    if (!admin && owner && !own.includes(subject)) return noPermission('drive')
    return listed(body, env, owners, text(body, 'drive_name'))
  },
}

export const driveCreate: DirectEndpoint = {
  url: '/drive/create',
  operation: 'CreateDrive',
  coverage: 'done',
  scope: 'DRIVE.CREATE',
  decides: true,
  async run(body, env) {
    const name = requiredText(body, 'drive_name', NAME_CHARACTERS_MAX)
    const owner: Subject = `${ownerTypeOf(body)}:${requiredText(body, 'owner')}`
    const { quota = null, settings } = termsOf(body)
    const isDefault = flag(body, 'default') ?? false
    const grantsOnly = flag(body, 'disable_assign_group_default_permission') ?? false
    if (!env.actor.admin) return noPermission('drive')
    await runSteps(env, ownerExists(owner))
    const spec = { name, owner, quota, settings: { ...settings, ...(grantsOnly && { grantsOnly }) } }
    try {
      const [drive] = await env.engine.createDrives(env.actor, [spec])
      if (isDefault) await makeDefault(env, drive!)
      return { status: 201, body: { ...driveObject(drive!), ...(isDefault && { default: true }) } }
    } catch (error) {
      if (error instanceof RefusedError) return driveFailure(error)
      throw error
    }
  },
}

/** Makes a drive the one its owner works in unless told otherwise. */
async function makeDefault({ engine, actor }: Env, { id, owner }: Drive): Promise<void> {
  const { type, id: user } = subjectParts(owner)
  if (type === 'user') await engine.updateUsers(actor, [{ id: user, set: { defaultDrive: id } }])
}

export const driveUpdate: DirectEndpoint = {
  url: '/drive/update',
  operation: 'UpdateDrive',
  coverage: 'done',
  scope: 'DRIVE.UPDATE',
  decides: true,
  async run(body, env) {
    const id = driveOf(env, body)
    const name = text(body, 'drive_name', NAME_CHARACTERS_MAX)
    if (name === '') return notValid('drive_name')
    const ownerId = text(body, 'owner')
    const owner: Subject | undefined = ownerId ? `${ownerTypeOf(body)}:${ownerId}` : undefined
    const terms = termsOf(body)
    const { actor, engine } = env
    // Who owns a drive may name it; how much it holds and whose it is, an administrator says.
    if ((terms.quota !== undefined || owner) && !actor.admin) return noPermission('drive')
    if (owner) await runSteps(env, ownerExists(owner))
    const set = { ...terms, ...(name !== undefined && { name }), ...(owner && { owner }) }
    const [changed] = await engine.updateDrives(actor, [{ id, set }])
    return driveOutcome(changed!, (drive) => ({ status: 200, body: driveObject(drive) }))
  },
}

export const driveDelete: DirectEndpoint = {
  url: '/drive/delete',
  operation: 'DeleteDrive',
  coverage: 'done',
  scope: 'DRIVE.DELETE',
  async run(body, env) {
    const id: DriveId = driveOf(env, body)
    const [gone] = await env.engine.deleteDrives(env.actor, [id])
    return driveOutcome(gone!, () => ({ status: 204 }))
  },
}

function driveOutcome(outcome: Drive | Failed, answer: (drive: Drive) => Answer): Answer {
  return outcome.status === 'failed' ? driveFailure(outcome) : answer(outcome)
}

/** About a drive, not a file. */
function driveFailure({ error }: Pick<Failed, 'error'>): Answer {
  if (error.code === 'forbidden') return noPermission('drive')
  if (error.code === 'name_invalid')
    return error.detail === 'too_long' ? outOfRange('drive_name') : notValid('drive_name')
  return failedAnswer(error)
}

/** Size, description and status; `total_size` -1 is unlimited. */
function termsOf(body: Body): Pick<DrivePatch, 'quota' | 'settings'> {
  const size = integer(body, 'total_size', -1, Number.MAX_SAFE_INTEGER)
  const description = text(body, 'description', DESCRIPTION_CHARACTERS_MAX)
  const status = choice(body, 'status', ['enabled', 'disabled'])
  if ((choice(body, 'drive_type', ['normal', 'large']) ?? 'normal') !== 'normal')
    throw new Refusal(notSupported('drive_type'))
  const settings = {
    ...(description !== undefined && { description }),
    ...(status !== undefined && { disabled: status === 'disabled' }),
  }
  return {
    ...(size !== undefined && { quota: size < 0 ? null : size }),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
}

function ownerTypeOf(body: Body): 'user' | 'group' {
  return choice(body, 'owner_type', ['user', 'group']) ?? 'user'
}

function* ownerExists(owner: Subject): Steps<void> {
  const { type, id } = subjectParts(owner)
  const { users, groups } = yield type === 'group' ? { groups: [id] } : { users: [id] }
  if (!(users[0] ?? groups[0])) throw new Refusal(notFound(type))
}
