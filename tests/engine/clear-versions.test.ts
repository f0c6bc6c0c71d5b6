/** Destroying all earlier versions of drives' files, as a task. */
import { expect, test } from 'vitest'
import { createEngine, type Drive, type DriveId, type Store, type Task, type TaskId } from '../../src/engine/index.ts'
import { at, MERGE, putFile, revert, trash, updateVersion, versions } from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, codeOf, createDrive, done, run, settleDown, usedOf } from './world.ts'

const use = useWorld()

function write(drive: DriveId, path: string, ...texts: string[]): Promise<unknown> {
  return texts.reduce<Promise<unknown>>(async (before, text) => {
    await before
    return putFile(use.world, alice, drive, path, text, { conflict: MERGE })
  }, Promise.resolve())
}

async function numbers(drive: DriveId, path: string): Promise<number[]> {
  const result = await run(use.world, alice, versions(at(drive, path)))
  return result.status === 'done' ? result.versions!.map(({ version }) => version) : []
}

async function clear(...drives: DriveId[]): Promise<TaskId> {
  const task = await use.world.engine.clearVersions(alice, drives)
  if (typeof task !== 'number') throw new Error(`not cleared: ${codeOf(task)}`)
  return task
}

async function now(id: TaskId): Promise<Task> {
  const [task] = await use.world.engine.tasks(alice, [id])
  return task!
}

test('the earlier versions of all files go, in the trash too, but for those to be kept', async () => {
  const [one, two, other] = (await Promise.all([0, 1, 2].map(() => createDrive(use.world)))) as [Drive, Drive, Drive]
  await write(one.id, 'a', '1', '22', '333')
  await write(one.id, 'b', '4444')
  await write(one.id, 'c', '1', '22', '333')
  await write(two.id, 'a', '1', '22')
  await write(other.id, 'a', '1', '22')
  await done(use.world, alice, [updateVersion(at(one.id, 'c'), 1, { keep: true }), trash(at(two.id, 'a'))])
  const task = await clear(one.id, two.id)
  expect(await now(task)).toMatchObject({ state: 'queued', kind: 'clearVersions', total: 0, done: 0 })
  await settleDown(use.world)
  expect(await now(task)).toMatchObject({ state: 'done', total: 4, done: 4, failed: 0, error: '' })
  expect(await Promise.all(['a', 'b', 'c'].map((path) => numbers(one.id, path)))).toEqual([[3], [1], [3, 1]])
  expect(await numbers(other.id, 'a')).toEqual([2, 1])
  expect(await Promise.all([one, two].map(({ id }) => usedOf(use.world, id)))).toMatchObject([
    { drive: 3 + 4 + 3 + 1 },
    { drive: 2 },
  ])
})

test('where there is no drive at all it is done soon', async () => {
  const task = await clear()
  await settleDown(use.world)
  expect(await now(task)).toMatchObject({ state: 'done', total: 0, failed: 0, error: '', report: [] })
})

test('however many there are, each slice takes a bounded number, and a new process goes on where one stopped', async () => {
  const drive = await createDrive(use.world, { settings: { versionsMax: 10_000 } })
  await write(drive.id, 'a', '1', '22')
  await write(drive.id, 'long', '1', '22')
  await write(drive.id, 'z', '1', '22')
  const back = Array.from({ length: 2_000 }, () => revert(at(drive.id, 'long'), 1))
  await done(use.world, alice, back)
  await done(use.world, alice, back.slice(0, 500))
  const task = await clear(drive.id)
  const { store, blobs } = use.world
  const clock = () => use.world.now
  let writes = 0
  // It claims the task, does one slice, and is gone.
  const dying: Store = { ...store, write: (fn) => (++writes > 2 ? Promise.reject(new Error('gone')) : store.write(fn)) }
  const other = createEngine({ store: dying, blobs, clock, secret: Buffer.alloc(32, 7) })
  await expect(other.work()).rejects.toThrow('gone')
  const { done: some, state } = await now(task)
  expect([state, some > 0 && some < 2_503]).toEqual(['running', true])
  use.world.now += 60_000
  await settleDown(use.world)
  expect(await now(task)).toMatchObject({ state: 'done', total: 2_503, done: 2_503 })
  expect(await Promise.all(['a', 'long', 'z'].map((path) => numbers(drive.id, path)))).toEqual([[2], [2_502], [2]])
})

test('one that is stopped leaves what it has not come to', async () => {
  const drive = await createDrive(use.world)
  await write(drive.id, 'a', '1', '22')
  const task = await clear(drive.id)
  await use.world.engine.cancelTasks(alice, [task])
  await settleDown(use.world)
  expect(await now(task)).toMatchObject({ state: 'done', done: 0, error: 'cancelled' })
  expect(await numbers(drive.id, 'a')).toEqual([2, 1])
})

test('it is for who owns all of the drives', async () => {
  const mine = await createDrive(use.world)
  const theirs = await createDrive(use.world, { owner: 'user:bob' })
  const refused = (actor = alice, ...drives: DriveId[]) =>
    use.world.engine.clearVersions(actor, drives).then((task) => {
      return typeof task === 'number' ? 'done' : codeOf(task)
    })
  expect(await refused(alice, mine.id, theirs.id)).toBe('forbidden')
  expect(await refused(bob, mine.id)).toBe('forbidden')
  expect(await refused(alice, mine.id, 999 as DriveId)).toBe('drive_not_found')
  expect(await refused(actorOf('user:alice', { allow: { file: 1, folder: 1 } }), mine.id)).toBe('forbidden')
  expect(await refused(admin, mine.id, theirs.id)).toBe('done')
})
