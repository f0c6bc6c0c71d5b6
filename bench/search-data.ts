/** A drive of many nodes to be searched: laid out the same every time, and kept for the next run where a place is named. */
import { emptyChanges } from '../src/engine/effects.ts'
import { termsOf } from '../src/engine/gram.ts'
import {
  type Actor,
  ALL_ACTIONS,
  type Change,
  type Drive,
  type Engine,
  type Node,
  type NodeId,
  type Store,
  type TenantId,
} from '../src/engine/index.ts'

export const NOW = Date.UTC(2026, 10, 1)
export const DAY = 86_400_000
const CHUNK = 5_000
const FILES_PER_FOLDER = 100
const FOLDERS_PER_FOLDER = 50
/** Of twenty folders at the top, as many are below each of three: half of the nodes, nearly half, and what is in the trash. */
const SIDES = [...Array<number>(10).fill(0), ...Array<number>(9).fill(1), 2]

const CHINESE = [...'年度报告会议纪要合同项目计划财务预算销售数据客户资料产品设计方案测试文档培训通知采购订单']
const LATIN =
  `report meeting contract project plan finance budget sales data client product design test manual training notice
  order draft final review summary invoice photo holiday backup archive source release notes budget draft`.split(/\s+/)
const EXTENSIONS = ['pdf', 'docx', 'xlsx', 'pptx', 'jpg', 'jpg', 'jpg', 'png', 'mp4', 'txt', 'zip', 'dwg']

export const admin: Actor = {
  tenant: 'bench' as TenantId,
  self: 'user:admin',
  subjects: ['user:admin', 'everyone'],
  admin: true,
  app: '',
  drives: null,
  allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
  dialect: 'native',
}

export interface Planted {
  readonly drive: Drive
  /** The folder with half of everything, and one with a few hundred nodes. */
  readonly half: NodeId
  readonly small: NodeId
}

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function layOut(drive: Drive, ids: readonly NodeId[]): Node[] {
  const random = numbers(7)
  const pick = (list: readonly string[]) => list[random(list.length)]!
  const word = () => (random(2) ? pick(LATIN) : Array.from({ length: 2 + random(3) }, () => pick(CHINESE)).join(''))
  const sides: NodeId[][] = [[], [], []]
  let folder = drive.root
  return ids.map((id, index): Node => {
    const isFolder = index % FILES_PER_FOLDER === 0
    const number = index / FILES_PER_FOLDER
    const side = sides[number < 3 ? number : SIDES[number % SIDES.length]!]!
    const parent = isFolder ? (side[Math.floor(side.length / FOLDERS_PER_FOLDER)] ?? drive.root) : folder
    if (isFolder) {
      folder = id
      side.push(id)
    }
    const stem = `${word()} ${word()} ${index}`
    const name = isFolder ? stem : `${stem}.${pick(EXTENSIONS)}`
    const createdAt = NOW - random(1_000 * DAY)
    // Two files in three stay as they were made.
    const updatedAt = createdAt + (random(3) === 0 ? random(NOW - createdAt) : 0)
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

/** Lays a drive out, or finds the one that an earlier run left. */
export async function plant(store: Store, engine: Engine, nodes: number): Promise<Planted & { plantedMs: number }> {
  const { tenant, self } = admin
  const [kept] = await store.read((tx) => tx.drivesOf({ tenant, owners: [self], after: 0, limit: 1 }))
  const begun = performance.now()
  const drive = kept ?? (await fill(store, engine, nodes))
  const order = {
    drive: drive.id,
    by: 'id',
    descending: false,
    after: null,
    probe: null,
    inFull: true,
    limit: 4,
  } as const
  const first = await store.read((tx) => tx.ordered(order))
  // Ids follow one another: the hidden folders', and then those laid out.
  const top = first.nodes.find(({ name }) => name !== '')!.id
  const at = (index: number) => (top + index) as NodeId
  const small = Math.floor(nodes / FILES_PER_FOLDER / SIDES.length / 2) * SIDES.length * FILES_PER_FOLDER
  return { drive, half: at(0), small: at(small), plantedMs: kept ? 0 : performance.now() - begun }
}

async function fill(store: Store, engine: Engine, nodes: number): Promise<Drive> {
  const [drive] = (await engine.createDrives(admin, [{ name: 'bench', owner: admin.self }])) as [Drive]
  const ids = (await store.write((tx) => tx.ids('node', nodes))) as NodeId[]
  const made = layOut(drive, ids)
  for (let from = 0; from < made.length; from += CHUNK) {
    const insertNodes = made.slice(from, from + CHUNK)
    const putTerms = insertNodes.map((node) => ({ drive: node.drive, node: node.id, terms: termsOf(node) }))
    await store.write((tx) => tx.apply({ ...emptyChanges(), insertNodes, putTerms }))
  }
  await log(store, drive, made)
  const gone = { drive: drive.id, id: made[2 * FILES_PER_FOLDER]!.id }
  await engine.batch(admin, [{ kind: 'trash', node: gone }])
  return drive
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
      return { ...about, parent, name, from: null, source: null, replaces: false, at: updatedAt, by: 'user:admin' }
    })
  for (let from = 0; from < entries.length; from += CHUNK) {
    const insertChanges = entries.slice(from, from + CHUNK)
    const driveSeqs = [{ id: drive.id, seq: insertChanges.at(-1)!.seq, trashSeq: 0 }]
    await store.write((tx) => tx.apply({ ...emptyChanges(), insertChanges, driveSeqs }))
  }
}
