/** How transfers fail: the XML that object stores answer and every vendor's client was written for. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../engine/index.ts'

/** A failure a client may expect; the same words as OSS and COS where they have them. */
export type Refusal = readonly [status: number, code: string, message: string]

export const FORGED: Refusal = [403, 'SignatureDoesNotMatch', 'The signature of the URL does not match the request.']
// Clients look for `AccessDenied` and `expired` before they ask for a fresh URL.
export const EXPIRED: Refusal = [403, 'AccessDenied', 'Request has expired.']
// COS has no full stop there, and clients compare the whole sentence.
export const EXPIRED_COS: Refusal = [403, 'AccessDenied', 'Request has expired']
export const BAD_PART: Refusal = [400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000.']
export const BAD_MD5: Refusal = [400, 'InvalidDigest', 'The Content-MD5 is not that of the bytes that arrived.']
export const BAD_RANGE: Refusal = [416, 'InvalidRange', 'The requested range is not satisfiable.']
export const CHANGED: Refusal = [412, 'PreconditionFailed', 'The file is not the one the condition names.']
export const NO_PICTURE: Refusal = [400, 'InvalidArgument', 'The file is not a picture that can be made smaller.']
export const SERVER_FAILED: Refusal = [500, 'InternalError', 'The server failed.']

const NO_UPLOAD: Refusal = [404, 'NoSuchUpload', 'The upload does not exist, or it has expired.']
const UPLOAD_USED: Refusal = [409, 'ObjectAlreadyExists', 'The upload is already complete.']
const TOO_LONG: Refusal = [400, 'EntityTooLarge', 'More bytes were sent than the upload may have.']
const NO_FILE: Refusal = [404, 'NoSuchKey', 'The file does not exist any more.']

/** What the engine may answer to a transfer. */
const REFUSALS: Partial<Record<ErrorCode, Refusal>> = {
  upload_not_found: NO_UPLOAD,
  upload_used: UPLOAD_USED,
  upload_mismatch: TOO_LONG,
  version_not_found: NO_FILE,
  node_not_found: NO_FILE,
  drive_not_found: NO_FILE,
}

export function refusalOf(code: ErrorCode): Refusal {
  return REFUSALS[code] ?? SERVER_FAILED
}

/** What was thrown: the request's own fault when it says so with a status, else the server's. */
export function refusalOfThrown(error: { statusCode?: number; message: string }): Refusal {
  const { statusCode = 500, message } = error
  return statusCode < 500 ? [statusCode, 'InvalidRequest', message] : SERVER_FAILED
}

/** Answers a refusal. What was prepared about a file's bytes is taken back: it does not hold for this body. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  [status, code, message]: Refusal,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  for (const name of OF_THE_FILE) {
    reply.removeHeader(name)
    reply.raw.removeHeader(name) // Where it is already once a stream has been tried.
  }
  const inner = `<Code>${code}</Code><Message>${escaped(message)}</Message><RequestId>${request.id}</RequestId>`
  return reply
    .code(status)
    .header('Content-Type', 'application/xml')
    .headers(headers)
    .send(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}</Error>`)
}

const OF_THE_FILE = [
  ...['etag', 'last-modified', 'accept-ranges', 'content-length', 'content-range', 'content-disposition'],
  ...['content-security-policy', 'x-oss-hash-crc64ecma', 'x-cos-hash-crc64ecma'],
]

function escaped(text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
}
