/**
 * `npx tsx bench/upkeep.ts [--nodes N] [--store postgres|sqlite]`: how long it takes to look after a deployment of so many
 * nodes, and how much memory: fsck, gc with a tenth of it destroyed, backup, restore, and moving its rows to the other store.
 * Starts PostgreSQL servers of its own, which sync as they should.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { inspectData, openData, openUpkeep } from '../src/app.ts'
import { createDiskBlobs } from '../src/blob/disk/create.ts'
import { type Actor, ALL_ACTIONS, createEngine, type TenantId, type UploadId } from '../src/engine/index.ts'
import { fsck } from '../src/fsck/fsck.ts'
import { gc } from '../src/fsck/gc.ts'
import type { Place } from '../src/place.ts'
import { backUp, moveRows, restore } from '../src/upkeep.ts'
import { startCluster } from '../tests/postgres/cluster.ts'
import { CONTENTS, contentText, plantLargeTree } from '../tests/task/plant.ts'
import { machine } from './report.ts'

const DRIVES = 10
const MEMORY_LOOKED_AT_MS = 20

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000000' },
    store: { type: 'string', default: 'postgres' },
    // Only plants there, as JSON: in a process of its own, whose memory is not that of what is measured.
    plant: { type: 'string' },
  },
})
const nodes = Number(values.nodes)
const admin: Actor = {
  tenant: 'acme' as TenantId,
  ...{
    self: 'user:admin',
    subjects: ['user:admin', 'everyone'],
    admin: true,
    app: '',
    drives: null,
    dialect: 'native',
  },
  allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
}

if (values.plant) await plant(JSON.parse(values.plant))
else await measureAll()

async function measureAll(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'batchdrive-upkeep-'))
  const cluster = await startCluster({ isDurable: true })
  const place = (folder: string, name: string, isPostgres: boolean) =>
    makePlace(join(root, folder), isPostgres ? { url: cluster.url, name } : null)
  try {
    const here = await place('here', 'here', values.store === 'postgres')
    const there = await place('here', 'there', values.store !== 'postgres')
    // Rows that were moved stay in a database until it is dropped.
    const again = await place('here', 'again', values.store === 'postgres')
    const restored = await place('restored', 'restored', values.store === 'postgres')
    const plain = { dataDir: join(root, 'plain'), database: '' }
    execFileSync(process.execPath, [...process.execArgv, ...process.argv.slice(1), '--plant', JSON.stringify(here)])
    console.log(`${nodes} nodes in ${DRIVES} drives, rows in ${values.store}; ${machine()}\n`)
    console.log('| what | seconds | nodes a second | memory at most, MiB |\n|---|---:|---:|---:|')
    await measure('fsck', () => sound(here))
    const backup = join(root, 'backup')
    const options = { to: backup, version: '0', link: false, keys: true, prune: false }
    await measure('backup', () => backUp(here, options))
    await measure('restore into the same kind of store, with fsck', () => restore(backup, restored))
    await measure('restore into a folder, with fsck', () => restore(backup, plain))
    await measure('copy-store to the other store, with fsck on both sides', () => moveRows(here, there))
    await measure('copy-store back', () => moveRows(there, again))
    await destroy(again)
    await measure('gc of a tenth of it', () => collect(again), nodes / DRIVES)
    await measure('fsck after it', () => sound(again))
  } finally {
    await cluster.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

async function makePlace(dataDir: string, database: { url: string; name: string } | null): Promise<Place> {
  if (!database) return { dataDir, database: '' }
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`create database ${database.name}`)
  await client.end()
  const url = new URL(database.url)
  url.pathname = `/${database.name}`
  return { dataDir, database: url.href }
}

async function plant(place: Place): Promise<void> {
  const { store, secret } = await openData(place)
  const blobs = await createDiskBlobs({ folder: place.dataDir })
  const engine = createEngine({ store, blobs, secret, clock: Date.now })
  await Promise.all(Array.from({ length: CONTENTS }, (_, seed) => seal(blobs, seed)))
  const specs = Array.from({ length: DRIVES }, (_, at) => ({ name: `drive ${at}`, owner: 'user:alice' as const }))
  const drives = await engine.createDrives(admin, specs)
  for (const drive of drives) await plantLargeTree(store, drive, 'large', nodes / DRIVES)
  await engine.close()
}

async function seal(blobs: Awaited<ReturnType<typeof createDiskBlobs>>, seed: number): Promise<void> {
  const key = { upload: seed.toString(16).padStart(32, '0') as UploadId, part: 1 }
  const bytes = (async function* () {
    yield Buffer.from(contentText(seed))
  })()
  await blobs.stage(key, bytes, 1_000)
  await blobs.seal([key])
  await blobs.discard([key.upload])
}

async function destroy(place: Place): Promise<void> {
  const { store, secret } = await openData(place)
  const engine = createEngine({
    ...{ store, secret, clock: Date.now },
    blobs: await createDiskBlobs({ folder: place.dataDir }),
  })
  const { items } = await engine.listDrives(admin, { owners: null, after: 0, limit: 1 })
  await engine.deleteDrives(
    admin,
    items.map(({ id }) => id),
  )
  await engine.close()
}

async function sound(place: Place): Promise<void> {
  const { faults } = await fsck({ ...inspectData(place), now: Date.now() })
  if (faults.length > 0) throw new Error(`${faults[0]!.about} ${faults[0]!.says}`)
}

async function collect(place: Place): Promise<void> {
  const tools = await openUpkeep(place)
  try {
    await gc({ ...inspectData(place), now: Date.now() }, tools)
  } finally {
    await tools.close()
  }
}

async function measure(what: string, run: () => Promise<unknown>, amount = nodes): Promise<void> {
  global.gc?.()
  let most = 0
  const look = () => {
    most = Math.max(most, process.memoryUsage().rss)
  }
  const looking = setInterval(look, MEMORY_LOOKED_AT_MS)
  const begun = performance.now()
  await run()
  const seconds = (performance.now() - begun) / 1000
  look()
  clearInterval(looking)
  console.log(`| ${what} | ${seconds.toFixed(1)} | ${Math.round(amount / seconds)} | ${Math.round(most / 2 ** 20)} |`)
}
