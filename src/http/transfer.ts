/**
 * Bytes in and out under signed URLs, spoken as object stores do, because every vendor's client was written for one:
 * failures are XML, parts answer an `ETag` and a CRC-64, downloads know ranges.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, GetTicket, OpenVersion, PutTicket, Ticket } from '../engine/index.ts'
import { judge, rangeHolds } from './condition.ts'
import { contentHeaders } from './content-headers.ts'
import { registerFormUpload } from './form-upload.ts'
import { createPaces, type Paces } from './pace.ts'
import { rangeOf } from './range.ts'
import {
  BAD_MD5,
  BAD_PART,
  BAD_RANGE,
  CHANGED,
  EXPIRED,
  EXPIRED_COS,
  FORGED,
  NO_PICTURE,
  type Refusal,
  refusalOf,
  refusalOfThrown,
  refuse,
} from './refusal.ts'
import { expectBody } from './server.ts'
import { createThumbnails, type Thumbnails } from './thumbnail.ts'
import { ATTACHMENT_QUERY, TRANSFER_PREFIX } from './transfer-url.ts'

/** The largest number a part may have, as in both object stores. */
const PART_NUMBER_MAX = 10_000
/** How long a refused body may go on arriving, so that the client comes to read the answer, ms. */
const REFUSED_BODY_MS_MAX = 30_000

const EXPOSED = [
  ...['ETag', 'Date', 'Last-Modified', 'Accept-Ranges', 'Content-Length', 'Content-Range', 'Content-Disposition'],
  ...['x-oss-request-id', 'x-oss-hash-crc64ecma', 'x-cos-request-id', 'x-cos-hash-crc64ecma'],
].join(', ')

type TransferEngine = Pick<Engine, 'tickets' | 'writePart' | 'openVersion' | 'now'>

/** Registers everything under TRANSFER_PREFIX, and forms at `/`. */
export function registerTransfer(app: FastifyInstance, engine: TransferEngine): void {
  const thumbnails = createThumbnails()
  const paces = createPaces()
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // The body stays a stream, whatever its type; a missing type is fine too.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.addHook('onRequest', async (request, reply) => {
      // An empty or broken type says as much as none.
      delete request.headers['content-type']
      reply.header('Access-Control-Allow-Origin', '*').header('Access-Control-Expose-Headers', EXPOSED)
      reply.header('x-oss-request-id', request.id).header('x-cos-request-id', request.id)
    })
    scope.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
      if ((error.statusCode ?? 500) >= 500) request.log.error(error)
      return refuse(request, unread(request, reply), refusalOfThrown(error))
    })
    const put = (request: FastifyRequest, reply: FastifyReply) => storePart(engine, paces, request, reply)
    const get = (request: FastifyRequest, reply: FastifyReply) =>
      sendVersion({ engine, thumbnails, paces }, request, reply)
    const url = `${TRANSFER_PREFIX}*`
    scope.route({ method: ['PUT', 'POST'], url, config: { bodyMsMax: 0 }, handler: put })
    scope.route({ method: ['GET', 'HEAD'], url, exposeHeadRoute: false, handler: get })
    scope.options(url, async (request, reply) => preflight(request, reply))
  })
  registerFormUpload(app, engine, paces)
}

function preflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .header('Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, OPTIONS')
    .header('Access-Control-Allow-Headers', request.headers['access-control-request-headers'] ?? '*')
    .header('Access-Control-Max-Age', '86400')
    .code(204)
    .send()
}

/** The ticket in the URL, if it is whole, still valid and permits this method. */
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
  if (opened === 'expired') return isCos(request) ? EXPIRED_COS : EXPIRED
  // Object stores sign the method too: under another one the signature is wrong.
  return opened.ticket.kind === kind ? (opened.ticket as Extract<Ticket, { kind: Kind }>) : FORGED
}

/** Clients that were told to send an object store's `Authorization` must send the signature of this very URL. */
function headerAgrees(request: FastifyRequest, text: string): boolean {
  const { authorization = '' } = request.headers
  const given = /^OSS [^:]*:(.*)$/.exec(authorization)?.[1] ?? /(?:^|&)q-signature=([^&]*)/.exec(authorization)?.[1]
  if (given === undefined) return true
  const [a, b] = [Buffer.from(given), Buffer.from(text.slice(text.indexOf('.') + 1))]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether the client was told to speak as to COS. */
function isCos({ headers }: FastifyRequest): boolean {
  return headers['x-cos-security-token'] !== undefined
}

function isRefusal(outcome: object): outcome is Refusal {
  return Array.isArray(outcome)
}

async function storePart(
  engine: TransferEngine,
  paces: Paces,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ticket = admitted(engine, request, 'put')
  if (isRefusal(ticket)) return refuse(request, unread(request, reply), ticket)
  const part = partOf(request, ticket)
  if (part === undefined) return refuse(request, unread(request, reply), BAD_PART)
  try {
    const stored = await engine.writePart(ticket.upload, part, paces.keep(arriving(request), ticket.rate ?? 0, null))
    if ('status' in stored) return refuse(request, unread(request, reply), refusalOf(stored.error.code))
    // One vendor's object store writes the digest in capitals, the other's in small letters, and so do their clients.
    return reply
      .header('ETag', `"${isCos(request) ? stored.md5 : stored.md5.toUpperCase()}"`)
      .header('x-oss-hash-crc64ecma', stored.crc64)
      .header('x-cos-hash-crc64ecma', stored.crc64)
      .send('')
  } catch (error) {
    if (error instanceof Md5Error) return refuse(request, reply, BAD_MD5)
    if (!request.raw.destroyed) throw error
    // The sender went away in the midst of the body: there is nobody to answer, and nothing was kept.
    request.log.info('an upload broke off')
    return reply.hijack()
  }
}

class Md5Error extends Error {}

/**
 * The body as it comes. It ends with an error when fewer bytes came than were announced, or when they are not what a
 * Content-MD5 says. Whoever stops reading leaves the request open: it still has to be answered.
 */
async function* arriving({ raw, headers }: FastifyRequest): AsyncGenerator<Buffer> {
  const announced = headers['content-md5']
  const md5 = announced === undefined ? undefined : createHash('md5')
  for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
    md5?.update(chunk)
    yield chunk
  }
  if (md5?.digest('base64') !== announced) throw new Md5Error()
}

/** Lets the rest of a refused body pass, for a while: a client that still sends would not come to read the answer. */
function unread(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.raw.readableEnded) {
    expectBody(request, REFUSED_BODY_MS_MAX)
    request.raw.resume()
  }
  return reply
}

/** The part the ticket names, or else the one the query names. */
function partOf(request: FastifyRequest, ticket: PutTicket): number | undefined {
  if (ticket.part > 0) return ticket.part
  const { partNumber, part_number } = request.query as Record<string, unknown>
  const text = partNumber ?? part_number
  const number = typeof text === 'string' && /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : Number.NaN
  return number <= PART_NUMBER_MAX ? number : undefined
}

async function sendVersion(
  { engine, thumbnails, paces }: { engine: TransferEngine; thumbnails: Thumbnails; paces: Paces },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ticket = admitted(engine, request, 'get')
  if (isRefusal(ticket)) return refuse(request, reply, ticket)
  const version = await engine.openVersion({ drive: ticket.drive, node: ticket.node, version: ticket.version })
  if ('status' in version) return refuse(request, reply, refusalOf(version.error.code))

  if (ticket.picture) return sendThumbnail(thumbnails, request, reply, version, ticket)
  const { content, updatedAt } = version
  const validators = { etag: `"${content.md5.toUpperCase()}"`, modifiedAt: updatedAt }
  reply
    .header('ETag', validators.etag)
    .header('Last-Modified', new Date(updatedAt).toUTCString())
    .header('Accept-Ranges', 'bytes')
    .header('x-oss-hash-crc64ecma', content.crc64)
    .header('x-cos-hash-crc64ecma', content.crc64)
  const verdict = judge(request.headers, validators)
  if (verdict === 'changed') return refuse(request, reply, CHANGED)
  if (verdict === 'unchanged') return reply.code(304).send()
  const attachment = ticket.attachment || Object.hasOwn(request.query as object, ATTACHMENT_QUERY)
  reply.headers(contentHeaders({ ...ticket, attachment }))
  const slow = (stream: AsyncIterable<Buffer>) =>
    paces.keep(paces.keep(stream, ticket.rate ?? 0, null), version.rate, String(version.drive))
  return sendRange(request, reply, { ...version, slow }, rangeHolds(request.headers, validators))
}

/** A small picture is sent whole: clients that ask for ranges of one are content with that. */
async function sendThumbnail(
  thumbnails: Thumbnails,
  request: FastifyRequest,
  reply: FastifyReply,
  version: OpenVersion,
  { picture, name }: GetTicket,
): Promise<FastifyReply> {
  const etag = `"${version.content.md5.toUpperCase()}-${Object.values(picture!).join('-')}"`
  reply.header('ETag', etag).header('Last-Modified', new Date(version.updatedAt).toUTCString())
  if (judge(request.headers, { etag, modifiedAt: version.updatedAt }) === 'unchanged') return reply.code(304).send()
  const made = await thumbnails(version, picture!)
  if (!made) return refuse(request, reply, NO_PICTURE)
  reply
    .headers(contentHeaders({ name, type: made.type, attachment: false }))
    .header('Content-Length', made.bytes.length)
  return request.method === 'HEAD' ? reply.send() : reply.send(made.bytes)
}

function sendRange(
  request: FastifyRequest,
  reply: FastifyReply,
  version: OpenVersion & { slow(stream: AsyncIterable<Buffer>): AsyncIterable<Buffer> },
  rangeHolds: boolean,
): FastifyReply {
  const { size } = version.content
  const isStandard = request.headers['x-oss-range-behavior'] === 'standard'
  const range = rangeHolds ? rangeOf(request.headers.range, size, isStandard) : null
  if (range === 'unsatisfiable') return refuse(request, reply, BAD_RANGE, { 'Content-Range': `bytes */${size}` })
  const { start, end } = range ?? { start: 0, end: size }
  if (range) reply.code(206).header('Content-Range', `bytes ${start}-${end - 1}/${size}`)
  reply.header('Content-Length', end - start)
  if (request.method === 'HEAD') return reply.send()
  // When the client goes away the stream is destroyed, not read to its end.
  if (end === start) return reply.send('')
  const stream = version.stream({ start, end })
  const slowed = version.slow(stream as AsyncIterable<Buffer>)
  return reply.send(slowed === stream ? stream : Readable.from(slowed))
}
