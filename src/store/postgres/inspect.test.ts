import pg from 'pg'
import { expect, it } from 'vitest'
import { createTestDatabase } from '../../../tests/store.ts'
import { StorageError } from '../../engine/index.ts'
import { inspectionConformance } from '../conformance/inspection.ts'
import { apply, file } from '../conformance/sample.ts'
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

/** A damaged node has its place in the orders of this store by what it is now: that it has another is damage of its own. */
const REORDER = `
update node_term t set name_key = n.name_key, created_at = n.created_at, size = coalesce(n.size, -1)
from node n where n.drive_id = t.drive_id and n.id = t.node_id`

inspectionConformance('PostgreSQL', async () => {
  const database = await createTestDatabase('')
  const store = await database.open()
  return {
    store,
    inspect: () => openPostgresInspection(database.url),
    damage: (...statements) => execute(database.url, [...statements, REORDER]),
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

it('a node whose place in the orders is not its own any more is found', async () => {
  const database = await createTestDatabase('')
  const store = await database.open()
  const insertNodes = [file(10, 1, 'a'), file(11, 1, 'b'), file(12, 1, 'c')]
  await apply(store, {
    insertNodes,
    putTerms: insertNodes.map(({ drive, id }) => ({ drive, node: id, terms: ['7na'] })),
  })
  await execute(database.url, [
    "update node_term set name_key = 'x' where node_id = 10",
    'update node set size = 99 where id = 12',
  ])
  const inspection = await openPostgresInspection(database.url)
  const found = await inspection.faults('search', 10)
  expect(found.map(({ about }) => about).sort()).toEqual(['node 10', 'node 12'])
  await inspection.close()
  await store.close()
  await database.drop()
})
