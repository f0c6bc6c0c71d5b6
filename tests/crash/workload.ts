/** What a small office does to its drives in a day: one call each, in an order that never changes. */
import type { DriveId, Op, Ref } from '../../src/engine/index.ts'
import {
  bytesOf,
  commit,
  copy,
  createFolder,
  grant,
  MERGE,
  move,
  purge,
  RENAME,
  rename,
  restore,
  trash,
  update,
  upload,
} from '../engine/ops.ts'
import { admin, alice } from '../engine/world.ts'
import { type CrashWorld, DAY_MS } from './world.ts'

export interface Call {
  readonly name: string
  run(world: CrashWorld): Promise<unknown>
}

const LEAVES = ['1', '2', '3', '4', '5', '6', '7', '8']

/** Every call is acknowledged by itself; what a call does, it does wholly or not at all. */
export const WORKLOAD: readonly Call[] = [
  {
    name: 'a tenant',
    run: ({ store }) =>
      store.write((tx) => tx.putTenants([{ id: admin.tenant, name: 'Acme', createdAt: 1, extra: {} }])),
  },
  ...['one', 'two', 'three'].map(newDrive),
  batch('folders', (w) => ['a', 'a/b', 'a/b/c', 'z'].map((path) => folder(w, path))),
  ...file('a/one.txt', ['the first bytes']),
  ...file('a/b/two.bin', ['a part, ', 'another part, ', 'and the last one']),
  ...file('a/b/same.txt', ['the first bytes']),
  ...file('z/empty', ['']),
  // A part sent twice: the second attempt counts.
  open('again'),
  part('again', 1, 'not these bytes'),
  part('again', 1, 'but these'),
  close('again', 'z/again.txt'),
  // The next version of a file that is there.
  open('revised'),
  part('revised', 1, 'the second bytes'),
  close('revised', 'a/one.txt'),
  batch('attributes', (w) => [update(at(w, 'a/one.txt'), { description: 'minutes', starred: true })]),
  batch('a grant', (w) => [grant(at(w, 'a/b'), 'user:bob', 3)]),
  batch('a copy of a tree', (w) => [copy(at(w, 'a'), at(w, 'z'), { name: 'a2', conflict: RENAME })]),
  batch('a mixed batch', (w) => [
    rename(at(w, 'z/again.txt'), 'renamed.txt'),
    move(at(w, 'z/renamed.txt'), at(w, 'a')),
    createFolder(at(w, 'a'), 'new'),
    move(at(w, 'z/nowhere'), at(w, 'a')),
  ]),
  batch('trash', (w) => [trash(at(w, 'z/a2')), trash(at(w, 'z/empty')), trash(at(w, 'a/new'))]),
  {
    name: 'restore',
    async run(world) {
      const drive = driveOf(world)
      const { items } = await world.engine.trashPage(alice, { drives: [drive], after: null, limit: 10 })
      const found = items.find(({ entry }) => entry.name === 'empty')
      // On a second try it may have been restored already.
      return found && world.engine.batch(alice, [restore({ drive, trash: found.entry.id })])
    },
  },
  batch('destroy', (w) => [purge(at(w, 'a/renamed.txt'))]),
  work('sweeping'),
  batch('to another drive', (w) => [move(at(w, 'a/b'), at(w, '', 'two'), { conflict: MERGE })]),
  submit('a task', (w) => [
    copy(at(w, 'b', 'two'), at(w, '', 'two'), { name: 'copied', conflict: RENAME }),
    trash(at(w, 'a')),
    move(at(w, 'z'), at(w, '', 'two')),
    trash(at(w, 'nothing')),
  ]),
  work('the task'),
  work('after the task'),
  // Too large for one transaction: grown out of sight, slice by slice, and put in place by the last.
  batch('a large tree', (w) => treeOf(w, 'big')),
  submit('a large task', (w) => [
    copy(at(w, 'big'), at(w, ''), { name: 'big copy', conflict: RENAME }),
    move(at(w, 'big'), at(w, '', 'two')),
  ]),
  work('the large task'),
  // Merged part by part.
  batch('trees to merge', (w) => [...treeOf(w, 'here'), folder(w, 'there'), ...treeOf(w, 'there/here')]),
  batch('a large merge', (w) => [move(at(w, 'there/here'), at(w, ''), { conflict: MERGE })]),
  work('the merge'),
  // Too large to be removed unseen.
  batch('trees to destroy', (w) => ['heap', 'pile'].flatMap((top) => treeOf(w, top))),
  batch('a large tree destroyed', (w) => [purge(at(w, 'heap')), purge(at(w, 'nothing'))]),
  work('its removal'),
  submit('a task that destroys', (w) => [purge(at(w, 'pile')), trash(at(w, 'nothing'))]),
  work('the task that destroys'),
  open('given up'),
  part('given up', 1, 'never wanted'),
  {
    name: 'abort: given up',
    run: ({ engine, uploads }) => engine.abortUploads(alice, [uploads.get('given up')!]),
  },
  open('forgotten'),
  part('forgotten', 1, 'never fetched'),
  ...file('doomed', ['bytes of a drive that goes'], 'three'),
  { name: 'a drive goes', run: ({ engine, drives }) => engine.deleteDrives(admin, [drives.get('three')!]) },
  work('its nodes'),
  {
    name: 'a day later',
    async run(world) {
      world.now += 2 * DAY_MS
      await world.engine.work()
    },
  },
  work('its bytes'),
  ...file('late', ['the last bytes']),
]

function newDrive(name: string): Call {
  return {
    name: `drive ${name}`,
    async run({ engine, drives }) {
      const [drive] = await engine.createDrives(admin, [
        { name, owner: 'user:alice', app: 'app', scene: 's', sceneId: name },
      ])
      drives.set(name, drive!.id)
    },
  }
}

function driveOf({ drives }: CrashWorld, drive = 'one'): DriveId {
  return drives.get(drive)!
}

function at(world: CrashWorld, path: string, drive = 'one'): Ref {
  return { drive: driveOf(world, drive), path: path === '' ? [] : path.split('/') }
}

function folder(world: CrashWorld, path: string): Op {
  const names = path.split('/')
  const name = names.pop()!
  return createFolder(at(world, names.join('/')), name)
}

function treeOf(world: CrashWorld, top: string): Op[] {
  return [top, ...LEAVES.map((name) => `${top}/${name}`)].map((path) => folder(world, path))
}

function batch(name: string, ops: (world: CrashWorld) => readonly Op[]): Call {
  return { name, run: (world) => world.engine.batch(alice, ops(world)) }
}

function submit(name: string, ops: (world: CrashWorld) => readonly Op[]): Call {
  return {
    name,
    run(world) {
      const asked = ops(world)
      return world.engine.submit(
        alice,
        driveOf(world),
        'batch',
        asked,
        asked.map(() => null),
      )
    },
  }
}

function work(name: string): Call {
  return { name: `work: ${name}`, run: ({ engine }) => engine.work() }
}

/** Opens an upload, sends its parts and commits it: as many calls. */
function file(path: string, parts: readonly string[], drive = 'one'): Call[] {
  return [open(path, drive), ...parts.map((text, i) => part(path, i + 1, text)), close(path, path, drive)]
}

function open(name: string, drive = 'one'): Call {
  return {
    name: `open: ${name}`,
    async run(world) {
      const [result] = await world.engine.batch(alice, [upload(driveOf(world, drive))])
      if (result?.status === 'done' && result.upload) world.uploads.set(name, result.upload.id)
    },
  }
}

function part(name: string, number: number, text: string): Call {
  return {
    name: `part ${number}: ${name}`,
    run: ({ engine, uploads }) => engine.writePart(uploads.get(name)!, number, bytesOf(text)),
  }
}

function close(name: string, path: string, drive = 'one'): Call {
  return {
    name: `commit: ${name}`,
    run(world) {
      const names = path.split('/')
      const last = names.pop()!
      const target = at(world, names.join('/'), drive)
      return world.engine.batch(alice, [commit(world.uploads.get(name)!, target, last, { conflict: MERGE })])
    },
  }
}
