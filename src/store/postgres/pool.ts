/** Connections, each set up so that statements run as they were written. */

import type { PoolConfig } from 'pg'
import pg from 'pg'

/** How long a connection may take to be made, ms. */
const CONNECT_MS_MAX = 10_000
/** How long an unused connection is kept, ms. */
const IDLE_MS_MAX = 60_000

/**
 * The given set is always the outer loop, and tables are sought by their indexes: no plan is chosen by statistics that may be
 * old, and none is chosen twice. A database that answers before its commits are durable does not do so to us.
 */
export const SETTINGS = `
set plan_cache_mode = force_generic_plan;
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
set max_parallel_workers_per_gather = 0;
set jit = off;
set lock_timeout = '60s';
set idle_in_transaction_session_timeout = '120s';
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`

export function openPool(url: string, max: number): pg.Pool {
  const config: PoolConfig & { pipeline: boolean } = {
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    application_name: 'batchdrive',
    keepAlive: true,
    // Statements are sent without waiting for the answers of earlier ones.
    pipeline: true,
  }
  const pool = new pg.Pool(config)
  pool.on('connect', (client) => {
    // Whoever uses a connection that breaks learns it from the answer; one that breaks unused is replaced.
    client.on('error', () => undefined)
    client.query(SETTINGS).catch(() => undefined)
  })
  pool.on('error', () => undefined)
  return pool
}
