/** Spaces, the drive product's list of them, tasks and the translation of ids. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherTenant, type ResultItem, type Session, startSession } from './session.ts'

interface Space {
  readonly id: string
  readonly usedQuota: number
  readonly [field: string]: unknown
}

let session: Session
let space: string

beforeAll(async () => {
  session = await startSession()
  space = session.spaces.admin
})
afterAll(() => session.stop())

async function addSpace(option?: object, unionId = 'admin'): Promise<Space> {
  return (await session.call<{ space: Space }>('addSpace', [], { unionId, ...(option ? { option } : {}) })).space
}

describe('addSpace', () => {
  it('makes one space for each scene and sceneId', async () => {
    const option = { name: 'Scenes', scene: 'chat', sceneId: '1', capabilities: { canSearch: true } }
    const made = await addSpace(option)
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9]+$/),
      corpId: 'demo',
      appId: 'dingdemo',
      name: 'Scenes',
      creatorId: 'admin',
      modifierId: 'admin',
      ownerType: 'USER',
      ownerId: 'admin',
      scene: 'chat',
      sceneId: '1',
      usedQuota: 0,
      capabilities: { canSearch: true, canRename: false, canRecordRecentFile: false },
      status: 'NORMAL',
      createTime: expect.stringMatching(/Z$/),
      modifiedTime: expect.stringMatching(/Z$/),
      partitions: [{ partitionType: 'PUBLIC_OSS_PARTITION', quota: { used: 0, type: 'SHARE' } }],
    })
    expect(await addSpace({ ...option, name: 'Other name' })).toEqual(made)
    expect((await addSpace({ scene: 'chat', sceneId: '2' })).id).not.toBe(made.id)
    expect(await session.call('getSpace', [made.id])).toEqual({ space: made })
  })

  it('makes the default space for an empty call, once', async () => {
    const made = await addSpace()
    expect(made).toMatchObject({ scene: 'default', sceneId: '0' })
    expect(made).not.toHaveProperty('name')
    expect((await addSpace()).id).toBe(made.id)
  })

  it('bounds a space by its quota and counts what it holds', async () => {
    const { id } = await addSpace({ scene: 'small', sceneId: '1', quota: 10 })
    await session.file(id, '0', 'ten', Buffer.alloc(10))
    const fields = { protocol: 'HEADER_SIGNATURE', option: { preCheckParam: { size: 1 } } }
    expect((await session.refused('getFileUploadInfo', [id], fields)).code).toBe('spaceQuotaInsufficient')
    expect((await session.call<{ space: Space }>('getSpace', [id])).space).toMatchObject({
      quota: 10,
      usedQuota: 10,
      partitions: [{ quota: { used: 10, max: 10, type: 'PRIVATE' } }],
    })
  })

  it('makes an app’s own space', async () => {
    expect(await addSpace({ scene: 'own', sceneId: '1', ownerType: 'APP' }, 'alice')).toMatchObject({
      ownerType: 'APP',
      ownerId: 'dingdemo',
    })
  })

  it('refuses what it cannot read', async () => {
    const code = async (option: object) => (await session.refused('addSpace', [], { option })).code
    expect(await code({ scene: 'a-b' })).toBe('paramError.scene')
    expect(await code({ sceneId: 'ä' })).toBe('paramError.sceneId')
    expect(await code({ name: 'x'.repeat(241), scene: 'long', sceneId: '1' })).toBe('paramError.name')
    expect(await code({ quota: -2 })).toBe('paramError')
    expect(await code({ ownerType: 'GROUP' })).toBe('paramError')
  })

  it('is not there for a strange id', async () => {
    expect(await session.refused('getSpace', ['999999999'])).toMatchObject({ statusCode: 404, code: 'spaceNotExist' })
    expect(await session.refused('getSpace', ['x'])).toMatchObject({ statusCode: 400, code: 'paramError.spaceId' })
    const theirs = await otherTenant(session)
    expect((await session.refused('getSpace', [theirs.space])).code).toBe('spaceNotExist')
  })
})

describe('the drive product', () => {
  const list = (fields: object) =>
    session.call<{ spaces: { spaceId: string }[]; nextToken: string }>(
      'listSpaces',
      [],
      { spaceType: 'org', maxResults: 50, ...fields },
      'drive',
    )

  it('lists every space to an administrator and their own to others', async () => {
    const all = (await list({})).spaces.map(({ spaceId }) => spaceId)
    expect(all).toEqual(expect.arrayContaining([space, session.spaces.alice]))
    expect((await list({ unionId: 'alice' })).spaces.map(({ spaceId }) => spaceId)).toEqual([session.spaces.alice])
  })

  it('lists in pages', async () => {
    const all = (await list({})).spaces
    const first = await list({ maxResults: 1 })
    const second = await list({ maxResults: 50, nextToken: first.nextToken })
    expect([...first.spaces, ...second.spaces]).toEqual(all)
    expect(second.nextToken).toBe('')
  })

  it('makes and deletes spaces', async () => {
    const made = await session.call<{ spaceId: string }>('addSpace', [], { name: 'From the drive' }, 'drive')
    expect(made).toMatchObject({ spaceName: 'From the drive', spaceType: 'org', quota: -1, usedQuota: 0 })
    const stranger = { unionId: 'alice' }
    expect(await session.refused('deleteSpace', [made.spaceId], stranger, 'drive')).toMatchObject({
      statusCode: 403,
      code: 'no.priviledge',
    })
    expect(await session.call('deleteSpace', [made.spaceId], {}, 'drive')).toEqual({})
    expect((await session.refused('getSpace', [made.spaceId])).code).toBe('spaceNotExist')
  })

  it('uses its own codes', async () => {
    const code = async (fields: object) =>
      (await session.refused('listSpaces', [], { spaceType: 'org', maxResults: 1, ...fields }, 'drive')).code
    expect(await code({ maxResults: 0 })).toBe('param.error.maxresults')
    expect(await code({ spaceType: 'x' })).toBe('param.error')
    expect((await session.refused('deleteSpace', ['999999999'], {}, 'drive')).code).toBe('param.error')
  })
})

describe('translating ids', () => {
  it('goes both ways, also for the root and after a move', async () => {
    const folder = await session.folder(space, '0', 'translated')
    const both = { dentryUuid: folder.uuid, dentryId: folder.id, spaceId: space }
    expect(await session.call('getDentryIdByUuid', [folder.uuid], {}, 'doc')).toEqual(both)
    expect(await session.call('getUuidByDentryId', [folder.id], { spaceId: space }, 'doc')).toEqual(both)
    const root = await session.call<{ dentryUuid: string }>('getUuidByDentryId', ['0'], { spaceId: space }, 'doc')
    expect(await session.call('getDentryIdByUuid', [root.dentryUuid], {}, 'doc')).toMatchObject({ dentryId: '0' })
    const goal = { targetSpaceId: session.spaces.alice, targetFolderId: '0' }
    await session.call('moveDentry', [space, folder.id], goal)
    expect(await session.call('getDentryIdByUuid', [folder.uuid], {}, 'doc')).toMatchObject({
      spaceId: session.spaces.alice,
    })
  })

  it('finds nothing under a forged, foreign or unknown id', async () => {
    const theirs = await otherTenant(session)
    const byUuid = async (uuid: string) => (await session.refused('getDentryIdByUuid', [uuid], {}, 'doc')).code
    const byId = async (id: string, spaceId: string) =>
      (await session.refused('getUuidByDentryId', [id], { spaceId }, 'doc')).code
    expect(await byUuid('f'.repeat(32))).toBe('paramError')
    expect(await byUuid(theirs.uuid)).toBe('documentNotExist')
    expect(await byId(theirs.dentry, space)).toBe('documentNotExist')
    expect(await byId(theirs.dentry, theirs.space)).toBe('documentNotExist')
    expect(await byId('x', space)).toBe('paramError')
  })
})

describe('a task', () => {
  it('is there for whoever started it and nobody else', async () => {
    const own = session.spaces.alice
    const folder = await session.folder(own, '0', 'started by alice')
    await session.folder(own, folder.id, 'child')
    const fields = { dentryIds: [folder.id], targetSpaceId: own, targetFolderId: '0' }
    const { resultItems } = await session.call<{ resultItems: ResultItem[] }>('copyDentries', [own], fields)
    const taskId = resultItems[0]?.taskId ?? ''
    expect(await session.call('getTask', [taskId])).toMatchObject({ task: { id: taskId, status: 'SUCCESS' } })
    expect(await session.refused('getTask', [taskId], { unionId: 'alice' })).toMatchObject({
      statusCode: 404,
      code: 'taskNotExist',
    })
  })

  it('is not there under a strange id', async () => {
    expect((await session.refused('getTask', ['999999999'])).code).toBe('taskNotExist')
    expect((await session.refused('getTask', ['task-9'])).code).toBe('paramError.taskId')
  })

  it('that failed says why', async () => {
    const drive = Number(space) as never
    const op = { kind: 'trash', node: { drive, id: 999_999_999_999 as never } } as const
    const id = String(await session.engine.submit(session.admin, drive, 'trash', [op], [null]))
    while (await session.engine.work()) {}
    expect(await session.call('getTask', [id])).toMatchObject({
      task: { status: 'FAIL', successCount: 0, failCount: 1, failMessage: 'dentryNotExist' },
    })
  })
})
