import { describe, expect, it } from 'vitest'
import { ACTIONS, ALL_ACTIONS, onConflict } from '../../engine/index.ts'
import { categoryOf, extensionOf, typeOf } from './media.ts'
import { actionList, checkNameModeOf, conflictOf, parseRevision, parseUpload, revisionOf, uploadIdOf } from './terms.ts'

const FILE_ID = '0123456789abcdef0123456789abcdef01234567'

describe('revision ids', () => {
  it('are 40 to 50 hex digits and come back to the version', () => {
    expect(revisionOf(FILE_ID, 3)).toMatch(/^[0-9a-f]{40,50}$/)
    expect([1, 3, 0xffffffff].map((version) => parseRevision(FILE_ID, revisionOf(FILE_ID, version)))).toEqual([
      1, 3, 0xffffffff,
    ])
  })

  it('are empty for folders', () => {
    expect(revisionOf(FILE_ID, 0)).toBe('')
  })

  it('of another file, or cut short, mean nothing', () => {
    expect(parseRevision(FILE_ID.replace('0', '1'), revisionOf(FILE_ID, 3))).toBeUndefined()
    expect(parseRevision(FILE_ID, revisionOf(FILE_ID, 3).slice(0, -1))).toBeUndefined()
    expect(parseRevision(FILE_ID, FILE_ID)).toBeUndefined()
  })
})

describe('upload ids', () => {
  it('are upper case outside and lower case inside', () => {
    const id = parseUpload('ABCDEF0123456789ABCDEF0123456789')!
    expect(id).toBe('abcdef0123456789abcdef0123456789')
    expect(uploadIdOf(id)).toBe('ABCDEF0123456789ABCDEF0123456789')
    expect(parseUpload('ABCDEF')).toBeUndefined()
  })
})

describe('check_name_mode', () => {
  it('is ignore unless said otherwise, and wins over the older auto_rename', () => {
    expect(checkNameModeOf({})).toBe('ignore')
    expect(checkNameModeOf({ auto_rename: true })).toBe('auto_rename')
    expect(checkNameModeOf({ auto_rename: true, check_name_mode: 'refuse' })).toBe('refuse')
  })

  it('maps to twins, another name, or nothing', () => {
    expect(conflictOf('ignore')).toEqual(onConflict('duplicate'))
    expect(conflictOf('auto_rename')).toEqual(onConflict('rename'))
    expect(conflictOf('refuse')).toEqual(onConflict('fail'))
  })
})

describe('action_list', () => {
  it('is empty without rights and whole with all of them', () => {
    expect(actionList('file', 0)).toEqual([])
    expect(actionList('folder', ALL_ACTIONS)).toHaveLength(10)
  })

  it('shows creating in a folder only to those who may put both files and folders there', () => {
    expect(actionList('folder', ACTIONS.upload)).not.toContain('FILE.CREATE')
    expect(actionList('folder', ACTIONS.upload | ACTIONS.newEmpty)).toContain('FILE.CREATE')
    expect(actionList('file', ACTIONS.replace)).toContain('FILE.CREATE')
  })
})

describe('extensions', () => {
  it('are lower case, without the dot, and empty where there is none', () => {
    expect(['A.JPG', 'a.tar.gz', '.hidden', 'none', 'a.'].map(extensionOf)).toEqual(['jpg', 'gz', '', '', ''])
  })

  it('tell category and type', () => {
    expect(['jpg', 'mp4', 'mp3', 'pdf', 'zip', 'apk', 'xyz', ''].map(categoryOf)).toEqual(
      'image video audio doc zip app others others'.split(' '),
    )
    expect([typeOf('png'), typeOf('constructor')]).toEqual(['image/png', undefined])
  })
})
