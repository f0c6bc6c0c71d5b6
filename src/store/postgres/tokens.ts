/** Bearer credentials that were handed out. */
import type { ReadTx, TenantId, WriteTx } from '../../engine/index.ts'
import { fromToken, TOKEN_COLUMNS, type TokenRow, toToken } from '../row/token.ts'
import { columns, latest, unnest } from './sets.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

export const TOKENS = `select ${TOKEN_COLUMNS} from token where id = any($1::text[])`
/** For who means to write them: a token revoked meanwhile must not be written anew. */
export const TOKENS_LOCKED = `${TOKENS} order by id for update`
export const PUT_TOKENS = `
insert into token (${TOKEN_COLUMNS}) select * from ${unnest('ttttttttnn')}
on conflict (id) do update set
  dialect = excluded.dialect, purpose = excluded.purpose, tenant_id = excluded.tenant_id, app = excluded.app,
  user_id = excluded.user_id, scopes = excluded.scopes, data = excluded.data, created_at = excluded.created_at,
  expires_at = excluded.expires_at`
export const DELETE_TOKENS = 'delete from token where id = any($1::text[]) returning tenant_id'
/** Both rely on the index token_of_app. */
export const DELETE_TOKENS_OF_APP = `delete from token where tenant_id = $1 and app = $2 returning ${TOKEN_COLUMNS}`
export const DELETE_TOKENS_OF_USER = `
delete from token where tenant_id = $1 and app = $2 and user_id = $3 returning ${TOKEN_COLUMNS}`

/** Of a user who is removed: rare enough to look through all tokens of the tenant, which token_of_app finds. */
export const DELETE_TOKENS_OF_PERSON = `
delete from token where tenant_id = $1 and user_id = $2 returning ${TOKEN_COLUMNS}`

export const tokenQueries: Queries<
  Pick<ReadTx, 'tokens'> & Pick<WriteTx, 'putTokens' | 'deleteTokens' | 'deleteTokensOf'>
> = {
  async tokens(db, ids) {
    if (ids.length === 0) return []
    db.reserve(ids.map((id) => `token ${id}`))
    return (await db.all<TokenRow>(db.writing ? TOKENS_LOCKED : TOKENS, ids)).map(toToken)
  },

  async putTokens(db, rows) {
    if (rows.length === 0) return
    await db.run(PUT_TOKENS, ...columns(latest(rows, ({ id }) => id).map(fromToken), 10))
  },

  async deleteTokens(db, ids) {
    if (ids.length === 0) return
    const tenants = await db.all<[TenantId]>(DELETE_TOKENS, ids)
    await raiseStandings(
      db,
      tenants.map(([tenant]) => ({ tenant })),
    )
  },

  async deleteTokensOf(db, { tenant, app, user }) {
    const ofApp = () => db.all<TokenRow>(DELETE_TOKENS_OF_APP, tenant, app)
    const ofUser = () => db.all<TokenRow>(DELETE_TOKENS_OF_USER, tenant, app, user)
    const ofPerson = () => db.all<TokenRow>(DELETE_TOKENS_OF_PERSON, tenant, user)
    const rows = await (app === null ? ofPerson() : user === null ? ofApp() : ofUser())
    const tokens = rows.map(toToken)
    await raiseStandings(db, tokens)
    return tokens
  },
}
