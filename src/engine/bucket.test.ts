import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { periodsBetween, periodsOf, SIZE_CLASS_MAX, sizeClass, sizeClasses } from './bucket.ts'

const DAY = 86_400_000
const times = fc.oneof(
  fc.integer({ min: Date.UTC(1999, 0), max: Date.UTC(2101, 0) }),
  fc.constantFrom(-1, 0, Date.UTC(2000, 0), Date.UTC(2000, 0) - 1, Date.UTC(2100, 0), Date.UTC(2100, 0) - 1, 8.64e15),
)
const ends = fc.oneof(times, fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY))

describe('periods', () => {
  it('between two times hold every time between them, and none a day away', () => {
    fc.assert(
      fc.property(ends, ends, times, (from, until, at) => {
        const periods = periodsBetween(from, until)
        const isHeld = periodsOf(at).some((period) => periods.includes(period))
        if (from <= at && at <= until) expect(isHeld).toBe(true)
        const isKnown = at >= Date.UTC(2000, 0) && at < Date.UTC(2100, 0)
        if (isKnown && (at < from - DAY || at > until + DAY)) expect(isHeld).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('are as few as may be', () => {
    expect(periodsBetween(Date.UTC(2024, 10, 30), Date.UTC(2026, 1, 2))).toEqual([
      ...['2024-11-30', '2024-12', '2025', '2026-01', '2026-02-01', '2026-02-02'],
    ])
    expect(periodsBetween(Date.UTC(2026, 0), Date.UTC(2026, 1) - 1)).toEqual(['2026-01'])
    expect(periodsBetween(Date.UTC(2009, 0), Date.UTC(2031, 0) - 1)).toEqual(['2009', '201x', '202x', '2030'])
    expect(periodsBetween(5, 4)).toEqual([])
    expect(periodsBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toHaveLength(12)
  })
})

it('Size classes rise with sizes, and hold what lies between two', () => {
  const sizes = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2, 3, 2 ** 49, 2 ** 49 - 1, Number.MAX_SAFE_INTEGER))
  fc.assert(
    fc.property(sizes, sizes, sizes, (from, to, size) => {
      expect(sizeClass(size)).toBeLessThanOrEqual(SIZE_CLASS_MAX)
      if (from <= size) expect(sizeClass(from)).toBeLessThanOrEqual(sizeClass(size))
      if (from <= size && size <= to) expect(sizeClasses(from, to)).toContain(sizeClass(size))
      if (from <= size) expect(sizeClasses(from, Number.POSITIVE_INFINITY)).toContain(sizeClass(size))
    }),
  )
})
