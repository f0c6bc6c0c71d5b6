/** How often what rights rest on has changed, by tenant: people, groups, tokens. */
import type { ReadTx, TenantId } from '../../engine/index.ts'
import type { Session } from './session.ts'
import type { Queries } from './transaction.ts'

export const STANDINGS = 'select tenant_id, seq from standing where tenant_id = any($1::text[])'
export const RAISE_STANDINGS = `
insert into standing (tenant_id, seq) select distinct tenant_id, 1 from unnest($1::text[]) k (tenant_id) order by tenant_id
on conflict (tenant_id) do update set seq = standing.seq + 1`

/** To be called by whatever changes such rows, in the same transaction. */
export async function raiseStandings(db: Session, rows: readonly { readonly tenant: TenantId }[]): Promise<void> {
  if (rows.length > 0) await db.run(RAISE_STANDINGS, [...new Set(rows.map(({ tenant }) => tenant))])
}

export const standingQueries: Queries<Pick<ReadTx, 'standings'>> = {
  async standings(db, tenants) {
    if (tenants.length === 0) return []
    return (await db.all<[TenantId, number]>(STANDINGS, tenants)).map(([tenant, seq]) => ({ tenant, seq }))
  },
}
