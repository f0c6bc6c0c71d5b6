/** Conformance: a whole drive gone through in an order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Node, OrderedNodes, OrderedQuery, OrderPlace, Outline, Store } from '../../engine/index.ts'
import {
  apply,
  content,
  file,
  folder,
  idsOf,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  outlineOf,
} from './sample.ts'

export function orderConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  const put = (node: number, ...terms: string[]) => ({ drive: OTHER, node: nodeId(node), terms })
  type By = OrderedQuery['by']
  const values: Readonly<Record<By, (node: Outline) => string | number>> = {
    name: ({ key }) => key,
    created: ({ createdAt }) => createdAt,
    updated: ({ updatedAt }) => updatedAt,
    size: (node) => node.content?.size ?? -1,
    id: ({ id }) => id,
  }
  const made = [
    file(30, 1, 'b', { content: content(9), createdAt: 5, updatedAt: 8 }),
    file(31, 1, 'B', { content: content(2), createdAt: 7, updatedAt: 9 }),
    file(32, 2, 'b', { content: content(0), createdAt: 5, updatedAt: 8 }),
    folder(33, 1, '\uff5e', { createdAt: 1 }),
    folder(34, 1, '😀', { createdAt: 9 }),
    file(35, 1, 'z'.repeat(200), { content: content(2), createdAt: 0 }),
  ]
  const query = { drive: OTHER, after: null, probe: null, inFull: true, limit: 100 } as const
  const read = (query: OrderedQuery) => store.read((tx) => tx.ordered(query))
  const expected = (by: By, descending: boolean) => {
    const own = made.map((node) => ({ ...node, drive: OTHER }))
    const sign = descending ? -1 : 1
    const bytes = (node: Node) => values[by](node)
    return own.sort((a, b) => {
      const [one, other] = [bytes(a), bytes(b)]
      const difference =
        typeof one === 'string' ? Buffer.compare(Buffer.from(one), Buffer.from(String(other))) : one - Number(other)
      return sign * (difference || a.id - b.id)
    })
  }

  beforeEach(() =>
    apply(store, {
      insertNodes: made.map((node) => ({ ...node, drive: OTHER })),
      putTerms: made.map(({ id }) => put(id, id % 2 ? '7nodd' : '7neven')),
    }),
  )

  describe.each(['name', 'created', 'updated', 'size', 'id'] as const)('by %s', (by) => {
    it.each([false, true])('every node of a drive comes once, page by page (descending: %s)', async (descending) => {
      const all = expected(by, descending)
      expect(await read({ ...query, by, descending })).toEqual({ nodes: all, looked: 6, next: null })
      const outlined = await read({ ...query, by, descending, inFull: false })
      expect(outlined).toEqual({ nodes: all.map(outlineOf), looked: 6, next: null })
      for (const limit of [1, 2, 5]) {
        const paged: Outline[] = []
        let after: OrderPlace | null = null
        do {
          const page: OrderedNodes = await read({ ...query, by, descending, after, limit })
          paged.push(...page.nodes)
          after = page.next
          if (after) expect(after).toEqual({ value: values[by](paged.at(-1)!), id: paged.at(-1)!.id })
        } while (after)
        expect(paged).toEqual(all)
      }
    })

    it.each([false, true])(
      'those that lack terms may be left out, but not the last of a page (in full: %s)',
      async (inFull) => {
        const found: Outline[] = []
        let after: OrderPlace | null = null
        do {
          const page: OrderedNodes = await read({
            ...query,
            by,
            descending: false,
            after,
            probe: '7nodd',
            inFull,
            limit: 2,
          })
          found.push(...page.nodes)
          after = page.next
        } while (after)
        const odd = (nodes: readonly Outline[]) => nodes.filter(({ id }) => id % 2)
        const wanted = odd(expected(by, false))
        expect(odd(found)).toEqual(inFull ? wanted : wanted.map((node) => outlineOf(node as Node)))
      },
    )

    it('once enough are found that have terms, the next page begins behind the last of them', async () => {
      const all = expected(by, true)
      const terms = { ...query, by, descending: true, probe: '7nodd', enough: 2 }
      const [, second, third] = all.filter(({ id }) => id % 2)
      const first = await read(terms)
      expect(idsOf(first.nodes).at(-1)).toBe(second!.id)
      expect(first.looked).toBe(all.indexOf(second!) + 1)
      expect(first.next).toEqual({ value: values[by](second!), id: second!.id })
      expect(idsOf((await read({ ...terms, after: first.next })).nodes)).toContain(third!.id)
    })
  })

  it('nodes keep their place in an order as they change and go', async () => {
    const [first] = made as [Node]
    const renamed = { ...first, drive: OTHER, name: '🙂', key: '🙂', content: content(50), version: 2 }
    await apply(store, { updateNodes: [renamed], putTerms: [put(30, '7neven')] })
    for (const by of ['name', 'size'] as const) {
      const { nodes } = await read({ ...query, by, descending: true, limit: 1 })
      expect(idsOf(nodes)).toEqual([30])
    }
    await apply(store, { deleteNodes: [keyOf(30, OTHER)] })
    expect((await read({ ...query, by: 'name', descending: false })).nodes).toHaveLength(5)
  })
}
