/** Files that fall to a quota: when, which, and what their clients are told. */
import { beforeEach, expect, it } from 'vitest'
import type { DriveId } from '../../src/engine/index.ts'
import { adminActor, expectFault, LIBRARY, type Session, serverForAll } from './session.ts'

const DAY = 24 * 3600_000
let smh: Session
let now = Date.parse('2026-03-01T08:00:00Z')
const server = serverForAll({ clock: () => now })
let space: string
let files: string

beforeEach(async () => {
  smh = await server.fresh()
  space = smh.space
  files = `/api/v1/file/${LIBRARY}/${space}`
  await write('old.txt', '333')
  await write('new.txt', '55555')
})

async function write(path: string, content: string): Promise<void> {
  now += 60_000
  await smh.put(path, content, space)
}

async function pass(ms: number): Promise<void> {
  now += ms
  while (await smh.engine.work());
}

const quota = (method: string, tail: string, body?: object) => {
  return smh.call(method, `/api/v1/quota/${LIBRARY}${tail}`, body && { body })
}
const inodeOf = async (path: string) => (await smh.call('GET', `${files}/${path}?info&with_inode=1`)).body.inode

it('files go when the capacity has been exceeded for so many days, the oldest first', async () => {
  const inode = await inodeOf('old.txt')
  const { cursor } = (await smh.call('GET', `/api/v1/fs-delta/${LIBRARY}/${space}/cursor`)).body
  const rules = { removeWhenExceed: true, removeAfterDays: 3, removeNewest: false }
  expect((await quota('POST', '', { spaces: [space], capacity: 6, ...rules })).status).toBe(201)
  await pass(60_000)
  await pass(3 * DAY - 1)
  expect(await smh.tree(space)).toEqual(['new.txt 5', 'old.txt 3'])
  await pass(60_000)
  expect(await smh.tree(space)).toEqual(['new.txt 5'])
  const deletedAt = new Date(now).toISOString()

  for (const target of ['/old.txt', '/old.txt?info', '/old.txt?preview']) {
    expectFault(await smh.call('GET', files + target), 404, 'FileRemovedByQuota')
  }
  expect((await smh.call('HEAD', `${files}/old.txt`)).status).toBe(404)
  expectFault(await smh.call('GET', `${files}/none.txt?info`), 404, 'FileNotFound')
  expectFault(await smh.call('GET', `/api/v1/inode/${LIBRARY}/${space}/${inode}`), 404, 'FileRemovedByQuota')
  const check = await smh.call('GET', `/api/v1/file-deletion-check/${LIBRARY}/${space}/${inode}`)
  expect(check.body).toEqual({ reason: 'RemovedByQuota', deletedAt, quotaCleanupRecordRetentionDays: 30 })
  const delta = await smh.call('GET', `/api/v1/fs-delta/${LIBRARY}/${space}/delta?cursor=${cursor}`)
  expect(delta.body.contents).toMatchObject([
    { eventType: 'TASK.FILE.DELETE', inode, name: 'old.txt', location: 3, removedByQuota: true, eventTime: deletedAt },
  ])

  await pass(31 * DAY)
  expectFault(await smh.call('GET', `${files}/old.txt?info`), 404, 'FileNotFound')
  const later = await smh.call('GET', `/api/v1/file-deletion-check/${LIBRARY}/${space}/${inode}`)
  expect(later.body).toMatchObject({ reason: 'Unknown' })
})

it('what somebody deletes himself is told apart', async () => {
  const inode = await inodeOf('old.txt')
  await quota('POST', '', { spaces: [space], capacity: 100, removeWhenExceed: true, removeAfterDays: 0 })
  await smh.call('DELETE', `${files}/old.txt?permanent=1`)
  await pass(60_000)
  expectFault(await smh.call('GET', `${files}/old.txt?info`), 404, 'FileNotFound')
  const check = await smh.call('GET', `/api/v1/file-deletion-check/${LIBRARY}/${space}/${inode}`)
  expect(check.body).toMatchObject({ reason: 'Unknown' })
  const present = await smh.call('GET', `/api/v1/file-deletion-check/${LIBRARY}/${space}/${await inodeOf('new.txt')}`)
  expectFault(present, 400, 'ParamInvalid')
})

it('a quota says so later, for the newest files, or no longer', async () => {
  await quota('POST', '', { spaces: [space], capacity: 4, removeWhenExceed: false, removeAfterDays: 0 })
  await pass(60_000)
  expect(await smh.tree(space)).toEqual(['new.txt 5', 'old.txt 3'])
  await quota('PUT', `/${space}`, { capacity: 4, removeWhenExceed: true, removeAfterDays: 1, removeNewest: true })
  await pass(60_000)
  expect((await quota('PUT', `/${space}`, { capacity: 4, removeWhenExceed: false })).status).toBe(204)
  await pass(2 * DAY)
  expect(await smh.tree(space)).toEqual(['new.txt 5', 'old.txt 3'])
  expectFault(await quota('PUT', `/${space}`, { capacity: 4, removeWhenExceed: true }), 400, 'ParamInvalid')
  await quota('PUT', `/${space}`, { capacity: 4, removeWhenExceed: true, removeAfterDays: 0, removeNewest: true })
  await pass(60_000)
  expect(await smh.tree(space)).toEqual(['old.txt 3'])
  expect((await quota('PUT', `/${space}`, { capacity: 4 })).status, 'what is not said stays').toBe(204)
  await write('third.txt', '1')
  await quota('PUT', `/${space}`, { capacity: 3 })
  await pass(60_000)
  expect(await smh.tree(space)).toEqual(['old.txt 3'])
})

it('a quota of one space’s own takes a rule too, and other spaces', async () => {
  const drive = Number(space) as DriveId
  const limit = (quota: number) => smh.engine.updateDrives(adminActor(smh.demo.tenant), [{ id: drive, set: { quota } }])
  await limit(100)
  const rules = { removeWhenExceed: true, removeAfterDays: 0, removeNewest: false }
  expectFault(await quota('PUT', `/${space}`, { capacity: 6, removeWhenExceed: true }), 400, 'ParamInvalid')
  expectFault(await quota('PUT', `/${space}`, { capacity: 6, spaces: [smh.other] }), 400, 'QuotaSpacesInvalid')
  expect((await quota('GET', `/${space}`)).body).toEqual({ id: drive, spaces: [space], capacity: '100' })

  expect((await quota('PUT', `/${space}`, { capacity: 6, spaces: [space, smh.other], ...rules })).status).toBe(204)
  const { body } = await quota('GET', `/${space}`)
  expect(body).toEqual({ id: expect.any(Number), spaces: expect.arrayContaining([space, smh.other]), capacity: '6' })
  expect((await quota('GET', `/${smh.other}`)).body).toEqual(body)
  await pass(60_000)
  expect(await smh.tree(space)).toEqual(['new.txt 5'])
  // Nothing is left of the limit of its own.
  expect((await quota('PUT', `/${body.id}`, { capacity: 500, spaces: [space] })).status).toBe(204)
  await write('large.txt', 'x'.repeat(200))
  expect(await smh.tree(space)).toEqual(['large.txt 200', 'new.txt 5'])
  expectFault(await quota('GET', `/${smh.other}`), 404, 'NoQuota')
})
