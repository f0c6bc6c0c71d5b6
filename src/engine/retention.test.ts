import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import type { Actor } from './actor.ts'
import type { Drive, TrashEntry, UploadId, Version } from './model.ts'
import { EXPIRED_PER_SLICE } from './retention.ts'

const DAY = 24 * 3600_000

let now: number
let server: TestServer
let actor: Actor
beforeEach(async () => {
  now = 1_800_000_000_000
  server = await startServer({ clock: () => now })
  actor = (await server.auth.actor({ tenant: server.demo.tenant, dialect: 'native', app: '', user: 'admin' }))!
})
afterEach(() => server.stop())

const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const
const conflict = { file: 'fail', folder: 'fail', replace: 'trash' } as const

/** Puts folders of these names away. */
async function trash(...names: string[]): Promise<void> {
  const drive = server.demo.drives.admin
  const results = await server.engine.batch(
    actor,
    names.flatMap((name) => [
      { kind: 'createFolder', parent: { drive, path: [] }, name, conflict, naming } as const,
      { kind: 'trash', node: { drive, path: [name] } } as const,
    ]),
  )
  expect(results.map(({ status }) => status)).not.toContain('failed')
}

async function keepFor(trashDays: number | undefined): Promise<void> {
  const settings = (trashDays === undefined ? { trashDays: undefined } : { trashDays }) as object
  const [result] = await server.engine.updateDrives(actor, [{ id: server.demo.drives.admin, set: { settings } }])
  expect(result!.status).toBe('active')
}

/** What is in the trash once the work behind has come to rest. */
async function left(): Promise<string[]> {
  while (await server.engine.work());
  const drives = [server.demo.drives.admin]
  const { items } = await server.engine.trashPage(actor, { drives, after: null, limit: 1000 })
  return items.map(({ entry }) => entry.name).sort()
}

it('what lies in the trash stays for ever unless the drive says otherwise', async () => {
  await trash('a')
  now += 20_000 * DAY
  expect(await left()).toEqual(['a'])
})

it('what has lain in the trash for the days its drive keeps it is destroyed, and not before', async () => {
  await keepFor(3)
  await trash('a')
  now += DAY
  await trash('b')
  now += 2 * DAY - 1
  expect(await left()).toEqual(['a', 'b'])
  now += 1
  expect(await left()).toEqual(['b'])
  now += DAY
  expect(await left()).toEqual([])
  const drive = server.demo.drives.admin
  const log = await server.store.read((tx) => tx.changes({ drive, after: 0, limit: 100 }))
  expect(log.slice(-2).map(({ kind, by }) => `${kind} ${by}`)).toEqual(['purge app:batchdrive', 'purge app:batchdrive'])
})

it('a longer life is for what lies there already, a shorter one only for what comes', async () => {
  await trash('for ever')
  await keepFor(2)
  await trash('two')
  await keepFor(5)
  await keepFor(1)
  await trash('one')
  now += DAY
  expect(await left()).toEqual(['for ever', 'two'])
  now += 4 * DAY - 1
  expect(await left()).toEqual(['for ever', 'two'])
  now += 1
  expect(await left()).toEqual(['for ever'])
})

it('what the drive came to keep for ever stays', async () => {
  await keepFor(1)
  await trash('a')
  await keepFor(undefined)
  now += 10 * DAY
  expect(await left()).toEqual(['a'])
})

it('more than one slice is destroyed by and by', async () => {
  await keepFor(1)
  const names = Array.from({ length: EXPIRED_PER_SLICE + 5 }, (_, at) => `n${at}`)
  await trash(...names)
  now += DAY
  expect(await left()).toEqual([])
})

it.each([0, -1, 1.5, 10_001])('a drive is not told to keep its trash for %d days', async (trashDays) => {
  const [result] = await server.engine.updateDrives(actor, [
    { id: server.demo.drives.admin, set: { settings: { trashDays } } },
  ])
  expect(result).toMatchObject({ status: 'failed', error: { code: 'attribute_invalid', detail: 'trashDays' } })
})

describe('earlier versions', () => {
  const path = ['f']

  async function set(settings: object): Promise<void> {
    const [result] = await server.engine.updateDrives(actor, [{ id: server.demo.drives.admin, set: { settings } }])
    expect(result!.status, JSON.stringify(result)).toBe('active')
  }

  /** Gives the file contents, one after the other, so long apart. */
  async function write(apartMs: number, ...contents: string[]): Promise<void> {
    const drive = server.demo.drives.admin
    const strategy = { file: 'replace', folder: 'fail', replace: 'version' } as const
    const place = { parent: { drive, path: [] }, name: path[0]!, conflict: strategy, naming }
    await contents.reduce(async (before, content) => {
      await before
      now += apartMs
      const [opened] = await server.engine.batch(actor, [{ kind: 'upload', drive, ...place, ttlMs: DAY }])
      const { id: upload } = (opened as { upload: { id: UploadId } }).upload
      await server.engine.writePart(upload, 1, bytes(content))
      const [done] = await server.engine.batch(actor, [{ kind: 'commit', upload, ...place }])
      expect(done!.status).toBe('done')
    }, Promise.resolve())
  }

  async function* bytes(content: string) {
    yield Buffer.from(content)
  }

  /** Numbers of the file's versions, and what the drive's bytes come to, once the work behind has come to rest. */
  async function versions(): Promise<readonly number[]> {
    while (await server.engine.work());
    const drive = server.demo.drives.admin
    const [result] = await server.engine.batch(actor, [{ kind: 'versions', node: { drive, path } }])
    const found = (result as unknown as { versions: Version[] }).versions
    const [{ pools }] = (await server.engine.drives(actor, [drive])) as [Drive]
    expect(pools[0]!.used).toBe(found.reduce((sum, { content }) => sum + content.size, 0))
    return found.map(({ version }) => version)
  }

  it('go when they have been earlier ones for the days their drive keeps them, and not before', async () => {
    await set({ versionDays: 2 })
    await write(0, 'one')
    now += 5 * DAY
    await write(0, 'second')
    await write(DAY, 'the third')
    now += DAY - 1
    expect(await versions()).toEqual([3, 2, 1])
    now += 1
    expect(await versions()).toEqual([3, 2])
    now += DAY
    expect(await versions()).toEqual([3])
    now += 100 * DAY
    expect(await versions()).toEqual([3])
  })

  it('that are there already live as long as the drive says now', async () => {
    await write(DAY, 'one', 'second', 'the third')
    now += 10 * DAY
    expect(await versions()).toEqual([3, 2, 1])
    await set({ versionDays: 11 })
    expect(await versions()).toEqual([3, 2])
    await set({ versionDays: 0 })
    now += 100 * DAY
    expect(await versions()).toEqual([3, 2])
  })

  it('that somebody promised to keep stay; so does what lies in the trash with its last one', async () => {
    const drive = server.demo.drives.admin
    await set({ versionDays: 1 })
    await write(1, 'one', 'second', 'the third')
    await server.engine.batch(actor, [{ kind: 'updateVersion', node: { drive, path }, version: 1, keep: true }])
    now += DAY
    expect(await versions()).toEqual([3, 1])
    await write(1, 'the fourth')
    const [put] = await server.engine.batch(actor, [{ kind: 'trash', node: { drive, path } }])
    expect(await server.engine.trashUsage((await server.engine.drives(actor, [drive])) as Drive[])).toEqual([22])
    now += DAY
    while (await server.engine.work());
    expect(await server.engine.trashUsage((await server.engine.drives(actor, [drive])) as Drive[])).toEqual([13])
    const trash = (put as { trash: TrashEntry }).trash.id
    const node = { drive, trash }
    await server.engine.batch(actor, [{ kind: 'restore', node, conflict, naming, parentGone: 'root' }])
    expect(await versions()).toEqual([4, 1])
  })

  it('more than one slice go by and by', async () => {
    await set({ versionDays: 1, versionsMax: EXPIRED_PER_SLICE + 9 })
    await write(1, 'one', 'second')
    const back = { kind: 'revert', node: { drive: server.demo.drives.admin, path }, version: 1 } as const
    await server.engine.batch(
      actor,
      Array.from({ length: EXPIRED_PER_SLICE + 2 }, () => back),
    )
    now += DAY
    expect(await versions()).toEqual([EXPIRED_PER_SLICE + 4])
  })

  it('merge with what follows them within the time their drive says', async () => {
    await set({ versionMergeMs: 10_000 })
    await write(10_000, 'one', 'second')
    await write(9_999, 'the third', 'four')
    expect(await versions()).toEqual([4, 1])
    const node = { drive: server.demo.drives.admin, path }
    await server.engine.batch(actor, [{ kind: 'updateVersion', node, version: 4, keep: true }])
    await write(1, 'fifth')
    await server.engine.batch(actor, [{ kind: 'revert', node, version: 1 }])
    expect(await versions(), 'neither what is to be kept nor what one goes back from is lost').toEqual([6, 5, 4, 1])
  })

  it.each([{ versionDays: -1 }, { versionDays: 10_001 }, { versionMergeMs: 0.5 }])(
    'a drive is not told %j',
    async (set) => {
      const [result] = await server.engine.updateDrives(actor, [
        { id: server.demo.drives.admin, set: { settings: set } },
      ])
      expect(result).toMatchObject({
        status: 'failed',
        error: { code: 'attribute_invalid', detail: Object.keys(set)[0] },
      })
    },
  )
})
