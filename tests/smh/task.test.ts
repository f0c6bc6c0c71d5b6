import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INLINE_ENTRIES_MAX } from '../../src/dialect/smh/batch-run.ts'
import { emptyChanges } from '../../src/engine/effects.ts'
import {
  type Changes,
  type DriveId,
  StorageError,
  type Store,
  type TaskId,
  type WriteTx,
} from '../../src/engine/index.ts'
import { breaking, DISK_FULL } from '../engine/breaking.ts'
import { adminActor, expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
/** Which changes the disk refuses just now, and how far the clocks are ahead. */
let refuses: (changes: Changes) => boolean = () => false
let ahead = 0
const failing = {
  clock: () => Date.now() + ahead,
  wrapStore: (store: Store) => breaking(store, (changes) => refuses(changes)),
}

beforeAll(async () => {
  smh = await open({ settings: { smhInlineItemsMax: 5 }, ...failing })
})
afterAll(() => smh.stop())

const query = (ids: string | number, session = smh, space = session.space) =>
  session.call('GET', `/api/v1/task/${LIBRARY}/${space}/${ids}`)

/** The task's element once it is finished. */
async function finished(taskId: number, session = smh) {
  for (let tries = 0; tries < 200; tries++) {
    const reply = await query(taskId, session)
    expect(reply.status).toBe(200)
    if (reply.body[0].status !== 202) return reply.body[0]
    expect(reply.body).toEqual([{ taskId, status: 202 }])
    await sleep(25)
  }
  throw new Error(`task ${taskId} does not finish`)
}

const newer = async (taskId: number, session = smh) =>
  (await session.call('GET', `/api/v1/task-result/${LIBRARY}/${session.space}/${taskId}`)).body

/** Tries again and again, as often as a task is tried. */
async function keepFailing(refused: typeof refuses, session = smh) {
  refuses = refused
  for (let tries = 0; tries < 5; tries++) {
    await session.engine.work().catch((error: Error) => expect(error.message).toBe(DISK_FULL))
    ahead += 600_000
  }
  refuses = () => false
}

async function givenUp(taskId: number, refused: typeof refuses, session = smh) {
  await keepFailing(refused, session)
  return finished(taskId, session)
}

async function submitted(reply: Reply | Promise<Reply>): Promise<number> {
  const { status, body, text } = await reply
  expect(status, text).toBe(202)
  expect(body).toEqual({ taskId: expect.any(Number) })
  return body.taskId
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at)

describe('a large batch', () => {
  it('is answered 202, and its task has an element for every item, in order, in the same words', async () => {
    await smh.mkdir('t1/in')
    await smh.mkdir('t1/out')
    for (const at of range(3)) await smh.put(`t1/in/${at}.txt`)
    await smh.mkdir('t1/in/d')
    await smh.put('t1/out/1.txt')
    const items = [
      { from: 't1/in/0.txt', to: 't1/out/0.txt' },
      { from: 't1/in/../x', to: 't1/out/x' },
      { from: 't1/in/1.txt', to: 't1/out/1.txt' },
      { from: 't1/in/d', to: 't1/new/d' },
      { from: 't1/in/none', to: 't1/out/none' },
      { from: 't1/in/2.txt', to: `t1/out/${'n'.repeat(256)}` },
      { from: 't1/in/2.txt', to: 't1/out/1.txt', conflictResolutionStrategy: 'ask' },
      { from: 't1/in/2.txt', to: 't1/out/2.txt', conflictResolutionStrategy: 'merge' },
    ]
    const taskId = await submitted(smh.batch('move', items))
    const task = await finished(taskId)
    expect(task).toMatchObject({ taskId, status: 207 })
    expect(task.result).toEqual([
      { status: 200, path: ['t1', 'out', '0.txt'], from: ['t1', 'in', '0.txt'], to: ['t1', 'out', '0.txt'] },
      expect.objectContaining({ status: 400, code: 'IllegalFileName', from: ['t1', 'in', '..', 'x'] }),
      { status: 200, path: ['t1', 'out', '1 (1).txt'], from: ['t1', 'in', '1.txt'], to: ['t1', 'out', '1.txt'] },
      { status: 204, moveAuthority: false, from: ['t1', 'in', 'd'], to: ['t1', 'new', 'd'] },
      expect.objectContaining({ status: 404, code: 'SourceFileNotFound' }),
      expect.objectContaining({ status: 400, code: 'FileNameLengthExceed' }),
      expect.objectContaining({ status: 409, code: 'SameNameDirectoryOrFileExists', message: expect.any(String) }),
      expect.objectContaining({ status: 400, code: 'InvalidConflictResolutionStrategy' }),
    ])
    expect(await smh.tree()).toEqual(
      expect.arrayContaining(['t1/in/2.txt 11', 't1/new/d/', 't1/out/0.txt 11', 't1/out/1 (1).txt 11']),
    )

    expect(await newer(taskId)).toEqual({
      taskId: String(taskId),
      taskType: 'batchMove',
      status: 207,
      batchMoveResults: task.result,
    })
  })

  it('says the same at once and as a task', async () => {
    const session = await open()
    const results: unknown[] = []
    for (const root of ['now', 'later']) {
      await session.mkdir(`${root}/d/e`)
      await session.put(`${root}/a.txt`)
      const name = (path: string) => `${root}/${path}`
      const items = [
        { copyFrom: name('d'), to: name('d2') },
        { copyFrom: name('a.txt'), to: name('a.txt') },
        { copyFrom: name('d'), to: name('d/e/f') },
        { copyFrom: name('a.txt'), to: name('no/a.txt') },
        { copyFrom: name('a.txt'), to: name('d'), conflictResolutionStrategy: 'overwrite' },
      ]
      // Padding that fails makes the second one large.
      const padding = root === 'now' ? [] : range(100).map(() => ({ copyFrom: name('none'), to: name('x') }))
      const reply = await session.batch('copy', [...items, ...padding])
      const result = reply.status === 202 ? (await finished(reply.body.taskId, session)).result : reply.body.result
      results.push(JSON.parse(JSON.stringify(result.slice(0, items.length)).replaceAll(`"${root}"`, '"root"')))
    }
    expect(results[1]).toEqual(results[0])
    await session.stop()
  })

  it('deletes, and restores what it deleted', async () => {
    await smh.mkdir('t2')
    await Promise.all(range(8).map((at) => smh.mkdir(`t2/${at}`)))
    const paths = range(8).map((at) => ({ path: `t2/${at}`, permanent: at === 7 }))
    const deleted = await finished(await submitted(smh.batch('delete', [...paths, { path: 't2/0' }])))
    expect(deleted.status).toBe(207)
    expect(deleted.result.map((item: { status: number }) => item.status)).toEqual([...Array(7).fill(200), 204, 404])
    const ids = deleted.result.slice(0, 7).map((item: { recycledItemId: number }) => item.recycledItemId)
    expect(new Set(ids).size).toBe(7)

    const restore = smh.call('POST', `/api/v1/recycled/${LIBRARY}/${smh.space}?restore`, { body: ids })
    const restored = await finished(await submitted(restore))
    expect(restored.status).toBe(200)
    expect(restored.result[3]).toEqual({ status: 200, path: ['t2', '3'], recycledItemId: ids[3] })
  })

  it('that cannot begin at all is answered at once', async () => {
    const items = range(9).map(() => ({ path: '..' }))
    const reply = await smh.batch('delete', items)
    expect(reply.status).toBe(207)
    expect(reply.body.result).toHaveLength(9)
  })

  it('of 1000 items is done whole', async () => {
    await smh.mkdir('t3')
    await smh.put('t3/a.txt')
    const items = range(1000).map((at) => ({ copyFrom: 't3/a.txt', to: `t3/${String(at).padStart(4, '0')}.txt` }))
    const task = await finished(await submitted(smh.batch('copy', items)))
    expect(task.status).toBe(200)
    expect(task.result).toHaveLength(1000)
    expect(task.result[999]).toEqual({
      status: 200,
      path: ['t3', '0999.txt'],
      copyFrom: ['t3', 'a.txt'],
      to: ['t3', '0999.txt'],
    })
    const listed = await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/t3?limit=1`)
    expect(listed.body.fileCount).toBe(1001)
  })
})

describe('a directory that holds much', () => {
  it('makes a task of the batch that copies it, however few its items', async () => {
    for (const at of range(20)) await smh.mkdir(`much/seed/${at}`)
    const drive = Number(smh.space) as DriveId
    const conflict = { file: 'fail', folder: 'fail', replace: 'version' } as const
    const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const
    const seed = { drive, path: ['much', 'seed'] }
    const copies = range(INLINE_ENTRIES_MAX / 20 + 1).map((at) => {
      return { kind: 'copy', node: seed, to: { drive, path: ['much'] }, name: `${at}`, conflict, naming } as const
    })
    const results = await smh.engine.batch(adminActor(smh.demo.tenant), copies)
    expect(results.map(({ status }) => status)).not.toContain('failed')
    await smh.put('one.txt')
    const items = [
      { copyFrom: 'one.txt', to: 'two.txt' },
      { copyFrom: 'much', to: 'more' },
      { copyFrom: 'none', to: 'some' },
    ]
    const task = await finished(await submitted(smh.batch('copy', items)))
    expect(task).toMatchObject({ status: 207, result: [{ status: 200 }, { status: 204 }, { status: 404 }] })
    // Within a space a move is one row, however much lies below it.
    expect((await smh.batch('move', [{ from: 'more', to: 'most' }])).status).toBe(200)
    const stats = await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/most?stats`)
    expect(stats.body.dirCount).toBeGreaterThan(INLINE_ENTRIES_MAX)
  })

  it('is copied by a task of its own, whose result is one object, of a failure too', async () => {
    const small = await open({ engine: { subtreeNodesMax: 3 }, ...failing })
    for (const at of range(5)) await small.mkdir(`d/${at}`)
    const base = `/api/v1/directory/${LIBRARY}/${small.space}`
    const copy = (to: string, query = '') => small.call('PUT', `${base}/${to}?${query}`, { body: { copyFrom: 'd' } })
    const taskId = await submitted(copy('e', 'conflict_resolution_strategy=rename'))
    expect(await finished(taskId, small)).toEqual({ taskId, status: 200, result: { status: 200, path: ['e'] } })
    expect(await newer(taskId, small)).toEqual({
      taskId: String(taskId),
      taskType: 'batchCopy',
      status: 200,
      batchCopyResults: [{ status: 200, path: ['e'] }],
    })
    expectFault(await copy('e'), 409, 'SameNameDirectoryOrFileExists')
    refuses = makesSome
    const broken = await givenUp(await submitted(copy('f')), makesSome, small)
    expect(broken).toMatchObject({ status: 500, result: { status: 500, code: 'InternalServerError' } })
    const shown = { status: 500, batchCopyResults: [broken.result] }
    expect(await newer(broken.taskId, small)).toMatchObject(shown)
    // Everything may change while a task waits.
    const quota = { spaces: [small.space], capacity: 0, removeWhenExceed: false, removeAfterDays: 0 }
    await small.put('d/f.txt', 'bytes')
    await small.call('POST', `/api/v1/quota/${LIBRARY}`, { body: quota })
    const task = await finished(await submitted(copy('g')), small)
    expect(task).toMatchObject({ status: 207, result: { status: 400, code: 'QuotaLimitReached' } })
    await small.stop()
  })
})

const makesSome = ({ insertNodes }: Changes) => insertNodes.length > 0
const broken = { status: 500, code: 'InternalServerError', message: 'The server tried again and again, and failed.' }
const stopped = { status: 500, code: 'InternalServerError', message: 'The task was stopped.' }

describe('a task whose steps keep failing', () => {
  const copies = (to: string, count: number) => range(count).map((at) => ({ copyFrom: 'f.txt', to: `${to}/${at}` }))
  const named = (at: number, to: string) => ({ copyFrom: ['f.txt'], to: [to, String(at)] })

  it('has failed as a whole when nothing of it was done, and has all items still', async () => {
    await smh.mkdir('t5')
    await smh.put('f.txt')
    refuses = makesSome
    const begun = await submitted(smh.batch('copy', [...copies('t5', 5), { copyFrom: '..', to: 't5/x' }]))
    const { taskId, status, result } = await givenUp(begun, makesSome)
    expect([taskId, status]).toEqual([begun, 500])
    expect(result.slice(0, 5)).toEqual(range(5).map((at) => ({ ...broken, ...named(at, 't5') })))
    expect(result[5]).toMatchObject({ status: 400, code: 'IllegalFileName' })
    const shown = { taskId: String(taskId), taskType: 'batchCopy', status: 500, batchCopyResults: result }
    expect(await newer(taskId)).toEqual(shown)
  })

  it('has failed in part when some of it was done', async () => {
    await smh.mkdir('t6')
    // A step does a hundred of them.
    const few = ({ insertNodes }: Changes) => insertNodes.length > 0 && insertNodes.length < 100
    refuses = few
    const { taskId, status, result } = await givenUp(await submitted(smh.batch('copy', copies('t6', 102))), few)
    expect(status).toBe(207)
    expect(result.map((item: { status: number }) => item.status)).toEqual([...Array(100).fill(200), 500, 500])
    expect(result[101]).toEqual({ ...broken, ...named(101, 't6') })
    expect(await newer(taskId)).toMatchObject({ status: 207, batchCopyResults: result })
  })

  it('that somebody stops did not crash, and has all items too', async () => {
    await smh.mkdir('t7')
    refuses = makesSome
    const taskId = await submitted(smh.batch('copy', copies('t7', 6)))
    await smh.engine.cancelTasks(adminActor(smh.demo.tenant), [taskId as TaskId])
    const { status, result } = await givenUp(taskId, () => false)
    expect([status, result]).toEqual([207, range(6).map((at) => ({ ...stopped, ...named(at, 't7') }))])
    expect(await newer(taskId)).toMatchObject({ status: 400, batchCopyResults: result })
  })
})

describe('a finished task whose report tells of nothing', () => {
  it.each([
    ['delete', '', 200, 200, { status: 204 }],
    ['move', 'forbidden', 207, 400, { status: 403, code: 'NoPermission' }],
  ] as const)('has an item all the same, for whoever waits for one: %s', async (kind, error, status, newly, item) => {
    const counts = { total: 1, done: error === '' ? 1 : 0, failed: error === '' ? 0 : 1 }
    const times = { createdAt: 1, startedAt: 1, finishedAt: smh.engine.now() }
    const taskId = await smh.store.write(async (tx) => {
      const [id] = (await tx.ids('task', 1)) as [TaskId]
      const about = { id, tenant: smh.demo.tenant, drive: Number(smh.space) as DriveId, kind, dialect: 'smh' }
      const row = { ...about, state: 'done', ...counts, error, cancelled: false, creator: 'user:admin' } as const
      const task = { ...row, ...times, input: null, cursor: null, report: [], holds: [] }
      await tx.apply({ ...emptyChanges(), putTasks: [task] })
      return id
    })
    expect(await finished(taskId)).toMatchObject({ taskId, status, result: [item] })
    expect(await newer(taskId)).toMatchObject({
      status: newly,
      [`batch${kind === 'move' ? 'Move' : 'Delete'}Results`]: [item],
    })
  })
})

describe('a task of a library', () => {
  it('that keeps failing, or is stopped, is an error in the words of the vendor', async () => {
    const settings = `/api/v1/directory-history/${LIBRARY}/library-history`
    await smh.call('POST', settings, { body: { enableFileHistory: false } })
    const finishes: typeof refuses = ({ insertOutcomes }) => insertOutcomes.some(({ outcome }) => outcome.ok)
    for (const end of ['given up', 'stopped']) {
      refuses = finishes
      const taskId = await submitted(smh.call('DELETE', settings))
      if (end === 'stopped') await smh.engine.cancelTasks(adminActor(smh.demo.tenant), [taskId as TaskId])
      await keepFailing(finishes)
      const [told] = (await smh.call('GET', `/api/v1/task/${LIBRARY}/${taskId}`)).body
      const result = [{ err: 'InternalServerError', status: 500, deleteCount: 0 }]
      expect(told).toEqual({ taskId, status: 500, result })
      const one = (await smh.call('GET', `/api/v1/task-result/${LIBRARY}/${taskId}`)).body
      expect(one).toMatchObject({
        status: 500,
        clearLibraryHistoryResult: { status: 500, code: 'InternalServerError', deleteCount: 0 },
      })
    }
    await smh.call('POST', settings, { body: { enableFileHistory: true } })
  })

  it('is never one of ours', async () => {
    expect((await smh.call('GET', `/api/v1/task/${LIBRARY}/1,2`)).body).toEqual([])
    expectFault(await smh.call('GET', `/api/v1/task-result/${LIBRARY}/1`), 404, 'TaskNotFound')
    expectFault(await send(smh.url, 'GET', `/api/v1/task/${LIBRARY}/1`), 400, 'EmptyAccessToken')
  })
})

describe('a task query', () => {
  it('answers many at once, and leaves out those it does not know', async () => {
    await smh.mkdir('t4')
    const items = range(6).map((at) => ({ from: `t4/none${at}`, to: `t4/x${at}` }))
    const ids = [await submitted(smh.batch('move', items)), await submitted(smh.batch('move', items))]
    await Promise.all(ids.map((id) => finished(id)))
    const ask = async (text: string) => (await query(text)).body.map(({ taskId }: { taskId: number }) => taskId)
    expect(await ask(`${ids[0]},${ids[1]}`)).toEqual(ids)
    expect(await ask(`${ids[1]}%2C999999%2C${ids[0]}`)).toEqual([ids[1], ids[0]])
    expect(await ask('999999')).toEqual([])
    expect(await ask('x,-1,1.5,,')).toEqual([])
    expect((await query(ids[0]!, smh, smh.other)).body).toEqual([])
    const reader = await smh.mint('', { user_id: 'eve' })
    const target = `/api/v1/task/${LIBRARY}/${smh.space}/${ids[0]}?access_token=${reader}`
    expect((await send(smh.url, 'GET', target)).body).toHaveLength(1)
    expectFault(await smh.call('GET', `/api/v1/task-result/${LIBRARY}/${smh.space}/999999`), 404, 'TaskNotFound')
    const failed = await smh.call('GET', `/api/v1/task-result/${LIBRARY}/${smh.space}/${ids[0]}`)
    expect(failed.body).toMatchObject({ taskId: String(ids[0]), taskType: 'batchMove', status: 400 })
    expectFault(await send(smh.url, 'GET', `/api/v1/task/${LIBRARY}/${smh.space}/${ids[0]}`), 400, 'EmptyAccessToken')
  })
})

describe('a task in a server that dies', () => {
  /** How many steps of the task the disk takes before it is gone, and how many files one step makes at least. */
  const STEPS = 2
  const FILES_PER_STEP_MIN = 50

  /** Stands for a disk that stops taking writes once it has taken so many steps: then every transaction fails. */
  function dying(store: Store, steps: { taken: number }): Store {
    return {
      ...store,
      async write(run) {
        if (steps.taken >= STEPS) throw new StorageError('the disk is gone')
        let isStep = false
        const outcome = await store.write((tx) => {
          isStep = false
          return run(
            watching(tx, ({ insertNodes }) => {
              isStep ||= insertNodes.length >= FILES_PER_STEP_MIN
            }),
          )
        })
        if (isStep) steps.taken++
        return outcome
      },
    }
  }

  function watching(tx: WriteTx, seen: (changes: Changes) => void): WriteTx {
    return new Proxy(tx, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          if (name === 'apply') seen(given[0] as Changes)
          return Reflect.apply(value, target, given)
        }
      },
    })
  }

  it('goes on where it stopped when the server comes back, and does nothing twice', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'batchdrive-test-'))
    const steps = { taken: 0 }
    const first = await open({ dataDir, wrapStore: (store) => dying(store, steps) })
    await first.mkdir('in')
    await first.mkdir('out')
    await first.put('in/a.txt')
    // A step that ran twice would leave copies called `n (1).txt`.
    const items = range(400).map((at) => ({ copyFrom: 'in/a.txt', to: `out/${at}.txt` }))
    const taskId = await submitted(first.batch('copy', items))
    for (let tries = 0; steps.taken < STEPS && tries < 3000; tries++) await sleep(10)
    const half = (await query(taskId, first)).body
    expect(half).toEqual([{ taskId, status: 202 }])
    const done = (await first.tree()).filter((path) => path.startsWith('out/')).length - 1
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(400)
    await first.stop()

    // Whoever died holds its lease for a while.
    const second = await open({ dataDir, clock: () => Date.now() + 60_000 })
    const task = await finished(taskId, second)
    expect(task.status).toBe(200)
    expect(task.result).toHaveLength(400)
    expect(task.result.map(({ path }: { path: string[] }) => path[1])).toEqual(range(400).map((at) => `${at}.txt`))
    const files = (await second.tree()).filter((path) => path.startsWith('out/') && path !== 'out/')
    expect(files).toHaveLength(400)
    expect(files.filter((path) => path.includes('('))).toEqual([])
    await second.stop()
    await rm(dataDir, { recursive: true })
  })
})
