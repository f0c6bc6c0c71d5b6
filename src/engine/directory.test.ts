import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/store.ts'
import { ALL_ACTIONS } from './action.ts'
import type { Actor } from './actor.ts'
import { createDirectory, RefusedError } from './directory.ts'
import type { Directory, DriveSpec } from './engine.ts'
import type { Drive, DriveId, Subject, TenantId } from './model.ts'
import type { Failed } from './op.ts'
import { addGroups, addTenants, addUsers, setUserStatus } from './people.ts'
import type { Store } from './port.ts'

const tenant = 'acme' as TenantId
let folder: string
let database: TestDatabase
let store: Store
let directory: Directory
let now: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-directory-'))
  database = await createTestDatabase(join(folder, 'test.db'))
  store = await database.open()
  now = 1_800_000_000_000
  directory = createDirectory(store, () => now)
  await store.write((tx) => addTenants(tx, now, [{ id: 'acme' }, { id: 'other' }]))
})
afterEach(async () => {
  await store.close()
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

function actor(more: Partial<Actor> = {}): Actor {
  const self: Subject = more.self ?? 'user:bob'
  return {
    ...{ tenant, self, subjects: [self, 'everyone'], admin: false, app: '', drives: null, dialect: 'native' },
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    ...more,
  }
}
const bob = actor()
const root = actor({ self: 'user:root', admin: true })
const stranger = actor({ self: 'user:root', admin: true, tenant: 'other' as TenantId })
const make = (specs: DriveSpec[], who = root) => directory.createDrives(who, specs)
const codes = (outcomes: readonly (Drive | Failed)[]) =>
  outcomes.map((outcome) => (outcome.status === 'failed' ? outcome.error.code : 'done'))

describe('making drives', () => {
  it('gives each a root, a trash and a grave, and a place in its pools', async () => {
    const [drive] = await make([{ name: 'd', owner: 'user:bob', app: 'a', scene: 's', sceneId: '1', quota: 10 }])
    expect(drive).toMatchObject({ name: 'd', owner: 'user:bob', creator: 'user:root', status: 'active', tenant })
    expect(drive!.settings).toEqual({ trash: true, versionsMax: expect.any(Number) })
    expect(drive!.pools).toEqual([
      { kind: 'drive', key: String(drive!.id), quota: 10, used: 0 },
      { kind: 'scene', key: 'a/s', quota: null, used: 0 },
      { kind: 'app', key: 'a', quota: null, used: 0 },
      { kind: 'tenant', key: '', quota: null, used: 0 },
    ])
    const { id } = drive!
    const nodes = await store.read((tx) =>
      tx.chains([drive!.root, drive!.trash, drive!.grave].map((node) => ({ drive: id, id: node, follow: false }))),
    )
    expect(nodes.map(({ key, parent, kind, born }) => ({ key, parent, kind, born }))).toEqual(
      expect.arrayContaining(
        ['/root', '/trash', '/grave'].map((key) => ({ key, parent: 0, kind: 'folder', born: id })),
      ),
    )
  })

  it('makes many at once in their order, and equal specs as drives of their own', async () => {
    const spec = { name: 'same', owner: 'user:bob' } as const
    const drives = await make([spec, spec, { ...spec, name: 'c' }])
    expect(drives.map(({ name }) => name)).toEqual(['same', 'same', 'c'])
    expect(new Set(drives.flatMap(({ id, root: top }) => [id, top])).size).toBe(6)
    expect(await make([])).toEqual([])
  })

  it('costs the same number of statements for two and for two hundred', async () => {
    const cost = async (count: number) => {
      const before = store.statements()
      await make(Array.from({ length: count }, (_, i) => ({ name: `d${i}`, owner: 'user:bob' as const })))
      return store.statements() - before
    }
    await cost(200)
    expect(await cost(200)).toBe(await cost(2))
  })

  it('gives the drive that a scene has already, also within one call', async () => {
    const spec = { name: 'd', owner: 'user:bob', app: 'a', scene: 's', sceneId: '1' } as const
    const [first, again, other] = await make([spec, { ...spec, name: 'x' }, { ...spec, sceneId: '2' }])
    expect(again).toEqual(first)
    expect(other!.id).not.toBe(first!.id)
    expect((await make([{ ...spec, name: 'y' }]))[0]).toEqual(first)
    await directory.deleteDrives(root, [first!.id])
    expect((await make([spec]))[0]!.id).not.toBe(first!.id)
  })

  it('leaves quotas of pools that exist as they are', async () => {
    await directory.setQuotas(tenant, [
      { kind: 'tenant', key: '', quota: 5 },
      { kind: 'app', key: 'a', quota: 6 },
    ])
    const [drive] = await make([{ name: 'd', owner: 'user:bob', app: 'a' }])
    expect(drive!.pools.map(({ kind, quota }) => [kind, quota])).toEqual([
      ['drive', null],
      ['app', 6],
      ['tenant', 5],
    ])
  })

  it('is for admins, except for drives of one’s own', async () => {
    await expect(make([{ name: 'd', owner: 'user:eve' }], bob)).rejects.toThrow(RefusedError)
    await expect(make([{ name: 'd', owner: 'user:bob' }], actor({ drives: [] }))).rejects.toThrow(RefusedError)
    expect(await make([{ name: 'd', owner: 'user:bob' }], bob)).toHaveLength(1)
  })

  it.each([
    ['a name of 241 characters', { name: '名'.repeat(241) }],
    ['a name with half a character', { name: 'a\ud800' }],
    ['a negative quota', { quota: -1 }],
    ['half a byte', { quota: 0.5 }],
    ['no versions', { settings: { versionsMax: 0 } }],
  ])('refuses %s and makes none of the set', async (_, bad) => {
    const good = { name: '名'.repeat(240), owner: 'user:bob' } as const
    await expect(make([good, { ...good, ...bad }])).rejects.toThrow(RefusedError)
    const { items } = await directory.listDrives(root, { owners: null, after: 0, limit: 10 })
    expect(items).toEqual([])
  })
})

describe('reading drives', () => {
  it('answers in the order asked, null for what the actor cannot reach', async () => {
    const [a, b, gone] = await make([1, 2, 3].map((i) => ({ name: `${i}`, owner: 'user:bob' as const })))
    await directory.deleteDrives(root, [gone!.id])
    const ids = [b!.id, 9999 as DriveId, a!.id, gone!.id, b!.id]
    expect((await directory.drives(bob, ids)).map((drive) => drive?.id)).toEqual([
      b!.id,
      undefined,
      a!.id,
      undefined,
      b!.id,
    ])
    expect(await directory.drives(stranger, ids)).toEqual([null, null, null, null, null])
    const narrow = actor({ drives: [a!.id] })
    expect((await directory.drives(narrow, ids)).map((drive) => drive?.id ?? null)).toEqual([
      null,
      null,
      a!.id,
      null,
      null,
    ])
  })

  it('pages in id order, by owner, and within what the credential opens', async () => {
    const owners = ['user:bob', 'user:eve', 'user:bob', 'user:bob'] as const
    const [a, b, c, d] = (await make(owners.map((owner) => ({ name: owner, owner })))).map(({ id }) => id)
    const list = async (who: Actor, own: Subject[] | null, after: DriveId | 0, limit: number) => {
      const { items, next } = await directory.listDrives(who, { owners: own, after, limit })
      return [items.map(({ id }) => id), next]
    }
    expect(await list(root, null, 0, 3)).toEqual([[a, b, c], c])
    expect(await list(root, null, c!, 3)).toEqual([[d], null])
    expect(await list(root, null, 0, 4)).toEqual([[a, b, c, d], null])
    expect(await list(bob, ['user:bob'], 0, 2)).toEqual([[a, c], c])
    expect(await list(bob, ['user:bob'], c!, 2)).toEqual([[d], null])
    const narrow = actor({ drives: [d!, b!, a!] })
    expect(await list(narrow, null, 0, 2)).toEqual([[a, b], b])
    expect(await list(narrow, ['user:bob'], a!, 2)).toEqual([[d], null])
    expect(await list(stranger, null, 0, 9)).toEqual([[], null])
  })
})

describe('changing drives', () => {
  it('changes what is given and keeps the rest', async () => {
    const [drive] = await make([
      { name: 'd', owner: 'user:bob', quota: 5, settings: { extra: { 'x.a': 1, 'y.b': 2 } } },
    ])
    now += 10
    const set = { name: 'e', quota: 7, settings: { description: 'text', extra: { 'x.a': null, 'x.c': 3 } } }
    const [changed] = await directory.updateDrives(bob, [{ id: drive!.id, set }])
    expect(changed).toMatchObject({ name: 'e', owner: 'user:bob', updatedAt: now, createdAt: now - 10 })
    expect((changed as Drive).settings).toEqual({
      ...drive!.settings,
      description: 'text',
      extra: { 'y.b': 2, 'x.c': 3 },
    })
    expect((changed as Drive).pools[0]).toMatchObject({ quota: 7 })
    expect((await directory.drives(bob, [drive!.id]))[0]).toEqual(changed)
  })

  it('builds a later patch of the same drive on an earlier one', async () => {
    const [drive] = await make([{ name: 'd', owner: 'user:bob' }])
    const { id } = drive!
    const outcomes = await directory.updateDrives(bob, [
      { id, set: { name: 'first', settings: { trash: false } } },
      { id, set: { name: 'second' } },
    ])
    expect(outcomes.at(-1)).toMatchObject({ name: 'second', settings: { trash: false } })
  })

  it('is for the owner, the owner’s group and admins; others are told that they may not, strangers nothing', async () => {
    const [own, team] = await make([
      { name: 'd', owner: 'user:bob' },
      { name: 't', owner: 'group:team' },
    ])
    const ids = [own!.id, team!.id, 9999 as DriveId]
    const patches = ids.map((id) => ({ id, set: { name: 'n' } }))
    const eve = actor({ self: 'user:eve' })
    const member = actor({ self: 'user:eve', subjects: ['user:eve', 'group:team'] })
    expect(codes(await directory.updateDrives(eve, patches))).toEqual(['forbidden', 'forbidden', 'drive_not_found'])
    expect(codes(await directory.updateDrives(stranger, patches))).toEqual(Array(3).fill('drive_not_found'))
    expect((await directory.drives(root, ids)).map((drive) => drive?.name)).toEqual(['d', 't', undefined])
    expect(codes(await directory.updateDrives(member, patches))).toEqual(['forbidden', 'done', 'drive_not_found'])
    expect(codes(await directory.updateDrives(root, patches))).toEqual(['done', 'done', 'drive_not_found'])
    // Where only grants count, being in the group gives nothing; what is a user's own stays so.
    const grants = ids.map((id) => ({ id, set: { settings: { grantsOnly: true } } }))
    expect(codes(await directory.updateDrives(member, grants.slice(1, 2)))).toEqual(['forbidden'])
    expect(codes(await directory.updateDrives(root, grants))).toEqual(['done', 'done', 'drive_not_found'])
    expect(codes(await directory.updateDrives(member, patches))).toEqual(['forbidden', 'forbidden', 'drive_not_found'])
    expect(codes(await directory.updateDrives(bob, patches))).toEqual(['done', 'forbidden', 'drive_not_found'])
  })

  it('refuses bad values and changes nothing of that drive', async () => {
    const [drive] = await make([{ name: 'd', owner: 'user:bob' }])
    const { id } = drive!
    const set = { name: 'new', quota: Number.MAX_SAFE_INTEGER + 1 }
    expect(codes(await directory.updateDrives(bob, [{ id, set }]))).toEqual(['attribute_invalid'])
    for (const downloadRate of [-1, 1.5, Number.MAX_SAFE_INTEGER + 1]) {
      const slow = { name: 'slow', settings: { downloadRate } }
      expect(codes(await directory.updateDrives(bob, [{ id, set: slow }]))).toEqual(['attribute_invalid'])
    }
    expect((await directory.drives(bob, [id]))[0]).toEqual(drive)
  })

  it('deletes once, at once', async () => {
    const [drive] = await make([{ name: 'd', owner: 'user:bob' }])
    const { id } = drive!
    expect(codes(await directory.deleteDrives(actor({ self: 'user:eve' }), [id]))).toEqual(['forbidden'])
    expect(codes(await directory.deleteDrives(bob, [id, id]))).toEqual(['done', 'drive_not_found'])
    expect(await directory.drives(root, [id])).toEqual([null])
    expect(codes(await directory.updateDrives(bob, [{ id, set: {} }]))).toEqual(['drive_not_found'])
  })

  it('refuses quotas that are no number of bytes', async () => {
    const set = (quota: number | null) => directory.setQuotas(tenant, [{ kind: 'tenant', key: '', quota }])
    await expect(set(-1)).rejects.toThrow(RangeError)
    await expect(set(Number.NaN)).rejects.toThrow(RangeError)
    await set(null)
  })
})

describe('trash usage', () => {
  it('is asked once for each state of the trash', async () => {
    const [a, b] = await make([1, 2].map((i) => ({ name: `${i}`, owner: 'user:bob' as const })))
    expect(await directory.trashUsage([a!, b!, a!])).toEqual([0, 0, 0])
    const before = store.statements()
    await directory.trashUsage([b!, a!])
    expect(store.statements()).toBe(before)
    await directory.trashUsage([{ ...a!, trashSeq: 1 }])
    expect(store.statements()).toBeGreaterThan(before)
  })
})

describe('people', () => {
  it('are given in the order asked, null for unknown ones and those of other tenants', async () => {
    await store.write(async (tx) => {
      await addUsers(tx, { tenant, at: now }, [{ id: 'bob' }, { id: 'eve', name: 'Eve' }])
      await addGroups(tx, { tenant, at: now, creator: 'user:bob' }, [{ id: 'team' }])
    })
    const users = await directory.users(tenant, ['eve', 'nobody', 'bob', 'eve'])
    expect(users.map((user) => user?.name)).toEqual(['Eve', undefined, 'bob', 'Eve'])
    expect(await directory.users('other' as TenantId, ['bob'])).toEqual([null])
    expect((await directory.groups(tenant, ['x', 'team'])).map((group) => group?.id)).toEqual([undefined, 'team'])
  })

  it('are remembered for two seconds', async () => {
    await store.write((tx) => addUsers(tx, { tenant, at: now }, [{ id: 'bob' }]))
    await directory.users(tenant, ['bob'])
    await store.write((tx) => setUserStatus(tx, { tenant, at: now }, ['bob'], 'disabled'))
    now += 1999
    expect((await directory.users(tenant, ['bob']))[0]!.status).toBe('enabled')
    now += 1
    expect((await directory.users(tenant, ['bob']))[0]!.status).toBe('disabled')
  })

  it('are made once; bad and taken ids are refused one by one', async () => {
    const specs = ['bob', 'bob', '', 'a b', '../x', '-x', 'x'.repeat(65), 'ok@example.com'].map((id) => ({ id }))
    const add = () => store.write((tx) => addUsers(tx, { tenant, at: now }, specs))
    const bad = ['name_invalid', 'name_invalid', 'name_invalid', 'name_invalid', 'name_invalid']
    const told = (outcomes: Awaited<ReturnType<typeof add>>) =>
      outcomes.map((outcome) => (outcome.status === 'failed' ? outcome.error.code : 'made'))
    expect(told(await add())).toEqual(['made', 'name_taken', ...bad, 'made'])
    expect(told(await add())).toEqual(['name_taken', 'name_taken', ...bad, 'name_taken'])
    const tenants = await store.write((tx) =>
      addTenants(
        tx,
        now,
        ['acme', 'Acme', '', 'a-b', 'new'].map((id) => ({ id })),
      ),
    )
    expect(tenants.map((outcome) => ('error' in outcome ? outcome.error.code : 'made'))).toEqual([
      'name_taken',
      'name_invalid',
      'name_invalid',
      'name_invalid',
      'made',
    ])
  })

  it('get a drive of their own where that is asked for', async () => {
    const specs = [{ id: 'bob', drive: { name: 'Bob', quota: 9 } }, { id: 'eve' }]
    const [made] = await store.write((tx) => addUsers(tx, { tenant, at: now }, specs))
    const [user, without] = await directory.users(tenant, ['bob', 'eve'])
    expect(made).toEqual(user)
    expect(without!.defaultDrive).toBe(0)
    const [drive] = await directory.drives(bob, [user!.defaultDrive])
    expect(drive).toMatchObject({ name: 'Bob', owner: 'user:bob', creator: 'user:bob' })
    expect(drive!.pools[0]).toMatchObject({ quota: 9 })
  })
})
