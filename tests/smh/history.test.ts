import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Session, send, serverForAll } from './session.ts'

let smh: Session
let files: string
let history: string
let now = Date.parse('2026-03-01T08:00:00Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })

/** A day later, in spaces of its own, under the settings a library starts with. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  files = `/api/v1/file/${LIBRARY}/${smh.space}`
  history = `/api/v1/directory-history/${LIBRARY}/${smh.space}`
})
afterEach(async () => {
  await smh.call('POST', `/api/v1/directory-history/${LIBRARY}/library-history`, { body: DEFAULTS })
  await smh.call('DELETE', `/api/v1/space/${LIBRARY}/${smh.space}?force=1`)
})

const DAY = 24 * 3600_000
const DEFAULTS = { enableFileHistory: true, fileHistoryCount: 99, fileHistoryExpireDay: 0, mergeInterval: 0 }

/** So many minutes after the test began, as the vendor writes it. */
const at = (minutes: number) => new Date(began + minutes * 60_000).toISOString()

/** Uploads contents over one another, a minute apart. */
async function write(path: string, ...contents: string[]): Promise<void> {
  for (const content of contents) {
    now += 60_000
    const begun = await smh.call('PUT', `${files}/${path}?conflict_resolution_strategy=overwrite`)
    await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: content, headers: begun.body.headers })
    expect((await smh.call('POST', `${files}/${begun.body.confirmKey}?confirm`)).status).toBe(200)
  }
}

const list = async (path: string, query = '') => {
  const reply = await smh.call('GET', `${history}/history-list/${path}?${query}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.body
}
const sizes = (page: { contents: { size: string }[] }) => page.contents.map(({ size }) => Number(size))

describe('the history of a file', () => {
  it('is listed, the latest version first, whatever the order', async () => {
    await write('a.txt', '1', '22', '333')
    const page = await list('a.txt')
    expect(page.hasMore).toBe(false)
    expect(page.contents).toMatchObject([
      { version: 3, isLatestVersion: true, size: '3', creationWay: 1, name: 'a.txt', contentType: 'text/plain' },
      {
        version: 2,
        isLatestVersion: false,
        size: '2',
        creationTime: at(2),
        id: expect.any(Number),
      },
      { version: 1, isLatestVersion: false, size: '1', creationWay: 0, id: expect.any(Number) },
    ])
    expect(page.contents[0]).not.toHaveProperty('id')
    expect(sizes(await list('a.txt', 'order_by=id&order_by_type=asc'))).toEqual([3, 1, 2])
    const first = await list('a.txt', 'limit=2')
    expect([sizes(first), first.hasMore, first.nextMarker]).toEqual([[3, 2], true, '2'])
    expect(sizes(await list('a.txt', `limit=2&marker=${first.nextMarker}`))).toEqual([1])
    expect(await list('a.txt', 'page=1&page_size=2')).toMatchObject({ totalNum: 3, hasMore: true })
    const last = { totalNum: 3, hasMore: false, contents: [{ size: '1' }] }
    expect(await list('a.txt', 'page=2&page_size=2')).toMatchObject(last)
  })

  it('can be fetched, version by version', async () => {
    await write('a.txt', 'first', 'second!')
    const [, { id }] = (await list('a.txt')).contents
    const reply = await smh.call('GET', `${files}/a.txt?history_id=${id}`)
    expect(reply.headers).toMatchObject({ 'x-smh-size': '5' })
    expect(await (await fetch(String(reply.headers.location))).text()).toBe('first')
    const info = await smh.call('GET', `${files}/a.txt?info&history_id=${id}`)
    expect(info.body).toMatchObject({ size: '5', versionId: 1, modificationTime: at(1) })
    expect(await (await fetch(info.body.cosUrl)).text()).toBe('first')
    expect((await smh.call('HEAD', `${files}/a.txt?history_id=${id}`)).headers['x-smh-size']).toBe('5')
    await write('b.txt', 'x', 'y')
    for (const wrong of [id + 7, 3, 'x']) {
      expectFault(await smh.call('GET', `${files}/a.txt?history_id=${wrong}`), 404, 'FileNotFound')
    }
    expectFault(await smh.call('GET', `${files}/b.txt?history_id=${id}`), 404, 'FileNotFound')
  })

  it('gives back an earlier content as the latest', async () => {
    await write('a.txt', 'first', 'second')
    const [, { id }] = (await list('a.txt')).contents
    now += 60_000
    const reply = await smh.call('POST', `${history}/latest-version/${id}`)
    expect(reply.status, reply.text).toBe(200)
    expect(reply.body).toMatchObject({
      path: ['a.txt'],
      size: '5',
      versionId: 3,
      setLatestTime: at(3),
    })
    const { contents } = await list('a.txt')
    expect(contents.map(({ version }: { version: number }) => version)).toEqual([3, 2, 1])
    expect(contents[0]).toMatchObject({ setLatestTime: at(3) })
    for (const earlier of contents.slice(1)) expect(earlier).not.toHaveProperty('setLatestTime')
    expectFault(await smh.call('POST', `${history}/latest-version/${id + 2}`), 400, 'ParamInvalid')
    expectFault(await smh.call('POST', `${history}/latest-version/${id + 9}`), 404, 'FileNotFound')
    expectFault(await smh.call('POST', `${history}/latest-version/7`), 404, 'FileNotFound')
  })

  it('loses versions, all that are named or none', async () => {
    await write('a.txt', '1', '22', '333')
    await write('b.txt', '4444', '55555')
    const ids = (page: { contents: { id?: number }[] }) => page.contents.flatMap(({ id }) => id ?? [])
    const [a, b] = [ids(await list('a.txt')), ids(await list('b.txt'))]
    const remove = (body: unknown) => smh.call('POST', `${history}/delete`, { body })
    expectFault(await remove([a[0], b[0]! + 7]), 404, 'FileNotFound')
    expect(sizes(await list('a.txt'))).toEqual([3, 2, 1])
    expect((await remove([a[0], String(b[0])])).status).toBe(204)
    expect(sizes(await list('a.txt'))).toEqual([3, 1])
    expect(sizes(await list('b.txt'))).toEqual([5])
    expectFault(await remove([]), 400, 'NoItemsProvided')
    expectFault(await remove({ ids: a }), 400, 'ParamInvalid')
    expectFault(await remove(Array(1001).fill(a[1])), 400, 'TooManyItems')
    const used = (await smh.call('GET', `/api/v1/space/${LIBRARY}/${smh.space}/size`)).body
    expect(used).toEqual({ size: String(3 + 1 + 5) })
  })

  it('is for those who may', async () => {
    await write('a.txt', '1', '22')
    const [, { id }] = (await list('a.txt')).contents
    const [reader, deleter, setter] = await Promise.all(
      ['', 'delete_history', 'set_history_latest'].map((grant) => smh.mint(grant)),
    )
    const as = (token: string | undefined, target: string, body?: unknown) =>
      smh.call('POST', `${history}/${target}?access_token=${token}`, { body })
    expect((await smh.call('GET', `${history}/history-list/a.txt?access_token=${reader}`)).status).toBe(200)
    for (const token of [reader, deleter]) expectFault(await as(token, `latest-version/${id}`), 403, 'NoPermission')
    for (const token of [reader, setter]) expectFault(await as(token, 'delete', [id]), 403, 'NoPermission')
    expect((await as(setter, `latest-version/${id}`)).status).toBe(200)
    expect((await as(deleter, 'delete', [id])).status).toBe(204)
  })

  it('is a file’s only', async () => {
    await smh.mkdir('d')
    await smh.put('a.txt')
    await smh.call('PUT', `${files}/link`, { body: { linkTo: 'a.txt' } })
    for (const path of ['d', '', 'link'].filter(Boolean)) {
      expectFault(await smh.call('GET', `${history}/history-list/${path}`), 400, 'UnsupportedFileType')
    }
    expectFault(await smh.call('GET', `${history}/history-list/none`), 404, 'PathNotFound')
    expectFault(await smh.call('GET', `${history}/history-list/a.txt?order_by=size`), 400, 'ParamInvalid')
    expectFault(await smh.call('GET', `${history}/history-list/a.txt?marker=x`), 404, 'MarkerNotFound')
  })
})

describe('the history settings of a library', () => {
  const settings = `/api/v1/directory-history/${LIBRARY}/library-history`
  const set = (body: object) => smh.call('POST', settings, { body })

  it('say whether and how many versions are kept', async () => {
    expect((await smh.call('GET', settings)).body).toEqual(DEFAULTS)
    expect((await set({ fileHistoryCount: 2 })).status).toBe(204)
    expect((await smh.call('GET', settings)).body).toMatchObject({ enableFileHistory: true, fileHistoryCount: 2 })
    await write('a.txt', '1', '22', '333', '4444')
    expect(sizes(await list('a.txt'))).toEqual([4, 3, 2])
    expect((await set({ enableFileHistory: false })).status).toBe(204)
    expect((await smh.call('GET', settings)).body).toMatchObject({ enableFileHistory: false, fileHistoryCount: 2 })
    await write('a.txt', '55555')
    expect(sizes(await list('a.txt'))).toEqual([5])
    // A space that is made later keeps to them too.
    await set({ enableFileHistory: true, fileHistoryCount: 1 })
    const made = await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })
    const [drive] = await smh.store.read((tx) => tx.drives([made.body.spaceId]))
    expect(drive!.settings.versionsMax).toBe(2)
  })

  it('are within bounds, and an administrator’s', async () => {
    for (const [body, code] of [
      [{ fileHistoryCount: 0 }, 'InvalidFileHistoryCount'],
      [{ fileHistoryCount: 1000 }, 'InvalidFileHistoryCount'],
      [{ fileHistoryExpireDay: 1000 }, 'InvalidFileHistoryExpireDay'],
      [{ mergeInterval: 3 }, 'InvalidFileHistoryMergeInterval'],
      [{ mergeInterval: 601 }, 'InvalidFileHistoryMergeInterval'],
      [{ enableFileHistory: 'maybe' }, 'ParamInvalid'],
    ] as const) {
      expectFault(await set(body), 400, code)
    }
    const weak = await smh.mint('space_admin')
    expectFault(await smh.call('GET', `${settings}?access_token=${weak}`), 403, 'NoPermission')
    expectFault(await smh.call('POST', `${settings}?access_token=${weak}`, { body: {} }), 403, 'NoPermission')
    expectFault(await smh.call('DELETE', `${settings}?access_token=${weak}`), 403, 'NoPermission')
  })

  it('let versions go by their age', async () => {
    await write('a.txt', '1', '22')
    expect((await set({ fileHistoryExpireDay: 30 })).status).toBe(204)
    await write('a.txt', '333')
    now += 30 * DAY - 60_000
    expect(await settled('a.txt')).toEqual([3, 2])
    now += 60_000
    expect(await settled('a.txt')).toEqual([3])
    expect((await smh.call('GET', settings)).body).toMatchObject({ fileHistoryExpireDay: 30, mergeInterval: 0 })
  })

  it('let versions merge that are written soon after one another', async () => {
    expect((await set({ mergeInterval: 90 })).status).toBe(204)
    await write('a.txt', '1', '22', '333')
    expect(sizes(await list('a.txt'))).toEqual([3])
    now += 60_000
    await write('a.txt', '4444')
    expect(sizes(await list('a.txt'))).toEqual([4, 3])
    const used = (await smh.call('GET', `/api/v1/space/${LIBRARY}/${smh.space}/size`)).body
    expect(used).toEqual({ size: '7' })
  })
})

/** The sizes of a file's versions once the work behind has come to rest. */
async function settled(path: string): Promise<number[]> {
  while (await smh.engine.work());
  return sizes(await list(path))
}

describe('clearing the history of a library', () => {
  const settings = `/api/v1/directory-history/${LIBRARY}/library-history`

  it('is a task of the library that tells how much went', async () => {
    await write('a.txt', '1', '22', '333')
    await write('b.txt', '1')
    expectFault(await smh.call('DELETE', settings), 400, 'BadRequest')
    await smh.call('POST', settings, { body: { enableFileHistory: false } })
    const begun = await smh.call('DELETE', settings)
    expect([begun.status, begun.body]).toEqual([202, { taskId: expect.any(Number) }])
    expect(await settled('a.txt')).toEqual([3])
    const { taskId } = begun.body
    const tasks = await smh.call('GET', `/api/v1/task/${LIBRARY}/${taskId},999`)
    expect(tasks.body).toEqual([{ taskId, status: 200, result: [{ err: null, status: 200, deleteCount: 2 }] }])
    const result = await smh.call('GET', `/api/v1/task-result/${LIBRARY}/${taskId}`)
    const clearLibraryHistoryResult = { status: 200, code: null, deleteCount: 2 }
    const taskType = 'clearLibraryHistory'
    expect(result.body).toEqual({ taskId: String(taskId), taskType, status: 200, clearLibraryHistoryResult })
    expect((await smh.call('GET', `/api/v1/task/${LIBRARY}/${smh.space}/${taskId}`)).body).toEqual([])
    expectFault(await smh.call('GET', `/api/v1/task-result/${LIBRARY}/999`), 404, 'TaskNotFound')
    const weak = await smh.mint('space_admin')
    expectFault(await smh.call('GET', `/api/v1/task/${LIBRARY}/${taskId}?access_token=${weak}`), 403, 'NoPermission')
  })

  it('is done once a minute at most', async () => {
    await smh.call('POST', settings, { body: { enableFileHistory: false } })
    expect((await smh.call('DELETE', settings)).status).toBe(202)
    now += 59_999
    expectFault(await smh.call('DELETE', settings), 429, 'RateLimitExceeded')
    now += 1
    expect((await smh.call('DELETE', settings)).status).toBe(202)
  })
})
