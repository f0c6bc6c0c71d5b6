/** What SMH calls things: strategies, codes, ids and answers. */
import type { Conflict, Kind, Naming, Replace } from '../../src/engine/index.ts'
import type { Reply } from '../smh/session.ts'
import type { Asking } from './request.ts'
import type { Said, Target, Totals, Wire } from './wire.ts'

export const NAMING: Naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false }

const MISSING = ['PathNotFound', 'FileNotFound', 'DirectoryNotFound', 'SourceFileNotFound', 'SourceDirectoryNotFound']
export const CODES: Wire['codes'] = {
  drive_not_found: ['SpaceNotFound'],
  node_not_found: MISSING,
  trash_not_found: ['RecycledItemNotFound'],
  wrong_kind: ['SameNameDirectoryOrFileExists', 'InvalidSourceFile', 'InvalidSourceDirectory', ...MISSING],
  root_refused: ['RootDirectoryNotAllowed'],
  name_taken: ['SameNameDirectoryOrFileExists'],
  cycle: ['SourceDirectoryIsParentOfDestination'],
  history_kept: ['OverwriteFileNotAllowed'],
  parent_gone: ['DirectoryNotFound'],
  version_not_found: ['FileNotFound'],
  version_current: ['ParamInvalid'],
}

/** The id of an earlier version is a number: its file's comes first in it. */
const VERSIONS_PER_FILE = 2 ** 20

/** `ask`, `rename` and `overwrite`; '' leaves it to the default, which is `rename` for files and `ask` for directories. */
export function strategyOf({ strategy }: Asking): { word: string; conflict: (replace: Replace) => Conflict } {
  const word = { fail: 'ask', rename: 'rename', replace: 'overwrite', reuse: '', duplicate: 'ask' }[strategy]
  const file = ({ ask: 'fail', rename: 'rename', overwrite: 'replace', '': 'rename' } as const)[word]!
  const folder = word === 'rename' ? 'rename' : 'fail'
  return { word, conflict: (replace) => ({ file, folder, replace, guardHistory: replace === 'purge' }) }
}

export const CALLS = [
  ...['create directory', 'start, PUT, confirm', 'details', 'update'],
  ...['batch move', 'batch copy', 'batch delete', 'batch restore', 'restore', 'batch purge', 'purge'],
  ...['set latest version', 'delete history versions'],
  ...['file', 'directory'].flatMap((family) => [`move ${family}`, `copy ${family}`, `delete ${family}`]),
]

export function kindOf(node: Target): Kind {
  return 'kind' in node ? node.kind : 'file'
}

export function historyId({ id }: Target, version: number): number {
  return id * VERSIONS_PER_FILE + version
}

export function encoded(path: readonly string[]): string {
  return path.map(encodeURIComponent).join('/')
}

export function resultsOf(reply: Reply): Said[] {
  if (reply.status !== 200 && reply.status !== 207) throw new Error(`the batch was answered ${reply.text}`)
  return reply.body.result.map((body: { status: number }) => saidOf({ status: body.status, body }))
}

/** An answer without a word about single things. */
export function wholeOf({ status, text }: Reply, count: number): Totals {
  if (status === 204) return { done: count, failed: 0 }
  if (status < 400) throw new Error(`status ${status}: ${text}`)
  return { done: 0, failed: count }
}

export function saidOf({ status, body }: Pick<Reply, 'status' | 'body'>): Said {
  if (status >= 400) return { ok: false, code: body.code }
  const path = body?.path
  return { ok: true, name: Array.isArray(path) ? path.at(-1) : undefined }
}
