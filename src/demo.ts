/** The demo tenant: known people, drives and credentials, so that each vendor's client works a second after the start. */
import { createPublicKey, generateKeyPair } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeOwnerOnly } from './auth/key.ts'
import { hashPassword } from './auth/password.ts'
import { createSecrets } from './auth/secrets.ts'
import { type Config, isExposed } from './config.ts'
import type { Clock, DriveId, Store, Tenant, TenantId } from './engine/index.ts'
import { type AppSpec, addApps, addTenants, addUsers, isMade, type UserSpec } from './engine/people.ts'

/** What is known about the demo tenant by everyone; only the private key differs from deployment to deployment. */
export const DEMO = {
  tenant: 'demo' as TenantId,
  pds: { jwtApp: 'demo-pds', accessKeyId: 'demo-ak', accessKeySecret: 'demo-sk' },
  smh: { library: 'smhdemo', secret: 'smhdemo-secret' },
  wps: { app: 'AKDEMO', secret: 'SKDEMO' },
  dingtalk: { app: 'dingdemo', secret: 'dingdemo-secret' },
} as const

/** Marks the tenant as the demo one, so that a real tenant that happens to be called `demo` is left alone. */
const MARK = 'batchdrive.demo'
const RSA_BITS = 2048

/** The demo tenant as it stands in one deployment. */
export interface Demo {
  readonly tenant: TenantId
  readonly drives: Readonly<Record<'admin' | 'alice', DriveId>>
  /** PEM; signs the assertions of the PDS app. */
  readonly pds: { readonly privateKey: string }
}

/** The start is refused because the demo tenant's published secrets would open a server that others can reach. */
export class DemoRefusedError extends Error {
  override name = 'DemoRefusedError'
}

/** Where a data folder keeps the private key of the demo tenant's PDS app. */
export function demoKeyFile(dataDir: string): string {
  return join(dataDir, 'demo', 'pds-private-key.pem')
}

/**
 * Makes the demo tenant when the configuration wants it and it is not there yet; null when there is none to use. Throws
 * DemoRefusedError when the server can be reached by others and the demo tenant exists or is asked for.
 */
export async function prepareDemo(parts: {
  store: Store
  secret: Buffer
  clock: Clock
  config: Config
}): Promise<Demo | null> {
  const { store, config } = parts
  const [tenant] = await store.read((tx) => tx.tenants([DEMO.tenant]))
  const exists = tenant !== undefined && isDemo(tenant)
  if (isExposed(config)) {
    if (exists || config.demo === 'on') throw new DemoRefusedError(refusal(config, exists))
    return null
  }
  if (config.demo === 'off' || (tenant !== undefined && !exists)) return null
  if (!exists) await seed(parts)
  return readDemo(store, config.dataDir)
}

/** The demo tenant of a data folder; null when it has none. */
export async function readDemo(store: Store, dataDir: string): Promise<Demo | null> {
  const tenant = DEMO.tenant
  const { tenants, users } = await store.read(async (tx) => ({
    tenants: await tx.tenants([tenant]),
    users: await tx.users(USERS.map(({ id }) => ({ tenant, id }))),
  }))
  if (!tenants.some(isDemo)) return null
  const driveOf = (id: string) => users.find((user) => user.id === id)!.defaultDrive
  const privateKey = await readFile(demoKeyFile(dataDir), 'utf8')
  return { tenant, drives: { admin: driveOf('admin'), alice: driveOf('alice') }, pds: { privateKey } }
}

function isDemo(tenant: Tenant): boolean {
  return tenant.extra[MARK] === true
}

function refusal({ host, publicUrl, dataDir }: Config, exists: boolean): string {
  const reach = publicUrl === '' ? host : `${host} (published as ${publicUrl})`
  return exists
    ? `demo secrets would open this server to everyone who can reach ${reach}: ${dataDir} holds the demo tenant, whose credentials are public. Use another data folder, or listen at 127.0.0.1.`
    : `demo secrets are public and would open this server to everyone who can reach ${reach}: leave the demo tenant out, or listen at 127.0.0.1.`
}

/** Each one's password is the user id. */
const USERS: readonly UserSpec[] = [
  { id: 'admin', name: 'admin', role: 'admin', drive: { name: 'demo' } },
  { id: 'alice', name: 'alice', drive: { name: 'alice' } },
]

/** Key first, then all rows in one transaction: a crash between the two leaves a key that the next start uses. */
async function seed({
  store,
  secret,
  clock,
  config,
}: {
  store: Store
  secret: Buffer
  clock: Clock
  config: Config
}): Promise<void> {
  const privateKey = await demoKey(config.dataDir)
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  const { seal } = createSecrets(secret)
  const apps: AppSpec[] = [
    { dialect: 'pds', id: DEMO.pds.jwtApp, publicKey, extra: { 'pds.kind': 'jwt' } },
    {
      dialect: 'pds',
      id: DEMO.pds.accessKeyId,
      secret: seal(DEMO.pds.accessKeySecret),
      extra: { 'pds.kind': 'accesskey' },
    },
    { dialect: 'smh', id: DEMO.smh.library, secret: seal(DEMO.smh.secret), extra: { 'smh.multiSpace': true } },
    { dialect: 'wps', id: DEMO.wps.app, secret: seal(DEMO.wps.secret), extra: { 'wps.signature': false } },
    { dialect: 'dingtalk', id: DEMO.dingtalk.app, secret: seal(DEMO.dingtalk.secret) },
  ]
  const users = await Promise.all(USERS.map(async (user) => ({ ...user, password: await hashPassword(user.id) })))
  await store.write(async (tx) => {
    const at = clock()
    const [tenant] = await addTenants(tx, at, [{ id: DEMO.tenant, name: 'Demo', extra: { [MARK]: true } }])
    // Another process that started at the same moment was first.
    if (!isMade(tenant!)) return
    const made = [
      ...(await addApps(tx, { tenant: DEMO.tenant, at }, apps)),
      ...(await addUsers(tx, { tenant: DEMO.tenant, at }, users)),
    ]
    const index = made.findIndex((outcome) => !isMade(outcome))
    if (index >= 0) throw new Error(`the demo tenant cannot be made: ${[...apps, ...USERS][index]!.id} is taken`)
  })
}

async function demoKey(dataDir: string): Promise<string> {
  const file = demoKeyFile(dataDir)
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present !== '') return present
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
  await writeOwnerOnly(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return readFile(file, 'utf8')
}
