/** Conformance: drives, pools, people, tokens and uploads. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  App,
  Group,
  GroupFilter,
  Identity,
  PoolId,
  PoolKind,
  ReadTx,
  Store,
  Subject,
  TenantId,
  User,
  UserFilter,
} from '../../engine/index.ts'
import {
  apply,
  DRIVE,
  drive,
  driveId,
  idsOf,
  memberRow,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  TENANT,
  task,
  token,
  userRow,
} from './sample.ts'

const ELSEWHERE = 'other' as TenantId

export function peopleConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  describe('drives', () => {
    it('come back as they were put in, and are replaced by id', async () => {
      const whole = drive(1, {
        name: '盘',
        settings: { trash: false, versionsMax: 1, description: 'd', extra: { 'smh.x': [1] } },
        seq: 4,
        trashSeq: 5,
      })
      await store.write((tx) => tx.putDrives([whole, drive(2)]))
      expect(await store.read((tx) => tx.drives([driveId(1), driveId(9), driveId(1)]))).toEqual([whole])
      await store.write((tx) => tx.putDrives([{ ...whole, status: 'deleted', name: 'x' }]))
      expect(await store.read((tx) => tx.drives([driveId(1)]))).toEqual([{ ...whole, status: 'deleted', name: 'x' }])
    })

    it('carry the pools they fill, drive first and tenant last', async () => {
      const mine = drive(1, { app: 'shop', scene: 'photos' })
      const pool = (kind: PoolKind, key: string, quota: number | null = 9) => ({ tenant: TENANT, kind, key, quota })
      await store.write(async (tx) => {
        await tx.putDrives([mine, drive(2), drive(3, { app: 'shop' }), drive(4, { tenant: ELSEWHERE })])
        await tx.putPools([
          pool('tenant', ''),
          pool('app', 'shop', null),
          pool('scene', 'shop/photos'),
          pool('drive', '1', 0),
          pool('scene', '/'),
          pool('app', ''),
        ])
      })
      await apply(store, { poolDeltas: [{ ...pool('scene', 'shop/photos'), delta: 3 }] })
      const found = await store.read((tx) => tx.drives([1, 2, 3, 4].map(driveId)))
      const poolsOf = (id: number) => found.find((row) => row.id === id)?.pools
      expect(poolsOf(1)).toEqual([
        { kind: 'drive', key: '1', quota: 0, used: 0 },
        { kind: 'scene', key: 'shop/photos', quota: 9, used: 3 },
        { kind: 'app', key: 'shop', quota: null, used: 0 },
        { kind: 'tenant', key: '', quota: 9, used: 0 },
      ])
      expect(poolsOf(2)).toEqual([{ kind: 'tenant', key: '', quota: 9, used: 0 }])
      expect(poolsOf(3)?.map(({ kind }) => kind)).toEqual(['app', 'tenant'])
      expect(poolsOf(4)).toEqual([])
    })

    it('carry the pool they share, and are found by it while they are active', async () => {
      const shared = (id: number) => id as PoolId
      await store.write(async (tx) => {
        await tx.putPools([
          { tenant: TENANT, kind: 'drive', key: '1', quota: null },
          { tenant: TENANT, kind: 'shared', key: '77', quota: 50 },
          { tenant: ELSEWHERE, kind: 'shared', key: '78', quota: 1 },
        ])
        await tx.putDrives([
          drive(1, { sharedPool: shared(77) }),
          drive(2, { sharedPool: shared(77), status: 'deleted' }),
          drive(3, { sharedPool: shared(78) }),
          drive(4),
        ])
      })
      await apply(store, { poolDeltas: [{ tenant: TENANT, kind: 'shared', key: '77', delta: 8 }] })
      const found = await store.read((tx) => tx.drivesInPools([shared(77), shared(79), shared(0)]))
      expect(idsOf(found)).toEqual([1])
      expect(found[0]).toMatchObject({
        sharedPool: 77,
        pools: [
          { kind: 'drive', key: '1', quota: null, used: 0 },
          { kind: 'shared', key: '77', quota: 50, used: 8 },
        ],
      })
      // A pool is its tenant's: another's of that number is not meant.
      const [foreign] = await store.read((tx) => tx.drives([driveId(3)]))
      expect(foreign!.pools).toEqual([])
    })

    it('keep what a pool holds when its quota is set', async () => {
      const pool = { tenant: TENANT, kind: 'tenant' as const, key: '' }
      await store.write((tx) => tx.putPools([{ ...pool, quota: null }]))
      await apply(store, { poolDeltas: [{ ...pool, delta: 7 }] })
      await store.write((tx) => tx.putPools([{ ...pool, quota: 5 }]))
      const kept = { ...pool, quota: 5, used: 7, eviction: null, overSince: 0, restsUntil: 0 }
      expect(await store.read((tx) => tx.pools([pool]))).toEqual([kept])
    })

    it('are strained while they make room and hold too much, or are thought to', async () => {
      const keys = ['1', '2', '3', '4', '5', '6'].map((key) => ({ tenant: TENANT, kind: 'shared' as const, key }))
      const quotas = [5, 5, 5, 9, null, 5]
      const sinces = [0, 100, 100 + 1, 100, 100, 100]
      const eviction = { afterDays: 1, newestFirst: true }
      const now = 24 * 3600_000 + 100
      await store.write(async (tx) => {
        await tx.putPools(keys.map((key, at) => ({ ...key, quota: quotas[at]! })))
        await tx.putEvictions(keys.map((key, at) => ({ ...key, eviction: at === 5 ? null : eviction })))
        await tx.putPoolStrains(keys.map((key, at) => ({ ...key, overSince: sinces[at]!, restsUntil: 0 })))
      })
      await apply(store, { poolDeltas: keys.map((key) => ({ ...key, delta: 7 })) })
      const strained = (limit: number) => store.read((tx) => tx.strainedPools(now, limit))
      const found = await strained(10)
      expect(found.map(({ key }) => key).sort()).toEqual(['1', '2', '4', '5'])
      const second = { ...keys[1]!, quota: 5, used: 7, eviction, overSince: 100, restsUntil: 0 }
      expect(found.find(({ key }) => key === '2')).toEqual(second)
      expect(await strained(2)).toHaveLength(2)
      const times = { now, tasksBefore: 0, evictedBefore: 0, blobsBefore: 0 }
      expect(await store.read((tx) => tx.overdue(times))).toEqual(['excess'])
      await store.write((tx) => tx.putPoolStrains(found.map((pool) => ({ ...pool, restsUntil: now + 1 }))))
      expect([await strained(10), await store.read((tx) => tx.overdue(times))]).toEqual([[], []])
      await store.write((tx) => tx.putPoolStrains([{ ...second, restsUntil: now }]))
      expect(await strained(10)).toEqual([{ ...second, restsUntil: now }])
      await store.write((tx) => tx.putPools([{ ...keys[0]!, quota: 8 }]))
      expect(await store.read((tx) => tx.pools([keys[0]!]))).toMatchObject([{ quota: 8, eviction }])
    })

    it('remember what was destroyed to make room, by where it lay and what it was', async () => {
      const row = (node: number, parent: number, key: string, at: number, of = DRIVE) => {
        return { drive: of, node: nodeId(node), parent: nodeId(parent), key, at }
      }
      const rows = [row(10, 1, 'a', 5), row(11, 1, 'a', 7), row(12, 1, 'b', 7), row(10, 1, 'a', 9, OTHER)]
      await store.write((tx) => tx.putEvicted(rows))
      const place = { drive: DRIVE, parent: nodeId(1), key: 'a' }
      const evicted = async (...keys: Parameters<ReadTx['evicted']>[0]) => {
        const found = await store.read((tx) => tx.evicted(keys))
        return found.sort((a, b) => a.drive - b.drive || a.node - b.node)
      }
      expect(await evicted(place)).toEqual(rows.slice(0, 2))
      expect(await evicted(place, { drive: DRIVE, id: nodeId(10) })).toEqual(rows.slice(0, 2))
      expect(await evicted({ drive: OTHER, id: nodeId(10) }, { drive: OTHER, id: nodeId(12) })).toEqual([rows[3]])
      const times = { now: 0, tasksBefore: 0, evictedBefore: 7 }
      const due = () => store.read((tx) => tx.overdue({ ...times, blobsBefore: 0 }))
      expect(await due()).toEqual(['records'])
      expect(await store.write((tx) => tx.deleteExpired(times))).toBe(1)
      expect(await due()).toEqual([])
      await store.write((tx) => tx.putEvicted([{ ...rows[2]!, at: 8 }]))
      expect(await evicted(place, { drive: DRIVE, id: nodeId(12) })).toEqual([rows[1], { ...rows[2], at: 8 }])
    })

    it('of a tenant are listed by id: active ones, of the owners asked for', async () => {
      await store.write((tx) =>
        tx.putDrives([
          drive(5, { owner: 'user:bob' }),
          drive(3),
          drive(4, { status: 'deleted' }),
          drive(10, { owner: 'group:x' }),
          drive(11),
          drive(12, { tenant: ELSEWHERE }),
        ]),
      )
      const list = async (owners: Subject[] | null, after: number, limit: number) =>
        idsOf(await store.read((tx) => tx.drivesOf({ tenant: TENANT, owners, after: driveId(after), limit })))
      expect(await list(null, 0, 10)).toEqual([3, 5, 10, 11])
      expect(await list(null, 3, 2)).toEqual([5, 10])
      expect(await list(['user:ann', 'group:x'], 0, 10)).toEqual([3, 10, 11])
      expect(await list(['user:ann', 'group:x'], 3, 1)).toEqual([10])
      expect(await list([], 0, 10)).toEqual([])
    })

    it('are found by scene while they are active', async () => {
      const scene = { tenant: TENANT, app: 'shop', scene: 's', sceneId: '1' }
      await store.write((tx) =>
        tx.putDrives([
          drive(1, { ...scene, status: 'deleted' }),
          drive(2, scene),
          drive(3, { ...scene, sceneId: '2' }),
        ]),
      )
      const found = await store.read((tx) =>
        tx.drivesByScene([scene, { ...scene, app: '' }, { ...scene, sceneId: '3' }]),
      )
      expect(idsOf(found)).toEqual([2])
    })
  })

  describe('people', () => {
    const user = (id: string, more: Partial<User> = {}): User => ({
      tenant: TENANT,
      id,
      name: `name of ${id}`,
      nick: '',
      email: 'a@b',
      phone: '1',
      avatar: '',
      description: '',
      role: 'user',
      status: 'enabled',
      password: '',
      defaultDrive: driveId(0),
      signedInAt: 5,
      renewedAt: 6,
      createdAt: 1,
      updatedAt: 2,
      extra: { 'x.y': 1 },
      ...more,
    })

    it('come back as they were put in, and are replaced by key', async () => {
      const tenant = { id: TENANT, name: 'Acme', createdAt: 1, extra: { 'smh.multiSpace': true } }
      const app: App = {
        tenant: TENANT,
        id: 'shop',
        dialect: 'pds',
        name: 'Shop',
        secret: 's',
        publicKey: 'k',
        scopes: ['a', 'b'],
        createdAt: 3,
        extra: {},
      }
      const group: Group = {
        tenant: TENANT,
        id: 'staff',
        name: 'Staff',
        description: 'd',
        creator: 'user:ann',
        createdAt: 1,
        updatedAt: 2,
        extra: { 'pds.is_root': true },
      }
      await store.write(async (tx) => {
        await tx.putTenants([tenant, { ...tenant, id: ELSEWHERE }])
        await tx.putApps([app, { ...app, dialect: 'wps', scopes: [] }])
        await tx.putUsers([user('ann'), user('bob'), user('ann', { tenant: ELSEWHERE, role: 'admin' })])
        await tx.putGroups([group])
      })
      await store.write(async (tx) => {
        await tx.putTenants([{ ...tenant, name: 'Acme 2' }])
        await tx.putUsers([user('bob', { status: 'disabled', password: '$argon2id$' })])
      })
      await store.read(async (tx) => {
        expect(await tx.tenants([TENANT, 'none' as TenantId])).toEqual([{ ...tenant, name: 'Acme 2' }])
        expect(await tx.userCounts([])).toEqual([])
        const counts = await tx.userCounts([TENANT, ELSEWHERE, 'none' as TenantId])
        expect(counts).toHaveLength(2)
        expect(counts).toContainEqual({ tenant: TENANT, users: 2 })
        expect(counts).toContainEqual({ tenant: ELSEWHERE, users: 1 })
        expect(await tx.apps([{ dialect: 'pds', id: 'shop' }])).toEqual([app])
        expect(await tx.apps([{ dialect: 'smh', id: 'shop' }])).toEqual([])
        const users = await tx.users(['ann', 'bob', 'eve'].map((id) => ({ tenant: TENANT, id })))
        expect(users).toHaveLength(2)
        expect(users).toContainEqual(user('ann'))
        expect(users).toContainEqual(user('bob', { status: 'disabled', password: '$argon2id$' }))
        expect(await tx.groups([{ tenant: TENANT, id: 'staff' }])).toEqual([group])
        expect(await tx.groups([{ tenant: ELSEWHERE, id: 'staff' }])).toEqual([])
      })
    })

    it('belong to groups directly and through other groups, also when groups contain each other', async () => {
      const member = (group: string, subject: Subject, tenant = TENANT) => memberRow(group, subject, { tenant })
      const rows = [
        member('team', 'user:ann'),
        member('dept', 'group:team'),
        member('all', 'group:dept'),
        member('team', 'group:all'),
        member('lone', 'user:bob'),
        member('far', 'user:ann', ELSEWHERE),
      ]
      await store.write((tx) => tx.putMembers(rows))
      await store.write((tx) => tx.putMembers(rows))
      const groups = (...subjects: Subject[]) =>
        store.read(async (tx) => {
          const found = await tx.groupsOf(subjects.map((subject) => ({ tenant: TENANT, member: subject })))
          return found.map(({ member, group }) => `${member} ${group}`).sort()
        })
      expect(await groups('user:ann', 'user:bob', 'user:eve', 'user:ann')).toEqual([
        'user:ann all',
        'user:ann dept',
        'user:ann team',
        'user:bob lone',
      ])
      await store.write((tx) => tx.deleteMembers([member('dept', 'group:team'), member('none', 'user:ann')]))
      expect(await groups('user:ann')).toEqual(['user:ann team'])
    })
  })

  describe('a sign-in', () => {
    it('is written down with the user, and changes nothing else of the tenant', async () => {
      await store.write((tx) => tx.putUsers([userRow('ann'), userRow('bob', { signedInAt: 3 })]))
      const [before] = await store.read((tx) => tx.standings([TENANT]))
      await store.write((tx) =>
        tx.putSignIns([
          { tenant: TENANT, id: 'ann', signedInAt: 7, renewedAt: null },
          { tenant: TENANT, id: 'bob', signedInAt: null, renewedAt: 8 },
          { tenant: TENANT, id: 'nobody', signedInAt: 9, renewedAt: 9 },
        ]),
      )
      await store.write((tx) => tx.putSignIns([]))
      const rows = await store.read((tx) => tx.users(['ann', 'bob', 'nobody'].map((id) => ({ tenant: TENANT, id }))))
      expect(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
        userRow('ann', { signedInAt: 7 }),
        userRow('bob', { signedInAt: 3, renewedAt: 8 }),
      ])
      expect(await store.read((tx) => tx.standings([TENANT]))).toEqual([before])
    })
  })

  describe('a roster', () => {
    const users = (filter: UserFilter, after = '', limit = 9) =>
      store.read(async (tx) => (await tx.userPage({ tenant: TENANT, filter, after, limit })).map(({ id }) => id))

    it('lists users by id, page by page, and only those that are like a filter', async () => {
      await store.write((tx) =>
        tx.putUsers([
          userRow('b', { nick: 'Bobby', email: 'b@x', status: 'disabled' }),
          userRow('a', { nick: 'Ann', phone: '5', role: 'admin' }),
          userRow('B', { name: 'n' }),
          userRow('c', { tenant: ELSEWHERE }),
        ]),
      )
      expect(await users({})).toEqual(['B', 'a', 'b'])
      expect(await users({}, 'B', 1)).toEqual(['a'])
      expect(await users({ nickPart: 'OB' })).toEqual(['b'])
      expect(await users({ nick: 'Ann' })).toEqual(['a'])
      expect(await users({ nick: 'ann' })).toEqual([])
      expect(await users({ email: 'b@x', status: 'disabled' })).toEqual(['b'])
      expect(await users({ email: 'b@x', status: 'enabled' })).toEqual([])
      expect(await users({ phone: '5', role: 'admin' })).toEqual(['a'])
      expect(await users({ name: 'n' })).toEqual(['B'])
      const inGroup = (group: string, member: Subject) => memberRow(group, member)
      await store.write((tx) =>
        tx.putMembers([
          ...[inGroup('1', 'user:b'), inGroup('1', 'user:a'), inGroup('2', 'user:b'), inGroup('3', 'user:B')],
          ...[inGroup('2', 'group:a'), inGroup('2', 'user:gone')],
        ]),
      )
      expect(await users({ groups: ['1', '2', 'none'] })).toEqual(['a', 'b'])
      expect(await users({ groups: ['1', '2'], role: 'user' })).toEqual(['b'])
      expect(await users({ groups: ['1', '3'] }, 'B', 1)).toEqual(['a'])
      expect(await users({ groups: [] })).toEqual([])
      await store.write((tx) =>
        tx.deleteUsers([
          { tenant: TENANT, id: 'a' },
          { tenant: TENANT, id: 'c' },
        ]),
      )
      expect(await users({})).toEqual(['B', 'b'])
      expect(await store.read((tx) => tx.users([{ tenant: ELSEWHERE, id: 'c' }]))).toHaveLength(1)
    })

    it('lists groups by id, by name and by a part of the name', async () => {
      await store.write((tx) =>
        tx.putGroups([groupRow('2', 'Sales'), groupRow('1', 'Staff'), groupRow('3', 'x', ELSEWHERE)]),
      )
      const groups = (filter: GroupFilter, after = '', limit = 9) =>
        store.read(async (tx) => (await tx.groupPage({ tenant: TENANT, filter, after, limit })).map(({ id }) => id))
      expect(await groups({})).toEqual(['1', '2'])
      expect(await groups({}, '1')).toEqual(['2'])
      expect(await groups({}, '', 1)).toEqual(['1'])
      expect(await groups({ name: 'Sales' })).toEqual(['2'])
      expect(await groups({ name: 'sales' })).toEqual([])
      expect(await groups({ namePart: 'STA' })).toEqual(['1'])
      await store.write((tx) =>
        tx.deleteGroups([
          { tenant: TENANT, id: '1' },
          { tenant: TENANT, id: '3' },
        ]),
      )
      expect(await groups({})).toEqual(['2'])
    })

    it('finds identities by what they are and by whose; one put in again is replaced', async () => {
      const identity = (value: string, user: string, more: Partial<Identity> = {}): Identity => ({
        tenant: TENANT,
        kind: 'mobile',
        value,
        user,
        name: `n ${value}`,
        createdAt: 1,
        ...more,
      })
      const rows = [identity('2', 'ann'), identity('1', 'ann'), identity('1', 'bob', { kind: 'mail' })]
      await store.write((tx) => tx.putIdentities([...rows, identity('1', 'ann', { tenant: ELSEWHERE })]))
      await store.write((tx) => tx.putIdentities([identity('2', 'ann', { name: 'other' })]))
      const found = await store.read((tx) => tx.identities([rows[2]!, identity('9', ''), rows[0]!]))
      expect(found.map(({ user, name }) => `${user} ${name}`).sort()).toEqual(['ann other', 'bob n 1'])
      const ofAnn = () => store.read((tx) => tx.identitiesOf([{ tenant: TENANT, id: 'ann' }]))
      expect((await ofAnn()).map(({ value }) => value)).toEqual(['1', '2'])
      await store.write((tx) => tx.deleteIdentities([rows[1]!]))
      expect((await ofAnn()).map(({ value }) => value)).toEqual(['2'])
    })

    it('lists who is in a group and which groups somebody is in, directly; a member put in again is replaced', async () => {
      const boss = memberRow('g', 'user:b', { role: 'manager', description: 'd' })
      const rows = [
        memberRow('g', 'user:a'),
        memberRow('g', 'user:b'),
        memberRow('g', 'group:h'),
        memberRow('h', 'user:b'),
      ]
      await store.write((tx) => tx.putMembers([...rows, memberRow('g', 'user:z', { tenant: ELSEWHERE })]))
      await store.write((tx) => tx.putMembers([boss]))
      const ofGroup = (kind: 'user' | 'group' | null, after = '', limit = 9) =>
        store.read(async (tx) =>
          (await tx.memberPage({ tenant: TENANT, group: 'g', kind, after, limit })).map(({ member }) => member),
        )
      expect(await ofGroup(null)).toEqual(['group:h', 'user:a', 'user:b'])
      expect(await ofGroup('user')).toEqual(['user:a', 'user:b'])
      expect(await ofGroup('group')).toEqual(['group:h'])
      expect(await ofGroup('user', 'user:a')).toEqual(['user:b'])
      expect(await ofGroup(null, '', 1)).toEqual(['group:h'])
      const groupsOfB = await store.read((tx) =>
        tx.memberPage({ tenant: TENANT, member: 'user:b', after: '', limit: 9 }),
      )
      expect(groupsOfB).toEqual([boss, rows[3]])
      const missing = { tenant: TENANT, group: 'h', member: 'user:a' } as const
      expect(await store.read((tx) => tx.members([boss, missing]))).toEqual([boss])
    })
  })

  describe('tokens', () => {
    const ids = async () => {
      const found = await store.read((tx) => tx.tokens(['t1', 't2', 't3', 't4']))
      return found.map(({ id }) => id).sort()
    }

    it('come back as they were put in, and go one by one', async () => {
      await store.write((tx) => tx.putTokens([token('t1'), token('t2', { user: '', scopes: [], data: null })]))
      expect(await store.read((tx) => tx.tokens(['t2', 'no']))).toEqual([
        token('t2', { user: '', scopes: [], data: null }),
      ])
      await store.write((tx) => tx.putTokens([token('t1', { expiresAt: 500 })]))
      expect(await store.read((tx) => tx.tokens(['t1']))).toEqual([token('t1', { expiresAt: 500 })])
      await store.write((tx) => tx.deleteTokens(['t1', 'no']))
      expect(await ids()).toEqual(['t2'])
    })

    it('of an app, or of one of its users, go together', async () => {
      const rows = [
        token('t1'),
        token('t2', { user: '' }),
        token('t3', { app: 'x' }),
        token('t4', { tenant: ELSEWHERE }),
      ]
      await store.write((tx) => tx.putTokens(rows))
      const remove = (user: string | null) =>
        store.write((tx) => tx.deleteTokensOf({ tenant: TENANT, app: 'shop', user }))
      expect(await remove('')).toEqual([rows[1]])
      expect(await ids()).toEqual(['t1', 't3', 't4'])
      expect(await remove(null)).toEqual([rows[0]])
      expect(await remove(null)).toEqual([])
      expect(await ids()).toEqual(['t3', 't4'])
      const ofPerson = store.write((tx) => tx.deleteTokensOf({ tenant: TENANT, app: null, user: 'ann' }))
      expect(await ofPerson).toEqual([rows[2]])
      expect(await ids()).toEqual(['t4'])
    })

    it('and finished tasks expire', async () => {
      await store.write((tx) => tx.putTokens([token('t1', { expiresAt: 10 }), token('t2', { expiresAt: 11 })]))
      const done = { state: 'done' as const }
      await apply(store, {
        putTasks: [task(1, { ...done, finishedAt: 4 }), task(2, { ...done, finishedAt: 5 }), task(3, { createdAt: 0 })],
      })
      await store.write((tx) => tx.deleteExpired({ now: 10, tasksBefore: 5, evictedBefore: 0 }))
      expect(await ids()).toEqual(['t2'])
      const left = await store.read((tx) => tx.tasks([1, 2, 3].map((id) => task(id))))
      expect(idsOf(left).sort()).toEqual([2, 3])
    })
  })
}

function groupRow(id: string, name: string, tenant = TENANT): Group {
  return { tenant, id, name, description: '', creator: 'user:ann', createdAt: 1, updatedAt: 2, extra: {} }
}
