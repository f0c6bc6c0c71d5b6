import { afterEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import type { Actor } from './actor.ts'
import { type Op, onConflict } from './op.ts'

let server: TestServer
afterEach(() => server.stop())

const naming = { pattern: 'spaced', charactersMax: 255, forbidden: '[:]', trim: false } as const
const conflict = onConflict('fail')
const actorOf = async (user: string): Promise<Actor> =>
  (await server.auth.actor({ tenant: server.demo.tenant, dialect: 'native', app: '', user }))!

async function finished(actor: Actor, id: Awaited<ReturnType<TestServer['engine']['submit']>>) {
  while (await server.engine.work());
  return (await server.engine.tasks(actor, [id]))[0]!
}

describe('a task', () => {
  it('judges names by the patterns of its ops, as a batch does', async () => {
    server = await startServer()
    const admin = await actorOf('admin')
    const drive = server.demo.drives.admin
    const folder = (name: string): Op => ({
      kind: 'createFolder',
      parent: { drive, path: [] },
      name,
      conflict,
      naming,
    })
    const id = await server.engine.submit(admin, drive, 'createFolder', [folder('good'), folder('b:d')], ['one', 'two'])
    const task = await finished(admin, id)
    expect(task).toMatchObject({ done: 1, failed: 1, error: 'name_invalid' })
    expect(task.report).toMatchObject([
      { ok: true, path: ['good'], note: 'one' },
      { ok: false, detail: 'forbidden', note: 'two' },
    ])
  })

  it('holds only what its actor could change', async () => {
    server = await startServer()
    const [admin, alice] = [await actorOf('admin'), await actorOf('alice')]
    const drive = server.demo.drives.admin
    const [made] = await server.engine.batch(admin, [
      { kind: 'createFolder', parent: { drive, path: [] }, name: 'mine', conflict, naming },
    ])
    const node = { drive, id: made!.status === 'done' ? made!.view!.node.id : (0 as never) }
    await server.engine.submit(alice, drive, 'trash', [{ kind: 'trash', node }], [null])
    const [renamed] = await server.engine.batch(admin, [{ kind: 'rename', node, name: 'still mine', conflict, naming }])
    expect(renamed).toMatchObject({ status: 'done' })
  })
})
