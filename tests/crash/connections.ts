/** The network between a server and its database, gone for a moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const BREAK = `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = 'batchdrive'`
const LEFT = `
select count(*)::int as count from pg_stat_activity
where datname = current_database() and application_name = 'batchdrive'`
/** Until everybody has read what the socket says, ms. */
const NOTICED_MS = 30

/** Ends every connection of servers to a database, and waits until that is known at both ends. */
export async function breakConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(BREAK)
    while ((await client.query<{ count: number }>(LEFT)).rows[0]!.count > 0) await sleep(1)
  } finally {
    await client.end()
  }
  await sleep(NOTICED_MS)
}
