/** How often what rights rest on has changed, by tenant: people, groups, tokens. */
import type { ReadTx, TenantId } from '../../engine/index.ts'
import type { Connection } from './connection.ts'
import type { Queries } from './transaction.ts'

export const STANDINGS = 'select tenant_id, seq from standing where tenant_id in (select value from json_each(?))'
/** The condition tells SQLite's parser that `on` does not begin a join. */
const RAISE = `
insert into standing (tenant_id, seq) select distinct value, 1 from json_each(?) where true
on conflict (tenant_id) do update set seq = seq + 1`

/** To be called by whatever changes such rows, in the same transaction. */
export function raiseStandings(db: Connection, rows: readonly { readonly tenant: TenantId }[]): void {
  if (rows.length > 0) db.run(RAISE, JSON.stringify([...new Set(rows.map(({ tenant }) => tenant))]))
}

export const standingQueries: Queries<Pick<ReadTx, 'standings'>> = {
  standings(db, tenants) {
    if (tenants.length === 0) return []
    return db.all<[TenantId, number]>(STANDINGS, JSON.stringify(tenants)).map(([tenant, seq]) => ({ tenant, seq }))
  },
}
