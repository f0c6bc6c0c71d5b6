import { describe, expect, it } from 'vitest'
import { isIllegalSegment, match, type Operation, queryOf, segmentsOf, splitPath } from './call.ts'
import { Refusal } from './error.ts'

const operation = (path: string, flag?: string): Operation => ({
  operation: `${path}?${flag ?? ''}`,
  coverage: 'done',
  method: 'GET',
  path,
  ...(flag ? { flag } : {}),
  handle: async () => ({ status: 200 }),
})

const found = (target: string, operations: Operation[]) => match(operations, segmentsOf(target), queryOf(target))

describe('a target is split into segments', () => {
  const cases: [target: string, segments: string[]][] = [
    ['/api/v1/file/lib/-/foo/bar%20dir/1+2%26%E4%B8%AD.txt', ['file', 'lib', '-', 'foo', 'bar dir', '1+2&中.txt']],
    ['/api/v1/file/lib/-/foo%2Fbar%2F', ['file', 'lib', '-', 'foo/bar/']],
    ['/api/v1//file//lib/-//?x=/y', ['file', 'lib', '-']],
    ['/api/v1/task/lib/-/17%2C18#2', ['task', 'lib', '-', '17,18']],
    ['/api/v1/file/lib/-/100%2525', ['file', 'lib', '-', '100%25']],
    ['/api/v1/', []],
    ['/api/v1', []],
  ]
  for (const [target, segments] of cases) {
    it(target, () => expect(segmentsOf(target)).toEqual(segments))
  }

  it('and refused when it is not encoded UTF-8', () => {
    for (const path of ['%', '%4', '%zz', '%c0%af', '%e4%b8']) {
      expect(() => segmentsOf(`/api/v1/file/lib/-/${path}`)).toThrow(Refusal)
    }
  })
})

describe('an operation is found', () => {
  it('by its path, whose last part may be empty or hold slashes', () => {
    const operations = [operation('file/{lib}/{space}/{path*}')]
    expect(found('/api/v1/file/l/s', operations)).toMatchObject({ params: { lib: 'l', space: 's' }, path: [] })
    expect(found('/api/v1/file/l/s/%2F', operations)?.path).toEqual([])
    expect(found('/api/v1/file/l/s/%2Fa%2F/b', operations)?.path).toEqual(['a', 'b'])
    expect(found('/api/v1/file/l', operations)).toBeUndefined()
    expect(found('/api/v1/other/l/s', operations)).toBeUndefined()
  })

  it('by a flag, wherever it stands and whatever its value', () => {
    const [flagged, plain] = [operation('file/{lib}', 'move'), operation('file/{lib}')]
    for (const query of ['move', 'move=', 'move=1', 'x=1&move', 'move&x=1', 'x&move=0&y']) {
      expect(found(`/api/v1/file/l?${query}`, [flagged, plain])?.operation).toBe(flagged)
    }
    for (const query of ['', 'x=move', 'remove', 'Move']) {
      expect(found(`/api/v1/file/l?${query}`, [flagged, plain])?.operation).toBe(plain)
    }
  })

  it('by literal words before named places', () => {
    const operations = [operation('space/{lib}/list'), operation('space/{lib}/{space}')]
    expect(found('/api/v1/space/l/list', operations)?.operation).toBe(operations[0])
    expect(found('/api/v1/space/l/lists', operations)?.params).toEqual({ lib: 'l', space: 'lists' })
    expect(found('/api/v1/space/l/a/b', operations)).toBeUndefined()
  })
})

describe('paths in bodies', () => {
  it('lose slashes that separate nothing, and keep everything else', () => {
    expect(splitPath('//a/b%2Fc//d /')).toEqual(['a', 'b%2Fc', 'd '])
    expect(splitPath('/')).toEqual([])
  })

  it('may not climb, nor hold what no name can hold', () => {
    expect(['.', '..', 'a\0', '\ud800'].filter(isIllegalSegment)).toHaveLength(4)
    expect(['...', '.a', 'a.', ' ', '..a', 'a:b'].filter(isIllegalSegment)).toEqual([])
  })
})

describe('the words of a query', () => {
  it('are found in any spelling, and as they are written', () => {
    const query = queryOf('/api/v1/x?orderBy=name&order-by-type=desc&by-page&page_size=7&pageSize=9&setEnabled')
    expect(query.get('order_by')).toBe('name')
    expect(query.get('order_by_type')).toBe('desc')
    expect([query.has('by-page'), query.has('setEnabled')]).toEqual([true, true])
    expect(query.get('page_size')).toBe('7')
    expect([...queryOf('/api/v1/x')]).toEqual([])
  })
})
