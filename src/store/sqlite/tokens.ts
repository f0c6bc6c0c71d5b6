/** Bearer credentials that were handed out. */
import type { ReadTx, TenantId, Token, WriteTx } from '../../engine/index.ts'
import { fromJson, members } from './json.ts'
import type { Queries } from './transaction.ts'

type TokenRow = [
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

const COLUMNS = 'id, dialect, purpose, tenant_id, app, user_id, scopes, data, created_at, expires_at'

export const TOKENS = `select ${COLUMNS} from token where id in (select value from json_each(?))`
const PUT_TOKENS = `insert or replace into token (${COLUMNS}) select ${members(10)} from json_each(?)`
const DELETE_TOKENS = 'delete from token where id in (select value from json_each(?))'
/** Both rely on the index token_of_app. */
export const DELETE_TOKENS_OF_APP = `delete from token where tenant_id = ? and app = ? returning ${COLUMNS}`
export const DELETE_TOKENS_OF_USER = `
delete from token where tenant_id = ? and app = ? and user_id = ? returning ${COLUMNS}`

export const tokenQueries: Queries<
  Pick<ReadTx, 'tokens'> & Pick<WriteTx, 'putTokens' | 'deleteTokens' | 'deleteTokensOf'>
> = {
  tokens(db, ids) {
    if (ids.length === 0) return []
    return db.all<TokenRow>(TOKENS, JSON.stringify(ids)).map(toToken)
  },

  putTokens(db, rows) {
    if (rows.length > 0) db.run(PUT_TOKENS, JSON.stringify(rows.map(fromToken)))
  },

  deleteTokens(db, ids) {
    if (ids.length > 0) db.run(DELETE_TOKENS, JSON.stringify(ids))
  },

  deleteTokensOf(db, { tenant, app, user }) {
    const rows =
      user === null
        ? db.all<TokenRow>(DELETE_TOKENS_OF_APP, tenant, app)
        : db.all<TokenRow>(DELETE_TOKENS_OF_USER, tenant, app, user)
    return rows.map(toToken)
  },
}

function toToken(row: TokenRow): Token {
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

function fromToken(token: Token): unknown[] {
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
