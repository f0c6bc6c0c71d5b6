import { describe, expect, it } from 'vitest'
import {
  bodyOf,
  booleanIn,
  demand,
  fieldsIn,
  integerIn,
  listIn,
  queryBooleanIn,
  queryIntegerIn,
  textIn,
  wordIn,
} from './request.ts'

/** The code with which something is refused. */
function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('a body', () => {
  it('is a JSON object or absent', () => {
    expect(bodyOf(Buffer.from('{"a":1}'))).toEqual({ a: 1 })
    expect(bodyOf(Buffer.alloc(0))).toBeUndefined()
    expect(bodyOf(undefined)).toBeUndefined()
    for (const text of ['[]', 'null', '"x"', '1', '{', '{"a":}', '\u0000'])
      expect(codeOf(() => bodyOf(Buffer.from(text)))).toBe('paramError')
  })

  it('lacks a field that is null', () => {
    expect(codeOf(() => demand({ a: null }, ['a']))).toBe('Missinga')
    expect(codeOf(() => demand({ a: 0, b: '', c: false }, ['a', 'b', 'c']))).toBe('accepted')
  })
})

describe('fields', () => {
  it('are read as what they are and nothing else', () => {
    expect(codeOf(() => textIn({ name: 1 }, 'name'))).toBe('paramError.name')
    expect(codeOf(() => booleanIn({ toRecycleBin: 'true' }, 'toRecycleBin'))).toBe('paramError')
    expect(codeOf(() => fieldsIn({ option: [] }, 'option'))).toBe('paramError')
    expect(codeOf(() => fieldsIn({ option: 'x' }, 'option'))).toBe('paramError')
    expect(codeOf(() => wordIn({ protocol: 'FTP' }, 'protocol', ['HEADER_SIGNATURE']))).toBe('paramError.protocol')
    expect([textIn({}, 'a'), booleanIn({ a: null }, 'a'), fieldsIn({}, 'a'), wordIn({}, 'a', ['b'])]).toEqual([
      undefined,
      false,
      {},
      undefined,
    ])
  })

  it('hold whole numbers within bounds', () => {
    const bounds = { min: 1, max: 50 }
    expect([1, 50].map((size) => integerIn({ size }, 'size', bounds))).toEqual([1, 50])
    for (const size of [0, 51, 1.5, Number.NaN, 2 ** 60, '5', true])
      expect(codeOf(() => integerIn({ size }, 'size', bounds))).toBe('paramError')
  })

  it('hold lists of bounded length', () => {
    const read = (element: unknown) => (typeof element === 'string' ? element : undefined)
    expect(listIn({ dentryIds: ['a'] }, 'dentryIds', 2, read)).toEqual(['a'])
    for (const dentryIds of [[], ['a', 'b', 'c'], [1], ['a', null], 'a', { 0: 'a', length: 1 }])
      expect(codeOf(() => listIn({ dentryIds }, 'dentryIds', 2, read))).toBe('paramError.dentryIds')
  })
})

describe('a query', () => {
  it('writes numbers and booleans in words', () => {
    expect(queryIntegerIn({ maxResults: '20' }, 'maxResults', { min: 1, max: 50 })).toBe(20)
    expect(queryBooleanIn({ withThumbnail: 'true' }, 'withThumbnail')).toBe(true)
    for (const maxResults of ['0', '51', 'x', '', '1.5', ['1', '2']])
      expect(codeOf(() => queryIntegerIn({ maxResults }, 'maxResults', { min: 1, max: 50 }))).toBe(
        'paramError.maxResults',
      )
    expect(codeOf(() => queryBooleanIn({ toRecycleBin: '1' }, 'toRecycleBin'))).toBe('paramError')
  })
})
