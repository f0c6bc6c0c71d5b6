/** A whole engine for tests: a real database, real blob files, and a clock that only the test moves. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiskBlobs } from '../../src/blob/disk/create.ts'
import {
  type Actor,
  ALL_ACTIONS,
  type BlobStore,
  createEngine,
  type Drive,
  type DriveId,
  type DriveSpec,
  type Engine,
  type EngineOptions,
  type Failed,
  type Mode,
  type Node,
  type Op,
  type Result,
  type Store,
  type Subject,
  type TenantId,
} from '../../src/engine/index.ts'
import { createTestDatabase, remembering, type TestDatabase } from '../store.ts'

export interface World {
  readonly folder: string
  /** SQLite's file, where that is the store. */
  readonly file: string
  readonly database: TestDatabase
  engine: Engine
  store: Store
  blobs: BlobStore
  /** What the clock shows; it stands still between batches. */
  now: number
  /** Ends the engine without any farewell and starts another on the same files. */
  restart(options?: WorldOptions): Promise<void>
  stop(): Promise<void>
}

export interface WorldOptions {
  readonly engine?: Partial<EngineOptions>
  readonly wrapStore?: (store: Store) => Store
  /** Every batch begins with nothing remembered from earlier ones. */
  readonly forgetful?: boolean
  /** The clock moves on whenever somebody looks at it, so that no two batches happen at the same time. */
  readonly ticking?: boolean
  /** The folder in which the world's own folder is made; absent = the system's for temporary files. */
  readonly within?: string
}

const SECRET = Buffer.alloc(32, 7)
export const START = Date.UTC(2026, 0, 2, 3, 4, 5)

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(options.within ?? tmpdir(), 'batchdrive-engine-'))
  const file = join(folder, 'metadata.db')
  const database = await createTestDatabase(file)
  const open = async (wanted: WorldOptions) => {
    const clock = () => (wanted.ticking ? world.now++ : world.now)
    const plain = await database.open()
    const store = wanted.forgetful ? plain : remembering(plain)
    const blobs = await createDiskBlobs({ folder: join(folder, 'blobs'), clock })
    const seen = wanted.wrapStore?.(store) ?? store
    const engine = createEngine({ store: seen, blobs, clock, secret: SECRET, options: wanted.engine ?? {} })
    return { engine, store, blobs }
  }
  const world: World = {
    folder,
    file,
    database,
    now: START,
    ...({} as Pick<World, 'engine' | 'store' | 'blobs'>),
    async restart(wanted = options) {
      await world.engine.close()
      Object.assign(world, await open(wanted))
    },
    async stop() {
      await world.engine.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  Object.assign(world, await open(options))
  return world
}

/** An actor that owns nothing and has no grants unless told otherwise. */
export function actorOf(self: Subject, more: Partial<Actor> = {}): Actor {
  return {
    tenant: 'acme' as TenantId,
    self,
    subjects: [self, 'everyone'],
    admin: false,
    app: '',
    drives: null,
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'native',
    ...more,
  }
}

export const admin = actorOf('user:admin', { admin: true })
export const alice = actorOf('user:alice')
export const bob = actorOf('user:bob')

export async function createDrive(world: World, spec: Partial<DriveSpec> = {}, actor: Actor = admin): Promise<Drive> {
  const [drive] = await world.engine.createDrives(actor, [{ name: 'drive', owner: 'user:alice', ...spec }])
  return drive!
}

/** One op's result. */
export async function run(world: World, actor: Actor, op: Op): Promise<Result> {
  const [result] = await world.engine.batch(actor, [op])
  return result!
}

/** A batch of which nothing may fail. */
export async function done(world: Pick<World, 'engine'>, actor: Actor, ops: readonly Op[], mode: Mode = 'each') {
  const results = await world.engine.batch(actor, ops, mode)
  return results.map((result) => {
    if (result.status === 'failed') throw new Error(`an op failed: ${JSON.stringify(result.error)}`)
    return result
  })
}

export function codeOf(result: Result | undefined): string {
  if (result === undefined) throw new Error('there is no such result')
  return result.status === 'failed' ? result.error.code : result.status
}

export function codes(results: readonly Result[]): string[] {
  return results.map(codeOf)
}

/** The node of a result that must have one. */
export function nodeOf(result: Result | undefined): Node {
  if (!result || result.status === 'failed' || !result.view) throw new Error(`no node in ${JSON.stringify(result)}`)
  return result.view.node
}

export function isFailed<Outcome extends object>(outcome: Outcome | Failed): outcome is Failed {
  return 'status' in outcome && outcome.status === 'failed'
}

/** The drive as it is now, with what its pools hold. */
export async function driveNow(world: World, id: DriveId, actor: Actor = admin): Promise<Drive> {
  const [drive] = await world.engine.drives(actor, [id])
  if (!drive) throw new Error(`drive ${id} cannot be reached`)
  return drive
}

export async function usedOf(world: World, id: DriveId): Promise<Record<string, number>> {
  const { pools } = await driveNow(world, id)
  return Object.fromEntries(pools.map(({ kind, used }) => [kind, used]))
}

/** Works until nothing is left to do. */
export async function settleDown(world: World): Promise<void> {
  for (let steps = 0; await world.engine.work(); steps++) {
    if (steps > 1_000) throw new Error('work never ends')
  }
}
