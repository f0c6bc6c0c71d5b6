/** What fsck says of rows and bytes that disagree, and of work in progress. */
import { mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inspectDiskBlobs } from '../src/blob/disk/inspect.ts'
import type { DriveId, Inspection } from '../src/engine/index.ts'
import { FRESH_MS } from '../src/fsck/bytes.ts'
import { fsck } from '../src/fsck/fsck.ts'
import { byId, purge, putFile, putFolders, staged, trash } from './engine/ops.ts'
import { alice, createDrive, createWorld, done, settleDown, type World } from './engine/world.ts'

let world: World
let drive: DriveId
beforeEach(async () => {
  world = await createWorld()
  await world.store.write((tx) => tx.putTenants([{ id: alice.tenant, name: 'Acme', createdAt: 1, extra: {} }]))
  drive = (await createDrive(world)).id
})
afterEach(() => world.stop())

const blobsFolder = () => join(world.folder, 'blobs')
const bytes = () => inspectDiskBlobs(blobsFolder())
const openRows = (): Promise<Inspection> => world.database.inspect()
const blobPath = (digest: string) => join(blobsFolder(), 'blobs', digest.slice(0, 2), digest.slice(2, 4), digest)

const SOUND = { faults: [], leftovers: [], strangers: [] }

/** Long after the last upload, so that nothing counts as work in progress. */
async function look({ deep = false, now = Date.now() + 2 * FRESH_MS, rows = openRows } = {}) {
  const { faults, leftovers, strangers } = await fsck({ openRows: rows, bytes: bytes(), now, deep })
  expect(leftovers).toMatchObject({ count: leftovers.first.length })
  return { faults: faults.map(({ about, says }) => `${about} ${says}`), leftovers: leftovers.first, strangers }
}

const spoil = (sql: string) => world.database.run(sql)

it('a busy drive is sound, in the middle of its work and after it', async () => {
  await putFolders(world, alice, drive, ['a', 'a/b'])
  const file = await putFile(world, alice, drive, 'a/b/one.txt', 'one')
  const other = await putFile(world, alice, drive, 'a/two.txt', 'two')
  await staged(world, alice, drive, 'three')
  await done(world, alice, [trash(byId(other)), purge(byId(file))])
  expect(await look({ deep: true })).toEqual(SOUND)
  await settleDown(world)
  expect(await look({ deep: true })).toEqual(SOUND)
})

it('lost, shortened and altered bytes are found; altered ones of the same length only by reading them', async () => {
  const texts = ['lost', 'shortened', 'altered']
  const made = []
  for (const text of texts) made.push(await putFile(world, alice, drive, text, `the ${text} bytes`))
  const [lost, shortened, altered] = made.map(({ content }) => content!.digest) as [string, string, string]
  rmSync(blobPath(lost))
  truncateSync(blobPath(shortened), 3)
  const text = readFileSync(blobPath(altered))
  text[0]! ^= 1
  writeFileSync(blobPath(altered), text)
  const plain = [`blob ${shortened} has 3 bytes, not 19`, `blob ${lost} is not there`]
  expect((await look()).faults).toEqual(plain)
  const all = [...plain, `blob ${altered} has other bytes than its name says`]
  expect((await look({ deep: true })).faults.sort()).toEqual(all.sort())
})

it('a part that was acknowledged must be staged as it was sent', async () => {
  const gone = await staged(world, alice, drive, 'a part')
  const whole = await staged(world, alice, drive, 'another part')
  rmSync(join(blobsFolder(), 'staging', gone.id), { recursive: true })
  expect((await look()).faults).toEqual([`part 1 of upload ${gone.id} is not staged as it was sent`])
  await spoil(`update upload_part set md5 = 'x' where upload_id = '${whole.id}'`)
  expect((await look()).faults.sort()).toEqual(
    [gone, whole].map(({ id }) => `part 1 of upload ${id} is not staged as it was sent`).sort(),
  )
})

it('bytes of nobody are left over, once they are too old to be work in progress', async () => {
  const upload = 'ab'.repeat(16)
  const digest = 'cd'.repeat(32)
  mkdirSync(join(blobsFolder(), 'staging', upload))
  writeFileSync(join(blobsFolder(), 'staging', upload, 'x'), 'xyz')
  mkdirSync(join(blobPath(digest), '..'), { recursive: true })
  writeFileSync(blobPath(digest), 'nobody’s')
  // A name that is none of ours may be anybody's.
  expect(await look({ now: Date.now() })).toEqual({ ...SOUND, strangers: [`staging/${upload}/x`] })
  rmSync(join(blobsFolder(), 'staging', upload, 'x'))
  writeFileSync(join(blobsFolder(), 'temporary', '999999999-1.tmp'), 'half')
  writeFileSync(join(blobsFolder(), 'temporary', `${process.ppid}-1.tmp`), 'being written')
  expect((await look()).leftovers).toEqual([
    { kind: 'blob', name: digest, size: 10 },
    { kind: 'upload', name: upload, size: 0 },
    { kind: 'temporary', name: 'temporary/999999999-1.tmp', size: 4 },
  ])
})

it('what comes and goes while it looks is not wrong', async () => {
  const early = await putFile(world, alice, drive, 'early', 'early bytes')
  const session = await staged(world, alice, drive, 'a part')
  const before = await openRows()
  // The sweep takes a blob and an upload away, and a new file arrives, all after the rows were read.
  await spoil(`delete from version; delete from blob; delete from upload; delete from upload_part`)
  rmSync(blobPath(early.content!.digest))
  rmSync(join(blobsFolder(), 'staging', session.id), { recursive: true })
  const late = await putFile(world, alice, drive, 'late', 'late bytes')
  utimesSync(blobPath(late.content!.digest), 1, 1)
  const states = [before]
  expect(await look({ rows: async () => states.pop() ?? openRows() })).toEqual(SOUND)
})

it('a drive that is being worked on is never wrong', async () => {
  let isDone = false
  const working = (async () => {
    for (let i = 0; !isDone; i++) {
      const file = await putFile(world, alice, drive, `file ${i}`, `bytes ${i}`)
      await staged(world, alice, drive, `part ${i}`)
      if (i % 2 === 0) await done(world, alice, [purge(byId(file))])
      world.now += FRESH_MS
      await world.engine.work()
    }
  })()
  const looks = []
  for (let i = 0; i < 10; i++) looks.push((await look({ now: world.now })).faults)
  isDone = true
  await working
  expect(looks.flat()).toEqual([])
})
