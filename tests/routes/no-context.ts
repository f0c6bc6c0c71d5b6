/** What routes are registered with when they are only to be listed: nothing of it is called. */
import type { Auth } from '../../src/auth/auth.ts'
import type { Engine } from '../../src/engine/index.ts'
import { DEFAULT_DIALECT_SETTINGS, type DialectContext } from '../../src/http/dialect.ts'

export const NO_CONTEXT: DialectContext = {
  engine: {} as Engine,
  auth: {} as Auth,
  origin: () => '',
  settings: DEFAULT_DIALECT_SETTINGS,
}
