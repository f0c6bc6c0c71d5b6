/** Conformance: what is found over many folders and drives: terms, grants by holder, and marks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DriveId, Grant, Mark, NodeId, Probe, Store, Subject, TenantId } from '../../engine/index.ts'
import {
  apply,
  changes,
  content,
  DRIVE,
  drive,
  driveId,
  file,
  folder,
  idsOf,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  outlineOf,
  range,
  sortedIds,
  TENANT,
  version,
} from './sample.ts'

export function readingsConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  describe('terms', () => termsConformance(() => store))
  describe('grants by whom they are to or by', () => grantPageConformance(() => store))
  describe('marks', () => marksConformance(() => store))
  describe('all versions of a drive', () => versionPageConformance(() => store))
  describe('the ends of versions', () => expiryConformance(() => store))

  it('versions take a new description and a promise to be kept, and nothing else', async () => {
    const rows = [
      version(12, 1, content(1)),
      version(12, 2, content(2), { keep: true, description: "it's ‘2’", revertOf: 1 }),
    ]
    await apply(store, { insertNodes: [file(12, 1, 'f')], insertVersions: rows })
    const read = async () => (await store.read((tx) => tx.versions([keyOf(12)]))).sort((a, b) => a.version - b.version)
    expect(await read()).toEqual(rows)
    const changed = [
      { ...rows[0]!, keep: true, description: 'first', expiresAt: 7, creator: 'user:no' as const, createdAt: 99 },
      { ...rows[1]!, keep: false, description: '' },
    ]
    await apply(store, { updateVersions: changed })
    expect(await read()).toEqual([
      { ...rows[0]!, keep: true, description: 'first', expiresAt: 7 },
      { ...rows[1]!, keep: false, description: '' },
    ])
    await expect(apply(store, { updateVersions: [version(12, 3, content(1))] })).rejects.toThrow()
  })
}

function versionPageConformance(store: () => Store) {
  it('come page by page, by file and number', async () => {
    const rows = [
      version(10, 1, content(1)),
      version(10, 4, content(2)),
      version(11, 1, content(1)),
      version(13, 2, content(3)),
    ]
    await apply(store(), { insertVersions: [...rows, version(9, 1, content(1), { drive: OTHER })].reverse() })
    const page = (after: number, limit: number) =>
      store().read((tx) => tx.versionPage({ drive: DRIVE, after: nodeId(after), limit }))
    expect(await page(0, 10)).toEqual(rows)
    expect(await page(0, 3)).toEqual(rows.slice(0, 3))
    expect(await page(10, 10)).toEqual(rows.slice(2))
    expect(await page(13, 10)).toEqual([])
  })
}

function expiryConformance(store: () => Store) {
  it('give up versions of active drives whose time has come, but for those to be kept', async () => {
    await store().write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER, { status: 'deleted' })]))
    const due = (node: number, expiresAt: number, more: object = {}) =>
      version(node, 1, content(node), { expiresAt, ...more })
    const rows = [
      due(10, 0),
      due(11, 30),
      due(12, 10),
      due(13, 31),
      due(14, 5, { keep: true }),
      due(15, 5, { drive: OTHER }),
    ]
    await apply(store(), { insertVersions: rows })
    const expired = (now: number, limit: number) => store().write((tx) => tx.expiredVersions(now, limit))
    expect(await expired(30, 10)).toEqual([rows[2], rows[1]])
    expect(await expired(30, 1)).toEqual([rows[2]])
    expect(await expired(9, 10)).toEqual([])
  })

  it('let earlier versions go a time after the next one came, and the current one never', async () => {
    const of = (node: number, number: number, createdAt: number, more: object = {}) =>
      version(node, number, content(number), { createdAt, expiresAt: 1, ...more })
    const rows = [of(10, 1, 100), of(10, 4, 200), of(10, 5, 300), of(11, 1, 100), of(12, 1, 1, { drive: OTHER })]
    await apply(store(), { insertVersions: rows })
    const ends = async () => {
      const found = await store().read((tx) => tx.versions([keyOf(10), keyOf(11), keyOf(12, OTHER)]))
      return found.sort((a, b) => a.node - b.node || a.version - b.version).map(({ expiresAt }) => expiresAt)
    }
    await store().write((tx) => tx.keepVersions([{ drive: DRIVE, forMs: 50 }]))
    expect(await ends()).toEqual([250, 350, 0, 0, 1])
    await store().write((tx) =>
      tx.keepVersions([
        { drive: DRIVE, forMs: null },
        { drive: OTHER, forMs: 3 },
      ]),
    )
    expect(await ends()).toEqual([0, 0, 0, 0, 0])
  })
}

function termsConformance(store: () => Store) {
  const put = (drive: DriveId, node: number, ...terms: string[]) => ({ drive, node: nodeId(node), terms })
  const find = (probe: Probe, drive = DRIVE, limit = 100, after: NodeId | 0 = 0, inFull = false) =>
    store().read((tx) => tx.candidates({ drive, probe, after, inFull, limit }))
  const ids = async (probe: Probe, drive?: DriveId) => idsOf(await find(probe, drive))

  beforeEach(() =>
    apply(store(), {
      insertNodes: [
        ...range(6, 10).map((id) => file(id, 1, `n${id}`)),
        file(20, 1, 'there', { drive: OTHER, born: OTHER }),
        file(21, 1, 'came', { drive: OTHER, born: DRIVE }),
      ],
      putTerms: [
        put(DRIVE, 10, '7na', '7nb'),
        put(DRIVE, 11, '7na', '7nc'),
        put(DRIVE, 12, '7nb', '7nc', '7nor'),
        put(DRIVE, 13, '7nand'),
        put(DRIVE, 14, '7nab'),
        put(OTHER, 20, '7na'),
        put(OTHER, 21, '7na', '7nb'),
      ],
    }),
  )

  it('find the nodes of the drives that have them, and no others', async () => {
    expect(await ids('7na')).toEqual([10, 11])
    expect(await ids('7na', OTHER)).toEqual([20, 21])
    expect(await ids('7n')).toEqual([])
    const found = file(14, 1, 'n14')
    expect(await find('7nab')).toEqual([outlineOf(found)])
    expect(await find('7nab', DRIVE, 1, 0, true)).toEqual([found])
  })

  it('are wanted by how they begin', async () => {
    expect(await ids({ prefix: '7na' })).toEqual([10, 11, 13, 14])
    expect(await ids({ all: [{ prefix: '7no' }, '7nb'] })).toEqual([12])
    expect(await ids({ prefix: '7no0' })).toEqual([])
  })

  it('are wanted together, or one of them, to any depth', async () => {
    expect(await ids({ all: ['7na', '7nb'] })).toEqual([10])
    expect(await ids({ any: ['7na', '7nand', '7nno'] })).toEqual([10, 11, 13])
    expect(await ids({ all: [{ any: ['7na', '7nor'] }, { any: ['7nc', { all: ['7nb', '7na'] }] }] })).toEqual([
      10, 11, 12,
    ])
    let deep: Probe = '7na'
    for (let depth = 0; depth < 25; depth++) deep = depth % 2 ? { all: ['7na', deep] } : { any: ['7nno', deep] }
    expect(await ids(deep)).toEqual([10, 11])
    expect(await ids({ any: range(5_000).map((number) => `7n${number.toString(16)}`) })).toEqual([10, 11, 12, 14])
  })

  it('give those found page by page, each once', async () => {
    const probe: Probe = { any: ['7na', '7nb', '7nc', '7nand', '7nab'] }
    const all = await find(probe)
    expect(new Set(idsOf(all)).size).toBe(all.length)
    for (const limit of [1, 2, 3, 100]) {
      const paged: typeof all = []
      for (let after: NodeId | 0 = 0; ; ) {
        const page: typeof all = await find(probe, DRIVE, limit, after)
        paged.push(...page)
        if (page.length < limit) break
        after = page.at(-1)!.id
      }
      expect(paged).toEqual(all)
    }
  })

  it('find what lies directly in some folders', async () => {
    await apply(store(), {
      insertNodes: [
        folder(30, 1, 'f'),
        file(31, 30, 'in'),
        file(32, 30, 'too'),
        folder(33, 30, 'g'),
        file(34, 33, 'h'),
      ],
      putTerms: [31, 33, 34].map((id) => put(DRIVE, id, '7na')),
    })
    const lying = async (folders: number[], probe: Probe | null, limit = 100, inFull = false) =>
      store().read((tx) => tx.lying({ drive: DRIVE, folders: folders.map(nodeId), probe, inFull, limit }))
    expect(sortedIds(await lying([30], '7na'))).toEqual([31, 33])
    expect(sortedIds(await lying([33, 30, 99], '7na'))).toEqual([31, 33, 34])
    expect(sortedIds(await lying([30], { any: ['7na', '7nb'] }))).toEqual([31, 33])
    expect(sortedIds(await lying([30], null))).toEqual([31, 32, 33])
    expect(await lying([], null)).toEqual([])
    for (const probe of ['7na', null]) expect(await lying([30], probe, 1)).toHaveLength(1)
    for (const probe of ['7na', null]) {
      expect(await lying([33], probe)).toEqual([outlineOf(file(34, 33, 'h'))])
      expect(await lying([33], probe, 9, true)).toEqual([file(34, 33, 'h')])
    }
  })

  it('are counted as far as is asked', async () => {
    const counted = (probe: Probe, limit = 9) => store().read((tx) => tx.termed({ drive: DRIVE, probe, limit }))
    for (const probe of ['7nb', { all: ['7nb', '7na'] }, { any: ['7nb', '7nc'] }] as const) {
      const count = await counted(probe)
      expect(count).toBeGreaterThanOrEqual((await ids(probe)).length)
      // One store's index does not tell drives apart; terms do, which begin with the drive of birth.
      expect(count).toBeLessThanOrEqual([...(await ids(probe)), ...(await ids(probe, OTHER))].length)
      expect(await counted(probe, 1)).toBeGreaterThanOrEqual(1)
    }
    expect(await counted('7nzz')).toBe(0)
  })

  it('are replaced as a whole, and go with their node', async () => {
    await apply(store(), { putTerms: [put(DRIVE, 10, '7nz'), put(DRIVE, 15, '7na')] })
    expect(await ids('7na')).toEqual([11, 15])
    expect(await ids('7nz')).toEqual([10])
    const before = await store().read((tx) => tx.count('term'))
    await apply(store(), { deleteNodes: [keyOf(11), keyOf(10)] })
    expect(await ids('7na')).toEqual([15])
    expect(await store().read((tx) => tx.count('term'))).toBe(before - 2)
  })

  it('tell along an order at once what has them now', async () => {
    const query = {
      drive: DRIVE,
      by: 'name',
      descending: false,
      after: null,
      probe: '7nz',
      inFull: false,
      limit: 100,
    } as const
    const along = async () => idsOf((await store().read((tx) => tx.ordered(query))).nodes)
    expect(await along()).toEqual([])
    await apply(store(), { putTerms: [put(DRIVE, 10, '7nz')] })
    expect(await along()).toEqual([10])
    await apply(store(), { putTerms: [put(DRIVE, 15, '7nz')], deleteNodes: [keyOf(10)] })
    expect(await along()).toEqual([15])
    const failing = store().write(async (tx) => {
      await tx.apply(changes({ putTerms: [put(DRIVE, 11, '7nz')] }))
      expect(idsOf((await tx.ordered(query)).nodes)).toEqual([11, 15])
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await along()).toEqual([15])
  })

  it('stay with a node that moves, is renamed or goes to another drive', async () => {
    await apply(store(), { moveNodes: [file(10, 5, 'n10', { rev: 2 })] })
    expect(await ids('7na')).toEqual([10, 11])
    await apply(store(), { rehome: [{ from: DRIVE, to: OTHER, ids: [nodeId(10)] }] })
    expect(await ids('7na')).toEqual([11])
    expect(await ids('7na', OTHER)).toEqual([10, 20, 21])
  })

  it('of a node that is in two drives while it is carried stay until the last is gone', async () => {
    await apply(store(), { stage: [{ haul: 5, from: DRIVE, to: OTHER, ids: [nodeId(10), nodeId(11)] }] })
    expect(await ids('7na')).toEqual([10, 11])
    expect(await ids('7na', OTHER)).toEqual([10, 11, 20, 21])
    await apply(store(), { endHauls: [5], deleteNodes: [keyOf(10)] })
    expect(await ids('7na', OTHER)).toEqual([10, 11, 20, 21])
    await apply(store(), { deleteNodes: [keyOf(10, OTHER)] })
    expect(await ids('7na')).toEqual([11])
    expect(await ids('7na', OTHER)).toEqual([11, 20, 21])
  })

  it('are undone with their transaction', async () => {
    const failing = store().write(async (tx) => {
      await tx.apply(changes({ putTerms: [put(DRIVE, 15, '7na')] }))
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await ids('7na')).toEqual([10, 11])
  })

  it('know in which other drives nodes were born', async () => {
    const births = (...drives: DriveId[]) => store().read((tx) => tx.births(drives))
    expect(await births(OTHER)).toEqual([DRIVE])
    expect(await births(DRIVE)).toEqual([])
    expect(await births()).toEqual([])
    await apply(store(), {
      insertNodes: [30, 31, 32].map((id) => file(id, 1, `b${id}`, { born: driveId(7_000 + Math.min(id, 31)) })),
    })
    expect((await births(DRIVE, OTHER)).sort()).toEqual([DRIVE, driveId(7_030), driveId(7_031)])
  })
}

function grantPageConformance(store: () => Store) {
  const grant = (node: number, subject: Subject, more: Partial<Grant> = {}): Grant => ({
    drive: DRIVE,
    node: nodeId(node),
    subject,
    actions: 5,
    role: 'reader',
    expiresAt: 0,
    createdAt: 100 + node,
    creator: 'user:ann',
    ...more,
  })
  const given = [
    grant(10, 'user:bob'),
    grant(11, 'user:bob', { createdAt: 500 }),
    grant(12, 'everyone', { createdAt: 500, creator: 'user:bob' }),
    grant(12, 'user:bob', { createdAt: 500, creator: 'user:bob' }),
    grant(13, 'user:eve', { createdAt: 50 }),
    grant(20, 'user:bob', { drive: OTHER, createdAt: 300 }),
  ]
  const stranger = grant(30, 'user:bob', { drive: driveId(7_003) })
  const page = (query: {
    side?: 'to' | 'by'
    subjects: Subject[]
    after?: Grant | null
    limit?: number
    tenant?: TenantId
  }) => store().read((tx) => tx.grantPage({ tenant: TENANT, side: 'to', after: null, limit: 100, ...query }))

  beforeEach(async () => {
    const umbra = drive(7_003, { tenant: 'umbra' as TenantId })
    await store().write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER), umbra]))
    await apply(store(), { putGrants: [...given, stranger] })
  })

  it('come latest first, over all drives of the tenant and of no other', async () => {
    expect(await page({ subjects: ['user:bob'] })).toEqual([given[3], given[1], given[5], given[0]])
    expect(await page({ subjects: ['user:bob', 'everyone', 'user:bob'] })).toEqual([
      given[3],
      given[2],
      given[1],
      given[5],
      given[0],
    ])
    expect(await page({ subjects: [] })).toEqual([])
    expect(await page({ subjects: ['user:bob'], tenant: 'umbra' as TenantId })).toEqual([stranger])
  })

  it('come by who gave them too', async () => {
    expect(await page({ side: 'by', subjects: ['user:bob'] })).toEqual([given[3], given[2]])
    expect(await page({ side: 'by', subjects: ['user:ann'] })).toEqual([given[1], given[5], given[0], given[4]])
  })

  it.each(['to', 'by'] as const)('go on after any of them: %s', async (side) => {
    const subjects: Subject[] = ['user:bob', 'everyone', 'user:ann', 'user:eve']
    const all = await page({ side, subjects })
    expect(all).toHaveLength(6)
    for (const [index, after] of all.entries()) {
      expect(await page({ side, subjects, after, limit: 2 })).toEqual(all.slice(index + 1, index + 3))
    }
  })

  it('follow a node to another drive, and change with a grant', async () => {
    await apply(store(), {
      insertNodes: [folder(11, 1, 'a')],
      putGrants: [grant(10, 'user:bob', { createdAt: 900 })],
    })
    await apply(store(), { rehome: [{ from: DRIVE, to: OTHER, ids: [nodeId(11)] }] })
    const found = await page({ subjects: ['user:bob'] })
    expect(found.map(({ drive, node, createdAt }) => [drive, node, createdAt])).toEqual([
      [DRIVE, 10, 900],
      [OTHER, 11, 500],
      [DRIVE, 12, 500],
      [OTHER, 20, 300],
    ])
  })
}

function marksConformance(store: () => Store) {
  const mark = (node: number, more: Partial<Mark> = {}): Mark => ({
    tenant: TENANT,
    subject: 'user:ann',
    kind: 'favourite',
    node: nodeId(node),
    born: DRIVE,
    at: 100 + node,
    ...more,
  })
  const list = async (kinds: Mark['kind'][], subject: Subject = 'user:ann') =>
    (await store().read((tx) => tx.marksOf({ tenant: TENANT, subject, kinds }))).sort((a, b) => a.node - b.node)
  const marks = [
    mark(1),
    mark(2),
    mark(3, { kind: 'viewed' }),
    mark(4, { subject: 'user:bob' }),
    mark(5, { tenant: 'umbra' as TenantId }),
  ]
  beforeEach(() => store().write((tx) => tx.putMarks(marks)))

  it('are each subject’s own, by kind', async () => {
    expect(await list(['favourite'])).toEqual([marks[0], marks[1]])
    expect(await list(['viewed', 'modified'])).toEqual([marks[2]])
    expect(await list(['favourite'], 'user:bob')).toEqual([marks[3]])
    expect(await list([])).toEqual([])
  })

  it('are replaced by key and deleted by key', async () => {
    await store().write(async (tx) => {
      await tx.putMarks([mark(2, { at: 5 }), mark(2, { at: 6 })])
      await tx.deleteMarks([mark(1, { at: 0 }), mark(9)])
    })
    expect(await list(['favourite'])).toEqual([mark(2, { at: 6 })])
    expect(await store().read((tx) => tx.count('mark'))).toBe(4)
  })
}
