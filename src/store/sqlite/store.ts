/** The store in one SQLite file, read and written in groups. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ReadTx, Store, TableName, WriteTx } from '../../engine/index.ts'
import { apply } from './apply.ts'
import { createCheckpointer } from './checkpointer.ts'
import { Connection, openDatabase } from './connection.ts'
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
  const database = openDatabase(options.file)
  migrate(database)
  const usual = new Connection(database)
  const beside = new Connection(openDatabase(options.file))
  // Reading and writing take turns on one connection: its page cache outlasts its own commits, while every other connection begins its
  // cache anew after each. What comes while a transaction waits for something goes beside it.
  const connection = () => (usual.inTransaction ? beside : usual)
  const checkpointer = createCheckpointer(options.file)
  const sequences = new Sequences()
  const queries = writeQueries(sequences)
  const WriteTransaction = transactionClass<WriteTx>(queries)
  const ReadTransaction = transactionClass<ReadTx>(queries)
  const reads = new GroupCommit<ReadTx>({
    connection,
    begin: 'begin',
    open: (lent) => new ReadTransaction(lent),
  })
  const writes = new GroupCommit<WriteTx>({
    connection,
    begin: 'begin immediate',
    open: (lent) => new WriteTransaction(lent),
    onRollback: (lent) => sequences.restore(lent),
    onCommit: checkpointer.committed,
  })

  return {
    read: (fn) => reads.run(fn),
    write: (fn) => writes.run(fn),
    statements: () => usual.statements + beside.statements,
    searchCosts: { termed: 0.05, passed: 0.07, lying: { termed: 0.05, lying: 0.05 }, countedMax: 5_000 },
    async close() {
      await Promise.all([writes.close(), reads.close()])
      await checkpointer.close()
      beside.close()
      usual.close()
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
