/** Conformance: what a transaction promises, and what a set costs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PoolId, StorageError, type Store, type WriteTx } from '../../engine/index.ts'
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
  memberRow,
  nodeId,
  type Open,
  type Opened,
  ROOT,
  range,
  refs,
  TENANT,
  task,
  token,
  trashed,
  upload,
  uploadId,
  version,
} from './sample.ts'

const POOL = { tenant: TENANT, kind: 'tenant', key: '' } as const

export function transactionConformance(open: Open) {
  let opened: Opened
  let store: Store
  beforeEach(async () => {
    opened = await open()
    store = opened.store
  })
  afterEach(() => opened.close())

  const putFolder = (tx: WriteTx, id: number) => tx.apply(changes({ insertNodes: [folder(id, 1, `n${id}`)] }))
  const nodeCount = (of = store) => of.read((tx) => tx.count('node'))

  describe('a write', () => {
    it('gives what its function gives, once everyone can see what it did', async () => {
      const beside = await opened.reopen()
      const given = await store.write(async (tx) => {
        await putFolder(tx, 10)
        return 'done'
      })
      expect(given).toBe('done')
      expect([await nodeCount(), await nodeCount(beside)]).toEqual([1, 1])
    })

    it('sees what it wrote itself', async () => {
      await store.write(async (tx) => {
        await putFolder(tx, 10)
        expect(await tx.count('node')).toBe(1)
        expect(await tx.chains([{ ...keyOf(10), follow: false }])).toHaveLength(1)
      })
    })

    it('is seen by no read before its commit', async () => {
      const seen = await store.write(async (tx) => {
        await putFolder(tx, 10)
        return nodeCount()
      })
      expect(seen).toBe(0)
      expect(await nodeCount()).toBe(1)
    })

    it('that fails leaves nothing behind and throws its own error', async () => {
      const error = new Error('changed my mind')
      const failing = store.write(async (tx) => {
        await putFolder(tx, 10)
        await tx.putPools([{ ...POOL, quota: 1 }])
        throw error
      })
      await expect(failing).rejects.toBe(error)
      expect(await nodeCount()).toBe(0)
      expect(await store.read((tx) => tx.pools([POOL]))).toEqual([])
    })

    it('that failed in the store cannot pretend it did not', async () => {
      const swallowing = store.write(async (tx) => {
        await putFolder(tx, 10)
        await putFolder(tx, 10).catch(() => undefined)
        return 'fine'
      })
      await expect(swallowing).rejects.toThrow(StorageError)
      expect(await nodeCount()).toBe(0)
      await store.write((tx) => putFolder(tx, 10))
      expect(await nodeCount()).toBe(1)
    })

    it('ends with its function: its transaction serves nobody afterwards', async () => {
      let kept: WriteTx | undefined
      await store.write(async (tx) => {
        kept = tx
      })
      await expect(kept!.count('node')).rejects.toThrow(/ended/)
      await expect(putFolder(kept!, 10)).rejects.toThrow(/ended/)
      await store
        .write(async (tx) => {
          kept = tx
          throw new Error('no')
        })
        .catch(() => undefined)
      await expect(kept!.count('node')).rejects.toThrow(/ended/)
      await store.read(async (tx) => {
        kept = tx as WriteTx
      })
      await expect(kept!.count('node')).rejects.toThrow(/ended/)
      expect(await nodeCount()).toBe(0)
    })
  })

  describe('writes that meet', () => {
    it('stand or fall one by one', async () => {
      const outcomes = await Promise.allSettled(
        range(20).map((index) =>
          store.write(async (tx) => {
            await putFolder(tx, 10 + index)
            if (index % 3 === 0) throw new Error(`no ${index}`)
            if (index === 10) await putFolder(tx, 10 + index)
            return index
          }),
        ),
      )
      const isRefused = (index: number) => index % 3 === 0 || index === 10
      expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(range(20).map(isRefused))
      const left = await store.read((tx) =>
        tx.chains(range(20).map((index) => ({ ...keyOf(10 + index), follow: false }))),
      )
      expect(left.map(({ id }) => id - 10).sort((a, b) => a - b)).toEqual(
        range(20).filter((index) => !isRefused(index)),
      )
    })

    it('run one after the other, so that none is lost', async () => {
      await store.write((tx) => tx.putDrives([drive(DRIVE)]))
      const grow = () =>
        store.write(async (tx) => {
          const [row] = await tx.drives([DRIVE])
          await tx.apply(changes({ driveSeqs: [{ id: DRIVE, seq: row!.seq + 1, trashSeq: 0 }] }))
        })
      await Promise.all(range(100).map(grow))
      await grow()
      const [row] = await store.read((tx) => tx.drives([DRIVE]))
      expect(row!.seq).toBe(101)
    })

    it('from two stores over the same data wait for each other', async () => {
      const beside = await opened.reopen()
      const stores = [store, beside]
      await Promise.all(range(40).map((index) => stores[index % 2]!.write((tx) => putFolder(tx, 10 + index))))
      expect([await nodeCount(), await nodeCount(beside)]).toEqual([40, 40])
    })
  })

  describe('a read', () => {
    it('sees one state to its end, whatever is committed meanwhile', async () => {
      await store.write((tx) => putFolder(tx, 10))
      const seen = await store.read(async (tx) => {
        const before = await tx.count('node')
        await store.write((writing) => putFolder(writing, 11))
        return [before, await tx.count('node')]
      })
      expect(seen).toEqual([1, 1])
      expect(await nodeCount()).toBe(2)
    })

    it('fails with its own error and disturbs no other', async () => {
      const error = new Error('no')
      const failing = store.read(async () => {
        throw error
      })
      const [failed, counted] = await Promise.allSettled([failing, nodeCount()])
      expect(failed).toEqual({ status: 'rejected', reason: error })
      expect(counted).toEqual({ status: 'fulfilled', value: 0 })
    })
  })

  describe('numbers', () => {
    const draw = (of: Store, count: number) => of.write((tx) => tx.ids('node', count))

    it('rise from 1, those of drives from 1001', async () => {
      const first = await store.write(async (tx) => [
        await tx.ids('node', 2),
        await tx.ids('task', 1),
        await tx.ids('trash', 1),
        await tx.ids('drive', 2),
        await tx.ids('node', 0),
      ])
      expect(first).toEqual([[1, 2], [1], [1], [1001, 1002], []])
    })

    it('are never handed out twice: not by a transaction that failed, nor by another store', async () => {
      const beside = await opened.reopen()
      const seen: number[] = []
      const failing = store.write(async (tx) => {
        seen.push(...(await tx.ids('node', 1_500)))
        throw new Error('no')
      })
      const [, ...drawn] = await Promise.allSettled([failing, draw(store, 3), draw(beside, 3), draw(store, 2_000)])
      seen.push(...drawn.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : [])))
      seen.push(...(await draw(beside, 1)), ...(await draw(await opened.reopen(), 1)))
      expect(seen).toHaveLength(1_500 + 3 + 3 + 2_000 + 2)
      expect(new Set(seen).size).toBe(seen.length)
    })

    it('rise within one store', async () => {
      const drawn = (await Promise.all(range(50).map((index) => draw(store, index * 7)))).flat()
      expect(drawn).toEqual([...drawn].sort((a, b) => a - b))
      expect(new Set(drawn).size).toBe(drawn.length)
    })
  })

  describe('closing', () => {
    it('waits for what was begun, keeps it, and refuses what comes later', async () => {
      const beside = await opened.reopen()
      const writing = beside.write((tx) => putFolder(tx, 10))
      const reading = nodeCount(beside)
      await beside.close()
      await Promise.all([writing, reading])
      expect(await nodeCount()).toBe(1)
      await expect(nodeCount(beside)).rejects.toThrow(/closed/)
      await expect(beside.write((tx) => putFolder(tx, 11))).rejects.toThrow(/closed/)
    })
  })

  costConformance(() => store)
}

/** Every method that takes a set, called with the first so many of 1,000 things. */
/** A task that nothing else is about. */
const taskOf = (ids: readonly number[]) => task(ids.length * 10_000).id

const READS: readonly [string, (tx: WriteTx, ids: number[]) => Promise<unknown>][] = [
  ['drives', (tx, ids) => tx.drives(ids.map(driveId))],
  [
    'drivesOf',
    (tx, ids) => tx.drivesOf({ tenant: TENANT, owners: ids.map((id) => `user:${id}` as const), after: 0, limit: 9 }),
  ],
  [
    'drivesByScene',
    (tx, ids) => tx.drivesByScene(ids.map((id) => ({ tenant: TENANT, app: '', scene: '', sceneId: `${id}` }))),
  ],
  ['pools', (tx, ids) => tx.pools(ids.map((id) => ({ ...POOL, key: `${id}` })))],
  ['chains', (tx, ids) => tx.chains(ids.map((id) => ({ ...keyOf(id), follow: id % 2 === 0 })))],
  ['walk', (tx, ids) => tx.walk(ids.map((id) => ({ drive: DRIVE, from: ROOT, keys: [`n${id}`, 'x'] })))],
  ['children', (tx, ids) => tx.children(ids.map((id) => ({ drive: DRIVE, parent: ROOT, key: `n${id}` })))],
  [
    'stems',
    (tx, ids) =>
      tx.stems(
        ids.map((id) => ({ drive: DRIVE, parent: ROOT, prefix: `n${id}` })),
        5,
      ),
  ],
  ['parents', (tx, ids) => tx.parents(ids.map((id) => keyOf(id)))],
  [
    'subtrees',
    (tx, ids) =>
      tx.subtrees(
        ids.map((id) => keyOf(id)),
        10_000,
      ),
  ],
  ['births', (tx, ids) => tx.births(ids.map((id) => driveId(7_000 + (id % 2))))],
  ['foldersBelow', (tx, ids) => tx.foldersBelow({ drive: DRIVE, tops: ids.map(nodeId), limit: 9 })],
  [
    'candidates',
    async (tx, ids) => {
      if (ids.length === 0) return
      const query = { drive: DRIVE, probe: { any: ids.map((id) => `7n${id}`) }, after: 0, limit: 9 } as const
      await tx.candidates({ ...query, inFull: true })
      await tx.candidates({ ...query, inFull: false })
    },
  ],
  [
    'lying',
    async (tx, ids) => {
      if (ids.length === 0) return
      const query = { drive: DRIVE, folders: ids.map(nodeId), limit: 9 } as const
      await tx.lying({ ...query, probe: { any: ids.map((id) => `7n${id}`) }, inFull: false })
      await tx.lying({ ...query, probe: null, inFull: true })
    },
  ],
  [
    'termed',
    async (tx, ids) => {
      const probe = { any: ids.map((id) => `7n${id}`) }
      if (ids.length > 0) await tx.termed({ drive: DRIVE, probe, limit: 9 })
    },
  ],
  [
    'ordered',
    async (tx, ids) => {
      const query = { drive: driveId(7_000), descending: false, after: null, probe: null, limit: ids.length } as const
      await tx.ordered({ ...query, by: 'name', inFull: true })
      // A store may remember which nodes have the terms it was asked for last.
      await tx.ordered({ ...query, by: 'size', probe: `7n${ids.length}`, inFull: false })
    },
  ],
  [
    'grantPage',
    async (tx, ids) => {
      const query = { tenant: TENANT, subjects: ids.map((id) => `user:${id}` as const), after: null, limit: 9 }
      await tx.grantPage({ ...query, side: 'to' })
      await tx.grantPage({ ...query, side: 'by' })
    },
  ],
  [
    'marks',
    async (tx, ids) => {
      const list = { tenant: TENANT, subject: 'user:ann' as const, kind: 'viewed' as const }
      const marks = ids.map((id) => ({ ...list, node: nodeId(id), born: DRIVE, at: id }))
      await tx.putMarks(marks)
      await tx.marksOf({ ...list, kinds: ids.slice(0, 1).map(() => 'viewed' as const) })
      await tx.deleteMarks(marks)
    },
  ],
  ['totals', (tx, ids) => tx.totals(ids.map((id) => keyOf(id)))],
  ['counts', (tx, ids) => tx.counts(ids.map((id) => keyOf(id)))],
  ['versions', (tx, ids) => tx.versions(ids.map((id) => keyOf(id)))],
  [
    'grants',
    (tx, ids) =>
      tx.grants(
        ids.map((id) => keyOf(id)),
        ['everyone'],
      ),
  ],
  ['trash', (tx, ids) => tx.trash(ids.map((id) => keyOf(id)))],
  ['trashById', (tx, ids) => tx.trashById(ids.map((id) => ({ drive: DRIVE, id: trashed(id, id).id })))],
  ['trashPage', (tx, ids) => tx.trashPage({ drives: ids.map(driveId), after: null, limit: 10 })],
  ['trashUsage', (tx, ids) => tx.trashUsage(ids.map((id) => driveId(7_000 + (id % 2))))],
  ['drivesInPools', (tx, ids) => tx.drivesInPools(ids as unknown as PoolId[])],
  ['uploads', (tx, ids) => tx.uploads(ids.map((id) => uploadId(id)))],
  ['uploadParts', (tx, ids) => tx.uploadParts(ids.map((id) => uploadId(id)))],
  ['blobs', (tx, ids) => tx.blobs(ids.map((id) => ({ drive: DRIVE, digest: content(id).digest })))],
  ['heldContents', (tx, ids) => tx.heldContents(ids.map((id) => content(id).digest))],
  [
    'holdings',
    (tx, ids) =>
      tx.holdings(
        ids.map((size) => ({ drive: DRIVE, size })),
        10,
      ),
  ],
  ['tasks', (tx, ids) => tx.tasks(ids.map((id) => task(id)))],
  ['taskKeys', (tx, ids) => tx.taskKeys(ids.map((id) => task(id).id))],
  ['holds', (tx, ids) => tx.holds(ids.map(driveId))],
  ['tenants', (tx, ids) => tx.tenants(ids.map((id) => `${id}` as typeof TENANT))],
  ['apps', (tx, ids) => tx.apps(ids.map((id) => ({ dialect: 'pds', id: `${id}` })))],
  ['users', (tx, ids) => tx.users(ids.map((id) => ({ tenant: TENANT, id: `${id}` })))],
  ['groups', (tx, ids) => tx.groups(ids.map((id) => ({ tenant: TENANT, id: `${id}` })))],
  ['groupsOf', (tx, ids) => tx.groupsOf(ids.map((id) => ({ tenant: TENANT, member: `user:${id}` })))],
  ['tokens', (tx, ids) => tx.tokens(ids.map((id) => `${id}`))],
  [
    'pages',
    (tx, ids) => {
      const shape = {
        drive: DRIVE,
        parent: ROOT,
        by: 'name',
        descending: false,
        foldersFirst: false,
        only: null,
      } as const
      return tx.pages(
        ids.map((id) => ({
          ...shape,
          limit: 2,
          cursor: { after: { kind: 'folder' as const, value: `n${id}`, id: nodeId(id) } },
        })),
      )
    },
  ],
  [
    'putting people',
    async (tx, ids) => {
      await tx.putMembers(ids.map((id) => memberRow('g', `user:${id}`)))
      await tx.deleteMembers(ids.map((id) => ({ tenant: TENANT, group: 'g', member: `user:${id}` })))
      await tx.putDrives(ids.map((id) => drive(id)))
      await tx.putPools(ids.map((id) => ({ ...POOL, key: `${id}`, quota: id })))
      await tx.putTokens(ids.map((id) => token(`${id}`)))
      await tx.deleteTokens(ids.map((id) => `${id}`))
      await tx.putTenants(ids.map((id) => ({ id: `${id}` as typeof TENANT, name: '', createdAt: 1, extra: {} })))
    },
  ],
  [
    'uploads and holdings',
    async (tx, ids) => {
      await tx.putUploadParts(ids.map((id) => ({ upload: uploadId(1), number: id, size: 1, md5: '', uploadedAt: 1 })))
      await tx.deleteUploads(ids.map((id) => uploadId(id)))
      await tx.putHoldings(
        ids.map((id) => ({ drive: DRIVE, digest: content(id).digest, size: id, head: 'h', chain: '' })),
      )
      await tx.ids('node', ids.length)
    },
  ],
  [
    'apply',
    async (tx, ids) => {
      const fresh = ids.map((id) => file(10_000 + id, 1, `f${id}`))
      const keys = fresh.map(({ drive, id }) => ({ drive, id }))
      await tx.putDrives(ids.map((id) => drive(id)))
      await tx.apply(
        changes({
          insertNodes: fresh,
          putTerms: fresh.map(({ drive, id }) => ({ drive, node: id, terms: [`t${id}`] })),
          insertVersions: fresh.map(({ id }) => version(id, 1, content(1))),
          blobRefs: refs(ids),
          insertTrash: fresh.map(({ id }) => trashed(id, id)),
          putUploads: ids.map((id) => upload(id)),
          putTasks: ids.map((id) => task(ids.length * 10_000 + id, { holds: [keyOf(id)], report: [{} as never] })),
          driveSeqs: ids.map((id) => ({ id: driveId(id), seq: 1, trashSeq: 1 })),
        }),
      )
      await tx.apply(
        changes({
          vacate: keys,
          rehome: ids.map((id) => ({ from: DRIVE, to: driveId(8_000 + id), ids: [nodeId(10_000 + id)] })),
          placeNodes: ids.map((id) => file(10_000 + id, 1, `g${id}`, { drive: driveId(8_000 + id) })),
          updateNodes: ids.map((id) => file(10_000 + id, 1, `h${id}`, { drive: driveId(8_000 + id) })),
          deleteTrash: keys,
          poolDeltas: ids.map((id) => ({ ...POOL, key: `${id}`, delta: 1 })),
          updateTasks: ids.map((id) => task(ids.length * 10_000 + id, { state: 'done' })),
          putQueue: ids.map((id) => ({
            ...keyOf(id),
            task: taskOf(ids),
            position: id,
            made: ROOT,
            level: 1,
            after: null,
          })),
          putHolds: ids.map((id) => ({ ...keyOf(id), task: taskOf(ids) })),
        }),
      )
      await tx.apply(
        changes({
          stage: ids.map((id) => ({
            haul: ids.length * 10_000 + id,
            from: driveId(8_000 + id),
            to: driveId(9_500 + id),
            ids: [nodeId(10_000 + id)],
          })),
          deleteQueue: ids.map((id) => ({ task: taskOf(ids), upTo: id })),
          deleteHolds: ids.map((id) => ({ ...keyOf(id), task: taskOf(ids) })),
        }),
      )
      const left = ids.flatMap((id) => [8_000, 9_500].map((drive) => keyOf(10_000 + id, driveId(drive + id))))
      await tx.apply(changes({ deleteNodes: left, endHauls: ids.map((id) => ids.length * 10_000 + id) }))
    },
  ],
]

function costConformance(store: () => Store) {
  describe('the number of statements', () => {
    it.each(READS)('of %s is the same for 10 things and for 1,000, and for no things none', async (_, run) => {
      await apply(store(), { insertNodes: [folder(1, 0, ''), ...range(1_000, 2).map((id) => folder(id, 1, `n${id}`))] })
      const cost = async (count: number) => {
        const before = store().statements()
        await store().write((tx) => run(tx, range(count, 2)))
        return store().statements() - before
      }
      const [none, few, many] = [await cost(0), await cost(10), await cost(1_000)]
      expect(none).toBe(0)
      expect(few).toBeGreaterThan(0)
      expect(many).toBe(few)
    })
  })
}
