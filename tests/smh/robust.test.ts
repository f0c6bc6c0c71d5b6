import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageError, type Store } from '../../src/engine/index.ts'
import { expectFault, LIBRARY, open, type Reply, type Session, send } from './session.ts'

let smh: Session
let isDead = false

beforeAll(async () => {
  const wrapStore = (store: Store) => ({
    ...store,
    write: ((run) => (isDead ? Promise.reject(new StorageError('disk full')) : store.write(run))) as Store['write'],
  })
  smh = await open({ wrapStore })
  await smh.mkdir('d')
  await smh.put('a.txt')
})
afterAll(() => smh.stop())

/** Any answer is JSON in the vendor's shape, and none is our own failure. */
function expectSound(reply: Reply) {
  expect(reply.status, reply.text).toBeLessThan(500)
  if (reply.status < 400 || reply.text === '') return
  expect(reply.body).toMatchObject({
    code: expect.any(String),
    message: expect.any(String),
    requestId: expect.any(String),
  })
}

const words = fc.oneof(
  fc.constantFrom('a.txt', 'd', 'd/x', '/', '', '..', '__proto__', 'constructor', 'a\0', 'x'.repeat(300), '-', '1'),
  fc.string({ unit: 'binary' }),
)
const item = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(
    fc.constantFrom(
      'from',
      'copyFrom',
      'to',
      'path',
      'fromSpaceId',
      'conflictResolutionStrategy',
      'moveAuthority',
      'permanent',
    ),
    fc.oneof(words, fc.jsonValue()),
  ),
)

describe('whatever is sent', () => {
  it('as a batch is answered soundly, one element for each item', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('move', 'copy', 'delete'),
        fc.array(item, { maxLength: 5 }),
        async (verb, items) => {
          const reply = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${smh.space}?${verb}`, { body: items })
          expectSound(reply)
          if (reply.status < 300) expect(reply.body.result).toHaveLength(items.length)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('as a path, a query or a body is answered soundly', async () => {
    const family = fc.constantFrom(
      'file',
      'directory',
      'recycled',
      'task',
      'task-result',
      'space',
      'usage',
      'quota',
      'inode',
    )
    const flag = fc.constantFrom(
      '',
      'info',
      'confirm',
      'upload',
      'multipart',
      'renew',
      'restore',
      'delete',
      'update',
      'period=x',
    )
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE')
    const tail = fc.array(words, { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(method, family, tail, flag, fc.oneof(fc.constant(undefined), item), async (...given) => {
        const [how, where, path, query, body] = given
        // Lone surrogates have no encoding; a client cannot send them.
        const segments = path.map((segment) => encodeURIComponent(segment.toWellFormed())).join('/')
        // Not the space the other tests use: this may well delete it.
        const target = `/api/v1/${where}/${LIBRARY}/${smh.other}/${segments}?${query}`
        expectSound(await smh.call(how, target, body === undefined ? {} : { body: JSON.stringify(body) }))
      }),
      { numRuns: 300 },
    )
  })

  it('with any content type is read as JSON', async () => {
    const target = `/api/v1/batch/${LIBRARY}/${smh.space}?delete`
    const body = JSON.stringify([{ path: 'nothing' }])
    for (const type of ['application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', '*/*']) {
      const reply = await smh.call('POST', target, { body, headers: { 'content-type': type } })
      expect([type, reply.status]).toEqual([type, 207])
    }
  })
})

describe('when the disk fails', () => {
  it('a call is answered 500 in the vendor’s shape, and what could be read still can', async () => {
    const before = await smh.tree()
    isDead = true
    try {
      const items = [{ from: 'a.txt', to: 'b.txt' }]
      expectFault(await smh.batch('move', items), 500, 'InternalServerError')
      expectFault(await smh.call('PUT', `/api/v1/directory/${LIBRARY}/${smh.space}/new`), 500, 'InternalServerError')
      expect((await smh.call('GET', `/api/v1/directory/${LIBRARY}/${smh.space}`)).status).toBe(200)
    } finally {
      isDead = false
    }
    expect(await smh.tree()).toEqual(before)
  })
})

describe('one item alone and the same in a batch', () => {
  const GRANTS = [
    'read_only',
    'move_file',
    'move_directory',
    'copy_file',
    'copy_directory',
    'delete_file',
    'delete_directory',
  ]
  const FORCE = [
    'move_file_force',
    'copy_file_force',
    'delete_file_permanent',
    'delete_directory_permanent',
    'space_admin',
  ]

  /** A space of which those for each grant are copies. */
  async function template(): Promise<string> {
    const { space } = await smh.fresh()
    await smh.mkdir('to', space)
    for (const at of ['one', 'many']) {
      await smh.mkdir(at, space)
      const names = ['m', 'c', 'p', 't']
      await Promise.all(names.map((name) => smh.mkdir(`${at}/${name}dir`, space)))
      await Promise.all(names.map((name) => smh.put(`${at}/${name}file`, 'x', space)))
      await smh.put(`to/${at}`, 'taken', space)
    }
    return space
  }

  it('are denied by the same grants', async () => {
    const first = await template()
    for (const grant of [...GRANTS, ...FORCE]) {
      const { space } = await smh.fresh()
      const copies = ['to', 'one', 'many'].map((name) => ({ copyFrom: name, copyFromSpaceId: first, to: name }))
      const copied = await smh.call('POST', `/api/v1/batch/${LIBRARY}/${space}?copy`, { body: copies })
      expect(copied.status, copied.text).toBe(200)
      const token = await smh.mint(grant, { space_id: space })
      const call = (method: string, target: string, body?: unknown) =>
        send(smh.url, method, `/api/v1/${target}${target.includes('?') ? '&' : '?'}access_token=${token}`, { body })
      const id = `${LIBRARY}/${space}`
      const over = 'conflict_resolution_strategy=overwrite'
      const pairs: [alone: Promise<Reply>, verb: string, item: object][] = [
        [call('PUT', `file/${id}/to/x1`, { from: 'one/mfile' }), 'move', { from: 'many/mfile', to: 'to/y1' }],
        [call('PUT', `directory/${id}/to/x2`, { from: 'one/mdir' }), 'move', { from: 'many/mdir', to: 'to/y2' }],
        [call('PUT', `file/${id}/to/x3`, { copyFrom: 'one/cfile' }), 'copy', { copyFrom: 'many/cfile', to: 'to/y3' }],
        [
          call('PUT', `directory/${id}/to/x4`, { copyFrom: 'one/cdir' }),
          'copy',
          { copyFrom: 'many/cdir', to: 'to/y4' },
        ],
        [call('DELETE', `file/${id}/one/tfile`), 'delete', { path: 'many/tfile' }],
        [call('DELETE', `directory/${id}/one/tdir`), 'delete', { path: 'many/tdir' }],
        [call('DELETE', `file/${id}/one/pfile?permanent=1`), 'delete', { path: 'many/pfile', permanent: true }],
        [call('DELETE', `directory/${id}/one/pdir?permanent=1`), 'delete', { path: 'many/pdir', permanent: true }],
        [
          call('PUT', `file/${id}/to/one?${over}`, { copyFrom: 'one/cfile' }),
          'copy',
          { copyFrom: 'many/cfile', to: 'to/many', conflictResolutionStrategy: 'overwrite' },
        ],
      ]
      for (const [alone, verb, one] of pairs) {
        const single = await alone
        const batch = await call('POST', `batch/${id}?${verb}`, [one])
        const code = batch.body.code ?? batch.body.result[0].code ?? 'done'
        expect([grant, verb, one, single.body?.code ?? 'done']).toEqual([grant, verb, one, code])
      }
    }
  })
})
