/** The naive model's drives as they begin: empty, but for what is stored about them. */
import type { Drive, Pool } from '../../src/engine/index.ts'
import type { ModelDrive, ModelNode, ModelPool } from './model-state.ts'

/** Drives that share a pool share one object. */
export function modelDrives(drives: readonly Drive[]): ModelDrive[] {
  const pools: ModelPool[] = []
  const shared = ({ kind, key, quota }: Pool) => {
    const known = pools.find((pool) => isPool(pool, kind, key))
    if (!known) pools.push({ kind, key, quota })
    return known ?? pools.at(-1)!
  }
  return drives.map((drive) => modelDrive(drive, drive.pools.map(shared)))
}

function modelDrive({ id, root, owner, settings, createdAt, creator }: Drive, pools: ModelPool[]): ModelDrive {
  const top: ModelNode = {
    id: root,
    born: id,
    serial: 0,
    drive: id,
    kind: 'folder',
    name: '',
    twin: false,
    parent: null,
    children: [],
    versions: [],
    rev: 1,
    createdAt,
    updatedAt: createdAt,
    creator,
    modifier: creator,
    attributes: {},
    grants: [],
    trash: null,
    gone: false,
  }
  const { trash: hasTrash, versionsMax } = settings
  return { id, owner, root: top, trash: [], buried: 0, hasTrash, versionsMax, pools }
}

export function isPool(pool: { kind: string; key: string }, kind: string, key: string): boolean {
  return pool.kind === kind && pool.key === key
}
