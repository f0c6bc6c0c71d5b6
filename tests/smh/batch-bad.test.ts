import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

let smh: Session
let before: string[]

beforeAll(async () => {
  smh = await open()
  await smh.mkdir('d/e')
  await smh.put('a.txt')
  await smh.put('d/b.txt')
})
afterAll(() => smh.stop())
beforeEach(async () => {
  before = await smh.tree()
})

const batch = (verb: string, body: unknown, query = '') =>
  smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.space}?${verb}${query}`, { body })
const unchanged = async () => expect(await smh.tree()).toEqual(before)
const good = () => ({ from: 'a.txt', to: 'z.txt' })

describe('a batch that cannot be understood is refused as a whole', () => {
  const bodies: [what: string, body: unknown, status: number, code: string][] = [
    ['no body', undefined, 400, 'NoItemsProvided'],
    ['an empty array', [], 400, 'NoItemsProvided'],
    ['no JSON', '[{"from":"a.txt"', 400, 'BadRequest'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'BadRequest'],
    ['an object', good(), 400, 'ParamInvalid'],
    ['a string', '"a.txt"', 400, 'ParamInvalid'],
    ['null', 'null', 400, 'NoItemsProvided'],
    ['1001 items', Array.from({ length: 1001 }, good), 400, 'TooManyItems'],
  ]
  for (const [what, body, status, code] of bodies) {
    it(what, async () => {
      expectFault(await batch('move', body), status, code)
      await unchanged()
    })
  }

  it('a body larger than any batch', async () => {
    const reply = await batch('move', `[{"from":"${'x'.repeat(17 * 1024 * 1024)}","to":"y"}]`)
    expectFault(reply, 413, 'RequestEntityTooLarge')
    await unchanged()
  })

  it('no flag, or one that is none of the three', async () => {
    expectFault(await batch('', [good()]), 404, 'RouteNotFound')
    expectFault(await batch('rename', [good()]), 404, 'RouteNotFound')
    await unchanged()
  })

  it('the wrong method', async () => {
    const reply = await smh.call('PUT', `/api/v1/batch/${LIBRARY}/${smh.space}?move`, { body: [good()] })
    expectFault(reply, 404, 'RouteNotFound')
  })
})

describe('an item that cannot be done fails alone, with the code of its fault', () => {
  const long = 'n'.repeat(256)
  const items: [what: string, item: unknown, status: number, code: string][] = [
    ['a string', 'a.txt', 400, 'ParamInvalid'],
    ['null', null, 400, 'ParamInvalid'],
    ['an array', [], 400, 'ParamInvalid'],
    ['nothing to move', { to: 'x' }, 400, 'ParamInvalid'],
    ['no target', { from: 'a.txt' }, 400, 'ParamInvalid'],
    ['from as a number', { from: 1, to: 'x' }, 400, 'ParamInvalid'],
    ['to as an array', { from: 'd', to: ['x'] }, 400, 'ParamInvalid'],
    ['a space id as a number', { ...good(), fromSpaceId: 7 }, 400, 'ParamInvalid'],
    ['a strategy as a number', { ...good(), conflictResolutionStrategy: 1 }, 400, 'ParamInvalid'],
    ['a boolean that is none', { ...good(), moveAuthority: 'perhaps' }, 400, 'ParamInvalid'],
    [
      'an unknown strategy',
      { from: 'a.txt', to: 'z', conflictResolutionStrategy: 'merge' },
      400,
      'InvalidConflictResolutionStrategy',
    ],
    ['.. in from', { from: 'd/../a.txt', to: 'z' }, 400, 'IllegalFileName'],
    ['. in to', { from: 'a.txt', to: './z' }, 400, 'IllegalFileName'],
    ['NUL in from', { from: 'a\0.txt', to: 'z' }, 400, 'IllegalFileName'],
    ['NUL in to', { from: 'a.txt', to: 'z\0' }, 400, 'IllegalFileName'],
    ['half a character in to', { from: 'a.txt', to: 'z\ud800' }, 400, 'IllegalFileName'],
    ['a forbidden character', { from: 'a.txt', to: 'z?.txt' }, 400, 'IllegalFileName'],
    ['a file name too long', { from: 'a.txt', to: long }, 400, 'FileNameLengthExceed'],
    ['a directory name too long', { from: 'd', to: long }, 400, 'DirectoryNameLengthExceed'],
    ['a parent directory name too long', { from: 'd', to: `${long}/d` }, 400, 'DirectoryNameLengthExceed'],
    ['a file where a directory should be', { from: 'd', to: 'a.txt/d' }, 409, 'SameNameDirectoryOrFileExists'],
    ['a file as the way to the source', { from: 'a.txt/b', to: 'z' }, 404, 'SourceFileNotFound'],
    ['an unknown space', { fromSpaceId: '999999', from: 'a.txt', to: 'z' }, 404, 'SpaceNotFound'],
    ['a space id that is none', { fromSpaceId: '../x', from: 'a.txt', to: 'z' }, 404, 'SpaceNotFound'],
  ]
  for (const [what, item, status, code] of items) {
    it(what, async () => {
      const reply = await batch('move', [item])
      expect(reply.status).toBe(207)
      expect(reply.body.result).toHaveLength(1)
      expect(reply.body.result[0]).toMatchObject({ status, code })
      await unchanged()
    })
  }

  it('among others that are done, with the words that can be told of it', async () => {
    const message = expect.any(String)
    const unread = { status: 400, code: 'ParamInvalid', message }
    const moved = await batch('move', [good(), { from: '/d//e', to: 7 }, null, { from: 'z.txt', to: 'a.txt' }])
    expect([moved.status, moved.body.result]).toEqual([
      207,
      [
        { status: 200, path: ['z.txt'], from: ['a.txt'], to: ['z.txt'] },
        { ...unread, from: ['d', 'e'], to: [] },
        { ...unread, from: [], to: [] },
        { status: 200, path: ['a.txt'], from: ['z.txt'], to: ['a.txt'] },
      ],
    ])
    const copied = await batch('copy', [{ copyFrom: 'a.txt' }])
    expect(copied.body.result).toEqual([{ ...unread, copyFrom: ['a.txt'], to: [] }])
    const deleted = await batch('delete', ['a.txt', { path: 'a.txt', permanent: 'maybe' }, {}])
    expect(deleted.body.result).toEqual([
      { ...unread, path: [] },
      { ...unread, path: ['a.txt'] },
      { ...unread, path: [] },
    ])
    await unchanged()
  })

  it('also where it is one of so many that a task does them', async () => {
    const missing = Array.from({ length: 101 }, (_, at) => ({ path: `none/${at}` }))
    const { status, body } = await batch('delete', [null, ...missing, { path: 'x\0' }])
    expect(status).toBe(202)
    while (await smh.engine.work());
    const [task] = (await smh.call('GET', `/api/v1/task/${LIBRARY}/${smh.space}/${body.taskId}`)).body
    expect(task.status).toBe(207)
    expect(task.result).toHaveLength(103)
    expect(task.result[0]).toMatchObject({ status: 400, code: 'ParamInvalid', path: [] })
    expect(task.result[1]).toMatchObject({ status: 404, code: 'PathNotFound', path: ['none', '0'] })
    expect(task.result[102]).toMatchObject({ status: 400, code: 'IllegalFileName', path: ['x\0'] })
    await unchanged()
  })

  it('255 characters are not too long, counted as characters', async () => {
    const reply = await batch('move', [{ from: 'a.txt', to: '漢'.repeat(255) }])
    expect(reply.body.result[0].status).toBe(200)
    expect((await batch('move', [{ from: '漢'.repeat(255), to: 'a.txt' }])).status).toBe(200)
    await unchanged()
  })

  it('a path in a delete', async () => {
    const reply = await batch('delete', [{ path: '' }, { path: '..' }, { path: 'd/\0' }, { path: 'nothing' }])
    expect(reply.status).toBe(207)
    expect(reply.body.result.map((item: { code: string }) => item.code)).toEqual([
      'RootDirectoryNotAllowed',
      'IllegalFileName',
      'IllegalFileName',
      'PathNotFound',
    ])
    await unchanged()
  })

  it('a copy from another library', async () => {
    const reply = await batch('copy', [{ copyFrom: 'a.txt', to: 'z', copyFromLibraryId: 'smhother' }])
    expect(reply.body.result[0]).toMatchObject({ status: 403, code: 'AccessTokenNotMatchLibrary' })
    await unchanged()
  })

  it('a copy or a move that the quota does not hold', async () => {
    const target = `/api/v1/quota/${LIBRARY}/${smh.other}`
    await smh.call('POST', `/api/v1/quota/${LIBRARY}`, {
      body: { spaces: [smh.other], capacity: '4', removeWhenExceed: false, removeAfterDays: 0 },
    })
    const into = (verb: string, item: object) =>
      smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.other}?${verb}`, { body: [item] })
    const moved = await into('move', { fromSpaceId: smh.space, from: 'd', to: 'd' })
    const copied = await into('copy', { copyFromSpaceId: smh.space, copyFrom: 'a.txt', to: 'a.txt' })
    expect(moved.body.result[0]).toMatchObject({ status: 400, code: 'QuotaLimitReached' })
    expect(copied.body.result[0]).toMatchObject({ status: 400, code: 'QuotaLimitReached' })
    expect(await smh.tree(smh.other)).toEqual([])
    await unchanged()
    expect((await smh.call('GET', target)).body).toMatchObject({ capacity: '4' })
  })
})

describe('the way to a space', () => {
  const move = (path: string, query: string) =>
    send(smh.url, 'POST', `/api/v1/batch/${path}?move${query}`, { body: [good()] })

  it('needs a token', async () => {
    expectFault(await move(`${LIBRARY}/${smh.space}`, ''), 400, 'EmptyAccessToken')
    expectFault(await move(`${LIBRARY}/${smh.space}`, '&access_token='), 400, 'EmptyAccessToken')
    await unchanged()
  })

  it('refuses forged tokens', async () => {
    const forged = `${smh.token.slice(0, -1)}${smh.token.endsWith('0') ? '1' : '0'}`
    for (const token of ['x', 'acctk01', forged, smh.token.slice(0, -1), `${smh.token}0`]) {
      expectFault(await move(`${LIBRARY}/${smh.space}`, `&access_token=${token}`), 403, 'InvalidAccessToken')
    }
    await unchanged()
  })

  it('refuses unknown libraries and spaces', async () => {
    expectFault(await move(`nolib/${smh.space}`, `&access_token=${smh.token}`), 404, 'LibraryNotFound')
    expectFault(await move(`${LIBRARY}/999999`, `&access_token=${smh.token}`), 404, 'SpaceNotFound')
    expectFault(await move(`${LIBRARY}/no-such-space`, `&access_token=${smh.token}`), 404, 'SpaceNotFound')
    expectFault(await move(`${LIBRARY}/-`, `&access_token=${smh.token}`), 404, 'SpaceNotFound')
    await unchanged()
  })

  it('refuses tokens of other spaces and other libraries', async () => {
    await smh.addTenant({
      id: 'second',
      apps: [{ dialect: 'smh', id: 'smhsecond', secret: 'second-secret', extra: { 'smh.multiSpace': true } }],
    })
    const query = 'library_id=smhsecond&library_secret=second-secret&grant=admin'
    const foreign = (await send(smh.url, 'GET', `/api/v1/token?${query}`)).body.accessToken
    const narrow = await smh.mint('space_admin', { space_id: smh.other })
    expectFault(await move(`${LIBRARY}/${smh.space}`, `&access_token=${foreign}`), 404, 'LibraryNotFound')
    expectFault(await move(`${LIBRARY}/${smh.space}`, `&access_token=${narrow}`), 403, 'AccessTokenNotMatchSpace')
    // The other tenant's library cannot even name this tenant's space.
    expectFault(await move(`smhsecond/${smh.space}`, `&access_token=${foreign}`), 404, 'SpaceNotFound')
    await unchanged()
  })

  it('refuses a wrong library secret', async () => {
    expectFault(await move(`${LIBRARY}/${smh.space}`, '&library_secret=wrong'), 404, 'WrongLibraryIdOrSecret')
    await unchanged()
  })
})
