/** Conformance: tasks, whose turn it is, what they hold, and the rows they work through. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease, NewTask, NodeKey, QueuedFolder, Store, TaskOutcome } from '../../engine/index.ts'
import {
  apply,
  content,
  DRIVE,
  drive,
  file,
  folder,
  idsOf,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  range,
  refs,
  TENANT,
  task,
  version,
} from './sample.ts'

const ELSEWHERE = 'elsewhere' as typeof TENANT
const taskId = (id: number) => task(id).id
const taskKey = (id: number) => ({ tenant: TENANT, id: taskId(id) })

export function tasksConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  const outcome = (more: Partial<TaskOutcome> = {}): TaskOutcome => ({
    ok: true,
    code: '',
    at: 'node',
    detail: '',
    kind: 'file',
    drive: DRIVE,
    node: nodeId(3),
    path: ['文'],
    trash: 0 as never,
    note: { a: [1] },
    ...more,
  })
  const plain = ({ holds: _, report: __, ...row }: NewTask) => row
  const progress = (id: number, more: Partial<NewTask> = {}) => plain(task(id, more))

  describe('tasks', () => {
    it('come back as they were put in', async () => {
      const done = task(1, { state: 'done', done: 1, failed: 1, error: 'busy', input: null, cursor: null })
      await apply(store, { putTasks: [done, task(2)] })
      const found = await store.read((tx) => tx.tasks([1, 2, 3].map(taskKey)))
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([plain(done), plain(task(2))]))
      expect(await store.read((tx) => tx.tasks([{ ...taskKey(1), tenant: ELSEWHERE }]))).toEqual([])
    })

    it('are told how far they are; one that is done keeps nothing but what is known of it', async () => {
      const queued: QueuedFolder = { ...keyOf(5), task: taskId(1), position: 0, made: nodeId(0), level: 0, after: null }
      await apply(store, { putTasks: [task(1, { holds: [keyOf(1)] }), task(2)], putQueue: [queued] })
      const running = { state: 'running' as const, total: 7, done: 2, failed: 1, error: 'busy', startedAt: 3 }
      await apply(store, { updateTasks: [progress(1, { ...running, cursor: [1, '文'], input: 'not written' })] })
      const now = () => store.read((tx) => tx.tasks([taskKey(1)]))
      expect(await now()).toEqual([progress(1, { ...running, cursor: [1, '文'] })])
      await apply(store, { updateTasks: [progress(1, { ...running, state: 'done', finishedAt: 9, cursor: null })] })
      expect(await now()).toEqual([
        progress(1, { ...running, state: 'done', finishedAt: 9, cursor: null, input: null }),
      ])
      expect(await store.read((tx) => tx.holds([DRIVE]))).toEqual([])
      expect(await store.read((tx) => tx.queue(taskId(1), 10))).toEqual([])
    })

    it('hold nodes until they are done', async () => {
      const hold = [keyOf(1), keyOf(2, OTHER)]
      const held = async (...drives: (typeof DRIVE)[]) => {
        const found = await store.read((tx) => tx.holds(drives))
        return found.map(({ drive, task, node }) => `${drive} ${task} ${node}`).sort()
      }
      await apply(store, { putTasks: [task(1, { holds: hold }), task(2, { holds: [keyOf(1), keyOf(1)] })] })
      expect(await held(DRIVE)).toEqual([`${DRIVE} 1 1`, `${DRIVE} 2 1`])
      expect(await held(DRIVE, OTHER)).toHaveLength(3)
      const of = (id: number, key: NodeKey) => ({ ...key, task: taskId(id) })
      await apply(store, {
        deleteHolds: [of(2, keyOf(1)), of(2, keyOf(9))],
        putHolds: [of(2, keyOf(5)), of(1, keyOf(1))],
      })
      expect(await held(DRIVE)).toEqual([`${DRIVE} 1 1`, `${DRIVE} 2 5`])
      await apply(store, { updateTasks: [progress(1, { state: 'done' })] })
      expect(await held(DRIVE, OTHER)).toEqual([`${DRIVE} 2 5`])
    })

    it('are cancelled while they are open', async () => {
      await apply(store, { putTasks: [task(1), task(2, { state: 'done' }), task(3)] })
      await store.write((tx) => tx.cancelTasks([1, 2].map(taskKey)))
      await apply(store, { updateTasks: [progress(1, { state: 'running' })] })
      const found = await store.read((tx) => tx.tasks([1, 2, 3].map(taskKey)))
      expect(found.filter(({ cancelled }) => cancelled).map(({ id }) => id)).toEqual([1])
    })
  })

  it('lists of all tenants’ tasks begin with the latest', async () => {
    await apply(store, {
      putTasks: [
        task(1),
        task(2, { state: 'done', finishedAt: 20 }),
        task(3, { tenant: ELSEWHERE }),
        task(4, { state: 'done', finishedAt: 10 }),
      ],
    })
    const list = async (open: boolean, limit = 9) =>
      (await store.read((tx) => tx.latestTasks({ open, limit }))).map(({ id }) => id)
    expect([await list(true), await list(true, 1)]).toEqual([[3, 1], [3]])
    expect([await list(false), await list(false, 1)]).toEqual([[2, 4], [2]])
    const keys = await store.read((tx) => tx.taskKeys([1, 3, 9].map(taskId)))
    expect(keys.sort((a, b) => a.id - b.id)).toEqual([taskKey(1), { tenant: ELSEWHERE, id: 3 }])
    const all = await store.write((tx) => tx.tasks(keys))
    expect(all.map(({ tenant, id }) => ({ tenant, id }))).toEqual(expect.arrayContaining(keys))
    await store.write((tx) => tx.cancelTasks([taskKey(3), { tenant: ELSEWHERE, id: taskId(1) }]))
    expect((await store.read((tx) => tx.tasks(keys))).filter(({ cancelled }) => cancelled)).toEqual([])
  })

  it('a task that is there stays as it is when it is put again', async () => {
    await apply(store, { putTasks: [task(1, { total: 5 })] })
    await apply(store, { putTasks: [task(1, { total: 7 })] })
    expect(await store.read((tx) => tx.tasks([taskKey(1)]))).toMatchObject([{ total: 5 }])
  })

  it('what is due is told by its kinds, each from when its time has come', async () => {
    const times = (now: number) => ({ now, tasksBefore: now - 5, evictedBefore: 0, blobsBefore: now - 5 })
    const overdue = (now: number) => store.read((tx) => tx.overdue(times(now)))
    await store.write((tx) => tx.putDrives([drive(DRIVE)]))
    expect(await overdue(1_000)).toEqual([])
    await apply(store, { blobRefs: refs([12]) })
    await apply(store, { blobRefs: refs([12], { delta: -1 }) })
    await apply(store, { putTasks: [task(1, { state: 'done', finishedAt: 20 }), task(2, { holds: [keyOf(10)] })] })
    expect([await overdue(15), await overdue(16)]).toEqual([[], ['blobs']])
    expect([await overdue(25), await overdue(26)]).toEqual([['blobs'], ['records', 'blobs']])
    // What a task holds in a grave is not due.
    await apply(store, { insertNodes: [folder(10, 3, 'a')] })
    expect(await overdue(1)).toEqual([])
    await apply(store, { insertNodes: [folder(11, 3, 'b')] })
    expect(await overdue(1)).toEqual(['graves'])
    // A grave that is empty is to be struck out.
    await apply(store, { deleteNodes: [keyOf(10), keyOf(11)] })
    expect(await overdue(1)).toEqual(['graves'])
    expect(await store.write((tx) => tx.graveNodes(9))).toEqual([])
    expect(await overdue(1)).toEqual([])
    expect(await store.write((tx) => tx.deleteExpired(times(26)))).toBe(1)
  })

  describe('outcomes of tasks', () => {
    it('come by number, a page at a time, all or the failures only', async () => {
      const bad = outcome({ ok: false, code: 'busy', detail: 'x', note: null })
      const outcomes = [outcome(), bad, outcome({ node: nodeId(4) }), bad]
      await apply(store, { putTasks: [task(1, { report: [outcomes[0]!] }), task(2, { report: [bad] })] })
      const later = [3, 1, 2].map((number) => ({ tenant: TENANT, task: taskId(1), number, outcome: outcomes[number]! }))
      await apply(store, { insertOutcomes: later })
      const page = async (after: number, limit: number, failedOnly = false, ...tasks: number[]) => {
        const found = await store.read((tx) =>
          tx.outcomes({ tenant: TENANT, tasks: tasks.map(taskId), after, failedOnly, limit }),
        )
        return found.map(({ task, number }) => `${task}.${number}`)
      }
      expect(await page(-1, 3, false, 1)).toEqual(['1.0', '1.1', '1.2'])
      expect(await page(2, 3, false, 1)).toEqual(['1.3'])
      expect(await page(-1, 9, true, 1)).toEqual(['1.1', '1.3'])
      expect(await page(1, 9, true, 1, 2)).toEqual(['1.3'])
      expect(await page(-1, 2, true, 2, 1)).toEqual(['1.1', '1.3'])
      expect(await page(-1, 9, false, 2, 3)).toEqual(['2.0'])
      const theirs = { tenant: ELSEWHERE, tasks: [taskId(1)], after: -1, failedOnly: false, limit: 9 }
      expect(await store.read((tx) => tx.outcomes(theirs))).toEqual([])
      const early = { tenant: TENANT, tasks: [1, 2].map(taskId), after: -1, before: 2, limit: 9 }
      const found = await store.read((tx) =>
        Promise.all([false, true].map((failedOnly) => tx.outcomes({ ...early, failedOnly }))),
      )
      expect(found.map((rows) => rows.map(({ task, number }) => `${task}.${number}`))).toEqual([
        ['1.0', '1.1', '2.0'],
        ['1.1', '2.0'],
      ])
      const [second] = await store.read((tx) =>
        tx.outcomes({ tenant: TENANT, tasks: [taskId(1)], after: 0, failedOnly: false, limit: 1 }),
      )
      expect(second).toEqual({ tenant: TENANT, task: 1, number: 1, outcome: bad })
    })

    it('go with their tasks', async () => {
      const done = { state: 'done' as const, report: [outcome()] }
      await apply(store, { putTasks: [task(1, { ...done, finishedAt: 4 }), task(2, { ...done, finishedAt: 5 })] })
      await store.write((tx) => tx.deleteExpired({ now: 0, tasksBefore: 5, evictedBefore: 0 }))
      const query = { tenant: TENANT, tasks: [1, 2].map(taskId), after: -1, failedOnly: false, limit: 9 }
      expect((await store.read((tx) => tx.outcomes(query))).map(({ task }) => task)).toEqual([2])
      expect(idsOf(await store.read((tx) => tx.tasks([1, 2].map(taskKey))))).toEqual([2])
    })
  })

  describe('the queue of a task', () => {
    const queued = (position: number, more: Partial<QueuedFolder> = {}): QueuedFolder => ({
      ...keyOf(100 + position),
      task: taskId(1),
      position,
      made: nodeId(0),
      level: 1,
      after: null,
      ...more,
    })
    const queue = (limit = 10, id = 1) => store.read((tx) => tx.queue(taskId(id), limit))

    it('keeps its order, and each folder’s place', async () => {
      const partly = queued(1, { after: { key: '文', twin: 7 }, made: nodeId(9) })
      await apply(store, { putQueue: [queued(2), queued(0), queued(1), queued(0, { task: taskId(2) })] })
      await apply(store, { putQueue: [partly] })
      expect(await queue()).toEqual([queued(0), partly, queued(2)])
      expect(await queue(2)).toEqual([queued(0), partly])
    })

    it('lets go of what is done', async () => {
      await apply(store, { putQueue: [...range(4).map((at) => queued(at)), queued(0, { task: taskId(2) })] })
      await apply(store, { deleteQueue: [{ task: taskId(1), upTo: 1 }], putQueue: [queued(1, { level: 5 })] })
      expect((await queue()).map(({ position, level }) => [position, level])).toEqual([
        [1, 5],
        [2, 1],
        [3, 1],
      ])
      expect(await queue(10, 2)).toHaveLength(1)
    })
  })

  describe('whose turn it is', () => {
    const claim = async (now: number, limit = 10, perTenantMax = 10) => {
      const claimed = await store.write((tx) => tx.claimTasks({ now, until: now + 10, limit, perTenantMax }))
      return idsOf(claimed).sort((a, b) => a - b)
    }

    it('a task is one worker’s at a time, also while it writes its progress', async () => {
      await apply(store, { putTasks: [task(1), task(2), task(3, { state: 'done' })] })
      expect(await claim(100, 1)).toEqual([1])
      expect(await claim(101)).toEqual([2])
      await apply(store, { updateTasks: [progress(1, { state: 'running', done: 1 })] })
      expect(await claim(109)).toEqual([])
      expect(await claim(110)).toEqual([1])
      await apply(store, { updateTasks: [progress(2, { state: 'done' })] })
      expect(await claim(500)).toEqual([1])
    })

    it('a worker that was too slow cannot prolong its lease, the one that came after it can', async () => {
      await apply(store, { putTasks: [task(1), task(2)] })
      const claimed = (now: number) =>
        store.write((tx) => tx.claimTasks({ now, until: now + 10, limit: 1, perTenantMax: 10 }))
      const renew = (leases: Lease[], until: number) => store.write((tx) => tx.renewTasks(leases, until))
      const [first] = await claimed(100)
      expect(await renew([first!], 130)).toEqual([1])
      expect(idsOf(await claimed(120))).toEqual([2])
      const [second] = await claimed(130)
      expect(second!.id).toBe(1)
      expect(await renew([first!], 150)).toEqual([])
      expect(await renew([first!, second!], 131)).toEqual([1])
      // Given back, it can be had at once.
      expect(await claim(131, 1)).toEqual([1])
      expect(await renew([second!], 150)).toEqual([])
    })

    it('tenants take turns, however many tasks each has', async () => {
      await apply(store, {
        putTasks: [...range(6, 1).map((id) => task(id)), ...range(2, 11).map((id) => task(id, { tenant: ELSEWHERE }))],
      })
      const served: number[] = []
      for (const now of range(6, 100)) {
        const [lease] = await store.write((tx) => tx.claimTasks({ now, until: now + 10, limit: 1, perTenantMax: 3 }))
        served.push(lease!.id)
        await store.write((tx) => tx.renewTasks([lease!], now))
      }
      expect(served.filter((id) => id > 10)).toHaveLength(3)
    })

    it('no more than so many of a tenant are begun, in their order', async () => {
      await apply(store, {
        putTasks: [...range(4, 1).map((id) => task(id)), task(9, { tenant: ELSEWHERE })],
        updateTasks: [progress(3, { state: 'running' })],
      })
      expect(await claim(100, 10, 2)).toEqual([1, 3, 9])
      expect(await claim(200, 10, 2)).toEqual([1, 3, 9])
      await apply(store, { updateTasks: [progress(3, { state: 'done' })] })
      expect(await claim(300, 10, 2)).toEqual([1, 2, 9])
      await store.write((tx) => tx.cancelTasks([taskKey(4)]))
      expect(await claim(400, 10, 2)).toEqual([1, 4, 9])
    })

    it('those that rest do not stand in line, unless they are cancelled', async () => {
      await apply(store, { putTasks: range(4, 1).map((id) => task(id)) })
      await store.write((tx) => tx.restTasks([1, 3].map(taskKey), 150))
      expect(await claim(100, 10, 2)).toEqual([2, 4])
      expect(await claim(149, 10, 2)).toEqual([2, 4])
      await store.write((tx) => tx.cancelTasks([taskKey(3)]))
      expect(await claim(149, 10, 2)).toEqual([3])
      expect(await claim(150, 10, 3)).toEqual([1])
    })
  })

  describe('the next children of folders', () => {
    it('come folder by folder as given, by key and twin, from where each is known', async () => {
      await apply(store, {
        insertNodes: [
          folder(1, 0, ''),
          folder(10, 1, 'p'),
          folder(11, 1, 'q'),
          ...range(5, 20).map((id) => file(id, 10, `n${29 - id}`)),
          file(30, 11, 'b'),
          file(31, 11, 'a', { twin: 31 }),
          file(32, 11, 'a'),
          file(33, 11, 'a', { twin: 33 }),
        ],
      })
      const next = async (places: { id: number; after?: [string, number] }[], limit: number) => {
        const keys = places.map(({ id, after }) => ({
          ...keyOf(id),
          after: after ? { key: after[0], twin: after[1] } : null,
        }))
        return idsOf(await store.read((tx) => tx.nextChildren(keys, limit)))
      }
      expect(await next([{ id: 11 }, { id: 10 }], 7)).toEqual([32, 31, 33, 30, 24, 23, 22])
      expect(
        await next(
          [
            { id: 10, after: ['n7', 0] },
            { id: 11, after: ['a', 31] },
          ],
          10,
        ),
      ).toEqual([21, 20, 33, 30])
      expect(await next([{ id: 10, after: ['n9', 0] }, { id: 99 }], 10)).toEqual([])
    })
  })

  describe('what a haul stages', () => {
    const seen = async (id: number, from = DRIVE) => {
      const found = await store.read((tx) => tx.chains([{ drive: from, id: nodeId(id), follow: true }]))
      return found.filter((node) => node.id === id).map((node) => node.drive)
    }
    const count = (table: 'node' | 'version' | 'grant' | 'forward') => store.read((tx) => tx.count(table))
    const grant = { ...keyOf(0), actions: 1, role: 'r', expiresAt: 0, createdAt: 1, creator: 'user:ann' } as const

    /** In DRIVE: 10 › 12 (born there), 13 (born in OTHER, where it goes back to). */
    const plant = async () => {
      await store.write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER)]))
      await apply(store, {
        insertNodes: [
          folder(10, 1, 'a'),
          file(12, 10, 'f', { attributes: { starred: true } }),
          file(13, 10, 'g', { born: OTHER }),
        ],
        insertVersions: [version(12, 1, content(11)), version(12, 2, content(12)), version(13, 1, content(13))],
        putGrants: [{ ...grant, drive: DRIVE, node: nodeId(12), subject: 'user:bob' }],
      })
      expect(await seen(13, OTHER)).toEqual([DRIVE])
    }
    const stage = () => apply(store, { stage: [{ haul: 5, from: DRIVE, to: OTHER, ids: [10, 12, 13].map(nodeId) }] })

    it('is all there under the same ids, and found only when the haul has ended', async () => {
      await plant()
      await stage()
      const rows = await store.read((tx) => tx.subtrees([keyOf(10, OTHER)], 9))
      expect(rows).toEqual([
        file(12, 10, 'f', { drive: OTHER, born: DRIVE, attributes: { starred: true } }),
        file(13, 10, 'g', { drive: OTHER }),
      ])
      expect(await store.read((tx) => tx.versions([keyOf(12, OTHER)]))).toHaveLength(2)
      expect(await store.read((tx) => tx.grants([keyOf(12, OTHER)], null))).toHaveLength(1)
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[DRIVE], [DRIVE]])
      await apply(store, { endHauls: [5] })
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[OTHER], [OTHER]])
      // The old rows go, and what led to them.
      await apply(store, { deleteNodes: [10, 12, 13].map((id) => keyOf(id)) })
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[OTHER], [OTHER]])
      expect([await count('node'), await count('version'), await count('grant')]).toEqual([3, 3, 1])
      // Nodes 10 and 12 are away from home.
      expect(await count('forward')).toBe(2)
    })

    it('leaves nothing when it is given up', async () => {
      await plant()
      const before = [await count('node'), await count('version'), await count('grant'), await count('forward')]
      await stage()
      await apply(store, { deleteNodes: [10, 12, 13].map((id) => keyOf(id, OTHER)), endHauls: [5] })
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[DRIVE], [DRIVE]])
      expect([await count('node'), await count('version'), await count('grant'), await count('forward')]).toEqual(
        before,
      )
    })

    it('can be moved on at once', async () => {
      const third = drive(7003)
      await plant()
      await store.write((tx) => tx.putDrives([third]))
      await stage()
      await apply(store, { endHauls: [5] })
      await apply(store, { rehome: [{ from: OTHER, to: third.id, ids: [nodeId(12), nodeId(13)] }] })
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[third.id], [third.id]])
      await apply(store, { deleteNodes: [10, 12, 13].map((id) => keyOf(id)) })
      expect([await seen(12), await seen(13, OTHER)]).toEqual([[third.id], [third.id]])
    })
  })

  it('what tasks hold in a grave is not the sweep’s', async () => {
    await store.write((tx) => tx.putDrives([drive(DRIVE)]))
    await apply(store, { putTasks: [task(1, { holds: [keyOf(10)] })] })
    await apply(store, { insertNodes: [folder(10, 3, 'a'), folder(11, 3, 'b')] })
    expect(idsOf(await store.write((tx) => tx.graveNodes(10)))).toEqual([11])
    await apply(store, { deleteNodes: [keyOf(11)] })
    expect(idsOf(await store.write((tx) => tx.graveNodes(10)))).toEqual([])
    await apply(store, { updateTasks: [progress(1, { state: 'done' })] })
    expect(idsOf(await store.write((tx) => tx.graveNodes(10)))).toEqual([10])
  })
}
