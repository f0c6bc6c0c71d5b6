import { beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Session, send, serverForAll } from './session.ts'

const DAY = 24 * 3600_000

let smh: Session
let bin: string
let now = Date.parse('2026-03-01T08:00:00Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })

/** A day later, in spaces of its own. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  bin = `/api/v1/recycled/${LIBRARY}/${smh.space}`
})

/** So many ms after the test began, as the vendor writes it. */
const at = (ms: number) => new Date(began + ms).toISOString()

/** Deletes entries one after the other, a second apart; their ids in the bin. */
async function remove(...paths: string[]): Promise<number[]> {
  const ids: number[] = []
  for (const path of paths) {
    now += 1000
    const reply = await smh.batch('delete', [{ path }])
    ids.push(reply.body.result[0].recycledItemId)
  }
  return ids
}

const list = async (query = '') => {
  const reply = await smh.call('GET', `${bin}?${query}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.body
}
const names = (page: { contents: { name: string }[] }) => page.contents.map(({ name }) => name)

describe('the recycle bin', () => {
  it('lists what was put into it, the latest first', async () => {
    await smh.mkdir('d/e')
    await smh.put('d/f.txt', 'hello')
    const [file, folder] = await remove('d/f.txt', 'd')
    const page = await list('by-marker=1')
    expect(page.contents).toHaveLength(2)
    expect(page.contents[0]).toMatchObject({ recycledItemId: folder, originalPath: ['d'], name: 'd', type: 'dir' })
    expect(page.contents[1]).toMatchObject({
      recycledItemId: file,
      originalPath: ['d', 'f.txt'],
      spaceId: smh.space,
      size: '5',
      name: 'f.txt',
      type: 'file',
      removalTime: at(1000),
      fileType: 'text',
    })
    expect(page).not.toHaveProperty('nextMarker')
    // As long as nothing comes or goes it is the same, however the bin is listed.
    expect(page.eTag).toMatch(/^".+"$/)
    expect(await list('by-page=1')).toMatchObject({ eTag: page.eTag })
    await smh.call('DELETE', `${bin}/${file}`)
    expect((await list()).eTag).not.toBe(page.eTag)
  })

  it('pages by marker and by page, in any order', async () => {
    const paths = ['c.txt', 'a.txt', 'e.txt', 'b.txt', 'd.txt']
    for (const [at, path] of paths.entries()) await smh.put(path, 'x'.repeat(at + 1))
    await remove(...paths)
    const seen: string[] = []
    let query = 'limit=2'
    for (let at = 0; at < 3; at++) {
      const page = await list(query)
      seen.push(...names(page))
      query = `limit=2&marker=${page.nextMarker}`
    }
    expect(seen).toEqual(paths.toReversed())
    expect(query).toContain('undefined')
    expect(names(await list('order_by=name&order_by_type=asc'))).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt'])
    expect(names(await list('by-page=1&page=2&page_size=2&order_by=size&order_by_type=desc'))).toEqual([
      'e.txt',
      'a.txt',
    ])
    expect(await list('by-page=1&page=1&page_size=2')).toMatchObject({ totalNum: 5, contents: [{ name: 'd.txt' }, {}] })
    expect(await list('by-page=1&page_size=0')).toMatchObject({ totalNum: 5, contents: [] })
    const first = await list('order_by=name&limit=3')
    expect(names(await list(`order_by=name&limit=3&marker=${first.nextMarker}`))).toEqual(['d.txt', 'e.txt'])
  })

  it('keeps paging when what was shown is gone', async () => {
    const paths = ['a', 'b', 'c', 'd']
    for (const path of paths) await smh.put(path)
    const ids = await remove(...paths)
    const page = await list('limit=2')
    await smh.call('POST', `${bin}?delete`, { body: ids.slice(2) })
    expect(names(await list(`limit=2&marker=${page.nextMarker}`))).toEqual(['b', 'a'])
  })

  it('refuses listings it does not know', async () => {
    for (const query of [
      'limit=0',
      'limit=x',
      'order_by=color',
      'order_by=name&order_by_type=up',
      'page=0',
      'page=11&page_size=1000',
      'page_size=1001',
    ]) {
      expectFault(await smh.call('GET', `${bin}?${query}`), 400, 'ParamInvalid')
    }
    expectFault(await smh.call('GET', `${bin}?marker=abc`), 404, 'MarkerNotFound')
  })

  it('describes an item', async () => {
    await smh.put('f.txt', 'hello')
    const [id] = await remove('f.txt')
    const info = await smh.call('GET', `${bin}/${id}?info`)
    expect(info.body).toMatchObject({ name: 'f.txt', size: '5', cosUrl: expect.any(String) })
    expect(await (await fetch(info.body.cosUrl)).text()).toBe('hello')
    expectFault(await smh.call('GET', `${bin}/999?info`), 404, 'RecycledItemNotFound')
    expectFault(await smh.call('GET', `${bin}/x?info`), 404, 'RecycledItemNotFound')
    expect(info.body.availableCosUrls).toEqual([info.body.cosUrl])
    expect(Date.parse(info.body.cosUrlExpiration)).toBeGreaterThan(now)
    const preview = await smh.call('GET', `${bin}/${id}?preview&type=pic`)
    expect(preview.status).toBe(302)
    expect(await (await fetch(String(preview.headers.location))).text()).toBe('hello')
    await smh.mkdir('d')
    const [folder] = await remove('d')
    expect((await smh.call('GET', `${bin}/${folder}?info`)).body).not.toHaveProperty('cosUrl')
    expectFault(await smh.call('GET', `${bin}/${folder}?preview`), 404, 'FileNotFound')
  })
})

describe('the retention of the bin', () => {
  const keepFor = (retentionDays: unknown) => smh.call('POST', `${bin}?lifecycle`, { body: { retentionDays } })
  const settled = async () => {
    while (await smh.engine.work());
    return names(await list('order_by=remainingTime'))
  }

  it('destroys what has lain there for so long, and tells how many days are left', async () => {
    for (const path of ['for-ever', 'two-days']) await smh.put(path)
    await remove('for-ever')
    expect((await keepFor(2)).status).toBe(204)
    await remove('two-days')
    expect((await list('order_by=remainingTime')).contents).toMatchObject([
      { name: 'two-days', remainingTime: 2 },
      { name: 'for-ever', remainingTime: 0 },
    ])
    now += DAY
    expect((await list()).contents[0]).toMatchObject({ name: 'two-days', remainingTime: 1 })
    now += DAY - 1
    expect(await settled()).toEqual(['two-days', 'for-ever'])
    const { eTag } = await list()
    now += 1
    expect(await settled()).toEqual(['for-ever'])
    expect((await list()).eTag).not.toBe(eTag)
  })

  it('is made longer for what lies there, shorter only for what comes', async () => {
    for (const path of ['first', 'second']) await smh.put(path)
    await keepFor('2')
    await remove('first')
    await keepFor(4)
    await keepFor(1)
    await remove('second')
    now += DAY
    expect(await settled()).toEqual(['first'])
    now += 3 * DAY
    expect(await settled()).toEqual([])
  })

  it('is for those who rule the space, from 1 to 10000 days', async () => {
    for (const days of [0, -1, 10_001, 1.5, 'soon', null, undefined, [1]]) {
      expectFault(await keepFor(days), 400, 'ParamInvalid')
    }
    const weak = await smh.mint('delete_recycled,restore_recycled')
    const target = `${bin}?lifecycle&access_token=${weak}`
    expectFault(await smh.call('POST', target, { body: { retentionDays: 3 } }), 403, 'NoPermission')
    const strong = await smh.mint('space_admin')
    const good = await smh.call('POST', `${bin}?lifecycle&access_token=${strong}`, { body: { retentionDays: 3 } })
    expect(good.status).toBe(204)
  })
})

describe('restoring', () => {
  it('brings one item back, under another name if need be', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt', 'old')
    const [id] = await remove('d/f.txt')
    await smh.put('d/f.txt', 'newer')
    const ask = 'conflict_resolution_strategy=ask'
    expectFault(await smh.call('POST', `${bin}/${id}?restore&${ask}`), 409, 'SameNameDirectoryOrFileExists')
    const back = await smh.call('POST', `${bin}/${id}?restore`)
    expect([back.status, back.body]).toEqual([200, { path: ['d', 'f (1).txt'] }])
    expectFault(await smh.call('POST', `${bin}/${id}?restore`), 404, 'RecycledItemNotFound')
    expect(await smh.tree()).toEqual(['d/', 'd/f (1).txt 3', 'd/f.txt 5'])
  })

  it('goes to the original parent, or to the root when that is asked for', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')
    const [file] = await remove('d/f.txt', 'd')
    expectFault(await smh.call('POST', `${bin}/${file}?restore`), 404, 'DirectoryNotFound')
    const wrong = 'restore_path_strategy=anywhere'
    expectFault(await smh.call('POST', `${bin}/${file}?restore&${wrong}`), 400, 'ParamInvalid')
    const back = await smh.call('POST', `${bin}/${file}?restore&restore_path_strategy=fallbackToRoot`)
    expect(back.body).toEqual({ path: ['f.txt'] })
    expect(await smh.tree()).toEqual(['f.txt 7'])
  })

  it('brings many back, each with its own result', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')
    await smh.put('a.txt')
    await smh.put('b.txt')
    const [a, b, inner, folder] = await remove('a.txt', 'b.txt', 'd/f.txt', 'd')
    await smh.put('b.txt', 'in the way')
    const odd = [424242, 'x', -1, null, { id: a }]
    const reply = await smh.call('POST', `${bin}?restore`, { body: [a, String(b), inner, folder, inner, ...odd] })
    const unknown = { status: 404, code: 'RecycledItemNotFound', message: expect.any(String) }
    expect(reply.status).toBe(207)
    expect(reply.body.result).toEqual([
      { status: 200, path: ['a.txt'], recycledItemId: a },
      { status: 200, path: ['b (1).txt'], recycledItemId: b },
      { status: 404, code: 'DirectoryNotFound', message: expect.any(String), recycledItemId: inner },
      { status: 200, path: ['d'], recycledItemId: folder },
      { status: 200, path: ['d', 'f.txt'], recycledItemId: inner },
      ...[424242, 'x', -1, null, null].map((recycledItemId) => ({ ...unknown, recycledItemId })),
    ])
    expect(await smh.tree()).toEqual(['a.txt 5', 'b (1).txt 5', 'b.txt 10', 'd/', 'd/f.txt 7'])
  })

  it('refuses requests that name no items', async () => {
    for (const verb of ['restore', 'delete']) {
      const post = (body: unknown) => smh.call('POST', `${bin}?${verb}`, { body })
      expectFault(await post(undefined), 400, 'NoItemsProvided')
      expectFault(await post([]), 400, 'NoItemsProvided')
      expectFault(await post({ ids: [1] }), 400, 'ParamInvalid')
      expectFault(await post(Array(1001).fill(1)), 400, 'TooManyItems')
      expectFault(await post('[1'), 400, 'BadRequest')
    }
    // The answer to this one has no place for single items.
    for (const body of [[1, 'x'], [1.5], [-1], [null]]) {
      expectFault(await smh.call('POST', `${bin}?delete`, { body }), 400, 'ParamInvalid')
    }
  })
})

describe('destroying', () => {
  it('takes one item', async () => {
    await smh.put('a.txt')
    const [id] = await remove('a.txt')
    expect((await smh.call('DELETE', `${bin}/${id}`)).status).toBe(204)
    expectFault(await smh.call('DELETE', `${bin}/${id}`), 404, 'RecycledItemNotFound')
    expect((await list()).contents).toEqual([])
  })

  it('takes many, or none when one of them is not there, which is 500 whatever was the matter', async () => {
    for (const path of ['a', 'b', 'c']) await smh.put(path)
    const ids = await remove('a', 'b', 'c')
    expectFault(await smh.call('POST', `${bin}?delete`, { body: [ids[0], 4242] }), 500, 'RecycledItemNotFound')
    expect((await list()).contents).toHaveLength(3)
    expect((await smh.call('POST', `${bin}?delete`, { body: [ids[0], String(ids[1]), ids[0]] })).status).toBe(204)
    expect(names(await list())).toEqual(['c'])
  })

  it('clears the whole bin, page after page', async () => {
    await smh.mkdir('d')
    await Promise.all(Array.from({ length: 12 }, (_, at) => smh.mkdir(`d/${at}`)))
    const items = Array.from({ length: 12 }, (_, at) => ({ path: `d/${at}` }))
    await smh.batch('delete', items)
    await smh.put('kept.txt')
    expect((await smh.call('DELETE', bin)).status).toBe(204)
    expect((await list()).contents).toEqual([])
    expect((await smh.call('DELETE', bin)).status).toBe(204)
    expect(await smh.tree()).toEqual(['d/', 'kept.txt 8'])
  })
})

describe('the permissions of the bin', () => {
  it('tell restoring from destroying', async () => {
    await smh.put('a.txt')
    const [id] = await remove('a.txt')
    const as = async (grant: string, method: string, target: string, body?: unknown) => {
      const token = await smh.mint(grant)
      const joined = `${target}${target.includes('?') ? '&' : '?'}access_token=${token}`
      return send(smh.url, method, joined, { body })
    }
    expect((await as('', 'GET', bin)).status).toBe(200)
    for (const grant of ['', 'delete_file_permanent', 'delete_recycled']) {
      expectFault(await as(grant, 'POST', `${bin}/${id}?restore`), 403, 'NoPermission')
      expectFault(await as(grant, 'POST', `${bin}?restore`, [id]), 403, 'NoPermission')
    }
    for (const grant of ['', 'delete_file_permanent', 'restore_recycled']) {
      expectFault(await as(grant, 'DELETE', `${bin}/${id}`), 403, 'NoPermission')
      expectFault(await as(grant, 'POST', `${bin}?delete`, [id]), 403, 'NoPermission')
      expectFault(await as(grant, 'DELETE', bin), 403, 'NoPermission')
    }
    expect((await list()).contents).toHaveLength(1)
    expect((await as('restore_recycled', 'POST', `${bin}/${id}?restore`)).status).toBe(200)
    const [again] = await remove('a.txt')
    expect((await as('delete_recycled', 'DELETE', `${bin}/${again}`)).status).toBe(204)
  })

  it('end at the space', async () => {
    await smh.put('a.txt')
    const [id] = await remove('a.txt')
    const elsewhere = `/api/v1/recycled/${LIBRARY}/${smh.other}`
    expectFault(await smh.call('POST', `${elsewhere}/${id}?restore`), 404, 'RecycledItemNotFound')
    expectFault(await smh.call('DELETE', `${elsewhere}/${id}`), 404, 'RecycledItemNotFound')
    expect((await list()).contents).toHaveLength(1)
  })
})
