/** Making drives: rows of the drive, its three parentless folders, and the pools its bytes will count in. */
import { emptyChanges } from './effects.ts'
import type { DriveSpec } from './engine.ts'
import type { Drive, DriveId, DriveSettings, Node, NodeId, Pool, Subject, TenantId } from './model.ts'
import type { WriteTx } from './port.ts'

/** How many versions of a file a drive keeps unless its maker says otherwise. */
export const VERSIONS_MAX_DEFAULT = 100
export const DEFAULT_DRIVE_SETTINGS: DriveSettings = { trash: true, versionsMax: VERSIONS_MAX_DEFAULT }

/** For whom and when drives are made. */
export interface Maker {
  readonly tenant: TenantId
  /** Written down as the drives' creator; null = each drive's own owner. */
  readonly creator: Subject | null
  readonly at: number
}

/** The three folders without a parent that every drive has; their keys keep them apart under the unique key of names. */
export const GRAVE_KEY = '/grave'
const PARENTLESS = ['/root', '/trash', GRAVE_KEY] as const

/**
 * Makes drives inside a transaction, one a spec, in order. A spec whose (app, scene, sceneId) already has an active drive,
 * or names the same as an earlier spec, gets that drive. Existing pools of the app and the tenant keep their quota.
 */
export async function insertDrives(tx: WriteTx, maker: Maker, specs: readonly DriveSpec[]): Promise<Drive[]> {
  if (specs.length === 0) return []
  const existing = await drivesByScene(tx, maker.tenant, specs)
  const keys = specs.map((spec, i) => sceneKey(spec) || `alone ${i}`)
  const made = new Map(specs.map((spec, i) => [keys[i]!, spec] as const).reverse())
  for (const key of existing.keys()) made.delete(key)
  const driveIds = (await tx.ids('drive', made.size)) as DriveId[]
  const nodeIds = (await tx.ids('node', made.size * PARENTLESS.length)) as NodeId[]
  const newSpecs = [...made.values()].reverse()
  const rows = newSpecs.map((spec, i) => driveRow(maker, spec, driveIds[i]!, nodeIds.slice(i * 3, i * 3 + 3)))
  await tx.putDrives(rows)
  await tx.apply({ ...emptyChanges(), insertNodes: rows.flatMap(parentlessNodes) })
  await putMissingPools(tx, newSpecs, rows)

  // Read back rather than assembled: the pools of an app or a tenant hold what other drives already use.
  const stored = new Map((await tx.drives(driveIds)).map((drive) => [drive.id, drive]))
  const newKeys = [...made.keys()].reverse()
  const byKey = new Map([...existing, ...newKeys.map((key, i) => [key, stored.get(driveIds[i]!)!] as const)])
  return keys.map((key) => byKey.get(key)!)
}

/** What tells drives of one scene apart; '' for a spec that always makes a drive of its own. */
function sceneKey({ app = '', scene = '', sceneId = '' }: Pick<DriveSpec, 'app' | 'scene' | 'sceneId'>): string {
  return sceneId === '' ? '' : JSON.stringify([app, scene, sceneId])
}

async function drivesByScene(tx: WriteTx, tenant: TenantId, specs: readonly DriveSpec[]): Promise<Map<string, Drive>> {
  const keys = specs
    .filter((spec) => sceneKey(spec) !== '')
    .map(({ app = '', scene = '', sceneId = '' }) => ({ tenant, app, scene, sceneId }))
  return new Map((await tx.drivesByScene(keys)).map((drive) => [sceneKey(drive), drive]))
}

function driveRow(maker: Maker, spec: DriveSpec, id: DriveId, [root, trash, grave]: NodeId[]): Drive {
  return {
    id,
    tenant: maker.tenant,
    name: spec.name,
    owner: spec.owner,
    app: spec.app ?? '',
    scene: spec.scene ?? '',
    sceneId: spec.sceneId ?? '',
    status: 'active',
    root: root!,
    trash: trash!,
    grave: grave!,
    settings: { ...DEFAULT_DRIVE_SETTINGS, ...spec.settings },
    sharedPool: 0,
    pools: [],
    seq: 0,
    trashSeq: 0,
    creator: maker.creator ?? spec.owner,
    createdAt: maker.at,
    updatedAt: maker.at,
  }
}

function parentlessNodes(drive: Drive): Node[] {
  const ids = [drive.root, drive.trash, drive.grave]
  return PARENTLESS.map((key, i) => ({
    drive: drive.id,
    id: ids[i]!,
    parent: 0 as NodeId,
    name: '',
    key,
    twin: 0,
    kind: 'folder',
    content: null,
    version: 0,
    born: drive.id,
    rev: 1,
    createdAt: drive.createdAt,
    updatedAt: drive.createdAt,
    creator: drive.creator,
    modifier: drive.creator,
    attributes: {},
  }))
}

/** The pools a drive fills; the drive's own takes the spec's quota, the wider ones start unlimited. */
function poolsOf(drive: Drive, quota: number | null): (Omit<Pool, 'used'> & { tenant: TenantId })[] {
  const { tenant, app, scene } = drive
  return [
    { tenant, kind: 'drive', key: String(drive.id), quota },
    ...(app !== '' && scene !== '' ? [{ tenant, kind: 'scene' as const, key: `${app}/${scene}`, quota: null }] : []),
    ...(app !== '' ? [{ tenant, kind: 'app' as const, key: app, quota: null }] : []),
    { tenant, kind: 'tenant', key: '', quota: null },
  ]
}

async function putMissingPools(tx: WriteTx, specs: readonly DriveSpec[], drives: readonly Drive[]): Promise<void> {
  const name = (pool: { kind: string; key: string }) => `${pool.kind} ${pool.key}`
  const wanted = new Map(
    drives.flatMap((drive, i) => poolsOf(drive, specs[i]!.quota ?? null)).map((pool) => [name(pool), pool]),
  )
  const present = new Set((await tx.pools([...wanted.values()])).map(name))
  await tx.putPools([...wanted.values()].filter((pool) => !present.has(name(pool))))
}
