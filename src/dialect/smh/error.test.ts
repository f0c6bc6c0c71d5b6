import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../engine/index.ts'
import { faultOf } from './error.ts'

const about = { kind: 'any', source: false } as const

describe('the fault of a failed op', () => {
  it('is there for every code of the engine, with a status that fits a failure', () => {
    for (const code of ERROR_CODES) {
      const { status, message } = faultOf({ code, at: 'node', detail: '' }, about)
      expect(status, code).toBeGreaterThanOrEqual(400)
      expect(message, code).not.toBe('')
    }
  })

  it('tells files from directories, and sources from targets', () => {
    const missing = (at: string, kind: 'file' | 'folder' | 'any', source: boolean) =>
      faultOf({ code: 'node_not_found', at, detail: '' }, { kind, source }).code
    expect(missing('node', 'file', false)).toBe('FileNotFound')
    expect(missing('node', 'folder', false)).toBe('DirectoryNotFound')
    expect(missing('node', 'any', false)).toBe('PathNotFound')
    expect(missing('node', 'file', true)).toBe('SourceFileNotFound')
    expect(missing('node', 'folder', true)).toBe('SourceDirectoryNotFound')
    expect(missing('target', 'file', true)).toBe('DirectoryNotFound')
  })

  it('tells names that are too long from those that are not allowed', () => {
    const name = (detail: string, kind: 'file' | 'folder') =>
      faultOf({ code: 'name_invalid', at: 'node', detail }, { kind, source: false }).code
    expect(name('too_long', 'file')).toBe('FileNameLengthExceed')
    expect(name('too_long', 'folder')).toBe('DirectoryNameLengthExceed')
    expect(name('forbidden', 'file')).toBe('IllegalFileName')
    expect(name('reserved', 'folder')).toBe('IllegalFileName')
  })
})
