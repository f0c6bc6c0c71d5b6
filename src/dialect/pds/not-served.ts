/** Calls the vendor has and this server does not serve yet: known, and refused in so many words. */
import type { Call, SteppedEndpoint } from './call.ts'
import { sound } from './error.ts'

function notServed(url: `/${string}`, operation: string): SteppedEndpoint {
  return {
    url,
    operation,
    coverage: 'not served yet',
    scope: '',
    // biome-ignore lint/correctness/useYield: a call that needs nothing is a call all the same
    *steps(): Call {
      return sound(400, 'OperationNotSupport', `The operation ${url} is not supported.`)
    },
  }
}

export const NOT_SERVED: readonly SteppedEndpoint[] = [
  // These the vendor's page lists as children of a batch.
  // The rest of what the vendor's own clients call.
  notServed('/file/archive_files', 'ArchiveFiles'),
]
