import pg from 'pg'
import { expect, it } from 'vitest'
import { createTestDatabase } from '../../../tests/store.ts'
import { StorageError } from '../../engine/index.ts'
import { inspectionConformance } from '../conformance/inspection.ts'
import { openPostgresInspection } from './inspect.ts'

async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statements.join(';'))
  } finally {
    await client.end()
  }
}

inspectionConformance('PostgreSQL', async () => {
  const database = await createTestDatabase('')
  const store = await database.open()
  return {
    store,
    inspect: () => openPostgresInspection(database.url),
    damage: (...statements) => execute(database.url, statements),
    unindexSql: (node) => `delete from node_term where node_id = ${node}`,
    async close() {
      await store.close()
      await database.drop()
    },
  }
})

it('a database of another schema, or that cannot be reached, is refused', async () => {
  const database = await createTestDatabase('')
  await execute(database.url, ['insert into migration (number, applied_at) values (99, 0)'])
  await expect(openPostgresInspection(database.url)).rejects.toThrow(/schema 99/)
  await execute(database.url, ['delete from migration where number = 99'])
  await database.drop()
  await expect(openPostgresInspection('postgres://nobody@127.0.0.1:1/nothing')).rejects.toThrow(StorageError)
})

it('every table is counted', async () => {
  const database = await createTestDatabase('')
  const inspection = await openPostgresInspection(database.url)
  const rows = await inspection.counts()
  expect([...rows.keys()]).toEqual(expect.arrayContaining(['migration', 'node', 'user']))
  await inspection.close()
  await database.drop()
})
