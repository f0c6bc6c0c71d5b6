import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type DriveId,
  type ListOp,
  type Node,
  type OrderBy,
  PAGE_SIZE_MAX,
  type Position,
  positionOf,
  type Result,
  type Store,
} from '../../src/engine/index.ts'
import {
  at,
  byId,
  copy,
  createFolder,
  get,
  list,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  rename,
  spaced,
  trash,
  update,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { MODES } from './vocabulary.ts'
import { alice, codeOf, codes, createDrive, done, nodeOf, run } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

async function pageOf(op: ListOp): Promise<{ names: string[]; next: Position | null }> {
  const result = await run(use.world, alice, op)
  if (result.status !== 'done') throw new Error(`a list gave ${codeOf(result)}`)
  return { names: result.page!.items.map(({ node }) => node.name), next: result.page!.next }
}

/** What a page shows, and how it goes on. */
function shown(result: Result) {
  if (result.status !== 'done' || !result.page) throw new Error(`no page in ${codeOf(result)}`)
  const { items, next, files, folders } = result.page
  return { nodes: items.map(({ node }) => node), next, files, folders }
}

describe('modes', () => {
  const ops = () => [createFolder(at(drive), 'a'), createFolder(at(drive), 'a'), createFolder(at(drive), 'b')]

  test('each: what fails fails alone', async () => {
    expect(codes(await use.world.engine.batch(alice, ops(), 'each'))).toEqual(['done', 'name_taken', 'done'])
    expect((await pageOf(list(at(drive)))).names).toEqual(['a', 'b'])
  })

  test('chain: after the first failure nothing more is run', async () => {
    expect(codes(await use.world.engine.batch(alice, ops(), 'chain'))).toEqual(['done', 'name_taken', 'chain_broken'])
    expect((await pageOf(list(at(drive)))).names).toEqual(['a'])
  })

  test('all: nothing happens unless everything can, and the culprit says why', async () => {
    expect(codes(await use.world.engine.batch(alice, ops(), 'all'))).toEqual([
      'batch_refused',
      'name_taken',
      'batch_refused',
    ])
    expect((await pageOf(list(at(drive)))).names).toEqual([])
    expect(codes(await use.world.engine.batch(alice, ops().toSpliced(1, 1), 'all'))).toEqual(['done', 'done'])
  })

  test.each(MODES)('%s: an empty batch has no results', async (mode) => {
    expect(await use.world.engine.batch(alice, [], mode)).toEqual([])
  })

  test('a failed batch writes nothing to the change log', async () => {
    await use.world.engine.batch(alice, ops(), 'all')
    expect(await use.world.store.read((tx) => tx.count('change'))).toBe(0)
  })
})

describe('preconditions', () => {
  test('a node that changed since its caller saw it is left alone', async () => {
    const [a] = (await putFolders(use.world, alice, drive, ['a', 'b'])) as [Node, Node]
    const ops = [
      get(byId(a), { ifRev: 9 }),
      rename(byId(a), 'x', { ifRev: 9 }),
      move(byId(a), at(drive, 'b'), { ifRev: 9 }),
      copy(byId(a), at(drive, 'b'), { ifRev: 9 }),
      update(byId(a), { starred: true }, { ifRev: 9 }),
      trash(byId(a), { ifRev: 9 }),
      purge(byId(a), { ifRev: 9 }),
    ]
    expect(new Set(codes(await use.world.engine.batch(alice, ops)))).toEqual(new Set(['precondition_failed']))
    expect(codeOf(await run(use.world, alice, rename(byId(a), 'x', { ifRev: 1 })))).toBe('done')
  })

  test('are judged against what earlier ops of the batch made of the node', async () => {
    const [a] = (await putFolders(use.world, alice, drive, ['a'])) as [Node]
    const results = await use.world.engine.batch(alice, [
      rename(byId(a), 'b', { ifRev: 1 }),
      rename(byId(a), 'c', { ifRev: 1 }),
      rename(byId(a), 'd', { ifRev: 2 }),
    ])
    expect(codes(results)).toEqual(['done', 'precondition_failed', 'done'])
  })

  test('a file where a folder is expected, or the reverse, is the wrong kind', async () => {
    await putFolders(use.world, alice, drive, ['folder'])
    await putFile(use.world, alice, drive, 'file', 'bytes')
    const [file, folder] = [at(drive, 'file'), at(drive, 'folder')]
    const results = await use.world.engine.batch(alice, [
      get(file, { expect: 'folder' }),
      trash(folder, { expect: 'file' }),
      move(file, at(drive), { expect: 'folder', name: 'x' }),
      list(file),
      createFolder(file, 'x'),
      move(folder, file),
      copy(folder, file),
      get(folder, { expect: 'folder' }),
    ])
    expect(codes(results)).toEqual([...Array(7).fill('wrong_kind'), 'done'])
    expect(results[4]).toMatchObject({ error: { at: 'target' } })
  })
})

describe('updating', () => {
  test('given members replace, null removes, tags are merged', async () => {
    const file = await putFile(use.world, alice, drive, 'f', '1', {
      attributes: { description: 'old', tags: { a: '1', b: '2' } },
    })
    await done(use.world, alice, [update(byId(file), { description: null, starred: true, tags: { b: null, c: '3' } })])
    const { attributes } = nodeOf(await run(use.world, alice, get(byId(file))))
    expect(attributes).toEqual({ starred: true, tags: { a: '1', c: '3' } })
  })

  test('what is out of bounds is refused and named', async () => {
    await putFolders(use.world, alice, drive, ['a'])
    const refused = async (set: Parameters<typeof update>[1], detail: string) =>
      expect(await run(use.world, alice, update(at(drive, 'a'), set))).toMatchObject({
        error: { code: 'attribute_invalid', detail },
      })
    await refused({ description: 'x'.repeat(1_025) }, 'description')
    await refused({ labels: Array(101).fill('x') }, 'labels')
    await refused({ labels: ['x'.repeat(129)] }, 'labels')
    await refused({ tags: Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`t${index}`, ''])) }, 'tags')
    await refused({ extra: { 'x.y': 'x'.repeat(300_000) } }, 'attributes')
  })

  test('with a new name renames too; what the name leads to gets the attributes', async () => {
    const [a, b] = [await putFile(use.world, alice, drive, 'a', '1'), await putFile(use.world, alice, drive, 'b', '2')]
    const op = update(byId(a), { starred: true }, { name: 'b', conflict: MERGE, naming: spaced })
    expect(await run(use.world, alice, op)).toMatchObject({
      view: { node: { id: b.id, version: 2, attributes: { starred: true } } },
    })
    expect(codeOf(await run(use.world, alice, get(byId(a))))).toBe('node_not_found')
  })
})

describe('listing', () => {
  const ORDERS: [by: OrderBy, ascending: string[]][] = [
    ['name', ['A', 'a', 'b', 'c', 'é']],
    ['size', ['é', 'A', 'b', 'c', 'a']],
    ['created', ['é', 'A', 'a', 'c', 'b']],
    ['updated', ['A', 'a', 'c', 'b', 'é']],
  ]
  beforeEach(async () => {
    const { world } = use
    for (const [name, bytes] of [
      ['é', null],
      ['A', null],
      ['a', '333'],
      ['c', '22'],
      ['b', '1'],
    ] as const) {
      if (bytes === null) await putFolders(world, alice, drive, [name])
      else await putFile(world, alice, drive, name, bytes)
      world.now += 1_000
    }
    await done(world, alice, [update(at(drive, 'é'), { starred: true })])
  })

  describe.each(ORDERS)('by %s', (by, ascending) => {
    const FOLDERS = ['A', 'é']
    const first = (names: string[]) => [
      ...names.filter((name) => FOLDERS.includes(name)),
      ...names.filter((name) => !FOLDERS.includes(name)),
    ]

    test.each([false, true])('descending: %s', async (descending) => {
      const order = descending ? ascending.toReversed() : ascending
      expect((await pageOf(list(at(drive), { by, descending }))).names).toEqual(order)
      expect((await pageOf(list(at(drive), { by, descending, foldersFirst: true }))).names).toEqual(first(order))
      expect((await pageOf(list(at(drive), { by, descending, only: 'folder' }))).names).toEqual(
        order.filter((name) => FOLDERS.includes(name)),
      )
      expect((await pageOf(list(at(drive), { by, descending, only: 'file' }))).names).toEqual(
        order.filter((name) => !FOLDERS.includes(name)),
      )
    })

    test.each([1, 2, 3, 5])('pages of %s, after the last node or by offset', async (limit) => {
      const [after, skipped]: [string[], string[]] = [[], []]
      let cursor: ListOp['cursor']
      do {
        const { names, next } = await pageOf(
          list(at(drive), { by, limit, foldersFirst: true, ...(cursor && { cursor }) }),
        )
        after.push(...names)
        cursor = next === null ? undefined : { after: next }
      } while (cursor)
      for (let offset = 0; ; offset += limit) {
        const { names, next } = await pageOf(list(at(drive), { by, limit, foldersFirst: true, cursor: { offset } }))
        skipped.push(...names)
        if (next === null) break
      }
      expect([after, skipped]).toEqual([first(ascending), first(ascending)])
    })

    test('sees what earlier ops of the batch did', async () => {
      const before = await done(use.world, alice, [
        createFolder(at(drive), 'new'),
        trash(at(drive, 'c')),
        rename(at(drive, 'a'), 'z'),
        list(at(drive), { by, limit: 2 }),
        list(at(drive), { by, descending: true, count: true }),
      ])
      const after = await done(use.world, alice, [
        list(at(drive), { by, limit: 2 }),
        list(at(drive), { by, descending: true, count: true }),
      ])
      expect(before.slice(3).map(shown)).toEqual(after.map(shown))
      expect(shown(after[1]!)).toMatchObject({ files: 2, folders: 3 })
    })
  })

  test.each([
    ['moved away', (node: Node) => move(byId(node), at(drive, 'é'))],
    ['renamed', (node: Node) => rename(byId(node), 'zz')],
    ['destroyed', (node: Node) => purge(byId(node))],
  ])('goes on where the last node stood when that was %s meanwhile', async (_, change) => {
    const all = (await pageOf(list(at(drive)))).names
    const first = await pageOf(list(at(drive), { limit: 1 }))
    expect(first.names).toEqual(['A'])
    await done(use.world, alice, [change(nodeOf(await run(use.world, alice, get(at(drive, 'A')))))])
    const rest = await pageOf(list(at(drive), { cursor: { after: first.next! } }))
    expect(rest.names.filter((name) => name !== 'zz')).toEqual(all.slice(1))
  })

  test('the largest page holds its limit and says that more follow', async () => {
    const names = Array.from({ length: PAGE_SIZE_MAX + 1 }, (_, index) => `n${String(index).padStart(5, '0')}`)
    await putFolders(use.world, alice, drive, ['big'])
    await done(
      use.world,
      alice,
      names.map((name) => createFolder(at(drive, 'big'), name)),
    )
    const page = await pageOf(list(at(drive, 'big'), { limit: PAGE_SIZE_MAX }))
    expect(page.names).toEqual(names.slice(0, PAGE_SIZE_MAX))
    expect(page.next).not.toBeNull()
  })
})

test('reading sees what the same batch wrote, and shows what the actor may do', async () => {
  const results = await done(use.world, alice, [
    createFolder(at(drive), 'a'),
    createFolder(at(drive, 'a'), 'b'),
    get(at(drive, 'a/b')),
    rename(at(drive, 'a'), 'c'),
    get(at(drive, 'c/b'), { need: ACTIONS.list | ACTIONS.permCtl }),
    trash(at(drive, 'c')),
  ])
  expect(results.map((result) => result.view?.path)).toEqual([['a'], ['a', 'b'], ['a', 'b'], ['c'], ['c', 'b'], ['c']])
})

test('a node is shown with the drive of birth of its parent, so that the parent’s public id is known', async () => {
  const other = await createDrive(use.world)
  await putFolders(use.world, alice, drive, ['a', 'b'])
  const results = await done(use.world, alice, [
    move(at(drive, 'a'), at(other.id)),
    createFolder(at(other.id, 'a'), 'made there'),
    get(at(other.id)),
  ])
  expect(results.map((result) => result.view!.parentBorn)).toEqual([other.id, drive, other.id])
})

test('a page that goes on after a node leaves out newcomers that come before it', async () => {
  const [, b] = (await putFolders(use.world, alice, drive, ['a', 'b', 'd'])) as [Node, Node]
  const results = await done(use.world, alice, [
    createFolder(at(drive), 'aa'),
    createFolder(at(drive), 'c'),
    list(at(drive), { cursor: { after: positionOf(b, 'name') } }),
  ])
  expect(shown(results[2]!).nodes.map(({ name }) => name)).toEqual(['c', 'd'])
})

test('every change is written down once, in order, without gaps', async () => {
  await putFolders(use.world, alice, drive, ['a', 'b'])
  await done(use.world, alice, [
    move(at(drive, 'a'), at(drive, 'b')),
    rename(at(drive, 'b/a'), 'c'),
    trash(at(drive, 'b/c')),
  ])
  const changes = await use.world.store.read((tx) => tx.changes({ drive, after: 0, limit: 100 }))
  expect(changes.map(({ seq, kind, name }) => `${seq} ${kind} ${name}`)).toEqual([
    '1 create a',
    '2 create b',
    '3 move a',
    '4 rename c',
    '5 trash c',
  ])
})

describe('when too much is asked at once', () => {
  /** A store whose writes wait until the test lets them go. */
  function held(store: Store): { store: Store; release: () => void } {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    return { store: { ...store, write: (fn) => gate.then(() => store.write(fn)) }, release: () => release() }
  }

  test('batches beyond the limit of one drive are refused as busy, other drives are served', async () => {
    const other = (await createDrive(use.world)).id
    let gate = () => {}
    await use.world.restart({
      engine: { batchesPerDriveMax: 2 },
      wrapStore: (store) => {
        const { store: waiting, release } = held(store)
        gate = release
        return waiting
      },
    })
    const { engine } = use.world
    const batches = ['a', 'b', 'c'].map((name) =>
      engine.batch(alice, [createFolder(at(drive), name), createFolder(at(drive), name)]),
    )
    const elsewhere = engine.batch(alice, [createFolder(at(other), 'd')])
    expect(codes(await batches[2]!)).toEqual(['busy', 'busy'])
    expect(codes(await engine.batch(alice, [get(at(drive))]))).toEqual(['done'])
    gate()
    expect(codes(await batches[0]!)).toEqual(['done', 'name_taken'])
    expect(codes(await elsewhere)).toEqual(['done'])
    await batches[1]
    expect(codes(await engine.batch(alice, [createFolder(at(drive), 'c')]))).toEqual(['done'])
  })

  test('a batch that waited too long for its turn is given up and changes nothing', async () => {
    let gate = () => {}
    await use.world.restart({
      engine: { waitMsMax: 500 },
      wrapStore: (store) => {
        const { store: waiting, release } = held(store)
        gate = release
        return waiting
      },
    })
    const late = use.world.engine.batch(alice, [createFolder(at(drive), 'a')])
    use.world.now += 501
    gate()
    expect(codes(await late)).toEqual(['timeout'])
    expect((await pageOf(list(at(drive)))).names).toEqual([])
  })

  test('more ops than a batch may hold are a mistake of the caller', async () => {
    const ops = Array.from({ length: 2_001 }, () => get(at(drive)))
    await expect(use.world.engine.batch(alice, ops)).rejects.toThrow('2001 ops')
  })
})

test('batches that run at the same time do not lose each other’s changes', async () => {
  await putFolders(use.world, alice, drive, ['to'])
  const batches = Array.from({ length: 20 }, (_, index) =>
    use.world.engine.batch(alice, [
      createFolder(at(drive), `n${index}`),
      move(at(drive, `n${index}`), at(drive, 'to')),
    ]),
  )
  for (const results of await Promise.all(batches)) expect(codes(results)).toEqual(['done', 'done'])
  expect((await pageOf(list(at(drive, 'to')))).names.length).toBe(20)
})
