/** The store in one SQLite file: one connection that writes, one that reads, both in groups. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ReadTx, Store, TableName, WriteTx } from '../../engine/index.ts'
import { apply } from './apply.ts'
import { createCheckpointer } from './checkpointer.ts'
import { Connection, openDatabase, openReadOnly } from './connection.ts'
import { driveQueries } from './drives.ts'
import { GroupCommit } from './group-commit.ts'
import { historyQueries } from './history.ts'
import { linkQueries } from './links.ts'
import { markQueries } from './marks.ts'
import { migrate } from './migrate.ts'
import { nodeQueries } from './nodes.ts'
import { pageQueries } from './pages.ts'
import { peopleQueries } from './people.ts'
import { rosterQueries } from './roster.ts'
import { searchQueries } from './search.ts'
import { Sequences } from './sequences.ts'
import { standingQueries } from './standings.ts'
import { taskQueries } from './tasks.ts'
import { tokenQueries } from './tokens.ts'
import { totalQueries } from './totals.ts'
import { type Queries, transactionClass } from './transaction.ts'
import { trashQueries } from './trash.ts'
import { uploadQueries } from './uploads.ts'

const COUNT: Readonly<Record<TableName, string>> = {
  node: 'select count(*) from node',
  version: 'select count(*) from version',
  blob: 'select count(*) from blob',
  trash: 'select count(*) from trash',
  upload: 'select count(*) from upload',
  task: 'select count(*) from task',
  change: 'select count(*) from change',
  grant: 'select count(*) from node_grant',
  forward: 'select count(*) from forward',
  mark: 'select count(*) from mark',
  term: 'select count(*) from node_term_docsize',
}

/**
 * Opens, or makes, a database file. Another process may use the same file at the same time.
 * @throws StorageError when the file has a newer schema; SQLite's own error when it is not a database
 */
export function createSqliteStore(options: { readonly file: string }): Store {
  makePrivate(options.file)
  const writing = openDatabase(options.file)
  migrate(writing)
  const writer = new Connection(writing)
  const reader = new Connection(openReadOnly(options.file))
  const checkpointer = createCheckpointer(options.file)
  const sequences = new Sequences()
  const queries = writeQueries(sequences)
  const WriteTransaction = transactionClass<WriteTx>(queries)
  const ReadTransaction = transactionClass<ReadTx>(queries)
  const writes = new GroupCommit<WriteTx>({
    connection: writer,
    begin: 'begin immediate',
    open: () => new WriteTransaction(writer),
    onRollback: () => sequences.restore(writer),
    onCommit: checkpointer.committed,
  })
  const reads = new GroupCommit<ReadTx>({ connection: reader, begin: 'begin', open: () => new ReadTransaction(reader) })

  return {
    read: (fn) => reads.run(fn),
    write: (fn) => writes.run(fn),
    statements: () => writer.statements + reader.statements,
    searchCosts: { termed: 0.05, passed: 0.08, countedMax: 5_000 },
    async close() {
      await Promise.all([writes.close(), reads.close()])
      await checkpointer.close()
      reader.close()
      writer.close()
    },
  }
}

function writeQueries(sequences: Sequences): Queries<WriteTx> {
  return {
    ...driveQueries,
    ...historyQueries,
    ...nodeQueries,
    ...pageQueries,
    ...searchQueries,
    ...peopleQueries,
    ...rosterQueries,
    ...standingQueries,
    ...taskQueries,
    ...linkQueries,
    ...markQueries,
    ...tokenQueries,
    ...totalQueries,
    ...trashQueries,
    ...uploadQueries,
    ...sequences.queries,
    apply,
    count: (db, table) => db.all<[number]>(COUNT[table])[0]![0],
  }
}

/** The file holds password hashes and names: only its owner may read it. SQLite gives its log the same mode. */
function makePrivate(file: string) {
  mkdirSync(dirname(file), { recursive: true })
  closeSync(openSync(file, 'a', 0o600))
}
