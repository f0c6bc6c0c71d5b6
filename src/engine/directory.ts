/** Drives, their quotas, and the people of a tenant: the part of the engine that is not the tree. */
import { ownsDrive, reachesDrive } from './access.ts'
import type { Actor } from './actor.ts'
import { emptyChanges } from './effects.ts'
import {
  type Directory,
  type DrivePatch,
  type DriveSpec,
  type Roster,
  TRASH_DAYS_MAX,
  VERSION_DAYS_MAX,
  VERSION_MERGE_MS_MAX,
} from './engine.ts'
import { fail, type OpError } from './error.ts'
import { Memo } from './memo.ts'
import type { Drive, DriveId, DriveSettings, Group, Json, User } from './model.ts'
import { insertDrives } from './new-drive.ts'
import type { Failed } from './op.ts'
import { createPools } from './pools.ts'
import type { Clock, ReadTx, Store, WriteTx } from './port.ts'
import { createRoster } from './roster.ts'

/** The longest name of a drive, in characters (code points). */
export const DRIVE_NAME_CHARACTERS_MAX = 240
/** How long users and groups are remembered, ms: what another process changes is seen after that. */
const PEOPLE_LIFE_MS = 2000
const PEOPLE_REMEMBERED_MAX = 10_000
const DAY_MS = 24 * 3600_000
const TRASH_USAGE_REMEMBERED_MAX = 10_000

/** Thrown by `createDrives` for what the caller may not ask or may not name; nothing was made. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly error: OpError

  constructor(failed: Failed) {
    super(`refused: ${failed.error.code} ${failed.error.detail}`.trim())
    this.error = failed.error
  }
}

export function createDirectory(store: Store, clock: Clock): Directory {
  return { ...driveReads(store), ...driveWrites(store, clock), ...createPools(store), ...people(store, clock) }
}

function driveReads(store: Store): Pick<Directory, 'drives' | 'listDrives' | 'trashUsage'> {
  const remembered = new Map<DriveId, { trashSeq: number; size: number }>()

  return {
    async drives(actor, ids) {
      const found = await store.read((tx) => reachable(tx, actor, ids))
      return ids.map((id) => found.get(id) ?? null)
    },

    async listDrives(actor, { owners, after, limit }) {
      const { tenant } = actor
      const items = await store.read(async (tx) => {
        // One row more than asked tells whether there is a next page.
        if (actor.drives === null) return tx.drivesOf({ tenant, owners, after, limit: limit + 1 })
        const own = [...(await reachable(tx, actor, actor.drives)).values()]
        return own
          .filter((drive) => drive.id > after && (owners?.includes(drive.owner) ?? true))
          .sort((a, b) => a.id - b.id)
      })
      const page = items.slice(0, limit)
      return { items: page, next: items.length > limit ? page.at(-1)!.id : null }
    },

    async trashUsage(drives) {
      const known = new Map(drives.map((drive) => [drive.id, remembered.get(drive.id)]))
      const stale = drives.filter((drive) => known.get(drive.id)?.trashSeq !== drive.trashSeq)
      const ids = [...new Set(stale.map((drive) => drive.id))]
      const rows = ids.length > 0 ? await store.read((tx) => tx.trashUsage(ids)) : []
      const sizes = new Map(rows.map(({ drive, size }) => [drive, size]))
      for (const { id, trashSeq } of stale) known.set(id, { trashSeq, size: sizes.get(id) ?? 0 })
      if (remembered.size + ids.length > TRASH_USAGE_REMEMBERED_MAX) remembered.clear()
      for (const id of ids) remembered.set(id, known.get(id)!)
      return drives.map((drive) => known.get(drive.id)!.size)
    },
  }
}

function driveWrites(
  store: Store,
  clock: Clock,
): Pick<Directory, 'createDrives' | 'updateDrives' | 'deleteDrives' | 'setQuotas'> {
  return {
    async createDrives(actor, specs) {
      const refused = specs.map((spec) => specProblem(actor, spec)).find((problem) => problem !== null)
      if (refused) throw new RefusedError(refused)
      const maker = { tenant: actor.tenant, creator: actor.self, at: clock() }
      return store.write((tx) => insertDrives(tx, maker, specs))
    },

    updateDrives(actor, patches) {
      return store.write((tx) => updateDrives(tx, clock(), actor, patches))
    },

    deleteDrives(actor, ids) {
      return store.write(async (tx) => {
        const found = await reachable(tx, actor, ids)
        const outcomes = ids.map((id, i) => {
          const drive = ids.indexOf(id) === i ? found.get(id) : undefined
          // The bytes go on counting in the pools until the sweep has removed them.
          return changeProblem(actor, drive) ?? { ...drive!, status: 'deleted' as const, updatedAt: clock() }
        })
        const gone = outcomes.filter((outcome) => outcome.status === 'deleted')
        await tx.putDrives(gone)
        await buryTrees(tx, gone)
        return outcomes
      })
    },

    async setQuotas(tenant, pools) {
      for (const { quota } of pools) {
        if (!isQuota(quota)) throw new RangeError(`a quota is a whole number of bytes or null, not ${quota}`)
      }
      await store.write((tx) => tx.putPools(pools.map((pool) => ({ tenant, ...pool }))))
    },
  }
}

/** Puts what deleted drives hold, their trash too, where the sweep finds it. */
async function buryTrees(tx: WriteTx, drives: readonly Drive[]): Promise<void> {
  const tops = drives.flatMap(({ id, root, trash }) =>
    [root, trash].map((top) => ({ drive: id, id: top, follow: false })),
  )
  const graves = new Map(drives.map(({ id, grave }) => [id, grave]))
  const placeNodes = (await tx.chains(tops)).map((node) => ({
    ...node,
    parent: graves.get(node.drive)!,
    twin: node.id,
  }))
  await tx.apply({ ...emptyChanges(), placeNodes })
}

async function updateDrives(
  tx: WriteTx,
  at: number,
  actor: Actor,
  patches: Parameters<Directory['updateDrives']>[1],
): Promise<(Drive | Failed)[]> {
  const ids = patches.map((patch) => patch.id)
  const before = await reachable(tx, actor, ids)
  const found = new Map(before)
  const quotas = new Map<DriveId, number | null>()
  const outcomes = patches.map(({ id, set }) => {
    const problem = changeProblem(actor, found.get(id)) ?? patchProblem(actor, set)
    if (problem) return problem
    if (set.quota !== undefined) quotas.set(id, set.quota)
    // Later patches of the same drive build on earlier ones.
    found.set(id, patched(found.get(id)!, set, at))
    return id
  })
  const changed = [...new Set(outcomes.filter((outcome) => typeof outcome === 'number'))]
  const { tenant } = actor
  await tx.putDrives(changed.map((id) => found.get(id)!))
  await tx.keepTrash(changed.flatMap((id) => longerKept(before.get(id)!, found.get(id)!)))
  await tx.keepVersions(changed.flatMap((id) => otherwiseKept(before.get(id)!, found.get(id)!)))
  await tx.putPools([...quotas].map(([id, quota]) => ({ tenant, kind: 'drive' as const, key: String(id), quota })))
  const stored = new Map((await tx.drives(changed)).map((drive) => [drive.id, drive]))
  return outcomes.map((outcome) => (typeof outcome === 'number' ? stored.get(outcome)! : outcome))
}

/** A longer life is for what lies in the trash already too, a shorter one only for what comes. */
function longerKept({ settings: before }: Drive, { id, settings: after }: Drive) {
  if (before.trashDays === after.trashDays) return []
  return [{ drive: id, forMs: after.trashDays === undefined ? null : after.trashDays * DAY_MS }]
}

/** Unlike the trash's, a new life of earlier versions is for those that are there already, be it longer or shorter. */
function otherwiseKept({ settings: before }: Drive, { id, settings: after }: Drive) {
  const days = after.versionDays ?? 0
  if ((before.versionDays ?? 0) === days) return []
  return [{ drive: id, forMs: days === 0 ? null : days * DAY_MS }]
}

function people(store: Store, clock: Clock): Pick<Directory, 'users' | 'groups' | 'ownTenant'> & Roster {
  const options = { clock, lifeMs: PEOPLE_LIFE_MS, sizeMax: PEOPLE_REMEMBERED_MAX }
  const users = new Memo<User>(options)
  const groups = new Memo<Group>(options)
  // A tenant's id holds no space, so the joined key is unambiguous.
  const memoKey = ({ tenant, id }: { tenant: string; id: string }) => `${tenant} ${id}`
  const idOf = (key: string) => key.slice(key.indexOf(' ') + 1)

  const roster = createRoster(store, clock, (kind, tenant, ids) => {
    const memo = kind === 'user' ? users : groups
    memo.forget(ids.map((id) => memoKey({ tenant, id })))
  })

  return {
    ...roster,
    async ownTenant({ tenant: id }) {
      return store.read(async (tx) => {
        const [tenant] = await tx.tenants([id])
        if (!tenant) throw new Error(`tenant ${id} has an actor and no row`)
        const [count] = await tx.userCounts([id])
        // Without a drive there is no pool yet.
        const [pool] = await tx.pools([{ tenant: id, kind: 'tenant', key: '' }])
        return { tenant, users: count?.users ?? 0, quota: pool?.quota ?? null, used: pool?.used ?? 0 }
      })
    },

    async users(tenant, ids) {
      const rows = await users.get(
        ids.map((id) => memoKey({ tenant, id })),
        async (missing) => {
          const keys = missing.map((key) => ({ tenant, id: idOf(key) }))
          return new Map((await store.read((tx) => tx.users(keys))).map((user) => [memoKey(user), user]))
        },
      )
      return rows.map((row) => row ?? null)
    },

    async groups(tenant, ids) {
      const rows = await groups.get(
        ids.map((id) => memoKey({ tenant, id })),
        async (missing) => {
          const keys = missing.map((key) => ({ tenant, id: idOf(key) }))
          return new Map((await store.read((tx) => tx.groups(keys))).map((group) => [memoKey(group), group]))
        },
      )
      return rows.map((row) => row ?? null)
    },
  }
}

async function reachable(tx: ReadTx, actor: Actor, ids: readonly DriveId[]): Promise<Map<DriveId, Drive>> {
  const drives = await tx.drives([...new Set(ids)])
  return new Map(drives.filter((drive) => reachesDrive(actor, drive)).map((drive) => [drive.id, drive]))
}

function specProblem(actor: Actor, spec: DriveSpec): Failed | null {
  // A credential that opens only certain drives could not even see the new one.
  if (actor.drives !== null) return fail('forbidden')
  // For oneself, or for a group one is in; nothing belongs to everyone.
  const isOwn = spec.owner !== 'everyone' && actor.subjects.includes(spec.owner)
  if (!actor.admin && !isOwn) return fail('forbidden')
  return patchProblem(actor, spec)
}

function changeProblem(actor: Actor, drive: Drive | undefined): Failed | null {
  if (drive === undefined) return fail('drive_not_found')
  return ownsDrive(actor, drive) ? null : fail('forbidden')
}

function patchProblem({ admin }: Actor, { name, quota, settings }: DrivePatch): Failed | null {
  // Its owner could open it again.
  const { disabled, grantsOnly } = settings ?? {}
  if ((disabled !== undefined || grantsOnly !== undefined) && !admin) return fail('forbidden')
  if (name !== undefined && !name.isWellFormed()) return fail('name_invalid', { detail: 'forbidden' })
  if (name !== undefined && [...name].length > DRIVE_NAME_CHARACTERS_MAX)
    return fail('name_invalid', { detail: 'too_long' })
  if (quota !== undefined && !isQuota(quota)) return fail('attribute_invalid', { detail: 'quota' })
  const { versionsMax, trashDays, versionDays = 0, versionMergeMs = 0, downloadRate = 0 } = settings ?? {}
  if (versionsMax !== undefined && !(Number.isSafeInteger(versionsMax) && versionsMax >= 1))
    return fail('attribute_invalid', { detail: 'versionsMax' })
  if (trashDays !== undefined && !(Number.isSafeInteger(trashDays) && trashDays >= 1 && trashDays <= TRASH_DAYS_MAX))
    return fail('attribute_invalid', { detail: 'trashDays' })
  if (!isWithin(versionDays, VERSION_DAYS_MAX)) return fail('attribute_invalid', { detail: 'versionDays' })
  if (!isWithin(downloadRate, Number.MAX_SAFE_INTEGER)) return fail('attribute_invalid', { detail: 'downloadRate' })
  if (!isWithin(versionMergeMs, VERSION_MERGE_MS_MAX)) return fail('attribute_invalid', { detail: 'versionMergeMs' })
  return null
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max
}

function isQuota(quota: number | null): boolean {
  return quota === null || (Number.isSafeInteger(quota) && quota >= 0)
}

function patched(drive: Drive, { name, owner, settings }: DrivePatch, at: number): Drive {
  return {
    ...drive,
    name: name ?? drive.name,
    owner: owner ?? drive.owner,
    settings: patchedSettings(drive.settings, settings),
    updatedAt: at,
  }
}

/** `extra` is merged member by member, so that one dialect does not lose another's members; null removes one. */
function patchedSettings(settings: DriveSettings, patch: Partial<DriveSettings> = {}): DriveSettings {
  const merged: Record<string, Json> = { ...settings.extra, ...patch.extra }
  const extra = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
  return { ...settings, ...patch, ...(Object.keys(merged).length > 0 ? { extra } : {}) }
}
