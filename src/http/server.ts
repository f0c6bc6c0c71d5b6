/** The listener: limits, request ids, the log, a close that waits, and JSON for whatever no dialect answers. */
import { randomUUID } from 'node:crypto'
import { type OutgoingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { TlsPair } from './certificate.ts'
import { TRANSFER_PREFIX } from './transfer-url.ts'

/** The largest body of an API call; bytes of files go through transfer URLs, which stream. */
export const BODY_BYTES_MAX = 4 * 2 ** 20
/** The request line and all headers together. */
export const HEADER_BYTES_MAX = 32 * 1024
/** Clients reuse connections for about a minute; closing earlier would reset some of their requests. */
export const KEEP_ALIVE_MS = 65_000
/** A connection on which nothing moves for so long, in the middle of a request, is cut. */
export const STALL_MS_MAX = 120_000
/** How long the body of an API call may take to arrive. */
export const BODY_MS_MAX = 60_000
/** How long a close waits for requests in flight before it cuts them. */
export const CLOSE_MS_MAX = 10_000
/** No parameter of a path is too long for the router: what fits in the headers is the route's to judge. */
const PATH_PARAMETER_MAX = HEADER_BYTES_MAX

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How long the route's body may take to arrive, ms; 0 = as long as it moves. BODY_MS_MAX when absent. */
    bodyMsMax?: number
  }
}

export interface HttpOptions {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  /** Where the lines of the log go; stdout when absent. */
  readonly logTo?: { write(line: string): void }
  /** As CLOSE_MS_MAX. */
  readonly closeMsMax?: number
  /** What HTTPS is spoken with; plain HTTP when null or absent. */
  readonly tls?: TlsPair | null
}

/** A server without routes but `GET /healthz`; it does not listen yet. */
export function createHttp({ logLevel, logTo, closeMsMax = CLOSE_MS_MAX, tls }: HttpOptions): FastifyInstance {
  const log = { level: logLevel, serializers: { req: loggedRequest }, ...(logTo ? { stream: logTo } : {}) }
  const app = fastify({
    logger: logLevel === 'silent' ? false : log,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: STALL_MS_MAX,
    // An upload takes as long as it takes; bodies of other calls have BODY_MS_MAX.
    requestTimeout: 0,
    routerOptions: { maxParamLength: PATH_PARAMETER_MAX },
    ...listenerOf(tls ?? null),
    rewriteUrl: ({ url = '/' }) => routable(url),
    // What a client sends while we close is still answered, with `Connection: close`.
    return503OnClosing: false,
    frameworkErrors: answerBadUrl,
    clientErrorHandler: answerUnreadable,
  })
  app.addHook('onRequest', async (request) => expectBody(request, request.routeOptions.config.bodyMsMax ?? BODY_MS_MAX))
  // Refused here, inside the scope that was routed to, so that each dialect answers in its own words.
  app.addHook('onRequest', async ({ originalUrl, raw }) => {
    if (originalUrl !== raw.url) throw new BadUrlError('The path is not well percent-encoded.')
  })
  addClosing(app, closeMsMax)
  app.setNotFoundHandler((request, reply) => answer(request, reply, 404, 'NotFound', 'There is no such path.'))
  app.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return answer(request, reply, status, 'BadRequest', error.message)
    request.log.error(error)
    return answer(request, reply, status, 'InternalError', 'The server failed.')
  })
  return app
}

/** The type of a listener over TLS would spread to every scope, where it makes no difference. */
function listenerOf(tls: TlsPair | null): { http: { maxHeaderSize: number } } {
  const limits = { maxHeaderSize: HEADER_BYTES_MAX }
  return tls ? ({ https: { ...tls, ...limits } } as unknown as { http: typeof limits }) : { http: limits }
}

class BadUrlError extends Error {
  readonly statusCode = 400
}

/** A target the router can read: percent signs that begin no character are taken as they are. */
function routable(url: string): string {
  const [path = '', ...query] = url.split('?')
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return [path.replaceAll('%', '%25'), ...query].join('?')
  }
}

/** Cuts the connection when the request's body has not arrived in time. 0 = never. */
export function expectBody({ raw, headers }: FastifyRequest, msMax: number): void {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody || msMax === 0) return
  const timer = setTimeout(() => raw.socket.destroy(), msMax).unref()
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer))
}

/** A health check that load balancers understand, and a close that waits for requests in flight, but not for ever. */
function addClosing(app: FastifyInstance, msMax: number): void {
  let timer: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    timer = setTimeout(() => app.server.closeAllConnections(), msMax).unref()
  })
  app.addHook('onClose', async () => clearTimeout(timer))
  // A connection kept alive for a client's next request would hold the close.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (timer !== undefined) reply.header('Connection', 'close')
    done()
  })
  app.addHook('onResponse', async ({ raw }) => {
    if (timer !== undefined) raw.socket.destroySoon()
  })
  app.get('/healthz', async (_request, reply) =>
    timer === undefined ? { status: 'ok' } : reply.code(503).send({ status: 'closing' }),
  )
}

function answer(request: FastifyRequest, reply: FastifyReply, status: number, code: string, message: string) {
  return reply.code(status).send({ code, message, requestId: request.id })
}

/** A URL that is no URL (broken percent-encoding) belongs to no route, so to no dialect. */
function answerBadUrl(error: { statusCode?: number; message: string }, request: FastifyRequest, reply: FastifyReply) {
  return answer(request, reply, error.statusCode ?? 400, 'BadRequest', error.message)
}

const UNREADABLE: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** What cannot even be read as HTTP is answered on the bare socket. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: OutgoingMessage }): void {
  // A second answer in the midst of one under way would garble it; Node looks for that in the same place.
  const isAnswering = socket._httpMessage?.headersSent ?? false
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy()
  const status = UNREADABLE[error.code ?? ''] ?? 400
  const message = STATUS_CODES[status]!
  const body = JSON.stringify({ code: message.replaceAll(' ', ''), message })
  const head = `HTTP/1.1 ${status} ${message}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8`
  socket.end(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}

/** What the log says of a request: never its query or its headers, where tokens travel. */
function loggedRequest({ method, url }: FastifyRequest): { method: string; path: string } {
  const [path = ''] = url.split('?', 1)
  // A transfer path is itself a permission.
  return { method, path: path.startsWith(TRANSFER_PREFIX) ? `${TRANSFER_PREFIX}…` : path }
}
