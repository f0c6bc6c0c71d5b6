/** Drives and the quota pools they fill. */
import type { ReadTx, WriteTx } from '../../engine/index.ts'
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
import { members } from './json.ts'
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
where d.id in (select value from json_each(?))`

/** In the order of the index drive_of_tenant. */
export const DRIVES_OF_TENANT = `${DRIVE}
where d.tenant_id = ? and d.status = 'active' and d.id > ?
order by d.id limit ?`

/** An owner has few drives: the index drive_of_owner finds them, and they are sorted. */
export const DRIVES_OF_OWNERS = `${DRIVE}
where d.tenant_id = ? and d.status = 'active' and d.id > ? and d.owner in (select value from json_each(?))
order by +d.id limit ?`

/** Relies on the index drive_of_scene. */
export const DRIVES_BY_SCENE = `${DRIVE}
where d.status = 'active' and d.scene_id <> '' and (d.tenant_id, d.app, d.scene, d.scene_id) in (
  select ${members(4)} from json_each(?)
)`

/** Relies on the index drive_of_pool. */
export const DRIVES_IN_POOLS = `${DRIVE}
where d.status = 'active' and d.shared_pool > 0 and d.shared_pool in (select value from json_each(?))`

const POOL_COLUMNS = 'tenant_id, kind, key, quota, used, evict_after, evict_newest, over_since, rests_until'

export const POOLS = `
select ${POOL_COLUMNS} from pool
where (tenant_id, kind, key) in (select ${members(3)} from json_each(?))`

export const PUT_DRIVES = `
insert into drive (id, tenant_id, name, owner, app, scene, scene_id, status, root, trash, grave, settings,
  seq, trash_seq, creator, created_at, updated_at, shared_pool)
select ${members(18)} from json_each(?) where true
on conflict (id) do update set
  tenant_id = excluded.tenant_id, name = excluded.name, owner = excluded.owner, app = excluded.app,
  scene = excluded.scene, scene_id = excluded.scene_id, status = excluded.status, root = excluded.root,
  trash = excluded.trash, grave = excluded.grave, settings = excluded.settings, seq = excluded.seq,
  trash_seq = excluded.trash_seq, creator = excluded.creator, created_at = excluded.created_at,
  updated_at = excluded.updated_at, shared_pool = excluded.shared_pool`

export const PUT_POOLS = `
insert into pool (tenant_id, kind, key, quota, used)
select ${members(4)}, 0 from json_each(?) where true
on conflict (tenant_id, kind, key) do update set quota = excluded.quota`

export const PUT_EVICTIONS = `
update pool set evict_after = value ->> 3, evict_newest = value ->> 4 from json_each(?)
where tenant_id = value ->> 0 and kind = value ->> 1 and pool.key = value ->> 2`
export const PUT_STRAINS = `
update pool set over_since = value ->> 3, rests_until = value ->> 4 from json_each(?)
where tenant_id = value ->> 0 and kind = value ->> 1 and pool.key = value ->> 2`

/** Pools that make room are few beside all pools: the index pool_eviction holds only these. */
export const STRAINED = `
select ${POOL_COLUMNS} from pool indexed by pool_eviction
where evict_after is not null and rests_until <= ? and case when used > coalesce(quota, used)
  then over_since = 0 or over_since + evict_after * 86400000 <= ?
  else over_since > 0 end`
export const STRAINED_POOLS = `${STRAINED} limit ?`

const EVICTED_COLUMNS = 'drive_id, node_id, parent_id, name_key, at'
export const EVICTED_NODES = `
select ${EVICTED_COLUMNS} from evicted where (drive_id, node_id) in (select value ->> 0, value ->> 1 from json_each(?))`
export const EVICTED_PLACES = `
select ${EVICTED_COLUMNS} from evicted where (drive_id, parent_id, name_key) in (select ${members(3)} from json_each(?))`
export const PUT_EVICTED = `
insert or replace into evicted (drive_id, node_id, parent_id, name_key, at) select ${members(5)} from json_each(?)`

export const driveQueries: Queries<
  Pick<ReadTx, 'drives' | 'drivesOf' | 'drivesByScene' | 'drivesInPools' | 'pools' | 'strainedPools' | 'evicted'> &
    Pick<WriteTx, 'putDrives' | 'putPools' | 'putEvictions' | 'putPoolStrains' | 'putEvicted'>
> = {
  drives(db, ids) {
    if (ids.length === 0) return []
    return db.all<DriveRow>(DRIVES, JSON.stringify(ids)).map(toDrive)
  },

  drivesOf(db, { tenant, owners, after, limit }) {
    if (owners?.length === 0) return []
    const rows = owners
      ? db.all<DriveRow>(DRIVES_OF_OWNERS, tenant, after, JSON.stringify(owners), limit)
      : db.all<DriveRow>(DRIVES_OF_TENANT, tenant, after, limit)
    return rows.map(toDrive)
  },

  drivesByScene(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, app, scene, sceneId }) => [tenant, app, scene, sceneId])
    return db.all<DriveRow>(DRIVES_BY_SCENE, JSON.stringify(set)).map(toDrive)
  },

  drivesInPools(db, ids) {
    if (ids.length === 0) return []
    return db.all<DriveRow>(DRIVES_IN_POOLS, JSON.stringify(ids)).map(toDrive)
  },

  pools(db, keys) {
    if (keys.length === 0) return []
    const set = keys.map(({ tenant, kind, key }) => [tenant, kind, key])
    return db.all<PoolRow>(POOLS, JSON.stringify(set)).map(toPool)
  },

  evicted(db, keys) {
    const nodes = keys.flatMap((key) => ('id' in key ? [[key.drive, key.id]] : []))
    const places = keys.flatMap((key) => ('id' in key ? [] : [[key.drive, key.parent, key.key]]))
    const rows = [
      ...(nodes.length > 0 ? db.all<EvictedRow>(EVICTED_NODES, JSON.stringify(nodes)) : []),
      ...(places.length > 0 ? db.all<EvictedRow>(EVICTED_PLACES, JSON.stringify(places)) : []),
    ]
    return onceEvicted(rows.map(toEvicted))
  },

  putEvictions(db, rows) {
    if (rows.length > 0) db.run(PUT_EVICTIONS, JSON.stringify(rows.map(fromEviction)))
  },

  putPoolStrains(db, rows) {
    if (rows.length > 0) db.run(PUT_STRAINS, JSON.stringify(rows.map(fromStrain)))
  },

  putEvicted(db, rows) {
    if (rows.length > 0) db.run(PUT_EVICTED, JSON.stringify(rows.map(fromEvicted)))
  },

  strainedPools(db, now, limit) {
    return db.all<PoolRow>(STRAINED_POOLS, now, now, limit).map(toPool)
  },

  putDrives(db, rows) {
    if (rows.length > 0) db.run(PUT_DRIVES, JSON.stringify(rows.map(fromDrive)))
  },

  putPools(db, rows) {
    if (rows.length === 0) return
    db.run(PUT_POOLS, JSON.stringify(rows.map(({ tenant, kind, key, quota }) => [tenant, kind, key, quota])))
  },
}
