import { describe, expect, it } from 'vitest'
import { ACTIONS, ALL_ACTIONS } from '../../engine/index.ts'
import { allowedBy, kindsOf, type Verb } from './grant.ts'

const allow = (verb: Verb, grants: string, plainPurge = false) =>
  allowedBy(new Set(grants.split(',').filter(Boolean)), verb, plainPurge)

describe('the rights of a call', () => {
  it('are none when no grant is for it, and reading needs none', () => {
    for (const verb of [
      'createDirectory',
      'beginUpload',
      'confirmUpload',
      'move',
      'copy',
      'delete',
      'restore',
    ] as const) {
      expect(allow(verb, 'read_only'), verb).toBeUndefined()
    }
    expect(allow('read', '')!.file & ACTIONS.download).toBe(ACTIONS.download)
    expect(allow('read', '')!.folder & ACTIONS.upload).toBe(0)
  })

  it('are all for those who rule the space', () => {
    for (const grant of ['admin', 'space_admin']) {
      expect(allow('manage', grant)).toEqual({ file: ALL_ACTIONS, folder: ALL_ACTIONS })
    }
    expect(allow('manage', 'move_file_force,upload_file_force')).toBeUndefined()
  })

  it('come only from grants for this very call', () => {
    const moving = allow('move', 'move_file,upload_file_force,delete_file_permanent')!
    expect(moving.file & ACTIONS.move).toBe(ACTIONS.move)
    expect(moving.file & (ACTIONS.replace | ACTIONS.delete | ACTIONS.purge)).toBe(0)
    expect(moving.folder & ACTIONS.move).toBe(0)
  })

  it('include destroying where deleting destroys', () => {
    expect(allow('delete', 'delete_file')!.file & ACTIONS.purge).toBe(0)
    expect(allow('delete', 'delete_file', true)!.file & ACTIONS.purge).toBe(ACTIONS.purge)
    expect(allow('delete', 'delete_file', true)!.folder & ACTIONS.purge).toBe(0)
    expect(allow('delete', 'delete_directory_permanent')!.folder & ACTIONS.purge).toBe(ACTIONS.purge)
  })
})

describe('the kinds that may be carried', () => {
  it('follow the grants of the verb', () => {
    const kinds = (grants: string, verb: 'move' | 'copy') => kindsOf(new Set(grants.split(',')), verb)
    expect(kinds('copy_directory', 'copy')).toEqual(['folder'])
    expect(kinds('copy_file_force', 'copy')).toEqual(['file'])
    expect(kinds('copy_file,move_directory', 'move')).toEqual(['folder'])
    expect(kinds('move_file,move_directory', 'move')).toEqual(['folder', 'file'])
    expect(kinds('space_admin', 'copy')).toEqual(['folder', 'file'])
    expect(kinds('upload_file', 'copy')).toEqual([])
  })
})
