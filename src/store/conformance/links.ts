/** Conformance: links and the counting of their use. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Link, LinkCounts, LinkId, Store, TenantId } from '../../engine/index.ts'
import { DRIVE, nodeId, type Open, type Opened, TENANT } from './sample.ts'

const linkId = (id: string) => id as LinkId
const NONE: LinkCounts = { accesses: 0, previews: 0, downloads: 0, saves: 0 }

function link(id: string, more: Partial<Link> = {}): Link {
  return {
    id: linkId(id),
    tenant: TENANT,
    drive: DRIVE,
    nodes: [nodeId(10)],
    inboxes: [],
    name: '链',
    description: 'd',
    password: 'sealed',
    actions: 7,
    state: 'open',
    expiresAt: 5,
    limits: { previews: 0, downloads: 0, saves: 0, takings: 0 },
    counts: NONE,
    creator: 'user:ann',
    createdAt: 1,
    updatedAt: 2,
    extra: { 'x.y': [1] },
    ...more,
  }
}

export function linkConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  const found = (...ids: string[]) => store.read((tx) => tx.links(ids.map(linkId)))
  const count = (deltas: readonly (Partial<LinkCounts> & { id: string })[], limited = true) =>
    store.write((tx) =>
      tx.countLinks(
        deltas.map(({ id, ...some }) => ({ ...NONE, ...some, id: linkId(id) })),
        limited,
      ),
    )

  it('come back as they were put in; replacing one keeps its counts', async () => {
    const one = link('a', { counts: { accesses: 1, previews: 2, downloads: 3, saves: 4 }, inboxes: [nodeId(11)] })
    await store.write((tx) => tx.putLinks([one, link('b')]))
    expect(await found('a', 'nobody', 'a')).toEqual([one])
    const changed = { ...one, name: 'n', state: 'closed' as const, limits: { ...one.limits, saves: 9 } }
    await store.write((tx) => tx.putLinks([{ ...changed, counts: NONE }]))
    expect(await found('a')).toEqual([changed])
  })

  it('are listed by id, of a tenant or of some of its makers, page by page', async () => {
    await store.write((tx) =>
      tx.putLinks([
        link('c'),
        link('B'),
        link('a', { creator: 'user:bob' }),
        link('d', { creator: 'app:x' }),
        link('e', { tenant: 'other' as TenantId }),
      ]),
    )
    const ids = async (makers: Link['creator'][] | null, after = '', limit = 9) =>
      (await store.read((tx) => tx.linksOf({ tenant: TENANT, makers, after: linkId(after), limit }))).map(
        ({ id }) => id,
      )
    expect(await ids(null)).toEqual(['B', 'a', 'c', 'd'])
    expect(await ids(null, 'B', 2)).toEqual(['a', 'c'])
    expect(await ids(['user:ann', 'app:x'])).toEqual(['B', 'c', 'd'])
    expect(await ids(['user:ann', 'app:x'], 'B', 1)).toEqual(['c'])
    expect(await ids([])).toEqual([])
  })

  it('are counted together or not at all, up to their limits, and down again', async () => {
    const limits = { previews: 2, downloads: 3, saves: 0, takings: 4 }
    await store.write((tx) => tx.putLinks([link('a', { limits }), link('free')]))
    expect(await count([{ id: 'a', previews: 2, accesses: 1 }, { id: 'free', downloads: 99 }, { id: 'x' }])).toEqual(
      expect.arrayContaining(['a', 'free']),
    )
    expect(await count([{ id: 'a', previews: 1, accesses: 1 }])).toEqual([])
    expect(await count([{ id: 'a', downloads: 4 }])).toEqual([])
    expect(await count([{ id: 'a', downloads: 3, saves: 1 }])).toEqual(['a'])
    expect(await count([{ id: 'a', saves: 1 }])).toEqual([])
    expect(await count([{ id: 'a', saves: 1 }], false)).toEqual(['a'])
    expect(await count([{ id: 'a', downloads: -2 }])).toEqual(['a'])
    expect(await count([{ id: 'a', downloads: 1 }])).toEqual(['a'])
    expect((await found('a'))[0]!.counts).toEqual({ accesses: 1, previews: 2, downloads: 2, saves: 2 })
    expect((await found('free'))[0]!.counts).toEqual({ ...NONE, downloads: 99 })
  })

  it('are never counted past a limit by many who count at once', async () => {
    await store.write((tx) => tx.putLinks([link('a', { limits: { previews: 0, downloads: 5, saves: 0, takings: 0 } })]))
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => count([{ id: 'a', downloads: 1 }])))
    expect(outcomes.flat()).toHaveLength(5)
    expect((await found('a'))[0]!.counts.downloads).toBe(5)
  })
  it('are changed by one after the other: who changes them builds on what was there', async () => {
    await store.write((tx) => tx.putLinks([link('a', { name: '' })]))
    const change = () =>
      store.write(async (tx) => {
        const [now] = await tx.links([linkId('a')])
        await tx.putLinks([{ ...now!, name: `${now!.name}x` }])
        // Doubled and one more.
        await tx.countLinks([{ ...NONE, id: now!.id, saves: now!.counts.saves + 1 }], false)
      })
    await Promise.all(Array.from({ length: 5 }, change))
    expect(await found('a')).toMatchObject([{ name: 'xxxxx', counts: { saves: 31 } }])
  })
}
