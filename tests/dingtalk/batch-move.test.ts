/** batchMove as the vendor's page describes it, driven by the vendor's own client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dentry, type ResultItem, type Session, sha256, startSession } from './session.ts'

let session: Session
let space: string
let other: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
  other = session.spaces.alice
})
afterAll(() => session.stop())

async function batchMove(dentryIds: readonly string[], targetFolderId: string, more: object = {}) {
  const fields = { targetSpaceId: space, targetFolderId, dentryIds, ...more }
  return (await session.call<{ resultItems: ResultItem[] }>('moveDentries', [space], fields)).resultItems
}

async function dentry(spaceId: string, id: string): Promise<Dentry> {
  return (await session.call<{ dentry: Dentry }>('getDentry', [spaceId, id])).dentry
}

describe('batchMove', () => {
  it('moves files and empty folders at once, in the order asked, and keeps their ids', async () => {
    const target = await session.folder(space, '0', 'order target')
    const sources = await session.folder(space, '0', 'order sources')
    const file = await session.file(space, sources.id, 'b.txt')
    const folder = await session.folder(space, sources.id, 'a')
    const items = await batchMove([file.id, folder.id], target.id)
    expect(items).toEqual(
      [file, folder].map(({ id }) => ({
        spaceId: space,
        dentryId: id,
        async: false,
        success: true,
        targetSpaceId: space,
        targetDentryId: id,
      })),
    )
    expect(await session.names(space, target.id)).toEqual(['a', 'b.txt'])
    expect(await session.names(space, sources.id)).toEqual([])
    expect(await dentry(space, file.id)).toMatchObject({
      uuid: file.uuid,
      parentId: target.id,
      path: '/order target/b.txt',
    })
  })

  it('answers a folder with children as a task whose end can be asked for', async () => {
    const target = await session.folder(space, '0', 'task target')
    const folder = await session.folder(space, '0', 'full')
    await session.file(space, folder.id, 'child.txt')
    const items = await batchMove([folder.id], target.id)
    expect(items).toEqual([
      {
        spaceId: space,
        dentryId: folder.id,
        async: true,
        taskId: expect.stringMatching(/^[0-9]+$/),
        targetSpaceId: space,
        targetDentryId: folder.id,
      },
    ])
    const taskId = items[0]?.taskId ?? ''
    const { task } = await session.call('getTask', [taskId])
    expect(task).toEqual({
      id: taskId,
      status: 'SUCCESS',
      totalCount: 1,
      successCount: 1,
      failCount: 0,
      beginTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      endTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
    expect(await session.names(space, folder.id)).toEqual(['child.txt'])
    expect(await dentry(space, folder.id)).toMatchObject({ parentId: target.id })
  })

  it('moves the rest when one item fails, and says of each what became of it', async () => {
    const target = await session.folder(space, '0', 'mixed target')
    const [first, last] = [await session.file(space, '0', 'm1'), await session.file(space, '0', 'm2')]
    const items = await batchMove([first.id, '999999999999', last.id], target.id)
    expect(items[0]).toMatchObject({ success: true, targetDentryId: first.id })
    expect(items[1]).toEqual({
      spaceId: space,
      dentryId: '999999999999',
      async: false,
      success: false,
      errorCode: 'dentryNotExist',
    })
    expect(items[2]).toMatchObject({ success: true, targetDentryId: last.id })
    expect(await session.names(space, target.id)).toEqual(['m1', 'm2'])
  })

  it('is 200 also when every item failed', async () => {
    const target = await session.folder(space, '0', 'nobody target')
    const items = await batchMove(['999999999998', '999999999999'], target.id)
    expect(items.map(({ errorCode }) => errorCode)).toEqual(['dentryNotExist', 'dentryNotExist'])
  })

  it('takes thirty', async () => {
    const target = await session.folder(space, '0', 'thirty target')
    const sources = await session.folder(space, '0', 'thirty')
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) => session.folder(space, sources.id, String(i).padStart(2, '0'))),
    )
    const items = await batchMove(
      made.map(({ id }) => id),
      target.id,
    )
    expect(items.map((item) => item.targetDentryId)).toEqual(made.map(({ id }) => id))
    expect(await session.names(space, target.id)).toHaveLength(30)
  })

  it('answers an id asked twice twice, the second time without effect', async () => {
    const target = await session.folder(space, '0', 'twice target')
    const file = await session.file(space, '0', 'twice.txt')
    const items = await batchMove([file.id, file.id], target.id)
    expect(items).toHaveLength(2)
    expect(items.map(({ success, targetDentryId }) => [success, targetDentryId])).toEqual([
      [true, file.id],
      [true, file.id],
    ])
    expect(await session.names(space, target.id)).toEqual(['twice.txt'])
  })

  it('moves a folder and then, on its own, something that was in it', async () => {
    const target = await session.folder(space, '0', 'nested target')
    const outer = await session.folder(space, '0', 'outer')
    const inner = await session.file(space, outer.id, 'inner.txt')
    const items = await batchMove([outer.id, inner.id], target.id)
    expect(items.map((item) => item.targetDentryId)).toEqual([outer.id, inner.id])
    expect(await session.names(space, target.id)).toEqual(['inner.txt', 'outer'])
    expect(await session.names(space, outer.id)).toEqual([])
  })

  it('moves into the root, whose id is "0"', async () => {
    const folder = await session.folder(space, '0', 'up from here')
    const file = await session.file(space, folder.id, 'to the root.txt')
    expect(await batchMove([file.id], '0')).toMatchObject([{ success: true, targetDentryId: file.id }])
    expect(await dentry(space, file.id)).toMatchObject({ parentId: '0', path: '/to the root.txt' })
  })

  it('ignores a field it does not know', async () => {
    const target = await session.folder(space, '0', 'extra target')
    const file = await session.file(space, '0', 'extra.txt')
    const path = `/v1.0/storage/spaces/${space}/dentries/batchMove?unionId=admin&other=1`
    const body = { targetSpaceId: space, targetFolderId: target.id, dentryIds: [file.id], surprise: { deep: [1] } }
    expect(await session.raw('POST', path, { body })).toMatchObject({ status: 200 })
    expect(await session.names(space, target.id)).toEqual(['extra.txt'])
  })
})

describe('batchMove from many clients at once', () => {
  it('leaves every dentry in exactly one place, and each answer was true', async () => {
    const targets = await Promise.all(['t1', 't2', 't3'].map((name) => session.folder(space, '0', name)))
    const source = await session.folder(space, '0', 'contended')
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => session.folder(space, source.id, `c${i}`)))
    const ids = made.map(({ id }) => id)
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => batchMove(ids, targets[i % targets.length]?.id ?? '')),
    )
    expect(
      answers.flat().every(({ success, targetDentryId, dentryId }) => success && targetDentryId === dentryId),
    ).toBe(true)
    const found = await Promise.all([source, ...targets].map(({ id }) => session.names(space, id)))
    expect(found.flat().sort()).toEqual(made.map(({ name }) => name))
    // One batch is one transaction: the last one moved all of them.
    expect(found.filter((names) => names.length > 0)).toHaveLength(1)
  })

  it('destroys each dentry for one of them only', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => session.folder(space, '0', `once ${i}`)))
    const dentryIds = made.map(({ id }) => id)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        session.call<{ resultItems: ResultItem[] }>('deleteDentries', [space], { dentryIds }),
      ),
    )
    const items = answers.flatMap(({ resultItems }) => resultItems)
    expect(items.filter(({ success }) => success)).toHaveLength(10)
    expect(items.filter(({ errorCode }) => errorCode === 'dentryNotExist')).toHaveLength(70)
  })
})

describe('batchMove to another space', () => {
  it('takes files and full folders along, whole, with their ids and uuids', async () => {
    const bytes = Buffer.from('the same bytes there')
    const folder = await session.folder(space, '0', 'emigrant')
    const file = await session.file(space, folder.id, 'luggage.txt', bytes)
    const [item] = await batchMove([folder.id], '0', { targetSpaceId: other })
    expect(item).toMatchObject({ async: true, targetSpaceId: other })
    const there = await dentry(other, item?.targetDentryId ?? '')
    expect(there).toMatchObject({ name: 'emigrant', spaceId: other, uuid: folder.uuid, parentId: '0' })
    const { dentries } = await session.call<{ dentries: Dentry[] }>('listDentries', [other], { parentId: there.id })
    expect(dentries).toMatchObject([{ name: 'luggage.txt', uuid: file.uuid, path: '/emigrant/luggage.txt' }])
    expect(sha256(await session.download(other, dentries[0]?.id ?? ''))).toBe(sha256(bytes))
    expect(await session.refused('getDentry', [space, folder.id])).toMatchObject({ code: 'dentryNotExist' })
  })
})

describe('a name that is taken', () => {
  async function clash(name: string) {
    const target = await session.folder(space, '0', `${name} target`)
    const sources = await session.folder(space, '0', `${name} sources`)
    const existing = await session.file(space, target.id, 'same.txt', Buffer.from('existing'))
    const newcomer = await session.file(space, sources.id, 'same.txt', Buffer.from('newcomer'))
    return { target, sources, existing, newcomer }
  }

  it('is evaded with a number before the extension unless told otherwise', async () => {
    const { target, newcomer } = await clash('rename')
    expect(await batchMove([newcomer.id], target.id)).toMatchObject([{ success: true, targetDentryId: newcomer.id }])
    expect(await session.names(space, target.id)).toEqual(['same(1).txt', 'same.txt'])
  })

  it('fails the item under RETURN_ERROR_IF_EXISTS', async () => {
    const { target, sources, newcomer } = await clash('error')
    const option = { conflictStrategy: 'RETURN_ERROR_IF_EXISTS' }
    expect(await batchMove([newcomer.id], target.id, { option })).toEqual([
      { spaceId: space, dentryId: newcomer.id, async: false, success: false, errorCode: 'dentryAlreadyExist' },
    ])
    expect(await session.names(space, sources.id)).toEqual(['same.txt'])
    expect(await session.names(space, target.id)).toEqual(['same.txt'])
  })

  it('gives the existing one under RETURN_DENTRY_IF_EXISTS and leaves the source', async () => {
    const { target, sources, existing, newcomer } = await clash('reuse')
    const option = { conflictStrategy: 'RETURN_DENTRY_IF_EXISTS' }
    expect(await batchMove([newcomer.id], target.id, { option })).toMatchObject([
      { success: true, targetDentryId: existing.id },
    ])
    expect(await session.names(space, sources.id)).toEqual(['same.txt'])
    expect(String(await session.download(space, existing.id))).toBe('existing')
  })

  it('makes a new version of the existing file under OVERWRITE', async () => {
    const { target, sources, existing, newcomer } = await clash('overwrite')
    const option = { conflictStrategy: 'OVERWRITE' }
    expect(await batchMove([newcomer.id], target.id, { option })).toMatchObject([
      { success: true, targetDentryId: existing.id },
    ])
    expect(await session.names(space, sources.id)).toEqual([])
    expect(await dentry(space, existing.id)).toMatchObject({ version: 2, uuid: existing.uuid })
    expect(String(await session.download(space, existing.id))).toBe('newcomer')
    expect(String(await session.download(space, existing.id, { version: 1 }))).toBe('existing')
  })
})

describe('a folder that would overwrite the one it lies in', () => {
  it('is refused, and nothing in it is lost', async () => {
    const outer = await session.folder(space, '0', 'same name')
    const between = await session.folder(space, outer.id, 'between')
    const inner = await session.folder(space, between.id, 'same name')
    const deep = await session.file(space, inner.id, 'deep.txt', Buffer.from('not lost'))
    const option = { conflictStrategy: 'OVERWRITE' }
    const before = await session.picture()
    expect(await batchMove([inner.id], '0', { option })).toMatchObject([
      { success: false, errorCode: 'paramError.targetFolderId' },
    ])
    expect(await session.picture()).toEqual(before)
    expect(String(await session.download(space, deep.id))).toBe('not lost')
  })
})

describe('the single move', () => {
  it('answers the moved dentry, with its option’s odd spelling', async () => {
    const target = await session.folder(space, '0', 'single target')
    const file = await session.file(space, '0', 'single.txt')
    const fields = { targetSpaceId: space, targetFolderId: target.id, option: { presevePermissions: true } }
    expect(await session.call('moveDentry', [space, file.id], fields)).toEqual({
      async: false,
      dentry: expect.objectContaining({ id: file.id, parentId: target.id, uuid: file.uuid }),
    })
  })

  it('answers a full folder as a task, with its final place', async () => {
    const target = await session.folder(space, '0', 'single task target')
    const folder = await session.folder(space, '0', 'single full')
    await session.file(space, folder.id, 'x')
    const fields = { targetSpaceId: space, targetFolderId: target.id }
    const answer = await session.call('moveDentry', [space, folder.id], fields)
    expect(answer).toMatchObject({ async: true, dentry: { id: folder.id, parentId: target.id } })
    expect(answer.taskId).toMatch(/^[0-9]+$/)
  })

  it('fails as a call', async () => {
    const fields = { targetSpaceId: space, targetFolderId: '0' }
    expect(await session.refused('moveDentry', [space, '999999999999'], fields)).toMatchObject({
      statusCode: 404,
      code: 'dentryNotExist',
    })
    expect(await session.refused('moveDentry', [space, '0'], fields)).toMatchObject({
      statusCode: 400,
      code: 'paramError.dentryId',
    })
  })
})
