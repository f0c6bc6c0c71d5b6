/** The switches of an SMH library, from the command line to what its spaces do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placeArgs } from '../place.ts'
import { startServer, type TestServer } from '../server.ts'
import { send } from '../smh/session.ts'
import { json, runHere } from './program.ts'

let server: TestServer
let data: string[]
beforeAll(async () => {
  server = await startServer()
  data = placeArgs({ dataDir: server.dataDir, database: server.rows.url })
})
afterAll(() => server.stop())

const create = (...args: string[]) =>
  json<{ id: string; secret: string }>('app', 'create', '--tenant', 'demo', '--dialect', 'smh', ...args, ...data)
const update = (id: string, ...args: string[]) => json('app', 'update', id, '--dialect', 'smh', ...args, ...data)

async function refused(...args: string[]) {
  const { code, out, err } = await runHere([...args, ...data])
  expect(out).toBe('')
  return { code, err }
}

describe('a library', () => {
  it('is made with its switches, and keeps to them', async () => {
    const switches = ['--recycle-days', '7', '--below-usage', 'deny', '--name-max', '20']
    const library = await create('--single-space', ...switches)
    expect(library).toMatchObject({
      ...{ 'smh.multiSpace': false, 'smh.recycleDays': 7, 'smh.denyQuotaBelowUsage': true },
      'smh.nameCharactersMax': 20,
    })
    const call = (method: string, target: string) =>
      send(server.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}library_secret=${library.secret}`)
    const base = `directory/${library.id}/-`
    expect((await call('PUT', `${base}/${'n'.repeat(20)}`)).status).toBe(201)
    expect((await call('PUT', `${base}/${'n'.repeat(21)}`)).body.code).toBe('DirectoryNameLengthExceed')
    expect((await call('DELETE', `${base}/${'n'.repeat(20)}`)).status).toBe(200)
    expect((await call('GET', `recycled/${library.id}/-`)).body.contents).toMatchObject([{ remainingTime: 7 }])
  })

  it('without a bin destroys, and an album takes pictures only', async () => {
    const library = await create('--single-space', '--media', '--recycle-bin', 'off')
    const secret = `library_secret=${library.secret}`
    const bin = await send(server.url, 'GET', `/api/v1/recycled/${library.id}/-?${secret}`)
    expect(bin.body.code).toBe('RecycleBinNotEnabled')
    const file = await send(server.url, 'PUT', `/api/v1/file/${library.id}/-/a.txt?${secret}`)
    expect(file.body.code).toBe('ExtnameNotAllowed')
  })

  it('has its switches changed, each by itself', async () => {
    const { id } = await create('--recycle-days', '7')
    expect(await update(id, '--recycle-bin', 'off')).toMatchObject({ 'smh.recycleDays': 7, 'smh.recycleBin': false })
    expect(await update(id, '--recycle-days', '0', '--recycle-bin', 'on')).toMatchObject({
      ...{ 'smh.recycleDays': 0, 'smh.recycleBin': true, 'smh.multiSpace': true },
    })
    expect(await json('app', 'show', id, '--dialect', 'smh', ...data)).toMatchObject([{ 'smh.recycleDays': 0 }])
  })

  it('is refused what is no switch of it', async () => {
    const { id } = await create()
    const smh = ['app', 'update', id, '--dialect', 'smh']
    expect(await refused(...smh)).toMatchObject({ code: 1, err: expect.stringContaining('name a switch') })
    expect(await refused('app', 'update', 'nowhere', '--dialect', 'smh', '--recycle-bin', 'on')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('there is no app nowhere of smh') },
    })
    for (const bad of [
      ['--recycle-days', '1096'],
      ['--recycle-days', '-1'],
      ['--name-max', '0'],
      ['--recycle-bin', 'maybe'],
    ]) {
      expect((await refused(...smh, ...bad)).code, bad.join(' ')).toBe(2)
    }
    const pds = ['app', 'create', '--tenant', 'demo', '--dialect', 'pds', '--recycle-bin', 'off']
    expect(await refused(...pds)).toMatchObject({ code: 1, err: expect.stringContaining('only libraries of smh') })
  })
})
