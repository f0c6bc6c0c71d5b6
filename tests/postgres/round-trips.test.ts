/**
 * What a batch costs where the database is another machine: times somebody waits for it. A trip is counted when a statement is
 * sent after the answer of an earlier one has come; what is sent without waiting shares its trip. Begin goes with the first
 * statements; commit is a trip of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import {
  ACTIONS,
  type Actor,
  createEngine,
  type DriveId,
  type Engine,
  type Node,
  type NodeId,
  type Op,
} from '../../src/engine/index.ts'
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts'
import {
  at,
  byId,
  copy,
  createFolder,
  get,
  grant,
  move,
  purge,
  RENAME,
  rename,
  trash,
  update,
  upload,
} from '../engine/ops.ts'
import { admin, alice, bob } from '../engine/world.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

const FEW = 10
const MANY = 1_000
const TRIPS_MAX = 6

let folder: string
let database: TestDatabase
let store: PostgresStore
let engine: Engine
let drive: DriveId
let nodes: Node[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchdrive-trips-'))
  database = await createTestDatabase('')
  // Nothing remembered between batches: each reads all it needs.
  store = await createPostgresStore({ url: database.url })
  const blobs = await createDiskBlobs({ folder })
  engine = createEngine({ store, blobs, clock: () => 1_767_323_045_000, secret: Buffer.alloc(32, 7) })
  const [made] = await engine.createDrives(admin, [{ name: 'drive', owner: 'user:alice' }])
  drive = made!.id
  await done(alice, [createFolder(at(drive), 'from'), createFolder(at(drive), 'to'), createFolder(at(drive), 'new')])
  const folders = Array.from({ length: FEW + MANY }, (_, index) => createFolder(at(drive, 'from'), `n${index}`))
  nodes = await done(alice, folders)
})
afterEach(async () => {
  await engine.close()
  await database.drop()
  await rm(folder, { recursive: true })
})

async function done(actor: Actor, ops: readonly Op[]): Promise<Node[]> {
  const results = await engine.batch(actor, ops)
  return results.map((result) => {
    if (result.status === 'failed') throw new Error(`an op failed: ${JSON.stringify(result.error)}`)
    return result.view?.node as Node
  })
}

async function trips(actor: Actor, ops: readonly Op[]): Promise<number> {
  const before = store.roundTrips()
  await done(actor, ops)
  return store.roundTrips() - before
}

const VERBS: [what: string, op: (node: Node, index: number) => Op][] = [
  ['get by id', (node) => get(byId(node))],
  ['get by public id', (node) => get({ born: node.born, id: node.id })],
  ['get by path', (node) => get(at(drive, `from/${node.name}`))],
  ['move', (node) => move(byId(node), at(drive, 'to'))],
  ['move by path', (node) => move(at(drive, `from/${node.name}`), at(drive, 'to'))],
  ['move with new names', (node) => move(byId(node), at(drive, 'to'), { name: `m${node.id}` })],
  ['rename', (node) => rename(byId(node), `r${node.id}`)],
  ['update', (node) => update(byId(node), { starred: true })],
  ['create a folder', (node) => createFolder(at(drive, 'new'), `c${node.id}`)],
  ['copy', (node) => copy(byId(node), at(drive, 'to'))],
  ['trash', (node) => trash(byId(node))],
  ['purge', (node) => purge(byId(node))],
  ['grant', (node) => grant(byId(node), 'user:bob', ACTIONS.list)],
  ['open an upload', (node) => upload(drive, { parent: at(drive, 'to'), name: `u${node.id}` })],
  ['move, names settled by itself', (node) => move(byId(node), at(drive, 'to'), { name: 'm', conflict: RENAME })],
]

describe('a batch of ten and one of a thousand take the same few round trips', () => {
  test.each(VERBS)('%s', async (_, op) => {
    const few = await trips(alice, nodes.slice(0, FEW).map(op))
    const many = await trips(alice, nodes.slice(FEW).map(op))
    expect({ many }).toEqual({ many: few })
    expect(few).toBeLessThanOrEqual(TRIPS_MAX)
  })

  test('whether or not it is asked if the actor’s rights are still what they were', async () => {
    const asked: Actor = {
      ...alice,
      basis: { seq: 0, self: alice.self, groups: [], direct: [], token: '', admin: false, anyUser: true },
    }
    const [some, others] = [nodes.slice(0, FEW), nodes.slice(FEW, 2 * FEW)]
    const to = (node: Node) => move(byId(node), at(drive, 'to'))
    const read = (node: Node) => get(byId(node))
    expect(await trips(asked, some.map(read))).toBe(await trips(alice, some.map(read)))
    expect(await trips(asked, some.map(to))).toBe(await trips(alice, others.map(to)))
  })

  test('for someone whose rights come from grants', async () => {
    await done(alice, [grant(at(drive), 'user:bob', ACTIONS.list | ACTIONS.move | ACTIONS.rename)])
    const moved = await trips(
      bob,
      nodes.map((node) => rename(byId(node), `b${node.id}`)),
    )
    expect(moved).toBeLessThanOrEqual(TRIPS_MAX)
  })

  test('a hundred levels deep as at the top', async () => {
    const path = Array.from({ length: 100 }, (_, level) => `d${level}`)
    await done(
      alice,
      path.map((name, level) => createFolder(at(drive, path.slice(0, level).join('/')), name)),
    )
    const deep = path.join('/')
    const moves = nodes.slice(0, FEW).map((node) => move(byId(node), at(drive, deep)))
    const gets = nodes.slice(0, FEW).map((node) => get(at(drive, `${deep}/${node.name}`)))
    const makes = nodes.slice(0, FEW).map((node) => createFolder(at(drive, deep), `c${node.id}`))
    const cost = [await trips(alice, moves), await trips(alice, gets), await trips(alice, makes)]
    expect(Math.max(...cost)).toBeLessThanOrEqual(TRIPS_MAX)
  })
})

test('an id that was never there costs no more', async () => {
  const before = store.roundTrips()
  await engine.batch(alice, [get({ drive, id: 999_999 as NodeId })])
  expect(store.roundTrips() - before).toBeLessThanOrEqual(TRIPS_MAX)
})
