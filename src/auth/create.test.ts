import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/store.ts'
import { ALL_ACTIONS, type Store, type TenantId } from '../engine/index.ts'
import { addApps, addGroups, addTenants, addUsers, setUserStatus } from '../engine/people.ts'
import type { Auth, TokenSpec } from './auth.ts'
import { createAuth } from './create.ts'
import { createSecrets } from './secrets.ts'

const secret = Buffer.alloc(32, 7)
const tenant = 'acme' as TenantId
const HOUR = 3_600_000

let folder: string
let database: TestDatabase
let store: Store
let auth: Auth
let now: number
const clock = () => now

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-auth-'))
  database = await createTestDatabase(join(folder, 'test.db'))
  store = await database.open()
  now = 1_800_000_000_000
  auth = createAuth({ store, secret, clock })
  const { seal } = createSecrets(secret)
  await store.write(async (tx) => {
    await addTenants(tx, now, [{ id: 'acme' }, { id: 'other' }])
    await addApps(tx, { tenant, at: now }, [
      { dialect: 'dingtalk', id: 'app1', secret: seal('s3cret'), scopes: ['a'], extra: { x: 1 } },
      { dialect: 'pds', id: 'bare' },
    ])
    await addUsers(tx, { tenant, at: now }, [{ id: 'root', role: 'admin' }, { id: 'bob' }])
    await addGroups(tx, { tenant, at: now, creator: 'user:root' }, [{ id: 'inner' }, { id: 'outer' }])
    const rest = { role: 'member', description: '', creator: 'user:root', createdAt: now, updatedAt: now } as const
    await tx.putMembers([
      { tenant, group: 'inner', member: 'user:bob', ...rest },
      { tenant, group: 'outer', member: 'group:inner', ...rest },
      { tenant, group: 'outer', member: 'app:app1', ...rest },
    ])
  })
})

afterEach(async () => {
  await store.close()
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

const spec: TokenSpec = {
  dialect: 'dingtalk',
  purpose: 'access',
  tenant,
  app: 'app1',
  user: 'bob',
  scopes: ['read'],
  data: { client: 'c' },
  ttlMs: HOUR,
}

/** As another process on the same data would see it: nothing remembered. */
const elsewhere = () => createAuth({ store, secret, clock })

describe('tokens', () => {
  it('opens to what it was issued for, here and in another process', async () => {
    const { text, token } = await auth.issue(spec, 'pre_')
    expect(text).toMatch(/^pre_[0-9a-f]{64}$/)
    expect(token).toMatchObject({ user: 'bob', scopes: ['read'], data: { client: 'c' }, expiresAt: now + HOUR })
    expect(await auth.check('dingtalk', 'access', text)).toEqual(token)
    expect(await elsewhere().check('dingtalk', 'access', text)).toEqual(token)
  })

  it('is refused when any single character of it is another', async () => {
    const { text } = await auth.issue(spec, 'p')
    const altered = [...text].map((char, i) => text.slice(0, i) + (char === '0' ? '1' : '0') + text.slice(i + 1))
    const longer = [`${text}0`, `0${text}`, text.slice(1), text.slice(0, -1), text.toUpperCase(), ` ${text}`, '']
    const checks = await Promise.all([...altered, ...longer].map((one) => auth.check('dingtalk', 'access', one)))
    expect(checks.filter((token) => token !== undefined)).toEqual([])
  })

  it('is refused when it was made under another key', async () => {
    const { text } = await createAuth({ store, secret: Buffer.alloc(32, 8), clock }).issue(spec)
    expect(await auth.check('dingtalk', 'access', text)).toBeUndefined()
  })

  it('is not found in the store', async () => {
    const { text, token } = await auth.issue(spec)
    const rows = await store.read((tx) => tx.tokens([token.id, text]))
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(text.slice(-32))
  })

  it('serves its own dialect and purpose only', async () => {
    const { text } = await auth.issue(spec)
    expect(await auth.check('pds', 'access', text)).toBeUndefined()
    expect(await auth.check('dingtalk', 'refresh', text)).toBeUndefined()
  })

  it('ends at the millisecond it was to end', async () => {
    const { text } = await auth.issue(spec)
    now += HOUR - 1
    expect(await auth.check('dingtalk', 'access', text)).toBeDefined()
    now += 1
    expect(await auth.check('dingtalk', 'access', text)).toBeUndefined()
    expect(await elsewhere().check('dingtalk', 'access', text)).toBeUndefined()
  })

  it('is refused at once when revoked here, and within two seconds when revoked elsewhere', async () => {
    const [a, b] = [await auth.issue(spec), await auth.issue(spec)]
    await auth.revoke([a.token.id])
    expect(await auth.check('dingtalk', 'access', a.text)).toBeUndefined()
    await elsewhere().revoke([b.token.id])
    now += 2000
    expect(await auth.check('dingtalk', 'access', b.text)).toBeUndefined()
  })

  it('is not remembered by a check that was under way when it was revoked', async () => {
    const { text, token } = await elsewhere().issue(spec)
    const checking = auth.check('dingtalk', 'access', text)
    await auth.revoke([token.id])
    await checking
    expect(await auth.check('dingtalk', 'access', text)).toBeUndefined()
  })

  it('asks the store nothing while it is remembered', async () => {
    const { text } = await auth.issue(spec)
    const before = store.statements()
    await Promise.all(Array.from({ length: 100 }, () => auth.check('dingtalk', 'access', text)))
    expect(store.statements()).toBe(before)
  })
})

describe('prolonging', () => {
  it('lets a token live longer, everywhere', async () => {
    const { text, token } = await auth.issue(spec)
    now += HOUR / 2
    await auth.extend(token, now + HOUR)
    now += HOUR - 1
    expect(await auth.check('dingtalk', 'access', text)).toBeDefined()
    expect(await elsewhere().check('dingtalk', 'access', text)).toBeDefined()
  })

  it('writes nothing until a tenth of the period has passed', async () => {
    const { token } = await auth.issue(spec)
    const before = store.statements()
    now += HOUR / 10 - 1
    await auth.extend(token, now + HOUR)
    expect(store.statements()).toBe(before)
    now += 1
    await auth.extend(token, now + HOUR)
    expect(store.statements()).toBeGreaterThan(before)
  })

  it('never shortens a life', async () => {
    const { text, token } = await auth.issue(spec)
    await auth.extend(token, now + 1)
    now += HOUR - 1
    expect(await auth.check('dingtalk', 'access', text)).toBeDefined()
  })

  it('does not bring a revoked token back', async () => {
    const { text, token } = await auth.issue(spec)
    await elsewhere().revoke([token.id])
    now += HOUR / 2
    await auth.extend(token, now + HOUR)
    expect(await auth.check('dingtalk', 'access', text)).toBeUndefined()
    expect(await elsewhere().check('dingtalk', 'access', text)).toBeUndefined()
  })
})

describe('reissuing', () => {
  it('hands out the same text while it is valid and renews its life', async () => {
    const first = await auth.reissue(spec)
    now += HOUR - 1
    const second = await elsewhere().reissue(spec)
    expect(second.text).toBe(first.text)
    expect(second.token.expiresAt).toBe(now + HOUR)
    now += HOUR - 1
    expect(await auth.check('dingtalk', 'access', first.text)).toBeDefined()
  })

  it('hands out another text after the first has expired', async () => {
    const first = await auth.reissue(spec)
    now += HOUR
    const second = await auth.reissue(spec)
    expect(second.text).not.toBe(first.text)
    expect(await auth.check('dingtalk', 'access', first.text)).toBeUndefined()
    expect(await auth.check('dingtalk', 'access', second.text)).toBeDefined()
  })

  it('hands out another text after the first was revoked', async () => {
    const first = await auth.reissue(spec)
    await auth.revoke([first.token.id])
    const second = await auth.reissue(spec)
    expect(second.text).not.toBe(first.text)
    expect(await auth.check('dingtalk', 'access', second.text)).toBeDefined()
  })

  it('keeps apps, users, tenants and purposes apart, and never shortens a life', async () => {
    const others = [spec, { ...spec, user: '' }, { ...spec, app: 'bare' }, { ...spec, purpose: 'refresh' as const }]
    const texts = (await Promise.all(others.map((one) => auth.reissue(one)))).map(({ text }) => text)
    expect(new Set(texts).size).toBe(others.length)
    expect((await auth.reissue({ ...spec, ttlMs: 1 })).token.expiresAt).toBe(now + HOUR)
  })

  it('gives one text to many who ask at once', async () => {
    const given = await Promise.all(Array.from({ length: 20 }, () => auth.reissue(spec)))
    expect(new Set(given.map(({ text }) => text)).size).toBe(1)
  })
})

describe('revoking all of an app or a user', () => {
  it('counts and removes valid tokens, spares those to be kept, and leaves other users alone', async () => {
    const mine = await Promise.all([auth.issue(spec), auth.issue({ ...spec, scopes: ['keep'] }), auth.reissue(spec)])
    const other = await auth.issue({ ...spec, user: 'root' })
    const query = { tenant, app: 'app1', user: 'bob' }
    expect(await auth.revokeOf(query, (token) => token.scopes.includes('keep'))).toBe(2)
    const alive = await Promise.all([...mine, other].map(({ text }) => auth.check('dingtalk', 'access', text)))
    expect(alive.map((token) => token !== undefined)).toEqual([false, true, false, true])
    expect((await auth.reissue(spec)).text).not.toBe(mine[2].text)
  })

  it('goes on handing out a reissued token that was kept', async () => {
    const { text } = await auth.reissue(spec)
    expect(await auth.revokeOf({ tenant, app: 'app1', user: null }, () => true)).toBe(0)
    expect((await auth.reissue(spec)).text).toBe(text)
  })
})

describe('apps', () => {
  it('gives the secret in clear, which the store does not hold', async () => {
    const app = await auth.app('dingtalk', 'app1')
    expect(app).toMatchObject({ tenant, scopes: ['a'], extra: { x: 1 } })
    expect(app!.secret).not.toContain('s3cret')
    expect(auth.secretOf(app!)).toBe('s3cret')
  })

  it('matches exactly the right secret', async () => {
    const app = (await auth.app('dingtalk', 'app1'))!
    const given = ['s3cret', 's3cres', 's3cret ', 's3cre', '', 'S3CRET']
    expect(given.map((text) => auth.secretMatches(app, text))).toEqual([true, false, false, false, false, false])
  })

  it('matches nothing when there is no secret', async () => {
    const app = (await auth.app('pds', 'bare'))!
    expect(auth.secretMatches(app, '')).toBe(false)
  })

  it('knows an app in its own dialect only', async () => {
    expect(await auth.app('pds', 'app1')).toBeUndefined()
  })

  it('knows which tenants exist', async () => {
    expect(await Promise.all(['acme', 'other', 'nobody'].map((id) => auth.tenantExists(id)))).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('actors', () => {
  const base = { tenant, dialect: 'dingtalk', app: 'app1' } as const

  it('stands for the user, all its groups, those it is in directly, and everyone', async () => {
    const actor = (await auth.actor({ ...base, user: 'bob' }))!
    expect(actor).toMatchObject({ self: 'user:bob', admin: false, drives: null, app: 'app1', dialect: 'dingtalk' })
    expect(actor.allow).toEqual({ file: ALL_ACTIONS, folder: ALL_ACTIONS })
    expect([...actor.subjects].sort()).toEqual(['everyone', 'group:inner', 'group:outer', 'members:inner', 'user:bob'])
  })

  it('stands for the app when there is no user', async () => {
    const actor = (await auth.actor({ ...base, user: '' }))!
    expect(actor).toMatchObject({ self: 'app:app1', admin: false })
    expect(actor.subjects).toEqual(['app:app1', 'group:outer', 'members:outer', 'everyone'])
    expect((await auth.actor({ ...base, user: '', admin: true }))!.admin).toBe(true)
  })

  it('is admin for a user of that role', async () => {
    expect((await auth.actor({ ...base, user: 'root' }))!.admin).toBe(true)
  })

  it('is nobody for unknown users, users of other tenants and disabled users', async () => {
    expect(await auth.actor({ ...base, user: 'nobody' })).toBeUndefined()
    expect(await auth.actor({ ...base, tenant: 'other' as TenantId, user: 'bob' })).toBeUndefined()
    await store.write((tx) => setUserStatus(tx, { tenant, at: now }, ['bob'], 'disabled'))
    expect(await auth.actor({ ...base, user: 'bob' })).toBeUndefined()
    expect(await auth.actor({ ...base, user: 'bob', anyUser: true })).toBeUndefined()
  })

  it('accepts an unknown user where any is welcome, and nowhere else', async () => {
    const actor = await auth.actor({ ...base, user: 'guest', anyUser: true })
    expect(actor).toMatchObject({ self: 'user:guest', admin: false, subjects: ['user:guest', 'everyone'] })
    expect(await auth.actor({ ...base, user: 'guest' })).toBeUndefined()
  })

  it('narrows to the drives and actions of the credential', async () => {
    const drives = [1001] as never
    const allow = { file: 1, folder: 2 }
    expect(await auth.actor({ ...base, user: 'bob', drives, allow })).toMatchObject({ drives, allow })
  })
})
