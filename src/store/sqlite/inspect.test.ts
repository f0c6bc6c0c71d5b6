import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../../engine/index.ts'
import { inspectionConformance } from '../conformance/inspection.ts'
import { Database } from './driver.ts'
import { openSqliteInspection } from './inspect.ts'
import { createSqliteStore } from './store.ts'

inspectionConformance('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchdrive-inspect-'))
  const file = join(folder, 'drive.db')
  const store = createSqliteStore({ file })
  return {
    store,
    inspect: async () => openSqliteInspection(file),
    async damage(...statements) {
      const db = new Database(file)
      for (const sql of statements) db.exec(sql)
      db.close()
    },
    unindexSql: (node) => `delete from node_term where rowid = ${node}`,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})

describe('A database file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchdrive-inspect-'))
    file = join(folder, 'drive.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('that is not there is not made', () => {
    expect(() => openSqliteInspection(file)).toThrow(StorageError)
    expect(readdirSync(folder)).toEqual([])
  })

  it('of another schema, or that is none, is refused', async () => {
    await createSqliteStore({ file }).close()
    const db = new Database(file)
    db.exec('insert into migration (number, applied_at) values (99, 0)')
    db.close()
    expect(() => openSqliteInspection(file)).toThrow(/schema 99/)
    writeFileSync(file, 'no database at all, but long enough to be taken for one'.repeat(20))
    expect(() => openSqliteInspection(file)).toThrow(StorageError)
  })

  it('is not written to', async () => {
    await createSqliteStore({ file }).close()
    const before = readFileSync(file)
    const inspection = openSqliteInspection(file)
    await inspection.counts()
    await inspection.close()
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('with a damaged page or an index that disagrees with its table is said to be damaged', async () => {
    await createSqliteStore({ file }).close()
    const db = new Database(file)
    db.exec("insert into tenant values ('acme', 'x', 1, '{}')")
    db.unsafeMode()
    db.pragma('writable_schema = on')
    db.exec(
      "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = 'token_expiry') where name = 'upload_expiry'",
    )
    db.close()
    const inspection = openSqliteInspection(file)
    const [fault] = await inspection.faults('storage', 10)
    expect(fault).toMatchObject({ check: 'storage', about: 'the database file' })
    await inspection.close()
    truncateSync(file, 4096 * 3)
    expect(() => openSqliteInspection(file)).toThrow(StorageError)
  })
})
