/** A running server with the demo tenant, seen through this API. */

import type { DriveId, Store, TenantId } from '../../src/engine/index.ts'
import { addApps, addTenants, addUsers, isMade } from '../../src/engine/people.ts'
import { startServer, type TestServer } from '../server.ts'
import { Client, jwtToken } from './client.ts'

export interface World {
  readonly server: TestServer
  readonly url: string
  readonly store: Store
  readonly privateKey: string
  readonly admin: Client
  readonly alice: Client
  /** The client of any user of a tenant, by default the demo one. */
  clientOf(user: string, drive: DriveId | string, iss?: string, aud?: string): Promise<Client>
}

export async function startWorld(options: Parameters<typeof startServer>[0] = {}): Promise<World> {
  let kept: Store | undefined
  const server = await startServer({
    ...options,
    wrapStore(store) {
      kept = options.wrapStore ? options.wrapStore(store) : store
      return kept
    },
  })
  const { url, demo } = server
  const { privateKey } = demo.pds
  const clientOf: World['clientOf'] = async (user, drive, iss = 'demo-pds', aud = 'demo') => {
    const { status, body, text } = await jwtToken(url, { privateKey, sub: user, iss, aud, now: now() })
    if (status !== 200) throw new Error(`no token for ${user}: ${status} ${text}`)
    return new Client(url, body.access_token, String(drive), settle)
  }
  const settle = async () => {
    while (await server.engine.work());
  }
  const now = () => Math.floor((options.clock?.() ?? Date.now()) / 1000)
  return {
    server,
    url,
    store: kept!,
    privateKey,
    admin: await clientOf('admin', demo.drives.admin),
    alice: await clientOf('alice', demo.drives.alice),
    clientOf,
  }
}

/** A second tenant with the same key pair: an app `<id>-pds` and a user `bob` with a drive. */
export async function addTenant(world: World, id: string): Promise<{ drive: DriveId; client: Client }> {
  const { store } = world
  const [demoApp] = await store.read((tx) => tx.apps([{ dialect: 'pds', id: 'demo-pds' }]))
  const tenant = id as TenantId
  await store.write(async (tx) => {
    const made = [
      ...(await addTenants(tx, Date.now(), [{ id }])),
      ...(await addApps(tx, { tenant, at: Date.now() }, [
        { dialect: 'pds', id: `${id}-pds`, publicKey: demoApp!.publicKey, extra: { 'pds.kind': 'jwt' } },
      ])),
      ...(await addUsers(tx, { tenant, at: Date.now() }, [{ id: 'bob', name: 'bob', drive: { name: 'bob' } }])),
    ]
    if (!made.every(isMade)) throw new Error('the tenant cannot be made')
  })
  const [bob] = await store.read((tx) => tx.users([{ tenant, id: 'bob' }]))
  const drive = bob!.defaultDrive
  return { drive, client: await world.clientOf('bob', drive, `${id}-pds`, id) }
}
