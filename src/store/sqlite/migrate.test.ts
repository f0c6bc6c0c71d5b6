import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { StorageError } from '../../engine/index.ts'
import { Database } from './driver.ts'
import { migrate } from './migrate.ts'
import { createSqliteStore } from './store.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batchdrive-migrate-'))
  file = join(folder, 'deeper', 'drive.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const FIRST = 'create table pear (id integer primary key)'
const SECOND = 'alter table pear add column weight integer'

const steps = (db: Database) => db.prepare('select number from migration order by number').pluck().all()

it('the steps a file lacks are applied in order, each once', () => {
  const db = new Database(':memory:')
  migrate(db, [FIRST])
  migrate(db, [FIRST, SECOND])
  migrate(db, [FIRST, SECOND])
  db.exec('insert into pear (id, weight) values (1, 2)')
  expect(steps(db)).toEqual([1, 2])
  db.close()
})

it('a step that fails is not applied in part, and can be applied later', () => {
  const db = new Database(':memory:')
  expect(() => migrate(db, [FIRST, `${SECOND}; insert into nowhere values (1)`])).toThrow(/nowhere/)
  expect(steps(db)).toEqual([1])
  expect(() => db.exec('select weight from pear')).toThrow(/weight/)
  migrate(db, [FIRST, SECOND])
  expect(steps(db)).toEqual([1, 2])
  db.close()
})

it('a file that newer code has written is refused and left as it is', async () => {
  await createSqliteStore({ file }).close()
  const db = new Database(file)
  db.exec('insert into migration (number, applied_at) values (99, 0)')
  expect(() => createSqliteStore({ file })).toThrow(StorageError)
  expect(() => createSqliteStore({ file })).toThrow(/schema 99/)
  expect(steps(db)).toContain(99)
  db.close()
})

it('two stores may be opened on a new file at once', async () => {
  const stores = [createSqliteStore({ file }), createSqliteStore({ file })]
  expect(await Promise.all(stores.map((store) => store.read((tx) => tx.count('node'))))).toEqual([0, 0])
  await Promise.all(stores.map((store) => store.close()))
})

it('a store opened again has what was written', async () => {
  const tenant = { id: 'acme' as never, name: 'Acme', createdAt: 1, extra: {} }
  const first = createSqliteStore({ file })
  await first.write((tx) => tx.putTenants([tenant]))
  await first.close()
  const second = createSqliteStore({ file })
  expect(await second.read((tx) => tx.tenants([tenant.id]))).toEqual([tenant])
  await second.close()
})

it('a file that is no database is refused', () => {
  mkdirSync(join(folder, 'deeper'))
  writeFileSync(file, 'a letter to my aunt, long enough to be taken for a header of something else entirely')
  expect(() => createSqliteStore({ file })).toThrow(/not a database/)
})

it('only its owner may read the file and its log', async () => {
  const store = createSqliteStore({ file })
  await store.write((tx) => tx.ids('node', 1))
  expect([file, `${file}-wal`].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0])
  await store.close()
})
