/** Opening a data folder for one command; a server may run on it meanwhile. */
import { existsSync } from 'node:fs'
import { databaseFile, openData } from '../app.ts'
import type { Auth } from '../auth/auth.ts'
import { createAuth } from '../auth/create.ts'
import { readConfig } from '../config.ts'
import { createDirectory } from '../engine/directory.ts'
import type { Actor, Directory, Store, Subject, TenantId } from '../engine/index.ts'
import { ALL_ACTIONS } from '../engine/index.ts'
import { CommandError } from './failure.ts'

/** The option every command on the data folder has. */
export const DATA_OPTION = ['--data <folder>', 'the data folder (BATCHDRIVE_DATA, ./data)'] as const

export interface DataOptions {
  readonly data?: string | undefined
}

export interface Data {
  readonly dataDir: string
  readonly store: Store
  readonly secret: Buffer
  readonly auth: Auth
  readonly directory: Directory
}

/** Runs `fn` on the data folder and closes it. A folder never used is refused: most likely its name is a slip. */
export async function withData<T>({ data }: DataOptions, fn: (data: Data) => Promise<T>): Promise<T> {
  demandData({ data })
  return withNewData({ data }, fn)
}

/** The data folder's path. A folder never used is refused. */
export function demandData({ data }: DataOptions): string {
  const { dataDir } = readConfig({ data })
  if (!existsSync(databaseFile(dataDir))) {
    throw new CommandError(`there is no data in ${dataDir}: start the server on it, or make its first tenant`)
  }
  return dataDir
}

/** As `withData`; makes the folder when it is not there. */
export async function withNewData<T>({ data }: DataOptions, fn: (data: Data) => Promise<T>): Promise<T> {
  const { dataDir } = readConfig({ data })
  const { secret, store } = await openData(dataDir)
  try {
    const auth = createAuth({ store, secret, clock: Date.now })
    return await fn({ dataDir, store, secret, auth, directory: createDirectory(store, Date.now) })
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
