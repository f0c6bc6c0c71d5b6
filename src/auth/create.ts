/** Auth over a store: apps, tokens and actors, with a short memory so that a request on a warm process asks no question. */
import type { App, Clock, Store, Tenant } from '../engine/index.ts'
import { Memo } from '../engine/memo.ts'
import { createActors, type Person } from './actors.ts'
import type { Auth } from './auth.ts'
import { createGuesses } from './guesses.ts'
import { createSecrets, equalTexts } from './secrets.ts'
import { createTokens, tokenMemory } from './tokens.ts'

/** How long apps and people are remembered, ms: what another process changes is seen after that. */
const LIFE_MS = 2000
const REMEMBERED_MAX = 10_000

/** What `createAuth` is given. */
export interface AuthParts {
  readonly store: Store
  /** The deployment's master key, at least 32 bytes. */
  readonly secret: Buffer
  readonly clock: Clock
}

export function createAuth({ store, secret, clock }: AuthParts): Auth {
  const options = { clock, lifeMs: LIFE_MS, sizeMax: REMEMBERED_MAX }
  const secrets = createSecrets(secret)
  const apps = new Memo<App>(options)
  const tenants = new Memo<Tenant>(options)
  const tokens = tokenMemory(clock)
  const secretOf = (app: Pick<App, 'secret'>) => secrets.open(app.secret)

  return {
    ...createTokens({ store, secret, clock, memory: tokens }),
    ...createGuesses(clock),
    ...createActors({ store, clock, tokens }, new Memo<Person>(options)),
    secretOf,
    seal: secrets.seal,
    unseal: secrets.open,

    async app(dialect, id) {
      const [app] = await apps.get([`${dialect} ${id}`], async ([key]) => {
        const rows = await store.read((tx) => tx.apps([{ dialect, id }]))
        return new Map(rows.map((row) => [key!, row]))
      })
      return app
    },

    async changeApp({ dialect, id }, extra) {
      const rows = await store.write(async (tx) => {
        const changed = (await tx.apps([{ dialect, id }])).map((row) => ({ ...row, extra: { ...row.extra, ...extra } }))
        await tx.putApps(changed)
        return changed
      })
      apps.keep(rows.map((row) => [`${dialect} ${id}`, row]))
    },

    secretMatches(app, given) {
      return app.secret !== '' && equalTexts(secretOf(app), given)
    },

    async tenantExists(id) {
      const [tenant] = await tenants.get([id], async () => {
        const rows = await store.read((tx) => tx.tenants([id as Tenant['id']]))
        return new Map(rows.map((row) => [row.id, row]))
      })
      return tenant !== undefined
    },
  }
}
