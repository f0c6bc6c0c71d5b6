/** Conformance: drives, pools, people, tokens, uploads and tasks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { App, Group, PoolId, PoolKind, Store, Subject, TenantId, User } from '../../engine/index.ts'
import {
  apply,
  content,
  DRIVE,
  drive,
  driveId,
  idsOf,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  TENANT,
  task,
  token,
  upload,
  uploadId,
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
      expect(await store.read((tx) => tx.pools([pool]))).toEqual([{ ...pool, quota: 5, used: 7 }])
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
      createdAt: 1,
      updatedAt: 2,
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
      const member = (group: string, subject: Subject, tenant = TENANT) => ({ tenant, group, member: subject })
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
    })

    it('and finished tasks expire', async () => {
      await store.write((tx) => tx.putTokens([token('t1', { expiresAt: 10 }), token('t2', { expiresAt: 11 })]))
      const done = { state: 'done' as const }
      await apply(store, {
        putTasks: [task(1, { ...done, finishedAt: 4 }), task(2, { ...done, finishedAt: 5 }), task(3, { createdAt: 0 })],
      })
      await store.write((tx) => tx.deleteExpired(10, 5))
      expect(await ids()).toEqual(['t2'])
      const left = await store.read((tx) => tx.tasks([1, 2, 3].map((id) => task(id).id)))
      expect(idsOf(left).sort()).toEqual([2, 3])
    })
  })

  describe('uploads', () => {
    it('come back as they were put in, and are replaced by id', async () => {
      const sealed = upload(1, {
        size: 5,
        hashes: { sha1: 'x', crc64: '1' },
        state: 'sealed',
        content: content(5),
        data: { a: [true] },
      })
      await apply(store, { putUploads: [upload(1), upload(2)] })
      await apply(store, { putUploads: [sealed] })
      const found = await store.read((tx) => tx.uploads([uploadId(1), uploadId(2), uploadId(3)]))
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([sealed, upload(2)]))
    })

    it('have parts, each the latest of its number, and take them along', async () => {
      const part = (number: number, size = 1) => ({ upload: uploadId(1), number, size, md5: 'm', uploadedAt: 1 })
      await apply(store, { putUploads: [upload(1), upload(2)] })
      await store.write((tx) => tx.putUploadParts([part(2), part(1), { ...part(1), upload: uploadId(2) }]))
      await store.write((tx) => tx.putUploadParts([part(2, 8)]))
      const parts = () => store.read((tx) => tx.uploadParts([uploadId(1)]))
      expect((await parts()).sort((a, b) => a.number - b.number)).toEqual([part(1), part(2, 8)])
      expect(await store.write((tx) => tx.deleteUploads([uploadId(1), uploadId(9)]))).toEqual([upload(1)])
      expect(await parts()).toEqual([])
      expect(await store.read((tx) => tx.uploadParts([uploadId(2)]))).toHaveLength(1)
    })

    it('expire', async () => {
      const expiring = [30, 10, 20, 21].map((expiresAt, index) => upload(index + 1, { expiresAt }))
      await apply(store, { putUploads: expiring })
      const expired = (now: number, limit: number) => store.write((tx) => tx.expiredUploads(now, limit))
      expect((await expired(20, 10)).sort()).toEqual([uploadId(2), uploadId(3)])
      expect(await expired(100, 3)).toHaveLength(3)
      expect(await expired(9, 10)).toEqual([])
    })
  })

  describe('tasks', () => {
    const hold = [keyOf(1), keyOf(2, OTHER)]

    it('come back as they were put in, and are replaced by id', async () => {
      const outcome = {
        ok: false,
        code: 'busy',
        at: 'node',
        drive: DRIVE,
        node: nodeId(3),
        path: ['文'],
        trash: 0,
        note: null,
      }
      const done = task(1, {
        state: 'done',
        done: 1,
        failed: 1,
        error: 'busy',
        input: null,
        report: [outcome as never],
      })
      await apply(store, { putTasks: [task(1), task(2)] })
      await apply(store, { putTasks: [done] })
      const plain = ({ holds: _, ...row }: ReturnType<typeof task>) => row
      const found = await store.read((tx) => tx.tasks([task(1).id, task(2).id, task(3).id]))
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([plain(done), plain(task(2))]))
    })

    it('hold nodes until they are done', async () => {
      const held = async (...drives: (typeof DRIVE)[]) => {
        const found = await store.read((tx) => tx.holds(drives))
        return found.map(({ drive, task, node }) => `${drive} ${task} ${node}`).sort()
      }
      await apply(store, { putTasks: [task(1, { holds: hold }), task(2, { holds: [keyOf(1), keyOf(1)] })] })
      expect(await held(DRIVE)).toEqual([`${DRIVE} 1 1`, `${DRIVE} 2 1`])
      expect(await held(DRIVE, OTHER)).toHaveLength(3)
      await apply(store, { putTasks: [task(2, { state: 'running', holds: [keyOf(5)] })] })
      expect(await held(DRIVE)).toEqual([`${DRIVE} 1 1`, `${DRIVE} 2 5`])
      await apply(store, { putTasks: [task(1, { state: 'done', holds: hold })] })
      expect(await held(DRIVE, OTHER)).toEqual([`${DRIVE} 2 5`])
    })

    it('are leased to one worker at a time, also while it writes their progress', async () => {
      await apply(store, { putTasks: [task(1), task(2), task(3, { state: 'done' })] })
      const claim = async (now: number, limit = 10) => {
        const claimed = await store.write((tx) => tx.claimTasks({ now, until: now + 10, limit }))
        return idsOf(claimed).sort()
      }
      expect(await claim(100, 1)).toEqual([1])
      expect(await claim(101)).toEqual([2])
      await apply(store, { putTasks: [task(1, { state: 'running', done: 1 })] })
      expect(await claim(109)).toEqual([])
      expect(await claim(110)).toEqual([1])
      await apply(store, { putTasks: [task(2, { state: 'done' })] })
      expect(await claim(500)).toEqual([1])
    })
  })
}
