/**
 * Files sent as a browser's form. Object stores take those at the root of a bucket's host, and clients written for them
 * post to `/`: the permission then comes in the form's fields, before the file, which is the last one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, PutTicket } from '../engine/index.ts'
import { boundaryOf, FormError, type FormPart, formParts, textOf } from './form-data.ts'
import type { Paces } from './pace.ts'
import { EXPIRED_COS, FORGED, type Refusal, refusalOf, refusalOfThrown, refuse } from './refusal.ts'

/** The field that carries the ticket, and the one that carries the file. */
export const TICKET_FIELD = 'key'
const FILE_FIELD = 'file'
/** All fields before the file together. */
const FIELD_BYTES_MAX = 64 * 1024

const NO_FORM: Refusal = [400, 'InvalidArgument', 'The body must be multipart/form-data.']
const NO_FILE: Refusal = [400, 'InvalidArgument', 'POST requires exactly one file upload per request.']

type FormEngine = Pick<Engine, 'tickets' | 'writePart' | 'now'>

/** Registers `POST /` in a scope whose bodies stay streams. */
export function registerFormUpload(app: FastifyInstance, engine: FormEngine, paces: Paces): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('Access-Control-Allow-Origin', '*').header('Access-Control-Expose-Headers', 'ETag, x-cos-request-id')
      reply.header('x-cos-request-id', request.id)
    })
    scope.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
      if ((error.statusCode ?? 500) >= 500) request.log.error(error)
      request.raw.resume()
      return refuse(request, reply, refusalOfThrown(error))
    })
    scope.post('/', { config: { bodyMsMax: 0 } }, (request, reply) => take({ engine, paces }, request, reply))
  })
}

/** What takes forms in. */
interface Counter {
  readonly engine: FormEngine
  readonly paces: Paces
}

async function take(counter: Counter, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const boundary = boundaryOf(request.headers['content-type'])
  if (boundary === undefined) return unread(request, reply, NO_FORM)
  const fields = new Map<string, string>()
  let room = FIELD_BYTES_MAX
  for await (const part of formParts(request.raw.iterator({ destroyOnReturn: false }), boundary)) {
    if (part.name === FILE_FIELD) return store(counter, request, reply, fields, part)
    const text = await textOf(part, room)
    room -= text.length
    fields.set(part.name, text)
  }
  return unread(request, reply, NO_FILE)
}

async function store(
  { engine, paces }: Counter,
  request: FastifyRequest,
  reply: FastifyReply,
  fields: ReadonlyMap<string, string>,
  file: FormPart,
): Promise<FastifyReply> {
  const ticket = ticketIn(engine, fields.get(TICKET_FIELD) ?? '')
  if (Array.isArray(ticket)) return unread(request, reply, ticket as unknown as Refusal)
  const { upload, part, rate = 0 } = ticket as PutTicket
  const stored = await engine.writePart(upload, part || 1, paces.keep(whole(file), rate, null))
  if ('status' in stored) return unread(request, reply, refusalOf(stored.error.code))
  return reply.code(204).header('ETag', `"${stored.md5}"`).header('x-cos-hash-crc64ecma', stored.crc64).send()
}

function ticketIn(engine: FormEngine, text: string): PutTicket | Refusal {
  const opened = engine.tickets.open(text, engine.now())
  if (opened === 'forged') return FORGED
  if (opened === 'expired') return EXPIRED_COS
  return opened.ticket.kind === 'put' ? opened.ticket : FORGED
}

/** A file that breaks off is not stored; the error is the sender's. */
async function* whole({ bytes }: FormPart): AsyncGenerator<Buffer> {
  try {
    yield* bytes
  } catch (cause) {
    throw cause instanceof FormError ? cause : new FormError('The form breaks off.', { cause })
  }
}

/** Answers a refusal while the rest of the body passes by: a client that still sends would not come to read it. */
function unread(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  request.raw.resume()
  return refuse(request, reply, refusal)
}
