import { describe, expect, it } from 'vitest'
import { Refusal } from './error.ts'
import { booleanOf, bytes, count, texts, time, word, yes } from './words.ts'

const query = (text: string) => new URLSearchParams(text)

describe('words of a query', () => {
  it('are found under any spelling, and empty ones do not count', () => {
    expect(word(query('order_by=&orderBy=size'), 'order_by', 'orderBy')).toBe('size')
    expect(word(query('a=1&a=2'), 'a')).toBe('1')
    expect(word(query('b=1'), 'a')).toBeUndefined()
  })

  it('are booleans in four spellings and no other', () => {
    expect(['1', 'true', '0', 'false', ''].map((text) => yes(query(`a=${text}`), 'a'))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    for (const value of ['yes', 2, {}, [], 'TRUE']) expect(() => booleanOf(value, 'a')).toThrow(Refusal)
  })

  it('are numbers within bounds', () => {
    const bounds = { min: 1, max: 10, otherwise: 5 }
    expect(['', '1', '010', '10'].map((text) => count(query(`a=${text}`), 'a', bounds))).toEqual([5, 1, 10, 10])
    for (const text of ['0', '11', '-1', '1.5', '1e1', 'x', '9'.repeat(16)]) {
      expect(() => count(query(`a=${text}`), 'a', bounds), text).toThrow(Refusal)
    }
  })
})

describe('members of a body', () => {
  it('are sizes as numbers or digits', () => {
    expect([bytes(5, 'a'), bytes('5', 'a'), bytes('0', 'a'), bytes(9007199254740991, 'a')]).toEqual([
      5, 5, 0, 9007199254740991,
    ])
    for (const value of [-1, 1.5, '9007199254740992', '', null, true, '1e3', Number.NaN]) {
      expect(() => bytes(value, 'a')).toThrow(Refusal)
    }
  })

  it('are times as ISO 8601 or as milliseconds', () => {
    const at = Date.UTC(2021, 1, 1, 8, 15, 58)
    expect(time({ t: '2021-02-01T08:15:58.000Z' }, 't')).toBe(at)
    expect(time({ t: at }, 't')).toBe(at)
    expect(time({ t: String(at) }, 't')).toBe(at)
    expect(time({}, 't')).toBeUndefined()
    for (const value of ['tomorrow', {}, 1e20]) expect(() => time({ t: value }, 't')).toThrow(Refusal)
  })

  it('are lists of strings, and only their own', () => {
    expect(texts({ a: ['x'] }, 'a')).toEqual(['x'])
    expect(texts({ a: null }, 'a')).toBeUndefined()
    expect(texts({}, 'constructor')).toBeUndefined()
    expect(() => texts({ a: ['x', 1] }, 'a')).toThrow(Refusal)
  })
})
