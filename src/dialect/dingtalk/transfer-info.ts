/** Where bytes go and come from: one signed URL of ours, with the headers that the vendor's clients copy onto it. */
import type { DialectContext } from '../../http/dialect.ts'
import type { Call } from './route.ts'

/** How long a transfer URL opens; asking again gives a new one. */
const URL_LIFE_S = 900

/** The vendor's headerSignatureInfo. */
export interface TransferInfo {
  readonly resourceUrls: readonly string[]
  readonly internalResourceUrls: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly expirationSeconds: number
  readonly region: string
}

/**
 * The URL itself carries the permission. `Authorization` and `x-oss-date` are there because clients read exactly these two,
 * and the URL is given twice because some read the second list.
 * @param sign makes the path of a URL that opens until the given moment, ms
 */
export function transferInfo(context: DialectContext, call: Call, sign: (expiresAt: number) => string): TransferInfo {
  const now = context.engine.now()
  const path = sign(now + URL_LIFE_S * 1000)
  const url = context.origin(call.request) + path
  return {
    resourceUrls: [url],
    internalResourceUrls: [url],
    headers: {
      Authorization: `OSS ${call.app.id}:${signatureOf(path)}`,
      'x-oss-date': new Date(now).toUTCString(),
    },
    expirationSeconds: URL_LIFE_S,
    region: 'UNKNOWN',
  }
}

/** The ticket's part after the dot. */
function signatureOf(path: string): string {
  const ticket = path.split('/').find((segment) => segment.includes('.')) ?? ''
  return ticket.slice(ticket.indexOf('.') + 1)
}
