/** Conditional requests (RFC 9110, section 13): whether the client's copy, or the one it has begun, is still the file. */

/** Names of request headers in lower case, as Node gives them. */
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What conditions are compared with. */
export interface Validators {
  /** Quoted. */
  readonly etag: string
  /** ms; HTTP compares whole seconds. */
  readonly modifiedAt: number
}

/**
 * unchanged: the client has it (304). changed: it insisted on another one (412). The conditions on tags go before those on
 * dates, and a date that is none says nothing.
 */
export function judge(headers: Headers, { etag, modifiedAt }: Validators): 'send' | 'unchanged' | 'changed' {
  const match = text(headers['if-match'])
  const unmodified = dateOf(headers['if-unmodified-since'])
  if (match !== undefined ? !lists(match, etag) : unmodified !== undefined && seconds(modifiedAt) > unmodified)
    return 'changed'
  const noneMatch = text(headers['if-none-match'])
  const since = dateOf(headers['if-modified-since'])
  const isUnchanged =
    noneMatch !== undefined ? lists(noneMatch, etag) : since !== undefined && seconds(modifiedAt) <= since
  return isUnchanged ? 'unchanged' : 'send'
}

/** Whether a range may be sent: without `If-Range` always, else only of the file the client has begun. */
export function rangeHolds(headers: Headers, { etag, modifiedAt }: Validators): boolean {
  const condition = text(headers['if-range'])
  if (condition === undefined) return true
  return condition.includes('"') ? condition.trim() === etag : dateOf(condition) === seconds(modifiedAt)
}

/** Whether a list of tags has this one. Content-addressed tags are as good weak as strong. */
function lists(tags: string, etag: string): boolean {
  return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

function dateOf(value: string | string[] | undefined): number | undefined {
  const ms = Date.parse(text(value) ?? '')
  return Number.isNaN(ms) ? undefined : seconds(ms)
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
