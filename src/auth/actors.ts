/** Actors: whom a credential stands for, made of a user's row and the groups it is in, and what both were read under. */
import {
  type Actor,
  ALL_ACTIONS,
  type Basis,
  type Clock,
  type ReadTx,
  type Store,
  type Subject,
  type TenantId,
  type User,
} from '../engine/index.ts'
import type { Memo } from '../engine/memo.ts'
import type { ActorSpec, Auth } from './auth.ts'
import { seqOf, type TokenMemory } from './tokens.ts'

/** What is remembered of whoever a credential names: the user's row, if there is one, and all groups it is in. */
export interface Person {
  readonly user: User | null
  readonly groups: readonly string[]
  /** Those of them it is in directly. */
  readonly direct: readonly string[]
  /** The number of the tenant's standing under which this was read. */
  readonly seq: number
}

type Who = Pick<ActorSpec, 'tenant' | 'user'> & { readonly anyUser: boolean }

interface Context {
  readonly store: Store
  readonly clock: Clock
  readonly tokens: TokenMemory
}

export function createActors({ store, clock, tokens }: Context, people: Memo<Person>): Pick<Auth, 'actor' | 'renew'> {
  const keyOf = (tenant: TenantId, self: Subject) => `${tenant} ${self}`

  async function person(who: Who, self: Subject): Promise<Person | undefined> {
    const [found] = await people.get([keyOf(who.tenant, self)], async ([key]) => {
      const loaded = await store.read((tx) => readPerson(tx, who, self))
      // An unknown user is not remembered, unless it is welcome: it may be made the next moment.
      return loaded.user === null && who.user !== '' && !who.anyUser ? new Map() : new Map([[key!, loaded]])
    })
    return found
  }

  return {
    async actor({ anyUser = false, token, ...spec }): Promise<Actor | undefined> {
      const self: Subject = spec.user === '' ? `app:${spec.app}` : `user:${spec.user}`
      const found = await person({ ...spec, anyUser }, self)
      if (!isSomebody(found, spec.user, anyUser)) return undefined
      const seq = token ? Math.min(found.seq, tokens.seqs.get(token) ?? -1) : found.seq
      const { groups, direct } = found
      const basis: Basis = { seq, self, groups, direct, token: token?.id ?? '', admin: spec.admin === true, anyUser }
      return {
        ...{ tenant: spec.tenant, self, app: spec.app, dialect: spec.dialect, basis },
        subjects: subjectsOf(basis),
        admin: isAdmin(found, basis),
        drives: spec.drives ?? null,
        allow: spec.allow ?? { file: ALL_ACTIONS, folder: ALL_ACTIONS },
      }
    },

    async renew(actor) {
      const { tenant, basis } = actor
      if (!basis) return actor
      const { self, token: id, anyUser } = basis
      const user = self.startsWith('user:') ? self.slice('user:'.length) : ''
      const [found, rows] = await store.read((tx) =>
        Promise.all([readPerson(tx, { tenant, user, anyUser }, self), id === '' ? null : tx.tokens([id])]),
      )
      const token = rows?.[0]
      if (rows && !(token && token.expiresAt > clock())) tokens.rows.forget([id])
      else if (token) tokens.keep(token, found.seq)
      const isGone = rows !== null && (token === undefined || token.expiresAt <= clock())
      if (isGone || !isSomebody(found, user, anyUser)) {
        people.forget([keyOf(tenant, self)])
        return nobody(actor)
      }
      people.keep([[keyOf(tenant, self), found]])
      return renewed(actor, found, { ...basis, seq: found.seq, groups: found.groups, direct: found.direct })
    },
  }
}

async function readPerson(tx: ReadTx, { tenant, user }: Who, self: Subject): Promise<Person> {
  const [users, groups, seq] = await Promise.all([
    user === '' ? [] : tx.users([{ tenant, id: user }]),
    tx.groupsOf([{ tenant, member: self }]),
    seqOf(tx, tenant),
  ])
  const direct = await tx.members(groups.map(({ group }) => ({ tenant, group, member: self })))
  const namesOf = (rows: readonly { group: string }[]) => rows.map(({ group }) => group)
  return { user: users[0] ?? null, groups: namesOf(groups), direct: namesOf(direct), seq }
}

function isSomebody(found: Person | undefined, user: string, anyUser: boolean): found is Person {
  if (found === undefined || (found.user === null && user !== '' && !anyUser)) return false
  return found.user?.status !== 'disabled'
}

function subjectsOf({ self, groups, direct }: Pick<Basis, 'self' | 'groups' | 'direct'>): Subject[] {
  const [all, own] = [groups.map((id): Subject => `group:${id}`), direct.map((id): Subject => `members:${id}`)]
  return [self, ...all, ...own, 'everyone']
}

function isAdmin({ user }: Person, { admin }: Basis): boolean {
  return admin || user?.role === 'admin'
}

/** A dialect may have made the actor less, or someone else, since: then it only loses what is lost. */
function renewed(actor: Actor, found: Person, basis: Basis): Actor {
  const before = subjectsOf(actor.basis!)
  const now = subjectsOf(basis)
  const isAsMade = before.length === actor.subjects.length && before.every((one, at) => one === actor.subjects[at])
  const lost = new Set(before.filter((subject) => !now.includes(subject)))
  const subjects = isAsMade ? now : actor.subjects.filter((subject) => !lost.has(subject))
  return { ...actor, subjects, admin: actor.admin && isAdmin(found, basis), basis }
}

/** Of no tenant, so that nothing exists for it. */
function nobody({ self, app, dialect }: Actor): Actor {
  const allow = { file: 0, folder: 0 }
  return { tenant: '' as TenantId, self, subjects: [], admin: false, app, drives: [], allow, dialect }
}
