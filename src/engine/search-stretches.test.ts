import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Kind, Node } from './model.ts'
import { lyingIn, stretchesOf } from './search-stretches.ts'
import { matcher, type Where } from './where.ts'

const value = fc.constantFrom(-2, -1, 0, 1, 1.5, 2, 3, 1e300, -1e300)
const condition: fc.Arbitrary<Where> = fc.oneof(
  fc.record({
    field: fc.constantFrom('size' as const, 'created' as const, 'updated' as const),
    is: fc.constantFrom('<' as const, '<=' as const, '=' as const, '>=' as const, '>' as const),
    value,
  }),
  fc.record({ field: fc.constant('kind' as const), in: fc.subarray<Kind>(['file', 'folder']) }),
  fc.record({ field: fc.constant('extension' as const), in: fc.subarray(['', 'a']) }),
  fc.record({
    field: fc.constant('name' as const),
    is: fc.constant('prefix' as const),
    text: fc.constantFrom('x', ''),
  }),
)
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 4 },
    condition,
    fc.record({ all: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ atLeast: fc.integer({ min: -1, max: 4 }), of: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ not: tie('where') }),
  ),
}))
const node = fc
  .record({
    name: fc.constantFrom('x.a', 'X', 'y'),
    size: fc.constantFrom(null, 0, 1, 2, 3),
    createdAt: fc.integer({ min: 0, max: 3 }),
    updatedAt: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ size, name, ...times }) => {
    times.updatedAt = Math.max(times.createdAt, times.updatedAt)
    const content = size === null ? null : { size, digest: '', md5: '', sha1: '', crc64: '' }
    return { ...times, name, key: name, kind: content ? 'file' : 'folder', content, attributes: {} } as Node
  })

const ORDERS = ['name', 'created', 'updated', 'size'] as const

test('whatever meets conditions lies in their stretches of every order', () => {
  fc.assert(
    fc.property(where, node, (conditions, one) => {
      if (!matcher(conditions)(one)) return
      for (const by of ORDERS) {
        const stretches = stretchesOf(conditions, by)
        if (stretches) expect(lyingIn(stretches, by)(one)).toBe(true)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('stretches come in order, apart from each other, and leave out what cannot be meant', () => {
  const size = (is: '<' | '<=' | '=' | '>=' | '>', value: number): Where => ({ field: 'size', is, value })
  const sizes = (conditions: Where) => stretchesOf(conditions, 'size')?.map(({ from, below }) => [from, below])
  expect(sizes({ not: size('<', 10) })).toEqual([
    [-1, 0],
    [10, null],
  ])
  expect(sizes({ field: 'extension', in: ['a'] })).toEqual([[0, null]])
  expect(sizes({ field: 'kind', in: ['folder'] })).toEqual([[-1, 0]])
  expect(sizes({ any: [size('=', 7), size('<=', 2), size('=', 1.5), size('=', 3)] })).toEqual([
    [0, 4],
    [7, 8],
  ])
  expect(sizes({ all: [size('>', 5), { not: size('>=', 5) }] })).toEqual([])
  expect(sizes({ field: 'created', is: '>', value: 5 })).toBeUndefined()
  const many = Array.from({ length: 40 }, (_, index) => size('=', 2 * index))
  expect(sizes({ any: many })).toEqual([[0, 79]])
  expect(stretchesOf({ field: 'created', is: '<', value: -1e300 }, 'created')).toEqual([])
  expect(stretchesOf({ not: { field: 'created', is: '=', value: 5 } }, 'created')).toEqual([
    { from: null, below: 5 },
    { from: 6, below: null },
  ])
})
