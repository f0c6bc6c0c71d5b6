import { beforeEach, describe, expect, test } from 'vitest'
import { DEPTH_MAX, type Drive, type DriveId, type Node, type NodeId, onConflict } from '../../src/engine/index.ts'
import {
  at,
  byId,
  byPublicId,
  copy,
  createFolder,
  FAIL,
  get,
  list,
  move,
  putFile,
  putFolders,
  RENAME,
  rename,
  restore,
  trash,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codeOf, codes, createDrive, done, driveNow, nodeOf, run, settleDown } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function namesIn(folder: DriveId, path = ''): Promise<string[]> {
  const [result] = await done(use.world, alice, [list(at(folder, path))])
  return result!.status === 'done' ? result!.page!.items.map(({ node }) => node.name) : []
}

describe('moving inside a drive', () => {
  test('a folder cannot move into itself or into its own descendant', async () => {
    await putFolders(use.world, alice, drive, ['a', 'a/b', 'a/b/c'])
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'a'), at(drive, 'a')),
      move(at(drive, 'a'), at(drive, 'a/b/c')),
      copy(at(drive, 'a'), at(drive, 'a/b')),
    ])
    expect(codes(results)).toEqual(['cycle', 'cycle', 'cycle'])
  })

  test('a cycle made by an earlier op of the same batch is seen', async () => {
    await putFolders(use.world, alice, drive, ['a', 'b'])
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'b'), at(drive, 'a')),
      move(at(drive, 'a'), at(drive, 'a/b')),
    ])
    expect(codes(results)).toEqual(['done', 'cycle'])
  })

  test('moving to where it is changes nothing', async () => {
    const [folder] = await putFolders(use.world, alice, drive, ['a'])
    expect(await run(use.world, alice, move(byId(folder!), at(drive)))).toMatchObject({
      existed: true,
      view: { node: { rev: 1 } },
    })
  })

  test('the same item twice in a batch is moved once', async () => {
    const [folder] = (await putFolders(use.world, alice, drive, ['a', 'to'])) as [Node, Node]
    const op = move(byId(folder), at(drive, 'to'), { conflict: RENAME })
    expect(await use.world.engine.batch(alice, [op, op])).toMatchObject([{ existed: false }, { existed: true }])
    expect(await namesIn(drive, 'to')).toEqual(['a'])
  })

  test('a folder and something inside it, in one batch, both arrive', async () => {
    const [, inner] = await putFolders(use.world, alice, drive, ['a', 'a/b', 'to'])
    const results = await use.world.engine.batch(alice, [
      move(at(drive, 'a'), at(drive, 'to')),
      move(byId(inner!), at(drive, 'to')),
    ])
    expect(codes(results)).toEqual(['done', 'done'])
    expect(await namesIn(drive, 'to')).toEqual(['a', 'b'])
    expect(await namesIn(drive, 'to/a')).toEqual([])
  })

  test('two nodes can swap their names in one batch', async () => {
    const [a, b] = (await putFolders(use.world, alice, drive, ['a', 'b'])) as [Node, Node]
    await done(use.world, alice, [rename(byId(a), 'c'), rename(byId(b), 'a'), rename(byId(a), 'b')], 'all')
    const results = await done(use.world, alice, [get(at(drive, 'a')), get(at(drive, 'b'))])
    expect(results.map((result) => result.view!.node.id)).toEqual([b.id, a.id])
  })

  test('three nodes can pass their names on in a ring, across folders', async () => {
    const [, , x, y, z] = (await putFolders(use.world, alice, drive, ['p', 'q', 'p/n', 'q/n', 'n'])) as Node[]
    const results = await use.world.engine.batch(alice, [
      rename(byId(x!), 'free'),
      move(byId(y!), at(drive, 'p')),
      move(byId(z!), at(drive, 'q')),
      move(byId(x!), at(drive), { name: 'n' }),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'done', 'done'])
    const found = await done(use.world, alice, [get(at(drive, 'p/n')), get(at(drive, 'q/n')), get(at(drive, 'n'))])
    expect(found.map((result) => result.view!.node.id)).toEqual([y!.id, z!.id, x!.id])
  })

  test('missing folders on the way are made when asked, and only then', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    expect(codeOf(await run(use.world, alice, move(at(drive, 'a'), at(drive, 'x/y'))))).toBe('node_not_found')
    const result = await run(use.world, alice, move(at(drive, 'a'), at(drive, 'x/y'), { makeParents: true }))
    expect(result).toMatchObject({ status: 'done', view: { path: ['x', 'y', 'a'] } })
  })

  test('a failed op leaves none of the folders it made', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const op = move(at(drive, 'a'), at(drive, 'x/y'), { makeParents: true, name: '..' })
    expect(codeOf(await run(use.world, alice, op))).toBe('name_invalid')
    expect(await namesIn(drive)).toEqual(['a'])
  })

  test('the root cannot be moved, copied, renamed, trashed or restored', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const results = await use.world.engine.batch(alice, [
      move(at(drive), at(drive, 'a')),
      copy(at(drive), at(drive, 'a')),
      rename(at(drive), 'b'),
      trash(at(drive)),
    ])
    expect(new Set(codes(results))).toEqual(new Set(['root_refused']))
  })

  test('a drive’s hidden folders cannot be named', async () => {
    const { trash: hidden, grave } = await driveNow(use.world, drive)
    const ops = [hidden, grave].flatMap((id) => [
      get({ drive, id }, { trashed: 'any' }),
      list({ drive, id }),
      createFolder({ drive, id }, 'x'),
      rename({ drive, id }, 'x'),
    ])
    expect(new Set(codes(await use.world.engine.batch(alice, ops)))).toEqual(new Set(['node_not_found']))
  })
})

describe('depth', () => {
  const chain = (name: string, levels: number) => Array.from({ length: levels }, () => name)

  test('a node can lie as deep as the limit and no deeper', async () => {
    const deepest = { drive, path: chain('d', DEPTH_MAX - 1) }
    const results = await use.world.engine.batch(alice, [
      createFolder(deepest, 'd', { makeParents: true }),
      createFolder({ drive, path: chain('d', DEPTH_MAX) }, 'd'),
    ])
    expect(codes(results)).toEqual(['done', 'too_deep'])
  })

  test('nor can a folder bring what is below it deeper, by a move, a copy or a restore', async () => {
    const a = (levels: number) => ({ drive, path: chain('a', levels) })
    const b = (levels: number) => ({ drive, path: chain('b', levels) })
    await done(use.world, alice, [
      createFolder(a(DEPTH_MAX - 1), 'a', { makeParents: true }),
      createFolder(b(11), 'b', { makeParents: true }),
      createFolder(at(drive, 'home'), 'c', { makeParents: true }),
    ])
    const results = await use.world.engine.batch(alice, [
      move(b(1), a(DEPTH_MAX - 11)),
      copy(b(1), a(DEPTH_MAX - 11)),
      copy(b(1), a(DEPTH_MAX - 12)),
      move(b(1), at(drive, 'home/c')),
      trash(at(drive, 'home/c/b')),
      move(at(drive, 'home'), a(DEPTH_MAX - 5)),
    ])
    expect(codes(results)).toEqual(['too_deep', 'too_deep', 'done', 'done', 'done', 'done'])
    const { id } = nodeOf(results[4]!)
    expect(codeOf(await run(use.world, alice, restore({ drive, id })))).toBe('too_deep')
  })
})

describe('moving to another drive', () => {
  let other: Drive
  beforeEach(async () => {
    other = await createDrive(use.world)
  })

  test('keeps ids, public ids, contents, versions, attributes and the tree', async () => {
    const [folder] = await putFolders(use.world, alice, drive, ['a', 'a/b'])
    const file = await putFile(use.world, alice, drive, 'a/b/f.txt', 'bytes', { attributes: { starred: true } })
    const moved = await run(use.world, alice, move(byId(folder!), at(other.id)))
    expect(moved).toMatchObject({ status: 'done', view: { node: { id: folder!.id, drive: other.id, born: drive } } })
    const results = await use.world.engine.batch(alice, [
      get(byPublicId(file)),
      get(at(other.id, 'a/b/f.txt')),
      get(byId(file)),
      get({ ...byPublicId(file), drive }),
      get({ ...byPublicId(file), drive: other.id }),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'node_not_found', 'node_not_found', 'done'])
    expect(results[0]).toMatchObject({
      view: { node: { id: file.id, drive: other.id, attributes: { starred: true } } },
    })
    const opened = await use.world.engine.openVersion({ drive: other.id, node: file.id, version: 1 })
    expect(opened).toMatchObject({ content: { size: 5 } })
  })

  test('there and back leaves no forwarding behind', async () => {
    const [folder] = await putFolders(use.world, alice, drive, ['a', 'a/b'])
    await done(use.world, alice, [move(byPublicId(folder!), at(other.id))])
    expect(await use.world.store.read((tx) => tx.count('forward'))).toBe(2)
    await done(use.world, alice, [move(byPublicId(folder!), at(drive))])
    expect(await use.world.store.read((tx) => tx.count('forward'))).toBe(0)
    expect(codeOf(await run(use.world, alice, get(byPublicId(folder!))))).toBe('done')
  })

  test('over three drives, and there and back in one batch', async () => {
    const third = await createDrive(use.world)
    const [folder] = await putFolders(use.world, alice, drive, ['a', 'a/b'])
    await done(use.world, alice, [move(byPublicId(folder!), at(other.id)), move(byPublicId(folder!), at(third.id))])
    expect(await run(use.world, alice, get(byPublicId(folder!)))).toMatchObject({ view: { drive: { id: third.id } } })
    await done(use.world, alice, [
      move(byPublicId(folder!), at(drive)),
      move(byPublicId(folder!), at(third.id)),
      move(byPublicId(folder!), at(drive)),
    ])
    expect(await run(use.world, alice, get(byPublicId(folder!)))).toMatchObject({ view: { drive: { id: drive } } })
  })

  test('what a batch made and carried away at once is found by its public id', async () => {
    const results = await done(use.world, alice, [
      createFolder(at(drive), 'a'),
      createFolder(at(drive, 'a'), 'b'),
      move(at(drive, 'a'), at(other.id)),
    ])
    for (const result of results)
      expect(codeOf(await run(use.world, alice, get(byPublicId(result.view!.node))))).toBe('done')
  })

  test('a node destroyed away from home leaves no forwarding behind', async () => {
    const file = await putFile(use.world, alice, drive, 'f', 'bytes')
    await done(use.world, alice, [move(byId(file), at(other.id))])
    await done(use.world, alice, [{ kind: 'purge', node: byPublicId(file), trashed: 'no' }])
    expect(await use.world.store.read((tx) => tx.count('forward'))).toBe(0)
    expect(codeOf(await run(use.world, alice, get(byPublicId(file))))).toBe('node_not_found')
  })

  test('a name that is taken over there is settled as anywhere', async () => {
    await putFolders(use.world, alice, drive, ['a', 'a/x'])
    await putFolders(use.world, alice, other.id, ['a', 'a/y'])
    const to = at(other.id)
    expect(codeOf(await run(use.world, alice, move(at(drive, 'a'), to, { conflict: FAIL })))).toBe('name_taken')
    await done(use.world, alice, [move(at(drive, 'a'), to, { conflict: onConflict('replace', 'version') })])
    expect(await namesIn(other.id, 'a')).toEqual(['x', 'y'])
    expect(await namesIn(drive)).toEqual([])
  })

  test('a subtree larger than the limit is a task’s, unless the batch must do all or nothing', async () => {
    await use.world.restart({ engine: { subtreeNodesMax: 3 } })
    await putFolders(use.world, alice, drive, [
      'small',
      'small/1',
      'small/2',
      'small/3',
      'big',
      'big/1',
      'big/2',
      'big/3',
      'big/4',
    ])
    const ops = ['small', 'big'].map((name) => move(at(drive, name), at(other.id)))
    const beside = createFolder(at(other.id), 'beside')
    expect(codes(await use.world.engine.batch(alice, [ops[1]!, beside], 'all'))).toEqual(['too_large', 'batch_refused'])
    const moves = await Promise.all(ops.map((op) => run(use.world, alice, op)))
    expect(codes(moves)).toEqual(['done', 'later'])
    expect(await namesIn(other.id)).toEqual(['small'])
    await settleDown(use.world)
    expect(await namesIn(other.id)).toEqual(['big', 'small'])
  })
})

test('an id of nothing at all is unknown', async () => {
  const refs = [
    { drive, id: 999_999 as NodeId },
    { born: drive, id: 999_999 as NodeId },
    at(drive, 'none'),
    at(drive, 'none/none'),
  ]
  const results = await use.world.engine.batch(
    alice,
    refs.map((ref) => get(ref)),
  )
  expect(new Set(codes(results))).toEqual(new Set(['node_not_found']))
  expect(codeOf(await run(use.world, alice, get(at(999_999 as DriveId))))).toBe('drive_not_found')
})
