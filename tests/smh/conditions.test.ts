import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultOf } from '../../src/dialect/smh/error.ts'
import { expectFault, LIBRARY, open, type Session, send } from './session.ts'

describe('contentCas', () => {
  let smh: Session
  let base: string
  beforeAll(async () => {
    smh = await open()
    base = `/api/v1/file/${LIBRARY}/${smh.space}`
  })
  afterAll(() => smh.stop())

  const cas = async (path: string) =>
    (await smh.call('GET', `${base}/${path}?info&with_content_cas=1`)).body.contentCas as string

  /** New content over the old. */
  async function overwrite(path: string): Promise<void> {
    const begun = await smh.call('PUT', `${base}/${path}?conflict_resolution_strategy=overwrite`)
    await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: 'new', headers: begun.body.headers })
    const done = await smh.call('POST', `${base}/${begun.body.confirmKey}?confirm&with_content_cas=1`)
    expect(done.body.contentCas).toBe(await cas(path))
  }

  it('is told to those who ask, and changes with the content only', async () => {
    await smh.put('a.txt')
    expect((await smh.call('GET', `${base}/a.txt?info`)).body).not.toHaveProperty('contentCas')
    const before = await cas('a.txt')
    await smh.call('POST', `/api/v1/directory/${LIBRARY}/${smh.space}/a.txt?update`, { body: { labels: ['x'] } })
    await smh.call('PUT', `${base}/b.txt`, { body: { from: 'a.txt' } })
    expect(await cas('b.txt')).toBe(before)
    await overwrite('b.txt')
    expect(await cas('b.txt')).not.toBe(before)
  })

  it('guards what is copied, moved and deleted', async () => {
    await smh.put('c.txt')
    const old = await cas('c.txt')
    await overwrite('c.txt')
    const put = (path: string, body: object) => smh.call('PUT', `${base}/${path}`, { body })
    expectFault(await put('d.txt', { copyFrom: 'c.txt', contentCas: old }), 409, 'PathConflict')
    expectFault(await put('d.txt', { from: 'c.txt', contentCas: old }), 409, 'PathConflict')
    expectFault(await smh.call('DELETE', `${base}/c.txt?content_cas=${old}`), 409, 'PathConflict')
    const now = await cas('c.txt')
    expect((await put('d.txt', { copyFrom: 'c.txt', contentCas: now })).status).toBe(200)
    expect((await put('e.txt', { from: 'c.txt', contentCas: now })).status).toBe(200)
    expect((await smh.call('DELETE', `${base}/e.txt?content_cas=${now}`)).status).toBe(200)
    expectFault(await smh.call('DELETE', `${base}/none?content_cas=${now}`), 404, 'FileNotFound')
  })

  it('guards what is uploaded over and what is fetched', async () => {
    await smh.put('f.txt')
    const old = await cas('f.txt')
    await overwrite('f.txt')
    const now = await cas('f.txt')
    const start = (query: string) => smh.call('PUT', `${base}/f.txt?conflict_resolution_strategy=overwrite&${query}`)
    const started = async (query: string) => {
      const begun = await start(query)
      await send(`http://${begun.body.domain}`, 'PUT', begun.body.path, { body: '3', headers: begun.body.headers })
      return begun.body.confirmKey as string
    }
    const confirm = (key: string, query = '') => smh.call('POST', `${base}/${key}?confirm&${query}`)
    expectFault(await start(`content_cas=${old}`), 409, 'PathConflict')
    const [guarded, plain] = [await started(`content_cas=${now}`), await started('')]
    await overwrite('f.txt')
    // What was named at the start is asked for at the end.
    expectFault(await confirm(guarded), 409, 'PathConflict')
    expectFault(await confirm(plain, `content_cas=${now}`), 409, 'PathConflict')
    const latest = await cas('f.txt')
    for (const flag of ['', '&info']) {
      expectFault(await smh.call('GET', `${base}/f.txt?content_cas=${now}${flag}`), 409, 'PathConflict')
      expect((await smh.call('GET', `${base}/f.txt?content_cas=${latest}${flag}`)).status).toBeLessThan(400)
    }
    expect((await confirm(plain, `content_cas=${latest}`)).body).toMatchObject({ path: ['f.txt'], isOverwritten: true })
    // Where nothing is, nothing is overwritten.
    expect((await smh.call('PUT', `${base}/new.txt?content_cas=${now}`)).status).toBe(201)
  })
})

describe('a server with too much to do', () => {
  it.each([
    ['waits too long', { waitMsMax: -1 }, 503, 'RequestTimeout'],
    ['has a drive that is at work', { batchesPerDriveMax: 0 }, 409, 'PathConflict'],
  ] as const)('says so when it %s', async (_, engine, status, code) => {
    const smh = await open({ engine })
    const made = await smh.call('PUT', `/api/v1/directory/${LIBRARY}/${smh.space}/d`)
    expectFault(made, status, code)
    await smh.stop()
  })
})

it('a name for which no number is free is one that was renamed too many times', () => {
  const failed = { code: 'rename_exhausted', at: 'node', detail: '' }
  expect(faultOf(failed, { kind: 'file', source: false })).toMatchObject({ status: 409, code: 'RenameTooManyTimes' })
})
