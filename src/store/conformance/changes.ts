/** Conformance: what `apply` writes, and what is kept beside the nodes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type BlobRef,
  type Change,
  type Changes,
  type DriveId,
  type Grant,
  type NodeKey,
  StorageError,
  type Store,
  type TableName,
} from '../../engine/index.ts'
import {
  apply,
  changes,
  content,
  DRIVE,
  drive,
  driveId,
  file,
  folder,
  keyOf,
  nodeId,
  type Open,
  type Opened,
  OTHER,
  ROOT,
  refs,
  TENANT,
  trashed,
  version,
} from './sample.ts'

export function changesConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  const nodes = (...keys: NodeKey[]) =>
    store.read(async (tx) => {
      const found = await tx.chains(keys.map((key) => ({ ...key, follow: false })))
      return found.filter(({ id }) => keys.some((key) => key.id === id)).sort((a, b) => a.id - b.id)
    })
  const count = (table: TableName) => store.read((tx) => tx.count(table))
  const versions = (...keys: NodeKey[]) => store.read((tx) => tx.versions(keys))
  const grants = (...keys: NodeKey[]) => store.read((tx) => tx.grants(keys, null))

  const grant = (node: number, subject: Grant['subject'], more: Partial<Grant> = {}): Grant => ({
    drive: DRIVE,
    node: nodeId(node),
    subject,
    actions: 5,
    role: 'reader',
    expiresAt: 0,
    createdAt: 1,
    creator: 'user:ann',
    ...more,
  })

  /** root 1 › a 10 › f 12 (file with two versions and a grant); root 1 › b 11. */
  const plant = () =>
    apply(store, {
      insertNodes: [folder(1, 0, ''), folder(10, 1, 'a'), folder(11, 1, 'b'), file(12, 10, 'f', { version: 2 })],
      insertVersions: [version(12, 1, content(1)), version(12, 2, content(2))],
      putGrants: [grant(12, 'user:bob'), grant(10, 'everyone')],
    })

  describe('names', () => {
    it('can change places within one set when they are given up first', async () => {
      await plant()
      await apply(store, {
        vacate: [keyOf(10), keyOf(11)],
        placeNodes: [folder(10, 1, 'b', { rev: 2 }), folder(11, 1, 'a', { rev: 2 })],
      })
      expect(await nodes(keyOf(10), keyOf(11))).toEqual([
        folder(10, 1, 'b', { rev: 2 }),
        folder(11, 1, 'a', { rev: 2 }),
      ])
    })

    it('may be taken by a new node when their owner gives them up or goes', async () => {
      await plant()
      await apply(store, {
        vacate: [keyOf(10)],
        deleteNodes: [keyOf(11)],
        insertNodes: [folder(20, 1, 'a'), folder(21, 1, 'b')],
        placeNodes: [folder(10, 20, 'a')],
      })
      expect(await nodes(keyOf(10), keyOf(11), keyOf(20), keyOf(21))).toEqual([
        folder(10, 20, 'a'),
        folder(20, 1, 'a'),
        folder(21, 1, 'b'),
      ])
    })

    it.each<[string, Partial<Changes>]>([
      ['a new node', { insertNodes: [folder(20, 1, 'a')] }],
      ['a placed node', { placeNodes: [folder(11, 1, 'a')] }],
      ['an equal twin', { insertNodes: [folder(20, 1, 'z', { twin: 5 }), folder(21, 1, 'z', { twin: 5 })] }],
    ])('are not shared with %s', async (_, some) => {
      await plant()
      await expect(apply(store, some)).rejects.toThrow(StorageError)
      expect(await count('node')).toBe(4)
      expect(await nodes(keyOf(11))).toEqual([folder(11, 1, 'b')])
    })

    it('may be shared by twins', async () => {
      await plant()
      await apply(store, { insertNodes: [folder(20, 1, 'a', { twin: 20 }), folder(21, 1, 'a', { twin: 21 })] })
      expect(await nodes(keyOf(20), keyOf(21))).toHaveLength(2)
    })
  })

  describe('nodes', () => {
    it('take a place without losing what else they are', async () => {
      await plant()
      const before = file(12, 10, 'f', { version: 2 })
      const placed = { ...before, parent: nodeId(11), name: 'G', key: 'G', twin: 12, rev: 9, updatedAt: 77 }
      const given = { ...placed, modifier: 'user:bob' as const, attributes: { starred: true }, content: null }
      await apply(store, { placeNodes: [given] })
      expect(await nodes(keyOf(12))).toEqual([{ ...placed, modifier: 'user:bob' }])
    })

    it.each([
      ['one folder', 11, 11],
      ['several folders', 11, 1],
    ])('move into %s without losing what else they are', async (_, first, second) => {
      await plant()
      await apply(store, { insertNodes: [file(13, 10, 'g', { rev: 4 })] })
      const moved = { updatedAt: 77, modifier: 'user:bob' as const }
      const nodesMoved = [
        file(12, first, 'f', { version: 2, rev: 2, ...moved }),
        file(13, second, 'g', { rev: 5, ...moved }),
      ]
      await apply(store, { moveNodes: nodesMoved })
      expect(await nodes(keyOf(12), keyOf(13))).toEqual(nodesMoved)
    })

    it('are updated in everything but drive, id, birth, kind and creation', async () => {
      await plant()
      const updated = file(12, 11, 'g', {
        twin: 12,
        content: content(5, 0),
        version: 3,
        rev: 2,
        updatedAt: 9,
        modifier: 'app:x',
        attributes: { labels: ['1'] },
      })
      await apply(store, {
        updateNodes: [{ ...updated, born: OTHER, kind: 'folder', createdAt: 0, creator: 'app:no' }],
      })
      expect(await nodes(keyOf(12))).toEqual([updated])
    })

    it('vanish with their versions, grants and forwarding rows', async () => {
      await plant()
      await apply(store, { rehome: [{ from: DRIVE, to: OTHER, ids: [nodeId(12)] }] })
      expect(await count('forward')).toBe(1)
      await apply(store, { deleteNodes: [keyOf(12, OTHER), keyOf(11)] })
      expect(await nodes(keyOf(12, OTHER), keyOf(11), keyOf(10))).toEqual([folder(10, 1, 'a')])
      expect([await count('version'), await count('grant'), await count('forward')]).toEqual([0, 1, 0])
    })

    it.each<[string, Partial<Changes>]>([
      ['place', { placeNodes: [folder(10, 1, 'x'), folder(99, 1, 'y')] }],
      ['update', { updateNodes: [folder(10, 1, 'x'), folder(99, 1, 'y')] }],
      ['move', { moveNodes: [folder(10, 11, 'a'), folder(99, 11, 'y')] }],
      ['move apart', { moveNodes: [folder(10, 11, 'a'), folder(99, 1, 'y')] }],
      ['vacate', { vacate: [keyOf(10), keyOf(99)] }],
      ['rehome', { rehome: [{ from: DRIVE, to: OTHER, ids: [nodeId(10), nodeId(99)] }] }],
      ['blob references', { placeNodes: [folder(10, 1, 'x')], blobRefs: refs([1], { delta: -1 }) }],
      ['drive numbers', { placeNodes: [folder(10, 1, 'x')], driveSeqs: [{ id: driveId(9), seq: 1, trashSeq: 1 }] }],
    ])('fail as a whole when a row to %s does not exist', async (_, some) => {
      await plant()
      await expect(apply(store, some)).rejects.toThrow(StorageError)
      expect(await nodes(keyOf(10), keyOf(10, OTHER))).toEqual([folder(10, 1, 'a')])
    })

    it('of different drives are told apart by their drive', async () => {
      await plant()
      await expect(apply(store, { placeNodes: [folder(10, 1, 'x', { drive: OTHER })] })).rejects.toThrow(StorageError)
      await apply(store, { deleteNodes: [keyOf(10, OTHER)] })
      expect(await nodes(keyOf(10))).toEqual([folder(10, 1, 'a')])
    })
  })

  describe('nodes that change drives', () => {
    const rehome = (from: number, to: number, ...ids: number[]) => ({
      rehome: [{ from: driveId(from), to: driveId(to), ids: ids.map(nodeId) }],
    })

    it('take versions and grants along and can be followed from their drive of birth', async () => {
      await plant()
      await apply(store, rehome(DRIVE, OTHER, 12))
      const moved = file(12, 10, 'f', { version: 2, drive: OTHER, born: DRIVE })
      expect(await nodes(keyOf(12, OTHER))).toEqual([moved])
      expect(await nodes(keyOf(12))).toEqual([])
      expect((await versions(keyOf(12, OTHER))).map(({ drive, version }) => [drive, version]).sort()).toEqual([
        [OTHER, 1],
        [OTHER, 2],
      ])
      expect(await grants(keyOf(12, OTHER), keyOf(12))).toEqual([grant(12, 'user:bob', { drive: OTHER })])
      const followed = await store.read((tx) => tx.chains([{ ...keyOf(12), follow: true }]))
      expect(followed).toEqual([moved])
    })

    it('leave a forwarding row when they are put elsewhere than where they were born', async () => {
      await apply(store, { insertNodes: [folder(70, 1, 'abroad', { drive: OTHER, parent: nodeId(0), born: DRIVE })] })
      expect(await count('forward')).toBe(1)
      const found = await store.read((tx) => tx.chains([{ drive: DRIVE, id: nodeId(70), follow: true }]))
      expect(found).toMatchObject([{ id: 70, drive: OTHER, born: DRIVE }])
    })

    it('keep one forwarding row however often they move, and none at home', async () => {
      await plant()
      await apply(store, rehome(DRIVE, OTHER, 12))
      await apply(store, rehome(OTHER, 7003, 12))
      expect(await count('forward')).toBe(1)
      const followed = await store.read((tx) => tx.chains([{ ...keyOf(12), follow: true }]))
      expect(followed.map(({ drive }) => drive)).toEqual([7003])
      await apply(store, rehome(7003, DRIVE, 12))
      expect(await count('forward')).toBe(0)
      expect(await nodes(keyOf(12))).toEqual([file(12, 10, 'f', { version: 2 })])
    })

    it('go to several drives in one set', async () => {
      await plant()
      const rehomed = [...rehome(DRIVE, OTHER, 10, 12).rehome, ...rehome(DRIVE, 7003, 11).rehome]
      await apply(store, { rehome: rehomed })
      expect(await nodes(keyOf(10, OTHER), keyOf(12, OTHER))).toHaveLength(2)
      expect(await nodes(keyOf(11, driveId(7003)))).toHaveLength(1)
      expect(await count('forward')).toBe(3)
    })
  })

  describe('versions and grants', () => {
    it('are read by node and removed one by one', async () => {
      await plant()
      expect(await versions(keyOf(12), keyOf(10), keyOf(12))).toHaveLength(2)
      await apply(store, {
        deleteVersions: [{ drive: DRIVE, node: nodeId(12), version: 1 }],
        deleteGrants: [{ drive: DRIVE, node: nodeId(12), subject: 'user:bob' }],
      })
      expect(await versions(keyOf(12))).toEqual([version(12, 2, content(2))])
      expect(await grants(keyOf(12), keyOf(10))).toEqual([grant(10, 'everyone')])
    })

    it('are replaced by a grant to the same subject', async () => {
      await plant()
      const stronger = grant(12, 'user:bob', { actions: 2 ** 17, role: 'owner', expiresAt: 9, createdAt: 8 })
      await apply(store, { putGrants: [stronger, grant(12, 'group:x')] })
      expect(await grants(keyOf(12))).toHaveLength(2)
      const mine = await store.read((tx) => tx.grants([keyOf(12), keyOf(10)], ['user:bob', 'everyone', 'user:no']))
      expect(mine).toHaveLength(2)
      expect(mine).toEqual(expect.arrayContaining([stronger, grant(10, 'everyone')]))
      expect(await store.read((tx) => tx.grants([keyOf(12)], []))).toEqual([])
    })
  })

  describe('blobs', () => {
    const blobs = (drive: DriveId, ...seeds: number[]) =>
      store.read((tx) => tx.blobs(seeds.map((seed) => ({ drive, digest: content(seed).digest }))))
    const refer = (...blobRefs: BlobRef[]) => apply(store, { blobRefs })
    const held = (drive: DriveId, seed: number, count: number) => ({ drive, ...content(seed), refs: count })

    it('are held by each drive for itself, from its first reference', async () => {
      await refer(...refs([1, 2]), ...refs([1], { delta: 2 }), ...refs([2], { drive: OTHER }))
      expect(await blobs(DRIVE, 1, 2, 3)).toEqual(expect.arrayContaining([held(DRIVE, 1, 3), held(DRIVE, 2, 1)]))
      expect(await blobs(OTHER, 1, 2, 2)).toEqual([held(OTHER, 2, 1)])
      await refer(...refs([2], { delta: -1 }), ...refs([2], { drive: OTHER }))
      expect(await blobs(DRIVE, 2)).toEqual([held(DRIVE, 2, 0)])
      expect(await blobs(OTHER, 2)).toEqual([held(OTHER, 2, 2)])
    })

    it('go from one drive to another in one change', async () => {
      await refer(...refs([1], { delta: 2 }))
      await refer(...refs([1], { delta: -2 }), ...refs([1], { drive: OTHER }), ...refs([1], { drive: OTHER }))
      expect(await blobs(DRIVE, 1)).toEqual([held(DRIVE, 1, 0)])
      expect(await blobs(OTHER, 1)).toEqual([held(OTHER, 1, 2)])
    })

    it('cannot have fewer references than none, in each drive', async () => {
      await refer(...refs([1]), ...refs([1], { drive: OTHER, delta: 5 }))
      await expect(refer(...refs([1, 1], { delta: -1 }))).rejects.toThrow(StorageError)
      await expect(refer(...refs([2], { delta: -1 }))).rejects.toThrow(StorageError)
      expect(await blobs(DRIVE, 1, 2)).toEqual([held(DRIVE, 1, 1)])
    })

    it('are known to be held as long as any drive holds them', async () => {
      const known = (...seeds: number[]) =>
        store.read((tx) => tx.heldContents(seeds.map((seed) => content(seed).digest)))
      await refer(...refs([1, 2]), ...refs([1], { drive: OTHER }))
      await refer(...refs([1, 2], { delta: -1 }))
      expect((await known(1, 2, 3)).sort()).toEqual([content(1).digest, content(2).digest])
      await store.write((tx) => tx.takeUnusedBlobs(100, 10))
      expect(await known(1, 2, 3)).toEqual([content(1).digest])
      expect(await blobs(DRIVE, 1)).toEqual([])
    })

    it('are let go by drives that have not referred to them lately', async () => {
      await refer(...refs([1, 2, 3, 4]), ...refs([1], { drive: OTHER }))
      await refer(...refs([1, 4], { delta: -1 }), ...refs([2], { delta: -1, at: 50 }))
      await refer(...refs([2], { at: 30 }))
      await refer(...refs([2], { delta: -1, at: 30 }))
      const take = (before: number, limit: number) => store.write((tx) => tx.takeUnusedBlobs(before, limit))
      expect(await take(10, 10)).toEqual([])
      expect((await take(50, 10)).sort()).toEqual([content(1).digest, content(4).digest])
      expect(await blobs(DRIVE, 1, 2, 3, 4)).toHaveLength(2)
      expect(await blobs(OTHER, 1)).toEqual([held(OTHER, 1, 1)])
      await refer(...refs([3], { delta: -1 }), ...refs([1], { drive: OTHER, delta: -1 }))
      expect(await take(100, 2)).toHaveLength(2)
      expect(await take(100, 2)).toHaveLength(1)
      expect(await count('blob')).toBe(0)
    })
  })

  describe('the trash', () => {
    it('keeps entries by node and by number', async () => {
      await plant()
      const entry = trashed(10, 5, { path: ['x/y', '文件'], name: '文件' })
      await apply(store, { insertTrash: [entry, trashed(11, 6)] })
      expect(await store.read((tx) => tx.trash([keyOf(10), keyOf(12), keyOf(10, OTHER)]))).toEqual([entry])
      const byId = await store.read((tx) =>
        tx.trashById([
          { drive: DRIVE, id: entry.id },
          { drive: OTHER, id: entry.id },
        ]),
      )
      expect(byId).toEqual([entry])
      await apply(store, { deleteTrash: [keyOf(10)] })
      expect(await count('trash')).toBe(1)
    })

    it('is listed latest first over several drives, page by page', async () => {
      const times = [30, 10, 20, 20, 20, 40]
      const places = times.map((_, index) => (index % 2 === 0 ? DRIVE : OTHER))
      const entries = times.map((trashedAt, index) =>
        trashed(10 + index, 100 + index, { trashedAt, drive: places[index]! }),
      )
      await apply(store, {
        insertNodes: entries.map(({ node, drive }) => file(node, 2, `n${node}`, { drive })),
        insertTrash: entries,
      })
      const wanted = [105, 100, 104, 103, 102, 101]
      const page = (after: number | null, limit: number, drives = [DRIVE, OTHER]) =>
        store.read(async (tx) => {
          const last = entries.find(({ id }) => id === after) ?? null
          const items = await tx.trashPage({ drives, after: last, limit })
          for (const { entry, node } of items) expect([node.id, node.drive]).toEqual([entry.node, entry.drive])
          return items.map(({ entry }) => entry.id as number)
        })
      expect(await page(null, 100)).toEqual(wanted)
      for (const [index, id] of wanted.entries()) expect(await page(id, 2)).toEqual(wanted.slice(index + 1, index + 3))
      expect(await page(null, 100, [OTHER, OTHER])).toEqual([105, 103, 101])
    })

    it('gives up the entries of active drives whose time has come', async () => {
      await store.write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER, { status: 'deleted' })]))
      const times: [at: number, drive: typeof DRIVE][] = [
        [0, DRIVE],
        [30, DRIVE],
        [10, DRIVE],
        [31, DRIVE],
        [5, OTHER],
      ]
      const entries = times.map(([expiresAt, of], index) =>
        trashed(10 + index, 100 + index, { trashedAt: 1, expiresAt, drive: of }),
      )
      await apply(store, { insertTrash: entries })
      const expired = (now: number, limit: number) => store.write((tx) => tx.expiredTrash(now, limit))
      expect(await expired(30, 10)).toEqual([entries[2], entries[1]])
      expect(await expired(30, 1)).toEqual([entries[2]])
      expect(await expired(9, 10)).toEqual([])
    })

    it('keeps what it holds longer, or for ever, never shorter', async () => {
      const entries = [0, 30, 200].map((expiresAt, index) =>
        trashed(10 + index, 100 + index, { trashedAt: 10, expiresAt }),
      )
      const other = trashed(20, 200, { trashedAt: 10, expiresAt: 30, drive: OTHER })
      await apply(store, { insertTrash: [...entries, other] })
      const kept = async () => {
        const keys = [keyOf(10), keyOf(11), keyOf(12), keyOf(20, OTHER)]
        const rows = await store.read((tx) => tx.trash(keys))
        return rows.sort((a, b) => a.id - b.id).map(({ expiresAt }) => expiresAt)
      }
      await store.write((tx) => tx.keepTrash([{ drive: DRIVE, forMs: 90 }]))
      expect(await kept()).toEqual([0, 100, 200, 30])
      await store.write((tx) => tx.keepTrash([{ drive: DRIVE, forMs: 5 }]))
      expect(await kept()).toEqual([0, 100, 200, 30])
      await store.write((tx) =>
        tx.keepTrash([
          { drive: DRIVE, forMs: null },
          { drive: OTHER, forMs: 21 },
        ]),
      )
      expect(await kept()).toEqual([0, 0, 0, 31])
    })

    it('knows how many bytes it holds, all versions counted', async () => {
      await store.write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER, { trash: nodeId(32) })]))
      await apply(store, {
        insertNodes: [folder(2, 0, 'trash'), folder(10, 2, 'a'), file(11, 10, 'b'), file(12, 2, 'c'), file(13, 1, 'd')],
        insertVersions: [
          version(11, 1, content(1, 100)),
          version(11, 2, content(2, 20)),
          version(12, 1, content(3, 3)),
          version(13, 1, content(4, 1_000)),
        ],
      })
      const usage = await store.read((tx) => tx.trashUsage([DRIVE, OTHER]))
      expect(usage).toContainEqual({ drive: DRIVE, size: 123 })
      expect(usage.find((row) => row.drive === OTHER)?.size ?? 0).toBe(0)
    })
  })

  describe('graves', () => {
    it('of every drive, deleted ones too, give up their nodes', async () => {
      const rows = [drive(DRIVE), drive(OTHER, { grave: nodeId(33), status: 'deleted' })]
      await store.write((tx) => tx.putDrives(rows))
      await apply(store, {
        insertNodes: [
          folder(10, 3, 'x'),
          file(11, 10, 'below'),
          file(12, 1, 'alive'),
          file(13, 33, 'y', { drive: OTHER }),
        ],
      })
      const found = await store.write((tx) => tx.graveNodes(10))
      expect(found.map(({ id }) => id).sort()).toEqual([10, 13])
      expect(await store.write((tx) => tx.graveNodes(1))).toHaveLength(1)
      await apply(store, { deleteNodes: [keyOf(10)], placeNodes: [file(12, 3, 'alive', { twin: 12 })] })
      await apply(store, { updateNodes: [file(13, 34, 'y', { drive: OTHER })] })
      const later = await store.write((tx) => tx.graveNodes(10))
      expect(later.map(({ id }) => id)).toEqual([12])
      await apply(store, { deleteNodes: [keyOf(12)] })
      expect(await store.write((tx) => tx.graveNodes(10))).toEqual([])
      await apply(store, { moveNodes: [file(11, 3, 'below', { rev: 2 })] })
      expect(await store.write((tx) => tx.graveNodes(10))).toEqual([file(11, 3, 'below', { rev: 2 })])
    })
  })

  describe('totals and the change log', () => {
    it('add to the pools there are', async () => {
      const pool = { tenant: TENANT, kind: 'app' as const, key: 'shop' }
      await store.write((tx) => tx.putPools([{ ...pool, quota: 10 }]))
      const poolDeltas = [5, 7, -2].map((delta) => ({ ...pool, delta }))
      await apply(store, { poolDeltas: [...poolDeltas, { ...pool, key: 'unknown', delta: 1 }] })
      expect(await store.read((tx) => tx.pools([pool, { ...pool, key: 'unknown' }]))).toEqual([
        { ...pool, quota: 10, used: 10, eviction: null, overSince: 0, restsUntil: 0 },
      ])
    })

    it('set the numbers of drives', async () => {
      await store.write((tx) => tx.putDrives([drive(DRIVE), drive(OTHER)]))
      await apply(store, { driveSeqs: [{ id: DRIVE, seq: 8, trashSeq: 3 }] })
      expect(await store.read((tx) => tx.drives([DRIVE]))).toEqual([drive(DRIVE, { seq: 8, trashSeq: 3 })])
      expect(await store.read((tx) => tx.drives([OTHER]))).toEqual([drive(OTHER)])
    })

    it('log changes in their order, from any point', async () => {
      const sources: readonly Change['source'][] = [
        null,
        'known',
        null,
        { drive: OTHER, node: nodeId(12), born: DRIVE },
      ]
      const change = (seq: number) => ({
        drive: DRIVE,
        seq,
        kind: 'move' as const,
        node: nodeId(10),
        nodeKind: 'file' as const,
        born: OTHER,
        parent: ROOT,
        name: `n${seq}`,
        from: seq === 2 ? null : { parent: nodeId(11), parentBorn: DRIVE, name: `"'${seq}` },
        source: sources[seq] ?? null,
        replaces: seq === 3,
        at: seq,
        by: 'user:ann' as const,
      })
      await apply(store, { insertChanges: [3, 1, 2].map(change) })
      const since = (after: number, limit: number) => store.read((tx) => tx.changes({ drive: DRIVE, after, limit }))
      expect(await since(0, 2)).toEqual([change(1), change(2)])
      expect(await since(2, 10)).toEqual([change(3)])
      expect(await since(3, 10)).toEqual([])
      await expect(apply(store, { insertChanges: [change(3)] })).rejects.toThrow(StorageError)
      // Such as differ in their nodes and sources only.
      const alike = [4, 5].map((seq) => ({ ...change(1), seq, node: nodeId(seq), source: sources[seq - 3] ?? null }))
      await apply(store, { insertChanges: [...alike, { ...alike[0]!, seq: 6, source: sources[3]! }] })
      expect((await since(3, 10)).map(({ source }) => source)).toEqual(['known', null, sources[3]])
    })
  })

  it('an empty set of changes is applied without a statement', async () => {
    const before = store.statements()
    await store.write((tx) => tx.apply(changes({})))
    expect(store.statements()).toBe(before)
  })
}
