import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
let search: string
let now = Date.parse('2026-03-01T08:00:00Z')

beforeAll(async () => {
  smh = await open({ clock: () => now })
  search = `/api/v1/search/${LIBRARY}/${smh.space}`
  await smh.mkdir('reports/old')
  for (const [path, size] of [
    ['Report.docx', 1],
    ['reports/report-2.docx', 20],
    ['reports/old/budget.xlsx', 300],
    ['reports/old/picture.jpg', 4000],
    ['note.txt', 5],
  ] as const) {
    now += 60_000
    await smh.put(path, 'x'.repeat(size))
  }
  await smh.call('POST', `/api/v1/directory/${LIBRARY}/${smh.space}/note.txt?update`, {
    body: { labels: ['mine'], category: 'memo' },
  })
})
afterAll(() => smh.stop())

const create = (body: object) => smh.call('POST', `${search}/space-contents`, { body })
/** The paths that a search finds, on all its pages. */
async function found(body: object): Promise<string[]> {
  const first = await create(body)
  expect(first.status, first.text).toBe(200)
  const paths: string[] = []
  for (let page = first.body; ; ) {
    paths.push(...page.contents.map(({ path }: { path: string[] }) => path.join('/')))
    expect(page.searchFinished).toBe(!page.hasMore)
    if (!page.hasMore) return paths.sort()
    page = (await smh.call('GET', `${search}/${page.searchId}?marker=${page.nextMarker}`)).body
  }
}

describe('a search', () => {
  it.each([
    ['one word', { keyword: 'report' }, ['Report.docx', 'reports', 'reports/report-2.docx']],
    ['any of several words', { keyword: 'budget  NOTE' }, ['note.txt', 'reports/old/budget.xlsx']],
    ['everything', { keyword: '' }, 7],
    ['directories', { keyword: '', type: 'dir' }, ['reports', 'reports/old']],
    [
      'a class of files',
      { keyword: '', type: ['doc', 'image'] },
      ['Report.docx', 'reports/old/picture.jpg', 'reports/report-2.docx'],
    ],
    ['all but a class', { keyword: '', type: ['file', '!word', '!excel'] }, ['note.txt', 'reports/old/picture.jpg']],
    ['extensions', { keyword: '', extname: ['.XLSX', 'txt'] }, ['note.txt', 'reports/old/budget.xlsx']],
    [
      'a scope',
      { keyword: '', scope: '/reports/old/', type: 'file' },
      ['reports/old/budget.xlsx', 'reports/old/picture.jpg'],
    ],
    [
      'sizes',
      { keyword: '', type: 'all', minFileSize: '20', maxFileSize: 300 },
      ['reports/old/budget.xlsx', 'reports/report-2.docx'],
    ],
    ['times', { keyword: 'report', modificationTimeStart: '2026-03-01T08:02:00.000Z' }, ['reports/report-2.docx']],
    ['labels', { keyword: '', labels: ['mine', 'other'] }, ['note.txt']],
    ['categories', { keyword: '', categories: ['memo'] }, ['note.txt']],
    ['creators', { keyword: '', creators: [{ userOrgId: 'x', userId: 'nobody' }] }, []],
    ['tags, which nothing has', { keyword: '', tags: [{ id: 1, value: 'a' }] }, []],
    ['nothing', { keyword: 'nowhere' }, []],
  ] as const)('finds %s', async (_, body, wanted) => {
    const paths = await found(body)
    if (typeof wanted === 'number') expect(paths).toHaveLength(wanted)
    else expect(paths).toEqual(wanted)
  })

  it('answers page by page, with a number for a marker, in the order asked for', async () => {
    await smh.mkdir('many')
    const names = Array.from({ length: 25 }, (_, at) => `item-${String(at).padStart(2, '0')}`)
    for (const name of names) await smh.mkdir(`many/${name}`)
    const first = await create({ keyword: 'item-', orderBy: 'name', orderByType: 'desc' })
    expect(first.body).toMatchObject({ searchId: expect.any(String), hasMore: true, nextMarker: expect.any(Number) })
    expect(first.body.contents).toHaveLength(20)
    const target = `${search}/${first.body.searchId}`
    const second = await smh.call('GET', `${target}?marker=${first.body.nextMarker}`)
    expect(second.body).toMatchObject({ searchId: first.body.searchId, hasMore: false, searchFinished: true })
    const all = [...first.body.contents, ...second.body.contents].map(({ name }) => name)
    expect(all).toEqual(names.toReversed())
    expect((await smh.call('DELETE', target)).status).toBe(204)
  })

  it('puts first what has more of the words, then goes by names, page by page', async () => {
    const space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })).body.spaceId
    const names = ['red', 'blue', 'Blue red green', 'green', 'red blue', 'green red', 'grey']
    for (const name of names) await smh.mkdir(name, space)
    const place = `/api/v1/search/${LIBRARY}/${space}`
    const namesOf = ({ contents }: { contents: { name: string }[] }) => contents.map(({ name }) => name)
    const wanted = ['Blue red green', 'green red', 'red blue', 'blue', 'green', 'red']
    const whole = await smh.call('POST', `${place}/space-contents`, { body: { keyword: 'red blue green' } })
    expect([namesOf(whole.body), whole.body.hasMore]).toEqual([wanted, false])
    for (const limit of [1, 2, 3, 5]) {
      const found: string[] = []
      for (let marker: string | undefined = ''; marker !== undefined; ) {
        const body: object = { keywords: ['red', 'blue', 'green'], limit, ...(marker ? { marker } : {}) }
        const { body: page }: Reply = await smh.call('POST', `${place}/search-fs`, { body })
        found.push(...namesOf(page))
        marker = page.nextMarker
      }
      expect(found).toEqual(wanted)
    }
    const byName = { keyword: 'red blue', orderBy: 'name', orderByType: 'desc' }
    const other = await smh.call('POST', `${place}/space-contents`, { body: byName })
    expect(namesOf(other.body)).toEqual(['red blue', 'red', 'green red', 'blue', 'Blue red green'])
  })

  it('finds what a user has made', async () => {
    const space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })).body.spaceId
    await smh.mkdir('mine', space)
    const bob = await smh.mint('create_directory', { space_id: space, user_id: 'bob' })
    await smh.call('PUT', `/api/v1/directory/${LIBRARY}/${space}/his?access_token=${bob}`)
    const by = async (...creators: object[]) => {
      const { body } = await smh.call('POST', `/api/v1/search/${LIBRARY}/${space}/space-contents`, {
        body: { creators },
      })
      return body.contents.map(({ name, userId }: { name: string; userId: string }) => [name, userId])
    }
    expect(await by({ userOrgId: 'x', userId: 'bob' })).toEqual([['his', 'bob']])
    expect(await by({ userId: 'eve' }, { userId: 'bob' })).toEqual([['his', 'bob']])
    expect(await by({ userOrgId: 'x' })).toEqual([])
    expect(await by()).toHaveLength(2)
  })

  it('refuses an id of its own making', async () => {
    const id = Buffer.from(JSON.stringify({ asked: { keyword: 1, scope: {} } })).toString('base64url')
    expectFault(await smh.call('GET', `${search}/${id}`), 400, 'SearchIdInvalid')
  })

  it('refuses what it does not know', async () => {
    expectFault(await create({ keyword: '', type: 'poem' }), 400, 'ParamInvalid')
    expectFault(await create({ keyword: '', orderBy: 'color' }), 400, 'ParamInvalid')
    expectFault(await create({ keyword: '', searchMode: 'slow' }), 400, 'ParamInvalid')
    for (const odd of [{ tags: 'a' }, { creators: 'a' }, { labels: 'a' }, { extname: [1] }, { minFileSize: 'big' }]) {
      expectFault(await create({ keyword: '', ...odd }), 400, 'ParamInvalid')
    }
    expectFault(await create({ keyword: '', modificationTimeEnd: 'soon' }), 400, 'InvalidTimeFormat')
    expectFault(await create({ keyword: 'w '.repeat(101) }), 400, 'SearchTooComplex')
    expectFault(await create({ keyword: '', scope: 'none' }), 404, 'DirectoryNotFound')
    for (const id of ['nonsense', Buffer.from('null').toString('base64url'), Buffer.from('{}').toString('base64url')]) {
      expectFault(await smh.call('GET', `${search}/${id}`), 400, 'SearchIdInvalid')
      expectFault(await smh.call('DELETE', `${search}/${id}`), 400, 'SearchIdInvalid')
    }
    const { searchId } = (await create({ keyword: 'x' })).body
    expectFault(await smh.call('GET', `${search}/${searchId}?marker=x`), 404, 'MarkerNotFound')
  })

  it('needs a token for the space it looks into', async () => {
    expectFault(await send(smh.url, 'POST', `${search}/space-contents`, { body: {} }), 400, 'EmptyAccessToken')
    const { searchId } = (await create({ keyword: 'report' })).body
    const elsewhere = `/api/v1/search/${LIBRARY}/${smh.other}/${searchId}`
    expect((await smh.call('GET', elsewhere)).body.contents).toEqual([])
    const token = await smh.mint('', { space_id: smh.other })
    expectFault(await smh.call('GET', `${search}/${searchId}?access_token=${token}`), 403, 'AccessTokenNotMatchSpace')
  })
})

describe('a search in one call', () => {
  const fs = (body: object, query = '') => smh.call('POST', `${search}/search-fs?${query}`, { body })

  it('finds names, kinds and extensions', async () => {
    const names = async (body: object) =>
      (await fs(body)).body.contents.map(({ name }: { name: string }) => name).sort()
    expect(await names({ keywords: ['report', 'budget'] })).toEqual([
      'Report.docx',
      'budget.xlsx',
      'report-2.docx',
      'reports',
    ])
    expect(await names({ keywords: ['report'], fileTypes: ['dir'] })).toEqual(['reports'])
    expect(await names({ keywords: [], inExtnames: ['docx', 'jpg'], excludeExtnames: ['.jpg'] })).toEqual([
      'Report.docx',
      'report-2.docx',
    ])
    expect(await names({ keywords: [], scope: 'reports/old', maxFileSize: '300', fileTypes: ['file'] })).toEqual([
      'budget.xlsx',
    ])
  })

  it('goes on behind a marker, in the query or in the body', async () => {
    const first = await fs({ keywords: ['report'] }, 'limit=2')
    expect(first.body.contents).toHaveLength(2)
    expect(first.body).not.toHaveProperty('searchId')
    const { nextMarker: marker } = first.body
    const [inQuery, inBody] = [
      await fs({ keywords: ['report'] }, `limit=2&marker=${marker}`),
      await fs({ keywords: ['report'], marker, limit: 2 }),
    ]
    expect(inQuery.body.contents).toHaveLength(1)
    expect(inQuery.body).toEqual(inBody.body)
    expect(inQuery.body).not.toHaveProperty('nextMarker')
  })

  it('tells symbolic links from files, as long as they are links', async () => {
    const space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`, { body: {} })).body.spaceId
    const files = `/api/v1/file/${LIBRARY}/${space}`
    await smh.put('a.txt', 'x', space)
    await smh.put('empty.txt', '', space)
    for (const name of ['link', 'other']) await smh.call('PUT', `${files}/${name}`, { body: { linkTo: 'a.txt' } })
    const of = async (...fileTypes: string[]) => {
      const reply = await smh.call('POST', `/api/v1/search/${LIBRARY}/${space}/search-fs`, {
        body: { keywords: [], fileTypes },
      })
      return reply.body.contents.map(({ name }: { name: string }) => name).sort()
    }
    expect([await of('symlink'), await of('file')]).toEqual([
      ['link', 'other'],
      ['a.txt', 'empty.txt'],
    ])
    expect(await of('symlink', 'file', 'dir')).toEqual(['a.txt', 'empty.txt', 'link', 'other'])
    await smh.call('PUT', `${files}/other?conflict_resolution_strategy=overwrite`, { body: { copyFrom: 'a.txt' } })
    expect([await of('symlink'), await of('file')]).toEqual([['link'], ['a.txt', 'empty.txt', 'other']])
  })

  it('looks at names only', async () => {
    expectFault(await fs({ type: 'filecontent', keywords: ['x'] }), 400, 'SearchNotEnabled')
    expectFault(await fs({ keywords: [], fileTypes: ['poem'] }), 400, 'ParamInvalid')
  })
})

describe('the flat view of a space', () => {
  const view = (query: string) => smh.call('GET', `/api/v1/space/${LIBRARY}/${smh.space}/contents-view?${query}`)

  it('shows all files, or all directories, wherever they are', async () => {
    const files = (await view('filter=onlyFile&order_by=size&order_by_type=desc&with_path=1')).body.contents
    expect(files.map(({ path }: { path: string[] }) => path.join('/'))).toEqual([
      'reports/old/picture.jpg',
      'reports/old/budget.xlsx',
      'reports/report-2.docx',
      'note.txt',
      'Report.docx',
    ])
    const directories = (await view('filter=onlyDir&limit=1')).body
    expect(directories.contents).toHaveLength(1)
    expect(directories.contents[0]).not.toHaveProperty('path')
    expect(directories.nextMarker).toMatch(/^[0-9]+$/)
    expect((await view('filter=onlyFile&category=memo')).body.contents).toMatchObject([{ name: 'note.txt' }])
    expectFault(await view(''), 400, 'ParamInvalid')
  })
})
