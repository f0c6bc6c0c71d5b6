import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heap } from './heap.ts'

it('Items are taken in order, however many at a time', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 7 }))
  fc.assert(
    fc.property(fc.array(fc.integer()), sizes, (items, takes) => {
      const heap = new Heap([...items], (a, b) => a - b)
      const taken = [...takes, items.length].flatMap((count) => heap.take(count))
      expect(taken).toEqual(items.toSorted((a, b) => a - b))
      expect(heap.take(1)).toEqual([])
    }),
  )
})
