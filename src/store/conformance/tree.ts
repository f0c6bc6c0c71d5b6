/** Conformance: finding nodes by id and by name, above and below others, and whole listings. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Kind,
  type ListOrderBy,
  type Node,
  type PageQuery,
  positionOf,
  type ReadTx,
  type Store,
} from '../../engine/index.ts'
import {
  apply,
  content,
  DRIVE,
  file,
  folder,
  idsOf,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  ROOT,
  range,
  sortedIds,
  version,
} from './sample.ts'

export function treeConformance(open: Open) {
  let opened: Opened
  let store: Store
  const read = <T>(fn: (tx: ReadTx) => Promise<T>) => store.read(fn)
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  /** root 1 › a 10 › b 11 › c 12 (file); root 1 › z 13 (file); in another drive: 20 › a 21. */
  const plant = () =>
    apply(store, {
      insertNodes: [
        folder(1, 0, ''),
        folder(10, 1, 'a'),
        folder(11, 10, 'b'),
        file(12, 11, 'c'),
        file(13, 1, 'z'),
        folder(20, 0, '', { drive: OTHER }),
        folder(21, 20, 'a', { drive: OTHER }),
      ],
    })

  it('everything below a node is counted, its earlier versions for themselves', async () => {
    await plant()
    await apply(store, {
      insertNodes: [file(14, 10, 'd', { version: 3, content: content(1, 100) }), folder(15, 10, 'empty')],
      insertVersions: [
        version(12, 1, content(12)),
        version(13, 1, content(13)),
        version(14, 1, content(2, 20)),
        version(14, 2, content(3, 3)),
        version(14, 3, content(1, 100)),
      ],
    })
    const keys = [keyOf(1), keyOf(10), keyOf(12), keyOf(15), keyOf(99), keyOf(20, OTHER)]
    const found = await read((tx) => tx.totals(keys))
    const none = { files: 0, folders: 0, size: 0, versions: 0, versionsSize: 0 }
    const of = (id: number) => ({ ...none, ...found.find((row) => row.id === id) })
    expect(of(1)).toMatchObject({ files: 3, folders: 3, size: 12 + 13 + 100, versions: 2, versionsSize: 23 })
    expect(of(10)).toMatchObject({ files: 2, folders: 2, size: 112, versions: 2, versionsSize: 23 })
    expect(of(20)).toMatchObject({ files: 0, folders: 1, size: 0, versions: 0 })
    for (const id of [12, 15, 99]) expect(of(id)).toMatchObject(none)
  })

  describe('nodes', () => {
    it('come back as they were put in', async () => {
      const whole = file(14, 1, 'e\u0301té "quoted" 文件 \u{1F600}.txt', {
        twin: 14,
        version: 3,
        born: OTHER,
        rev: Number.MAX_SAFE_INTEGER,
        createdAt: 1_700_000_000_123,
        updatedAt: 1_700_000_000_456,
        modifier: 'group:staff',
        attributes: {
          description: 'two\nlines',
          labels: ['x', 'y'],
          tags: { '[0]': '→', "it's": '\\' },
          starred: false,
          localModifiedAt: 7,
          extra: { 'pds.user_meta': { deep: [null, 1.5, { a: '' }] } },
        },
      })
      const large = folder(Number.MAX_SAFE_INTEGER, 1, '1e3')
      await apply(store, { insertNodes: [folder(1, 0, ''), whole, large] })
      const found = await read((tx) =>
        tx.chains([
          { ...keyOf(14), follow: false },
          { ...large, follow: false },
        ]),
      )
      expect(found).toHaveLength(3)
      expect(found).toEqual(expect.arrayContaining([folder(1, 0, ''), whole, large]))
    })
  })

  describe('chains', () => {
    it('hold the nodes sought and every ancestor, each once', async () => {
      await plant()
      const seeks = [12, 11, 13, 12].map((id) => ({ ...keyOf(id), follow: false }))
      expect(sortedIds(await read((tx) => tx.chains(seeks)))).toEqual([1, 10, 11, 12, 13])
    })

    it('leave out what is not there, and what is in another drive', async () => {
      await plant()
      const seeks = [keyOf(99), keyOf(21), keyOf(10, OTHER)].map((key) => ({ ...key, follow: true }))
      expect(await read((tx) => tx.chains(seeks))).toEqual([])
    })

    it('follow a node to the drive it went to only when asked', async () => {
      await plant()
      await apply(store, {
        rehome: [{ from: DRIVE, to: OTHER, ids: [nodeId(13)] }],
        placeNodes: [file(13, 21, 'z', { drive: OTHER })],
      })
      const sought = (follow: boolean) => read((tx) => tx.chains([{ ...keyOf(13), follow }]))
      expect(sortedIds(await sought(true))).toEqual([13, 20, 21])
      expect(await sought(false)).toEqual([])
    })

    it('reach the root from far below', async () => {
      const nodes = range(300, 2).map((id) => folder(id, id - 1, `n${id}`))
      await apply(store, { insertNodes: [folder(1, 0, ''), ...nodes] })
      const found = await read((tx) => tx.chains([{ ...keyOf(301), follow: false }]))
      expect(sortedIds(found)).toEqual(range(301, 1))
    })
  })

  describe('walk', () => {
    const walk = (...paths: string[][]) =>
      read((tx) => tx.walk(paths.map((keys) => ({ drive: DRIVE, from: ROOT, keys }))))

    it('finds the nodes along each way, as far as it goes, each once', async () => {
      await plant()
      expect(sortedIds(await walk(['a', 'b', 'c'], ['a', 'b'], ['a', 'x', 'c'], ['z']))).toEqual([10, 11, 12, 13])
    })

    it('finds nothing when the first name is missing or there are no names', async () => {
      await plant()
      expect(await walk(['x', 'b'], [])).toEqual([])
    })

    it('does not go on below a file, nor confuse cases', async () => {
      await plant()
      expect(sortedIds(await walk(['z', 'z'], ['A']))).toEqual([13])
    })

    it('takes the smallest of twins', async () => {
      await apply(store, {
        insertNodes: [
          folder(1, 0, ''),
          folder(30, 1, 't', { twin: 30 }),
          folder(31, 1, 't'),
          folder(32, 30, 'in 30'),
          folder(33, 31, 'in 31'),
        ],
      })
      expect(sortedIds(await walk(['t', 'in 31'], ['t', 'in 30']))).toEqual([31, 33])
    })

    it('takes names that look like paths or numbers as they are', async () => {
      const names = [
        '0',
        '1e3',
        '$[0]',
        '"',
        '\\',
        '[1]',
        'null',
        '%',
        "'",
        '__proto__',
        'constructor',
        '\n\u0007\u007f',
        '\u2028',
        '\u{1f600}',
      ]
      await apply(store, {
        insertNodes: [folder(1, 0, ''), ...names.map((name, index) => folder(40 + index, 1, name))],
      })
      expect(sortedIds(await walk(...names.map((name) => [name])))).toEqual(range(names.length, 40))
    })
  })

  describe('children', () => {
    it('are found by key, all twins of it, each once', async () => {
      await plant()
      await apply(store, { insertNodes: [folder(30, 1, 't', { twin: 30 }), folder(29, 1, 't', { twin: 29 })] })
      const keys = ['a', 't', 'missing', 'a'].map((key) => ({ drive: DRIVE, parent: ROOT, key }))
      expect(sortedIds(await read((tx) => tx.children(keys)))).toEqual([10, 29, 30])
    })

    it('are looked for in their own drive and parent only', async () => {
      await plant()
      const keys = [
        { drive: OTHER, parent: ROOT, key: 'a' },
        { drive: DRIVE, parent: nodeId(10), key: 'a' },
      ]
      expect(await read((tx) => tx.children(keys))).toEqual([])
    })
  })

  describe('stems', () => {
    it('are the keys that start with a prefix, at most so many a prefix', async () => {
      const names = ['a', 'a (1)', 'a (2)', 'a (3)', 'a)', 'A (1)', 'ab', 'b']
      await apply(store, {
        insertNodes: [folder(1, 0, ''), ...names.map((name, index) => folder(10 + index, 1, name))],
      })
      const stems = (prefixes: string[], limit: number) =>
        read(async (tx) => {
          const found = await tx.stems(
            prefixes.map((prefix) => ({ drive: DRIVE, parent: ROOT, prefix })),
            limit,
          )
          return found.map(({ parent, key }) => `${parent} ${key}`).sort()
        })
      expect(await stems(['a (', 'b', 'x'], 10)).toEqual(['1 a (1)', '1 a (2)', '1 a (3)', '1 b'])
      expect(await stems([''], 10)).toHaveLength(8)
      expect(await stems(['a'], 2)).toHaveLength(2)
    })

    it('end with the prefix also at the edges of Unicode', async () => {
      const names = [
        'x\ud7ff',
        'x\ud7ff!',
        'x\ue000',
        'x\u{10ffff}',
        'x\u{10ffff}\u{10ffff}',
        'y',
        '\u{10ffff}',
        '\u{10ffff}a',
      ]
      await apply(store, {
        insertNodes: [folder(1, 0, ''), ...names.map((name, index) => folder(10 + index, 1, name))],
      })
      const stems = (prefix: string) =>
        read(async (tx) => (await tx.stems([{ drive: DRIVE, parent: ROOT, prefix }], 100)).map(({ key }) => key).sort())
      expect(await stems('x\ud7ff')).toEqual(['x\ud7ff', 'x\ud7ff!'])
      expect(await stems('x\u{10ffff}')).toEqual(['x\u{10ffff}', 'x\u{10ffff}\u{10ffff}'])
      expect(await stems('\u{10ffff}')).toEqual(['\u{10ffff}', '\u{10ffff}a'])
    })

    it('names twins once', async () => {
      await apply(store, { insertNodes: [folder(1, 0, ''), folder(10, 1, 'a'), folder(11, 1, 'a', { twin: 11 })] })
      const found = await read((tx) => tx.stems([{ drive: DRIVE, parent: ROOT, prefix: 'a' }], 10))
      expect(found).toEqual([{ parent: ROOT, key: 'a' }])
    })
  })

  describe('parents, counts and subtrees', () => {
    it('tell which nodes have children', async () => {
      await plant()
      const found = await read((tx) =>
        tx.parents([keyOf(1), keyOf(10), keyOf(12), keyOf(99), keyOf(10, OTHER), keyOf(1)]),
      )
      expect(found.sort()).toEqual([1, 10])
    })

    it('count direct children by kind', async () => {
      await plant()
      await apply(store, { insertNodes: [file(14, 1, 'y')] })
      const found = await read((tx) => tx.counts([keyOf(1), keyOf(11), keyOf(12)]))
      expect(found).toContainEqual({ id: 1, files: 2, folders: 1 })
      expect(found).toContainEqual({ id: 11, files: 1, folders: 0 })
      expect(found.filter(({ id, files, folders }) => id === 12 && files + folders > 0)).toEqual([])
    })

    it('give every descendant, each once, the nearest first', async () => {
      await plant()
      const found = idsOf(await read((tx) => tx.subtrees([keyOf(1)], 100)))
      expect([...found].sort()).toEqual([10, 11, 12, 13])
      expect([found.indexOf(11), found.indexOf(12)]).toEqual([2, 3])
      expect(sortedIds(await read((tx) => tx.subtrees([keyOf(11), keyOf(10), keyOf(21)], 100)))).toEqual([11, 12])
    })

    it('give every folder among some and below them, each once', async () => {
      await plant()
      const below = async (tops: number[], limit = 100) =>
        (await read((tx) => tx.foldersBelow({ drive: DRIVE, tops: tops.map(nodeId), limit }))).sort((a, b) => a - b)
      expect(await below([1])).toEqual([1, 10, 11])
      expect(await below([11, 10, 13, 21, 99])).toEqual([10, 11])
      expect(await below([])).toEqual([])
      expect(await below([1], 2)).toHaveLength(2)
    })

    it('stop after the limit, having left out no parent of what they gave', async () => {
      const nodes = range(90, 2).map((id) => folder(id, Math.floor(id / 3) || 1, `n${id}`))
      await apply(store, { insertNodes: [folder(1, 0, ''), ...nodes] })
      for (const limit of [1, 2, 7, 40]) {
        const found = await read((tx) => tx.subtrees([keyOf(1)], limit))
        expect(found).toHaveLength(limit)
        const known = new Set([1, ...idsOf(found)])
        expect(found.filter(({ parent }) => !known.has(parent))).toEqual([])
      }
    })
  })

  pagesConformance(() => store)
}

const ORDERS: readonly ListOrderBy[] = ['name', 'updated', 'created', 'size', 'localCreated', 'localModified']

/** Names whose UTF-16 and UTF-8 orders differ, equal times and sizes, and twins. */
const SIBLINGS: readonly Node[] = [
  file(10, 1, '\uff5e'),
  file(11, 1, '\u{1f600}'),
  folder(12, 1, 'Zebra', { updatedAt: 5 }),
  file(13, 1, 'zebra', { updatedAt: 5, createdAt: 9, attributes: { localCreatedAt: 4, localModifiedAt: 7 } }),
  file(14, 1, 'a', { twin: 14, createdAt: 9 }),
  file(15, 1, 'a', { updatedAt: 5, attributes: { description: '\0\ud800\\u0000"', localCreatedAt: -8 } }),
  folder(16, 1, 'a!', { createdAt: 3 }),
  file(17, 1, '文件', { content: null, createdAt: 3 }),
  folder(18, 1, '10', { attributes: { localModifiedAt: 2, extra: { x: { localCreatedAt: 1 } } } }),
  file(19, 1, '9', { updatedAt: 1 }),
  folder(20, 1, 'é', { updatedAt: 1 }),
]

function ordered(query: Omit<PageQuery, 'limit' | 'cursor'>): number[] {
  const value = (node: Node) =>
    ({
      ...{ name: 0, updated: node.updatedAt, created: node.createdAt, size: node.content?.size ?? -1 },
      localCreated: node.attributes.localCreatedAt ?? node.createdAt,
      localModified: node.attributes.localModifiedAt ?? node.updatedAt,
    })[query.by]
  const compare = (a: Node, b: Node) =>
    (query.by === 'name' ? Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) : value(a) - value(b)) || a.id - b.id
  const rank = (node: Node) => (query.foldersFirst && node.kind === 'file' ? 1 : 0)
  return SIBLINGS.filter(({ kind }) => query.only === null || kind === query.only)
    .sort((a, b) => rank(a) - rank(b) || (query.descending ? compare(b, a) : compare(a, b)))
    .map(({ id }) => id)
}

/** Where a sibling stands in an order. */
function position(id: number, by: ListOrderBy) {
  return positionOf(SIBLINGS.find((node) => node.id === id)!, by)
}

function pagesConformance(store: () => Store) {
  const page = async (queries: PageQuery[]) => {
    const found = await store().read((tx) => tx.pages(queries))
    return found.map(idsOf)
  }
  const byName: PageQuery = {
    drive: DRIVE,
    parent: ROOT,
    by: 'name',
    descending: false,
    foldersFirst: false,
    only: null,
    limit: 100,
    cursor: null,
  }

  describe('pages', () => {
    beforeEach(() => apply(store(), { insertNodes: [folder(1, 0, ''), ...SIBLINGS, folder(50, 12, 'elsewhere')] }))

    const kinds: (Kind | null)[] = [null, 'file', 'folder']
    const shapes = ORDERS.flatMap((by) =>
      [false, true].flatMap((descending) =>
        [false, true].flatMap((foldersFirst) => kinds.map((only) => ({ by, descending, foldersFirst, only }))),
      ),
    )

    it.each(shapes)('by $by, descending $descending, folders first $foldersFirst, only $only', async (shape) => {
      const query = { ...byName, ...shape }
      const wanted = ordered(query)
      expect(await page([query])).toEqual([wanted])
      const afterEach = wanted.map((id) => ({ ...query, limit: 3, cursor: { after: position(id, query.by) } }))
      expect(await page(afterEach)).toEqual(wanted.map((_, index) => wanted.slice(index + 1, index + 4)))
      const offsets = range(wanted.length + 2).map((offset) => ({ ...query, limit: 2, cursor: { offset } }))
      expect(await page(offsets)).toEqual(offsets.map(({ cursor }) => wanted.slice(cursor.offset, cursor.offset + 2)))
    })

    it('answer each query of a mixed set at its place', async () => {
      const queries: PageQuery[] = [
        { ...byName, limit: 2 },
        { ...byName, by: 'size', descending: true, limit: 1 },
        { ...byName, parent: nodeId(12) },
        { ...byName, cursor: { after: { kind: 'folder', value: 'elsewhere', id: nodeId(50) } } },
        { ...byName, parent: nodeId(99) },
        { ...byName, limit: 3, cursor: { offset: 1 } },
        { ...byName, drive: OTHER },
      ]
      const names = ordered(byName)
      expect(await page(queries)).toEqual([
        names.slice(0, 2),
        [19],
        [50],
        names.filter((id) => SIBLINGS.find((node) => node.id === id)!.key > 'elsewhere'),
        [],
        names.slice(1, 4),
        [],
      ])
    })

    it('go on where a node stood that has left the folder', async () => {
      const names = ordered(byName)
      await apply(store(), { placeNodes: [folder(16, 12, 'a!')], deleteNodes: [keyOf(18)] })
      const cursors = [16, 18, 15].map((id) => ({ ...byName, limit: 1, cursor: { after: position(id, 'name') } }))
      const left = names.filter((id) => id !== 16 && id !== 18)
      const following = (id: number) => left.find((other) => names.indexOf(other) > names.indexOf(id))
      expect(await page(cursors)).toEqual([16, 18, 15].map((id) => [following(id)]))
    })

    it('go on past a cursor of the other kind', async () => {
      const query: PageQuery = { ...byName, only: 'file', limit: 1, cursor: { after: position(12, 'name') } }
      expect(await page([query])).toEqual([[14]])
    })
  })
}
