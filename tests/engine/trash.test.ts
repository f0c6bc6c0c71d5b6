import { beforeEach, describe, expect, test } from 'vitest'
import { ALL_ACTIONS, type DriveId, type Node, onConflict, type TrashId } from '../../src/engine/index.ts'
import {
  at,
  byId,
  byPublicId,
  commit,
  createFolder,
  FAIL,
  get,
  grant,
  list,
  move,
  purge,
  putFile,
  putFolders,
  RENAME,
  rename,
  restore,
  staged,
  trash,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { admin, alice, bob, codeOf, codes, createDrive, done, driveNow, nodeOf, run, settleDown } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

describe('putting away', () => {
  test('a folder only if it is empty leaves one that is not, as destroying it does', async () => {
    const [a, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b'])) as Node[]
    for (const op of [trash(byId(a!), { ifEmpty: true }), purge(byId(a!), { ifEmpty: true })]) {
      expect(codes(await use.world.engine.batch(alice, [op]))).toEqual(['precondition_failed'])
    }
    // What goes earlier in the batch is gone.
    await done(use.world, alice, [purge(byId(b!), { ifEmpty: true }), trash(byId(a!), { ifEmpty: true })])
    expect(codes(await use.world.engine.batch(alice, [get(byId(a!))]))).toEqual(['node_not_found'])
  })

  test('a folder and all below it is out of reach at once', async () => {
    const [a, , c] = (await putFolders(use.world, alice, drive, ['a', 'a/b', 'a/b/c', 'd'])) as Node[]
    await done(use.world, alice, [trash(byId(a!))])
    const results = await use.world.engine.batch(alice, [
      get(byId(a!)),
      get(byId(c!)),
      get(byPublicId(c!)),
      get(at(drive, 'a/b')),
      list(byId(c!)),
      move(byId(c!), at(drive)),
      move(at(drive, 'd'), byId(c!)),
      rename(byId(c!), 'x'),
      trash(byId(c!)),
      createFolder(byId(c!), 'x'),
    ])
    expect(new Set(codes(results))).toEqual(new Set(['node_not_found']))
  })

  test('ops later in the same batch know it already', async () => {
    const [, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b'])) as Node[]
    const results = await use.world.engine.batch(alice, [
      trash(at(drive, 'a')),
      get(byId(b!)),
      get(byId(b!), { trashed: 'only' }),
      trash(byId(b!)),
      createFolder(at(drive), 'a'),
    ])
    expect(codes(results)).toEqual(['done', 'node_not_found', 'done', 'node_not_found', 'done'])
  })

  test('the entry tells where it was, when, and who put it away', async () => {
    const [, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b'])) as Node[]
    const result = await run(use.world, admin, trash(byId(b!)))
    expect(result).toMatchObject({
      status: 'done',
      trash: {
        node: b!.id,
        parent: b!.parent,
        name: 'b',
        path: ['a', 'b'],
        trashedAt: use.world.now,
        trashedBy: 'user:admin',
        expiresAt: 0,
      },
    })
  })

  test('a node inside a trashed folder can be read with the entry of that folder', async () => {
    const [a, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b'])) as Node[]
    await done(use.world, alice, [trash(byId(a!))])
    expect(await run(use.world, alice, get(byId(b!), { trashed: 'any' }))).toMatchObject({
      view: { path: ['a', 'b'], trash: { node: a!.id } },
    })
  })

  test('a drive without a trash refuses', async () => {
    const bare = await createDrive(use.world, { settings: { trash: false } })
    await putFolders(use.world, alice, bare.id, ['a'])
    expect(codeOf(await run(use.world, alice, trash(at(bare.id, 'a'))))).toBe('trash_off')
  })
})

describe('bringing back', () => {
  test('puts a tree where it was, whole, with its own ids', async () => {
    const [, b, c] = (await putFolders(use.world, alice, drive, ['a', 'a/b', 'a/b/c'])) as Node[]
    await done(use.world, alice, [trash(byId(b!))])
    expect(await run(use.world, alice, restore(byId(b!)))).toMatchObject({
      status: 'done',
      view: { path: ['a', 'b'], trash: null },
    })
    expect(await run(use.world, alice, get(at(drive, 'a/b/c')))).toMatchObject({ view: { node: { id: c!.id } } })
  })

  test('by the entry’s id', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const [put] = await done(use.world, alice, [trash(at(drive, 'a'))])
    const results = await use.world.engine.batch(alice, [
      restore({ drive, trash: 999_999 as TrashId }),
      restore({ drive, trash: put!.trash!.id }),
      restore({ drive, trash: put!.trash!.id }),
    ])
    expect(codes(results)).toEqual(['trash_not_found', 'done', 'trash_not_found'])
  })

  test('follows a parent that was moved meanwhile', async () => {
    const [, , c] = (await putFolders(use.world, alice, drive, ['a', 'b', 'a/c'])) as Node[]
    await done(use.world, alice, [trash(byId(c!)), move(at(drive, 'a'), at(drive, 'b'))])
    expect(await run(use.world, alice, restore(byId(c!)))).toMatchObject({ view: { path: ['b', 'a', 'c'] } })
  })

  test('only what was put away itself, not something inside it, and not what is there', async () => {
    const [a, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b', 'c'])) as Node[]
    await done(use.world, alice, [trash(byId(a!))])
    expect(codes(await use.world.engine.batch(alice, [restore(byId(b!)), restore(at(drive, 'c'))]))).toEqual([
      'node_not_found',
      'node_not_found',
    ])
  })

  test('and putting away again, in one batch', async () => {
    const [a] = (await putFolders(use.world, alice, drive, ['a'])) as Node[]
    await done(use.world, alice, [trash(byId(a!))])
    const results = await use.world.engine.batch(alice, [
      restore(byId(a!)),
      trash(byId(a!)),
      restore(byId(a!)),
      trash(byId(a!)),
    ])
    expect(codes(results)).toEqual(['done', 'done', 'done', 'done'])
    const page = await use.world.engine.trashPage(alice, { drives: [drive], after: null, limit: 10 })
    expect(page.items.map(({ entry }) => entry.node)).toEqual([a!.id])
  })

  describe('when the parent', () => {
    let node: Node
    let parent: Node
    const gone: [how: string, prepare: () => Promise<unknown>, recreated: string[]][] = [
      ['is in the trash', () => done(use.world, alice, [trash(byId(parent))]), ['p', 'n']],
      ['was destroyed', () => done(use.world, alice, [purge(byId(parent))]), ['n']],
      [
        'went to another drive',
        async () => done(use.world, alice, [move(byId(parent), at((await createDrive(use.world)).id))]),
        ['n'],
      ],
    ]
    beforeEach(async () => {
      ;[, parent, node] = (await putFolders(use.world, alice, drive, ['x', 'x/p', 'x/p/n', 'x/p/o'])) as [
        Node,
        Node,
        Node,
      ]
      await done(use.world, alice, [trash(byId(node))])
    })

    test.each(gone)('%s, it fails if told so, and stays in the trash', async (_, prepare) => {
      await prepare()
      expect(codeOf(await run(use.world, alice, restore(byId(node), { parentGone: 'fail' })))).toBe('parent_gone')
      expect(codeOf(await run(use.world, alice, get(byId(node), { trashed: 'only' })))).toBe('done')
    })

    test.each(gone)('%s, it goes to the root if told so', async (_, prepare) => {
      await prepare()
      const result = await run(use.world, alice, restore(byId(node), { parentGone: 'root' }))
      expect(result).toMatchObject({ status: 'done', view: { path: ['n'], trash: null } })
    })

    test.each(gone)(
      '%s, a folder of its name is made if told so and the name is known',
      async (_, prepare, recreated) => {
        await prepare()
        const result = await run(use.world, alice, restore(byId(node), { parentGone: 'recreate' }))
        expect(result).toMatchObject({ status: 'done', view: { path: recreated, trash: null } })
      },
    )
  })

  test('several out of one trashed folder share the one that is made for them', async () => {
    const [, b, c] = (await putFolders(use.world, alice, drive, ['p', 'p/b', 'p/c'])) as Node[]
    await done(use.world, alice, [trash(byId(b!)), trash(byId(c!)), trash(at(drive, 'p'))])
    const results = await done(
      use.world,
      alice,
      [b!, c!].map((node) => restore(byId(node), { parentGone: 'recreate' })),
    )
    expect(results.map((result) => result.view!.path)).toEqual([
      ['p', 'b'],
      ['p', 'c'],
    ])
    expect(results[0]!.view!.node.parent).toBe(results[1]!.view!.node.parent)
  })

  test('anywhere else than where it was takes the right to put something there', async () => {
    const [x, f] = (await putFolders(use.world, alice, drive, ['x', 'x/f', 'x/g'])) as [Node, Node]
    await done(use.world, alice, [grant(byId(x), 'user:bob', ALL_ACTIONS)])
    await done(use.world, bob, [trash(byId(f)), trash(byId(x))])
    const attempts = (['recreate', 'root'] as const).map((parentGone) => restore(byId(f), { parentGone }))
    expect(codes(await use.world.engine.batch(bob, attempts))).toEqual(['forbidden', 'forbidden'])
    await done(use.world, alice, [restore(byId(x))])
    expect(codeOf(await run(use.world, bob, restore(byId(f))))).toBe('done')
  })

  test('where the name is taken, as the op says', async () => {
    const [a] = (await putFolders(use.world, alice, drive, ['a'])) as Node[]
    await done(use.world, alice, [trash(byId(a!)), createFolder(at(drive), 'a')])
    expect(codeOf(await run(use.world, alice, restore(byId(a!), { conflict: FAIL })))).toBe('name_taken')
    expect(await run(use.world, alice, restore(byId(a!), { conflict: RENAME }))).toMatchObject({
      view: { path: ['a (1)'] },
    })
  })

  test('reuse leaves it in the trash and names the one that is there', async () => {
    const [a] = (await putFolders(use.world, alice, drive, ['a'])) as Node[]
    const [, made] = await done(use.world, alice, [trash(byId(a!)), createFolder(at(drive), 'a')])
    const result = await run(use.world, alice, restore(byId(a!), { conflict: onConflict('reuse') }))
    expect(result).toMatchObject({ existed: true, view: { node: { id: nodeOf(made).id } } })
    expect(codeOf(await run(use.world, alice, get(byId(a!), { trashed: 'only' })))).toBe('done')
  })
})

describe('destroying', () => {
  test('a tree is out of reach at once, in every way', async () => {
    const [a, b] = (await putFolders(use.world, alice, drive, ['a', 'a/b'])) as Node[]
    const results = await use.world.engine.batch(alice, [
      purge(byId(a!)),
      ...[byId(a!), byId(b!), byPublicId(b!)].map((ref) => get(ref, { trashed: 'any' })),
      get(at(drive, 'a')),
    ])
    expect(codes(results)).toEqual(['done', ...Array(4).fill('node_not_found')])
    expect(results[0]).toMatchObject({ view: null })
    expect(codes(await use.world.engine.batch(alice, [get(byId(b!), { trashed: 'any' })]))).toEqual(['node_not_found'])
  })

  test('takes living nodes, trashed ones, or either, as the op says', async () => {
    const nodes = (await putFolders(use.world, alice, drive, ['a', 'b', 'c', 'd'])) as Node[]
    await done(use.world, alice, [trash(byId(nodes[0]!)), trash(byId(nodes[1]!))])
    const results = await use.world.engine.batch(alice, [
      purge(byId(nodes[0]!), { trashed: 'no' }),
      purge(byId(nodes[0]!), { trashed: 'only' }),
      purge(byId(nodes[1]!), { trashed: 'any' }),
      purge(byId(nodes[2]!), { trashed: 'only' }),
      purge(byId(nodes[2]!), { trashed: 'any' }),
      purge(byId(nodes[3]!), { trashed: 'no' }),
    ])
    expect(codes(results)).toEqual(['node_not_found', 'done', 'done', 'node_not_found', 'done', 'done'])
  })

  test('the sweep removes rows and bytes, in slices, of however much was buried', async () => {
    const paths = Array.from({ length: 1_500 }, (_, index) => `big/${index % 40 === 0 ? `f${index}` : `n${index}`}`)
    await putFolders(use.world, alice, drive, ['big', ...paths.filter((path) => path.includes('/f'))])
    await done(
      use.world,
      alice,
      paths
        .filter((path) => path.includes('/n'))
        .map((path, index) => createFolder(at(drive, `big/f${Math.floor(index / 39) * 40}`), path.slice(4))),
    )
    const file = await putFile(use.world, alice, drive, 'big/f0/file', 'bytes')
    await done(use.world, alice, [purge(at(drive, 'big'))])
    await settleDown(use.world)
    expect(await use.world.store.read((tx) => tx.count('node'))).toBe(3)
    use.world.now += 3_600_000
    await settleDown(use.world)
    expect(await use.world.store.read((tx) => tx.count('blob'))).toBe(0)
    expect(await use.world.blobs.has([file.content!.digest])).toEqual([])
  })

  test('bytes stay as long as anything else refers to them', async () => {
    const one = await putFile(use.world, alice, drive, 'one', 'bytes')
    const two = await putFile(use.world, alice, drive, 'two', 'bytes')
    await done(use.world, alice, [purge(byId(one))])
    use.world.now += 3_600_000
    await settleDown(use.world)
    expect(await use.world.blobs.has([two.content!.digest])).toEqual([two.content!.digest])
    await done(use.world, alice, [purge(byId(two))])
    use.world.now += 3_600_000
    await settleDown(use.world)
    expect(await use.world.blobs.has([two.content!.digest])).toEqual([])
  })

  test('bytes about to be used again are not swept away', async () => {
    const old = await putFile(use.world, alice, drive, 'old', 'bytes')
    await done(use.world, alice, [purge(byId(old))])
    use.world.now += 3_600_000
    const session = await staged(use.world, alice, drive, 'bytes')
    // Sealing fails to become a file at first, but the bytes are held for the session.
    await use.world.engine.batch(alice, [commit(session.id, at(drive, 'nowhere'), 'f')])
    await settleDown(use.world)
    await done(use.world, alice, [commit(session.id, at(drive), 'f')])
    expect(await use.world.blobs.has([old.content!.digest])).toEqual([old.content!.digest])
  })
})

describe('the trash as a list', () => {
  test('latest first, page by page', async () => {
    const nodes = (await putFolders(use.world, alice, drive, ['a', 'b', 'c', 'd', 'e'])) as Node[]
    await done(
      use.world,
      alice,
      nodes.slice(0, 3).map((node) => trash(byId(node))),
    )
    use.world.now += 1_000
    await done(
      use.world,
      alice,
      nodes.slice(3).map((node) => trash(byId(node))),
    )
    const seen: string[] = []
    let after: Parameters<typeof use.world.engine.trashPage>[1]['after'] = null
    do {
      const page = await use.world.engine.trashPage(alice, { drives: [drive], after, limit: 2 })
      seen.push(...page.items.map(({ entry }) => entry.name))
      after = page.next
    } while (after)
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a'])
  })

  test('shows nobody what they may not list', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const [put] = await done(use.world, alice, [trash(at(drive, 'a'))])
    expect((await use.world.engine.trashPage(bob, { drives: [drive], after: null, limit: 10 })).items).toEqual([])
    const keys = [{ drive, id: put!.trash!.id }]
    expect(await use.world.engine.trashById(bob, keys)).toEqual([null])
    expect(await use.world.engine.trashById(alice, keys)).toMatchObject([{ entry: { name: 'a' } }])
  })

  test('how much lies in it is known, and known anew after every change', async () => {
    await putFolders(use.world, alice, drive, ['p'])
    const [a, b] = [
      await putFile(use.world, alice, drive, 'p/a', '12345'),
      await putFile(use.world, alice, drive, 'b', '123'),
    ]
    const usage = async () => (await use.world.engine.trashUsage([await driveNow(use.world, drive)]))[0]
    expect(await usage()).toBe(0)
    await done(use.world, alice, [trash(at(drive, 'p'))])
    expect(await usage()).toBe(5)
    await done(use.world, alice, [trash(byId(b!))])
    expect(await usage()).toBe(8)
    await done(use.world, alice, [purge(byId(a!), { trashed: 'only' })])
    expect(await usage()).toBe(3)
    await done(use.world, alice, [restore(byId(b!))])
    expect(await usage()).toBe(0)
  })
})
