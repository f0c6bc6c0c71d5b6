/** Tokens that users would have got from a login page. */
import type { TenantId } from '../../src/engine/index.ts'
import type { TestServer } from '../server.ts'
import { WpsClient } from './client.ts'

export interface Login {
  readonly user: string
  readonly scopes?: readonly string[]
  readonly purpose?: 'access' | 'refresh'
  readonly ttlMs?: number
  readonly tenant?: string
  readonly app?: string
}

export async function tokenOf({ auth }: TestServer, login: Login): Promise<string> {
  const { user, scopes = [], purpose = 'access', ttlMs = 3600_000, tenant = 'demo', app = 'AKDEMO' } = login
  const spec = { dialect: 'wps', purpose, tenant: tenant as TenantId, app, user, scopes, ttlMs } as const
  return (await auth.issue(spec)).text
}

export async function userClient(server: TestServer, user: string, more: Omit<Login, 'user'> = {}): Promise<WpsClient> {
  return new WpsClient(server.url, await tokenOf(server, { user, ...more }))
}
