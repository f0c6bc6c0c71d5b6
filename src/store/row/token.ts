/** Bearer credentials as rows. */
import type { TenantId, Token } from '../../engine/index.ts'
import { fromJson } from './json.ts'

export const TOKEN_COLUMNS = 'id, dialect, purpose, tenant_id, app, user_id, scopes, data, created_at, expires_at'

export type TokenRow = [
  id: string,
  dialect: Token['dialect'],
  purpose: Token['purpose'],
  tenant: TenantId,
  app: string,
  user: string,
  scopes: string,
  data: string,
  createdAt: number,
  expiresAt: number,
]

export function toToken(row: TokenRow): Token {
  const [id, dialect, purpose, tenant, app, user, scopes, data, createdAt, expiresAt] = row
  return {
    id,
    dialect,
    purpose,
    tenant,
    app,
    user,
    scopes: fromJson<string[]>(scopes),
    data: fromJson(data),
    createdAt,
    expiresAt,
  }
}

export function fromToken(token: Token): unknown[] {
  return [
    token.id,
    token.dialect,
    token.purpose,
    token.tenant,
    token.app,
    token.user,
    JSON.stringify(token.scopes),
    JSON.stringify(token.data),
    token.createdAt,
    token.expiresAt,
  ]
}
