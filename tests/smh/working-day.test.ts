/** A working day of each of the vendor's clients against one server: everything an application does, in its client's words. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Changes, Store, TaskId } from '../../src/engine/index.ts'
import { breaking, DISK_FULL } from '../engine/breaking.ts'
import { SmhClient, VENDORS } from './client.ts'
import { adminActor, expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
/** Which changes the disk refuses just now, and how far the clock is ahead. */
let refuses: (changes: Changes) => boolean = () => false
let ahead = 0
beforeAll(async () => {
  const wrapStore = (store: Store) => breaking(store, (changes) => refuses(changes))
  smh = await open({ wrapStore, clock: () => Date.now() + ahead })
})
afterAll(() => smh.stop())

const range = (count: number) => Array.from({ length: count }, (_, at) => at)
const statuses = (items: readonly { status: number }[]) => [...new Set(items.map(({ status }) => status))].sort()

const makesSome = ({ insertNodes }: Changes) => insertNodes.length > 0
const finishes = ({ insertOutcomes }: Changes) => insertOutcomes.some(({ outcome }) => outcome.ok)

/** Tries again and again, as often as a task is tried, and then takes everything again. */
async function keepFailing(): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    await smh.engine.work().catch((error: Error) => expect(error.message).toBe(DISK_FULL))
    ahead += 600_000
  }
  refuses = () => false
}

describe.each(VENDORS)('the %s client', (vendor) => {
  let space: string
  let client: SmhClient

  /** The client with a token of its user's that has these grants only. */
  async function granted(grants: string): Promise<SmhClient> {
    return client.as(await smh.mint(grants, { space_id: space, user_id: `${vendor}-user` }))
  }

  beforeAll(async () => {
    const made = await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })
    space = made.body.spaceId
    client = new SmhClient(vendor, { base: smh.url, library: LIBRARY, space, token: smh.token })
  })

  it('makes directories and brings files in with narrow grants', async () => {
    const [maker, uploader, reader] = [
      await granted('create_directory'),
      await granted('upload_file'),
      await granted(''),
    ]
    expect((await maker.on('directory', 'PUT', 'in box/ä&+%')).status).toBe(201)
    expectFault(await uploader.on('directory', 'PUT', 'elsewhere'), 403, 'NoPermission')
    expect((await uploader.upload('in box/ä&+%/note 1.txt', Buffer.from('hello'))).status).toBe(200)
    expectFault(await reader.upload('x.txt', Buffer.from('x')), 403, 'NoPermission')
    expect(await reader.download('in box/ä&+%/note 1.txt')).toBe('hello')
    const overwrite = ['conflict_resolution_strategy=overwrite']
    const weak = await uploader.upload('in box/ä&+%/note 1.txt', Buffer.from('no'), overwrite)
    expectFault(weak, 403, 'NoPermission')
    const strong = await granted('upload_file_force')
    const done = await strong.upload('in box/ä&+%/note 1.txt', Buffer.from('hello again'), overwrite)
    expect(done.body).toMatchObject({ isOverwritten: true, size: '11' })
  })

  it('brings a large file in by parts, and another of the same bytes without any', async () => {
    const content = randomBytes(client.inPartsBytes + 5)
    const first = await client.upload('large.bin', content)
    expect(first.body).toMatchObject({ path: ['large.bin'], size: String(content.length) })
    const again = await client.upload('large again.bin', content)
    expect([again.status, again.body.path]).toEqual([200, ['large again.bin']])
    expect(again.body.crc64).toBe(first.body.crc64)
  })

  it('moves, copies and deletes a thousand entries, and waits for what takes long', async () => {
    await client.on('directory', 'PUT', 'many')
    await client.on('directory', 'PUT', 'moved')
    await client.upload('seed.txt', Buffer.from('seed'))
    const copies = range(1000).map((at) => ({ copyFrom: 'seed.txt', to: `many/${at}.txt` }))
    expect(statuses(await client.batch('copy', copies))).toEqual([200])
    const moves = range(1000).map((at) => ({
      from: `many/${at}.txt`,
      to: `/moved//${at}.txt`,
      conflictResolutionStrategy: at % 2 === 0 ? 'ask' : 'rename',
    }))
    expect(statuses(await client.batch('move', moves))).toEqual([200, 204])
    expectFault(
      await client.inSpace(
        'batch',
        'POST',
        '',
        'delete',
        [...moves, ...moves.slice(0, 1)].map(({ to }) => ({ path: to })),
      ),
      400,
      'TooManyItems',
    )
    const [binned, gone] = [
      range(500).map((at) => ({ path: `moved/${at}.txt` })),
      range(500).map((at) => ({ path: `moved/${500 + at}.txt`, permanent: client.yes })),
    ]
    const deleted = await client.batch('delete', [...binned, ...gone])
    expect([statuses(deleted.slice(0, 500)), statuses(deleted.slice(500))]).toEqual([[200], [204]])
    // All of them fail: a client must come to know that too.
    const missing = await client.batch(
      'delete',
      range(150).map((at) => ({ path: `moved/${at}.txt` })),
    )
    expect(statuses(missing)).toEqual([404])
    const ids = deleted.slice(0, 500).map((item) => (item as unknown as { recycledItemId: number }).recycledItemId)
    const wanted = ids.map((id) => client.id(id))
    const restored = await client.settled(await client.inSpace('recycled', 'POST', '', 'restore', wanted))
    expect(statuses(restored)).toEqual([200])
    const page = await client.on('directory', 'GET', 'moved', '', undefined, ['limit=1000'])
    expect(page.body).toMatchObject({ fileCount: 500, subDirCount: 0 })
    expect(page.body.contents).toHaveLength(500)
    expect((await client.on('directory', 'DELETE', 'moved', '', undefined, ['permanent=1'])).status).toBe(204)
  })

  it('empties the bin, looks into history, and finds things', async () => {
    await client.on('directory', 'DELETE', 'many')
    const bin = await client.inSpace('recycled', 'GET')
    expect(bin.body.contents).toMatchObject([{ name: 'many', type: 'dir', spaceId: space }])
    expect((await client.inSpace('recycled', 'DELETE')).status).toBe(204)
    const history = await client.inSpace(
      'directory-history',
      'GET',
      `/history-list/${encodeURIComponent('in box/ä&+%/note 1.txt')}`,
    )
    const [, earlier] = history.body.contents
    expect((await client.inSpace('directory-history', 'POST', `/latest-version/${earlier.id}`)).status).toBe(200)
    expect(await client.download('in box/ä&+%/note 1.txt')).toBe('hello')
    const found = await client.inSpace('search', 'POST', '/space-contents', '', { keyword: 'NOTE seed', type: 'file' })
    expect(found.body.contents.map(({ name }: { name: string }) => name).sort()).toEqual(['note 1.txt', 'seed.txt'])
    expect((await client.inSpace('favorite', 'POST', '/', '', { path: 'seed.txt' })).status).toBe(200)
    expect((await client.inSpace('favorite', 'GET', '/list')).body.contents).toMatchObject([{ name: 'seed.txt' }])
  })

  it('makes, lists and deletes spaces of its own', async () => {
    const maker = client.as(await smh.mint('create_space,delete_space', { space_id: '', user_id: `${vendor}-maker` }))
    const body = vendor === 'java' ? { publicRead: 'false' } : { isPublicRead: false }
    const made = await maker.call('POST', `space/${LIBRARY}`, '', body)
    expect(made.status).toBe(201)
    const { spaceId } = made.body
    expect((await maker.call('GET', `space/${LIBRARY}/list`)).body.list).toMatchObject([{ spaceId }])
    expect((await maker.call('DELETE', `space/${LIBRARY}/${spaceId}`)).status).toBe(204)
    expect((await maker.call('GET', `space/${LIBRARY}/list`)).body.list).toEqual([])
  })

  it('shares what it has, and a visitor fetches it', async () => {
    const config = { isPermanent: true, canPreview: true, canDownload: true }
    const shared = await client.inSpace('share', 'POST', '', '', { name: 'mine', filePath: ['seed.txt'], config })
    expect(shared.status, shared.text).toBe(200)
    const visit = await send(smh.url, 'POST', `/api/v1/share/verify/${shared.body.code}`, { body: {} })
    const visitor = client.as(visit.body.accessToken)
    const inside = await visitor.call('GET', `share/file/${shared.body.code}/`, 'list')
    expect(inside.body.contents).toMatchObject([{ name: 'seed.txt', type: 'file' }])
    const [{ inode }] = inside.body.contents
    const fetched = await visitor.call('GET', `share/file/${shared.body.code}/${inode}`, 'download')
    expect(await (await fetch(String(fetched.headers.location))).text()).toBe('seed')
    expect((await client.call('DELETE', `share/${LIBRARY}/${shared.body.id}`)).status).toBe(204)
    expect((await visitor.call('GET', `share/file/${shared.body.code}/`, 'list')).status).toBeGreaterThanOrEqual(403)
  })

  it('comes to know of every end that a task may have', async () => {
    const task = async ({ status, body, text }: Reply) => {
      expect(status, text).toBe(202)
      while (await smh.engine.work());
      const [told] = (await client.inSpace('task', 'GET', `/${body.taskId}`)).body
      const newer = (await client.inSpace('task-result', 'GET', `/${body.taskId}`)).body
      // One client waits for items for ever: no end goes without them, and a bare 204 is none.
      expect([200, 207, 500]).toContain(told.status)
      expect([told.result].flat()[0]).toMatchObject({ status: expect.any(Number) })
      return { over: client.isOver(told), status: told.status, newer: newer.status }
    }
    const deleting = (paths: readonly string[]) =>
      client.inSpace(
        'batch',
        'POST',
        '',
        'delete',
        paths.map((path) => ({ path })),
      )
    const there = range(101).map((at) => `ends/${at}`)
    const makeThem = range(101).map((at) => ({ copyFrom: 'seed.txt', to: `ends/${at}` }))
    await client.on('directory', 'PUT', 'ends')
    expect(await task(await client.inSpace('batch', 'POST', '', 'copy', makeThem))).toEqual({
      over: true,
      status: 200,
      newer: 200,
    })
    expect(await task(await deleting([...there, 'none']))).toEqual({ over: true, status: 207, newer: 207 })
    expect(await task(await deleting(there))).toEqual({ over: true, status: 207, newer: 400 })
    // One client knows no 500 and would ask for ever; all others stop, and what it stands for is told by the items.
    const knows500 = vendor !== 'ios'
    refuses = makesSome
    const doomed = await client.inSpace('batch', 'POST', '', 'copy', makeThem)
    await keepFailing()
    expect(await task(doomed)).toEqual({ over: knows500, status: 500, newer: 500 })
    refuses = makesSome
    const stopped = await client.inSpace('batch', 'POST', '', 'copy', makeThem)
    await smh.engine.cancelTasks(adminActor(smh.demo.tenant), [stopped.body.taskId as TaskId])
    await keepFailing()
    expect(await task(stopped)).toEqual({ over: true, status: 207, newer: 400 })
    const calibrated = await client.on('directory', 'PUT', 'ends', 'calibrate', undefined, ['stats_type=normal'])
    expect(await task(calibrated)).toEqual({ over: true, status: 200, newer: 200 })
    // Nobody has heard of it: the client is told of none, rather than of one that never ends.
    expect((await client.inSpace('task', 'GET', '/999999999')).body).toEqual([])
    expectFault(await client.inSpace('task-result', 'GET', '/999999999'), 404, 'TaskNotFound')
    expect(client.isOver({ status: 202 })).toBe(false)
  })

  it('comes to know how the clearing of all history ended', async () => {
    const settings = `directory-history/${LIBRARY}/library-history`
    const outcome = async () => {
      const { taskId } = (await client.call('DELETE', settings)).body
      const first = (await client.call('GET', `task/${LIBRARY}/${taskId}`)).body
      if (refuses === finishes) await keepFailing()
      while (await smh.engine.work());
      const [told] = (await client.call('GET', `task/${LIBRARY}/${taskId}`)).body
      const newer = (await client.call('GET', `task-result/${LIBRARY}/${taskId}`)).body
      expect(told.result).toMatchObject([{ status: told.status, deleteCount: expect.any(Number) }])
      ahead += 60_000
      return { first: first[0].status, over: client.isOver(told), status: told.status, newer: newer.status }
    }
    await client.call('POST', settings, '', { enableFileHistory: false })
    refuses = finishes
    expect(await outcome()).toEqual({ first: 202, over: vendor !== 'ios', status: 500, newer: 500 })
    expect(await outcome()).toMatchObject({ over: true, status: 200, newer: 200 })
    expect((await client.call('POST', settings, '', { enableFileHistory: true })).status).toBe(204)
  })

  it('keeps to a quota', async () => {
    // What was destroyed gives its room back by and by.
    while (await smh.engine.work());
    const size = Number((await client.inSpace('space', 'GET', '/size')).body.size)
    const body = { spaces: [space], capacity: String(size + 10), removeWhenExceed: false, removeAfterDays: 0 }
    expect((await smh.call('POST', `/api/v1/quota/${LIBRARY}/`, { body })).status).toBe(201)
    expectFault(await client.upload('over.bin', Buffer.alloc(11)), 400, 'QuotaLimitReached')
    expect((await client.upload('under.bin', Buffer.alloc(10))).status).toBe(200)
    const tree = await smh.tree(space)
    expect(tree).toContain('under.bin 10')
    expect(tree).not.toContain('over.bin 11')
  })
})
