/** batchCopy and the single copy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dentry, type ResultItem, type Session, startSession } from './session.ts'

let session: Session
let space: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
})
afterAll(() => session.stop())

async function batchCopy(dentryIds: readonly string[], targetFolderId: string, more: object = {}) {
  const fields = { targetSpaceId: space, targetFolderId, dentryIds, ...more }
  return (await session.call<{ resultItems: ResultItem[] }>('copyDentries', [space], fields)).resultItems
}

describe('batchCopy', () => {
  it('copies a file at once and a full folder as a task, and names the copies', async () => {
    const target = await session.folder(space, '0', 'target')
    const file = await session.file(space, '0', 'f.txt', Buffer.from('copied bytes'))
    const folder = await session.folder(space, '0', 'full')
    await session.file(space, folder.id, 'deep.txt', Buffer.from('deep bytes'))
    const [one, many, none] = await batchCopy([file.id, folder.id, '999999999999'], target.id)

    expect(one).toMatchObject({ dentryId: file.id, async: false, success: true, targetSpaceId: space })
    expect(many).toMatchObject({ dentryId: folder.id, async: true, taskId: expect.any(String) })
    expect(many).not.toHaveProperty('success')
    expect(none).toMatchObject({ success: false, errorCode: 'dentryNotExist' })
    expect(none).not.toHaveProperty('targetDentryId')
    expect([one?.targetDentryId, many?.targetDentryId]).not.toContain(file.id)
    expect(String(await session.download(space, one?.targetDentryId ?? ''))).toBe('copied bytes')
    const fields = { parentId: many?.targetDentryId }
    const { dentries } = await session.call<{ dentries: Dentry[] }>('listDentries', [space], fields)
    expect(String(await session.download(space, dentries[0]?.id ?? ''))).toBe('deep bytes')
    expect(await session.names(space)).toEqual(['f.txt', 'full', 'target'])
  })

  it('gives a copy beside its original a number', async () => {
    const folder = await session.folder(space, '0', 'beside')
    const file = await session.file(space, folder.id, 'a.txt')
    await batchCopy([file.id, file.id], folder.id)
    expect(await session.names(space, folder.id)).toEqual(['a(1).txt', 'a(2).txt', 'a.txt'])
  })

  it('takes thirty and no more', async () => {
    const folder = await session.folder(space, '0', 'thirty')
    const file = await session.file(space, '0', 'thirty.txt')
    await batchCopy(Array<string>(30).fill(file.id), folder.id)
    expect(await session.names(space, folder.id)).toHaveLength(30)
    const fields = { targetSpaceId: space, targetFolderId: folder.id, dentryIds: Array<string>(31).fill(file.id) }
    const before = await session.picture()
    expect(await session.refused('copyDentries', [space], fields)).toMatchObject({ code: 'paramError.dentryIds' })
    expect(await session.picture()).toEqual(before)
  })

  it('refuses to put a folder into itself, alone of its batch', async () => {
    const folder = await session.folder(space, '0', 'snake')
    const file = await session.file(space, '0', 'mouse.txt')
    const items = await batchCopy([folder.id, file.id], folder.id)
    expect(items.map(({ errorCode }) => errorCode)).toEqual(['paramError.targetFolderId', undefined])
    expect(await session.names(space, folder.id)).toEqual(['mouse.txt'])
  })
})

describe('the single copy', () => {
  it('answers the copy', async () => {
    const file = await session.file(space, '0', 'single.txt')
    const fields = { targetSpaceId: session.spaces.alice, targetFolderId: '0' }
    const answer = await session.call<{ async: boolean; dentry: Dentry }>('copyDentry', [space, file.id], fields)
    expect(answer).toMatchObject({ async: false, dentry: { name: 'single.txt', spaceId: session.spaces.alice } })
    expect(answer.dentry.id).not.toBe(file.id)
    expect(answer.dentry.uuid).not.toBe(file.uuid)
    expect(await session.names(space)).toContain('single.txt')
  })
})

describe('a folder with more in it than one batch may touch', () => {
  it('is a task’s, which the answer names with the place the folder will have', async () => {
    const small = await startSession({ engine: { subtreeNodesMax: 2 } })
    const own = small.spaces.admin
    const folder = await small.folder(own, '0', 'crowded')
    const inside = ['1', '2', '3']
    for (const name of inside) await small.folder(own, folder.id, name)
    const file = await small.file(own, '0', 'alone')
    const fields = { targetSpaceId: small.spaces.alice, targetFolderId: '0', dentryIds: [folder.id, file.id] }
    for (const method of ['copyDentries', 'moveDentries']) {
      const { resultItems } = await small.call<{ resultItems: ResultItem[] }>(method, [own], fields)
      expect(resultItems).toMatchObject([{ async: true, targetSpaceId: small.spaces.alice }, { success: true }])
      const [{ taskId, targetDentryId = '' }] = resultItems as [ResultItem]
      const task = async () => (await small.call<{ task: { status: string } }>('getTask', [taskId!])).task
      await expect.poll(task, { timeout: 20_000 }).toMatchObject({ status: 'SUCCESS', totalCount: 4, successCount: 4 })
      expect(await small.names(small.spaces.alice, targetDentryId)).toEqual(inside)
    }
    expect(await small.names(own)).toEqual([])
    expect(await small.names(small.spaces.alice)).toEqual(['alone', 'alone(1)', 'crowded', 'crowded(1)'])
    await small.stop()
  })
})
