/** The listener: limits, request ids, the log, and JSON for whatever no dialect answers. */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'

/** The largest body of an API call; bytes of files go through transfer URLs, which stream. */
export const BODY_BYTES_MAX = 4 * 2 ** 20
/** All headers of a request together. */
export const HEADER_BYTES_MAX = 32 * 1024
/** Clients reuse connections for about a minute; closing earlier would reset some of their requests. */
export const KEEP_ALIVE_MS = 65_000
/** The longest parameter in a path; SMH's are whole file paths. */
const PATH_PARAMETER_MAX = 64 * 1024

export interface HttpOptions {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
}

/** A server without routes but `GET /healthz`; it does not listen yet. */
export function createHttp({ logLevel }: HttpOptions): FastifyInstance {
  const options: FastifyHttpOptions<Server> = {
    logger: { level: logLevel, serializers: { req: loggedRequest } },
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Uploads may take long; what stands still is cut by the socket's own timeout.
    requestTimeout: 0,
    routerOptions: { maxParamLength: PATH_PARAMETER_MAX },
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      const body = JSON.stringify({ code: error.code, message: error.message, requestId: request.id })
      reply.raw.writeHead(error.statusCode ?? 400, { 'content-type': 'application/json; charset=utf-8' }).end(body)
    },
  }
  const app = fastify(options)
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send({ code: 'NotFound', message: 'There is no such path.', requestId: request.id })
  })
  app.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    const message = status >= 500 ? 'The server failed.' : error.message
    void reply
      .code(status)
      .send({ code: status >= 500 ? 'InternalError' : 'BadRequest', message, requestId: request.id })
  })
  return app
}

/** What the log says of a request: never its query or its headers, where tokens travel. */
function loggedRequest(request: { method: string; url: string }): { method: string; path: string } {
  const path = request.url.split('?', 1)[0]!
  // A transfer path is itself a permission.
  return { method: request.method, path: path.replace(/^\/transfer\/.*/, '/transfer/…') }
}
