/** Short ways to write ops, with the least surprising defaults; every test states what it is about. */
import {
  ACTIONS,
  type Actor,
  type CommitOp,
  type Conflict,
  type CopyOp,
  type CreateFolderOp,
  type DeleteVersionsOp,
  type DriveId,
  type GetOp,
  type GrantOp,
  type GrantsOp,
  type ListOp,
  type MoveOp,
  type Naming,
  type NodeId,
  onConflict,
  type PurgeOp,
  type Ref,
  type RenameOp,
  type Replace,
  type RestoreOp,
  type RevertOp,
  type Subject,
  type TrashOp,
  type UpdateOp,
  type UpdateVersionOp,
  type UploadId,
  type UploadOp,
  type VersionsOp,
} from '../../src/engine/index.ts'
import { done, type World } from './world.ts'

export const spaced: Naming = { pattern: 'spaced', charactersMax: 0, forbidden: null, trim: false }
export const tight: Naming = { ...spaced, pattern: 'tight' }
export const timed: Naming = { ...spaced, pattern: 'time' }

export const FAIL: Conflict = onConflict('fail')
export const RENAME: Conflict = onConflict('rename')
/** Files get a new version, folders are merged. */
export const MERGE: Conflict = onConflict('replace', 'version')
export const DAY = 86_400_000

/** A node by its place: `at(drive, 'folder/file')`; the root for ''. */
export function at(drive: DriveId, path = ''): Ref {
  return { drive, path: path === '' ? [] : path.split('/') }
}

export function byId(node: { drive: DriveId; id: NodeId }): Ref {
  return { drive: node.drive, id: node.id }
}

export function byPublicId(node: { born: DriveId; id: NodeId }): Ref {
  return { born: node.born, id: node.id }
}

export function get(node: Ref, more: Partial<GetOp> = {}): GetOp {
  return { kind: 'get', node, need: ACTIONS.list, trashed: 'no', ...more }
}

export function list(folder: Ref, more: Partial<ListOp> = {}): ListOp {
  return { kind: 'list', folder, by: 'name', descending: false, foldersFirst: false, limit: 100, ...more }
}

export function createFolder(parent: Ref, name: string, more: Partial<CreateFolderOp> = {}): CreateFolderOp {
  return { kind: 'createFolder', parent, name, conflict: FAIL, naming: spaced, ...more }
}

export function rename(node: Ref, name: string, more: Partial<RenameOp> = {}): RenameOp {
  return { kind: 'rename', node, name, conflict: FAIL, naming: spaced, ...more }
}

export function move(node: Ref, to: Ref, more: Partial<MoveOp> = {}): MoveOp {
  return { kind: 'move', node, to, conflict: FAIL, naming: spaced, keepGrants: true, ...more }
}

export function copy(node: Ref, to: Ref, more: Partial<CopyOp> = {}): CopyOp {
  return { kind: 'copy', node, to, conflict: FAIL, naming: spaced, ...more }
}

export function update(node: Ref, set: UpdateOp['set'], more: Partial<UpdateOp> = {}): UpdateOp {
  return { kind: 'update', node, set, ...more }
}

export function trash(node: Ref, more: Partial<TrashOp> = {}): TrashOp {
  return { kind: 'trash', node, ...more }
}

export function restore(node: Ref, more: Partial<RestoreOp> = {}): RestoreOp {
  return { kind: 'restore', node, conflict: FAIL, naming: spaced, parentGone: 'fail', ...more }
}

export function purge(node: Ref, more: Partial<PurgeOp> = {}): PurgeOp {
  return { kind: 'purge', node, trashed: 'no', ...more }
}

export function grant(node: Ref, subject: Subject, actions: number | null, more: Partial<GrantOp> = {}): GrantOp {
  return { kind: 'grant', node, subject, actions, role: 'role', expiresAt: 0, ...more }
}

export function upload(drive: DriveId, more: Partial<UploadOp> = {}): UploadOp {
  return { kind: 'upload', drive, ttlMs: DAY, ...more }
}

export function commit(id: UploadId, parent: Ref | null, name: string, more: Partial<CommitOp> = {}): CommitOp {
  return { kind: 'commit', upload: id, ...(parent && { parent, name }), conflict: FAIL, naming: spaced, ...more }
}

export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text)
}

/** Opens an upload and stores its only part. */
export async function staged(
  world: Pick<World, 'engine'>,
  actor: Actor,
  drive: DriveId,
  text: string,
  more: Partial<UploadOp> = {},
) {
  const [opened] = await done(world, actor, [upload(drive, more)])
  const session = opened!.status === 'done' ? opened!.upload : undefined
  if (!session) throw new Error('an upload gave no session')
  await world.engine.writePart(session.id, 1, bytesOf(text))
  return session
}

/** Puts a new file somewhere, bytes and all. */
export async function putFile(
  world: Pick<World, 'engine'>,
  actor: Actor,
  drive: DriveId,
  path: string,
  text: string,
  more: Partial<CommitOp> = {},
) {
  const names = path.split('/')
  const name = names.pop()!
  const session = await staged(world, actor, drive, text)
  const [result] = await done(world, actor, [commit(session.id, { drive, path: names }, name, more)])
  return result!.view!.node
}

/** Makes folders by path, parents first. */
export async function putFolders(world: Pick<World, 'engine'>, actor: Actor, drive: DriveId, paths: readonly string[]) {
  const results = await done(
    world,
    actor,
    paths.map((path) => {
      const names = path.split('/')
      const name = names.pop()!
      return createFolder({ drive, path: names }, name)
    }),
  )
  return results.map((result) => result.view!.node)
}

export function versions(node: Ref): VersionsOp {
  return { kind: 'versions', node }
}

export function revert(node: Ref, version: number, more: Partial<RevertOp> = {}): RevertOp {
  return { kind: 'revert', node, version, ...more }
}

export function updateVersion(node: Ref, version: number, set: Partial<UpdateVersionOp>): UpdateVersionOp {
  return { kind: 'updateVersion', node, version, ...set }
}

export function deleteVersions(node: Ref, numbers: readonly number[]): DeleteVersionsOp {
  return { kind: 'deleteVersions', node, versions: numbers }
}

export function grants(node: Ref, inherited = false): GrantsOp {
  return { kind: 'grants', node, inherited }
}

/** A file takes the place of another that way. */
export function onto(replace: Replace): Conflict {
  return onConflict('replace', replace)
}
