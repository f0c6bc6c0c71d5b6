import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdSet } from './id-set.ts'

test('it has what it was made of, and nothing else', () => {
  const edges = [0, 1, 31, 32, 63, 65_535, 65_536, 65_567, 2 ** 31, 2 ** 32 + 31, Number.MAX_SAFE_INTEGER]
  const id = fc.oneof(fc.constantFrom(...edges), fc.nat(200_000), fc.maxSafeNat())
  fc.assert(
    fc.property(fc.array(id), fc.array(id), (ids, others) => {
      const set = new IdSet(ids)
      const plain = new Set(ids)
      for (const one of [...ids, ...others]) expect(set.has(one)).toBe(plain.has(one))
    }),
  )
})
