/** Searching while little is read at once: the same is found, in the same order, page by page. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  ACTIONS,
  type Actor,
  type DriveId,
  type Node,
  type NodeView,
  type SearchCursor,
  type SearchPage,
  type SearchQuery,
  type Where,
} from '../../src/engine/index.ts'
import { createSearch } from '../../src/engine/search.ts'
import { keyStretches } from '../../src/engine/search-names.ts'
import { holds } from '../../src/engine/search-stretches.ts'
import { fold, matcher } from '../../src/engine/where.ts'
import { cases } from '../store.ts'
import { ALL, contains, names, searchIn } from './finding.ts'
import {
  at,
  byId,
  copy,
  createFolder,
  grant,
  MERGE,
  move,
  putFile,
  putFolders,
  rename,
  restore,
  trash,
  update,
} from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, bob, createDrive, done, isFailed } from './world.ts'

const use = useWorld()
let drive: DriveId

beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

const search = (actor: Actor, query: Partial<SearchQuery>) => searchIn(use.world, actor, { drives: [drive], ...query })

describe('with little read at once', () => {
  const LIMITS = {
    nodesPerReadMin: 2,
    nodesPerReadMax: 5,
    nodesPassedPerReadMax: 7,
    scopeNodesMax: 2,
    foldersMax: 3,
    lyingNodesMax: 4,
    termedNodesMax: 2,
  }

  /** Every page of a search, found by reading a few candidates or changes at a time. */
  async function everything(query: Partial<SearchQuery>, limits = LIMITS): Promise<NodeView[]> {
    const { engine, store } = use.world
    const { search: find } = createSearch(store, engine.batch, limits)
    const found: NodeView[] = []
    let cursor: SearchCursor | null = null
    do {
      const page = await find(alice, { ...ALL, drives: [drive], limit: 4, ...query, cursor })
      if (isFailed(page)) throw new Error(`a search failed: ${JSON.stringify(page.error)}`)
      found.push(...(page as SearchPage).items)
      cursor = (page as SearchPage).next
    } while (cursor)
    return found
  }

  /** Some forty nodes made, moved, renamed, put away and brought back over hours and months. */
  async function live(): Promise<DriveId> {
    const { world } = use
    const other = (await createDrive(world)).id
    const [a, b] = (await putFolders(world, alice, drive, ['a', 'b'])) as [Node, Node]
    const sizes = await Promise.all(
      [1, 40, 3_000].map((size) => putFile(world, alice, drive, `${size}.txt`, 'x'.repeat(size))),
    )
    for (let index = 0; index < 36; index++) {
      world.now += index % 5 === 0 ? 20 * 86_400_000 : (index % 3) * 1_500_000
      const into = byId(index % 2 ? a : b)
      const [made] = await done(world, alice, [
        index % 4 ? copy(byId(sizes[index % 3]!), into, { name: `n${index}.txt` }) : createFolder(into, `n${index}`),
      ])
      const node = made!.view!.node
      if (index % 7 === 3) await done(world, alice, [move(byId(node), at(drive))])
      if (index % 7 === 4) await done(world, alice, [trash(byId(node)), restore(byId(node))])
      if (index % 7 === 5)
        await done(world, alice, [rename(byId(node), `m${index}`), update(byId(a), { starred: true })])
      if (index % 9 === 8) await done(world, alice, [trash(byId(node))])
    }
    await done(world, alice, [
      createFolder(at(drive), 'x'),
      createFolder(at(drive, 'x'), 'b'),
      createFolder(at(drive, 'x/b'), 'late'),
    ])
    world.now += 86_400_000
    await done(world, alice, [move(at(drive, 'x/b'), at(drive), { conflict: MERGE })])
    return other
  }

  const ORDERS = (['name', 'created', 'updated', 'size', 'kind'] as const).flatMap((by) =>
    [false, true].map((descending): SearchQuery['order'] => [{ by, descending }]),
  )

  async function compareAll(query: Partial<SearchQuery>, limits = LIMITS) {
    for (const order of [...ORDERS, []]) {
      const expected = (await search(alice, { limit: 1_000, ...query, order })).items.map(({ node }) => node.id)
      expect((await everything({ ...query, order }, limits)).map(({ node }) => node.id)).toEqual(expected)
    }
  }

  test('the same is found in the same order', async () => {
    await live()
    await compareAll({})
    await compareAll({ where: contains('n') })
    await compareAll({ where: { any: [contains('1'), { field: 'kind', in: ['folder'] }] } })
    await compareAll({ trashed: 'only' })
    await compareAll({ below: at(drive, 'a') })
  }, 60_000)

  /** The folders where is looked are never known, at most a few of them, or always. */
  const FOLDERS = [
    { ...LIMITS, foldersMax: 0 },
    { ...LIMITS, lyingNodesMax: 50 },
    { ...LIMITS, foldersMax: 50, lyingNodesMax: 50 },
  ]

  test.each(FOLDERS)('below a folder and in the trash, when $foldersMax folders may be known', async (limits) => {
    await live()
    for (const where of [null, contains('n'), { not: contains('n') }, { all: [contains('1'), contains('n')] }]) {
      await compareAll({ where, trashed: 'only' }, limits)
      await compareAll({ where, below: at(drive, 'b') }, limits)
    }
  })

  test('all is counted where more lies below a folder than was thought', async () => {
    const { world } = use
    const numbers = Array.from({ length: 40 }, (_, index) => `x/n${index}`)
    await putFolders(world, alice, drive, ['x', ...numbers])
    const { search: find } = createSearch(world.store, world.engine.batch, {
      ...LIMITS,
      foldersMax: 50,
      lyingNodesMax: 30,
    })
    const query = { ...ALL, drives: [drive], where: contains('n'), below: at(drive, 'x'), limit: 4, count: true }
    expect(await find(alice, query)).toMatchObject({ total: 40 })
  })

  test('beginnings are found in any case and form, wherever the order of names has them', async () => {
    const own = [
      'Rea',
      'REB',
      'rec',
      'rEd',
      'r',
      'R',
      're',
      'sea',
      'qu',
      '0',
      'z',
      '年',
      'ｒｅf',
      'Rｅg',
      'r\u00e9h',
      '\u24c7e',
      '😀',
    ]
    await putFolders(use.world, alice, drive, [...own, 'e\u0301 1', '\u00c9 2', 'E', 'H\u03313', '\u1e964'])
    for (const text of ['re', 'R', 'Reb', 'é', 'e', 'h', '\u1e96', '年', 'zz', 're\0', '\0']) {
      const where: Where = { all: [{ field: 'name', is: 'prefix', text }] }
      const meets = matcher(where)
      const expected = (await search(alice, { limit: 1_000 })).items.filter(({ node }) => meets(node))
      for (const descending of [false, true]) {
        const order = [{ by: 'name', descending }] as const
        for (const limits of [LIMITS, { ...LIMITS, nodesPerReadMin: 1, nodesPerReadMax: 1 }]) {
          const found = names(await everything({ where, order }, limits))
          const sorted = names(expected).sort((a, b) =>
            Buffer.compare(Buffer.from(a.normalize('NFC')), Buffer.from(b.normalize('NFC'))),
          )
          expect(found).toEqual(descending ? sorted.reverse() : sorted)
        }
      }
    }
  })

  test('ideographs and syllables stand for no plain letters', () => {
    const isBetween = (code: number) => (code >= 0x3400 && code < 0xa700) || (code >= 0xac00 && code < 0xf900)
    for (let code = 0x3400; code < 0xf900; code++) {
      const isSurrogate = code >= 0xd800 && code < 0xe000
      if (isBetween(code) && !isSurrogate && /^[\0-\x7f]/.test(fold(String.fromCharCode(code)))) expect(code).toBe(0)
    }
  })

  test('no key that begins with a text lies outside its stretches, in their order', () => {
    const character = fc.constantFrom(
      ...'aAkKiIsSeEhH1.\u0301\u0331\u0345',
      'ｋ',
      '\u212a',
      'İ',
      'ſ',
      'ﬁ',
      'Σ',
      'é',
      '年',
      '\u007f',
      '😀',
    )
    const text = fc.array(character, { minLength: 1, maxLength: 5 }).map((list) => list.join(''))
    fc.assert(
      fc.property(text, fc.nat(5), (name, length) => {
        const begin = [...fold(name)].slice(0, length).join('')
        const stretches = keyStretches({ field: 'name', is: 'prefix', text: begin })
        if (!stretches || !fold(name).startsWith(fold(begin))) return
        expect(stretches.filter((stretch) => holds(stretch, name.normalize('NFC')))).toHaveLength(1)
      }),
      { numRuns: 1_000 },
    )
    const told = keyStretches({ field: 'name', is: 'prefix', text: 'Re年' })!
    expect(told.some((stretch) => holds(stretch, 'rea'))).toBe(true)
    expect(['ra', 'Rf', 's', '0'].filter((key) => told.some((stretch) => holds(stretch, key)))).toEqual([])
  })

  test.each([1, 5, 30, 90, 400])(
    'what changed within %s days is found by the log, and the same without it',
    async (days) => {
      await live()
      const where: Where = { field: 'updated', is: '>=', value: use.world.now - days * 86_400_000 }
      await compareAll({ where })
      await compareAll({ where }, { ...LIMITS, nodesPerReadMin: 1 })
      const count = (await search(alice, { where, count: true })).total
      const { engine, store } = use.world
      const { search: find } = createSearch(store, engine.batch, LIMITS)
      expect(await find(alice, { ...ALL, drives: [drive], where, count: true })).toMatchObject({ total: count })
    },
    60_000,
  )

  test('nodes that a folder brought along from another drive are not forgotten', async () => {
    const other = await live()
    use.world.now += 10 * 86_400_000
    await putFolders(use.world, alice, other, ['brought', 'brought/along', 'brought/along/far'])
    use.world.now += 86_400_000
    await done(use.world, alice, [move(at(other, 'brought'), at(drive))])
    await compareAll({})
    const where: Where = { field: 'updated', is: '>=', value: use.world.now - 2 * 86_400_000 }
    expect(names(await everything({ where })).toSorted()).toEqual(['along', 'brought', 'far'])
  }, 60_000)

  test('whoever asks whatever in whichever order, all pages together are a look at every node', async () => {
    await live()
    await done(use.world, alice, [grant(at(drive, 'a'), 'user:bob', ACTIONS.list)])
    const { engine, store } = use.world
    const searches = FOLDERS.map((limits) => createSearch(store, engine.batch, limits).search)
    const all = (await search(alice, { limit: 1_000 })).items
    const ofBob = all.filter(({ path }) => path[0] === 'a')
    const value = { name: (node: Node) => node.key, created: (node: Node) => node.createdAt } as const
    const conditions: (Where | null)[] = [
      null,
      contains('n'),
      contains('1'),
      { field: 'extension', in: ['txt'] },
      { not: { field: 'kind', in: ['folder'] } },
      { all: [contains('n'), { field: 'size', is: '>', value: 30 }] },
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...conditions),
        fc.constantFrom('name' as const, 'created' as const),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(...searches),
        async (where, by, descending, isBob, limit, find) => {
          const sign = descending ? -1 : 1
          const compare = (a: Node, b: Node) =>
            value[by](a) < value[by](b) ? -1 : value[by](a) > value[by](b) ? 1 : a.id - b.id
          const meets = where ? matcher(where) : () => true
          const nodes = (isBob ? ofBob : all).map(({ node }) => node).filter(meets)
          const expected = nodes.sort((a, b) => sign * compare(a, b)).map(({ id }) => id)
          const found: number[] = []
          let cursor: SearchCursor | null = null
          do {
            const query = { ...ALL, drives: [drive], where, order: [{ by, descending }], limit, cursor }
            const page = (await find(isBob ? bob : alice, query)) as SearchPage
            found.push(...page.items.map(({ node }) => node.id))
            cursor = page.next
          } while (cursor)
          expect(found).toEqual(expected)
        },
      ),
      { numRuns: cases(60) },
    )
  }, 60_000)

  test('a clock that goes back a little loses nothing', async () => {
    await live()
    for (const back of [1, 600_000, 1_200_000]) {
      use.world.now -= back
      await putFolders(use.world, alice, drive, [`back ${back}`])
    }
    await compareAll({})
  }, 60_000)
})
