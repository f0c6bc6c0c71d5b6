/** How fast bytes go: of one URL, as its call asks, and of all downloads from a space, as the space is set. */
import { visit } from './auth.ts'
import type { Answer, Call, Operation } from './call.ts'
import { refuse } from './error.ts'
import { changeSpace } from './space.ts'
import { count, members, wholeNumber } from './words.ts'

/** Bytes a second: 100 KB to 100 MB, as the vendor bounds both kinds. */
const RATE = { min: 100 * 1024, max: 100 * 1024 * 1024 }
/** How the vendor writes that a limit is lifted. */
const LIFTED = -1

export const trafficOperations: readonly Operation[] = [
  {
    operation: 'Space traffic limit',
    coverage: 'done',
    method: 'POST',
    path: 'space/{lib}/{space}/traffic-limit',
    handle: limit,
  },
]

async function limit(call: Call): Promise<Answer> {
  const { drive, caller } = await visit(call, 'manage')
  const given = wholeNumber(members(call), 'downloadTrafficLimit', { min: LIFTED, max: RATE.max })
  if (given === undefined || (given !== LIFTED && given < RATE.min)) {
    throw refuse('ParamInvalid', `downloadTrafficLimit must be ${LIFTED} or from ${RATE.min} to ${RATE.max}.`)
  }
  await changeSpace(call, caller.library, drive, { settings: { downloadRate: given === LIFTED ? 0 : given } })
  return { status: 204 }
}

/** What a call asks of the URL it is handed; undefined when nothing. */
export function rateIn(query: URLSearchParams): number | undefined {
  return count(query, 'traffic_limit', { ...RATE, otherwise: 0 }) || undefined
}
