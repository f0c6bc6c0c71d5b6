/** Nodes and drives as the vendor shows them. */
import type { Drive, IdCodec, Json, NodeView, Pool } from '../../engine/index.ts'
import { appPropertiesOf } from './app-property.ts'
import { bareId, categoryOf, dentryId, extensionOf, pathText, timeText, typeText } from './terms.ts'

/** For whom a dentry is shown. */
export interface Viewer {
  readonly ids: IdCodec
  /** The calling app's id: properties private to other apps are left out. */
  readonly app: string
}

/** A file or folder: the vendor's Dentry. Folders have no size, version and extension, the root no parentId. */
export function dentryOf(view: NodeView, viewer: Viewer): Readonly<Record<string, Json>> {
  const { node, drive, path } = view
  const isRoot = node.id === drive.root
  const properties = appPropertiesOf(node, viewer.app)
  return {
    id: dentryId(node.id, drive),
    spaceId: String(drive.id),
    ...(isRoot ? {} : { parentId: dentryId(node.parent, drive) }),
    type: typeText(node),
    name: isRoot ? drive.name : node.name,
    ...(node.content ? { size: node.content.size } : {}),
    path: pathText(path),
    ...(node.kind === 'file' ? { version: node.version, extension: extensionOf(node.name) } : {}),
    status: view.trash ? 'DELETED' : 'NORMAL',
    creatorId: bareId(node.creator),
    modifierId: bareId(node.modifier),
    createTime: timeText(node.createdAt),
    modifiedTime: timeText(node.updatedAt),
    properties: { readOnly: false },
    ...(properties ? { appProperties: properties } : {}),
    uuid: viewer.ids.uuid(node),
    partitionType: PARTITION,
    storageDriver: DRIVER,
  }
}

/** As `dentryOf`, with the file's category, which only listings and commits show. */
export function categorizedDentryOf(view: NodeView, viewer: Viewer): Readonly<Record<string, Json>> {
  const dentry = dentryOf(view, viewer)
  return view.node.kind === 'file' ? { ...dentry, category: categoryOf(view.node.name) } : dentry
}

/** The only partition and driver there are here. */
export const PARTITION = 'PUBLIC_OSS_PARTITION'
export const DRIVER = 'DINGTALK'

/** `scene` and `sceneId` of a space for which none was given. */
export const SCENE_DEFAULT = { scene: 'default', sceneId: '0' } as const

/** A space: the vendor's Space. `quota` is absent when only the organization bounds it. */
export function spaceOf(drive: Drive): Readonly<Record<string, Json>> {
  const { used, quota } = poolOf(drive, 'drive')
  const capabilities = drive.settings.extra?.['dingtalk.capabilities']
  return {
    id: String(drive.id),
    corpId: drive.tenant,
    ...(drive.app === '' ? {} : { appId: drive.app }),
    ...(drive.name === '' ? {} : { name: drive.name }),
    creatorId: bareId(drive.creator),
    modifierId: bareId(drive.creator),
    ownerType: drive.owner.startsWith('app:') ? 'APP' : 'USER',
    ownerId: bareId(drive.owner),
    scene: drive.scene || SCENE_DEFAULT.scene,
    sceneId: drive.sceneId || SCENE_DEFAULT.sceneId,
    ...(quota === null ? {} : { quota }),
    usedQuota: used,
    capabilities: capabilities ?? { canSearch: false, canRename: false, canRecordRecentFile: false },
    status: drive.status === 'active' ? 'NORMAL' : 'DELETE',
    createTime: timeText(drive.createdAt),
    modifiedTime: timeText(drive.updatedAt),
    partitions: [partitionOf(drive, 'drive')],
  }
}

/** What counts in one of the pools a space fills: its own, or the organization's. `max` is absent where there is no bound. */
export function partitionOf(drive: Drive, kind: 'drive' | 'tenant') {
  const { used, quota } = poolOf(drive, kind)
  const bound = quota === null ? { type: 'SHARE' } : { max: quota, type: 'PRIVATE' }
  return { partitionType: PARTITION, quota: { used, ...bound } }
}

/** The partition of an organization that has no space yet. */
export const NO_PARTITION = { partitionType: PARTITION, quota: { used: 0, type: 'SHARE' } }

/** One of the pools a space fills. */
export function poolOf(drive: Drive, kind: 'drive' | 'tenant'): Pick<Pool, 'used' | 'quota'> {
  return drive.pools.find((pool) => pool.kind === kind) ?? { used: 0, quota: null }
}
