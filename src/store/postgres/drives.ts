/** Drives and the quota pools they fill. */
import type { Pool, ReadTx, TenantId, WriteTx } from '../../engine/index.ts'
import {
  type DriveRow,
  type EvictedRow,
  fromDrive,
  fromEvicted,
  fromEviction,
  fromStrain,
  onceEvicted,
  type PoolRow,
  toDrive,
  toEvicted,
  toPool,
} from '../row/drive.ts'
import { columns, latest, unnest } from './sets.ts'
import type { Queries } from './transaction.ts'

/** A drive with its pools in the order of POOL_KINDS; every pool is one seek. */
const DRIVE = `
select d.id, d.tenant_id, d.name, d.owner, d.app, d.scene, d.scene_id, d.status, d.root, d.trash, d.grave, d.settings,
  d.seq, d.trash_seq, d.creator, d.created_at, d.updated_at, d.shared_pool,
  pd.quota, pd.used, ph.quota, ph.used, ps.quota, ps.used, pa.quota, pa.used, pt.quota, pt.used
from drive d
left join pool pd on pd.tenant_id = d.tenant_id and pd.kind = 'drive' and pd.key = cast(d.id as text)
left join pool ph on d.shared_pool > 0 and ph.tenant_id = d.tenant_id and ph.kind = 'shared'
  and ph.key = cast(d.shared_pool as text)
left join pool ps on d.app <> '' and ps.tenant_id = d.tenant_id and ps.kind = 'scene' and ps.key = d.app || '/' || d.scene
left join pool pa on d.app <> '' and pa.tenant_id = d.tenant_id and pa.kind = 'app' and pa.key = d.app
left join pool pt on pt.tenant_id = d.tenant_id and pt.kind = 'tenant' and pt.key = ''`

export const DRIVES = `${DRIVE}
where d.id = any($1::bigint[])`

/** In the order of the index drive_of_tenant. */
export const DRIVES_OF_TENANT = `${DRIVE}
where d.tenant_id = $1 and d.status = 'active' and d.id > $2
order by d.id limit $3`

/** An owner has few drives: the index drive_of_owner finds them, and they are sorted. */
export const DRIVES_OF_OWNERS = `${DRIVE}
where d.tenant_id = $1 and d.status = 'active' and d.id > $2 and d.owner = any($4::text[])
order by d.id limit $3`

/** Relies on the index drive_of_scene. */
export const DRIVES_BY_SCENE = `${DRIVE}
join (select distinct k.* from ${unnest('tttt')} k (tenant_id, app, scene, scene_id)) k
  on d.tenant_id = k.tenant_id and d.app = k.app and d.scene = k.scene and d.scene_id = k.scene_id
where d.status = 'active' and d.scene_id <> ''`

/** Relies on the index drive_of_pool. */
export const DRIVES_IN_POOLS = `${DRIVE}
where d.status = 'active' and d.shared_pool > 0 and d.shared_pool = any($1::bigint[])`

const POOL_COLUMNS =
  'p.tenant_id, p.kind, p.key, p.quota, p.used, p.evict_after, p.evict_newest, p.over_since, p.rests_until'

export const POOLS = `
select ${POOL_COLUMNS}
from (select distinct k.* from ${unnest('ttt')} k (tenant_id, kind, key)) k
join pool p on p.tenant_id = k.tenant_id and p.kind = k.kind and p.key = k.key`

export const PUT_DRIVES = `
insert into drive (id, tenant_id, name, owner, app, scene, scene_id, status, root, trash, grave, settings,
  seq, trash_seq, creator, created_at, updated_at, shared_pool)
select * from ${unnest('nttttttt' + 'nnnt' + 'nntnnn')}
on conflict (id) do update set
  tenant_id = excluded.tenant_id, name = excluded.name, owner = excluded.owner, app = excluded.app,
  scene = excluded.scene, scene_id = excluded.scene_id, status = excluded.status, root = excluded.root,
  trash = excluded.trash, grave = excluded.grave, settings = excluded.settings, seq = excluded.seq,
  trash_seq = excluded.trash_seq, creator = excluded.creator, created_at = excluded.created_at,
  updated_at = excluded.updated_at, shared_pool = excluded.shared_pool`

export const PUT_POOLS = `
insert into pool (tenant_id, kind, key, quota, used)
select k.*, 0 from ${unnest('tttn')} k
on conflict (tenant_id, kind, key) do update set quota = excluded.quota`

export const PUT_EVICTIONS = `
update pool p set evict_after = k.evict_after, evict_newest = k.evict_newest
from ${unnest('tttnn')} k (tenant_id, kind, key, evict_after, evict_newest)
where p.tenant_id = k.tenant_id and p.kind = k.kind and p.key = k.key`
export const PUT_STRAINS = `
update pool p set over_since = k.over_since, rests_until = k.rests_until
from ${unnest('tttnn')} k (tenant_id, kind, key, over_since, rests_until)
where p.tenant_id = k.tenant_id and p.kind = k.kind and p.key = k.key`

/** Pools that make room are few beside all pools: the index pool_eviction holds only these. */
export const STRAINED = `
select ${POOL_COLUMNS} from pool p
where p.evict_after is not null and p.rests_until <= $1 and case when p.used > coalesce(p.quota, p.used)
  then p.over_since = 0 or p.over_since + p.evict_after * 86400000 <= $1
  else p.over_since > 0 end`
export const STRAINED_POOLS = `${STRAINED} limit $2`

const EVICTED_COLUMNS = 'e.drive_id, e.node_id, e.parent_id, e.name_key, e.at'
export const EVICTED_NODES = `
select ${EVICTED_COLUMNS} from (select distinct k.* from ${unnest('nn')} k (drive_id, id)) k
join evicted e on e.drive_id = k.drive_id and e.node_id = k.id`
export const EVICTED_PLACES = `
select ${EVICTED_COLUMNS} from (select distinct k.* from ${unnest('nnt')} k (drive_id, parent_id, name_key)) k
join evicted e on e.drive_id = k.drive_id and e.parent_id = k.parent_id and e.name_key = k.name_key`
export const PUT_EVICTED = `
insert into evicted (drive_id, node_id, parent_id, name_key, at) select * from ${unnest('nnntn')}
on conflict (drive_id, node_id) do update set
  parent_id = excluded.parent_id, name_key = excluded.name_key, at = excluded.at`

export const driveQueries: Queries<
  Pick<ReadTx, 'drives' | 'drivesOf' | 'drivesByScene' | 'drivesInPools' | 'pools' | 'strainedPools' | 'evicted'> &
    Pick<WriteTx, 'putDrives' | 'putPools' | 'putEvictions' | 'putPoolStrains' | 'putEvicted'>
> = {
  async drives(db, ids) {
    if (ids.length === 0) return []
    db.enter(ids)
    const drives = (await db.all<DriveRow>(DRIVES, ids)).map(toDrive)
    for (const { tenant, pools } of drives) {
      for (const { kind, key, used } of pools) db.see(`${tenant} ${kind} ${key}`, used)
    }
    return drives
  },

  async drivesOf(db, { tenant, owners, after, limit }) {
    if (owners?.length === 0) return []
    const rows = owners
      ? await db.all<DriveRow>(DRIVES_OF_OWNERS, tenant, after, limit, owners)
      : await db.all<DriveRow>(DRIVES_OF_TENANT, tenant, after, limit)
    return rows.map(toDrive)
  },

  async drivesByScene(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, app, scene, sceneId }) => [tenant, app, scene, sceneId])
    // Two who find a scene without its drive would both make it.
    db.reserve(set.map((key) => `scene ${key.join(' ')}`))
    return (await db.all<DriveRow>(DRIVES_BY_SCENE, ...columns(set, 4))).map(toDrive)
  },

  async drivesInPools(db, ids) {
    if (ids.length === 0) return []
    return (await db.all<DriveRow>(DRIVES_IN_POOLS, ids)).map(toDrive)
  },

  async pools(db, keys) {
    if (keys.length === 0) return []
    db.reserve(keys.map(poolName))
    const set = keys.map(({ tenant, kind, key }) => [tenant, kind, key])
    return (await db.all<PoolRow>(POOLS, ...columns(set, 3))).map(toPool)
  },

  async evicted(db, keys) {
    const nodes = keys.flatMap((key) => ('id' in key ? [[key.drive, key.id]] : []))
    const places = keys.flatMap((key) => ('id' in key ? [] : [[key.drive, key.parent, key.key]]))
    const rows = await Promise.all([
      nodes.length > 0 ? db.all<EvictedRow>(EVICTED_NODES, ...columns(nodes, 2)) : [],
      places.length > 0 ? db.all<EvictedRow>(EVICTED_PLACES, ...columns(places, 3)) : [],
    ])
    return onceEvicted(rows.flat().map(toEvicted))
  },

  async putEvictions(db, rows) {
    if (rows.length === 0) return
    db.reserve(rows.map(poolName))
    await db.run(PUT_EVICTIONS, ...columns(latest(rows, poolName).map(fromEviction), 5))
  },

  async putPoolStrains(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_STRAINS, ...columns(latest(rows, poolName).map(fromStrain), 5))
  },

  async putEvicted(db, rows) {
    if (rows.length === 0) return
    db.enter(rows.map(({ drive }) => drive))
    await db.run(PUT_EVICTED, ...columns(latest(rows, ({ drive, node }) => `${drive} ${node}`).map(fromEvicted), 5))
  },

  async strainedPools(db, now, limit) {
    return (await db.all<PoolRow>(STRAINED_POOLS, now, limit)).map(toPool)
  },

  async putDrives(db, rows) {
    if (rows.length === 0) return
    db.enter(rows.map(({ id }) => id))
    await db.run(PUT_DRIVES, ...columns(latest(rows, ({ id }) => id).map(fromDrive), 18))
  },

  async putPools(db, rows) {
    if (rows.length === 0) return
    db.reserve(rows.map(poolName))
    const set = latest(rows, poolName).map(({ tenant, kind, key, quota }) => [tenant, kind, key, quota])
    await db.run(PUT_POOLS, ...columns(set, 4))
  },
}

function poolName({ tenant, kind, key }: Pick<Pool, 'kind' | 'key'> & { readonly tenant: TenantId }): string {
  return `pool ${tenant} ${kind} ${key}`
}
