/** A real server in this process: a free port, a fresh temporary data folder, the demo tenant. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '../src/app.ts'
import type { Auth } from '../src/auth/auth.ts'
import { masterKey, writeOwnerOnly } from '../src/auth/key.ts'
import { createSecrets } from '../src/auth/secrets.ts'
import { type GivenOptions, readConfig } from '../src/config.ts'
import { type Demo, demoKeyFile } from '../src/demo.ts'
import type { Clock, DriveId, Engine, EngineOptions, Store, TenantId } from '../src/engine/index.ts'
import { type AppSpec, addApps, addTenants, addUsers, isMade } from '../src/engine/people.ts'
import type { DialectSettings } from '../src/http/dialect.ts'
import { databaseFile } from '../src/place.ts'
import { createTestDatabase, type TestDatabase } from './store.ts'

export interface StartOptions {
  readonly settings?: Partial<DialectSettings>
  readonly clock?: Clock
  readonly wrapStore?: (store: Store) => Store
  readonly engine?: Partial<EngineOptions>
  /** A data folder to start on; it is kept when the server stops. Absent = a fresh one, removed when the server stops. */
  readonly dataDir?: string
  /** The folder in which a fresh data folder is made; absent = the system's for temporary files. */
  readonly within?: string
}

export interface TestServer {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly engine: Engine
  readonly auth: Auth
  readonly store: Store
  readonly dataDir: string
  /** Where its rows are; its stores are the server's. */
  readonly rows: TestDatabase
  readonly demo: Demo
  /** Makes a second tenant: an admin `admin` and a user `alice` with a drive each, as in the demo tenant, and the given apps. */
  addTenant(spec: TenantSpec): Promise<{ tenant: TenantId; drives: { admin: DriveId; alice: DriveId } }>
  stop(): Promise<void>
}

export interface TenantSpec {
  readonly id: string
  /** Secrets in clear. */
  readonly apps?: readonly AppSpec[]
}

// A key takes long to make and nothing depends on its being fresh.
let rsaKey: string | undefined

/** Of data folders that are kept, for the next server on them. */
const kept = new Map<string, TestDatabase>()

export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(options.within ?? tmpdir(), 'batchdrive-test-')))
  rsaKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  await writeOwnerOnly(demoKeyFile(dataDir), rsaKey)
  const database = kept.get(dataDir) ?? (await createTestDatabase(databaseFile(dataDir)))
  if (options.dataDir !== undefined) kept.set(dataDir, database)
  const { clock = Date.now, wrapStore } = options
  const server = await createServer(configOf(dataDir, database.url, options), {
    clock,
    ...(wrapStore ? { wrapStore } : {}),
  })
  const { engine, auth, store, demo } = server
  if (demo === null) throw new Error('the demo tenant is missing')
  return {
    url: await server.listen(),
    ...{ engine, auth, store, dataDir, demo, rows: database },
    addTenant: (spec) => addTenant({ store, dataDir, clock }, spec),
    async stop() {
      await server.close()
      if (options.dataDir !== undefined) return
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function configOf(data: string, database: string, { settings = {}, engine = {} }: StartOptions) {
  const given: GivenOptions = { data, port: '0', logLevel: 'silent', ...(database === '' ? {} : { database }) }
  const config = readConfig(given, {})
  return { ...config, settings: { ...config.settings, ...settings }, engine: { ...config.engine, ...engine } }
}

async function addTenant(
  { store, dataDir, clock }: { store: Store; dataDir: string; clock: Clock },
  { id, apps = [] }: TenantSpec,
) {
  const { seal } = createSecrets(await masterKey(dataDir))
  const at = clock()
  const tenant = id as TenantId
  return store.write(async (tx) => {
    const sealed = apps.map((app) => ({ ...app, secret: seal(app.secret ?? '') }))
    const made = [...(await addTenants(tx, at, [{ id }])), ...(await addApps(tx, { tenant, at }, sealed))]
    if (!made.every(isMade)) throw new Error(`tenant ${id} or one of its apps is taken`)
    const users = await addUsers(tx, { tenant, at }, [
      { id: 'admin', role: 'admin', drive: { name: id } },
      { id: 'alice', drive: { name: 'alice' } },
    ])
    const [admin, alice] = users.filter(isMade)
    return { tenant, drives: { admin: admin!.defaultDrive, alice: alice!.defaultDrive } }
  })
}
