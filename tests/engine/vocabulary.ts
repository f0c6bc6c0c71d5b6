/** The engine's words as lists, for tests that go through all of them. */
import type { Mode, OnConflict, OpKind, Replace } from '../../src/engine/index.ts'

export type { Mode, OnConflict, OpKind, Replace }

/** Every kind of op; a kind that is missing does not compile. */
const KINDS: Readonly<Record<OpKind, true>> = {
  get: true,
  list: true,
  createFolder: true,
  upload: true,
  commit: true,
  rename: true,
  move: true,
  copy: true,
  update: true,
  trash: true,
  restore: true,
  purge: true,
  grant: true,
  versions: true,
  revert: true,
  updateVersion: true,
  deleteVersions: true,
  grants: true,
}
export const OP_KINDS = Object.keys(KINDS) as OpKind[]
export const MODES: readonly Mode[] = ['each', 'chain', 'all']
export const STRATEGIES: readonly OnConflict[] = ['fail', 'rename', 'replace', 'reuse', 'duplicate']
export const REPLACES: readonly Replace[] = ['version', 'trash', 'purge']
