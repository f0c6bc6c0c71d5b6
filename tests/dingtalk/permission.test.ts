/** Roles given and taken, and what each of them permits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dentry, type Session, startSession } from './session.ts'

let session: Session
let space: string
let offsetMs = 0

beforeAll(async () => {
  session = await startSession({ clock: () => Date.now() + offsetMs })
  space = session.spaces.admin
})
afterAll(() => session.stop())

const ALICE = { type: 'USER', id: 'alice' }

async function give(dentry: string, roleId: string, more: object = {}): Promise<void> {
  const fields = { roleId, members: [ALICE], ...more }
  expect(await session.call('addPermission', [space, dentry], fields)).toEqual({ success: true })
}

/** The code with which alice is refused, or 'done'. */
async function attempt(method: string, path: readonly string[], fields: object = {}): Promise<string> {
  return session.call(method, path, { ...fields, unionId: 'alice' }).then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
}

const DENIED = 'permissionDenied'

describe('a role', () => {
  const rights: [string, string[]][] = [
    ['READER', ['done', DENIED, DENIED, DENIED, DENIED]],
    ['DOWNLOADER', ['done', 'done', DENIED, DENIED, DENIED]],
    ['EDITOR', ['done', 'done', 'done', DENIED, DENIED]],
    ['MANAGER', ['done', 'done', 'done', 'done', 'done']],
  ]

  it.each(rights)('of a %s permits what the vendor’s matrix says', async (role, outcomes) => {
    const folder = await session.folder(space, '0', `for ${role}`)
    const file = await session.file(space, folder.id, 'file.txt')
    expect(await attempt('getDentry', [space, file.id])).toBe(DENIED)
    await give(folder.id, role)
    expect([
      await attempt('getDentry', [space, file.id]),
      await attempt('getFileDownloadInfo', [space, file.id]),
      await attempt('addFolder', [space, folder.id], { name: 'new' }),
      await attempt('renameDentry', [space, file.id], { newName: 'renamed.txt' }),
      await attempt('deleteDentry', [space, file.id]),
    ]).toEqual(outcomes)
  })

  it('is changed and taken away again', async () => {
    const folder = await session.folder(space, '0', 'changing')
    await give(folder.id, 'EDITOR')
    const fields = { roleId: 'READER', members: [ALICE] }
    expect(await session.call('updatePermission', [space, folder.id], fields)).toEqual({ success: true })
    expect(await attempt('addFolder', [space, folder.id], { name: 'x' })).toBe(DENIED)
    expect(await attempt('getDentry', [space, folder.id])).toBe('done')
    expect(await session.call('deletePermission', [space, folder.id], fields)).toEqual({ success: true })
    expect(await attempt('getDentry', [space, folder.id])).toBe(DENIED)
  })

  it('may be given to the whole organization, on the whole space, by uuid', async () => {
    const [{ dentry: root }, folder] = [
      await session.call<{ dentry: Dentry }>('getDentry', [space, '0']),
      await session.folder(space, '0', 'for everyone'),
    ]
    const fields = { roleId: 'READER', members: [{ type: 'ORG', id: 'demo' }] }
    expect(await session.call('addPermission', [root.uuid], fields, 'storage2')).toEqual({ success: true })
    expect(await attempt('getDentry', [space, folder.id])).toBe('done')
    await session.call('deletePermission', [root.uuid], fields, 'storage2')
    expect(await attempt('getDentry', [space, folder.id])).toBe(DENIED)
  })

  it('is temporary in an app’s space, where the app decides', async () => {
    const option = { scene: 'temporary', sceneId: '1', ownerType: 'APP' }
    const { space: own } = await session.call<{ space: { id: string } }>('addSpace', [], { option, unionId: 'alice' })
    expect(await attempt('addFolder', [own.id, '0'], { name: 'x' })).toBe(DENIED)
    const fields = { roleId: 'MANAGER', members: [ALICE], unionId: 'alice' }
    expect((await session.refused('addPermission', [own.id, '0'], fields)).code).toBe('paramError')
    await session.call('addPermission', [own.id, '0'], { ...fields, option: { duration: 600 } })
    expect(await attempt('addFolder', [own.id, '0'], { name: 'x' })).toBe('done')
    offsetMs += 601_000
    expect(await attempt('addFolder', [own.id, '0'], { name: 'y' })).toBe(DENIED)
    expect(await session.names(own.id)).toEqual(['x'])
  })
})

describe('a role that is refused', () => {
  it('has a wrong role, member, dentry or duration, and changes nothing', async () => {
    const folder = await session.folder(space, '0', 'refused')
    const before = await session.picture()
    const code = async (more: object, dentry = folder.id) =>
      (await session.refused('addPermission', [space, dentry], { roleId: 'READER', members: [ALICE], ...more })).code
    expect(await code({ roleId: 'KING' })).toBe('paramError.roleId')
    expect(await code({ members: [] })).toBe('paramError')
    expect(await code({ members: Array(31).fill(ALICE) })).toBe('paramError')
    for (const type of ['CONVERSATION', 'constructor', 'user'])
      expect(await code({ members: [{ type, id: 'alice' }] })).toBe('paramError.permissionMemberType')
    expect(await code({ members: [ALICE, { type: 'USER', id: 'nobody' }] })).toBe('paramError')
    expect(await code({ members: [{ type: 'ORG', id: 'other' }] })).toBe('paramError')
    expect(await code({ members: [{ type: 'USER' }] })).toBe('Missingid')
    expect(await code({ option: { duration: 60 } })).toBe('paramError')
    expect(await code({}, '999999999999')).toBe('dentryNotExist')
    expect(await attempt('getDentry', [space, folder.id])).toBe('permissionDenied')
    expect(await session.picture()).toEqual(before)
  })

  it('is given by somebody who is no manager', async () => {
    const folder = await session.folder(space, '0', 'no manager')
    await give(folder.id, 'EDITOR')
    const fields = { roleId: 'MANAGER', members: [ALICE], unionId: 'alice' }
    expect(await session.refused('updatePermission', [space, folder.id], fields)).toMatchObject({
      statusCode: 403,
      code: 'permissionDenied',
    })
    expect(await attempt('renameDentry', [space, folder.id], { newName: 'mine' })).toBe('permissionDenied')
  })
})

describe('an app’s properties', () => {
  const property = (name: string, value: string) => ({ name, value, visibility: 'PUBLIC' })

  it('are written by name, three at most, and removed', async () => {
    const file = await session.file(space, '0', 'with properties')
    const write = (...appProperties: object[]) => ({ appProperties })
    const shown = async () => {
      const { dentry } = await session.call<{ dentry: Dentry }>('getDentry', [space, file.id])
      return dentry.appProperties
    }
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => property(name, name))
    await session.call('updateDentryAppProperties', [space, file.id], write(a!, b!))
    await session.call('updateDentryAppProperties', [space, file.id], write(property('a', 'new'), c!))
    expect(await shown()).toEqual({ dingdemo: [property('a', 'new'), b, c] })
    expect((await session.refused('updateDentryAppProperties', [space, file.id], write(d!))).code).toBe(
      'dentryAppPropertiesNumberExceedsLimit',
    )
    const names = { propertyNames: ['a', 'b', 'unknown'] }
    expect(await session.call('deleteDentryAppProperties', [space, file.id], names)).toEqual({ success: true })
    expect(await shown()).toEqual({ dingdemo: [c] })
    await session.call('deleteDentryAppProperties', [space, file.id], { propertyNames: ['c'] })
    expect(await shown()).toBeUndefined()
    expect(await attempt('updateDentryAppProperties', [space, file.id], write(a!))).toBe('permissionDenied')
  })
})

describe('the organization', () => {
  it('tells what all its spaces hold', async () => {
    await session.file(space, '0', 'counted', Buffer.alloc(1000))
    const { org } = await session.call<{ org: { partitions: { quota: { used: number } }[] } }>('getOrg', ['demo'])
    expect(org).toMatchObject({ corpId: 'demo', partitions: [{ partitionType: 'PUBLIC_OSS_PARTITION' }] })
    expect(org.partitions[0]?.quota.used).toBeGreaterThanOrEqual(1000)
    expect((await session.refused('getOrg', ['other'])).code).toBe('paramError')
  })
})
