/** Actors made anew: they never gain by it what a dialect has taken from them. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createWorld, START, type World } from '../../tests/engine/world.ts'
import type { Actor, TenantId } from '../engine/index.ts'
import type { Auth } from './auth.ts'
import { createAuth } from './create.ts'

const tenant = 'acme' as TenantId
let world: World
let auth: Auth
let admin: Actor
beforeEach(async () => {
  world = await createWorld()
  auth = createAuth({ store: world.store, secret: Buffer.alloc(32, 7), clock: () => START })
  admin = { ...(await auth.actor({ tenant, dialect: 'native', app: '', user: '', admin: true }))! }
  await world.engine.createUsers(admin, [{ id: 'ann' }, { id: 'boss', role: 'admin' }])
  await world.engine.createGroups(admin, [
    { id: 'one', name: 'one' },
    { id: 'two', name: 'two' },
  ])
  await world.engine.putMembers(admin, [{ group: 'one', member: 'user:ann' }])
})
afterEach(() => world.stop())

const actorOf = async (user: string, more = {}) =>
  (await auth.actor({ tenant, dialect: 'native', app: '', user, ...more }))!
const join = (group: string) => world.engine.putMembers(admin, [{ group, member: 'user:ann' }])
const leave = (group: string) => world.engine.removeMembers(admin, [{ group, member: 'user:ann' }])

it('an actor as it was made gains and loses groups', async () => {
  const ann = await actorOf('ann')
  await join('two')
  await leave('one')
  expect((await auth.renew(ann)).subjects).toEqual(['user:ann', 'group:two', 'members:two', 'everyone'])
  expect((await actorOf('ann')).subjects).toEqual(['user:ann', 'group:two', 'members:two', 'everyone'])
})

it('one that was made less only loses', async () => {
  const narrowed: Actor = {
    ...(await actorOf('ann')),
    self: 'app:other',
    subjects: ['user:ann', 'group:one', 'group:own'],
  }
  await join('two')
  expect(await auth.renew(narrowed)).toMatchObject({
    self: 'app:other',
    subjects: ['user:ann', 'group:one', 'group:own'],
  })
  await leave('one')
  expect((await auth.renew(narrowed)).subjects).toEqual(['user:ann', 'group:own'])
  const service: Actor = { ...(await actorOf('ann', { admin: true })), admin: false }
  expect((await auth.renew(service)).admin).toBe(false)
})

it('an administrator who is one no more loses it; whoever was none is none before the next request', async () => {
  const [boss, ann] = [await actorOf('boss'), await actorOf('ann')]
  expect([boss.admin, ann.admin]).toEqual([true, false])
  await world.engine.updateUsers(admin, [
    { id: 'boss', set: { role: 'user' } },
    { id: 'ann', set: { role: 'admin' } },
  ])
  expect([(await auth.renew(boss)).admin, (await auth.renew(ann)).admin]).toEqual([false, false])
  expect((await actorOf('ann')).admin).toBe(true)
})

it('nobody is left of one whose user is disabled or whose token is taken back', async () => {
  const spec = { dialect: 'wps', purpose: 'access', tenant, app: 'a', user: 'ann', scopes: [], ttlMs: 1_000 } as const
  const { token } = await auth.issue(spec)
  const ann = await actorOf('ann', { token })
  expect(await auth.renew(ann)).toMatchObject({ self: 'user:ann', tenant })
  await auth.revoke([token.id])
  expect(await auth.renew(ann)).toMatchObject({ tenant: '', subjects: [], drives: [], admin: false })
  const boss = await actorOf('boss')
  await world.engine.updateUsers(admin, [{ id: 'boss', set: { status: 'disabled' } }])
  expect(await auth.renew(boss)).toMatchObject({ tenant: '', subjects: [], drives: [], admin: false })
})
