/** A working day of each of the vendor's clients against one server: everything an application does, in its client's words. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SmhClient, VENDORS } from './client.ts'
import { expectFault, LIBRARY, open, type Session } from './session.ts'

let smh: Session
beforeAll(async () => {
  smh = await open()
})
afterAll(() => smh.stop())

const range = (count: number) => Array.from({ length: count }, (_, at) => at)
const statuses = (items: readonly { status: number }[]) => [...new Set(items.map(({ status }) => status))].sort()

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
    const content = randomBytes(3 * 2 ** 20 + 5)
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
    const wanted = vendor === 'ios' ? ids.map(String) : ids
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
