import { describe, expect, it } from 'vitest'
import { cleanName, type DriveId, nameProblem, onConflict } from '../../engine/index.ts'
import { bareId, categoryOf, conflictOf, extensionOf, NAMING, orderOf, parseId, parseRef, timeText } from './terms.ts'

const DRIVE = 7 as DriveId

describe('ids', () => {
  it('reads decimal digits without leading zeros', () => {
    expect(parseId('220000000001')).toBe(220000000001)
  })

  it('refuses whatever is not written so', () => {
    const wrong = ['', '0', '01', '-1', '1.5', '1e3', ' 1', '0x1', 'abc', '1'.repeat(20), 1, null, undefined, ['1'], {}]
    expect(wrong.map((value) => parseId(value))).toEqual(wrong.map(() => undefined))
  })

  it('reads a number that was never handed out as one that does not exist, not as malformed', () => {
    expect(parseId('9223372036854775807')).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('takes "0" for the root of the space', () => {
    expect(parseRef(DRIVE, '0')).toEqual({ drive: 7, path: [] })
    expect(parseRef(DRIVE, '12')).toEqual({ drive: 7, id: 12 })
    expect(parseRef(DRIVE, 0)).toBeUndefined()
  })

  it('shows a user without our prefix', () => {
    expect(bareId('user:alice:iEiE')).toBe('alice:iEiE')
    expect(bareId('everyone')).toBe('everyone')
  })
})

describe('words', () => {
  it('renames unless told otherwise', () => {
    expect(conflictOf(undefined)).toEqual(onConflict('rename'))
    expect(conflictOf('OVERWRITE')).toEqual(onConflict('replace', 'version'))
    expect(conflictOf('RETURN_DENTRY_IF_EXISTS')).toEqual(onConflict('reuse'))
    expect(conflictOf('RETURN_ERROR_IF_EXISTS')).toEqual(onConflict('fail'))
  })

  it('knows no strategy and no order but the vendor’s, names of object members among them', () => {
    for (const word of ['auto_rename', '', 'constructor', '__proto__', 1, true]) {
      expect(conflictOf(word)).toBeUndefined()
      expect(orderOf(word)).toBeUndefined()
    }
  })

  it('writes times in UTC, in whole seconds', () => {
    expect(timeText(Date.UTC(2022, 6, 29, 14, 55, 1, 999))).toBe('2022-07-29T14:55:01Z')
  })

  it('tells a file’s extension and category', () => {
    expect(['a.b.JPG', 'x.tar.gz', 'none', 'dot.'].map(extensionOf)).toEqual(['JPG', 'gz', '', ''])
    expect(['a.JPG', 'x.gz', 'y.adoc', 'none', 'z.weird'].map(categoryOf)).toEqual([
      'IMAGE',
      'ARCHIVE',
      'ALI_DOC',
      'OTHER',
      'OTHER',
    ])
  })
})

describe('names', () => {
  const problem = (name: string) => nameProblem(cleanName(name, NAMING), NAMING)

  it('trims spaces and accepts what the vendor accepts', () => {
    expect(cleanName('  a b  ', NAMING)).toBe('a b')
    expect(['a:b?.txt', '报告.docx', '.hidden', 'x'.repeat(255), '名'.repeat(255)].map(problem)).toEqual(
      Array(5).fill(''),
    )
  })

  it('refuses the forbidden characters, a dot at the end and names too long', () => {
    const wrong = ['a\tb', 'a*', 'a"', 'a<', 'a>', 'a|', 'a/b', 'a\\b', 'end.', 'end. ']
    expect(wrong.map(problem)).toEqual(wrong.map(() => 'forbidden'))
    expect(problem('x'.repeat(256))).toBe('too_long')
    expect([problem(''), problem('   '), problem('..')]).toEqual(['empty', 'empty', 'reserved'])
  })
})
