/** Drives and pools as rows: their columns, and the way there and back. Both stores keep them so. */
import {
  type Drive,
  type DriveId,
  type Evicted,
  type NodeId,
  POOL_KINDS,
  type Pool,
  type PoolId,
  type PoolKind,
  type StoredPool,
  type Subject,
  type TenantId,
} from '../../engine/index.ts'
import { fromJson } from './json.ts'

export type DriveRow = [
  id: DriveId,
  tenant: TenantId,
  name: string,
  owner: Subject,
  app: string,
  scene: string,
  sceneId: string,
  status: Drive['status'],
  root: NodeId,
  trash: NodeId,
  grave: NodeId,
  settings: string,
  seq: number,
  trashSeq: number,
  creator: Subject,
  createdAt: number,
  updatedAt: number,
  sharedPool: PoolId | 0,
  /** Quota and use of each pool in the order of POOL_KINDS; both null where there is no pool. */
  ...pools: (number | null)[],
]

const POOLS_AT = 18

export type PoolRow = [
  tenant: TenantId,
  kind: PoolKind,
  key: string,
  quota: number | null,
  used: number,
  evictAfter: number | null,
  evictNewest: number | boolean,
  overSince: number,
  restsUntil: number,
]

export type EvictedRow = [drive: DriveId, node: NodeId, parent: NodeId, key: string, at: number]

export function toPool([
  tenant,
  kind,
  key,
  quota,
  used,
  afterDays,
  newestFirst,
  overSince,
  restsUntil,
]: PoolRow): StoredPool {
  const eviction = afterDays === null ? null : { afterDays, newestFirst: Boolean(newestFirst) }
  return { tenant, kind, key, quota, used, eviction, overSince, restsUntil }
}

/** The key of a pool, and its eviction as PoolRow has it. */
export function fromEviction(pool: Pick<StoredPool, 'tenant' | 'kind' | 'key' | 'eviction'>): unknown[] {
  const { tenant, kind, key, eviction } = pool
  return [tenant, kind, key, eviction?.afterDays ?? null, eviction?.newestFirst ? 1 : 0]
}

export function toEvicted([drive, node, parent, key, at]: EvictedRow): Evicted {
  return { drive, node, parent, key, at }
}

export function fromStrain(pool: Pick<StoredPool, 'tenant' | 'kind' | 'key' | 'overSince' | 'restsUntil'>): unknown[] {
  const { tenant, kind, key, overSince, restsUntil } = pool
  return [tenant, kind, key, overSince, restsUntil]
}

/** Asked for by its id and by its place, one comes twice. */
export function onceEvicted(rows: readonly Evicted[]): Evicted[] {
  return [...new Map(rows.map((row) => [`${row.drive} ${row.node}`, row])).values()]
}

export function fromEvicted({ drive, node, parent, key, at }: Evicted): unknown[] {
  return [drive, node, parent, key, at]
}

export function toDrive(row: DriveRow): Drive {
  const [id, tenant, name, owner, app, scene, sceneId, status, root, trash, grave] = row
  const [settings, seq, trashSeq, creator, createdAt, updatedAt, sharedPool] = row.slice(11) as [
    string,
    number,
    number,
    Subject,
    number,
    number,
    PoolId | 0,
  ]
  return {
    id,
    tenant,
    name,
    owner,
    app,
    scene,
    sceneId,
    status,
    root,
    trash,
    grave,
    settings: fromJson(settings),
    sharedPool,
    pools: toPools(row),
    seq,
    trashSeq,
    creator,
    createdAt,
    updatedAt,
  }
}

function toPools(row: DriveRow): Pool[] {
  const [id, , , , app, scene] = row
  const shared = String(row[POOLS_AT - 1])
  const keys: Record<PoolKind, string> = { drive: String(id), shared, scene: `${app}/${scene}`, app, tenant: '' }
  return POOL_KINDS.flatMap((kind, index) => {
    const quota = row[POOLS_AT + 2 * index] as number | null
    const used = row[POOLS_AT + 2 * index + 1] as number | null
    return used === null ? [] : [{ kind, key: keys[kind], quota, used }]
  })
}

export function fromDrive(drive: Drive): unknown[] {
  return [
    drive.id,
    drive.tenant,
    drive.name,
    drive.owner,
    drive.app,
    drive.scene,
    drive.sceneId,
    drive.status,
    drive.root,
    drive.trash,
    drive.grave,
    JSON.stringify(drive.settings),
    drive.seq,
    drive.trashSeq,
    drive.creator,
    drive.createdAt,
    drive.updatedAt,
    drive.sharedPool,
  ]
}
