/** What goes wrong with the database, and which of it passes when one tries again. */
import { StorageError } from '../../engine/index.ts'

/** The attempt met a drive too late to lock it in order; an attempt that locks these at its beginning can go on. */
export class LateLockError extends StorageError {
  override name = 'LateLockError'
  readonly drives: readonly number[]

  constructor(drives: readonly number[]) {
    super('a drive was met too late to be locked')
    this.drives = drives
  }
}

/** What was decided rests on something that another transaction has changed since. */
export class OvertakenError extends StorageError {
  override name = 'OvertakenError'
}

/** serialization_failure and deadlock_detected: the server's word for "try again". */
const PASSING: ReadonlySet<unknown> = new Set(['40001', '40P01'])

/** Whether the same function may succeed when it is run again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof LateLockError || error instanceof OvertakenError) return true
  return error instanceof StorageError && PASSING.has((error.cause as { code?: unknown } | undefined)?.code)
}

export function storageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  return new StorageError(`the database failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
