/** Users, groups and who is in which, for callers: listed by everyone of the tenant, changed by who may. */
import { randomBytes } from 'node:crypto'
import type { Actor } from './actor.ts'
import { depart } from './departure.ts'
import type { Roster, UserPatch } from './engine.ts'
import { fail } from './error.ts'
import { createIdentities } from './identity.ts'
import type { Drive, DriveId, Group, Member, Subject, TenantId, User } from './model.ts'
import type { Failed } from './op.ts'
import { addGroups, addUsers, isMade } from './people.ts'
import type { Clock, MemberKey, ReadTx, Store, WriteTx } from './port.ts'

/** @param forget is told whose rows have changed */
export function createRoster(
  store: Store,
  clock: Clock,
  forget: (kind: 'user' | 'group', tenant: TenantId, ids: readonly string[]) => void,
): Roster {
  /** Runs a change and lets go of what was remembered of the rows it is about. */
  async function changing<T>(
    kind: 'user' | 'group',
    actor: Actor,
    ids: readonly string[],
    fn: (tx: WriteTx) => Promise<T>,
  ) {
    const outcome = await store.write(fn)
    forget(kind, actor.tenant, ids)
    return outcome
  }

  return {
    ...listing(store),
    ...membership(store, clock),
    ...createIdentities(store, clock),

    async createUsers(actor, specs) {
      if (!actor.admin) return specs.map(() => fail('forbidden'))
      const { tenant, self: creator } = actor
      const ids = specs.map(({ id }) => id)
      return changing('user', actor, ids, async (tx) => {
        const reserved = await ownersAmong(tx, tenant, ids)
        return addUsers(tx, { tenant, at: clock(), creator, reserved }, specs)
      })
    },

    updateUsers(actor, patches) {
      const ids = patches.map(({ id }) => id)
      return changing('user', actor, ids, (tx) => updateUsers(tx, clock(), actor, patches))
    },

    deleteUsers: (actor, ids) => changing('user', actor, ids, (tx) => deleteUsers(tx, actor, ids)),

    async createGroups(actor, specs) {
      if (!actor.admin) return specs.map(() => fail('forbidden'))
      const { tenant, self: creator } = actor
      const named = specs.map(({ id = randomBytes(16).toString('hex'), ...rest }) => ({ ...rest, id }))
      const made = await store.write((tx) => addGroups(tx, { tenant, at: clock(), creator }, named))
      return made
    },

    updateGroups(actor, patches) {
      const ids = patches.map(({ id }) => id)
      return changing('group', actor, ids, async (tx) => {
        const found = await groupsToChange(tx, actor, ids)
        const changed = patches.map(({ id, set }): Group | Failed => {
          const group = found.get(id)!
          return isMade(group) ? { ...group, ...set, updatedAt: clock() } : group
        })
        await tx.putGroups(changed.filter(isMade))
        return changed
      })
    },

    deleteGroups: (actor, ids) => changing('group', actor, ids, (tx) => deleteGroups(tx, actor, ids)),
  }
}

function listing(store: Store): Pick<Roster, 'listUsers' | 'listGroups' | 'listMembers' | 'members' | 'isWithin'> {
  return {
    async listUsers({ tenant }, { filter = {}, after = '', limit }) {
      return cut(
        await store.read((tx) => tx.userPage({ tenant, filter, after, limit: limit + 1 })),
        limit,
        ({ id }) => id,
      )
    },

    async listGroups({ tenant }, { filter = {}, after = '', limit }) {
      return cut(
        await store.read((tx) => tx.groupPage({ tenant, filter, after, limit: limit + 1 })),
        limit,
        ({ id }) => id,
      )
    },

    async listMembers({ tenant }, { of, after = '', limit }) {
      const rows = await store.read((tx) => tx.memberPage({ tenant, after, limit: limit + 1, ...of }))
      return cut(rows, limit, ({ member, group }) => ('group' in of ? member : group))
    },

    async members({ tenant }, keys) {
      const rows = await store.read((tx) => tx.members(keys.map((key) => ({ tenant, ...key }))))
      const byKey = new Map(rows.map((row) => [keyText(row), row]))
      return keys.map((key) => byKey.get(keyText(key)) ?? null)
    },

    async isWithin({ tenant }, keys) {
      const rows = await store.read((tx) => tx.groupsOf(keys.map(({ member }) => ({ tenant, member }))))
      const found = new Set(rows.map(keyText))
      return keys.map((key) => found.has(keyText(key)))
    },
  }
}

function cut<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string) {
  const items = rows.slice(0, limit)
  return { items, next: rows.length > limit ? keyOf(items.at(-1)!) : null }
}

function keyText({ group, member }: { group: string; member: Subject }): string {
  return `${group} ${member}`
}

/** How many drives are looked at in one go. */
const DRIVES_AT_ONCE = 1000

/** Those of the ids that own drives: a deleted user's stay, and whoever took the id now would have them. */
async function ownersAmong(tx: ReadTx, tenant: TenantId, ids: readonly string[]): Promise<string[]> {
  const owners = ids.map((id): Subject => `user:${id}`)
  const found = new Set<string>()
  for (let page: Drive[], after: DriveId | 0 = 0; ; after = page.at(-1)!.id) {
    page = await tx.drivesOf({ tenant, owners, after, limit: DRIVES_AT_ONCE })
    for (const { owner } of page) found.add(owner.slice('user:'.length))
    if (page.length < DRIVES_AT_ONCE) return [...found]
  }
}

async function updateUsers(
  tx: WriteTx,
  at: number,
  actor: Actor,
  patches: readonly { id: string; set: UserPatch }[],
): Promise<(User | Failed)[]> {
  const { tenant } = actor
  const found = new Map((await tx.users(patches.map(({ id }) => ({ tenant, id })))).map((user) => [user.id, user]))
  const changed = patches.map(({ id, set }): User | Failed => {
    const user = found.get(id)
    if (!user) return fail('node_not_found')
    if (!mayWrite(actor, user, set)) return fail('forbidden')
    const next = { ...user, ...set, extra: { ...user.extra, ...set.extra }, updatedAt: at }
    found.set(id, next)
    return next
  })
  await tx.putUsers(changed.filter(isMade))
  return changed
}

/** Oneself is described by oneself; what a user may do, and whether, by administrators. */
const OWN_MEMBERS: readonly (keyof UserPatch)[] = ['nick', 'avatar', 'description']

function mayWrite(actor: Actor, user: User, set: UserPatch): boolean {
  if (actor.admin) return true
  return (
    actor.self === `user:${user.id}` && Object.keys(set).every((key) => OWN_MEMBERS.includes(key as keyof UserPatch))
  )
}

async function deleteUsers(tx: WriteTx, actor: Actor, ids: readonly string[]): Promise<(User | Failed)[]> {
  const { tenant } = actor
  if (!actor.admin) return ids.map(() => fail('forbidden'))
  const found = new Map((await tx.users(ids.map((id) => ({ tenant, id })))).map((user) => [user.id, user]))
  const gone = [...found.keys()]
  await tx.deleteUsers(gone.map((id) => ({ tenant, id })))
  await leaveGroups(
    tx,
    tenant,
    gone.map((id): Subject => `user:${id}`),
  )
  await tx.deleteIdentities(await tx.identitiesOf(gone.map((id) => ({ tenant, id }))))
  // Whoever is given the same id later shall not be let in by what was handed out before.
  await Promise.all(gone.map((user) => tx.deleteTokensOf({ tenant, app: null, user })))
  await depart(
    tx,
    tenant,
    gone.map((id): Subject => `user:${id}`),
  )
  return ids.map((id) => found.get(id) ?? fail('node_not_found'))
}

async function deleteGroups(tx: WriteTx, actor: Actor, ids: readonly string[]): Promise<(Group | Failed)[]> {
  const { tenant } = actor
  const found = await groupsToChange(tx, actor, ids)
  const outcomes = await Promise.all(
    ids.map(async (id): Promise<Group | Failed> => {
      const group = found.get(id)!
      if (!isMade(group)) return group
      const inner = await tx.memberPage({ tenant, group: id, kind: 'group', after: '', limit: 1 })
      return inner.length > 0 ? fail('precondition_failed') : group
    }),
  )
  const gone = outcomes.filter(isMade)
  await tx.deleteGroups(gone.map(({ id }) => ({ tenant, id })))
  await leaveGroups(
    tx,
    tenant,
    gone.map(({ id }): Subject => `group:${id}`),
  )
  await Promise.all(gone.map(({ id }) => emptyGroup(tx, tenant, id)))
  await depart(
    tx,
    tenant,
    gone.flatMap(({ id }): Subject[] => [`group:${id}`, `members:${id}`]),
  )
  return outcomes
}

/** How many members are taken out of a group at once. */
const MEMBERS_AT_ONCE = 1000

async function emptyGroup(tx: WriteTx, tenant: TenantId, group: string): Promise<void> {
  for (let rows: Member[]; ; ) {
    rows = await tx.memberPage({ tenant, group, kind: null, after: '', limit: MEMBERS_AT_ONCE })
    await tx.deleteMembers(rows)
    if (rows.length < MEMBERS_AT_ONCE) return
  }
}

async function leaveGroups(tx: WriteTx, tenant: TenantId, members: readonly Subject[]): Promise<void> {
  const rows = await tx.groupsOf(members.map((member) => ({ tenant, member })))
  // Also those it is in through others are named here; to leave a group one is not in does no harm.
  await tx.deleteMembers(rows)
}

/** The groups, as far as they exist and the actor may change them. */
async function groupsToChange(tx: ReadTx, actor: Actor, ids: readonly string[]): Promise<Map<string, Group | Failed>> {
  const { tenant, self } = actor
  const rows = await tx.groups(ids.map((id) => ({ tenant, id })))
  const own = actor.admin ? [] : await tx.members(rows.map(({ id }) => ({ tenant, group: id, member: self })))
  const managed = new Set(own.filter(({ role }) => role === 'manager').map(({ group }) => group))
  const found = new Map(rows.map((group) => [group.id, group]))
  return new Map(
    ids.map((id) => {
      const group = found.get(id)
      if (!group) return [id, fail('node_not_found')]
      return [id, actor.admin || managed.has(id) ? group : fail('forbidden')]
    }),
  )
}

function membership(store: Store, clock: Clock): Pick<Roster, 'putMembers' | 'removeMembers'> {
  return {
    putMembers: (actor, rows) =>
      store.write(async (tx) => {
        const { tenant, self: creator } = actor
        const keys = rows.map(({ group, member }) => ({ tenant, group, member }))
        const groups = await groupsToChange(tx, actor, [...new Set(rows.map(({ group }) => group))])
        const before = new Map((await tx.members(keys)).map((row) => [keyText(row), row]))
        const problems = await memberProblems(tx, actor, keys)
        const at = clock()
        const outcomes = rows.map(({ group, member, role, description }, i): Member | Failed => {
          const found = groups.get(group)!
          if (!isMade(found)) return found
          const problem = problems[i]
          if (problem) return problem
          const old = before.get(keyText({ group, member }))
          const fresh: Member = {
            tenant,
            group,
            member,
            role: 'member',
            description: '',
            creator,
            createdAt: at,
            updatedAt: at,
          }
          return {
            ...(old ?? fresh),
            ...(role && { role }),
            ...(description !== undefined && { description }),
            updatedAt: at,
          }
        })
        await tx.putMembers(outcomes.filter(isMade))
        return outcomes.map((outcome, i) =>
          isMade(outcome) ? { member: outcome, existed: before.has(keyText(rows[i]!)) } : outcome,
        )
      }),

    removeMembers: (actor, rows) =>
      store.write(async (tx) => {
        const { tenant } = actor
        const keys = rows.map((row) => ({ tenant, ...row }))
        const groups = await groupsToChange(tx, actor, [...new Set(rows.map(({ group }) => group))])
        const found = new Map((await tx.members(keys)).map((row) => [keyText(row), row]))
        const outcomes = rows.map((row): Member | Failed => {
          const group = groups.get(row.group)!
          return isMade(group) ? (found.get(keyText(row)) ?? fail('node_not_found')) : group
        })
        await tx.deleteMembers(outcomes.filter(isMade))
        return outcomes
      }),
  }
}

/** Why somebody cannot be in a group: unknown, or, of a group, in another already, or the group is inside of it. */
async function memberProblems(tx: ReadTx, { tenant }: Actor, keys: readonly MemberKey[]): Promise<(Failed | null)[]> {
  const idOf = (member: Subject) => member.slice(member.indexOf(':') + 1)
  const of = (kind: string) =>
    keys.filter(({ member }) => member.startsWith(kind)).map(({ member }) => ({ tenant, id: idOf(member) }))
  const [users, groups] = [await tx.users(of('user:')), await tx.groups(of('group:'))]
  const known = new Set([...users.map(({ id }) => `user:${id}`), ...groups.map(({ id }) => `group:${id}`)])
  const outer = await tx.groupsOf(keys.map(({ group }) => ({ tenant, member: `group:${group}` as const })))
  const parents = await Promise.all(
    groups.map(({ id }) => tx.memberPage({ tenant, member: `group:${id}`, after: '', limit: 1 })),
  )
  const parentOf = new Map(parents.flat().map((row) => [row.member, row.group]))
  return keys.map(({ group, member }) => {
    if (!known.has(member)) return fail('node_not_found', { at: 'target' })
    if (!member.startsWith('group:')) return null
    const isAround = outer.some((row) => row.member === `group:${group}` && row.group === idOf(member))
    if (idOf(member) === group || isAround) return fail('cycle')
    const parent = parentOf.get(member)
    return parent !== undefined && parent !== group ? fail('name_taken') : null
  })
}
