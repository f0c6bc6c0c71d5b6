/** Drives and pools as rows: their columns, and the way there and back. Both stores keep them so. */
import {
  type Drive,
  type DriveId,
  type NodeId,
  POOL_KINDS,
  type Pool,
  type PoolId,
  type PoolKind,
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

export type PoolRow = [tenant: TenantId, kind: PoolKind, key: string, quota: number | null, used: number]

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
