import { describe, expect, it } from 'vitest'
import { rangeOf } from './range.ts'

const lenient = (header: string | undefined, size = 1000) => rangeOf(header, size, false)
const standard = (header: string | undefined, size = 1000) => rangeOf(header, size, true)

describe('a range', () => {
  it.each([
    ['bytes=0-99', { start: 0, end: 100 }],
    ['bytes=999-999', { start: 999, end: 1000 }],
    ['bytes=500-', { start: 500, end: 1000 }],
    ['bytes=-300', { start: 700, end: 1000 }],
    ['bytes=-3000', { start: 0, end: 1000 }],
    ['bytes=0-1,5-6', { start: 0, end: 2 }],
  ])('%s is served either way', (header, range) => {
    expect(lenient(header)).toEqual(range)
    expect(standard(header)).toEqual(range)
  })

  it.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=9-3', 'bytes=0--1', 'items=0-1', 'bytes=1.5-2'])(
    '%s is as if nothing was said',
    (header) => {
      expect(lenient(header)).toBeNull()
      expect(standard(header)).toBeNull()
    },
  )

  it.each(['bytes=1000-', 'bytes=1000-2000', 'bytes=-0'])('%s is outside', (header) => {
    expect(lenient(header)).toBeNull()
    expect(standard(header)).toBe('unsatisfiable')
  })

  it('that goes over the end is clipped only for those who ask for the standard', () => {
    expect(lenient('bytes=500-2000')).toBeNull()
    expect(standard('bytes=500-2000')).toEqual({ start: 500, end: 1000 })
  })

  it('of an empty file is the whole of it', () => {
    expect(lenient('bytes=0--1', 0)).toBeNull()
    expect(lenient('bytes=0-', 0)).toBeNull()
    expect(standard('bytes=0-', 0)).toBe('unsatisfiable')
  })
})
