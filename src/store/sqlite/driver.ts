/**
 * The database driver, in the release made for the Node that runs. Release 13 keeps to Node's stable interface and needs
 * Node 22. Release 12 is for Node 20: Node 24.19 and later abort when they let go of what it made (nodejs/node 65446).
 */
import { createRequire } from 'node:module'
import type Driver from 'better-sqlite3'

const load = createRequire(import.meta.url)

/** Where the driver is, for threads that load it themselves. */
export const DRIVER: string = located()

/** Opens a database file: see the driver's own documentation. */
export const Database: typeof Driver = load(DRIVER)
export type Database = Driver.Database
export type Statement<Given extends unknown[], Row> = Driver.Statement<Given, Row>

function located(): string {
  if (Number.parseInt(process.versions.node, 10) >= 22) {
    try {
      return load.resolve('better-sqlite3-13')
    } catch {
      // Optional packages can be left out; release 12 then does for this Node what it can.
    }
  }
  return load.resolve('better-sqlite3')
}
