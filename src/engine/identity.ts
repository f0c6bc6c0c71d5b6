/** What users are known by elsewhere: found by it, given it, and parted from it. */
import type { Actor } from './actor.ts'
import type { IdentityKey, Roster } from './engine.ts'
import { fail } from './error.ts'
import type { Identity, TenantId } from './model.ts'
import type { Failed } from './op.ts'
import { isMade } from './people.ts'
import type { Clock, ReadTx, Store } from './port.ts'

type Identities = Pick<Roster, 'identities' | 'identitiesOf' | 'linkIdentities' | 'unlinkIdentities'>

export function createIdentities(store: Store, clock: Clock): Identities {
  return {
    async identities({ tenant }, keys) {
      const found = await store.read((tx) => known(tx, tenant, keys))
      return keys.map((key) => found.get(keyText(key)) ?? null)
    },

    identitiesOf({ tenant }, users) {
      return store.read((tx) => tx.identitiesOf(users.map((id) => ({ tenant, id }))))
    },

    linkIdentities: (actor, rows) =>
      store.write(async (tx) => {
        const { tenant } = actor
        const found = await known(tx, tenant, rows)
        const users = new Set((await tx.users(rows.map(({ user: id }) => ({ tenant, id })))).map(({ id }) => id))
        const createdAt = clock()
        const outcomes = rows.map(({ kind, value, user, name }): Identity | Failed => {
          const row: Identity = { tenant, kind, value, user, name, createdAt }
          if (!mayTouch(actor, user)) return fail('forbidden')
          if (!users.has(user)) return fail('node_not_found')
          const before = found.get(keyText(row))
          if (before && before.user !== user) return fail('name_taken')
          found.set(keyText(row), row)
          return row
        })
        await tx.putIdentities(outcomes.filter(isMade))
        return outcomes
      }),

    unlinkIdentities: (actor, keys) =>
      store.write(async (tx) => {
        const found = await known(tx, actor.tenant, keys)
        const outcomes = keys.map((key): Identity | Failed => {
          const row = found.get(keyText(key))
          if (!row) return fail('node_not_found')
          return mayTouch(actor, row.user) ? row : fail('forbidden')
        })
        await tx.deleteIdentities(outcomes.filter(isMade))
        return outcomes
      }),
  }
}

async function known(tx: ReadTx, tenant: TenantId, keys: readonly IdentityKey[]): Promise<Map<string, Identity>> {
  const rows = await tx.identities(keys.map(({ kind, value }) => ({ tenant, kind, value })))
  return new Map(rows.map((row) => [keyText(row), row]))
}

/** A kind holds no space. */
function keyText({ kind, value }: IdentityKey): string {
  return `${kind} ${value}`
}

function mayTouch(actor: Actor, user: string): boolean {
  return actor.admin || actor.self === `user:${user}`
}
