/**
 * The KSO-1 request signature (open.wps.cn, "signature description"): an HMAC-SHA256 over method, URI, content type, date
 * and the digest of the body, joined without any separator. Pure: no clock, no secrets of its own.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What is signed, as it was on the wire. */
export interface SignedRequest {
  /** Upper case. */
  readonly method: string
  /** Path and query exactly as sent, without the prefix of a private deployment. */
  readonly uri: string
  /** The literal Content-Type header; '' when there was none. */
  readonly contentType: string
  /** The literal X-Kso-Date header. */
  readonly date: string
  /** The raw body; empty when there was none. */
  readonly body: Uint8Array
}

/** The two halves of the X-Kso-Authorization header. */
export interface KsoAuthorization {
  /** The app's id. */
  readonly accessKey: string
  /** Lower-case hex. */
  readonly signature: string
}

/** The signature a request must carry: 64 lower-case hex digits. */
export function kso1Signature(secret: string, { method, uri, contentType, date, body }: SignedRequest): string {
  // An empty body counts as nothing at all, not as the digest of nothing.
  const digest = body.length === 0 ? '' : createHash('sha256').update(body).digest('hex')
  return createHmac('sha256', secret).update(`KSO-1${method}${uri}${contentType}${date}${digest}`).digest('hex')
}

/** Whether a request carries the right signature; the time taken does not depend on where two signatures differ. */
export function kso1Matches(secret: string, request: SignedRequest, signature: string): boolean {
  const expected = Buffer.from(kso1Signature(secret, request))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Takes `KSO-1 <access key>:<signature>` apart; undefined when it is anything else. */
export function parseKsoAuthorization(header: string): KsoAuthorization | undefined {
  const [version, rest] = splitOnce(header, ' ')
  const [accessKey, signature] = splitOnce(rest, ':')
  return version === 'KSO-1' && accessKey !== '' && signature !== '' ? { accessKey, signature } : undefined
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'
const DATE = new RegExp(
  `^(?:${DAYS}), (\\d{2}) (${MONTHS.join('|')}) (\\d{4}) (\\d{2}):(\\d{2}):(\\d{2}) (GMT|UTC|[+-]\\d{4})$`,
)

/**
 * Reads an X-Kso-Date: RFC 1123 with GMT, with Go's UTC or with a numeric zone, short or full weekday. As in the vendor's
 * verifier, the weekday need not fit the date.
 * @returns ms since 1970; undefined when the text is no such date
 */
export function parseKsoDate(text: string): number | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const month = MONTHS.indexOf(match[2]!)
  const at = new Date(Date.UTC(year, month, day, hour, minute, second))
  // Date.UTC would turn 31 February into March and 25:00 into the next day.
  const kept = at.getUTCDate() === day && at.getUTCMonth() === month && at.getUTCHours() === hour
  if (!kept || minute > 59 || second > 59) return undefined
  const zone = match[7]!
  const sign = zone.startsWith('-') ? 1 : -1
  const offset = /\d/.test(zone) ? sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))) : 0
  return at.getTime() + offset * 60_000
}
