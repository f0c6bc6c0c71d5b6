/** Opening a data folder for one command; a server may run on it meanwhile. */
import { openData } from '../app.ts'
import type { Auth } from '../auth/auth.ts'
import { createAuth } from '../auth/create.ts'
import { readConfig } from '../config.ts'
import { createDirectory } from '../engine/directory.ts'
import type { Actor, Directory, Store, Subject, TenantId } from '../engine/index.ts'
import { ALL_ACTIONS } from '../engine/index.ts'
import { isUsed, type Place } from '../place.ts'
import { CommandError } from './failure.ts'

/** The option every command on the data folder has. */
export const DATA_OPTION = ['--data <folder>', 'the data folder (BATCHDRIVE_DATA, ./data)'] as const
export const DATABASE_OPTION = [
  '--database <url>',
  'the PostgreSQL database that has its rows (BATCHDRIVE_DATABASE_URL, none)',
] as const

export interface DataOptions {
  readonly data?: string | undefined
  readonly database?: string | undefined
}

export interface Data {
  readonly dataDir: string
  readonly store: Store
  readonly secret: Buffer
  readonly auth: Auth
  readonly directory: Directory
}

/** Runs `fn` on the data folder and closes it. A folder never used is refused: most likely its name is a slip. */
export async function withData<T>(options: DataOptions, fn: (data: Data) => Promise<T>): Promise<T> {
  demandData(options)
  return withNewData(options, fn)
}

/** Where the data is. A folder never used is refused. */
export function demandData({ data, database }: DataOptions): Place {
  const place = readConfig({ data, database })
  if (!isUsed(place)) {
    throw new CommandError(`there is no data in ${place.dataDir}: start the server on it, or make its first tenant`)
  }
  return place
}

/** As `withData`; makes the folder when it is not there. */
export async function withNewData<T>(options: DataOptions, fn: (data: Data) => Promise<T>): Promise<T> {
  const place = readConfig({ data: options.data, database: options.database })
  const { secret, store } = await openData(place)
  try {
    const auth = createAuth({ store, secret, clock: Date.now })
    return await fn({ dataDir: place.dataDir, store, secret, auth, directory: createDirectory(store, Date.now) })
  } finally {
    await store.close()
  }
}

/** The id of a tenant that exists. */
export async function demandTenant({ auth, dataDir }: Data, id: string): Promise<TenantId> {
  if (!(await auth.tenantExists(id))) {
    throw new CommandError(`there is no tenant ${id} in ${dataDir}: see "batchdrive tenant create --help"`)
  }
  return id as TenantId
}

/** Whoever runs the deployment may do anything; `self` is written down as creator. */
export function operator(tenant: TenantId, self: Subject): Actor {
  const allow = { file: ALL_ACTIONS, folder: ALL_ACTIONS }
  return { tenant, self, subjects: [self], admin: true, app: '', drives: null, allow, dialect: 'native' }
}
