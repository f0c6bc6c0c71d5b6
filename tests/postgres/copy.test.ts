/** Rows carried from SQLite to PostgreSQL and back. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { copyRows, demandSameRows } from '../../src/copy/rows.ts'
import { CHECKS, type CheckName, type Inspection, type RowWriter, StorageError } from '../../src/engine/index.ts'
import { openPostgresInspection } from '../../src/store/postgres/inspect.ts'
import { openPostgresRows, openPostgresRowWriter } from '../../src/store/postgres/rows.ts'
import { openSqliteInspection } from '../../src/store/sqlite/inspect.ts'
import { openSqliteRows, openSqliteRowWriter } from '../../src/store/sqlite/rows.ts'
import { WORKLOAD } from '../crash/workload.ts'
import { type CrashWorld, databaseOf, openWorld } from '../crash/world.ts'
import { createTestDatabase, type TestDatabase } from '../store.ts'

let folder: string
let world: CrashWorld
let database: TestDatabase
const file = () => databaseOf(folder)
const copyFile = () => join(folder, 'copy.db')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-copy-'))
  world = await openWorld({ folder, database: '' })
  // A few calls short of its end: something of everything is under way.
  for (const call of WORKLOAD.slice(0, -8)) await call.run(world)
  const odd = { name: 'a\0b \u{10fffe} “é”', createdAt: 2 ** 53 - 1, extra: { 'x.y': ['\\"{}', null] } }
  await world.store.write((tx) => tx.putTenants([{ ...odd, id: 'odd' as never }]))
  database = await createTestDatabase('')
})
afterEach(async () => {
  await world.engine.close()
  await database.drop()
  rmSync(folder, { recursive: true })
})

/** Copies there, compares, and closes both. */
async function carry(to: RowWriter, from = openSqliteRows(file())): Promise<number> {
  try {
    await copyRows(from, to)
    const count = await demandSameRows(from, to)
    await to.finish()
    return count
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}

async function faults(inspection: Inspection): Promise<string[]> {
  const found: string[] = []
  for (const name of Object.keys(CHECKS) as CheckName[])
    found.push(...(await inspection.faults(name, 100)).map(({ about, says }) => `${about} ${says}`))
  await inspection.close()
  return found
}

it('a deployment goes to PostgreSQL and back with every row, and can be searched in both', async () => {
  const count = await carry(await openPostgresRowWriter(database.url))
  expect(count).toBeGreaterThan(100)
  expect(await faults(await openPostgresInspection(database.url))).toEqual([])
  const back = openSqliteRowWriter(copyFile())
  expect(await carry(back, await openPostgresRows(database.url))).toBe(count)
  expect(await faults(openSqliteInspection(copyFile()))).toEqual([])
  const [here, again] = [openSqliteRows(file()), openSqliteRows(copyFile())]
  expect(await demandSameRows(here, again)).toBe(count)
  await Promise.all([here.close(), again.close()])
})

it('a copy that was interrupted goes on where it stopped', async () => {
  for (let writes = 0; writes < 100; writes++) {
    const to = await openPostgresRowWriter(database.url)
    let left = 2
    const breaking: RowWriter = {
      ...to,
      write(...given) {
        if (left-- === 0) throw new StorageError('interrupted')
        return to.write(...given)
      },
    }
    const broken = await carry(breaking).catch((error) => error)
    if (typeof broken === 'number') {
      expect(writes).toBeGreaterThan(3)
      break
    }
    expect(broken.message).toBe('interrupted')
  }
  expect(await faults(await openPostgresInspection(database.url))).toEqual([])
})

it('a source that changed meanwhile is noticed, and a target that is in use is refused', async () => {
  const to = await openPostgresRowWriter(database.url)
  const from = openSqliteRows(file())
  await copyRows(from, to)
  await from.close()
  await world.store.write((tx) => tx.putTenants([{ id: 'late' as never, name: '', createdAt: 1, extra: {} }]))
  const later = openSqliteRows(file())
  await expect(demandSameRows(later, to)).rejects.toThrow(/differs .* tenant \(3 rows here, 2 there\)/)
  await later.close()
  await to.finish()
  await to.close()
  await expect(carry(await openPostgresRowWriter(database.url))).rejects.toThrow(/empty database/)
})
