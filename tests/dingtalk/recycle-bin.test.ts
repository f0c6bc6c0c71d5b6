/** Recycle bins of a space and of the organization. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Dentry, grant, READER, type Session, startSession } from './session.ts'

interface Item {
  readonly id: string
  readonly spaceId: string
  readonly dentryId: string
  readonly originalName: string
  readonly [field: string]: unknown
}

let session: Session
let space: string
let bin: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
})
afterAll(() => session.stop())

beforeEach(async () => {
  bin = await binOf('SPACE', space)
  await session.call('clearRecycleBin', [bin])
})

async function binOf(recycleBinScope: string, scopeId: string): Promise<string> {
  const fields = { recycleBinScope, scopeId }
  return (await session.call<{ recycleBin: { id: string } }>('getRecycleBin', [], fields)).recycleBin.id
}

async function items(id = bin, fields: object = {}): Promise<Item[]> {
  return (await session.call<{ recycleItems: Item[] }>('listRecycleItems', [id], { ...fields })).recycleItems
}

async function trashed(name: string, parent = '0'): Promise<{ file: Dentry; item: Item }> {
  const file = await session.file(space, parent, name, Buffer.from(name))
  await session.call('deleteDentry', [space, file.id], { toRecycleBin: true })
  const item = (await items()).find(({ dentryId }) => dentryId === file.id)
  if (!item) throw new Error(`${name} is not in the bin`)
  return { file, item }
}

describe('a bin', () => {
  it('has an id by scope', async () => {
    const fields = { recycleBinScope: 'ORG', scopeId: 'demo' }
    const { recycleBin } = await session.call('getRecycleBin', [], fields)
    expect(recycleBin).toEqual({ id: expect.stringMatching(/^[\w-]+$/), scope: 'ORG', scopeId: 'demo' })
  })

  it('is not there for another scope, organization or space', async () => {
    const code = async (recycleBinScope: string, scopeId: string) =>
      (await session.refused('getRecycleBin', [], { recycleBinScope, scopeId })).code
    expect(await code('APP', 'dingdemo')).toBe('paramError.recycleBinScope')
    expect(await code('ORG', 'other')).toBe('recycleBinNotExist')
    expect(await code('SPACE', '999999999')).toBe('recycleBinNotExist')
    expect(await code('SPACE', 'abc')).toBe('recycleBinNotExist')
    expect((await session.refused('listRecycleItems', ['what'])).code).toBe('paramError.recycleBinId')
    expect((await session.refused('listRecycleItems', ['org-other'])).code).toBe('recycleBinNotExist')
  })
})

describe('what lies in a bin', () => {
  it('is shown with where it was and who put it away', async () => {
    const folder = await session.folder(space, '0', 'origin')
    const { file, item } = await trashed('lost.txt', folder.id)
    expect(item).toEqual({
      id: expect.stringMatching(/^[\w-]+$/),
      spaceId: space,
      dentryId: file.id,
      size: 8,
      type: 'FILE',
      originalName: 'lost.txt',
      originalPath: '/origin/lost.txt',
      operatorId: 'admin',
      operatorTime: expect.stringMatching(/Z$/),
    })
    expect(await session.call('getRecycleItem', [bin, item.id])).toEqual({ item })
    expect((await items(await binOf('ORG', 'demo'))).map(({ id }) => id)).toContain(item.id)
    expect(await items(await binOf('SPACE', session.spaces.alice))).toEqual([])
  })

  it('is listed in pages, latest first', async () => {
    const names = ['1', '2', '3']
    for (const name of names) await trashed(name)
    const first = await session.call<{ recycleItems: Item[]; nextToken: string }>('listRecycleItems', [bin], {
      maxResults: 2,
    })
    expect(first.nextToken).toMatch(/^\d+:\d+$/)
    const second = await session.call<{ recycleItems: Item[] }>('listRecycleItems', [bin], {
      maxResults: 2,
      nextToken: first.nextToken,
    })
    const shown = [...first.recycleItems, ...second.recycleItems].map(({ originalName }) => originalName)
    expect(shown).toEqual(['3', '2', '1'])
    expect(second).not.toHaveProperty('nextToken')
    expect((await session.refused('listRecycleItems', [bin], { maxResults: 51 })).code).toBe('paramError.maxResults')
    expect((await session.refused('listRecycleItems', [bin], { nextToken: 'x' })).code).toBe('paramError')
  })

  it('is not there under another space’s bin, nor for whoever may not see it', async () => {
    const { item } = await trashed('mine')
    const foreign = await binOf('SPACE', session.spaces.alice)
    expect(await session.refused('getRecycleItem', [foreign, item.id])).toMatchObject({
      statusCode: 404,
      code: 'recycleItemNotExist',
    })
    const before = await session.picture()
    const alone = await session.refused('restoreRecycleItem', [foreign, item.id])
    expect(alone.code).toBe('recycleItemNotExist')
    expect((await session.refused('deleteRecycleItem', [foreign, item.id])).code).toBe('recycleItemNotExist')
    const fields = { recycleItemIds: [item.id] }
    expect(await session.call('restoreRecycleItems', [foreign], fields)).toMatchObject({
      resultItems: [{ success: false, errorCode: 'recycleItemNotExist' }],
    })
    expect((await session.refused('getRecycleItem', [bin, item.id], { unionId: 'alice' })).code).toBe(
      'recycleItemNotExist',
    )
    expect((await session.refused('getRecycleItem', [bin, 'abc'])).code).toBe('paramError.recycleItemId')
    expect(await session.picture()).toEqual(before)
  })
})

describe('restoring', () => {
  it('brings a file back to its place with its bytes', async () => {
    const folder = await session.folder(space, '0', 'home')
    const { file, item } = await trashed('back.txt', folder.id)
    expect(await session.call('restoreRecycleItem', [bin, item.id])).toEqual({
      async: false,
      spaceId: space,
      dentryId: file.id,
    })
    expect(await session.names(space, folder.id)).toEqual(['back.txt'])
    expect(String(await session.download(space, file.id))).toBe('back.txt')
    expect(await items()).toEqual([])
  })

  it('answers each item in order, full folders as tasks', async () => {
    const folder = await session.folder(space, '0', 'full')
    await session.file(space, folder.id, 'child')
    await session.call('deleteDentry', [space, folder.id], { toRecycleBin: true })
    const [full] = await items()
    const { file, item } = await trashed('plain')
    const recycleItemIds = [full?.id, item.id, item.id]
    const { resultItems } = await session.call('restoreRecycleItems', [bin], { recycleItemIds })
    const about = { recycleBinId: bin }
    expect(resultItems).toEqual([
      {
        ...about,
        recycleItemId: full?.id,
        async: true,
        taskId: expect.stringMatching(/^\d+$/),
        spaceId: space,
        dentryId: folder.id,
      },
      { ...about, recycleItemId: item.id, async: false, success: true, spaceId: space, dentryId: file.id },
      { ...about, recycleItemId: item.id, async: false, success: false, errorCode: 'recycleItemNotExist' },
    ])
    expect(await session.names(space, folder.id)).toEqual(['child'])
  })

  it('settles a taken name as asked', async () => {
    const { item } = await trashed('contested')
    await session.file(space, '0', 'contested')
    const option = { conflictStrategy: 'RETURN_ERROR_IF_EXISTS' }
    expect((await session.refused('restoreRecycleItem', [bin, item.id], { option })).code).toBe('dentryAlreadyExist')
    const wrong = { option: { conflictStrategy: 'X' } }
    expect((await session.refused('restoreRecycleItem', [bin, item.id], wrong)).code).toBe(
      'paramError.conflictStrategy',
    )
    await session.call('restoreRecycleItem', [bin, item.id])
    expect(await session.names(space)).toEqual(expect.arrayContaining(['contested', 'contested(1)']))
  })

  it('uses the root when the folder is gone', async () => {
    const folder = await session.folder(space, '0', 'gone home')
    const { item } = await trashed('orphan', folder.id)
    await session.call('deleteDentry', [space, folder.id])
    await session.call('restoreRecycleItem', [bin, item.id])
    expect(await session.names(space)).toContain('orphan')
  })

  it('takes thirty at most', async () => {
    const { item } = await trashed('thirty')
    const fields = { recycleItemIds: Array(31).fill(item.id) }
    expect((await session.refused('restoreRecycleItems', [bin], fields)).code).toBe('paramError.recycleItemIds')
    expect((await session.refused('restoreRecycleItems', [bin], { recycleItemIds: [] })).code).toBe(
      'paramError.recycleItemIds',
    )
  })
})

describe('destroying', () => {
  it('one item', async () => {
    const { item } = await trashed('burnt')
    expect(await session.call('deleteRecycleItem', [bin, item.id])).toEqual({ success: true })
    expect(await session.refused('deleteRecycleItem', [bin, item.id])).toMatchObject({
      statusCode: 404,
      code: 'recycleItemNotExist',
    })
    expect(await items()).toEqual([])
  })

  it('many items, or none when one of them is not there', async () => {
    const made = [await trashed('m1'), await trashed('m2')]
    const ids = made.map(({ item }) => item.id)
    const before = await session.picture()
    const missing = { recycleItemIds: [...ids, `${space}-999999`] }
    expect((await session.refused('deleteRecycleItems', [bin], missing)).code).toBe('recycleItemNotExist')
    const many = { recycleItemIds: Array(51).fill(ids[0]) }
    expect((await session.refused('deleteRecycleItems', [bin], many)).code).toBe('paramError.recycleItemIds')
    expect(await session.picture()).toEqual(before)
    const fields = { recycleItemIds: [...ids, ids[0]] }
    expect(await session.call('deleteRecycleItems', [bin], fields)).toEqual({ success: true })
    expect(await items()).toEqual([])
  })

  it('is denied to whoever may only look', async () => {
    const folder = await session.folder(space, '0', 'looked at')
    await grant(session, space, folder.id, 'alice', READER)
    await session.call('deleteDentry', [space, folder.id], { toRecycleBin: true })
    const [item] = await items()
    const before = await session.picture()
    for (const method of ['deleteRecycleItem', 'restoreRecycleItem'])
      expect(await session.refused(method, [bin, item?.id ?? ''], { unionId: 'alice' })).toMatchObject({
        statusCode: 403,
        code: 'permissionDenied',
      })
    expect(await session.picture()).toEqual(before)
  })

  it('everything, with no body at all', async () => {
    await trashed('c1')
    await trashed('c2')
    const answer = await session.raw('POST', `/v1.0/storage/recycleBins/${bin}/clear?unionId=admin`)
    expect(answer).toMatchObject({ status: 200, body: { success: true } })
    expect(await items()).toEqual([])
  })
})
