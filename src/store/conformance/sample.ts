/** Rows for the conformance suite: plain defaults, so that a test states only what it is about. */
import { emptyChanges } from '../../engine/effects.ts'
import {
  type BlobRef,
  type Changes,
  type Content,
  type Drive,
  type DriveId,
  type Member,
  type NewTask,
  type Node,
  type NodeId,
  type NodeKey,
  type Outline,
  type Store,
  type Subject,
  type TaskId,
  type TenantId,
  type Token,
  type TrashEntry,
  type TrashId,
  type Upload,
  type UploadId,
  type User,
  uploadIdIn,
  type Version,
} from '../../engine/index.ts'

/** What a suite gets for one test: an empty store, and another over the same data, as a second process would open it. */
export interface Opened {
  readonly store: Store
  /** Opens the same data once more, beside the first. */
  reopen(): Promise<Store>
  /** Closes everything and throws the data away. */
  close(): Promise<void>
}

export type Open = () => Promise<Opened>

export const TENANT = 'acme' as TenantId
export const DRIVE = 7001 as DriveId
export const OTHER = 7002 as DriveId
/** The first node of DRIVE; its children in the tests have ids from 10. */
export const ROOT = 1 as NodeId

export const nodeId = (id: number) => id as NodeId
export const driveId = (id: number) => id as DriveId
export const keyOf = (id: number, drive: DriveId = DRIVE): NodeKey => ({ drive, id: nodeId(id) })
export const idsOf = (nodes: readonly { readonly id: number }[]) => nodes.map(({ id }) => id)
export const sortedIds = (nodes: readonly { readonly id: number }[]) => idsOf(nodes).sort((a, b) => a - b)
export const range = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

/** What an outline tells of a node. */
export function outlineOf({ drive, id, parent, name, key, kind, content, createdAt, updatedAt }: Node): Outline {
  return { drive, id, parent, name, key, kind, content: content && { size: content.size }, createdAt, updatedAt }
}

/** Changes of which only some kinds are given. */
export function changes(some: Partial<Changes>): Changes {
  return { ...emptyChanges(), ...some }
}

export function apply(store: Store, some: Partial<Changes>): Promise<void> {
  return store.write((tx) => tx.apply(changes(some)))
}

export function content(seed: number, size = seed): Content {
  const hex = (length: number) => seed.toString(16).padStart(length, '0')
  return { digest: hex(64), size, md5: hex(32), sha1: hex(40), crc64: String(seed) }
}

/** References of DRIVE to the contents of these seeds. */
export function refs(seeds: readonly number[], more: Partial<BlobRef> = {}): BlobRef[] {
  return seeds.map((seed) => ({ drive: DRIVE, content: content(seed), delta: 1, at: 10, ...more }))
}

export function folder(id: number, parent: number, name: string, more: Partial<Node> = {}): Node {
  return {
    drive: DRIVE,
    id: nodeId(id),
    parent: nodeId(parent),
    name,
    key: name.normalize('NFC'),
    twin: 0,
    kind: 'folder',
    content: null,
    version: 0,
    born: more.drive ?? DRIVE,
    rev: 1,
    createdAt: 1_000 + id,
    updatedAt: 2_000 + id,
    creator: 'user:ann',
    modifier: 'user:ann',
    attributes: {},
    ...more,
  }
}

export function file(id: number, parent: number, name: string, more: Partial<Node> = {}): Node {
  return folder(id, parent, name, { kind: 'file', content: content(id), version: 1, ...more })
}

export function version(node: number, number: number, bytes: Content, more: Partial<Version> = {}): Version {
  return {
    drive: DRIVE,
    node: nodeId(node),
    version: number,
    content: bytes,
    createdAt: number,
    creator: 'user:ann',
    keep: false,
    expiresAt: 0,
    revertOf: 0,
    description: '',
    ...more,
  }
}

export function drive(id: number, more: Partial<Drive> = {}): Drive {
  return {
    id: driveId(id),
    tenant: TENANT,
    name: `drive ${id}`,
    owner: 'user:ann',
    app: '',
    scene: '',
    sceneId: '',
    status: 'active',
    root: ROOT,
    trash: nodeId(2),
    grave: nodeId(3),
    settings: { trash: true, versionsMax: 10 },
    sharedPool: 0,
    pools: [],
    seq: 0,
    trashSeq: 0,
    creator: 'app:shop',
    createdAt: 5,
    updatedAt: 6,
    ...more,
  }
}

export function trashed(node: number, id: number, more: Partial<TrashEntry> = {}): TrashEntry {
  return {
    drive: DRIVE,
    node: nodeId(node),
    id: id as TrashId,
    parent: ROOT,
    name: `node ${node}`,
    path: ['a', `node ${node}`],
    trashedAt: 100,
    trashedBy: 'user:ann',
    expiresAt: 0,
    ...more,
  }
}

export function uploadId(number: number, drive = DRIVE): UploadId {
  return uploadIdIn(drive, number.toString(16).padStart(16, '0'))
}

export function upload(number: number, more: Partial<Upload> = {}): Upload {
  return {
    id: uploadId(number, more.drive),
    tenant: TENANT,
    drive: DRIVE,
    parent: ROOT,
    name: 'new.txt',
    node: nodeId(900),
    size: null,
    hashes: {},
    revises: false,
    state: 'open',
    content: null,
    creator: 'user:ann',
    createdAt: 1,
    expiresAt: 100,
    data: null,
    ...more,
  }
}

export function task(id: number, more: Partial<NewTask> = {}): NewTask {
  return {
    id: id as TaskId,
    tenant: TENANT,
    drive: DRIVE,
    kind: 'copy',
    state: 'queued',
    total: 2,
    done: 0,
    failed: 0,
    error: '',
    creator: 'user:ann',
    dialect: 'pds',
    cancelled: false,
    input: { ops: [1, 2] },
    cursor: { next: 0 },
    report: [],
    createdAt: 1,
    startedAt: 0,
    finishedAt: 0,
    holds: [],
    ...more,
  }
}

export function token(id: string, more: Partial<Token> = {}): Token {
  return {
    id,
    dialect: 'wps',
    purpose: 'access',
    tenant: TENANT,
    app: 'shop',
    user: 'ann',
    scopes: ['read'],
    data: { session: [1, null, 'x'] },
    createdAt: 1,
    expiresAt: 100,
    ...more,
  }
}

export function memberRow(group: string, member: Subject, more: Partial<Member> = {}): Member {
  const rest = { role: 'member', description: '', creator: 'user:ann', createdAt: 1, updatedAt: 2 } as const
  return { tenant: TENANT, group, member, ...rest, ...more }
}

export function userRow(id: string, more: Partial<User> = {}): User {
  const about = { name: id, nick: '', email: '', phone: '', avatar: '', description: '', password: '' }
  const rest = {
    role: 'user',
    status: 'enabled',
    defaultDrive: driveId(0),
    signedInAt: 0,
    renewedAt: 0,
    createdAt: 1,
    updatedAt: 2,
    extra: {},
  } as const
  return { tenant: TENANT, id, ...about, ...rest, ...more }
}
