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
  notServed('/file/search', 'SearchFile'),
  notServed('/file/get_share_link_download_url', 'GetShareLinkDownloadUrl'),
  notServed('/share_link/create', 'CreateShareLink'),
  notServed('/share_link/update', 'UpdateShareLink'),
  notServed('/share_link/cancel', 'CancelShareLink'),
  notServed('/share_link/list', 'ListShareLink'),
  notServed('/share_link/get', 'GetShareLink'),
  notServed('/share_link/get_share_token', 'GetShareLinkToken'),
]
