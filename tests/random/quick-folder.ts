/** Where temporary files cost least. */
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'

/** A folder kept in memory where the system has one: there a sync is free, which is what random histories wait for most. */
export function quickFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
