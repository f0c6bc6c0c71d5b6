import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Reply, SECRET, type Session, send } from './session.ts'

let smh: Session
let now = Date.now()

beforeAll(async () => {
  smh = await open({ clock: () => now })
})
afterAll(() => smh.stop())

const token = (query: string, method = 'GET') => send(smh.url, method, `/api/v1/token?${query}`)
const ADMIN = `library_id=${LIBRARY}&library_secret=${SECRET}&grant=admin`
const list = (text: string) => send(smh.url, 'GET', `/api/v1/directory/${LIBRARY}/${smh.space}?access_token=${text}`)

describe('minting a token', () => {
  it('answers its text and its life', async () => {
    const reply = await token(`${ADMIN}&period=600`)
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ accessToken: expect.stringMatching(/^acctk01[a-z0-9]+$/), expiresIn: 600 })
    expect((await token(ADMIN, 'POST')).body.expiresIn).toBe(86_400)
  })

  it('brings the period into bounds and falls back from nonsense', async () => {
    const period = async (text: string) => (await token(`${ADMIN}&period=${text}`)).body.expiresIn
    expect(await Promise.all(['1', '299', '999999999', '0', '-5', 'x', ''].map(period))).toEqual([
      300, 300, 315_360_000, 86_400, 86_400, 86_400, 86_400,
    ])
  })

  it('ignores the sharing members of a body', async () => {
    const body = { shareDirectoryIdList: [], shareAuthority: {}, attachInfo: 'x' }
    const reply = await send(smh.url, 'POST', `/api/v1/token?${ADMIN}`, { body })
    expect(reply.status).toBe(200)
  })

  it('refuses missing and wrong credentials', async () => {
    expectFault(await token(''), 400, 'EmptyLibraryIdOrSecret')
    expectFault(await token(`library_secret=${SECRET}`), 400, 'EmptyLibraryId')
    expectFault(await token(`library_id=${LIBRARY}`), 400, 'EmptyLibrarySecret')
    expectFault(await token(`library_id=${LIBRARY}&library_secret=wrong`), 404, 'WrongLibraryIdOrSecret')
    expectFault(await token(`library_id=nolib&library_secret=${SECRET}`), 404, 'WrongLibraryIdOrSecret')
  })

  it('refuses unknown permissions, unknown spaces and endless identities', async () => {
    const base = `library_id=${LIBRARY}&library_secret=${SECRET}`
    expectFault(await token(`${base}&grant=upload_file,fly`), 400, 'ParamInvalid')
    expectFault(await token(`${base}&grant=upload_file&space_id=12345678`), 404, 'SpaceNotFound')
    expectFault(await token(`${ADMIN}&user_id=${'u'.repeat(256)}`), 400, 'ParamInvalid')
  })
})

describe('a token', () => {
  it('is taken from the query or from the header', async () => {
    const text = await smh.mint('')
    const headers = { authorization: `Bearer ${text}` }
    const target = `/api/v1/directory/${LIBRARY}/${smh.space}`
    expect((await list(text)).status).toBe(200)
    expect((await send(smh.url, 'GET', target, { headers })).status).toBe(200)
    expectFault(await send(smh.url, 'GET', target), 400, 'EmptyAccessToken')
  })

  it('lives on with every call, and dies when it is not used', async () => {
    const text = await smh.mint('', { period: '600' })
    for (let step = 0; step < 4; step++) {
      now += 500_000
      expect((await list(text)).status).toBe(200)
    }
    now += 601_000
    expectFault(await list(text), 403, 'InvalidAccessToken')
  })

  it('is renewed without the secret, and lives for its own period', async () => {
    const text = await smh.mint('', { period: '600' })
    now += 500_000
    const renewed = await send(smh.url, 'POST', `/api/v1/token/${LIBRARY}/${text}`)
    expect(renewed.body).toEqual({ accessToken: text, expiresIn: 600 })
    now += 500_000
    expect((await list(text)).status).toBe(200)
    expectFault(await send(smh.url, 'POST', `/api/v1/token/${LIBRARY}/acctk01nothing`), 403, 'InvalidAccessToken')
    expectFault(await send(smh.url, 'POST', `/api/v1/token/nolib/${text}`), 404, 'LibraryNotFound')
  })

  it('is deleted by whoever has it', async () => {
    const text = await smh.mint('')
    expect((await send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}/${text}`)).status).toBe(204)
    expectFault(await list(text), 403, 'InvalidAccessToken')
    expectFault(await send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}/${text}`), 403, 'InvalidAccessToken')
  })

  it("goes with its user's others, or only with those of some clients and sessions", async () => {
    const mint = (user: string, client: string, session: string) =>
      smh.mint('', { user_id: user, client_id: client, session_id: session })
    const mine = await Promise.all([mint('bob', 'c1', 's1'), mint('bob', 'c1', 's2'), mint('bob', 'c2', 's1')])
    const theirs = await mint('eve', 'c1', 's1')
    const remove = (query: string) =>
      send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}?library_secret=${SECRET}&user_id=bob${query}`)
    const alive = async () => (await Promise.all([...mine, theirs].map(list))).map(({ status }) => status === 200)

    expect((await remove('&client_id=c1,c9&session_id=s2')).status).toBe(204)
    expect(await alive()).toEqual([true, false, true, true])
    expect((await remove('')).status).toBe(204)
    expect(await alive()).toEqual([false, false, false, true])
    expectFault(await send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}?user_id=bob`), 400, 'EmptyLibrarySecret')
    expectFault(await send(smh.url, 'DELETE', `/api/v1/token/${LIBRARY}?library_secret=${SECRET}`), 400, 'ParamInvalid')
    expectFault(await remove(`&client_id=${Array(101).fill('c').join(',')}`), 400, 'ParamInvalid')
  })
})

describe('the user of a call', () => {
  const creator = async (name: string, query: string, credential: string) => {
    const base = `/api/v1/directory/${LIBRARY}/${smh.space}`
    await send(smh.url, 'PUT', `${base}/${name}?${credential}${query}`)
    return (await smh.call('GET', `${base}/${name}?info`)).body.userId
  }

  it('is the token’s own, or for one call another when the token has none and may act for anyone', async () => {
    const [named, nameless, weak] = await Promise.all([
      smh.mint('admin', { user_id: 'bob' }),
      smh.mint('admin'),
      smh.mint('create_directory'),
    ])
    expect(await creator('u1', '&user_id=eve', `access_token=${named}`)).toBe('bob')
    expect(await creator('u2', '&user_id=eve', `access_token=${nameless}`)).toBe('eve')
    expect(await creator('u3', '&user_id=eve', `access_token=${weak}`)).toBe('')
    expect(await creator('u4', '&user_id=eve', `library_secret=${SECRET}`)).toBe('eve')
  })
})

/** Does one thing of every kind and says what the answer was. */
const DEEDS: Readonly<Record<string, (base: Base) => Promise<Reply>>> = {
  list: (at) => at.call('GET', `directory/${at.id}/d`),
  create_directory: (at) => at.call('PUT', `directory/${at.id}/d/new`),
  delete_directory: (at) => at.call('DELETE', `directory/${at.id}/d`),
  delete_directory_permanent: (at) => at.call('DELETE', `directory/${at.id}/d?permanent=1`),
  move_directory: (at) => at.call('PUT', `directory/${at.id}/e`, { from: 'd' }),
  copy_directory: (at) => at.call('PUT', `directory/${at.id}/e`, { copyFrom: 'd' }),
  upload_file: (at) => at.call('PUT', `file/${at.id}/d/new.txt`),
  upload_file_force: (at) => at.call('PUT', `file/${at.id}/a.txt?conflict_resolution_strategy=overwrite`),
  delete_file: (at) => at.call('DELETE', `file/${at.id}/a.txt`),
  delete_file_permanent: (at) => at.call('DELETE', `file/${at.id}/a.txt?permanent=1`),
  move_file: (at) => at.call('PUT', `file/${at.id}/d/m.txt`, { from: 'a.txt' }),
  move_file_force: (at) =>
    at.call('PUT', `file/${at.id}/b.txt?conflict_resolution_strategy=overwrite`, { from: 'a.txt' }),
  copy_file: (at) => at.call('PUT', `file/${at.id}/d/c.txt`, { copyFrom: 'a.txt' }),
  copy_file_force: (at) =>
    at.call('PUT', `file/${at.id}/b.txt?conflict_resolution_strategy=overwrite`, { copyFrom: 'a.txt' }),
  update: (at) => at.call('POST', `directory/${at.id}/d?update`, { labels: ['x'] }),
}

interface Base {
  readonly id: string
  call(method: string, target: string, body?: unknown): Promise<Reply>
}

/** What each grant lets a token do beside listing. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  '': [],
  read_only: [],
  create_space: [],
  create_directory: ['create_directory'],
  delete_directory: ['delete_directory'],
  delete_directory_permanent: ['delete_directory', 'delete_directory_permanent'],
  move_directory: ['move_directory'],
  copy_directory: ['copy_directory'],
  upload_file: ['upload_file'],
  begin_upload: ['upload_file'],
  upload_file_force: ['upload_file', 'upload_file_force'],
  begin_upload_force: ['upload_file', 'upload_file_force'],
  confirm_upload: [],
  delete_file: ['delete_file'],
  delete_file_permanent: ['delete_file', 'delete_file_permanent'],
  move_file: ['move_file'],
  move_file_force: ['move_file', 'move_file_force'],
  copy_file: ['copy_file'],
  copy_file_force: ['copy_file', 'copy_file_force'],
  delete_recycled: [],
  space_admin: Object.keys(DEEDS).filter((deed) => deed !== 'list'),
  admin: Object.keys(DEEDS).filter((deed) => deed !== 'list'),
}

describe('a grant lets a token do its own thing and no other', () => {
  let space: string
  beforeEach(async () => {
    space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`)).body.spaceId
    await smh.mkdir('d', space)
    await Promise.all(['a.txt', 'b.txt', 'd/in.txt'].map((path) => smh.put(path, path, space)))
  })
  afterEach(() => smh.call('DELETE', `/api/v1/space/${LIBRARY}/${space}?force=1`))

  for (const [grant, deeds] of Object.entries(MAY)) {
    it(grant || '(none)', async () => {
      const text = await smh.mint(grant, { space_id: space })
      const before = await smh.tree(space)
      const at: Base = {
        id: `${LIBRARY}/${space}`,
        call: (method, target, body) =>
          send(smh.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}access_token=${text}`, { body }),
      }
      expect((await DEEDS.list!(at)).status).toBe(200)
      const denied = Object.keys(DEEDS).filter((deed) => deed !== 'list' && !deeds.includes(deed))
      for (const deed of denied) expectFault(await DEEDS[deed]!(at), 403, 'NoPermission')
      expect(await smh.tree(space)).toEqual(before)
      // Each is tried on what is left by the ones before; that they are permitted is what counts.
      for (const deed of deeds.toSorted()) expect((await DEEDS[deed]!(at)).body?.code, deed).not.toBe('NoPermission')
    })
  }
})

describe('in a batch the grant is judged for every item', () => {
  let space: string
  let before: string[]
  const batch = async (verb: string, grant: string, items: object[]) => {
    const text = await smh.mint(grant, { space_id: `${space},${smh.other}` })
    return send(smh.url, 'POST', `/api/v1/batch/${LIBRARY}/${space}?${verb}&access_token=${text}`, { body: items })
  }
  const codes = (reply: Reply) =>
    reply.body.result.map((item: { status: number; code?: string }) => item.code ?? item.status)

  beforeEach(async () => {
    space = (await smh.call('POST', `/api/v1/space/${LIBRARY}`)).body.spaceId
    await Promise.all(['d', 'p'].map((path) => smh.mkdir(path, space)))
    await Promise.all(['a.txt', 'b.txt', 'd/in.txt'].map((path) => smh.put(path, path, space)))
    before = await smh.tree(space)
  })

  const both = (member: string) => [
    { [member]: 'd', to: 'p/d' },
    { [member]: 'a.txt', to: 'p/a.txt' },
  ]

  it('by the kind of the entry that is moved', async () => {
    expect(codes(await batch('move', 'move_directory', both('from')))).toEqual([204, 'NoPermission'])
    expect(await smh.tree(space)).toEqual(['a.txt 5', 'b.txt 5', 'p/', 'p/d/', 'p/d/in.txt 8'])
  })

  it('by the kind of the entry that is copied, whatever a directory holds', async () => {
    expect(codes(await batch('copy', 'copy_directory', both('copyFrom')))).toEqual([204, 'NoPermission'])
    expect(codes(await batch('copy', 'copy_file', both('copyFrom')))).toEqual(['NoPermission', 200])
    expect(await smh.tree(space)).toContain('p/d/in.txt 8')
  })

  it('by whether a file is overwritten', async () => {
    const item = { from: 'a.txt', to: 'b.txt', conflictResolutionStrategy: 'overwrite' }
    expect(codes(await batch('move', 'move_file', [item]))).toEqual(['NoPermission'])
    expect(await smh.tree(space)).toEqual(before)
    expect(codes(await batch('move', 'move_file_force', [item]))).toEqual([204])
  })

  it('by whether an entry is destroyed', async () => {
    const items = [{ path: 'a.txt', permanent: true }, { path: 'b.txt' }, { path: 'd' }]
    expect(codes(await batch('delete', 'delete_file', items))).toEqual(['NoPermission', 200, 'NoPermission'])
  })

  it('by whether it crosses spaces', async () => {
    const item = { fromSpaceId: smh.other, from: 'x', to: 'x' }
    expect(codes(await batch('move', 'move_file,move_directory', [item]))).toEqual(['NoPermission'])
    expect(codes(await batch('move', 'space_admin', [item]))).toEqual(['SourceFileNotFound'])
    const text = await smh.mint('space_admin', { space_id: space })
    const target = `/api/v1/batch/${LIBRARY}/${space}?move&access_token=${text}`
    expect(codes(await send(smh.url, 'POST', target, { body: [item] }))).toEqual(['AccessTokenNotMatchSpace'])
  })

  it('and a token without any grant for such a call is refused at the door', async () => {
    expectFault(await batch('move', 'copy_file', both('from')), 403, 'NoPermission')
    expectFault(await batch('copy', 'move_file', both('copyFrom')), 403, 'NoPermission')
    expectFault(await batch('delete', 'move_file', [{ path: 'a.txt' }]), 403, 'NoPermission')
    expect(await smh.tree(space)).toEqual(before)
  })
})
