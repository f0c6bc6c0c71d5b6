import { beforeEach, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, type Session, send, serverForAll } from './session.ts'

let smh: Session
let base: string
const server = serverForAll()

/** In spaces of its own. */
beforeEach(async () => {
  smh = await server.fresh()
  base = `/api/v1/file/${LIBRARY}/${smh.space}`
})

const put = (path: string, body: object, query = '') => smh.call('PUT', `${base}/${path}?${query}`, { body })
const info = async (path: string) => (await smh.call('GET', `${base}/${path}?info`)).body
const listed = async (query = '') =>
  (await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}?${query}`)).body.contents
const read = async (path: string) => {
  const reply = await smh.call('GET', `${base}/${path}`)
  expect(reply.status, reply.text).toBe(302)
  return (await fetch(String(reply.headers.location))).text()
}

describe('a symbolic link', () => {
  it('shows and fetches the file it leads to', async () => {
    await smh.mkdir('d')
    await smh.put('d/a.txt', 'hello')
    const made = await put('link.txt', { linkTo: '/d/a.txt' })
    expect([made.status, made.body]).toEqual([200, { path: ['link.txt'] }])
    expect(await read('link.txt')).toBe('hello')
    expect(await info('link.txt')).toMatchObject({
      type: 'symlink',
      name: 'link.txt',
      size: '5',
      linkTo: ['d', 'a.txt'],
    })
    const { inode } = (await smh.call('GET', `${base}/link.txt?info&with_inode=1`)).body
    const byInode = await smh.call('GET', `/api/v1/inode/${LIBRARY}/${smh.space}/${inode}`)
    expect(byInode.body).toMatchObject({ path: ['link.txt'], type: 'symlink', size: '5', linkTo: ['d', 'a.txt'] })
    const head = await smh.call('HEAD', `${base}/link.txt`)
    expect(head.headers).toMatchObject({ 'x-smh-type': 'symlink', 'x-smh-size': '5' })
    expect(await listed('filter=onlyFile')).toMatchObject([
      { name: 'link.txt', type: 'symlink', linkTo: ['d', 'a.txt'] },
    ])
    expect((await put('link.txt', { linkTo: 'd/a.txt' })).body).toEqual({ path: ['link (1).txt'] })
  })

  it('follows its file to another place, another name and another content', async () => {
    await smh.mkdir('d')
    await smh.put('a.txt', 'old')
    await put('link', { linkTo: 'a.txt' })
    await put('d/b.txt', { from: 'a.txt' })
    expect(await info('link')).toMatchObject({ linkTo: ['d', 'b.txt'] })
    const again = await smh.call('PUT', `${base}/d/b.txt?conflict_resolution_strategy=overwrite`)
    await send(`http://${again.body.domain}`, 'PUT', again.body.path, { body: 'newer', headers: again.body.headers })
    await smh.call('POST', `${base}/${again.body.confirmKey}?confirm`)
    expect(await read('link')).toBe('newer')
    // Details name the file by its inode, and say what its earlier contents hold.
    const details = async (path: string) =>
      (await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/${path}?info&with_inode=1`)).body
    const file = await details('d/b.txt')
    expect(file).toMatchObject({ size: '5', historySize: '3' })
    expect(await details('link')).toMatchObject({ linkTo: file.inode, historySize: '0' })
    // A copy of the link leads to the same file, one of the file is a file.
    await put('copy', { copyFrom: 'link' })
    expect(await read('copy')).toBe('newer')
  })

  it('leads to whatever took the place of its file, and nowhere when nothing did', async () => {
    await smh.put('a.txt', 'first')
    await smh.put('b.txt', 'second')
    await put('link', { linkTo: 'a.txt' })
    await put('a.txt', { from: 'b.txt' }, 'conflict_resolution_strategy=overwrite')
    expect(await read('link')).toBe('second')
    await smh.call('DELETE', `${base}/a.txt`)
    expectFault(await smh.call('GET', `${base}/link`), 404, 'RootLinkFileNotFound')
    expectFault(await smh.call('GET', `${base}/link?info`), 404, 'RootLinkFileNotFound')
    const [shown] = await listed()
    expect(shown).toMatchObject({ name: 'link', type: 'symlink', size: '0' })
    expect(shown).not.toHaveProperty('linkTo')
  })

  it('may lead to a link, but not too far, nor to itself', async () => {
    await smh.put('l0', 'end')
    for (let at = 1; at <= 8; at++) expect((await put(`l${at}`, { linkTo: `l${at - 1}` })).status).toBe(200)
    expect(await read('l8')).toBe('end')
    expectFault(await put('l9', { linkTo: 'l8' }), 400, 'SymlinkDepthLimitExceeded')
    const overwrite = 'conflict_resolution_strategy=overwrite'
    expectFault(await put('l2', { linkTo: 'l5' }, overwrite), 409, 'CircleSymlink')
    expectFault(await put('l3', { linkTo: 'l3' }, overwrite), 400, 'SymlinkOverwriteConflict')
    expect((await put('l3', { linkTo: 'l0' }, overwrite)).body).toEqual({ path: ['l3'] })
    expect(await read('l8')).toBe('end')
  })

  it('wants a file, and a directory to be in', async () => {
    await smh.mkdir('d')
    await smh.put('a.txt')
    expectFault(await put('x', { linkTo: 'd' }), 400, 'SymlinkToDirectoryNotAllowed')
    expectFault(await put('x', { linkTo: '/' }), 400, 'SymlinkToDirectoryNotAllowed')
    expectFault(await put('x', { linkTo: 'none' }), 404, 'FileNotFound')
    expectFault(await put('no/x', { linkTo: 'a.txt' }), 404, 'DirectoryNotFound')
    expectFault(await put('x', { linkTo: 3 }), 400, 'ParamInvalid')
    const ask = 'conflict_resolution_strategy=ask'
    expectFault(await put('a.txt', { linkTo: 'a.txt' }, ask), 409, 'SameNameDirectoryOrFileExists')
    const [weak, plain, force] = await Promise.all(
      ['upload_file_force', 'create_symlink', 'create_symlink_force'].map((grant) => smh.mint(grant)),
    )
    const as = (token: string | undefined, path: string, query: string) =>
      smh.call('PUT', `${base}/${path}?${query}&access_token=${token}`, { body: { linkTo: 'a.txt' } })
    expectFault(await as(weak, 'x', ''), 403, 'NoPermission')
    expect((await as(plain, 'x', '')).status).toBe(200)
    await smh.put('b.txt')
    expectFault(await as(plain, 'b.txt', 'conflict_resolution_strategy=overwrite'), 403, 'NoPermission')
    expect((await as(force, 'b.txt', 'conflict_resolution_strategy=overwrite')).status).toBe(200)
    expect(await smh.tree()).toEqual(['a.txt 5', 'b.txt 0', 'd/', 'x 0'])
  })

  it('is an ordinary file again once something is uploaded in its place', async () => {
    await smh.put('a.txt', 'hello')
    await put('link', { linkTo: 'a.txt' })
    const again = await smh.call('PUT', `${base}/link?conflict_resolution_strategy=overwrite`)
    await send(`http://${again.body.domain}`, 'PUT', again.body.path, { body: 'own', headers: again.body.headers })
    await smh.call('POST', `${base}/${again.body.confirmKey}?confirm`)
    expect(await info('link')).toMatchObject({ type: 'file', size: '3' })
    expect([await read('link'), await read('a.txt')]).toEqual(['own', 'hello'])
  })
})

describe('a virtual file', () => {
  const body = { contentType: 'video/mp4', metaData: { a: '1' }, labels: ['x'], category: 'c', size: '123456789' }

  it('tells what a file tells, and has no content', async () => {
    const made = await put('movie', body, 'virtual_file')
    expect([made.status, made.body]).toEqual([200, { path: ['movie'], type: 'virtual' }])
    expect(await listed()).toMatchObject([
      { name: 'movie', type: 'virtual', size: '123456789', contentType: 'video/mp4', labels: ['x'], category: 'c' },
    ])
    const shown = await info('movie')
    expect(shown).toMatchObject({ type: 'virtual', metaData: { 'x-smh-meta-a': '1' } })
    expect(shown).not.toHaveProperty('cosUrl')
    expectFault(await smh.call('GET', `${base}/movie`), 404, 'CosObjectNonexistent')
    expect((await smh.call('GET', `/api/v1/space/${LIBRARY}/${smh.space}/size`)).body).toEqual({ size: '0' })
    expect((await put('movie', body, 'virtual_file=1')).body.path).toEqual(['movie (1)'])
  })

  it('is updated, its size too', async () => {
    await put('movie', body, 'virtual_file')
    const update = (path: string, of: object) =>
      smh.call('POST', `/api/v1/directory/${LIBRARY}/${smh.space}/${path}?update`, { body: of })
    expect((await update('movie', { size: '5', metaData: { b: '2' }, metaDataDirective: 'merge' })).status).toBe(204)
    expect(await info('movie')).toMatchObject({
      size: '5',
      contentType: 'video/mp4',
      metaData: { 'x-smh-meta-a': '1', 'x-smh-meta-b': '2' },
    })
    await smh.put('a.txt')
    expectFault(await update('a.txt', { size: '5' }), 400, 'ParamInvalid')
  })

  it('needs the permission for it', async () => {
    const [weak, good] = await Promise.all(['upload_file', 'create_virtual'].map((grant) => smh.mint(grant)))
    const as = (token: string | undefined) => smh.call('PUT', `${base}/v?virtual_file&access_token=${token}`, { body })
    expectFault(await as(weak), 403, 'NoPermission')
    expect((await as(good)).status).toBe(200)
    expectFault(await put('v', { size: 'big' }, 'virtual_file'), 400, 'ParamInvalid')
    expectFault(await put('', body, 'virtual_file'), 400, 'EmptyPath')
  })
})
