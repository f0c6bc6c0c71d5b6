/** What every store's inspection must find: each kind of damage, planted with SQL behind the store's back, and only that. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CHECKS,
  type Change,
  type CheckName,
  type Content,
  type Inspection,
  type Node,
  type Store,
} from '../../engine/index.ts'
import {
  apply,
  content,
  DRIVE,
  drive,
  file,
  folder,
  keyOf,
  memberRow,
  nodeId,
  OTHER,
  refs,
  TENANT,
  task,
  trashed,
  upload,
  uploadId,
  version,
} from './sample.ts'

/** A store, a way to look at its data from outside, and a way to spoil it. */
export interface Inspected {
  readonly store: Store
  inspect(): Promise<Inspection>
  /** Runs statements of the kind both databases understand; those that rules of the schema would refuse must be possible. */
  damage(...statements: string[]): Promise<void>
  /** Takes a node's words out of the search index. */
  unindexSql(node: number): string
  close(): Promise<void>
}

const VERSIONS: readonly [node: number, version: number, bytes: number][] = [
  [10, 1, 10],
  [10, 2, 11],
  [14, 1, 14],
  [52, 1, 52],
  [55, 1, 10],
]

/** What is spoiled, how, and all that must be found. */
const DAMAGES: readonly [what: string, sql: string, found: readonly string[]][] = [
  ['a node whose folder is gone', 'delete from node where id = 16', ['parents: node 17', 'search: node 16']],
  ['a node inside a file', 'update node set parent_id = 10 where id = 13', ['parents: node 13']],
  ['a node below a folder of another drive', 'update node set parent_id = 51 where id = 13', ['parents: node 13']],
  ['a top too many', 'update node set parent_id = 0 where id = 13', ['parents: node 13', 'search: node 13']],
  [
    'a drive whose trash is elsewhere',
    'update node set parent_id = 13 where id = 53',
    ['parents: node 53', 'parents: drive 7002'],
  ],
  ['a folder below itself', 'update node set parent_id = 17 where id = 16', ['cycles: node 16', 'cycles: node 17']],
  ['a number that would be given again', "update sequence set next = 54 where name = 'node'", ['ids: sequence node']],
  [
    'a trash number that would be given again',
    "update sequence set next = 5 where name = 'trash'",
    ['ids: sequence trash'],
  ],
  ['a name under another key', "update node set name_key = 'b' where id = 17", ['names: node 17']],
  [
    'a decomposed name compared as it is',
    "update node set name = 'e\u0301', name_key = 'e\u0301' where id = 17",
    ['names: node 17'],
  ],
  ['a twin number from nowhere', 'update node set twin = 99 where id = 17', ['names: node 17']],
  [
    'a file that shows an earlier version',
    'update node set version = 1 where id = 10',
    ['content: node 10', 'content: node 10'],
  ],
  ['a file with other bytes than its version', "update node set md5 = 'x' where id = 10", ['content: node 10']],
  [
    'a current version that is to go one day',
    'update version set expires_at = 9 where node_id = 10 and version = 2',
    ['content: version 2 of node 10'],
  ],
  ['a folder with bytes', 'update node set size = 5 where id = 17', ['content: node 17']],
  ['a grant on nothing', 'update node_grant set node_id = 99', ['owners: the grant of user:bob on node 99']],
  [
    'a part of no upload',
    `update upload_part set upload_id = '${uploadId(3)}'`,
    [`owners: part 1 of upload ${uploadId(3)}`],
  ],
  [
    'an upload whose id says another drive, a task of two tenants',
    `update upload set drive_id = 7002 where id = '${uploadId(1)}';
     insert into task (tenant_id, id, drive_id, kind, state, total, done, failed, error, creator, dialect, input, cursor,
       cancelled, created_at, started_at, finished_at, leased_until, lease)
     select 'other', id, drive_id, kind, state, total, done, failed, error, creator, dialect, input, cursor,
       cancelled, created_at, started_at, finished_at, leased_until, lease from task`,
    ['ids: task 1', `ids: upload ${uploadId(1)}`, `owners: part 1 of upload ${uploadId(1)}`],
  ],
  ['a hold of a finished task', "update task set state = 'done'", ['owners: node 17']],
  [
    'an outcome of no task',
    "insert into task_outcome (tenant_id, task_id, number, ok, outcome) values ('acme', 99, 0, 1, '{}')",
    ['owners: outcome 0 of task 99'],
  ],
  [
    'a folder in the queue of no task',
    `insert into task_queue (task_id, position, drive_id, node_id, made_id, level) values (99, 0, 7001, 17, 0, 0)`,
    ['owners: node 17'],
  ],
  ['an entry that was to go before it came', 'update trash set expires_at = 1', ['trash: trash entry 5']],
  [
    'a drive that counts in a quota of nobody',
    'update drive set shared_pool = 9 where id = 7001',
    ['usage: drive 7001'],
  ],
  [
    'a grant of another tenant',
    "update node_grant set tenant_id = 'ghost'",
    ['people: the grant of user:bob on node 10'],
  ],
  ['a trashed node without an entry', 'delete from trash', ['trash: node 14']],
  ['an entry of a node that lies elsewhere', 'update node set parent_id = 1 where id = 14', ['trash: trash entry 5']],
  ['no way to a node that left', 'delete from forward', ['forwards: node 52']],
  [
    'a way to nowhere',
    'update forward set to_drive = 7009',
    ['forwards: node 52', 'forwards: the forwarding row of node 52'],
  ],
  [
    'a quota that counts wrongly',
    "update pool set used = used + 1 where kind = 'tenant'",
    ['usage: the tenant quota of acme'],
  ],
  ['a drive that counts nowhere', "delete from pool where key = '7002'", ['usage: drive 7002']],
  ['a gap in the log', 'delete from change where seq = 1', ['log: drive 7001']],
  ['a change beyond what the drive counts', 'update drive set seq = 1 where id = 7001', ['log: drive 7001']],
  [
    'a blob that counts wrongly',
    'update blob set refs = 9 where size = 10 and drive_id = 7001',
    [`refs: blob ${content(10).digest}`],
  ],
  [
    'a version of bytes that only another drive holds',
    'delete from blob where size = 10 and drive_id = 7002',
    ['refs: version 1 of node 55'],
  ],
  ['a version without a blob', 'delete from blob where size = 11', ['refs: version 2 of node 10']],
  ['a sealed upload without a blob', 'delete from blob where size = 20', [`refs: upload ${uploadId(2)}`]],
  [
    'a blob that is something else',
    "update blob set crc64 = '0' where size = 10",
    ['refs: version 1 of node 10', 'refs: version 1 of node 55'],
  ],
  [
    'a blob that is something else to another drive',
    "update blob set sha1 = '0' where size = 10 and drive_id = 7002",
    [`refs: blob ${content(10).digest}`, 'refs: version 1 of node 55'],
  ],
  ['a burial nobody knows of', 'delete from burial', ['sweep: drive 7001']],
  ['a group’s member without the group', 'delete from user_group', ['people: user:ann of acme']],
  [
    'an identity of nobody',
    "insert into identity (tenant_id, kind, value, user_id, name, created_at) values ('acme', 'phone', '1', 'ghost', '', 1)",
    ['people: user ghost of acme'],
  ],
  [
    'a group that exists and is to be forgotten',
    "insert into departed (tenant_id, subject) values ('acme', 'group:team')",
    ['people: group:team of acme'],
  ],
  ['drives of no tenant', 'delete from tenant', ['people: drive 7001', 'people: drive 7002', 'people: group team']],
]

/** Declares the suite for one store. `open` makes a new, empty store for each test. */
export function inspectionConformance(name: string, open: () => Promise<Inspected>): void {
  describe(`${name}: seen from outside`, () => {
    let inspected: Inspected
    beforeEach(async () => {
      inspected = await open()
      await fill(inspected.store)
    })
    afterEach(() => inspected.close())

    const faults = () => looking(inspected, (inspection) => allFaults(inspection, 100))

    it('nothing is wrong with what the store wrote', async () => {
      expect(await faults()).toEqual([])
    })

    it.each(DAMAGES)('%s is found, and nothing else', async (_what, sql, found) => {
      await inspected.damage(sql)
      expect((await faults()).sort()).toEqual([...found].sort())
    })

    it('a version of nothing is found, and what it no longer counts for', async () => {
      await inspected.damage('update version set node_id = 99 where version = 1 and node_id = 10')
      expect(await faults()).toEqual(['owners: version 1 of node 99'])
    })

    it('a node that cannot be searched for is found', async () => {
      await inspected.damage(inspected.unindexSql(13))
      expect(await faults()).toEqual(['search: node 13'])
    })

    it('a node in two drives is found', async () => {
      await inspected.damage('update node set id = 10, drive_id = 7002, parent_id = 51 where id = 17')
      expect(await faults()).toContain('ids: node 10')
    })

    it('a node that is being carried to another drive may be there twice, once out of sight', async () => {
      const carried = 'update node set id = 10, drive_id = 7002, parent_id = 54 where id = 17'
      await inspected.damage(carried, 'insert into burial (drive_id) values (7002)')
      const found = await faults()
      expect(found).toContain('forwards: node 10')
      expect(found).not.toContain('ids: node 10')
    })

    it('no more faults are given than were asked for', async () => {
      await inspected.damage('delete from blob')
      expect(await looking(inspected, (inspection) => allFaults(inspection, 2))).toHaveLength(2)
    })

    it('rows are counted by table', async () => {
      const counts = await looking(inspected, (inspection) => inspection.counts())
      expect(Object.fromEntries(counts)).toMatchObject({ node: 14, version: 5, blob: 7, trash: 1, change: 2, drive: 2 })
    })

    it('blobs come in the order of their digests, page by page, each once for all drives', async () => {
      const row = (seed: number, refs: number) => ({ digest: content(seed).digest, size: seed, refs })
      const [first, rest, asked] = await looking(inspected, async (inspection) => {
        const page = await inspection.blobs('', 2)
        return [page, await inspection.blobs(page[1]!.digest, 10), await inspection.blobsOf([row(52, 1).digest, 'no'])]
      })
      expect(first).toEqual([row(10, 2), row(11, 1)])
      expect(rest).toEqual([row(14, 1), row(20, 1), row(21, 0), row(52, 1)])
      expect(asked).toEqual([row(52, 1)])
    })

    it('parts of open uploads come in order, and uploads are known by their rows', async () => {
      const { store } = inspected
      const part = { upload: uploadId(1), number: 2, size: 6, md5: 'n', uploadedAt: 1 }
      await store.write((tx) => tx.putUploadParts([part, { ...part, upload: uploadId(2) }]))
      const { uploadedAt: _, ...row } = part
      const found = await looking(inspected, async (inspection) => ({
        all: await inspection.parts({ upload: '', number: 0 }, 10),
        later: await inspection.parts({ upload: uploadId(1), number: 1 }, 10),
        asked: await inspection.partsOf([uploadId(1), uploadId(2)]),
        known: await inspection.uploads([uploadId(1), uploadId(2), uploadId(3)]),
      }))
      expect(found.all).toEqual([{ ...row, number: 1, size: 5, md5: 'm' }, row])
      expect(found.asked).toEqual(found.all)
      expect(found.later).toEqual([row])
      expect(found.known.sort()).toEqual([uploadId(1), uploadId(2)])
    })

    it('what waits for the sweep is counted', async () => {
      await apply(inspected.store, { insertNodes: [folder(40, 15, 'below'), file(41, 40, 'deeper')] })
      const waiting = (now: number) => looking(inspected, (inspection) => inspection.awaitingSweep(now))
      expect(await waiting(99)).toEqual({ nodes: 3, uploads: 0, blobs: 1 })
      expect(await waiting(100)).toEqual({ nodes: 3, uploads: 2, blobs: 1 })
    })

    it('one inspection sees one state, whatever is written meanwhile', async () => {
      const counts = await looking(inspected, async (inspection) => {
        const before = await inspection.counts()
        await apply(inspected.store, { insertNodes: [folder(30, 1, 'later')] })
        return [before.get('node'), (await inspection.counts()).get('node')]
      })
      expect(counts).toEqual([14, 14])
      expect((await looking(inspected, (inspection) => inspection.counts())).get('node')).toBe(15)
    })
  })
}

async function looking<T>(inspected: Inspected, look: (inspection: Inspection) => Promise<T>): Promise<T> {
  const inspection = await inspected.inspect()
  try {
    return await look(inspection)
  } finally {
    await inspection.close()
  }
}

async function allFaults(inspection: Inspection, limit: number): Promise<string[]> {
  const names = Object.keys(CHECKS) as CheckName[]
  // One after the other: an inspection is one conversation.
  const found = await names.reduce<Promise<string[]>>(async (before, name) => {
    const faults = (await inspection.faults(name, limit)).map(({ check, about }) => `${check}: ${about}`)
    return [...(await before), ...faults]
  }, Promise.resolve([]))
  return found
}

/** Two drives with something of everything. Sizes are the seeds of the contents. */
async function fill(store: Store): Promise<void> {
  await store.write(async (tx) => {
    await Promise.all([tx.ids('node', 100), tx.ids('drive', 7_000), tx.ids('task', 10), tx.ids('trash', 10)])
    await tx.putTenants([{ id: TENANT, name: 'Acme', createdAt: 1, extra: {} }])
    const group = { tenant: TENANT, id: 'team', name: '', description: '', creator: 'user:ann' as const }
    await tx.putGroups([{ ...group, createdAt: 1, updatedAt: 1, extra: {} }])
    await tx.putMembers([memberRow('team', 'user:ann')])
    await tx.putDrives([drive(DRIVE), drive(OTHER, { root: nodeId(51), trash: nodeId(53), grave: nodeId(54) })])
    const pools = [String(DRIVE), String(OTHER)].map((key) => ({ kind: 'drive' as const, key }))
    await tx.putPools(
      [...pools, { kind: 'tenant' as const, key: '' }].map((pool) => ({ ...pool, tenant: TENANT, quota: null })),
    )
    await tx.putUploadParts([{ upload: uploadId(1), number: 1, size: 5, md5: 'm', uploadedAt: 1 }])
  })
  const nodes = [
    file(10, 1, 'file', { content: content(11), version: 2 }),
    folder(13, 1, 'empty'),
    file(14, 2, 'trashed'),
    folder(15, 3, 'buried'),
    folder(16, 1, 'outer'),
    folder(17, 16, 'inner'),
    file(52, 51, 'abroad', { drive: OTHER, born: DRIVE }),
    file(55, 51, 'alike', { drive: OTHER, born: OTHER, content: content(10) }),
  ]
  await apply(store, { blobRefs: refs([21]) })
  await apply(store, {
    insertNodes: [...tops(DRIVE, [1, 2, 3]), ...tops(OTHER, [51, 53, 54]), ...nodes],
    putTerms: nodes.map(({ drive, id, name }) => ({ drive, node: id, terms: [name] })),
    insertVersions: VERSIONS.map(([node, number, bytes]) =>
      version(node, number, content(bytes), node > 50 ? { drive: OTHER } : {}),
    ),
    blobRefs: [...refs([10, 11, 14, 20]), ...refs([21], { delta: -1 }), ...refs([10, 52], { drive: OTHER })],
    insertTrash: [trashed(14, 5)],
    putGrants: [grantTo(10)],
    poolDeltas: [
      { tenant: TENANT, kind: 'drive', key: String(DRIVE), delta: 35 },
      { tenant: TENANT, kind: 'drive', key: String(OTHER), delta: 62 },
      { tenant: TENANT, kind: 'tenant', key: '', delta: 97 },
    ],
    driveSeqs: [{ id: DRIVE, seq: 2, trashSeq: 1 }],
    insertChanges: [change(1), change(2)],
    putUploads: [upload(1), upload(2, { state: 'sealed', content: content(20) as Content })],
    putTasks: [task(1, { holds: [keyOf(17)] })],
  })
}

function tops(owner: typeof DRIVE, ids: readonly number[]): Node[] {
  return ids.map((id, at) => folder(id, 0, '', { drive: owner, key: ['/root', '/trash', '/grave'][at]! }))
}

function grantTo(node: number) {
  const rest = { subject: 'user:bob' as const, actions: 1, role: 'r', expiresAt: 0, createdAt: 1 }
  return { drive: DRIVE, node: nodeId(node), creator: 'user:ann' as const, ...rest }
}

function change(seq: number): Change {
  const about = {
    kind: 'create',
    node: nodeId(10),
    nodeKind: 'file',
    born: DRIVE,
    parent: nodeId(1),
    name: 'f',
  } as const
  return { drive: DRIVE, seq, ...about, from: null, source: null, replaces: false, at: 1, by: 'user:ann' }
}
