/** Quotas that several drives share. What a drive holds counts in its pool from the moment it joins. */
import { reachesDrive } from './access.ts'
import type { Actor } from './actor.ts'
import { emptyChanges } from './effects.ts'
import { type Directory, EVICTION_DAYS_MAX, type PoolPatch, type SharedPool } from './engine.ts'
import { fail } from './error.ts'
import type { Drive, DriveId, PoolId, TenantId } from './model.ts'
import type { Failed } from './op.ts'
import type { ReadTx, Store, WriteTx } from './port.ts'

/** How many drives one pool may hold. */
export const DRIVES_PER_POOL_MAX = 1000

export function createPools(store: Store): Pick<Directory, 'createPools' | 'sharedPools' | 'updatePools'> {
  return {
    async createPools(actor, specs) {
      if (!actor.admin) return specs.map(() => fail('forbidden'))
      return store.write(async (tx) => {
        const ids = (await tx.ids('drive', specs.length)) as PoolId[]
        const empty = ids.map((id): SharedPool => ({ id, quota: null, used: 0, eviction: null, drives: [] }))
        const patches = specs.map((set, at) => ({ id: ids[at]!, set }))
        return change(tx, actor, patches, empty)
      })
    },

    sharedPools: (actor, ids) => store.read((tx) => read(tx, actor.tenant, ids)),

    async updatePools(actor, patches) {
      if (!actor.admin) return patches.map(() => fail('forbidden'))
      const ids = patches.map(({ id }) => id)
      return store.write(async (tx) => change(tx, actor, patches, await read(tx, actor.tenant, ids)))
    },
  }
}

const keyOf = (id: PoolId) => ({ kind: 'shared', key: String(id) }) as const

async function read(tx: ReadTx, tenant: TenantId, ids: readonly PoolId[]): Promise<(SharedPool | null)[]> {
  const pools = await tx.pools(ids.map((id) => ({ tenant, ...keyOf(id) })))
  const drives = await tx.drivesInPools(ids)
  return ids.map((id) => {
    const pool = pools.find(({ key }) => key === String(id))
    if (!pool) return null
    const { quota, used, eviction } = pool
    const inside = drives.filter(({ sharedPool }) => sharedPool === id)
    return { id, quota, used, eviction, drives: inside.sort((a, b) => a.id - b.id) }
  })
}

/** Patches in order; one that cannot be done is left out whole. A pool is written once it has a quota. */
async function change(
  tx: WriteTx,
  actor: Actor,
  patches: readonly { id: PoolId; set: PoolPatch }[],
  known: readonly (SharedPool | null)[],
): Promise<(SharedPool | Failed)[]> {
  const { tenant } = actor
  const wanted = await tx.drives([...new Set(patches.flatMap(({ set }) => set.drives ?? []))])
  const drives = new Map<DriveId, Drive>()
  for (const drive of [...wanted, ...known.flatMap((pool) => pool?.drives ?? [])]) drives.set(drive.id, drive)
  const before = new Map(drives)
  // While a task carries something, what its drives have in common is counted once: they stay in their pools until then.
  const held = new Set((await tx.holds([...drives.keys()])).map(({ drive }) => drive))
  const stays = ({ id: pool }: { id: PoolId }, { drives: members }: PoolPatch) =>
    members !== undefined &&
    [...drives.values()].some(({ id, sharedPool }) => held.has(id) && members.includes(id) !== (sharedPool === pool))
  const outcomes = patches.map(({ id, set }, at) => {
    if (stays({ id }, set)) return fail('busy')
    const problem = known[at] ? patchProblem(actor, id, set, drives) : fail('attribute_invalid', { detail: 'pool' })
    if (problem) return problem
    if (set.drives !== undefined) regroup(drives, id, set.drives)
    return null
  })
  const changed = [...drives.values()].filter((drive) => drive !== before.get(drive.id))
  await tx.putDrives(changed)
  const done = patches.filter((_, at) => outcomes[at] === null)
  const quotas = done.flatMap(({ id, set: { quota } }) => (quota === undefined ? [] : [{ ...keyOf(id), quota }]))
  await tx.putPools(quotas.map((pool) => ({ tenant, ...pool })))
  const evictions = done.flatMap(({ id, set: { eviction } }) =>
    eviction === undefined ? [] : [{ ...keyOf(id), eviction }],
  )
  await tx.putEvictions(evictions.map((pool) => ({ tenant, ...pool })))
  await tx.apply({ ...emptyChanges(), poolDeltas: changed.flatMap((drive) => deltas(before.get(drive.id)!, drive)) })
  const after = await read(
    tx,
    tenant,
    patches.map(({ id }) => id),
  )
  return outcomes.map((problem, at) => problem ?? after[at]!)
}

function patchProblem(
  actor: Actor,
  id: PoolId,
  { quota, eviction, drives = [] }: PoolPatch,
  known: ReadonlyMap<DriveId, Drive>,
): Failed | null {
  if (quota !== undefined && quota !== null && !(Number.isSafeInteger(quota) && quota >= 0))
    return fail('attribute_invalid', { detail: 'quota' })
  const days = eviction?.afterDays ?? 0
  if (!(Number.isSafeInteger(days) && days >= 0 && days <= EVICTION_DAYS_MAX))
    return fail('attribute_invalid', { detail: 'eviction' })
  if (drives.length > DRIVES_PER_POOL_MAX) return fail('attribute_invalid', { detail: 'drives' })
  const found = drives.map((drive) => known.get(drive))
  if (!found.every((drive) => drive && reachesDrive(actor, drive))) return fail('drive_not_found')
  // A drive shares one pool at most: it must leave the other before.
  const isElsewhere = found.some((drive) => drive!.sharedPool !== 0 && drive!.sharedPool !== id)
  return isElsewhere ? fail('name_taken') : null
}

function regroup(drives: Map<DriveId, Drive>, id: PoolId, members: readonly DriveId[]): void {
  for (const drive of [...drives.values()]) {
    const belongs = members.includes(drive.id)
    if (belongs && drive.sharedPool !== id) drives.set(drive.id, { ...drive, sharedPool: id })
    if (!belongs && drive.sharedPool === id) drives.set(drive.id, { ...drive, sharedPool: 0 })
  }
}

/** What a drive holds goes over from the pool it leaves to the one it joins. */
function deltas({ tenant, sharedPool: from, pools }: Drive, { sharedPool: to }: Drive) {
  const { used } = pools.find(({ kind }) => kind === 'drive')!
  return [
    ...(from === 0 ? [] : [{ tenant, ...keyOf(from), delta: -used }]),
    ...(to === 0 ? [] : [{ tenant, ...keyOf(to), delta: used }]),
  ]
}
