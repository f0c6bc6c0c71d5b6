import { beforeEach, describe, expect, it } from 'vitest'
import { adminActor, LIBRARY, type Session, send, serverForAll } from './session.ts'

let smh: Session
const server = serverForAll()

/** In spaces of its own. */
beforeEach(async () => {
  smh = await server.fresh()
})

describe('the published example of a batch move', () => {
  it('answers as the vendor shows it', async () => {
    await smh.mkdir('foo/bar_old', smh.other)
    await smh.put('foo/bar_old/in.txt', 'inside', smh.other)
    await smh.mkdir('foo')
    await smh.mkdir('bar')
    await smh.put('foo/1.jpg', 'one')
    await smh.put('foo/2.jpg', 'two!')
    await smh.put('bar/1.jpg', 'other one')
    await smh.put('bar/2.jpg', 'other two')

    const reply = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.space}?move&user_id=someone`, {
      body: [
        { fromSpaceId: smh.other, from: 'foo/bar_old', to: 'foo/bar' },
        { from: 'foo/1.jpg', to: 'bar/1.jpg' },
        { from: 'foo/2.jpg', to: 'bar/2.jpg', conflictResolutionStrategy: 'overwrite' },
      ],
    })

    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      result: [
        {
          status: 204,
          moveAuthority: false,
          from: ['foo', 'bar_old'],
          to: ['foo', 'bar'],
        },
        { status: 200, path: ['bar', '1 (1).jpg'], from: ['foo', '1.jpg'], to: ['bar', '1.jpg'] },
        { status: 204, from: ['foo', '2.jpg'], to: ['bar', '2.jpg'] },
      ],
    })
    expect(await smh.tree()).toEqual([
      'bar/',
      'bar/1 (1).jpg 3',
      'bar/1.jpg 9',
      'bar/2.jpg 4',
      'foo/',
      'foo/bar/',
      'foo/bar/in.txt 6',
    ])
    expect(await smh.tree(smh.other)).toEqual(['foo/'])
  })
})

describe('a batch move', () => {
  it('answers 207 when an item failed, and the others are done', async () => {
    await smh.mkdir('inbox/sub')
    await smh.mkdir('done')
    await smh.put('inbox/a.txt')
    await smh.put('inbox/b.txt')
    await smh.put('done/a.txt')
    await smh.put('done/b.txt')

    const reply = await smh.batch('move', [
      { from: 'inbox/a.txt', to: 'done/a.txt' },
      { from: 'inbox/sub', to: 'done/sub' },
      { from: 'inbox/b.txt', to: 'done/b.txt', conflictResolutionStrategy: 'ask' },
      { from: 'inbox/none.txt', to: 'done/none.txt' },
    ])

    expect(reply.status).toBe(207)
    const [a, sub, b, none] = reply.body.result
    expect(a).toEqual({
      status: 200,
      path: ['done', 'a (1).txt'],
      from: ['inbox', 'a.txt'],
      to: ['done', 'a.txt'],
    })
    expect(sub).toEqual({ status: 204, moveAuthority: false, from: ['inbox', 'sub'], to: ['done', 'sub'] })
    expect(b).toMatchObject({ status: 409, code: 'SameNameDirectoryOrFileExists', from: ['inbox', 'b.txt'] })
    expect(none).toMatchObject({ status: 404, code: 'SourceFileNotFound', to: ['done', 'none.txt'] })
    expect(b.message).not.toBe('')
    expect(await smh.tree()).toContain('inbox/b.txt 11')
  })

  it('makes the missing parents of a directory, and not those of a file', async () => {
    await smh.mkdir('d')
    await smh.put('f.txt')

    const reply = await smh.batch('move', [
      { from: 'd', to: 'x/y/d' },
      { from: 'f.txt', to: 'p/q/f.txt' },
    ])

    expect(reply.status).toBe(207)
    expect(reply.body.result[0]).toMatchObject({ status: 204 })
    expect(reply.body.result[1]).toMatchObject({ status: 404, code: 'DirectoryNotFound' })
    expect(await smh.tree()).toEqual(['f.txt 5', 'x/', 'x/y/', 'x/y/d/'])
  })

  it('uses the default of the kind: files are renamed, directories ask', async () => {
    await Promise.all(['a', 'b'].map((name) => smh.mkdir(name)))
    await smh.put('1.txt')
    await smh.put('2.txt')

    const reply = await smh.batch('move', [
      { from: '1.txt', to: '2.txt' },
      { from: 'a', to: 'b' },
      { from: 'a', to: 'b', conflictResolutionStrategy: 'overwrite' },
      { from: 'a', to: '2.txt', conflictResolutionStrategy: 'overwrite' },
      { from: 'a', to: 'b', conflictResolutionStrategy: 'rename', moveAuthority: 'true' },
    ])

    expect(reply.body.result.map((item: { status: number }) => item.status)).toEqual([200, 409, 409, 409, 200])
    expect(reply.body.result[0].path).toEqual(['2 (1).txt'])
    expect(reply.body.result[4]).toMatchObject({ path: ['b (1)'], moveAuthority: true })
    expect(await smh.tree()).toEqual(['2 (1).txt 5', '2.txt 5', 'b (1)/', 'b/'])
  })

  it('onto itself is a success that changes nothing', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')
    const before = await smh.tree()

    const reply = await smh.batch('move', [
      { from: 'd/f.txt', to: 'd/f.txt' },
      { from: '/d/', to: 'd' },
      { from: 'd/f.txt', to: '//d//f.txt', conflictResolutionStrategy: 'ask' },
    ])

    expect(reply.status).toBe(200)
    expect(reply.body.result.map((item: { status: number }) => item.status)).toEqual([200, 204, 204])
    expect(reply.body.result[0].path).toEqual(['d', 'f.txt'])
    expect(await smh.tree()).toEqual(before)
  })

  it('refuses a directory into itself and the root, item by item', async () => {
    await smh.mkdir('d/e')
    const before = await smh.tree()

    const reply = await smh.batch('move', [
      { from: 'd', to: 'd/e/x/y' },
      { from: 'd', to: 'd/d' },
      { from: '/', to: 'x' },
      { from: 'd', to: '' },
    ])

    expect(reply.body.result.map((item: { status: number; code: string }) => [item.status, item.code])).toEqual([
      [400, 'SourceDirectoryIsParentOfDestination'],
      [400, 'SourceDirectoryIsParentOfDestination'],
      [400, 'RootDirectoryNotAllowed'],
      [400, 'RootDirectoryNotAllowed'],
    ])
    expect(await smh.tree()).toEqual(before)
  })

  it('shows later items what earlier ones did', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')

    const reply = await smh.batch('move', [
      { from: 'd', to: 'e' },
      { from: 'e/f.txt', to: 'e/g.txt' },
      { from: 'd/f.txt', to: 'x.txt' },
      { from: 'e', to: 'd' },
      { from: 'e', to: 'h' },
    ])

    expect(reply.body.result.map((item: { status: number }) => item.status)).toEqual([204, 200, 404, 204, 404])
    expect(await smh.tree()).toEqual(['d/', 'd/g.txt 7'])
  })

  it('does not overwrite a file that has earlier versions', async () => {
    await smh.put('a.txt', 'newcomer')
    await smh.put('b.txt', 'first')
    const drive = Number(smh.space) as never
    const [changed] = await smh.engine.updateDrives(adminActor(smh.demo.tenant), [
      { id: drive, set: { settings: { versionsMax: 5 } } },
    ])
    expect(changed).toMatchObject({ settings: { versionsMax: 5 } })
    await overwrite(smh, 'b.txt', 'second')

    const item = { from: 'a.txt', to: 'b.txt', conflictResolutionStrategy: 'overwrite' }
    const reply = await smh.batch('move', [item])

    expect(reply.status).toBe(207)
    expect(reply.body.result[0]).toMatchObject({ status: 400, code: 'OverwriteFileNotAllowed' })
    expect(await smh.tree()).toEqual(['a.txt 8', 'b.txt 6'])
  })

  it('takes the word of a space for its number and the other way round', async () => {
    const made = await smh.call('POST', `/api/v1/space/${LIBRARY}?space_id=my-space`, { body: {} })
    expect(made.body).toEqual({ spaceId: 'my-space' })
    await smh.put('a.txt')

    const target = `/api/v1/batch/${LIBRARY}/my-space?move`
    const reply = await smh.call('POST', target, { body: [{ fromSpaceId: smh.space, from: 'a.txt', to: 'b.txt' }] })
    const back = await smh.batch('move', [{ fromSpaceId: 'my-space', from: 'b.txt', to: 'c.txt' }])

    expect(reply.body.result[0]).toMatchObject({ status: 200, path: ['b.txt'] })
    expect(back.body.result[0]).toMatchObject({ status: 200, path: ['c.txt'] })
    expect(await smh.tree()).toEqual(['c.txt 5'])
  })
})

describe('a batch copy', () => {
  it('copies files and whole directories', async () => {
    await smh.mkdir('d/e')
    await smh.put('d/e/f.txt', 'deep')
    await smh.put('a.txt')

    const reply = await smh.batch('copy', [
      { copyFrom: 'd', to: 'x/d2' },
      { copyFrom: 'a.txt', to: 'a.txt' },
      { copyFrom: 'a.txt', to: 'd/e/f.txt', conflictResolutionStrategy: 'overwrite' },
      { copyFrom: 'nothing', to: 'y' },
    ])

    expect(reply.status).toBe(207)
    expect(reply.body.result.slice(0, 3)).toEqual([
      { status: 204, copyFrom: ['d'], to: ['x', 'd2'] },
      { status: 200, path: ['a (1).txt'], copyFrom: ['a.txt'], to: ['a.txt'] },
      { status: 204, copyFrom: ['a.txt'], to: ['d', 'e', 'f.txt'] },
    ])
    expect(reply.body.result[3]).toMatchObject({ status: 404, code: 'SourceFileNotFound', copyFrom: ['nothing'] })
    expect(await smh.tree()).toEqual([
      'a (1).txt 5',
      'a.txt 5',
      'd/',
      'd/e/',
      'd/e/f.txt 5',
      'x/',
      'x/d2/',
      'x/d2/e/',
      'x/d2/e/f.txt 4',
    ])
  })

  it('crosses spaces', async () => {
    await smh.mkdir('d', smh.other)
    await smh.put('d/f.txt', 'theirs', smh.other)

    const reply = await smh.batch('copy', [{ copyFromSpaceId: smh.other, copyFrom: 'd', to: 'd' }])

    expect(reply.body.result).toEqual([{ status: 204, copyFrom: ['d'], to: ['d'], copyFromSpaceId: smh.other }])
    expect(await smh.tree()).toEqual(['d/', 'd/f.txt 6'])
    expect(await smh.tree(smh.other)).toEqual(['d/', 'd/f.txt 6'])
  })
})

describe('a batch delete', () => {
  it('puts into the bin, destroys, and tells which', async () => {
    await smh.mkdir('d')
    await smh.put('d/f.txt')
    await smh.put('a.txt')
    await smh.put('b.txt')

    const reply = await smh.batch('delete', [
      { path: 'd' },
      { path: 'a.txt', permanent: 1 },
      { path: 'b.txt', permanent: 'false' },
      { path: 'd/f.txt' },
      { path: 'b.txt' },
    ])

    expect(reply.status).toBe(207)
    const [d, a, b, nested, again] = reply.body.result
    expect(d).toEqual({ status: 200, recycledItemId: expect.any(Number), path: ['d'] })
    expect(a).toEqual({ status: 204, path: ['a.txt'] })
    expect(b).toEqual({ status: 200, recycledItemId: expect.any(Number), path: ['b.txt'] })
    expect(nested).toMatchObject({ status: 404, code: 'PathNotFound', path: ['d', 'f.txt'] })
    expect(again).toMatchObject({ status: 404, path: ['b.txt'] })
    expect(await smh.tree()).toEqual([])

    const bin = await smh.call('GET', `/api/v1/recycled/${LIBRARY}/${smh.space}`)
    expect(bin.body.contents.map((item: { recycledItemId: number }) => item.recycledItemId).sort()).toEqual(
      [d.recycledItemId, b.recycledItemId].sort(),
    )
  })

  it('destroys where there is no bin', async () => {
    await smh.put('a.txt')
    await smh.engine.updateDrives(adminActor(smh.demo.tenant), [
      { id: Number(smh.space) as never, set: { settings: { trash: false } } },
    ])

    const token = await smh.mint('delete_file')
    const reply = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.space}?delete&access_token=${token}`, {
      body: [{ path: 'a.txt' }],
    })

    expect(reply.body).toEqual({ result: [{ status: 204, path: ['a.txt'] }] })
    expect(await smh.tree()).toEqual([])
  })
})

async function overwrite(session: Session, path: string, content: string) {
  const base = `/api/v1/file/${LIBRARY}/${session.space}`
  const begun = await session.call('PUT', `${base}/${path}?conflict_resolution_strategy=overwrite`)
  await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: content })
  const done = await session.call('POST', `${base}/${begun.body.confirmKey}?confirm`)
  expect(done.body).toMatchObject({ isOverwritten: true, path: [path] })
}
