import { beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Session, send, serverForAll } from './session.ts'

const DAY = 24 * 3600_000

let smh: Session
let base: string
let now = Date.parse('2026-03-01T08:15:58Z')
/** When the test began. */
let began: number
const server = serverForAll({ clock: () => now })

/** A day later, in spaces of its own. */
beforeEach(async () => {
  now += DAY
  began = now
  smh = await server.fresh()
  base = `/api/v1/directory/${LIBRARY}/${smh.space}`
})

/** So many ms after the test began, as the vendor writes it. */
const at = (ms: number) => new Date(began + ms).toISOString()

const put = (path: string, body?: unknown, query = '') => smh.call('PUT', `${base}/${path}?${query}`, { body })
const list = async (query: string, path = '') => {
  const reply = await smh.call('GET', `${base}/${path}?${query}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.body
}
const names = (page: { contents: { name: string }[] }) => page.contents.map(({ name }) => name)

describe('making a directory', () => {
  it('makes its missing parents too', async () => {
    const body = { labels: ['a'], metaData: { color: 'red' }, localCreationTime: '2020-01-02T03:04:05.000Z' }
    const made = await put('x/y/z', body, 'with_inode=1')
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      path: ['x', 'y', 'z'],
      inode: expect.any(String),
      creationTime: at(0),
      metaData: { 'x-smh-meta-color': 'red' },
      labels: ['a'],
      localCreationTime: '2020-01-02T03:04:05.000Z',
    })
    expect(await smh.tree()).toEqual(['x/', 'x/y/', 'x/y/z/'])
  })

  it('asks when the name is taken, or takes another', async () => {
    await put('d')
    expectFault(await put('d', {}), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await put('d', {}, 'conflict_resolution_strategy=overwrite'), 409, 'SameNameDirectoryOrFileExists')
    expect((await put('d', {}, 'conflict_resolution_strategy=rename')).body.path).toEqual(['d (1)'])
    expect((await put('d', {}, 'conflict_resolution_strategy=rename')).body.path).toEqual(['d (2)'])
    expect(await smh.tree()).toEqual(['d (1)/', 'd (2)/', 'd/'])
  })

  it('refuses what cannot be a directory', async () => {
    await smh.put('file')
    expectFault(await put(''), 400, 'EmptyPath')
    expectFault(await put('%2F'), 400, 'EmptyPath')
    expectFault(await put('a/../b'), 400, 'IllegalFileName')
    expectFault(await put('a%2F..%2Fb'), 400, 'IllegalFileName')
    expectFault(await put('a%00'), 400, 'IllegalFileName')
    for (const name of ['a%5Cb', 'a%3Ab', 'a*b', 'a%3Fb', 'a%22b', 'a%3Cb', 'a%3Eb', 'a%7Cb']) {
      expectFault(await put(name), 400, 'IllegalFileName')
      expectFault(await put(`${name}/c`), 400, 'IllegalFileName')
    }
    expectFault(await put('n'.repeat(256)), 400, 'DirectoryNameLengthExceed')
    expectFault(await put(`${'n'.repeat(256)}/d`), 400, 'DirectoryNameLengthExceed')
    expectFault(await put('file/d'), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await put('file'), 409, 'SameNameDirectoryOrFileExists')
    expectFault(await put('d', { metaData: { a: 1 } }), 400, 'ParamInvalid')
    expectFault(await put('d', '{"labels":'), 400, 'BadRequest')
    expectFault(await put('d', {}, 'conflict_resolution_strategy=no'), 400, 'InvalidConflictResolutionStrategy')
    expectFault(await put(Array(201).fill('d').join('/')), 400, 'DirectoryLevelExceed')
    expect(await smh.tree()).toEqual(['file 4'])
  })
})

describe('listing a directory', () => {
  beforeEach(async () => {
    await smh.mkdir('b-dir')
    await smh.mkdir('a-dir')
    for (const [name, size] of [
      ['c.txt', 3],
      ['a.txt', 1],
      ['b.txt', 2],
    ] as const) {
      now += 1000
      await smh.put(name, 'x'.repeat(size))
    }
  })

  it('shows directories first, then files, each by name', async () => {
    const page = await list('')
    expect(page).toMatchObject({
      path: [],
      fileCount: 3,
      subDirCount: 2,
      totalNum: 5,
      eTag: expect.stringMatching(/^".+"$/),
    })
    expect(names(page)).toEqual(['a-dir', 'b-dir', 'a.txt', 'b.txt', 'c.txt'])
    expect(page).not.toHaveProperty('nextMarker')
    expect(page.contents[0]).toMatchObject({ type: 'dir', name: 'a-dir', metaData: {} })
    expect(page.contents[0]).not.toHaveProperty('size')
    expect(page.contents[0]).not.toHaveProperty('inode')
    expect(page.contents[2]).toMatchObject({
      type: 'file',
      size: '1',
      contentType: 'text/plain',
      creationTime: at(2000),
    })
    expect((await list('with_inode=1')).contents[0].inode).toBeTypeOf('string')
  })

  it('gives every order in both directions, page by page and by marker', async () => {
    const said: Record<string, [created: string | undefined, modified?: string]> = {
      'a-dir': ['2030-01-01T00:00:00.000Z'],
      'b-dir': ['2001-01-01T00:00:00.000Z', '2031-01-01T00:00:00.000Z'],
      'a.txt': ['2029-01-01T00:00:00.000Z', '2002-01-01T00:00:00.000Z'],
      'c.txt': [undefined, '2002-01-01T00:00:00.000Z'],
    }
    for (const [name, [localCreationTime, localModificationTime]] of Object.entries(said)) {
      now += 1000
      const body = { localCreationTime, localModificationTime }
      expect((await smh.call('POST', `${base}/${name}?update`, { body })).status).toBe(204)
    }
    const all = (await list('with_inode=1')).contents as Record<string, string>[]
    const made = new Map(['b-dir', 'a-dir', 'c.txt', 'a.txt', 'b.txt'].map((name, at) => [name, at]))
    const values: Record<string, (of: Record<string, string>) => number | string> = {
      name: ({ name }) => name!,
      size: ({ size }) => Number(size ?? 0),
      creationTime: ({ creationTime }) => creationTime!,
      modificationTime: ({ modificationTime }) => modificationTime!,
      localCreationTime: ({ name, creationTime }) => said[name!]?.[0] ?? creationTime!,
      localModificationTime: ({ name, modificationTime }) => said[name!]?.[1] ?? modificationTime!,
    }
    // Where a marker or a page begins says something only of all that is there; filtered, one page of the same order is enough.
    const filters = [
      ['', ''],
      ['', 'union'],
      ['onlyDir', ''],
      ['onlyFile', 'union'],
    ] as const
    const rows = Object.keys(values).flatMap((order) =>
      ['asc', 'desc'].flatMap((way) => filters.map(([filter, sort]) => ({ order, way, filter, sort }))),
    )
    const told = async ({ order, way, filter, sort }: (typeof rows)[number]) => {
      const compare = (a: Record<string, string>, b: Record<string, string>) => {
        const [one, other] = [values[order]!(a), values[order]!(b)]
        const rest = one < other ? -1 : one > other ? 1 : made.get(a.name!)! - made.get(b.name!)!
        const kinds = sort === 'union' ? 0 : Number(a.type === 'file') - Number(b.type === 'file')
        return kinds || (way === 'asc' ? rest : -rest)
      }
      const wanted = all
        .filter(({ type }) => filter === '' || (type === 'dir') === (filter === 'onlyDir'))
        .sort(compare)
        .map(({ name }) => name)
      const words = `order_by=${order}&order_by_type=${way}&filter=${filter}&sort_type=${sort}`
      const query = words.replace('&filter=&', '&').replace(/&sort_type=$/, '')
      if (filter !== '') return expect(names(await list(query)), query).toEqual(wanted)
      const page = await list(`${query}&page=2&page_size=2`)
      const first = await list(`${query}&limit=1`)
      const after = await list(`${query}&marker=${first.nextMarker}`)
      expect([...names(first), ...names(after)], query).toEqual(wanted)
      expect(names(page), query).toEqual(wanted.slice(2, 4))
    }
    await Promise.all(rows.map(told))
  })

  it('orders and filters as asked', async () => {
    expect(names(await list('order_by=name&order_by_type=desc'))).toEqual(['b-dir', 'a-dir', 'c.txt', 'b.txt', 'a.txt'])
    expect(names(await list('orderBy=size&orderByType=desc&filter=onlyFile'))).toEqual(['c.txt', 'b.txt', 'a.txt'])
    expect(names(await list('order_by=creationTime&filter=onlyFile'))).toEqual(['c.txt', 'a.txt', 'b.txt'])
    expect(names(await list('sort_type=union'))).toEqual(['a-dir', 'a.txt', 'b-dir', 'b.txt', 'c.txt'])
    expect(await list('filter=onlyDir')).toMatchObject({
      totalNum: 2,
      contents: [{ name: 'a-dir' }, { name: 'b-dir' }],
    })
  })

  it('pages by marker, by page and by offset', async () => {
    const seen: string[] = []
    let query = 'by-marker=1&limit=2'
    for (let at = 0; at < 3; at++) {
      const page = await list(query)
      seen.push(...names(page))
      if (at < 2) expect(page.nextMarker).toMatch(/^[0-9]+$/)
      else expect(page).not.toHaveProperty('nextMarker')
      query = `by-marker=1&limit=2&marker=${page.nextMarker}`
    }
    expect(seen).toEqual(['a-dir', 'b-dir', 'a.txt', 'b.txt', 'c.txt'])
    expect(names(await list('by-page=1&page=2&page_size=2'))).toEqual(['a.txt', 'b.txt'])
    expect(names(await list('page=3&page_size=2'))).toEqual(['c.txt'])
    expect(names(await list('offset=1&limit=2'))).toEqual(['b-dir', 'a.txt'])
  })

  it('refuses what it does not know', async () => {
    const bad = (query: string, status: number, code: string, path = '') =>
      smh.call('GET', `${base}/${path}?${query}`).then((reply) => expectFault(reply, status, code))
    await bad('', 404, 'DirectoryNotFound', 'nothing')
    await bad('', 404, 'DirectoryNotFound', 'a.txt')
    await bad('', 400, 'IllegalFileName', '..')
    await bad('marker=1', 404, 'MarkerNotFound')
    await bad('marker=abc', 404, 'MarkerNotFound')
    await bad('limit=0', 400, 'ParamInvalid')
    await bad('limit=1001', 400, 'ParamInvalid')
    await bad('limit=-1', 400, 'ParamInvalid')
    await bad('page=101&page_size=100', 400, 'ParamInvalid')
    await bad('page=1&marker=3', 400, 'ParamInvalid')
    await bad('order_by=colour', 400, 'ParamInvalid')
    await bad('order_by=constructor', 400, 'ParamInvalid')
    await bad('order_by_type=up', 400, 'ParamInvalid')
    await bad('filter=some', 400, 'ParamInvalid')
    await bad('filter=toString', 400, 'ParamInvalid')
    await bad('prefix=a&order_by=size', 400, 'ParamInvalid')
    await bad('start_name=a&page=1', 400, 'ParamInvalid')
    await bad('prefix=a&offset=1', 400, 'ParamInvalid')
    await bad('prefix=a', 404, 'DirectoryNotFound', 'nothing')
  })

  describe('by names', () => {
    const all = ['ab', 'abc', 'b', 'ba'].flatMap((name) => [`${name}-d`, `${name}.f`])
    beforeEach(async () => {
      await smh.mkdir('n')
      await Promise.all(all.map((name) => (name.endsWith('-d') ? smh.mkdir(`n/${name}`) : smh.put(`n/${name}`))))
    })
    /** Every page of a listing, two entries each. */
    async function everyPage(query: string): Promise<string[]> {
      const seen: string[] = []
      for (let marker = ''; ; ) {
        const page = await list(`limit=2&${query}${marker}`, 'n')
        seen.push(...names(page))
        if (!page.nextMarker) return seen
        expect(page.contents).toHaveLength(2)
        marker = `&marker=${page.nextMarker}`
      }
    }
    const kinds = (wanted: string[]) => [
      ...wanted.filter((name) => name.endsWith('-d')),
      ...wanted.filter((name) => name.endsWith('.f')),
    ]

    it.each([
      ['prefix=ab', all.filter((name) => name.startsWith('ab'))],
      ['prefix=abc', all.filter((name) => name.startsWith('abc'))],
      ['prefix=none', []],
      ['start_name=ab-d', all.filter((name) => name > 'ab-d')],
      ['start_name=b', all.filter((name) => name > 'b')],
      ['start_name=zz', []],
      ['prefix=b&start_name=a', all.filter((name) => name.startsWith('b'))],
      ['prefix=a&start_name=abb', all.filter((name) => name.startsWith('a') && name > 'abb')],
      ['prefix=a&start_name=b', []],
    ])('shows what %s asks for, page by page, in any direction', async (query, wanted) => {
      const sorted = kinds(wanted)
      const backwards = kinds(wanted.toReversed())
      expect(await everyPage(query)).toEqual(sorted)
      expect(await everyPage(`${query}&order_by_type=desc`)).toEqual(backwards)
      expect(await everyPage(`${query}&filter=onlyFile`)).toEqual(sorted.filter((name) => name.endsWith('.f')))
      expect(await everyPage(`${query}&filter=onlyDir`)).toEqual(sorted.filter((name) => name.endsWith('-d')))
      expect(await everyPage(`${query}&sort_type=union`)).toEqual(wanted.toSorted())
    })
  })
})

describe('the statistics of a directory', () => {
  it('count what lies below it, in the bin, and in earlier versions', async () => {
    await smh.mkdir('d/e')
    await smh.put('d/a', 'four')
    await smh.put('d/e/b', 'x')
    const again = await smh.call(
      'PUT',
      `/api/v1/file/${LIBRARY}/${smh.space}/d/a?conflict_resolution_strategy=overwrite`,
    )
    await send(`http://${again.body.domain}`, 'PUT', again.body.path, { body: 'seven77', headers: again.body.headers })
    await smh.call('POST', `/api/v1/file/${LIBRARY}/${smh.space}/${again.body.confirmKey}?confirm`)
    expect(await list('stats=1&stats_type=normal', 'd')).toEqual({
      userId: '',
      statsType: 'normal',
      storage: 8,
      fileCount: 2,
      dirCount: 1,
    })
    expect(await list('stats', '')).toMatchObject({ storage: 8, fileCount: 2, dirCount: 2 })
    expect(await list('stats&stats_type=history', 'd')).toMatchObject({ storage: 4, fileCount: 1, dirCount: 0 })
    const deleted = await smh.call('DELETE', `${base}/d`)
    const id = deleted.body.recycledItemId
    expect(await list(`stats&stats_type=recycle&recycled_id=${id}`, 'd')).toMatchObject({ storage: 8, fileCount: 2 })
    const bad = async (query: string, status: number, code: string, path = '') =>
      expectFault(await smh.call('GET', `${base}/${path}?stats&${query}`), status, code)
    await bad('', 404, 'DirectoryNotFound', 'd')
    await bad('stats_type=all', 400, 'InvalidDirectoryStatsType')
    await bad('stats_type=recycle', 404, 'RecycledItemNotFound')
    await bad('stats_type=recycle&recycled_id=424242', 404, 'RecycledItemNotFound')
    const calibrated = await smh.call('PUT', `${base}/?calibrate=1&stats_type=normal`)
    expect([calibrated.status, calibrated.body]).toEqual([202, { taskId: expect.any(Number) }])
    while (await smh.engine.work());
    const told = (family: string) =>
      smh.call('GET', `/api/v1/${family}/${LIBRARY}/${smh.space}/${calibrated.body.taskId}`)
    expect((await told('task')).body).toMatchObject([{ taskId: calibrated.body.taskId, status: 200 }])
    expect((await told('task-result')).body).toMatchObject({
      ...{ taskType: 'calibrateDirectoryStats', status: 200 },
      calibrateDirectoryStatsResult: { status: 200, path: [] },
    })
    expectFault(await smh.call('PUT', `${base}/none?calibrate=1`), 404, 'DirectoryNotFound')
    expectFault(await smh.call('PUT', `${base}/?calibrate=1&stats_type=all`), 400, 'InvalidDirectoryStatsType')
  })
})

describe('a directory', () => {
  it('is checked and described', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')
    expect((await smh.call('HEAD', `${base}/d`)).status).toBe(200)
    expect((await smh.call('HEAD', base)).status).toBe(200)
    expect((await smh.call('HEAD', `${base}/d/f.txt`)).status).toBe(404)
    expect((await smh.call('HEAD', `${base}/no`)).status).toBe(404)
    expect(await list('info', 'd')).toMatchObject({ path: ['d'], name: 'd', type: 'dir' })
    expect(await list('info', 'd/f.txt')).toMatchObject({ path: ['d', 'f.txt'], type: 'file', size: '7' })
    expectFault(await smh.call('GET', `${base}/no?info`), 404, 'PathNotFound')
  })

  it('is moved: 204 when it may only have the name asked for, 200 with its path otherwise', async () => {
    await Promise.all(['a', 'b'].map((name) => smh.mkdir(name)))
    const moved = await put('x/y', { from: 'a' })
    expect([moved.status, moved.text]).toEqual([204, ''])
    expectFault(await put('b', { from: 'x/y' }), 409, 'SameNameDirectoryOrFileExists')
    const renamed = await put('b', { from: 'x/y' }, 'conflict_resolution_strategy=rename&move_authority=true')
    expect([renamed.status, renamed.body]).toEqual([200, { path: ['b (1)'] }])
    expectFault(await put('b/c', { from: 'b' }), 400, 'SourceDirectoryIsParentOfDestination')
    expectFault(await put('c', { from: 'no' }), 404, 'SourceDirectoryNotFound')
    expectFault(await put('c', { from: '' }), 400, 'InvalidSourceDirectory')
    await smh.put('f.txt')
    expectFault(await put('c', { from: 'f.txt' }), 400, 'InvalidSourceDirectory')
    expect(await smh.tree()).toEqual(['b (1)/', 'b/', 'f.txt 5', 'x/'])
  })

  it('is copied with all it holds', async () => {
    await smh.mkdir('a/b')
    await smh.put('a/b/f.txt')
    expect((await put('x/y', { copyFrom: 'a' })).status).toBe(204)
    expect((await put('a', { copyFrom: 'a' }, 'conflict_resolution_strategy=rename')).body).toEqual({ path: ['a (1)'] })
    expectFault(await put('a/b/c', { copyFrom: 'a' }), 400, 'SourceDirectoryIsParentOfDestination')
    expect(await smh.tree()).toEqual([
      'a (1)/',
      'a (1)/b/',
      'a (1)/b/f.txt 9',
      'a/',
      'a/b/',
      'a/b/f.txt 9',
      'x/',
      'x/y/',
      'x/y/b/',
      'x/y/b/f.txt 9',
    ])
  })

  it('is copied from another space', async () => {
    await smh.mkdir('a', smh.other)
    await smh.put('a/f.txt', 'theirs', smh.other)
    const target = `/api/v1/cross-space/directory/${LIBRARY}/${smh.space}/copy/b`
    const copied = await smh.call('PUT', `${target}?conflict_resolution_strategy=rename`, {
      body: { copyFrom: 'a', copyFromSpaceId: smh.other },
    })
    expect([copied.status, copied.body]).toEqual([200, { path: ['b'] }])
    expect(await smh.tree()).toEqual(['b/', 'b/f.txt 6'])
    const weak = await smh.mint('copy_directory', { space_id: `${smh.space},${smh.other}` })
    const denied = await smh.call('PUT', `${target}?access_token=${weak}`, {
      body: { copyFrom: 'a', copyFromSpaceId: smh.other },
    })
    expectFault(denied, 403, 'NoPermission')
  })

  it('is deleted whole', async () => {
    await smh.mkdir('a/b')
    await smh.mkdir('c')
    await smh.put('f.txt')
    const binned = await smh.call('DELETE', `${base}/a`)
    expect([binned.status, binned.body]).toEqual([200, { recycledItemId: expect.any(Number) }])
    expect((await smh.call('DELETE', `${base}/c?permanent=true`)).status).toBe(204)
    expectFault(await smh.call('DELETE', `${base}/f.txt`), 404, 'DirectoryNotFound')
    expectFault(await smh.call('DELETE', base), 400, 'RootDirectoryNotAllowed')
    expectFault(await smh.call('DELETE', `${base}/?permanent=1`), 400, 'RootDirectoryNotAllowed')
    expect(await smh.tree()).toEqual(['f.txt 5'])
  })

  it('is deleted alone only when it is empty', async () => {
    await smh.mkdir('a/b')
    for (const query of ['directory_only=1', 'directory_only=true&permanent=1']) {
      expectFault(await smh.call('DELETE', `${base}/a?${query}`), 409, 'PathConflict')
    }
    expect(await smh.tree()).toEqual(['a/', 'a/b/'])
    expect((await smh.call('DELETE', `${base}/a/b?directory_only=1&permanent=1`)).status).toBe(204)
    const binned = await smh.call('DELETE', `${base}/a?directory_only=1`)
    expect([binned.status, binned.body]).toEqual([200, { recycledItemId: expect.any(Number) }])
    expect((await smh.call('DELETE', `${base}/a?directory_only=1`)).status).toBe(404)
  })

  it('takes labels and metadata', async () => {
    await smh.mkdir('d')
    const update = (body: object) => smh.call('POST', `${base}/d?update`, { body })
    expect((await update({ labels: ['x'], metaData: { a: '1', b: '2' } })).status).toBe(204)
    expect((await update({ metaData: { b: '3' }, metaDataDirective: 'merge' })).status).toBe(204)
    expect(await list('info', 'd')).toMatchObject({
      labels: ['x'],
      metaData: { 'x-smh-meta-a': '1', 'x-smh-meta-b': '3' },
    })
    await update({ metaData: { c: '4' }, metaDataDirective: 'replace' })
    expect((await list('info', 'd')).metaData).toEqual({ 'x-smh-meta-c': '4' })
    expectFault(await update({ metaDataDirective: 'forget' }), 400, 'ParamInvalid')
    expectFault(await smh.call('POST', `${base}/no?update`, { body: {} }), 404, 'PathNotFound')
  })
})
