/** Auth over a store: apps, tokens and actors, with a short memory so that a request on a warm process asks no question. */
import {
  type Actor,
  ALL_ACTIONS,
  type App,
  type Clock,
  type Store,
  type Subject,
  type Tenant,
  type User,
} from '../engine/index.ts'
import { Memo } from '../engine/memo.ts'
import type { ActorSpec, Auth } from './auth.ts'
import { createGuesses } from './guesses.ts'
import { createSecrets, equalTexts } from './secrets.ts'
import { createTokens } from './tokens.ts'

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
  const secretOf = (app: Pick<App, 'secret'>) => secrets.open(app.secret)

  return {
    ...createTokens({ store, secret, clock }),
    ...createGuesses(clock),
    ...createActors(store, options),
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

/** What is remembered of whoever a credential names: the user's row, if there is one, and all groups it is in. */
interface Person {
  readonly user: User | null
  readonly groups: readonly string[]
}

function createActors(store: Store, options: { clock: Clock; lifeMs: number; sizeMax: number }): Pick<Auth, 'actor'> {
  const people = new Memo<Person>(options)

  async function person({ tenant, user, anyUser = false }: ActorSpec, self: Subject): Promise<Person | undefined> {
    const [found] = await people.get([`${tenant} ${self}`], async ([key]) => {
      const loaded = await store.read(async (tx) => ({
        users: user === '' ? [] : await tx.users([{ tenant, id: user }]),
        groups: await tx.groupsOf([{ tenant, member: self }]),
      }))
      const row = loaded.users[0] ?? null
      // An unknown user is not remembered, unless it is welcome: it may be made the next moment.
      if (row === null && user !== '' && !anyUser) return new Map()
      return new Map([[key!, { user: row, groups: loaded.groups.map(({ group }) => group) }]])
    })
    return found
  }

  return {
    async actor(spec): Promise<Actor | undefined> {
      const self: Subject = spec.user === '' ? `app:${spec.app}` : `user:${spec.user}`
      const found = await person(spec, self)
      if (found === undefined || (found.user === null && spec.user !== '' && !spec.anyUser)) return undefined
      if (found.user?.status === 'disabled') return undefined
      return {
        tenant: spec.tenant,
        self,
        subjects: [self, ...found.groups.map((group): Subject => `group:${group}`), 'everyone'],
        admin: spec.admin === true || found.user?.role === 'admin',
        app: spec.app,
        drives: spec.drives ?? null,
        allow: spec.allow ?? { file: ALL_ACTIONS, folder: ALL_ACTIONS },
        dialect: spec.dialect,
      }
    },
  }
}
