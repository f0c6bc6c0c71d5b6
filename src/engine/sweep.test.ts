import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import type { Actor } from './actor.ts'
import type { DriveId, NodeId } from './model.ts'
import { type Op, onConflict } from './op.ts'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(async () => {
  await server.stop()
})

const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const
const conflict = onConflict('fail')

async function admin(): Promise<Actor> {
  return (await server.auth.actor({ tenant: server.demo.tenant, dialect: 'native', app: '', user: 'admin' }))!
}

/** A folder with files in it and a folder below, and something in the trash. */
async function fill(actor: Actor, drive: DriveId, files: number): Promise<void> {
  const opened = await server.engine.batch(
    actor,
    Array.from({ length: 2 }, (): Op => ({ kind: 'upload', drive, ttlMs: 60_000 })),
  )
  const uploads = opened.flatMap((result) => (result.status === 'done' ? [result.upload!.id] : []))
  await Promise.all(uploads.map((id, i) => server.engine.writePart(id, 1, bytes(`content ${i}`))))
  const made = await server.engine.batch(actor, [
    { kind: 'createFolder', parent: { drive, path: ['tree'] }, makeParents: true, name: 'inner', conflict, naming },
    ...uploads.map(
      (upload, i): Op => ({
        kind: 'commit',
        upload,
        parent: { drive, path: ['tree'] },
        name: `${i}`,
        conflict,
        naming,
      }),
    ),
    ...Array.from(
      { length: files },
      (_, i): Op => ({
        kind: 'copy',
        node: { drive, path: ['tree', '0'] },
        to: { drive, path: ['tree', 'inner'] },
        name: `copy ${i}`,
        conflict,
        naming,
      }),
    ),
    { kind: 'trash', node: { drive, path: ['tree', '1'] } },
  ])
  expect(made.map(({ status }) => status)).not.toContain('failed')
}

async function* bytes(text: string) {
  yield Buffer.from(text)
}

async function swept(): Promise<void> {
  while (await server.engine.work()) {
    // each call is one bounded slice
  }
}

const used = (actor: Actor, id: DriveId) =>
  server.engine.drives(actor, [id]).then(([drive]) => drive!.pools.map((pool) => pool.used))

describe('the sweep', () => {
  it('removes a destroyed tree of any size slice by slice and gives its bytes back', async () => {
    const actor = await admin()
    const drive = server.demo.drives.admin
    const before = await server.store.read((tx) => tx.count('node'))
    await fill(actor, drive, 1200)
    expect(await used(actor, drive)).toEqual([1202 * 9, 1202 * 9])
    await server.engine.batch(actor, [{ kind: 'purge', node: { drive, path: ['tree'] }, trashed: 'no' }])
    const [gone] = await server.engine.batch(actor, [
      { kind: 'get', node: { drive, path: ['tree', 'inner'] }, need: 0, trashed: 'any' },
    ])
    expect(gone).toMatchObject({ status: 'failed', error: { code: 'node_not_found' } })
    await swept()
    expect(await used(actor, drive)).toEqual([9, 9])
    expect(await server.store.read((tx) => tx.count('node'))).toBe(before + 1)
    expect(await server.store.read((tx) => tx.count('version'))).toBe(1)
  })

  it('empties a deleted drive, its trash too, and the tenant has the room again', async () => {
    const actor = await admin()
    const [drive] = await server.engine.createDrives(actor, [{ name: 'short-lived', owner: 'user:admin' }])
    await fill(actor, drive!.id, 3)
    const before = await used(actor, server.demo.drives.admin)
    expect(before[1]).toBe(5 * 9)
    await server.engine.deleteDrives(actor, [drive!.id])
    expect(await server.engine.drives(actor, [drive!.id])).toEqual([null])
    await swept()
    expect((await used(actor, server.demo.drives.admin))[1]).toBe(0)
    expect(await server.store.read((tx) => tx.count('trash'))).toBe(0)
    const left = await server.store.read((tx) =>
      tx.chains([{ drive: drive!.id, id: drive!.root as NodeId, follow: false }]),
    )
    expect(left).toEqual([])
  })
})
