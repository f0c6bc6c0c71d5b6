/**
 * Bytes in and out under signed URLs, spoken as object stores do, because every vendor's client was written for one:
 * failures are XML, parts answer an `ETag` and a CRC-64, downloads know ranges.
 */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, ErrorCode, GetTicket, OpenVersion, PutTicket, Ticket } from '../engine/index.ts'
import { contentHeaders } from './content-headers.ts'
import { type ByteRange, rangeOf } from './range.ts'
import { TRANSFER_PREFIX } from './transfer-url.ts'

type Refusal = readonly [status: number, code: string, message: string]

const FORGED: Refusal = [403, 'SignatureDoesNotMatch', 'The request signature does not match.']
// Clients look for exactly `AccessDenied` and `expired` to fetch a fresh URL.
const EXPIRED: Refusal = [403, 'AccessDenied', 'Request has expired.']
const OTHER_KIND: Refusal = [403, 'AccessDenied', 'The URL does not permit this method.']
const NO_PART: Refusal = [400, 'InvalidArgument', 'partNumber must be a whole number from 1 to 10000.']

const FAILURES: Partial<Record<ErrorCode, Refusal>> = {
  upload_not_found: [404, 'NoSuchUpload', 'The upload does not exist or has expired.'],
  upload_used: [409, 'ObjectAlreadyExists', 'The upload is already complete.'],
  upload_mismatch: [400, 'EntityTooLarge', 'More bytes were sent than were declared.'],
  version_not_found: [404, 'NoSuchKey', 'The file does not exist any more.'],
}
const FAILED: Refusal = [500, 'InternalError', 'The server failed.']

const EXPOSED = [
  'ETag',
  'Content-Length',
  'Content-Range',
  'Date',
  'x-oss-request-id',
  'x-oss-hash-crc64ecma',
  'x-cos-request-id',
  'x-cos-hash-crc64ecma',
].join(', ')

type TransferEngine = Pick<Engine, 'tickets' | 'writePart' | 'openVersion' | 'now'>

/** Registers everything under TRANSFER_PREFIX. */
export function registerTransfer(app: FastifyInstance, engine: TransferEngine): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // The body stays a stream, whatever its type; a missing type is fine too.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('Access-Control-Allow-Origin', '*').header('Access-Control-Expose-Headers', EXPOSED)
      reply.header('x-oss-request-id', request.id).header('x-cos-request-id', request.id)
    })
    scope.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
      const status = error.statusCode ?? 500
      if (status >= 500) request.log.error(error)
      return refuse(request, reply, status >= 500 ? FAILED : [status, 'InvalidRequest', error.message])
    })
    const put = (request: FastifyRequest, reply: FastifyReply) => storePart(engine, request, reply)
    const get = (request: FastifyRequest, reply: FastifyReply) => sendVersion(engine, request, reply)
    const path = `${TRANSFER_PREFIX}*`
    scope.route({ method: ['PUT', 'POST'], url: path, handler: put })
    scope.route({ method: ['GET', 'HEAD'], url: path, handler: get })
    scope.options(path, async (request, reply) => preflight(request, reply))
  })
}

function preflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .header('Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, OPTIONS')
    .header('Access-Control-Allow-Headers', request.headers['access-control-request-headers'] ?? '*')
    .header('Access-Control-Max-Age', '86400')
    .code(204)
    .send()
}

function refuse(request: FastifyRequest, reply: FastifyReply, [status, code, message]: Refusal): FastifyReply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${code}</Code><Message>${escaped(message)}</Message><RequestId>${request.id}</RequestId></Error>`
  return reply.code(status).header('Content-Type', 'application/xml').send(body)
}

function escaped(text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The ticket in the URL, if it is whole, still valid and of this kind. */
function admitted<Kind extends Ticket['kind']>(
  engine: TransferEngine,
  request: FastifyRequest,
  kind: Kind,
): Extract<Ticket, { kind: Kind }> | Refusal {
  const [path = ''] = request.raw.url!.slice(TRANSFER_PREFIX.length).split('?', 1)
  const [text = ''] = path.split('/', 1)
  if (!headerAgrees(request, text)) return FORGED
  const opened = engine.tickets.open(text, engine.now())
  if (opened === 'forged') return FORGED
  if (opened === 'expired') return EXPIRED
  return opened.ticket.kind === kind ? (opened.ticket as Extract<Ticket, { kind: Kind }>) : OTHER_KIND
}

/** Clients that were told to send `Authorization: OSS <id>:<signature>` must send the signature of this very URL. */
function headerAgrees(request: FastifyRequest, text: string): boolean {
  const given = /^OSS [^:]*:(.*)$/.exec(request.headers.authorization ?? '')?.[1]
  if (given === undefined) return true
  const [a, b] = [Buffer.from(given), Buffer.from(text.slice(text.indexOf('.') + 1))]
  return a.length === b.length && timingSafeEqual(a, b)
}

function isRefusal(outcome: object): outcome is Refusal {
  return Array.isArray(outcome)
}

async function storePart(engine: TransferEngine, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ticket = admitted(engine, request, 'put')
  if (isRefusal(ticket)) return refuse(request, drained(request, reply), ticket)
  const part = partOf(request, ticket)
  if (part === undefined) return refuse(request, drained(request, reply), NO_PART)
  const stored = await engine.writePart(ticket.upload, part, request.raw)
  if ('status' in stored) {
    return refuse(request, drained(request, reply), FAILURES[stored.error.code] ?? FAILED)
  }
  return reply
    .header('ETag', `"${stored.md5.toUpperCase()}"`)
    .header('x-oss-hash-crc64ecma', stored.crc64)
    .header('x-cos-hash-crc64ecma', stored.crc64)
    .code(200)
    .send('')
}

/** A body nobody will read must not hold the connection: it is closed after the answer. */
function drained(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.raw.readableEnded) {
    reply.header('Connection', 'close')
    request.raw.resume()
  }
  return reply
}

/** The part the ticket names, or else the one the query names. */
function partOf(request: FastifyRequest, ticket: PutTicket): number | undefined {
  if (ticket.part > 0) return ticket.part
  const query = request.query as Record<string, unknown>
  const text = query.partNumber ?? query.part_number
  return typeof text === 'string' && /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : undefined
}

async function sendVersion(
  engine: TransferEngine,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ticket = admitted(engine, request, 'get')
  if (isRefusal(ticket)) return refuse(request, reply, ticket)
  const version = await engine.openVersion({ drive: ticket.drive, node: ticket.node, version: ticket.version })
  if ('status' in version) return refuse(request, reply, FAILURES[version.error.code] ?? FAILED)
  describe(reply, ticket, version)
  if (isUnchanged(request, version)) return reply.code(304).send()

  const { size } = version.content
  const strict = request.headers['x-oss-range-behavior'] === 'standard'
  const range = rangeOf(request.headers.range, size, strict)
  if (range === 'unsatisfiable') {
    reply.header('Content-Range', `bytes */${size}`)
    return refuse(request, reply, [416, 'InvalidRange', 'The requested range is not satisfiable.'])
  }
  return sendRange(request, reply, version, range)
}

function sendRange(
  request: FastifyRequest,
  reply: FastifyReply,
  version: OpenVersion,
  range: ByteRange | null,
): FastifyReply {
  const { size } = version.content
  const { start, end } = range ?? { start: 0, end: size }
  if (range) reply.code(206).header('Content-Range', `bytes ${start}-${end - 1}/${size}`)
  reply.header('Content-Length', end - start)
  if (request.method === 'HEAD' || end === start) return reply.send('')
  const stream = version.stream({ start, end })
  // When the client goes away the file is closed, not read to its end.
  reply.raw.once('close', () => 'destroy' in stream && (stream as { destroy(): void }).destroy())
  return reply.send(stream)
}

function describe(reply: FastifyReply, ticket: GetTicket, { content, updatedAt }: OpenVersion): void {
  reply
    .header('ETag', `"${content.md5.toUpperCase()}"`)
    .header('Last-Modified', new Date(updatedAt).toUTCString())
    .header('Accept-Ranges', 'bytes')
    .header('x-oss-hash-crc64ecma', content.crc64)
    .header('x-cos-hash-crc64ecma', content.crc64)
    .headers(contentHeaders(ticket))
}

function isUnchanged(request: FastifyRequest, { content, updatedAt }: OpenVersion): boolean {
  const tags = request.headers['if-none-match']
  if (tags !== undefined) {
    const own = `"${content.md5.toUpperCase()}"`
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '').toUpperCase() === own)
  }
  const since = Date.parse(request.headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && Math.floor(updatedAt / 1000) * 1000 <= since
}
