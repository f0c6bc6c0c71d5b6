import { afterEach, beforeEach, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../tests/server.ts'
import type { Actor } from './actor.ts'
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
