import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  ALL_ACTIONS,
  type Drive,
  type DriveId,
  type Op,
  type Store,
  type TaskId,
} from '../../src/engine/index.ts'
import { NODES, nodesBelow, PATHS, pathsBelow, pictureOf, plantTree } from './haul-tree.ts'
import {
  at,
  byId,
  byPublicId,
  copy,
  createFolder,
  get,
  grant,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  RENAME,
  rename,
  trash,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import {
  admin,
  alice,
  bob,
  codeOf,
  codes,
  createDrive,
  done,
  driveNow,
  nodeOf,
  run,
  settleDown,
  usedOf,
} from './world.ts'

/** Called after every transaction that wrote, unless it is at work already. */
let afterWrite: (() => Promise<void>) | null = null
const watched = (store: Store): Store => ({
  ...store,
  async write(fn, ...more) {
    const value = await store.write(fn, ...more)
    const watch = afterWrite
    afterWrite = null
    await watch?.()
    afterWrite = watch
    return value
  },
})
afterEach(() => {
  afterWrite = null
})

/** What has more than three nodes below it is a haul, and a haul makes two nodes a slice. */
const engine = { subtreeNodesMax: 3, sliceNodesMax: 2 }
const use = useWorld({ engine, wrapStore: watched })
let drive: DriveId
let other: Drive
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
  other = await createDrive(use.world, { name: 'other' })
})

const plant = () => plantTree(use.world, drive)
const pathsIn = (id: DriveId, path: string) => pathsBelow(use.world, id, path)
const nodesIn = (id: DriveId, path: string) => nodesBelow(use.world, id, path)
const picture = (id: DriveId, path: string) => pictureOf(use.world, id, path)

async function later(op: Op, actor = alice): Promise<TaskId> {
  const result = await run(use.world, actor, op)
  if (result.status !== 'later') throw new Error(`not later: ${JSON.stringify(result)}`)
  return result.task
}

const taskNow = async (id: TaskId) => (await use.world.engine.tasks(admin, [id]))[0]!

/** Works on, and calls back once, as soon as the haul has made so many nodes. */
async function whenMade(id: TaskId, nodes: number, callback: () => Promise<unknown>): Promise<void> {
  let called = false
  afterWrite = async () => {
    if (called || (await taskNow(id)).done < nodes) return
    called = true
    await callback()
  }
  await settleDown(use.world)
  expect(called).toBe(true)
}

describe('copying a tree that is too large for a batch', () => {
  beforeEach(plant)

  test('answers with a task and the copy’s place, shows nothing until all is copied, then all', async () => {
    const before = await nodesIn(drive, 'big')
    const result = await run(use.world, alice, copy(at(drive, 'big'), at(other.id), { name: 'copy' }))
    if (result.status !== 'later') throw new Error(codeOf(result))
    expect(result.view).toMatchObject({ path: ['copy'], drive: { id: other.id } })
    expect(await taskNow(result.task)).toMatchObject({ kind: 'copy', state: 'queued', drive: other.id, report: [] })
    const seen: (number | undefined)[] = []
    afterWrite = async () => {
      seen.push((await pathsIn(other.id, 'copy'))?.length)
    }
    await settleDown(use.world)
    const first = seen.indexOf(PATHS.length)
    expect(first).toBeGreaterThan(5)
    expect(seen.slice(0, first)).toEqual(Array(first).fill(undefined))
    expect(new Set(seen.slice(first))).toEqual(new Set([PATHS.length]))

    expect(await taskNow(result.task)).toMatchObject({ total: NODES, done: NODES, failed: 0, error: '' })
    expect((await taskNow(result.task)).report).toMatchObject([
      { ok: true, node: result.view!.node.id, path: ['copy'] },
    ])
    expect(await nodesIn(drive, 'big')).toEqual(before)
    const copies = await nodesIn(other.id, 'copy')
    expect([...copies.keys()].sort()).toEqual(['copy', ...PATHS.map((path) => `copy/${path}`)])
    for (const [path, node] of copies) {
      const original = before.get(path.replace('copy', 'big'))!
      expect(node).toMatchObject({ kind: original.kind, content: original.content, drive: other.id, born: other.id })
      expect(node.id).not.toBe(original.id)
    }
    expect(await usedOf(use.world, other.id)).toMatchObject({ drive: 9, tenant: 18 })
  })

  test('is the same as copying a small one: nodes, attributes, bytes and change log', async () => {
    await done(use.world, alice, [
      { kind: 'update', node: at(drive, 'big/a'), set: { description: 'x', starred: true } },
    ])
    const logOf = async (id: DriveId) => {
      const changes = await use.world.store.read((tx) => tx.changes({ drive: id, after: 0, limit: 100 }))
      return changes.map(({ kind, name, nodeKind, replaces }) => `${kind} ${nodeKind} ${name} ${replaces}`).sort()
    }
    const third = await createDrive(use.world)
    await later(copy(at(drive, 'big'), at(other.id)))
    await settleDown(use.world)
    await use.world.restart({})
    await done(use.world, alice, [copy(at(drive, 'big'), at(third.id))])
    expect(await picture(other.id, 'big')).toEqual(await picture(third.id, 'big'))
    expect(await logOf(other.id)).toEqual(await logOf(third.id))
    // Of which node the top is a copy is told; the others' originals were forgotten on the way.
    const [top] = await use.world.store.read((tx) => tx.changes({ drive: other.id, after: 0, limit: 1 }))
    const { id } = (await nodesIn(drive, 'big')).get('big')!
    expect(top).toMatchObject({ kind: 'copy', name: 'big', source: { drive, node: id, born: drive } })
    expect((await nodesIn(other.id, 'big')).get('big/a')!.attributes).toEqual({ description: 'x' })
    expect(await usedOf(use.world, other.id)).toEqual(await usedOf(use.world, third.id))
  })

  test('takes the top’s grants along when told to, and only those', async () => {
    await done(use.world, alice, [
      grant(at(drive, 'big'), 'user:bob', ALL_ACTIONS),
      grant(at(drive, 'big/a'), 'user:eve', ALL_ACTIONS),
    ])
    await later(copy(at(drive, 'big'), at(other.id), { keepGrants: true }))
    await settleDown(use.world)
    const nodes = [...(await nodesIn(other.id, 'big')).values()]
    const grants = await use.world.store.read((tx) => tx.grants(nodes, null))
    expect(grants.map(({ node, subject }) => [node, subject])).toEqual([[nodes[0]!.id, 'user:bob']])
  })

  test('sees each folder as it is when its turn comes, and takes up no place meanwhile', async () => {
    const id = await later(copy(at(drive, 'big'), at(drive), { name: 'copy' }))
    await whenMade(id, 4, () =>
      done(use.world, alice, [
        createFolder(at(drive, 'big/a/deep/deeper'), 'new'),
        rename(at(drive, 'big/a/deep/deeper/2'), 'second'),
        trash(at(drive, 'big/b')),
        createFolder(at(drive), 'copy'),
      ]),
    )
    expect(await taskNow(id)).toMatchObject({ failed: 10, done: 0, total: 10, error: 'name_taken' })
    expect(await pathsIn(drive, 'copy')).toEqual([])
    const again = await later(copy(at(drive, 'big'), at(drive), { name: 'copy', conflict: RENAME }))
    await settleDown(use.world)
    expect((await taskNow(again)).report[0]).toMatchObject({ ok: true, path: ['copy (1)'] })
    expect(await picture(drive, 'copy (1)')).toEqual(await picture(drive, 'big'))
  })

  test('stops when what it copies is gone, or may not be copied any more, or has no room', async () => {
    const breaks: [string, () => Promise<unknown>][] = [
      ['node_not_found', () => done(use.world, alice, [trash(at(drive, 'big'))])],
      ['forbidden', () => done(use.world, alice, [grant(at(drive, 'big/a'), 'user:bob', ACTIONS.list)])],
      ['quota_drive', () => use.world.engine.updateDrives(admin, [{ id: other.id, set: { quota: 4 } }])],
      ['drive_not_found', () => use.world.engine.deleteDrives(admin, [drive])],
    ]
    await done(use.world, alice, [
      grant(at(drive), 'user:bob', ALL_ACTIONS),
      grant(at(other.id), 'user:bob', ALL_ACTIONS),
    ])
    for (const [code, breakIt] of breaks) {
      const id = await later(copy(at(drive, 'big'), at(other.id)), bob)
      await whenMade(id, 3, breakIt)
      expect(await taskNow(id)).toMatchObject({ state: 'done', done: 0, failed: NODES, total: NODES, error: code })
      expect(await pathsIn(other.id, '')).toEqual([])
      expect((await usedOf(use.world, other.id)).drive).toBe(0)
      if (code === 'node_not_found') await done(use.world, alice, [{ ...restoreOf('big') }])
      if (code === 'forbidden') await done(use.world, alice, [grant(at(drive, 'big/a'), 'user:bob', null)])
      if (code === 'quota_drive') await use.world.engine.updateDrives(admin, [{ id: other.id, set: { quota: null } }])
    }
  })

  test('is judged as a whole before anything is made of it', async () => {
    await done(use.world, alice, [
      grant(at(drive), 'user:bob', ALL_ACTIONS),
      grant(at(other.id), 'user:bob', ALL_ACTIONS),
      grant(at(drive, 'big/a/deep/deeper/2'), 'user:bob', ACTIONS.list),
    ])
    const denied = await later(copy(at(drive, 'big'), at(other.id)), bob)
    await use.world.engine.updateDrives(admin, [{ id: other.id, set: { quota: 8 } }])
    const large = await later(copy(at(drive, 'big'), at(other.id)))
    const before = await use.world.store.read((tx) => tx.count('node'))
    let most = 0
    afterWrite = async () => {
      most = Math.max(most, await use.world.store.read((tx) => tx.count('node')))
    }
    await settleDown(use.world)
    expect(most).toBe(before)
    expect(await taskNow(denied)).toMatchObject({ failed: 1, error: 'forbidden' })
    expect(await taskNow(large)).toMatchObject({ failed: 1, error: 'quota_drive' })
  })

  test('of a folder onto one of its name is a merge, which is done at once where a batch could bear it', async () => {
    await putFolders(use.world, alice, other.id, ['big'])
    await use.world.restart({ engine: { ...engine, subtreeNodesMax: 100 } })
    const op = copy(at(drive, 'big'), at(other.id), { conflict: MERGE })
    expect(codeOf(await run(use.world, alice, op))).toBe('done')
    const id = await use.world.engine.submit(alice, other.id, 'batch', [op], [null])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ total: 1, done: 1, failed: 0 })
    expect(await pathsIn(other.id, 'big')).toEqual(PATHS)
  })
})

test('what a batch could bear is still a task’s, unless it must be all or nothing, or is a merge', async () => {
  await plant()
  await use.world.restart({ engine: { inlineNodesMax: PATHS.length - 1 } })
  const op = (name: string) => copy(at(drive, 'big'), at(other.id), { name })
  expect(codes(await use.world.engine.batch(alice, [op('one')]))).toEqual(['later'])
  const beside = createFolder(at(other.id), 'beside')
  expect(codes(await use.world.engine.batch(alice, [op('two'), beside], 'all'))).toEqual(['done', 'done'])
  const chain = [op('three'), trash(at(other.id, 'three'))]
  expect(codes(await use.world.engine.batch(alice, chain, 'chain'))).toEqual(['later', 'later'])
  // Alone there is nothing it could wait for.
  expect(codes(await use.world.engine.batch(alice, [op('four')], 'all'))).toEqual(['later'])
  expect(codeOf(await run(use.world, alice, { ...op('two'), conflict: MERGE }))).toBe('done')
  expect(codeOf(await run(use.world, alice, copy(at(drive, 'big/a'), at(other.id), { name: 'less' })))).toBe('done')
  expect(codeOf(await run(use.world, alice, move(at(other.id, 'two'), at(drive))))).toBe('later')
  await settleDown(use.world)
  expect(await pathsIn(drive, 'two')).toEqual(PATHS)
  expect(await pathsIn(other.id, 'one')).toEqual(PATHS)
})

function restoreOf(name: string): Op {
  return {
    kind: 'restore',
    node: { drive, trash: 1 as never },
    conflict: RENAME,
    naming: copy(at(drive, name), at(drive)).naming,
    parentGone: 'fail',
  }
}

describe('carrying a tree that is too large for a batch to another drive', () => {
  beforeEach(plant)

  test('leaves it whole and readable where it is until all of it is in the other', async () => {
    await done(use.world, alice, [grant(at(drive, 'big/a'), 'user:bob', ALL_ACTIONS)])
    await putFile(use.world, alice, drive, 'big/a/1', 'newer', { conflict: MERGE })
    const before = await nodesIn(drive, 'big')
    const bytes = (await usedOf(use.world, drive)).drive!
    const id = await later(move(at(drive, 'big'), at(other.id), { name: 'moved' }))
    const homes: DriveId[] = []
    afterWrite = async () => {
      const there = (await pathsIn(other.id, 'moved')) !== null
      expect(await pathsIn(there ? other.id : drive, there ? 'moved' : 'big')).toEqual(PATHS)
      expect(await pathsIn(there ? drive : other.id, '')).toEqual([])
      const found = await use.world.engine.batch(
        alice,
        [...before.values()].map((node) => get(byPublicId(node))),
      )
      const [home, ...others] = new Set(found.map((result) => nodeOf(result).drive))
      expect(others).toEqual([])
      homes.push(home!)
    }
    await settleDown(use.world)
    afterWrite = null
    const turned = homes.indexOf(other.id)
    expect(turned).toBeGreaterThan(5)
    expect(homes).toEqual([...Array(turned).fill(drive), ...Array(homes.length - turned).fill(other.id)])

    expect(await taskNow(id)).toMatchObject({ total: NODES, done: NODES, failed: 0 })
    expect((await taskNow(id)).report).toMatchObject([{ ok: true, drive: other.id, path: ['moved'] }])
    const after = await nodesIn(other.id, 'moved')
    expect([...after.values()].map((node) => [node.id, node.born])).toEqual(
      [...before.values()].map((node) => [node.id, drive]),
    )
    expect(await usedOf(use.world, drive)).toEqual({ drive: 0, tenant: bytes })
    expect(await usedOf(use.world, other.id)).toEqual({ drive: bytes, tenant: bytes })
    const nodes = [...after.values()]
    expect(await use.world.store.read((tx) => tx.versions(nodes))).toHaveLength(4)
    expect(await use.world.store.read((tx) => tx.grants(nodes, null))).toMatchObject([
      { drive: other.id, node: after.get('moved/a')!.id, subject: 'user:bob' },
    ])
  })

  test('is told in both logs as the move of a small one is, and drops the top’s grants when told to', async () => {
    await done(use.world, alice, [grant(at(drive, 'big'), 'user:bob', ALL_ACTIONS)])
    const logs = () =>
      Promise.all(
        [drive, other.id].map(async (id) => {
          const changes = await use.world.store.read((tx) => tx.changes({ drive: id, after: 0, limit: 100 }))
          return changes.map(({ kind, node, name }) => `${kind} ${node} ${name}`)
        }),
      )
    const before = await logs()
    const { id: top } = (await nodesIn(drive, 'big')).get('big')!
    await later(move(at(drive, 'big'), at(other.id), { keepGrants: false }))
    await settleDown(use.world)
    const after = await logs()
    const [arrival] = (await use.world.store.read((tx) => tx.changes({ drive: other.id, after: 0, limit: 100 }))).slice(
      -1,
    )
    const { root } = await driveNow(use.world, drive)
    expect(arrival!.source).toEqual({ drive, node: root, born: drive })
    expect(after.map((log, i) => log.slice(before[i]!.length))).toEqual([[`leave ${top} big`], [`move ${top} big`]])
    const grants = await use.world.store.read((tx) => tx.grants([{ drive: other.id, id: top }], null))
    expect(grants).toEqual([])
  })

  test('keeps everybody else from changing it, and lets go of it when it is cancelled', async () => {
    const inner = (await nodesIn(drive, 'big')).get('big/a')!
    const id = await later(move(at(drive, 'big'), at(other.id)))
    await whenMade(id, 4, async () => {
      const results = await use.world.engine.batch(alice, [
        rename(at(drive, 'big'), 'x'),
        createFolder(byId(inner), 'x'),
        trash(at(drive, 'big/a/deep')),
        move(byId(inner), at(other.id)),
      ])
      expect(new Set(codes(results))).toEqual(new Set(['busy']))
      expect(await use.world.engine.cancelTasks(bob, [id])).toMatchObject([{ error: { code: 'task_not_found' } }])
      expect(await use.world.engine.cancelTasks(alice, [id])).toMatchObject([{ id, cancelled: true, state: 'running' }])
    })
    expect(await taskNow(id)).toMatchObject({ state: 'done', error: 'cancelled', done: 0, failed: NODES })
    expect(await pathsIn(drive, 'big')).toEqual(PATHS)
    expect(await pathsIn(other.id, '')).toEqual([])
    expect(await usedOf(use.world, other.id)).toEqual({ drive: 0, tenant: 9 })
    expect(codeOf(await run(use.world, alice, rename(at(drive, 'big'), 'free')))).toBe('done')
  })

  test('given up, nothing of it goes where it was going before its rows there are gone', async () => {
    const inner = (await nodesIn(drive, 'big')).get('big/b')!
    const id = await later(move(at(drive, 'big'), at(other.id)))
    const tries: string[] = []
    afterWrite = async () => {
      const task = await taskNow(id)
      if (task.done >= 8) await use.world.engine.cancelTasks(alice, [id])
      if (tries.at(-1) !== 'done') tries.push(codeOf(await run(use.world, alice, move(byId(inner), at(other.id)))))
    }
    await settleDown(use.world)
    afterWrite = null
    expect(await taskNow(id)).toMatchObject({ error: 'cancelled', failed: NODES })
    expect(tries.slice(0, -1)).toEqual(Array(tries.length - 1).fill('busy'))
    expect(tries.at(-1)).toBe('done')
    expect(await pathsIn(other.id, '')).toEqual(['b'])
  })

  test('there and back again, onward, and back home part by part', async () => {
    const before = await picture(drive, 'big')
    const third = await createDrive(use.world)
    for (const [from, to] of [
      [drive, other.id],
      [other.id, drive],
      [drive, third.id],
      [third.id, other.id],
    ] as const) {
      await later(move(at(from, 'big'), at(to)))
      await settleDown(use.world)
    }
    expect(await picture(other.id, 'big')).toEqual(before)
    await done(use.world, alice, [
      move(at(other.id, 'big/a/deep/deeper'), at(drive)),
      move(at(other.id, 'big/b'), at(drive)),
    ])
    expect(await pathsIn(drive, '')).toEqual(['b', 'deeper', 'deeper/2'])
    await later(move(at(other.id, 'big'), at(drive)))
    await settleDown(use.world)
    expect(await pathsIn(drive, '')).toHaveLength(PATHS.length + 1)
    expect(await use.world.store.read((tx) => tx.count('forward'))).toBe(0)
  })

  test('nothing comes back into the old drive before its old rows are gone', async () => {
    const inner = (await nodesIn(drive, 'big')).get('big/b')!
    await later(move(at(drive, 'big'), at(other.id)))
    const tries: string[] = []
    afterWrite = async () => {
      if (tries.includes('done') || (await pathsIn(other.id, 'big')) === null) return
      const results = await use.world.engine.batch(alice, [
        move(byPublicId(inner), at(drive)),
        get({ drive, id: inner.id }),
        get({ drive: other.id, id: inner.id }),
        // The tree itself can be changed at once, and taken elsewhere within its drive.
        rename(byPublicId(inner), `b${tries.length}`),
      ])
      const isBack = codeOf(results[0]) === 'done'
      expect(codes(results).slice(1)).toEqual([
        isBack ? 'done' : 'node_not_found',
        isBack ? 'node_not_found' : 'done',
        'done',
      ])
      tries.push(codeOf(results[0]))
    }
    await settleDown(use.world)
    expect(tries.filter((code) => code === 'busy').length).toBeGreaterThan(1)
    expect(tries.at(-1)).toBe('done')
  })

  test('stops when a drive is gone, or the target is, or has no room', async () => {
    const quota = (bytes: number | null) =>
      use.world.engine.updateDrives(admin, [{ id: other.id, set: { quota: bytes } }])
    await putFolders(use.world, alice, other.id, ['to'])
    const large = await later(move(at(drive, 'big'), at(other.id)))
    await quota(8)
    await settleDown(use.world)
    expect(await taskNow(large)).toMatchObject({ error: 'quota_drive', failed: 1 })
    await quota(null)
    const breaks: [string, () => Promise<unknown>][] = [
      ['quota_drive', () => quota(3)],
      ['node_not_found', () => done(use.world, alice, [purge(at(other.id, 'to'))])],
      ['drive_not_found', () => use.world.engine.deleteDrives(admin, [other.id])],
    ]
    for (const [code, breakIt] of breaks) {
      const id = await later(move(at(drive, 'big'), code === 'node_not_found' ? at(other.id, 'to') : at(other.id)))
      await whenMade(id, 4, breakIt)
      expect(await taskNow(id)).toMatchObject({ error: code, done: 0, failed: NODES })
      expect(await pathsIn(drive, 'big')).toEqual(PATHS)
      if (code === 'quota_drive') await quota(null)
    }
    expect(codeOf(await run(use.world, alice, rename(at(drive, 'big'), 'free')))).toBe('done')
    expect((await driveNow(use.world, drive)).pools.map(({ used }) => used)).toEqual([9, 9])
  })
})

describe('a task with a large tree among its ops', () => {
  beforeEach(plant)

  test('does them in order, and counts the tree’s nodes', async () => {
    const ops = [
      createFolder(at(drive), 'to'),
      copy(at(drive, 'big'), at(drive, 'to'), { name: 'first' }),
      rename(at(drive, 'to/first'), 'renamed'),
      move(at(drive, 'to/renamed'), at(other.id)),
      get(at(other.id, 'renamed/a/deep/deeper/2')),
      get(at(drive, 'to/renamed')),
      move(at(other.id, 'renamed'), at(drive)),
    ]
    const id = await use.world.engine.submit(
      alice,
      drive,
      'batch',
      ops,
      ops.map((_, i) => `note ${i}`),
    )
    await settleDown(use.world)
    const task = await taskNow(id)
    expect(task.report.map(({ ok, code, note }) => (ok ? note : code))).toEqual([
      'note 0',
      'note 1',
      'note 2',
      'note 3',
      'note 4',
      'node_not_found',
      'note 6',
    ])
    expect(task).toMatchObject({ total: 4 + 3 * NODES, done: 3 + 3 * NODES, failed: 1, error: 'node_not_found' })
    expect(await picture(drive, 'renamed')).toEqual(await picture(drive, 'big'))
  })

  test('small trees that are too many together are still done at once', async () => {
    await putFolders(use.world, alice, drive, ['s', 's/1', 's/1/x', 's/2', 's/2/x', 's/3', 's/3/x', 'to'])
    const ops = ['1', '2', '3'].map((name) => copy(at(drive, `s/${name}`), at(drive, 'to')))
    const id = await use.world.engine.submit(alice, drive, 'batch', ops, [null, null, null])
    await settleDown(use.world)
    expect(await taskNow(id)).toMatchObject({ total: 3, done: 3 })
    expect(await pathsIn(drive, 'to')).toEqual(['1', '1/x', '2', '2/x', '3', '3/x'])
  })
})
