/** The composition root: the one file that knows everyone. */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Auth } from './auth/auth.ts'
import { createAuth } from './auth/create.ts'
import { KeyError, masterKey } from './auth/key.ts'
import { createDiskBlobs } from './blob/disk/create.ts'
import { inspectDiskBlobs } from './blob/disk/inspect.ts'
import type { Config } from './config.ts'
import { DataInUseError, lockData } from './data-lock.ts'
import { type Demo, prepareDemo } from './demo.ts'
import { dingtalkDialect } from './dialect/dingtalk/index.ts'
import { pdsDialect } from './dialect/pds/index.ts'
import { smhDialect } from './dialect/smh/index.ts'
import { wpsDialect } from './dialect/wps/index.ts'
import { createEngine } from './engine/create.ts'
import {
  type BlobInspection,
  type BlobStore,
  type Clock,
  type Engine,
  type Inspection,
  StorageError,
  type Store,
} from './engine/index.ts'
import { keepCurrent } from './engine/standing.ts'
import type { Dialect, DialectContext } from './http/dialect.ts'
import { createHttp } from './http/server.ts'
import { registerTransfer } from './http/transfer.ts'
import { claimPlace, databaseFile, isUsed, type Place } from './place.ts'
import { rememberNodes } from './store/node-cache.ts'
import { distributeDatabase } from './store/postgres/distribution.ts'
import { openPostgresInspection } from './store/postgres/inspect.ts'
import { attendDatabase } from './store/postgres/presence.ts'
import { createPostgresStore } from './store/postgres/store.ts'
import { openSqliteInspection } from './store/sqlite/inspect.ts'
import { createSqliteStore } from './store/sqlite/store.ts'
import { startRunner } from './task/runner.ts'
import { tlsPair } from './tls.ts'

/** Every dialect served, in the order in which they are presented. */
export const DIALECTS: readonly Dialect[] = [pdsDialect, smhDialect, wpsDialect, dingtalkDialect]

/** A written request may leave work behind (a task, something to sweep): look for it this soon, ms. */
const WORK_AFTER_WRITE_MS = 200

/** What tests put in place of the real thing. */
export interface ServerParts {
  readonly clock?: Clock
  readonly wrapStore?: (store: Store) => Store
}

export interface Server {
  readonly engine: Engine
  readonly auth: Auth
  readonly store: Store
  readonly config: Config
  /** Null when the server runs without the demo tenant. */
  readonly demo: Demo | null
  /** `http://host:port`; the port is known once the server listens. */
  readonly url: string
  /** Accepts requests from now on; resolves to `url`. */
  listen(): Promise<string>
  /** Accepts no more requests, finishes those in flight, stops the work behind and closes everything. */
  close(): Promise<void>
}

/** A place's key and rows, made when they are not there. Any number of processes may have them open at once. */
export async function openData(place: Place): Promise<{ secret: Buffer; store: Store }> {
  const wasUsed = isUsed(place)
  await claimPlace(place)
  if (place.database !== '') return openPostgres(place)
  const secret = await masterKey(place.dataDir, wasUsed)
  return { secret, store: openSqlite(databaseFile(place.dataDir)) }
}

/** All who use a database must use its key: under another they would read no id and no secret of it. */
async function openPostgres({ dataDir, database }: Place): Promise<{ secret: Buffer; store: Store }> {
  const store = await createPostgresStore({ url: database })
  try {
    const secret = await masterKey(dataDir, (await store.keyDigest()) !== null)
    const digest = createHash('sha256').update('the key of a deployment').update(secret).digest('hex')
    if ((await store.keyDigest(digest)) !== digest) {
      throw new KeyError(
        `the database was made under another key than that in ${dataDir}: its servers share one data folder`,
      )
    }
    return { secret, store: rememberNodes(store, { oneByOne: false }) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Brings the schema of a place up to date. With `citus` it also spreads the tables over a cluster, and says which. */
export async function prepareData(place: Place, citus: boolean): Promise<string[]> {
  const { store } = await openData(place)
  await store.close()
  return citus ? distributeDatabase(place.database) : []
}

/** A data folder seen from outside: its rows as they are at the moment of asking, and its bytes. Nothing is made or changed. */
export function inspectData({ dataDir, database }: Place): {
  openRows: () => Promise<Inspection>
  bytes: BlobInspection
} {
  const openRows = async () =>
    database === '' ? openSqliteInspection(databaseFile(dataDir)) : openPostgresInspection(database)
  return { openRows, bytes: inspectDiskBlobs(dataDir) }
}

/** A data folder taken for upkeep: nobody else may serve it before it is closed. Throws DataInUseError. */
export async function openUpkeep(place: Place): Promise<{ store: Store; blobs: BlobStore; close(): Promise<void> }> {
  const closers = new Closers()
  try {
    closers.push(await takePlace(place, true))
    const { store } = await openData(place)
    closers.push(() => store.close())
    const blobs = await createDiskBlobs({ folder: place.dataDir })
    closers.push(() => blobs.close())
    return { store, blobs, close: () => closers.run() }
  } catch (error) {
    await closers.run()
    throw error
  }
}

/**
 * Takes a place, until the function it gives back is called. A folder with its rows is for one process; where the rows are in
 * PostgreSQL, any number of processes share both, unless one asks to be `alone`. Throws DataInUseError.
 */
export async function takePlace({ dataDir, database }: Place, alone: boolean): Promise<() => Promise<void>> {
  if (database === '') return lockData(dataDir)
  const presence = await attendDatabase(database, alone)
  if (presence) return () => presence.leave()
  throw new DataInUseError(
    alone
      ? 'the database is in use by servers or workers: stop them first'
      : 'the database is taken for upkeep: try again when that is done',
  )
}

function openSqlite(file: string): Store {
  try {
    return rememberNodes(createSqliteStore({ file }))
  } catch (cause) {
    throw new StorageError(`${file} cannot be opened: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** What serves and what only works have in common. */
async function openCore(config: Config, { clock = Date.now, wrapStore }: ServerParts, closers: Closers) {
  closers.push(await takePlace(config, false))
  const { secret, store: plain } = await openData(config)
  const store = wrapStore?.(plain) ?? plain
  closers.push(() => store.close())
  const demo = await prepareDemo({ store, secret, clock, config })
  const blobs = await createDiskBlobs({ folder: config.dataDir, clock, shared: config.database !== '' })
  closers.push(() => blobs.close())
  const engine = createEngine({ store, blobs, clock, secret, options: config.engine })
  return { secret, store, demo, engine, clock }
}

/** Puts a server together on its data folder; it does not listen yet. */
export async function createServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const closers = new Closers()
  try {
    const { secret, store, demo, engine: core, clock } = await openCore(config, parts, closers)
    const auth = createAuth({ store, secret, clock })
    const http = createHttp({ logLevel: config.logLevel, tls: await tlsPair(config, clock()) })
    const engine = keepCurrent(config.work ? working(core, http, closers) : core, store, auth.renew)
    const url = () => urlOf(http, config)
    await register(http, {
      engine,
      auth,
      settings: config.settings,
      origin: (request) => originOf(request, config, url()),
    })
    closers.push(() => http.close())
    return {
      ...{ engine, auth, store, config, demo },
      get url() {
        return url()
      },
      async listen() {
        await http.listen({ host: config.host, port: config.port })
        return url()
      },
      close: () => closers.run(),
    }
  } catch (error) {
    await closers.run()
    throw error
  }
}

/** The engine, with its background work beside the requests: a task is begun on at once. */
function working(engine: Engine, http: FastifyInstance, closers: Closers): Engine {
  const runner = startRunner(engine, (error) => http.log.error(error, 'background work failed'))
  closers.push(() => runner.stop())
  http.addHook('onResponse', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') runner.kick(WORK_AFTER_WRITE_MS)
  })
  return {
    ...engine,
    async submit(...given) {
      const task = await engine.submit(...given)
      runner.kick()
      return task
    },
  }
}

/** What runs tasks and the sweep without serving anybody. */
export interface Worker {
  /** Finishes the slice under way and closes everything. */
  close(): Promise<void>
}

/** Begins to work at once. `onError` is told of every failure; the work goes on. */
export async function startWorker(config: Config, onError: (error: unknown) => void): Promise<Worker> {
  const closers = new Closers()
  try {
    const { engine } = await openCore({ ...config, demo: 'off' }, {}, closers)
    const runner = startRunner(engine, onError)
    closers.push(() => runner.stop())
    return { close: () => closers.run() }
  } catch (error) {
    await closers.run()
    throw error
  }
}

/** What is to be closed, last opened first, each once. */
class Closers {
  readonly #pending: (() => Promise<unknown>)[] = []
  #closing: Promise<void> | undefined

  push(close: () => Promise<unknown>) {
    this.#pending.push(close)
  }

  run(): Promise<void> {
    this.#closing ??= this.#pending.reduceRight(
      (before, close) => before.then(async () => void (await close())),
      Promise.resolve(),
    )
    return this.#closing
  }
}

async function register(http: FastifyInstance, context: DialectContext): Promise<void> {
  registerTransfer(http, context.engine)
  // One scope each: a dialect's parsers, hooks and error handlers are its own.
  await Promise.all(DIALECTS.map((dialect) => http.register(async (scope) => dialect.register(scope, context))))
  await http.ready()
}

function urlOf(http: FastifyInstance, { host, port, tls }: Config): string {
  const address = http.server.address() as AddressInfo | null
  const name = host.includes(':') ? `[${host}]` : host
  return `${tls === 'off' ? 'http' : 'https'}://${name}:${address?.port ?? port}`
}

/** Where the client sees us: the published address, else the host it asked for, else our own address. */
function originOf(request: FastifyRequest, { publicUrl }: Config, own: string): string {
  if (publicUrl !== '') return publicUrl
  return /^[A-Za-z0-9._~-]+(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/.test(request.host)
    ? `${request.protocol}://${request.host}`
    : own
}
