/** Bearer credentials that were handed out. */
import type { ReadTx, TenantId, WriteTx } from '../../engine/index.ts'
import { fromToken, TOKEN_COLUMNS, type TokenRow, toToken } from '../row/token.ts'
import { members } from './json.ts'
import { raiseStandings } from './standings.ts'
import type { Queries } from './transaction.ts'

export const TOKENS = `select ${TOKEN_COLUMNS} from token where id in (select value from json_each(?))`
const PUT_TOKENS = `insert or replace into token (${TOKEN_COLUMNS}) select ${members(10)} from json_each(?)`
const DELETE_TOKENS = 'delete from token where id in (select value from json_each(?)) returning tenant_id'
/** Both rely on the index token_of_app. */
export const DELETE_TOKENS_OF_APP = `delete from token where tenant_id = ? and app = ? returning ${TOKEN_COLUMNS}`
export const DELETE_TOKENS_OF_USER = `
delete from token where tenant_id = ? and app = ? and user_id = ? returning ${TOKEN_COLUMNS}`

/** Of a user who is removed: rare enough to look through all tokens of the tenant, which token_of_app finds. */
export const DELETE_TOKENS_OF_PERSON = `
delete from token where tenant_id = ? and user_id = ? returning ${TOKEN_COLUMNS}`

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
    if (ids.length === 0) return
    const tenants = db.all<[TenantId]>(DELETE_TOKENS, JSON.stringify(ids))
    raiseStandings(
      db,
      tenants.map(([tenant]) => ({ tenant })),
    )
  },

  deleteTokensOf(db, { tenant, app, user }) {
    const ofApp = () => db.all<TokenRow>(DELETE_TOKENS_OF_APP, tenant, app)
    const ofUser = () => db.all<TokenRow>(DELETE_TOKENS_OF_USER, tenant, app, user)
    const rows =
      app === null ? db.all<TokenRow>(DELETE_TOKENS_OF_PERSON, tenant, user) : user === null ? ofApp() : ofUser()
    const tokens = rows.map(toToken)
    raiseStandings(db, tokens)
    return tokens
  },
}
