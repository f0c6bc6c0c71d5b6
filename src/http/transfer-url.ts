/** How transfer URLs are spelled; the routes behind them are in transfer.ts. */
import type { Engine, GetTicket, PutTicket } from '../engine/index.ts'

export const TRANSFER_PREFIX = '/transfer/'

/** The path of a URL to which parts of an upload are PUT (or POSTed). */
export function putPath(engine: Engine, ticket: Omit<PutTicket, 'kind'>, expiresAt: number): string {
  return TRANSFER_PREFIX + engine.tickets.sign({ kind: 'put', ...ticket }, expiresAt)
}

/** The path of a URL from which a file's version is fetched; it ends in the file's name, for clients that look there. */
export function getPath(engine: Engine, ticket: Omit<GetTicket, 'kind'>, expiresAt: number): string {
  const text = engine.tickets.sign({ kind: 'get', ...ticket }, expiresAt)
  return `${TRANSFER_PREFIX}${text}/${encodeURIComponent(ticket.name)}`
}

/** The query by which the holder of a URL asks for the file as an attachment; it needs no signature, for it permits nothing. */
export const ATTACHMENT_QUERY = 'attachment'

/** A download URL that proposes to save the file rather than to show it. */
export function asAttachment(url: string): string {
  return `${url}?${ATTACHMENT_QUERY}=1`
}
