/** For every verb: what is denied alone is denied the same way among others that are allowed, and harms none of them. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Action,
  ALL_ACTIONS,
  type DriveId,
  type Op,
  type OpKind,
  type UploadId,
} from '../../src/engine/index.ts'
import {
  at,
  commit,
  copy,
  createFolder,
  deleteVersions,
  get,
  grant,
  grants,
  list,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  rename,
  restore,
  revert,
  staged,
  trash,
  update,
  updateVersion,
  upload,
  versions,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { OP_KINDS } from './vocabulary.ts'
import { alice, bob, codeOf, codes, createDrive, done } from './world.ts'

const use = useWorld()
let drive: DriveId
let uploads: UploadId[]

/** Two folders alike in everything but that bob lacks one action in the second. */
beforeEach(async () => {
  const { world } = use
  drive = (await createDrive(world)).id
  await putFolders(world, alice, drive, [
    'open',
    'shut',
    'open/folder',
    'shut/folder',
    'open/away',
    'shut/away',
    'open/nest',
    'shut/nest',
  ])
  await putFile(world, alice, drive, 'open/file', 'bytes')
  await putFile(world, alice, drive, 'shut/file', 'bytes')
  await putFile(world, alice, drive, 'open/file', 'more', { conflict: MERGE })
  await putFile(world, alice, drive, 'shut/file', 'more', { conflict: MERGE })
  await done(world, alice, [grant(at(drive), 'user:bob', ALL_ACTIONS)])
  const sessions = await Promise.all([1, 2, 3].map(() => staged(world, bob, drive, 'fresh')))
  uploads = sessions.map(({ id }) => id)
})

interface Verb {
  readonly kind: OpKind
  readonly action: Action
  op(folder: string, upload: UploadId, trashed: (folder: string) => Op): Op
}

const VERBS: Verb[] = [
  { kind: 'get', action: 'list', op: (folder) => get(at(drive, `${folder}/file`)) },
  { kind: 'get', action: 'download', op: (folder) => get(at(drive, `${folder}/file`), { need: ACTIONS.download }) },
  { kind: 'list', action: 'list', op: (folder) => list(at(drive, folder)) },
  { kind: 'createFolder', action: 'newEmpty', op: (folder) => createFolder(at(drive, folder), 'made') },
  { kind: 'upload', action: 'upload', op: (folder) => upload(drive, { parent: at(drive, folder) }) },
  { kind: 'upload', action: 'replace', op: (folder) => upload(drive, { target: at(drive, `${folder}/file`) }) },
  { kind: 'commit', action: 'upload', op: (folder, id) => commit(id, at(drive, folder), 'sent') },
  {
    kind: 'commit',
    action: 'replace',
    op: (folder, id) => commit(id, null, '', { target: at(drive, `${folder}/file`) }),
  },
  { kind: 'rename', action: 'rename', op: (folder) => rename(at(drive, `${folder}/file`), 'other') },
  {
    kind: 'move',
    action: 'move',
    op: (folder) => move(at(drive, `${folder}/file`), at(drive), { name: `${folder} moved` }),
  },
  {
    kind: 'move',
    action: 'rename',
    op: (folder) => move(at(drive, `${folder}/file`), at(drive, `${folder}`), { name: 'other' }),
  },
  { kind: 'move', action: 'upload', op: (folder) => move(at(drive, `${folder}/file`), at(drive, `${folder}/folder`)) },
  {
    kind: 'move',
    action: 'newEmpty',
    op: (folder) => move(at(drive, `${folder}/folder`), at(drive, `${folder}/nest`)),
  },
  {
    kind: 'copy',
    action: 'copy',
    op: (folder) => copy(at(drive, `${folder}/file`), at(drive), { name: `${folder} copy` }),
  },
  { kind: 'copy', action: 'upload', op: (folder) => copy(at(drive, `${folder}/file`), at(drive, `${folder}/folder`)) },
  { kind: 'update', action: 'update', op: (folder) => update(at(drive, `${folder}/file`), { starred: true }) },
  {
    kind: 'update',
    action: 'rename',
    op: (folder) => ({ ...rename(at(drive, `${folder}/file`), 'other'), kind: 'update', set: {} }),
  },
  { kind: 'trash', action: 'delete', op: (folder) => trash(at(drive, `${folder}/file`)) },
  { kind: 'restore', action: 'restore', op: (folder, _, trashed) => trashed(folder) },
  { kind: 'purge', action: 'purge', op: (folder) => purge(at(drive, `${folder}/file`)) },
  { kind: 'versions', action: 'list', op: (folder) => versions(at(drive, `${folder}/file`)) },
  { kind: 'revert', action: 'replace', op: (folder) => revert(at(drive, `${folder}/file`), 1) },
  {
    kind: 'updateVersion',
    action: 'update',
    op: (folder) => updateVersion(at(drive, `${folder}/file`), 1, { keep: true }),
  },
  { kind: 'deleteVersions', action: 'purge', op: (folder) => deleteVersions(at(drive, `${folder}/file`), [1]) },
  { kind: 'grants', action: 'list', op: (folder) => grants(at(drive, `${folder}/file`)) },
  { kind: 'grant', action: 'permCtl', op: (folder) => grant(at(drive, `${folder}/file`), 'user:carol', ACTIONS.list) },
]

test('every kind of op is among them', () => {
  expect(new Set(VERBS.map(({ kind }) => kind))).toEqual(new Set(OP_KINDS))
})

describe.each(VERBS)('$kind without the right to $action', ({ action, op }) => {
  test('is refused alone and among allowed ones alike, and changes nothing', async () => {
    const { world } = use
    const away = await done(
      world,
      alice,
      ['open', 'shut'].map((folder) => trash(at(drive, `${folder}/away`))),
    )
    const trashed = (folder: string) => {
      const entry = away[folder === 'open' ? 0 : 1]!.trash!
      return restore({ drive, trash: entry.id })
    }
    await done(world, alice, [grant(at(drive, 'shut'), 'user:bob', ALL_ACTIONS & ~ACTIONS[action])])
    const denied = (id: UploadId) => op('shut', id, trashed)
    const allowed = (id: UploadId) => op('open', id, trashed)
    const before = await world.store.read((tx) => tx.changes({ drive, after: 0, limit: 1_000 }))

    const [single] = await world.engine.batch(bob, [denied(uploads[0]!)])
    expect(codeOf(single)).toBe('forbidden')
    expect(await world.store.read((tx) => tx.changes({ drive, after: 0, limit: 1_000 }))).toEqual(before)

    const mixed = [
      createFolder(at(drive), 'before'),
      denied(uploads[0]!),
      allowed(uploads[1]!),
      createFolder(at(drive), 'after'),
    ]
    expect(codes(await world.engine.batch(bob, mixed, 'all'))).toEqual([
      'batch_refused',
      'forbidden',
      'batch_refused',
      'batch_refused',
    ])
    const results = await world.engine.batch(bob, mixed)
    expect(results[1]).toEqual(single)
    expect(codes(results)).toEqual(['done', 'forbidden', 'done', 'done'])
  })
})
