/** What must hold although several servers change one database at the same moment. */
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { emptyChanges } from '../../src/engine/effects.ts'
import {
  type Drive,
  type DriveId,
  type Node,
  type Op,
  type Result,
  StorageError,
  type TenantId,
  type WriteTx,
} from '../../src/engine/index.ts'
import { addUsers, isMade } from '../../src/engine/people.ts'
import { ATTEMPTS_MAX } from '../../src/store/postgres/store.ts'
import { at, byId, createFolder, get, move, rename } from '../engine/ops.ts'
import { admin, alice, codes } from '../engine/world.ts'
import { type Several, startSeveral } from './several-servers.ts'

const TENANT = 'acme' as TenantId

let servers: Several
beforeEach(async () => {
  servers = await startSeveral(2)
})
afterEach(() => servers.stop())

async function makeDrive(name = 'drive'): Promise<Drive> {
  const [drive] = await servers.engines[0]!.createDrives(admin, [{ name, owner: 'user:alice' }])
  return drive!
}

async function makeFolders(drive: DriveId, names: readonly string[]): Promise<Node[]> {
  const results = await run(
    0,
    names.map((name) => createFolder(at(drive), name)),
  )
  return results.map((result) => (result as Exclude<Result, { status: 'failed' }>).view!.node)
}

const run = (server: number, ops: readonly Op[]) => servers.engines[server]!.batch(alice, ops)

describe('one drive', () => {
  test('two moves that would close a cycle together: one is done, the other is refused', async () => {
    const { id } = await makeDrive()
    const pairs = Array.from({ length: 20 }, (_, index) => [`a${index}`, `b${index}`])
    const folders = await makeFolders(id, pairs.flat())
    const outcomes = await Promise.all(
      pairs.map(async (_, index) => {
        const [a, b] = [byId(folders[2 * index]!), byId(folders[2 * index + 1]!)]
        const results = await Promise.all([run(0, [move(a, b)]), run(1, [move(b, a)])])
        return codes(results.flat()).sort()
      }),
    )
    expect(outcomes).toEqual(pairs.map(() => ['cycle', 'done']))
  })

  test('many who want one name: one gets it', async () => {
    const { id } = await makeDrive()
    const wishes = Array.from({ length: 30 }, (_, index) => run(index % 2, [createFolder(at(id), 'the one')]))
    const got = codes((await Promise.all(wishes)).flat())
    expect(got.filter((code) => code === 'done')).toHaveLength(1)
    expect(got.filter((code) => code === 'name_taken')).toHaveLength(29)
  })

  test('every change has its number in the log, without a gap', async () => {
    const { id } = await makeDrive()
    await Promise.all(Array.from({ length: 60 }, (_, index) => run(index % 2, [createFolder(at(id), `n${index}`)])))
    const log = await servers.database.rows<{ seq: number }>(
      'select seq from change where drive_id = ? order by seq',
      id,
    )
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  })

  test('what one server changed the other sees at once, whatever it remembers', async () => {
    const { id } = await makeDrive()
    const [folder] = await makeFolders(id, ['before'])
    for (const name of ['x', 'y', 'z']) {
      await run(1, [get(byId(folder!)), get(at(id, name))])
      await run(0, [rename(byId(folder!), name)])
      const [byNumber, byPath] = await run(1, [get(byId(folder!)), get(at(id, name))])
      expect(byNumber).toMatchObject({ view: { node: { name } } })
      expect(byPath).toMatchObject({ view: { node: { id: folder!.id } } })
    }
  })
})

describe('several drives', () => {
  test('nodes that others carry from drive to drive are found where they are', async () => {
    const drives = await Promise.all(['a', 'b', 'c'].map(makeDrive))
    const [first] = drives
    const folders = await makeFolders(
      first!.id,
      Array.from({ length: 10 }, (_, index) => `n${index}`),
    )
    const moves = folders.flatMap(({ born, id }, index) =>
      drives.map((drive, turn) => run((index + turn) % 2, [move({ born, id }, at(drive.id))])),
    )
    const renames = folders.map(({ born, id }, index) => run(index % 2, [rename({ born, id }, `r${index}`)]))
    const results = (await Promise.all([...moves, ...renames])).flat()
    expect(codes(results).filter((code) => code !== 'done')).toEqual([])
    const rows = await servers.database.rows<{ id: number; drive_id: number }>(
      'select id, drive_id from node where born = ?',
      first!.id,
    )
    const homes = new Map(rows.map((row) => [row.id, row.drive_id]))
    const forwards = await servers.database.rows<{ node_id: number; to_drive: number }>(
      'select node_id, to_drive from forward',
    )
    const away = folders.filter(({ id }) => homes.get(id) !== first!.id)
    expect(new Map(forwards.map((row) => [row.node_id, row.to_drive]))).toEqual(
      new Map(away.map(({ id }) => [id, homes.get(id)])),
    )
  })

  test('are locked in one order, whichever comes first in a batch', async () => {
    const [a, b] = await Promise.all([makeDrive('a'), makeDrive('b')])
    const batches = Array.from({ length: 40 }, (_, index) => {
      const [one, other] = index % 2 === 0 ? [a, b] : [b, a]
      return run(index % 2, [createFolder(at(one!.id), `n${index}`), createFolder(at(other!.id), `n${index}`)])
    })
    expect(new Set(codes((await Promise.all(batches)).flat()))).toEqual(new Set(['done']))
  })

  test('share a tenant’s quota, which is not passed', async () => {
    const drives = await Promise.all(['a', 'b', 'c', 'd'].map(makeDrive))
    const pool = { tenant: TENANT, kind: 'tenant' as const, key: '' }
    await servers.engines[0]!.setQuotas(TENANT, [{ kind: 'tenant', key: '', quota: 10 }])
    // As the planner does: decide on what was read, then add.
    const take = (index: number) => {
      const drive = drives[index % 4]!.id
      return servers.stores[index % 2]!.write(
        async (tx) => {
          const [row] = await tx.drives([drive])
          const found = row!.pools.find(({ kind }) => kind === 'tenant')!
          if (found.used + 3 > found.quota!) return false
          await tx.apply({ ...emptyChanges(), poolDeltas: [{ ...pool, delta: 3 }] })
          return true
        },
        [drive],
      )
    }
    const taken = await Promise.all(Array.from({ length: 12 }, (_, index) => take(index)))
    expect(taken.filter(Boolean)).toHaveLength(3)
    expect(await servers.stores[0]!.read((tx) => tx.pools([pool]))).toMatchObject([{ used: 9 }])
  })
})

describe('people and drives that are made at the same moment', () => {
  test('a user id is given once', async () => {
    const add = (server: number) =>
      servers.stores[server]!.write(async (tx) => {
        const [made] = await addUsers(tx, { tenant: TENANT, at: 1 }, [{ id: 'ann', drive: { name: 'ann' } }])
        return isMade(made!)
      })
    const made = await Promise.all(Array.from({ length: 8 }, (_, index) => add(index % 2)))
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(await servers.database.rows('select id from drive')).toHaveLength(1)
  })

  test('a scene has one drive', async () => {
    const spec = { name: 's', owner: 'user:alice', app: 'shop', scene: 'photos', sceneId: '7' } as const
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, index) => servers.engines[index % 2]!.createDrives(admin, [spec])),
    )
    expect(new Set(made.flat().map(({ id }) => id)).size).toBe(1)
  })
})

describe('a transaction that meets another', () => {
  test('is run again when the database breaks a deadlock', async () => {
    let runs = 0
    let entered = 0
    let bothAreIn = () => {}
    const both = new Promise<void>((resolve) => {
      bothAreIn = resolve
    })
    const cross = (server: number, ids: readonly [string, string]) =>
      servers.stores[server]!.write(async (tx) => {
        runs++
        await tx.users([{ tenant: TENANT, id: ids[0] }])
        if (++entered === 2) bothAreIn()
        await both
        await tx.users([{ tenant: TENANT, id: ids[1] }])
        return ids[0]
      })
    expect(await Promise.all([cross(0, ['a', 'b']), cross(1, ['b', 'a'])])).toEqual(['a', 'b'])
    expect(runs).toBe(3)
  })

  test('gives up after a bounded number of times, and has done nothing', async () => {
    let runs = 0
    const hopeless = servers.stores[0]!.write(async (tx) => {
      runs++
      await tx.putTenants([{ id: 'never' as TenantId, name: '', createdAt: 1, extra: {} }])
      // Each time a drive that should have been locked before all others.
      await tx.drives([(5_000 - runs) as DriveId])
      await tx.drives([(1_000 - runs) as DriveId])
    })
    await expect(hopeless).rejects.toThrow(StorageError)
    expect(runs).toBe(ATTEMPTS_MAX)
    expect(await servers.database.rows('select id from tenant')).toEqual([])
  })

  test('throws its own error without being run again', async () => {
    let runs = 0
    const error = new Error('changed my mind')
    const refusing = servers.stores[0]!.write(async () => {
      runs++
      throw error
    })
    await expect(refusing).rejects.toBe(error)
    expect(runs).toBe(1)
  })
})

describe('a lost connection', () => {
  const write = (fn: (tx: WriteTx) => Promise<unknown>) => servers.stores[0]!.write(fn)
  const tenant = (id: string) => ({ id: id as TenantId, name: '', createdAt: 1, extra: {} })

  async function loseConnections(): Promise<void> {
    const admin = new pg.Client({ connectionString: servers.database.url })
    await admin.connect()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'batchdrive'`,
    )
    await admin.end()
  }

  test('fails what was under way, as a whole, and nothing after it', async () => {
    const broken = write(async (tx) => {
      await tx.putTenants([tenant('lost')])
      await loseConnections()
      await tx.putTenants([tenant('later')])
    })
    await expect(broken).rejects.toThrow(StorageError)
    await write((tx) => tx.putTenants([tenant('after')]))
    expect(await servers.database.rows('select id from tenant')).toEqual([{ id: 'after' }])
  })

  test('that nobody used is replaced without anybody noticing', async () => {
    await write((tx) => tx.putTenants([tenant('first')]))
    await loseConnections()
    // The socket’s end has to arrive first.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await write((tx) => tx.putTenants([tenant('second')]))
    expect(await servers.stores[0]!.read((tx) => tx.tenants([tenant('second').id]))).toHaveLength(1)
  })
})
