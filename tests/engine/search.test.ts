/** Searching: what is found, in which order, by whom, page by page. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type DriveId,
  type Node,
  type NodeView,
  type SearchCursor,
  type SearchPage,
  type SearchQuery,
  type TenantId,
  type Where,
} from '../../src/engine/index.ts'
import { matcher } from '../../src/engine/where.ts'
import { ALL, contains, names, searchIn } from './finding.ts'
import {
  at,
  byId,
  copy,
  createFolder,
  grant,
  MERGE,
  move,
  purge,
  putFile,
  putFolders,
  rename,
  restore,
  trash,
  update,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { actorOf, admin, alice, bob, createDrive, done, settleDown } from './world.ts'

const use = useWorld()
let drive: DriveId

beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

const search = (actor: Actor, query: Partial<SearchQuery>) => searchIn(use.world, actor, { drives: [drive], ...query })

/** The names found. */
async function find(where: Where | null, actor: Actor = alice, query: Partial<SearchQuery> = {}): Promise<string[]> {
  return names((await search(actor, { where, ...query })).items)
}

describe('a search', () => {
  beforeEach(async () => {
    const { world } = use
    await putFolders(world, alice, drive, ['报告', '报告/2024', 'Reports'])
    await putFile(world, alice, drive, '报告/2024/年度报告.pdf', 'bytes!')
    world.now += 1_000
    await putFile(world, alice, drive, 'Reports/Annual Report.PDF', 'more bytes')
    world.now += 1_000
    await putFile(world, alice, drive, 'notes.txt', 'n', {
      attributes: { labels: ['work', 'x'], tags: { who: 'ann' }, description: 'The Quarterly Plan', starred: true },
    })
  })

  test.each<[string, Where, string[]]>([
    ['one ideograph of a name', contains('报'), ['年度报告.pdf', '报告']],
    ['several', contains('度报告'), ['年度报告.pdf']],
    ['two letters, whatever their case', contains('RE'), ['Annual Report.PDF', 'Reports']],
    ['letters across a space', contains('al rep'), ['Annual Report.PDF']],
    ['a single letter that is in no name', contains('q'), []],
    ['a single letter, also where a name ends with it', contains('S'), ['Reports', 'notes.txt']],
    ['a single letter of a description', { field: 'description', is: 'contains', text: 'N' }, ['notes.txt']],
    ['a beginning', { field: 'name', is: 'prefix', text: 'no' }, ['notes.txt']],
    ['a whole name', { field: 'name', is: 'equals', text: 'notes.txt' }, ['notes.txt']],
    ['a whole name in another case', { field: 'name', is: 'equals', text: 'Notes.txt' }, []],
    ['extensions', { field: 'extension', in: ['pdf'] }, ['Annual Report.PDF', '年度报告.pdf']],
    ['a kind', { field: 'kind', in: ['folder'] }, ['2024', 'Reports', '报告']],
    ['a label', { field: 'label', in: ['none', 'work'] }, ['notes.txt']],
    ['a tag', { field: 'tag', key: 'who', in: ['ann'] }, ['notes.txt']],
    ['a description', { field: 'description', is: 'contains', text: 'quarterly' }, ['notes.txt']],
    ['a star', { field: 'starred', is: true }, ['notes.txt']],
    ['a size', { field: 'size', is: '>=', value: 6 }, ['Annual Report.PDF', '年度报告.pdf']],
    [
      'all of several conditions',
      { all: [{ field: 'extension', in: ['pdf'] }, { not: contains('年') }] },
      ['Annual Report.PDF'],
    ],
    [
      'one of several conditions',
      { any: [contains('年度'), { field: 'starred', is: true }] },
      ['notes.txt', '年度报告.pdf'],
    ],
  ])('finds by %s', async (_, where, expected) => {
    expect(await find(where)).toEqual(expected)
    expect(await find({ not: where }, alice, { limit: 50 })).toHaveLength(6 - expected.length)
  })

  test('finds by time, by folder and by content', async () => {
    const { now } = use.world
    expect(await find({ field: 'created', is: '>', value: now - 1_000 })).toEqual(['notes.txt'])
    expect(await find({ field: 'updated', is: '<', value: now - 1_000 })).toEqual([
      '2024',
      'Reports',
      '年度报告.pdf',
      '报告',
    ])
    const [folder, file] = (
      await search(alice, { where: { any: [contains('报告')] }, order: [{ by: 'kind', descending: true }] })
    ).items as [NodeView, NodeView]
    expect(await find({ field: 'parent', in: [folder.node.id] })).toEqual(['2024'])
    expect(await find({ field: 'sha1', in: [file.node.content!.sha1] })).toEqual(['年度报告.pdf'])
    expect(await find({ field: 'sha256', in: [file.node.content!.digest, 'f'] })).toEqual(['年度报告.pdf'])
  })

  test('shows a node as every other reading does', async () => {
    const { items } = await search(alice, { where: contains('年度') })
    expect(items).toEqual([
      expect.objectContaining({ path: ['报告', '2024', '年度报告.pdf'], actions: ALL_ACTIONS, trash: null }),
    ])
  })

  test('sees what was written a moment ago', async () => {
    const { world } = use
    const [file] = (await search(alice, { where: contains('notes') })).items
    await done(world, alice, [rename(byId(file!.node), 'minutes.md'), update(byId(file!.node), { labels: ['done'] })])
    expect(await find(contains('notes'))).toEqual([])
    expect(
      await find({ all: [contains('minutes'), { field: 'extension', in: ['md'] }, { field: 'label', in: ['done'] }] }),
    ).toEqual(['minutes.md'])
    expect(await find({ field: 'label', in: ['work'] })).toEqual([])
    await done(world, alice, [
      copy(byId(file!.node), at(drive, 'Reports')),
      move(at(drive, '报告/2024'), at(drive, 'Reports')),
    ])
    expect(await find(contains('minutes'))).toEqual(['minutes.md', 'minutes.md'])
    await putFile(world, alice, drive, 'minutes.md', 'longer than it was', { conflict: MERGE })
    expect(await find({ all: [contains('minutes'), { field: 'size', is: '>', value: 10 }] })).toEqual(['minutes.md'])
    await done(world, alice, [purge(byId(file!.node)), purge(at(drive, 'Reports'))])
    expect(await find(contains('minutes'))).toEqual([])
    expect(await find(contains('年度'))).toEqual([])
    await settleDown(world)
    expect(await find(null)).toEqual(['报告'])
  })

  test('below a folder finds what lies in it at any depth, and not the folder itself', async () => {
    expect(await find(null, alice, { below: at(drive, '报告') })).toEqual(['2024', '年度报告.pdf'])
    expect(await find(contains('report'), alice, { below: at(drive, '报告') })).toEqual([])
    await done(use.world, alice, [move(at(drive, 'Reports'), at(drive, '报告/2024'))])
    expect(await find(contains('report'), alice, { below: at(drive, '报告') })).toEqual([
      'Annual Report.PDF',
      'Reports',
    ])
    const failures = await Promise.all(
      [at(drive, 'nothing'), at(drive, 'notes.txt')].map((below) =>
        use.world.engine.search(alice, { ...ALL, drives: [drive], below }),
      ),
    )
    expect(failures).toMatchObject([{ error: { code: 'node_not_found' } }, { error: { code: 'wrong_kind' } }])
  })

  test('finds what is in the trash only when that is asked for', async () => {
    await done(use.world, alice, [trash(at(drive, '报告')), trash(at(drive, 'notes.txt'))])
    expect(await find(null)).toEqual(['Annual Report.PDF', 'Reports'])
    expect(await find(null, alice, { trashed: 'only' })).toEqual(['2024', 'notes.txt', '年度报告.pdf', '报告'])
    const { items } = await search(alice, { where: contains('年度'), trashed: 'only' })
    expect(items[0]!.trash).toMatchObject({ name: '报告' })
    await done(use.world, alice, [
      restore(byId(items[0]!.trash ? { drive, id: items[0]!.trash.node } : items[0]!.node)),
    ])
    expect(await find(contains('年度'))).toEqual(['年度报告.pdf'])
  })

  test('goes over several drives, and follows what moves between them', async () => {
    const other = (await createDrive(use.world)).id
    await done(use.world, alice, [move(at(drive, '报告'), at(other)), createFolder(at(other), '报纸')])
    expect(await find(contains('报'))).toEqual([])
    expect(await find(contains('报'), alice, { drives: [other] })).toEqual(['年度报告.pdf', '报告', '报纸'])
    expect(await find(null, alice, { drives: [other, drive, other] })).toHaveLength(7)
    await done(use.world, alice, [move(at(other, '报告'), at(drive))])
    expect(await find(contains('报'))).toEqual(['年度报告.pdf', '报告'])
    expect(await find(contains('报'), alice, { drives: [other] })).toEqual(['报纸'])
  })

  test('refuses more conditions, orders or drives than are looked at', async () => {
    const codes = await Promise.all(
      [
        { where: { all: Array(501).fill(contains('a')) } },
        { order: Array(6).fill({ by: 'name', descending: false }) },
        { drives: Array(101).fill(drive) },
      ].map((query) => use.world.engine.search(alice, { ...ALL, drives: [drive], ...query })),
    )
    expect(codes).toMatchObject(
      ['where', 'order', 'drives'].map((detail) => ({ error: { code: 'attribute_invalid', detail } })),
    )
  })
})

describe('order and pages', () => {
  const NAMES = ['b', 'a', 'c', 'é', 'A', '\uff5e', '😀', 'aa']
  beforeEach(async () => {
    for (const [index, name] of NAMES.entries()) {
      use.world.now += index % 3 === 0 ? 0 : 1_000
      if (index % 2) await putFolders(use.world, alice, drive, [name])
      else await putFile(use.world, alice, drive, name, 'x'.repeat(index % 4))
    }
  })

  async function pages(query: Partial<SearchQuery>, actor: Actor = alice): Promise<NodeView[]> {
    const found: NodeView[] = []
    let cursor: SearchCursor | null = null
    do {
      const page: SearchPage = await search(actor, { ...query, cursor })
      found.push(...page.items)
      if (page.next) expect(page.items).toHaveLength(query.limit!)
      // A cursor goes to the client and comes back.
      cursor = JSON.parse(JSON.stringify(page.next))
    } while (cursor)
    return found
  }

  test.each([
    ['name', ['A', 'a', 'aa', 'b', 'c', 'é', '\uff5e', '😀']],
    ['size', ['a', 'é', '\uff5e', 'aa', 'b', 'A', 'c', '😀']],
  ] as const)('by %s, either way', async (by, expected) => {
    const sizes = (views: NodeView[]) => views.map(({ node }) => node.content?.size ?? -1)
    const up = await pages({ order: [{ by, descending: false }], limit: 100 })
    if (by === 'name') expect(names(up)).toEqual(expected)
    else expect(sizes(up)).toEqual(sizes(up).toSorted((a, b) => a - b))
    const down = await pages({ order: [{ by, descending: true }], limit: 100 })
    expect(names(down)).toEqual(names(up).toReversed())
  })

  test('by several, the later ones where the earlier are equal', async () => {
    const found = await pages({
      order: [
        { by: 'kind', descending: true },
        { by: 'created', descending: false },
        { by: 'name', descending: true },
      ],
      limit: 100,
    })
    const key = ({ node }: NodeView) => [node.kind === 'folder' ? 0 : 1, node.createdAt]
    expect(found.map(key)).toEqual(found.map(key).toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]!))
  })

  test.each([1, 2, 3, 7, 8])('in pages of %s, the whole is the same', async (limit) => {
    for (const order of [[{ by: 'created', descending: true }], [{ by: 'size', descending: false }], []] as const) {
      const whole = await pages({ order, limit: 100 })
      expect(whole).toHaveLength(NAMES.length)
      expect(await pages({ order, limit })).toEqual(whole)
    }
  })

  test('a page goes on where the last one ended when its last node is gone or changed', async () => {
    const first = await search(alice, { limit: 3 })
    await done(use.world, alice, [purge(byId(first.items[2]!.node)), rename(byId(first.items[1]!.node), 'zz')])
    const rest = await search(alice, { cursor: first.next })
    expect(names(rest.items)).toEqual(['b', 'c', 'zz', 'é', '\uff5e', '😀'])
  })

  test('counts what is found on all pages when asked to', async () => {
    const first = await search(alice, { limit: 2, count: true })
    expect([first.total, (await search(alice, { limit: 2, count: true, cursor: first.next })).total]).toEqual([8, 8])
    expect((await search(alice, { limit: 2 })).total).toBeNull()
    expect((await search(alice, { where: contains('nothing'), count: true })).total).toBe(0)
  })
})

describe('who finds what', () => {
  beforeEach(async () => {
    const { world } = use
    await putFolders(world, alice, drive, ['open', 'open/in', 'shut', 'shut/in', 'file folder'])
    for (const path of ['open/in/file 1', 'shut/in/file 2', 'file 3']) await putFile(world, alice, drive, path, path)
  })

  const FILES = contains('file')

  test('the owner and an admin find all, a stranger, another tenant and a limited credential nothing', async () => {
    expect(await find(FILES, alice)).toHaveLength(4)
    expect(await find(FILES, admin)).toHaveLength(4)
    expect(await find(FILES, bob)).toEqual([])
    expect(await find(FILES, actorOf('user:alice', { tenant: 'umbra' as TenantId, admin: true }))).toEqual([])
    expect(await find(FILES, { ...alice, drives: [] })).toEqual([])
    expect(await find(FILES, { ...alice, allow: { file: 0, folder: ALL_ACTIONS } })).toEqual(['file folder'])
  })

  test('others find what lies at or below their grants, as far as a nearer one does not take it away', async () => {
    const counted = async (where: Where | null) => {
      const { items, total } = await search(bob, { where, count: true })
      expect(total).toBe(items.length)
      return names(items)
    }
    await done(use.world, alice, [grant(at(drive, 'open'), 'user:bob', ACTIONS.list)])
    expect(await counted(FILES)).toEqual(['file 1'])
    expect(await counted(null)).toEqual(['file 1', 'in', 'open'])
    await done(use.world, alice, [grant(at(drive, 'file 3'), 'everyone', ACTIONS.list)])
    expect(await counted(FILES)).toEqual(['file 1', 'file 3'])
    await done(use.world, alice, [grant(at(drive, 'open/in'), 'user:bob', 0)])
    expect(await counted(FILES)).toEqual(['file 3'])
    await done(use.world, alice, [grant(at(drive, 'open/in/file 1'), 'user:bob', ACTIONS.list)])
    expect(await counted(FILES)).toEqual(['file 1', 'file 3'])
    await done(use.world, alice, [grant(at(drive, 'open/in/file 1'), 'user:bob', 0)])
    expect(await counted(FILES)).toEqual(['file 3'])
    await done(use.world, alice, [grant(at(drive, 'open/in/file 1'), 'user:bob', null)])
    await done(use.world, alice, [grant(at(drive, 'open/in'), 'user:bob', ACTIONS.list, { expiresAt: use.world.now })])
    expect(await counted(FILES)).toEqual(['file 1', 'file 3'])
  })

  test('a page is full of what may be seen, however much lies between', async () => {
    const { world } = use
    await putFolders(world, alice, drive, ['wide'])
    const many = Array.from({ length: 300 }, (_, index) => createFolder(at(drive, 'wide'), `file w${index}`))
    await done(world, alice, many)
    await done(world, alice, [
      grant(at(drive, 'wide'), 'user:bob', ACTIONS.list),
      ...Array.from({ length: 290 }, (_, index) => grant(at(drive, `wide/file w${index}`), 'user:bob', 0)),
    ])
    const first = await search(bob, { where: FILES, limit: 4, order: [{ by: 'created', descending: false }] })
    expect(names(first.items)).toEqual(['file w290', 'file w291', 'file w292', 'file w293'])
    const last = await search(bob, { where: FILES, limit: 4, cursor: { values: ['file w297'], id: 0 as Node['id'] } })
    expect([names(last.items), last.next]).toEqual([['file w297', 'file w298', 'file w299'], null])
  })

  test('below a folder that may not be seen there is nothing to search', async () => {
    await done(use.world, alice, [grant(at(drive, 'open'), 'user:bob', ACTIONS.list)])
    const refused = await use.world.engine.search(bob, { ...ALL, drives: [drive], below: at(drive, 'shut') })
    expect(refused).toMatchObject({ error: { code: 'node_not_found' } })
    expect(await find(FILES, bob, { below: at(drive, 'open') })).toEqual(['file 1'])
  })
})

test('below a folder and for a guest alike, more is found than is looked through one by one', async () => {
  const { world } = use
  await putFolders(world, alice, drive, ['wide', 'beside'])
  const make = (folder: string, from: number) =>
    Array.from({ length: 1_100 }, (_, index) => createFolder(at(drive, folder), `n${from + index}`))
  await done(world, alice, [...make('wide', 0), createFolder(at(drive, 'beside'), 'n7')])
  await done(world, alice, [...make('wide', 1_100), grant(at(drive, 'wide'), 'user:bob', ACTIONS.list)])
  const where = contains('n7')
  const expected = Array.from({ length: 2_200 }, (_, index) => `n${index}`).filter((name) => name.startsWith('n7'))
  const sorted = expected.toSorted()
  expect(await find(where, alice, { limit: 1_000 })).toEqual(['n7', ...sorted])
  expect(await find(where, alice, { limit: 1_000, below: at(drive, 'wide') })).toEqual(sorted)
  expect(await find(where, bob, { limit: 1_000 })).toEqual(sorted)
  expect((await search(bob, { where: null, count: true, limit: 1 })).total).toBe(2_201)
})

test('more than is read in one go comes in order all the same, page by page, whatever the order', async () => {
  const { world } = use
  await putFolders(world, alice, drive, ['all'])
  const files: Node[] = []
  for (const size of [0, 1, 5, 5, 300])
    files.push(await putFile(world, alice, drive, `${files.length} seed`, 'x'.repeat(size)))
  world.now -= 900 * 86_400_000
  for (let batch = 0; batch < 12; batch++) {
    const made = Array.from({ length: 200 }, (_, index) =>
      index % 3
        ? copy(byId(files[index % 5]!), at(drive, 'all'), { name: `n ${batch} ${index}` })
        : createFolder(at(drive, 'all'), `n ${batch} ${index}`),
    )
    await done(world, alice, made)
    world.now += (batch % 4 === 0 ? 0 : batch * 14) * 86_400_000
  }
  const wanted = { where: contains('n '), limit: 1_000, count: true }
  const nodes: Node[] = []
  for (let page = await search(alice, wanted); ; page = await search(alice, { ...wanted, cursor: page.next })) {
    nodes.push(...page.items.map(({ node }) => node))
    if (!page.next) break
  }
  expect(nodes).toHaveLength(2_400)
  const values = { created: (node: Node) => node.createdAt, size: (node: Node) => node.content?.size ?? -1 }
  for (const by of ['created', 'size'] as const) {
    for (const sign of [1, -1]) {
      const value = values[by]
      const expected = nodes.toSorted((a, b) => sign * (value(a) - value(b) || a.id - b.id)).map(({ id }) => id)
      const found: number[] = []
      let cursor: SearchCursor | null = null
      do {
        const page: SearchPage = await search(alice, {
          where: contains('n '),
          order: [{ by, descending: sign < 0 }],
          limit: 300,
          cursor,
        })
        found.push(...page.items.map(({ node }) => node.id))
        cursor = page.next
      } while (cursor)
      expect(found).toEqual(expected)
    }
  }
}, 60_000)

test('whatever is asked, what is found is what a look at every node finds', async () => {
  const { world } = use
  const other = (await createDrive(world)).id
  const words = ['alpha', 'beta', '报告', 'b.txt', 'x.PDF', 'Ärger']
  for (const [index, word] of words.entries()) {
    world.now += 40 * 86_400_000
    await putFolders(world, alice, index % 2 ? drive : other, [`${word} dir`])
    await putFile(world, alice, drive, word, 'x'.repeat(10 ** (index % 4)), {
      attributes: {
        labels: [String(index % 3)],
        starred: index % 2 === 0,
        contentType: index % 2 ? 'text/plain' : 'image/png',
      },
    })
  }
  await done(world, alice, [move(at(drive, 'beta dir'), at(other)), move(at(drive, 'alpha'), at(other, '报告 dir'))])
  const drives = [drive, other]
  const everything = (await search(alice, { drives })).items
  expect(everything).toHaveLength(12)
  const { now } = world
  const condition = fc.oneof(
    fc
      .constantFrom(...words, 'a', 'ir', '告', ' d')
      .chain((text) =>
        fc.constantFrom('contains', 'prefix', 'equals').map((is) => ({ field: 'name', is, text }) as Where),
      ),
    fc.constantFrom('txt', 'pdf').map((extension): Where => ({ field: 'extension', in: [extension] })),
    fc.constantFrom('0', '1', '9').map((label): Where => ({ field: 'label', in: [label] })),
    fc.constantFrom<Where>({ field: 'starred', is: true }, { field: 'kind', in: ['folder'] }),
    fc
      .tuple(fc.constantFrom('<' as const, '>=' as const), fc.nat(260))
      .map(([is, days]): Where => ({ field: 'created', is, value: now - days * 86_400_000 })),
    fc.constantFrom(1, 50, 1_000).map((value): Where => ({ field: 'size', is: '>=', value })),
  )
  const tree = fc.letrec<{ where: Where }>((tie) => ({
    where: fc.oneof(
      { depthSize: 'small' },
      condition,
      fc.record({ all: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ atLeast: fc.integer({ min: 0, max: 4 }), of: fc.array(tie('where'), { maxLength: 3 }) }),
      fc.record({ not: tie('where') }),
    ),
  })).where
  await fc.assert(
    fc.asyncProperty(tree, fc.subarray(drives, { minLength: 1 }), async (where, among) => {
      const meets = matcher(where)
      const expected = everything.filter(({ node }) => among.includes(node.drive) && meets(node))
      expect(await find(where, alice, { drives: among })).toEqual(names(expected))
    }),
    { numRuns: 200 },
  )
})

test('a search takes no more statements for a thousand nodes than for ten', async () => {
  const { world } = use
  const cost = async (where: Where | null) => {
    const before = world.store.statements()
    const { items } = await search(alice, { where, limit: 50 })
    return { items: items.length, statements: world.store.statements() - before }
  }
  await putFolders(world, alice, drive, ['few', 'many'])
  for (const [folder, count] of [
    ['few', 10],
    ['many', 1_000],
  ] as const)
    await done(
      world,
      alice,
      Array.from({ length: count }, (_, index) => createFolder(at(drive, folder), `${folder} ${index}`)),
    )
  const [few, many] = [await cost(contains('few ')), await cost(contains('many '))]
  expect([few.items, many.items]).toEqual([10, 50])
  for (const { statements } of [few, many]) expect(statements).toBeLessThanOrEqual(8)
})
