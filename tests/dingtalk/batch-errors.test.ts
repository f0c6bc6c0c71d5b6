/**
 * Every error code of the vendor's batchMove page (18) and batchRemove page (12), over HTTP. Those of the request as a whole
 * are HTTP errors and change nothing; those of one item are its errorCode.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ACTIONS, type PoolKind } from '../../src/engine/index.ts'
import { BUG, createFaults, DISK_FULL } from './fault.ts'
import { type Dentry, grant, type Raw, READER, type ResultItem, type Session, startSession } from './session.ts'

const faults = createFaults()
let session: Session
let space: string
let folder: Dentry
let file: Dentry
let target: Dentry

beforeAll(async () => {
  session = await startSession({ wrapStore: faults.wrap, engine: { batchesPerDriveMax: 1, waitMsMax: 1000 } })
  space = session.spaces.admin
})
afterAll(() => session.stop())

let round = 0
beforeEach(async () => {
  round += 1
  target = await session.folder(space, '0', `target ${round}`)
  folder = await session.folder(space, '0', `sources ${round}`)
  file = await session.file(space, folder.id, 'file.txt', Buffer.from('twelve bytes'))
})

const post = (verb: string, body: object, user = 'admin', from = space) =>
  session.raw('POST', `/v1.0/storage/spaces/${from}/dentries/${verb}?unionId=${user}`, { body })
const move = (body: object = {}, user = 'admin', from = space) =>
  post('batchMove', { targetSpaceId: space, targetFolderId: target.id, dentryIds: [file.id], ...body }, user, from)
const remove = (body: object = {}, user = 'admin', from = space) =>
  post('batchRemove', { dentryIds: [file.id], ...body }, user, from)

/** Expects a refusal of the whole request, in the vendor's shape and without any effect. */
async function expectRefused(send: () => Promise<Raw>, status: number, code: string): Promise<Raw> {
  const before = await session.picture()
  const answer = await send()
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(Object.keys(answer.body)).toEqual(['code', 'requestid', 'message'])
  expect(answer.body.requestid).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
  expect(answer.headers.get('x-acs-request-id')).toBe(answer.body.requestid)
  expect(answer.body.message).not.toBe('')
  expect(await session.picture()).toEqual(before)
  return answer
}

/** Expects that every item failed alone with the code, and that nothing has changed. */
async function expectItems(send: () => Promise<Raw>, code: string): Promise<void> {
  const before = await session.picture()
  const answer = await send()
  expect(answer.status).toBe(200)
  const items = answer.body.resultItems as ResultItem[]
  expect(items.map((item) => [item.async, item.success, item.errorCode])).toEqual([[false, false, code]])
  expect(items[0]).not.toHaveProperty('targetDentryId')
  expect(await session.picture()).toEqual(before)
}

describe('every error code of batchMove', () => {
  it('400 operationConcurrentControl while another batch works on the space', async () => {
    const before = await session.picture()
    const release = faults.hold()
    const first = move()
    // The first batch is at work once it asks the store for its turn; the second then finds the space taken.
    await faults.held()
    const second = await move()
    expect([second.status, second.body.code]).toEqual([400, 'operationConcurrentControl'])
    expect(await session.picture()).toEqual(before)
    release()
    expect((await first).body.resultItems).toMatchObject([{ success: true }])
  })

  it('400 paramError for a request of the wrong shape', async () => {
    await expectRefused(() => move({ option: 'x' }), 400, 'paramError')
    await expectRefused(() => move({ option: { preservePermissions: 'yes' } }), 400, 'paramError')
    await expectRefused(() => move({}, 'nobody'), 400, 'paramError')
  })

  it('400 paramError.spaceId for a space id that is none', async () => {
    await expectRefused(() => move({}, 'admin', 'abc'), 400, 'paramError.spaceId')
  })

  it('400 paramError.dentryIds for a list that is none, empty, too long or of other things', async () => {
    const lists = ['x', [], Array(31).fill(file.id), [1], [null], [''], ['abc'], [file.id, '0'], {}]
    for (const dentryIds of lists) await expectRefused(() => move({ dentryIds }), 400, 'paramError.dentryIds')
  })

  it('400 paramError.targetSpaceId for a target space id that is none', async () => {
    for (const targetSpaceId of ['abc', 1, '0', ['1']])
      await expectRefused(() => move({ targetSpaceId }), 400, 'paramError.targetSpaceId')
  })

  it('400 paramError.targetFolderId for a target folder that is none', async () => {
    for (const targetFolderId of ['abc', 1, {}, file.id])
      await expectRefused(() => move({ targetFolderId }), 400, 'paramError.targetFolderId')
  })

  it('paramError.targetFolderId for the item that would go into itself or below', async () => {
    const child = await session.folder(space, folder.id, 'child')
    await expectItems(() => move({ dentryIds: [folder.id], targetFolderId: folder.id }), 'paramError.targetFolderId')
    await expectItems(() => move({ dentryIds: [folder.id], targetFolderId: child.id }), 'paramError.targetFolderId')
  })

  it('400 paramError.conflictStrategy for a strategy that is none', async () => {
    for (const conflictStrategy of ['MERGE', '', 1, true])
      await expectRefused(() => move({ option: { conflictStrategy } }), 400, 'paramError.conflictStrategy')
  })

  it('dentryAlreadyExist for the item whose name is taken', async () => {
    await session.file(space, target.id, 'file.txt')
    await expectItems(() => move({ option: { conflictStrategy: 'RETURN_ERROR_IF_EXISTS' } }), 'dentryAlreadyExist')
  })

  it('dentryAlreadyExist for a file that would overwrite a folder', async () => {
    await session.folder(space, target.id, 'file.txt')
    await expectItems(() => move({ option: { conflictStrategy: 'OVERWRITE' } }), 'dentryAlreadyExist')
  })

  it('permissionDenied for the item the operator may not move', async () => {
    await grant(session, space, target.id, 'alice', READER | ACTIONS.upload)
    await grant(session, space, folder.id, 'alice', READER)
    await expectItems(() => move({}, 'alice'), 'permissionDenied')
  })

  it('403 permissionDenied where the target folder takes nothing from the operator', async () => {
    await grant(session, space, folder.id, 'alice', READER | ACTIONS.move)
    await grant(session, space, target.id, 'alice', READER)
    await expectRefused(() => move({}, 'alice'), 403, 'permissionDenied')
  })

  it('404 spaceNotExist for a source or target space that is not there', async () => {
    await expectRefused(() => move({}, 'admin', '999999999'), 404, 'spaceNotExist')
    await expectRefused(() => move({ targetSpaceId: '999999999' }), 404, 'spaceNotExist')
  })

  it('404 dentryNotExist for a target folder that is not there, dentryNotExist for an item that is not', async () => {
    await expectRefused(() => move({ targetFolderId: '999999999999' }), 404, 'dentryNotExist')
    await expectItems(() => move({ dentryIds: ['999999999999'] }), 'dentryNotExist')
  })

  it('500 systemError when the storage fails', async () => {
    faults.fail(DISK_FULL)
    await expectRefused(() => move(), 500, 'systemError').finally(() => faults.fail(null))
  })

  it('500 unknownError, with nothing of what went wrong inside', async () => {
    faults.fail(BUG)
    const answer = await expectRefused(() => move(), 500, 'unknownError').finally(() => faults.fail(null))
    expect(answer.body.message).toBe('Unknown Error')
  })

  it('503 operationTimeout when the batch waited too long for its turn', async () => {
    faults.delay(1500)
    await expectRefused(() => move(), 503, 'operationTimeout').finally(() => faults.delay(0))
  })
})

describe('every quota of batchMove', () => {
  let scene: string

  beforeAll(async () => {
    const option = { scene: 'archive', sceneId: '2026', name: 'Archive' }
    scene = (await session.call<{ space: { id: string } }>('addSpace', [], { option })).space.id
  })

  const pools: [PoolKind, () => string, string][] = [
    ['drive', () => scene, 'spaceQuotaInsufficient'],
    ['scene', () => 'dingdemo/archive', 'sceneQuotaInsufficient'],
    ['app', () => 'dingdemo', 'appQuotaInsufficient'],
  ]
  it.each(pools)('the one of the %s stops the item that would exceed it', async (kind, key, code) => {
    const pool = { kind, key: key() }
    await session.engine.setQuotas(session.admin.tenant, [{ ...pool, quota: 11 }])
    await expectItems(() => move({ targetSpaceId: scene, targetFolderId: '0' }), code)
    await session.engine.setQuotas(session.admin.tenant, [{ ...pool, quota: 12 }])
    const { body } = await move({ targetSpaceId: scene, targetFolderId: '0' })
    expect(body.resultItems).toMatchObject([{ success: true }])
    await session.call('moveDentry', [scene, file.id], { targetSpaceId: space, targetFolderId: folder.id })
    await session.engine.setQuotas(session.admin.tenant, [{ ...pool, quota: null }])
  })

  it('the one of the organization is not touched by a move within it, but by a copy', async () => {
    const pool = { kind: 'tenant', key: '' } as const
    await session.engine.setQuotas(session.admin.tenant, [{ ...pool, quota: 1 }])
    const body = { targetSpaceId: scene, targetFolderId: '0', dentryIds: [file.id] }
    await expectItems(() => post('batchCopy', body), 'orgQuotaInsufficient')
    await session.engine.setQuotas(session.admin.tenant, [{ ...pool, quota: null }])
  })
})

describe('what batchMove checks first', () => {
  it('is the source space, then the list, the target space, the target folder, the strategy', async () => {
    const wrong: [object, string, string][] = [
      [{ option: { conflictStrategy: 'X' } }, space, 'paramError.conflictStrategy'],
      [{ targetFolderId: '999999999999' }, space, 'dentryNotExist'],
      [{ targetSpaceId: '999999999' }, space, 'spaceNotExist'],
      [{ targetSpaceId: 'x' }, space, 'paramError.targetSpaceId'],
      [{ dentryIds: [] }, space, 'paramError.dentryIds'],
      [{}, '999999999', 'spaceNotExist'],
      [{}, 'x', 'paramError.spaceId'],
    ]
    let body = {}
    for (const [more, from, code] of wrong) {
      body = { ...body, ...more }
      expect((await move(body, 'admin', from)).body.code).toBe(code)
    }
  })
})

describe('every error code of batchRemove', () => {
  it('400 paramError for a request of the wrong shape', async () => {
    await expectRefused(() => remove({ option: [] }), 400, 'paramError')
    await expectRefused(() => remove({ option: { toRecycleBin: 'true' } }), 400, 'paramError')
  })

  it('400 operationConcurrentControl while another batch works on the space', async () => {
    const release = faults.hold()
    const first = remove()
    await faults.held()
    const second = await remove()
    expect([second.status, second.body.code]).toEqual([400, 'operationConcurrentControl'])
    release()
    expect((await first).body.resultItems).toMatchObject([{ success: true }])
  })

  it('400 paramError.spaceId for a space id that is none', async () => {
    await expectRefused(() => remove({}, 'admin', 'abc'), 400, 'paramError.spaceId')
  })

  it('400 paramError.dentryIds for a list that is none, and for the root among what is to be destroyed', async () => {
    for (const dentryIds of ['x', [], Array(51).fill(file.id), [1], ['abc'], [file.id, '0']])
      await expectRefused(() => remove({ dentryIds }), 400, 'paramError.dentryIds')
  })

  it('400 recycleBinNotSupportForSpace where the space has no bin', async () => {
    const [drive] = await session.engine.createDrives(session.admin, [
      { name: 'no bin', owner: session.admin.self, settings: { trash: false } },
    ])
    const bare = String(drive?.id)
    const inside = await session.file(bare, '0', 'inside')
    const body = { dentryIds: [inside.id], option: { toRecycleBin: true } }
    await expectRefused(() => remove(body, 'admin', bare), 400, 'recycleBinNotSupportForSpace')
    expect((await remove({ dentryIds: [inside.id] }, 'admin', bare)).body.resultItems).toMatchObject([
      { success: true },
    ])
  })

  it('permissionDenied for the item the operator may not delete', async () => {
    await grant(session, space, folder.id, 'alice', READER)
    await expectItems(() => remove({}, 'alice'), 'permissionDenied')
    await expectItems(() => remove({ option: { toRecycleBin: true } }, 'alice'), 'permissionDenied')
  })

  it('403 permissionDenied from the single form of the same call', async () => {
    await grant(session, space, folder.id, 'alice', READER)
    const path = `/v1.0/storage/spaces/${space}/dentries/${file.id}?unionId=alice`
    await expectRefused(() => session.raw('DELETE', path), 403, 'permissionDenied')
  })

  it('403 operationNotSupported for the root, which cannot go into the bin', async () => {
    const body = { dentryIds: [file.id, '0'], option: { toRecycleBin: true } }
    await expectRefused(() => remove(body), 403, 'operationNotSupported')
  })

  it('404 spaceNotExist for a space that is not there', async () => {
    await expectRefused(() => remove({}, 'admin', '999999999'), 404, 'spaceNotExist')
  })

  it('dentryNotExist for an item that is not there', async () => {
    await expectItems(() => remove({ dentryIds: ['999999999999'] }), 'dentryNotExist')
    await expectItems(() => remove({ dentryIds: ['9223372036854775807'] }), 'dentryNotExist')
  })

  it('500 systemError when the storage fails', async () => {
    faults.fail(DISK_FULL)
    await expectRefused(() => remove(), 500, 'systemError').finally(() => faults.fail(null))
  })

  it('500 unknownError, with nothing of what went wrong inside', async () => {
    faults.fail(BUG)
    const answer = await expectRefused(() => remove(), 500, 'unknownError').finally(() => faults.fail(null))
    expect(answer.body.message).toBe('Unknown Error')
  })

  it('503 operationTimeout when the batch waited too long for its turn', async () => {
    faults.delay(1500)
    await expectRefused(() => remove(), 503, 'operationTimeout').finally(() => faults.delay(0))
  })
})

describe('a denied item', () => {
  it('is denied the same in a batch and alone, whatever the verb', async () => {
    await grant(session, space, target.id, 'alice', READER | ACTIONS.upload | ACTIONS.newEmpty)
    await grant(session, space, folder.id, 'alice', READER)
    const goal = { targetSpaceId: space, targetFolderId: target.id }
    const before = await session.picture()
    for (const verb of ['Move', 'Copy']) {
      const alone = await session.raw(
        'POST',
        `/v1.0/storage/spaces/${space}/dentries/${file.id}/${verb.toLowerCase()}?unionId=alice`,
        { body: goal },
      )
      const batch = await post(`batch${verb}`, { ...goal, dentryIds: [file.id] }, 'alice')
      expect([alone.status, alone.body.code]).toEqual([403, 'permissionDenied'])
      expect(batch.body.resultItems).toMatchObject([{ success: false, errorCode: 'permissionDenied' }])
    }
    expect(await session.picture()).toEqual(before)
  })
})
