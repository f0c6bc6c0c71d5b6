import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Actor, actions } from '../../src/engine/index.ts'
import { startServer, type TestServer } from '../server.ts'
import { appClient, type Wire, type WpsClient } from './client.ts'
import { userClient } from './people.ts'

let server: TestServer
let app: WpsClient
let alice: WpsClient
let drive: string
let files: string

beforeAll(async () => {
  server = await startServer()
  app = await appClient(server.url)
  alice = await userClient(server, 'alice')
  drive = String(server.demo.drives.admin)
  files = `/v7/drives/${drive}/files`
})
afterAll(() => server.stop())

async function grant(id: string, user: string, bits: number) {
  const who = { tenant: server.demo.tenant, dialect: 'wps', app: '', user: 'admin' } as const
  const node = server.engine.ids.parseFileId(id)!
  const actor = (await server.auth.actor(who)) as Actor
  const op = { kind: 'grant', node, subject: `user:${user}`, actions: bits, role: 'test', expiresAt: 0 } as const
  expect((await server.engine.batch(actor, [op]))[0]!.status).toBe('done')
}

describe('create', () => {
  it('makes folders and empty files and returns the file itself', async () => {
    const folder = await app.post(`${files}/0/create`, { file_type: 'folder', name: 'made' })
    expect(folder).toMatchObject({ status: 200, code: 0 })
    expect(folder.data).toMatchObject({ name: 'made', type: 'folder', parent_id: '0', drive_id: drive, shared: false })
    const file = await app.post(`${files}/${folder.data.id}/create`, { file_type: 'file', name: 'a.docx' })
    expect(file.data).toMatchObject({ name: 'a.docx', type: 'file', size: 0, version: 1, parent_id: folder.data.id })
    const { data } = await app.get(`${files}/${file.data.id}/download`)
    const bytes = await fetch(data.url)
    expect([bytes.status, await bytes.text()]).toEqual([200, ''])
  })

  it('settles a taken name as asked, renaming by default', async () => {
    const parent = await app.folder(drive, '0', 'conflicts')
    const make = (file_type: string, on_name_conflict?: string) =>
      app.post(`${files}/${parent}/create`, { file_type, name: 'x.txt', on_name_conflict })
    const first = (await make('file')).data
    expect((await make('file')).data.name).toBe('x(1).txt')
    expect((await make('file', 'rename')).data.name).toBe('x(2).txt')
    expect(await make('file', 'fail')).toMatchObject({ status: 400, code: 400008007 })
    expect((await make('folder')).data.name).toBe('x.txt(1)')
    expect((await make('file', 'overwrite')).data).toMatchObject({ id: first.id, version: 2 })
    const replaced = (await make('file', 'replace')).data
    expect(replaced).toMatchObject({ name: 'x.txt', version: 1 })
    expect(replaced.id).not.toBe(first.id)
    const gone = await app.get(`/v7/deleted_files/${first.id}/meta`)
    expect(gone.data).toMatchObject({ id: first.id, name: 'x.txt', parent_id: parent })
    expect(await app.names(drive, parent)).toEqual(['x(1).txt', 'x(2).txt', 'x.txt', 'x.txt(1)'])
  })

  it('makes the folders of parent_path that are missing, below a folder too', async () => {
    const parent = await app.folder(drive, '0', 'paths')
    const body = { file_type: 'file', name: 'deep.txt', parent_path: ['a', 'b'] }
    const made = await app.post(`${files}/${parent}/create`, body)
    expect(made.code).toBe(0)
    const path = (await app.get(`${files}/${made.data.id}/path`)).data
    expect(path).toMatchObject({ location_type: 'user', location_id: 'admin' })
    expect(path.paths.map((step: Wire) => step.name)).toEqual(['paths', 'a', 'b', 'deep.txt'])
    expect(path.paths.at(0).file_id).toBe(parent)
    expect(path.paths.at(-1).file_id).toBe(made.data.id)
    const folder = { file_type: 'folder', name: 'c', parent_path: ['paths', 'a', 'b'] }
    expect((await app.post(`${files}/0/create`, folder)).data.parent_id).toBe(made.data.parent_id)
    expect(await app.names(drive, parent)).toEqual(['a'])
  })

  it('refuses bad names and makes nothing', async () => {
    const parent = await app.folder(drive, '0', 'bad names')
    const make = (name: unknown, more: object = {}) =>
      app.post(`${files}/${parent}/create`, { file_type: 'folder', name, ...more })
    expect(await make('')).toMatchObject({ status: 400, code: 400008015 })
    expect(await make('n'.repeat(256))).toMatchObject({ status: 400, code: 400000106 })
    for (const name of ['a/b', 'a\\b', 'a:b', 'a*', 'a?', 'a"', 'a<', 'a>', 'a|', 'a\0', 'a\n', '.', '..']) {
      expect(await make(name)).toMatchObject({ status: 400, code: 400000003 })
      expect(await make(name, { file_type: 'file' })).toMatchObject({ status: 400, code: 400000003 })
      expect(await make('ok', { parent_path: ['fine', name] })).toMatchObject({ status: 400, code: 400000003 })
    }
    expect(await make(undefined)).toMatchObject({ status: 400, code: 400000004 })
    expect(await make(5)).toMatchObject({ status: 400, code: 400000002 })
    expect(await make('ok', { file_type: 'disk' })).toMatchObject({ status: 400, code: 400000003 })
    expect(await make('ok', { file_type: 'shortcut' })).toMatchObject({ status: 403, code: 403008042 })
    expect(await make('ok', { on_name_conflict: 'shrug' })).toMatchObject({ status: 400, code: 400000003 })
    expect(await make('ok', { parent_path: 'a' })).toMatchObject({ status: 400, code: 400000002 })
    expect(await app.names(drive, parent)).toEqual([])
    expect((await make('长'.repeat(255))).data.name).toBe('长'.repeat(255))
  })

  it('refuses parents that are not there, are files, or lie in another drive', async () => {
    const file = await app.file(drive, '0', 'no folder.txt')
    const elsewhere = await app.folder(server.demo.drives.alice, '0', 'elsewhere')
    const body = { file_type: 'folder', name: 'lost' }
    expect(await app.post(`${files}/${'a'.repeat(40)}/create`, body)).toMatchObject({ status: 400, code: 400008009 })
    expect(await app.post(`${files}/${elsewhere}/create`, body)).toMatchObject({ status: 400, code: 400008009 })
    expect(await app.post(`${files}/${file}/create`, body)).toMatchObject({ status: 400, code: 400000003 })
    for (const unknown of ['999999', 'x', '0']) {
      const reply = await app.post(`/v7/drives/${unknown}/files/0/create`, body)
      expect(reply).toMatchObject({ status: 400, code: 400008011 })
    }
  })
})

describe('meta', () => {
  it('is the same by id and within the drive, with what was asked for', async () => {
    const id = await app.file(drive, '0', 'meta.txt')
    const flags = '?with_permission=true&with_ext_attrs=true&with_drive=true&with_link=true'
    const byId = await app.get(`/v7/files/${id}/meta${flags}`)
    const inDrive = await app.get(`${files}/${id}/meta${flags}`)
    expect(byId.code).toBe(0)
    expect(byId.data).toMatchObject({ id, permission: { list: true }, ext_attrs: [], drive: { id: drive } })
    expect(inDrive.text).toBe(byId.text)
    expect((await app.get(`/v7/files/${id}/meta`)).data).not.toHaveProperty('permission')
  })

  it('tells a file of another drive, an unknown one and one nobody may see apart from nothing', async () => {
    const id = await app.file(drive, '0', 'not for alice')
    const other = `/v7/drives/${server.demo.drives.alice}/files/${id}/meta`
    for (const path of [other, `/v7/files/${'0'.repeat(40)}/meta`, '/v7/files/0/meta']) {
      expect(await app.get(path)).toMatchObject({ status: 400, code: 400008009 })
    }
    const [hidden, unknown] = [`/v7/files/${id}`, `/v7/files/${'0'.repeat(40)}`]
    expect((await alice.get(`${hidden}/meta`)).text).toBe((await alice.get(`${unknown}/meta`)).text)
    for (const [action, body] of [['delete'], ['rename', { dst_name: 'x' }], ['move', destination('0')]] as const) {
      const [one, two] = [`${files}/${id}/${action}`, `${files}/${'0'.repeat(40)}/${action}`]
      expect((await alice.post(one, body)).text).toBe((await alice.post(two, body)).text)
    }
    expect((await app.get(`/v7/files/${id}/meta`)).data.name).toBe('not for alice')
    expect(await app.get(`/v7/files/${'a'.repeat(1025)}/meta`)).toMatchObject({ status: 400, code: 400000106 })
  })
})

describe('children', () => {
  it('come page by page, in every order, each once', async () => {
    const parent = await app.folder(drive, '0', 'listing')
    const sizes = { 'b.txt': 2, 'a.docx': 4, 'd.TXT': 1, 'c.pdf': 3 }
    for (const [name, size] of Object.entries(sizes)) await app.file(drive, parent, name, 'x'.repeat(size))
    await app.folder(drive, parent, 'e.txt')
    const page = (query: string) => app.get(`${files}/${parent}/children?${query}`)
    const walk = async (query: string, token = ''): Promise<string[]> => {
      const { data } = await page(`page_size=2&${query}&page_token=${token}`)
      expect(data.items.length).toBeLessThanOrEqual(2)
      const names = data.items.map((item: Wire) => item.name)
      return data.next_page_token === '' ? names : [...names, ...(await walk(query, data.next_page_token))]
    }
    expect(await walk('order_by=fname&order=asc')).toEqual(['a.docx', 'b.txt', 'c.pdf', 'd.TXT', 'e.txt'])
    expect(await walk('order_by=fname&order=desc')).toEqual(['e.txt', 'd.TXT', 'c.pdf', 'b.txt', 'a.docx'])
    expect(await walk('order_by=fsize&order=asc')).toEqual(['e.txt', 'd.TXT', 'b.txt', 'c.pdf', 'a.docx'])
    expect((await walk('')).toSorted()).toEqual(['a.docx', 'b.txt', 'c.pdf', 'd.TXT', 'e.txt'])
    expect(await walk('filter_type=folder')).toEqual(['e.txt'])
    expect(await walk('filter_type=shortcut')).toEqual([])
    expect(await walk('filter_exts=txt,pdf&order_by=fname&order=asc')).toEqual(['b.txt', 'c.pdf', 'd.TXT'])
    expect((await walk('filter_exts=')).length).toBe(5)
    const { data } = await page('page_size=1&with_permission=true&with_ext_attrs=true')
    expect(data.items[0]).toMatchObject({ parent_id: parent, permission: { list: true }, ext_attrs: [] })
    expect((await page('page_size=100000')).data.next_page_token).toBe('')
  })

  it('refuse what they cannot read', async () => {
    const id = await app.file(drive, '0', 'no children.txt')
    const cases: [query: string, code: number][] = [
      ['', 400000004],
      ['page_size=0', 400000003],
      ['page_size=-1', 400000003],
      ['page_size=many', 400000003],
      ['page_size=1.5', 400000003],
      ['page_size=5&order=up', 400000003],
      ['page_size=5&order_by=weight', 400000003],
      ['page_size=5&filter_type=disk', 400000003],
      ['page_size=5&page_token=abc', 400000003],
      [`page_size=5&page_token=${id}x`, 400000003],
      ['page_size=5&with_permission=2', 400000003],
    ]
    for (const [query, code] of cases) {
      expect(await app.get(`${files}/0/children?${query}`), query).toMatchObject({ status: 400, code })
    }
    const parent = await app.folder(drive, '0', 'token of another folder')
    const inside = await app.file(drive, parent, 'inside')
    expect((await app.get(`${files}/0/children?page_size=5&page_token=${inside}`)).code).toBe(400000003)
    expect((await app.get(`${files}/${id}/children?page_size=5`)).code).toBe(403008042)
  })
})

describe('rename, move, copy, save_as', () => {
  it('rename gives the new name and refuses a taken one', async () => {
    const parent = await app.folder(drive, '0', 'renames')
    const id = await app.file(drive, parent, 'old.txt')
    await app.file(drive, parent, 'taken.txt')
    const renamed = await app.post(`${files}/${id}/rename`, { dst_name: 'new.txt' })
    expect(renamed.data).toMatchObject({ id, name: 'new.txt', parent_id: parent })
    expect((await app.post(`${files}/${id}/rename`, { dst_name: 'new.txt' })).code).toBe(0)
    expect((await app.post(`${files}/${id}/rename`, { dst_name: 'taken.txt' })).code).toBe(400008007)
    expect((await app.post(`${files}/${id}/rename`, { dst_name: '' })).code).toBe(400008015)
    expect((await app.post(`${files}/${id}/rename`)).code).toBe(400000004)
    expect((await app.post(`${files}/0/rename`, { dst_name: 'root' })).code).toBe(400008009)
    expect(await app.names(drive, parent)).toEqual(['new.txt', 'taken.txt'])
  })

  it('move and copy return the file where it is then, renamed where its name is taken', async () => {
    const [from, to] = [await app.folder(drive, '0', 'from'), await app.folder(drive, '0', 'to')]
    const id = await app.file(drive, from, 'same.txt', 'content')
    await app.file(drive, to, 'same.txt')
    const copied = await app.post(`${files}/${id}/copy`, { ...destination(to), secure_type: 'x' })
    expect(copied.data).toMatchObject({ name: 'same(1).txt', parent_id: to, size: 7, version: 1 })
    expect(copied.data.id).not.toBe(id)
    const moved = await app.post(`${files}/${id}/move`, destination(to))
    expect(moved.data).toMatchObject({ id, name: 'same(2).txt', parent_id: to })
    expect(await app.names(drive, from)).toEqual([])
    const away = { dst_drive_id: String(server.demo.drives.alice), dst_parent_id: '0' }
    const carried = await app.post(`${files}/${id}/move`, away)
    expect(carried.data).toMatchObject({ id, drive_id: away.dst_drive_id, parent_id: '0' })
    expect((await app.get(`/v7/files/${id}/meta`)).data.drive_id).toBe(away.dst_drive_id)
    expect((await app.get(`${files}/${id}/meta`)).code).toBe(400008009)
  })

  it('a folder carried to another drive stays the same folder to what lies in it', async () => {
    const away = { dst_drive_id: String(server.demo.drives.alice), dst_parent_id: '0' }
    const folder = await app.folder(drive, '0', 'carried')
    const inside = await app.file(drive, folder, 'inside.txt')
    expect((await app.post(`${files}/${folder}/move`, away)).data.id).toBe(folder)
    const { items } = (await app.post('/v7/files/batch_get_meta', { file_ids: [inside] })).data
    expect(items[0]).toMatchObject({ id: inside, parent_id: folder, drive_id: away.dst_drive_id })
    const made = await app.post(`/v7/drives/${away.dst_drive_id}/files/${folder}/create`, {
      file_type: 'folder',
      name: 'x',
    })
    expect(made.data.parent_id).toBe(folder)
  })

  it('a folder goes neither into itself nor below itself, and nothing changes', async () => {
    const outer = await app.folder(drive, '0', 'outer')
    const inner = await app.folder(drive, outer, 'inner')
    for (const to of [outer, inner]) {
      expect((await app.post(`${files}/${outer}/move`, destination(to))).code).toBe(403008017)
      expect((await app.post(`${files}/${outer}/copy`, destination(to))).code).toBe(403008015)
      expect((await app.post(`${files}/${outer}/save_as`, destination(to))).code).toBe(403008015)
    }
    expect(await app.names(drive, outer)).toEqual(['inner'])
    expect(await app.names(drive, inner)).toEqual([])
  })

  it('save_as copies under a name of its own and settles clashes as asked', async () => {
    const to = await app.folder(drive, '0', 'saved')
    const id = await app.file(drive, '0', 'original.txt')
    const save = (more: object) => app.post(`${files}/${id}/save_as`, { ...destination(to), ...more })
    expect((await save({})).data.name).toBe('original.txt')
    expect((await save({ name: 'copy.txt' })).data).toMatchObject({ name: 'copy.txt', parent_id: to })
    expect((await save({ name: 'copy.txt' })).data.name).toBe('copy(1).txt')
    expect((await save({ name: 'copy.txt', on_name_conflict: 'fail' })).code).toBe(400008007)
    expect((await save({ name: 'a:b' })).code).toBe(400000003)
    expect(await app.names(drive, to)).toEqual(['copy(1).txt', 'copy.txt', 'original.txt'])
  })

  it('refuse destinations that are missing, not there or files', async () => {
    const id = await app.file(drive, '0', 'stays.txt')
    const file = await app.file(drive, '0', 'a file.txt')
    const cases: [body: object | undefined, code: number][] = [
      [undefined, 400000004],
      [{ dst_drive_id: drive }, 400000004],
      [{ dst_drive_id: 5, dst_parent_id: '0' }, 400000002],
      [{ dst_drive_id: '999999', dst_parent_id: '0' }, 400008011],
      [destination('f'.repeat(40)), 400008009],
      [destination(file), 400000003],
    ]
    for (const [body, code] of cases) {
      for (const verb of ['move', 'copy', 'save_as']) {
        expect((await app.post(`${files}/${id}/${verb}`, body)).code, `${verb} ${JSON.stringify(body)}`).toBe(code)
      }
    }
    expect((await app.get(`/v7/files/${id}/meta`)).data).toMatchObject({ name: 'stays.txt', parent_id: '0' })
  })
})

describe('rights', () => {
  it('are asked of every change; whoever may list a file learns that it may not change it', async () => {
    const folder = await app.folder(drive, '0', 'read only for alice')
    const id = await app.file(drive, folder, 'read.txt', 'readable')
    await grant(folder, 'alice', actions('list', 'preview', 'download'))
    const own = await alice.folder(server.demo.drives.alice, '0', 'mine')
    const toOwn = { dst_drive_id: String(server.demo.drives.alice), dst_parent_id: own }
    const changes: [path: string, body?: object][] = [
      [`${files}/${id}/rename`, { dst_name: 'x' }],
      [`${files}/${id}/delete`],
      [`${files}/${id}/move`, toOwn],
      [`${files}/${id}/copy`, toOwn],
      [`${files}/${id}/save_as`, toOwn],
      [`${files}/${id}/update`, { ext_attr: { name: 'a', value: 'b' } }],
      [`${files}/${folder}/create`, { file_type: 'folder', name: 'x' }],
      [`${files}/${folder}/create`, { file_type: 'file', name: 'x' }],
      [`${files}/${folder}/request_upload`, { name: 'x', size: 1 }],
      [`${files}/${folder}/request_upload`, { file_id: id, size: 1 }],
    ]
    for (const [path, body] of changes) {
      expect(await alice.post(path, body), path).toMatchObject({ status: 403, code: 403000001 })
    }
    expect((await alice.get(`${files}/${id}/download`)).code).toBe(0)
    expect((await alice.get(`${files}/${folder}/children?page_size=5`)).data.items).toHaveLength(1)
    expect((await alice.get(`${files}/0/children?page_size=5`)).code).toBe(400008009)
    const { paths } = (await alice.get(`${files}/${id}/path`)).data
    expect(paths.map((step: Wire) => step.name)).toEqual(['read only for alice', 'read.txt'])
    const below = await app.folder(drive, await app.folder(drive, '0', 'hidden'), 'shown')
    await grant(below, 'alice', actions('list'))
    const seen = (await alice.get(`${files}/${below}/path`)).data.paths
    expect(seen).toEqual([{ file_id: below, name: 'shown' }])
    await grant(folder, 'alice', actions('list'))
    expect((await alice.get(`${files}/${id}/download`)).code).toBe(403000001)
    expect(await app.names(drive, folder)).toEqual(['read.txt'])
    expect(await app.names(server.demo.drives.alice, own)).toEqual([])
  })
})

describe('check_name, update, delete', () => {
  it('check_name tells whether a name is taken', async () => {
    const parent = await app.folder(drive, '0', 'checked')
    await app.file(drive, parent, 'there.txt')
    const check = (folder: string, name: unknown) => app.post(`${files}/${folder}/check_name`, { name })
    expect((await check(parent, 'there.txt')).data).toEqual({ is_exist: true })
    expect((await check(parent, 'not there.txt')).data).toEqual({ is_exist: false })
    expect((await check('0', 'checked')).data).toEqual({ is_exist: true })
    expect((await check(parent, undefined)).code).toBe(400000004)
    expect((await check('a'.repeat(40), 'x')).code).toBe(400008009)
  })

  it('update sets one attribute and leaves the others', async () => {
    const id = await app.file(drive, '0', 'attributes.txt')
    const update = (ext_attr: unknown) => app.post(`${files}/${id}/update`, { ext_attr })
    const reply = await update({ name: 'guid', value: 'abc' })
    expect(JSON.parse(reply.text)).toEqual({ code: 0, msg: 'success' })
    await update({ name: '__proto__', value: 'safe' })
    await update({ name: 'guid', value: 'def' })
    const shown = await app.get(`/v7/files/${id}/meta?with_ext_attrs=true`)
    expect(shown.data.ext_attrs).toEqual([
      { name: 'guid', value: 'def' },
      { name: '__proto__', value: 'safe' },
    ])
    expect((await update(undefined)).code).toBe(400000004)
    expect((await update({ name: 'x' })).code).toBe(400000002)
    expect((await update({ name: 'x', value: 5 })).code).toBe(400000002)
    expect((await update({ name: '', value: '' })).code).toBe(400000003)
    expect((await update({ name: 'x', value: 'v'.repeat(300_000) })).code).toBe(400000003)
  })

  it('delete puts files and folders into the trash, with no body, {} or null', async () => {
    const parent = await app.folder(drive, '0', 'deletes')
    const ids = [
      await app.file(drive, parent, 'a'),
      await app.folder(drive, parent, 'b'),
      await app.file(drive, parent, 'c'),
    ]
    for (const [at, body] of [undefined, {}, null].entries()) {
      const reply = await app.post(`${files}/${ids[at]}/delete`, body)
      expect(JSON.parse(reply.text)).toEqual({ code: 0, msg: 'success' })
      expect((await app.post(`${files}/${ids[at]}/delete`, body)).code).toBe(400008009)
      expect((await app.get(`/v7/deleted_files/${ids[at]}/meta`)).code).toBe(0)
    }
    expect(await app.names(drive, parent)).toEqual([])
    expect((await app.post(`${files}/0/delete`)).code).toBe(400008009)
  })
})

function destination(parent: string) {
  return { dst_drive_id: drive, dst_parent_id: parent }
}
