import { describe, expect, it } from 'vitest'
import { judge, rangeHolds } from './condition.ts'

const modifiedAt = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const then = new Date(modifiedAt).toUTCString()
const before = new Date(modifiedAt - 1000).toUTCString()
const validators = { etag: '"ABC"', modifiedAt }

describe('a condition', () => {
  it.each([
    [{}, 'send'],
    [{ 'if-none-match': '"ABC"' }, 'unchanged'],
    [{ 'if-none-match': '"X", W/"ABC"' }, 'unchanged'],
    [{ 'if-none-match': '*' }, 'unchanged'],
    [{ 'if-none-match': '"abc"' }, 'send'],
    [{ 'if-modified-since': then }, 'unchanged'],
    [{ 'if-modified-since': before }, 'send'],
    [{ 'if-modified-since': 'some day' }, 'send'],
    [{ 'if-none-match': '"X"', 'if-modified-since': then }, 'send'],
    [{ 'if-match': '"ABC"' }, 'send'],
    [{ 'if-match': '"X"' }, 'changed'],
    [{ 'if-unmodified-since': then }, 'send'],
    [{ 'if-unmodified-since': before }, 'changed'],
    [{ 'if-match': '"ABC"', 'if-unmodified-since': before }, 'send'],
    [{ 'if-match': '"X"', 'if-none-match': '"ABC"' }, 'changed'],
  ])('%j: %s', (headers, verdict) => {
    expect(judge(headers, validators)).toBe(verdict)
  })

  it('on a range compares the tag, or the date, exactly', () => {
    expect(rangeHolds({}, validators)).toBe(true)
    expect(rangeHolds({ 'if-range': '"ABC"' }, validators)).toBe(true)
    expect(rangeHolds({ 'if-range': 'W/"ABC"' }, validators)).toBe(false)
    expect(rangeHolds({ 'if-range': '"X"' }, validators)).toBe(false)
    expect(rangeHolds({ 'if-range': then }, validators)).toBe(true)
    expect(rangeHolds({ 'if-range': before }, validators)).toBe(false)
  })
})
