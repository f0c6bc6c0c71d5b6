/** What became of each item of a batch, and which failures are the whole call's. */
import type { ErrorCode, Result } from '../../engine/index.ts'
import { answerTo, refusal, type Wording } from './error.ts'

/** The members every resultItem shares: a task has neither `success` nor `errorCode`, a failure alone has an `errorCode`. */
export function outcomeOf(result: Result, wording?: Wording): Readonly<Record<string, string | boolean>> {
  switch (result.status) {
    case 'done':
      return { async: false, success: true }
    case 'later':
      return { async: true, taskId: String(result.task) }
    case 'failed':
      return { async: false, success: false, errorCode: answerTo(result.error, wording)[1] }
  }
}

/** Codes that mean the engine did not begin the batch at all. */
const NOT_BEGUN: readonly ErrorCode[] = ['timeout', 'busy']
/** Codes of a target that takes nothing from this operator, or nothing now. */
const TARGET_CLOSED: readonly ErrorCode[] = ['forbidden', 'busy']

/**
 * Refuses the call when nothing was done for a reason that no single item has: the batch was not begun, or the target is
 * closed to every item alike. Otherwise an item's failure is its own.
 * @param probe the result of the reading op the batch began with
 */
export function refuseWhole(results: readonly Result[], probe: Result | undefined): void {
  if (probe?.status === 'failed' && NOT_BEGUN.includes(probe.error.code)) throw refusal(probe.error)
  const errors = results.map((result) => (result.status === 'failed' ? result.error : null))
  const [first] = errors
  if (first?.at !== 'target' || !TARGET_CLOSED.includes(first.code)) return
  if (errors.every((error) => error?.at === 'target' && error.code === first.code)) throw refusal(first)
}
