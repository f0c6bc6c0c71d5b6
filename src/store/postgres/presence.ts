/** Who is at work on a database: any number of servers and workers together, or one who needs it for himself. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { storageError } from './failure.ts'

const LOCK = "hashtextextended('batchdrive presence', 0)"
export const ATTEND = `select pg_try_advisory_lock_shared(${LOCK}) as taken`
export const ATTEND_ALONE = `select pg_try_advisory_lock(${LOCK}) as taken`
/** How long after its connection broke a server says again that it is there, and again if it cannot, ms. */
const AGAIN_MS = 1_000

export interface Presence {
  /** From now on others may be alone. */
  leave(): Promise<void>
}

/**
 * Says that one is there, for as long as the process lives or until it leaves; null when somebody is alone, or, for `alone`, when
 * anybody else is there.
 * @throws StorageError when the database cannot be reached
 */
export async function attendDatabase(url: string, alone: boolean): Promise<Presence | null> {
  let hasLeft = false
  let client: pg.Client | null = null

  async function attend(): Promise<boolean> {
    const fresh = new pg.Client({ connectionString: url, application_name: 'batchdrive presence', keepAlive: true })
    fresh.on('error', () => undefined)
    fresh.once('end', () => void again())
    await fresh.connect()
    const { rows } = await fresh.query<{ taken: boolean }>(alone ? ATTEND_ALONE : ATTEND)
    client = fresh
    return rows[0]!.taken
  }

  /** The lock went with the connection. Who was alone must not go on believing it. */
  async function again(): Promise<void> {
    while (!hasLeft && !alone) {
      await wait(AGAIN_MS, undefined, { ref: false })
      if (hasLeft || (await attend().catch(() => false))) return
    }
  }

  async function leave(): Promise<void> {
    hasLeft = true
    await client?.end()
  }

  try {
    if (await attend()) return { leave }
    await leave()
    return null
  } catch (cause) {
    hasLeft = true
    throw storageError(cause)
  }
}
