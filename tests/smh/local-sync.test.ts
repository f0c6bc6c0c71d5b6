/** Directories that clients keep in step with their own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

let smh: Session
let base: string

beforeAll(async () => {
  smh = await open()
  await smh.mkdir('d/sub')
  await smh.put('d/a.txt')
  await smh.put('d/sub/b.txt')
  base = `/api/v1/directory-local-sync/${LIBRARY}/${smh.space}`
})
afterAll(() => smh.stop())

const body = { path: '/d', strategy: 'local_to_cloud', localPath: 'C:\\Users\\bob\\d' }
const set = (more: object = {}, query = '') => smh.call('PUT', `${base}?${query}`, { body: { ...body, ...more } })
const told = async () => (await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}`)).body.contents[0].localSync

describe('local sync', () => {
  it('is written on a directory, told in its listings, and taken off by its id', async () => {
    const made = await set({}, 'user_id=bob')
    expect([made.status, made.body]).toEqual([200, { id: expect.any(Number) }])
    const { id } = made.body
    const shown = { syncId: id, strategy: 'local_to_cloud', isSyncRootFolder: true, syncUserId: 'bob' }
    expect(await told()).toEqual(shown)
    const inside = (await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/d`)).body
    expect(inside.localSync).toEqual(shown)
    // What lies below says of which directory it is a part.
    const part = { ...shown, isSyncRootFolder: false }
    expect(inside.contents.map(({ localSync }: { localSync: object }) => localSync)).toEqual([part, part])
    const below = await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/d/sub`)
    expect([below.body.localSync, below.body.contents[0].localSync]).toEqual([part, part])
    const details = (path: string) => smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}/${path}?info`)
    expect((await details('d/sub/b.txt')).body.localSync).toEqual(part)
    expect((await details('d')).body.localSync).toEqual(shown)
    expect((await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}`)).body).not.toHaveProperty('localSync')
    await smh.batch('copy', [{ copyFrom: 'd', to: 'copy' }])
    expect((await details('copy')).body).not.toHaveProperty('localSync')
    await smh.batch('delete', [{ path: 'copy', permanent: true }])
    expect((await set({ strategy: 'both' })).body).toEqual({ id })
    expect(await told()).toMatchObject({ strategy: 'both', syncUserId: '' })
    expect((await smh.call('DELETE', `${base}/${id}`)).status).toBe(204)
    expect(await told()).toBeUndefined()
    expectFault(await smh.call('DELETE', `${base}/${id}`), 404, 'DirectoryNotFound')
  })

  it('is not looked for on more directories than can lie above anything', async () => {
    const path = 'a/'.repeat(3_000)
    const at = `/api/v1/directory/${LIBRARY}/${smh.space}/${path}`
    expectFault(await smh.call('GET', `${at}?info`), 404, 'PathNotFound')
    expectFault(await smh.call('GET', at), 404, 'DirectoryNotFound')
  })

  it('is for directories, of a known strategy, and for those who rule the space', async () => {
    for (const bad of [{ strategy: 'sideways' }, { strategy: null }, { path: 7 }, { localPath: 'x'.repeat(4097) }]) {
      expectFault(await set(bad), 400, 'ParamInvalid')
    }
    expectFault(await set({ path: '/' }), 400, 'RootDirectoryNotAllowed')
    expectFault(await set({ path: 'none' }), 404, 'DirectoryNotFound')
    expectFault(await set({ path: 'd/a.txt' }), 404, 'DirectoryNotFound')
    for (const id of ['x', '0', '999999999', '../1']) {
      expect((await smh.call('DELETE', `${base}/${id}`)).status, id).toBe(404)
    }
    const weak = await smh.mint('upload_file,create_directory')
    expectFault(await send(smh.url, 'PUT', `${base}?access_token=${weak}`, { body }), 403, 'NoPermission')
    expect(await told()).toBeUndefined()
  })

  it('is for those too who may change the directory by an authority', async () => {
    const eve = await smh.mint('acl', { user_id: 'eve', space_id: '' })
    const give = (roleId: number) =>
      smh.call('POST', `/api/v1/authority/${LIBRARY}/${smh.space}/authorize/d`, {
        body: { authorizeTo: [{ userId: 'eve', roleId }] },
      })
    const own = () => send(smh.url, 'PUT', `${base}?access_token=${eve}`, { body })
    await give(1)
    expectFault(await own(), 403, 'NoPermission')
    await give(6)
    expect((await own()).status).toBe(200)
  })
})
