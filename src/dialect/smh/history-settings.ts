/** Whether and how many history versions a library's files keep. */
import type { App, Json } from '../../engine/index.ts'
import { callerOf, demand } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { changeSpaces } from './space.ts'
import { flag, members, wholeNumber } from './words.ts'

const PATH = 'directory-history/{lib}/library-history'
const COUNT = { min: 1, max: 999 }

export const historyFamily: readonly Operation[] = [
  { operation: 'Get history settings', coverage: 'done', method: 'GET', path: PATH, handle: get },
  {
    operation: 'Set history settings',
    coverage: 'partial: versions neither expire by age nor merge; only 0 for both',
    method: 'POST',
    path: PATH,
    handle: set,
  },
  {
    operation: 'Clear history',
    coverage: 'not planned: old versions go one by one, or with the next overwrite; FunctionNotEnabled',
    method: 'DELETE',
    path: PATH,
    handle: async () => {
      throw refuse('FunctionNotEnabled')
    },
  },
]

/** As kept with the library, under `smh.history`. */
interface Settings {
  readonly enabled: boolean
  readonly count: number
}

/** A drive keeps a hundred versions unless it is told otherwise. */
const DEFAULTS: Settings = { enabled: true, count: 99 }

function settingsOf({ extra }: App): Settings {
  return { ...DEFAULTS, ...((extra['smh.history'] ?? {}) as Partial<Settings>) }
}

async function get(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const { enabled, count } = settingsOf(caller.library)
  const body = { enableFileHistory: enabled, fileHistoryCount: count, fileHistoryExpireDay: 0, mergeInterval: 0 }
  return { status: 200, body }
}

async function set(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  demand(caller)
  const body = members(call)
  const before = settingsOf(caller.library)
  const count = bounded(() => wholeNumber(body, 'fileHistoryCount', COUNT), 'InvalidFileHistoryCount')
  const days = bounded(
    () => wholeNumber(body, 'fileHistoryExpireDay', { min: 0, max: 999 }),
    'InvalidFileHistoryExpireDay',
  )
  const merge = bounded(
    () => wholeNumber(body, 'mergeInterval', { min: 0, max: 600 }),
    'InvalidFileHistoryMergeInterval',
  )
  if (merge !== undefined && merge > 0 && merge < 5) throw refuse('InvalidFileHistoryMergeInterval')
  if (days || merge) throw refuse('FunctionNotEnabled', 'History versions neither expire by age nor merge.')
  const after = { enabled: flag(body, 'enableFileHistory') ?? before.enabled, count: count ?? before.count }
  await call.context.auth.changeApp(caller.library, { 'smh.history': after as unknown as Json })
  await changeSpaces(call, caller.library, { settings: { versionsMax: after.enabled ? after.count + 1 : 1 } })
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
