/** Folders made, files and folders looked up, listed and renamed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dentry, grant, READER, type Session, startSession } from './session.ts'

let session: Session
let space: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
})
afterAll(() => session.stop())

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

describe('addFolder', () => {
  it('answers a folder without size, version and extension', async () => {
    const { dentry } = await session.call('addFolder', [space, '0'], { name: '  spaced out ' })
    expect(dentry).toEqual({
      id: expect.stringMatching(/^[0-9]+$/),
      spaceId: space,
      parentId: '0',
      type: 'FOLDER',
      name: 'spaced out',
      path: '/spaced out',
      status: 'NORMAL',
      creatorId: 'admin',
      modifierId: 'admin',
      createTime: expect.stringMatching(TIME),
      modifiedTime: expect.stringMatching(TIME),
      properties: { readOnly: false },
      uuid: expect.stringMatching(/^[0-9a-f]{32}$/),
      partitionType: 'PUBLIC_OSS_PARTITION',
      storageDriver: 'DINGTALK',
    })
  })

  it('evades a taken name, finds the existing folder or fails, as asked', async () => {
    const first = await session.folder(space, '0', 'again')
    expect(await session.folder(space, '0', 'again')).toMatchObject({ name: 'again(1)' })
    const add = (conflictStrategy: string) => ({ name: 'again', option: { conflictStrategy } })
    for (const strategy of ['RETURN_DENTRY_IF_EXISTS', 'OVERWRITE'])
      expect(await session.call('addFolder', [space, '0'], add(strategy))).toMatchObject({ dentry: { id: first.id } })
    expect(await session.refused('addFolder', [space, '0'], add('RETURN_ERROR_IF_EXISTS'))).toMatchObject({
      statusCode: 400,
      code: 'dentryAlreadyExist',
    })
    expect(await session.refused('addFolder', [space, '0'], add('X'))).toMatchObject({
      code: 'paramError.conflictStrategy',
    })
  })

  it('refuses names the vendor forbids', async () => {
    const before = await session.picture()
    const names = ['', ' ', 'a*b', 'a"b', 'a<b', 'a>b', 'a|b', 'a\tb', 'a/b', 'a\\b', 'end.', '..', 'x'.repeat(256)]
    const errors = await Promise.all(names.map((name) => session.refused('addFolder', [space, '0'], { name })))
    expect(errors.map(({ code }) => code)).toEqual(names.map(() => 'dentryNameIllegal'))
    expect(await session.picture()).toEqual(before)
  })

  it('refuses a parent that is missing, a file, or closed to the operator', async () => {
    const file = await session.file(space, '0', 'no parent')
    const add = (parent: string, unionId = 'admin') =>
      session.refused('addFolder', [space, parent], { name: 'x', unionId })
    expect((await add('999999999999')).code).toBe('dentryNotExist')
    expect((await add(file.id)).code).toBe('paramError.parentId')
    expect((await add('abc')).code).toBe('paramError.parentId')
    expect(await add('0', 'alice')).toMatchObject({ statusCode: 403, code: 'permissionDenied' })
  })

  it('keeps an app’s properties', async () => {
    const appProperties = [{ name: 'colour', value: 'red', visibility: 'PRIVATE' }]
    const option = { appProperties }
    const { dentry } = await session.call<{ dentry: Dentry }>('addFolder', [space, '0'], { name: 'coloured', option })
    expect(dentry.appProperties).toEqual({ dingdemo: appProperties })
    const again = await session.call('getDentry', [space, dentry.id])
    expect(again).toMatchObject({ dentry: { appProperties: { dingdemo: appProperties } } })
    const many = { appProperties: Array(4).fill(appProperties[0]) }
    expect((await session.refused('addFolder', [space, '0'], { name: 'x', option: many })).code).toBe('paramError')
  })
})

describe('getDentry and getDentries', () => {
  it('show the root as "0", without a parent', async () => {
    const { dentry } = await session.call<{ dentry: Dentry }>('getDentry', [space, '0'])
    expect(dentry).toMatchObject({ id: '0', spaceId: space, type: 'FOLDER', path: '/', name: 'demo' })
    expect(dentry).not.toHaveProperty('parentId')
  })

  it('show a file with all the vendor shows', async () => {
    const folder = await session.folder(space, '0', 'shown')
    const file = await session.file(space, folder.id, 'photo.final.JPG', Buffer.from('123'))
    const { dentry } = await session.call<{ dentry: Dentry }>('getDentry', [space, file.id])
    expect(dentry).toMatchObject({
      id: file.id,
      parentId: folder.id,
      type: 'FILE',
      size: 3,
      version: 1,
      extension: 'JPG',
      path: '/shown/photo.final.JPG',
    })
    expect(dentry).not.toHaveProperty('category')
  })

  it('answer each id in order, missing ones too', async () => {
    const folder = await session.folder(space, '0', 'each')
    const dentryIds = [folder.id, '999999999999', '0', folder.id]
    const { resultItems } = await session.call<{ resultItems: { dentry?: Dentry }[] }>('getDentries', [space], {
      dentryIds,
    })
    expect(resultItems).toMatchObject([
      { spaceId: space, dentryId: folder.id, success: true, dentry: { id: folder.id } },
      { spaceId: space, dentryId: '999999999999', success: false, errorCode: 'dentryNotExist' },
      { dentryId: '0', success: true, dentry: { path: '/' } },
      { dentryId: folder.id, success: true },
    ])
    expect(resultItems[1]).not.toHaveProperty('dentry')
    const many = { dentryIds: Array(31).fill(folder.id) }
    expect((await session.refused('getDentries', [space], many)).code).toBe('paramError.dentryIds')
  })

  it('deny each item to whoever may not see it, in a batch as alone', async () => {
    const shown = await session.folder(space, '0', 'shown to alice')
    const hidden = await session.folder(space, '0', 'hidden from alice')
    await grant(session, space, shown.id, 'alice', READER)
    const fields = { dentryIds: [shown.id, hidden.id], unionId: 'alice' }
    expect(await session.call('getDentries', [space], fields)).toMatchObject({
      resultItems: [{ success: true }, { success: false, errorCode: 'permissionDenied' }],
    })
    expect(await session.refused('getDentry', [space, hidden.id], { unionId: 'alice' })).toMatchObject({
      statusCode: 403,
      code: 'permissionDenied',
    })
  })

  it('do not find a node under another space', async () => {
    const folder = await session.folder(space, '0', 'elsewhere')
    expect(await session.refused('getDentry', [session.spaces.alice, folder.id])).toMatchObject({
      statusCode: 404,
      code: 'dentryNotExist',
    })
  })

  it('do not show a drive’s hidden folders', async () => {
    const [drive] = await session.engine.drives(session.admin, [Number(space) as never])
    for (const id of [drive?.trash, drive?.grave])
      expect((await session.refused('getDentry', [space, String(id)])).code).toBe('dentryNotExist')
  })
})

describe('listDentries', () => {
  it('pages through a folder in every order, each child once', async () => {
    const folder = await session.folder(space, '0', 'paged')
    for (const [i, name] of ['b', 'a', 'd', 'c', 'e'].entries())
      await session.file(space, folder.id, name, Buffer.alloc(i))
    const pages = async (orderBy: string, order: string) => {
      const names: string[] = []
      let nextToken: string | undefined
      do {
        const fields = { parentId: folder.id, maxResults: 2, orderBy, order, ...(nextToken ? { nextToken } : {}) }
        const page = await session.call<{ dentries: Dentry[]; nextToken?: string }>('listDentries', [space], fields)
        expect(page.dentries.length).toBeLessThanOrEqual(2)
        names.push(...page.dentries.map(({ name }) => name))
        nextToken = page.nextToken
      } while (nextToken)
      return names.join('')
    }
    expect(await pages('NAME', 'ASC')).toBe('abcde')
    expect(await pages('NAME', 'DESC')).toBe('edcba')
    expect(await pages('SIZE', 'ASC')).toBe('badce')
    expect(await pages('CREATE_TIME', 'ASC')).toBe('badce')
    expect(await pages('MODIFIED_TIME', 'DESC')).toBe('ecdab')
  })

  it('shows a category for files only', async () => {
    const folder = await session.folder(space, '0', 'categories')
    await session.file(space, folder.id, 'a.mp4')
    await session.folder(space, folder.id, 'b')
    const fields = { parentId: folder.id, orderBy: 'NAME', order: 'ASC' }
    const { dentries } = await session.call<{ dentries: Dentry[] }>('listDentries', [space], fields)
    expect(dentries.map(({ category }) => category)).toEqual(['VIDEO', undefined])
  })

  it('refuses what it cannot read', async () => {
    const wrong: [object, string][] = [
      [{ maxResults: 0 }, 'paramError.maxResults'],
      [{ maxResults: 51 }, 'paramError.maxResults'],
      [{ orderBy: 'COLOUR' }, 'paramError.orderBy'],
      [{ order: 'UP' }, 'paramError'],
      [{ nextToken: 'abc' }, 'paramError'],
      [{ nextToken: '999999999999' }, 'paramError'],
      [{ parentId: 'x' }, 'paramError.parentId'],
      [{ parentId: '999999999999' }, 'dentryNotExist'],
    ]
    const codes = await Promise.all(
      wrong.map(([fields]) => session.refused('listDentries', [space], { parentId: '0', ...fields })),
    )
    expect(codes.map(({ code }) => code)).toEqual(wrong.map(([, code]) => code))
    const path = `/v1.0/storage/spaces/${space}/dentries?unionId=admin`
    expect((await session.raw('GET', path)).body.code).toBe('MissingparentId')
  })
})

describe('renameDentry', () => {
  it('keeps the id and the uuid', async () => {
    const file = await session.file(space, '0', 'before.txt')
    const { dentry } = await session.call('renameDentry', [space, file.id], { newName: 'after.md' })
    expect(dentry).toMatchObject({ id: file.id, uuid: file.uuid, name: 'after.md', extension: 'md' })
  })

  it('refuses a taken or forbidden name, the root, and a stranger', async () => {
    const file = await session.file(space, '0', 'taken.txt')
    const other = await session.file(space, '0', 'other.txt')
    const before = await session.picture()
    const rename = (id: string, newName: string, unionId = 'admin') =>
      session.refused('renameDentry', [space, id], { newName, unionId })
    expect((await rename(other.id, 'taken.txt')).code).toBe('dentryAlreadyExist')
    expect((await rename(file.id, 'a|b')).code).toBe('paramError.name')
    expect((await rename(file.id, 'x'.repeat(256))).code).toBe('paramError.name')
    expect((await rename('0', 'root')).code).toBe('paramError.dentryId')
    expect((await rename('999999999999', 'x')).code).toBe('dentryNotExist')
    expect((await rename(file.id, 'x', 'alice')).code).toBe('permissionDenied')
    expect(await session.picture()).toEqual(before)
  })
})
