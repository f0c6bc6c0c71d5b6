/**
 * `npx tsx bench/search.ts [--nodes N] [--rounds N] [--database URL]`: what searches cost in a drive of so many nodes, in the
 * engine, on SQLite or on an empty PostgreSQL database. Tells the median and the slowest of the rounds of each search.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createDiskBlobs } from '../src/blob/disk/create.ts'
import { emptyChanges } from '../src/engine/effects.ts'
import { termsOf } from '../src/engine/gram.ts'
import {
  ACTIONS,
  type Actor,
  ALL_ACTIONS,
  type Change,
  createEngine,
  type Drive,
  type Engine,
  type Node,
  type NodeId,
  type SearchQuery,
  type Store,
  type TenantId,
  type Where,
} from '../src/engine/index.ts'
import { createPostgresStore } from '../src/store/postgres/store.ts'
import { createSqliteStore } from '../src/store/sqlite/store.ts'
import { median } from './measure.ts'
import { machine } from './report.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '9' },
    database: { type: 'string' },
  },
})
const nodes = Number(values.nodes)
const rounds = Number(values.rounds)
const CHUNK = 5_000
const FILES_PER_FOLDER = 100
const FOLDERS_PER_FOLDER = 50
const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 1)

const CHINESE = [...'年度报告会议纪要合同项目计划财务预算销售数据客户资料产品设计方案测试文档培训通知采购订单']
const LATIN =
  `report meeting contract project plan finance budget sales data client product design test manual training notice
  order draft final review summary invoice photo holiday backup archive source release notes budget draft`.split(/\s+/)
const EXTENSIONS = ['pdf', 'docx', 'xlsx', 'pptx', 'jpg', 'jpg', 'jpg', 'png', 'mp4', 'txt', 'zip', 'dwg']

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const admin: Actor = {
  tenant: 'bench' as TenantId,
  self: 'user:admin',
  subjects: ['user:admin', 'everyone'],
  admin: true,
  app: '',
  drives: null,
  allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
  dialect: 'native',
}
const guest: Actor = { ...admin, self: 'user:guest', subjects: ['user:guest', 'everyone'], admin: false }

function layOut(drive: Drive, ids: readonly NodeId[]): Node[] {
  const random = numbers(7)
  const pick = (list: readonly string[]) => list[random(list.length)]!
  const word = () => (random(2) ? pick(LATIN) : Array.from({ length: 2 + random(3) }, () => pick(CHINESE)).join(''))
  const folders: NodeId[] = [drive.root]
  return ids.map((id, index): Node => {
    const isFolder = index % FILES_PER_FOLDER === 0
    const parent = folders[isFolder ? Math.floor(folders.length / FOLDERS_PER_FOLDER) : folders.length - 1]!
    if (isFolder) folders.push(id)
    const stem = `${word()} ${word()} ${index}`
    const name = isFolder ? stem : `${stem}.${pick(EXTENSIONS)}`
    const createdAt = NOW - random(1_000 * DAY)
    const updatedAt = createdAt + random(NOW - createdAt)
    const labels = random(1_000) === 0 ? { labels: [`label ${random(10)}`] } : {}
    const content = isFolder
      ? null
      : { digest: id.toString(16).padStart(64, '0'), size: 2 ** random(30), md5: '', sha1: '', crc64: '' }
    const by = { creator: 'user:admin', modifier: 'user:admin' } as const
    const place = { drive: drive.id, id, parent, name, key: name, twin: 0, born: drive.id }
    const times = { createdAt, updatedAt, ...by, attributes: labels }
    return { ...place, kind: isFolder ? 'folder' : 'file', content, version: isFolder ? 0 : 1, rev: 1, ...times }
  })
}

async function plant(store: Store, engine: Engine): Promise<{ drive: Drive; made: Node[]; plantedMs: number }> {
  const [drive] = (await engine.createDrives(admin, [{ name: 'bench', owner: 'user:admin' }])) as [Drive]
  const ids = (await store.write((tx) => tx.ids('node', nodes))) as NodeId[]
  const made = layOut(drive, ids)
  const begun = performance.now()
  for (let from = 0; from < made.length; from += CHUNK) {
    const insertNodes = made.slice(from, from + CHUNK)
    const putTerms = insertNodes.map((node) => ({ drive: node.drive, node: node.id, terms: termsOf(node) }))
    await store.write((tx) => tx.apply({ ...emptyChanges(), insertNodes, putTerms }))
  }
  await log(store, drive, made)
  return { drive, made, plantedMs: performance.now() - begun }
}

/** One entry a node, in the order of their last changes. */
async function log(store: Store, drive: Drive, made: readonly Node[]): Promise<void> {
  const entries = made
    .toSorted((a, b) => a.updatedAt - b.updatedAt)
    .map(({ id, kind, parent, name, updatedAt }, index): Change => {
      const about = {
        drive: drive.id,
        seq: index + 1,
        kind: 'create',
        node: id,
        nodeKind: kind,
        born: drive.id,
      } as const
      return { ...about, parent, name, from: null, replaces: false, at: updatedAt, by: 'user:admin' }
    })
  for (let from = 0; from < entries.length; from += CHUNK) {
    const insertChanges = entries.slice(from, from + CHUNK)
    const driveSeqs = [{ id: drive.id, seq: insertChanges.at(-1)!.seq, trashSeq: 0 }]
    await store.write((tx) => tx.apply({ ...emptyChanges(), insertChanges, driveSeqs }))
  }
}

/** What the database does by itself within a minute of so many new rows. */
async function analyze(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('vacuum analyze')
  await client.end()
}

const name = (text: string): Where => ({ field: 'name', is: 'contains', text })
const BY_UPDATE: SearchQuery['order'] = [{ by: 'updated', descending: true }]

function searches(folder: Node): [what: string, actor: Actor, query: Partial<SearchQuery>][] {
  const since = (days: number): Where => ({ field: 'created', is: '>=', value: NOW - days * DAY })
  return [
    ['name contains a word and a number, `report 12345`', admin, { where: name('report 12345') }],
    ['name contains a number, `54321`', admin, { where: name('54321') }],
    ['name contains four ideographs, `报告合同`', admin, { where: name('报告合同') }],
    ['name contains two ideographs, `年度`', admin, { where: name('年度') }],
    ['name contains one ideograph, `购`', admin, { where: name('购') }],
    ['name contains two letters, `oi`', admin, { where: name('oi') }],
    ['a label', admin, { where: { field: 'label', in: ['label 3'] } }],
    ['an extension and a word', admin, { where: { all: [{ field: 'extension', in: ['dwg'] }, name('invoice')] } }],
    ['an extension, one file in twelve', admin, { where: { field: 'extension', in: ['dwg'] } }],
    ['created within three days', admin, { where: since(3) }],
    ['updated within a day', admin, { where: { field: 'updated', is: '>=', value: NOW - DAY } }],
    [
      'larger than 256 MiB with a word',
      admin,
      { where: { all: [{ field: 'size', is: '>', value: 2 ** 28 }, name('photo')] } },
    ],
    ['name contains `年度`, counted', admin, { where: name('年度'), count: true }],
    ['below a folder, `report`', admin, { where: name('report'), below: { drive: folder.drive, id: folder.id } }],
    ['a guest who sees one folder, `report`', guest, { where: name('report') }],
    ['everything', admin, { where: null }],
  ]
}

const folder = mkdtempSync(join(tmpdir(), 'batchdrive-bench-'))
const store: Store = values.database
  ? await createPostgresStore({ url: values.database })
  : createSqliteStore({ file: join(folder, 'metadata.db') })
const blobs = await createDiskBlobs({ folder: join(folder, 'blobs'), clock: Date.now })
const engine = createEngine({ store, blobs, clock: () => NOW, secret: Buffer.alloc(32, 7) })
try {
  const { drive, made, plantedMs } = await plant(store, engine)
  if (values.database) await analyze(values.database)
  const shared = made[FILES_PER_FOLDER * 100]!
  const op = { kind: 'grant', node: { drive: drive.id, id: shared.id }, subject: 'user:guest' } as const
  await engine.batch(admin, [{ ...op, actions: ACTIONS.list, role: '', expiresAt: 0 }])
  console.log(`${nodes} nodes planted in ${(plantedMs / 1000).toFixed(1)} s; ${machine()}\n`)
  console.log('| search, a page of 100, latest change first | found | median ms | slowest ms |\n|---|---:|---:|---:|')
  for (const [what, actor, query] of searches(shared)) {
    const whole = {
      drives: [drive.id],
      where: null,
      trashed: 'no',
      order: BY_UPDATE,
      limit: 100,
      cursor: null,
    } as const
    const times: number[] = []
    let found = ''
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now()
      const page = await engine.search(actor, { ...whole, ...query })
      times.push(performance.now() - begun)
      if (!('items' in page)) throw new Error(`a search failed: ${JSON.stringify(page)}`)
      found = page.total === null ? `${page.items.length}${page.next ? '+' : ''}` : String(page.total)
      if (performance.now() - begun > 2_000) break
    }
    console.log(`| ${what} | ${found} | ${median(times).toFixed(1)} | ${Math.max(...times).toFixed(1)} |`)
  }
} finally {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
}
