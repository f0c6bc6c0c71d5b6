/** A database file copied as it is at one moment, while others write to it. */
import { open } from 'node:fs/promises'
import { StorageError } from '../../engine/index.ts'
import { BUSY_TIMEOUT_MS } from './connection.ts'
import { Database } from './driver.ts'
import { demandSchema } from './migrate.ts'

/** Uploads under way have their bytes elsewhere; blobs nobody refers to may be gone any moment. */
const FORGET = `
delete from upload_part where (drive_id, upload_id) in (select drive_id, id from upload where state = 'open');
delete from upload where state = 'open';
delete from blob where refs = 0`

/**
 * Writes the state of this moment into a new file, durably. One read transaction from beginning to end: the source is not
 * locked, however long it takes. The file is made afresh from its rows, so that it has no gaps.
 */
export async function snapshotSqlite(file: string, to: string): Promise<void> {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    try {
      demandSchema(db)
      db.prepare('vacuum into ?').run(to)
    } finally {
      db.close()
    }
    forgetUnfinished(to)
    const handle = await open(to, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    throw new StorageError(`${file} cannot be copied: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Takes out of a copy what is of no use without the original. */
export function forgetUnfinished(file: string): void {
  const db = new Database(file)
  try {
    db.pragma('journal_mode = delete')
    db.pragma('synchronous = full')
    db.transaction(() => db.exec(FORGET))()
  } finally {
    db.close()
  }
}
