/** Whether and how a library's files keep history versions, and destroying all of them. Pages 1339/124487. */
import type { Json } from '../../engine/index.ts'
import { callerOf, demand } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { faultOf, Refusal, refuse } from './error.ts'
import { HISTORY, type HistorySettings, historyKept, historyOf } from './library.ts'
import { changeSpaces } from './space.ts'
import { libraryActor } from './space-index.ts'
import { flag, members, wholeNumber } from './words.ts'

const PATH = 'directory-history/{lib}/library-history'
const COUNT = { min: 1, max: 999 }
const DAYS = { min: 0, max: 999 }
const MERGE_SECONDS = { min: 5, max: 600 }
/** How long one clearing keeps the next away, ms. */
const CLEARING_APART_MS = 60_000
/** Where the library remembers when its history was last cleared. */
const CLEARED_AT = 'smh.historyClearedAt'

export const historyFamily: readonly Operation[] = [
  { operation: 'Get history settings', coverage: 'done', method: 'GET', path: PATH, handle: get },
  { operation: 'Set history settings', coverage: 'done', method: 'POST', path: PATH, handle: set },
  { operation: 'Clear history', coverage: 'done', method: 'DELETE', path: PATH, handle: clear },
]

async function get(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const { enabled, count, days, mergeSeconds } = historyOf(caller.library)
  const numbers = { fileHistoryCount: count, fileHistoryExpireDay: days, mergeInterval: mergeSeconds }
  return { status: 200, body: { enableFileHistory: enabled, ...numbers } }
}

async function set(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const body = members(call)
  const before = historyOf(caller.library)
  const count = bounded(() => wholeNumber(body, 'fileHistoryCount', COUNT), 'InvalidFileHistoryCount')
  const days = bounded(() => wholeNumber(body, 'fileHistoryExpireDay', DAYS), 'InvalidFileHistoryExpireDay')
  const merge = bounded(
    () => wholeNumber(body, 'mergeInterval', { min: 0, max: MERGE_SECONDS.max }),
    'InvalidFileHistoryMergeInterval',
  )
  if (merge !== undefined && merge > 0 && merge < MERGE_SECONDS.min) throw refuse('InvalidFileHistoryMergeInterval')
  const after: HistorySettings = {
    enabled: flag(body, 'enableFileHistory') ?? before.enabled,
    count: count ?? before.count,
    days: days ?? before.days,
    mergeSeconds: merge ?? before.mergeSeconds,
  }
  await call.context.auth.changeApp(caller.library, { [HISTORY]: after as unknown as Json })
  await changeSpaces(call, caller.library, { settings: historyKept(after) })
  return { status: 204 }
}

/** The vendor has a code for each of these numbers. */
function bounded(
  read: () => number | undefined,
  code: 'InvalidFileHistoryCount' | 'InvalidFileHistoryExpireDay' | 'InvalidFileHistoryMergeInterval',
): number | undefined {
  try {
    return read()
  } catch {
    throw refuse(code)
  }
}

/** Every earlier version of every file goes, in the background. As with the vendor, not while history is kept. */
async function clear(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const { library } = caller
  if (historyOf(library).enabled) throw refuse('BadRequest', 'History must be switched off before it is cleared.')
  const { auth, engine } = call.context
  const now = engine.now()
  if (now - Number(library.extra[CLEARED_AT] ?? 0) < CLEARING_APART_MS) throw refuse('RateLimitExceeded')
  await auth.changeApp(library, { [CLEARED_AT]: now })
  const drives = await call.spaces.all(library)
  const task = await engine.clearVersions(
    libraryActor(library),
    drives.map(({ id }) => id),
  )
  if (typeof task !== 'number') throw new Refusal(faultOf(task.error, { kind: 'any', source: false }))
  return { status: 202, body: { taskId: task } }
}
