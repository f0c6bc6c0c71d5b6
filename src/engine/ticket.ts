/** Tickets: signed, expiring permissions to send or fetch certain bytes, carried in a URL. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { DriveId, NodeId, Subject, TaskId, TenantId, UploadId } from './model.ts'

/** Permission to store parts of an upload. `part` 0 = the URL's query says which. */
export interface PutTicket {
  readonly kind: 'put'
  readonly upload: UploadId
  readonly part: number
  /** Bytes a second at most; absent = any number. */
  readonly rate?: number | undefined
}

/** Permission to fetch one version of a file. */
export interface GetTicket {
  readonly kind: 'get'
  readonly drive: DriveId
  readonly node: NodeId
  readonly version: number
  /** The file name the answer proposes. */
  readonly name: string
  readonly attachment: boolean
  /** The answer's media type; '' = by the name. */
  readonly type: string
  /** Fetches no bytes of the file but a small picture of it. */
  readonly picture?: PictureSize | undefined
  /** Bytes a second at most; absent = any number. */
  readonly rate?: number | undefined
}

/** How large a picture of a file is to be, and what becomes of its proportions. */
export interface PictureSize {
  /**
   * `cover` fills the box and cuts off what stands out; `inside` is the largest that fits into it, `outside` the smallest that
   * fills it, both whole; `pad` is `inside` on a white ground of the size of the box; `stretch` gives up the proportions.
   */
  readonly fit: 'cover' | 'inside' | 'outside' | 'pad' | 'stretch'
  /** Pixels, 1..PICTURE_SIDE_MAX; 0 = whatever follows from the other. */
  readonly width: number
  readonly height: number
  /** Of its own size, in place of width and height, 1..100. */
  readonly percent?: number
  /** Whether a picture smaller than the box is made larger. */
  readonly enlarge: boolean
}

/** The longest side a picture may be asked for with, pixels. */
export const PICTURE_SIDE_MAX = 4096

/** Permission to fetch what a task was told to pack, with the rights of whoever told it. */
export interface ArchiveTicket {
  readonly kind: 'archive'
  readonly task: TaskId
  readonly tenant: TenantId
  readonly by: Subject
}

export type Ticket = PutTicket | GetTicket | ArchiveTicket

export interface Tickets {
  /** URL-safe text that opens to the ticket until `expiresAt` (ms). */
  sign(ticket: Ticket, expiresAt: number): string
  open(text: string, now: number): { ticket: Ticket; expiresAt: number } | 'forged' | 'expired'
}

const MAC_BYTES = 16

/** @param secret the deployment's master key, at least 32 bytes */
export function createTickets(secret: Buffer): Tickets {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'batchdrive ticket', 32))
  const mac = (body: string) => createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES)
  return {
    sign(ticket, expiresAt) {
      const body = Buffer.from(JSON.stringify([expiresAt, ticket])).toString('base64url')
      return `${body}.${mac(body).toString('base64url')}`
    },
    open(text, now) {
      const [body = '', signature = ''] = text.split('.', 2)
      const given = Buffer.from(signature, 'base64url')
      // Re-encoding refuses other spellings of the same bytes.
      if (given.length !== MAC_BYTES || given.toString('base64url') !== signature) return 'forged'
      if (!timingSafeEqual(given, mac(body))) return 'forged'
      const [expiresAt, ticket] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [number, Ticket]
      return now < expiresAt ? { ticket, expiresAt } : 'expired'
    },
  }
}
