/** Before each test file on PostgreSQL: what another file has left may have been changed in ways that emptying does not undo. */
import { forgetDatabases } from '../store.ts'

await forgetDatabases()
