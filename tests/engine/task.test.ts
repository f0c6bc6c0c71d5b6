import { beforeEach, describe, expect, test } from 'vitest'
import { emptyChanges } from '../../src/engine/effects.ts'
import {
  type Changes,
  createEngine,
  type DriveId,
  type Node,
  OPS_PER_BATCH_MAX,
  type Op,
  type Store,
  type TaskId,
} from '../../src/engine/index.ts'
import { PARTS_FROM } from '../../src/engine/merge.ts'
import { breaking, DISK_FULL } from './breaking.ts'
import { at, byId, copy, createFolder, get, list, move, purge, putFolders, rename, restore, trash } from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, codeOf, codes, createDrive, done, isFailed, run, settleDown } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function taskNow(id: TaskId) {
  const [task] = await use.world.engine.tasks(alice, [id])
  return task!
}

function submit(
  ops: readonly Op[],
  notes: readonly string[] = ops.map((_, index) => `note ${index}`),
): Promise<TaskId> {
  return use.world.engine.submit(alice, drive, 'batch', ops, notes)
}

const folders = (count: number) => Array.from({ length: count }, (_, index) => createFolder(at(drive), `n${index}`))

async function childCount(): Promise<number> {
  const result = await run(use.world, alice, list(at(drive), { count: true, limit: 1 }))
  return result.status === 'done' ? result.page!.folders : -1
}

describe('a submitted task', () => {
  test('has done nothing until there is work, then everything, with one outcome an op', async () => {
    const id = await submit([
      createFolder(at(drive), 'a'),
      createFolder(at(drive), 'a'),
      createFolder(at(drive, 'a'), 'b'),
    ])
    expect(await taskNow(id)).toMatchObject({
      state: 'queued',
      total: 3,
      done: 0,
      failed: 0,
      startedAt: 0,
      finishedAt: 0,
    })
    expect(await childCount()).toBe(0)
    use.world.now += 5
    await settleDown(use.world)
    const task = await taskNow(id)
    expect(task).toMatchObject({
      state: 'done',
      total: 3,
      done: 2,
      failed: 1,
      error: 'name_taken',
      finishedAt: use.world.now,
    })
    expect(task.report).toMatchObject([
      { ok: true, path: ['a'], note: 'note 0' },
      { ok: false, code: 'name_taken', note: 'note 1' },
      { ok: true, path: ['a', 'b'], note: 'note 2' },
    ])
  })

  test('tells which trash entries it made, so that they can be restored', async () => {
    const nodes = await putFolders(use.world, alice, drive, ['a', 'b'])
    const id = await submit(nodes.map((node) => trash(byId(node))))
    await settleDown(use.world)
    const { report } = await taskNow(id)
    const results = await use.world.engine.batch(
      alice,
      report.map((outcome) => restore({ drive, trash: outcome.trash })),
    )
    expect(codes(results)).toEqual(['done', 'done'])
  })

  test('is its submitter’s and the admins’ to see', async () => {
    const id = await submit(folders(1))
    const stranger = actorOf('user:alice', { tenant: 'other' as never, admin: true })
    const seen = await Promise.all([bob, stranger, alice, admin].map((actor) => use.world.engine.tasks(actor, [id])))
    expect(seen.map(([task]) => task?.id ?? null)).toEqual([null, null, id, id])
  })

  test('is run with the rights its submitter had, item by item', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const id = await use.world.engine.submit(bob, drive, 'batch', [trash(at(drive, 'a'))], ['note'])
    await settleDown(use.world)
    const [task] = await use.world.engine.tasks(bob, [id])
    expect(task).toMatchObject({ state: 'done', failed: 1, error: 'forbidden' })
    expect(codeOf(await run(use.world, alice, get(at(drive, 'a'))))).toBe('done')
  })

  test('is forgotten thirty days after its end', async () => {
    const id = await submit(folders(1))
    await settleDown(use.world)
    use.world.now += 29 * 86_400_000
    await settleDown(use.world)
    expect(await taskNow(id)).not.toBeNull()
    use.world.now += 2 * 86_400_000
    await settleDown(use.world)
    expect(await taskNow(id)).toBeNull()
  })

  test('of no ops is done at once', async () => {
    const id = await submit([])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', total: 0, done: 0, failed: 0 })
  })
})

describe('what became of a task’s ops', () => {
  test('is told page by page, all of it or what failed, as far as it has come', async () => {
    const ops = Array.from({ length: 250 }, (_, i) => createFolder(at(drive), `n${i % 10 === 3 ? 1 : i}`))
    const id = await submit(ops)
    const report = (after: number | null, limit: number, failedOnly = false, actor = alice) =>
      use.world.engine.taskReport(actor, id, { after, limit, failedOnly })
    expect(await report(null, 10)).toEqual({ items: [], next: null })
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ done: 225, failed: 25, error: 'name_taken' })
    const first = await report(null, 100)
    expect(first).toMatchObject({ next: 99 })
    expect(isFailed(first) ? [] : first.items.map(({ number }) => number)).toEqual([...Array(100).keys()])
    expect(await report(199, 100)).toMatchObject({ next: null })
    const failures = await report(100, 3, true)
    expect(failures).toMatchObject({
      items: [103, 113, 123].map((number) => ({ number, outcome: { code: 'name_taken', note: `note ${number}` } })),
      next: 123,
    })
    expect(await report(null, 10, false, bob)).toMatchObject({ error: { code: 'task_not_found' } })
  })

  test('is told of every task asked for, however many parts of the first one failed', async () => {
    const ids = [await submit(folders(1)), await submit(folders(2))]
    await settleDown(use.world)
    const [outcome] = (await taskNow(ids[0]!)).report
    const parts = Array.from({ length: 2 * OPS_PER_BATCH_MAX }, (_, i) => {
      return {
        tenant: alice.tenant,
        task: ids[0]!,
        number: PARTS_FROM + i,
        outcome: { ...outcome!, ok: false, code: 'busy' },
      }
    })
    await use.world.store.write((tx) => tx.apply({ ...emptyChanges(), insertOutcomes: parts }))
    const tasks = await use.world.engine.tasks(alice, ids)
    expect(tasks.map((task) => task!.report.map(({ code }) => code))).toEqual([[''], ['name_taken', '']])
  })
})

describe('a cancelled task', () => {
  test('does nothing that it has not begun, and tells which ops those are', async () => {
    const id = await submit(folders(3))
    expect(await use.world.engine.cancelTasks(alice, [id])).toMatchObject([{ id, cancelled: true, state: 'queued' }])
    await settleDown(use.world)
    const task = await taskNow(id)
    expect(task).toMatchObject({ state: 'done', cancelled: true, done: 0, failed: 3, error: 'cancelled' })
    expect(task.report.map(({ code, note }) => [code, note])).toEqual(
      [0, 1, 2].map((at) => ['cancelled', `note ${at}`]),
    )
    expect(await childCount()).toBe(0)
  })

  test('keeps what it has done, holds nothing any more, and stays as it is once it is done', async () => {
    const [node] = (await putFolders(use.world, alice, drive, ['a', 'to'])) as [Node]
    const id = await submit([...folders(900), move(byId(node), at(drive, 'to'))])
    await use.world.engine.work()
    const { done } = await taskNow(id)
    expect(done).toBe(800)
    await use.world.engine.cancelTasks(admin, [id])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: 800, failed: 101 })
    expect(await childCount()).toBe(802)
    expect(codeOf(await run(use.world, alice, rename(byId(node), 'x')))).toBe('done')
    const finished = await submit(folders(1))
    await settleDown(use.world)
    const [task] = await use.world.engine.cancelTasks(alice, [finished])
    expect(task).toMatchObject({ state: 'done', cancelled: false })
  })

  test('is the business of those who can see it', async () => {
    const id = await submit(folders(1))
    const results = await use.world.engine.cancelTasks(bob, [id, 99_999 as TaskId])
    expect(results).toMatchObject([{ error: { code: 'task_not_found' } }, { error: { code: 'task_not_found' } }])
    expect((await taskNow(id)).cancelled).toBe(false)
  })
})

describe('many tasks', () => {
  test('of one tenant do not keep another’s from its turn', async () => {
    const others = actorOf('user:zoe', { tenant: 'other' as never, admin: true })
    const theirs = await createDrive(use.world, { owner: 'user:zoe' }, others)
    for (const _ of Array(6)) await submit(folders(900))
    const id = await use.world.engine.submit(others, theirs.id, 'batch', [createFolder(at(theirs.id), 'a')], [null])
    await use.world.engine.work()
    expect((await use.world.engine.tasks(others, [id]))[0]).toMatchObject({ state: 'done', done: 1 })
  })

  test('are begun only as far as their tenant may have under way, in the order they came', async () => {
    await use.world.restart({ engine: { tasksPerTenantMax: 2 } })
    const ids: TaskId[] = []
    for (const count of [1_700, 100, 100, 100]) ids.push(await submit(folders(count)))
    const seen: string[] = []
    do {
      const tasks = await use.world.engine.tasks(alice, ids)
      seen.push(tasks.map((task) => task!.state[0]).join(''))
    } while (await use.world.engine.work())
    // q, r, d: queued, running, done. A turn is eight steps, which the first needs three of.
    expect(seen).toEqual(['qqqq', 'rdqq', 'rddq', 'dddd'])
  })
})

describe('a task whose step keeps failing', () => {
  test('is tried again after longer and longer pauses, for which no other waits, and then given up', async () => {
    const [begun, tries] = [use.world.now, [] as number[]]
    const refuses = ({ insertNodes }: Changes) => {
      const isBad = insertNodes.some(({ name }) => name === 'bad')
      if (isBad) tries.push(use.world.now - begun)
      return isBad
    }
    const engine = { tasksPerTenantMax: 1, taskLeaseMs: 10_000 }
    await use.world.restart({ engine, wrapStore: (store) => breaking(store, refuses) })
    const [bad, good] = [
      await submit(['bad', 'never'].map((name) => createFolder(at(drive), name))),
      await submit(folders(1)),
    ]
    await expect(use.world.engine.work()).rejects.toThrow(DISK_FULL)
    await settleDown(use.world)
    expect(await taskNow(good)).toMatchObject({ state: 'done', done: 1 })
    for (const _ of Array(20)) {
      expect(await taskNow(bad)).toMatchObject({ state: tries.length === 5 ? 'done' : 'queued' })
      use.world.now += 10_000
      await settleDown(use.world).catch((error: Error) => expect(error.message).toBe(DISK_FULL))
    }
    expect(tries).toEqual([0, 10_000, 30_000, 70_000, 130_000])
    expect(await taskNow(bad)).toMatchObject({ done: 0, failed: 2, error: 'chain_broken' })
  })

  test('is cancelled at once, also while it rests', async () => {
    const wrapStore = (store: Store) => breaking(store, ({ insertNodes }) => insertNodes.length > 0)
    await use.world.restart({ wrapStore })
    const id = await submit(folders(1))
    await expect(use.world.engine.work()).rejects.toThrow(DISK_FULL)
    await use.world.engine.cancelTasks(alice, [id])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', failed: 1, error: 'cancelled' })
  })
})

describe('after a crash', () => {
  test('a waiting task is still there and is run', async () => {
    const id = await submit(folders(3))
    await use.world.restart()
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: 3 })
  })

  test('in the middle, it goes on where it stopped: nothing twice, nothing lost', async () => {
    const id = await submit(folders(250))
    let writes = 0
    const dying = (store: Store): Store => ({
      ...store,
      write: (fn) => (++writes > 3 ? Promise.reject(new Error('the power went')) : store.write(fn)),
    })
    await use.world.restart({ wrapStore: dying })
    await expect(use.world.engine.work()).rejects.toThrow('the power went')
    await use.world.restart({})
    const stopped = await taskNow(id)
    expect(stopped.state).toBe('running')
    expect(stopped.done).toBeGreaterThan(0)
    expect(stopped.done).toBeLessThan(250)
    expect(await childCount()).toBe(stopped.done)
    // Nobody else may go on with it while the one that died might still be alive.
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'running', done: stopped.done })
    use.world.now += 60_000
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: 250, failed: 0 })
    expect(await childCount()).toBe(250)
  })

  test('a worker that was silent for too long does nothing more once another has gone on', async () => {
    const id = await submit(folders(250))
    const { store, blobs } = use.world
    const options = { taskLeaseMs: 1_000 }
    const clock = () => use.world.now
    const other = createEngine({ store, blobs, clock, secret: Buffer.alloc(32, 7), options })
    let writes = 0
    const slow: Store = {
      ...store,
      async write(fn, ...more) {
        // It has claimed the task and done a step; before the next it sleeps too long.
        if (++writes === 3) {
          use.world.now += options.taskLeaseMs
          while (await other.work());
          expect(await taskNow(id)).toMatchObject({ state: 'done', done: 250 })
        }
        return store.write(fn, ...more)
      },
    }
    const sleeper = createEngine({ store: slow, blobs, clock, secret: Buffer.alloc(32, 7), options })
    while (await sleeper.work());
    expect(writes).toBeGreaterThan(3)
    expect(await taskNow(id)).toMatchObject({ state: 'done', done: 250, failed: 0 })
    expect((await taskNow(id)).report).toHaveLength(250)
    expect(await childCount()).toBe(250)
  })

  test('what a step began but did not commit is not there', async () => {
    const id = await submit(folders(5))
    const failing = (store: Store): Store => ({
      ...store,
      write: (fn) =>
        store.write(async (tx) => {
          const answer = await fn(tx)
          const [task] = await tx.tasks([{ tenant: alice.tenant, id }])
          if (task?.state === 'done') throw new Error('the disk is full')
          return answer
        }),
    })
    await use.world.restart({ wrapStore: failing })
    await expect(use.world.engine.work()).rejects.toThrow('the disk is full')
    await use.world.restart({})
    expect(await taskNow(id)).toMatchObject({ done: 0 })
    expect(await childCount()).toBe(0)
  })
})

describe('nodes a waiting task will change', () => {
  let node: Node
  let inner: Node
  let waiting: TaskId
  beforeEach(async () => {
    ;[node, inner] = (await putFolders(use.world, alice, drive, ['a', 'a/b', 'to'])) as [Node, Node]
    waiting = await submit([move(byId(node), at(drive, 'to'))])
  })

  test('are busy for everybody else, and so is everything below them', async () => {
    const results = await use.world.engine.batch(alice, [
      rename(byId(node), 'x'),
      trash(byId(inner)),
      createFolder(byId(inner), 'x'),
      move(at(drive, 'to'), byId(node)),
      copy(byId(inner), at(drive)),
      purge(byId(node)),
    ])
    expect(new Set(codes(results))).toEqual(new Set(['busy']))
  })

  test('can be read meanwhile, and their neighbours can be changed', async () => {
    const results = await use.world.engine.batch(alice, [
      get(byId(node)),
      list(byId(node)),
      rename(at(drive, 'to'), 'there'),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'done'])
  })

  test('are not in the task’s own way, and free when it is done', async () => {
    await settleDown(use.world)
    expect(await taskNow(waiting)).toMatchObject({ state: 'done', failed: 0 })
    expect(codeOf(await run(use.world, alice, rename(byId(node), 'x')))).toBe('done')
  })
})

describe('an op shown as a task though it was done at once', () => {
  test('when the node has children and the op asks for it', async () => {
    await putFolders(use.world, alice, drive, ['full', 'full/x', 'empty', 'to'])
    const taskIfChildren = true
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'empty'), at(drive, 'to'), { taskIfChildren }),
      move(at(drive, 'full'), at(drive, 'to'), { taskIfChildren }),
      copy(at(drive, 'to/full'), at(drive), { taskIfChildren }),
      copy(at(drive, 'to/empty'), at(drive), { taskIfFolder: true }),
      trash(at(drive, 'full'), { taskIfChildren }),
      purge(at(drive, 'to'), { taskIfChildren }),
      purge(at(drive, 'empty'), { taskIfChildren }),
    ])
    expect(codes(results)).toEqual(['done', 'later', 'later', 'later', 'later', 'later', 'done'])
    const ids = results.flatMap((result) => (result.status === 'later' ? [result.task] : []))
    const tasks = await use.world.engine.tasks(alice, ids)
    expect(tasks).toMatchObject(Array(5).fill({ state: 'done', total: 1, done: 1, failed: 0 }))
    expect(tasks[0]!.report).toMatchObject([{ ok: true, path: ['to', 'full'] }])
  })

  test('children that the same batch brought count, and those it took away do not', async () => {
    await putFolders(use.world, alice, drive, ['a', 'a/x', 'b', 'to'])
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'a/x'), at(drive, 'b')),
      trash(at(drive, 'a'), { taskIfChildren: true }),
      trash(at(drive, 'b'), { taskIfChildren: true }),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'later'])
  })
})

test('work that goes on while others write loses nothing', async () => {
  const id = await submit(folders(150))
  const [, ...others] = await Promise.all([
    settleDown(use.world),
    ...Array.from({ length: 10 }, (_, index) => done(use.world, alice, [createFolder(at(drive), `other ${index}`)])),
  ])
  expect(others.length).toBe(10)
  await settleDown(use.world)
  expect(await taskNow(id)).toMatchObject({ state: 'done', done: 150 })
  expect(await childCount()).toBe(160)
})
