/** batchRemove as the vendor's page describes it, driven by the vendor's own client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ResultItem, type Session, startSession } from './session.ts'

let session: Session
let space: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
})
afterAll(() => session.stop())

async function batchRemove(dentryIds: readonly string[], option?: object) {
  const fields = { dentryIds, ...(option ? { option } : {}) }
  return (await session.call<{ resultItems: ResultItem[] }>('deleteDentries', [space], fields)).resultItems
}

async function trashed(): Promise<string[]> {
  const fields = { recycleBinScope: 'SPACE', scopeId: space }
  const { recycleBin } = await session.call<{ recycleBin: { id: string } }>('getRecycleBin', [], fields)
  const { recycleItems } = await session.call<{ recycleItems: { originalName: string }[] }>('listRecycleItems', [
    recycleBin.id,
  ])
  return recycleItems.map((item) => item.originalName)
}

describe('batchRemove', () => {
  it('destroys at once unless told otherwise', async () => {
    const [file, folder] = [await session.file(space, '0', 'gone.txt'), await session.folder(space, '0', 'gone')]
    expect(await batchRemove([file.id, folder.id])).toEqual(
      [file, folder].map(({ id }) => ({ spaceId: space, dentryId: id, async: false, success: true })),
    )
    expect(await session.names(space)).toEqual([])
    expect(await trashed()).toEqual([])
  })

  it('puts into the recycle bin when asked to', async () => {
    const file = await session.file(space, '0', 'kept.txt')
    expect(await batchRemove([file.id], { toRecycleBin: true })).toMatchObject([{ async: false, success: true }])
    expect(await session.names(space)).toEqual([])
    expect(await trashed()).toEqual(['kept.txt'])
    expect(await session.refused('getDentry', [space, file.id])).toMatchObject({ code: 'dentryNotExist' })
  })

  it('answers a folder with children as a task, without success, errorCode or targets', async () => {
    const folder = await session.folder(space, '0', 'full')
    await session.file(space, folder.id, 'child')
    const [item] = await batchRemove([folder.id])
    expect(item).toEqual({ spaceId: space, dentryId: folder.id, async: true, taskId: expect.stringMatching(/^\d+$/) })
    expect(await session.call('getTask', [item?.taskId ?? ''])).toMatchObject({ task: { status: 'SUCCESS' } })
    expect(await session.names(space)).toEqual([])
  })

  it('finds a dentry asked twice, or gone with its folder, no more', async () => {
    const folder = await session.folder(space, '0', 'outer')
    const child = await session.file(space, folder.id, 'child')
    const file = await session.file(space, '0', 'twice')
    const items = await batchRemove([file.id, file.id, folder.id, child.id])
    expect(items.map(({ errorCode }) => errorCode)).toEqual([undefined, 'dentryNotExist', undefined, 'dentryNotExist'])
    expect(items.map((item) => item.async)).toEqual([false, false, true, false])
    expect(await session.names(space)).toEqual([])
  })

  it('takes fifty and no more', async () => {
    const folder = await session.folder(space, '0', 'fifty')
    const made = await Promise.all(Array.from({ length: 51 }, (_, i) => session.folder(space, folder.id, `${i}`)))
    const ids = made.map(({ id }) => id)
    const before = await session.picture()
    expect(await session.refused('deleteDentries', [space], { dentryIds: ids })).toMatchObject({
      statusCode: 400,
      code: 'paramError.dentryIds',
    })
    expect(await session.picture()).toEqual(before)
    expect(await batchRemove(ids.slice(0, 50))).toHaveLength(50)
    expect(await session.names(space, folder.id)).toEqual(['50'])
  })
})

describe('the single delete', () => {
  it('takes toRecycleBin from the query', async () => {
    const [kept, gone] = [await session.file(space, '0', 'single kept'), await session.file(space, '0', 'single gone')]
    expect(await session.call('deleteDentry', [space, kept.id], { toRecycleBin: true })).toEqual({ async: false })
    expect(await session.call('deleteDentry', [space, gone.id])).toEqual({ async: false })
    expect(await trashed()).toContain('single kept')
    expect(await trashed()).not.toContain('single gone')
  })

  it('answers a folder with children as a task', async () => {
    const folder = await session.folder(space, '0', 'single full')
    await session.folder(space, folder.id, 'child')
    const answer = await session.call('deleteDentry', [space, folder.id])
    expect(answer).toEqual({ async: true, taskId: expect.stringMatching(/^\d+$/) })
  })

  it('fails as a call', async () => {
    expect(await session.refused('deleteDentry', [space, '999999999999'])).toMatchObject({
      statusCode: 404,
      code: 'dentryNotExist',
    })
    expect(await session.refused('deleteDentry', [space, 'x'])).toMatchObject({ statusCode: 400, code: 'paramError' })
  })
})
