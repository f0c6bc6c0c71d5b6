/** Runs of the workload that are broken off at one durable step, and what must be true after each. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { DISK, type Disk } from '../../src/blob/disk/disk.ts'
import { inspectDiskBlobs } from '../../src/blob/disk/inspect.ts'
import { StorageError, type Store } from '../../src/engine/index.ts'
import { fsck } from '../../src/fsck/fsck.ts'
import { gc } from '../../src/fsck/gc.ts'
import { openPostgresInspection } from '../../src/store/postgres/inspect.ts'
import { openSqliteInspection } from '../../src/store/sqlite/inspect.ts'
import { breakConnections } from './connections.ts'
import { ForgetfulDisk } from './forgetful-disk.ts'
import { type Picture, pictureOf, uploadsOf } from './picture.ts'
import { countingDisk, countingStore, never, type Point, questioningStore, Steps } from './steps.ts'
import { WORKLOAD } from './workload.ts'
import { type CrashWorld, DAY_MS, databaseOf, type Home, openWorld, settle } from './world.ts'

/** How long the disk may take for calls that were made already, ms. */
const SETTLING_MS = 5

/** What the data folder holds after so many calls were acknowledged, and what it comes to when all work has ended. */
interface Milestone {
  readonly now: number
  readonly uploads: Picture
  readonly settled: Picture
}

export interface Course {
  /** One more than there are calls: before the first, and after each. */
  readonly milestones: readonly Milestone[]
  /** The names of all durable steps, in order. */
  readonly steps: readonly string[]
}

/** The workload undisturbed, with a picture after every call: what any broken run must come to. */
export async function undisturbed(): Promise<Course> {
  return inFolder(async (folder) => {
    const steps = new Steps()
    const world = await openCounted({ folder, database: '' }, steps)
    const milestones = [await milestone(folder, world)]
    // One call after the other is what the workload is.
    for (const call of WORKLOAD) {
      await call.run(world)
      milestones.push(await milestone(folder, world))
    }
    await world.engine.close()
    return { milestones, steps: steps.names }
  })
}

/** On a copy, so that the run goes on as if nobody had looked. */
async function milestone(folder: string, { now }: CrashWorld): Promise<Milestone> {
  return inFolder(async (copy) => {
    // Without the shared-memory file, which belongs to the living; the log has all that it has.
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('-shm') })
    const home = { folder: copy, database: '' }
    const uploads = await uploadsOf(home)
    const world = await openWorld(home, { now })
    await settle(world)
    await world.engine.close()
    return { now, uploads, settled: await pictureOf(home) }
  })
}

/** Every moment of the course: each step from both sides. */
export function allPoints({ steps }: Course): Point[] {
  return steps.flatMap((_, i): Point[] => [
    { step: i + 1, side: 'before' },
    { step: i + 1, side: 'after' },
  ])
}

/** So many of them, evenly spread over the course; all when there are fewer. */
export function spread<Item>(all: readonly Item[], count: number): Item[] {
  if (count >= all.length) return [...all]
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!)
}

/**
 * Tries each, two at a time, so that one waits for the disk while the other works. Throws with all that failed.
 * @param onDone told how many have been tried
 */
export async function tryAll<Item>(
  items: readonly Item[],
  attempt: (item: Item) => Promise<void>,
  onDone: (count: number) => void = () => {},
): Promise<void> {
  const waiting = [...items]
  const failures: string[] = []
  let count = 0
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await attempt(item).catch((error) => failures.push(`${JSON.stringify(item)}: ${error.message}`))
      onDone(++count)
    }
  }
  await Promise.all([worker(), worker()])
  if (failures.length > 0) throw new Error(failures.join('\n'))
}

export interface Packed {
  readonly path: string
  remove(): void
}

/** Packs the child into one file, which starts several times as fast. Returns the file's path, and how to remove it. */
export async function packChild(): Promise<Packed> {
  // Inside the checkout, where its packages are found.
  const root = fileURLToPath(new URL('../../.tmp', import.meta.url))
  mkdirSync(root, { recursive: true })
  const folder = mkdtempSync(join(root, 'crash-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: fileURLToPath(new URL('child.ts', import.meta.url)),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
  return { path: join(folder, 'child.mjs'), remove: () => rmSync(folder, { recursive: true }) }
}

/** Where the runs of a test keep their rows; made anew for each. */
export type MakeDatabase = () => Promise<{ readonly url: string; drop(): Promise<void> }>

/** SQLite, whose rows are in the folder. */
export const inFolderAlone: MakeDatabase = async () => ({ url: '', drop: async () => {} })

/** A process runs the workload and is killed at the point. Throws unless all it acknowledged is there and all is whole. */
export async function killedAt(
  course: Course,
  child: string,
  point: Point,
  make: MakeDatabase = inFolderAlone,
): Promise<void> {
  await inHome(make, async ({ folder, database }) => {
    const running = spawn(process.execPath, [child, folder, String(point.step), point.side, database], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    running.stdout.setEncoding('utf8').on('data', (some: string) => (text += some))
    const [code, signal] = await once(running, 'close')
    if (signal !== 'SIGKILL') throw new Error(`the process was not killed but ended with ${code}`)
    await demandWhole(course, { folder, database }, text.split('\n').length - 1)
  })
}

/** The power goes at the point, and with it all that was not synced. Throws as `killedAt` does. */
export async function powerlessAt(course: Course, point: Point, make: MakeDatabase = inFolderAlone): Promise<void> {
  await inHome(make, async ({ folder, database }) => {
    const data = join(folder, 'data')
    mkdirSync(data)
    const forgetful = new ForgetfulDisk(DISK, join(folder, 'limbo'))
    let goDark = (_: 'dark') => {}
    const dark = new Promise<'dark'>((resolve) => (goDark = resolve))
    const steps = new Steps(point, async (name, side) => {
      steps.ended = true
      goDark('dark')
      // A commit under way is rolled back by whoever opens the file next; all else simply never goes on.
      if (name === 'commit' && side === 'before') throw new StorageError('the power is gone')
      await never()
    })
    const run = { acknowledged: 0, store: null as Store | null }
    const home = { folder: data, database }
    const end = await Promise.race([dark, work(home, steps, forgetful, run)])
    if (end !== 'dark') throw new Error(`there was no step ${point.step}`)
    await run.store?.close()
    // Calls that had been made to the disk before it went may still be on their way.
    await sleep(SETTLING_MS)
    await forgetful.losePower()
    await demandWhole(course, home, run.acknowledged)
  })
}

/** The workload until the world ends; what fails then fails because of it. */
async function work(home: Home, steps: Steps, disk: Disk, run: { acknowledged: number; store: Store | null }) {
  try {
    const world = await openCounted(home, steps, disk, (store) => (run.store = store))
    for (const call of WORKLOAD) {
      await call.run(world)
      if (!steps.ended) run.acknowledged++
    }
    return 'done'
  } catch (error) {
    if (steps.ended) return never()
    throw error
  }
}

/** The disk refuses one step. Throws unless its caller gets an error, can try again, and all ends as it should. */
export async function refusedAt(
  course: Course,
  step: number,
  code: 'EIO' | 'ENOSPC',
  make: MakeDatabase = inFolderAlone,
): Promise<void> {
  await inHome(make, async (home) => {
    let what = ''
    const steps = new Steps({ step, side: 'before' }, (name) => {
      what = name
      const refused = Object.assign(new Error(`${code}: refused`), { code, errno: -5, syscall: name })
      throw name === 'commit' ? new StorageError('the commit was refused', { cause: refused }) : refused
    })
    const failed = await workTwice(() => openCounted(home, steps))
    if (!steps.reached) throw new Error(`there was no step ${step}`)
    // Only what clears away after itself may fail unnoticed.
    if (failed.length === 0 && what !== 'rm') throw new Error(`nobody was told that ${what} was refused`)
    if (failed.length > 1) throw new Error(`one refusal made several calls fail: ${failed.join(', ')}`)
    await demandWhole(course, home, WORKLOAD.length)
  })
}

/**
 * Every connection to the database breaks as a question is about to be asked. Throws unless no more than one call fails, can be
 * tried again, and all ends as it should. Says whether one failed: a connection that was not in use is replaced unnoticed.
 */
export function disconnectedAt(course: Course, question: number, make: MakeDatabase): Promise<boolean> {
  return inHome(make, async (home) => {
    const steps = new Steps({ step: question, side: 'before' }, () => breakConnections(home.database))
    const wrapStore = (store: Store) => questioningStore(store, steps)
    const failed = await workTwice(() => openWorld(home, { wrapStore }))
    if (!steps.reached) throw new Error(`there was no question ${question}`)
    if (failed.length > 1) throw new Error(`one break made several calls fail: ${failed.join(', ')}`)
    await demandWhole(course, home, WORKLOAD.length)
    return failed.length > 0
  })
}

/** How many questions the workload asks the database. */
export async function questionsOf(make: MakeDatabase): Promise<number> {
  const steps = new Steps()
  await inHome(make, (home) =>
    workTwice(() => openWorld(home, { wrapStore: (store) => questioningStore(store, steps) })),
  )
  return steps.names.length
}

/** The workload, each call tried again when it fails as storage may. Returns the names of those that did. */
async function workTwice(open: () => Promise<CrashWorld>): Promise<string[]> {
  const failed: string[] = []
  const twice = async <T>(name: string, attempt: () => Promise<T>): Promise<T> => {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StorageError)) throw new Error(`${name} failed in a way of its own: ${error}`)
      failed.push(name)
      return await attempt()
    }
  }
  const world = await twice('opening', open)
  for (const call of WORKLOAD) await twice(call.name, () => call.run(world))
  await world.engine.close()
  return failed
}

function openCounted(
  home: Home,
  steps: Steps,
  disk: Disk = DISK,
  onStore: (store: Store) => void = () => {},
): Promise<CrashWorld> {
  return openWorld(home, {
    disk: countingDisk(disk, steps),
    wrapStore(store) {
      onStore(store)
      return countingStore(store, steps)
    },
  })
}

/**
 * What a restarted server finds: fsck is content at once, also with the parts of uploads under way; when all work has
 * ended, everything is as after the acknowledged calls, or after one more, which may have been done though nobody was
 * told; and nothing is left over that `gc` would not remove.
 */
async function demandWhole({ milestones }: Course, home: Home, acknowledged: number): Promise<void> {
  const { now } = milestones[acknowledged]!
  const world = await openWorld(home, { now })
  await demandSound(home, now, 'at once')
  const uploads = await uploadsOf(home)
  const possible = [milestones[acknowledged]!, ...milestones.slice(acknowledged + 1, acknowledged + 2)]
  demandOneOf(
    possible.map((one) => one.uploads),
    uploads,
    `at once, after call ${acknowledged}`,
  )
  await settle(world)
  demandOneOf(
    possible.map((one) => one.settled),
    await pictureOf(home),
    `in the end, after call ${acknowledged}`,
  )
  const later = world.now + DAY_MS
  await gc({ ...seenFromOutside(home), now: later }, world)
  const { leftovers } = await demandSound(home, later, 'in the end')
  await world.engine.close()
  if (leftovers.count > 0) throw new Error(`left over after gc: ${JSON.stringify(leftovers.first)}`)
}

function seenFromOutside({ folder, database }: Home) {
  const openRows = async () =>
    database === '' ? openSqliteInspection(databaseOf(folder)) : openPostgresInspection(database)
  return { openRows, bytes: inspectDiskBlobs(folder) }
}

async function demandSound(home: Home, now: number, when: string) {
  const report = await fsck({ ...seenFromOutside(home), now, deep: true })
  const wrong = [...report.faults.map(({ about, says }) => `${about} ${says}`), ...report.strangers]
  if (wrong.length > 0) throw new Error(`${when}: ${wrong.join('; ')}`)
  return report
}

function demandOneOf(possible: readonly Picture[], found: Picture, when: string): void {
  if (possible.some((wanted) => String(wanted) === String(found))) return
  throw new Error(`${when}: ${possible.map((wanted) => difference(found, wanted)).join('\nor\n')}`)
}

function difference(found: Picture, wanted: Picture): string {
  const extra = found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`)
  const missing = wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`)
  return [...extra, ...missing].join('\n')
}

async function inHome<T>(make: MakeDatabase, fn: (home: Home) => Promise<T>): Promise<T> {
  const { url, drop } = await make()
  try {
    return await inFolder((folder) => fn({ folder, database: url }))
  } finally {
    await drop()
  }
}

async function inFolder<T>(fn: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'batchdrive-crash-'))
  try {
    return await fn(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
